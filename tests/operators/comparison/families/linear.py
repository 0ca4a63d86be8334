# SPDX-License-Identifier: LGPL-2.1-or-later
"""Linear layers: float, of bytes, and dynamic; and their packed weights."""

import numpy
import torch
from gi.repository import Lfb

from .. import rules
from ..convert import native
from ..draw import FLOATS
from ..names import resolve
from ..reasons import EMPTY, HALF, NOTHING, ONE_DIMENSION, tied
from ..trial import Trial, compares
from .matmul import bound_for
from .quantize import choose
from .quantized_activation import output

F32 = numpy.float32
QUANTIZED = torch.ops.quantized


def call(name, *args):
    """One of our own operators, for its result as an argument."""
    return Lfb.call("torch.ops.quantized." + name, native(list(args)))


def weight_of(draw, shape, axis=0, channels=0.5):
    """Per tensor or per channel, mostly with zero points of 0: oneDNN takes no others."""
    zeros = draw.chance(0.15)
    if draw.chance(channels):
        return draw.quantized_channels(shape, axis, zero_points=zeros)
    return draw.quantized(shape, torch.qint8, float(F32(draw.scale())),
                          draw.zero_point(torch.qint8) if zeros else 0)


def bias_of(draw, n, sx, weight):
    """Of the size of the sums."""
    steps_of_a_sum = sx * rules.weight_scales(weight).mean()
    return draw.floats([n], special=0, spread=float(steps_of_a_sum * draw.choice((1, 100, 10000))))


def steps(acc, sx, weight, bias, sy, channel):
    """(float(acc) + b / (sx sw)) * (sx sw / sy); channel is the dimension of acc that the outputs are."""
    along = [1] * acc.ndim
    along[channel] = -1
    product = F32(sx) * rules.weight_scales(weight)
    with numpy.errstate(all="ignore"):
        offset = (bias.numpy() / product if bias is not None else F32(0) * product)
        return (acc.astype(F32) + offset.reshape(along)) * (product / F32(sy)).reshape(along)


def dynamic(acc, sx, weight, bias, channel, relu):
    """float(acc) * (sx sw) + b."""
    along = [1] * acc.ndim
    along[channel] = -1
    y = acc.astype(F32) * (F32(sx) * rules.weight_scales(weight)).reshape(along)
    if bias is not None:
        y = y + bias.numpy().reshape(along)
    return torch.from_numpy(numpy.maximum(y, F32(0)) if relu else y)


def _operands(draw):
    n, k = draw.size(9), draw.size(20)
    rows = draw.shape(0, 3, 4)
    weight = weight_of(draw, [n, k])
    data = draw.quantized(rows + [k if draw.chance(0.98) else k + 1])
    bias = bias_of(draw, n, data.q_scale(), weight) if draw.chance(0.8) else None
    return data, weight, bias


def _acc(data, weight):
    return rules.centred(data) @ rules.centred(weight).T


@compares("torch.ops.quantized.linear", "torch.ops.quantized.linear_relu", "torch.ao.nn.quantized.Linear",
          "torch.ao.nn.intrinsic.quantized.LinearReLU")
def linear(draw, name):
    data, weight, bias = _operands(draw)
    relu = "relu" in name.lower()
    scale, zero_point = output(draw, torch.quint8, 1e-2, 100)
    fits = data.shape[-1] == weight.shape[1]

    def rule():
        values = steps(_acc(data, weight), data.q_scale(), weight, bias, scale, -1)
        return rules.Steps(values, scale, zero_point, torch.quint8, zero_point if relu else None)

    def module():
        layer = resolve(name)(weight.shape[1], weight.shape[0])
        layer.set_weight_bias(weight, bias)
        layer.scale, layer.zero_point = scale, zero_point
        return layer(data)

    if name.startswith("torch.ops"):
        return Trial(rule=rule if fits else None, tolerated=[NOTHING],
                     expect=lambda: resolve(name)(data, QUANTIZED.linear_prepack(weight, bias), scale, zero_point),
                     ours=lambda: ((data, call("linear_prepack", weight, bias), scale, zero_point), {}))
    return Trial(rule=rule if fits else None, expect=module, tolerated=[NOTHING],
                 ours=((data,), {"weight": weight, "bias": bias, "scale": scale, "zero_point": zero_point}))


