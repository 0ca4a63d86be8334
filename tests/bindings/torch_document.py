# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads model files for the tests of the torch exporter, by the text of the format alone.

Nothing of the exporter is used: bytes, header, document, names and values are taken apart here a
second time, so that a mistake in the one is not repeated in the other.
"""

import builtins
import json
import operator
import struct

import torch

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16,
          "BF16": torch.bfloat16, "I64": torch.int64, "I32": torch.int32, "I16": torch.int16,
          "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool}


class ModelFile:
    """A file taken apart: ``document``, ``metadata``, ``tensors``, ``offsets``, ``start``."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = bytearray(file.read())
        length, = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + length])
        self.start = 8 + length
        self.size = len(data) - self.start
        self.metadata = header.pop("__metadata__", {})
        self.document = json.loads(self.metadata.get("lowerfb", "null"))
        self.tensors, self.offsets = {}, {}
        for name, entry in header.items():
            begin, end = entry["data_offsets"]
            dtype = DTYPES[entry["dtype"]]
            self.offsets[name] = begin, end, dtype
            raw = data[self.start + begin:self.start + end]
            tensor = torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)
            self.tensors[name] = tensor.reshape(entry["shape"])


def resolve(name):
    """The function that a dotted name stands for."""
    if name.startswith("torch.ops."):
        return operator.attrgetter(name[len("torch."):])(torch)
    root, _, rest = name.partition(".")
    roots = {"torch": torch, "operator": operator, "builtins": builtins}
    return operator.attrgetter(rest)(roots[root])


def same_bits(a, b):
    """Equal dtype, shape and bytes; NaN equals NaN of the same bits."""
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    flat = [t.detach().contiguous().reshape(-1) for t in (a, b)]
    if a.dtype.is_floating_point and a.numel():
        flat = [t.view(torch.uint8) for t in flat]
    return torch.equal(*flat)


def references(value):
    """Names of all tensors that a piece of the document refers to, repeated ones too."""
    if isinstance(value, dict):
        if isinstance(value.get("tensor"), str):
            yield value["tensor"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def decode(value, tensors, node=lambda name: ("node", name)):
    """Python's side of a VALUE; ``node`` makes something of a node's name."""
    def again(member):
        return decode(member, tensors, node)

    if isinstance(value, list):
        return [again(member) for member in value]
    if not isinstance(value, dict):
        return value
    if "qparams" in value:
        return _quantized(value, tensors)
    if "packed" in value:
        return {key: again(member) for key, member in value.items()}
    (kind, content), = value.items()
    readers = {
        "tuple": lambda: tuple(again(content)),
        "dict": lambda: {key: again(member) for key, member in content.items()},
        "node": lambda: node(content),
        "slice": lambda: slice(*again(content)),
        "float": lambda: float(content),
        "dtype": lambda: getattr(torch, content),
        "qscheme": lambda: getattr(torch, content),
        "memory_format": lambda: getattr(torch, content),
        "device": lambda: torch.device(content),
        "ellipsis": lambda: Ellipsis,
        "type": lambda: ("type", content),
        "tensor": lambda: tensors[content],
    }
    return readers[kind]()


def _quantized(value, tensors):
    qparams, integers = value["qparams"], tensors[value["tensor"]]
    if "shape" in value:
        return ("sub-byte", qparams["dtype"], value["shape"], integers,
                _tensor(qparams["scale"], tensors), _tensor(qparams["zero_point"], tensors))
    if qparams["qscheme"].startswith("per_tensor"):
        return torch._make_per_tensor_quantized_tensor(integers, qparams["scale"],
                                                       qparams["zero_point"])
    return torch._make_per_channel_quantized_tensor(
        integers, _tensor(qparams["scale"], tensors),
        _tensor(qparams["zero_point"], tensors), qparams["axis"])


def _tensor(value, tensors):
    return tensors[value["tensor"]]
