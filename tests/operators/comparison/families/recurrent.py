# SPDX-License-Identifier: LGPL-2.1-or-later
"""LSTM, GRU and plain recurrent layers, and their single cells."""

import numpy
import torch
from gi.repository import Lfb

from ..convert import native
from ..reasons import tied
from ..trial import Bound, Trial, compares
from .linear import range_of

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FLOAT = Bound(ulps=8, part=2e-6, absolute=2e-6)
# One input that PyTorch rounds to the other side makes a step of the products differ.
DYNAMIC = Bound(part=2e-3, absolute=2e-3)


def kind_of(name):
    return next(kind for kind in GATES if kind in name.rsplit(".", 1)[1])


class Network:
    """Weights of all layers and directions, under the names that modules give them."""

    def __init__(self, draw, name):
        self.kind, self.cell = kind_of(name), name.endswith("Cell")
        self.inputs, self.hidden = draw.size(6), draw.size(6)
        self.layers = 1 if self.cell else draw.choice((1, 1, 2))
        self.directions = 1 if self.cell else draw.choice((1, 1, 2))
        self.bias = draw.chance(0.8)
        self.projection = 0
        if self.kind == "LSTM" and not self.cell and self.hidden > 1 and draw.chance(0.25) and "dynamic" not in name:
            self.projection = draw.int(1, self.hidden - 1)
        self.nonlinearity = draw.choice(("tanh", "relu")) if self.kind == "RNN" else "tanh"
        self.batch_first = not self.cell and draw.chance(0.4)
        self.output = self.projection or self.hidden
        self.weights = self._draw_weights(draw)

    def suffixes(self):
        if self.cell:
            return [""]
        return ["_l%d%s" % (layer, "_reverse" if direction else "")
                for layer in range(self.layers) for direction in range(self.directions)]

    def _draw_weights(self, draw):
        weights, rows = {}, GATES[self.kind] * self.hidden
        for number, suffix in enumerate(self.suffixes()):
            width = self.inputs if number < self.directions else self.output * self.directions
            weights["weight_ih" + suffix] = draw.floats([rows, width], special=0, spread=0.5)
            weights["weight_hh" + suffix] = draw.floats([rows, self.output], special=0, spread=0.5)
            if self.bias:
                weights["bias_ih" + suffix] = draw.floats([rows], special=0, spread=0.5)
                weights["bias_hh" + suffix] = draw.floats([rows], special=0, spread=0.5)
            if self.projection:
                weights["weight_hr" + suffix] = draw.floats([self.projection, self.hidden], special=0, spread=0.5)
        return weights

    def module(self, weights=None):
        """PyTorch's float module."""
        more = {"nonlinearity": self.nonlinearity} if self.kind == "RNN" else {}
        if self.cell:
            made = getattr(torch.nn, self.kind + "Cell")(self.inputs, self.hidden, self.bias, **more)
        else:
            if self.projection:
                more["proj_size"] = self.projection
            made = getattr(torch.nn, self.kind)(self.inputs, self.hidden, self.layers, bias=self.bias,
                                                batch_first=self.batch_first, bidirectional=self.directions == 2,
                                                **more)
        for key, weight in (weights or self.weights).items():
            getattr(made, key).copy_(weight)
        return made.eval()

    def settings(self):
        settings = {}
        if not self.cell:
            settings.update(num_layers=self.layers, batch_first=self.batch_first,
                            bidirectional=self.directions == 2)
        if self.kind == "RNN":
            settings["nonlinearity"] = self.nonlinearity
        return settings

    def state(self, draw, batch, halves):
        """None, or the one or two tensors of the beginning."""
        if draw.chance(0.4):
            return None
        lead = [] if self.cell else [self.layers * self.directions]
        hidden = draw.floats(lead + batch + [self.output], special=0, spread=1.0, halves=halves)
        if self.kind != "LSTM":
            return hidden
        return hidden, draw.floats(lead + batch + [self.hidden], special=0, spread=1.0)

    def arguments(self, draw, dynamic):
        """PyTorch's dynamic modules take batches only, and round ties after they added the zero point."""
        batch = [] if draw.chance(0.15) and not dynamic else [draw.size(4)]
        width = self.inputs if draw.chance(0.98) else self.inputs + 1
        if self.cell:
            data = draw.floats(batch + [width], special=0, spread=1.0, halves=not dynamic)
        else:
            steps = draw.size(5)
            lead = batch + [steps] if self.batch_first and batch else [steps] + batch
            data = draw.floats(lead + [width], special=0, spread=1.0, halves=not dynamic)
        return data, self.state(draw, batch, not dynamic)


def _trial(network, data, state, module, tensors, bound, settings=None, **more):
    call = (lambda: module()(data)) if state is None else (lambda: module()(data, state))
    args = (data,) if state is None else (data, state)
    ours = (args, {"tensors": tensors, "settings": settings or {}, **network.settings()})
    return Trial(expect=call, ours=ours, bound=bound, **more)


