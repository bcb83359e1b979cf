#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A serial server: bytes between a pseudo-terminal and whoever connects, one after the other.

Usage: tcp_bridge.py PTY PORT-FILE     writes its TCP port to PORT-FILE
"""
import os
import select
import socket
import sys
import tty

line = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
tty.setraw(line)
server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[2] + ".new", "w", encoding="ascii") as f:
    f.write(str(server.getsockname()[1]))
os.rename(sys.argv[2] + ".new", sys.argv[2])


def serve(peer):
    """Until the peer goes."""
    while True:
        ready, _, _ = select.select([line, peer], [], [])
        if line in ready:
            peer.sendall(os.read(line, 4096))
        if peer in ready:
            data = peer.recv(4096)
            if not data:
                return
            while data:
                data = data[os.write(line, data):]


while True:
    connection, _ = server.accept()
    with connection:
        try:
            serve(connection)
        except ConnectionError:
            pass
