#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Read handwritten digits with a reference model and with what it was lowered to.

    demo.py REFERENCE LOWERED IMAGES

data/demo calls it with the network and the images of this folder. It prints what
the two models have in common and where they differ, and fails if the int8 model
reads less than 97 % of the digits, or half a point less than the reference model.
"""

import os
import statistics
import sys
import time

import gi

gi.require_version("Lfb", "1.0")
from gi.repository import GLib, Lfb  # noqa: E402

LOWEST_ACCURACY = 97.0
LARGEST_LOSS = 0.5
RUNS = 9
SECONDS = 0.3
PIXELS = 8 * 8
CLASSES = 10


def numbers(tensor, code):
    """The elements of a tensor; @code is that of Python's memoryview."""
    return memoryview(tensor.get_bytes().get_data()).cast(code)


class Reader:
    """A model that reads digits, from its file."""

    def __init__(self, path):
        model = Lfb.GraphModule.load(path)
        self.nodes = model.get_graph().get_n_nodes()
        self.size = os.path.getsize(path)
        self.session = Lfb.Session.new(model, None)

    def read(self, images):
        """The digit on each image: the highest of its ten scores."""
        scores, = self.session.run([images], None)
        scores = numbers(scores, "f")
        rows = [scores[i:i + CLASSES] for i in range(0, len(scores), CLASSES)]
        return [max(range(CLASSES), key=row.__getitem__) for row in rows]

    def milliseconds(self, images):
        """How long a run takes: the median of as many as fit in a moment."""
        times = []
        while len(times) < RUNS or sum(times) < SECONDS:
            start = time.perf_counter()
            self.session.run([images], None)
            times.append(time.perf_counter() - start)
        return 1e3 * statistics.median(times)


def one_image(images, index):
    """One of the images as a tensor of its own."""
    size = PIXELS * 4
    content = images.get_bytes().get_data()[index * size:(index + 1) * size]
    return Lfb.Tensor.new_for_bytes(Lfb.DType.FLOAT32, [1, 1, 8, 8], GLib.Bytes.new(content))


def shades():
    """From white to black; plain characters where the terminal has no others."""
    blocks = " ░▒▓█"
    try:
        blocks.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return " .-+#"
    return blocks


def draw(images, indices, captions):
    """Images side by side, a line of text under each."""
    pixels = numbers(images, "f")
    steps = shades()
    for row in range(8):
        parts = []
        for index in indices:
            start = index * PIXELS + row * 8
            parts.append("".join(2 * steps[round(value * (len(steps) - 1))] for value in pixels[start:start + 8]))
        print("  " + "  ".join(parts).rstrip())
    print("  " + "  ".join(f"{caption:16}" for caption in captions).rstrip())


def gallery(images, labels, found):
    """A row of digits read correctly, and those that were not."""
    wrong = [i for i, label in enumerate(labels) if found[i] != label]
    right = [list(labels).index(digit, 20) for digit in (0, 2, 5, 8)]
    draw(images, right, [f"read as {found[i]}" for i in right])
    for begin in range(0, len(wrong), 4):
        part = wrong[begin:begin + 4]
        print()
        draw(images, part, [f"read as {found[i]}, is {labels[i]}" for i in part])


def percent(found, labels):
    return 100 * sum(a == b for a, b in zip(found, labels)) / len(labels)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.splitlines()[2].strip())

    data = Lfb.TensorFile.load(sys.argv[3])
    images, labels = data.get("input.0"), numbers(data.get("labels"), "q")
    readers = [Reader(path) for path in sys.argv[1:3]]
    found = [reader.read(images) for reader in readers]
    accuracy = [percent(digits, labels) for digits in found]
    single = one_image(images, 0)

    print(f"{'':28}{'reference':>12}{'int8':>12}")
    print("{:28}{:>12}{:>12}".format("nodes", *(reader.nodes for reader in readers)))
    print("{:28}{:>12}{:>12}".format("file", *(f"{reader.size / 1024:.1f} KiB" for reader in readers)))
    print("{:28}{:>12}{:>12}".format(f"accuracy on {len(labels)} images", *(f"{value:.2f} %" for value in accuracy)))
    print("{:28}{:>12}{:>12}".format("time per image, all at once", *(
        f"{1e3 * reader.milliseconds(images) / len(labels):.1f} µs" for reader in readers)))
    print("{:28}{:>12}{:>12}".format("time of one image alone", *(
        f"{1e3 * reader.milliseconds(single):.1f} µs" for reader in readers)))
    same = sum(a == b for a, b in zip(*found))
    print(f"\nBoth read the same digit on {same} of {len(labels)} images. The int8 model at work:\n")
    gallery(images, labels, found[1])

    if accuracy[1] < LOWEST_ACCURACY or accuracy[1] < accuracy[0] - LARGEST_LOSS:
        sys.exit(f"The int8 model reads {accuracy[1]:.2f} % of the digits, the reference model {accuracy[0]:.2f} %: "
                 f"at least {LOWEST_ACCURACY} % and at most {LARGEST_LOSS} points less were expected")


if __name__ == "__main__":
    main()
