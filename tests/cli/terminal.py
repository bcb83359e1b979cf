#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command at a terminal of its own, as a person would.

Usage: terminal.py [--when TEXT [--after SECONDS] --send KEYS]... [--timeout SECONDS] -- COMMAND...

Each --send is typed once its --when has appeared in what the command printed since the last one,
and the seconds have passed.
Prints everything and exits with the command's status (128 + signal if one killed it, 124 when it
took too long, 125 when a --when never appeared).
"""
import os
import pty
import select
import signal
import sys
import time


def arguments(words):
    steps, timeout = [], 200.0
    while words and words[0] != "--":
        name, value = words[0], words[1]
        if name == "--when":
            steps.append([value.encode(), b"", 0.0])
        elif name == "--after":
            steps[-1][2] = float(value)
        elif name == "--send":
            steps[-1][1] = value.encode().decode("unicode_escape").encode("latin-1")
        else:
            timeout = float(value)
        words = words[2:]
    return steps, timeout, words[1:]


def status_of(raw):
    return 128 + os.WTERMSIG(raw) if os.WIFSIGNALED(raw) else os.WEXITSTATUS(raw)


def main():
    steps, timeout, command = arguments(sys.argv[1:])
    pid, master = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.execvp(command[0], command)
    deadline = time.monotonic() + timeout
    fresh = b""
    while True:
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return 124
        if select.select([master], [], [], 0.1)[0]:
            try:
                data = os.read(master, 4096)
            except OSError:
                data = b""
            if not data:
                break
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            fresh += data
        if steps and steps[0][0] in fresh:
            time.sleep(steps[0][2])
            os.write(master, steps.pop(0)[1])
            fresh = b""
    status = status_of(os.waitpid(pid, 0)[1])
    return 125 if steps else status


sys.exit(main())
