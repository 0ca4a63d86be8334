# SPDX-License-Identifier: LGPL-2.1-or-later
"""How lowerfb speaks: help, wrong usage, closed and full streams, terminals."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
import unittest

import tensors
from command import COMMAND, CommandTest, recorded, reference

SUBCOMMANDS = {
    "lower": ["MODEL -o OUT", "--output", "--keep-original-weights", "--strict-upstream", "--report", "--json"],
    "show": ["MODEL", "--format", "--json"],
    "run": ["MODEL INPUTS -o OUTPUTS", "--output", "--lower"],
    "compare": ["MODEL MODEL INPUTS", "--json"],
    "bench": ["MODEL [INPUTS]", "--threads", "--lower", "--profile", "--plan", "--json"],
    "cpu": ["LOWERFB_CPU", "--json"],
}


class Help(CommandTest):
    def test_overview(self):
        text = self.done("--help")
        self.assertEqual(text, self.done("-h"))
        for name in SUBCOMMANDS:
            self.assertRegex(text, rf"(?m)^  {name} +[A-Z]")

    def test_each_subcommand(self):
        for name, parts in SUBCOMMANDS.items():
            text = self.done(name, "--help")
            self.assertEqual(text, self.done(name, "-h"))
            for part in [f"lowerfb {name}", "--help", *parts]:
                self.assertIn(part, text, name)
            self.assertLessEqual(max(map(len, text.splitlines())), 100, name)
            # Examples, each with what it is for.
            examples = text.split("\nExamples:\n")[1].splitlines()
            self.assertGreaterEqual(len(re.findall(rf"(?m)^  #.*\n  .*lowerfb {name}\b", "\n".join(examples))), 2, name)

    def test_version(self):
        self.assertRegex(self.done("--version"), r"\Alowerfb \d+\.\d+\.\d+\n\Z")


class WrongUsage(CommandTest):
    def test_exit_status_2(self):
        model = str(reference("linear"))
        for arguments in [
                [], ["no-such"], [""], ["--no-such"],
                ["lower"], ["lower", model], ["lower", "-o", "out"], ["lower", model, "-o"],
                ["lower", model, model, "-o", "out"], ["lower", model, "-o", "out", "--report"],
                ["lower", model, "-o", "out", "--report", "xml"], ["lower", model, "-o", "out", "--no-such"],
                ["show"], ["show", model, model], ["show", model, "--format", "png"], ["show", model, "--format"],
                ["run"], ["run", model], ["run", model, model], ["run", model, "-o", "out"],
                ["run", model, model, model, "-o", "out"],
                ["compare"], ["compare", model], ["compare", model, model],
                ["compare", model, model, model, model], ["compare", "-o", "out", model, model, model],
                ["cpu", "now"], ["cpu", "--now"]]:
            self.fails(*arguments, status=2, says="--help")
            self.assertEqual(self.files(), [], arguments)


class Streams(CommandTest):
    def test_full_disk_behind_stdout(self):
        for arguments in [["--help"], ["--version"], ["lower", "--help"], ["cpu"],
                          ["show", reference("linear")], ["show", reference("linear"), "--format", "json"],
                          ["lower", reference("linear"), "-o", "out", "--report", "text"],
                          ["compare", reference("linear"), reference("linear"), recorded("linear")]]:
            with open("/dev/full", "wb") as full:
                self.fails(*arguments, stdout=full, says="standard output")

    def test_closed_streams_do_not_end_up_in_files(self):
        self.done("lower", reference("linear"), "-o", "right")
        right = (self.folder / "right").read_bytes()
        for closed in [(0,), (1,), (2,), (0, 1), (0, 1, 2)]:
            result = self.lowerfb("lower", reference("linear"), "-o", "out", stdin=None, stdout=None, stderr=None,
                                  preexec_fn=lambda: [os.close(fd) for fd in closed])
            self.assertEqual(result.returncode, 0, closed)
            self.assertEqual((self.folder / "out").read_bytes(), right, closed)
            (self.folder / "out").unlink()

    def test_a_closed_stdout_is_an_error_where_it_is_needed(self):
        self.fails("show", reference("linear"), stdout=None, preexec_fn=lambda: os.close(1))

    def test_any_locale(self):
        right = self.done("show", reference("linear"))
        for locale in ["C", "C.UTF-8", "de_DE.UTF-8"]:
            self.assertEqual(self.done("show", reference("linear"), env={"LC_ALL": locale}), right, locale)


class FileNames(CommandTest):
    def test_any_name(self):
        for name in [b"with space", "Größe".encode(), b"\xff\xfe", b"new\nline", b"-dash", b"%s%n"]:
            model = os.fsencode(self.folder) + b"/" + name
            os.symlink(reference("linear"), model)
            self.done("show", "--", name)
            self.done("lower", "-o", b"out" + name, "--", name)
            self.done("run", "-o", b"result" + name, "--", name, recorded("linear"))
            os.unlink(model)
            # Whatever it is called, there is one line, and nothing in it steers the terminal.
            message = self.fails("show", "--", name)
            self.assertTrue(message[:-1].isprintable(), message)


class Terminal(CommandTest):
    """A run that takes long enough to be watched and interrupted."""

    enough = None

    def setUp(self):
        super().setUp()
        n_images = self.enough or 1
        self.write_inputs(n_images)
        # The time depends on machine and build: as many images as take a second or more.
        while self.enough is None:
            start = time.monotonic()
            self.done("run", reference("conv2d"), "inputs", "-o", "outputs")
            if time.monotonic() - start > 1 or n_images > 1 << 18:
                type(self).enough = n_images
                os.unlink(self.folder / "outputs")
                break
            n_images *= 4
            self.write_inputs(n_images)

    def write_inputs(self, n_images):
        _, shape, content = tensors.read(recorded("conv2d"))[0]["input.0"]
        size = len(content) // shape[0] * n_images
        tensors.write(self.folder / "inputs", {"input.0": ("F32", [n_images, *shape[1:]], bytes(size))})

    def start(self, terminal):
        return subprocess.Popen([COMMAND, "run", reference("conv2d"), "inputs", "-o", "outputs"],
                                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=terminal, env={**os.environ, "TERM": "xterm", "NO_COLOR": ""})

    def watch(self, until):
        """What the command shows on a terminal 30 columns wide; @until is called with it all the while."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
        process = self.start(slave)
        os.close(slave)
        shown = b""
        while True:
            try:
                part = os.read(master, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
            until(process, shown)
        os.close(master)
        return process.wait(timeout=120), shown.decode()

    def test_progress(self):
        status, shown = self.watch(lambda process, shown: None)
        self.assertEqual(status, 0)
        self.assertIn("running", shown)
        lines = shown.split("\r\x1b[K")
        self.assertEqual((lines[0], lines[-1]), ("", ""), "the line is taken away at the end")
        self.assertLess(max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines), 30)
        self.assertEqual(self.files(), ["inputs", "outputs"])

    def test_silence_without_terminal(self):
        process = self.start(subprocess.PIPE)
        _, shown = process.communicate(timeout=120)
        self.assertEqual((process.returncode, shown), (0, b""))

    def test_closed_descriptors_are_not_given_to_files(self):
        process = subprocess.Popen([COMMAND, "run", reference("conv2d"), "inputs", "-o", "outputs"],
                                   cwd=self.folder, preexec_fn=lambda: [os.close(fd) for fd in range(3)])
        seen = []
        while process.poll() is None:
            try:
                seen.append([os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)])
            except OSError:
                """Not there yet, or gone already."""
            time.sleep(0.02)
        self.assertEqual(process.returncode, 0)
        # At first they are Python's, before it starts the command.
        self.assertGreater(seen.count(["/dev/null"] * 3), len(seen) / 2)
        self.assertEqual(seen[-1], ["/dev/null"] * 3)

    def test_interrupt(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            sent = []

            def interrupt(process, shown):
                if b"running" in shown and not sent:
                    sent.append(number)
                    process.send_signal(number)

            status, shown = self.watch(interrupt)
            self.assertEqual(status, 1)
            self.assertIn("lowerfb:\x1b[0m ", shown)
            self.assertEqual(self.files(), ["inputs"])


if __name__ == "__main__":
    unittest.main()
