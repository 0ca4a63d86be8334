# SPDX-License-Identifier: LGPL-2.1-or-later
"""The names under which functions, module types and constants of torch are written.

torch moves things between releases: the reference modules of 1.13 live in
``torch.nn.quantized._reference``, those of 2.x in ``torch.ao.nn.quantized.reference``; a function
is reached as ``torch._C._nn.linear`` or ``torch.nn.functional.linear``. A model file has one
spelling for each, so that the reader needs no table of torch versions: types go under
``torch.ao.nn``, and functions under the shortest public namespace that holds the very same object.
"""

import builtins
import functools
import math
import operator

import torch
import torch.fx

from .errors import ExportError

# Old home of a family of types -> its home today. The first match counts.
_TYPE_HOMES = (
    ("torch.nn.quantized._reference", "torch.ao.nn.quantized.reference"),
    ("torch.ao.nn.quantized._reference", "torch.ao.nn.quantized.reference"),
    ("torch.nn.quantized", "torch.ao.nn.quantized"),
    ("torch.nn.quantizable", "torch.ao.nn.quantizable"),
    ("torch.nn.intrinsic", "torch.ao.nn.intrinsic"),
    ("torch.nn.qat", "torch.ao.nn.qat"),
    ("torch.quantization", "torch.ao.quantization"),
)

# For functions that no public namespace holds: what to make of their __module__.
_FUNCTION_HOMES = (
    ("torch._ops.ops", "torch.ops"),
    ("torch._ops", "torch.ops"),
    ("_operator", "operator"),
    ("torch._C._VariableFunctions", "torch"),
    ("torch._C._VariableFunctionsClass", "torch"),
    ("torch._VF", "torch"),
    ("torch.functional", "torch"),
)

# Lowering treats these alike in both namespaces; for all others torch._C._nn takes other arguments
# than torch.nn.functional does, and keeps its name.
_SAME_IN_FUNCTIONAL = frozenset(["linear", "avg_pool2d", "avg_pool3d"])


def constant_name(constant):
    """Name of a dtype, qscheme or memory format, without its ``torch.``."""
    return str(constant).rpartition(".")[2]


def type_name(cls):
    """Dotted name of a class, the same whatever the torch version calls it."""
    if issubclass(cls, torch.fx.GraphModule):
        # Every graph module has a class of its own, named after the module it was traced from.
        return "torch.fx.GraphModule"
    home = cls.__module__
    if home == "torch" or home.startswith("torch."):
        home = _move(home, _TYPE_HOMES)
        home = home.partition(".modules")[0]
    return "%s.%s" % (home, cls.__qualname__)


def function_name(function):
    """Dotted name of the target of a call_function node."""
    if _is_torch_operator(function):
        # An operator prints as quantized.add_relu, one of its overloads as aten.add.Tensor.
        return "torch.ops." + str(function).replace("::", ".")
    known = _public_names().get(id(function))
    if known is not None and known[0] is function:
        return known[1]
    owner = getattr(function, "__objclass__", None)
    if owner is not None:
        owner = torch.Tensor if issubclass(torch.Tensor, owner) else owner
        return "%s.%s" % (type_name(owner), function.__name__)
    return _name_from_attributes(function)


def _name_from_attributes(function):
    home = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None)
    if not home or not name:
        raise ExportError("%r has no module and name, so it cannot be called from a file"
                          % (function,))
    # Built-in functions carry the class that holds them: _VariableFunctionsClass.conv2d
    name = name.rpartition("_VariableFunctionsClass.")[2]
    if home == "torch._C._nn" and name in _SAME_IN_FUNCTIONAL:
        home = "torch.nn.functional"
    return "%s.%s" % (_move(home, _FUNCTION_HOMES), name)


def _move(home, homes):
    for old, new in homes:
        if home == old or home.startswith(old + "."):
            return new + home[len(old):]
    return home


def _is_torch_operator(function):
    return any(cls.__name__ in ("OpOverloadPacket", "OpOverload")
               for cls in type(function).__mro__)


@functools.lru_cache(maxsize=None)
def _public_names():
    """id -> (function, name) of everything callable in the public namespaces.

    Going by identity finds functions that carry no usable name (torch.nn.functional.max_pool2d is a
    closure) or another one (logsigmoid is called log_sigmoid where it is defined).
    """
    namespaces = [(torch, "torch"), (torch.nn.functional, "torch.nn.functional"),
                  (operator, "operator"), (builtins, "builtins"), (math, "math")]
    for part in ("special", "linalg", "fft"):
        if hasattr(torch, part):
            namespaces.append((getattr(torch, part), "torch." + part))
    names = {}
    for namespace, prefix in namespaces:
        for attribute, member in vars(namespace).items():
            if not callable(member) or isinstance(member, type):
                continue
            own = attribute == getattr(member, "__name__", None)
            known = names.get(id(member))
            # Of two names in one namespace (operator.add, operator.__add__) its own one wins.
            if known is None or (own and known[1].rpartition(".")[0] == prefix):
                names[id(member)] = (member, "%s.%s" % (prefix, attribute))
    return names
