# SPDX-License-Identifier: LGPL-2.1-or-later
"""Into integers and back, and what integers stand for."""

import numpy
import torch

from .. import rules
from ..draw import BYTES, LIMITS
from ..reasons import SATURATES
from ..trial import Trial, compares

DTYPES = (torch.quint8, torch.qint8, torch.qint32)
F32 = numpy.float32


def _beyond(data, scale):
    """Where PyTorch on x86 gives the lowest integer instead of saturating: NaN, infinity, x / s beyond int32."""
    with numpy.errstate(all="ignore"):
        steps = numpy.abs(data.numpy() * (F32(1) / F32(scale)))
    return bool((~(steps < 2.0**31 - 1000)).any())


@compares("torch.quantize_per_tensor")
def quantize_per_tensor(draw, name):
    dtype = draw.choice(DTYPES)
    data = draw.floats(draw.shape())
    scale, zero_point = draw.scale(1e-4, 10), draw.zero_point(dtype)
    if draw.chance(0.3):
        # Ties.
        whole = torch.from_numpy(numpy.asarray(draw.array.integers(-300, 300, data.shape)))
        data = (whole + 0.5).float() * F32(scale)
    if draw.chance(0.05):
        scale, zero_point = draw.choice(((scale, LIMITS[dtype][1] + 1), (scale, LIMITS[dtype][0] - 1)))
    rule = lambda: rules.quantize(data.numpy(), scale, zero_point, dtype)   # noqa: E731
    args = (data, scale, zero_point, dtype)
    unlike = SATURATES if _beyond(data, scale) else None
    if dtype == torch.qint32:
        rule, unlike = None, unlike   # the rule's float32 clamp does not reach int32's ends exactly
        if _beyond(data, scale):
            return None
    if name.endswith("Quantize"):
        return Trial(*args, rule=rule, unlike=unlike,
                     expect=lambda: torch.ao.nn.quantized.Quantize(scale, zero_point, dtype)(data))
    return Trial(*args, rule=rule, unlike=unlike)


@compares("torch.quantize_per_channel")
def quantize_per_channel(draw, name):
    dtype = draw.choice(BYTES)
    shape = draw.shape(1)
    data = draw.floats(shape)
    axis = draw.int(0, len(shape) - 1)
    n = shape[axis] + (1 if draw.chance(0.03) else 0)
    scales = torch.tensor([draw.scale(1e-3, 10) for _ in range(n)],
                          dtype=draw.choice((torch.float32, torch.float64)))
    if draw.chance(0.25):
        return _float_zero_points(draw, data, scales.float(), axis)
    zeros = torch.tensor([draw.zero_point(dtype) for _ in range(n)], dtype=draw.choice((torch.int32, torch.int64)))
    along = [1] * len(shape)
    along[axis] = -1

    def rule():
        with numpy.errstate(all="ignore"):
            values = data.numpy() * (F32(1) / scales.numpy().astype(F32)).reshape(along)
            values = numpy.where(numpy.isnan(values), F32(0), values)
            z = zeros.numpy().reshape(along)
            low, high = LIMITS[dtype]
            integers = numpy.rint(numpy.clip(values, (low - z).astype(F32), (high - z).astype(F32))).astype(int) + z
        return torch._make_per_channel_quantized_tensor(
            torch.from_numpy(integers.astype("u1" if dtype == torch.quint8 else "i1")), scales.double(),
            zeros.long(), axis)

    agreeing = n == shape[axis]
    beyond = agreeing and data.numel() > 0 and _beyond(data, float(scales.min()))
    return Trial(data, scales, zeros, axis, dtype, rule=rule if agreeing else None,
                 unlike=SATURATES if beyond else None)


