# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arrays of other libraries as tensors and back, for the overrides of Lfb.

No numbers are copied unless they have to be: where they do not lie in one block, are not in this
machine's byte order, or Python says that their memory is read-only. NumPy is imported only where it
is needed, PyTorch never.
"""

import array as _array
import ctypes
import numbers
import struct
import sys

from gi.module import get_introspection_module
from gi.repository import GLib, GObject

Lfb = get_introspection_module("Lfb")
DType = Lfb.DType

# Kind and size as NumPy's array interface has them. Of quantized tensors the integers are seen; NumPy
# has no bfloat16.
_CODES = {
    DType.FLOAT32: "f4", DType.FLOAT64: "f8", DType.FLOAT16: "f2", DType.BFLOAT16: "u2",
    DType.QUINT8: "u1", DType.QINT8: "i1", DType.QINT32: "i4",
    DType.UINT8: "u1", DType.INT8: "i1", DType.INT16: "i2", DType.INT32: "i4", DType.INT64: "i8",
    DType.BOOL: "b1",
}
_DTYPES = {code: dtype for dtype, code in _CODES.items()
           if not DType.is_quantized(dtype) and dtype != DType.BFLOAT16}
_QUANTIZED = {DType.UINT8: DType.QUINT8, DType.INT8: DType.QINT8, DType.INT32: DType.QINT32}
_ORDER = "<" if sys.byteorder == "little" else ">"

# What array.array calls the types that a list of numbers can become.
_LETTERS = {DType.FLOAT32: "f", DType.FLOAT64: "d", DType.UINT8: "B", DType.INT8: "b", DType.INT16: "h",
            DType.INT32: "i", DType.INT64: "q", DType.BOOL: "B"}


# As the module struct has them; it knows none of bfloat16 either.
_FORMATS = {"f4": "f", "f8": "d", "f2": "e", "u1": "B", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "b1": "?",
            "u2": "H"}


def to_dtype(dtype):
    """An element type, given as such, by its name, or as NumPy or PyTorch have it; None as it is."""
    if dtype is None or isinstance(dtype, DType):
        return dtype
    name = dtype if isinstance(dtype, str) else str(dtype) if is_of_torch(dtype, "dtype") else None
    if name is None and "numpy" in sys.modules:
        import numpy
        if isinstance(dtype, numpy.dtype) or isinstance(dtype, type) and issubclass(dtype, numpy.generic):
            name = numpy.dtype(dtype).name
    if name is None:
        raise TypeError("An element type is an Lfb.DType, a name, or that of NumPy or PyTorch, not %r" % (dtype,))
    found, result = DType.from_string(name.removeprefix("torch."))
    if not found:
        raise ValueError("No tensor has elements of type %s; there are %s" %
                         (name, ", ".join(DType.to_string(known) for known in DType.__enum_values__.values())))
    return result


def is_of_torch(data, type_name):
    """Whether that is one of PyTorch's, which need not be loaded."""
    return type(data).__module__ == "torch" and type(data).__name__ == type_name


def _dtype_for(code, dtype):
    """The element type for a code of NumPy; @dtype is what the caller asked for."""
    if dtype == DType.BFLOAT16 and code in ("u2", "i2"):
        return dtype
    if code not in _DTYPES:
        hint = "; dtype=Lfb.DType.BFLOAT16 takes 16 bits as bfloat16" if code == "u2" else ""
        raise TypeError("No tensor has elements of type %s%s" % (code, hint))
    return _DTYPES[code]


def _own(array):
    """An object that keeps @array alive."""
    owner = GObject.Object()
    owner.array = array
    return owner


def _borrow(dtype, shape, address, size, array):
    """A tensor on the memory of @array, which lives as long as the tensor does."""
    return Lfb.Tensor.new_for_pointer(dtype, list(shape), address, size, _own(array))


def _native(array):
    """An array, or a copy, that lies in one block and in this machine's byte order."""
    interface = array.__array_interface__
    if (interface.get("strides") is None and interface.get("data") is not None and
            interface["typestr"][0] in ("|", _ORDER)):
        return array
    import numpy
    array = numpy.asarray(array)
    return numpy.ascontiguousarray(array, array.dtype.newbyteorder("=")).reshape(array.shape)


def _converted(array, code, dtype):
    """The array with elements of another type, unless what they say would be lost."""
    import numpy
    try:
        return numpy.asarray(array).astype(_CODES[dtype], casting="same_kind")
    except TypeError:
        raise TypeError("Elements of type %s do not become %s by themselves" %
                        (code, DType.to_string(dtype))) from None


