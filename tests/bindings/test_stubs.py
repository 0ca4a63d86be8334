#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The type stubs of Lfb are what the GIR and the overrides make of them, and mypy takes the examples with them."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
BUILD = pathlib.Path(os.environ["LOWERFB_BUILD"])
STUB = TOP / "bindings/python/gi-stubs/repository/Lfb.pyi"
EXAMPLES = [TOP / "bindings/python/examples/digits.py", TOP / "bindings/python/examples/tour.py"]
TYPED = TOP / "tests/bindings/typed.py"


class Stubs(unittest.TestCase):
    maxDiff = None

    def test_they_are_what_is_made(self):
        made = subprocess.run([sys.executable, "-B", TOP / "bindings/python/make-stubs.py",
                               BUILD / "lowerfb/Lfb-1.0.gir"], capture_output=True, text=True, timeout=60)
        self.assertEqual((made.returncode, made.stderr), (0, ""))
        self.assertEqual(STUB.read_text(encoding="utf-8"), made.stdout,
                         "bindings/python/make-stubs.py makes something else of the GIR and the overrides")

    @unittest.skipUnless(shutil.which("mypy"), "mypy is missing")
    def test_mypy(self):
        """The examples are right, and of the right and wrong uses in typed.py it finds the wrong ones."""
        with tempfile.TemporaryDirectory(prefix="lowerfb-test-") as folder:
            shutil.copytree(TOP / "tests/bindings/stubs", folder, dirs_exist_ok=True)
            shutil.copy(STUB, pathlib.Path(folder) / "gi/repository")
            # What NumPy has of types takes many seconds to read, and says nothing about Lfb.
            (pathlib.Path(folder) / "mypy.ini").write_text("[mypy]\n[mypy-numpy.*]\nfollow_imports = skip\n")
            result = subprocess.run(
                ["mypy", "--python-executable", sys.executable, "--cache-dir", os.devnull, "--check-untyped-defs",
                 "--show-error-codes", "--no-error-summary", *EXAMPLES, TYPED],
                cwd=folder, env={**os.environ, "MYPYPATH": folder}, capture_output=True, text=True, timeout=240)
        self.assertEqual(result.stderr, "")
        expected = [(TYPED.name, str(number), line.rpartition("# E: ")[2])
                    for number, line in enumerate(TYPED.read_text(encoding="utf-8").splitlines(), 1) if "# E: " in line]
        found = re.findall(r"([^/\n]+):(\d+): error: .*\[([\w-]+)\]$", result.stdout, re.MULTILINE)
        self.assertEqual(found, expected, result.stdout)
        self.assertGreater(len(expected), 10)


if __name__ == "__main__":
    unittest.main()
