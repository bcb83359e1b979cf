#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What ararext-twin keeps across runs: the state file, who may have it, power cuts.

Usage: test_state.py PROGRAM FOLDER [unittest's own arguments]; as test_cli.py, whose tools it uses.
"""
import os
import resource
import shutil
import struct
import subprocess
import sys
import time
import unittest

import test_cli
from test_cli import Case, Host


class State(Case):
    def word_in_state(self):
        with open(self.path("s"), "rb") as f:
            f.seek(16 + 0x40000)
            return struct.unpack("<I", f.read(4))[0]

    def test_state_is_kept_and_firmware_replaces_only_itself(self):
        board = self.up("--state", self.path("s"))
        with Host(self.path("u2")) as host:
            host.send(b"F")
            self.assertEqual(host.receive(1), b"G")
        self.assertEqual(board.end(), 0)
        self.assertEqual(self.word_in_state(), 0x201)
        board = self.up("--state", self.path("s"), firmware=None)
        with Host(self.path("u2")) as host:
            host.send(b"a")
            self.assertEqual(host.receive(1), b"b")
        board.end()
        board = self.up("--state", self.path("s"))
        board.end()
        self.assertEqual(self.word_in_state(), 0x201)

    def test_a_state_that_cannot_be_saved_is_an_error(self):
        os.mkdir(self.path("folder"))
        board = self.up("--state", self.path("folder/s"))
        shutil.rmtree(self.path("folder"))
        self.assertEqual(board.end(), 1)
        self.assertRegex(board.text(), r"ararext-twin: .*folder/s")
        self.assertFalse(os.path.lexists(self.path("u2")))

    def test_a_place_that_cannot_be_written_is_told_at_once(self):
        done = self.run_twin("--firmware", os.path.join(test_cli.FOLDER, "echo.elf"), "--state",
                             self.path("no/such/folder/s"))
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"^ararext-twin: .*no/such/folder/s: cannot be written: .*\n$")

    def test_a_second_twin_on_the_same_state_is_refused(self):
        board = self.up("--state", self.path("s"))
        for _ in range(2):
            done = self.run_twin("--firmware", os.path.join(test_cli.FOLDER, "echo.elf"), "--state",
                                 self.path("s"), "--usart2", self.path("v2"), "--usart3",
                                 self.path("v3"))
            self.assertEqual(done.returncode, 3)
            self.assertRegex(done.stderr, r"^ararext-twin: .*/s: is in use by another twin\n$")
        with Host(self.path("u2")) as host:
            host.send(b"F")
            self.assertEqual(host.receive(1), b"G")
        self.assertEqual(board.end(), 0)
        self.assertEqual(self.word_in_state(), 0x201)

    def kill(self, board):
        """Its links go too: another program may have got the terminals that they lead to."""
        board.process.kill()
        board.process.wait()
        os.unlink(self.path("u2"))
        os.unlink(self.path("u3"))

    def test_a_twin_that_was_killed_keeps_nobody_out(self):
        board = self.up("--state", self.path("s"))
        self.kill(board)
        board = self.up("--state", self.path("s"))
        self.assertEqual(board.end(), 0)
        self.assertFalse(os.path.exists(self.path("s.lock")))

    def wait_for_word(self, word):
        end = time.monotonic() + test_cli.LIMIT_S
        while time.monotonic() < end:
            if os.path.exists(self.path("s")) and self.word_in_state() == word:
                return
            time.sleep(0.02)
        self.fail("the running twin does not save its state")

    def test_state_is_saved_for_one_that_is_killed(self):
        board = self.up("--state", self.path("s"))
        with Host(self.path("u2")) as host:
            host.send(b"F")
            self.assertEqual(host.receive(1), b"G")
            self.wait_for_word(0x201)
        self.kill(board)
        self.assertEqual(self.word_in_state(), 0x201)
        board = self.up("--state", self.path("s"), firmware=None)
        self.assertEqual(board.end(), 0)

    def test_a_state_that_rests_is_not_written(self):
        board = self.up("--state", self.path("s"))
        self.wait_for_word(0xFFFFFFFF)
        time.sleep(0.5)
        before = os.stat(self.path("s")).st_ino
        time.sleep(0.5)
        self.assertEqual(os.stat(self.path("s")).st_ino, before)
        board.end()

    def test_a_link_to_the_state_stays_a_link(self):
        os.mkdir(self.path("elsewhere"))
        for target in ("elsewhere/t", self.path("elsewhere/absolute")):
            with self.subTest(target=target):
                if os.path.lexists(self.path("s")):
                    os.unlink(self.path("s"))
                os.symlink(target, self.path("s")) # leads nowhere as yet
                for _ in range(2):
                    board = self.up("--state", self.path("s"))
                    with Host(self.path("u2")) as host:
                        host.send(b"F")
                        self.assertEqual(host.receive(1), b"G")
                    self.assertEqual(board.end(), 0)
                    self.assertEqual(os.readlink(self.path("s")), target)
                    self.assertEqual(self.word_in_state(), 0x201)

    def test_a_full_disk_loses_nothing(self):
        """A limit on the size of files stands for the disk: the new file cannot be completed."""
        board = self.up("--state", self.path("s"))
        self.assertEqual(board.end(), 0)
        with open(self.path("s"), "rb") as f:
            before = f.read()
        limit = (300000, resource.RLIM_INFINITY)
        board = self.up("--state", self.path("s"),
                        preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
        with Host(self.path("u2")) as host:
            host.send(b"F")
            self.assertEqual(host.receive(1), b"G")
        board.wait_for(r"cannot be written: .*saving is tried again")
        self.assertEqual(board.end(), 1)
        with open(self.path("s"), "rb") as f:
            self.assertEqual(f.read(), before)
        self.assertEqual([n for n in os.listdir(self.place) if n.startswith("s.")], [])

    def test_closed_descriptors_are_not_files(self):
        closed = '"$@" >&- 2>&- <&-'
        code = subprocess.run(
            ["sh", "-c", closed, "sh", test_cli.TWIN, "--firmware",
             os.path.join(test_cli.FOLDER, "echo.elf"), "--state", self.path("s"), "--usart2",
             self.path("u2"), "--usart3", self.path("u3"), "--run-for", "0.2"],
            timeout=test_cli.LIMIT_S, check=False).returncode
        self.assertEqual(code, 0)
        board = self.up("--state", self.path("s"), firmware=None)
        self.assertEqual(board.end(), 0)

    def test_power_cut(self):
        for when, word in (("before", 0xFFFFFFFF), ("middle", None), ("after", 0x201)):
            if os.path.exists(self.path("s")):
                os.unlink(self.path("s"))
            board = self.up("--state", self.path("s"), "--cut-at", "1:" + when)
            with Host(self.path("u2")) as host:
                host.send(b"F")
                board.wait_for(r"the power was cut")
                self.assertEqual(host.receive(1, 0.2), b"")
                board.say("power on")
                board.wait_for(r"reset: power-on", 2)
                time.sleep(0.2)
                host.send(b"a")
                self.assertEqual(host.receive(1), b"b")
            self.assertEqual(board.end(), 0)
            if word is None:
                self.assertNotIn(self.word_in_state(), (0xFFFFFFFF, 0x201))
            else:
                self.assertEqual(self.word_in_state(), word)


if __name__ == "__main__":
    test_cli.TWIN = os.path.abspath(sys.argv[1])
    test_cli.FOLDER = os.path.abspath(sys.argv[2])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
