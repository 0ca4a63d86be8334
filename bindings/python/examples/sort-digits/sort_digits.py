#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sorts pictures of handwritten digits into the folders 0 to 9, by what they show.

Looks at what is in FOLDER, then waits for more until interrupted. Pictures that the model is not sure of
go to the folder `unsure`; files that are no pictures, or cannot be read, stay where they are.
"""

import argparse
import pathlib
import signal
import sys

import gi
import numpy

gi.require_version("Lfb", "1.0")
from gi.repository import Gio, GLib, Lfb  # noqa: E402

import digit_image  # noqa: E402

MODEL = pathlib.Path(__file__).resolve().parents[4] / "data/digits/digits.reference.safetensors"
UNSURE = "unsure"
ATTRIBUTES = "standard::name,standard::type,standard::is-hidden,etag::value"


def probabilities(scores):
    """The softmax of the model's scores."""
    exponents = numpy.exp(scores - scores.max())
    return exponents / exponents.sum()


def open_model(path):
    """A session for the model in a file, which has read a blank picture."""
    session = Lfb.Session(Lfb.Lowerer().lower(Lfb.GraphModule.load(path)), n_threads=1)
    scores = session(numpy.zeros((1, 1, 8, 8), numpy.float32))
    if not isinstance(scores, Lfb.Tensor) or scores.shape != (1, 10):
        raise GLib.Error.new_literal(Lfb.error_quark(), f"{path}: this model does not give ten scores", Lfb.Error.SHAPE)
    return session


def is_picture(info):
    """By its name, which says too that it is not half a download."""
    content_type, _ = Gio.content_type_guess(info.get_name(), None)
    return (info.get_file_type() == Gio.FileType.REGULAR and not info.get_is_hidden() and
            Gio.content_type_is_a(content_type, "image/*"))


class Sorter:
    """Looks at one file after another and moves it; the model runs while the main loop goes on."""

    def __init__(self, folder, session, confidence, idle):
        self.folder = folder
        self.session = session
        self.confidence = confidence
        self.idle = idle
        self.cancellable = Gio.Cancellable()
        self.waiting = {}
        self.busy = False
        self.unreadable = 0

    def add(self, file):
        """A file that is written to again while it waits is looked at once."""
        self.waiting[file.get_uri()] = file
        self.wake()

    def wake(self):
        if not self.busy:
            self.busy = True
            GLib.idle_add(self.step)

    def step(self):
        """Looks at the next file; whatever comes of it wakes this again."""
        self.busy = False
        if not self.waiting or self.cancellable.is_cancelled():
            self.idle()
            return GLib.SOURCE_REMOVE
        file = self.waiting.pop(next(iter(self.waiting)))
        try:
            self.read(file)
        except GLib.Error as error:
            self.failed(file, error)
        return GLib.SOURCE_REMOVE

    def failed(self, file, error):
        # Gone before its turn came, or interrupted: nothing is wrong with the file.
        if not (error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.NOT_FOUND) or self.cancellable.is_cancelled()):
            self.unreadable += 1
            print(f"{file.get_basename()}: {error.message}", file=sys.stderr, flush=True)
        self.wake()

    def read(self, file):
        info = file.query_info(ATTRIBUTES, Gio.FileQueryInfoFlags.NOFOLLOW_SYMLINKS, self.cancellable)
        if not is_picture(info):
            self.wake()
            return
        pixels = digit_image.pixels_for_model(digit_image.load(file.get_path()))
        if pixels is None:
            self.move(file, info.get_etag(), UNSURE, "no ink")
            return
        tensor = Lfb.Tensor(digit_image.tensor_values(pixels))
        self.session.run_async([tensor], self.cancellable, self.have_scores, (file, info.get_etag()))
        self.busy = True

    def have_scores(self, session, result, picture):
        file, etag = picture
        self.busy = False
        try:
            scores, = session.run_finish(result)
            chances = probabilities(numpy.asarray(scores)[0])
            digit = int(chances.argmax())
            sure = chances[digit] >= self.confidence
            self.move(file, etag, str(digit) if sure else UNSURE, f"{digit}, {chances[digit]:.0%}")
        except GLib.Error as error:
            self.failed(file, error)

    def move(self, file, etag, name, what):
        """Takes the first name that is free in the folder; never that of another file."""
        info = file.query_info("etag::value", Gio.FileQueryInfoFlags.NOFOLLOW_SYMLINKS, None)
        if info.get_etag() != etag:
            # It was written to after it had been read: look at it as it is now.
            self.add(file)
            return
        target = reserve(self.folder.get_child(name), file.get_basename())
        try:
            file.move(target, Gio.FileCopyFlags.OVERWRITE | Gio.FileCopyFlags.NOFOLLOW_SYMLINKS, None, None)
        except GLib.Error:
            target.delete(None)
            raise
        print(f"{file.get_basename()}: {what} -> {name}/{target.get_basename()}", flush=True)
        self.wake()


