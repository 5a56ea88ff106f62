# SPDX-License-Identifier: Apache-2.0
"""Circulant operators, which Fourier transforms diagonalise, and Toeplitz ones."""

import numpy as np

from caudal.framework import dtypes, ops, tensor_shape
from caudal.ops import array_ops, check_ops, fourier_ops, linalg_ops, math_ops, shape_ops
from caudal.ops.linalg.linear_operator import (
    LinearOperator,
    assert_no_zeros,
    assert_real,
    check_rank,
)


class _Circulant(LinearOperator):
    """Diagonal between a Fourier transform of some dimensions and its inverse."""

    _dimensions = 1

    def __init__(
        self, spectrum, input_output_dtype, is_non_singular, is_self_adjoint,
        is_positive_definite, is_square, name,
    ):  # fmt: skip
        if not is_square:
            raise ValueError("A [[nested] block] circulant operator is always square.")
        with ops.name_scope(name, values=[spectrum]):
            self._spectrum = ops.convert_to_tensor(spectrum, name="spectrum")
            rank = self._spectrum.shape.rank
            if rank is not None and rank < self._dimensions:
                raise ValueError(
                    "Argument spectrum must have at least %d dimensions.  Found: %s"
                    % (self._dimensions, self._spectrum)
                )
            if not self._spectrum.dtype.is_complex:
                if is_self_adjoint is False:
                    raise ValueError(
                        "A real spectrum always corresponds to a self-adjoint operator."
                    )
                is_self_adjoint = True
            super().__init__(
                input_output_dtype, [self._spectrum], is_non_singular, is_self_adjoint,
                is_positive_definite, True, name,
            )  # fmt: skip

    spectrum = property(lambda self: self._spectrum)
    block_depth = property(lambda self: self._dimensions)

    @property
    def block_shape(self):
        return self._spectrum.shape[-self._dimensions :]

    def block_shape_tensor(self):
        return shape_ops.shape(self._spectrum)[-self._dimensions :]

    def _shape(self):
        if self._spectrum.shape.rank is None:
            return tensor_shape.TensorShape(None)
        n = self.block_shape.num_elements()
        return self._spectrum.shape[: -self._dimensions].concatenate(
            tensor_shape.TensorShape([n, n])
        )

    def _shape_tensor(self):
        n = math_ops.reduce_prod(self.block_shape_tensor())
        return array_ops.concat([shape_ops.shape(self._spectrum)[: -self._dimensions], [n, n]], 0)

    def convolution_kernel(self, name="convolution_kernel"):
        """The first columns as blocks: the inverse transform of the spectrum."""
        with self._scope(name):
            back = (fourier_ops.ifft, fourier_ops.ifft2d, fourier_ops.ifft3d)[self._dimensions - 1]
            double = self._spectrum.dtype in (dtypes.float64, dtypes.complex128)
            whole = dtypes.complex128 if double else dtypes.complex64
            return math_ops.cast(back(math_ops.cast(self._spectrum, whole)), self.dtype)

    def assert_hermitian_spectrum(self, name="assert_hermitian_spectrum"):
        """An op that fails if the matrix has imaginary parts beyond what rounding explains."""
        with self._scope(name):
            back = (fourier_ops.ifft, fourier_ops.ifft2d, fourier_ops.ifft3d)[self._dimensions - 1]
            spectrum = self._spectrum
            if not spectrum.dtype.is_complex:
                spectrum = math_ops.cast(spectrum, dtypes.complex128)
            kernel = back(spectrum)
            part = math_ops.abs(math_ops.imag(kernel))
            eps = np.finfo(part.dtype.as_numpy_dtype).eps
            size = math_ops.reduce_max(math_ops.abs(kernel))
            n = math_ops.cast(math_ops.reduce_prod(self.block_shape_tensor()), part.dtype)
            limit = 5 * eps * math_ops.maximum(size, 1) * math_ops.sqrt(n)
            return check_ops.assert_less(part, limit, message="Spectrum was not Hermitian")

    def _assert_non_singular(self):
        return assert_no_zeros(
            self._spectrum, "Singular operator:  Spectrum contained zero values."
        )

    def _assert_positive_definite(self):
        return check_ops.assert_positive(
            math_ops.real(self._spectrum),
            message="Not positive definite:  Real part of spectrum was not all positive.",
        )

    def _assert_self_adjoint(self):
        return assert_real(
            self._spectrum, "Not self-adjoint:  The spectrum contained non-zero imaginary part."
        )

    def adjoint(self, name="adjoint"):
        if self.is_self_adjoint:
            return self
        return type(self)(
            math_ops.conj(self._spectrum),
            self.dtype,
            self.is_non_singular,
            self.is_self_adjoint,
            self.is_positive_definite,
        )

    def inverse(self, name="inverse"):
        super().inverse()  # its checks
        return type(self)(
            1.0 / self._spectrum,
            self.dtype,
            self.is_non_singular,
            self.is_self_adjoint,
            self.is_positive_definite,
        )

    def _turn(self, x, spectrum, divide):
        """Applies the operator to matrices [..., N, R]."""
        double = self.dtype in (dtypes.float64, dtypes.complex128)
        whole = dtypes.complex128 if double else dtypes.complex64
        forward, back = {
            1: (fourier_ops.fft, fourier_ops.ifft),
            2: (fourier_ops.fft2d, fourier_ops.ifft2d),
            3: (fourier_ops.fft3d, fourier_ops.ifft3d),
        }[self._dimensions]
        rows = array_ops.matrix_transpose(math_ops.cast(x, whole))
        dims = shape_ops.shape(rows)
        blocks = array_ops.reshape(
            rows, array_ops.concat([dims[:-1], self.block_shape_tensor()], 0)
        )
        axis = -self._dimensions - 1
        weights = array_ops.expand_dims(math_ops.cast(spectrum, whole), axis)
        turned = forward(blocks)
        turned = back(turned / weights if divide else turned * weights)
        sizes = array_ops.concat([shape_ops.shape(turned)[: -self._dimensions], dims[-1:]], 0)
        return math_ops.cast(
            array_ops.matrix_transpose(array_ops.reshape(turned, sizes)), self.dtype
        )

    def _matmul(self, x, adjoint=False, adjoint_arg=False):
        x = linalg_ops.adjoint(x) if adjoint_arg else x
        return self._turn(x, math_ops.conj(self._spectrum) if adjoint else self._spectrum, False)

    def _solve(self, rhs, adjoint=False, adjoint_arg=False):
        rhs = linalg_ops.adjoint(rhs) if adjoint_arg else rhs
        return self._turn(rhs, math_ops.conj(self._spectrum) if adjoint else self._spectrum, True)

    def _over(self, function, x):
        return function(x, axis=list(range(-self._dimensions, 0)))

    def _determinant(self):
        return math_ops.cast(self._over(math_ops.reduce_prod, self._spectrum), self.dtype)

    def _log_abs_determinant(self):
        sizes = math_ops.log(math_ops.abs(self._spectrum))
        return math_ops.cast(self._over(math_ops.reduce_sum, sizes), self.dtype)


