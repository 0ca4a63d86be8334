# SPDX-License-Identifier: LGPL-2.1-or-later
"""Static functionals (pass 5), and the folding of their weights (pass 10)."""

import operator

import torch
import torch.nn.functional as F
from torch import nn

from builder import UNCHANGED, case, quantized, quantized_input


def folded(operator, packed, prefix="", weight="_packed_weight_0", result="y"):
    """Lines of an input, the packed weight, and an operator whose output range is y's."""
    return quantized_input() + """
        p = get_attr("{0}{1}", "{2}PackedParamsBase")
        s = get_attr("{3}_scale_0")
        z = get_attr("{3}_zero_point_0")
        y = torch.ops.quantized.{4}(q, p, s, z)
        """.format(prefix, weight, packed, result, operator)


FINISH = """
    d = y.dequantize()
    output(d)
    """


@case
def f_linear_torch_relu(b):
    bias = b.attribute("bias", torch.randn(7))
    y = b.function(F.linear, b.start(3, 12), b.weight("w", 7, 12, axis=None), bias)
    b.output(b.requantize(b.function(torch.relu, y)))


@case
def f_conv2d_relu_module(b):
    y = b.function(F.conv2d, b.start(2, 4, 7, 5), b.weight("w", 6, 2, 3, 3), None, (1, 1), (0, 0), (2, 1), 2)
    b.output(b.requantize(b.module("r", nn.ReLU(), y)))


@case
def f_conv1d_settings(b):
    """Tuples stay tuples, numbers become some."""
    y = b.function(F.conv1d, b.start(2, 4, 11), b.weight("w", 4, 2, 3), None, (2,), 1, 2, 2)
    b.output(b.requantize(y))


@case
def f_linear_keyword(b):
    """torch leaves the bias with the operator, which has no such argument."""
    bias = b.attribute("bias", torch.randn(7))
    y = b.function(F.linear, b.start(3, 12), b.weight("w", 7, 12), bias=bias)
    b.output(b.requantize(y))
    b.expect(folded("linear", "Linear", result="linear") + FINISH)


@case
def f_conv_keywords(b):
    bias = b.attribute("bias", torch.randn(6))
    y = b.function(F.conv2d, b.start(2, 4, 7, 5), b.weight("w", 6, 4, 3, 3), stride=(1, 2),
                   padding=1, bias=bias)
    b.output(b.requantize(y))
    b.expect(folded("conv2d", "Conv2d", result="conv2d") + FINISH)


@case
def f_conv2d_numbers(b):
    """One number for both dimensions, which torch cannot pack."""
    y = b.function(F.conv2d, b.start(2, 4, 7, 5), b.weight("w", 6, 4, 3, 3), None, 2, 1, 1)
    b.output(b.requantize(b.function(F.relu, y)))
    b.expect(folded("conv2d_relu", "Conv2d", result="relu") + FINISH)


@case
def f_conv1d_keywords(b):
    y = b.function(F.conv1d, b.start(2, 4, 11), b.weight("w", 6, 2, 3), None, stride=2, groups=2)
    b.output(b.requantize(b.function(F.relu, y)))
    b.expect(folded("conv1d_relu", "Conv2d", result="relu") + FINISH)


# ---- transposed convolution, newer than 1.13 ----

@case
def f_conv_transpose1d(b):
    """Numbers become tuples; groups and dilation change places."""
    bias = b.attribute("bias", torch.randn(4))
    weight = b.weight("w", 4, 2, 3, axis=None)
    y = b.function(F.conv_transpose1d, b.start(2, 4, 7), weight, bias, 2, 1, 1, 2, 1)
    b.output(b.requantize(y))
    b.expect(folded("conv_transpose1d", "Conv2d", result="conv_transpose1d") + FINISH)


@case
def f_conv_transpose2d_relu(b):
    """There is no form with relu: it stays, on integers."""
    weight = b.weight("w", 4, 6, 3, 3, axis=None)
    y = b.function(F.conv_transpose2d, b.start(2, 4, 5, 4), weight, None, (2, 1), (1, 1), (1, 0),
                   1, (1, 2))
    b.output(b.requantize(b.function(F.relu, y)))
    b.expect(folded("conv_transpose2d", "Conv2d", result="relu") + """
        r = torch.nn.functional.relu(y)
        d = r.dequantize()
        output(d)
        """)