def reserve(folder, name):
    """A new, empty file called @name, or something like it, which may be replaced since it is ours."""
    try:
        folder.make_directory(None)
    except GLib.Error as error:
        if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.EXISTS):
            raise
    path = pathlib.PurePath(name)
    number = 1
    while True:
        target = folder.get_child(name)
        try:
            target.create(Gio.FileCreateFlags.NONE, None).close(None)
            return target
        except GLib.Error as error:
            if not error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.EXISTS):
                raise
        number += 1
        name = f"{path.stem}-{number}{path.suffix}"


def watch(folder, sorter):
    """Tells @sorter of files that are complete: written and closed, or moved here as a whole."""
    def changed(monitor, file, other, event):
        if event in (Gio.FileMonitorEvent.CHANGES_DONE_HINT, Gio.FileMonitorEvent.MOVED_IN):
            sorter.add(file)
        elif event == Gio.FileMonitorEvent.RENAMED:
            sorter.add(other)

    monitor = folder.monitor_directory(Gio.FileMonitorFlags.WATCH_MOVES, None)
    monitor.connect("changed", changed)
    return monitor


def fraction(text):
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 1")
    return value


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", metavar="FOLDER", help="where the pictures are, or will be")
    parser.add_argument("--once", action="store_true", help="sort what is there and do not wait for more")
    parser.add_argument("--confidence", type=fraction, default=.6, metavar="P",
                        help="how sure the model has to be, 0 to 1 (%(default)s)")
    parser.add_argument("--model", default=str(MODEL), metavar="FILE", help="another model for 8 x 8 digits")
    options = parser.parse_args()

    loop = GLib.MainLoop()
    folder = Gio.File.new_for_commandline_arg(options.folder)
    stopping = options.once

    def idle():
        if stopping:
            loop.quit()

    def stop():
        nonlocal stopping
        stopping = True
        sorter.cancellable.cancel()
        sorter.wake()
        return GLib.SOURCE_CONTINUE

    try:
        sorter = Sorter(folder, open_model(options.model), options.confidence, idle)
        # First watch, then look: so no file comes in between.
        monitor = None if options.once else watch(folder, sorter)
        there = [child for child in folder.enumerate_children(ATTRIBUTES, Gio.FileQueryInfoFlags.NONE, None)
                 if child.get_file_type() == Gio.FileType.REGULAR]
    except GLib.Error as error:
        print(f"{parser.prog}: {error.message}", file=sys.stderr)
        return 1

    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, stop)
    for child in sorted(there, key=lambda child: child.get_name()):
        sorter.add(folder.get_child(child.get_name()))
    if monitor is not None:
        print(f"Watching {folder.get_parse_name()}", flush=True)
    sorter.wake()
    loop.run()
    if monitor is not None:
        monitor.cancel()
    return 1 if options.once and sorter.unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
