# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions of bytes whose output range is given: the float function between dequantize and quantize."""

import numpy
import torch
import torch.nn.functional as F

from .. import rules
from ..draw import BYTES, LIMITS
from ..trial import Trial, compares


def output(draw, dtype=torch.quint8, low=1e-3, high=1.0):
    return draw.scale(low, high), draw.zero_point(dtype)


def _module(cls, data, *args, **kwargs):
    return lambda: cls(*args, **kwargs)(data)


def _trial(draw, name, function, before=(), after=(), settings=None, dtypes=BYTES, module=None, **more):
    """For functions (input, *before, scale, zero point, *after) and modules with scale and zero point."""
    dtype = draw.choice(dtypes)
    data = draw.quantized(draw.shape(), dtype)
    scale, zero_point = output(draw, dtype)
    settings = settings or {}
    more.setdefault("rule", lambda: rules.apply(function, data, scale, zero_point))
    if module is not None:
        names = ("output_scale", "output_zero_point") if name.endswith("Sigmoid") else ("scale", "zero_point")
        return Trial(data, expect=_module(module, data, *before, scale, zero_point, **settings),
                     ours=((data,), {**dict(zip(names, (scale, zero_point))), **settings}), **more)
    return Trial(data, *before, scale, zero_point, *after, settings=settings, **more)


def _class(name):
    return getattr(torch.ao.nn.quantized, name.rsplit(".", 1)[1]) if name.startswith("torch.ao") else None


@compares("torch.ops.quantized.sigmoid")
def sigmoid(draw, name):
    return _trial(draw, name, torch.sigmoid, module=_class(name))


@compares("torch.ops.quantized.hardswish", "torch.ao.nn.quantized.Hardswish")
def hardswish(draw, name):
    return _trial(draw, name, F.hardswish, module=_class(name))


@compares("torch.ops.quantized.elu", "torch.ao.nn.quantized.ELU")
def elu(draw, name):
    alpha = draw.choice((1.0, 0.5, 2.0))
    function = lambda x: F.elu(x, alpha)   # noqa: E731
    if name.startswith("torch.ao"):
        return _trial(draw, name, function, settings={"alpha": alpha}, module=_class(name))
    scale, input_scale = draw.choice(((1, 1), (1, 1), (1.5, 0.5)))
    return _trial(draw, name, lambda x: torch.ops.aten.elu(x, alpha, scale, input_scale),
                  after=(alpha, scale, input_scale))


@compares("torch.ops.quantized.celu")
def celu(draw, name):
    alpha = draw.choice((1.0, 0.5, 2.0, 0.3))
    return _trial(draw, name, lambda x: F.celu(x, alpha), after=(alpha,))


@compares("torch.ops.quantized.leaky_relu", "torch.ao.nn.quantized.LeakyReLU")
def leaky_relu(draw, name):
    slope = draw.choice((0.01, 0.2, 0.0, 1.5, -0.5))
    function = lambda x: F.leaky_relu(x, slope)   # noqa: E731
    if name.startswith("torch.ao"):
        return _trial(draw, name, function, settings={"negative_slope": slope}, module=_class(name))
    return _trial(draw, name, function, before=(slope, False))


def _slopes(draw, n, dtype):
    """A quantized weight in which 1 is exact, or is not: PyTorch multiplies what is positive by that 1."""
    if draw.chance(0.5):
        return draw.quantized([n], dtype), "PyTorch multiplies what is positive by 1 in the steps of the weight"
    low = LIMITS[dtype][0]
    return draw.quantized([n], dtype, 1 / 64, draw.int(low, low + 191)), None


@compares("torch.ops.quantized.prelu", "torch.ao.nn.quantized.PReLU")
def prelu(draw, name):
    dtype = draw.choice(BYTES)
    shape = draw.shape(1)
    data = draw.quantized(shape, dtype)
    n = 1 if len(shape) < 2 or draw.chance(0.4) else shape[1]
    weight, unlike = _slopes(draw, n, dtype)
    scale, zero_point = output(draw, dtype)

    def rule():
        x, w = rules.dequantize(data), rules.dequantize(weight)
        w = w.reshape([-1] + [1] * (x.ndim - 2)) if x.ndim >= 2 else w
        return rules.quantize(numpy.where(x > 0, x, x * w), scale, zero_point, dtype)

    def module():
        prelu = torch.ao.nn.quantized.PReLU(scale, zero_point, n)
        prelu.set_weight(weight)
        return prelu(data)

    if name.startswith("torch.ao"):
        return Trial(data, expect=module, rule=rule, unlike=unlike, ours=((data, weight, scale, zero_point), {}))
    return Trial(data, weight, scale, zero_point, rule=rule, unlike=unlike)


@compares("torch.ops.quantized.softmax", "torch.ao.nn.quantized.Softmax")
def softmax(draw, name):
    dtype = draw.choice(BYTES)
    data = draw.quantized(draw.shape(), dtype)
    dim = draw.dim(data.dim())
    scale, zero_point = output(draw, dtype, 1e-3, 0.05)
    module = name.startswith("torch.ao")
    if module and draw.chance(0.3):
        dim = None
    chosen = dim if dim is not None else (0 if data.dim() in (0, 1, 3) else 1)

    def rule():
        if data.numel() == 0:
            return rules.quantize(rules.dequantize(data), scale, zero_point, dtype)
        return rules.apply(lambda x: torch.softmax(x, chosen), data, scale, zero_point)

    if module:
        return Trial(data, rule=rule, expect=lambda: torch.ao.nn.quantized.Softmax(dim, scale, zero_point)(data),
                     ours=((data,), {"dim": dim, "scale": scale, "zero_point": zero_point}))
    return Trial(data, dim, scale, zero_point, rule=rule)


@compares("torch.ops.quantized.dropout", "torch.ao.nn.quantized.Dropout")
def dropout(draw, name):
    dtype = draw.choice(BYTES)
    data = draw.quantized(draw.shape(), dtype)
    scale, zero_point = output(draw, dtype)
    if draw.chance(0.5):
        scale, zero_point = data.q_scale(), data.q_zero_point()
    same = (scale, zero_point) == (data.q_scale(), data.q_zero_point())
    more = {
        "rule": lambda: rules.quantize(rules.dequantize(data), scale, zero_point, dtype),
        "unlike": None if same else "PyTorch keeps the range of the input",
    }
    if name.startswith("torch.ops"):
        return Trial(data, scale, zero_point, 0.3, **more)
    return Trial(data, expect=lambda: torch.ao.nn.quantized.Dropout(0.3)(data),
                 ours=((data,), {"scale": scale, "zero_point": zero_point, "p": 0.3}), **more)
