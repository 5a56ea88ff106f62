# SPDX-License-Identifier: Apache-2.0
"""Searches in sorted rows, rotations, windows of images, distances of sequences."""

from caudal.framework import dtypes, ops
from caudal.framework.op_factory import apply, public
from caudal.framework.sparse_tensor import SparseTensor, SparseTensorValue
from caudal.ops import array_ops

deep_copy = public("DeepCopy")
extract_volume_patches = public("ExtractVolumePatches")
guarantee_const = public("GuaranteeConst")
roll = public("Roll")
unravel_index = public("UnravelIndex")


def fingerprint(data, method="farmhash64", name=None):
    """Eight bytes that stand for each row. Op: Fingerprint.

    Args:
      data: a tensor, at least 1-D.
      method: "farmhash64".

    Returns:
      uint8 [rows, 8].
    """
    return apply("Fingerprint", data, method, name=name)


def searchsorted(sorted_sequence, values, side="left", out_type=dtypes.int32, name=None):
    """Where values would be inserted into sorted rows. Ops: LowerBound, UpperBound.

    Args:
      sorted_sequence: a tensor, sorted along its last axis.
      values: a tensor of the same dtype and leading axes.
      side: "left": before equal elements; "right": behind them.
      out_type: int32 or int64.

    Returns:
      A tensor like `values`.
    """
    if side not in ("left", "right"):
        raise ValueError("side must be either 'right' or 'left'.  Saw: %s." % side)
    sorted_sequence = ops.convert_to_tensor(sorted_sequence)
    values = ops.convert_to_tensor(values, dtype_hint=sorted_sequence.dtype.base_dtype)
    rows = array_ops.reshape(sorted_sequence, [-1, array_ops.shape(sorted_sequence)[-1]])
    wanted = array_ops.reshape(values, [-1, array_ops.shape(values)[-1]])
    op_name = "UpperBound" if side == "right" else "LowerBound"
    places = apply(op_name, rows, wanted, out_type=out_type, name=name)
    return array_ops.reshape(places, array_ops.shape(values))


def _sparse(value, what):
    if isinstance(value, SparseTensorValue):
        value = SparseTensor.from_value(value)
    if not isinstance(value, SparseTensor):
        raise TypeError("%s must be a SparseTensor." % what)
    return value


def edit_distance(hypothesis, truth, normalize=True, name="edit_distance"):
    """The least number of insertions, deletions and replacements between sequences that lie along
    the last axes of two sparse tensors. Op: EditDistance.

    Args:
      hypothesis, truth: SparseTensors of one dtype and rank.
      normalize: divide by the length of the truth; infinite where that is 0.

    Returns:
      A float32 tensor without the last axis.
    """
    hypothesis, truth = _sparse(hypothesis, "Hypothesis"), _sparse(truth, "Truth")
    return apply(
        "EditDistance", hypothesis.indices, hypothesis.values, hypothesis.dense_shape,
        truth.indices, truth.values, truth.dense_shape, normalize=normalize, name=name,
    )  # fmt: skip


def extract_image_patches(
    images, ksizes=None, strides=None, rates=None, padding=None, name=None, sizes=None
):
    """Windows of images, laid into the channels. Op: ExtractImagePatches.

    Args:
      images: [batch, height, width, channels].
      ksizes: [1, rows, columns, 1]: the size of a window.
      strides: [1, rows, columns, 1]: the distance of windows.
      rates: [1, rows, columns, 1]: the distance of elements inside a window.
      padding: "SAME" or "VALID".
      sizes: old name of ksizes.

    Returns:
      [batch, windows down, windows across, rows * columns * channels].
    """
    if sizes is not None:
        if ksizes is not None:
            raise ValueError("Cannot specify both 'sizes' and 'ksizes'")
        ksizes = sizes
    return apply(
        "ExtractImagePatches", images, ksizes=ksizes, strides=strides, rates=rates,
        padding=padding, name=name,
    )  # fmt: skip


def extract_image_patches_v2(images, sizes, strides, rates, padding, name=None):
    """`extract_image_patches` under TF 2's names."""
    return extract_image_patches(images, sizes, strides, rates, padding, name)
