# SPDX-License-Identifier: LGPL-2.1-or-later
"""Module types that torch got after 1.13, as far as a reference model needs them.

They stand under the names that newer versions give them, compute what the reference model says, and
are never lowered by torch here: what they become is written by hand.
"""

import torch
from torch import nn
from torch.ao.nn.quantized import reference
from torch.ao.nn.quantized.reference.modules import rnn
from torch.ao.nn.intrinsic.modules.fused import _FusedModule


def _named(home, name=None):
    def name_it(cls):
        cls.__module__ = home
        cls.__qualname__ = cls.__name__ = name or cls.__name__
        return cls
    return name_it


@_named("torch.ao.nn.intrinsic")
class LinearLeakyReLU(_FusedModule):
    pass


@_named("torch.ao.nn.intrinsic")
class LinearTanh(_FusedModule):
    pass


@_named("torch.ao.nn.intrinsic")
class ConvAdd2d(_FusedModule):
    def forward(self, x, y):
        return self[0](x) + y


@_named("torch.ao.nn.intrinsic")
class ConvAddReLU2d(_FusedModule):
    def forward(self, x, y):
        return torch.relu(self[0](x) + y)


@_named("torch.ao.nn.quantized.reference")
class GRU(rnn.RNNBase):
    """The weights are rounded to what the int8 weights stand for, the rest is float."""

    def __init__(self, *args, **kwargs):
        super().__init__("GRU", *args, **kwargs)

    def forward(self, x, hidden=None):
        if hidden is None:
            batch = x.size(0) if self.batch_first else x.size(1)
            directions = 2 if self.bidirectional else 1
            hidden = torch.zeros(self.num_layers * directions, batch, self.hidden_size)
        weights = [rnn._get_quantize_and_dequantized_weight(self, name)
                   if name.startswith("weight") else getattr(self, name)
                   for name in self._flat_weights_names]
        return torch.gru(x, hidden, weights, self.bias, self.num_layers, self.dropout,
                         self.training, self.bidirectional, self.batch_first)

    @classmethod
    def from_float(cls, module, ranges):
        self = cls(module.input_size, module.hidden_size, module.num_layers, module.bias,
                   module.batch_first, module.dropout, module.bidirectional,
                   weight_qparams_dict=ranges)
        for name in module._flat_weights_names:
            setattr(self, name, getattr(module, name))
        return self


@_named("torch.ao.nn.quantized.reference", "Embedding")
class Embedding2Bit(nn.Embedding):
    """Rows of two-bit integers; the classes of 1.13 know eight and four bits."""

    def __init__(self, rows, width):
        super().__init__(rows, width)
        low = self.weight.detach().min(1).values.clamp(max=0)
        high = self.weight.detach().max(1).values.clamp(min=0)
        self.weight_qscheme = torch.per_channel_affine_float_qparams
        self.weight_dtype = torch.quint2x4
        self.register_buffer("weight_scale", (high - low) / 3)
        self.register_buffer("weight_zero_point", -low / self.weight_scale)
        self.register_buffer("weight_axis", torch.tensor(0, dtype=torch.int))

    def forward(self, index):
        scale, zero_point = self.weight_scale[:, None], self.weight_zero_point[:, None]
        rows = torch.clamp(torch.round(self.weight * (1 / scale) + zero_point), 0, 3)
        return nn.functional.embedding(index, (rows - zero_point) * scale)


@_named("torch.ao.nn.quantized.reference", "Linear")
class NamedInputLinear(reference.Linear):
    """Its input is called input, as that of a float Linear; torch's own calls it x."""

    def forward(self, input):
        return super().forward(input)
