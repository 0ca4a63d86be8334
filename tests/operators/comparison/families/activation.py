# SPDX-License-Identifier: LGPL-2.1-or-later
"""Activation functions, on floats and on bytes, and bounds."""

import torch
import torch.nn.functional as F

from .. import rules
from ..draw import BYTES, FLOATS, INTEGERS, PLAIN
from ..reasons import HALF, NAN_IS_0, SATURATES
from ..trial import Bound, Trial, compares, double

# float32 functions of several steps; PyTorch's own are a few units off as well.
CLOSE = Bound(ulps=4, double=1000, precise=double)
# Where the result is a difference of nearly equal numbers, the error is of the size of those.
CANCELS = Bound(ulps=4, double=1000, part=2e-7, precise=double)


def cancels(data, absolute=0.0):
    """The same where something near 1 is taken away; in float64 ours are off by what double says there."""
    absolute = 1000 * 2.0**-23 if data.dtype == torch.float64 else absolute
    return Bound(ulps=4, double=1000, part=2e-7, absolute=absolute, precise=double)


NEAR_ONE = Bound(ulps=4, double=1000, absolute=5e-7, precise=double)

FIXED = {  # what the result's integers stand for: of quint8, of qint8
    "sigmoid": (torch.sigmoid, (1 / 256, 0), (1 / 256, -128)),
    "hardsigmoid": (F.hardsigmoid, (1 / 256, 0), (1 / 256, -128)),
    "tanh": (torch.tanh, (1 / 128, 128), (1 / 128, 0)),
}


def _inplace(draw, name):
    """Functions that have the setting get it now and then; methods and _ names have none."""
    return {"inplace": draw.chance(0.5)} if draw.chance(0.2) and ".functional." in name and name[-1] != "_" else {}


@compares("torch.sigmoid", "torch.nn.functional.hardsigmoid", "torch.tanh")
def fixed(draw, name):
    plain_name = name.lower().replace("expit", "sigmoid")
    key = next(key for key in ("hardsigmoid", "sigmoid", "tanh") if key in plain_name)
    function, *fixed_ranges = FIXED[key]
    if draw.chance(0.5):
        dtype = draw.choice(BYTES)
        data = draw.quantized(draw.shape(), dtype)
        scale, zero_point = fixed_ranges[BYTES.index(dtype)]
        return Trial(data, rule=lambda: rules.apply(function, data, scale, zero_point))
    return Trial(draw.plain(draw.shape(), FLOATS), settings=_inplace(draw, name) if key == "hardsigmoid" else {},
                 bound=CLOSE, tolerated=[HALF])


@compares("torch.nn.functional.hardswish", "torch.nn.functional.selu", "torch.nn.functional.silu",
          "torch.nn.functional.mish")
def plain(draw, name):
    # Of selu the same holds as of elu.
    bound = NEAR_ONE if "selu" in name.lower() else CLOSE
    return Trial(draw.plain(draw.shape(), FLOATS), settings=_inplace(draw, name), bound=bound, tolerated=[HALF])


@compares("torch.nn.functional.logsigmoid", "torch.nn.functional.softsign", "torch.nn.functional.tanhshrink")
def plainer(draw, name):
    data = draw.plain(draw.shape(), FLOATS)
    # The error of tanhshrink is that of tanh, which is about 1 where it matters.
    bound = cancels(data, 1.2e-7) if "tanhshrink" in name.lower() else CLOSE
    return Trial(data, bound=bound, tolerated=[HALF])


