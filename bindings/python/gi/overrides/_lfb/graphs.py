# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values, graphs and their nodes, for the overrides of Lfb."""

from gi.module import get_introspection_module
from gi.overrides._lfb.enums import to_op
from gi.overrides._lfb.export import attribute, export
from gi.overrides._lfb.values import to_dict, to_value, to_values, unpack

Lfb = get_introspection_module("Lfb")


@export
class Value(Lfb.Value):
    """Value(data): a native value as an argument of a node.

    None, bool, int, float, str, tuple, list, dict, slice, `...`, nodes, tensors and arrays, element
    types, quantization schemes and memory formats, nested as you like; those of NumPy and PyTorch too.
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


@export
class Node(Lfb.Node):
    def __init__(self, *args, **kwargs):
        raise TypeError("Nodes are made by Lfb.Graph.create_node")

    name = attribute("name", "The name, unique in the graph.", writable=True)
    target = attribute("target", "What is called or read.", writable=True)
    op = attribute("op", "What the node does, an Lfb.Op.")
    graph = attribute("graph", "The graph it belongs to; None once erased.")
    next = attribute("next", "The node that runs after this one.")
    previous = attribute("previous", "The node that runs before this one.")
    users = attribute("users", "The nodes that read the result of this one.")
    inputs = attribute("inputs", "The nodes whose results this one reads.")

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
        return Lfb.Node.set_args(self, to_values(args))

    def set_arg(self, position, value):
        return Lfb.Node.set_arg(self, position, to_value(value))

    def set_kwargs(self, kwargs):
        return Lfb.Node.set_kwargs(self, to_dict(kwargs))

    def __repr__(self):
        return "<Lfb.Node %s>" % self.to_text()


@export
class Graph(Lfb.Graph):
    """Graph(): the steps of a model in order; a sequence of nodes, which have names, too."""

    def create_node(self, op, target, args=None, kwargs=None, name=None):
        return Lfb.Graph.create_node(self, to_op(op), target, to_values(args), to_dict(kwargs), name)

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

    def __bool__(self):
        return True

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return "<Lfb.Graph of %d nodes>" % len(self)
