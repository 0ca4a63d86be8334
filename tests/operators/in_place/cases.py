# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small graphs, one for each kind of write and view. A case returns the outputs, which are read
after all writes; ``refused`` says what the message has to name where a session cannot tell."""

import operator

import torch
import torch.nn.functional as F

CASES = []


def case(function):
    CASES.append((function, None))
    return function


def refused(*words):
    def add(function):
        CASES.append((function, words))
        return function
    return add


def _x(b, *shape):
    shape = shape or (3, 4)
    count = torch.Size(shape).numel()
    return b.input((torch.arange(float(count)) - count // 2).reshape(shape) * 0.5)


def _y(b, *shape):
    return b.call(operator.mul, _x(b, *shape), 2.0)


# Views that are written to

@case
def view_of_what_is_returned(b):
    y = _y(b)
    b.method("clamp_", b.method("view", y, -1), 0, 1)
    return y


@case
def result_of_a_write_is_written_to(b):
    y = _y(b)
    r = b.method("relu_", y)
    b.method("clamp_", r, 1, 2)
    return y, r


@case
def slice_with_a_step(b):
    y = _y(b)
    b.method("zero_", b.call(operator.getitem, y, (slice(None), slice(None, None, 2))))
    return y


@case
def slice_read_before_and_after(b):
    y = _y(b)
    part = b.call(operator.getitem, y, slice(1, 3))
    before = b.call(operator.add, part, 1.0)
    b.method("relu_", y)
    return before, part, y


@case
def transpose(b):
    y = _y(b)
    b.method("add_", b.method("transpose", y, 0, 1), 3.0)
    return y


@case
def t_and_select(b):
    y = _y(b)
    b.method("mul_", b.method("select", b.method("t", y), 0, 2), -1.0)
    return y


@case
def permute_twice(b):
    y = _y(b, 2, 3, 4)
    p = b.method("permute", y, 2, 0, 1)
    b.method("relu_", b.method("permute", p, (1, 0, 2)))
    return y, p


@case
def one_of_a_chunk(b):
    y = _y(b)
    parts = b.method("chunk", y, 2, 1)
    b.method("relu_", b.call(operator.getitem, parts, 1))
    return y, b.call(operator.getitem, parts, 1)


@case
def chunk_of_what_is_written_later(b):
    y = _y(b)
    parts = b.call(torch.chunk, y, 2, 1)
    b.method("relu_", y)
    return parts, y


@case
def split_and_unbind(b):
    y = _y(b)
    first = b.call(operator.getitem, b.method("split", y, 2), 0)
    b.method("add_", b.call(operator.getitem, b.call(torch.unbind, first), 1), 10.0)
    return y, first


@case
def split_with_sizes(b):
    y = _y(b)
    b.method("relu_", b.call(operator.getitem, b.call(torch.split_with_sizes, y, [1, 2, 1], 1), 1))
    return y


@case
def parts_do_not_overlap(b):
    y = _y(b)
    parts = b.method("split", y, [1, 3], 1)
    left, right = b.call(operator.getitem, parts, 0), b.call(operator.getitem, parts, 1)
    b.method("zero_", left)
    return left, right, y


@case
def narrow(b):
    y = _y(b)
    b.method("relu_", b.method("narrow", y, 1, 1, 2))
    return y


@case
def none_and_ellipsis(b):
    y = _y(b)
    b.method("zero_", b.call(operator.getitem, y, (None, Ellipsis, 1)))
    return y


@case
def expanded_is_read(b):
    y = _y(b, 1, 4)
    wide = b.method("expand", y, 3, 4)
    b.method("relu_", y)
    return wide, y


@case
def one_row_of_expanded(b):
    y = _y(b, 4)
    wide = b.method("expand", y, 3, 4)
    b.call(operator.setitem, wide, 0, 1.0)
    return wide, y


@case
def one_number_all_over_expanded(b):
    y = _y(b, 4)
    wide = b.method("expand", y, 3, 4)
    b.call(operator.setitem, wide, (slice(None), slice(1, 3)), 1.0)
    b.method("masked_fill_", wide, b.call(operator.lt, wide, 0.0), 5.0)
    return wide, y, b.method("fill_", b.method("expand", _y(b, 3, 1), 3, 2), 2.0)


@case
def mask_without_dimensions(b):
    y = _y(b, 4)
    one = b.method("select", y, 0, 3)
    b.call(operator.setitem, one, b.call(operator.gt, one, 0.0), 7.0)
    b.call(operator.setitem, one, b.call(operator.lt, one, 0.0), 8.0)
    return y, b.call(operator.getitem, y, b.call(operator.gt, one, 0.0)), \
        b.call(operator.getitem, y, b.call(operator.lt, one, 0.0))


@case
def leading_ones_of_what_is_set(b):
    y = _y(b)
    b.call(operator.setitem, b.method("t", y), 1, _x(b, 1, 1, 3))
    return y


@case
def unsqueeze_and_squeeze(b):
    y = _y(b)
    b.method("relu_", b.method("squeeze", b.method("unsqueeze", y, 1)))
    return y


@case
def unflatten_and_view_as(b):
    y, z = _y(b, 2, 6), _x(b, 3, 4)
    b.method("relu_", b.method("unflatten", y, 1, (2, 3)))
    b.method("add_", b.method("view_as", y, z), 1.0)
    return y


@case
def detach_and_data(b):
    y = _y(b)
    b.method("relu_", b.method("detach", y))
    b.method("add_", b.call(getattr, y, "data"), 1.0)
    return y


@case
def attribute_t(b):
    y = _y(b)
    b.method("relu_", b.call(getattr, y, "T"))
    return y


@case
def movedim_and_swapaxes(b):
    y = _y(b, 2, 3, 2)
    b.method("relu_", b.method("movedim", y, 0, -1))
    b.method("add_", b.method("swapaxes", y, 0, 1), 1.0)
    return y


# Views only if they can be

@case
def reshape_that_is_a_view(b):
    y = _y(b)
    b.method("relu_", b.method("reshape", y, 2, 6))
    return y


@case
def reshape_that_copies(b):
    y = _y(b)
    r = b.method("reshape", b.method("t", y), -1)
    b.method("relu_", r)
    return y, r


@case
def reshape_of_a_slice_that_is_a_view(b):
    y = _y(b)
    r = b.method("reshape", b.call(operator.getitem, y, slice(1, 3)), 8)
    b.method("relu_", r)
    return y, r


@case
def reshape_of_columns_that_copies(b):
    y = _y(b)
    r = b.method("reshape", b.call(operator.getitem, y, (slice(None), slice(1, 3))), 6)
    b.method("zero_", r)
    return y, r


@case
def flatten_of_columns(b):
    y = _y(b, 2, 3, 4)
    r = b.call(torch.flatten, b.call(operator.getitem, y, (slice(None), slice(0, 2))), 1)
    b.method("zero_", r)
    return y, r


@case
def flatten_module(b):
    y = _y(b, 2, 3, 2)
    b.method("relu_", b.module(torch.nn.Flatten(), y))
    return y


@case
def contiguous_of_row_major(b):
    y = _y(b)
    b.method("relu_", b.method("contiguous", y))
    return y


@case
def contiguous_of_transposed(b):
    y = _y(b)
    c = b.method("contiguous", b.method("t", y))
    b.method("relu_", c)
    return y, c


@case
def contiguous_of_rows(b):
    y = _y(b)
    b.method("relu_", b.method("contiguous", b.call(operator.getitem, y, slice(1, 2))))
    return y


@case
def ravel_of_every_second(b):
    y = _y(b, 8)
    r = b.method("ravel", b.call(operator.getitem, y, slice(None, None, 2)))
    b.method("zero_", r)
    return y, r


@case
def reshape_of_every_second(b):
    y = _y(b, 8)
    r = b.method("reshape", b.call(operator.getitem, y, slice(None, None, 2)), 2, 2)
    b.method("zero_", r)
    return y, r


@case
def to_its_own_type(b):
    y = _y(b)
    b.method("relu_", b.method("to", y, torch.float32))
    b.method("add_", b.method("float", y), 1.0)
    return y


@case
def to_another_type(b):
    y = _y(b)
    d = b.method("to", y, torch.float64)
    b.method("relu_", d)
    return y, d


@case
def to_with_copy(b):
    y = _y(b)
    c = b.method("to", y, torch.float32, copy=True)
    p = b.method("to", y, torch.float32, False, True)
    b.method("relu_", c)
    b.method("relu_", p)
    return y, c, p


@case
def type_as_and_dequantize(b):
    y = _y(b)
    b.method("relu_", b.method("type_as", y, y))
    b.method("add_", b.method("dequantize", y), 1.0)
    return y


@case
def clone(b):
    y = _y(b)
    c = b.method("clone", y)
    b.method("relu_", c)
    return y, c


@case
def tensor_of_indices_copies(b):
    y, i = _y(b), b.input(torch.tensor([2, 0]))
    c = b.call(operator.getitem, y, i)
    b.method("zero_", c)
    return y, c


@case
def tensor_of_one_index_looks(b):
    y, i = _y(b), b.input(torch.tensor(1))
    v = b.call(operator.getitem, y, i)
    b.method("zero_", v)
    return y, v


@case
def mask_copies(b):
    y = _y(b)
    c = b.call(operator.getitem, y, b.call(operator.gt, y, 0.0))
    b.method("zero_", c)
    return y, c


# Ways to write

@case
def functions_told_to(b):
    y = _y(b)
    v = b.method("view", y, -1)
    b.call(F.relu, v, inplace=True)
    b.call(F.hardtanh, b.method("t", y), 1.0, 3.0, True)
    b.call(F.leaky_relu, v, 0.5, True)
    b.call(F.threshold, v, 2.0, -1.0, True)
    return y, v


@case
def functions_told_not_to(b):
    y = _y(b)
    v = b.method("view", y, -1)
    a = b.call(F.relu, v, inplace=False)
    c = b.call(F.hardtanh, v, 0.0, 1.0, False)
    return y, v, a, c


@case
def functions_of_torch(b):
    y = _y(b)
    v = b.method("view", y, 2, 6)
    b.call(torch.relu_, v)
    return y


@case
def modules_told_to(b):
    y = _y(b, 2, 4)
    v = b.method("t", y)
    r = b.module(torch.nn.ReLU6(inplace=True), v)
    b.module(torch.nn.Hardtanh(-1.0, 2.0, inplace=True), r)
    b.module(torch.nn.ReLU(inplace=True), b.method("view", y, 8))
    return y, v, r


@case
def modules_hardswish_and_leaky(b):
    y = _y(b, 2, 4)
    b.module(torch.nn.LeakyReLU(0.5, inplace=True), b.method("view", y, 8))
    return y


@case
def matrix_product_is_no_assignment(b):
    y = _y(b, 3, 3)
    v = b.method("view", y, -1)
    r = b.call(operator.imatmul, y, y)
    b.method("relu_", r)
    return y, v, r


@case
def assignments(b):
    y = _y(b)
    v = b.method("view", y, -1)
    r = b.call(operator.iadd, v, 1.0)
    r = b.call(operator.isub, r, 3.0)
    b.call(operator.imul, r, y.value.numel() * 0.25)
    b.call(operator.itruediv, b.method("t", y), 2.0)
    return y, v, r


@case
def numbers_are_not_assigned_to(b):
    y = _y(b)
    n = b.method("size", y, 0)
    m = b.call(operator.iadd, n, 1)
    return b.method("expand", y, 1, n, 4), n, m


@case
def items(b):
    y = _y(b)
    v = b.method("t", y)
    b.call(operator.setitem, v, (slice(1, 3), 0), 7.0)
    b.call(operator.setitem, y, 2, b.input(torch.tensor([1.0, 2.0, 3.0, 4.0])))
    return y, v


@case
def items_by_mask_and_indices(b):
    y = _y(b)
    v = b.method("view", y, -1)
    b.call(operator.setitem, v, b.call(operator.lt, v, 0.0), -1.0)
    b.call(operator.setitem, y, b.input(torch.tensor([0, 2])), 9.0)
    return y, v


@case
def masked_fill_and_fill(b):
    y = _y(b)
    b.method("masked_fill_", b.method("t", y), b.call(operator.gt, b.method("t", y), 2.0), 0.5)
    b.method("fill_", b.method("select", y, 0, 1), -3.0)
    return y


@case
def added_to_itself(b):
    y = _y(b)
    v = b.method("view", y, 3, 4)
    b.method("add_", v, y)
    return y, v


@case
def dropout_is_the_tensor_itself(b):
    y = _y(b)
    d = b.call(F.dropout, y, 0.5, False)
    b.method("relu_", d)
    b.method("add_", b.module(torch.nn.Dropout(), y), 1.0)
    return y, d


@case
def identity_is_the_tensor_itself(b):
    y = _y(b)
    b.method("relu_", b.module(torch.nn.Identity(), y))
    return y


@case
def a_tensor_of_its_own_is_not_reached(b):
    y = _y(b)
    z = b.call(operator.add, b.method("view", y, 4, 3), 1.0)
    b.method("zero_", z)
    return y, z


@case
def integers(b):
    x = b.input(torch.arange(-4, 4))
    y = b.call(operator.add, x, 1)
    b.method("clamp_", b.method("view", y, 2, 4), 0, 2)
    return y


@case
def types_stay(b):
    x = b.input(torch.arange(-4, 4))
    y = b.call(operator.add, x, 1)
    v = b.method("view", y, 2, 4)
    b.call(operator.setitem, v, (0, 1), 100.0)
    b.method("add_", b.method("view", b.call(operator.mul, y, 1.5), -1), y)
    return y


# What is not made by the graph

@case
def input_is_written_to(b):
    x = _x(b)
    v = b.method("t", x)
    b.method("relu_", x)
    return v, x


@case
def view_of_an_input_is_written_to(b):
    x = _x(b)
    b.method("relu_", b.method("view", x, -1))
    return b.call(operator.mul, x, 2.0)


@case
def attribute_is_written_to(b):
    w = b.attribute("w", torch.tensor([[-1.0, 2.0], [3.0, -4.0]]))
    x = _x(b, 3, 2)
    before = b.call(F.linear, x, w)
    b.method("relu_", b.method("view", w, 4))
    return before, b.call(F.linear, x, w), w


@case
def attribute_by_two_nodes(b):
    w = b.attribute("w", torch.tensor([-1.0, 2.0]))
    b.method("mul_", w, 2.0)
    again = b.attribute("w")
    b.method("add_", again, 1.0)
    return w, again, b.call(operator.add, _x(b, 3, 2), again)


@case
def made_of_constants(b):
    z = b.call(torch.zeros, 2, 3)
    v = b.method("t", z)
    b.method("add_", v, _x(b, 3, 2))
    return z, v


# Lists, shapes, and others

@case
def pair_of_a_list(b):
    y = _y(b)
    values = b.call(torch.max, y, 1)
    b.method("zero_", b.call(operator.getitem, values, 0))
    return b.call(operator.getitem, values, 0), y


@case
def shape_in_place(b):
    y = _y(b)
    v = b.method("view", y, -1)
    b.method("transpose_", y, 0, 1)
    b.method("unsqueeze_", y, 0)
    b.method("relu_", v)
    b.method("add_", b.method("squeeze_", y), 1.0)
    return y, v


@case
def resized_to_fewer(b):
    y = _y(b)
    v = b.method("view", y, 2, 6)
    b.method("resize_", y, 2, 2)
    b.method("add_", y, 10.0)
    return y, v


@case
def quantized(b):
    q = b.call(torch.quantize_per_tensor, _x(b), 0.5, 3, torch.quint8)
    b.method("relu_", b.method("view", q, -1))
    return q, b.method("dequantize", q)


@case
def dequantized(b):
    q = b.call(torch.quantize_per_tensor, _x(b), 0.5, 3, torch.quint8)
    d = b.method("dequantize", q)
    b.method("zero_", b.method("view", d, -1))
    return q, d, b.method("dequantize", q)


@case
def written_through_three_names(b):
    y = _y(b, 4, 4)
    rows = b.call(operator.getitem, y, slice(1, None))
    column = b.method("select", rows, 1, 2)
    b.method("add_", column, 100.0)
    b.method("mul_", rows, 2.0)
    b.method("sub_", y, 1.0)
    return column, rows, y


@case
def a_write_that_nobody_reads(b):
    y = _y(b)
    b.method("relu_", b.method("reshape", b.method("t", b.call(operator.add, y, 1.0)), -1))
    return y


@case
def fused_module_by_name(b):
    return b.module(torch.nn.intrinsic.LinearReLU(torch.nn.Linear(4, 2, bias=False), torch.nn.ReLU()),
                    input=b.call(operator.mul, _x(b), 0.0))


# What cannot be told

@refused("`reshape`", "`add`")
def reshape_of_unknown_strides(b):
    y = b.call(operator.add, b.method("t", _x(b)), 1.0)
    b.method("relu_", b.method("reshape", y, -1))
    return y


@refused("`contiguous`", "`add`")
def contiguous_of_unknown_strides(b):
    y = b.call(operator.add, b.method("t", _x(b)), 1.0)
    b.method("relu_", b.method("contiguous", y))
    return y


@refused("`x1`", "`m0`", "parts of it")
def parts_that_write_to_their_input(b):
    x = _x(b)
    r = b.module(torch.nn.Sequential(torch.nn.ReLU(inplace=True)), x)
    return x, r


@refused("`m`", "running statistics")
def statistics_are_read_later(b):
    m, v = b.attribute("m", torch.zeros(4)), b.attribute("v", torch.ones(4))
    return b.call(F.batch_norm, _x(b), m, v, training=True), m


@refused("`contiguous`", "`mul`")
def shape_in_place_of_what_may_be_the_same(b):
    y = _y(b)
    b.method("unsqueeze_", b.method("contiguous", y), 0)
    return y


@refused("`m0.weight`", "`m0_weight`")
def weight_of_a_module_that_is_called_later(b):
    x = _x(b)
    first = b.module(torch.nn.Linear(4, 2), x)
    w = b.weight_of("m0")
    b.method("zero_", b.method("view", w, -1))
    return first, b.again("m0", x)


@refused("`add_`", "expand")
def expanded_is_written_to(b):
    y = _y(b, 4)
    b.graph.call_method("add_", (b.method("expand", y, 3, 4).node, 1.0))
    return y
