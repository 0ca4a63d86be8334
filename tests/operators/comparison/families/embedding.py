# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows by index, one by one and in bags, of floats and of 8, 4 and 2 bits."""

import numpy
import torch
import torch.nn.functional as F
from gi.repository import Lfb

from ..convert import native
from ..names import resolve
from ..trial import Bound, Trial, compares, double

F32, WIDE = numpy.float32, numpy.longdouble
ROWS = Bound(ulps=2, part=1e-6, precise=double)
BITS = {torch.quint8: 8, torch.quint4x2: 4, torch.quint2x4: 2}
QUANTIZED = torch.ops.quantized


class Table:
    """Float rows, and what they become in so many bits."""

    def __init__(self, draw, dtype):
        self.dtype = dtype
        self.rows, per_byte = draw.size(7), 8 // BITS[dtype]
        self.width = draw.size(4) * per_byte
        self.floats = draw.floats([self.rows, self.width], special=0, spread=1.0)
        self.scales = torch.tensor([draw.scale(1e-3, 0.1) for _ in range(self.rows)])
        self.zeros = torch.from_numpy((draw.array.random(self.rows) * (2**BITS[dtype] - 1)).astype("f4"))

    def integers(self):
        values = self.floats.numpy() * (F32(1) / self.scales.numpy())[:, None] + self.zeros.numpy()[:, None]
        return numpy.rint(numpy.clip(values, F32(0), F32(2**BITS[self.dtype] - 1)))

    def quantized(self):
        return torch.quantize_per_channel(self.floats, self.scales, self.zeros, 0, self.dtype)

    def ours(self):
        return Lfb.call("torch.quantize_per_channel", native([self.floats, self.scales, self.zeros, 0, self.dtype]))

    def packed(self):
        return QUANTIZED.embedding_bag_prepack(self.quantized())

    def our_packed(self):
        return Lfb.call("torch.ops.quantized.embedding_bag_prepack", native([self.ours()]))

    def parameters(self):
        """Scale and bias of each row, in half for fewer bits."""
        scales, biases = self.scales.numpy(), -(self.zeros.numpy() * self.scales.numpy())
        if BITS[self.dtype] < 8:
            scales, biases = scales.astype("f2").astype(F32), biases.astype("f2").astype(F32)
        return scales, biases

    def row(self, index):
        """fma(s, q, b)."""
        scales, biases = self.parameters()
        return (WIDE(scales[index]) * self.integers()[index].astype(WIDE) + WIDE(biases[index])).astype(F32)

    def bag(self, indices, weights, mode):
        """In index order out = fma(w s, q, out + w b)."""
        scales, biases = self.parameters()
        out = numpy.zeros(self.width, F32)
        for i, index in enumerate(indices):
            w = F32(1) if weights is None else weights[i]
            product = WIDE(w * scales[index]) * self.integers()[index].astype(WIDE)
            out = (product + (out + w * biases[index]).astype(WIDE)).astype(F32)
        return out * (F32(1) / F32(len(indices))) if mode == "mean" and len(indices) else out


def _indices(draw, rows, shape, wrong=0.02):
    high = rows - 1 if draw.chance(1 - wrong) else rows
    return draw.integers(shape, draw.choice((torch.int64, torch.int64, torch.int32)), 0, max(high, 0))


# ---- rows

def _embedding_settings(draw, rows):
    settings = {}
    if draw.chance(0.3):
        settings["padding_idx"] = draw.int(-rows, rows - 1)
    if draw.chance(0.3):
        settings["max_norm"] = draw.choice((0.5, 1.0, 2.5))
        if draw.chance(0.4):
            settings["norm_type"] = draw.choice((1.0, 2.0, 3.0, float("inf")))
    return settings


@compares("torch.nn.functional.embedding", "torch.nn.Embedding", "torch.embedding")
def embedding(draw, name):
    rows = draw.size(7)
    dtypes = (torch.float32,) if draw.chance(0.85) else (torch.float16, torch.bfloat16)
    weight = draw.plain([rows, draw.size(5)], dtypes, 0)
    indices = _indices(draw, rows, draw.shape(0, 3))
    settings = _embedding_settings(draw, rows) if weight.dtype == torch.float32 else {}
    if name == "torch.embedding":
        settings = {key: value for key, value in settings.items() if key == "padding_idx"}
        return Trial(weight, indices, settings=settings)
    expect = lambda: F.embedding(indices, weight.clone(), **settings)   # noqa: E731
    if name == "torch.nn.Embedding":
        return Trial(expect=expect, ours=((indices,), {"weight": weight, **settings}), bound=ROWS)
    return Trial(indices, weight, settings=settings, expect=expect, bound=ROWS)


def _float_qparams(table):
    return {"qscheme": torch.per_channel_affine_float_qparams, "dtype": table.dtype, "scale": table.scales,
            "zero_point": table.zeros, "axis": 0}


def _ours_of(table):
    return {"weight_scale": table.scales, "weight_zero_point": table.zeros, "weight_axis": 0,
            "weight_qscheme": Lfb.QScheme.PER_CHANNEL_AFFINE_FLOAT_QPARAMS, "weight_dtype": table.dtype}


