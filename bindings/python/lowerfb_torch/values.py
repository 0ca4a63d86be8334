# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arguments, settings and attributes as JSON: the VALUE of the model file.

JSON has numbers, texts, lists and objects. What it lacks becomes an object with one telling key:
``{"tuple": [...]}``, ``{"node": "conv"}``, ``{"dtype": "quint8"}``, ``{"tensor": "conv.weight"}``.
"""

import math
import numbers

import torch
import torch.fx

from . import safetensors
from .errors import ExportError
from .naming import constant_name, type_name

_DTYPES = frozenset("float32 float16 bfloat16 float64 quint8 qint8 qint32 quint4x2 quint2x4 uint8 "
                    "int8 int16 int32 int64 bool".split())
_SUB_BYTE = frozenset(["quint4x2", "quint2x4"])

# The reader refuses JSON nested deeper than 128; a tuple takes two levels.
_MAX_NESTING = 40


class TensorTable:
    """The tensors of a file, each under a unique name, shared ones once."""

    def __init__(self):
        self.tensors = {}
        self._names = {}

    def add(self, name, tensor):
        """Name under which ``tensor`` is stored: ``name``, or the one it already has."""
        safetensors.storage_of(tensor)  # refuses what cannot be stored
        key = None
        if tensor.numel():
            # The table keeps the tensor alive, so no other can take its address meanwhile.
            key = (tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape,
                   tuple(tensor.stride()))
            if key in self._names:
                return self._names[key]
        unique, count = name, 0
        while unique in self.tensors or unique == "__metadata__":
            count += 1
            unique = "%s.%d" % (name, count)
        self.tensors[unique] = tensor.detach()
        if key is not None:
            self._names[key] = unique
        return unique


class ValueEncoder:
    """Turns values into JSON, and collects the tensors among them in a table."""

    def __init__(self, table):
        self.table = table
        self._packed = {}

    def encode(self, value, place, name, nodes=(), nesting=0):
        """JSON of ``value``.

        ``place`` opens the message of an error, ``name`` is the name for tensors inside, and
        ``nodes`` holds the names of the nodes that the value may refer to. Raises ExportError.
        """
        if nesting > _MAX_NESTING:
            raise ExportError("%s: nested deeper than %d" % (place, _MAX_NESTING))
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._text(value, place)
        if isinstance(value, numbers.Integral):
            return self._integer(int(value), place)
        if isinstance(value, numbers.Real):
            return self._float(float(value))
        if isinstance(value, (list, tuple, dict)):
            return self._container(value, place, name, nodes, nesting + 1)
        if isinstance(value, slice):
            parts = (value.start, value.stop, value.step)
            return {"slice": [self.encode(part, place, name, nodes, nesting + 1) for part in parts]}
        if isinstance(value, torch.fx.Node):
            if value.name not in nodes:
                raise ExportError("%s: node %s does not come before it in this graph"
                                  % (place, value.name))
            return {"node": value.name}
        if isinstance(value, torch.Tensor):
            return self._tensor(value, place, name)
        if isinstance(value, torch.ScriptObject):
            return self._packed_weight(value, place, name)
        return self._constant(value, place)

    @staticmethod
    def _text(value, place):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ExportError("%s: the text %r is not valid Unicode" % (place, value)) from None
        return value

    @staticmethod
    def _integer(value, place):
        if not -2 ** 63 <= value < 2 ** 63:
            raise ExportError("%s: %d does not fit in 64 bits" % (place, value))
        return value

    @staticmethod
    def _float(value):
        if math.isfinite(value):
            return value
        return {"float": "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"}

    def _container(self, value, place, name, nodes, nesting):
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    raise ExportError("%s: the key %r of a dict is not text" % (place, key))
            return {"dict": {self._text(key, place):
                             self.encode(member, "%s[%r]" % (place, key), "%s.%s" % (name, key),
                                         nodes, nesting)
                             for key, member in value.items()}}
        members = [self.encode(member, "%s[%d]" % (place, i), "%s.%d" % (name, i), nodes, nesting)
                   for i, member in enumerate(value)]
        return {"tuple": members} if isinstance(value, tuple) else members

    @staticmethod
    def _constant(value, place):
        if isinstance(value, torch.dtype):
            dtype = constant_name(value)
            if dtype in _DTYPES:
                return {"dtype": dtype}
        if isinstance(value, torch.qscheme):
            return {"qscheme": constant_name(value)}
        if isinstance(value, torch.memory_format):
            return {"memory_format": constant_name(value)}
        if isinstance(value, torch.device):
            return {"device": str(value)}
        if value is Ellipsis:
            return {"ellipsis": True}
        if isinstance(value, type):
            return {"type": type_name(value)}
        raise ExportError("%s: no encoding for %r, a %s" % (place, value, type_name(type(value))))

    def _tensor(self, tensor, place, name):
        try:
            if not tensor.is_quantized:
                return {"tensor": self.table.add(name, tensor)}
            return self._quantized(tensor, name)
        except ExportError as error:
            raise ExportError("%s: %s" % (place, error)) from None

    def _quantized(self, tensor, name):
        scheme = constant_name(tensor.qscheme())
        qparams = {"dtype": constant_name(tensor.dtype), "qscheme": scheme}
        if scheme.startswith("per_tensor"):
            qparams["scale"] = tensor.q_scale()
            qparams["zero_point"] = tensor.q_zero_point()
        else:
            scales, zero_points = tensor.q_per_channel_scales(), tensor.q_per_channel_zero_points()
            qparams["scale"] = {"tensor": self.table.add(name + ".scale", scales)}
            qparams["zero_point"] = {"tensor": self.table.add(name + ".zero_point", zero_points)}
            qparams["axis"] = tensor.q_per_channel_axis()
        encoded = {"tensor": self.table.add(name, tensor), "qparams": qparams}
        if qparams["dtype"] in _SUB_BYTE:
            encoded["shape"] = list(tensor.shape)
        return encoded

    def _packed_weight(self, packed, place, name):
        """A weight packed for this CPU, stored as it was before packing."""
        known = self._packed.get(id(packed))
        if known is None:
            # Kept together with the object, so that its id stays taken.
            known = packed, self._unpack(packed, place, name)
            self._packed[id(packed)] = known
        return known[1]

    def _unpack(self, packed, place, name):
        kind = _script_class(packed)
        if kind == "LinearPackedParamsBase":
            weight, bias = torch.ops.quantized.linear_unpack(packed)
            settings = {}
        elif kind in ("Conv2dPackedParamsBase", "Conv3dPackedParamsBase"):
            operator = "conv2d_" if "2d" in kind else "conv3d_"

            def ask(question):
                return getattr(torch.ops.quantized, operator + question)(packed)

            weight, bias = ask("unpack")
            settings = {key: ask(key) for key in ("stride", "padding", "output_padding",
                                                  "dilation", "groups", "transpose")}
        else:
            raise ExportError("%s: no encoding for a script object of class %s" % (place, kind))
        encoded = {"packed": kind,
                   "weight": self.encode(lowered_weight(weight), place, name + ".weight"),
                   "bias": self.encode(bias, place, name + ".bias")}
        encoded.update(settings)
        return encoded


def lowered_weight(weight):
    """The weight of a lowered operator: quantized, or float16, which torch unpacks to float32."""
    return weight if weight.is_quantized else weight.detach().to(torch.float16)


def _script_class(script_object):
    """Class name of a script object: the NAME of __torch__.torch.classes.quantized.NAME."""
    return str(torch._C._jit_try_infer_type(script_object).type()).rpartition(".")[2]
