# SPDX-License-Identifier: LGPL-2.1-or-later
"""What makes Lfb feel like Python. PyGObject loads it by itself.

Everything the library offers is there under its own name and with its own signature; this adds to it:

    Lfb.Tensor(array)           of NumPy arrays, torch tensors, buffers and lists; np.asarray(tensor) back
    Lfb.Value([1, 2.5, None])   and value.unpack(), between arguments of nodes and native values
    for node in graph           nodes with name, op, target, args, kwargs, users as attributes
    session(image)              inputs by position or by name
    Lfb.call(name, args, kwargs)
    Lfb.PackedConv(weight, bias, stride=2).apply(image, scale, zero_point, out=array)
"""

import functools
import numbers
import os
from collections.abc import Mapping

from gi.module import get_introspection_module
from gi.overrides import override
from gi.overrides._lfb_arrays import array_interface, quantize, to_buffer, to_tensor
from gi.overrides._lfb_values import to_dict, to_value, unpack
from gi.repository import GLib

Lfb = get_introspection_module("Lfb")

__all__ = []


def _export(thing):
    if isinstance(thing, type):
        thing = override(thing)
    __all__.append(thing.__name__)
    return thing


def _attribute(name, doc, writable=False):
    """An attribute that the getter and setter of that name answer."""
    def get(self):
        return getattr(self, "get_" + name)()

    def put(self, value):
        getattr(self, "set_" + name)(value)

    return property(get, put if writable else None, doc=doc)


