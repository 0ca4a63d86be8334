# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operators that move or rename elements without changing them."""

import torch

from ..draw import BYTES, PLAIN
from ..reasons import FORMAT, VIEW
from ..trial import Trial, compares


def anything(draw, shape, quantized=0.4):
    """A tensor of any type, bytes often."""
    if draw.chance(quantized):
        return draw.quantized(shape, draw.choice(BYTES))
    return draw.plain(shape, PLAIN, 0)


def factors(draw, count, most=4):
    """A shape of that many elements."""
    shape = []
    while count > 1 and len(shape) < most and draw.chance(0.8):
        divisors = [n for n in range(1, count + 1) if count % n == 0]
        shape.append(draw.choice(divisors))
        count //= shape[-1]
    if count > 1 or draw.chance(0.3):
        shape.append(count)
    return draw.permuted(shape)


def spread(draw, name, sizes):
    """Methods take sizes one by one too; functions do not."""
    if name.startswith("torch.Tensor.") and sizes and draw.chance(0.5):
        return list(sizes)
    return [draw.choice((tuple, list))(sizes)]


@compares("torch.clone")
def same(draw, name):
    data = anything(draw, draw.shape())
    settings = {}
    if name.rsplit(".", 1)[1] in ("contiguous", "clone") and draw.chance(0.3):
        settings["memory_format"] = draw.choice((torch.contiguous_format, torch.channels_last))
        if settings["memory_format"] == torch.channels_last and data.dim() != 4:
            settings = {}
    if name == "torch.ops.aten.contiguous":
        settings = {}
    return Trial(data, settings=settings)


@compares("torch.Tensor.requires_grad_")
def without_gradients(draw, name):
    return Trial(draw.floats(draw.shape()), *draw.choice(((), (False,), (True,))))


@compares("torch.nn.Identity")
def identity(draw, name):
    return Trial(anything(draw, draw.shape()))


@compares("torch.reshape", "torch.Tensor.resize_")
def reshape(draw, name):
    # What resize_ makes depends on where the elements lie.
    data = anything(draw, draw.shape(0, 3 if name.endswith("resize_") else 4), 0.0 if name.endswith("resize_") else 0.4)
    count = data.numel()
    if name.endswith("resize_") and draw.chance(0.4):
        count = draw.int(0, count)
    shape = factors(draw, count) if count else draw.choice(([0], [0, 3], [2, 0]))
    if shape and not name.endswith("resize_"):
        if draw.chance(0.3):
            shape[draw.int(0, len(shape) - 1)] = -1
        if draw.chance(0.06):
            shape[draw.int(0, len(shape) - 1)] = draw.choice((-1, -2, 3))
    return Trial(data, *spread(draw, name, shape), tolerated=[VIEW])


@compares("torch.Tensor.reshape_as")
def reshape_as(draw, name):
    data = anything(draw, draw.shape())
    count = data.numel() + (1 if draw.chance(0.05) else 0)
    other = torch.zeros(factors(draw, count) if count else [3, 0])
    return Trial(data, other, tolerated=[VIEW])


@compares("torch.flatten", "torch.nn.Flatten")
def flatten(draw, name):
    data = anything(draw, draw.shape())
    settings = {"start_dim": draw.dim(data.dim()), "end_dim": draw.dim(data.dim())}
    for key in tuple(settings):
        if draw.chance(0.3):
            del settings[key]
    return Trial(data, settings=settings)


@compares("torch.ravel")
def ravel(draw, name):
    return Trial(anything(draw, draw.shape()))


@compares("torch.unflatten", "torch.nn.Unflatten")
def unflatten(draw, name):
    shape = draw.shape(1, empty=False)
    dim = draw.dim(len(shape))
    sizes = factors(draw, shape[dim] if -len(shape) <= dim < len(shape) else 1) or [1]
    if draw.chance(0.3):
        sizes[draw.int(0, len(sizes) - 1)] = -1
    if draw.chance(0.05):
        sizes.append(2)
    data = anything(draw, shape)
    if name.startswith("torch.nn"):
        return Trial(data, settings={"dim": dim, "unflattened_size": tuple(sizes)})
    # PyTorch 1.13 has the method only, and in it sizes of -1 are not for quantized tensors.
    return Trial(data, dim, tuple(sizes))


@compares("torch.permute")
def permute(draw, name):
    data = anything(draw, draw.shape())
    dims = [d - data.dim() if draw.chance(0.3) else d for d in draw.permuted(range(data.dim()))]
    if dims and draw.chance(0.05):
        dims[0] = draw.choice((dims[-1], data.dim()))
    return Trial(data, *spread(draw, name, dims))


@compares("torch.transpose")
def transpose(draw, name):
    data = anything(draw, draw.shape(), 0.0 if name.endswith("_") else 0.4)
    return Trial(data, draw.dim(data.dim()), draw.dim(data.dim()))


@compares("torch.t")
def t(draw, name):
    return Trial(anything(draw, draw.shape(0, 3 if draw.chance(0.1) else 2)))


@compares("torch.movedim")
def movedim(draw, name):
    data = anything(draw, draw.shape())
    if draw.chance(0.4) or data.dim() == 0:
        return Trial(data, draw.dim(data.dim()), draw.dim(data.dim()))
    n = draw.int(1, data.dim())
    source, target = draw.sample(range(data.dim()), n), draw.sample(range(data.dim()), n)
    if draw.chance(0.06):
        source = source[:-1] if draw.chance(0.5) else source[:-1] + source[:1]
    return Trial(data, tuple(source), tuple(d - data.dim() if draw.chance(0.3) else d for d in target))


