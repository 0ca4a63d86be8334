# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the lowerfb command share: a folder of its own, and ways to run it."""

import os
import pathlib
import subprocess
import tempfile
import unittest

COMMAND = os.environ["LOWERFB_COMMAND"]
CASES = pathlib.Path(os.environ["LOWERFB_CASES"])

# A sanitizer that finds something must not pass for an ordinary failure.
SANITIZERS = {"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "exitcode=99"}


def reference(case):
    return CASES / f"{case}.reference.safetensors"


def recorded(case):
    return CASES / f"{case}.io.safetensors"


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
