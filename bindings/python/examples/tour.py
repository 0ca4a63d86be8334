#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Twelve steps with the digits model: tour.py digits.reference.safetensors digits.test.safetensors"""

import asyncio
import sys

import gi
import numpy as np

gi.require_version("Lfb", "1.0")
from gi.repository import Gio, GLib, Lfb  # noqa: E402

model_path, images_path = sys.argv[1:]

# 1. Open a model
print("1. Open a model")
model = Lfb.GraphModule.load(model_path)
print(f"{len(model.graph)} nodes, {len(model.list_modules())} modules, made by {model.producer}")

# 2. Look at it
print("2. Look at it")
node = model.graph["stem_0"]
print(f"{node.name} is a {node.op} of {node.target}, reads {node.args[0].name}, is read by {node.users[0].name}")
conv = model["stem.0.0"]
print(f"{conv.type_name} with a kernel of {conv.config['kernel_size']}")

# 3. Lower it
print("3. Lower it")
lowerer = Lfb.Lowerer()
lowered = lowerer.lower(model)
print(f"{len(model.graph)} nodes became {len(lowered.graph)}; stem.0 is {lowered['stem.0'].type_name}")

# 4. Read the report
print("4. Read the report")
report = lowerer.report
print(f"{report.get_n_lowered()} of {len(report)} were lowered, scores by the pass {report['scores'].pass_name}")
for note in report:
    if not note.lowered:
        print(f"left: {note.reason}")

# 5. Run it
print("5. Run it")
file = Lfb.TensorFile.load(images_path)
images, labels = file["input.0"], file["labels"].numpy()
session = Lfb.Session(lowered, n_threads=1)
scores = session(images)
digits = scores.numpy().argmax(axis=1)
print(f"{scores.to_string()}: {(digits == labels).sum()} of {len(labels)} digits read correctly")

# 6. Compare
print("6. Compare")
reference = Lfb.Session(model)(images).numpy()
same = (reference.argmax(axis=1) == digits).sum()
apart = np.abs(reference - scores.numpy()).max()
print(f"{same} digits are the same, scores {'less' if apart < 0.25 else 'more'} than 0.25 apart")

# 7. Change a graph
print("7. Change a graph")
changed = lowered.copy()
output = changed.graph["output"]
last = output.args[0]
softmax = changed.graph.create_node(Lfb.Op.CALL_FUNCTION, "torch.softmax", [last, 1])
last.append(softmax)
output.replace_input_with(last, softmax)
changed.check()
probabilities = Lfb.Session(changed)(images).numpy()
print(f"{softmax.to_text()} says {100 * probabilities[0].max():.1f}% for a {digits[0]}")

# 8. Write a pass
print("8. Write a pass")


class NoNegativeScores(Lfb.Pass):
    def do_run(self, model):
        scores = model.graph["scores"]
        relu = model.graph.create_node(Lfb.Op.CALL_FUNCTION, "torch.nn.functional.relu", [scores])
        scores.append(relu)
        scores.replace_all_uses_with(relu)
        self.report(relu, True, f"stands behind {scores.name}")
        return True


lowerer.insert_pass(NoNegativeScores(), "static-modules")
positive = lowerer.lower(model)
print(f"relu {lowerer.report['relu'].result}; the module is {positive['scores'].type_name}")
lowest = Lfb.Session(positive)(images).numpy().min()
print(f"the lowest score was {scores.numpy().min():.4f} and is {lowest:.4f}")

# 9. Call one kernel
print("9. Call one kernel")
weight = Lfb.Tensor(np.int8([[1, 2, 3, 4], [-1, 0, 1, 0]]), scale=0.5)
x = Lfb.Tensor(np.uint8([[10, 20, 30, 40]]), scale=0.1, zero_point=10)
y = Lfb.PackedLinear(weight).apply(x, scale=0.25, zero_point=100)
print("linear", *y.tolist()[0], "stands for", *(f"{number:.2f}" for number in y.dequantize().tolist()[0]))
y = Lfb.call("torch.ops.quantized.add", [y, y, 0.5, 0])
print("add", *y.tolist()[0], "stands for", *(f"{number:.2f}" for number in y.dequantize().tolist()[0]))

# 10. Quantization parameters
print("10. Quantization parameters")
linear = lowered["scores"]
weight = linear.tensors["weight"]
print(f"{weight.to_string()}, {weight.scales.shape[0]} scales, the first {weight.scales.tolist()[0]:.6f}")
print(f"the output has the scale {linear.config['scale']:.6f} and the zero point {linear.config['zero_point']}")
print(f"its inputs were watched by a {model.qconfig_map['stem_0'].activation['observer']}")

# 11. In the background, with progress
print("11. In the background, with progress")


async def in_background():
    progress, fractions = Lfb.Progress(), []
    progress.connect("notify::fraction", lambda progress, _pspec: fractions.append(progress.fraction))
    lowered = await Lfb.Lowerer(progress=progress).lower_async(model)
    order = "in order" if fractions == sorted(fractions) else "in disorder"
    print(f"{progress.fraction:.0%} {progress.message}, told {order}")

    session = Lfb.Session(lowered)
    again, = await session.run_async([images])
    print(f"the scores are {'the same' if again.equal(scores) else 'others'}")

    cancellable = Gio.Cancellable()
    cancellable.cancel()
    try:
        await session.run_async([images], cancellable)
    except GLib.Error as error:
        print(f"cancelled: {error.message}")


asyncio.run(in_background())

# 12. Handle an error
print("12. Handle an error")
try:
    Lfb.GraphModule.load("nowhere.safetensors")
except Lfb.FileError as error:
    print(f"file: {error.message}")
try:
    session(images.numpy().astype(np.float64))
except Lfb.DTypeError as error:
    print(f"dtype: {error.message}")