@compares("torch.ao.nn.intrinsic.quantized.LinearLeakyReLU", "torch.ao.nn.intrinsic.quantized.LinearTanh")
def linear_with_function(draw, name):
    """PyTorch 1.13 does not have them."""
    data, weight, bias = _operands(draw)
    scale, zero_point = output(draw, torch.quint8, 1e-2, 10)
    slope = draw.choice((0.01, 0.2))
    leaky = "Leaky" in name

    def rule():
        x = steps(_acc(data, weight), data.q_scale(), weight, bias, 1, -1)
        with numpy.errstate(all="ignore"):
            y = numpy.where(x > 0, x, x * F32(slope)) if leaky else numpy.tanh(x.astype(numpy.float64)).astype(F32)
        return rules.quantize(y, scale, zero_point, exact=leaky)

    settings = {"weight": weight, "bias": bias, "scale": scale, "zero_point": zero_point}
    if leaky:
        settings["negative_slope"] = slope
    return Trial(rule=rule if data.shape[-1] == weight.shape[1] else None, ours=((data,), settings))


def range_of(data, reduce_range):
    """Scale and zero point of dynamic quantization to quint8."""
    return choose(float(data.min()), float(data.max()), 0, 255, reduce_range)


def quantized_dynamically(data, reduce_range):
    scale, zero = range_of(data, reduce_range)
    return rules.quantize(data.numpy(), scale, zero).integers().astype(numpy.int64) - zero, scale


def not_finite(data):
    """Dynamic quantization of what has no range."""
    finite = data.numel() > 0 and bool(data.isfinite().all())
    return finite, ("PyTorch makes something of NaN, infinity and nothing",
                    lambda ours, theirs: not finite and ours.error is not None)


@compares("torch.ops.quantized.linear_dynamic", "torch.ops.quantized.linear_relu_dynamic",
          "torch.ao.nn.quantized.dynamic.Linear", "torch.ao.nn.intrinsic.quantized.dynamic.LinearReLU")
def linear_dynamic(draw, name):
    _, weight, bias = _operands(draw)
    data = draw.floats(draw.shape(0, 3, 4) + [weight.shape[1] if draw.chance(0.98) else weight.shape[1] + 1],
                       special=0.03)
    relu, reduce_range = "relu" in name.lower(), draw.chance(0.5)
    if not name.startswith("torch.ops"):
        reduce_range = True
    finite, infinite = not_finite(data)

    def rule():
        centred, scale = quantized_dynamically(data, reduce_range)
        return dynamic(centred @ rules.centred(weight).T, scale, weight, bias, -1, relu)

    def module():
        layer = resolve(name)(weight.shape[1], weight.shape[0])
        layer.set_weight_bias(weight, bias)
        return layer(data)

    more = {"rule": rule if finite and data.shape[-1] == weight.shape[1] else None,
            "tolerated": [infinite, ONE_DIMENSION, tied(data, lambda: range_of(data, reduce_range))],
            "bound": bound_for(data.double(), weight.dequantize().double(), terms=2 * weight.shape[1])}
    if name.startswith("torch.ops"):
        return Trial(expect=lambda: resolve(name)(data, QUANTIZED.linear_prepack(weight, bias), reduce_range),
                     ours=lambda: ((data, call("linear_prepack", weight, bias), reduce_range), {}), **more)
    return Trial(expect=module, ours=((data,), {"weight": weight, "bias": bias}), **more)


def _half(weight):
    return weight.clamp(-65504, 65504).half()