class LinearOperatorCirculant(_Circulant):
    """Circulant matrices with these eigenvalues [..., N]."""

    def __init__(
        self, spectrum, input_output_dtype=dtypes.complex64, is_non_singular=None,
        is_self_adjoint=None, is_positive_definite=None, is_square=True,
        name="LinearOperatorCirculant",
    ):  # fmt: skip
        super().__init__(
            spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite,
            is_square, name,
        )  # fmt: skip


class LinearOperatorCirculant2D(_Circulant):
    """Block circulant matrices with these eigenvalues [..., N0, N1]."""

    _dimensions = 2

    def __init__(
        self, spectrum, input_output_dtype=dtypes.complex64, is_non_singular=None,
        is_self_adjoint=None, is_positive_definite=None, is_square=True,
        name="LinearOperatorCirculant2D",
    ):  # fmt: skip
        super().__init__(
            spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite,
            is_square, name,
        )  # fmt: skip


class LinearOperatorCirculant3D(_Circulant):
    """Nested block circulant matrices with these eigenvalues [..., N0, N1, N2]."""

    _dimensions = 3

    def __init__(
        self, spectrum, input_output_dtype=dtypes.complex64, is_non_singular=None,
        is_self_adjoint=None, is_positive_definite=None, is_square=True,
        name="LinearOperatorCirculant3D",
    ):  # fmt: skip
        super().__init__(
            spectrum, input_output_dtype, is_non_singular, is_self_adjoint, is_positive_definite,
            is_square, name,
        )  # fmt: skip


class LinearOperatorToeplitz(LinearOperator):
    """Matrices that are constant along diagonals: first column `col`, first row `row` [..., N]."""

    def __init__(
        self, col, row, is_non_singular=None, is_self_adjoint=None, is_positive_definite=None,
        is_square=None, name="LinearOperatorToeplitz",
    ):  # fmt: skip
        if is_square is False:
            raise ValueError("Only square Toeplitz operators currently supported.")
        with ops.name_scope(name, values=[row, col]):
            self._row = ops.convert_to_tensor(row, name="row")
            self._col = ops.convert_to_tensor(col, name="col")
            for tensor, what in ((self._row, "row"), (self._col, "col")):
                check_rank(tensor, 1, what)
            if self._row.shape.rank and self._col.shape.rank:
                a, b = self._row.shape.as_list()[-1], self._col.shape.as_list()[-1]
                if None not in (a, b) and a != b:
                    raise ValueError(
                        "Expected square matrix, got row and col with mismatched dimensions."
                    )
            super().__init__(
                self._row.dtype, [self._row, self._col], is_non_singular, is_self_adjoint,
                is_positive_definite, True, name,
            )  # fmt: skip

    col = property(lambda self: self._col)
    row = property(lambda self: self._row)

    def _shape(self):
        batch = shape_ops.broadcast_static_shape(self._row.shape, self._col.shape)
        batch = tensor_shape.TensorShape(batch)
        return batch.concatenate(batch[-1:])

    def _shape_tensor(self):
        dims = shape_ops.broadcast_dynamic_shape(
            shape_ops.shape(self._row), shape_ops.shape(self._col)
        )
        return array_ops.concat([dims, dims[-1:]], 0)

    def _to_dense(self):
        dims = self.shape_tensor()[:-1]
        row, col = array_ops.broadcast_to(self._row, dims), array_ops.broadcast_to(self._col, dims)
        n = dims[-1]
        # [col reversed, row without its first]: entry n - 1 + j - i is the element (i, j).
        line = array_ops.concat([array_ops.reverse(col, [-1]), row[..., 1:]], -1)
        count = array_ops.range(n)
        places = n - 1 + count[None, :] - count[:, None]
        return array_ops.gather(line, places, axis=-1)