@_export
class Tensor(Lfb.Tensor):
    """Tensor(data, dtype=None, scale=None, zero_point=0, axis=None)

    A tensor of what NumPy arrays, torch tensors, objects with `__array_interface__`, buffers or nested
    lists hold. It stands on their memory: do not change that afterwards. With a scale it is quantized;
    along an axis, where scale and zero point are sequences.
    """

    def __new__(cls, data, dtype=None, scale=None, zero_point=0, axis=None):
        if scale is not None:
            return quantize(data, scale, zero_point, dtype, axis)
        return to_tensor(data, dtype)

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` made the tensor."""

    @staticmethod
    def new_for_bytes(dtype, shape, data):
        """As in C; @data may be any buffer too, whose bytes are taken as they are.

        `GLib.Bytes.new` of an array takes it element by element instead, and 1.5 becomes 1.
        """
        if not isinstance(data, GLib.Bytes):
            data = GLib.Bytes.new(memoryview(data).tobytes())
        return Lfb.Tensor.new_for_bytes(dtype, shape, data)

    dtype = _attribute("dtype", "The type of the elements.")
    qscheme = _attribute("qscheme", "How integers stand for real numbers.")
    scale = _attribute("scale", "What one step stands for; 0 unless quantized per tensor.")
    zero_point = _attribute("zero_point", "The integer that stands for 0.")
    scales = _attribute("scales", "The scale of each channel, if quantized per channel.")
    zero_points = _attribute("zero_points", "The zero point of each channel, if quantized per channel.")
    axis = _attribute("axis", "The dimension of the channels; -1 unless quantized per channel.")
    name = _attribute("name", "The name in the file it came from.")
    integers = _attribute("integers", "The integers of a quantized tensor as a tensor of their own.")

    @property
    def shape(self):
        """The dimensions, outermost first."""
        return tuple(self.get_shape())

    @property
    def __array_interface__(self):
        return array_interface(self)

    def numpy(self):
        """The elements as a NumPy array that cannot be written to; of a quantized tensor the integers.

        NumPy has no bfloat16: those come as uint16.
        """
        import numpy
        return numpy.asarray(self)

    def __repr__(self):
        return "<Lfb.Tensor %s>" % self.to_string()


@_export
class Buffer(Lfb.Buffer):
    """Buffer(size), or Buffer(array): memory that calls write to, new or that of a writable array."""

    def __new__(cls, data):
        return Lfb.Buffer.new(data) if isinstance(data, int) else to_buffer(data)

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` made the buffer."""

    size = _attribute("size", "How many bytes there are.")
    address = _attribute("address", "Where they are.")

    @property
    def __array_interface__(self):
        return {"version": 3, "typestr": "|u1", "shape": (self.get_size(),),
                "data": (self.get_address() or 64, False)}

    def __len__(self):
        return self.get_size()

    def __bytes__(self):
        return self.get_bytes().get_data() or b""


@_export
class Value(Lfb.Value):
    """Value(data): a native value as an argument of a node.

    None, bool, int, float, str, tuple, list, dict, slice, `...`, nodes, tensors and arrays, element
    types, quantization schemes and memory formats, nested as you like.
    """

    def __new__(cls, data=None):
        return to_value(data)

    def __init__(self, data=None):
        """Nothing is left to do: `__new__` made the value."""

    def unpack(self):
        """The native value; devices, types and packed weights have none and stay what they are."""
        return unpack(self)

    def __eq__(self, other):
        return self.equal(other) if isinstance(other, Lfb.Value) else NotImplemented

    __hash__ = None

    def __repr__(self):
        return "<Lfb.Value %s>" % self.to_string()


@_export
class Node(Lfb.Node):
    def __init__(self, *args, **kwargs):
        raise TypeError("Nodes are made by Lfb.Graph.create_node")

    name = _attribute("name", "The name, unique in the graph.", writable=True)
    target = _attribute("target", "What is called or read.", writable=True)
    op = _attribute("op", "What the node does, an Lfb.Op.")
    graph = _attribute("graph", "The graph it belongs to; None once erased.")
    next = _attribute("next", "The node that runs after this one.")
    previous = _attribute("previous", "The node that runs before this one.")
    users = _attribute("users", "The nodes that read the result of this one.")
    inputs = _attribute("inputs", "The nodes whose results this one reads.")

    @property
    def args(self):
        """The arguments by position, as native values."""
        return tuple(unpack(arg) for arg in self.get_args())

    @args.setter
    def args(self, args):
        self.set_args(args)

    @property
    def kwargs(self):
        """The arguments by name, as native values."""
        return unpack(self.get_kwargs())

    @kwargs.setter
    def kwargs(self, kwargs):
        self.set_kwargs(kwargs)

    def set_args(self, args):
        return Lfb.Node.set_args(self, [to_value(arg) for arg in args])

    def set_arg(self, position, value):
        return Lfb.Node.set_arg(self, position, to_value(value))

    def set_kwargs(self, kwargs):
        return Lfb.Node.set_kwargs(self, to_dict(kwargs))

    def __repr__(self):
        return "<Lfb.Node %s>" % self.to_text()


@_export
class Graph(Lfb.Graph):
    def create_node(self, op, target, args=None, kwargs=None, name=None):
        args = [to_value(arg) for arg in args or ()]
        return Lfb.Graph.create_node(self, op, target, args, to_dict(kwargs), name)

    def __iter__(self):
        """The nodes of now, less those that are erased meanwhile: a loop may change the graph."""
        nodes, node = [], self.get_first()
        while node is not None:
            nodes.append(node)
            node = node.get_next()
        for node in nodes:
            if node.get_graph() is self:
                yield node

    def __getitem__(self, key):
        """A node by its place or by its name."""
        if not isinstance(key, str):
            return super().__getitem__(key)
        node = self.find(key)
        if node is None:
            raise KeyError(key)
        return node

    def __contains__(self, item):
        if isinstance(item, str):
            return self.find(item) is not None
        return isinstance(item, Lfb.Node) and item.get_graph() is self

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return "<Lfb.Graph of %d nodes>" % len(self)


@_export
class GraphModule(Lfb.GraphModule):
    graph = _attribute("graph", "The steps of the model.")
    producer = _attribute("producer", "What made the model.", writable=True)
    qconfig_map = _attribute("qconfig_map", "How each node was quantized.", writable=True)
    node_name_to_scope = _attribute("node_name_to_scope", "Which module each node was traced in.",
                                    writable=True)

    @staticmethod
    def load(path):
        return Lfb.GraphModule.load(os.fspath(path))

    def save(self, path):
        return Lfb.GraphModule.save(self, os.fspath(path))

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return "<Lfb.GraphModule of %d nodes>" % len(self.get_graph())


@_export
class Module(Lfb.Module):
    """Module(type_name, config=None, tensors=None, graph_module=None), the middle two being dictionaries."""

    def __new__(cls, type_name, config=None, tensors=None, graph_module=None):
        return Lfb.Module.new(type_name, to_dict(config), to_dict(tensors), graph_module)

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` made the module."""

    type_name = _attribute("type_name", "The name of the PyTorch class.")
    graph_module = _attribute("graph_module", "The model that the module is itself, if it is one.")
    config = property(lambda self: unpack(self.get_config()), doc="The settings, as native values.")
    tensors = property(lambda self: unpack(self.get_tensors()), doc="The parameters and buffers by name.")

    def __repr__(self):
        return "<Lfb.Module %s>" % self.get_type_name()


