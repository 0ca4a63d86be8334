# SPDX-License-Identifier: LGPL-2.1-or-later
"""From a picture of one digit to the 8 x 8 pixels that the digits model reads.

The rule, and why it is so, is in doc/example-apps.md; digitImage.js and digit-image.vala of the other
examples do the same, number for number. Everything is computed in integers.
"""

import numpy
import gi

gi.require_version("GdkPixbuf", "2.0")
from gi.repository import GdkPixbuf, Gio, GLib  # noqa: E402

MOST_PIXELS = 1 << 26  # that would not fit into memory, or only just
LARGEST = 256          # pixels on a side that are looked at; larger pictures are scaled down
FAINTEST = 40          # of 255: with less contrast than that there is no digit
GRID = 32
WIDEST = 26
USUAL_INK = 255 * 270  # of 255 * 1024
THICKEST = 4


def load(path):
    """The picture in a file of any format that gdk-pixbuf knows, the right way up and not too large."""
    kind, width, height = GdkPixbuf.Pixbuf.get_file_info(path)
    if kind is not None and width * height > MOST_PIXELS:
        raise GLib.Error.new_literal(Gio.io_error_quark(), f"{width} x {height} pixels are too many",
                                     Gio.IOErrorEnum.NOT_SUPPORTED)
    pixbuf = GdkPixbuf.Pixbuf.new_from_file(path)
    pixbuf = pixbuf.apply_embedded_orientation() or pixbuf

    width, height = pixbuf.get_width(), pixbuf.get_height()
    longest = max(width, height)
    if longest <= LARGEST:
        return pixbuf
    return pixbuf.scale_simple(max(1, width * LARGEST // longest), max(1, height * LARGEST // longest),
                               GdkPixbuf.InterpType.BILINEAR)


def grey_levels(pixbuf):
    """0, black, to 255, white; what is transparent is white paper."""
    width, height, channels = pixbuf.get_width(), pixbuf.get_height(), pixbuf.get_n_channels()
    stride, data = pixbuf.get_rowstride(), pixbuf.get_pixels()
    # The last row has no padding.
    rows = [numpy.frombuffer(data, numpy.uint8, width * channels, y * stride) for y in range(height)]
    pixels = numpy.stack(rows).reshape(height, width, channels).astype(numpy.int64)
    colours = pixels[:, :, :3]
    if pixbuf.get_has_alpha():
        alpha = pixels[:, :, 3:]
        colours = (colours * alpha + 255 * (255 - alpha) + 127) // 255
    return (colours @ numpy.array([299, 587, 114]) + 500) // 1000


def ink_levels(grey):
    """How far each pixel is from the paper, which is what most of the edge of the picture is."""
    edge = numpy.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = numpy.sort(edge)[len(edge) // 2]
    ink = abs(grey - paper)
    return numpy.where(8 * ink >= ink.max(), ink, 0)


def overlaps(pixels, cells):
    """How much of each pixel lies in each cell, when @pixels in a row become @cells."""
    cell, pixel = numpy.arange(cells)[:, None], numpy.arange(pixels)[None]
    return numpy.clip(numpy.minimum((cell + 1) * pixels, (pixel + 1) * cells) -
                      numpy.maximum(cell * pixels, pixel * cells), 0, None)


def thicken(grid, radius):
    """Each cell becomes the darkest of those around it."""
    around = numpy.pad(grid, radius)
    thick = grid
    for y in range(-radius, radius + 1):
        for x in range(-radius, radius + 1):
            if y * y + x * x < radius * radius + radius:
                thick = numpy.maximum(thick, around[radius + y:radius + y + GRID, radius + x:radius + x + GRID])
    return thick


def pixels_for_model(pixbuf):
    """Eight rows of eight integers, 0 to 16, or None where there is no ink."""
    ink = ink_levels(grey_levels(pixbuf))
    if ink.max() < FAINTEST:
        return None
    dark = 4 * ink >= ink.max()
    rows, columns = numpy.flatnonzero(dark.any(axis=1)), numpy.flatnonzero(dark.any(axis=0))
    ink = ink[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    height, width = ink.shape

    for radius in range(THICKEST + 1):
        high = GRID - 2 * radius
        wide = min(WIDEST - 2 * radius, max(1, (2 * width * high + height) // (2 * height)))
        sums = overlaps(height, high) @ ink @ overlaps(width, wide).T
        grid = numpy.zeros((GRID, GRID), numpy.int64)
        top, left = (GRID - high) // 2, (GRID - wide) // 2
        grid[top:top + high, left:left + wide] = numpy.minimum(255, sums * 300 // sums.max())
        grid = thicken(grid, radius)
        if grid.sum() >= USUAL_INK:
            break

    blocks = grid.reshape(8, 4, 8, 4).sum(axis=(1, 3))
    return (blocks * 16 + 2040) // 4080


def tensor_values(pixels):
    """What the model takes: float32, one image of one channel, 0 to 1."""
    return (pixels / 16).astype(numpy.float32).reshape(1, 1, 8, 8)
