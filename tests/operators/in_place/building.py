# SPDX-License-Identifier: LGPL-2.1-or-later
"""Graphs of torch.fx, put together call by call, which PyTorch runs while they are made.

A name holds a node and the tensor that PyTorch made of it, so that what follows can be chosen by
its shape. Inputs and attributes are copied: what is written to them here is not kept.
"""

import torch
from torch import fx


class Name:
    def __init__(self, node, value):
        self.node = node
        self.value = value


def _each(data, part):
    if isinstance(data, Name):
        return getattr(data, part)
    if isinstance(data, (list, tuple)):
        return type(data)(_each(item, part) for item in data)
    if isinstance(data, slice):
        return slice(_each(data.start, part), _each(data.stop, part), _each(data.step, part))
    if isinstance(data, dict):
        return {key: _each(item, part) for key, item in data.items()}
    return data


def nodes(data):
    return _each(data, "node")


def values(data):
    return _each(data, "value")


class Builder:
    def __init__(self):
        self.root = torch.nn.Module()
        self.graph = fx.Graph()
        self.inputs = []
        self._attributes = {}
        self._modules = 0

    def input(self, value):
        self.inputs.append(value)
        return Name(self.graph.placeholder("x%d" % len(self.inputs)), value.clone())

    def attribute(self, path, value=None):
        """A buffer; without a value, one more node for one that there is."""
        if value is not None:
            self.root.register_buffer(path, value)
            self._attributes[path] = value.clone()
        return Name(self.graph.get_attr(path), self._attributes[path])

    def weight_of(self, path):
        """The weight of a module, as it is: for graphs that are to be refused."""
        return Name(self.graph.get_attr(path + ".weight"), self.root.get_submodule(path).weight.detach().clone())

    def call(self, function, *args, **kwargs):
        value = function(*values(args), **values(kwargs))
        return Name(self.graph.call_function(function, nodes(args), nodes(kwargs)), value)

    def method(self, name, *args, **kwargs):
        value = getattr(args[0].value, name)(*values(args[1:]), **values(kwargs))
        return Name(self.graph.call_method(name, nodes(args), nodes(kwargs)), value)

    def module(self, module, *args, **kwargs):
        path = "m%d" % self._modules
        self._modules += 1
        self.root.add_module(path, module.eval())
        return self.again(path, *args, **kwargs)

    def again(self, path, *args, **kwargs):
        value = self.root.get_submodule(path)(*values(args), **values(kwargs))
        return Name(self.graph.call_module(path, nodes(args), nodes(kwargs)), value)

    def finish(self, outputs):
        """The model, and its outputs by PyTorch, as they are at the end of the run."""
        self.graph.output(nodes(outputs))
        self.graph.lint()
        return fx.GraphModule(self.root, self.graph), list(_tensors(values(outputs)))


def _tensors(data):
    if isinstance(data, torch.Tensor):
        yield data
    elif isinstance(data, (int, float)):
        yield torch.tensor(data, dtype=torch.int64 if isinstance(data, int) else torch.float64)
    else:
        for item in data:
            yield from _tensors(item)
