# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random compositions of views and writes. What PyTorch refuses is left out: it is tried first."""

import operator
import random

import torch
import torch.nn.functional as F

from .building import Builder

# What a session cannot tell, and says so.
MAY_BE_REFUSED = ("it cannot be told whether that reaches", "may be the same tensor",
                  "as they lie in memory")

NUMBERS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0)


class _Drawing(Builder):
    def __init__(self, seed):
        super().__init__()
        self.random = random.Random(seed)
        self.names = []
        self.lists = []
        self.writes = 0

    def name(self):
        # those made last are chosen more often: chains come of it
        if self.random.random() < 0.4:
            return self.names[-1 - self.random.randrange(min(3, len(self.names)))]
        return self.random.choice(self.names)

    def number(self):
        return self.random.choice(NUMBERS)

    def dim(self, name):
        return self.random.randrange(-name.value.dim(), name.value.dim())

    def start(self):
        shape = self.random.choice(((4, 6), (2, 3, 4), (12,), (3, 1, 4), (2, 2, 2, 3)))
        count = torch.Size(shape).numel()
        data = [self.random.choice((-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0)) for _ in range(count)]
        value = torch.tensor(data).reshape(shape)
        kind = self.random.random()
        if kind < 0.2:
            self.names.append(self.attribute("w%d" % len(self.names), value))
        elif kind < 0.4:
            self.names.append(self.input(value))
        else:
            self.names.append(self.call(operator.mul, self.input(value), 2.0))


def _shape(d, count):
    shape = []
    while count > 1:
        factor = d.random.choice([n for n in range(2, count + 1) if count % n == 0])
        shape.append(factor)
        count //= factor
    if d.random.random() < 0.2:
        shape.insert(d.random.randint(0, len(shape)), 1)
    return shape or [1]


def _index(d, name):
    parts = []
    for size in name.value.shape[:d.random.randint(1, max(name.value.dim(), 1))]:
        kind = d.random.random()
        if kind < 0.35:
            parts.append(d.random.randrange(-size, size))
        elif kind < 0.8:
            parts.append(slice(d.random.choice((None, 0, 1, -2)), d.random.choice((None, 2, 3, -1)),
                               d.random.choice((None, 1, 2))))
        else:
            parts.append(slice(None))
    if d.random.random() < 0.15:
        parts.insert(d.random.randint(0, len(parts)), None)
    if d.random.random() < 0.15:
        parts.append(Ellipsis)
    return parts[0] if len(parts) == 1 else tuple(parts)


# Each takes what it looks at or writes to.

def view(d, x):
    return d.method("view", x, *_shape(d, x.value.numel()))


def reshape(d, x):
    return d.method("reshape", x, *_shape(d, x.value.numel()))


def torch_reshape(d, x):
    return d.call(torch.reshape, x, (-1,))


def flatten(d, x):
    start, end = sorted((d.random.randrange(x.value.dim()), d.random.randrange(x.value.dim())))
    return d.call(torch.flatten, x, start, end)


def flatten_module(d, x):
    return d.module(torch.nn.Flatten(), x)


def ravel(d, x):
    return d.method("ravel", x)


def contiguous(d, x):
    return d.method("contiguous", x)


def permute(d, x):
    order = list(range(x.value.dim()))
    d.random.shuffle(order)
    return d.method("permute", x, *order)


def transpose(d, x):
    return d.method(d.random.choice(("transpose", "swapaxes")), x, d.dim(x), d.dim(x))


def t(d, x):
    return d.method("t", x)


def movedim(d, x):
    return d.method("movedim", x, d.dim(x), d.dim(x))


def select(d, x):
    dim = d.dim(x)
    return d.method("select", x, dim, d.random.randrange(x.value.shape[dim]))


def narrow(d, x):
    dim = d.dim(x)
    size = x.value.shape[dim]
    start = d.random.randrange(size)
    return d.method("narrow", x, dim, start, d.random.randint(1, size - start))


def item(d, x):
    return d.call(operator.getitem, x, _index(d, x))


def expand(d, x):
    return d.method("expand", x, *([d.random.randint(1, 2)] if d.random.random() < 0.5 else []),
                    *[3 if size == 1 else -1 for size in x.value.shape])


def unsqueeze(d, x):
    return d.method("unsqueeze", x, d.random.randint(0, x.value.dim()))


def squeeze(d, x):
    return d.method("squeeze", x)


def unflatten(d, x):
    dim = d.random.randrange(x.value.dim())
    return d.method("unflatten", x, dim, tuple(_shape(d, x.value.shape[dim])))


def parts(d, x):
    name = d.random.choice(("chunk", "split", "unbind"))
    arguments = (d.dim(x),) if name == "unbind" else (d.random.randint(1, 3), d.dim(x))
    made = d.method(name, x, *arguments)
    d.lists.append(made)
    return d.call(operator.getitem, made, d.random.randrange(len(made.value)))


