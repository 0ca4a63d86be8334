# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demonstration: what data/demo shows is true and good enough."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import tensors

COMMAND = os.environ["LOWERFB_COMMAND"]
DIGITS = pathlib.Path(os.environ["LOWERFB_DIGITS"])
REFERENCE = DIGITS / "digits.reference.safetensors"
IMAGES = DIGITS / "digits.test.safetensors"


def demonstrate(*arguments, **options):
    return subprocess.run([sys.executable, "-B", DIGITS / "demo.py", *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=240, **options)


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="lowerfb-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.lowered = pathlib.Path(folder.name) / "digits.safetensors"
        subprocess.run([COMMAND, "lower", REFERENCE, "-o", cls.lowered], check=True)

    def shown(self, **options):
        result = demonstrate(REFERENCE, self.lowered, IMAGES, **options)
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        return result.stdout.decode()

    def row(self, text, title):
        """Two numbers behind a title: of the reference and of the int8 model."""
        match = re.search(rf"^{title} +([\d.]+)[^\d.\n]+([\d.]+)", text, re.MULTILINE)
        self.assertIsNotNone(match, title)
        return float(match[1]), float(match[2])

    def test_what_it_shows(self):
        text = self.shown()
        reference, lowered = self.row(text, "accuracy on 450 images")
        self.assertGreaterEqual(lowered, 97)
        self.assertGreaterEqual(lowered, reference - 0.5)
        # Seen in training; an accuracy of 100 % would mean that something cheats.
        self.assertLess(reference, 100)

        before, after = self.row(text, "nodes")
        self.assertEqual(before, 58)
        self.assertLess(after, 20)
        sizes = self.row(text, "file")
        self.assertLess(sizes[1], sizes[0] / 2)
        for title in ["time per image, all at once", "time of one image alone"]:
            self.assertGreater(min(self.row(text, title)), 0)

        agreement, total = map(int, re.search(r"the same digit on (\d+) of (\d+)", text).groups())
        self.assertEqual(total, 450)
        self.assertGreaterEqual(agreement, 445)
        self.assertGreaterEqual(len(re.findall(r"read as \d(?!,)", text)), 4)
        wrong = len(re.findall(r"read as \d, is \d", text))
        self.assertEqual(wrong, round(450 * (100 - lowered) / 100))

    def test_terminals_without_unicode(self):
        environment = {**os.environ, "PYTHONIOENCODING": "ascii:backslashreplace"}
        text = self.shown(env=environment)
        self.assertNotIn("\\u25", text)
        self.assertRegex(text, "(?m)^  .*##")

    def test_models_that_read_badly_are_refused(self):
        """The same images in another order than their labels."""
        contents, _ = tensors.read(IMAGES)
        dtype, shape, labels = contents["labels"]
        shuffled = self.lowered.with_name("shuffled")
        tensors.write(shuffled, {**contents, "labels": (dtype, shape, labels[8:] + labels[:8])})
        result = demonstrate(REFERENCE, self.lowered, shuffled)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"97.0 %", result.stderr)

    def test_wrong_usage(self):
        result = demonstrate(REFERENCE)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(b"REFERENCE LOWERED IMAGES", result.stderr)


if __name__ == "__main__":
    unittest.main()
