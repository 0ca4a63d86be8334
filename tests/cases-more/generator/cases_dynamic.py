# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dynamic quantization: modules (pass 3) and functionals (pass 6)."""

import operator

import torch
import torch.nn.functional as F
from torch import nn
from torch.ao.nn import intrinsic
from torch.ao.nn.quantized import reference

import newer
from builder import DYNAMIC, FUSED_DYNAMIC, case
from weighted import fused, linear, recurrent

HALF = torch.float16

# Lowered, the states of a recurrent module are quantized too.
STATES = 0.01


# ---- modules ----

@case
def dyn_shared_dequantize(b):
    """Three modules read one dequantize, and a sine the tensor under it."""
    x = b.input(3, 12)
    d = b.dynamic(x)
    found = [b.module(name, linear(12, 7), d) for name in ("query", "key", "value")]
    b.output((*found, b.function(torch.sin, x)))


@case
def static_module_behind_a_dynamic_quantize(b):
    """Its output is quantized with known numbers: it is the static form that reads the integers."""
    y = b.module("l", linear(12, 7), b.dynamic(b.input(3, 12)))
    b.output(b.requantize(y))


@case
def dyn_linear_qint8(b):
    """torch's module quantizes to quint8 all the same."""
    b.output(b.module("l", linear(12, 7), b.dynamic(b.input(3, 12), torch.qint8)))
    b.torch_makes(truth="reference")


@case
def dyn_full_range(b):
    """Without reduce_range; torch's module uses it all the same."""
    b.output(b.module("l", linear(12, 7), b.dynamic(b.input(3, 12), reduce_range=False)))
    b.torch_makes(truth="reference")


@case
def dyn_linear_half(b):
    x = b.input(3, 12)
    y = b.module("l", linear(12, 7, dtype=HALF), b.dynamic(x, HALF))
    relued = fused(intrinsic.LinearReLU, linear(12, 7, dtype=HALF), nn.ReLU())
    b.output((y, b.module("r", relued, b.dynamic(x, HALF))))
    b.expect("""
        x = placeholder()
        y = module["l"](x)
        r = module["r"](x)
        output((y, r))
        """, modules={"l": DYNAMIC + "Linear", "r": FUSED_DYNAMIC + "LinearReLU"})


@case
def dyn_lstm_states(b):
    """A tuple goes in and two come out."""
    x = b.input(5, 2, 12)
    states = (b.input(2, 2, 6, name="h"), b.input(2, 2, 6, name="c"))
    lstm = recurrent(reference.LSTM, nn.LSTM(12, 6, num_layers=2))
    y = b.module("r", lstm, b.dynamic(x), states)
    h = b.function(operator.getitem, b.function(operator.getitem, y, 1), 0)
    b.output({"all": b.function(operator.getitem, y, 0), "last": (h, y)})
    b.torch_makes(tolerance=STATES)


@case
def dyn_lstm_no_bias(b):
    """torch's int8 module wants one."""
    lstm = recurrent(reference.LSTM, nn.LSTM(12, 6, bias=False, bidirectional=True))
    b.output(b.module("r", lstm, b.dynamic(b.input(5, 2, 12))))
    b.expect("""
        x = placeholder()
        y = module["r"](x)
        output(y)
        """, modules={"r": DYNAMIC + "LSTM"}, tolerance=STATES)


@case
def dyn_lstm_half(b):
    lstm = recurrent(reference.LSTM, nn.LSTM(12, 6, batch_first=True), HALF)
    b.output(b.module("r", lstm, b.dynamic(b.input(2, 5, 12), HALF)))
    b.expect("""
        x = placeholder()
        y = module["r"](x)
        output(y)
        """, modules={"r": DYNAMIC + "LSTM"})


@case
def dyn_cells_half(b):
    x, h, c = b.input(3, 12), b.input(3, 6, name="h"), b.input(3, 6, name="c")
    d = b.dynamic(x, HALF)
    outputs = []
    for path, name, state in (("a", "LSTMCell", (h, c)), ("b", "GRUCell", h), ("c", "RNNCell", h)):
        cell = recurrent(getattr(reference, name), getattr(nn, name)(12, 6), HALF)
        outputs.append(b.module(path + "_cell", cell, d, state))
    b.output(tuple(outputs))
    b.expect("""
        x = placeholder()
        h = placeholder()
        c = placeholder()
        ya = module["a_cell"](x, (h, c))
        yb = module["b_cell"](x, h)
        yc = module["c_cell"](x, h)
        output((ya, yb, yc))
        """, modules={"a_cell": DYNAMIC + "LSTMCell", "b_cell": DYNAMIC + "GRUCell",
                      "c_cell": DYNAMIC + "RNNCell"})


