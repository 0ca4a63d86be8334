# SPDX-License-Identifier: LGPL-2.1-or-later
"""Write models of PyTorch as files that lowerfb loads, lowers and runs.

    prepared = prepare_fx(model, get_default_qconfig_mapping("fbgemm"), example_inputs)
    ...                                                     # calibrate
    lowerfb_torch.convert_and_save(prepared, "model.safetensors", example_inputs)

Nothing here needs the lowerfb library, and the library needs no torch: the file is all they share.
Debian's torch 1.13 and newer versions are understood; names that moved between them are written in
one spelling.
"""

import json as _json

from . import document as _document
from . import safetensors as _safetensors
from .capture import Maps as _Maps
from .capture import convert
from .errors import ExportError
from .tensorfiles import load_tensors, save_tensors
from .values import TensorTable as _TensorTable
from .values import ValueEncoder as _ValueEncoder

__all__ = ["ExportError", "convert", "convert_and_save", "load_model", "load_tensors", "save",
           "save_tensors"]


def save(graph_module, path, qconfig_map=None, node_name_to_scope=None, example_inputs=None):
    """Write any torch.fx.GraphModule, be it float, reference or lowered, to the file ``path``.

    ``qconfig_map`` (node name -> QConfig or None) and ``node_name_to_scope`` (node name -> (module
    path, type)) are what torch hands to ``lower_to_fbgemm``. Where None, they are those that
    ``convert`` saw for this very module, or left out. ``example_inputs``, in the order of the
    placeholders, or a single tensor, gives the placeholders the shape and dtype to show.

    Modules that are graphs themselves are written as documents inside the document. A tensor that
    several places share is written once; a module under a second path refers to the first.

    Raises ExportError, naming the node and argument, the module and setting, or the tensor, where
    something has no place in the format. The target is replaced once the file is complete; a
    failure leaves it as it was.
    """
    table = _TensorTable()
    try:
        document = _document.build(graph_module, _ValueEncoder(table),
                                   _Maps(qconfig_map, node_name_to_scope), example_inputs)
    except ExportError as error:
        raise ExportError("%s: %s" % (path, error)) from error
    text = _json.dumps(document, separators=(",", ":"), allow_nan=False)
    _safetensors.write(path, table.tensors, {"lowerfb": text})


def convert_and_save(prepared, path, example_inputs=None, **convert_args):
    """Convert the result of ``prepare_fx``, write the reference model, and return it.

    The file holds the model and the two maps that ``convert_fx (prepared, **convert_args)`` hands
    to ``lower_to_fbgemm``; torch lowers nothing, whichever engine is chosen. As with
    ``convert_fx``, ``prepared`` is used up. Raises ExportError as ``save`` does, and whatever
    ``convert_fx`` raises.
    """
    reference, qconfig_map, node_name_to_scope = convert(prepared, **convert_args)
    save(reference, path, qconfig_map, node_name_to_scope, example_inputs)
    return reference


def load_model(path):
    """Read a model file back: (document, {tensor name: tensor}).

    The document is the JSON as Python's dicts and lists; quantized tensors come as their integers.
    Raises ExportError if the file is malformed or holds no model.
    """
    tensors, metadata = _safetensors.read(path)
    if "lowerfb" not in metadata:
        raise ExportError("%s: the header has no document under lowerfb" % path)
    try:
        return _json.loads(metadata["lowerfb"]), tensors
    except ValueError as error:
        raise ExportError("%s: the document is not JSON: %s" % (path, error)) from None
