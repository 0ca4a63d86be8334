# SPDX-License-Identifier: LGPL-2.1-or-later
"""Uses of Lfb for a type checker, which never run: where it has to complain, a comment says of what."""

import pathlib

import gi
import numpy as np

gi.require_version("Lfb", "1.0")
from gi.repository import Gio, GLib, Lfb  # noqa: E402


def models(path: pathlib.Path) -> None:
    model: Lfb.GraphModule = Lfb.GraphModule.load(path)
    count: int = len(model.graph)
    names: list[str] = [node.name for node in model.graph]
    node = model.graph["conv"]
    node.args = [node, 1, None, slice(1)]
    users: list[Lfb.Node] = node.users
    for note in Lfb.Lowerer(progress=Lfb.Progress()).report:
        print(note.reason, count, names, users)
    if "conv" in model:
        del model["conv"]
    model.graph.create_node("call_function", "torch.relu", [node])
    model.graph.create_node(Lfb.Op.CALL_FUNCTION, "torch.relu", [node], {"inplace": False})
    Lfb.GraphModule.load(3)  # E: arg-type
    Lfb.GraphModule.load()  # E: call-arg
    model.grahp  # E: attr-defined
    node.name = 3  # E: assignment
    model.graph.create_node(1.5, "torch.relu")  # E: arg-type


def tensors(array: np.ndarray) -> float:
    tensor = Lfb.Tensor(array, "qint8", scale=0.5, zero_point=3)
    shape: tuple[int, ...] = tensor.shape
    print(tensor.numpy() + 1, Lfb.Tensor([1.5, 2]).tolist(), Lfb.DType.QINT8.get_bits(), np.asarray(tensor), shape)
    Lfb.Tensor()  # E: call-arg
    Lfb.Tensor(None)  # E: arg-type
    Lfb.Tensor(array, axis="first")  # E: arg-type
    tensor.shape = (1, 2)  # E: misc
    tensor.dtyp  # E: attr-defined
    scale: str = tensor.scale  # E: assignment
    return tensor.scale + len(scale)


class Mine(Lfb.Pass):
    def do_run(self, model: Lfb.GraphModule) -> bool:
        self.report(model.graph["x"], True, "seen")
        self.report("x", True, "seen")  # E: arg-type
        return True


async def running(session: Lfb.Session, image: Lfb.Tensor) -> Lfb.Tensor:
    outputs: list[Lfb.Tensor] = session.run([image])
    outputs = session.run_async([image])  # E: assignment
    outputs = await session.run_async({"x": image}, Gio.Cancellable())
    session.run_async([image], "cancel")  # E: arg-type
    session.run(3)  # E: arg-type
    Lfb.Session("model")  # E: arg-type
    try:
        session(image, x=image)
    except Lfb.ShapeError as error:
        print(error.message, error.code)
        glib: GLib.Error = error
        value: ValueError = error
        print(glib, value)
    except Lfb.NoSuchError:  # E: attr-defined
        pass
    Lfb.set_cpu_limit(3)  # E: arg-type
    return outputs[0]
