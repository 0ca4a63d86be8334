# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole models that torch traces and converts, and graphs of odd shapes."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.ao.quantization import (QConfigMapping, default_dynamic_qconfig,
                                   get_default_qconfig_mapping)
from torch.ao.quantization.fx.custom_config import PrepareCustomConfig
from torch.ao.quantization.quantize_fx import prepare_fx

import zlib

import lowerfb_torch
from builder import CASES, QUANTIZED, UNCHANGED, Builder, case, quantized_input
from recording import Expectation, Reference
from weighted import conv, linear


def traced(name, *shapes, expectation=None, mapping=None, custom=None, convert=None):
    """Registers a model that torch traces, calibrates and converts."""
    def register(build):
        def make():
            torch.manual_seed(zlib.crc32(name.encode()))
            inputs = tuple(torch.randn(shape) for shape in shapes)
            wanted = mapping() if mapping else get_default_qconfig_mapping("fbgemm")
            prepared = prepare_fx(build().eval(), wanted, inputs, custom() if custom else None)
            for _ in range(4):
                prepared(*(torch.randn(shape) for shape in shapes))
            converted = lowerfb_torch.convert(prepared)
            example = convert(*inputs) if convert else inputs
            return Reference(converted[0], example, *converted[1:]), expectation or Expectation()
        if name in CASES:
            raise ValueError("two cases %s" % name)
        CASES[name] = make
        return build
    return register


# ---- traced ----

@traced("nested_modules", (2, 4, 7, 7))
class Nested(nn.Module):
    """Lists, dicts and sequences of modules, and the same names at different depths."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(4, 6, 3), nn.Sequential(nn.BatchNorm2d(6), nn.ReLU()))
        self.blocks = nn.ModuleList([nn.Sequential(nn.Conv2d(6, 6, 1), nn.ReLU6()) for _ in "ab"])
        self.heads = nn.ModuleDict({"left": nn.Linear(6, 3), "right": nn.Linear(6, 2)})

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        x = x.mean((2, 3))
        return {name: head(x) for name, head in self.heads.items()}


@traced("relu6_chain", (1, 4, 7, 7))
class Chain(nn.Module):
    """Copying operators one behind the other, the functions in place."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 6, 1)
        self.six = nn.ReLU6(inplace=True)

    def forward(self, x):
        x = F.relu6(F.hardtanh(self.six(self.a(x)), -1.0, 4.0), inplace=True)
        return self.six(F.max_pool2d(self.six(self.b(x)), 3, 2))


@traced("chunk_both_lowered", (2, 8, 5, 5))
class Chunks(nn.Module):
    """Halves that go different ways and come together again."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(8, 8, 1), nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        halves = self.a(x).chunk(2, dim=1)
        return torch.cat([self.b(halves[0]), F.relu(self.c(halves[1]))], 1)


@traced("view_of_lowered_size", (3, 4, 6, 6))
class View(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.l = nn.Conv2d(4, 4, 3), nn.Linear(16, 5)

    def forward(self, x):
        x = F.max_pool2d(self.a(x), 2)
        return self.l(x.view(x.size(0), -1))


@traced("tuples_and_dicts", (2, 12), (2, 12))
class Structures(nn.Module):
    """Outputs in outputs, with numbers and none among them."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(12, 6), nn.Linear(12, 6)

    def forward(self, x, y):
        p, q = self.a(x), self.b(y)
        pair = (p, {"sum": p + q, "list": [q, (F.relu(p * q), None, 3)]})
        return pair, {"again": pair[0], "scale": 0.5}


class Scaled(nn.Module):
    """A linear function whose weight and bias are attributes of an inner module."""

    def __init__(self):
        super().__init__()
        self.w, self.b = nn.Parameter(torch.randn(12, 12) * 0.3), nn.Parameter(torch.randn(12))

    def forward(self, x):
        return F.relu(F.linear(x, self.w, self.b))


@traced("nested_functionals", (3, 12))
def nested_functionals():
    """The packed weights are named after the modules in which the functions stand."""
    return nn.Sequential(Scaled(), nn.Sequential(nn.Linear(12, 12), Scaled()))


