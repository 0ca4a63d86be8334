# SPDX-License-Identifier: LGPL-2.1-or-later
"""Resampling of images, nearest and linear."""

import math

import numpy
import torch

from .. import rules
from ..draw import BYTES, CHANNELS_LAST, FLOATS
from ..reasons import EMPTY, HALF, one_pixel
from ..trial import Bound, Trial, compares, double

F32 = numpy.float32
LINEAR = {3: "linear", 4: "bilinear", 5: "trilinear"}
# Where the kernels for floats refuse, as we do, those for bytes give nothing.
TO_NOTHING = ("PyTorch's kernel for bytes gives nothing where that for floats refuses",
              lambda ours, theirs: "expected 1 or more of both" in ours.text and theirs.error is None)
CLOSE = Bound(ulps=4, part=2e-6, double=1000, precise=double)


def _shape(draw, n_spatial):
    shape = [0 if draw.chance(0.03) else draw.size(3), draw.size(4)] + [draw.size(7) for _ in range(n_spatial)]
    return shape if draw.chance(0.97) else shape[1:]


def _target(draw, shape, name):
    """A size or a factor."""
    sizes = shape[2:]
    if draw.chance(0.5):
        size = [draw.int(1, 9) for _ in sizes]
        if draw.chance(0.02):
            size[0] = 0
        if draw.chance(0.3) and len(sizes):
            return {"size": size[0]}
        return {"size": draw.choice((tuple, list))(size)}
    factor = lambda: draw.choice((2, 2.0, 3, 0.5, 1.5, 0.7, 1, draw.float(0.5, 3)))   # noqa: E731
    if draw.chance(0.5):
        return {"scale_factor": factor()}
    return {"scale_factor": tuple(factor() for _ in sizes)}


def _sources(size, out, factor, align_corners):
    """Where each output lies: the pixel before, the one after, the weight of that."""
    if align_corners:
        step = F32(size - 1) / F32(out - 1) if out > 1 else F32(0)
        source = numpy.arange(out).astype(F32) * step
    else:
        step = F32(1 / factor) if factor else F32(size) / F32(out)
        source = numpy.maximum((numpy.arange(out).astype(F32) + F32(0.5)) * step - F32(0.5), F32(0))
    before = numpy.minimum(source.astype(numpy.int64), size - 1)
    after = numpy.minimum(before + 1, size - 1)
    return before, after, numpy.clip(source - before.astype(F32), F32(0), F32(1))


def _linear(data, sizes, factors, align_corners):
    """On q - z, innermost dimension first; a dimension that keeps its size is copied."""
    x = rules.centred(data).astype(F32)
    for d in reversed(range(len(sizes))):
        axis = 2 + d
        if sizes[d] == x.shape[axis]:
            continue
        before, after, weight = _sources(x.shape[axis], sizes[d], factors[d], align_corners)
        weight = weight.reshape([-1] + [1] * (x.ndim - axis - 1))
        x = x.take(before, axis) * (F32(1) - weight) + x.take(after, axis) * weight
    return rules.Steps(x, data.q_scale(), data.q_zero_point(), data.dtype, exact=False)


def _sizes_and_factors(shape, target, recompute):
    n = len(shape) - 2
    if "size" in target:
        size = target["size"]
        return [size] * n if isinstance(size, int) else list(size), [None] * n
    factor = target["scale_factor"]
    factors = [factor] * n if isinstance(factor, (int, float)) else list(factor)
    sizes = [math.floor(size * factor) for size, factor in zip(shape[2:], factors)]
    return sizes, [None if recompute else factor for factor in factors]


def _twice(data, sizes, factors):
    """What a factor given for a channels_last image says, PyTorch overlooks if its size stays or doubles."""
    last = data.dim() in CHANNELS_LAST and data.is_contiguous(memory_format=CHANNELS_LAST[data.dim()])
    overlooked = last and any(factor is not None and out in (size, 2 * size) and out != factor * size
                              for size, out, factor in zip(data.shape[2:], sizes, factors))
    return ("PyTorch's kernels for channels_last overlook a factor where the size stays or doubles",
            lambda ours, theirs: overlooked and ours.error is None and theirs.error is None)


def _kept(data, sizes, factors, linear):
    """A factor that leaves a size as it is. For floats PyTorch copies that dimension if linear, for bytes only
    if all sizes stay; nearest it copies bytes if all stay."""
    stays = [size == out for size, out in zip(data.shape[2:], sizes)]
    used = any(stay and factor not in (None, 1) for stay, factor in zip(stays, factors))
    if not data.is_quantized or not used or (not linear and not all(stays)):
        return "", lambda ours, theirs: False
    return ("PyTorch's kernels for bytes copy a dimension that stays only if all stay, and then nearest too",
            lambda ours, theirs: ours.error is None and theirs.error is None)


def _trial(data, settings, target, linear, align_corners=None, recompute=False, expect=None):
    sizes, factors = _sizes_and_factors(list(data.shape), target, recompute)
    rule = None
    if data.is_quantized and linear and 3 <= data.dim() <= 5 and 0 not in data.shape and min(sizes) > 0:
        rule = lambda: _linear(data, sizes, factors, align_corners)   # noqa: E731
    return Trial(data, settings={**target, **settings}, rule=rule, expect=expect, bound=CLOSE,
                 tolerated=[HALF, TO_NOTHING, EMPTY, one_pixel(data, 1),
                            _twice(data, sizes, factors), _kept(data, sizes, factors, linear)])


def _data(draw, shape):
    if draw.chance(0.5):
        return draw.quantized(shape, draw.choice(BYTES))
    # A weight of 0 makes NaN of infinity where PyTorch does not leave a dimension out.
    return draw.plain(shape, FLOATS[:2] if draw.chance(0.9) else FLOATS, special=0)


@compares("torch.nn.functional.interpolate", "torch.nn.functional.upsample")
def interpolate(draw, name):
    shape = _shape(draw, draw.int(1, 3))
    target, settings = _target(draw, shape, name), {}
    linear = draw.chance(0.5) and len(shape) in LINEAR
    if linear or draw.chance(0.3):
        settings["mode"] = LINEAR.get(len(shape), "bilinear") if linear else "nearest"
    if linear and draw.chance(0.7):
        settings["align_corners"] = draw.chance(0.5)
    recompute = name != "torch.nn.functional.upsample" and "scale_factor" in target and draw.chance(0.3)
    if recompute:
        settings["recompute_scale_factor"] = True
    if draw.chance(0.02):
        settings["mode"] = "cubic"
    return _trial(_data(draw, shape), settings, target, linear, settings.get("align_corners"), recompute)


@compares("torch.nn.UpsamplingNearest2d")
def upsample_nearest(draw, name):
    shape = _shape(draw, 2)
    return _trial(_data(draw, shape), {}, _target(draw, shape, name), False)


@compares("torch.nn.UpsamplingBilinear2d")
def upsample_bilinear(draw, name):
    shape = _shape(draw, 2)
    data, target = _data(draw, shape), _target(draw, shape, name)
    return _trial(data, {}, target, True, True)
