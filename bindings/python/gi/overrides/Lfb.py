# SPDX-License-Identifier: LGPL-2.1-or-later
"""What makes Lfb feel like Python. PyGObject loads it by itself.

Everything the library offers is there under its own name and with its own signature; this adds to it:

    Lfb.Tensor(array)           of NumPy arrays, torch tensors, buffers and lists; np.asarray(tensor) back
    Lfb.Value([1, 2.5, None])   and value.unpack(), between arguments of nodes and native values
    for node in graph           nodes with name, op, target, args, kwargs, users as attributes
    model["conv"], file["x"]    models, files of tensors, maps and reports by name
    session(image)              inputs by position or by name
    await session.run_async([image])    and everything else that takes long, under asyncio
    except Lfb.ShapeError       each code of Lfb.Error as a GLib.Error of its own
    Lfb.call(name, args, kwargs)
    Lfb.PackedConv(weight, bias, stride=2).apply(image, scale, zero_point, out=array)
"""

# In this order: errors wraps what the library itself offers, which the others then call.
from gi.overrides._lfb import errors  # isort: skip
from gi.overrides._lfb import enums, graphs, lowering, models, packed, running, tensors  # noqa: F401
from gi.overrides._lfb.export import EXPORTS

EXPORTS.update({klass.__name__: klass for klass in errors.CLASSES})
globals().update(EXPORTS)
__all__ = list(EXPORTS)