@case
def f_conv_transpose3d(b):
    """Groups are given, dilation is not; the relu is a module."""
    weight = b.weight("w", 4, 2, 2, 3, 3, axis=None)
    y = b.function(F.conv_transpose3d, b.start(1, 4, 3, 4, 3), weight, None, (1, 1, 1), (0, 1, 1),
                   (0, 0, 0), 2)
    b.output(b.requantize(b.module("r", nn.ReLU(), y)))
    b.expect(folded("conv_transpose3d", "Conv3d", result="r") + """
        r = module["r"](y)
        d = r.dequantize()
        output(d)
        """)


@case
def f_conv_transpose_keywords(b):
    weight = b.weight("w", 4, 6, 3, axis=None)
    y = b.function(F.conv_transpose1d, b.start(2, 4, 7), weight, stride=2, output_padding=1)
    b.output(b.requantize(y))
    b.expect(folded("conv_transpose1d", "Conv2d", result="conv_transpose1d") + FINISH)


# ---- weights that are not plain attributes ----

@case
def f_weight_computed(b):
    """What leads back to attributes only is folded, functions and methods included."""
    raw = b.function(torch.transpose, b.attribute("w", torch.randn(12, 7) * 0.3), 0, 1)
    scale, zero_point = b.numbers("w", 0.01, 0)
    weight = b.function(torch.quantize_per_tensor, raw, scale, zero_point, torch.qint8)
    bias = b.method("mul", b.attribute("bias", torch.randn(7)), 0.5)
    y = b.function(F.linear, b.start(3, 12), b.dequantize(weight), bias)
    b.output(b.requantize(y))


@case
def f_weight_cut(b):
    """Parts that are cut out with brackets are folded, too; one of them for a dynamic linear."""
    rows = b.attribute("rows", torch.randn(9, 12) * 0.3)
    planes = b.attribute("planes", torch.randn(12, 2, 4) * 0.3)
    first, second = (b.function(operator.getitem, rows, index)
                     for index in (slice(None, 7), (slice(1, None, 2), ..., slice(-7, None))))
    third = b.function(operator.getitem, b.function(operator.getitem, planes, (..., None, -1, slice(0, 3))),
                       (slice(None), 0))
    y = b.start(3, 12)
    for i, (weight, spread) in enumerate(((first, 0.01), (second, 0.01))):
        scale, zero_point = b.numbers("w%d" % i, spread, 0)
        weight = b.function(torch.quantize_per_tensor, weight, scale, zero_point, torch.qint8)
        y = b.requantize(b.function(F.linear, y, b.dequantize(weight)))
    scale, zero_point = b.numbers("w2", 0.01, 0)
    weight = b.function(torch.quantize_per_tensor, third, scale, zero_point, torch.qint8)
    x = b.dynamic(b.input(2, 3, name="z"))
    b.output((y, b.function(F.linear, x, b.dequantize(weight))))


@case
def f_weight_from_outside(b):
    """The weight is an input of the model: packed when the model runs."""
    w = b.input(7, 12, name="w")
    scale, zero_point = b.numbers("w", 0.03, 0)
    weight = b.function(torch.quantize_per_tensor, w, scale, zero_point, torch.qint8)
    y = b.function(F.linear, b.start(3, 12), b.dequantize(weight))
    b.output(b.requantize(y))


@case
def f_weight_left(b):
    """A weight that is not quantized; one that is, but outside."""
    plain = b.function(F.linear, b.start(3, 12), b.attribute("w", torch.randn(7, 12)))
    p = b.quantize(plain)
    outside = torch.quantize_per_tensor(torch.randn(5, 7), 0.03, 0, torch.qint8)
    weight = b.dequantize(b.input(name="v", value=outside))
    q = b.quantize(b.function(F.linear, b.dequantize(p), weight))
    b.output(b.dequantize(q))
    b.torch_makes(left={p.name: ["w"], q.name: ["v"]})


