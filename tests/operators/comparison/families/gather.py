# SPDX-License-Identifier: LGPL-2.1-or-later
"""Elements picked by index, put by index, sorted, and the largest of them."""

import torch

from ..draw import INTEGERS, PLAIN
from ..reasons import empty
from ..trial import Bound, Trial, compares, double
from .shape import anything


def _indices(draw, shape, size, wrong=0.03):
    low, high = (0, max(size - 1, 0))
    if draw.chance(wrong):
        high += 1
    return draw.integers(shape, torch.int64, low, high)


def _size(shape, dim):
    return shape[dim] if shape and -len(shape) <= dim < len(shape) else 1


@compares("torch.index_select")
def index_select(draw, name):
    data = anything(draw, draw.shape())
    dim = draw.dim(data.dim())
    # Of a tensor without dimensions it gives the element for one index, and anything for none.
    index = _indices(draw, [draw.int(0, 5) if data.dim() else 1], _size(data.shape, dim))
    if draw.chance(0.1):
        index = index.to(torch.int32)
    return Trial(data, dim, index)


def _gather_shape(draw, shape, dim):
    """Not larger than the tensor but in the dimension."""
    sizes = [draw.int(0 if draw.chance(0.03) else min(1, size), size + (draw.chance(0.01))) for size in shape]
    if shape and -len(shape) <= dim < len(shape):
        sizes[dim] = draw.int(1, 6)
    if draw.chance(0.02) and sizes:
        sizes.append(1)
    return sizes


NO_INDEX = ("PyTorch does not look at the shape of an index without elements",
            lambda ours, theirs: "does not fit into" in ours.text and empty(theirs))


@compares("torch.gather")
def gather(draw, name):
    data = anything(draw, draw.shape(), 0.2)
    dim = draw.dim(data.dim())
    index = _indices(draw, _gather_shape(draw, list(data.shape), dim), _size(data.shape, dim))
    return Trial(data, dim, index, tolerated=[NO_INDEX])


@compares("torch.take_along_dim")
def take_along_dim(draw, name):
    """Of the other dimensions both broadcast."""
    data = draw.plain(draw.shape(1), PLAIN, 0)
    dim = draw.dim(data.dim())
    shape = [1 if draw.chance(0.3) else size + draw.chance(0.01) for size in data.shape]
    if -len(shape) <= dim < len(shape):
        shape[dim] = draw.int(1, 5)
    return Trial(data, _indices(draw, shape, _size(data.shape, dim)), dim)


@compares("torch.scatter")
def scatter(draw, name):
    data = draw.plain(draw.shape(), PLAIN, 0)
    dim = draw.dim(data.dim())
    shape = [min(size, own) for size, own in zip(_gather_shape(draw, list(data.shape), dim), data.shape)]
    size = _size(data.shape, dim)
    # Each place once: which of several values stays, PyTorch does not say.
    along = dim if -len(shape) <= dim < len(shape) else 0
    index = torch.zeros([], dtype=torch.int64)
    if shape:
        index = torch.from_numpy(draw.array.random(shape)).argsort(along)
    if draw.chance(0.03):
        index = index + size
    source = draw.number("i" if not data.is_floating_point() else "f") if draw.chance(0.3) else \
        draw.plain([n + draw.int(0, 1) for n in index.shape], (data.dtype,), 0)
    if not isinstance(source, torch.Tensor) and data.dtype in (torch.uint8, torch.int8, torch.bool):
        source = 1
    return Trial(data, dim, index, source)


@compares("torch.nn.functional.one_hot")
def one_hot(draw, name):
    data = draw.integers(draw.shape(0, 3), torch.int64 if draw.chance(0.97) else torch.int32,
                         -1 if draw.chance(0.03) else 0, 4)
    return Trial(data) if draw.chance(0.4) else Trial(data, draw.int(0 if draw.chance(0.03) else 5, 7))


def _distinct(draw, shape, dtypes=PLAIN):
    """Numbers of which hardly two are equal: which of equals comes first, PyTorch does not say."""
    count = 1
    for size in shape:
        count *= size
    dtype = draw.choice(dtypes)
    if dtype == torch.bool or (count > 100 and dtype in INTEGERS[:2]):
        dtype = torch.float32
    data = torch.from_numpy(draw.array.permutation(count).reshape(shape)) - count // 2
    if dtype == torch.uint8:
        data = data - data.min() if count else data
    data = data.to(torch.float64 if dtype.is_floating_point else torch.int64)
    if dtype in (torch.float32, torch.float64):
        data = data * 0.37 + 0.01
    return data.to(dtype)


@compares("torch.sort", "torch.argsort")
def sort(draw, name):
    data = _distinct(draw, draw.shape())
    settings = {}
    if draw.chance(0.7):
        settings["dim"] = draw.dim(data.dim())
    if draw.chance(0.6):
        settings["descending"] = draw.chance(0.5)
    if draw.chance(0.3) and name in ("torch.sort", "torch.Tensor.sort"):
        # With this the order of equals is defined.
        settings["stable"] = True
        data = draw.plain(list(data.shape))
        return Trial(data, settings=settings)
    return Trial(data, settings=settings)


@compares("torch.topk")
def topk(draw, name):
    data = _distinct(draw, draw.shape())
    dim = draw.dim(data.dim()) if draw.chance(0.7) else -1
    settings = {"dim": dim} if dim != -1 or draw.chance(0.3) else {}
    if draw.chance(0.5):
        settings["largest"] = draw.chance(0.5)
    size = _size(data.shape, dim)
    return Trial(data, draw.int(0 if data.dim() else 1, size + (1 if draw.chance(0.04) else 0)), settings=settings)


@compares("torch.argmax")
def argmax(draw, name):
    # Of equal elements the first, and NaN before all others.
    data = draw.plain(draw.shape(), special=0.4)
    if draw.chance(0.3):
        return Trial(data)
    settings = {"dim": draw.dim(data.dim())}
    if draw.chance(0.5):
        settings["keepdim"] = draw.chance(0.5)
    return Trial(data, settings=settings)


@compares("torch.max")
def largest(draw, name):
    form = draw.int(0, 2)
    shape = draw.shape()
    if form == 0:
        data = anything(draw, shape, 0.2)
        return Trial(data)
    data = draw.plain(shape, special=0.3)
    if form == 1:
        return Trial(data, draw.plain(draw.broadcast(shape), special=0.3))
    settings = {"dim": draw.dim(len(shape))}
    if draw.chance(0.5):
        settings["keepdim"] = draw.chance(0.5)
    return Trial(data, settings=settings)


@compares("torch.nn.functional.normalize")
def normalize(draw, name):
    data = draw.floats(draw.shape(), special=0.1, huge=False)
    settings = {"dim": draw.dim(data.dim())} if draw.chance(0.7) else {}
    if draw.chance(0.3):
        settings["eps"] = draw.choice((1e-12, 1e-3, 1.0))
    return Trial(data, settings=settings, bound=Bound(ulps=4, part=1e-6, precise=double))