@compares("torch.ops.quantized.linear_dynamic_fp16", "torch.ops.quantized.linear_relu_dynamic_fp16")
def linear_fp16(draw, name):
    n, k = draw.size(9), draw.size(20)
    weight, bias = draw.floats([n, k], special=0), draw.floats([n], special=0) if draw.chance(0.8) else None
    if draw.chance(0.2):
        weight = weight * 1e4
    data = draw.floats(draw.shape(0, 3, 4) + [k], special=0.1, huge=False)

    def rule():
        y = data.double() @ _half(weight).double().T
        y = (y + bias.double() if bias is not None else y).float()
        return y.clamp(min=0) if "relu" in name else y

    return Trial(rule=rule, expect=lambda: resolve(name)(data, QUANTIZED.linear_prepack_fp16(weight, bias)),
                 ours=lambda: ((data, call("linear_prepack_fp16", weight, bias)), {}),
                 bound=bound_for(data.double(), weight.double(), terms=2 * k))


@compares("torch.ops.quantized.linear_prepack", "torch.ops.quantized.linear_unpack")
def prepack(draw, name):
    _, weight, bias = _operands(draw)
    if name.endswith("fp16") or draw.chance(0.03):
        weight = draw.floats(draw.shape(2, 2), special=0)
        bias = draw.floats([weight.shape[0]], special=0)
    if name.endswith("unpack_fp16"):
        return Trial(ours=lambda: ((call("linear_prepack_fp16", weight, bias),), {}),
                     rule=lambda: (_half(weight).float(), bias),
                     expect=lambda: QUANTIZED.linear_unpack_fp16(QUANTIZED.linear_prepack_fp16(weight, bias)))
    expect = lambda: QUANTIZED.linear_unpack(QUANTIZED.linear_prepack(weight, bias))   # noqa: E731
    rule = (lambda: (weight, bias)) if weight.is_quantized else None
    if name.endswith("unpack"):
        return Trial(ours=lambda: ((call("linear_prepack", weight, bias),), {}), expect=expect, rule=rule)
    return Trial(weight, bias, expect=expect, rule=rule, finish=lambda packed: call("linear_unpack", packed))


@compares("torch.ops.quantized.linear_prepack_fp16")
def prepack_fp16(draw, name):
    weight, bias = draw.floats(draw.shape(2, 2), special=0), draw.floats([3], special=0)
    weight = weight * draw.choice((1, 1, 1e5))
    bias = bias if weight.shape[0] == 3 else None
    return Trial(weight, bias, rule=lambda: (_half(weight).float(), bias),
                 finish=lambda packed: call("linear_unpack_fp16", packed),
                 expect=lambda: QUANTIZED.linear_unpack_fp16(QUANTIZED.linear_prepack_fp16(weight, bias)))


@compares("torch.nn.functional.linear")
def float_linear(draw, name):
    n, k = draw.size(9), draw.size(20)
    dtypes = FLOATS[:2] if draw.chance(0.9) else FLOATS
    flat = draw.chance(0.1) and "nn.Linear" not in name and "NonDynamically" not in name
    weight = draw.plain([k] if flat else [n, k], dtypes, 0.1, huge=False)
    data = draw.plain(draw.shape(0, 3, 4) + [k if draw.chance(0.97) else k + 1], (weight.dtype,), 0.1, huge=False)
    bias = draw.plain([n], (weight.dtype,), 0) if draw.chance(0.7) and not flat else None
    bound = bound_for(data.double(), weight.double(), terms=4 * k)
    bound.absolute += 1e-6 * (float(bias.double().abs().max()) if bias is not None and bias.numel() else 0)
    if ".functional." in name or "_C" in name:
        return Trial(data, weight, bias, bound=bound, tolerated=[HALF, EMPTY])
    return Trial(expect=lambda: torch.nn.functional.linear(data, weight, bias), bound=bound,
                 tolerated=[HALF, EMPTY],
                 ours=((data,), {"weight": weight, "bias": bias}))
