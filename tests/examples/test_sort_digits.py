# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example sort_digits.py on folders full of pictures."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
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
SCRIPT = TOP / "bindings/python/examples/sort-digits/sort_digits.py"
PATIENCE = 120


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"Waited {PATIENCE} s in vain for {what}")
        time.sleep(.02)


def names(folder):
    """All files in a folder and below, as paths from there."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class SortDigits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lowerfb-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def once(self, *arguments, status=0):
        result = subprocess.run([sys.executable, "-B", SCRIPT, "--once", *arguments, self.folder], text=True,
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
        self.assertEqual(result.returncode, status, result.stderr)
        if status == 0:
            self.assertEqual(result.stderr, "")
        return result

    def watching(self):
        script = subprocess.Popen([sys.executable, "-B", SCRIPT, self.folder], stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)

        def end():
            if script.poll() is None:
                script.kill()
            script.communicate()
        self.addCleanup(end)
        self.assertEqual(script.stdout.readline(), f"Watching {self.folder}\n")
        return script

    def test_drawn_digits(self):
        """All ten, in several formats, with several pens, on several papers."""
        for digit in range(10):
            picture = strokes.drawn(digit)
            strokes.save(self.folder / f"{digit}.png", picture)
            strokes.save_pgm(self.folder / f"{digit}-thick.pgm", strokes.drawn(digit, pen=9))
            strokes.save(self.folder / f"{digit}-thin.bmp", strokes.drawn(digit, size=200, pen=3))
            strokes.save(self.folder / f"{digit}-white-on-black.png", 255 - picture)
            strokes.save(self.folder / f"{digit}-large.jpeg", strokes.drawn(digit, size=600, pen=30), quality="80")
            clear = numpy.zeros((*picture.shape, 4), numpy.uint8)
            clear[:, :, 0], clear[:, :, 3] = 90, 255 - picture
            strokes.save(self.folder / f"{digit}-red-on-nothing.png", clear)
        result = self.once()
        self.assertEqual(len(result.stdout.splitlines()), 60)
        files = names(self.folder)
        right = [name for name in files if name.split("/")[0] == name.split("/")[1][0]]
        wrong = [name for name in files if name not in right and not name.startswith("unsure/")]
        self.assertGreaterEqual(len(right), 57, files)
        self.assertLessEqual(len(wrong), 1, wrong)

    def test_images_of_the_test_set(self):
        data = Lfb.TensorFile.load(str(TOP / "data/digits/digits.test.safetensors"))
        images, labels = numpy.asarray(data["input.0"]), numpy.asarray(data["labels"])
        for number, (image, label) in enumerate(zip(images[:100, 0], labels)):
            strokes.save_pgm(self.folder / f"{label}-{number}.pgm",
                             strokes.grey(numpy.kron(numpy.pad(image, 1), numpy.ones((6, 6)))))
        self.once()
        files = names(self.folder)
        right = [name for name in files if name[0] == name[2]]
        wrong = [name for name in files if name[0] != name[2] and not name.startswith("unsure/")]
        self.assertEqual(len(files), 100)
        self.assertGreaterEqual(len(right), 80)
        self.assertLessEqual(len(wrong), 3, wrong)

    def test_what_stays(self):
        strokes.save(self.folder / "good.png", strokes.drawn(3))
        whole = (self.folder / "good.png").read_bytes()
        left = {"broken.png": b"\x89PNG\r\n\x1a\nnot really", "cut.png": whole[:len(whole) // 2], "empty.png": b"",
                ".hidden.png": whole, "notes.txt": b"3", "program.py": b"print(3)"}
        for name, contents in left.items():
            (self.folder / name).write_bytes(contents)
        (self.folder / "album").mkdir()
        (self.folder / "album" / "deep.png").write_bytes(whole)
        (self.folder / "link.png").symlink_to("notes.txt")
        result = self.once(status=1)
        for name in ("broken.png", "cut.png", "empty.png"):
            self.assertRegex(result.stderr, rf"(?m)^{name}: .{{8}}")
        self.assertEqual(len(result.stderr.splitlines()), 3, result.stderr)
        self.assertRegex(result.stdout, r"^good.png: 3, \d+% -> 3/good.png\n$")
        for name, contents in left.items():
            self.assertEqual((self.folder / name).read_bytes(), contents, name)
        self.assertEqual(names(self.folder), sorted([*left, "3/good.png", "album/deep.png", "link.png"]))

    def test_not_sure(self):
        strokes.save(self.folder / "blank.png", numpy.full((50, 50), 200, numpy.uint8))
        strokes.save(self.folder / "seven.png", strokes.drawn(7))
        strokes.save(self.folder / "four.png", strokes.drawn(4))
        self.once("--confidence", "1")
        self.assertEqual(names(self.folder), ["unsure/blank.png", "unsure/four.png", "unsure/seven.png"])
        for path in (self.folder / "unsure").iterdir():
            path.rename(self.folder / path.name)
        self.once("--confidence", "0.3")
        self.assertEqual(names(self.folder), ["4/four.png", "7/seven.png", "unsure/blank.png"])

    def test_names_that_are_taken(self):
        strokes.save(self.folder / "five.png", strokes.drawn(5))
        new = (self.folder / "five.png").read_bytes()
        (self.folder / "5").mkdir()
        (self.folder / "5" / "five.png").write_bytes(b"first")
        (self.folder / "5" / "five-2.png").write_bytes(b"second")
        self.once()
        self.assertEqual({path.name: path.read_bytes() for path in (self.folder / "5").iterdir()},
                         {"five.png": b"first", "five-2.png": b"second", "five-3.png": new})
        self.assertFalse((self.folder / "five.png").exists())

    def test_a_file_in_place_of_a_folder(self):
        strokes.save(self.folder / "five.png", strokes.drawn(5))
        (self.folder / "5").write_bytes(b"mine")
        result = self.once(status=1)
        self.assertIn("five.png: ", result.stderr)
        self.assertEqual(names(self.folder), ["5", "five.png"])
        self.assertEqual((self.folder / "5").read_bytes(), b"mine")

    def test_watching(self):
        """There before, written in parts, moved in, renamed from something that is no picture."""
        elsewhere = tempfile.TemporaryDirectory(prefix="lowerfb-test-", dir=self.folder.parent)
        self.addCleanup(elsewhere.cleanup)
        outside = pathlib.Path(elsewhere.name)
        for digit in (2, 3, 6, 7, 9):
            strokes.save(outside / f"{digit}.png", strokes.drawn(digit))
        (outside / "2.png").rename(self.folder / "before.png")

        script = self.watching()
        wait_for((self.folder / "2" / "before.png").exists, "what was there before")

        contents = (outside / "3.png").read_bytes()
        with open(self.folder / "parts.png", "wb") as stream:
            for start in range(0, len(contents), 100):
                stream.write(contents[start:start + 100])
                stream.flush()
                # Another file comes and goes meanwhile; this one is not complete.
                if start == 300:
                    (outside / "6.png").rename(self.folder / "moved.png")
                    wait_for((self.folder / "6" / "moved.png").exists, "what was moved here")
                    self.assertTrue((self.folder / "parts.png").exists())
        wait_for((self.folder / "3" / "parts.png").exists, "what was written in parts")
        self.assertEqual((self.folder / "3" / "parts.png").read_bytes(), contents)

        (self.folder / "download.part").write_bytes((outside / "7.png").read_bytes())
        (self.folder / "download.part").rename(self.folder / "download.png")
        wait_for((self.folder / "7" / "download.png").exists, "what was renamed")

        # What cannot be read is looked at again once it has been mended.
        (self.folder / "mended.png").write_bytes(b"no picture")
        complaint = script.stderr.readline()
        while complaint.startswith("parts.png: "):
            # On a slow machine, after two seconds without a change, GLib takes a file for complete.
            complaint = script.stderr.readline()
        self.assertRegex(complaint, "^mended.png: ")
        (self.folder / "mended.png").write_bytes((outside / "9.png").read_bytes())
        wait_for((self.folder / "9" / "mended.png").exists, "what was mended")

        script.send_signal(signal.SIGINT)
        out, err = script.communicate(timeout=PATIENCE)
        self.assertEqual((script.returncode, err), (0, ""))
        self.assertEqual(sorted(line.split(":")[0] for line in out.splitlines()),
                         ["before.png", "download.png", "mended.png", "moved.png", "parts.png"])
        self.assertEqual(names(self.folder),
                         ["2/before.png", "3/parts.png", "6/moved.png", "7/download.png", "9/mended.png"])

    def test_terminated_while_busy(self):
        for number in range(300):
            strokes.save_pgm(self.folder / f"{number}.pgm", strokes.drawn(number % 10, size=40, pen=2))
        script = self.watching()
        wait_for(lambda: len(list(self.folder.glob("*/*.pgm"))) > 3, "the first files")
        script.send_signal(signal.SIGTERM)
        out, err = script.communicate(timeout=PATIENCE)
        self.assertEqual((script.returncode, err), (0, ""))
        moved = list(self.folder.glob("*/*.pgm"))
        self.assertEqual(len(moved), len(out.splitlines()))
        self.assertEqual(len(moved) + len(list(self.folder.glob("*.pgm"))), 300)
        self.assertTrue(all(path.stat().st_size > 1600 for path in moved))

    def test_wrong_usage(self):
        for arguments, status, message in [
            (["--once", self.folder / "nowhere"], 1, "nowhere"),
            (["--once", "--model", self.folder / "nothing", self.folder], 1, "nothing"),
            (["--once", "--confidence", "2", self.folder], 2, "2 is not from 0 to 1"),
            ([], 2, "FOLDER"),
        ]:
            result = subprocess.run([sys.executable, "-B", SCRIPT, *arguments], text=True, stdin=subprocess.DEVNULL,
                                    capture_output=True, timeout=PATIENCE)
            self.assertEqual(result.returncode, status, result.stderr)
            self.assertIn(message, result.stderr)
            self.assertNotIn("Traceback", result.stderr)


if __name__ == "__main__":
    unittest.main()