def gru(b, module, *states):
    b.output(b.module("r", recurrent(newer.GRU, module), b.dynamic(b.input(5, 2, 12)), *states))


@case
def dyn_gru(b):
    """Newer than 1.13."""
    gru(b, nn.GRU(12, 6, num_layers=2))
    b.expect("""
        x = placeholder()
        y = module["r"](x)
        output(y)
        """, modules={"r": DYNAMIC + "GRU"}, tolerance=STATES)


@case
def dyn_gru_bidirectional(b):
    """Newer than 1.13; with an initial state."""
    gru(b, nn.GRU(12, 6, bidirectional=True), b.input(2, 2, 6, name="h"))
    b.expect("""
        h = placeholder()
        x = placeholder()
        y = module["r"](x, h)
        output(y)
        """, modules={"r": DYNAMIC + "GRU"}, tolerance=STATES)


@case
def dyn_modules_left(b):
    """Read through a static quantize, or not quantized at all."""
    x = b.input(5, 2, 12)
    q = b.quantize(x)
    lstm = b.module("s", recurrent(reference.LSTM, nn.LSTM(12, 6)), b.dequantize(q))
    plain = b.module("l", linear(), x)
    b.output((lstm, plain))
    b.torch_makes(left={lstm.name: [], plain.name: []})


@case
def skipped_where_nobody_asks(b):
    """No QConfig: dynamic modules, shape reads and copying operators lower all the same."""
    y = b.module("l", linear(), b.dynamic(b.input(3, 12)))
    d = b.requantize(y)
    s = b.function(torch.sigmoid, d)
    n = b.function(getattr, d, "shape")
    r = b.method("reshape", b.requantize(s, scale=1 / 256), n)
    b.skip(y, s, n, r)
    b.output(b.requantize(r, scale=1 / 256))


# ---- functionals ----

@case
def f_dyn_linear_per_tensor(b):
    """Three in a row, behind two of them a relu: as a function, and as a module."""
    x = b.input(3, 12)
    bias = b.attribute("bias", torch.randn(12))
    y = b.function(F.linear, b.dynamic(x), b.weight("w", 12, 12, axis=None), bias)
    y = b.function(F.linear, b.dynamic(b.function(F.relu, y)), b.weight("v", 12, 12))
    b.output(b.function(F.linear, b.dynamic(b.module("r", nn.ReLU(), y)), b.weight("u", 7, 12)))


def dynamic_then(b, relu):
    x = b.input(3, 12)
    bias = b.attribute("bias", torch.randn(7))
    b.output(relu(b.function(F.linear, b.dynamic(x), b.weight("w", 7, 12), bias)))


FUSED = """
    x = placeholder()
    p = get_attr("_packed_weight_0", "LinearPackedParamsBase")
    y = torch.ops.quantized.linear_relu_dynamic(x, p, True)
    output(y)
    """


@case
def f_dyn_linear_torch_relu_strict(b):
    dynamic_then(b, lambda y: b.function(torch.relu, y))
    b.torch_makes(modes=["strict"])


@case
def f_dyn_linear_torch_relu(b):
    dynamic_then(b, lambda y: b.function(torch.relu, y))
    b.expect(FUSED, modes=["default"])


@case
def f_dyn_linear_relu_method_strict(b):
    dynamic_then(b, lambda y: b.method("relu", y))
    b.torch_makes(modes=["strict"])


@case
def f_dyn_linear_relu_method(b):
    dynamic_then(b, lambda y: b.method("relu", y))
    b.expect(FUSED, modes=["default"])


@case
def f_dyn_linear_two_users(b):
    """The relu is not the only user of the linear, and stays."""
    y = b.function(F.linear, b.dynamic(b.input(3, 12)), b.weight("w", 7, 12))
    b.output((b.function(F.relu, y), b.function(torch.sin, y)))
    b.expect("""
        x = placeholder()
        p = get_attr("_packed_weight_0", "LinearPackedParamsBase")
        y = torch.ops.quantized.linear_dynamic(x, p, True)
        r = torch.nn.functional.relu(y)
        s = torch.sin(y)
        output((r, s))
        """)