def _from_array(array, dtype):
    code = array.__array_interface__["typestr"][1:]
    if dtype in _DTYPES.values() and code in _DTYPES and _DTYPES[code] != dtype:
        array = _converted(array, code, dtype)
        code = array.__array_interface__["typestr"][1:]
    dtype = _dtype_for(code, dtype)
    array = _native(array)
    interface = array.__array_interface__
    size = int(code[1:])
    for length in interface["shape"]:
        size *= length
    if size == 0:
        return Lfb.Tensor.new_for_bytes(dtype, list(interface["shape"]), GLib.Bytes.new(b""))
    return _borrow(dtype, interface["shape"], interface["data"][0], size, array)


def _from_buffer(view, dtype):
    letter = view.format.lstrip("@=" + _ORDER)
    if len(letter) != 1 or letter not in "?bBhHiIlLqQefd":
        raise TypeError("No tensor has elements of format %s" % view.format)
    kind = {"?": "b", "e": "f", "f": "f", "d": "f"}.get(letter, "i" if letter.islower() else "u")
    dtype = _dtype_for("%s%d" % (kind, view.itemsize), dtype)
    if view.readonly or not view.c_contiguous or view.nbytes == 0:
        return Lfb.Tensor.new_for_bytes(dtype, list(view.shape), GLib.Bytes.new(view.tobytes()))
    block = (ctypes.c_char * view.nbytes).from_buffer(view)
    return _borrow(dtype, view.shape, ctypes.addressof(block), view.nbytes, block)


def _from_torch(tensor, dtype):
    """Whoever has a tensor of PyTorch has PyTorch loaded."""
    torch = sys.modules["torch"]
    tensor = tensor.detach().cpu().contiguous()
    if tensor.is_quantized:
        integers = _from_array(tensor.int_repr().numpy(), None)
        if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
            return quantize(integers, tensor.q_scale(), tensor.q_zero_point())
        return quantize(integers, tensor.q_per_channel_scales(), tensor.q_per_channel_zero_points(),
                        axis=tensor.q_per_channel_axis())
    if tensor.dtype == torch.bfloat16:
        return _from_array(tensor.view(torch.int16).numpy(), DType.BFLOAT16)
    return _from_array(tensor.numpy(), dtype)


def _flatten(data, shape, flat):
    if not shape:
        if not isinstance(data, numbers.Real):
            raise TypeError("A list of numbers holds %s" % type(data).__name__)
        flat.append(data)
        return
    if not isinstance(data, (list, tuple)) or len(data) != shape[0]:
        raise TypeError("The rows of a list of numbers differ in length")
    for item in data:
        _flatten(item, shape[1:], flat)


def _from_list(data, dtype):
    """Of numbers in nested lists; as in PyTorch floats become float32 and integers int64."""
    shape, flat, first = [], [], data
    while isinstance(first, (list, tuple)) and len(shape) <= Lfb.TENSOR_MAX_DIMS:
        shape.append(len(first))
        first = first[0] if first else 0.0
    _flatten(data, shape, flat)
    if dtype is None and flat and all(isinstance(number, bool) for number in flat):
        dtype = DType.BOOL
    elif dtype is None and flat and all(isinstance(number, numbers.Integral) for number in flat):
        dtype = DType.INT64
    elif dtype is None:
        dtype = DType.FLOAT32
    if dtype not in _LETTERS:
        raise TypeError("A list of numbers does not make a %s tensor" % DType.to_string(dtype))
    if dtype == DType.BOOL:
        flat = [bool(number) for number in flat]
    content = _array.array(_LETTERS[dtype], flat).tobytes()
    return Lfb.Tensor.new_for_bytes(dtype, shape, GLib.Bytes.new(content))


def _is_torch(data):
    return hasattr(data, "detach") and hasattr(data, "numpy") and "torch" in sys.modules


def is_array(data):
    return hasattr(data, "__array_interface__") or _is_torch(data)


def to_tensor(data, dtype=None):
    """A tensor of what @data holds, whose elements are of type @dtype if that is given."""
    dtype = to_dtype(dtype)
    if isinstance(data, Lfb.Tensor):
        tensor = data
    elif _is_torch(data):
        tensor = _from_torch(data, dtype)
    elif hasattr(data, "__array_interface__"):
        tensor = _from_array(data, dtype)
    elif isinstance(data, (list, tuple, numbers.Real)):
        tensor = _from_list(data, dtype)
    else:
        try:
            view = memoryview(data)
        except TypeError:
            raise TypeError("A tensor is made of an array, a buffer or a list of numbers, not of %s" %
                            type(data).__name__) from None
        tensor = _from_buffer(view, dtype)
    if dtype is not None and tensor.get_dtype() != dtype:
        raise TypeError("The elements are %s, not %s" %
                        (DType.to_string(tensor.get_dtype()), DType.to_string(dtype)))
    return tensor


