# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models, their modules, and maps from nodes to what is said of them, for the overrides of Lfb."""

import os
from collections.abc import Mapping

from gi.module import get_introspection_module
from gi.overrides._lfb.background import in_background
from gi.overrides._lfb.export import Dictionary, attribute, export
from gi.overrides._lfb.pickles import dump, load_model
from gi.overrides._lfb.values import to_dict, to_value, unpack

Lfb = get_introspection_module("Lfb")


@export
class GraphModule(Dictionary, Lfb.GraphModule):
    """GraphModule(graph=None): a graph with its modules and attributes.

    It is a mapping of their paths: to an Lfb.Module, or to the native value of an attribute, which is
    mostly a tensor.
    """

    def __init__(self, graph=None):
        super().__init__(**({} if graph is None else {"graph": graph}))

    graph = attribute("graph", "The steps of the model.")
    producer = attribute("producer", "What made the model.", writable=True)
    qconfig_map = attribute("qconfig_map", "How each node was quantized.")
    node_name_to_scope = attribute("node_name_to_scope", "Which module each node was traced in.")

    @qconfig_map.setter
    def qconfig_map(self, qconfigs):
        self.set_qconfig_map(to_qconfig_map(qconfigs))

    @node_name_to_scope.setter
    def node_name_to_scope(self, scopes):
        self.set_node_name_to_scope(to_scope_map(scopes))

    @staticmethod
    def load(path):
        return Lfb.GraphModule.load(os.fspath(path))

    @staticmethod
    def load_async(path, cancellable=None, callback=None, *user_data):
        """Without a callback something to await under asyncio."""
        return in_background(Lfb.GraphModule.load_async, Lfb.GraphModule.load_finish, [os.fspath(path)],
                             cancellable, callback, user_data)

    def save(self, path):
        return Lfb.GraphModule.save(self, os.fspath(path))

    def save_async(self, path, cancellable=None, callback=None, *user_data):
        """Without a callback something to await under asyncio."""
        return in_background(super().save_async, self.save_finish, [os.fspath(path)],
                             cancellable, callback, user_data)

    def set_attribute(self, target, value):
        return Lfb.GraphModule.set_attribute(self, target, to_value(value))

    def __len__(self):
        return len(self.list_modules()) + len(self.list_attributes())

    def __iter__(self):
        return iter(self.list_modules() + self.list_attributes())

    def __getitem__(self, path):
        if isinstance(path, str):
            module, value = self.get_module(path), self.get_attribute(path)
            if module is not None or value is not None:
                return unpack(value) if module is None else module
        raise KeyError(path)

    def __setitem__(self, path, thing):
        if isinstance(thing, Lfb.Module):
            self.set_module(path, thing)
        else:
            self.set_attribute(path, thing)

    def __delitem__(self, path):
        if not self.remove_module(path) and not self.remove_attribute(path):
            raise KeyError(path)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def __reduce__(self):
        return load_model, (dump(self),)

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        return "<Lfb.GraphModule of %d nodes, %d modules, %d attributes>" % (
            self.get_graph().get_n_nodes(), len(self.list_modules()), len(self.list_attributes()))


@export
class Module(Lfb.Module):
    """Module(type_name, config=None, tensors=None, graph_module=None), the middle two being dictionaries."""

    def __new__(cls, type_name, config=None, tensors=None, graph_module=None):
        return Lfb.Module.new(type_name, to_dict(config), to_dict(tensors), graph_module)

    def __init__(self, *args, **kwargs):
        """Nothing is left to do: `__new__` made the module."""

    type_name = attribute("type_name", "The name of the PyTorch class.")
    graph_module = attribute("graph_module", "The model that the module is itself, if it is one.")
    config = property(lambda self: unpack(self.get_config()), doc="The settings, as native values.")
    tensors = property(lambda self: unpack(self.get_tensors()), doc="The parameters and buffers by name.")

    def __repr__(self):
        settings = ["%s=%s" % (name, Lfb.Value.to_string(to_value(setting))) for name, setting in self.config.items()]
        return "<Lfb.Module %s(%s)>" % (self.get_type_name(), ", ".join(settings))


@export
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

    def __repr__(self):
        return "<Lfb.QConfig activation=%r weight=%r>" % (self.activation, self.weight)


class _Map(Dictionary):
    """What the two maps have in common."""

    def __len__(self):
        return len(self.list_names())

    def __iter__(self):
        return iter(self.list_names())

    def __delitem__(self, name):
        if not self.remove(name):
            raise KeyError(name)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def __repr__(self):
        return "<Lfb.%s of %d nodes>" % (type(self).__name__, len(self))


@export
class QConfigMap(_Map, Lfb.QConfigMap):
    """QConfigMap(): how nodes were quantized, by their names; an Lfb.QConfig, or None for not at all."""

    def __getitem__(self, name):
        if not isinstance(name, str) or not self.contains(name):
            raise KeyError(name)
        return self.get(name)

    def __setitem__(self, name, qconfig):
        self.set(name, qconfig)


@export
class ScopeMap(_Map, Lfb.ScopeMap):
    """ScopeMap(): in which modules nodes were traced, by their names; pairs of module path and type."""

    def __getitem__(self, name):
        path = self.get_path(name) if isinstance(name, str) else None
        if path is None:
            raise KeyError(name)
        return path, self.get_type_name(name)

    def __setitem__(self, name, scope):
        path, type_name = scope
        self.set(name, path, type_name)


def to_qconfig_map(data):
    """A dictionary of node names and Lfb.QConfig or None as an Lfb.QConfigMap; what is none stays."""
    if not isinstance(data, Mapping):
        return data
    qconfigs = QConfigMap()
    for name, qconfig in data.items():
        qconfigs.set(name, qconfig)
    return qconfigs


def to_scope_map(data):
    """A dictionary of node names and pairs of module path and type as an Lfb.ScopeMap."""
    if not isinstance(data, Mapping):
        return data
    scopes = ScopeMap()
    for name, (path, type_name) in data.items():
        scopes.set(name, path, type_name)
    return scopes
