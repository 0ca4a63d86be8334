# SPDX-License-Identifier: LGPL-2.1-or-later
"""What output ranges and inputs may be: patterns that have to stay (passes 1, 5, 7, 9)."""

import operator

import torch
import torch.nn.functional as F
from torch import nn
from torch.ao.nn import quantized as torch_quantized

from builder import UNCHANGED, case, quantized, quantized_input
from cases_operators import SIGMOID, TANH
from weighted import linear

HALF = torch.float16


def one_of_each(b, d, requantize):
    """Operators with an output range, of every pass that makes them; {quantize: operator}."""
    operators = [b.module("l", linear(), d), b.function(F.linear, d, b.weight("w", 12, 12)),
                 b.function(operator.add, d, d), b.function(F.hardswish, d, inplace=False),
                 b.module("elu", nn.ELU(), d)]
    quantizes = {requantize(node): node for node in operators}
    b.output(tuple(b.dequantize(q) for q in quantizes))
    return quantizes


def left_for(quantizes, *more):
    return {q.name: [node.name, *more] for q, node in quantizes.items()}


@case
def output_scale_is_a_number(b):
    """The numbers stand in the quantize itself: torch fails an assertion."""
    found = one_of_each(b, b.start(3, 12), lambda y: b.quantize(y, nodes=(0.05, 64)))
    b.expect(UNCHANGED, left=left_for(found))


@case
def output_scale_is_computed(b):
    scale, zero_point = b.numbers("given", 0.1, 64)
    half = b.function(operator.mul, scale, 0.5)
    found = one_of_each(b, b.start(3, 12), lambda y: b.quantize(y, nodes=(half, zero_point)))
    b.expect(UNCHANGED, left=left_for(found))


@case
def output_is_qint8(b):
    """torch emits kernels that make quint8."""
    found = one_of_each(b, b.start(3, 12), lambda y: b.quantize(y, dtype=torch.qint8))
    b.expect(UNCHANGED, left=left_for(found))


@case
def output_is_qint32(b):
    found = one_of_each(b, b.start(3, 12),
                        lambda y: b.quantize(y, dtype=torch.qint32, scale=1e-4))
    b.expect(UNCHANGED, left=left_for(found))


@case
def input_is_qint8(b):
    q = b.quantize(b.input(3, 12), dtype=torch.qint8)
    found = one_of_each(b, b.dequantize(q), b.quantize)
    b.expect(UNCHANGED, left=left_for(found, q.name))


@case
def input_is_per_channel(b):
    scales = b.attribute("scales", torch.linspace(0.03, 0.06, 12))
    zeros = b.attribute("zeros", torch.full((12,), 64))
    q = b.function(torch.quantize_per_channel, b.input(3, 12), scales, zeros, 1, torch.quint8)
    found = one_of_each(b, b.dequantize(q), b.quantize)
    b.expect(UNCHANGED, left=left_for(found, q.name))


@case
def fixed_range_is_another(b):
    """Sigmoid and tanh with scales and zero points, or a type, that their kernels do not make."""
    d = b.start(3, 8)
    found = [b.quantize(b.function(torch.sigmoid, d), scale=1 / 128, zero_point=0),
             b.quantize(b.method("tanh", d), **SIGMOID),
             b.quantize(b.module("t", nn.Tanh(), d), scale=1 / 128, zero_point=127),
             b.quantize(b.module("h", nn.Hardsigmoid(), d), scale=1 / 256, zero_point=-128,
                        dtype=torch.qint8)]
    b.output(tuple(b.dequantize(q) for q in found))
    b.expect(UNCHANGED, left={q.name: [q.args[0].name] for q in found})


@case
def copying_into_another_range(b):
    """Another scale, another zero point, another type."""
    q = b.quantize(b.input(2, 4, 6))
    scale, zero_point = b.values[q].q_scale(), b.values[q].q_zero_point()
    d = b.dequantize(q)
    found = [b.quantize(b.function(F.max_pool1d, d, 2), scale=scale * 2, zero_point=zero_point),
             b.quantize(b.method("reshape", d, 2, -1), scale=scale, zero_point=zero_point + 1),
             b.quantize(b.module("r", nn.ReLU6(), d), scale=scale, zero_point=zero_point - 64,
                        dtype=torch.qint8),
             b.quantize(b.function(torch.stack, [d, b.requantize(d, scale=0.1, zero_point=64)]),
                        like=q)]
    b.output(tuple(b.dequantize(p) for p in found))
    b.expect(UNCHANGED, left={p.name: [p.args[0].name] for p in found})


