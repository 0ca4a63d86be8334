# SPDX-License-Identifier: LGPL-2.1-or-later
"""The types of what the overrides of Lfb put in the place of the library's own, for make-stubs.py."""

HEADER = '''# SPDX-License-Identifier: LGPL-2.1-or-later
# Made by make-stubs.py of the GIR and the overrides.

from collections.abc import Awaitable, Callable, ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from os import PathLike
from typing import Any, ClassVar, Protocol

import numpy
import numpy.typing
from gi.repository import Gio, GLib, GObject


class _Interface(Protocol):
    @property
    def __array_interface__(self) -> dict[str, Any]: ...


class _OfTorch(Protocol):
    def detach(self) -> Any: ...


# What a tensor can be made of, and what an element type can be given as.
_Array = Tensor | _Interface | _OfTorch | Sequence[Any] | memoryview | bytearray | float
_Type = DType | str | type[numpy.generic] | numpy.dtype[Any] | Any
_Path = str | PathLike[str]
_Native = Any
_Callback = Callable[..., Any] | None
_QConfigs = QConfigMap | Mapping[str, QConfig | None]
_Scopes = ScopeMap | Mapping[str, tuple[str, str]]
_Inputs = Sequence[Any] | Mapping[str, Any]
'''

_WAIT = "cancellable: Gio.Cancellable | None = None, callback: _Callback = None, *user_data: Any)"
_NAMES = {
    "__len__": "(self) -> int", "__bool__": "(self) -> bool", "__iter__": "(self) -> Iterator[str]",
    "__contains__": "(self, name: object) -> bool",
}


def _mapping(klass, kind, put=None, delete=True):
    """The members of a class that is a mapping of names."""
    members = {f"{klass}.{name}": text for name, text in _NAMES.items()}
    members |= {f"{klass}.keys": "(self) -> KeysView[str]", f"{klass}.values": f"(self) -> ValuesView[{kind}]",
                f"{klass}.items": f"(self) -> ItemsView[str, {kind}]",
                f"{klass}.__getitem__": f"(self, {'path' if klass == 'GraphModule' else 'name'}: str) -> {kind}"}
    if put:
        members[f"{klass}.__setitem__"] = f"(self, {put}) -> None"
    if delete:
        members[f"{klass}.__delitem__"] = f"(self, {'path' if klass == 'GraphModule' else 'name'}: str) -> None"
    return members


def _packed(klass):
    return {
        f"{klass}.apply": "(self, input: _Array, *args: Any, out: Any = None, **kwargs: Any) -> Tensor",
        f"{klass}.apply_relu": "(self, input: _Array, *args: Any, out: Any = None, **kwargs: Any) -> Tensor",
        f"{klass}.apply_dynamic": "(self, input: _Array, *args: Any, out: Any = None, **kwargs: Any) -> Tensor",
    }