@_export
class QConfig(Lfb.QConfig):
    """QConfig(activation=None, weight=None): two dictionaries that describe observers."""

    def __new__(cls, activation=None, weight=None):
        return Lfb.QConfig.new(to_dict(activation), to_dict(weight))

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` made the qconfig."""

    @property
    def activation(self):
        """The observer of the activation, as native values."""
        value = self.get_activation()
        return None if value is None else unpack(value)

    @property
    def weight(self):
        """The observer of the weight, as native values."""
        value = self.get_weight()
        return None if value is None else unpack(value)


@_export
class TensorFile(Lfb.TensorFile):
    @staticmethod
    def load(path):
        return Lfb.TensorFile.load(os.fspath(path))

    def save(self, path):
        return Lfb.TensorFile.save(self, os.fspath(path))

    def __len__(self):
        return len(self.list_names())

    def __iter__(self):
        return iter(self.list_names())

    def __contains__(self, name):
        return isinstance(name, str) and self.get(name) is not None

    def __getitem__(self, name):
        tensor = self.get(name)
        if tensor is None:
            raise KeyError(name)
        return tensor

    def __setitem__(self, name, data):
        self.add(name, to_tensor(data))


def _guard(run):
    """PyGObject prints what a vfunc raises and goes on, unless that is a GLib.Error."""
    @functools.wraps(run)
    def do_run(self, model):
        try:
            return bool(run(self, model))
        except GLib.Error as error:
            self.raised = error
            raise
        except Exception as error:
            self.raised = error
            message = "%s: %s" % (type(error).__name__, error)
            raise GLib.Error.new_literal(Lfb.error_quark(), message, Lfb.Error.FAILED) from error
    return do_run


@_export
class Pass(Lfb.Pass):
    """One rewriting step: implement `do_run(self, model)`, which returns whether it changed anything.

    A pass that raises fails, and the lowering with it; what it raised is the `__cause__` of the error.
    Unless it is given a name, it goes by that of its class.
    """

    def __init__(self, **properties):
        properties.setdefault("name", type(self).__name__)
        super().__init__(**properties)

    name = _attribute("name", "What the pass is called.")
    raised = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "do_run" in cls.__dict__:
            cls.do_run = _guard(cls.do_run)


def _to_qconfig_map(data):
    """A dictionary of node names and Lfb.QConfig or None as an Lfb.QConfigMap; what is none stays."""
    if not isinstance(data, Mapping):
        return data
    qconfigs = Lfb.QConfigMap()
    for name, qconfig in data.items():
        qconfigs.set(name, qconfig)
    return qconfigs


def _to_scope_map(data):
    """A dictionary of node names and pairs of module path and type as an Lfb.ScopeMap."""
    if not isinstance(data, Mapping):
        return data
    scopes = Lfb.ScopeMap()
    for name, (path, type_name) in data.items():
        scopes.set(name, path, type_name)
    return scopes


@_export
def lower_to_fbgemm(model, qconfig_map=None, node_name_to_scope=None, keep_original_weights=False):
    """Lowers a reference model. The maps may be dictionaries; those left out are the model's own."""
    return Lfb.lower_to_fbgemm(model, _to_qconfig_map(qconfig_map), _to_scope_map(node_name_to_scope),
                               keep_original_weights)


@_export
class Lowerer(Lfb.Lowerer):
    report = _attribute("report", "What the last lowering did, and why.")
    keep_original_weights = _attribute(
        "keep_original_weights", "Whether lowered models remember the float tensors that were packed.",
        writable=True)
    progress = _attribute("progress", "What is told how far a lowering has come.", writable=True)
    strict_upstream = _attribute(
        "strict_upstream", "Whether lowered graphs are PyTorch's, node for node.", writable=True)

    def lower(self, model, qconfig_map=None, node_name_to_scope=None, cancellable=None):
        """The maps may be dictionaries, as for Lfb.lower_to_fbgemm."""
        return self._explained(Lfb.Lowerer.lower, model, _to_qconfig_map(qconfig_map),
                               _to_scope_map(node_name_to_scope), cancellable)

    def lower_finish(self, result):
        return self._explained(Lfb.Lowerer.lower_finish, result)

    def _explained(self, function, *args):
        """If a pass written in Python raised something, that is the cause of the error."""
        try:
            return function(self, *args)
        except GLib.Error as error:
            for step in self.get_passes():
                cause, step.raised = step.raised, None
                if cause is not None:
                    raise error from cause
            raise


@_export
class Progress(Lfb.Progress):
    fraction = _attribute("fraction", "How much of the work is done, 0 to 1.")
    message = _attribute("message", "What is being done.")


@_export
class LoweringReport(Lfb.LoweringReport):
    def __str__(self):
        return self.to_text()


@_export
class LoweringNote(Lfb.LoweringNote):
    node_name = _attribute("node_name", "The node the note is about.")
    original = _attribute("original", "What the node was.")
    pass_name = _attribute("pass_name", "The pass that took it.")
    lowered = _attribute("lowered", "Whether it was lowered.")
    result = _attribute("result", "What it became.")
    reason = _attribute("reason", "Why it was left.")

    def __repr__(self):
        return "<Lfb.LoweringNote %s: %s>" % (self.node_name, self.result or self.reason)


def _is_nest(data, depth=0):
    """Whether a list or tuple holds anything but numbers, which are a tensor."""
    if isinstance(data, (list, tuple)):
        return depth > Lfb.VALUE_MAX_DEPTH or any(_is_nest(item, depth + 1) for item in data)
    return not isinstance(data, numbers.Real)


def _to_input(data):
    nest = isinstance(data, (list, tuple)) and _is_nest(data)
    return to_value(data if nest or isinstance(data, (Lfb.Value, Mapping, str, type(None))) else to_tensor(data))


@_export
class Session(Lfb.Session):
    """Session(model, options=None, **settings): a model made ready to run.

    Settings are the properties of Lfb.SessionOptions, such as n_threads=2.
    """

    def __new__(cls, model, options=None, **settings):
        if options is None and settings:
            options = Lfb.SessionOptions(**settings)
        return Lfb.Session.new(model, options)

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` made the session."""

    model = _attribute("model", "The model it was made from.")
    n_threads = _attribute("n_threads", "How many threads work on one run.")
    peak_memory = _attribute("peak_memory", "The most bytes that tensors took during a run.")

    def run(self, inputs, cancellable=None):
        return Lfb.Session.run_values(self, [_to_input(data) for data in inputs], cancellable)

    def run_values(self, inputs, cancellable=None):
        return Lfb.Session.run_values(self, [to_value(data) for data in inputs], cancellable)

    def __call__(self, *inputs, **named):
        """Runs the model on arrays or tensors, by position or by the names of its inputs; where it takes
        a tuple, list or dictionary, on one of arrays.

        Returns the output, or a tuple if there are several.
        """
        inputs = list(inputs)
        if named:
            for name in self.list_inputs()[len(inputs):]:
                if name not in named:
                    raise TypeError("The input `%s` is missing" % name)
                inputs.append(named.pop(name))
            if named:
                raise TypeError("The model takes no input `%s` by name; its inputs are %s" %
                                (next(iter(named)), ", ".join(self.list_inputs())))
        outputs = self.run(inputs)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _applying(klass, name, dtype, bind):
    """The method of that name with arrays for tensors, and `out` for the form that writes into a buffer."""
    apply, apply_into = getattr(klass, name), getattr(klass, name + "_into")

    def method(self, input, *args, out=None, **kwargs):
        input, args = to_tensor(input), bind(*args, **kwargs)
        if out is None:
            return apply(self, input, *args)
        shape = None if isinstance(out, Lfb.Buffer) else self.get_output_shape(input.get_shape())
        apply_into(self, input, *args, to_buffer(out, dtype, shape))
        return out

    method.__name__ = name
    return method


def _static(klass, name):
    def bind(scale, zero_point=0):
        return scale, zero_point
    return _applying(klass, name, Lfb.DType.QUINT8, bind)


def _dynamic(klass, name):
    def bind(reduce_range=False):
        return (reduce_range,)
    return _applying(klass, name, Lfb.DType.FLOAT32, bind)


@_export
class PackedLinear(Lfb.PackedLinear):
    """PackedLinear(weight, bias=None): a quantized weight made ready for the int8 kernels.

    The methods take arrays as well as tensors; with out=array they write there, and return it.
    """

    def __new__(cls, weight, bias=None):
        return Lfb.PackedLinear.new(to_tensor(weight), None if bias is None else to_tensor(bias))

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` packed the weight."""

    weight = _attribute("weight", "The weight that was packed.")
    bias = _attribute("bias", "The bias, or None.")
    in_features = _attribute("in_features", "How many inputs a row has.")
    out_features = _attribute("out_features", "How many outputs a row has.")

    apply = _static(Lfb.PackedLinear, "apply")
    apply_relu = _static(Lfb.PackedLinear, "apply_relu")
    apply_dynamic = _dynamic(Lfb.PackedLinear, "apply_dynamic")


