# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example Digit Pad, drawn on with pointer and keyboard and looked at, on a display of its own."""

import os
import shutil
import subprocess
import sys
import unittest

try:
    import gi
    import numpy
    for namespace, version in (("GdkPixbuf", "2.0"), ("Atspi", "2.0"), ("Gtk", "4.0"), ("Adw", "1")):
        gi.require_version(namespace, version)
    for program in ("Xvfb", "xdotool", "dbus-run-session", "gjs"):
        if shutil.which(program) is None:
            raise ImportError(f"there is no {program}")
except (ImportError, ValueError) as error:
    print(f"Skipped: {error}")
    sys.exit(77)

if "LOWERFB_TEST_BUS" not in os.environ:
    # A session bus of one's own, with assistive technology on it.
    os.environ["LOWERFB_TEST_BUS"] = "own"
    os.execvp("dbus-run-session", ["dbus-run-session", "--", sys.executable, "-B", *sys.argv])

from gi.repository import Atspi  # noqa: E402

import strokes  # noqa: E402
from desktop import Display, wait_for  # noqa: E402
from digit_pad import HOME, PATH, DigitPad  # noqa: E402


def ink_on(pixels):
    """The share of pixels that differ from what most of them are."""
    levels = pixels.astype(int).sum(axis=2) // 3
    paper = numpy.median(levels)
    return (abs(levels - paper) > 100).mean()


class Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.display = Display()
        cls.addClassCleanup(cls.display.close)

    def start(self, *arguments, **environment):
        application = DigitPad(self.display, *arguments, **environment)
        self.addCleanup(application.close)
        return application

    def quit(self, application):
        self.display.do("key", "ctrl+q")
        self.assertEqual(application.process.wait(60), 0)
        self.assertNotRegex(application.said(), "JS ERROR|CRITICAL|Gjs-WARNING|Unhandled promise")

    def part(self, left, top, width, height):
        return self.display.pixels()[top:top + height, left:left + width]

    def placed(self, digit, pad):
        left, top, size, _ = pad
        return strokes.placed(strokes.DIGITS[digit], left + .2 * size, top + .2 * size, .6 * size)

    def test_pointer(self):
        application = self.start()
        pad = application.shown()
        self.assertEqual(application.reading(), ("", 0))
        for digit in range(10):
            application.draw(self.placed(digit, pad))
            _, probability = application.reads(str(digit))
            self.assertGreater(probability, .2)
            self.display.do("key", "Delete")
            application.reads("")
        # A stroke that is cleared while it is being drawn has ended; the next one is like any other.
        left, top, size, _ = pad
        x, y, down = round(left + size / 2), round(top + size / 4), round(top + size * 3 / 4)
        self.display.do("mousemove", x, y, "mousedown", 1)
        application.reads_something()
        self.display.do("key", "Delete")
        application.reads("")
        self.display.do("mousemove", x + 99, y, "mouseup", 1, "mousemove", x, y, "mousedown", 1, "mousemove", x, down,
                        "mouseup", 1)
        application.reads("1")
        self.display.do("key", "ctrl+z")
        application.reads("")
        self.quit(application)

    def test_keyboard_alone(self):
        application = self.start()
        application.shown()
        # The pointer is where it disturbs nobody.
        self.display.do("mousemove", 1000, 740)
        self.display.do("search", "--onlyvisible", "--name", "Digit Pad", "windowfocus")
        for digit in (2, 7):
            application.type_strokes(strokes.ON_GRID[digit])
            application.reads(str(digit))
            place = f"Pen up, column {application.pen[0]}, row {application.pen[1]} of 24"
            wait_for(lambda: application.find(place), place)
            self.display.do("key", "Delete")
            application.reads("")
        # Each stroke can be undone, and comes back.
        application.type_strokes(strokes.ON_GRID[4])
        application.reads("4")
        self.assertEqual((application.enabled("undo"), application.enabled("redo")), (True, False))
        self.display.do("key", "ctrl+z")
        wait_for(lambda: application.enabled("redo"), "something to redo")
        self.display.do("key", "ctrl+shift+z")
        wait_for(lambda: not application.enabled("redo"), "nothing to redo")
        application.reads("4")
        # Clearing can be undone as well.
        self.display.do("key", "Delete")
        application.reads("")
        self.assertFalse(application.enabled("clear"))
        self.display.do("key", "ctrl+z")
        application.reads("4")
        self.display.do("key", "ctrl+c")
        wait_for(lambda: application.find("Copied 4"), "what tells that it was copied")
        self.quit(application)

    def test_what_is_seen(self):
        """Ink on the pad and bars beside it, in the colours of each style; and what is heard of them."""
        for dark, contrast in (("default", "0"), ("prefer-dark", "1")):
            application = self.start(ADW_DEBUG_COLOR_SCHEME=dark, ADW_DEBUG_HIGH_CONTRAST=contrast)
            pad = application.shown()
            wait_for(lambda: 0 < ink_on(self.part(*pad)) < .02, "an empty pad, but for its hint")
            self.assertTrue(application.pad().get_state_set().contains(Atspi.StateType.FOCUSABLE))

            application.draw(self.placed(0, pad))
            application.reads("0")
            # A ring, as long as 1.5 times the pad is wide, 0.06 wide.
            wait_for(lambda: .05 < ink_on(self.part(*pad)) < .15, "ink on the pad")
            paper = numpy.median(self.part(*pad))
            self.assertEqual(paper < 128, dark == "prefer-dark")

            bars = [application.find(f"Probability of {digit}", Atspi.Role.LEVEL_BAR) for digit in range(10)]
            def told():
                return [Atspi.Value.get_current_value(bar) for bar in bars]

            # GTK does not tell of changes of less than a thousandth.
            wait_for(lambda: abs(sum(told()) - 1) < .01 and abs(told()[0] - application.reading()[1]) < .001,
                     lambda: f"bars as long as what is read, {application.reading()}, not {told()}")
            wait_for(lambda: application.find(f"Read as 0, {round(100 * application.reading()[1])} %"),
                     "the digit, with its name")

            def colour(bar):
                return numpy.median(self.part(*application.place(bar)).reshape(-1, 3), axis=0)

            wait_for(lambda: abs(colour(bars[0]) - colour(bars[1])).max() > 60, "a full bar and an empty one")
            self.quit(application)

    def test_everything_has_a_name(self):
        application = self.start()
        application.shown()
        names = {thing.get_name() for thing in application.tree()
                 if thing.get_role() in (Atspi.Role.PUSH_BUTTON, Atspi.Role.LEVEL_BAR, Atspi.Role.IMAGE)}
        self.assertNotIn("", names)
        self.assertLessEqual({"Undo", "Redo", "Drawing Pad", "Main Menu", "Close", "Probability of 7"}, names)
        self.display.do("key", "ctrl+question")
        for title in ("Lower or lift the pen", "Move the pen", "Clear", "Undo"):
            wait_for(lambda: application.find(title), f"the shortcut {title}")
        self.display.do("key", "Escape")
        application.close()

    def test_models_that_cannot_be_used(self):
        for path, message in (("/nowhere/model", "nowhere"), (str(HOME / "window.ui"), "window.ui")):
            application = self.start("--model", path)
            page = wait_for(lambda: application.find("The Model Cannot Be Used"), "the message")
            wait_for(lambda: any(message in thing.get_name() for thing in application.tree()), message)
            self.assertEqual(application.reading(), ("", 0))
            self.assertTrue(page)
            self.quit(application)

    def test_desktop_files(self):
        for command in (["desktop-file-validate", "org.example.DigitPad.desktop"],
                        ["appstreamcli", "validate", "--no-net", "org.example.DigitPad.metainfo.xml"]):
            if shutil.which(command[0]):
                result = subprocess.run(command, cwd=HOME, capture_output=True, text=True)
                self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(PATH, "/" + (HOME / "org.example.DigitPad.desktop").stem.replace(".", "/"))


if __name__ == "__main__":
    unittest.main()
