# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lowering, its passes and its report, for the overrides of Lfb."""

import functools

from gi.module import get_introspection_module
from gi.overrides._lfb.background import calling_back, in_background
from gi.overrides._lfb.errors import FailedError
from gi.overrides._lfb.export import attribute, export
from gi.overrides._lfb.models import to_qconfig_map, to_scope_map
from gi.repository import GLib

Lfb = get_introspection_module("Lfb")


def _guard(run):
    """PyGObject prints what a vfunc raises and goes on, unless that is a GLib.Error."""
    @functools.wraps(run)
    def do_run(self, model):
        try:
            return bool(run(self, model))
        except GLib.Error as error:
            self.raised = error
            raise
        except Exception as error:
            self.raised = error
            raise FailedError("%s: %s" % (type(error).__name__, error)) from error
    return do_run


@export
class Pass(Lfb.Pass):
    """One rewriting step: implement `do_run(self, model)`, which returns whether it changed anything.

    A pass that raises fails, and the lowering with it; what it raised is the `__cause__` of the error.
    Unless it is given a name, it goes by that of its class.
    """

    def __init__(self, **properties):
        properties.setdefault("name", type(self).__name__)
        super().__init__(**properties)

    name = attribute("name", "What the pass is called.")
    raised = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "do_run" in cls.__dict__:
            cls.do_run = _guard(cls.do_run)

    def __repr__(self):
        return "<Lfb.Pass %s>" % self.get_name()


@export
def lower_to_fbgemm(model, qconfig_map=None, node_name_to_scope=None, keep_original_weights=False):
    """Lowers a reference model. The maps may be dictionaries; those left out are the model's own."""
    return Lfb.lower_to_fbgemm(model, to_qconfig_map(qconfig_map), to_scope_map(node_name_to_scope),
                               keep_original_weights)


@export
class Lowerer(Lfb.Lowerer):
    """Lowerer(**properties): runs the passes that make a reference model one of int8 operators."""

    report = attribute("report", "What the last lowering did, and why.")
    keep_original_weights = attribute(
        "keep_original_weights", "Whether lowered models remember the float tensors that were packed.",
        writable=True)
    progress = attribute("progress", "What is told how far a lowering has come.", writable=True)
    strict_upstream = attribute(
        "strict_upstream", "Whether lowered graphs are PyTorch's, node for node.", writable=True)

    def lower(self, model, qconfig_map=None, node_name_to_scope=None, cancellable=None):
        """The maps may be dictionaries, as for Lfb.lower_to_fbgemm."""
        return self._explained(Lfb.Lowerer.lower, model, to_qconfig_map(qconfig_map),
                               to_scope_map(node_name_to_scope), cancellable)

    def lower_async(self, model, qconfig_map=None, node_name_to_scope=None, cancellable=None, callback=None,
                    *user_data):
        """Without a callback something to await under asyncio, on whose thread passes and handlers run."""
        return in_background(super().lower_async, self.lower_finish,
                             [model, to_qconfig_map(qconfig_map), to_scope_map(node_name_to_scope)],
                             cancellable, callback, user_data)

    def lower_finish(self, result):
        return self._explained(Lfb.Lowerer.lower_finish, result)

    def _explained(self, function, *args):
        """If a pass written in Python raised something, that is the cause of the error."""
        try:
            return function(self, *args)
        except GLib.Error as error:
            for step in self.get_passes():
                cause, step.raised = step.raised, None
                if cause is not None:
                    raise error from cause
            raise

    def __repr__(self):
        return "<Lfb.Lowerer of %d passes>" % len(self.get_passes())


@export
class Progress(Lfb.Progress):
    """Progress(): how far long work has come. Connect to `notify::fraction` and `notify::message`."""

    def __init__(self):
        # It tells so in the main context it was made in.
        with calling_back():
            super().__init__()

    fraction = attribute("fraction", "How much of the work is done, 0 to 1.")
    message = attribute("message", "What is being done.")

    def __repr__(self):
        return "<Lfb.Progress %.0f%% %s>" % (100 * self.fraction, self.message or "not begun")


@export
class LoweringReport(Lfb.LoweringReport):
    """What became of each quantization step, module and function: a sequence of notes, by node name too."""

    def __getitem__(self, key):
        """A note by its place or by the name of its node."""
        if not isinstance(key, str):
            return super().__getitem__(key)
        note = self.find(key)
        if note is None:
            raise KeyError(key)
        return note

    def __contains__(self, item):
        if isinstance(item, str):
            return self.find(item) is not None
        return isinstance(item, Lfb.LoweringNote) and any(note is item for note in self)

    def __bool__(self):
        return True

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return "<Lfb.LoweringReport: %d of %d lowered>" % (self.get_n_lowered(), len(self))


@export
class LoweringNote(Lfb.LoweringNote):
    node_name = attribute("node_name", "The node the note is about.")
    original = attribute("original", "What the node was.")
    pass_name = attribute("pass_name", "The pass that took it.")
    lowered = attribute("lowered", "Whether it was lowered.")
    result = attribute("result", "What it became.")
    reason = attribute("reason", "Why it was left.")

    def __repr__(self):
        return "<Lfb.LoweringNote %s: %s>" % (self.node_name, self.result or self.reason)
