# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the lowerfb command share: a folder of its own, and ways to run it."""

import fcntl
import os
import pathlib
import pty
import struct
import subprocess
import tempfile
import termios
import threading
import unittest

COMMAND = os.environ["LOWERFB_COMMAND"]
CASES = pathlib.Path(os.environ["LOWERFB_CASES"])

# A sanitizer that finds something must not pass for an ordinary failure.
SANITIZERS = {"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "exitcode=99"}


def reference(case):
    return CASES / f"{case}.reference.safetensors"


def recorded(case):
    return CASES / f"{case}.io.safetensors"


def read_terminal(master, parts):
    """All that is shown there until the last program has closed it."""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:
            return
        if not part:
            return
        parts.append(part)


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lowerfb-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def lowerfb(self, *arguments, env=None, **options):
        """Runs the command; nothing of its surroundings leaks in."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LOWERFB_")}
        for name, value in SANITIZERS.items():
            environment[name] = ":".join(filter(None, [environment.get(name), value]))
        environment.update(env or {})
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("timeout", 120)
        return subprocess.run([COMMAND, *arguments], cwd=self.folder, env=environment, **options)

    def on_terminal(self, *arguments, columns=80, env=None):
        """Runs the command with stdout and stderr on a terminal each; returns the exit status and what they show."""
        shown, readers, slaves = ([], []), [], []
        for parts in shown:
            master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            reader = threading.Thread(target=read_terminal, args=(master, parts))
            reader.start()
            readers.append((reader, master))
            slaves.append(slave)
        environment = {"TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "", **(env or {})}
        result = self.lowerfb(*arguments, env=environment, stdout=slaves[0], stderr=slaves[1])
        for slave in slaves:
            os.close(slave)
        for reader, master in readers:
            reader.join()
            os.close(master)
        return result.returncode, *(b"".join(parts).decode().replace("\r\n", "\n") for parts in shown)

    def done(self, *arguments, **options):
        """Succeeds without a word on stderr; returns what came on stdout."""
        result = self.lowerfb(*arguments, **options)
        self.assertEqual((result.returncode, result.stderr), (0, b""), arguments)
        return result.stdout.decode() if result.stdout is not None else None

    def fails(self, *arguments, status=1, says=(), **options):
        """Fails with one line on stderr that says what, and nothing on stdout."""
        result = self.lowerfb(*arguments, **options)
        message = result.stderr.decode()
        self.assertEqual(result.returncode, status, (arguments, message))
        self.assertIn(result.stdout, (b"", None), arguments)
        self.assertRegex(message, r"\Alowerfb[^\n]*: [^\n]+\n\Z", arguments)
        for part in [says] if isinstance(says, str) else says:
            self.assertIn(part, message, arguments)
        return message

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())