SETTINGS = {
    "elu": lambda draw: {"alpha": draw.choice((1.0, 0.5, 2.0, 0.1))},
    "celu": lambda draw: {"alpha": draw.choice((1.0, 0.5, 2.0, -1.5, 0.0 if draw.chance(0.1) else 0.3))},
    "leaky_relu": lambda draw: {"negative_slope": draw.choice((0.01, 0.2, 0.0, -0.5, 1.5))},
    "gelu": lambda draw: {"approximate": draw.choice(("none", "tanh", "tanh",
                                                      "exp" if draw.chance(0.1) else "none"))},
    "softplus": lambda draw: {"beta": draw.choice((1, 2, 0.5)), "threshold": draw.choice((20, 5, 1.5))},
    "hardshrink": lambda draw: {"lambd": draw.choice((0.5, 0.0, 1.0, 2))},
    "softshrink": lambda draw: {"lambd": draw.choice((0.5, 0.0, 1.0, 2, -1 if draw.chance(0.1) else 0.25))},
    "threshold": lambda draw: {"threshold": draw.choice((0.5, 0, -1)), "value": draw.choice((0, 20, -0.1))},
}


@compares("torch.nn.functional.elu", "torch.nn.functional.elu_", "torch.nn.functional.celu",
          "torch.nn.functional.leaky_relu", "torch.nn.functional.gelu", "torch.nn.functional.softplus",
          "torch.nn.functional.hardshrink", "torch.nn.functional.softshrink", "torch.nn.functional.threshold")
def with_settings(draw, name):
    key = name.rsplit(".", 1)[1].lower().strip("_").replace("leakyrelu", "leaky_relu")
    settings = SETTINGS[key](draw) if draw.chance(0.7) or key == "threshold" else {}
    if key in ("elu", "celu", "leaky_relu", "threshold"):
        settings.update(_inplace(draw, name))
    if name.startswith("torch._C") or name in ("torch.celu", "torch.hardshrink", "torch.threshold"):
        settings.pop("inplace", None)
    bound = {"elu": NEAR_ONE, "celu": NEAR_ONE, "softplus": CANCELS}.get(key, CLOSE)
    dtypes = FLOATS + INTEGERS if key == "threshold" and draw.chance(0.3) else FLOATS
    data = draw.plain(draw.shape(), dtypes)
    return Trial(data, settings=settings, bound=cancels(data) if key == "gelu" else bound, tolerated=[HALF, NAN_IS_0])


@compares("torch.ops.quantized.threshold")
def quantized_threshold(draw, name):
    data = draw.quantized(draw.shape(), draw.choice(BYTES))
    threshold, value = draw.choice((0.5, 0, -1)), draw.choice((0, 20, -0.1))

    def at_zero(ours, theirs):
        different = ours.value.data != theirs.value.data
        return threshold == 0 and bool((rules.centred(data)[different] == 0).all())

    return Trial(data, threshold, value, rule=lambda: rules.apply(
        lambda x: F.threshold(x, threshold, value), data, data.q_scale(), data.q_zero_point()),
        tolerated=[("PyTorch's vector code dequantizes a zero to almost 0", at_zero)])


@compares("torch.nn.functional.glu")
def glu(draw, name):
    shape = draw.shape(0 if draw.chance(0.05) else 1)
    dim = draw.dim(len(shape))
    if shape and -len(shape) <= dim < len(shape) and draw.chance(0.95):
        shape[dim] *= 2
    # Where the sigmoid is less than the normal numbers PyTorch's is 0.
    bound = Bound(ulps=4, double=1000, absolute=1e-34, precise=double)
    dtype = torch.float64 if draw.chance(0.3) else torch.float32
    return Trial(draw.floats(shape, dtype, huge=False), settings={"dim": dim} if dim != -1 or draw.chance(0.5) else {},
                 bound=bound)


@compares("torch.prelu")
def prelu(draw, name):
    shape = draw.shape()
    n = 1 if draw.chance(0.4) or len(shape) < 2 else shape[1]
    if draw.chance(0.04):
        n += 1
    dtype = torch.float64 if draw.chance(0.3) else torch.float32
    weight, data = draw.floats([n], dtype), draw.floats(shape, dtype)
    if name == "torch.nn.PReLU":
        return Trial(data, tensors={"weight": weight})
    return Trial(data, weight)


NAN = float("nan")


def _with_nan(draw, data, *bounds):
    """Now and then no number: of floats only, since for bytes PyTorch on x86 makes the least integer of it."""
    if data.is_quantized or not data.is_floating_point() or not draw.chance(0.08):
        return bounds
    return draw.choice([(NAN, bound) for bound in bounds[1:]] + [(bound, NAN) for bound in bounds[1:]] +
                       [(NAN,) * len(bounds)])


