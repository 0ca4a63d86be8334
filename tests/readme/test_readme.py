# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md says is so: its programs run, its commands work, its links lead somewhere."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
README = (TOP / "README.md").read_text(encoding="utf-8")
DIGITS = [TOP / "data/digits/digits.reference.safetensors", TOP / "data/digits/digits.test.safetensors"]
LANGUAGES = {"python": "bindings/python/examples/digits.py", "js": "bindings/gjs/examples/digits.js",
             "vala": "bindings/vala/examples/digits.vala"}


def block(language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    if len(found) != 1:
        raise AssertionError(f"{len(found)} blocks of {language}, expected one")
    return found[0]


class Readme(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lowerfb-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_in_folder(self, command):
        result = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        self.assertEqual((result.returncode, result.stderr), (0, b""), command)
        return result.stdout.decode()

    def test_programs_are_the_examples(self):
        for language, path in LANGUAGES.items():
            lines = (TOP / path).read_text(encoding="utf-8").splitlines()
            program = "\n".join(line for line in lines if not re.search(r"^#!|SPDX", line)).strip()
            self.assertEqual(block(language).strip(), program, f"README.md and {path} differ")
            self.assertLess(len(program.splitlines()), 35, path)

    def reads_digits(self, *command):
        text = self.run_in_folder([*command, *DIGITS])
        right, total = map(int, re.search(r"(\d+) of (\d+) digits", text).groups())
        said = re.search(r"reads (\d+) of (\d+) correctly", README.replace("\n", " "))
        self.assertEqual((right, total), tuple(map(int, said.groups())))

    def test_python(self):
        try:
            import numpy  # noqa: F401
        except ImportError:
            self.skipTest("NumPy is missing")
        (self.folder / "digits.py").write_text(block("python"), encoding="utf-8")
        self.reads_digits(sys.executable, "-B", "digits.py")

    def test_javascript(self):
        gjs = shutil.which("gjs")
        if gjs is None:
            self.skipTest("gjs is missing")
        (self.folder / "digits.js").write_text(block("js"), encoding="utf-8")
        self.reads_digits(gjs, "-m", "digits.js")

    def test_vala(self):
        if not os.environ.get("LOWERFB_VALA_EXAMPLE"):
            self.skipTest("valac is missing")
        self.reads_digits(os.environ["LOWERFB_VALA_EXAMPLE"])

    def test_commands(self):
        (self.folder / "data").symlink_to(TOP / "data")
        lines = block("sh").splitlines()
        self.assertEqual({line.split()[1] for line in lines}, {"show", "lower", "run", "compare", "cpu"})
        for line in lines:
            self.run_in_folder(shlex.split(line))
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()),
                         ["data", "digits.safetensors", "scores.safetensors"])

    def test_the_two_scripts(self):
        for name in ["data/demo", "tests/run"]:
            self.assertIn(f"    {name} ", README)
            self.assertTrue(os.access(TOP / name, os.X_OK), name)

    def test_links(self):
        links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
        self.assertGreater(len(links), 10)
        for link in links:
            self.assertTrue((TOP / link).exists(), link)


if __name__ == "__main__":
    unittest.main()