def quantize(data, scale, zero_point, dtype=None, axis=None):
    """A quantized tensor of integers; along an axis, scale and zero point are vectors."""
    dtype = to_dtype(dtype)
    integers = to_tensor(data, DType.get_storage(dtype) if isinstance(data, (list, tuple)) and dtype else None)
    if dtype is None:
        dtype = _QUANTIZED.get(integers.get_dtype(), DType.QUINT8)
    if axis is None:
        return Lfb.Tensor.new_quantized(integers, scale, zero_point, dtype)
    scale = to_tensor(scale)
    if isinstance(zero_point, numbers.Integral):
        zero_point = [zero_point] * scale.get_n_elements()
    return Lfb.Tensor.new_quantized_per_channel(integers, scale, to_tensor(zero_point), axis, dtype)


def to_buffer(data, dtype=None, shape=None):
    """The memory of @data to write to, which must lie in one block and be writable.

    An array must have elements of @dtype, and @shape, if those are given; other buffers are just bytes.
    """
    if isinstance(data, Lfb.Buffer):
        return data
    if _is_torch(data):
        if not data.is_contiguous() or data.device.type != "cpu":
            raise TypeError("Results are written to tensors that are contiguous and on the CPU")
        data = data.detach().numpy()
    interface = getattr(data, "__array_interface__", None)
    if interface is None:
        view = memoryview(data)
        if view.readonly or not view.c_contiguous:
            raise TypeError("Results are written to memory that is writable and in one block")
        if view.nbytes == 0:
            return Lfb.Buffer.new(0)
        block = (ctypes.c_char * view.nbytes).from_buffer(view)
        return Lfb.Buffer.new_for_pointer(ctypes.addressof(block), view.nbytes, _own(block))

    address, readonly = interface["data"]
    size = int(interface["typestr"][2:])
    for length in interface["shape"]:
        size *= length
    if readonly or interface.get("strides") is not None:
        raise TypeError("Results are written to arrays that are writable and in one block")
    if dtype is not None and interface["typestr"][1:] != _CODES[dtype]:
        raise TypeError("Results are %s, and the array has elements of type %s" %
                        (DType.to_string(dtype), interface["typestr"][1:]))
    if shape is not None and tuple(interface["shape"]) != tuple(shape):
        raise ValueError("The result has the shape %s, and the array %s" %
                         (tuple(shape), tuple(interface["shape"])))
    if size == 0:
        return Lfb.Buffer.new(0)
    return Lfb.Buffer.new_for_pointer(address, size, _own(data))


def array_interface(tensor):
    """What NumPy asks for; types of less than a byte show the bytes they are packed in."""
    code = _CODES.get(tensor.get_dtype())
    if code is None:
        return array_interface(tensor.get_integers())
    # NumPy does not take address 0, not even where nothing is read from it.
    return {
        "version": 3,
        "typestr": ("|" if code[1] == "1" else _ORDER) + code,
        "shape": tuple(tensor.get_shape()),
        "data": (tensor.get_address() or 64, True),
    }


def to_list(tensor):
    """The elements in nested lists, or alone; of a quantized tensor the integers."""
    code = _CODES.get(tensor.get_dtype())
    if code is None:
        return to_list(tensor.get_integers())
    flat = list(struct.unpack("%d%s" % (tensor.get_n_elements(), _FORMATS[code]), tensor.get_bytes().get_data() or b""))
    if tensor.get_dtype() == DType.BFLOAT16:
        flat = [struct.unpack("f", struct.pack("I", bits << 16))[0] for bits in flat]

    shape = tensor.get_shape()
    if not shape:
        return flat[0]
    # From the innermost dimension outwards.
    for i in range(len(shape) - 1, 0, -1):
        rows = 1
        for length in shape[:i]:
            rows *= length
        flat = [flat[row * shape[i]:(row + 1) * shape[i]] for row in range(rows)]
    return flat


def to_dlpack(tensor):
    """A copy as a DLPack capsule: whoever takes it may write to it, and to a tensor nobody does."""
    import numpy
    capsule = numpy.array(tensor).__dlpack__()
    if tensor.get_dtype() == DType.BFLOAT16:
        # NumPy says unsigned integer of 16 bits: kDLUInt of a DLDataType, which is to be kDLBfloat.
        get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
        get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        ctypes.c_uint8.from_address(get_pointer(capsule, b"dltensor") + 20).value = 4
    return capsule
