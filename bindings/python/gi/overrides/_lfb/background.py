# SPDX-License-Identifier: LGPL-2.1-or-later
"""Work in the background that can be awaited under asyncio, for the overrides of Lfb.

What the library does in the background ends in a GLib main context, and asyncio turns none. So each
event loop gets one of its own: its file descriptor, which GLib writes to when something is to be
dispatched, is one more that the loop watches. All that is called back runs on the thread of the loop,
then: passes and signal handlers of a lowering, progress, and the end.

PyGObject does not offer g_main_context_query(), which says what to watch; hence ctypes.
"""

import contextlib
import ctypes
import sys
import weakref

from gi.repository import Gio, GLib

_glib = ctypes.CDLL("libglib-2.0.so.0")
_glib.g_main_context_new_with_flags.restype = ctypes.c_void_p
_glib.g_main_context_new_with_flags.argtypes = [ctypes.c_int]
for _name in ("acquire", "release", "push_thread_default", "pop_thread_default", "pending", "unref"):
    getattr(_glib, "g_main_context_" + _name).argtypes = [ctypes.c_void_p]
_glib.g_main_context_iteration.argtypes = [ctypes.c_void_p, ctypes.c_int]


class _PollFD(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_ushort), ("revents", ctypes.c_ushort)]


_glib.g_main_context_query.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int),
                                       ctypes.POINTER(_PollFD), ctypes.c_int]


class _Context:
    """A main context that an event loop turns."""

    def __init__(self):
        # It wakes up whoever polls, without owning it meanwhile.
        self.pointer = _glib.g_main_context_new_with_flags(int(GLib.MainContextFlags.OWNERLESS_POLLING))
        weakref.finalize(self, _glib.g_main_context_unref, self.pointer)

    def watch(self, loop):
        # Nothing is attached yet: there is but what wakes it up.
        found, timeout = _PollFD(), ctypes.c_int()
        _glib.g_main_context_acquire(self.pointer)
        _glib.g_main_context_query(self.pointer, 2 ** 31 - 1, timeout, found, 1)
        _glib.g_main_context_release(self.pointer)
        loop.add_reader(found.fd, self.turn, loop)

    def turn(self, loop):
        _glib.g_main_context_iteration(self.pointer, False)
        # What is of a lower priority waits, and the loop has a turn first; GLib does not say so again.
        if _glib.g_main_context_pending(self.pointer):
            loop.call_soon(self.turn, loop)

    @contextlib.contextmanager
    def pushed(self):
        """What is begun meanwhile calls back here."""
        _glib.g_main_context_push_thread_default(self.pointer)
        try:
            yield
        finally:
            _glib.g_main_context_pop_thread_default(self.pointer)


_contexts = weakref.WeakKeyDictionary()


def calling_back():
    """While this context manager is open, what begins calls back in the event loop that runs, if one does."""
    # Whoever has such a loop has loaded asyncio.
    asyncio = sys.modules.get("asyncio")
    loop = asyncio and asyncio._get_running_loop()
    if not loop:
        return contextlib.nullcontext()
    if loop not in _contexts:
        _contexts[loop] = _Context()
        _contexts[loop].watch(loop)
    return _contexts[loop].pushed()


async def _wait(begin, finish, cancellable):
    """Begins, waits, and gives what @finish makes of the result; cancelled, it ends once the work has."""
    import asyncio
    ended = asyncio.get_running_loop().create_future()
    cancellable = cancellable or Gio.Cancellable()
    with calling_back():
        begin(cancellable, lambda _source, result, *_data: ended.set_result(result))

    cancelled = None
    while not ended.done():
        try:
            await asyncio.wait([ended])
        except asyncio.CancelledError as error:
            cancelled = error
            cancellable.cancel()
    if cancelled is None:
        return finish(ended.result())
    with contextlib.suppress(GLib.Error):
        finish(ended.result())
    raise cancelled


def in_background(begin, finish, args, cancellable, callback, user_data):
    """Without @callback something to await; with it, as in C."""
    if callback is not None:
        return begin(*args, cancellable, callback, *user_data)
    return _wait(lambda *rest: begin(*args, *rest), finish, cancellable)
