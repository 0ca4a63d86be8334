# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sessions and calls of operators, for the overrides of Lfb."""

import numbers
from collections.abc import Mapping

from gi.module import get_introspection_module
from gi.overrides._lfb.arrays import to_tensor
from gi.overrides._lfb.background import in_background
from gi.overrides._lfb.export import attribute, export
from gi.overrides._lfb.values import to_value, to_values, unpack

Lfb = get_introspection_module("Lfb")


def _is_nest(data, depth=0):
    """Whether a list or tuple holds anything but numbers, which are a tensor."""
    if isinstance(data, (list, tuple)):
        return depth > Lfb.VALUE_MAX_DEPTH or any(_is_nest(item, depth + 1) for item in data)
    return not isinstance(data, numbers.Real)


def _to_input(data):
    nest = isinstance(data, (list, tuple)) and _is_nest(data)
    return to_value(data if nest or isinstance(data, (Lfb.Value, Mapping, str, type(None))) else to_tensor(data))


@export
class SessionOptions(Lfb.SessionOptions):
    """SessionOptions(**properties): how a session is to run; n_threads, profile and progress."""

    def __init__(self, **properties):
        known = [spec.name.replace("-", "_") for spec in self.list_properties()]
        for name in properties:
            if name not in known:
                raise TypeError("There is no setting %s of sessions, but %s" % (name, ", ".join(known)))
        super().__init__(**properties)

    n_threads = attribute("n_threads", "How many threads work on one run; 0 for as many as there are CPUs.",
                          writable=True)
    profile = attribute("profile", "Whether the time that each node takes is measured.", writable=True)
    progress = attribute("progress", "What is told how far preparing and running have come.", writable=True)

    def __repr__(self):
        return "<Lfb.SessionOptions n_threads=%d profile=%s>" % (self.n_threads, self.profile)


@export
class Session(Lfb.Session):
    """Session(model, options=None, **settings): a model made ready to run.

    Settings are the properties of Lfb.SessionOptions, such as n_threads=2.
    """

    def __new__(cls, model, options=None, **settings):
        if options is not None and settings:
            raise TypeError("The settings of a session are given one by one or as options, not both")
        if settings:
            options = SessionOptions(**settings)
        return Lfb.Session.new(model, options)

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` made the session."""

    model = attribute("model", "The model it was made from.")
    n_threads = attribute("n_threads", "How many threads work on one run.")
    peak_memory = attribute("peak_memory", "The most bytes that tensors took during a run.")

    def prepare(self, examples=None, cancellable=None):
        """Plans for inputs like these, arrays too, and says shape and dtype of each output."""
        examples = None if examples is None else [to_tensor(data) for data in examples]
        return unpack(Lfb.Session.prepare(self, examples, cancellable))

    def run(self, inputs, cancellable=None):
        return Lfb.Session.run_values(self, self._to_inputs(inputs), cancellable)

    def run_async(self, inputs, cancellable=None, callback=None, *user_data):
        """Without a callback something to await under asyncio."""
        return in_background(super().run_values_async, self.run_finish, [self._to_inputs(inputs)],
                             cancellable, callback, user_data)

    def run_finish(self, result):
        return Lfb.Session.run_values_finish(self, result)

    def run_values(self, inputs, cancellable=None):
        return Lfb.Session.run_values(self, to_values(inputs), cancellable)

    def run_values_async(self, inputs, cancellable=None, callback=None, *user_data):
        """Without a callback something to await under asyncio."""
        return in_background(super().run_values_async, self.run_values_finish, [to_values(inputs)],
                             cancellable, callback, user_data)

    def __call__(self, *inputs, **named):
        """Runs the model on arrays or tensors, by position or by the names of its inputs; where it takes
        a tuple, list or dictionary, on one of arrays.

        Returns the output, or a tuple if there are several.
        """
        outputs = self.run(self._by_position(inputs, named))
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _to_inputs(self, inputs):
        """All inputs as values: of a list or tuple by position, of a mapping by name."""
        if isinstance(inputs, Mapping):
            inputs = self._by_position((), inputs)
        if not isinstance(inputs, (list, tuple)):
            raise TypeError("The inputs of a session are a list, or a dictionary by their names, not %s" %
                            type(inputs).__name__)
        return [_to_input(data) for data in inputs]

    def _by_position(self, inputs, named):
        """The inputs that are given by name behind the others, in the order the model has them."""
        if not named:
            return list(inputs)
        names = self.list_inputs()
        for name in named:
            if name not in names:
                raise TypeError("The model has no input `%s`; its inputs are %s" % (name, ", ".join(names)))
            if name in names[:len(inputs)]:
                raise TypeError("The input `%s` is given twice" % name)
        for name in names[len(inputs):]:
            if name not in named:
                raise TypeError("The input `%s` is missing" % name)
        return [*inputs, *(named[name] for name in names[len(inputs):])]

    def __repr__(self):
        return "<Lfb.Session of %r on %d threads, inputs %s>" % (
            self.get_model(), self.get_n_threads(), ", ".join(self.list_inputs()) or "none")


@export
def call(function, args=None, kwargs=None, values=None):
    """Runs one operator by the name that graphs use.

    Arguments are native values, those by name in a dictionary, and so is the result. With nothing but
    Lfb.Value the result is one too, and names and values of arguments may be two lists, as in C.
    """
    if isinstance(kwargs, Mapping):
        kwargs, values = list(kwargs), list(kwargs.values())
    result = Lfb.call(function, to_values(args), kwargs, to_values(values))
    as_it_is = all(isinstance(data, Lfb.Value) for data in [*(args or ()), *(values or ())])
    return result if as_it_is else unpack(result)
