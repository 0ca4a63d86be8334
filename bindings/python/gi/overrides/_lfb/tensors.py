# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tensors, buffers and files of tensors, for the overrides of Lfb."""

import os

from gi.module import get_introspection_module
from gi.overrides._lfb.arrays import array_interface, quantize, to_buffer, to_dlpack, to_dtype, to_list, to_tensor
from gi.overrides._lfb.export import Dictionary, attribute, export
from gi.overrides._lfb.pickles import dump, load_tensor
from gi.repository import GLib

Lfb = get_introspection_module("Lfb")


@export
class Tensor(Lfb.Tensor):
    """Tensor(data, dtype=None, scale=None, zero_point=0, axis=None)

    A tensor of what NumPy arrays, torch tensors, objects with `__array_interface__`, buffers or nested
    lists hold. It stands on their memory: do not change that afterwards. With a scale it is quantized;
    along an axis, where scale and zero point are sequences. An element type is an Lfb.DType, its name,
    or that of NumPy or PyTorch; numbers are converted to it unless that loses what they say.
    """

    def __new__(cls, data, dtype=None, scale=None, zero_point=0, axis=None):
        if scale is not None:
            return quantize(data, scale, zero_point, dtype, axis)
        if axis is not None or zero_point != 0:
            raise TypeError("A tensor with a zero point or an axis has a scale, too")
        return to_tensor(data, dtype)

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` made the tensor."""

    @staticmethod
    def new_for_bytes(dtype, shape, bytes):
        """As in C; @bytes may be any buffer too, whose bytes are taken as they are.

        `GLib.Bytes.new` of an array takes it element by element instead, and 1.5 becomes 1.
        """
        if not isinstance(bytes, GLib.Bytes):
            bytes = GLib.Bytes.new(memoryview(bytes).tobytes())
        return Lfb.Tensor.new_for_bytes(to_dtype(dtype), shape, bytes)

    dtype = attribute("dtype", "The type of the elements.")
    qscheme = attribute("qscheme", "How integers stand for real numbers.")
    scale = attribute("scale", "What one step stands for; 0 unless quantized per tensor.")
    zero_point = attribute("zero_point", "The integer that stands for 0.")
    scales = attribute("scales", "The scale of each channel, if quantized per channel.")
    zero_points = attribute("zero_points", "The zero point of each channel, if quantized per channel.")
    axis = attribute("axis", "The dimension of the channels; -1 unless quantized per channel.")
    name = attribute("name", "The name in the file it came from.")
    integers = attribute("integers", "The integers of a quantized tensor as a tensor of their own.")

    @property
    def shape(self):
        """The dimensions, outermost first."""
        return tuple(self.get_shape())

    @property
    def __array_interface__(self):
        return array_interface(self)

    def __dlpack__(self, stream=None, **_wishes):
        """A copy, which may be written to, for torch.from_dlpack() and the like."""
        return to_dlpack(self)

    def __dlpack_device__(self):
        return (1, 0)

    def numpy(self):
        """The elements as a NumPy array that cannot be written to; of a quantized tensor the integers.

        NumPy has no bfloat16: those come as uint16.
        """
        import numpy
        return numpy.asarray(self)

    def tolist(self):
        """The elements in nested lists, or alone; of a quantized tensor the integers."""
        return to_list(self)

    def item(self):
        """The element of a tensor that has one."""
        if self.get_n_elements() != 1:
            raise ValueError("%r has %d elements, not one" % (self, self.get_n_elements()))
        return to_list(self.reshape([]))

    def __copy__(self):
        """Itself: it cannot change."""
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        file = Lfb.TensorFile.new()
        file.add("tensor", self)
        return load_tensor, (dump(file), self.get_name())

    def __repr__(self):
        return "<Lfb.Tensor %s>" % self.to_string()


@export
class Buffer(Lfb.Buffer):
    """Buffer(size), or Buffer(array): memory that calls write to, new or that of a writable array."""

    def __new__(cls, data):
        return Lfb.Buffer.new(data) if isinstance(data, int) else to_buffer(data)

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` made the buffer."""

    size = attribute("size", "How many bytes there are.")
    address = attribute("address", "Where they are.")

    @property
    def __array_interface__(self):
        return {"version": 3, "typestr": "|u1", "shape": (self.get_size(),),
                "data": (self.get_address() or 64, False)}

    def __len__(self):
        return self.get_size()

    def __bool__(self):
        return True

    def __bytes__(self):
        return self.get_bytes().get_data() or b""

    def __repr__(self):
        return "<Lfb.Buffer of %d bytes>" % len(self)


@export
class TensorFile(Dictionary, Lfb.TensorFile):
    """TensorFile(): tensors by name, as they are in a file; a mapping."""

    @staticmethod
    def load(path):
        return Lfb.TensorFile.load(os.fspath(path))

    def save(self, path):
        return Lfb.TensorFile.save(self, os.fspath(path))

    @property
    def metadata(self):
        """What the file says of itself, as a dictionary; a copy."""
        return {key: self.get_metadata(key) for key in self.list_metadata()}

    def __len__(self):
        return len(self.list_names())

    def __iter__(self):
        return iter(self.list_names())

    def __getitem__(self, name):
        tensor = self.get(name) if isinstance(name, str) else None
        if tensor is None:
            raise KeyError(name)
        return tensor

    def __setitem__(self, name, data):
        self.add(name, to_tensor(data))

    def __repr__(self):
        return "<Lfb.TensorFile of %s>" % (", ".join(self) or "nothing")
