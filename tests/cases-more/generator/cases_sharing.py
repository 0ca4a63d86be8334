# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules that are not alone: other users, several calls, several paths, shared weights."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.ao.nn import intrinsic

from builder import QUANTIZED, REFERENCE, UNCHANGED, case, quantized_input
from weighted import conv, fused, linear


# ---- other users ----

@case
def linear_with_a_float_user(b):
    y = b.module("l", linear(), b.start(3, 12))
    q = b.quantize(y)
    b.output((b.dequantize(q), b.function(torch.sin, y)))
    b.expect(UNCHANGED, left={q.name: ["sin"]})


@case
def relu_with_a_float_user(b):
    y = b.function(F.relu, b.module("c", conv(2), b.start(2, 4, 5, 5)))
    q = b.quantize(y)
    b.output((b.dequantize(q), b.function(torch.sin, y)))
    b.expect(UNCHANGED, left={q.name: ["sin"]})


@case
def linear_changed_in_place(b):
    """The method has no users, and changes what is quantized all the same."""
    y = b.module("l", linear(), b.start(3, 12))
    b.method("clamp_", y, -0.2, 0.3)
    q = b.quantize(y)
    b.output(b.dequantize(q))
    b.expect(UNCHANGED, left={q.name: ["clamp_"]})


@case
def linear_quantized_twice(b):
    """Each of the two quantizes is another user to the other."""
    y = b.module("l", linear(), b.start(3, 12))
    first, second = b.quantize(y), b.quantize(y, scale=0.05, zero_point=60)
    b.output((b.dequantize(first), b.dequantize(second)))
    b.expect(UNCHANGED, left={first.name: [second.name], second.name: [first.name]})


# ---- several calls, several paths ----

@case
def module_called_three_times(b):
    """The first and the third call share a range; l_1 is taken by another module."""
    first = b.quantize(b.module("l", linear(), b.start(3, 12)))
    other = b.quantize(b.module("l_1", linear(), b.dequantize(first)))
    second = b.quantize(b.module("l", None, b.dequantize(other)))
    third = b.quantize(b.module("l", None, b.dequantize(second)), like=first)
    b.output(b.dequantize(third))
    b.expect(quantized_input() + """
        first = module["l"](q)
        other = module["l_1"](first)
        second = module["l_2"](other)
        third = module["l"](second)
        d = third.dequantize()
        output(d)
        """, modules={p: QUANTIZED + "Linear" for p in ("l", "l_1", "l_2")})


@case
def module_called_in_float_too(b):
    """A call that stays float needs the old module where it is."""
    first = b.requantize(b.module("c", conv(2), b.start(2, 4, 5, 5)))
    second = b.module("c", None, b.function(torch.sin, first))
    b.output(second)
    b.expect(quantized_input() + """
        first = module["c_1"](q)
        d = first.dequantize()
        s = torch.sin(d)
        second = module["c"](s)
        output(second)
        """, modules={"c": REFERENCE + "Conv2d", "c_1": QUANTIZED + "Conv2d"})


@case
def weight_shared_by_two_modules(b):
    first, second = linear(), linear()
    second.weight = first.weight
    second.weight_scale = first.weight_scale
    y = b.requantize(b.module("a", first, b.start(3, 12)))
    b.output(b.requantize(b.module("b", second, y)))


@case
def module_under_two_paths(b):
    """Each path gets a module of its own, with its own range."""
    shared = linear()
    y = b.requantize(b.module("a", shared, b.start(3, 12)))
    b.output(b.requantize(b.module("b", shared, y)))


@case
def part_under_another_path(b):
    """What was part 0 of the fused module stays, under the other path."""
    part = linear()
    y = b.requantize(b.module("f", fused(intrinsic.LinearReLU, part, nn.ReLU()), b.start(3, 12)))
    b.output(b.function(torch.sin, b.module("g", part, y)))


@case
def part_registered_first_under_another_path(b):
    part = linear()
    b.place("a", part)
    y = b.requantize(b.module("f", fused(intrinsic.LinearReLU, part, nn.ReLU()), b.start(3, 12)))
    b.output(b.requantize(b.module("a", None, y)))


@case
def shared_scale_nodes(b):
    """The nodes that a quantize reads go when nothing reads them any more, not before."""
    x = b.input(3, 12)
    s, z = b.numbers("shared", 0.05, 64)
    t, w = b.numbers("own", 0.04, 60)
    first = b.quantize(b.module("a", linear(), b.requantize(x, nodes=(s, z))), nodes=(s, z))
    second = b.quantize(b.module("b", linear(), b.dequantize(first)), nodes=(t, w))
    third = b.quantize(b.module("c", linear(), b.dequantize(second)), nodes=(t, w))
    b.output(b.dequantize(third))
    b.expect("""
        x = placeholder()
        s = get_attr("shared_scale_0")
        z = get_attr("shared_zero_point_0")
        q = torch.quantize_per_tensor(x, s, z, torch.quint8)
        first = module["a"](q)
        second = module["b"](first)
        third = module["c"](second)
        d = third.dequantize()
        output(d)
        """, modules={p: QUANTIZED + "Linear" for p in "abc"})
