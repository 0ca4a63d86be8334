# SPDX-License-Identifier: LGPL-2.1-or-later
"""Digits as a pen draws them, and pictures of them, for the tests of the example applications.

A stroke is a list of points in a box from 0 to 1, y downwards.
"""

import math

import gi
import numpy

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf, GLib  # noqa: E402


def arc(x, y, wide, high, start, end):
    """Part of an ellipse around (x, y); angles in degrees, 0 to the right, 90 downwards."""
    angles = numpy.radians(numpy.linspace(start, end, 20))
    return [(x + wide * math.cos(angle), y + high * math.sin(angle)) for angle in angles]


DIGITS = [
    [arc(.5, .5, .3, .5, -90, 270)],
    [[(.25, .25), (.55, 0), (.55, 1)]],
    [arc(.5, .27, .3, .27, -170, 30) + [(.2, 1), (.85, 1)]],
    [arc(.45, .25, .3, .25, -150, 90) + arc(.45, .75, .33, .25, -90, 150)],
    [[(.5, 0), (.15, .55), (.9, .55)], [(.68, .3), (.65, 1)]],
    [[(.3, 0), (.25, .45)] + arc(.45, .7, .32, .3, -110, 140), [(.3, 0), (.8, .02)]],
    [arc(.75, .6, .5, .6, -110, -190) + arc(.5, .73, .27, .27, -190, 170)],
    [[(.15, 0), (.85, 0), (.4, 1)]],
    [arc(.5, .24, .24, .24, -60, -240) + [(.7, .62)] + arc(.5, .76, .27, .24, -30, 200) + [(.72, .15)]],
    [arc(.5, .28, .27, .28, 0, -360) + [(.75, .6), (.65, 1)]],
]


# On a grid of 24 x 24, with lines along its rows, columns and diagonals only: for arrow keys.
ON_GRID = {
    2: [[(7, 6), (10, 3), (14, 3), (17, 6), (17, 11), (7, 21), (17, 21)]],
    4: [[(13, 3), (6, 10), (6, 13), (18, 13)], [(14, 9), (14, 21)]],
    7: [[(7, 3), (17, 3), (17, 5), (10, 12), (10, 21)], [(7, 12), (15, 12)]],
}


def placed(strokes, left, top, size):
    """The strokes in a square of that size."""
    return [[(left + x * size, top + y * size) for x, y in stroke] for stroke in strokes]


def varied(strokes, random):
    """The same by another hand, in the middle of a square that is 1 wide: smaller, turned, slanted, stretched."""
    turn, slant, stretch = random.uniform(-.14, .14), random.uniform(-.1, .3), random.uniform(.8, 1.2)
    high = random.uniform(.35, .8)
    hand = high * (numpy.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]) @
                   numpy.array([[stretch, -slant], [0, 1]]))
    return [[tuple(hand @ (numpy.array(point) - .5) + .5) for point in stroke] for stroke in strokes]


def ink(strokes, width, height, pen):
    """The strokes, in pixels, drawn with a round pen of that width: an array from 0 to 1."""
    y, x = numpy.mgrid[0:height, 0:width] + .5
    nearest = numpy.full((height, width), numpy.inf)
    for stroke in strokes:
        for (x0, y0), (x1, y1) in zip(stroke, stroke[1:]):
            dx, dy = x1 - x0, y1 - y0
            along = numpy.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
            nearest = numpy.minimum(nearest, numpy.hypot(x - x0 - along * dx, y - y0 - along * dy))
    return numpy.clip(pen / 2 - nearest + .5, 0, 1)


def pixbuf(pixels):
    """Of an array of bytes, [height, width] or [height, width, 3 or 4]."""
    if pixels.ndim == 2:
        pixels = numpy.repeat(pixels[:, :, None], 3, axis=2)
    height, width, channels = pixels.shape
    return GdkPixbuf.Pixbuf.new_from_bytes(GLib.Bytes.new(pixels.tobytes()), GdkPixbuf.Colorspace.RGB, channels == 4,
                                           8, width, height, width * channels)


def grey(level):
    """Bytes for an array from 0, white, to 1, black."""
    return numpy.round(255 * (1 - level)).astype(numpy.uint8)


def drawn(digit, size=120, pen=6, share=.6):
    """Bytes of a square picture of a digit, black on white."""
    at = size * (1 - share) / 2
    return grey(ink(placed(DIGITS[digit], at, at, size * share), size, size, pen))


def save(path, pixels, kind=None, **options):
    pixbuf(pixels).savev(str(path), kind or path.suffix[1:], list(options), list(options.values()))


def save_pgm(path, pixels):
    height, width = pixels.shape
    path.write_bytes(b"P5\n%d %d\n255\n" % (width, height) + pixels.tobytes())