def _bounds(draw):
    low, high = draw.number("ifl"), draw.number("ifl")
    if draw.chance(0.9):
        low, high = min(low, high), max(low, high)
    return low, high


def _clamped(data, low, high):
    """The bounds quantized, the integers clamped."""
    def quantized(bound, other):
        if bound is None:
            return other
        return int(rules.quantize(float(bound), data.q_scale(), data.q_zero_point(), data.dtype).integers())
    limits = torch.iinfo(torch.uint8 if data.dtype == torch.quint8 else torch.int8)
    low, high = quantized(low, limits.min), quantized(high, limits.max)
    return lambda: torch._make_per_tensor_quantized_tensor(
        data.int_repr().clamp(low, high), data.q_scale(), data.q_zero_point())


def _beyond(data, *bounds):
    """Whether PyTorch on x86 would quantize a bound to the least integer."""
    largest = max([abs(bound) for bound in bounds if bound is not None], default=0)
    return SATURATES if data.is_quantized and largest / data.q_scale() > 2**31 - 1000 else None


def _operand(draw, dtypes, low, high):
    """A tensor; if it is quantized, the rule for it."""
    if draw.chance(0.4):
        data = draw.quantized(draw.shape(), draw.choice(BYTES))
        return data, _clamped(data, low, high)
    return draw.plain(draw.shape(), dtypes), None


@compares("torch.relu", "torch.nn.functional.relu", "torch.nn.functional.relu6")
def relu(draw, name):
    six = "6" in name
    data, rule = _operand(draw, FLOATS + INTEGERS if draw.chance(0.9) else PLAIN, 0, 6 if six else None)
    return Trial(data, settings=_inplace(draw, name), rule=rule)


@compares("torch.nn.functional.hardtanh", "torch.nn.functional.hardtanh_")
def hardtanh(draw, name):
    low, high = _bounds(draw) if draw.chance(0.7) else (-1.0, 1.0)
    settings = {} if (low, high) == (-1.0, 1.0) else {"min_val": low, "max_val": high}
    data, rule = _operand(draw, FLOATS, low, high)
    if low >= high and _beyond(data, low, high):
        return None
    if settings and name.startswith("torch.nn.functional"):
        low, high = _with_nan(draw, data, low, high)
        settings = {"min_val": low, "max_val": high}
    return Trial(data, settings=settings, rule=rule if low < high else None, unlike=_beyond(data, low, high))


@compares("torch.clamp")
def clamp(draw, name):
    low, high = _bounds(draw)
    low, high = draw.choice(((low, high), (low, high), (low, None), (None, high),
                             (None, None) if draw.chance(0.2) else (low, high)))
    quantized, rule = _operand(draw, PLAIN, low, high)
    if rule is not None or name == "torch.ops.quantized.clamp":
        data = quantized if quantized.is_quantized else draw.quantized(draw.shape())
        return Trial(data, low, high, rule=_clamped(data, low, high) if (low, high) != (None, None) else None,
                     unlike=_beyond(data, low, high))
    shape = list(quantized.shape)
    if draw.chance(0.2):
        low = draw.plain(draw.broadcast(shape), special=0.2) if low is not None else None
        high = draw.plain(draw.broadcast(shape), special=0.2) if high is not None else None
    elif None not in (low, high):
        low, high = _with_nan(draw, quantized, low, high)
    elif (low, high) != (None, None):
        bound, = _with_nan(draw, quantized, low if high is None else high)
        low, high = (bound, None) if high is None else (None, bound)
    return Trial(quantized, low, high)


@compares("torch.clamp_min", "torch.clamp_max")
def clamp_one(draw, name):
    bound = draw.number("if")
    data, rule = _operand(draw, FLOATS + INTEGERS, *((bound, None) if "min" in name else (None, bound)))
    return Trial(data, *_with_nan(draw, data, bound), rule=rule)
