# SPDX-License-Identifier: LGPL-2.1-or-later
"""One call of an operator, and what it is held against."""

import torch

from . import names

_DRAWERS = {}


class Trial:
    """Arguments as PyTorch takes them.

    args       by position
    settings   by name; of a module, what it is made with
    tensors    by name; of a module, its parameters and buffers
    expect     what PyTorch makes of it, if calling it by the same name is not enough
    ours       our own (args, kwargs), where they differ from PyTorch's; or a function that makes them
    finish     what is done to our result before it is compared
    rule       what the numerics say, to the bit: rules.Steps, a tensor, or a tuple of them
    bound      how far floats may be from PyTorch's
    tolerated  reasons and conditions under which the results may differ
    unlike     why what PyTorch gives is not to be compared, but only the rule is
    """

    def __init__(self, *args, settings=None, tensors=None, expect=None, ours=None, rule=None, bound=None,
                 tolerated=(), unlike=None, finish=None):
        self.args = args
        self.settings = settings or {}
        self.tensors = tensors or {}
        self.expect = expect
        self.ours = ours
        self.finish = finish
        self.rule = rule
        self.bound = bound or Bound()
        self.tolerated = list(tolerated)
        self.unlike = unlike

    def our_arguments(self):
        if callable(self.ours):
            self.ours = self.ours()
        return self.ours or (self.args, {**self.settings, **self.tensors})

    def call_torch(self, name, kind, cast=lambda tensor: tensor):
        """The counterpart's result; cast is applied to copies of all tensors."""
        if self.expect is not None:
            return self.expect()
        args = [copy(argument, cast) for argument in self.args]
        settings, tensors = copy(self.settings, cast), copy(self.tensors, cast)
        target = names.resolve(name)
        if target is None:
            raise NotImplementedError("PyTorch does not have it")
        if kind == names.MODULE:
            module = target(**settings).eval()
            for key, tensor in tensors.items():
                wrapped = isinstance(getattr(module, key, None), torch.nn.Parameter) and tensor is not None
                setattr(module, key, torch.nn.Parameter(tensor, False) if wrapped else tensor)
            return module(*args)
        if kind == names.METHOD:
            member = getattr(args[0], name.rsplit(".", 1)[1])
            return member(*args[1:], **settings, **tensors) if callable(member) else member
        return target(*args, **settings, **tensors)


class Bound:
    """How far a float may be off: units in the last place, a part of the largest value, or a number.

    double   units in the last place of a float64; part and absolute are as much smaller as its steps are
    precise  None, or a function of a tensor that makes it a float64: where a float is further off, it
             must be as near to the result of the same call on such tensors as ulps and part say, for
             PyTorch's own float32 functions err too
    """

    def __init__(self, ulps=0, part=0.0, absolute=0.0, double=None, precise=None):
        self.ulps = ulps
        self.part = part
        self.absolute = absolute
        self.double = ulps if double is None else double
        self.precise = precise


def double(tensor):
    return tensor.double() if tensor.is_floating_point() else tensor


def double_all(tensor):
    return tensor.double()


def copy(data, cast=lambda tensor: tensor):
    """Calls in place must not change the arguments."""
    if isinstance(data, torch.Tensor):
        return cast(data.clone())
    if type(data) in (tuple, list):
        return type(data)(copy(item, cast) for item in data)
    if isinstance(data, dict):
        return {key: copy(item, cast) for key, item in data.items()}
    return data


def compares(*operators):
    """Of a function (draw, name) that makes a Trial: it does so for these operators.

    One name of each is enough; the trials go round all the names that the operator has.
    """
    def register(drawer):
        for operator in operators:
            _DRAWERS[operator] = drawer
        return drawer
    return register


def drawer_of(row):
    return next((_DRAWERS[name] for name in row.names if name in _DRAWERS), None)


def unknown(rows):
    """Names that were registered and that no operator has."""
    known = {name for row in rows for name in row.names}
    return sorted(set(_DRAWERS) - known)
