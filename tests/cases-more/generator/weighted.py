# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reference modules with random weights whose scales fit them."""

import torch
from torch import nn
from torch.ao.nn.quantized import reference


def weight_range(weight, axis=None, dtype=torch.qint8):
    """The settings of a weight that is quantized per tensor, or per channel along ``axis``."""
    if dtype == torch.float16:
        return {"qscheme": None, "dtype": dtype}
    low, high = -128, 127
    if axis is None:
        return {"qscheme": torch.per_tensor_affine, "dtype": dtype, "zero_point": 0,
                "scale": float(weight.detach().abs().max()) / high}
    rows = weight.detach().transpose(0, axis).flatten(1).abs().max(1).values
    return {"qscheme": torch.per_channel_affine, "dtype": dtype, "axis": axis,
            "scale": rows / ((high - low) / 2), "zero_point": torch.zeros(len(rows), dtype=torch.int)}


def referenced(module, axis=0, dtype=torch.qint8):
    """The reference module of a float one."""
    cls = getattr(reference, type(module).__name__)
    return cls.from_float(module, weight_range(module.weight, axis, dtype)).eval()


def fused(cls, first, *rest):
    """A fused module of reference module ``first``: torch puts it in after fusing."""
    module = cls(getattr(nn, type(first).__name__)(*_sizes(first)), *rest)
    module[0] = first
    return module.eval()


def _sizes(module):
    if hasattr(module, "in_features"):
        return module.in_features, module.out_features
    return module.in_channels, module.out_channels, module.kernel_size


def linear(inputs=12, outputs=12, axis=0, dtype=torch.qint8, **settings):
    return referenced(nn.Linear(inputs, outputs, **settings), axis, dtype)


def conv(n_dims, inputs=4, outputs=4, kernel=3, axis=0, **settings):
    cls = getattr(nn, "Conv%dd" % n_dims)
    return referenced(cls(inputs, outputs, kernel, padding=kernel // 2, **settings), axis)


def conv_transpose(n_dims, inputs=4, outputs=4, **settings):
    cls = getattr(nn, "ConvTranspose%dd" % n_dims)
    return referenced(cls(inputs, outputs, 3, **settings), None)


def embedding(rows=10, width=16, dtype=torch.quint8, bag=False, **settings):
    module = (nn.EmbeddingBag if bag else nn.Embedding)(rows, width, **settings)
    weight = module.weight.detach()
    low, high = weight.min(1).values.clamp(max=0), weight.max(1).values.clamp(min=0)
    scale = ((high - low) / (15 if dtype == torch.quint4x2 else 255)).clamp(min=1e-7)
    cls = reference.EmbeddingBag if bag else reference.Embedding
    return cls.from_float(module, {
        "qscheme": torch.per_channel_affine_float_qparams, "dtype": dtype, "scale": scale,
        "zero_point": -low / scale, "axis": 0}).eval()


def recurrent(cls, module, dtype=torch.qint8):
    """The reference module of class ``cls`` of a float recurrent module or cell."""
    names = getattr(module, "_flat_weights_names", ["weight_ih", "weight_hh"])
    ranges = {name: weight_range(getattr(module, name), None, dtype) for name in names
              if name.startswith("weight")}
    return cls.from_float(module, ranges).eval()
