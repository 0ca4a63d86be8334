# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small networks of every family that torch quantizes, made ready for convert_fx.

``NETWORKS`` maps a name to a Network: how to build it, the shapes of its inputs, its qconfigs, and
what must be found in the file: types of modules by path, and targets of functions and methods.
"""

import collections

import torch
import torch.nn.functional as F
from torch import nn
from torch.ao import quantization as q
from torch.ao.quantization.quantize_fx import prepare_fx, prepare_qat_fx

Network = collections.namedtuple("Network", "build inputs mapping types targets")
NETWORKS = {}

REFERENCE = "torch.ao.nn.quantized.reference."
FUSED = "torch.ao.nn.intrinsic."


def static():
    return q.get_default_qconfig_mapping("fbgemm")


def per_tensor():
    return q.QConfigMapping().set_global(q.QConfig(
        activation=q.MinMaxObserver.with_args(reduce_range=True), weight=q.default_weight_observer))


def dynamic(qconfig=q.default_dynamic_qconfig):
    mapping = q.QConfigMapping()
    for kind in (nn.Linear, nn.LSTM, nn.LSTMCell, nn.GRUCell, nn.RNNCell, F.linear):
        mapping.set_object_type(kind, qconfig)
    return mapping


def float16():
    return dynamic(q.float16_dynamic_qconfig)


def embedding(qconfig=q.float_qparams_weight_only_qconfig):
    return (q.QConfigMapping().set_object_type(nn.Embedding, qconfig)
            .set_object_type(nn.EmbeddingBag, qconfig))


def embedding4():
    return embedding(q.float_qparams_weight_only_qconfig_4bit)


def qat():
    return q.get_default_qat_qconfig_mapping("fbgemm")


class Net(nn.Module):
    """Parts made by ``parts``, put together by ``formula (self, x)``."""

    def __init__(self, formula, parts):
        super().__init__()
        self.formula = formula
        for name, make in parts.items():
            setattr(self, name, make())

    def forward(self, x):
        return self.formula(self, x)


def network(name, inputs, formula, mapping=static, types=None, targets=(), **parts):
    NETWORKS[name] = Network(lambda: Net(formula, parts), inputs, mapping, types or {}, targets)


def prepared(name):
    """(prepared and calibrated model, example inputs) of a network; the same at each call."""
    net = NETWORKS[name]
    torch.manual_seed(hash_of(name))
    inputs = tuple(make() for make in net.inputs)
    if net.mapping is qat:
        model = prepare_qat_fx(net.build().train(), net.mapping(), inputs)
        model(*inputs)
        return model.eval(), inputs
    model = prepare_fx(net.build().eval(), net.mapping(), inputs)
    model(*inputs)
    return model, inputs


def hash_of(name):
    return sum(ord(letter) * 31 ** i for i, letter in enumerate(name)) % 2 ** 31


def floats(*shape):
    return lambda: torch.randn(shape)


def ids(*shape):
    return lambda: torch.randint(0, 10, shape)


ROWS, SIGNAL, IMAGE = floats(3, 12), floats(2, 4, 17), floats(2, 4, 9, 9)
VOLUME = floats(1, 4, 5, 6, 6)
CONV = {"c": lambda: nn.Conv2d(4, 6, 3, padding=1)}
LINEARS = {"a": lambda: nn.Linear(12, 12), "b": lambda: nn.Linear(12, 12)}


def weight(*shape):
    return lambda: nn.Parameter(torch.randn(shape) * .3)


# Weighted modules
network("linear", [ROWS], lambda s, x: s.l(x), types={"l": REFERENCE + "Linear"},
        l=lambda: nn.Linear(12, 7))
network("linear_no_bias_per_tensor", [ROWS], lambda s, x: s.l(x), per_tensor,
        types={"l": REFERENCE + "Linear"}, l=lambda: nn.Linear(12, 7, bias=False))
network("linear_relu", [ROWS], lambda s, x: F.relu(s.l(x)),
        types={"l": FUSED + "LinearReLU", "l.0": REFERENCE + "Linear", "l.1": "torch.nn.ReLU"},
        l=lambda: nn.Linear(12, 7))
network("linear_twice", [ROWS], lambda s, x: s.l(s.l(x)), types={"l": REFERENCE + "Linear"},
        l=lambda: nn.Linear(12, 12))
network("conv1d_dilated", [SIGNAL], lambda s, x: s.c(x), types={"c": REFERENCE + "Conv1d"},
        c=lambda: nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2))
network("conv2d_batch_norm_relu", [IMAGE], lambda s, x: s.r(s.n(s.c(x))),
        types={"c": FUSED + "ConvReLU2d", "c.0": REFERENCE + "Conv2d", "c.1": "torch.nn.ReLU"},
        n=lambda: nn.BatchNorm2d(6), r=nn.ReLU, **CONV)
network("conv2d_depthwise", [IMAGE], lambda s, x: s.c(x), types={"c": REFERENCE + "Conv2d"},
        c=lambda: nn.Conv2d(4, 4, (3, 5), padding=(1, 2), groups=4))
network("conv3d_groups", [VOLUME], lambda s, x: s.c(x), types={"c": REFERENCE + "Conv3d"},
        c=lambda: nn.Conv3d(4, 8, 3, groups=2))
network("conv_transpose2d", [IMAGE], lambda s, x: s.c(x), per_tensor,
        types={"c": REFERENCE + "ConvTranspose2d"},
        c=lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, output_padding=1))
network("conv2d_qat", [IMAGE], lambda s, x: s.r(s.n(s.c(x))), qat,
        types={"c": FUSED + "ConvReLU2d", "c.0": REFERENCE + "Conv2d"},
        n=lambda: nn.BatchNorm2d(6), r=nn.ReLU, **CONV)

# Weighted functionals
network("functional_linear", [ROWS], lambda s, x: F.relu(F.linear(x, s.w, s.b)),
        targets=["torch.nn.functional.linear", "torch.nn.functional.relu",
                 "torch.quantize_per_channel"], w=weight(7, 12), b=weight(7))
network("functional_linear_shared", [ROWS], lambda s, x: F.linear(F.linear(x, s.w), s.w),
        targets=["torch.nn.functional.linear"], w=weight(12, 12))
network("functional_conv1d", [SIGNAL], lambda s, x: F.conv1d(x, s.w, s.b, 2, 1, 1, 1),
        targets=["torch.conv1d"], w=weight(6, 4, 3), b=weight(6))
network("functional_conv2d", [IMAGE], lambda s, x: F.conv2d(x, s.w, s.b, padding=(1, 1)),
        targets=["torch.conv2d"], w=weight(6, 4, 3, 3), b=weight(6))

# Dynamic, float16 and weight-only modules
network("dynamic_linear", [ROWS], lambda s, x: s.l(x), dynamic,
        types={"l": REFERENCE + "Linear"}, targets=["torch.quantize_per_tensor_dynamic"],
        l=lambda: nn.Linear(12, 7))
network("dynamic_lstm", [floats(5, 2, 12)], lambda s, x: s.r(x)[0], dynamic,
        types={"r": REFERENCE + "LSTM"}, targets=["operator.getitem"],
        r=lambda: nn.LSTM(12, 6, num_layers=2, bidirectional=True))
network("dynamic_cells", [ROWS], lambda s, x: s.c(s.b(s.a(x))), dynamic,
        types={"a": REFERENCE + "GRUCell", "b": REFERENCE + "RNNCell", "c": REFERENCE + "LSTMCell"},
        a=lambda: nn.GRUCell(12, 6), b=lambda: nn.RNNCell(6, 5, nonlinearity="relu"),
        c=lambda: nn.LSTMCell(5, 4))
network("float16_linear", [ROWS], lambda s, x: s.l(x), float16,
        types={"l": REFERENCE + "Linear"}, l=lambda: nn.Linear(12, 7))
network("float16_lstm", [floats(5, 2, 12)], lambda s, x: s.r(x)[0], float16,
        types={"r": REFERENCE + "LSTM"}, r=lambda: nn.LSTM(12, 6))
network("embedding", [ids(4, 3)], lambda s, x: s.e(x), embedding,
        types={"e": REFERENCE + "Embedding"}, e=lambda: nn.Embedding(10, 16))
network("embedding_4bit", [ids(4, 3)], lambda s, x: s.e(x), embedding4,
        types={"e": REFERENCE + "Embedding"}, e=lambda: nn.Embedding(10, 15))
network("embedding_bag", [ids(4, 3)], lambda s, x: s.e(x), embedding,
        types={"e": REFERENCE + "EmbeddingBag"},
        e=lambda: nn.EmbeddingBag(10, 16, mode="sum", max_norm=1.5))

# Operators without weights
network("add_relu", [ROWS], lambda s, x: F.relu(s.a(x) + s.b(x)), targets=["operator.add"],
        **LINEARS)
network("mul_scalar", [ROWS], lambda s, x: torch.mul(s.a(x), -1.5), targets=["torch.mul"],
        **LINEARS)
network("matmul", [floats(2, 3, 12)],
        lambda s, x: torch.matmul(s.a(x), s.b(x).transpose(-2, -1)) / 3.5,
        targets=["torch.matmul", "operator.truediv", "transpose"], **LINEARS)
network("cat", [IMAGE], lambda s, x: torch.cat([s.c(x), s.d(x)], dim=1), targets=["torch.cat"],
        d=lambda: nn.Conv2d(4, 3, 3, padding=1), **CONV)
network("fixed_ranges", [IMAGE], lambda s, x: torch.sigmoid(s.c(x)) * s.t(s.c(x)),
        types={"t": "torch.nn.Tanh"}, targets=["torch.sigmoid"], t=nn.Tanh, **CONV)
network("own_ranges", [IMAGE],
        lambda s, x: s.e(F.hardswish(F.leaky_relu(s.c(x), .2))),
        types={"e": "torch.nn.ELU"},
        targets=["torch.nn.functional.hardswish", "torch.nn.functional.leaky_relu"],
        e=lambda: nn.ELU(.7), **CONV)
network("norms", [IMAGE], lambda s, x: s.i(F.layer_norm(s.n(s.c(x)), (9,), s.w, s.b)),
        types={"i": "torch.nn.InstanceNorm2d", "n": "torch.nn.LayerNorm"},
        targets=["torch.nn.functional.layer_norm"], w=weight(9), b=weight(9),
        i=lambda: nn.InstanceNorm2d(6, affine=True), n=lambda: nn.LayerNorm((9, 9)), **CONV)
network("batch_norm_relu", [IMAGE], lambda s, x: F.relu(s.n(s.p(s.c(x)))),
        types={"n": FUSED + "BNReLU2d", "n.0": "torch.nn.BatchNorm2d", "p": "torch.nn.MaxPool2d"},
        n=lambda: nn.BatchNorm2d(6), p=lambda: nn.MaxPool2d(3, 2, 1), **CONV)
network("pools", [IMAGE],
        lambda s, x: F.adaptive_avg_pool2d(F.avg_pool2d(s.p(s.c(x)), 3, 2, 1, False, False), 1),
        types={"p": "torch.nn.MaxPool2d"},
        targets=["torch.nn.functional.adaptive_avg_pool2d", "torch.nn.functional.avg_pool2d"],
        p=lambda: nn.MaxPool2d(2, ceil_mode=True), **CONV)
network("max_pool_function", [IMAGE], lambda s, x: F.max_pool2d(s.c(x), 2, 2, 0, ceil_mode=True),
        targets=["torch.nn.functional.max_pool2d"], **CONV)
network("same_scale", [IMAGE],
        lambda s, x: torch.mean(torch.clamp(F.relu6(F.interpolate(s.c(x), scale_factor=2.0)),
                                            .1, 4.), (2, 3)),
        targets=["torch.mean", "torch.clamp", "torch.nn.functional.relu6",
                 "torch.nn.functional.interpolate"], **CONV)
network("shapes", [IMAGE],
        lambda s, x: (lambda y: s.l(y.permute(0, 2, 3, 1).reshape(y.size(0), -1)))(s.c(x)),
        targets=["permute", "reshape", "size"], l=lambda: nn.Linear(486, 5), **CONV)
network("shape_attribute", [IMAGE],
        lambda s, x: (lambda y: torch.flatten(y.view(y.shape[0], -1), 1))(s.c(x)),
        targets=["builtins.getattr", "operator.getitem", "view", "torch.flatten"], **CONV)
network("slices_and_dict", [IMAGE],
        lambda s, x: (lambda y: {"first": y[..., 1:7:2, :], "half": y[:, :3].contiguous(
            memory_format=torch.channels_last), "float": torch.sin(y)})(s.c(x)),
        targets=["operator.getitem", "contiguous", "torch.sin"], **CONV)
