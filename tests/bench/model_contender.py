# SPDX-License-Identifier: LGPL-2.1-or-later
"""A contender of models_against_peers.py: model_contender.py lowerfb|torch MODEL INPUTS THREADS [OUTPUT]

With OUTPUT, runs once and writes the first output's elements there. Otherwise says "ready", and for each line
"SECONDS" on stdin runs for so long and answers with the milliseconds of each run, as a JSON list.

For lowerfb, MODEL is a reference model, which is lowered; for torch, a traced model of torch's own
operators, of which the faster is taken of the frozen one and of what optimize_for_inference makes of it.
"""

import json
import os
import sys
import time


def load_lowerfb(path, inputs, threads):
    import gi
    gi.require_version("Lfb", "1.0")
    from gi.repository import Lfb
    session = Lfb.Session(Lfb.lower_to_fbgemm(Lfb.GraphModule.load(path)), n_threads=threads)
    file = Lfb.TensorFile.load(inputs)
    tensors = [file["input.%d" % i] for i in range(len(file))]
    return lambda: session.run(tensors), lambda output: output[0].numpy()


def load_torch(path, inputs, threads, once):
    import torch
    from lowerfb_torch import safetensors
    torch.set_num_threads(threads)
    torch.backends.quantized.engine = "onednn"
    torch.set_grad_enabled(False)
    tensors = safetensors.read(inputs)[0]
    tensors = [tensors["input.%d" % i] for i in range(len(tensors))]
    traced = torch.jit.load(path).eval()
    forms = [traced if once else torch.jit.freeze(traced)]
    if not once:
        try:
            optimized = torch.jit.optimize_for_inference(torch.jit.load(path).eval())
            optimized(*tensors)
            forms.append(optimized)
        except RuntimeError as error:
            print("optimize_for_inference: %s" % str(error).splitlines()[0], file=sys.stderr)
        forms.sort(key=lambda form: min(measure(lambda: form(*tensors), 0.3)[1:]))
    best = forms[0]
    return lambda: best(*tensors), lambda output: output.numpy()


def measure(run, seconds):
    """Milliseconds of each run; at least one."""
    times = []
    stop = time.perf_counter() + seconds
    while not times or len(times) == 1 and seconds > 0 or time.perf_counter() < stop:
        begin = time.perf_counter()
        run()
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def main():
    kind, path, inputs, threads = sys.argv[1:5]
    output = sys.argv[5] if len(sys.argv) > 5 else None
    if kind == "lowerfb":
        run, elements = load_lowerfb(path, inputs, int(threads))
    else:
        run, elements = load_torch(path, inputs, int(threads), output is not None)
    if output is not None:
        with open(output, "wb") as file:
            file.write(elements(run()).tobytes())
    else:
        print("ready", flush=True)
        for line in sys.stdin:
            print(json.dumps(measure(run, float(line))), flush=True)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
