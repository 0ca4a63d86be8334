# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files of inputs and outputs, as ``lowerfb run`` reads and writes them.

A quantized tensor is stored as its integers; its dtype, scale and zero point stand in the header
under ``qparams``.
"""

import json

import torch

from . import safetensors
from .errors import ExportError
from .naming import constant_name

_PER_TENSOR = ("per_tensor_affine", "per_tensor_symmetric")
_INTEGERS = {"quint8": torch.uint8, "qint8": torch.int8, "qint32": torch.int32}


def save_tensors(path, tensors):
    """Write ``tensors`` (name -> tensor) to ``path``, for ``lowerfb run`` among others.

    Names are those of placeholders, or input.0, input.1, ... in their order. Raises ExportError for
    what such a file cannot hold: sparse, complex and per channel quantized tensors.
    """
    qparams = {}
    for name, tensor in tensors.items():
        place = "%s: tensor %s" % (path, name)
        if not isinstance(tensor, torch.Tensor):
            raise ExportError("%s: a %s is not a tensor" % (place, type(tensor).__name__))
        try:
            safetensors.storage_of(tensor)
        except ExportError as error:
            raise ExportError("%s: %s" % (place, error)) from None
        if tensor.is_quantized:
            qparams[name] = _qparams(tensor, place)
    safetensors.write(path, tensors, {"qparams": json.dumps(qparams)} if qparams else None)


def load_tensors(path):
    """Read a file of tensors back: {name: tensor}, quantized ones as quantized tensors.

    Raises ExportError if the file is malformed.
    """
    tensors, metadata = safetensors.read(path)
    try:
        for name, entry in json.loads(metadata.get("qparams", "{}")).items():
            tensors[name] = _quantized(tensors[name], entry)
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ExportError("%s: qparams do not fit the tensors: %s" % (path, error)) from None
    return tensors


def _qparams(tensor, place):
    dtype, scheme = constant_name(tensor.dtype), constant_name(tensor.qscheme())
    if scheme not in _PER_TENSOR or dtype not in _INTEGERS:
        raise ExportError("%s: %s %s; only %s per tensor can be stored"
                          % (place, dtype, scheme, ", ".join(_INTEGERS)))
    return {"dtype": dtype, "qscheme": scheme, "scale": tensor.q_scale(),
            "zero_point": tensor.q_zero_point()}


def _quantized(integers, entry):
    if entry["qscheme"] not in _PER_TENSOR or _INTEGERS[entry["dtype"]] != integers.dtype:
        raise ValueError("%s for %s" % (entry, integers.dtype))
    return torch._make_per_tensor_quantized_tensor(integers, entry["scale"], entry["zero_point"])
