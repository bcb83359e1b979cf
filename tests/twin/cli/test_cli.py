#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ararext-twin as a user meets it: options, standard input, ports, speed, state, the way it ends.

Usage: test_cli.py PROGRAM FOLDER [unittest's own arguments]; FOLDER has echo.elf and echo.bin.
Every wait ends. The twin's clock is read from the lines that it prints.
"""
import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tty
import unittest
import zlib

TWIN = ""
FOLDER = ""
LIMIT_S = 200.0  # for what never comes
# Vector table and `1: wfi; b 1b`: a board that only sleeps.
SLEEPER = struct.pack("<IIHH", 0x20000400, 0x08000009, 0xBF30, 0xE7FD)


class Board:
    """A running twin with its links in a folder of its own."""

    def __init__(self, place, *options, firmware="echo.elf", env=None, links=True,
                 preexec=None):
        self.place = place
        args = [TWIN]
        if firmware is not None:
            args += ["--firmware", os.path.join(FOLDER, firmware)]
        if links:
            args += ["--usart2", self.path("u2"), "--usart3", self.path("u3")]
        self.out = open(self.path("out"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            args + list(options), stdin=subprocess.PIPE, stdout=self.out, stderr=self.out, env=env,
            preexec_fn=preexec,
        )

    def path(self, name):
        return os.path.join(self.place, name)

    def text(self):
        with open(self.path("out"), encoding="utf-8") as f:
            return f.read()

    def wait_for(self, what, count=1):
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            found = re.findall(what, self.text())
            if len(found) >= count:
                return found[-1]
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise AssertionError(f"no '{what}' ({count} times) in:\n{self.text()}")

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def now_s(self):
        """The board's own time."""
        count = len(re.findall(r"\] PA7 is", self.text()))
        self.say("pin A7")
        self.wait_for(r"\] PA7 is", count + 1)
        return float(re.findall(r"\[ *([0-9.]+)\] PA7 is", self.text())[-1])

    def end(self, how="quit"):
        if self.process.poll() is None:
            if how == "quit":
                self.say("quit")
            else:
                self.process.send_signal(how)
        code = self.process.wait(timeout=LIMIT_S)
        self.process.stdin.close()
        self.out.close()
        return code

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for f in (self.process.stdin, self.out):
            try:
                f.close()
            except BrokenPipeError:
                pass


class Host:
    """A program that has a port open."""

    def __init__(self, path, baud=termios.B115200, cflag=termios.CS8):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        settings = termios.tcgetattr(self.fd)
        settings[2] = cflag | termios.CREAD | termios.CLOCAL
        settings[4] = settings[5] = baud
        termios.tcsetattr(self.fd, termios.TCSANOW, settings)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        os.close(self.fd)

    def send(self, data):
        os.write(self.fd, data)

    def receive(self, count, limit_s=LIMIT_S):
        got = b""
        end = time.monotonic() + limit_s
        while len(got) < count and time.monotonic() < end:
            try:
                got += os.read(self.fd, 4096)
            except BlockingIOError:
                time.sleep(0.001)
        return got


class Case(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="twin-cli-")
        self.boards = []

    def tearDown(self):
        for board in self.boards:
            board.kill()
        shutil.rmtree(self.place)

    def path(self, name):
        return os.path.join(self.place, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return self.path(name)

    def board(self, *options, **more):
        board = Board(self.place, *options, **more)
        self.boards.append(board)
        return board

    def up(self, *options, **more):
        """Up and listening: a byte that comes while the firmware starts is lost, as on a desk."""
        board = self.board(*options, **more)
        board.wait_for(r"LED \(PA5\) on")
        return board

    def run_twin(self, *args, env=None):
        return subprocess.run(
            [TWIN, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=LIMIT_S, env=env, check=False,
        )


class Arguments(Case):
    def test_help_names_every_option(self):
        done = self.run_twin("--help")
        self.assertEqual(done.returncode, 0)
        for option in ("firmware", "app", "app-addr", "state", "flash-kib", "usart1", "usart2",
                       "usart3", "uart4", "uart5", "usart6", "button", "no-hse", "speed", "seed",
                       "cut-at", "run-for", "quiet", "log", "show-log", "version", "help"):
            self.assertIn("--" + option, done.stdout)

    def test_version(self):
        done = self.run_twin("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^ararext-twin \d+\.\d+\.\d+\n$")

    def test_wrong_ones(self):
        elf = os.path.join(FOLDER, "echo.elf")
        for args, word in (
            ([], "nothing to run"),
            (["--bogus"], "--bogus"),
            (["--firmware"], "--firmware"),
            (["--firmware", elf, "stray"], "stray"),
            (["--firmware", elf, "--flash-kib", "256"], "512 or 1024"),
            (["--firmware", elf, "--flash-kib", "512x"], "512 or 1024"),
            (["--firmware", elf, "--speed", "fast"], "real or max"),
            (["--firmware", elf, "--seed", "-1"], "--seed"),
            (["--firmware", elf, "--app-addr", "here"], "--app-addr"),
            (["--firmware", elf, "--app-addr", "0x100000000"], "--app-addr"),
            (["--firmware", elf, "--cut-at", "3"], "--cut-at"),
            (["--firmware", elf, "--cut-at", "0:middle"], "--cut-at"),
            (["--firmware", elf, "--cut-at", "1:sideways"], "--cut-at"),
            (["--firmware", elf, "--run-for", "0"], "--run-for"),
            (["--firmware", elf, "--run-for", "nan"], "--run-for"),
            (["--firmware", elf, "--usart2", "/tmp/x", "--usart3", "/tmp/x"], "/tmp/x"),
        ):
            with self.subTest(args=args):
                done = self.run_twin(*args)
                self.assertEqual(done.returncode, 2)
                self.assertIn(word, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)
                self.assertEqual(done.stdout, "")

    def links(self):
        return ["--usart2", self.path("u2"), "--usart3", self.path("u3")]

    def test_files_that_cannot_be_used(self):
        elf = os.path.join(FOLDER, "echo.elf")
        junk = self.write("junk.state", b"not a state file")
        big = self.write("big.bin", bytes(600 * 1024))
        for args in (
            ["--firmware", self.path("missing.elf")],
            ["--firmware", elf, "--app", self.path("missing.bin")],
            ["--firmware", elf, "--state", junk],
            ["--state", self.path("missing.state")],
            ["--firmware", elf, "--log", self.path("no/such/folder/log")],
            ["--firmware", big, "--flash-kib", "512"],
            ["--firmware", elf, "--app", elf, "--app-addr", "0x20000000", "--state", self.place],
        ):
            with self.subTest(args=args):
                done = self.run_twin(*args, *self.links())
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        with open(junk, "rb") as f:
            self.assertEqual(f.read(), b"not a state file")

    def test_files_of_other_kinds_get_a_sentence(self):
        for name, data, word in (
            ("a.hex", b":020000040800F2\n:00000001FF\n", "Intel HEX"),
            ("a.srec", b"S00600004844521B\nS9030000FC\n", "S-record"),
            ("a.html", b"<html><body>404 not found</body></html>\n", "a text, not a program"),
        ):
            with self.subTest(name=name):
                done = self.run_twin("--firmware", self.write(name, data), *self.links())
                self.assertEqual(done.returncode, 3)
                self.assertIn(word, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_nothing_where_the_core_starts(self):
        elf = os.path.join(FOLDER, "echo.elf")
        done = self.run_twin("--firmware", elf, "--run-for", "0.1", *self.links())
        self.assertNotIn("nothing is at", done.stdout)
        ram = self.write("ram.state", b"")
        os.unlink(ram)
        app = self.write("app.bin", SLEEPER)
        self.assertEqual(self.run_twin("--firmware", app, "--run-for", "0.01", "--state", ram,
                                       *self.links()).returncode, 0)
        with open(ram, "rb") as f:
            data = bytearray(f.read())
        data[16:28] = b"\xff" * 12
        data[-4:] = struct.pack("<I", zlib.crc32(bytes(data[:-4])))
        self.write("ram.state", bytes(data))
        done = self.run_twin("--state", ram, "--run-for", "0.1", *self.links())
        self.assertIn("nothing is at 0x08000000, where the core starts", done.stdout)

    def test_a_register_that_is_waited_for(self):
        # CAN1's clock on, then its MSR read for ever
        waiter = bytes.fromhex("001000200900000803484ff000710160016802480168fde74038024004640040")
        board = self.board("--speed", "max", firmware=self.write("waiter.bin", waiter))
        board.wait_for(r"CAN1 register at 0x40006404 has been read \d+ times in 1 s: .*at pc 0x080000")
        board.say("status")
        board.wait_for(r"CAN1 register at 0x40006404, which is not modelled: read \d+ times")
        board.end()

    def test_a_failed_start_leaves_no_state_behind(self):
        done = self.run_twin("--firmware", self.path("missing.elf"), "--state",
                             self.path("new.state"), *self.links())
        self.assertEqual(done.returncode, 3)
        self.assertFalse(os.path.exists(self.path("new.state")))

    def test_state_of_another_size(self):
        board = self.up("--state", self.path("s"))
        self.assertEqual(board.end(), 0)
        done = self.run_twin("--flash-kib", "512", "--state", self.path("s"), *self.links())
        self.assertEqual(done.returncode, 3)


class Links(Case):
    def test_made_and_removed(self):
        board = self.up()
        self.assertTrue(stat.S_ISCHR(os.stat(self.path("u2")).st_mode))
        self.assertTrue(stat.S_ISCHR(os.stat(self.path("u3")).st_mode))
        self.assertEqual(board.end(), 0)
        self.assertFalse(os.path.lexists(self.path("u2")))
        self.assertFalse(os.path.lexists(self.path("u3")))

    def test_default_place(self):
        env = dict(os.environ, XDG_RUNTIME_DIR=self.place)
        board = self.up(env=env, links=False)
        self.assertTrue(os.path.islink(self.path("ararext-usart2")))
        self.assertTrue(os.path.islink(self.path("ararext-usart3")))
        self.assertEqual(board.end(), 0)

    def test_a_dangling_link_is_replaced(self):
        os.symlink("/dev/pts/no-such-terminal", self.path("u2"))
        board = self.up()
        self.assertTrue(os.path.exists(self.path("u2")))
        board.end()

    def test_files_and_live_links_are_not(self):
        elf = os.path.join(FOLDER, "echo.elf")
        self.write("u2", b"precious")
        os.symlink("/dev/null", self.path("live"))
        for link in ("u2", "live", "no/such/folder"):
            with self.subTest(link=link):
                done = self.run_twin("--firmware", elf, "--usart2", self.path(link), "--usart3",
                                     self.path("u3"))
                self.assertEqual(done.returncode, 4)
                self.assertIn(self.path(link), done.stderr)
        with open(self.path("u2"), "rb") as f:
            self.assertEqual(f.read(), b"precious")
        self.assertEqual(os.readlink(self.path("live")), "/dev/null")
        self.assertFalse(os.path.lexists(self.path("u3")))

    def test_a_link_to_a_number_that_is_anothers_now_is_replaced(self):
        """As a killed twin leaves it: its terminal is gone, and the number has been given again."""
        master, slave = os.openpty()
        name = os.ttyname(slave)
        os.symlink(name, self.path("u2"))
        done = self.run_twin("--firmware", os.path.join(FOLDER, "echo.elf"), "--usart2",
                             self.path("u2"), "--usart3", self.path("u3"))
        self.assertEqual(done.returncode, 4) # it is the one that was linked
        os.close(master)
        os.close(slave)
        time.sleep(0.05)
        held = []
        try:
            for _ in range(200):
                held.append(os.openpty())
                if os.ttyname(held[-1][1]) == name:
                    break
            else:
                self.skipTest("the number of the terminal did not come again")
            board = self.up()
            self.assertNotEqual(os.readlink(self.path("u2")), name)
            board.end()
        finally:
            for pair in held:
                os.close(pair[0])
                os.close(pair[1])

    def test_a_link_that_became_somebody_elses_stays(self):
        board = self.up()
        os.unlink(self.path("u2"))
        os.symlink("/dev/null", self.path("u2"))
        board.end()
        self.assertEqual(os.readlink(self.path("u2")), "/dev/null")


class Wiring(Case):
    """--board, and the board block of the firmware without it."""

    def wired(self, *options, **more):
        return self.board(*options, env=dict(os.environ, XDG_RUNTIME_DIR=self.place), links=False,
                          **more)

    def run_wired(self, *options):
        return self.run_twin("--firmware", os.path.join(FOLDER, "echo.elf"), *options,
                             env=dict(os.environ, XDG_RUNTIME_DIR=self.place))

    def board_file(self, **changes):
        words = {"name": "bench", "commands": "usart6:pc6/pc7", "log": "usart1:pa9",
                 "button": "pc13:low:pullup", "led": "pd12:low", "driver-enable": "none",
                 "crystal": "12.288M", "baud": "115200", "window": "0", "source": "this test"}
        words.update({key.replace("_", "-"): value for key, value in changes.items()})
        lines = ["# of a test", ""] + [f"{key} = {value}" for key, value in words.items()]
        return self.write("bench.board", "\n".join(lines).encode())

    @staticmethod
    def block(usart, tx, rx, led):
        """A board block, retyped from FORMAT.md."""
        data = struct.pack("<4sBBH16s11BBIBBHIHH", b"ABRD", 1, 56, 0, b"by-block", usart, tx, rx, 0,
                           0xFF, 0xFF, 0, led, 1, 0xFF, 0, 1, 8000000, 8, 0, 336, 0, 0, 0)
        crc = 0xFFFFFFFF
        for (word,) in struct.iter_unpack("<I", data):
            crc ^= word
            for _ in range(32):
                crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
        return data + struct.pack("<I", crc)

    def test_preset_and_file(self):
        board = self.wired("--board", "black-f407ve")
        board.wait_for(r"board black-f407ve: commands on USART1 \(PA9, PA10\), log on USART3 \(PB10\), "
                       r"button PA0 high, LED PA6 low, crystal 8 MHz")
        self.assertTrue(os.path.islink(self.path("ararext-usart1")))
        self.assertTrue(os.path.islink(self.path("ararext-usart3")))
        self.assertFalse(os.path.lexists(self.path("ararext-usart2")))
        self.assertEqual(board.end(), 0)
        board = self.wired("--board", self.board_file(), "--button")
        board.wait_for(r"board bench: commands on USART6 \(PC6, PC7\), log on USART1 \(PA9\), "
                       r"button PC13 low, LED PD12 low, crystal 12.288 MHz")
        board.say("pin c13")
        board.wait_for("PC13 is low")
        board.say("button 0")
        board.wait_for(r"button \(PC13\) is let go: high")
        board.say("status")
        board.wait_for("LED off")
        board.say("pin d12")
        board.wait_for("PD12 is high")
        self.assertEqual(board.end(), 0)

    def test_none_of_it(self):
        board = self.wired("--board", self.board_file(log="none", button="none", led="none",
                                                   crystal="none"))
        board.wait_for("no log, button none, LED none, no crystal")
        board.say("button 1")
        board.wait_for("this board has no button")
        board.end()
        done = self.run_wired("--board",
                             self.path("bench.board"), "--button")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no button", done.stderr)

    def test_every_preset(self):
        done = self.run_wired("--board", "no-such")
        self.assertEqual(done.returncode, 3)
        presets = done.stderr.split("Presets: ")[1].split()
        self.assertIn("original", presets)
        for preset in presets:
            with self.subTest(preset=preset):
                done = self.run_wired("--board",
                                     preset, "--run-for", "0.001")
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_wrong_words(self):
        wrong = {"commands": ("usart7:pa9/pa10", "usart1:pa9", "usart1:pa9/pj1", "pa9/pa10", "none"),
                 "log": ("usart3", "usart3:pb16", "usart3:pb10/pb11"),
                 "button": ("pc13", "pc13:down", "pc13:low:up", "pc13:lowly"),
                 "led": ("high", "pd12:high:pullup", "d12:high"),
                 "driver_enable": ("pa1",), "crystal": ("fast", "8G", "0", "bypass:"),
                 "name": ("a-name-of-more-than-15", ""), "baud": ("",), "colour": ("red",)}
        for key, values in wrong.items():
            for value in values:
                with self.subTest(key=key, value=value):
                    done = self.run_wired("--board",
                                         self.board_file(**{key: value}))
                    self.assertEqual(done.returncode, 3)
                    self.assertRegex(done.stderr, r"bench.board, line [0-9]+: ")
        for text in (b"name = x\n", b"commands = usart1:pa9/pa10\n", b"", b"\0", b"name x\n"):
            with self.subTest(text=text):
                done = self.run_wired("--board",
                                     self.write("bad.board", text))
                self.assertEqual(done.returncode, 3)
                self.assertIn("bad.board", done.stderr)

    def test_the_block_of_the_firmware(self):
        block = self.block(6, 0x26, 0x27, 0x3C)
        image = bytearray(SLEEPER.ljust(0x80, b"\xFF") + block)
        board = self.wired(firmware=self.write("fw.bin", bytes(image)))
        board.wait_for(r"board by-block: commands on USART6 \(PC6, PC7\), no log, button none, "
                       "LED PD12 low")
        self.assertTrue(os.path.islink(self.path("ararext-usart6")))
        board.end()
        board = self.wired("--board", "original", firmware=self.path("fw.bin"))
        board.wait_for("the board is original, and the firmware is for another one: by-block")
        board.end()
        for at in (0x80, 0x84, 0x98, 0xB7):
            with self.subTest(damaged=hex(at)):
                image[at] ^= 4
                board = self.wired(firmware=self.write("bad.bin", bytes(image)))
                board.wait_for("board original: commands on USART2")
                board.end()
                image[at] ^= 4


class Ports(Case):
    def test_bytes_both_ways_at_both_speeds(self):
        for speed in ("real", "max"):
            board = self.up("--speed", speed)
            with Host(self.path("u2")) as host:
                host.send(b"HAM")
                self.assertEqual(host.receive(3), b"IBN")
            self.assertEqual(board.end(), 0)

    def test_binary_and_application(self):
        vectors = self.write("vectors.bin", struct.pack("<II", 0x20002000, 0x08008041))
        echo = os.path.join(FOLDER, "echo.bin")
        self.up("--app", echo, firmware=vectors)
        with Host(self.path("u2")) as host:
            host.send(b"a")
            self.assertEqual(host.receive(1), b"b")

    def test_every_byte_value_passes(self):
        board = self.up("--speed", "max")
        values = bytes(v for v in range(256) if v not in b"FCLX")
        with Host(self.path("u2")) as host:
            host.send(values)
            want = bytes((v + 1) & 0xFF for v in values)
            self.assertEqual(host.receive(len(want)), want)
        board.end()

    def test_a_wrong_baud_rate_garbles(self):
        board = self.up()
        with Host(self.path("u2"), termios.B57600) as host:
            host.send(b"a")
            self.assertNotEqual(host.receive(1, 0.3), b"b")
        board.wait_for(r"report: serial: USART2 runs at 115108 baud, the other end at 57600")
        with Host(self.path("u2")) as host:
            host.receive(100, 0.3)
            host.send(b"a")
            self.assertEqual(host.receive(1), b"b")
        with Host(self.path("u2"), cflag=termios.CS8 | termios.CSTOPB):
            board.wait_for(r"115200 baud, 2 stop bits")

    def test_opening_and_closing(self):
        board = self.up()
        for i in range(20):
            with Host(self.path("u2")) as host:
                host.send(bytes([0x30 + i]))
                self.assertEqual(host.receive(1), bytes([0x31 + i]))
        self.assertEqual(board.end(), 0)

    def test_a_closed_port_keeps_nothing(self):
        board = self.up()
        with Host(self.path("u2")) as host:
            host.send(b"abc")  # and does not wait for the answer
        time.sleep(0.3)
        with Host(self.path("u2")) as host:
            self.assertEqual(host.receive(1, 0.3), b"")
            host.send(b"x")
            self.assertEqual(host.receive(1), b"y")

    def test_a_host_that_does_not_read_holds_up_nobody(self):
        board = self.up("--speed", "max")
        with Host(self.path("u2")) as host:
            host.send(b"X")
            time.sleep(0.2)
        with Host(self.path("u2"), termios.B1000000) as host:
            board.wait_for(r"USART2: the host does not read")
            self.assertGreater(len(host.receive(65536)), 65535)
        self.assertEqual(board.end(), 0)

    def test_another_port(self):
        board = self.up("--usart6", self.path("u6"))
        self.assertTrue(os.path.exists(self.path("u6")))
        board.end()
        self.assertFalse(os.path.lexists(self.path("u6")))


class Console(Case):
    def test_commands(self):
        board = self.up()
        for line, answer in (
            ("button 1", r"button \(PA0\) is pressed"),
            ("pin A0", r"PA0 is high"),
            ("button 0", r"button \(PA0\) is let go"),
            ("pin a0", r"PA0 is low"),
            ("button 2", r"button wants 0 or 1"),
            ("pin Z9", r"pin wants"),
            ("pin A16", r"pin wants"),
            ("speed max", r"speed max"),
            ("speed 3", r"speed wants"),
            ("power off", r"power off"),
            ("reset", r"the power is off"),
            ("power on", r"reset: power-on"),
            ("power sideways", r"power wants"),
            ("cut 5 middle", r"power cut middle flash operation 5"),
            ("cut 0", r"no power cut"),
            ("cut soon", r"cut wants"),
            ("status", r"instructions.*cycles.*resets"),
            ("help", r"saves the state and ends"),
            ("dance", r"'dance' is not a command"),
            ("x" * 1000, r"too long"),
        ):
            with self.subTest(line=line[:20]):
                before = len(re.findall(answer, board.text()))
                board.say(line)
                board.wait_for(answer, before + 1)
        board.say("reset")
        board.wait_for(r"reset: pin")
        self.assertEqual(board.end(), 0)

    def test_end_of_input_is_not_the_end(self):
        board = self.up()
        board.process.stdin.close()
        time.sleep(0.3)
        with Host(self.path("u2")) as host:
            host.send(b"a")
            self.assertEqual(host.receive(1), b"b")
        self.assertIsNone(board.process.poll())
        self.assertEqual(board.end(signal.SIGTERM), 0)

    def test_a_fifo_with_one_writer_after_another(self):
        os.mkfifo(self.path("fifo"))
        holder = os.open(self.path("fifo"), os.O_RDWR)
        reader = os.open(self.path("fifo"), os.O_RDONLY)
        elf = os.path.join(FOLDER, "echo.elf")
        with open(self.path("log"), "w", encoding="utf-8") as out:
            process = subprocess.Popen(
                [TWIN, "--firmware", elf, "--usart2", self.path("u2"), "--usart3", self.path("u3")],
                stdin=reader, stdout=out,
            )
        os.close(reader)
        os.close(holder)
        try:
            for command in (b"status\n", b"status\n", b"quit\n"):
                time.sleep(0.2)
                with open(self.path("fifo"), "wb") as f:
                    f.write(command)
            self.assertEqual(process.wait(timeout=LIMIT_S), 0)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            board = self.up("--state", self.path("s"))
            self.assertEqual(board.end(number), 0)
            self.assertFalse(os.path.lexists(self.path("u2")))
            self.assertTrue(os.path.exists(self.path("s")))

    def test_button_from_the_start(self):
        board = self.up("--button")
        board.say("pin A0")
        board.wait_for("PA0 is high")


class Showing(Case):
    def test_log_of_usart3(self):
        board = self.up("--show-log")
        board.wait_for(r"USART3 \| log line")
        board.wait_for(r"USART3 \| second")

    def test_quiet_with_a_log(self):
        board = self.board("--quiet", "--log", self.path("log"), "--show-log", "--run-for", "0.1")
        self.assertEqual(board.process.wait(timeout=LIMIT_S), 0)
        self.assertEqual(board.text(), "")
        with open(self.path("log"), encoding="utf-8") as f:
            self.assertIn("USART3 | second", f.read())

    def test_reports_once_and_at_the_tenth_time(self):
        board = self.up("--speed", "max")
        with Host(self.path("u2")) as host:
            host.send(b"C" * 12)
            self.assertEqual(host.receive(12), b"D" * 12)
        board.end()
        lines = [l for l in board.text().splitlines() if "report: clock off" in l]
        self.assertEqual(len(lines), 2, board.text())
        self.assertIn("UART4", lines[0])
        self.assertIn("at pc 0x080000", lines[0])
        self.assertIn("10 times so far", lines[1])
        self.assertIn("12 reports of 1 different things", board.text())

    def test_different_numbers_are_the_same_report(self):
        board = self.up()
        with Host(self.path("u2"), termios.B57600) as host:
            host.send(bytes(range(0, 240, 8)))
            board.wait_for(r"10 times so far")
        self.assertLess(len(re.findall("report:", board.text())), 12)

    def test_led(self):
        board = self.up("--speed", "max")
        with Host(self.path("u2")) as host:
            host.send(b"abcdefgh" * 20)
            board.wait_for(r"LED \(PA5\) blinks")
        self.assertLess(len(re.findall("LED", board.text())), 8)

    def test_lockup(self):
        board = self.up()
        with Host(self.path("u2")) as host:
            host.send(b"L")
            board.wait_for(r"the core is locked up")
            board.wait_for(r"report: unmapped: .*0x60000000")
            board.say("reset")
            board.wait_for(r"reset: pin")
            time.sleep(0.2)
            host.send(b"a")
            self.assertEqual(host.receive(1), b"b")


class Speed(Case):
    def sleeper(self, *options):
        board = self.board(*options, firmware=self.write("sleeper.bin", SLEEPER))
        board.wait_for(r"reset: power-on")
        return board

    def passed(self, board, wall_s):
        """Virtual time that passes, and the least and most wall time that it passed in."""
        first = time.monotonic()
        virtual = board.now_s()
        start = time.monotonic()
        time.sleep(wall_s)
        end = time.monotonic()
        virtual = board.now_s() - virtual
        return virtual, end - start, time.monotonic() - first

    def cpu_s(self, board):
        with open(f"/proc/{board.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_real_is_the_wall_clock(self):
        board = self.sleeper()
        virtual, least, most = self.passed(board, 1.0)
        self.assertLess(virtual, most + 0.3)  # it may make up for a quarter of a second
        self.assertGreater(virtual, least * 0.5)  # a machine with other work falls behind

    def test_idle_costs_little(self):
        for speed in ("real", "max"):
            board = self.sleeper("--speed", speed)
            before = self.cpu_s(board)
            time.sleep(1.0)
            self.assertLess(self.cpu_s(board) - before, 0.5)
            board.end()

    def test_max_does_not_run_away_from_a_host(self):
        board = self.sleeper("--speed", "max")
        with Host(self.path("u2")) as host:
            host.send(b"half a frame")
            time.sleep(0.2)
            virtual, _, most = self.passed(board, 1.0)
            self.assertLess(virtual, most + 0.4)
        virtual, least, most = self.passed(board, 1.0)
        self.assertLess(virtual, 10 * most + 3)
        self.assertGreater(virtual, least)

    def test_run_for_is_virtual_and_quick(self):
        start = time.monotonic()
        done = self.run_twin("--firmware", self.write("sleeper.bin", SLEEPER), "--usart2",
                             self.path("u2"), "--usart3", self.path("u3"), "--speed", "max",
                             "--run-for", "100")
        self.assertEqual(done.returncode, 0)
        self.assertIn("[  100.000000] the end", done.stdout)
        self.assertLess(time.monotonic() - start, 15)


if __name__ == "__main__":
    TWIN = os.path.abspath(sys.argv[1])
    FOLDER = os.path.abspath(sys.argv[2])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