@case
def copying_with_a_float_user(b):
    """Of a copying operator, of one with a range of its own, of one with a fixed range, of cat."""
    q = b.quantize(b.input(2, 4, 6))
    d = b.dequantize(q)
    operators = [b.function(F.relu, d), b.function(torch.cat, [d, d], 1)]
    found = [b.quantize(node, like=q) for node in operators]
    operators += [b.function(F.hardswish, d, inplace=False), b.method("tanh", d)]
    found += [b.quantize(operators[2]), b.quantize(operators[3], **TANH)]
    users = [b.function(torch.sin, node) for node in operators]
    b.output((*(b.dequantize(p) for p in found), *users))
    b.expect(UNCHANGED, left={p.name: [u.name] for p, u in zip(found, users)})


@case
def copying_of_what_is_not_dequantized(b):
    """An operator in float; a list with a float tensor in it."""
    x = b.input(2, 4)
    q = b.quantize(x)
    found = [b.quantize(b.method("reshape", b.function(torch.sin, b.dequantize(q)), 8)),
             b.quantize(b.function(torch.cat, [b.dequantize(q), x]), like=q),
             b.quantize(b.function(F.relu, x))]
    b.output(tuple(b.dequantize(p) for p in found))
    b.torch_makes(left={p.name: [] for p in found})


@case
def copying_by_keyword(b):
    """The first keyword argument counts where none is given by position; torch fails."""
    q = b.quantize(b.input(2, 4, 6))
    d = b.dequantize(q)
    found = [b.function(torch.flatten, input=d, start_dim=1),
             b.module("r", nn.ReLU(), input=d),
             b.function(torch.cat, tensors=[d, d], dim=1)]
    b.output(tuple(b.requantize(y, like=q) for y in found))
    b.expect(quantized_input() + """
        f = torch.flatten(input=q, start_dim=1)
        r = module["r"](input=q)
        c = torch.cat(tensors=[q, q], dim=1)
        fd = f.dequantize()
        rd = r.dequantize()
        cd = c.dequantize()
        output((fd, rd, cd))
        """)


@case
def cat_of_two_ranges(b):
    """torch would give the second the scale of the first."""
    x, y = b.start(2, 4), b.requantize(b.input(2, 4, name="y"), scale=0.01, zero_point=30)
    b.output(b.requantize(b.function(torch.cat, [x, y], 1)))
    b.expect(quantized_input() + quantized_input("y", "p") + """
        s = get_attr("cat_scale_0")
        z = get_attr("cat_zero_point_0")
        c = torch.ops.quantized.cat([q, p], 1, s, z)
        d = c.dequantize()
        output(d)
        """, modes=["default"])


@case
def cat_into_another_range(b):
    x = b.start(2, 4)
    b.output(b.requantize(b.function(torch.cat, [x, x], dim=-1), scale=0.1, zero_point=60))
    b.expect(quantized_input() + """
        s = get_attr("cat_scale_0")
        z = get_attr("cat_zero_point_0")
        c = torch.ops.quantized.cat([q, q], -1, s, z)
        d = c.dequantize()
        output(d)
        """, modes=["default"])


@case
def instance_norm_running_statistics(b):
    """torch ignores them."""
    d = b.start(2, 4, 6)
    module = nn.InstanceNorm1d(4, affine=True, track_running_stats=True)
    module.running_mean.uniform_(-.5, .5), module.running_var.uniform_(.5, 2)
    mean, variance = b.attribute("mean", torch.randn(4)), b.attribute("var", torch.rand(4) + 1)
    found = [b.quantize(b.module("n", module, d)),
             b.quantize(b.function(F.instance_norm, d, running_mean=mean, running_var=variance,
                                   weight=None, bias=None, use_input_stats=False, momentum=0.1,
                                   eps=1e-5))]
    b.output(tuple(b.dequantize(q) for q in found))
    b.expect(UNCHANGED, left={q.name: [q.args[0].name] for q in found})