@_export
class PackedConv(Lfb.PackedConv):
    """PackedConv(weight, bias=None, **settings): a quantized weight made ready for the int8 kernels.

    Settings are PyTorch's: stride, padding, output_padding, dilation, groups, padding_mode, and transpose.
    """

    def __new__(cls, weight, bias=None, **settings):
        return Lfb.PackedConv.new(to_tensor(weight), None if bias is None else to_tensor(bias), to_dict(settings))

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` packed the weight."""

    weight = _attribute("weight", "The weight that was packed.")
    bias = _attribute("bias", "The bias, or None.")
    settings = property(lambda self: unpack(self.get_settings()), doc="Stride, padding and so on.")
    in_channels = _attribute("in_channels", "How many channels an input has.")
    out_channels = _attribute("out_channels", "How many channels an output has.")
    groups = _attribute("groups", "Into how many groups the channels are parted.")
    n_spatial = _attribute("n_spatial", "How many dimensions the kernel moves in.")
    transposed = _attribute("transposed", "Whether it is a transposed convolution.")

    apply = _static(Lfb.PackedConv, "apply")
    apply_relu = _static(Lfb.PackedConv, "apply_relu")
    apply_dynamic = _dynamic(Lfb.PackedConv, "apply_dynamic")


@_export
def call(function, args=None, kwargs=None, values=None):
    """Runs one operator by the name that graphs use.

    Arguments are native values, those by name in a dictionary, and so is the result. With nothing but
    Lfb.Value the result is one too, and names and values of arguments may be two lists, as in C.
    """
    args = list(args or ())
    if isinstance(kwargs, Mapping):
        kwargs, values = list(kwargs), list(kwargs.values())
    everything = args + list(values or ())
    result = Lfb.call(function, [to_value(arg) for arg in args], kwargs,
                      [to_value(data) for data in values or ()])
    return result if all(isinstance(data, Lfb.Value) for data in everything) else unpack(result)
