# SPDX-License-Identifier: LGPL-2.1-or-later
"""What pickle calls to get tensors and models back; it may be the first that asks for Lfb."""

import gi
from gi.repository import GLib


def dump(thing):
    return bytes(thing.to_bytes().get_data())


def _lfb():
    gi.require_version("Lfb", "1.0")
    from gi.repository import Lfb
    return Lfb


def load_tensor(content, name):
    Lfb = _lfb()
    return Lfb.Tensor.new_named(Lfb.TensorFile.load_bytes(GLib.Bytes.new(content)).get("tensor"), name)


def load_model(content):
    return _lfb().GraphModule.load_bytes(GLib.Bytes.new(content))