@case
def f_dyn_linear_relu_two_users(b):
    """That the relu has two is no matter."""
    y = b.function(F.linear, b.dynamic(b.input(3, 12), reduce_range=False), b.weight("w", 7, 12))
    r = b.function(F.relu, y)
    b.output((r, b.function(torch.sin, r)))


@case
def f_dyn_linear_keyword(b):
    x = b.input(3, 12)
    bias = b.attribute("bias", torch.randn(7))
    b.output(b.function(F.linear, b.dynamic(x), b.weight("w", 7, 12), bias=bias))
    b.expect("""
        x = placeholder()
        p = get_attr("_packed_weight_0", "LinearPackedParamsBase")
        y = torch.ops.quantized.linear_dynamic(x, p, True)
        output(y)
        """)


@case
def f_dyn_linear_half(b):
    """The weight comes through a method to(float16); the second has a relu behind it."""
    x = b.input(3, 12)
    outputs = []
    for name in "wv":
        weight = b.attribute(name, torch.randn(7, 12) * 0.3)
        weight = b.dequantize(b.method("to", weight, HALF))
        bias = b.attribute(name + "_bias", torch.randn(7))
        outputs.append(b.function(F.linear, b.dynamic(x, HALF), weight, bias))
    b.output((outputs[0], b.function(F.relu, outputs[1])))
    b.expect("""
        x = placeholder()
        p = get_attr("_packed_weight_0", "LinearPackedParamsBase")
        y = torch.ops.quantized.linear_dynamic_fp16(x, p)
        o = get_attr("_packed_weight_1", "LinearPackedParamsBase")
        r = torch.ops.quantized.linear_relu_dynamic_fp16(x, o)
        output((y, r))
        """)


@case
def f_dyn_linear_left(b):
    """Skipped; types that are not in the table; a weight that is not quantized."""
    x = b.input(3, 12)
    skipped = b.function(F.linear, b.dynamic(x), b.weight("w", 7, 12))
    signed = b.function(F.linear, b.dynamic(x, torch.qint8), b.weight("v", 7, 12))
    plain = b.function(F.linear, b.dynamic(x), b.attribute("u", torch.randn(7, 12)))
    static = b.function(F.linear, b.requantize(x), b.weight("t", 7, 12))
    b.skip(skipped)
    b.output((skipped, signed, plain, static))
    dynamics = [n.name for n in b.graph.nodes if n.target is torch.quantize_per_tensor_dynamic]
    reasons = [[skipped.name], [signed.name], ["u"]]
    b.torch_makes(left=dict(zip(dynamics, reasons)))


def dynamic_convolutions(b):
    """Of one dimension, with numbers for settings; of two; of three, with a relu behind it."""
    bias = b.attribute("bias", torch.randn(6))
    one = b.function(F.conv1d, b.dynamic(b.input(2, 4, 9, name="a")), b.weight("w", 6, 4, 3), bias,
                     2, 1)
    two = b.function(F.conv2d, b.dynamic(b.input(2, 4, 7, 5, name="b")),
                     b.weight("v", 6, 4, 3, 3, axis=None), bias, (1, 2), (1, 1), (1, 1), 1)
    three = b.function(F.conv3d, b.dynamic(b.input(1, 4, 5, 4, 3, name="c")),
                       b.weight("u", 6, 4, 1, 1, 1), bias)
    b.output((one, two, b.function(F.relu, three)))


@case
def f_dyn_conv_strict(b):
    dynamic_convolutions(b)
    b.torch_makes(modes=["strict"])


@case
def f_dyn_conv(b):
    """There is no form with relu: the last one stays."""
    dynamic_convolutions(b)
    b.expect("""
        a = placeholder()
        w = get_attr("_packed_weight_0", "Conv2dPackedParamsBase")
        one = torch.ops.quantized.conv1d_dynamic(a, w, True)
        b = placeholder()
        v = get_attr("_packed_weight_1", "Conv2dPackedParamsBase")
        two = torch.ops.quantized.conv2d_dynamic(b, v, True)
        c = placeholder()
        u = get_attr("_packed_weight_2", "Conv3dPackedParamsBase")
        three = torch.ops.quantized.conv3d_dynamic(c, u, True)
        relu = torch.nn.functional.relu(three)
        output((one, two, relu))
        """, modes=["default"])


@case
def quantized_dynamically_for_nothing(b):
    """What reads the dequantize is no operator of the tables."""
    d = b.dynamic(b.input(3, 12))
    y = b.function(torch.sin, d)
    b.output(y)
    b.torch_makes(left={d.args[0].name: []})
