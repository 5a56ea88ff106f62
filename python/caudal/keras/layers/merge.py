# SPDX-License-Identifier: Apache-2.0
"""Layers that make one tensor of several, and functions that call them."""

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import Layer
from caudal.layers.utils import whole_number

__all__ = [
    "Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract", "add",
    "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract",
]  # fmt: skip


def _broadcast(a, b):
    """The shape, without the batch, of an elementwise operation; None stands for any size."""
    if a is None or b is None:
        return None
    if len(a) < len(b):
        a, b = b, a
    sizes = list(a[: len(a) - len(b)])
    for i, j in zip(a[len(sizes) :], b):
        if i == 1 or j == 1:
            sizes.append(j if i == 1 else i)
        elif i is None or j is None or i == j:
            sizes.append(None if None in (i, j) else i)
        else:
            raise ValueError(
                "Operands could not be broadcast together with shapes %s %s" % (tuple(a), tuple(b))
            )
    return tuple(sizes)


class _Merge(Layer):
    """A layer of a list of inputs.

    A subclass says what becomes of the tensors in `_merge_function(inputs)`; here inputs of
    different ranks are brought together first: examples get axes of size 1 in front.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def _merge_function(self, inputs):
        raise NotImplementedError("%s does not say how it merges its inputs" % type(self).__name__)

    def _check_list(self, shapes, count=None):
        """Raises: ValueError unless there are two or more shapes, or `count` of them."""
        listed = isinstance(shapes, list)
        if not listed or (len(shapes) != count if count else len(shapes) < 2):
            raise ValueError(
                "A `%s` layer (%s) should be called on a list of %s inputs. Got %s"
                % (
                    type(self).__name__,
                    self.name,
                    "exactly %d" % count if count else "at least 2",
                    "%d inputs." % len(shapes) if listed else "one input of shape %s." % (shapes,),
                )
            )

    def build(self, input_shape):
        self._check_list(input_shape)
        batches = {s[0] for s in input_shape if s is not None and s[0] is not None}
        if len(batches) > 1:
            raise ValueError(
                "Can not merge tensors with different batch sizes. Layer %s got tensors with "
                "shapes : %s" % (self.name, input_shape)
            )
        self._merged_shape(input_shape)
        same_rank = len({len(s) for s in input_shape if s is not None}) == 1
        self._reshape_required = None in input_shape or not same_rank
        self.built = True

    def _merged_shape(self, input_shape):
        """The elementwise shape of all inputs, without the batch."""
        try:
            merged = input_shape[0] and input_shape[0][1:]
            for shape in input_shape[1:]:
                merged = _broadcast(merged, shape and shape[1:])
        except ValueError as error:
            raise ValueError("Layer %s: %s" % (self.name, error)) from None
        return merged

    def call(self, inputs):
        self._check_list(inputs)
        if not self._reshape_required:
            return self._merge_function(inputs)
        ranks = [K.ndim(x) for x in inputs]
        if None in ranks:
            return self._merged_with_batch_last(inputs, ranks)
        largest = max(ranks)
        spread = []
        for x, rank in zip(inputs, ranks):
            for _ in range(largest - rank):
                x = K.expand_dims(x, axis=1)
            spread.append(x)
        return self._merge_function(spread)

    def _merged_with_batch_last(self, inputs, ranks):
        """For ranks that are not known: with the batch behind, axes in front broadcast."""
        turned, changed = [], False
        for x, rank in zip(inputs, ranks):
            if rank is None:
                shape = K.shape(x)
                flat = K.reshape(x, K.stack([shape[0], K.prod(shape[1:])]))
                x = K.reshape(
                    K.permute_dimensions(flat, (1, 0)),
                    K.concatenate([shape[1:], K.expand_dims(shape[0])]),
                )
                changed = True
            elif rank > 1:
                x = K.permute_dimensions(x, (*range(1, rank), 0))
                changed = True
            turned.append(x)
        y = self._merge_function(turned)
        rank = K.ndim(y)
        if not changed:
            return y
        if rank is not None:
            return K.permute_dimensions(y, (rank - 1, *range(rank - 1))) if rank > 1 else y
        shape = K.shape(y)
        batch = shape[K.shape(shape)[0] - 1]
        flat = K.permute_dimensions(K.reshape(y, K.stack([-1, batch])), (1, 0))
        return K.reshape(flat, K.concatenate([K.expand_dims(batch), shape[:-1]]))

    def compute_output_shape(self, input_shape):
        merged = self._merged_shape(input_shape)
        if merged is None:
            return None
        batches = {s[0] for s in input_shape if s is not None and s[0] is not None}
        return (batches.pop() if len(batches) == 1 else None, *merged)

    def _check_masks(self, inputs, mask):
        """Raises: ValueError unless `mask` has one item for each of `inputs`."""
        for name, value in (("mask", mask), ("inputs", inputs)):
            if not isinstance(value, list):
                raise ValueError("Layer %s: `%s` should be a list." % (self.name, name))
        if len(mask) != len(inputs):
            raise ValueError(
                "Layer %s: the lists `inputs` and `mask` should have the same length; got %d and %d"
                % (self.name, len(inputs), len(mask))
            )

    def compute_mask(self, inputs, mask=None):
        """True where all masks that there are, are."""
        if mask is None:
            return None
        self._check_masks(inputs, mask)
        masks = [K.expand_dims(m, 0) for m in mask if m is not None]
        return K.all(K.concatenate(masks, axis=0), axis=0, keepdims=False) if masks else None


class Add(_Merge):
    """The sum of the inputs."""

    def _merge_function(self, inputs):
        output = inputs[0]
        for x in inputs[1:]:
            output = output + x
        return output


class Subtract(_Merge):
    """The first input minus the second."""

    def build(self, input_shape):
        super().build(input_shape)
        self._check_list(input_shape, 2)

    def _merge_function(self, inputs):
        self._check_list(inputs, 2)
        return inputs[0] - inputs[1]


class Multiply(_Merge):
    """The product of the inputs, element by element."""

    def _merge_function(self, inputs):
        output = inputs[0]
        for x in inputs[1:]:
            output = output * x
        return output


class Average(Add):
    """The mean of the inputs."""

    def _merge_function(self, inputs):
        return super()._merge_function(inputs) / len(inputs)


class Maximum(_Merge):
    """The largest of the inputs, element by element."""

    def _merge_function(self, inputs):
        output = inputs[0]
        for x in inputs[1:]:
            output = K.maximum(output, x)
        return output


class Minimum(_Merge):
    """The smallest of the inputs, element by element."""

    def _merge_function(self, inputs):
        output = inputs[0]
        for x in inputs[1:]:
            output = K.minimum(output, x)
        return output


class Concatenate(_Merge):
    """The inputs one behind the other.

    Args:
      axis: int; all other sizes must be equal.
    """

    def __init__(self, axis=-1, **kwargs):
        super().__init__(**kwargs)
        self.axis = whole_number(self, "axis", axis)

    def build(self, input_shape):
        self._check_list(input_shape)
        self._reshape_required = False
        known = [list(s) for s in input_shape if s is not None]
        ranks = {len(s) for s in known}
        fits = len(ranks) <= 1
        if fits and known:
            if not -len(known[0]) <= self.axis < len(known[0]):
                raise ValueError(
                    "Layer %s: axis %d does not exist in inputs of the shapes %s"
                    % (self.name, self.axis, input_shape)
                )
            for shape in known:
                del shape[self.axis]
            fits = all(len(set(sizes) - {None}) <= 1 for sizes in zip(*known))
        if not fits:
            raise ValueError(
                "A `Concatenate` layer (%s) requires inputs with matching shapes except for the "
                "concat axis. Got inputs shapes: %s" % (self.name, input_shape)
            )
        self.built = True

    def _merge_function(self, inputs):
        return K.concatenate(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape):
        self._check_list(input_shape)
        if None in input_shape:
            return None
        output = list(input_shape[0])
        for axis, sizes in enumerate(zip(*input_shape)):
            if axis == self.axis % len(output):
                output[axis] = None if None in sizes else sum(sizes)
            else:
                output[axis] = next((s for s in sizes if s is not None), None)
        return tuple(output)

    def compute_mask(self, inputs, mask=None):
        """The masks one behind the other, or True where all are if features are concatenated."""
        if mask is None:
            return None
        self._check_masks(inputs, mask)
        ranks = {K.ndim(m) for m in mask if m is not None}
        if not ranks:
            return None
        rank, most = K.ndim(inputs[0]), max(ranks)
        masks = [
            m if m is not None else K.all(K.ones_like(x, dtype="bool"), axis=[*range(most, rank)])
            for x, m in zip(inputs, mask)
        ]
        if most == rank:
            return K.all(K.concatenate(masks, axis=self.axis), axis=-1)
        axis = self.axis % rank
        if axis < most:
            return K.concatenate(masks, axis=axis)
        return K.all(K.stack(masks), axis=0)

    def get_config(self):
        return {**super().get_config(), "axis": self.axis}


class Dot(_Merge):
    """The inner product of two inputs along an axis of each.

    For inputs (batch, n) the output is (batch, 1); for (batch, n, i) and (batch, n, j) with
    axes=1 it is (batch, i, j).

    Args:
      axes: int, or tuple of two: the axis of each.
      normalize: whether the vectors are scaled to norm 1 first: the output is the cosine.

    Raises:
      TypeError, ValueError: for other `axes`.
    """

    def __init__(self, axes, normalize=False, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(axes, int):
            if not isinstance(axes, (list, tuple)):
                raise TypeError(
                    "Invalid type for `axes` - should be a list or an int. Got %r" % (axes,)
                )
            if len(axes) != 2:
                raise ValueError(
                    "Invalid format for `axes` - should contain two elements. Got %s" % (axes,)
                )
            if not all(isinstance(axis, int) for axis in axes):
                raise ValueError(
                    "Invalid format for `axes` - list elements should be 'int'. Got %s" % (axes,)
                )
        self.axes = axes
        self.normalize = normalize
        self.supports_masking = True
        self._reshape_required = False

    def _positive_axes(self, ranks):
        axes = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        for axis, rank in zip(axes, ranks):
            if not -rank <= axis < rank or axis % rank == 0:
                raise ValueError(
                    "Layer %s: axes %s do not exist in inputs of the ranks %s, or are that of the "
                    "batch" % (self.name, self.axes, ranks)
                )
        return [axis % rank for axis, rank in zip(axes, ranks)]

    def build(self, input_shape):
        self._check_list(input_shape, 2)
        first, second = input_shape
        if first is not None and second is not None:
            a, b = self._positive_axes([len(first), len(second)])
            if None not in (first[a], second[b]) and first[a] != second[b]:
                raise ValueError(
                    "Dimension incompatibility %s != %s. Layer %s got the shapes %s, %s. Chosen "
                    "axes: %s, %s" % (first[a], second[b], self.name, first, second, a, b)
                )
        self.built = True

    def _merge_function(self, inputs):
        self._check_list(inputs, 2)
        axes = self._positive_axes([K.ndim(x) for x in inputs])
        if self.normalize:
            inputs = [K.l2_normalize(x, axis=axis) for x, axis in zip(inputs, axes)]
        return K.batch_dot(*inputs, axes)

    def compute_output_shape(self, input_shape):
        self._check_list(input_shape, 2)
        first, second = input_shape
        a, b = self._positive_axes([len(first), len(second)])
        sizes = [s for i, s in enumerate(first) if i != a]
        sizes += [s for i, s in enumerate(second) if i not in (0, b)]
        return (*sizes, 1) if len(sizes) == 1 else tuple(sizes)

    def compute_mask(self, inputs, mask=None):
        return None

    def get_config(self):
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def add(inputs, **kwargs):
    """The sum of a list of two or more tensors; keyword arguments: of the layer Add."""
    return Add(**kwargs)(inputs)


def subtract(inputs, **kwargs):
    """The first of two tensors minus the second; keyword arguments: of the layer Subtract."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs, **kwargs):
    """The product of a list of two or more tensors; keyword arguments: of the layer Multiply."""
    return Multiply(**kwargs)(inputs)


def average(inputs, **kwargs):
    """The mean of a list of two or more tensors; keyword arguments: of the layer Average."""
    return Average(**kwargs)(inputs)


def maximum(inputs, **kwargs):
    """The largest elements of a list of tensors; keyword arguments: of the layer Maximum."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs, **kwargs):
    """The smallest elements of a list of tensors; keyword arguments: of the layer Minimum."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs, axis=-1, **kwargs):
    """A list of tensors one behind the other; keyword arguments: of the layer Concatenate."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs, axes, normalize=False, **kwargs):
    """The inner product of two tensors; the arguments are those of the layer Dot."""
    return Dot(axes=axes, normalize=normalize, **kwargs)(inputs)