@compares("torch.ao.nn.quantized.reference.Embedding")
def reference_embedding(draw, name):
    table = Table(draw, draw.choice((torch.quint8, torch.quint4x2)))
    indices = _indices(draw, table.rows, draw.shape(0, 3))

    def made():
        module = resolve(name)(table.rows, table.width, weight_qparams=_float_qparams(table))
        module.weight.copy_(table.floats)
        return module(indices)

    return Trial(expect=made, bound=ROWS, ours=((indices,), {"weight": table.floats, **_ours_of(table)}))


# PyTorch's kernels without FBGEMM do not fuse the product with the sum.
BYTES = Bound(ulps=2, part=1e-6)


@compares("torch.ao.nn.quantized.Embedding", "torch.ops.quantized.embedding_byte")
def quantized_embedding(draw, name):
    dtype = {"byte": torch.quint8, "4bit": torch.quint4x2, "2bit": torch.quint2x4}.get(name.rsplit("_", 1)[-1])
    table = Table(draw, dtype or draw.choice((torch.quint8, torch.quint4x2)))
    indices = _indices(draw, table.rows, [draw.int(0, 6)])
    if indices.numel() and int(indices.max()) >= table.rows:
        # PyTorch reads out of bounds.
        indices = indices.clamp(max=table.rows - 1)

    def rule():
        if not indices.numel():
            return torch.zeros([0, table.width])
        return torch.from_numpy(numpy.stack([table.row(int(index)) for index in indices]))

    def module():
        made = resolve(name)(table.rows, table.width, dtype=table.dtype)
        made.set_weight(table.quantized())
        return made(indices)

    function = resolve(name)
    # Without any index the kernel kills the process.
    absent = function is None or indices.numel() == 0
    if name.startswith("torch.ao"):
        return Trial(expect=_absent if absent else module, rule=rule, bound=BYTES,
                     ours=lambda: ((indices,), {"weight": table.ours()}))
    return Trial(expect=_absent if absent else lambda: function(table.packed(), indices), rule=rule, bound=BYTES,
                 ours=lambda: ((table.our_packed(), indices), {}))


def _absent():
    raise NotImplementedError("PyTorch does not have it, or not for this")


# ---- bags

def _bags(draw, rows):
    """Indices and where bags begin: a matrix, or a vector with offsets."""
    if draw.chance(0.3):
        return _indices(draw, rows, [draw.size(4), draw.int(0, 4)]), None
    count = draw.int(0, 8)
    offsets = sorted([0] + [draw.int(0, count) for _ in range(draw.int(0, 4))])
    if draw.chance(0.02):
        offsets[0] = 1
    indices = _indices(draw, rows, [count])
    return indices, torch.tensor(offsets, dtype=indices.dtype)


def _bag_settings(draw, rows, offsets):
    settings = {"mode": draw.choice(("sum", "mean", "max"))} if draw.chance(0.8) else {}
    if offsets is not None and draw.chance(0.3):
        settings["include_last_offset"] = True
    if draw.chance(0.3):
        settings["padding_idx"] = draw.int(-rows, rows - 1)
    if draw.chance(0.2):
        settings["max_norm"] = draw.choice((0.5, 1.0))
    return settings


@compares("torch.nn.functional.embedding_bag", "torch.nn.EmbeddingBag")
def embedding_bag(draw, name):
    rows = draw.size(7)
    weight = draw.floats([rows, draw.size(5)], special=0)
    indices, offsets = _bags(draw, rows)
    settings = _bag_settings(draw, rows, offsets)
    if settings.get("include_last_offset"):
        offsets = torch.cat([offsets, torch.tensor([indices.numel()], dtype=offsets.dtype)])
    inputs = {} if offsets is None else {"offsets": offsets}
    if settings.get("mode") == "sum" and draw.chance(0.5):
        inputs["per_sample_weights"] = draw.floats(indices.shape, special=0)
    expect = lambda: F.embedding_bag(indices, weight.clone(), **inputs, **settings)   # noqa: E731
    if name == "torch.nn.EmbeddingBag":
        return Trial(expect=expect, ours=((indices,), {"weight": weight, **inputs, **settings}), bound=ROWS)
    return Trial(indices, weight, settings={**inputs, **settings}, expect=expect, bound=ROWS)


@compares("torch.ao.nn.quantized.reference.EmbeddingBag")
def reference_embedding_bag(draw, name):
    table = Table(draw, draw.choice((torch.quint8, torch.quint4x2)))
    indices, offsets = _bags(draw, table.rows)
    mode = draw.choice(("sum", "mean", "max"))

    def made():
        module = resolve(name)(table.rows, table.width, mode=mode, weight_qparams=_float_qparams(table))
        module.weight.copy_(table.floats)
        return module(indices, offsets)

    return Trial(expect=made, bound=ROWS,
                 ours=((indices,), {"weight": table.floats, "offsets": offsets, "mode": mode, **_ours_of(table)}))


