# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules with weights: static (pass 1), with two inputs (pass 2), weight-only (pass 4)."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.ao.nn import intrinsic

import newer
from builder import FUSED_QUANTIZED, QUANTIZED, UNCHANGED, case, quantized_input
from weighted import conv, embedding, fused, linear, referenced


# ---- a relu that is a node of its own: torch loses it ----

@case
def linear_then_relu_module(b):
    y = b.module("r", nn.ReLU(), b.module("l", linear(), b.start(3, 12)))
    b.output(b.requantize(y))
    b.expect(quantized_input() + """
        y = module["l"](q)
        d = y.dequantize()
        output(d)
        """, modules={"l": FUSED_QUANTIZED + "LinearReLU"})


def conv_then_relu(b, n_dims, relu):
    shape = (2, 4) + (9, 7, 5)[:n_dims]
    y = b.function(relu, b.module("c", conv(n_dims, 4, 6), b.start(*shape)))
    b.output(b.requantize(y))
    b.expect(quantized_input() + """
        y = module["c"](q)
        d = y.dequantize()
        output(d)
        """, modules={"c": FUSED_QUANTIZED + "ConvReLU%dd" % n_dims})


@case
def conv1d_then_torch_relu(b):
    conv_then_relu(b, 1, torch.relu)


@case
def conv2d_then_relu(b):
    conv_then_relu(b, 2, F.relu)


@case
def conv3d_then_torch_relu(b):
    conv_then_relu(b, 3, torch.relu)


@case
def fused_relu_then_relu(b):
    """A second relu changes nothing, so that torch may lose it."""
    outputs = []
    for n_dims, shape in enumerate(((2, 4, 9), (2, 4, 7, 5), (1, 4, 5, 4, 3)), 1):
        cls = getattr(intrinsic, "ConvReLU%dd" % n_dims)
        relued = fused(cls, conv(n_dims), nn.ReLU())
        y = b.module("c%d" % n_dims, relued, b.start(*shape, name="x%d" % n_dims))
        outputs.append(b.requantize(b.function(F.relu, y)))
    y = b.module("l", fused(intrinsic.LinearReLU, linear(), nn.ReLU()), b.start(3, 12, name="v"))
    outputs.append(b.requantize(b.module("r", nn.ReLU(), y)))
    b.output(tuple(outputs))


@case
def relu_shape_read(b):
    """What reads the shape of the relu reads that of the module that swallows it."""
    y = b.function(F.relu, b.module("l", linear(), b.start(3, 12)))
    n = b.method("size", y, 0)
    b.output(b.method("view", b.requantize(y), n, -1, 2))
    b.expect(quantized_input() + """
        y = module["l"](q)
        n = y.size(0)
        d = y.dequantize()
        v = d.view(n, -1, 2)
        output(v)
        """, modules={"l": FUSED_QUANTIZED + "LinearReLU"})


@case
def linear_shape_read(b):
    """A module stays where it is, so that its shape can be read all the same."""
    y = b.module("l", linear(), b.start(3, 12))
    n = b.method("size", y, 0)
    b.output(b.method("view", b.requantize(y), n, -1, 2))


# ---- the other fused modules, newer than 1.13 ----

@case
def linear_leaky_relu(b):
    leaky = fused(newer.LinearLeakyReLU, linear(12, 7), nn.LeakyReLU(0.2))
    b.output(b.requantize(b.module("l", leaky, b.start(3, 12))))
    b.expect(quantized_input() + """
        y = module["l"](q)
        d = y.dequantize()
        output(d)
        """, modules={"l": FUSED_QUANTIZED + "LinearLeakyReLU"})


@case
def linear_tanh(b):
    tanh = fused(newer.LinearTanh, linear(12, 7), nn.Tanh())
    b.output(b.requantize(b.module("l", tanh, b.start(3, 12))))
    b.expect(quantized_input() + """
        y = module["l"](q)
        d = y.dequantize()
        output(d)
        """, modules={"l": FUSED_QUANTIZED + "LinearTanh"})


@case
def leaky_relu_and_tanh_then_relu(b):
    """There is no int8 module that does both."""
    d = b.start(3, 12)
    y = b.module("l", fused(newer.LinearLeakyReLU, linear(), nn.LeakyReLU(0.2)), d)
    p = b.quantize(b.function(F.relu, y))
    t = b.module("t", fused(newer.LinearTanh, linear(), nn.Tanh()), b.dequantize(p))
    q = b.quantize(b.module("r", nn.ReLU(), t))
    b.output(b.dequantize(q))
    b.expect(UNCHANGED, left={p.name: ["l"], q.name: ["t"]})


# ---- what does not match ----

@case
def fused_with_a_float_part(b):
    """Its part 0 is no reference module: nothing quantized the weight."""
    plain = intrinsic.LinearReLU(nn.Linear(12, 7), nn.ReLU())
    q = b.quantize(b.module("l", plain, b.start(3, 12)))
    b.output(b.dequantize(q))
    b.torch_makes(left={q.name: []})


@case
def input_given_by_keyword(b):
    module = linear()
    module.__class__ = newer.NamedInputLinear
    q = b.quantize(b.module("l", module, input=b.start(3, 12)))
    b.output(b.dequantize(q))
    b.expect(UNCHANGED, left={q.name: ["l"]})


