# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reference models as ONNX models of QuantizeLinear and DequantizeLinear, for ONNX Runtime.

A module of models_against_peers.py. The reference model is interpreted on example inputs, and each
node says what it is in ONNX meanwhile: so shapes are known, and a model is for one size of batch.

Where there are several ways to say something, the one is taken that ONNX Runtime runs fastest and
that has the same meaning as in PyTorch: relu6 between equal scales, and relu to a zero point other
than 0, clip integers; a transposed convolution with kernel = stride is a 1x1 convolution and
DepthToSpace; dynamic linear layers and LSTMs are its own DynamicQuantizeMatMul and
DynamicQuantizeLSTM. Embedding bags, which it has none of, gather rows of floats (the quantized ones'
values) and add them; all bags of a batch have to be equally long.
"""

import operator

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.ao.nn.quantized import reference as quantized
from torch.ao.nn.quantized.reference.modules.rnn import get_quantized_weight

OWN = "com.microsoft"
TYPES = {torch.float32: TensorProto.FLOAT, torch.int64: TensorProto.INT64}


class Traced:
    """What a node computed on the example, and the name it has in ONNX."""

    def __init__(self, tensor, name, **known):
        self.tensor = tensor
        self.name = name
        self.integers = known.get("integers")   # name of the uint8 tensor that this dequantizes
        self.scale = known.get("scale")
        self.zero_point = known.get("zero_point")
        self.source = known.get("source")       # (what, Traced): relu6, relu or depth_to_space of it


class Writer:
    def __init__(self):
        self.nodes = []
        self.constants = {}

    def constant(self, array):
        name = "constant_%d" % len(self.constants)
        self.constants[name] = numpy_helper.from_array(numpy.ascontiguousarray(array).reshape(numpy.shape(array)), name)
        return name

    def emit(self, kind, inputs, outputs=1, domain="", **attributes):
        name = "%s_%d" % (kind, len(self.nodes))
        names = [name] if outputs == 1 else ["%s_%d" % (name, i) for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name=name, domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def quantize(self, name, scale, zero_point):
        return self.emit("QuantizeLinear", [name, self.constant(numpy.float32(scale)), self.constant(numpy.uint8(zero_point))])

    def dequantize(self, name, scale, zero_point, axis=None):
        attributes = {} if axis is None else {"axis": axis}
        return self.emit("DequantizeLinear", [name, self.constant(scale), self.constant(zero_point)], **attributes)

    def model(self, name, inputs, outputs):
        """The ONNX model: nodes that nothing needs are left out."""
        names = []
        for i, output in enumerate(outputs):
            names.append("output_%d" % i)
            self.nodes.append(helper.make_node("Identity", [output.name], [names[-1]], name=names[-1]))
        needed, kept = set(names), []
        for node in reversed(self.nodes):
            if needed.intersection(node.output):
                kept.append(node)
                needed.update(node.input)
        graph = helper.make_graph(
            kept[::-1], name,
            [helper.make_tensor_value_info(x.name, TYPES[x.tensor.dtype], list(x.tensor.shape)) for x in inputs],
            [helper.make_tensor_value_info(name, TYPES[x.tensor.dtype], list(x.tensor.shape)) for name, x in zip(names, outputs)],
            [constant for name, constant in self.constants.items() if name in needed])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(OWN, 1)])
        model.ir_version = 8
        return model


def pair(value):
    return list(value) if isinstance(value, (tuple, list)) else [value, value]


def integers_of(module):
    """(int8 weight, scales, axis or None, the weight they stand for)"""
    weight = module.get_quantized_weight().detach()
    if weight.qscheme() == torch.per_tensor_affine:
        zero_points, scales, axis = weight.q_zero_point(), numpy.float32(weight.q_scale()), None
    else:
        zero_points, scales, axis = weight.q_per_channel_zero_points(), weight.q_per_channel_scales().float().numpy(), weight.q_per_channel_axis()
    if numpy.any(numpy.asarray(zero_points)) or weight.dtype != torch.qint8:
        raise NotImplementedError("weights of %s with zero points %s" % (weight.dtype, zero_points))
    return weight.int_repr().numpy(), scales, axis, weight.dequantize()


class Translator(torch.fx.Interpreter):
    """Interprets a reference model on Traced values, writing down what each node is in ONNX."""

    def __init__(self, module):
        super().__init__(module)
        self.writer = Writer()
        self.inputs = []

    def float_op(self, kind, inputs, tensor, domain="", **attributes):
        names = [x.name if isinstance(x, Traced) else self.writer.constant(numpy.float32(x)) for x in inputs]
        return Traced(tensor, self.writer.emit(kind, names, domain=domain, **attributes))

    # nodes

    def placeholder(self, target, args, kwargs):
        traced = Traced(super().placeholder(target, args, kwargs), str(target))
        self.inputs.append(traced)
        return traced

    def call_function(self, target, args, kwargs):
        return self.call(target, args, kwargs)

    def call_method(self, target, args, kwargs):
        return self.call(getattr(torch.Tensor, target), args, kwargs)

    def call_module(self, target, args, kwargs):
        return self.module_call(self.fetch_attr(target), *args)

    def call(self, function, args, kwargs):
        name = getattr(function, "__name__", str(function))
        if function is torch.quantize_per_tensor:
            return self.quantize(args[0], float(args[1]), int(args[2]))
        if function is torch.quantize_per_tensor_dynamic:
            return args[0]                      # the operators for it quantize, too
        if function is torch.Tensor.dequantize:
            return self.dequantize(args[0])
        if function is operator.getitem and not isinstance(args[0], Traced):
            return args[0][args[1]]
        if name in ("add", "mul", "matmul"):
            tensors = [x.tensor if isinstance(x, Traced) else x for x in args]
            kind = {"add": "Add", "mul": "Mul", "matmul": "MatMul"}[name]
            return self.float_op(kind, args, function(*tensors))

        x = args[0]
        if name in ("cat", "stack"):
            return self.join(function, x, kwargs.get("dim", args[1] if len(args) > 1 else 0))
        tensor = function(x.tensor, *args[1:], **kwargs)
        if name == "contiguous":
            return x
        if name in ("view", "reshape", "flatten"):
            return Traced(tensor, self.writer.emit("Reshape", [x.name, self.writer.constant(numpy.array(tensor.shape, numpy.int64))]))
        if name == "transpose":
            order = list(range(x.tensor.dim()))
            order[args[1]], order[args[2]] = order[args[2]], order[args[1]]
            return self.float_op("Transpose", [x], tensor, perm=order)
        if name == "chunk":
            sizes = self.writer.constant(numpy.array([part.shape[kwargs["dim"]] for part in tensor], numpy.int64))
            names = self.writer.emit("Split", [x.name, sizes], outputs=len(tensor), axis=kwargs["dim"])
            return [Traced(part, name) for part, name in zip(tensor, names)]
        if name == "adaptive_avg_pool2d" and tensor.shape[2:] == (1, 1):
            return self.float_op("GlobalAveragePool", [x], tensor)
        if name == "mean" and sorted(args[1]) == [2, 3] and x.tensor.dim() == 4:
            return Traced(tensor, self.writer.emit("Flatten", [self.writer.emit("GlobalAveragePool", [x.name])], axis=1))
        if name == "softmax":
            return self.float_op("Softmax", [x], tensor, axis=args[1])
        if name == "gelu":
            return self.float_op("Gelu", [x], tensor, domain=OWN)
        if name == "sigmoid":
            return self.float_op("Sigmoid", [x], tensor)
        raise NotImplementedError(name)

    def module_call(self, module, x, *others):
        if isinstance(module, nn.Sequential):   # the fused ones, too
            for part in module:
                x = self.module_call(part, x)
            return x
        if isinstance(module, quantized.Conv2d):
            return self.convolution(module, x)
        if isinstance(module, quantized.ConvTranspose2d):
            return self.transposed_convolution(module, x)
        if isinstance(module, quantized.Linear):
            return self.linear(module, x)
        if isinstance(module, quantized.LSTM):
            return self.lstm(module, x)
        if isinstance(module, quantized.EmbeddingBag):
            return self.embedding_bag(module, x, *others)
        if isinstance(module, nn.Dropout):
            return x

        tensor = module(x.tensor)
        if isinstance(module, nn.Embedding):
            return Traced(tensor, self.writer.emit("Gather", [self.writer.constant(module.weight.detach().numpy()), x.name], axis=0))
        if isinstance(module, nn.ReLU6):
            clipped = self.float_op("Clip", [x, 0.0, 6.0], tensor)
            clipped.source = ("relu6", x)
            return clipped
        if isinstance(module, nn.ReLU):
            rectified = self.float_op("Relu", [x], tensor)
            rectified.source = ("relu", x)
            return rectified
        if isinstance(module, nn.Hardswish):
            return self.float_op("HardSwish", [x], tensor)
        if isinstance(module, nn.Hardsigmoid):
            return self.float_op("HardSigmoid", [x], tensor, alpha=1 / 6, beta=0.5)
        if isinstance(module, nn.MaxPool2d):
            return self.float_op("MaxPool", [x], tensor, kernel_shape=pair(module.kernel_size), strides=pair(module.stride),
                                 pads=2 * pair(module.padding), ceil_mode=int(module.ceil_mode))
        if isinstance(module, nn.AdaptiveAvgPool2d) and tensor.shape[2:] == (1, 1):
            return self.float_op("GlobalAveragePool", [x], tensor)
        if isinstance(module, nn.LayerNorm):
            weight, bias = (self.writer.constant(parameter.detach().numpy()) for parameter in (module.weight, module.bias))
            return Traced(tensor, self.writer.emit("LayerNormalization", [x.name, weight, bias], axis=-1, epsilon=module.eps))
        raise NotImplementedError(type(module))

    # quantizing

    def quantize(self, x, scale, zero_point):
        tensor = torch.quantize_per_tensor(x.tensor, scale, zero_point, torch.quint8).dequantize()
        what, source = x.source or (None, None)
        if what == "relu6" and (source.scale, source.zero_point) == (scale, zero_point) and source.integers:
            name = self.clip(source.integers, zero_point, min(255, round(6 / scale) + zero_point))
        elif what == "relu" and zero_point != 0:
            name = self.clip(self.writer.quantize(source.name, scale, zero_point), zero_point, 255)
        elif what == "depth_to_space":
            name = self.writer.emit("DepthToSpace", [self.writer.quantize(x.name, scale, zero_point)], blocksize=source, mode="CRD")
        else:
            name = self.writer.quantize(x.name, scale, zero_point)
        return Traced(tensor, name, scale=scale, zero_point=zero_point)

    def clip(self, integers, low, high):
        return self.writer.emit("Clip", [integers, self.writer.constant(numpy.uint8(low)), self.writer.constant(numpy.uint8(high))])

    def dequantize(self, x):
        if x.scale is None:                     # dynamically quantized
            return x
        name = self.writer.dequantize(x.name, numpy.float32(x.scale), numpy.uint8(x.zero_point))
        return Traced(x.tensor, name, integers=x.name, scale=x.scale, zero_point=x.zero_point)

    def weight(self, integers, scales, axis):
        zero_points = numpy.zeros(numpy.shape(scales), numpy.int8)
        return self.writer.dequantize(self.writer.constant(integers), scales, zero_points, axis)

    def bias(self, bias, input_scale, scales):
        scales = numpy.float32(input_scale) * scales
        integers = numpy.rint(bias.detach().double().numpy() / numpy.float64(scales))
        integers = numpy.clip(integers, -2**31, 2**31 - 1).astype(numpy.int32)
        return self.writer.dequantize(self.writer.constant(integers), scales, numpy.zeros(numpy.shape(scales), numpy.int32),
                                      0 if numpy.ndim(scales) else None)

    # layers

    def convolution(self, module, x):
        integers, scales, axis, weight = integers_of(module)
        tensor = nn.functional.conv2d(x.tensor, weight, module.bias, module.stride, module.padding, module.dilation, module.groups)
        inputs = [x.name, self.weight(integers, scales, axis)]
        if module.bias is not None:
            inputs.append(self.bias(module.bias, x.scale, scales))
        return Traced(tensor, self.writer.emit("Conv", inputs, kernel_shape=list(weight.shape[2:]), strides=pair(module.stride),
                                               pads=2 * pair(module.padding), dilations=pair(module.dilation), group=module.groups))

    def transposed_convolution(self, module, x):
        integers, scales, axis, weight = integers_of(module)
        side = module.kernel_size[0]
        if axis is not None or module.groups != 1 or module.kernel_size != module.stride or module.kernel_size != (side, side) \
           or any(module.padding + module.output_padding):
            raise NotImplementedError(module)
        tensor = nn.functional.conv_transpose2d(x.tensor, weight, module.bias, module.stride)
        # outputs x rows x columns of the kernel become the outputs of a 1x1 convolution
        integers = integers.transpose(1, 2, 3, 0).reshape(-1, integers.shape[0], 1, 1)
        inputs = [x.name, self.weight(integers, scales, None)]
        if module.bias is not None:
            inputs.append(self.bias(module.bias.repeat_interleave(side * side), x.scale, scales))
        traced = Traced(tensor, self.writer.emit("Conv", inputs, kernel_shape=[1, 1]))
        traced.source = ("depth_to_space", side)
        return traced

    def linear(self, module, x):
        integers, scales, axis, weight = integers_of(module)
        tensor = nn.functional.linear(x.tensor, weight, module.bias)
        if x.scale is None:
            zero_points = numpy.zeros(numpy.shape(scales), numpy.int8)
            inputs = [x.name] + [self.writer.constant(array) for array in (integers.T, scales, zero_points)]
            if module.bias is not None:
                inputs.append(self.writer.constant(module.bias.detach().numpy()))
            return Traced(tensor, self.writer.emit("DynamicQuantizeMatMul", inputs, domain=OWN))
        inputs = [x.name, self.weight(integers.T, scales, None if axis is None else 1)]
        if module.bias is not None:
            inputs.append(self.bias(module.bias, x.scale, scales))
        return Traced(tensor, self.writer.emit("Gemm", inputs))

    def lstm(self, module, x):
        """One layer, one direction; ONNX has the gates in another order, and the weights transposed."""
        if module.num_layers != 1 or module.bidirectional or not module.batch_first or module.proj_size:
            raise NotImplementedError(module)
        width, write = module.hidden_size, self.writer
        order = numpy.concatenate([numpy.arange(gate * width, (gate + 1) * width) for gate in (0, 3, 1, 2)])
        inputs, scales = [write.emit("Transpose", [x.name], perm=[1, 0, 2])], []
        for which in ("ih", "hh"):
            weight = get_quantized_weight(module, "weight_%s_l0" % which).detach()
            if weight.qscheme() != torch.per_tensor_affine or weight.q_zero_point() != 0:
                raise NotImplementedError(weight.qscheme())
            inputs.append(write.constant(weight.int_repr().numpy()[order].T[None]))
            scales += [write.constant(numpy.float32([weight.q_scale()])), write.constant(numpy.zeros(1, numpy.int8))]
        biases = [getattr(module, "bias_%s_l0" % which).detach().numpy()[order] for which in ("ih", "hh")]
        hidden = write.emit("DynamicQuantizeLSTM", inputs + [write.constant(numpy.concatenate(biases)[None]), "", "", "", ""] + scales,
                            domain=OWN, direction="forward", hidden_size=width)
        hidden = write.emit("Squeeze", [hidden, write.constant(numpy.array([1], numpy.int64))])
        return [Traced(module(x.tensor)[0], write.emit("Transpose", [hidden], perm=[1, 0, 2])), None]

    def embedding_bag(self, module, indices, offsets):
        lengths = offsets.tensor.diff()
        if not module.include_last_offset or module.mode != "sum" or int(lengths.min()) != int(lengths.max()):
            raise NotImplementedError(module)
        table = self.writer.constant(module.get_weight().detach().numpy())
        bags = self.writer.emit("Reshape", [indices.name, self.writer.constant(numpy.array([len(lengths), -1], numpy.int64))])
        rows = self.writer.emit("Gather", [table, bags], axis=0)
        axes = self.writer.constant(numpy.array([1], numpy.int64))
        return Traced(module(indices.tensor, offsets.tensor), self.writer.emit("ReduceSum", [rows, axes], keepdims=0))

    def join(self, function, parts, axis):
        tensor = function([part.tensor for part in parts], axis)
        names = [part.name for part in parts]
        if function is torch.stack:
            axes = self.writer.constant(numpy.array([axis], numpy.int64))
            names = [self.writer.emit("Unsqueeze", [name, axes]) for name in names]
        return Traced(tensor, self.writer.emit("Concat", names, axis=axis))


def export(reference, inputs, path):
    """Write the reference model for inputs of these shapes. Returns the names of the ONNX inputs."""
    translator = Translator(reference)
    with torch.no_grad():
        output = translator.run(*inputs)
    outputs = list(output) if isinstance(output, (tuple, list)) else [output]
    used = {name for node in translator.writer.nodes for name in node.input}
    kept = [traced for traced in translator.inputs if traced.name in used]
    onnx.save(translator.writer.model("reference", kept, outputs), path)
    return [traced.name if traced in kept else None for traced in translator.inputs]
