# SPDX-License-Identifier: Apache-2.0
"""Sums of products over labelled axes."""

import re

from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, math_ops, shape_ops

_FORM = re.compile(r"^(?P<inputs>([a-zA-Z.]+)(,[a-zA-Z.]*)*)(->(?P<output>[a-zA-Z.]*))?$")


def einsum(equation, *inputs, **kwargs):
    """Sums products of elements of tensors, as an equation over axis labels says.

    einsum("bij,jk->bik", x, w) multiplies each matrix x[b] by w. Without "->" the output has the
    labels that occur once, in alphabetic order; "..." stands for any further leading axes, which
    broadcast.

    Args:
      equation: one group of letters per input, separated by commas, then "->" and the output's.
      *inputs: tensors of one dtype.
      name: name scope.

    Returns:
      A Tensor of the inputs' dtype.

    Raises:
      ValueError: if the equation is not well formed, repeats a label within one group, names an
        output label that no input has, or does not fit the number or ranks of the inputs.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise TypeError("invalid keyword arguments for this function: " + ", ".join(sorted(kwargs)))
    with ops.name_scope(name, "einsum", [equation, inputs]):
        inputs = _converted(inputs)
        groups, output = _parsed(equation, inputs)
        if len(groups) == 1 and not output and len(groups[0]) == 2 and len(set(groups[0])) == 1:
            return math_ops.trace(inputs[0])
        for group in groups:
            if len(set(group)) != len(group):
                raise ValueError(
                    "Subscript not supported: an axis appears more than once: %s"
                    % "".join(map(str, group))
                )
        result, labels = inputs[0], groups[0]
        for i in range(len(inputs)):
            later = set(output).union(*groups[i + 1 :])
            if i == 0:
                result, labels = _summed(result, labels, later)
            else:
                result, labels = _product(result, labels, inputs[i], groups[i], later)
        return _transposed(result, labels, output)


def _converted(inputs):
    tensors = []
    for x in inputs:
        hint = tensors[0].dtype.base_dtype if tensors else None
        tensors.append(ops.convert_to_tensor(x, dtype_hint=hint, name="inputs"))
    return tensors


def _parsed(equation, inputs):
    """(one tuple of labels per input, the labels of the output)."""
    equation = equation.replace(" ", "")
    match = _FORM.match(equation)
    if not match:
        raise ValueError("Indices have incorrect format: %s" % equation)
    texts = match.group("inputs").split(",")
    if len(texts) != len(inputs):
        raise ValueError(
            'Got %d arguments for equation "%s", expecting %d' % (len(inputs), equation, len(texts))
        )
    more = 0
    for text, x in zip(texts, inputs):
        parts = text.split("...")
        if len(parts) > 2 or any("." in part for part in parts):
            raise ValueError("Invalid ellipsis in equation: %s" % equation)
        rank = x.shape.rank
        if len(parts) == 2:
            if rank is None:
                raise ValueError("Unknown rank with an ellipsis in equation: %s" % equation)
            more = max(more, rank - len(text) + 3)
            if rank < len(text) - 3:
                raise ValueError("Too many labels for rank %d: %s" % (rank, text))
        elif rank is not None and rank < len(text):
            raise ValueError("Too many labels for rank %d: %s" % (rank, text))
    rest = tuple(range(more))  # labels of the axes behind "...", the last one is the innermost

    def labels(text, rank):
        if "..." not in text:
            return tuple(text)
        before, after = text.split("...")
        count = more if rank is None else rank - len(text) + 3
        return tuple(before) + rest[more - count :] + tuple(after)

    groups = [labels(text, x.shape.rank) for text, x in zip(texts, inputs)]
    given = match.group("output")
    if given is None:
        every = "".join(texts).replace(".", "")
        single = sorted(c for c in set(every) if every.count(c) == 1)
        output = rest + tuple(single)
    else:
        if "." in given.replace("...", "") or given.count("...") > 1:
            raise ValueError("Invalid ellipsis in equation: %s" % equation)
        output = labels(given, None)
    known = set().union(*groups)
    if not set(output) <= known or len(set(output)) != len(output):
        raise ValueError("Invalid equation: %s" % equation)
    return groups, output


def _summed(x, labels, kept):
    """`x` without the labels that nobody needs any more."""
    axes = [i for i, label in enumerate(labels) if label not in kept]
    if not axes:
        return x, labels
    return math_ops.reduce_sum(x, axes), tuple(c for c in labels if c in kept)


def _transposed(x, labels, wanted):
    if tuple(labels) == tuple(wanted):
        return x
    return array_ops.transpose(x, [labels.index(label) for label in wanted])


def _sizes(x, count):
    """The dimensions of x: ints where known, else scalar tensors."""
    if x.shape.rank is not None and x.shape.is_fully_defined():
        return x.shape.as_list()
    dynamic = shape_ops.shape(x)
    known = x.shape.as_list() if x.shape.rank is not None else [None] * count
    return [dynamic[i] if n is None else n for i, n in enumerate(known)]


def _total(sizes):
    total = 1
    for n in sizes:
        total = n if isinstance(total, int) and total == 1 else total * n
    return total


def _is_one(n):
    return isinstance(n, int) and n == 1


def _reshaped(x, dims):
    """`x` in other dimensions; at most one that is not known can be left to the op."""
    unknown = [i for i, n in enumerate(dims) if not isinstance(n, int)]
    if len(unknown) == 1 and 0 not in dims:
        dims = [-1 if i in unknown else n for i, n in enumerate(dims)]
        unknown = []
    if not unknown:
        if -1 not in dims and x.shape.is_fully_defined() and x.shape.as_list() == list(dims):
            return x
        return array_ops.reshape(x, list(dims))
    return array_ops.reshape(x, apply("Pack", list(dims), axis=0))


def _product(x, a, y, b, kept):
    """The product of two labelled tensors, summed over labels that are not `kept`."""
    x, a = _summed(x, a, kept | set(b))
    y, b = _summed(y, b, kept | set(a))
    shared = [c for c in a if c in b]
    batch = [c for c in shared if c in kept]
    inner = [c for c in shared if c not in kept]
    if any(isinstance(c, int) for c in batch):
        # Axes behind an ellipsis broadcast like those of a product of matrices, if aligned.
        batch = [c for c in a + b if c in batch or isinstance(c, int)]
        batch = sorted({c for c in batch if isinstance(c, int)}) + [
            c for c in shared if c in kept and not isinstance(c, int)
        ]
    left = [c for c in a if c not in batch and c not in inner]
    right = [c for c in b if c not in batch and c not in inner]
    size_x, size_y = dict(zip(a, _sizes(x, len(a)))), dict(zip(b, _sizes(y, len(b))))
    if not inner:
        # Outer and elementwise products: broadcasting alone.
        labels = tuple(batch + left + right)
        x = _spread(x, a, size_x, labels)
        y = _spread(y, b, size_y, labels)
        return apply("Mul", x, y), labels
    x = _transposed(x, a, [c for c in batch if c in a] + left + inner)
    y = _transposed(y, b, [c for c in batch if c in b] + inner + right)
    if len(batch) > 6:
        raise NotImplementedError("einsum over more than 6 axes that broadcast")
    dims_x = [size_x.get(c, 1) for c in batch]
    dims_y = [size_y.get(c, 1) for c in batch]
    for c in inner:
        if isinstance(size_x[c], int) and isinstance(size_y[c], int) and size_x[c] != size_y[c]:
            raise ValueError(
                "Dimensions must be equal, but are %d and %d for axis %r of einsum"
                % (size_x[c], size_y[c], c)
            )
    rows, columns = [size_x[c] for c in left], [size_y[c] for c in right]
    middle = _total([size_x[c] if isinstance(size_x[c], int) else size_y[c] for c in inner])
    x = _reshaped(x, [*dims_x, _total(rows), middle])
    y = _reshaped(y, [*dims_y, middle, _total(columns)])
    product = math_ops.matmul(x, y)
    dims = [m if _is_one(n) or (isinstance(m, int) and m != 1) else n
            for n, m in zip(dims_x, dims_y)]  # fmt: skip
    if any(not isinstance(n, int) for n in dims) and batch:
        dynamic = shape_ops.shape(product)
        dims = [n if isinstance(n, int) else dynamic[i] for i, n in enumerate(dims)]
    return _reshaped(product, [*dims, *rows, *columns]), tuple(batch + left + right)


def _spread(x, labels, sizes, wanted):
    """`x` transposed, with axes of size 1 for the labels that it lacks."""
    x = _transposed(x, labels, [c for c in wanted if c in labels])
    if len(labels) == len(wanted):
        return x
    lacking = [i for i, c in enumerate(wanted) if c not in labels]
    first = min(i for i, c in enumerate(wanted) if c in labels) if labels else len(wanted)
    if lacking and lacking[-1] < first:
        return x  # leading axes broadcast by themselves
    return _reshaped(x, [sizes.get(c, 1) for c in wanted])
