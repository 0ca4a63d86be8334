# SPDX-License-Identifier: LGPL-2.1-or-later
"""Safetensors files, read and written by nothing but Python's own library.

A file is a dict from tensor names to (dtype, shape, bytes), with dtype spelled
as the format spells it (F32, U8, ...); its metadata is a dict of texts.
"""

import json
import struct

CODES = {"F64": "d", "F32": "f", "I64": "q", "I32": "i", "I16": "h", "I8": "b", "U8": "B", "BOOL": "?"}


def read(path):
    """The tensors and the metadata of a file; everything about it is checked."""
    with open(path, "rb") as file:
        content = file.read()
    size, = struct.unpack_from("<Q", content)
    header = json.loads(content[8:8 + size])
    if (8 + size) % 64 != 0:
        raise ValueError(f"{path}: the data does not start at a multiple of 64")
    data = content[8 + size:]

    metadata = header.pop("__metadata__", {})
    tensors = {}
    used = 0
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        if not 0 <= begin <= end <= len(data):
            raise ValueError(f"{path}: {name} lies outside of the file")
        used += end - begin
        tensors[name] = entry["dtype"], entry["shape"], data[begin:end]
    if used != len(data):
        raise ValueError(f"{path}: {len(data) - used} bytes belong to no tensor")
    return tensors, metadata


def write(path, tensors, metadata=None):
    """The opposite of read()."""
    header = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def numbers(tensor):
    """The elements of a tensor as a list of Python numbers."""
    dtype, _, content = tensor
    return [item for item, in struct.iter_unpack("<" + CODES[dtype], content)]


def floats(shape, values):
    """A float32 tensor."""
    values = list(values)
    return "F32", list(shape), struct.pack(f"<{len(values)}f", *values)


def document(path):
    """The JSON document of a model file."""
    return json.loads(read(path)[1]["lowerfb"])
