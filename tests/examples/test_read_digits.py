# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example read-digits, and that pictures become the same tensor in all three languages."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import gi
    import numpy
    gi.require_version("GdkPixbuf", "2.0")
    gi.require_version("Lfb", "1.0")
    from gi.repository import Lfb
except (ImportError, ValueError) as error:
    print(f"Skipped: {error}")
    sys.exit(77)

import strokes

TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
COMMAND = os.environ["LOWERFB_READ_DIGITS"]
REFERENCE = TOP / "data/digits/digits.reference.safetensors"

sys.path.insert(0, str(TOP / "bindings/python/examples/sort-digits"))
import digit_image  # noqa: E402


def in_python(path):
    pixels = digit_image.pixels_for_model(digit_image.load(str(path)))
    return None if pixels is None else pixels.ravel().tolist()


class InFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lowerfb-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_command(self, *arguments, status=0, **options):
        result = subprocess.run([COMMAND, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                timeout=120, cwd=self.folder, **options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result


class SameTensor(InFolder):
    def make_pictures(self):
        """Digits and noise in many sizes and kinds; and what has edges of its own."""
        random = numpy.random.default_rng(5)
        paths = []

        def add(pixels, kind="png", **options):
            paths.append(self.folder / f"{len(paths)}.{kind}")
            strokes.save(paths[-1], pixels, **options)

        for digit in range(10):
            add(strokes.drawn(digit, size=100 + digit, pen=2 + digit))
            add(255 - strokes.drawn(digit, size=400 + 31 * digit, pen=20), "jpeg", quality="70")
            paths.append(self.folder / f"{len(paths)}.pgm")
            strokes.save_pgm(paths[-1], strokes.drawn(digit, size=24, pen=2))
            clear = numpy.zeros((90, 90, 4), numpy.uint8)
            clear[:, :, digit % 3] = 100 + 10 * digit
            clear[:, :, 3] = 255 - strokes.drawn(digit, size=90)
            add(clear)
        for _ in range(25):
            height, width = random.integers(1, 300, 2)
            add(random.integers(0, 256, (height, width, random.integers(3, 5)), numpy.uint8))
        for height, width in ((1, 1), (1, 9), (9, 1), (600, 2), (2, 600), (256, 256), (257, 64)):
            add(random.integers(0, 256, (height, width), numpy.uint8))
        for level in (39, 40, 41):
            add(numpy.pad(numpy.full((5, 5), level, numpy.uint8), 3))
        add(numpy.full((20, 20), 77, numpy.uint8))
        # Ink at the edge alone, and one speck in a corner.
        frame = numpy.full((40, 40), 255, numpy.uint8)
        frame[0] = frame[:, 39] = 0
        add(frame)
        speck = numpy.full((64, 64), 200, numpy.uint8)
        speck[63, 63] = 3
        add(speck)
        # A camera that was held upright; taken for what it shows, not for how it is stored.
        add(numpy.rot90(strokes.drawn(7)), "tiff")
        data = strokes.pixbuf(numpy.rot90(strokes.drawn(7)))
        paths.append(self.folder / "turned.jpeg")
        data.savev(str(paths[-1]), "jpeg", [], [])
        jpeg = paths[-1].read_bytes()
        orientation = (b"\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01"
                       b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00")
        paths[-1].write_bytes(jpeg[:2] + orientation + jpeg[2:])
        return paths

    def test_all_three(self):
        paths = self.make_pictures()
        python = [in_python(path) for path in paths]
        # One pixel alone, a square that is too faint, and paper.
        self.assertEqual(sum(pixels is None for pixels in python), 3)
        for pixels in filter(None, python):
            self.assertEqual(len(pixels), 64)
            self.assertTrue(0 <= min(pixels) and max(pixels) <= 16 and sum(pixels) > 0, pixels)
        upright, turned = python[-1], python[-2]
        self.assertNotEqual(upright, turned)

        result = self.run_command("--json", "--confidence", "0", *paths, status=1)
        vala = [entry.get("pixels") for entry in json.loads(result.stdout)["digits"]]
        self.same(paths, python, vala, "Vala")

        gjs = shutil.which("gjs")
        if gjs is not None:
            result = subprocess.run(
                [gjs, "-m", TOP / "tests/examples/digit-image.js",
                 TOP / "bindings/gjs/examples/digit-pad/digitImage.js", *paths],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.same(paths, python, json.loads(result.stdout), "JavaScript")

    def same(self, paths, python, other, language):
        self.assertEqual(len(other), len(paths))
        for path, first, second in zip(paths, python, other):
            self.assertEqual(first, second, f"{path.name} in {language}")

    def test_turned_pictures(self):
        self.make_pictures()
        upright = self.folder / "upright.png"
        strokes.save(upright, strokes.drawn(7))
        result = self.run_command("turned.jpeg", "upright.png")
        self.assertEqual([line.split(",")[0] for line in result.stdout.splitlines()],
                         ["turned.jpeg: 7", "upright.png: 7"])


class ReadDigits(InFolder):
    def test_text(self):
        for digit in range(10):
            strokes.save(self.folder / f"{digit}.png", strokes.drawn(digit))
        result = self.run_command("--confidence", "0", *[f"{digit}.png" for digit in range(10)])
        self.assertEqual(result.stderr, "")
        self.assertEqual([line.split(",")[0] for line in result.stdout.splitlines()],
                         [f"{digit}.png: {digit}" for digit in range(10)])
        self.assertRegex(result.stdout.splitlines()[0], r"^0.png: 0, \d\d %$")

    def test_numbers_are_those_of_the_library(self):
        data = Lfb.TensorFile.load(str(TOP / "data/digits/digits.test.safetensors"))
        images, labels = numpy.asarray(data["input.0"])[:, 0], numpy.asarray(data["labels"])
        paths = []
        # More than one batch.
        for number, image in enumerate(images):
            paths.append(self.folder / f"{number}.pgm")
            strokes.save_pgm(paths[-1], strokes.grey(numpy.pad(image, 1)))
        result = self.run_command("--json", "--threads", "2", "--confidence", "0", *paths)
        entries = json.loads(result.stdout)["digits"]
        self.assertEqual([entry["file"] for entry in entries], [str(path) for path in paths])

        pixels = numpy.array([in_python(path) for path in paths], numpy.float32).reshape(-1, 1, 8, 8) / 16
        session = Lfb.Session(Lfb.Lowerer().lower(Lfb.GraphModule.load(str(REFERENCE))))
        scores = numpy.asarray(session(pixels))
        chances = numpy.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        numpy.testing.assert_allclose([entry["probabilities"] for entry in entries], chances, atol=1e-5)
        digits = numpy.array([entry["digit"] for entry in entries])
        self.assertTrue((digits == scores.argmax(axis=1)).all())
        self.assertGreaterEqual((digits == labels).mean(), .97)
        for entry in entries:
            self.assertEqual(entry["confidence"], max(entry["probabilities"]))
            self.assertTrue(entry["sure"])

    def test_many_hands(self):
        random = numpy.random.default_rng(7)
        digits, paths = [], []
        for number in range(300):
            digits.append(number % 10)
            paths.append(self.folder / f"{number}.pgm")
            hand = strokes.placed(strokes.varied(strokes.DIGITS[digits[-1]], random), 0, 0, 96)
            strokes.save_pgm(paths[-1], strokes.grey(strokes.ink(hand, 96, 96, random.uniform(1.5, 8))))
        result = self.run_command("--json", "--confidence", "0", *paths)
        entries = json.loads(result.stdout)["digits"]
        right = numpy.array([entry["digit"] for entry in entries]) == digits
        sure = numpy.array([entry["confidence"] for entry in entries]) >= .6
        # doc/example-apps.md has these numbers.
        self.assertGreaterEqual(right.mean(), .98)
        self.assertGreaterEqual(sure.mean(), .94)
        self.assertLessEqual((sure & ~right).mean(), .01)

    def test_exit_status(self):
        strokes.save(self.folder / "good.png", strokes.drawn(3))
        strokes.save(self.folder / "blank.png", numpy.full((9, 9), 255, numpy.uint8))
        (self.folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
        self.assertEqual(self.run_command("good.png").stderr, "")
        result = self.run_command("--confidence", "1", "good.png", status=2)
        self.assertRegex(result.stdout, r"^good.png: 3, \d\d %, not sure\n$")
        result = self.run_command("broken.png", "good.png", "blank.png", "nowhere.png", status=1)
        self.assertEqual(len(result.stdout.splitlines()), 1)
        self.assertEqual([line.split(":")[0] for line in result.stderr.splitlines()],
                         ["broken.png", "blank.png", "nowhere.png"])
        result = self.run_command("--json", "broken.png", "good.png", status=1)
        broken, good = json.loads(result.stdout)["digits"]
        self.assertEqual((sorted(broken), good["digit"], result.stderr), (["error", "file"], 3, ""))

    def test_models(self):
        strokes.save(self.folder / "good.png", strokes.drawn(3))
        self.assertIn("good.png: 3", self.run_command("--model", REFERENCE, "good.png").stdout)
        result = self.run_command("--model", "good.png", "good.png", status=1)
        self.assertIn("read-digits: good.png", result.stderr)
        other = TOP / "tests/cases/adaptive_avg_pool2d_module.reference.safetensors"
        self.assertIn("read-digits: ", self.run_command("--model", other, "good.png", status=1).stderr)

    def test_wrong_usage(self):
        for arguments, message in (([], "name the pictures"), (["--threads", "0", "x"], "--threads takes"),
                                   (["--confidence", "nan", "x"], "--confidence takes"), (["--what"], "--what")):
            result = self.run_command(*arguments, status=1)
            self.assertIn(message, result.stderr)
        self.assertIn("FILE", self.run_command("--help").stdout)

    def test_names_of_all_kinds(self):
        strokes.save(self.folder / "good.png", strokes.drawn(3))
        name = os.fsencode(self.folder) + b"/\xff \xc3\xa9.png"
        os.rename(self.folder / "good.png", name)
        result = self.run_command("--json", name)
        self.assertEqual(json.loads(result.stdout)["digits"][0]["digit"], 3)


if __name__ == "__main__":
    unittest.main()