OVERRIDES = {
    "Value.__new__": "(cls, data: _Native = None)",
    "Value.unpack": "(self) -> _Native",
    "Value.__eq__": "(self, other: object) -> bool",

    "Tensor.__new__": "(cls, data: _Array, dtype: _Type = None, scale: float | _Array | None = None, "
                      "zero_point: int | _Array = 0, axis: int | None = None)",
    "Tensor.new_for_bytes": "(dtype: _Type, shape: Sequence[int], bytes: GLib.Bytes | _Array) -> Tensor",
    "Tensor.shape": "tuple[int, ...]",
    "Tensor.__array_interface__": "dict[str, Any]",
    "Tensor.__dlpack__": "(self, stream: Any = None, **_wishes: Any) -> Any",
    "Tensor.numpy": "(self) -> numpy.typing.NDArray[Any]",
    "Tensor.tolist": "(self) -> Any",
    "Tensor.item": "(self) -> Any",

    "Buffer.__new__": "(cls, data: int | Any)",
    "Buffer.__array_interface__": "dict[str, Any]",
    "Buffer.__len__": "(self) -> int",
    "Buffer.__bool__": "(self) -> bool",
    "Buffer.__bytes__": "(self) -> bytes",

    **_mapping("TensorFile", "Tensor", "name: str, data: _Array", delete=False),
    "TensorFile.load": "(path: _Path) -> TensorFile",
    "TensorFile.save": "(self, path: _Path) -> bool",
    "TensorFile.metadata": "dict[str, str]",

    "Node.__init__": "(self, *args: Any, **kwargs: Any) -> None",
    "Node.args": "tuple[_Native, ...] | Any",
    "Node.kwargs": "dict[str, _Native] | Any",
    "Node.set_args": "(self, args: Sequence[_Native]) -> bool",
    "Node.set_arg": "(self, position: int, value: _Native) -> bool",
    "Node.set_kwargs": "(self, kwargs: Mapping[str, _Native] | Value | None) -> bool",

    "Graph.create_node": "(self, op: Op | str, target: str, args: Sequence[_Native] | None = None, "
                         "kwargs: Mapping[str, _Native] | Value | None = None, name: str | None = None) -> Node",
    "Graph.__iter__": "(self) -> Iterator[Node]",
    "Graph.__getitem__": "(self, key: Any) -> Node",
    "Graph.__contains__": "(self, item: object) -> bool",
    "Graph.__bool__": "(self) -> bool",

    **_mapping("GraphModule", "_Native", "path: str, thing: _Native"),
    "GraphModule.__init__": "(self, graph: Graph | None = None) -> None",
    "GraphModule.load": "(path: _Path) -> GraphModule",
    "GraphModule.load_async": f"(path: _Path, {_WAIT} -> Awaitable[GraphModule]",
    "GraphModule.save": "(self, path: _Path) -> bool",
    "GraphModule.save_async": f"(self, path: _Path, {_WAIT} -> Awaitable[bool]",
    "GraphModule.set_attribute": "(self, target: str, value: _Native) -> None",
    "GraphModule.qconfig_map": "QConfigMap | Any",
    "GraphModule.node_name_to_scope": "ScopeMap | Any",

    "Module.__new__": "(cls, type_name: str, config: Mapping[str, _Native] | Value | None = None, "
                      "tensors: Mapping[str, _Array] | Value | None = None, graph_module: GraphModule | None = None)",
    "Module.config": "dict[str, _Native]",
    "Module.tensors": "dict[str, Tensor]",

    "QConfig.__new__": "(cls, activation: Mapping[str, _Native] | Value | None = None, "
                       "weight: Mapping[str, _Native] | Value | None = None)",
    "QConfig.activation": "dict[str, _Native] | Any",
    "QConfig.weight": "dict[str, _Native] | Any",

    **_mapping("QConfigMap", "QConfig | Any", "name: str, qconfig: QConfig | None"),
    **_mapping("ScopeMap", "tuple[str, str]", "name: str, scope: tuple[str, str]"),

    "Pass.__init__": "(self, **properties: Any) -> None",
    "lower_to_fbgemm": "(model: GraphModule, qconfig_map: _QConfigs | None = None, "
                       "node_name_to_scope: _Scopes | None = None, keep_original_weights: bool = False) -> GraphModule",
    "Lowerer.report": "LoweringReport | Any",
    "Lowerer.lower": "(self, model: GraphModule, qconfig_map: _QConfigs | None = None, "
                     "node_name_to_scope: _Scopes | None = None, cancellable: Gio.Cancellable | None = None) -> GraphModule",
    "Lowerer.lower_async": "(self, model: GraphModule, qconfig_map: _QConfigs | None = None, "
                           f"node_name_to_scope: _Scopes | None = None, {_WAIT} -> Awaitable[GraphModule]",
    "Lowerer.lower_finish": "(self, result: Gio.AsyncResult) -> GraphModule",
    "Progress.__init__": "(self) -> None",
    "LoweringReport.__getitem__": "(self, key: Any) -> LoweringNote",
    "LoweringReport.__contains__": "(self, item: object) -> bool",
    "LoweringReport.__bool__": "(self) -> bool",

    "SessionOptions.__init__": "(self, **properties: Any) -> None",
    "Session.__new__": "(cls, model: GraphModule, options: SessionOptions | None = None, **settings: Any)",
    "Session.prepare": "(self, examples: Sequence[_Array] | None = None, "
                       "cancellable: Gio.Cancellable | None = None) -> list[dict[str, Any]]",
    "Session.run": "(self, inputs: _Inputs, cancellable: Gio.Cancellable | None = None) -> list[Tensor]",
    "Session.run_async": f"(self, inputs: _Inputs, {_WAIT} -> Awaitable[list[Tensor]]",
    "Session.run_finish": "(self, result: Gio.AsyncResult) -> list[Tensor]",
    "Session.run_values": "(self, inputs: Sequence[_Native], "
                          "cancellable: Gio.Cancellable | None = None) -> list[Tensor]",
    "Session.run_values_async": f"(self, inputs: Sequence[_Native], {_WAIT} -> Awaitable[list[Tensor]]",
    "Session.__call__": "(self, *inputs: Any, **named: Any) -> Any",
    "call": "(function: str, args: Sequence[_Native] | None = None, "
            "kwargs: Mapping[str, _Native] | Sequence[str] | None = None, values: Sequence[_Native] | None = None) -> Any",

    "PackedLinear.__new__": "(cls, weight: _Array, bias: _Array | None = None)",
    **_packed("PackedLinear"),
    "PackedConv.__new__": "(cls, weight: _Array, bias: _Array | None = None, **settings: Any)",
    "PackedConv.settings": "dict[str, _Native]",
    **_packed("PackedConv"),
}
