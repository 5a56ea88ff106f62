# SPDX-License-Identifier: Apache-2.0
"""Diagonals of matrices; exchanges of space with depth and with the batch."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_util
from caudal.framework.op_factory import apply, public

space_to_batch_nd = public("SpaceToBatchND", "space_to_batch_nd")
batch_to_space_nd = public("BatchToSpaceND", "batch_to_space_nd")


def _is_int(value, wanted):
    return isinstance(value, int) and value == wanted


def matrix_diag(diagonal, name="diag", k=0, num_rows=-1, num_cols=-1, padding_value=0):
    """Matrices with given diagonals. Op: MatrixDiag, or MatrixDiagV2 for other arguments.

    Args:
      diagonal: a tensor of shape [..., n], or [..., count, n] for several diagonals: the highest
        first, shorter ones padded at their end.
      k: which diagonal, above the main one if positive; or [lowest, highest].
      num_rows, num_cols: the size of the matrices, by default the least that is square.
      padding_value: what stands elsewhere.
    """
    plain = _is_int(k, 0) and _is_int(num_rows, -1) and _is_int(num_cols, -1)
    if plain and _is_int(padding_value, 0):
        return apply("MatrixDiag", diagonal, name=name)
    diagonal = ops.convert_to_tensor(diagonal, name="diagonal")
    padding = ops.convert_to_tensor(padding_value, dtype=diagonal.dtype.base_dtype)
    return apply("MatrixDiagV2", diagonal, k, num_rows, num_cols, padding, name=name)


def matrix_diag_part(input, name="diag_part", k=0, padding_value=0):  # noqa: A002
    """Diagonals of matrices. Op: MatrixDiagPart, or MatrixDiagPartV2 for other arguments.

    Args:
      input: a tensor of shape [..., m, n].
      k: which diagonal, above the main one if positive; or [lowest, highest].
      padding_value: what shorter diagonals end with.
    """
    if _is_int(k, 0) and _is_int(padding_value, 0):
        return apply("MatrixDiagPart", input, name=name)
    input = ops.convert_to_tensor(input, name="input")
    padding = ops.convert_to_tensor(padding_value, dtype=input.dtype.base_dtype)
    return apply("MatrixDiagPartV2", input, k, padding, name=name)


def matrix_set_diag(input, diagonal, name="set_diag", k=0):  # noqa: A002
    """Matrices with diagonals replaced. Op: MatrixSetDiag, or MatrixSetDiagV2 for other k.

    Args:
      input: a tensor of shape [..., m, n].
      diagonal: a tensor of shape [..., min(m, n)], or what `matrix_diag_part` gives for k.
      k: which diagonal, above the main one if positive; or [lowest, highest].
    """
    if _is_int(k, 0):
        return apply("MatrixSetDiag", input, diagonal, name=name)
    return apply("MatrixSetDiagV2", input, diagonal, k, name=name)


def space_to_depth(input, block_size, name=None, data_format="NHWC"):  # noqa: A002
    """Moves blocks of pixels into the channels. Op: SpaceToDepth.

    Args:
      input: an image batch; height and width are multiples of `block_size`.
      block_size: an int >= 2.
      data_format: "NHWC" or "NCHW".
    """
    return apply("SpaceToDepth", input, block_size=block_size, data_format=data_format, name=name)


def depth_to_space(input, block_size, name=None, data_format="NHWC"):  # noqa: A002
    """Moves channels into blocks of pixels. Op: DepthToSpace.

    Args:
      input: an image batch; the depth is a multiple of `block_size` squared.
      block_size: an int >= 2.
      data_format: "NHWC" or "NCHW".
    """
    return apply("DepthToSpace", input, block_size=block_size, data_format=data_format, name=name)


def _block(block_size, block_shape):
    if block_shape is not None:
        if block_size is not None:
            raise ValueError("Cannot specify both 'block_shape' and 'block_size'")
        block_size = block_shape
    return np.array([block_size, block_size], dtype=np.int64)


def space_to_batch(input, paddings, block_size=None, name=None, block_shape=None):  # noqa: A002
    """Moves blocks of pixels of images into the batch. Op: SpaceToBatchND.

    Args:
      input: a tensor [batch, height, width, depth].
      paddings: an int tensor [2, 2], added before blocks are cut.
      block_size: an int.
      block_shape: another name of `block_size`.
    """
    result = space_to_batch_nd(input, _block(block_size, block_shape), paddings, name=name)
    result.set_shape(result.shape.with_rank(4))
    return result


def batch_to_space(input, crops, block_size, name=None, block_shape=None):  # noqa: A002
    """The inverse of `space_to_batch`. Op: BatchToSpaceND.

    Args:
      input: a tensor [batch, height, width, depth].
      crops: an int tensor [2, 2], cut off afterwards.
      block_size: an int.
      block_shape: another name of `block_size`.
    """
    result = batch_to_space_nd(input, _block(block_size, block_shape), crops, name=name)
    result.set_shape(result.shape.with_rank(4))
    return result


def required_space_to_batch_paddings(input_shape, block_shape, base_paddings=None, name=None):
    """The paddings that make a shape divisible into blocks, and the crops that undo them.

    Args:
      input_shape: an int32 vector [n].
      block_shape: an int32 vector [n].
      base_paddings: an int32 tensor [n, 2], the least paddings; zeros by default.

    Returns:
      (paddings, crops), int32 tensors [n, 2].
    """
    from caudal.ops import array_ops

    with ops.name_scope(name, "required_space_to_batch_paddings", [input_shape, block_shape]):
        input_shape = ops.convert_to_tensor(input_shape, dtypes.int32, "input_shape")
        block_shape = ops.convert_to_tensor(block_shape, dtypes.int32, "block_shape")
        block_shape.shape.assert_is_fully_defined()
        block_shape.shape.assert_has_rank(1)
        count = block_shape.shape.as_list()[0]
        if count == 0:
            empty = array_ops.zeros([0, 2], dtypes.int32)
            return empty, empty
        input_shape.shape.assert_is_compatible_with([count])
        if base_paddings is not None:
            base_paddings = ops.convert_to_tensor(base_paddings, dtypes.int32, "base_paddings")
            base_paddings.shape.assert_is_compatible_with([count, 2])
        else:
            base_paddings = array_ops.zeros([count, 2], dtypes.int32)
        values = [input_shape, block_shape, base_paddings]
        known = [tensor_util.constant_value(v) for v in values]
        if all(v is not None for v in known):
            values = known
        size, block, base = values
        before, after = base[:, 0], base[:, 1]
        extra = (block - (size + before + after) % block) % block
        end = after + extra
        paddings = array_ops.stack([[before[i], end[i]] for i in range(count)], name="paddings")
        crops = array_ops.stack([[0, extra[i]] for i in range(count)], name="crops")
        return paddings, crops