@compares("torch.ao.nn.quantized.EmbeddingBag", "torch.ops.quantized.embedding_bag_byte")
def quantized_embedding_bag(draw, name):
    dtype = {"byte": torch.quint8, "4bit": torch.quint4x2, "2bit": torch.quint2x4}.get(name.rsplit("_", 1)[-1])
    table = Table(draw, dtype or draw.choice((torch.quint8, torch.quint4x2)))
    indices, offsets = _bags(draw, table.rows)
    indices = indices.clamp(max=table.rows - 1)
    offsets = torch.zeros(1, dtype=indices.dtype) if offsets is None and indices.dim() == 1 else offsets
    if offsets is not None:
        offsets[0] = 0
    weights = draw.floats(indices.shape, special=0, spread=1.0) if draw.chance(0.4) else None
    starts = list(range(0, indices.numel() + 1, indices.shape[1])) if indices.dim() == 2 and indices.shape[1] else \
        [0] * (indices.shape[0] + 1) if indices.dim() == 2 else offsets.tolist() + [indices.numel()]
    flat, flat_weights = indices.reshape(-1).tolist(), None if weights is None else weights.reshape(-1).numpy()

    def rule():
        bags = [table.bag(flat[begin:end], None if weights is None else flat_weights[begin:end], "sum")
                for begin, end in zip(starts, starts[1:])]
        return torch.from_numpy(numpy.stack(bags))

    if name.startswith("torch.ao"):
        def module():
            made = resolve(name)(table.rows, table.width, mode="sum", include_last_offset=False, dtype=table.dtype)
            made.set_weight(table.quantized())
            return made(indices, offsets, weights)
        return Trial(expect=module, rule=rule, bound=BYTES,
                     ours=lambda: ((indices,), {"weight": table.ours(), "offsets": offsets,
                                                "per_sample_weights": weights, "mode": "sum"}))
    function = resolve(name)
    args = (indices, offsets, False, 0, False, weights, None, False)
    return Trial(expect=_absent if function is None else lambda: function(table.packed(), *args), rule=rule,
                 bound=BYTES,
                 ours=lambda: ((table.our_packed(), *args), {}))


@compares("torch.ops.quantized.embedding_bag_prepack")
def prepack(draw, name):
    """The packed rows are compared by what comes out of them."""
    table = Table(draw, draw.choice((torch.quint8, torch.quint4x2)))
    everything = torch.arange(table.rows)
    read = "embedding_byte" if table.dtype == torch.quint8 else "embedding_4bit"
    return Trial(ours=lambda: ((table.ours(),), {}), bound=BYTES,
                 expect=lambda: getattr(QUANTIZED, read)(table.packed(), everything),
                 finish=lambda packed: Lfb.call("torch.ops.quantized." + read, native([packed, everything])))


@compares("torch.ops.quantized.embedding_bag_unpack")
def unpack(draw, name):
    table = Table(draw, draw.choice((torch.quint8, torch.quint4x2)))
    return Trial(ours=lambda: ((table.our_packed(),), {}), rule=table.quantized,
                 unlike="PyTorch 1.13's result has lost its scales and zero points")


@compares(*("torch.ops.quantized.embedding_bag_%s_%spack" % (bits, way)
            for bits in ("byte", "4bit", "2bit") for way in ("pre", "un")))
def rows_as_bytes(draw, name):
    bits = {"byte": 8, "4bit": 4, "2bit": 2}[name.rsplit("_", 2)[1]]
    lead = draw.shape(0, 3, 4) if bits == 8 else [0 if draw.chance(0.05) else draw.size(5)]
    if name.endswith("unpack"):
        tail, size = (numpy.float32, 8) if bits == 8 else (numpy.float16, 4)
        width = draw.int(0, 7)
        ends = numpy.asarray(draw.array.standard_normal(lead + [2]) * draw.choice((0.01, 1, 10)), tail)
        data = numpy.concatenate([draw.array.integers(0, 255, lead + [width], numpy.uint8, endpoint=True),
                                  ends.view(numpy.uint8)], -1)
        data = torch.from_numpy(data if draw.chance(0.96) else data[..., -draw.int(1, size):].copy())
        # Rounded once, where PyTorch may round the product too.
        return Trial(data, bound=Bound(ulps=2, part=1e-6))
    width = draw.size(5) * (8 // bits) + (1 if draw.chance(0.05) else 0)
    dtype = torch.float32 if draw.chance(0.7) else torch.float16 if draw.chance(0.9) else torch.float64
    spread = draw.choice((0.01, 1.0, 1.0, 100.0))
    data = draw.floats(lead + [width], dtype, special=0, spread=spread)
    settings = {}
    if bits < 8 and draw.chance(0.2):
        settings = {"optimized_qparams": False}
    # Without FBGEMM PyTorch reads halves as if they were float32, and so beyond their end, and channels that
    # are the last as if they were not.
    expect = None
    if bits == 8 and dtype != torch.float64:
        expect = lambda: QUANTIZED.embedding_bag_byte_prepack(data.float().contiguous())   # noqa: E731
    return Trial(data, settings=settings, expect=expect)
