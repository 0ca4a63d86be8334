# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arguments of nodes as native values and back, for the overrides of Lfb."""

import numbers
import sys
from collections.abc import Mapping

from gi.module import get_introspection_module
from gi.overrides._lfb.arrays import is_array, is_of_torch, to_dtype, to_tensor

Lfb = get_introspection_module("Lfb")
Value = Lfb.Value
Kind = Lfb.ValueKind

# In this order: to Python a bool is an int, and so is an enumeration.
_MAKERS = (
    (type(None), lambda data: Value.for_none()),
    (bool, Value.for_bool),
    (Lfb.DType, Value.for_dtype),
    (Lfb.QScheme, Value.for_qscheme),
    (Lfb.MemoryFormat, Value.for_memory_format),
    (numbers.Integral, lambda data: Value.for_int(int(data))),
    (numbers.Real, lambda data: Value.for_double(float(data))),
    (str, Value.for_string),
    (type(Ellipsis), lambda data: Value.for_ellipsis()),
    (Lfb.Node, Value.for_node),
    (Lfb.Tensor, Value.for_tensor),
)


def _items(value):
    return [unpack(item) for item in value.get_items()]


_READERS = {
    Kind.NONE: lambda value: None,
    Kind.BOOL: Value.get_bool,
    Kind.INT: Value.get_int,
    Kind.DOUBLE: Value.get_double,
    Kind.STRING: Value.get_string,
    Kind.DTYPE: Value.get_dtype,
    Kind.QSCHEME: Value.get_qscheme,
    Kind.MEMORY_FORMAT: Value.get_memory_format,
    Kind.ELLIPSIS: lambda value: Ellipsis,
    Kind.NODE: Value.get_node,
    Kind.TENSOR: Value.get_tensor,
    Kind.LIST: _items,
    Kind.TUPLE: lambda value: tuple(_items(value)),
    Kind.DICT: lambda value: {value.get_key(i): item for i, item in enumerate(_items(value))},
    Kind.SLICE: lambda value: slice(*_items(value)),
}


def unpack(value):
    """The native value; devices, types and packed weights have none and stay what they are."""
    reader = _READERS.get(value.get_kind())
    return value if reader is None else reader(value)


def _is_numpy_scalar(data):
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(data, numpy.generic)


def _from_torch(data):
    """What PyTorch has beside tensors as a Value; None for anything else."""
    if is_of_torch(data, "dtype"):
        return Value.for_dtype(to_dtype(data))
    if is_of_torch(data, "device"):
        return Value.for_device(str(data))
    for kind, enumeration, make in (("qscheme", Lfb.QScheme, Value.for_qscheme),
                                    ("memory_format", Lfb.MemoryFormat, Value.for_memory_format)):
        if is_of_torch(data, kind):
            found, result = enumeration.from_string(str(data).removeprefix("torch."))
            return make(result) if found else None
    return None


def to_value(data, depth=0):
    """A native value as a Value."""
    if isinstance(data, Value):
        return data
    if _is_numpy_scalar(data):
        data = data.item()
    for kinds, make in _MAKERS:
        if isinstance(data, kinds):
            return make(data)
    if is_array(data):
        return Value.for_tensor(to_tensor(data))
    value = _from_torch(data)
    if value is not None:
        return value

    # The library takes such a nest for a bug, and lists can hold themselves.
    if depth >= Lfb.VALUE_MAX_DEPTH:
        raise ValueError("Values cannot be nested deeper than %d" % Lfb.VALUE_MAX_DEPTH)
    if isinstance(data, tuple):
        return Value.for_tuple([to_value(item, depth + 1) for item in data])
    if isinstance(data, list):
        return Value.for_list([to_value(item, depth + 1) for item in data])
    if isinstance(data, Mapping):
        if not all(isinstance(key, str) for key in data):
            raise TypeError("The keys of a dictionary of values must be strings")
        return Value.for_dict(list(data), [to_value(item, depth + 1) for item in data.values()])
    if isinstance(data, slice):
        return Value.for_slice(*(to_value(item, depth + 1) for item in (data.start, data.stop, data.step)))
    raise TypeError("%s cannot be an argument of a node" % type(data).__name__)


def to_values(args):
    """Arguments by position as a list of Values; none at all for None."""
    if args is not None and not isinstance(args, (list, tuple)):
        raise TypeError("Arguments by position are a list or a tuple, not %s" % type(args).__name__)
    return [to_value(arg) for arg in args or ()]


def to_dict(kwargs):
    """Arguments by name as a Value, None as it is."""
    if kwargs is None:
        return None
    value = to_value(kwargs)
    if value.get_kind() != Kind.DICT:
        raise TypeError("Arguments by name are a dictionary, not %s" % type(kwargs).__name__)
    return value