@case
def conv_padding_same(b):
    """Settings that torch's int8 modules cannot take, so that its lowering stops."""
    c = nn.Conv2d(4, 6, (3, 4), padding="same", dilation=(2, 1))
    b.output(b.requantize(b.module("c", referenced(c), b.start(2, 4, 6, 5))))
    b.expect(quantized_input() + """
        y = module["c"](q)
        d = y.dequantize()
        output(d)
        """, modules={"c": QUANTIZED + "Conv2d"})


# ---- two inputs, newer than 1.13 ----

def conv_and(cls):
    return fused(cls, conv(2))


@case
def conv_add(b):
    x, y = b.start(2, 4, 5, 5), b.start(2, 4, 5, 5, name="y")
    b.output(b.requantize(b.module("c", conv_and(newer.ConvAdd2d), x, y)))
    b.expect(quantized_input() + quantized_input("y", "p") + """
        z = module["c"](q, p)
        d = z.dequantize()
        output(d)
        """, modules={"c": FUSED_QUANTIZED + "ConvAdd2d"})


@case
def conv_add_relu(b):
    """The second operand is the first, through one dequantize."""
    x = b.start(2, 4, 5, 5)
    b.output(b.requantize(b.module("c", conv_and(newer.ConvAddReLU2d), x, x)))
    b.expect(quantized_input() + """
        z = module["c"](q, q)
        d = z.dequantize()
        output(d)
        """, modules={"c": FUSED_QUANTIZED + "ConvAddReLU2d"})


@case
def conv_add_left(b):
    x = b.start(2, 4, 5, 5)
    relu = b.function(F.relu, b.module("relued", conv_and(newer.ConvAdd2d), x, x))
    skipped = b.module("skipped", conv_and(newer.ConvAdd2d), x, x)
    sine = b.function(torch.sin, x)
    float_operand = b.module("mixed", conv_and(newer.ConvAdd2d), x, sine)
    float_part = b.module("plain", newer.ConvAdd2d(nn.Conv2d(4, 4, 1)), x, x)
    found = [b.quantize(y) for y in (relu, skipped, float_operand, float_part)]
    b.skip(skipped)
    b.output(tuple(b.dequantize(q) for q in found))
    names = [["relued"], ["skipped"], ["sin"], []]
    b.expect(UNCHANGED, left={q.name: reason for q, reason in zip(found, names)})


@case
def conv_add_keyword(b):
    x = b.start(2, 4, 5, 5)
    q = b.quantize(b.module("c", conv_and(newer.ConvAdd2d), x, y=x))
    b.output(b.dequantize(q))
    b.expect(UNCHANGED, left={q.name: ["c"]}, runs=False)


# ---- weight only ----

def indices(b, *shape):
    return b.input(name="i", value=torch.randint(0, 10, shape))


@case
def embedding_2bit(b):
    b.output(b.module("e", newer.Embedding2Bit(10, 16), indices(b, 4, 3)))
    b.expect("""
        i = placeholder()
        y = module["e"](i)
        output(y)
        """, modules={"e": QUANTIZED + "Embedding"})


@case
def embedding_4bit_odd_width(b):
    """torch's kernel gives a column too many."""
    b.output(b.module("e", embedding(10, 7, torch.quint4x2), indices(b, 4, 3)))
    b.torch_makes(truth="reference")


@case
def embedding_settings(b):
    """Lowered whatever the map of QConfigs says; torch's kernel forgets max_norm."""
    y = b.module("e", embedding(10, 16, padding_idx=3, max_norm=1.5), indices(b, 4, 3))
    b.skip(y)
    b.output(y)
    b.torch_makes(truth="reference")


def bag(b, **settings):
    offsets = b.input(name="o", value=torch.tensor([0, 3, 3, 7]))
    y = b.module("e", embedding(10, 16, bag=True, **settings), indices(b, 9), offsets)
    b.output(y)


@case
def embedding_bag_mean(b):
    """torch's kernel sums."""
    bag(b, mode="mean")
    b.torch_makes(truth="reference")


@case
def embedding_bag_max(b):
    """torch's kernel sums."""
    bag(b, mode="max")
    b.torch_makes(truth="reference")


@case
def embedding_bag_max_norm(b):
    """torch's kernel forgets max_norm."""
    bag(b, mode="sum", max_norm=1.0, dtype=torch.quint4x2)
    b.torch_makes(truth="reference")


@case
def embedding_bag_weights_by_keyword(b):
    offsets = b.input(name="o", value=torch.tensor([0, 3, 3, 7, 9]))
    weights = b.input(name="w", value=torch.rand(9))
    e = embedding(10, 16, bag=True, mode="sum", include_last_offset=True)
    b.output(b.module("e", e, indices(b, 9), offsets, per_sample_weights=weights))


# ---- skipped ----

@case
def skipped_modules(b):
    """No QConfig: passes 1, 5 and 7 leave the node, also behind a relu."""
    d = b.start(3, 12)
    l = b.module("l", linear(), d)
    r = b.module("m", linear(), b.requantize(l))
    f = b.function(F.linear, b.requantize(b.function(F.relu, r)), b.weight("w", 12, 12))
    s = b.function(torch.add, b.requantize(f), d)
    b.skip(l, r, f, s)
    q = b.quantize(s)
    b.output(b.dequantize(q))
    b.torch_makes(left={l.name: ["l"], q.name: ["add"]})
