# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example Digit Pad on a display of its own, and hands that draw on it."""

import os
import pathlib

import desktop

TOP = pathlib.Path(os.environ["LOWERFB_TOP"])
HOME = TOP / "bindings/gjs/examples/digit-pad"
NAME, PATH = "org.example.DigitPad", "/org/example/DigitPad"
WINDOW = f"{PATH}/window/1"

# What the keys do, by the direction they move the pen in.
KEYS = {(-1, 0): "Left", (1, 0): "Right", (0, -1): "Up", (0, 1): "Down",
        (-1, -1): "Home", (1, -1): "Prior", (-1, 1): "End", (1, 1): "Next"}


def sign(number):
    return (number > 0) - (number < 0)


def walk(start, end):
    """The keys that move the pen from one place to the other: first aslant, then straight."""
    x, y = start
    keys = []
    while (x, y) != end:
        step = sign(end[0] - x), sign(end[1] - y)
        keys.append(KEYS[step])
        x, y = x + step[0], y + step[1]
    return keys


class DigitPad(desktop.Application):
    def __init__(self, display, *arguments, **environment):
        super().__init__(display, ["gjs", "-m", HOME / "digit-pad.js", *arguments], NAME, **environment)
        self.pen = (12, 12)

    def reading(self):
        """What is read, as a string, and its probability."""
        described = self.describe(PATH, "digit")
        return described and described[1]

    def reads(self, digit):
        return desktop.wait_for(lambda: (self.reading() or [None])[0] == digit and self.reading(),
                                lambda: f"reading {digit!r} instead of {self.reading()}")

    def reads_something(self):
        desktop.wait_for(lambda: (self.reading() or [""])[0], "reading anything")

    def enabled(self, action):
        described = self.describe(WINDOW, action)
        return described and described[0]

    def pad(self):
        return desktop.wait_for(lambda: self.find("Drawing Pad"), "the drawing pad")

    def shown(self):
        """Where the pad is, as soon as the window is there and the model can read."""
        desktop.wait_for(lambda: self.find("Nothing drawn"), "the window")
        pad = self.pad()
        desktop.wait_for(lambda: self.place(pad)[2] > 100, "the pad to have a size")
        return self.place(pad)

    def draw(self, strokes):
        """With the pointer; strokes in pixels of the display."""
        for first, *rest in strokes:
            actions = ["mousemove", *map(round, first), "mousedown", 1]
            for point in rest:
                actions += ["mousemove", *map(round, point)]
            self.display.do(*actions, "mouseup", 1)

    def type_strokes(self, strokes):
        """With the keyboard; strokes on the grid of 24 x 24 that the arrow keys move on."""
        keys = []
        for stroke in strokes:
            keys += walk(self.pen, stroke[0]) + ["space"]
            for start, end in zip(stroke, stroke[1:]):
                keys += walk(start, end)
            keys.append("space")
            self.pen = stroke[-1]
        self.display.do("key", *keys)
