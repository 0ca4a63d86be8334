# SPDX-License-Identifier: LGPL-2.1-or-later
"""Convolutions and linear layers of floats, and those of reference models, whose weight is quantized first."""

import torch

from ..draw import FLOATS
from ..names import resolve
from ..reasons import HALF
from ..trial import Trial, compares
from .conv import Layer, layer_of
from .matmul import bound_for


def _bound(data, weight, bias):
    bound = bound_for(data.double(), weight.double(), terms=4.0 * weight.numel() / max(weight.shape[0], 1))
    bound.absolute += 1e-6 * (float(bias.double().abs().max()) if bias is not None and bias.numel() else 0)
    return bound


NAMES = ["torch.conv%s%dd" % (kind, n) for n in (1, 2, 3) for kind in ("", "_transpose")]
NAMES += ["torch.nn.Conv%s%dd" % (kind, n) for n in (1, 2, 3) for kind in ("", "Transpose")]


@compares(*NAMES)
def conv(draw, name):
    module = name.startswith("torch.nn.Conv")
    layer = Layer(draw, int(name[-2]), "transpose" in name.lower(), module)
    if draw.chance(0.1) and layer.padding_mode == "zeros":
        layer.batch = []
    # oneDNN's transposed convolution in bfloat16 takes its weight for another shape.
    dtype = draw.choice((torch.float32,) * 7 + (torch.float64,) * 3)
    if draw.chance(0.06):
        dtype = draw.choice(FLOATS[2:3] if layer.transposed else FLOATS[2:])
    # Padding times an infinite weight is NaN in some kernels of PyTorch, and nothing in others.
    data = draw.plain(layer.shape, (dtype,), 0.05, huge=False)
    weight = draw.plain(layer.weight_shape, (dtype,), 0)
    bias = draw.plain([layer.outputs], (dtype,), 0) if draw.chance(0.7) else None
    more = {"bound": _bound(data, weight, bias), "tolerated": [HALF]}
    settings = {key: value[0] if draw.chance(0.3) and isinstance(value, list) and len(set(value)) == 1 else value
                for key, value in layer.settings.items()}
    if draw.chance(0.1) and not layer.transposed and max(layer.stride) == 1:
        settings["padding"] = draw.choice(("same", "valid"))
    if not module:
        return Trial(data, weight, bias, settings=settings, **more)

    def made():
        kernel = resolve(name)(layer.inputs, layer.outputs, layer.kernel, bias=bias is not None, dtype=dtype,
                               **settings)
        kernel.weight.copy_(weight)
        if bias is not None:
            kernel.bias.copy_(bias)
        return kernel(data)

    return Trial(expect=made, ours=((data,), {"weight": weight, "bias": bias, **settings}), **more)


def qparams_of(draw, shape, axis):
    """What reference modules keep of their weight's quantization; and the weight that it makes."""
    weight = draw.floats(shape, special=0, spread=1.0)
    dtype = torch.qint8
    if draw.chance(0.5):
        scale, zero = draw.scale(1e-2), draw.choice((0, 0, draw.int(-10, 10)))
        settings = {"qscheme": torch.per_tensor_affine, "dtype": dtype, "scale": torch.tensor(scale),
                    "zero_point": torch.tensor(zero)}
        quantized = torch.quantize_per_tensor(weight, float(settings["scale"]), zero, dtype)
    else:
        n = shape[axis]
        scales = torch.tensor([draw.scale(1e-2) for _ in range(n)])
        zeros = torch.tensor([draw.choice((0, 0, draw.int(-10, 10))) for _ in range(n)])
        settings = {"qscheme": torch.per_channel_affine, "dtype": dtype, "scale": scales, "zero_point": zeros,
                    "axis": axis}
        quantized = torch.quantize_per_channel(weight, scales.double(), zeros, axis, dtype)
    return weight, settings, quantized.dequantize()


def qparams_for_ours(settings):
    ours = {"weight_scale": settings["scale"], "weight_zero_point": settings["zero_point"],
            "weight_qscheme": settings["qscheme"], "weight_dtype": settings["dtype"]}
    if "axis" in settings:
        ours["weight_axis"] = settings["axis"]
    return ours


NAMES = ["torch.ao.nn.quantized.reference.Conv%s%dd" % (kind, n) for n in (1, 2, 3) for kind in ("", "Transpose")]


@compares(*NAMES)
def reference_conv(draw, name):
    layer = layer_of(draw, name, False)   # PyTorch 1.13's reference modules pad with zeros whatever the mode
    axis = 1 if layer.transposed else 0
    weight, settings, effective = qparams_of(draw, layer.weight_shape, axis)
    data = draw.floats(layer.shape, special=0.05, huge=False)
    bias = draw.floats([layer.outputs], special=0) if draw.chance(0.7) else None

    def made():
        more = {"output_padding": layer.output_padding} if layer.transposed else {"padding_mode": layer.padding_mode}
        kernel = resolve(name)(layer.inputs, layer.outputs, layer.kernel, layer.stride, layer.padding,
                               dilation=layer.dilation,
                               groups=layer.groups, bias=bias is not None, weight_qparams=settings, **more)
        kernel.weight.copy_(weight)
        if bias is not None:
            kernel.bias.copy_(bias)
        return kernel(data)

    return Trial(expect=made, bound=_bound(data, effective, bias),
                 ours=((data,), {"weight": weight, "bias": bias, **layer.settings, **qparams_for_ours(settings)}))


@compares("torch.ao.nn.quantized.reference.Linear")
def reference_linear(draw, name):
    n, k = draw.size(9), draw.size(20)
    weight, settings, effective = qparams_of(draw, [n, k], 0)
    data = draw.floats(draw.shape(0, 3, 4) + [k], special=0.05, huge=False)
    bias = draw.floats([n], special=0) if draw.chance(0.7) else None

    def made():
        layer = resolve(name)(k, n, bias is not None, weight_qparams=settings)
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
        return layer(data)

    return Trial(expect=made, bound=_bound(data, effective, bias),
                 ours=((data,), {"weight": weight, "bias": bias, **qparams_for_ours(settings)}))
