# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every operator once more: what its result shares with its arguments, and where it lies in memory.

The result of an operator is written to; then the arguments have to be what PyTorch makes of them.
And the result is written to once more, reshaped, which reaches it if PyTorch can reshape it without
copying it. The arguments are those that the operators are compared with.
"""

import collections

import numpy
import torch
from comparison import names
from comparison.convert import describe, native
from comparison.draw import Draw
from comparison.trial import copy, drawer_of
from gi.repository import GLib, Lfb

# What a session cannot tell; that it says so is no fault.
_REFUSED = ("it updates the running statistics", "it cannot be told whether that reaches", "which is read later, may be the same tensor",
            "may not be row-major in PyTorch")


class Different(Exception):
    pass


def _tensors(data):
    if isinstance(data, torch.Tensor):
        return [data]
    if isinstance(data, (list, tuple)):
        return [tensor for item in data for tensor in _tensors(item)]
    return []


def _replace(data, tensors):
    """The arguments with an item of an iterator in place of each tensor."""
    if isinstance(data, torch.Tensor):
        return next(tensors)
    if isinstance(data, (list, tuple)) and not isinstance(data, torch.Size):
        return type(data)(_replace(item, tensors) for item in data)
    return data


def _same(ours, theirs):
    theirs = theirs.detach().contiguous()
    theirs = theirs.int_repr() if theirs.is_quantized else theirs
    if theirs.dtype == torch.bfloat16:
        theirs = theirs.view(torch.int16)
    data = ours.numpy()
    return data.shape == tuple(theirs.shape) and data.tobytes() == numpy.ascontiguousarray(theirs.numpy()).tobytes()


class _Call:
    """One call, here and there. Of a result that is a list or tuple, an item is looked at."""

    def __init__(self, name, kind, trial, item):
        self.name, self.kind, self.item = name, kind, item
        self.args, self.settings, self.weights = trial.args, trial.settings, trial.tensors
        self.tensors = _tensors(list(self.args))

    def torch(self, reshaped):
        """(arguments, result) after the writes."""
        args = copy(self.args)
        settings, weights = copy(self.settings), copy(self.weights)
        target = names.resolve(self.name)
        if self.kind == names.MODULE:
            module = target(**settings).eval()
            for key, tensor in weights.items():
                wrapped = isinstance(getattr(module, key, None), torch.nn.Parameter) and tensor is not None
                setattr(module, key, torch.nn.Parameter(tensor, False) if wrapped else tensor)
            result = module(*args)
        elif self.kind == names.METHOD:
            member = getattr(args[0], self.name.rsplit(".", 1)[1])
            result = member(*args[1:], **settings, **weights) if callable(member) else member
        else:
            result = target(*args, **settings, **weights)
        self.list = isinstance(result, (list, tuple))
        result = result[self.item] if self.list else result
        if not isinstance(result, torch.Tensor):
            return _tensors(list(args)), None
        self.method = "relu_" if result.is_quantized else "zero_"
        getattr(result.reshape(-1) if reshaped else result, self.method)()
        return _tensors(list(args)), result

    def _graph(self, writes, reshaped):
        graph = Lfb.Graph()
        inputs = [graph.create_node(Lfb.Op.PLACEHOLDER, "x%d" % index) for index in range(len(self.tensors))]
        args = native(list(_replace(list(self.args), iter(inputs))))
        settings = native({**self.settings, **self.weights})
        model = Lfb.GraphModule.new(graph)
        if self.kind == names.MODULE:
            given = {key: Lfb.Tensor(value.detach()) for key, value in self.weights.items() if value is not None}
            model.set_module("m", Lfb.Module(self.name, native(self.settings), given))
            node = graph.create_node(Lfb.Op.CALL_MODULE, "m", args)
        elif self.kind == names.METHOD:
            node = graph.create_node(Lfb.Op.CALL_METHOD, self.name.rsplit(".", 1)[1], args, settings)
        else:
            node = graph.create_node(Lfb.Op.CALL_FUNCTION, self.name, args, settings)
        if not writes:
            graph.create_node(Lfb.Op.OUTPUT, "output", [inputs])
            return model
        if self.list:
            node = graph.create_node(Lfb.Op.CALL_FUNCTION, "operator.getitem", [node, self.item])
        written = graph.create_node(Lfb.Op.CALL_METHOD, "reshape", [node, -1]) if reshaped else node
        graph.create_node(Lfb.Op.CALL_METHOD, self.method, [written])
        graph.create_node(Lfb.Op.OUTPUT, "output", [[*inputs, node]])
        return model

    def ours(self, writes, reshaped):
        model = self._graph(writes, reshaped)
        return Lfb.Session(model).run([Lfb.Tensor(tensor.contiguous()) for tensor in self.tensors])

    def check(self, reshaped):
        """Whether there was something to compare with; raises Different."""
        before = [tensor.clone() for tensor in self.tensors]
        try:
            self.ours(False, False)
        except GLib.Error:  # arguments that are refused end some of PyTorch's operators with a signal
            return "skipped"
        try:
            theirs, result = self.torch(reshaped)
        except Exception:  # what PyTorch refuses is compared elsewhere
            return "skipped"
        try:
            ours = self.ours(result is not None, reshaped)
        except GLib.Error as error:
            return "refused" if any(text in error.message for text in _REFUSED) else "skipped"
        for index, (mine, other) in enumerate(zip(ours, theirs)):
            if not _same(mine, other):
                raise Different("argument %d is %s, PyTorch's %s; it was %s" %
                                (index, describe(mine), describe(other), describe(before[index])))
        if reshaped and result is not None and not result.is_quantized:
            zero = not ours[-1].numpy().any()
            if zero != (not (result != 0).any().item()):
                raise Different("a write to the reshaped result %s it, PyTorch's %s" %
                                (("reaches", "does not") if zero else ("does not reach", "does")))
        return "compared"


def _usable(trial):
    return (trial is not None and trial.expect is None and trial.ours is None and trial.args and
            all(tensor.is_contiguous() and tensor.numel() for tensor in _tensors(list(trial.args))))


def compare(rows, count):
    """(lines to print, how many failed)"""
    total, lines, failed = collections.Counter(), [], 0
    for row in rows:
        drawer = drawer_of(row)
        if drawer is None:
            continue
        seen = collections.Counter()
        for number in range(count * max(len(row.known), 1)):
            name = row.known[number % len(row.known)] if row.known else None
            trial = drawer(Draw("effects:%s:%d" % (row.title, number)), name) if name else None
            if not _usable(trial):
                continue
            for reshaped in (False, True):
                call = _Call(name, row.kinds[name], trial, number // len(row.known) % 2 - 1)
                try:
                    seen[call.check(reshaped)] += 1
                except Different as error:
                    failed += 1
                    seen["failed"] += 1
                    if seen["failed"] < 3:
                        lines.append("%s %d%s: %s" % (name, number, ", reshaped" if reshaped else "", error))
        total.update(seen)
        total["operators"] += seen["compared"] > 0
        if seen["refused"]:
            lines.append("%s: %d of %d cannot be told" % (row.title, seen["refused"], sum(seen.values())))
    lines.append("%d operators: %d writes to results compared, %d refused, %d skipped, %d failed" %
                 (total["operators"], total["compared"], total["refused"], total["skipped"], failed))
    return lines, failed, total
