# SPDX-License-Identifier: Apache-2.0
"""Products and equations with tridiagonal matrices."""

from caudal.framework import ops
from caudal.framework.op_factory import apply
from caudal.ops import array_ops, math_ops, space_ops


def _padded(row, size, what, before):
    """A diagonal of the length of the main one, zero where the matrix ends."""
    length = row.shape.as_list()[-1] if row.shape.rank else None
    if not length or length == size:
        return row
    if length != size - 1:
        raise ValueError(
            "Expected %s to be have length %d or %d, got %d." % (what, size, size - 1, length)
        )
    pads = [[0, 0]] * (row.shape.rank - 1) + [[1, 0] if before else [0, 1]]
    return array_ops.pad(row, pads)


def _rows(diagonals, diagonals_format):
    """(above, main, below), each [..., m], of one of the three forms."""
    if diagonals_format == "sequence":
        if not isinstance(diagonals, (tuple, list)) or len(diagonals) != 3:
            raise ValueError("Expected diagonals to be a sequence of length 3.")
        above, main, below = [ops.convert_to_tensor(d) for d in diagonals]
        shape = main.shape
        for d in (above, below):
            if not shape[:-1].is_compatible_with(d.shape[:-1]):
                raise ValueError(
                    "Tensors representing the three diagonals must have the same shape,except for "
                    "the last dimension, got %s, %s, %s" % (above.shape, main.shape, below.shape)
                )
        size = shape.as_list()[-1] if shape.rank else None
        if size is None:
            return above, main, below
        return (
            _padded(above, size, "superdiagonal", False),
            main,
            _padded(below, size, "subdiagonal", True),
        )
    if diagonals_format == "matrix":
        matrix = ops.convert_to_tensor(diagonals)
        rank = matrix.shape.rank
        if rank is None or rank < 2:
            raise ValueError("Expected diagonals to have rank at least 2, got %s" % matrix.shape)
        m, n = matrix.shape.as_list()[-2:]
        if m and n and m != n:
            raise ValueError(
                "Expected last two dimensions of diagonals to be same, got %d and %d" % (m, n)
            )
        if not (m or n):
            raise ValueError("The size of the matrix needs to be known")
        pads = [[0, 0]] * (rank - 2)
        above = space_ops.matrix_diag_part(matrix[..., :-1, 1:])
        below = space_ops.matrix_diag_part(matrix[..., 1:, :-1])
        return (
            array_ops.pad(above, [*pads, [0, 1]]),
            space_ops.matrix_diag_part(matrix),
            array_ops.pad(below, [*pads, [1, 0]]),
        )
    raise ValueError("Unrecognized diagonals_format: %s" % diagonals_format)


def tridiagonal_solve(
    diagonals, rhs, diagonals_format="compact", transpose_rhs=False, conjugate_rhs=False,
    name=None, partial_pivoting=True,
):  # fmt: skip
    """Solves equations with tridiagonal matrices. Op: TridiagonalSolve.

    Args:
      diagonals: by `diagonals_format`: "compact" [..., 3, m] (above, main and below; the last
        element of the first and the first of the last row are not used), "sequence" a tuple of
        three [..., m] (or m - 1 for the outer ones), "matrix" [..., m, m].
      rhs: [..., m] or [..., m, k].
      diagonals_format: see above.
      transpose_rhs: whether `rhs` and the result are [..., k, m].
      conjugate_rhs: conjugate `rhs` first.
      name: name scope.
      partial_pivoting: more stable; False needs matrices that do without.

    Raises:
      ValueError: for shapes that do not fit or an unknown format.
    """
    with ops.name_scope(name or "tridiagonal_solve"):
        if diagonals_format == "compact":
            diagonals = ops.convert_to_tensor(diagonals)
        else:
            diagonals = array_ops.stack(_rows(diagonals, diagonals_format), axis=-2)
        rhs = ops.convert_to_tensor(rhs, dtype=diagonals.dtype.base_dtype)
        return _solve(diagonals, rhs, transpose_rhs, conjugate_rhs, partial_pivoting)


def _solve(diagonals, rhs, transpose, conjugate, pivoting):
    rank, own = diagonals.shape.rank, rhs.shape.rank
    if rank is None or own is None:
        raise ValueError("tridiagonal_solve needs tensors of known rank")
    if rank < 2:
        raise ValueError("Expected diagonals to have rank at least 2, got %d" % rank)
    if own not in (rank, rank - 1):
        raise ValueError("Expected the rank of rhs to be %d or %d, got %d" % (rank - 1, rank, own))
    if diagonals.shape.as_list()[-2] not in (None, 3):
        raise ValueError("Expected 3 diagonals got %d" % diagonals.shape.as_list()[-2])
    if not diagonals.shape[:-2].is_compatible_with(rhs.shape[: rank - 2]):
        raise ValueError(
            "Batch shapes %s and %s are incompatible"
            % (diagonals.shape[:-2], rhs.shape[: rank - 2])
        )
    vector = own == rank - 1
    if vector:
        rhs = array_ops.expand_dims(math_ops.conj(rhs) if conjugate else rhs, -1)
    elif transpose:
        rhs = array_ops.matrix_transpose(rhs, conjugate=conjugate)
    elif conjugate:
        rhs = math_ops.conj(rhs)
    sizes = diagonals.shape.as_list()[-1], rhs.shape.as_list()[-2]
    if None not in sizes and sizes[0] != sizes[1]:
        raise ValueError(
            "Expected number of left-hand sided and right-hand sides to be equal, got %d and %d"
            % sizes
        )
    result = apply("TridiagonalSolve", diagonals, rhs, partial_pivoting=pivoting)
    if vector:
        return array_ops.squeeze(result, -1)
    return array_ops.matrix_transpose(result) if transpose else result


def tridiagonal_matmul(diagonals, rhs, diagonals_format="compact", name=None):
    """Products of tridiagonal matrices with `rhs`. Op: TridiagonalMatMul.

    Args:
      diagonals: as in `tridiagonal_solve`.
      rhs: [..., m, k].
      diagonals_format: "compact", "sequence" or "matrix".
    """
    with ops.name_scope(name or "tridiagonal_matmul"):
        if diagonals_format == "compact":
            packed = ops.convert_to_tensor(diagonals)
            rows = [packed[..., i, :] for i in range(3)]
        else:
            rows = _rows(diagonals, diagonals_format)
        rows = [array_ops.expand_dims(row, -2) for row in rows]
        return apply("TridiagonalMatMul", *rows, rhs)
