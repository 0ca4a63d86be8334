# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tensors joined and taken apart."""

import numpy
import torch

from .. import rules
from ..draw import BYTES, PLAIN
from ..trial import Trial, compares
from .quantized_activation import output
from .shape import anything

F32 = numpy.float32


def _parts(draw, dtypes, quantized):
    """Tensors that differ in one dimension, now and then in another or in type; and that dimension."""
    shape = draw.shape(1)
    dim = draw.dim(len(shape), 0.02)
    at = dim if -len(shape) <= dim < len(shape) else 0
    dtype, parts = draw.choice(dtypes), []
    for _ in range(draw.int(1, 4)):
        own = list(shape)
        own[at] = draw.int(0 if draw.chance(0.2) else 1, 4)
        if draw.chance(0.01):
            own.append(2)
        if quantized:
            parts.append(draw.quantized(own, dtype))
        else:
            parts.append(draw.plain(own, (dtype,) if draw.chance(0.9) else PLAIN, 0))
    return parts, dim


def joined(parts, dim, scale, zero_point, relu=False):
    """Requantized where scale or zero point differ."""
    pieces = []
    for part in parts:
        if part.q_scale() == scale and part.q_zero_point() == zero_point:
            q = part.int_repr().numpy()
        else:
            q = rules.quantize(rules.dequantize(part), scale, zero_point, part.dtype).integers()
        pieces.append(numpy.maximum(q, zero_point) if relu else q)
    q = numpy.concatenate(pieces, dim).astype("u1" if parts[0].dtype == torch.quint8 else "i1")
    return torch._make_per_tensor_quantized_tensor(torch.from_numpy(q), scale, zero_point)


def _joinable(parts):
    return len({part.dim() for part in parts}) == 1


@compares("torch.cat")
def cat(draw, name):
    quantized = draw.chance(0.5)
    parts, dim = _parts(draw, BYTES if quantized else PLAIN, quantized)
    settings = {"dim": dim} if draw.chance(0.5) else {}
    if not settings and not draw.chance(0.1):
        settings = {"dim": dim}
    dim = settings.get("dim", 0)
    rule = None
    if quantized and _joinable(parts) and -parts[0].dim() <= dim < parts[0].dim() and "dim" in settings:
        rule = lambda: joined(parts, dim, parts[0].q_scale(), parts[0].q_zero_point())   # noqa: E731
    return Trial(draw.choice((tuple, list))(parts), settings=settings, rule=rule)


@compares("torch.ops.quantized.cat")
def quantized_cat(draw, name):
    parts, dim = _parts(draw, BYTES, True)
    scale, zero_point = output(draw, parts[0].dtype)
    given = draw.chance(0.7)
    s, z = (scale, zero_point) if given else (parts[0].q_scale(), parts[0].q_zero_point())
    rule = None
    if _joinable(parts) and -parts[0].dim() <= dim < parts[0].dim():
        rule = lambda: joined(parts, dim, s, z, "relu" in name)   # noqa: E731
    return Trial(parts, dim, *((scale, zero_point) if given else (None, None)), rule=rule)


@compares("torch.stack")
def stack(draw, name):
    shape = draw.shape(0, 3)
    quantized, dtype = draw.chance(0.5), draw.choice(BYTES)
    scale, zero_point = output(draw, dtype)
    parts = []
    for _ in range(draw.int(1, 4)):
        own = shape if draw.chance(0.98) else shape + [1]
        if quantized:
            parts.append(draw.quantized(own, dtype, scale, zero_point))
        else:
            parts.append(draw.plain(own, (torch.float32,) if draw.chance(0.7) else PLAIN, 0))
    return Trial(parts, draw.dim(len(shape) + 1))


@compares("torch.chunk")
def chunk(draw, name):
    data = anything(draw, draw.shape(0 if draw.chance(0.05) else 1, size=8))
    chunks = draw.int(0 if draw.chance(0.05) else 1, 5)
    return Trial(data, chunks, draw.dim(data.dim())) if draw.chance(0.7) else Trial(data, chunks)


@compares("torch.split", "torch.split_with_sizes")
def split(draw, name):
    data = anything(draw, draw.shape(0 if draw.chance(0.05) else 1, size=8))
    dim = draw.dim(data.dim()) if draw.chance(0.7) else 0
    size = data.shape[dim] if data.dim() and -data.dim() <= dim < data.dim() else 1
    if draw.chance(0.5) and not name.endswith("split_with_sizes"):
        return Trial(data, draw.int(0 if draw.chance(0.06) else 1, 5), dim)
    sections = []
    while sum(sections) < size:
        sections.append(draw.int(0, size - sum(sections)))
    if draw.chance(0.06):
        sections.append(1)
    if draw.chance(0.3) and name.endswith("split_with_sizes"):
        return Trial(data, settings={"split_sizes": sections, "dim": dim})
    return Trial(data, sections, dim)


@compares("torch.unbind")
def unbind(draw, name):
    data = anything(draw, draw.shape(0 if draw.chance(0.05) else 1))
    return Trial(data, draw.dim(data.dim())) if draw.chance(0.7) else Trial(data)
