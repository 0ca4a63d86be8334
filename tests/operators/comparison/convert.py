# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arguments of PyTorch as ours, and the results of both in one form."""

import numpy
import torch
from gi.repository import Lfb

DTYPES = {
    torch.float32: Lfb.DType.FLOAT32, torch.float64: Lfb.DType.FLOAT64, torch.float16: Lfb.DType.FLOAT16,
    torch.bfloat16: Lfb.DType.BFLOAT16, torch.uint8: Lfb.DType.UINT8, torch.int8: Lfb.DType.INT8,
    torch.int16: Lfb.DType.INT16, torch.int32: Lfb.DType.INT32, torch.int64: Lfb.DType.INT64,
    torch.bool: Lfb.DType.BOOL, torch.quint8: Lfb.DType.QUINT8, torch.qint8: Lfb.DType.QINT8,
    torch.qint32: Lfb.DType.QINT32, torch.quint4x2: Lfb.DType.QUINT4X2, torch.quint2x4: Lfb.DType.QUINT2X4,
}
_NAMES = {dtype: str(dtype).replace("torch.", "") for dtype in DTYPES}
_OURS = {DTYPES[dtype]: name for dtype, name in _NAMES.items()}
_FORMATS = {
    torch.contiguous_format: Lfb.MemoryFormat.CONTIGUOUS, torch.preserve_format: Lfb.MemoryFormat.PRESERVE,
    torch.channels_last: Lfb.MemoryFormat.CHANNELS_LAST, torch.channels_last_3d: Lfb.MemoryFormat.CHANNELS_LAST_3D,
}


_SCHEMES = {torch.per_tensor_affine: Lfb.QScheme.PER_TENSOR_AFFINE,
            torch.per_channel_affine: Lfb.QScheme.PER_CHANNEL_AFFINE}


class Array:
    """A tensor of either side: type, numbers, and what its integers stand for."""

    def __init__(self, dtype, data, qparams=None):
        self.dtype = dtype
        self.data = data
        self.qparams = qparams

    @property
    def is_float(self):
        return self.data.dtype.kind == "f"

    def __str__(self):
        text = "%s%s" % (self.dtype, list(self.data.shape))
        if self.qparams is not None:
            text += " " + ", ".join(str(part) for part in self.qparams)
        with numpy.printoptions(threshold=8, edgeitems=2, linewidth=160, precision=9):
            numbers = " ".join(str(self.data).split())
        return "%s %s" % (text, numbers if len(numbers) < 120 else numbers[:120] + "...")

    __repr__ = __str__


def native(data):
    """What our bindings do not know of PyTorch's own types."""
    if isinstance(data, torch.dtype):
        return DTYPES[data]
    if isinstance(data, torch.qscheme):
        return _SCHEMES[data]
    if isinstance(data, torch.memory_format):
        return _FORMATS[data]
    if isinstance(data, (tuple, list)):
        return type(data)(native(item) for item in data) if type(data) in (tuple, list) else tuple(data)
    if isinstance(data, dict):
        return {key: native(item) for key, item in data.items()}
    return data


def _of_torch(tensor):
    tensor = tensor.detach().contiguous()
    dtype = _NAMES[tensor.dtype]
    if not tensor.is_quantized:
        return Array(dtype, (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy())
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        qparams = (tensor.q_scale(), tensor.q_zero_point())
    else:
        qparams = (tensor.q_per_channel_scales().numpy(), tensor.q_per_channel_zero_points().numpy(),
                   tensor.q_per_channel_axis())
    return Array(dtype, tensor.int_repr().numpy(), qparams)


def _of_ours(tensor):
    dtype = _OURS[tensor.dtype]
    data = tensor.numpy()
    if tensor.dtype == Lfb.DType.BFLOAT16:
        data = numpy.left_shift(data, 16, dtype=numpy.uint32).reshape(-1).view(numpy.float32).reshape(data.shape)
    if not Lfb.DType.is_quantized(tensor.dtype):
        return Array(dtype, data)
    if tensor.axis >= 0:
        return Array(dtype, data, (tensor.scales.numpy(), tensor.zero_points.numpy(), tensor.axis))
    return Array(dtype, data, (tensor.scale, tensor.zero_point))


def normal(data):
    """Tensors as Array, types by name, the rest as it is."""
    if isinstance(data, torch.Tensor):
        return _of_torch(data)
    if isinstance(data, Lfb.Tensor):
        return _of_ours(data)
    if isinstance(data, numpy.ndarray):
        return Array(str(data.dtype), data)
    if isinstance(data, (tuple, list)):
        return [normal(item) for item in data]
    if isinstance(data, dict):
        return {key: normal(item) for key, item in data.items()}
    if isinstance(data, torch.dtype):
        return _NAMES[data]
    if isinstance(data, Lfb.DType):
        return _OURS[data]
    if isinstance(data, torch.device):
        return str(data)
    if isinstance(data, Lfb.Value) and data.get_kind() == Lfb.ValueKind.DEVICE:
        return data.get_string()
    return data


def describe(data):
    """Arguments in a few words, for messages."""
    if isinstance(data, (torch.Tensor, Lfb.Tensor)):
        return str(normal(data))
    if isinstance(data, (tuple, list)):
        return "(%s)" % ", ".join(describe(item) for item in data)
    if isinstance(data, dict):
        return "{%s}" % ", ".join("%s: %s" % (key, describe(item)) for key, item in data.items())
    return repr(data) if isinstance(data, str) else str(data)
