# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a module is made of: its type, its settings, its tensors, its parts.

Settings are what the constructor was given, so far as the module remembers it: the parameters of
the constructors of a class and of its bases that are attributes of the instance. A lowered module
hides its weights in packed objects of this CPU; they are written as the tensors that were packed,
under the names of the module that was lowered, and the objects that hold them are no parts.
"""

import functools
import inspect

import torch
from torch import nn

from .errors import ExportError
from .naming import type_name
from .values import lowered_weight

_LOWERED = ("torch.ao.nn.quantized.", "torch.ao.nn.intrinsic.quantized.")
_PACKED_PARTS = frozenset(["_packed_params", "_all_weight_values"])

# Settings that no constructor takes under this name.
_MORE_SETTINGS = ("transposed", "output_padding", "weight_qscheme", "weight_dtype")


def describe(module, path, encoder):
    """The MODULE entry of ``module`` at ``path``, without its graph. Raises ExportError."""
    entry = {"type": type_name(type(module))}
    config = _config(module, path, encoder)
    if config:
        entry["config"] = config
    tensors = {}
    for name, tensor in _tensors(module):
        own = "%s.%s" % (path, name)
        tensors[name] = encoder.encode(tensor, "module %s: tensor %s" % (path, name), own)
    if tensors:
        entry["tensors"] = tensors
    return entry


def parts(module):
    """(name, part) of the modules inside ``module`` that belong into the file."""
    for name, part in module._modules.items():
        if part is not None and not (name in _PACKED_PARTS and _is_lowered(module)):
            yield name, part


def _is_lowered(module):
    name = type_name(type(module))
    return name.startswith(_LOWERED) and ".reference." not in name


def _config(module, path, encoder):
    config = {}
    for name, value in _settings(module):
        place = "module %s: setting %s" % (path, name)
        try:
            config[name] = encoder.encode(value, place, "%s.%s" % (path, name))
        except ExportError:
            # What a module of the application was constructed with may be anything, and nothing
            # depends on it: such a module is carried along, not run.
            if type_name(type(module)).startswith("torch."):
                raise
    if _is_lowered(module) and ".dynamic." not in type_name(type(module)):
        # Some classes keep these as buffers, some as numbers.
        for name, number in (("scale", float), ("zero_point", int)):
            if hasattr(module, name):
                config[name] = number(getattr(module, name))
    return config


def _settings(module):
    attributes = vars(module)
    names = list(_constructor_parameters(type(module)))
    names += [name for name in _MORE_SETTINGS if name not in names]
    # Recurrent reference modules: weight_ih_l0_qscheme, weight_ih_l0_dtype, and so for each weight.
    names += [name for name in attributes
              if name.startswith("weight_") and name.endswith(("_qscheme", "_dtype"))
              and name not in names]
    for name in names:
        if name in attributes and not _is_no_setting(attributes[name]):
            yield name, attributes[name]


def _is_no_setting(value):
    """Tensors and modules have a place of their own; a function is code."""
    return (isinstance(value, (torch.Tensor, nn.Module))
            or (callable(value) and not isinstance(value, type)))


@functools.lru_cache(maxsize=None)
def _constructor_parameters(cls):
    names = []
    for base in cls.__mro__:
        constructor = vars(base).get("__init__")
        if base in (nn.Module, object) or constructor is None:
            continue
        for name in inspect.signature(constructor).parameters:
            if name != "self" and not name.startswith("_") and name not in names:
                names.append(name)
    return tuple(names)


def _tensors(module):
    if _is_lowered(module):
        yield from _lowered_tensors(module)
        return
    yield from module._parameters.items()
    yield from module._buffers.items()


def _lowered_tensors(module):
    if callable(getattr(module, "get_weight", None)):  # recurrent: one dict of each
        for name, weight in module.get_weight().items():
            yield name, lowered_weight(weight)
        yield from module.get_bias().items()
        return
    weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
    if callable(weight):
        yield "weight", lowered_weight(weight())
        if callable(bias):
            yield "bias", bias()
    elif isinstance(weight, torch.Tensor) and "weight" not in module._parameters:
        yield "weight", weight  # PReLU keeps its quantized weight as a plain attribute
    for name, tensor in list(module._parameters.items()) + list(module._buffers.items()):
        if name not in ("scale", "zero_point"):
            yield name, tensor
