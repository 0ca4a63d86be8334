# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws a digit on Digit Pad and takes the picture of it that README.md shows: screenshot.py FILE

`meson compile -C _build digit-pad-screenshot` does so.
"""

import sys

import strokes
from desktop import Display, wait_for
from digit_pad import DigitPad


def main():
    path, = sys.argv[1:]
    display = Display()
    application = DigitPad(display)
    try:
        left, top, size, _ = application.shown()
        application.draw(strokes.placed(strokes.DIGITS[5], left + .2 * size, top + .2 * size, .6 * size))
        application.reads("5")
        display.do("mousemove", 1000, 740)

        # Once the bars have come to rest.
        def resting(last=[None]):
            before, last[0] = last[0], display.pixels()
            return before is not None and (before == last[0]).all()
        for _ in range(5):
            wait_for(resting, "a window that rests")

        frame = display.pixels()
        used = frame.any(axis=2)
        rows, columns = used.any(axis=1).nonzero()[0], used.any(axis=0).nonzero()[0]
        picture = frame[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1].copy()
        strokes.pixbuf(picture).savev(path, "png", ["compression"], ["9"])
        display.do("key", "ctrl+q")
        application.process.wait(60)
    finally:
        application.close()
        display.close()


if __name__ == "__main__":
    main()