@case
def f_weight_read_by_another(b):
    """The weight is read in float as well: its quantize stays for that."""
    weight = b.weight("w", 7, 12, axis=None)
    b.output((b.requantize(b.function(F.linear, b.start(3, 12), weight)),
              b.function(torch.sin, weight)))
    b.expect("""
        w = get_attr("w")
        ws = get_attr("w_scale_0")
        wz = get_attr("w_zero_point_0")
        wq = torch.quantize_per_tensor(w, ws, wz, torch.qint8)
        wd = wq.dequantize()
        """ + folded("linear", "Linear", result="linear") + """
        d = y.dequantize()
        sine = torch.sin(wd)
        output((d, sine))
        """)


@case
def f_linear_shape_read(b):
    """A functional moves behind its output range, so that reading its shape is in the way."""
    y = b.function(F.linear, b.start(3, 12), b.weight("w", 6, 12))
    n = b.method("size", y, 0)
    q = b.quantize(y)
    b.output(b.method("view", b.dequantize(q), n, -1, 2))
    b.expect(UNCHANGED, left={q.name: ["size"]})


# ---- names of packed weights ----

def functional_in(b, scope, x, weight):
    with b.scope(scope):
        y = b.function(F.linear, x, b.weight(weight, 12, 12))
    return b.requantize(y)


@case
def folded_names(b):
    """Scopes that differ in a dot only; two functionals in one scope; a number that is taken."""
    x = b.start(3, 12)
    for scope, weight in (("a.b", "t"), ("a_b", "u"), ("a_b", "v"), ("c", "w")):
        x = functional_in(b, scope, x, weight)
    taken = b.attribute("c_packed_weight_0", torch.randn(12))
    b.output(b.function(torch.mul, x, taken))


@case
def folded_without_scope(b):
    """Nothing is known of where the functional was traced."""
    y = b.function(F.linear, b.start(3, 12), b.weight("w", 7, 12))
    b.scopes.clear()
    b.output(b.requantize(y))
    b.expect(folded("linear", "Linear", result="linear") + FINISH)


@case
def original_weights(b):
    """Keys that fall together get a number; a missing bias is none."""
    x = b.start(3, 12)
    bias = b.attribute("bias", torch.randn(12))
    for scope, given in (("Block 1", {}), ("block1", {"bias": bias}), ("block:1", {})):
        with b.scope(scope):
            y = b.function(F.linear, x, b.weight("w%d" % len(given), 12, 12),
                           *given.values())
        x = b.requantize(y)
    b.output(x)
    attributes = ["Block 1_packed_weight_0", "block1_packed_weight_0", "block:1_packed_weight_0"]
    text, source = quantized_input(), "q"
    for i, name in enumerate(attributes):
        range_name = "linear" + ("_%d" % i if i else "")
        text += """
            p{0} = get_attr("{1}", "LinearPackedParamsBase")
            s{0} = get_attr("{2}_scale_0")
            z{0} = get_attr("{2}_zero_point_0")
            y{0} = torch.ops.quantized.linear({3}, p{0}, s{0}, z{0})
            """.format(i, name, range_name, source)
        source = "y%d" % i
    b.expect(text + """
        d = y2.dequantize()
        output(d)
        """, original_weights={"block1_packed_weight_0": [[12, 12], None],
                               "block1_packed_weight_0_1": [[12, 12], [12]],
                               "block_1_packed_weight_0": [[12, 12], None]})


@case
def dead_code(b):
    """Nodes that nobody reads go, with their attributes and modules."""
    d = b.start(3, 12)
    dead = b.function(torch.sin, b.requantize(b.module("dead", nn.Linear(12, 3), d)))
    b.attribute("unread", torch.randn(3))
    b.method("neg", dead)
    b.function(F.linear, d, b.weight("w", 7, 12))
    b.output(b.function(torch.cos, d))


@case
def dead_code_kept(b):
    """Nobody reads them, and they do something: torch drops those that work in place."""
    x = b.function(torch.mul, b.input(3, 12), 2.0)
    b.function(torch._assert, True, "never")
    b.method("clamp_", x, -1.0, 1.0)
    b.function(operator.setitem, x, 0, 0.5)
    b.method("clamp", x, -0.1, 0.1)
    b.output(b.requantize(x))
    b.expect("""
        x = placeholder()
        y = torch.mul(x, 2.0)
        a = torch._assert(True, "never")
        c = y.clamp_(-1.0, 1.0)
        t = operator.setitem(y, 0, 0.5)
        """ + quantized("q", "y", "mul") + """
        d = q.dequantize()
        output(d)
        """)
