# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reductions over dimensions, softmax, and running sums."""

import numpy
import torch

from .. import rules
from ..draw import BYTES, FLOATS, INTEGERS, PLAIN
from ..reasons import HALF, both
from ..trial import Bound, Trial, compares, double

# Our sums run in float64 and are rounded once; PyTorch's run in float32, in blocks.
SUM = Bound(ulps=1, part=2e-6, double=100, precise=double)
SOFTMAX = Bound(ulps=8, double=1000, absolute=2e-7, precise=double)
F32 = numpy.float32


def dims_of(draw, n, single=False):
    """One dimension or several, some of them counted from the end; now and then wrong ones."""
    if single or n == 0 or draw.chance(0.5):
        return draw.dim(n)
    dims = [d - n if draw.chance(0.3) else d for d in draw.sample(range(n), draw.int(1, n))]
    if draw.chance(0.03):
        dims.append(dims[0])
    return draw.choice((tuple, list))(dims)


def reduction(draw, n, single=False, everything=0.3):
    """The settings dim and keepdim."""
    if draw.chance(everything):
        return {}
    settings = {"dim": dims_of(draw, n, single)}
    if draw.chance(0.6):
        settings["keepdim"] = draw.chance(0.5)
    return settings


def _cancelling(data):
    """How large the terms are: what a sum of them is off by depends on that, not on the sum."""
    return float(data[data.isfinite()].abs().sum()) if data.is_floating_point() and data.numel() else 0.0


def _sum_bound(data):
    return Bound(ulps=1, part=2e-6, absolute=2e-7 * min(_cancelling(data.double()), 1e30), double=100,
                 precise=double)


@compares("torch.mean")
def mean(draw, name):
    shape = draw.shape()
    settings = reduction(draw, len(shape))
    if draw.chance(0.5):
        return quantized_mean(draw, shape, settings)
    data = draw.plain(shape, FLOATS if draw.chance(0.9) else INTEGERS, huge=False)
    if draw.chance(0.15):
        settings["dtype"] = draw.choice((torch.float32, torch.float64))
    return Trial(data, settings=settings, bound=_sum_bound(data), tolerated=[HALF])


def quantized_mean(draw, shape, settings):
    dtype = draw.choice(BYTES)
    data = draw.quantized(shape, dtype)
    dims = settings.get("dim", tuple(range(len(shape))))
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    n = len(shape)
    valid = all(-n <= d < n for d in dims) and len({d % n for d in dims}) == len(dims) if n else False

    def rule():
        axes = tuple(d % n for d in dims)
        count = numpy.prod([shape[d] for d in axes])
        total = rules.centred(data).sum(axes, keepdims=settings.get("keepdim", False))
        return rules.Steps(numpy.asarray(total).astype(F32) * (F32(1) / F32(count)), data.q_scale(),
                           data.q_zero_point(), dtype)

    empty = ("PyTorch has a value for the mean of nothing", lambda ours, theirs: 0 in shape)
    return Trial(data, settings=settings, rule=rule if valid and 0 not in shape else None, tolerated=[empty])


def _summed(draw, shape, settings):
    """What is summed, and now and then as which type: no infinity as integers, which is undefined."""
    if draw.chance(0.8):
        return draw.plain(shape, PLAIN, special=0.1, huge=False)
    settings["dtype"] = draw.choice((torch.float32, torch.float64, torch.int64, torch.int32))
    return draw.plain(shape, PLAIN, special=0)


def _overflowing(data):
    """Whether a part of the product may leave the range of float32, that a zero then makes NaN of."""
    sizes = data.double().abs()
    largest = sizes[(sizes > 1) & sizes.isfinite()].prod() > 3e38

    def condition(ours, theirs):
        if not both(ours, theirs) or ours.value.dtype != "float32":
            return False
        a, b = numpy.asarray(ours.value.data), numpy.asarray(theirs.value.data)
        return bool(largest) and bool(numpy.all((a == b) | (numpy.isnan(b) & ((a == 0) | numpy.isnan(a)))))
    return "PyTorch's product overflows before a zero comes", condition


@compares("torch.sum", "torch.prod")
def total(draw, name):
    product = name.endswith("prod")
    shape = draw.shape()
    settings = reduction(draw, len(shape), single=product)
    data = _summed(draw, shape, settings)
    if product:
        return Trial(data, settings=settings, bound=Bound(ulps=16, double=100, precise=double),
                     tolerated=[HALF, _overflowing(data)])
    return Trial(data, settings=settings, bound=_sum_bound(data), tolerated=[HALF])


@compares("torch.amax", "torch.amin")
def extremes(draw, name):
    shape = draw.shape()
    return Trial(draw.plain(shape, PLAIN), settings=reduction(draw, len(shape)))


@compares("torch.all", "torch.any")
def logic(draw, name):
    shape = draw.shape()
    data = draw.plain(shape, PLAIN) if draw.chance(0.5) else draw.bools(shape, draw.choice((0.05, 0.5, 0.95)))
    return Trial(data, settings=reduction(draw, len(shape), single=True))


@compares("torch.logsumexp")
def logsumexp(draw, name):
    shape = draw.shape()
    settings = reduction(draw, len(shape), everything=0.0)
    return Trial(draw.plain(shape, FLOATS), settings=settings, bound=SOFTMAX, tolerated=[HALF])