@case
def half(b):
    """to(float16) counts as a quantize for copying operators; not for others, not otherwise given."""
    d = b.dequantize(b.method("to", b.input(2, 3, 4), HALF))
    copied = [b.method("reshape", d, 2, -1), b.method("transpose", d, 1, 2),
              b.function(torch.flatten, d), b.method("unsqueeze", d, 0)]
    kept = [b.function(torch.sigmoid, d), b.module("t", nn.Tanh(), d), b.module("s", nn.ELU(), d),
            b.function(F.leaky_relu, d, negative_slope=0.1, inplace=False)]
    outputs = [b.method("to", y, HALF) for y in copied + kept]
    outputs.append(b.method("to", b.method("squeeze", d, 0), dtype=HALF))
    outputs.append(b.method("to", b.method("squeeze", d, 0), torch.float64))
    b.output(tuple(b.method("to", y, torch.float32) for y in outputs))


@case
def half_and_int8(b):
    """The types of input and output differ: torch gives one the type of the other."""
    x = b.input(2, 3, 4)
    q = b.quantize(x)
    down = b.method("to", b.method("reshape", b.dequantize(q), 2, -1), HALF)
    up = b.quantize(b.method("reshape", b.dequantize(b.method("to", x, HALF)), 2, -1))
    b.output((b.dequantize(down), b.dequantize(up)))
    b.expect(UNCHANGED, left={up.name: ["reshape_1"]})


@case
def range_of_an_input(b):
    """What an input was quantized with is known when the model runs: it does not count."""
    x = b.input(name="x", value=torch.quantize_per_tensor(torch.randn(2, 4, 6), 0.05, 64, torch.quint8))
    y = b.quantize(b.function(F.relu, b.dequantize(x)), scale=0.05, zero_point=64)
    b.output((y, b.requantize(b.module("l", linear(6, 5), b.dequantize(y)))))


@case
def copying_behind_a_kept_relu(b):
    weight = b.weight("w", 4, 4, 3, axis=None)
    y = b.function(F.relu, b.function(F.conv_transpose1d, b.start(2, 4, 5), weight))
    q = b.quantize(y)
    b.output(b.requantize(b.function(F.avg_pool1d, b.dequantize(q), 3), like=q))
    b.expect(quantized_input() + """
        p = get_attr("_packed_weight_0", "Conv2dPackedParamsBase")
        s = get_attr("relu_scale_0")
        z = get_attr("relu_zero_point_0")
        y = torch.ops.quantized.conv_transpose1d(q, p, s, z)
        r = torch.nn.functional.relu(y)
        a = torch.avg_pool1d(r, 3)
        d = a.dequantize()
        output(d)
        """)


@case
def already_lowered(b):
    """Part of the model is lowered: its operators have the ranges that they were given, except add
    and mul with a number, whose range depends on that of their input."""
    q = b.quantize(b.input(2, 12))
    module = torch_quantized.Linear.from_reference(linear(), 0.04, 60)
    y = b.module("l", module, q)
    first = b.quantize(b.function(F.relu6, b.dequantize(y)), scale=0.04, zero_point=60)
    s, z = b.numbers("sum", 0.08, 62)
    total = b.function(torch.ops.quantized.add, q, first, s, z)
    second = b.quantize(b.method("reshape", b.dequantize(total), -1), scale=0.08, zero_point=62)
    product = b.function(torch.ops.quantized.mul, second, 0.5)
    third = b.quantize(b.function(torch.clamp, b.dequantize(product), 0.1, 0.5), scale=0.04, zero_point=62)
    b.output((b.dequantize(second), b.dequantize(third)))
    b.expect(quantized_input() + """
        y = module["l"](q)
        first = torch.nn.functional.relu6(y)
        s = get_attr("sum_scale_0")
        z = get_attr("sum_zero_point_0")
        total = torch.ops.quantized.add(q, first, s, z)
        second = total.reshape(-1)
        product = torch.ops.quantized.mul(second, 0.5)
        pd = product.dequantize()
        c = torch.clamp(pd, 0.1, 0.5)
        """ + quantized("third", "c", "clamp") + """
        sd = second.dequantize()
        td = third.dequantize()
        output((sd, td))
        """, left={third.name: ["clamp"]})