@compares("torch.squeeze")
def squeeze(draw, name):
    data = anything(draw, [1 if draw.chance(0.4) else size for size in draw.shape()],
                    0.0 if name.endswith("_") else 0.4)
    return Trial(data) if draw.chance(0.4) else Trial(data, draw.dim(data.dim()))


@compares("torch.unsqueeze")
def unsqueeze(draw, name):
    data = anything(draw, draw.shape(), 0.0 if name.endswith("_") else 0.4)
    return Trial(data, draw.dim(data.dim() + 1))


def _grown(draw, shape):
    """A shape that this one expands to; now and then one that it does not."""
    sizes = [draw.choice((size, -1)) if size != 1 or draw.chance(0.4) else draw.int(0 if draw.chance(0.1) else 1, 4)
             for size in shape]
    sizes = [draw.int(1, 3) for _ in range(draw.choice((0, 0, 1, 2)))] + sizes
    if sizes and draw.chance(0.06):
        sizes[draw.int(0, len(sizes) - 1)] = draw.choice((-1, -2, 7))
    return sizes


@compares("torch.broadcast_to")
def expand(draw, name):
    data = anything(draw, draw.shape())
    sizes = _grown(draw, list(data.shape))
    if name.endswith("broadcast_to"):
        return Trial(data, tuple(sizes))
    return Trial(data, *spread(draw, name, sizes))


@compares("torch.Tensor.expand_as")
def expand_as(draw, name):
    data = anything(draw, draw.shape())
    other = draw.broadcast(list(data.shape))
    return Trial(data, torch.zeros(torch.broadcast_shapes(data.shape, other) if draw.chance(0.9) and all(
        a in (1, b) or b == 1 for a, b in zip(reversed(data.shape), reversed(other))) else other))


@compares("torch.Tensor.repeat", "torch.tile")
def repeat(draw, name):
    data = anything(draw, draw.shape(0, 3), 0.0)
    low = 0 if name.endswith("tile") or draw.chance(0.06) else data.dim()
    repeats = [draw.int(0 if draw.chance(0.1) else 1, 3) for _ in range(draw.int(low, data.dim() + 2))]
    return Trial(data, *spread(draw, name, repeats))


@compares("torch.repeat_interleave")
def repeat_interleave(draw, name):
    data = anything(draw, draw.shape(0 if draw.chance(0.1) else 1, 3), 0.0)
    settings = {} if data.dim() == 0 or draw.chance(0.3) else {"dim": draw.dim(data.dim(), 0.01)}
    if draw.chance(0.5):
        return Trial(data, draw.int(-1 if draw.chance(0.05) else 0, 3), settings=settings)
    dim = settings.get("dim")
    n = data.numel() if dim is None else data.shape[dim] if abs(dim) < data.dim() else 1
    repeats = draw.integers([n if draw.chance(0.8) else draw.choice((1, n + 1))],
                            draw.choice((torch.int64, torch.int32)), 0, 3)
    return Trial(data, repeats, settings=settings)


@compares("torch.flip")
def flip(draw, name):
    data = anything(draw, draw.shape())
    dims = draw.sample(range(data.dim()), draw.int(0, data.dim()))
    dims = [d - data.dim() if draw.chance(0.3) else d for d in dims]
    if dims and draw.chance(0.05):
        dims.append(draw.choice((dims[0], data.dim())))
    return Trial(data, *spread(draw, name, dims))


@compares("torch.roll")
def roll(draw, name):
    data = anything(draw, draw.shape(), 0.2)
    if draw.chance(0.3) or data.dim() == 0:
        return Trial(data, draw.int(-7, 7))
    n = draw.int(1, 2)
    shifts, dims = tuple(draw.int(-7, 7) for _ in range(n)), tuple(draw.dim(data.dim()) for _ in range(n))
    if data.numel() == 0:
        dims = tuple(0 for _ in dims)   # PyTorch does not look at them then
    return Trial(data, shifts[0], dims[0]) if n == 1 and draw.chance(0.5) else Trial(data, shifts, dims)


@compares("torch.channel_shuffle")
def channel_shuffle(draw, name):
    groups = draw.int(1, 4)
    # On an empty tensor and on other channels native_channel_shuffle kills the process.
    native = "native" in name
    shape = draw.shape(3 if draw.chance(0.95) else 1, 5, 4, empty=not native)
    if len(shape) > 1 and (native or draw.chance(0.95)):
        shape[1] *= groups
    flat = ("PyTorch's native kernel for bytes takes two dimensions too",
            lambda ours, theirs: len(shape) == 2 and "expected 3 to" in ours.text)
    return Trial(anything(draw, shape, 0.5), settings={"groups": groups}, tolerated=[flat])


@compares("torch.pixel_shuffle", "torch.pixel_unshuffle")
def pixel_shuffle(draw, name):
    unshuffles = "unshuffle" in name.lower()
    factor = draw.int(1, 3) if draw.chance(0.95) else draw.choice((0, -1))
    shape = draw.shape(3 if draw.chance(0.95) else 1, 5, 4)
    if len(shape) >= 3 and draw.chance(0.95) and factor > 0:
        if unshuffles:
            shape[-1] *= factor
            shape[-2] *= factor
        else:
            shape[-3] *= factor * factor
    empty = ("PyTorch gives back empty tensors as they are", lambda ours, theirs: 0 in shape)
    return Trial(anything(draw, shape, 0.3), tolerated=[empty, FORMAT],
                 settings={"downscale_factor" if unshuffles else "upscale_factor": factor})