def _rounded(draw, network):
    """A reference module's weights, what it keeps of them, and what they become."""
    tensors, settings, effective = dict(network.weights), {}, dict(network.weights)
    for key in [key for key in network.weights if key.startswith("weight")]:
        weight = network.weights[key]
        if draw.chance(0.5):
            scale, zero = torch.tensor([draw.scale(1e-2, 0.1)]), torch.tensor([0])
            effective[key] = torch.quantize_per_tensor(weight, float(scale), 0, torch.qint8).dequantize()
            settings[key + "_qscheme"] = Lfb.QScheme.PER_TENSOR_AFFINE
        else:
            scale = torch.tensor([draw.scale(1e-2, 0.1) for _ in range(weight.shape[0])])
            zero = torch.zeros(weight.shape[0], dtype=torch.int64)
            effective[key] = torch.quantize_per_channel(weight, scale.double(), zero, 0, torch.qint8).dequantize()
            settings[key + "_qscheme"] = Lfb.QScheme.PER_CHANNEL_AFFINE
            tensors[key + "_axis"] = torch.tensor(0)
        settings[key + "_dtype"] = Lfb.DType.QINT8
        tensors[key + "_scale"], tensors[key + "_zero_point"] = scale, zero
    return tensors, settings, effective


def _quantized(draw, network):
    """int8 weights, and PyTorch's dynamic module with them."""
    weights = {}
    for key, weight in network.weights.items():
        if key.startswith("weight"):
            scale = float(numpy.float32(draw.scale(4e-3, 0.02)))
            weights[key] = torch.quantize_per_tensor(weight, scale, 0, torch.qint8)
        else:
            weights[key] = weight
    return weights


def _dynamic_module(network, weights):
    """Its own packed parameters are replaced: it would choose scales itself."""
    dynamic = torch.ao.nn.quantized.dynamic
    pack = torch.ops.quantized.linear_prepack
    if network.cell:
        more = {"nonlinearity": network.nonlinearity} if network.kind == "RNN" else {}
        made = getattr(dynamic, network.kind + "Cell")(network.inputs, network.hidden, network.bias,
                                                       dtype=torch.qint8, **more)
        made._packed_weight_ih = pack(weights["weight_ih"], weights.get("bias_ih"))
        made._packed_weight_hh = pack(weights["weight_hh"], weights.get("bias_hh"))
        return made
    made = getattr(dynamic, network.kind)(network.inputs, network.hidden, network.layers, bias=network.bias,
                                          batch_first=network.batch_first, bidirectional=network.directions == 2,
                                          dtype=torch.qint8)
    for cell, suffix in zip(made._all_weight_values, network.suffixes()):
        cell.param = torch.ops.quantized.make_quantized_cell_params_dynamic(
            pack(weights["weight_ih" + suffix], weights.get("bias_ih" + suffix)),
            pack(weights["weight_hh" + suffix], weights.get("bias_hh" + suffix)),
            weights.get("bias_ih" + suffix), weights.get("bias_hh" + suffix), True)
    return made


@compares("torch.nn.LSTM", "torch.nn.GRU", "torch.nn.RNN", "torch.nn.LSTMCell", "torch.nn.GRUCell",
          "torch.nn.RNNCell")
def recurrent(draw, name):
    network = Network(draw, name)
    data, state = network.arguments(draw, ".dynamic." in name)
    if name.startswith("torch.nn."):
        return _trial(network, data, state, network.module, network.weights, FLOAT)
    if ".reference." in name:
        tensors, settings, effective = _rounded(draw, network)
        return _trial(network, data, state, lambda: network.module(effective), tensors, FLOAT, settings)
    if draw.chance(0.2):
        # With oneDNN PyTorch has no weights of float16: the float module with rounded ones.
        weights = {key: weight.half() if key.startswith("weight") else weight
                   for key, weight in network.weights.items()}
        effective = {key: weight.float() for key, weight in weights.items()}
        return _trial(network, data, state, lambda: network.module(effective), weights, FLOAT)
    weights = _quantized(draw, network)
    return _trial(network, data, state, lambda: _dynamic_module(network, weights), weights, DYNAMIC)


@compares(*("torch.ops.quantized.quantized_%s_cell_dynamic" % kind for kind in ("lstm", "gru", "rnn_tanh", "rnn_relu")))
def packed_cell(draw, name):
    """Cells of packed weights, whose own biases count."""
    kind = next(kind for kind in GATES if kind.lower() in name)
    inputs, hidden, batch = draw.size(6), draw.size(6), draw.size(4)
    rows, weights = GATES[kind] * hidden, []
    for width in (inputs, hidden):
        scale = float(numpy.float32(draw.scale(4e-3, 0.02)))
        weights.append((torch.quantize_per_tensor(draw.floats([rows, width], special=0, spread=0.5), scale, 0, torch.qint8),
                        draw.floats([rows], special=0, spread=0.5) if draw.chance(0.8) else None))
    data = draw.floats([batch, inputs if draw.chance(0.98) else inputs + 1], special=0, spread=1.0, halves=False)
    state = [draw.floats([batch, hidden], special=0, spread=1.0, halves=False) for _ in range(2)]
    state = state if kind == "LSTM" else state[0]
    # Not looked at.
    biases = [draw.floats([rows], special=0) for _ in range(2)]

    def expect():
        packed = [torch.ops.quantized.linear_prepack(*weight) for weight in weights]
        return getattr(torch.ops.quantized, name.rsplit(".", 1)[1])(data, state, *packed, *biases)

    def ours():
        packed = [Lfb.call("torch.ops.quantized.linear_prepack", native(list(weight))) for weight in weights]
        return (data, state, *packed, *biases), {}

    ties = [tied(part, lambda part=part: range_of(part, True)) for part in (data, state[0] if kind == "LSTM" else state)]
    return Trial(expect=expect, ours=ours, bound=DYNAMIC, tolerated=ties)
