# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reference models put together node by node.

A model is run while it is built: every node has a value, and a quantize takes its scale and zero
point from the values it is to hold. Nodes and attributes get the names that torch's own conversion
would choose, so ``quantize (l)`` reads l_scale_0 and l_zero_point_0.
"""

import contextlib
import operator
import zlib

import torch
from torch import nn
from torch.ao.quantization.fx.graph_module import QuantizedGraphModule
from torch.fx.node import map_arg

from recording import BOTH, Expectation, Reference

UNCHANGED = "unchanged"


class Builder:
    def __init__(self, name, outer=None):
        # Each case has a seed of its own, so that it stays the same when others come or go.
        torch.manual_seed(zlib.crc32(name.encode()))
        self.root = nn.Module()
        self.graph = torch.fx.Graph()
        self.inputs = []
        self.values = {}
        self.qconfig_map = {}
        self.scopes = {}
        self.expectation = Expectation()
        self._scope = ""

    # ---- nodes ----

    def _add(self, operation, target, args, kwargs, value, scope=None):
        node = self.graph.create_node(operation, target, tuple(args), dict(kwargs))
        self.values[node] = value
        self.scopes[node.name] = scope or (self._scope, type(None))
        return node

    def _call(self, operation, target, function, args, kwargs, scope=None):
        real = map_arg((tuple(args), dict(kwargs)), self.values.__getitem__)
        with torch.no_grad():
            value = function(*real[0], **real[1])
        return self._add(operation, target, args, kwargs, value, scope)

    @contextlib.contextmanager
    def scope(self, path):
        outer, self._scope = self._scope, path
        yield
        self._scope = outer

    def input(self, *shape, name="x", value=None):
        """A placeholder; ``shape`` that of random numbers, or ``value`` the tensor itself."""
        value = torch.randn(*shape) if value is None else value
        self.inputs.append(value)
        return self._add("placeholder", name, (), {}, value)

    def attribute(self, name, value):
        """A get_attr of an attribute of the model."""
        if not hasattr(self.root, name):
            self.root.register_buffer(name, value)
        return self._add("get_attr", name, (), {}, getattr(self.root, name))

    def function(self, target, *args, **kwargs):
        return self._call("call_function", target, target, args, kwargs)

    def method(self, name, node, *args, **kwargs):
        def function(this, *rest, **named):
            return getattr(this, name)(*rest, **named)
        return self._call("call_method", name, function, (node,) + args, kwargs)

    def named_method(self, name, function, node, *args):
        """A method of this name that computes what ``function`` does."""
        return self._call("call_method", name, function, (node,) + args, {})

    def module(self, path, module, *args, **kwargs):
        """A call of ``module``, which is put at ``path``; None: of the one that stands there."""
        if module is None:
            module = self.root.get_submodule(path)
        else:
            self.place(path, module)
        return self._call("call_module", path, module.eval(), args, kwargs, (path, type(module)))

    def place(self, path, module):
        parent = self.root
        *parents, name = path.split(".")
        for part in parents:
            if not hasattr(parent, part):
                parent.add_module(part, nn.Module())
            parent = getattr(parent, part)
        parent.add_module(name, module)

    # ---- quantization ----

    def range_of(self, node, dtype=torch.quint8):
        """Scale and zero point that hold the value of ``node`` in half of the steps of ``dtype``.

        Half, as with reduce_range; and an even zero point, so that ties are rounded alike before
        and after it is added.
        """
        value = self.values[node]
        low, high = min(float(value.min()), 0.0), max(float(value.max()), 0.0)
        scale = (high - low) / 126 or 0.1
        zero_point = 2 * round(-low / scale / 2)
        if dtype != torch.quint8:
            zero_point = zero_point - 64
        return float(torch.tensor(scale)), zero_point

    def numbers(self, name, scale, zero_point):
        """The two get_attr nodes that a quantize reads."""
        count = 0
        while hasattr(self.root, "%s_scale_%d" % (name, count)):
            count += 1
        return (self.attribute("%s_scale_%d" % (name, count), torch.tensor(scale)),
                self.attribute("%s_zero_point_%d" % (name, count), torch.tensor(zero_point)))

    def quantize(self, node, like=None, scale=None, zero_point=0, dtype=torch.quint8, nodes=None):
        """A quantize: with the numbers of the quantize ``like``, with given ones, reading the given
        two ``nodes``, or with numbers that fit."""
        if nodes is None:
            if like is not None:
                quantized = self.values[like]
                scale, zero_point = quantized.q_scale(), quantized.q_zero_point()
            elif scale is None:
                scale, zero_point = self.range_of(node, dtype)
            nodes = self.numbers(node.name, scale, zero_point)
        return self.function(torch.quantize_per_tensor, node, *nodes, dtype)

    def dequantize(self, node):
        return self.method("dequantize", node)

    def requantize(self, node, **how):
        return self.dequantize(self.quantize(node, **how))

    def start(self, *shape, name="x"):
        """Dequantize of the quantize of an input."""
        return self.requantize(self.input(*shape, name=name))

    def dynamic(self, node, dtype=torch.quint8, reduce_range=True):
        return self.dequantize(self.function(torch.quantize_per_tensor_dynamic, node, dtype,
                                             reduce_range))

    def weight(self, name, *shape, axis=0, spread=0.3):
        """Dequantize of the quantize of a random weight, per channel or (axis None) per tensor."""
        node = self.attribute(name, torch.randn(*shape) * spread)
        value = self.values[node]
        if axis is None:
            scale = self.attribute(name + "_scale_0", value.abs().max() / 127)
            zero_point = self.attribute(name + "_zero_point_0", torch.tensor(0))
            return self.dequantize(self.function(torch.quantize_per_tensor, node, scale, zero_point,
                                                 torch.qint8))
        scales = value.transpose(0, axis).flatten(1).abs().max(1).values / 127.5
        scale = self.attribute(name + "_scale_0", scales)
        zero_point = self.attribute(name + "_zero_point_0", torch.zeros(len(scales), dtype=torch.int))
        return self.dequantize(self.function(torch.quantize_per_channel, node, scale, zero_point,
                                             axis, torch.qint8))

    # ---- the case ----

    def skip(self, *nodes):
        """No QConfig for these nodes."""
        self.qconfig_map.update((node.name, None) for node in nodes)

    def output(self, value):
        self.graph.output(value)

    def expect(self, text, **how):
        """Expect a graph that is written by hand; UNCHANGED: that of the reference model."""
        self.expectation = Expectation(text, **how)

    def torch_makes(self, modes=BOTH, truth="lowered", **how):
        """Expect what torch makes, in these modes."""
        self.expectation = Expectation(None, modes=modes, truth=truth, **how)

    def finish(self):
        model = QuantizedGraphModule(self.root, self.graph, set()).eval()
        return Reference(model, tuple(self.inputs), self.qconfig_map, self.scopes)


# ---- pieces of expected graphs ----

def quantized(name, source, attribute=None, dtype="quint8"):
    """Lines of a quantize ``name`` of the node ``source``."""
    attribute = attribute or source
    return """
        {0}_s = get_attr("{2}_scale_0")
        {0}_z = get_attr("{2}_zero_point_0")
        {0} = torch.quantize_per_tensor({1}, {0}_s, {0}_z, torch.{3})
        """.format(name, source, attribute, dtype)


def quantized_input(name="x", to="q"):
    """Lines of the quantize ``to`` of an input."""
    return "%s = placeholder()\n%s" % (name, quantized(to, name))


REFERENCE = "torch.ao.nn.quantized.reference."
QUANTIZED = "torch.ao.nn.quantized."
DYNAMIC = "torch.ao.nn.quantized.dynamic."
FUSED = "torch.ao.nn.intrinsic."
FUSED_QUANTIZED = "torch.ao.nn.intrinsic.quantized."
FUSED_DYNAMIC = "torch.ao.nn.intrinsic.quantized.dynamic."

CASES = {}


def case(function):
    """Registers a function that builds a case of its own name with a Builder."""
    def build():
        builder = Builder(function.__name__)
        function(builder)
        return builder.finish(), builder.expectation
    if function.__name__ in CASES:
        raise ValueError("two cases %s" % function.__name__)
    CASES[function.__name__] = build
    return function


__all__ = ["Builder", "CASES", "UNCHANGED", "case", "operator", "quantized", "quantized_input",
           "REFERENCE", "QUANTIZED", "DYNAMIC", "FUSED", "FUSED_QUANTIZED", "FUSED_DYNAMIC"]