def part_again(d, x):
    made = d.random.choice(d.lists)
    return d.call(operator.getitem, made, d.random.randrange(len(made.value)))


def detach(d, x):
    return d.method("detach", x)


def same_type(d, x):
    return d.random.choice((lambda: d.method("to", x, torch.float32), lambda: d.method("float", x),
                            lambda: d.method("type_as", x, d.name())))()


def identity(d, x):
    return d.module(d.random.choice((torch.nn.Identity, torch.nn.Dropout))(), x)


def data(d, x):
    return d.call(getattr, x, d.random.choice(("data", "T")))


VIEWS = (view, view, reshape, reshape, torch_reshape, flatten, flatten_module, ravel, contiguous, permute, transpose, t,
         movedim, select, narrow, item, item, item, expand, unsqueeze, squeeze, unflatten, parts, part_again, detach,
         same_type, identity, data)


def method_in_place(d, x):
    name, arguments = d.random.choice((
        ("relu_", ()), ("clamp_", (-1.0, 2.0)), ("add_", (d.number(),)), ("mul_", (d.number(),)),
        ("sub_", (d.number(),)), ("zero_", ()), ("fill_", (d.number(),)), ("neg_", ()), ("abs_", ())))
    return d.method(name, x, *arguments)


def function_in_place(d, x):
    return d.random.choice((
        lambda: d.call(F.relu, x, inplace=True), lambda: d.call(F.relu, x, True), lambda: d.call(torch.relu_, x),
        lambda: d.call(F.hardtanh, x, -1.0, 2.0, True), lambda: d.call(F.relu6, x, inplace=True),
        lambda: d.call(F.leaky_relu, x, 0.5, inplace=True)))()


def module_in_place(d, x):
    return d.module(d.random.choice((torch.nn.ReLU(True), torch.nn.ReLU6(True), torch.nn.Hardtanh(-1.0, 2.0, True))), x)


def assignment(d, x):
    return d.call(d.random.choice((operator.iadd, operator.isub, operator.imul)), x, d.number())


def _share(one, other):
    return one.storage().data_ptr() == other.storage().data_ptr()


def other_in_place(d, x):
    value = d.name()
    if _share(x.value, value.value):
        value = x  # PyTorch may read of another what it has just written
    return d.method(d.random.choice(("add_", "sub_", "mul_")), x, value)


def set_item(d, x):
    d.call(operator.setitem, x, _index(d, x), d.number())
    return None


def set_item_to_tensor(d, x):
    value = d.name()
    if _share(x.value, value.value):
        return None  # PyTorch may read what it has just written
    d.call(operator.setitem, x, _index(d, x), value)
    return None


def set_masked(d, x):
    d.call(operator.setitem, x, d.call(operator.gt, x, d.number()), d.number())
    return None


def masked_fill(d, x):
    return d.method("masked_fill_", x, d.call(operator.lt, x, d.number()), d.number())


def shape_in_place(d, x):
    return d.random.choice((lambda: d.method("transpose_", x, d.dim(x), d.dim(x)),
                            lambda: d.method("unsqueeze_", x, 0), lambda: d.method("squeeze_", x)))()


WRITES = (method_in_place, method_in_place, method_in_place, function_in_place, module_in_place, assignment,
          other_in_place, set_item, set_item_to_tensor, set_masked, masked_fill, shape_in_place)


def add(d, x):
    return d.call(operator.add, x, d.number())


def add_other(d, x):
    return d.call(torch.add, x, d.name())


def relu(d, x):
    return d.method("relu", x)


def clone(d, x):
    return d.method("clone", x)


def cat(d, x):
    return d.call(torch.cat, [x, x], d.dim(x))


def some_rows(d, x):
    return d.call(operator.getitem, x, [0, x.value.shape[0] - 1])


OWN = (add, add_other, relu, clone, cat, some_rows)


def _try(d, function):
    """Whether PyTorch does it, and to what may go on: not too large, not empty, no wild numbers."""
    last = list(d.graph.nodes)[-1]
    try:
        made = function(d, d.name())
    except (RuntimeError, IndexError, ValueError, TypeError, AttributeError):
        for node in reversed(list(d.graph.nodes)):
            if node is last:
                break
            d.graph.erase_node(node)
        return False
    if made is not None and made.value.numel() in range(1, 200) and made.value.dim() < 7:
        d.names.append(made)
    return True


def draw(seed):
    """A graph and its outputs."""
    d = _Drawing(seed)
    for _ in range(d.random.randint(1, 2)):
        d.start()
    for _ in range(d.random.randint(4, 16)):
        kind = d.random.random()
        if kind < 0.5:
            _try(d, d.random.choice(VIEWS))
        elif kind < 0.85:
            d.writes += _try(d, d.random.choice(WRITES))
        else:
            _try(d, d.random.choice(OWN))
    outputs = [name for name in d.names if d.random.random() < 0.6] or [d.names[0]]
    if d.lists and d.random.random() < 0.5:
        outputs.append(d.random.choice(d.lists))
    return d, outputs
