#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which case shows which row of the lowering rules: rows.py [--check]

Writes ../ROWS.md, or with --check says whether it is up to date and every row has a case. Where a
row can be read off the files of a case (facts.py), that is done for tests/cases as well; the others
name their cases. Needs no torch.
"""

import glob
import os
import sys

import facts

HERE = os.path.dirname(os.path.abspath(__file__))
MORE = os.path.dirname(HERE)
CASES = os.path.join(os.path.dirname(MORE), "cases")
OUTPUT = os.path.join(MORE, "ROWS.md")


def modules(pairs):
    return [("%s → %s" % pair, ["module %s > %s" % pair]) for pair in pairs]


def each(prefix, names):
    return [("%s %s" % (prefix, name), ["int8 %s %s" % (prefix, name)]) for name in names.split()]


def calls(names):
    return [("torch.ops.quantized.%s" % name, ["call quantized.%s" % name]) for name in names.split()]


def reference(name):
    return "quantized.reference." + name


_STATIC = [(reference(n), "quantized." + n) for n in ("Linear", "Conv1d", "Conv2d", "Conv3d")]
_RELUED = [(reference(n), "intrinsic.quantized." + m) for n, m in
           (("Linear", "LinearReLU"), ("Conv1d", "ConvReLU1d"), ("Conv2d", "ConvReLU2d"),
            ("Conv3d", "ConvReLU3d"))]
_FUSED = [("intrinsic." + n, "intrinsic.quantized." + n) for n in
          ("LinearReLU", "LinearLeakyReLU", "LinearTanh", "ConvReLU1d", "ConvReLU2d", "ConvReLU3d")]
_TWO = [("intrinsic." + n, "intrinsic.quantized." + n) for n in ("ConvAdd2d", "ConvAddReLU2d")]
_DYNAMIC = ([(reference(n), "quantized.dynamic." + n)
             for n in ("Linear", "LSTM", "GRU", "LSTMCell", "GRUCell", "RNNCell")]
            + [("intrinsic.LinearReLU", "intrinsic.quantized.dynamic.LinearReLU")])
_EMBEDDING = [(reference(n), "quantized." + n) for n in ("Embedding", "EmbeddingBag")]
_OWN = ([(reference("ConvTranspose%dd" % n), "quantized.ConvTranspose%dd" % n) for n in (1, 2, 3)]
        + [("nn." + n, "quantized." + n) for n in
           ("ELU", "LeakyReLU", "Hardswish", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
            "LayerNorm", "Dropout", "PReLU", "Softmax", "BatchNorm2d", "BatchNorm3d")]
        + [("intrinsic." + n, "intrinsic.quantized." + n) for n in ("BNReLU2d", "BNReLU3d")])
_HALF = [("float16: %s" % n, ["dynamic float16 %s" % n]) for n in
         ("quantized.dynamic.Linear", "quantized.dynamic.LSTM", "quantized.dynamic.LSTMCell",
          "quantized.dynamic.GRUCell", "quantized.dynamic.RNNCell",
          "intrinsic.quantized.dynamic.LinearReLU")]

# (heading, [(row, facts or names of cases)]): a fact has a space in it, a name has none.
ROWS = [
    ("Rewriting", [
        ("a dequantize with several users: only the pattern reads before it", ["shared_dequantize", "dyn_shared_dequantize"]),
        ("a quantize with several dequantizes", ["one_quantize_many_users"]),
        ("scale and zero-point nodes that are shared", ["shared_scale_nodes"]),
        ("shape reads of a swallowed relu", ["relu_shape_read"]),
        ("a rewritten node keeps the name of `ref` (scopes, maps)", ["folded_names", "nested_functionals"]),
        ("a module takes the path of the old one, nested too", ["nested_modules"]),
        ("the same module under two paths", ["module_under_two_paths"]),
        ("a part of a replaced module under another path", ["part_under_another_path", "part_registered_first_under_another_path"]),
        ("weights shared by two modules", ["weight_shared_by_two_modules", "f_linear_shared_weight"]),
        ("a module called several times: equal ranges share one", ["module_called_three_times", "linear_called_twice"]),
        ("... where a call needs the old module", ["module_called_in_float_too"]),
        ("a module that is a graph, float interface", ["standalone_float"]),
        ("a module that is a graph, quantized interface", ["standalone_quantized"]),
        ("graphs in graphs, with absent maps", ["standalone_without_maps"]),
        ("two names for one function", ["names_of_functional"]),
        ("operators in place must change nothing that others read", ["in_place_on_a_shared_quantize", "in_place_by_setting_on_a_shared_quantize", "in_place_behind_a_view", "dequantize_changed_in_place", "dynamic_input_changed_in_place", "view_changed_in_place", "own_range_in_place"]),
    ]),
    ("The static pattern", [
        ("skipped: no QConfig", ["skipped_modules", "skip_by_none_qconfig"]),
        ("a position given by keyword", ["input_given_by_keyword", "add_keywords"]),
        ("a position that is a node and no dequantize", ["add_one_side_float", "binary_one_operand_float", "conv_add_left"]),
        ("an input that is not quint8, or per channel", ["input_is_qint8", "input_is_per_channel"]),
        ("an output that is not quint8", ["output_is_qint8", "output_is_qint32"]),
        ("a scale that is no attribute", ["output_scale_is_a_number", "output_scale_is_computed"]),
        ("`ref` with other users", ["linear_with_a_float_user", "linear_quantized_twice", "linear_changed_in_place", "binary_with_a_float_user"]),
        ("a relu with other users", ["relu_with_a_float_user"]),
    ]),
    ("1. Static weighted modules",
     modules(_STATIC + _FUSED) + [("relu swallowed: %s → %s" % p, ["module %s > %s" % p]) for p in _RELUED] + [
         ("relu behind a module with relu", ["fused_relu_then_relu"]),
         ("relu behind LinearLeakyReLU, LinearTanh", ["leaky_relu_and_tanh_then_relu"]),
         ("relu as nn.ReLU, torch.relu, torch.nn.functional.relu", ["linear_then_relu_module", "conv1d_then_torch_relu", "conv2d_then_relu"]),
         ("part 0 is no reference module", ["fused_with_a_float_part"]),
         ("shape reads do not count", ["linear_shape_read"])]),
    ("2. Static modules with two inputs", modules(_TWO) + [
        ("both operands through one dequantize", ["conv_add_relu"]),
        ("relu behind, one operand float, part 0 float, skipped", ["conv_add_left"]),
        ("an operand by keyword", ["conv_add_keyword"])]),
    ("3. Dynamic modules", modules(_DYNAMIC) + _HALF + [
        ("qint8", ["dynamic qint8 quantized.dynamic.Linear"]),
        ("without reduce_range", ["dyn_full_range"]),
        ("states that go in and come out, in tuples", ["dyn_lstm_states", "dyn_gru_bidirectional", "lstm_tagger"]),
        ("static or no quantize before it", ["dyn_modules_left"]),
        ("a static quantize behind it: the static form", ["static_module_behind_a_dynamic_quantize"]),
        ("skipping is not asked for", ["skipped_where_nobody_asks"])]),
    ("4. Weight-only modules", modules(_EMBEDDING) + [
        ("8 bit", ["embedding_8bit", "embedding_bag_8bit", "embedding_settings"]),
        ("4 bit", ["embedding_4bit", "embedding_bag_4bit", "embedding_4bit_odd_width"]),
        ("2 bit", ["embedding_2bit"]),
        ("mode, max_norm, padding_idx", ["embedding_bag_mean", "embedding_bag_max", "embedding_bag_max_norm", "embedding_settings"]),
        ("arguments by keyword", ["embedding_bag_weights_by_keyword"]),
        ("skipping is not asked for", ["embedding_settings"])]),
    ("5. Static functionals",
     calls("linear linear_relu conv1d conv1d_relu conv2d conv2d_relu conv3d conv3d_relu "
           "conv_transpose1d conv_transpose2d conv_transpose3d") + [
         ("relu in each spelling", ["f_linear_relu", "f_linear_torch_relu", "f_conv2d_relu_module"]),
         ("weight per tensor, per channel", ["f_linear_torch_relu", "f_linear"]),
         ("weight not quantized, or quantized elsewhere", ["f_weight_left"]),
         ("int settings of conv1d become tuples, tuples stay", ["f_conv1d_settings", "f_conv1d"]),
         ("int settings of conv_transpose1d; groups and dilation change places", ["f_conv_transpose1d"]),
         ("dilation of a transposed convolution left out", ["f_conv_transpose3d"]),
         ("keyword arguments; `bias` of linear is `B`", ["f_linear_keyword", "f_conv_keywords", "f_conv1d_keywords", "f_conv_transpose_keywords"]),
         ("relu behind a transposed convolution stays", ["f_conv_transpose2d_relu", "f_conv_transpose3d"]),
         ("shape reads count: the node moves", ["f_linear_shape_read"])]),
    ("6. Dynamic functionals",
     calls("linear_dynamic linear_relu_dynamic linear_dynamic_fp16 linear_relu_dynamic_fp16") + [
         ("weight per tensor, several in a row", ["f_dyn_linear_per_tensor"]),
         ("relu as a module", ["f_dyn_linear_per_tensor"]),
         ("torch.relu and the method stay under strict-upstream", ["f_dyn_linear_torch_relu_strict", "f_dyn_linear_relu_method_strict"]),
         ("... and are fused otherwise", ["f_dyn_linear_torch_relu", "f_dyn_linear_relu_method"]),
         ("the relu is not the only user", ["f_dyn_linear_two_users"]),
         ("users of the relu do not matter; reduce_range false", ["f_dyn_linear_relu_two_users"]),
         ("types that have no kernel; skipped; weight not quantized", ["f_dyn_linear_left"]),
         ("keyword arguments", ["f_dyn_linear_keyword"]),
         ("convolution stays under strict-upstream", ["f_dyn_conv_strict"]),
         ("... and is lowered otherwise: conv1d, conv2d, conv3d", ["f_dyn_conv"])]),
    ("7. Binary operators",
     calls("add add_relu mul mul_relu matmul") + [
         ("operator.add, torch.add, operator.mul, torch.mul", ["add", "torch_add", "mul", "torch_mul", "binary_torch_relu"]),
         ("relu as function, module, torch.relu", ["add_relu", "add_relu_module", "binary_torch_relu"]),
         ("relu as a method: strict, and not", ["add_relu_method_strict", "add_relu_method"]),
         ("a number on the right", ["add_scalar", "mul_scalar", "add_scalar_relu"]),
         ("a number on the left", ["scalar_on_the_left"]),
         ("both operands through one dequantize", ["binary_one_dequantize", "add_same_tensor"]),
         ("alpha of 1; another alpha", ["add_alpha_one", "add_alpha_two"]),
         ("relu behind matmul", ["matmul_relu"]),
         ("operator.matmul, operator.iadd, methods", ["operators_not_in_the_table"])]),
    ("8. Shape reads", [
        ("getattr \"shape\"", ["int8 function builtins.getattr"]),
        ("getattr of something else", ["getattr_of_lowered"]),
        ("method size", ["size_of_lowered"])]),
    ("9. Fixed output range",
     each("function", "torch.sigmoid torch.tanh F.sigmoid F.hardsigmoid")
     + each("method", "sigmoid tanh sigmoid_ tanh_ hardsigmoid hardsigmoid_")
     + each("module", "nn.Sigmoid nn.Tanh nn.Hardsigmoid") + [
         ("another range", ["fixed_range_is_another"]),
         ("not for to(float16)", ["half"])]),
    ("9. Own output range",
     calls("elu hardswish instance_norm layer_norm leaky_relu dropout") + modules(_OWN) + [
         ("arguments that the operators lack go", ["own_functions", "elu_function", "instance_norm_function"]),
         ("settings by position", ["own_functions_by_position"]),
         ("running statistics", ["instance_norm_running_statistics"]),
         ("not for to(float16)", ["half"])]),
    ("9. Same scale in and out",
     each("function", "torch.adaptive_avg_pool1d F.adaptive_avg_pool2d F.adaptive_avg_pool3d "
          "torch.avg_pool1d F.avg_pool2d F.avg_pool3d F.max_pool1d F.max_pool2d F.max_pool3d "
          "F.hardtanh F.hardtanh_ F.interpolate F.relu F.relu6 torch.clamp torch.flatten torch.mean "
          "torch.channel_shuffle operator.floordiv")
     + each("method", "clamp mean relu relu_")
     + each("module", "nn.AdaptiveAvgPool1d nn.AdaptiveAvgPool2d nn.AdaptiveAvgPool3d nn.AvgPool1d "
            "nn.AvgPool2d nn.AvgPool3d nn.MaxPool1d nn.MaxPool2d nn.MaxPool3d nn.Hardtanh nn.ReLU "
            "nn.ReLU6 nn.ChannelShuffle")),
    ("9. Shape only",
     each("function", "torch.narrow torch.transpose torch.repeat_interleave torch.squeeze "
          "torch.stack torch.unsqueeze torch.pixel_shuffle torch.pixel_unshuffle torch.cat")
     + each("method", "contiguous detach detach_ permute repeat repeat_interleave reshape resize_ "
            "size squeeze squeeze_ transpose unsqueeze unsqueeze_ view")
     + each("module", "nn.Identity nn.PixelShuffle nn.PixelUnshuffle")),
    ("9. Conditions", [
        ("a list, one of which is no dequantize", ["copying_of_what_is_not_dequantized"]),
        ("the first argument by keyword", ["copying_by_keyword"]),
        ("other users", ["copying_with_a_float_user"]),
        ("another scale, zero point, type", ["copying_into_another_range"]),
        ("to(float16)", ["half function torch.flatten", "half method view"]),
        ("to(float16) of integers, and integers of halves", ["half_and_int8"]),
        ("the range of a lowered operator is its own", ["already_lowered"]),
        ("the range behind a copying operator, a kept relu", ["copying_behind_a_kept_relu", "relu6_chain"]),
        ("the range behind add and mul with a number", ["number_then_copy", "already_lowered"]),
        ("the range of a placeholder does not count", ["range_of_an_input", "quantized_ends"]),
        ("cat of different scales, into another scale", ["cat_of_two_ranges", "cat_into_another_range"])]),
    ("10. Dead code and weights", [
        ("nodes without users", ["dead_code"]),
        ("... that stay: torch._assert, setitem, in place", ["dead_code_kept"]),
        ("weights computed from attributes", ["f_weight_computed", "f_weight_cut"]),
        ("a weight that is an input: packed at run time", ["call quantized.linear_prepack"]),
        ("a weight that something else reads", ["f_weight_read_by_another"]),
        ("names: scopes, numbers, taken ones", ["folded_names"]),
        ("no scope known", ["folded_without_scope"]),
        ("original weights: keys that collide, missing bias", ["original_weights"])]),
    ("Settings that torch cannot lower", [
        ("padding of convolutions given as \"same\"", ["conv_padding_same"]),
        ("normalization that is not affine", ["own_modules_not_affine"]),
        ("recurrent modules without bias", ["dyn_lstm_no_bias"])]),
    ("Graphs", [
        ("nothing to lower", ["nothing_to_lower", "only_quantized", "quantized_dynamically_for_nothing"]),
        ("empty", ["empty_graph", "empty_graph_of_structures"]),
        ("tuples, lists, dicts, numbers and none in the output", ["tuples_and_dicts", "dict_output"]),
        ("getitem, chunk", ["chunk_both_lowered", "chunk_getitem"]),
        ("view of what size gives behind a lowered layer", ["view_of_lowered_size", "view_size_of_lowered"]),
        ("a chain of relu6", ["relu6_chain"])]),
]


def names_in(folder):
    return sorted(os.path.basename(path)[:-len(".lowered.json")]
                  for path in glob.glob(os.path.join(folder, "*.lowered.json")))


def table():
    """(text of ROWS.md, complaints)."""
    known = {folder: {name: facts.of_case(os.path.join(folder, name)) for name in names_in(folder)}
             for folder in (CASES, MORE)}
    lines, complaints, seen, counts = [], [], set(), [0, 0]
    for heading, rows in ROWS:
        lines += ["", "## " + heading, "", "| Row | tests/cases | here |", "|---|---|---|"]
        for row, keys in rows:
            found = []
            for folder in (CASES, MORE):
                found.append([name for name, all_facts in known[folder].items()
                              if name in keys or all_facts.intersection(keys)])
            missing = [k for k in keys if " " not in k and k not in found[0] + found[1]]
            if missing or not (found[0] or found[1]):
                complaints.append("%s: %s: no case %s" % (heading, row, missing or ""))
            seen.update(found[1])
            counts[0] += bool(found[0])
            counts[1] += 1
            lines.append("| %s | %s | %s |" % (row.replace("_ ", "\\_ "), *(map(_cell, found))))
    unseen = sorted(set(known[MORE]) - seen)
    complaints += ["%s shows no row" % name for name in unseen]
    head = ["# Rows of the lowering rules, and the cases that show them", "",
            "Made by generator/rows.py. Of %d rows, the cases of tests/cases reach %d; the cases here"
            % (counts[1], counts[0]), "reach the rest, and many of those again."]
    return "\n".join(head + lines) + "\n", complaints


def _cell(names):
    if len(names) > 3:
        return "%s and %d more" % (", ".join("`%s`" % n for n in names[:2]), len(names) - 2)
    return ", ".join("`%s`" % n for n in names)


def main():
    text, complaints = table()
    if "--check" in sys.argv:
        with open(OUTPUT, encoding="utf-8") as file:
            if file.read() != text:
                complaints.append("ROWS.md is not what rows.py makes")
    else:
        with open(OUTPUT, "w", encoding="utf-8") as file:
            file.write(text)
    print("\n".join(complaints) or "every row has a case, and every case a row")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
