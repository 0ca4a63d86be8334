# SPDX-License-Identifier: LGPL-2.1-or-later
"""Safetensors files: a JSON header, then the tensors one after the other.

The header is padded so that the data starts at a multiple of 64, and the tensors are ordered by the
size of their elements, largest first: every one of them is aligned without gaps between them, and a
reader can map the file and use the bytes in place.
"""

import json
import os
import secrets
import struct
import sys

import torch

from .errors import ExportError

ALIGNMENT = 64

_CODES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}
_DTYPES = {code: dtype for dtype, code in _CODES.items()}
_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1,
          "BOOL": 1}

# Quantized dtype -> dtype of its integers, elements per byte where several share one.
_QUANTIZED = {
    torch.quint8: ("U8", None), torch.qint8: ("I8", None), torch.qint32: ("I32", None),
    torch.quint4x2: ("U8", 2),
}
if hasattr(torch, "quint2x4"):
    _QUANTIZED[torch.quint2x4] = ("U8", 4)


def storage_of(tensor):
    """(code, shape) with which a tensor is stored; a quantized one as its integers.

    Raises ExportError, without a place, if the format cannot hold it.
    """
    if tensor.layout is not torch.strided:
        raise ExportError("a tensor of layout %s; only dense ones can be stored" % tensor.layout)
    if tensor.device.type == "meta":
        raise ExportError("a tensor without data (device meta)")
    if tensor.dtype in _QUANTIZED:
        code, per_byte = _QUANTIZED[tensor.dtype]
        shape = list(tensor.shape) if per_byte is None else [-(-tensor.numel() // per_byte)]
        return code, shape
    if tensor.dtype not in _CODES:
        raise ExportError("a tensor of %s; the format has %s"
                          % (tensor.dtype, " ".join(sorted(_SIZES))))
    return _CODES[tensor.dtype], list(tensor.shape)


def write(path, tensors, metadata=None):
    """Write ``tensors`` (name -> tensor) and ``metadata`` (name -> text) to ``path``.

    The file is written beside the target and renamed: there is never half a file under the name.
    """
    header = {"__metadata__": dict(metadata)} if metadata else {}
    stored = {name: storage_of(tensor) for name, tensor in tensors.items()}
    order = sorted(tensors, key=lambda name: -_SIZES[stored[name][0]])
    offset = 0
    for name in order:
        code, shape = stored[name]
        size = _SIZES[code]
        for extent in shape:
            size *= extent
        header[name] = {"dtype": code, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode("ascii")
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    with _Replacement(path) as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name in order:
            begin, end = header[name]["data_offsets"]
            data = _bytes_of(tensors[name])
            if data.nbytes != end - begin:
                raise ExportError("%s: tensor %s has %d bytes where its shape gives %d"
                                  % (path, name, data.nbytes, end - begin))
            file.write(data)


def read(path):
    """Read a file back: ({name: tensor}, {name: text}). Quantized tensors come as integers.

    Raises ExportError if the file is not a well-formed safetensors file.
    """
    with open(path, "rb") as file:
        data = bytearray(file.read())
    if len(data) < 8:
        raise ExportError("%s: %d bytes are too few for a safetensors file" % (path, len(data)))
    length, = struct.unpack_from("<Q", data)
    if length > len(data) - 8:
        raise ExportError("%s: the header should have %d bytes, the file has %d"
                          % (path, length, len(data)))
    try:
        header = json.loads(data[8:8 + length].decode("utf-8"))
    except ValueError as error:
        raise ExportError("%s: the header is not JSON: %s" % (path, error)) from None
    if not isinstance(header, dict):
        raise ExportError("%s: the header is not a JSON object" % path)
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        try:
            tensors[name] = _tensor_at(data, 8 + length, entry)
        except (KeyError, TypeError, ValueError) as error:
            raise ExportError("%s: tensor %s: %s" % (path, name, error)) from None
    return tensors, metadata


def _tensor_at(data, start, entry):
    dtype, shape = _DTYPES[entry["dtype"]], entry["shape"]
    begin, end = entry["data_offsets"]
    count = 1
    for extent in shape:
        count *= extent
    if not 0 <= begin <= end <= len(data) - start:
        raise ValueError("offsets %d to %d are outside of the file" % (begin, end))
    if count < 0 or end - begin != count * _SIZES[entry["dtype"]]:
        raise ValueError("%d bytes do not fit shape %s" % (end - begin, shape))
    if count == 0:
        return torch.empty(shape, dtype=dtype)
    if (start + begin) % _SIZES[entry["dtype"]]:
        data, start, begin = data[start + begin:start + end], 0, 0
    return torch.frombuffer(data, dtype=dtype, count=count, offset=start + begin).reshape(shape)


def _bytes_of(tensor):
    """The elements of a tensor, row-major and little-endian, without a copy where they are so."""
    tensor = tensor.detach()
    if tensor.is_quantized:
        tensor = tensor.int_repr()
    if tensor.is_neg():
        tensor = tensor.resolve_neg()
    tensor = tensor.cpu().contiguous()
    if tensor.dtype == torch.bfloat16:  # numpy has no such type
        tensor = tensor.view(torch.int16)
    array = tensor.numpy().reshape(-1)
    if sys.byteorder == "big":
        array = array.astype(array.dtype.newbyteorder("<"))
    return memoryview(array.view("u1"))


class _Replacement:
    """A file that takes the place of ``path`` if the block ends well, and goes if it does not."""

    def __init__(self, path):
        self._target = os.path.realpath(os.fspath(path))
        self._scratch = "%s.%s.part" % (self._target, secrets.token_hex(4))

    def __enter__(self):
        self._file = open(self._scratch, "xb")
        return self._file

    def __exit__(self, kind, error, trace):
        try:
            self._file.close()
            if kind is None:
                os.replace(self._scratch, self._target)
        finally:
            if os.path.exists(self._scratch):
                os.unlink(self._scratch)
