# SPDX-License-Identifier: LGPL-2.1-or-later
"""A display without a screen, and an application on it, used by way of pointer, keys and bus.

Has to run below dbus-run-session.
"""

import os
import pathlib
import struct
import subprocess
import tempfile
import time

import gi
import numpy

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, Gio, GLib  # noqa: E402

PATIENCE = 120


def wait_for(condition, what):
    """Until the condition holds something true, which it returns."""
    end = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"Waited {PATIENCE} s in vain for {what() if callable(what) else what}")
        time.sleep(.02)


class Display:
    """Xvfb, on a number that it chooses itself, with its frame buffer in a file."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lowerfb-test-")
        reading, writing = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1024x768x24", "-nolisten", "tcp",
             "-fbdir", self.folder.name], pass_fds=[writing], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writing)
        with open(reading, encoding="ascii") as stream:
            self.name = f":{stream.readline().strip()}"

    def close(self):
        self.server.terminate()
        self.server.wait()
        self.folder.cleanup()

    def pixels(self):
        """What is to be seen: bytes [height, width, 3]; a dump as xwd(1) writes them."""
        dump = (pathlib.Path(self.folder.name) / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", dump[:100])
        size, width, height, line, colours = header[0], header[4], header[5], header[12], header[19]
        data = numpy.frombuffer(dump, numpy.uint8, height * line, size + 12 * colours)
        return data.reshape(height, line // 4, 4)[:, :width, 2::-1]

    def do(self, *actions):
        """xdotool's, one after the other."""
        subprocess.run(["xdotool", *map(str, actions)], env={**os.environ, "DISPLAY": self.name}, check=True,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE)


    def window_width(self):
        geometry = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", ".", "getwindowgeometry", "--shell"],
                                  env={**os.environ, "DISPLAY": self.name}, check=True, capture_output=True, text=True,
                                  timeout=PATIENCE).stdout
        return max(int(line.split("=")[1]) for line in geometry.splitlines() if line.startswith("WIDTH="))


class Application:
    """A program, and its actions as they are exported on the session bus."""

    def __init__(self, display, command, name, **environment):
        self.display = display
        self.name = name
        self.errors = tempfile.TemporaryFile("w+")
        # Nothing here needs a graphics card, or a user's settings.
        environment = {"DISPLAY": display.name, "GDK_BACKEND": "x11", "GSK_RENDERER": "cairo",
                       "GDK_DEBUG": "gl-disable", "LIBGL_ALWAYS_SOFTWARE": "1", "GTK_A11Y": "atspi",
                       "GSETTINGS_BACKEND": "memory", **environment}
        self.process = subprocess.Popen(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                                        stdout=self.errors, stderr=subprocess.STDOUT)
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.errors.close()

    def said(self):
        """What it has written to its terminal."""
        self.errors.seek(0)
        return self.errors.read()

    def describe(self, path, action):
        """Whether an action is enabled, and its state; None as long as there is no such action."""
        try:
            answer = self.bus.call_sync(self.name, path, "org.gtk.Actions", "Describe", GLib.Variant("(s)", [action]),
                                        GLib.VariantType("((bgav))"), Gio.DBusCallFlags.NO_AUTO_START, -1)
        except GLib.Error:
            if self.process.poll() is not None:
                raise AssertionError(f"The application ended with {self.process.returncode}: {self.said()}") from None
            return None
        (enabled, _, state), = answer.unpack()
        return enabled, state[0] if state else None

    def tree(self):
        """All that assistive technology sees of it."""
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            child = desktop.get_child_at_index(i)
            if child is not None and child.get_process_id() == self.process.pid:
                yield from descend(child)

    def place(self, thing):
        """Where it is on the display: left, top, width, height.

        Nobody manages windows there: the only one lies at the top left. What is told is told from inside of
        the edge at which a window is resized.
        """
        edge = (self.display.window_width() - extents(self.frame()).width) // 2
        inside = extents(thing)
        return inside.x + edge, inside.y + edge, inside.width, inside.height

    def frame(self):
        return next(thing for thing in self.tree() if thing.get_role() == Atspi.Role.FRAME)

    def find(self, name, role=None):
        """The thing of that accessible name, or None."""
        for thing in self.tree():
            try:
                if thing.get_name() == name and role in (None, thing.get_role()):
                    return thing
            except GLib.Error:
                # It has gone meanwhile.
                continue
        return None


def extents(thing):
    return Atspi.Component.get_extents(thing, Atspi.CoordType.WINDOW)


def descend(thing):
    yield thing
    for i in range(thing.get_child_count()):
        child = thing.get_child_at_index(i)
        if child is not None:
            yield from descend(child)