def _float_zero_points(draw, data, scales, axis):
    """round(w * (1 / s) + z), clamped to what the bits hold."""
    zeros = torch.from_numpy(numpy.asarray(draw.array.random(len(scales)) * 255, F32))
    along = [1] * data.dim()
    along[axis] = -1

    def rule():
        with numpy.errstate(all="ignore"):
            values = data.numpy() * (F32(1) / scales.numpy()).reshape(along) + zeros.numpy().reshape(along)
            values = numpy.where(numpy.isnan(values), zeros.numpy().reshape(along), values)
            integers = numpy.rint(numpy.clip(values, F32(0), F32(255)))
        return rules.Integers(integers.astype("u1"))

    agreeing = len(scales) == data.shape[axis]
    beyond = agreeing and data.numel() > 0 and _beyond(data, float(scales.min()))
    return Trial(data, scales, zeros, axis, torch.quint8, rule=rule if agreeing else None,
                 unlike=SATURATES if beyond else None)


def choose(low, high, qmin, qmax, reduce_range):
    """Scale and zero point of dynamic quantization."""
    if reduce_range:
        qmin, qmax = int(qmin / 2), int(qmax / 2)
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / (qmax - qmin)
    with numpy.errstate(all="ignore"):
        if F32(scale) == 0 or numpy.isinf(F32(1) / F32(scale)):
            scale = 0.1
    if scale < 6.1e-5:
        old, scale = scale, 6.1e-5
        if low == 0:
            high = scale * (qmax - qmin)
        elif high == 0:
            low = -scale * (qmax - qmin)
        else:
            low, high = low * (scale / old), high * (scale / old)
    from_low, from_high = qmin - low / scale, qmax - high / scale
    nearer = abs(qmin) - abs(low / scale) < abs(qmax) - abs(high / scale)
    zero = from_low if nearer else from_high
    zero = qmin if zero < qmin else qmax if zero > qmax else round(zero)
    return scale, zero


@compares("torch.quantize_per_tensor_dynamic")
def quantize_per_tensor_dynamic(draw, name):
    dtype = draw.choice(BYTES)
    data = draw.floats(draw.shape(), special=0.05, spread=draw.choice((1.0, 100.0, 1e-3, 1e-5, 1e-7, 1e-40, 0.0)))
    if draw.chance(0.3):
        data = data.abs() * draw.choice((1, -1))
    reduce_range = draw.chance(0.5)
    if draw.chance(0.1):
        return Trial(data, torch.float16, reduce_range)
    finite = data.numel() > 0 and bool(data.isfinite().all())

    def rule():
        scale, zero = choose(float(data.min()), float(data.max()), *LIMITS[dtype], reduce_range)
        q = rules.quantize(data.numpy(), scale, zero, dtype).integers()
        return torch._make_per_tensor_quantized_tensor(torch.from_numpy(numpy.asarray(q)), scale, zero)

    infinite = ("PyTorch makes something of NaN, infinity and nothing",
                lambda ours, theirs: not finite and ours.error is not None)
    return Trial(data, dtype, reduce_range, rule=rule if finite else None, tolerated=[infinite])


def _any_quantized(draw, channels=0.3):
    shape = draw.shape(1)
    if draw.chance(channels):
        return draw.quantized_channels(shape, draw.int(0, len(shape) - 1), draw.choice(BYTES),
                                       zero_points=draw.chance(0.5))
    return draw.quantized(shape, draw.choice(DTYPES))


@compares("torch.dequantize")
def dequantize(draw, name):
    data = _any_quantized(draw)
    if draw.chance(0.05):
        data = draw.floats(draw.shape())
    if name == "torch.dequantize" and draw.chance(0.2):
        return Trial([data, _any_quantized(draw)])
    if name.endswith("DeQuantize"):
        return Trial(data, expect=lambda: torch.ao.nn.quantized.DeQuantize()(data))
    return Trial(data)


@compares("torch.int_repr", "torch.q_scale", "torch.q_zero_point", "torch.q_per_channel_scales",
          "torch.q_per_channel_zero_points", "torch.q_per_channel_axis", "torch.Tensor.is_quantized")
def parameters(draw, name):
    if draw.chance(0.1):
        return Trial(draw.plain(draw.shape()))
    wrong = draw.chance(0.1)
    return Trial(_any_quantized(draw, 1 if ("per_channel" in name) != wrong else 0.0))