def quantized_ends():
    return PrepareCustomConfig().set_input_quantized_indexes([0]).set_output_quantized_indexes([0])


@traced("quantized_ends", (2, 4, 5, 5), custom=quantized_ends,
        convert=lambda x: (torch.quantize_per_tensor(x, 0.05, 64, torch.quint8),))
class Ends(nn.Module):
    """Quantized tensors go in and come out."""

    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(4, 6, 3)

    def forward(self, x):
        return F.relu(self.a(x)).flatten(1)


def recurrent_mapping():
    mapping = QConfigMapping().set_global(None)
    for cls in (nn.Linear, nn.LSTM):
        mapping.set_object_type(cls, default_dynamic_qconfig)
    return mapping


@traced("lstm_tagger", (5, 2, 12), mapping=recurrent_mapping,
        expectation=Expectation(tolerance=0.01))
class Tagger(nn.Module):
    """What an LSTM gives is taken apart, and each part goes on."""

    def __init__(self):
        super().__init__()
        self.lstm, self.tag, self.last = nn.LSTM(12, 6), nn.Linear(6, 4), nn.Linear(6, 3)

    def forward(self, x):
        found = self.lstm(x)
        states = found[1]
        return self.tag(found[0]), self.last(states[0][-1]), states[1]


# ---- modules that are graphs ----

class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.c, self.d = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        return self.d(F.relu(self.c(x))) + x


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.inner, self.b = nn.Conv2d(4, 4, 1), Inner(), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        return self.b(self.inner(self.a(x)))


def standalone(inner):
    mapping = get_default_qconfig_mapping("fbgemm")
    return PrepareCustomConfig().set_standalone_module_name(
        "inner", mapping, (torch.randn(2, 4, 5, 5),), inner, None)


@traced("standalone_float", (2, 4, 5, 5), custom=lambda: standalone(PrepareCustomConfig()))
def standalone_float():
    """A module that is a graph, between dequantize and quantize."""
    return Outer()


@traced("standalone_quantized", (2, 4, 5, 5), custom=lambda: standalone(quantized_ends()))
def standalone_quantized():
    """A module that is a graph and takes and gives integers."""
    return Outer()


@case
def standalone_without_maps(b):
    """Inside a module that is a graph, in another; what the outer map says is not for it."""
    inner = Builder("inner")
    inner.output(inner.requantize(inner.module("l", linear(), inner.start(3, 12))))
    middle = Builder("middle")
    y = middle.module("inner", inner.finish().model, middle.input(3, 12))
    middle.output(middle.requantize(middle.module("l", linear(), middle.requantize(y))))
    y = b.module("middle", middle.finish().model, b.input(3, 12))
    l = b.module("l", linear(), b.requantize(y))
    b.skip(l)
    b.output(b.requantize(l))
    lowered = quantized_input() + """
        y = module["l"](q)
        d = y.dequantize()
        output(d)
        """
    b.expect(UNCHANGED, graphs={"middle": Expectation("""
        x = placeholder()
        y = module["inner"](x)
        s = get_attr("inner_scale_0")
        z = get_attr("inner_zero_point_0")
        q = torch.quantize_per_tensor(y, s, z, torch.quint8)
        l = module["l"](q)
        d = l.dequantize()
        output(d)
        """, modules={"l": QUANTIZED + "Linear"}, graphs={
            "inner": Expectation(lowered, modules={"l": QUANTIZED + "Linear"})})})


# ---- names ----

def lowered_functional(name, function, source, weight, packed):
    """Lines of the functional ``function`` of the quantized node ``source``."""
    return """
        {0}_w = get_attr("{3}", "{4}PackedParamsBase")
        {0}_s = get_attr("{1}_scale_0")
        {0}_z = get_attr("{1}_zero_point_0")
        {0} = torch.ops.quantized.{1}({2}, {0}_w, {0}_s, {0}_z)
        """.format(name, function, source, weight, packed)


