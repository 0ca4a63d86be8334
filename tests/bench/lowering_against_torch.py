# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lowering, beside torch's pass on the same model.

    lowering_against_torch.py [MODEL ...]       names of torchvision.models; by default resnet50

Each network, with random weights, is calibrated with one random image, converted, and written to a
file once. Then, by turns, torch lowers a copy of the reference model in memory, and lowerfb the
model from the file. torch quantizes and packs every weight for its kernels meanwhile; lowerfb puts
quantizing off until a weight is read. So there are several rows for it:

    lowerfb         a model that has been lowered before, so that what is read of it is in memory
    just mapped     a model whose file has just been mapped: page faults for all scales
    weights read    the same, and every weight read once: page faults for all of the file

Medians of several runs, of the time that passed and of the time that the processor worked, and how
much the process grew at most, measured in a process of its own.

Skips, with exit status 77, where torch, torchvision or the typelib is missing.
"""

import copy
import os
import statistics
import sys
import tempfile
import time
import warnings

RUNS = 9


def skip(reason):
    print("Skipped: %s" % reason)
    sys.exit(77)


try:
    import torch
    import torchvision
    from torch.ao.quantization import get_default_qconfig_mapping
    from torch.ao.quantization.fx.lower_to_fbgemm import lower_to_fbgemm
    from torch.ao.quantization.quantize_fx import prepare_fx
except ImportError as missing:
    skip(missing)
try:
    import gi
    gi.require_version("Lfb", "1.0")
    from gi.repository import Lfb
except (ImportError, ValueError) as missing:
    skip(missing)

import lowerfb_torch


def export(name, path):
    """Write the reference model of a network; returns what torch's pass takes."""
    torch.manual_seed(1)
    network = getattr(torchvision.models, name)(weights=None).eval()
    image = torch.randn(1, 3, 224, 224)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        prepared = prepare_fx(network, get_default_qconfig_mapping("fbgemm"), image)
        prepared(image)
        reference, qconfig_map, scopes = lowerfb_torch.convert(prepared)
    lowerfb_torch.save(reference, path, qconfig_map, scopes, image)
    return reference, qconfig_map, scopes


def quantized_weights(model):
    """The quantized tensors of all modules of a lowered model."""
    for path in model.list_modules():
        tensors = model.get_module(path).get_tensors()
        for index in range(tensors.get_n_items()):
            tensor = tensors.get_item(index).get_tensor()
            if tensor is not None and tensor.is_quantized():
                yield tensor


def memory(what):
    """A line of /proc/self/status in bytes."""
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(what + ":"):
                return int(line.split()[1]) * 1024
    raise KeyError(what)


def growth(prepare, work):
    """By how many bytes work (prepare ()) makes a process grow at most."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            subject = prepare()
            with open("/proc/self/clear_refs", "w") as clear:
                clear.write("5")
            before = memory("VmRSS")
            kept = work(subject)
            os.write(writer, b"%d" % (memory("VmHWM") - before))
            del kept
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        result = pipe.read()
    os.waitpid(child, 0)
    return int(result)


def timed(prepare, work):
    """Seconds passed and seconds worked in work (prepare ())."""
    subject = prepare()
    passed, worked = time.perf_counter(), time.process_time()
    result = work(subject)
    worked, passed = time.process_time() - worked, time.perf_counter() - passed
    del result
    return passed, worked


def measure(name, path):
    reference, qconfig_map, scopes = export(name, path)

    def copied():
        return copy.deepcopy(reference)

    def mapped():
        return Lfb.GraphModule.load(path)

    def lower_torch(model):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return lower_to_fbgemm(model, qconfig_map, scopes)

    def lower(model):
        return Lfb.lower_to_fbgemm(model, None, None, False)

    def lower_and_read(model):
        lowered = lower(model)
        for tensor in quantized_weights(lowered):
            tensor.get_address()
        return lowered

    model = mapped()
    kinds = [("torch", copied, lower_torch), ("lowerfb", lambda: model, lower),
             ("lowerfb, just mapped", mapped, lower), ("lowerfb, weights read", mapped, lower_and_read)]

    lowered = lower(model)
    n_weights = sum(tensor.get_n_elements() for tensor in quantized_weights(lowered))
    if n_weights == 0:
        sys.exit("%s: nothing was lowered" % name)
    print("%s: %d nodes, %d when lowered, %.1f million quantized weights"
          % (name, len(model.get_graph()), len(lowered.get_graph()), n_weights / 1e6))
    del lowered

    for _, prepare, work in kinds:                      # warm up
        timed(prepare, work)
    times = {kind: [] for kind, _, _ in kinds}
    for _ in range(RUNS):
        for kind, prepare, work in kinds:
            times[kind].append(timed(prepare, work))

    print("%-24s %10s %8s %10s %8s %10s" % ("", "passed ms", "ratio", "worked ms", "ratio", "grown MB"))
    for kind, prepare, work in kinds:
        row = "%-24s" % kind
        for column in range(2):
            median = statistics.median(run[column] for run in times[kind])
            torchs = statistics.median(run[column] for run in times["torch"])
            row += " %10.2f %8.1f" % (median * 1e3, torchs / median)
        print(row + " %10.1f" % (growth(prepare, work) / 1e6))


def main():
    for engine in ("fbgemm", "x86"):
        if engine in torch.backends.quantized.supported_engines:
            torch.backends.quantized.engine = engine
            break
    print("torch %s, %s, threads: %d" % (torch.__version__, torch.backends.quantized.engine,
                                         torch.get_num_threads()))
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or ["resnet50"]:
            measure(name, os.path.join(folder, name + ".safetensors"))


if __name__ == "__main__":
    main()
