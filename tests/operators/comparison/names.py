# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an operator is called here and in PyTorch."""

import functools
import importlib

from gi.repository import Lfb

# Where PyTorch 1.13 keeps what newer versions, and so the names of graphs, have moved.
_MOVED = ("torch.ao.nn.intrinsic.", "torch.nn.intrinsic.")
_MODULES = ("torch.ao.nn.quantized", "torch.ao.nn.quantized.dynamic", "torch.ao.nn.quantized.reference",
            "torch.nn.intrinsic.quantized", "torch.nn.intrinsic.quantized.dynamic")

FUNCTION, METHOD, MODULE = "function", "method", "module"


class Row:
    """One operator: all the names it goes by, and the names of its parameters."""

    def __init__(self, name):
        lines = dict(line.split(": ", 1) for line in Lfb.describe_operator(name).splitlines() if ": " in line)
        self.kinds = {}
        for kind, prefix in ((FUNCTION, ""), (METHOD, "torch.Tensor."), (MODULE, "")):
            for spelling in lines.get(kind + "s", "").split():
                self.kinds[prefix + spelling] = kind
        self.names = list(self.kinds)
        self.has_parts = "parts" in lines
        self.title = self.names[0]
        self.known = [spelling for spelling in self.names if resolve(spelling) is not None]


def rows():
    """Every row once, in the order of their titles."""
    found = {}
    for name in Lfb.list_operators():
        if name not in found:
            row = Row(name)
            for spelling in row.names:
                found[spelling] = row
    return sorted(set(found.values()), key=lambda row: row.title)


@functools.lru_cache(maxsize=None)
def resolve(name):
    """What PyTorch has under that name, or None."""
    if name.startswith(_MOVED[0]):
        name = _MOVED[1] + name[len(_MOVED[0]):]
    for module in _MODULES:
        importlib.import_module(module)
    first, *parts = name.split(".")
    try:
        # A function hides the module of the same name from its package.
        return getattr(importlib.import_module(name.rpartition(".")[0]), parts[-1], None)
    except (ImportError, ValueError):
        pass
    try:
        found = importlib.import_module(first)
    except ImportError:
        return None
    for part in parts:
        try:
            found = getattr(found, part)
        except (AttributeError, RuntimeError):
            return None
    return found