# Powers in float32 are off by more the larger they are.
NORM = Bound(ulps=64, part=2e-6, double=1000, precise=double)
ORDERS = (1, 2, 0, float("inf"), -float("inf"), 3, 0.5, -1, -2, 1.5, -2.5, 2.0)
NO_SINGULAR_VALUES = ("we compute no singular values", lambda ours, theirs: "singular value" in ours.text)
SQUARES = ("PyTorch takes the squares of integers for 'fro' over two dimensions",
           lambda ours, theirs: ours.error is not None and "expected floats" in ours.text)


def _norm_settings(draw, shape, order, orders, everything):
    settings = reduction(draw, len(shape), everything=everything)
    if draw.chance(0.85):
        settings[order] = draw.choice(orders)
    if draw.chance(0.15):
        settings["dtype"] = draw.choice(FLOATS if draw.chance(0.9) else INTEGERS)
    return settings


def _norm_data(draw, shape, settings):
    """Where a dtype is told there is no such call on float64; then nothing may overflow."""
    if settings.get("dtype", torch.float64) != torch.float64:
        return draw.floats(shape, draw.choice(FLOATS), special=0, spread=1.0), \
            Bound(ulps=NORM.ulps, part=NORM.part, double=NORM.double)
    return draw.plain(shape, FLOATS if draw.chance(0.95) else INTEGERS), NORM


@compares("torch.norm", "torch.linalg.vector_norm")
def norm(draw, name):
    shape = draw.shape()
    plain = name.endswith("vector_norm")
    orders = ORDERS if plain or draw.chance(0.7) else ("fro", "fro", "nuc", None, "no")
    settings = _norm_settings(draw, shape, "ord" if plain else "p", orders, 0.3)
    data, bound = _norm_data(draw, shape, settings)
    if "dtype" in settings and draw.chance(0.3):
        # Their powers have to be what 16 bits can hold.
        data = draw.integers(shape, draw.choice(INTEGERS), -3, 3)
    return Trial(data, settings=settings, bound=bound, tolerated=[HALF, NO_SINGULAR_VALUES, SQUARES])


@compares("torch.linalg.norm")
def linalg_norm(draw, name):
    shape = draw.shape(0, 3)
    matrix = draw.chance(0.5) and len(shape) >= 2
    orders = (1, -1, float("inf"), -float("inf"), "fro", 2, -2, "nuc", 3, "no") if matrix else ORDERS
    settings = _norm_settings(draw, shape, "ord", orders, 0.2)
    if matrix and (len(shape) != 2 or draw.chance(0.5)):
        settings["dim"] = draw.choice((tuple, list))(draw.sample(range(-len(shape), 0), 2))
    elif matrix:
        settings.pop("dim", None)
    data, bound = _norm_data(draw, shape, settings)
    return Trial(data, settings=settings, bound=bound, tolerated=[HALF, NO_SINGULAR_VALUES])


@compares("torch.var")
def spread(draw, name):
    shape = draw.shape()
    settings = reduction(draw, len(shape))
    if draw.chance(0.5):
        settings["unbiased"] = draw.chance(0.5)
    elif draw.chance(0.4):
        settings["correction"] = draw.int(0, 2)
        settings.setdefault("dim", draw.dim(len(shape)))
    # No infinities: of them PyTorch's mean is NaN.
    data = draw.plain(shape, FLOATS[:2] if draw.chance(0.95) else PLAIN, special=0)
    largest = float(data.double().abs().max()) if data.numel() else 0.0
    bound = Bound(ulps=16, part=1e-5, absolute=1e-6 * min(largest, 1e18), double=1000, precise=double)
    return Trial(data, settings=settings, bound=bound)


@compares("torch.cumsum")
def cumsum(draw, name):
    shape = draw.shape()
    settings = {"dim": draw.dim(len(shape))}
    data = _summed(draw, shape, settings)
    return Trial(data, settings=settings, bound=_sum_bound(data), tolerated=[HALF])


WRAPPED = ("PyTorch negates bytes as bytes: -1 becomes 255",
           lambda ours, theirs: ours.error is None and theirs.error is None)


@compares("torch.softmax", "torch.log_softmax", "torch.nn.functional.softmax", "torch.nn.functional.log_softmax",
          "torch.nn.functional.softmin", "torch.nn.Softmax", "torch.nn.LogSoftmax", "torch.nn.Softmin")
def softmax(draw, name):
    shape = draw.shape()
    settings = {"dim": draw.dim(len(shape))}
    if name.startswith("torch.nn") and draw.chance(0.25):
        settings = draw.choice(({}, {"dim": None}))
    elif not name.startswith("torch.nn.") or ".functional." in name:
        if draw.chance(0.2):
            settings["dtype"] = draw.choice(FLOATS[:2])
    data = draw.plain(shape, FLOATS if draw.chance(0.95) or 0 in shape else INTEGERS)
    wrapped = "softmin" in name.lower() and data.dtype == torch.uint8
    return Trial(data, settings=settings, bound=SOFTMAX, tolerated=[HALF, WRAPPED] if wrapped else [HALF])