@case
def names_of_functional(b):
    """Functions that have two names, under the one that torch's exporter does not write."""
    c = b.quantize(b.function(F.conv1d, b.start(2, 4, 9, name="x"), b.weight("w", 4, 4, 3)))
    p = b.quantize(b.function(F.avg_pool1d, b.dequantize(c), 3), like=c)
    p = b.quantize(b.function(F.adaptive_avg_pool1d, b.dequantize(p), 3), like=c)
    t = b.quantize(b.function(F.conv_transpose1d, b.dequantize(p), b.weight("u", 4, 4, 3, axis=None)))
    y = b.quantize(b.input(2, 4, 4, 4, name="y"))
    s = b.quantize(b.function(torch.channel_shuffle, b.dequantize(y), 2), like=y)
    s = b.quantize(b.function(torch.pixel_shuffle, b.dequantize(s), 2), like=y)
    s = b.quantize(b.function(torch.pixel_unshuffle, b.dequantize(s), 2), like=y)
    s = b.quantize(b.function(F.avg_pool2d, b.dequantize(s), 3), like=y)
    l = b.requantize(b.function(F.linear, b.start(3, 12, name="v"), b.weight("t", 5, 12)))
    b.output((b.dequantize(t), b.dequantize(s), l))
    renamed = {"torch." + name: "torch.nn.functional." + name for name in
               ("conv1d", "avg_pool1d", "adaptive_avg_pool1d", "conv_transpose1d",
                "channel_shuffle", "pixel_shuffle", "pixel_unshuffle")}
    renamed.update({"torch.nn.functional." + name: "torch._C._nn." + name
                    for name in ("avg_pool2d", "linear")})
    b.expect(quantized_input() + lowered_functional("c", "conv1d", "q", "_packed_weight_0", "Conv2d")
             + """
        p = torch.nn.functional.avg_pool1d(c, 3)
        a = torch.nn.functional.adaptive_avg_pool1d(p, 3)
        """ + lowered_functional("t", "conv_transpose1d", "a", "_packed_weight_1", "Conv2d")
             + quantized_input("y", "r") + """
        s1 = torch.nn.functional.channel_shuffle(r, 2)
        s2 = torch.nn.functional.pixel_shuffle(s1, 2)
        s3 = torch.nn.functional.pixel_unshuffle(s2, 2)
        s4 = torch._C._nn.avg_pool2d(s3, 3)
        """ + quantized_input("v", "o")
             + lowered_functional("l", "linear", "o", "_packed_weight_2", "Linear") + """
        ld = l.dequantize()
        td = t.dequantize()
        sd = s4.dequantize()
        output((td, sd, ld))
        """, names=renamed)


# ---- odd shapes ----

@case
def empty_graph(b):
    b.output(b.input(2, 3))


@case
def empty_graph_of_structures(b):
    x, y = b.input(2, 3), b.input(3, name="y")
    b.output({"first": (x, [y, x]), "second": None})


@case
def nothing_to_lower(b):
    """A float model, without a quantize in it."""
    y = b.module("c", nn.Conv2d(4, 6, 3), b.input(2, 4, 5, 5))
    y = b.module("b", nn.BatchNorm2d(6), y)
    b.output(b.module("l", nn.Linear(6, 2), b.method("mean", b.function(F.relu, y), (2, 3))))


@case
def only_quantized(b):
    """Quantized and dequantized, and nothing between."""
    d = b.start(2, 3)
    b.output((d, b.requantize(b.requantize(d), scale=0.2, zero_point=10)))


@case
def one_quantize_many_users(b):
    """Each user has a dequantize of its own."""
    q = b.quantize(b.input(2, 4, 5, 5))
    c = b.requantize(b.module("c", conv(2), b.dequantize(q)))
    e = b.requantize(b.module("e", conv(2), b.dequantize(q)))
    p = b.requantize(b.function(F.max_pool2d, b.dequantize(q), 3, 1, 1), like=q)
    total = b.requantize(b.function(torch.add, b.requantize(b.function(torch.add, c, e)), p))
    b.output((total, b.function(torch.sin, b.dequantize(q)), q))


@case
def shared_dequantize(b):
    """One dequantize for all users, also after lowering."""
    d = b.start(2, 4, 5, 5)
    c = b.requantize(b.module("c", conv(2), d))
    total = b.requantize(b.function(torch.add, c, d))
    s = b.requantize(b.function(torch.sigmoid, d), scale=1 / 256)
    b.output((total, s, d))
