# SPDX-License-Identifier: Apache-2.0
"""What functions of images check of their arguments, at once or in the run."""

from caudal.framework import ops, tensor_util
from caudal.framework.tensor import Tensor
from caudal.ops import array_ops, check_ops, control_flow_ops, logging_ops, shape_ops


def require(condition, error, message):
    """Raises `error`, or returns nodes that check a condition known in the run only."""
    if isinstance(condition, Tensor):
        return [logging_ops.Assert(condition, [message])]
    if not condition:
        raise error(message)
    return []


def dimensions(image, rank):
    """Sizes along all axes: numbers where they are known, else scalar tensors."""
    if image.shape.is_fully_defined():
        return image.shape.as_list()
    static = image.shape.with_rank(rank).as_list()
    dynamic = array_ops.unstack(shape_ops.shape(image), rank)
    return [d if s is None else s for s, d in zip(static, dynamic)]


def check_3d(image, require_static=True):
    """Checks that an image has three dimensions, none of them 0."""
    try:
        shape = image.shape.with_rank(3)
    except ValueError:
        raise ValueError("'image' (shape %s) must be three-dimensional." % image.shape) from None
    if require_static and not shape.is_fully_defined():
        raise ValueError("'image' (shape %s) must be fully defined." % shape)
    if shape.rank is not None and any(d == 0 for d in shape.as_list()):
        raise ValueError("all dims of 'image.shape' must be > 0: %s" % shape)
    if shape.is_fully_defined():
        return []
    return [
        check_ops.assert_positive(
            shape_ops.shape(image), ["all dims of 'image.shape' must be > 0."]
        )
    ]


def check_at_least_3d(image, require_static=True):
    """Checks that images have three or more dimensions, the last three not 0."""
    if image.shape.rank is None:
        shape = image.shape
    else:
        try:
            shape = image.shape.with_rank_at_least(3)
        except ValueError:
            raise ValueError("'image' must be at least three-dimensional.") from None
    if require_static and not shape.is_fully_defined():
        raise ValueError("'image' must be fully defined.")
    if shape.rank is not None and any(d == 0 for d in shape.as_list()[-3:]):
        raise ValueError("all dims of 'image.shape' must be > 0: %s" % shape)
    if shape.is_fully_defined():
        return []
    return [
        check_ops.assert_positive(
            shape_ops.shape(image)[-3:], ["all dims of 'image.shape' must be > 0."]
        ),
        check_ops.assert_greater_equal(
            shape_ops.rank(image), 3, message="'image' must be at least three-dimensional."
        ),
    ]


def after(checks, image):
    """`image`, behind `checks`."""
    return control_flow_ops.with_dependencies(checks, image)


def as_batch(image):
    """(images [batch, height, width, channels], whether there was a batch, or None: unknown)."""
    rank = image.shape.rank
    if rank == 3:
        return array_ops.expand_dims(image, 0), False
    if rank is None:
        image = array_ops.expand_dims(image, 0)
        image.set_shape([None] * 4)
        return image, False
    if rank != 4:
        raise ValueError("'image' must have either 3 or 4 dimensions.")
    return image, True


def static_sizes(sizes):
    """Tensors replaced by None, for set_shape."""
    return [tensor_util.constant_value(s) if isinstance(s, Tensor) else s for s in sizes]


def to_image(value, name="image"):
    return ops.convert_to_tensor(value, name=name)
