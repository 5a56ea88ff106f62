# SPDX-License-Identifier: Apache-2.0
"""Bijectors of vectors and matrices by linear algebra."""

from caudal.contrib.distributions.bijectors.base import Bijector
from caudal.contrib.distributions.bijectors.compound import (
    Chain,
    FillTriangular,
    TransformDiagonal,
)
from caudal.contrib.distributions.bijectors.elementwise import AffineScalar, Softplus, checked
from caudal.framework import ops
from caudal.ops import array_ops, check_ops, linalg_impl, linalg_ops, math_ops
from caudal.ops.linalg import combined_operators, linear_operator, plain_operators

__all__ = [
    "Affine",
    "AffineLinearOperator",
    "CholeskyOuterProduct",
    "MatrixInverseTriL",
    "ScaleTriL",
]


def make_scale(shift, identity_multiplier, diag, tril, perturb_factor, perturb_diag,
               validate_args, dtype=None):  # fmt: skip
    """The LinearOperator of (multiplier I or diag or tril) + factor diag(perturb) factor'.

    The multiplier is a scalar tensor or None where there is no matrix to tell the size; None
    without any of the arguments.
    """

    def tensor(value, name):
        if value is None:
            return None
        return ops.convert_to_tensor(value, name=name, dtype=dtype)

    identity_multiplier = tensor(identity_multiplier, "scale_identity_multiplier")
    diag, tril = tensor(diag, "scale_diag"), tensor(tril, "scale_tril")
    perturb_factor = tensor(perturb_factor, "scale_perturb_factor")
    perturb_diag = tensor(perturb_diag, "scale_perturb_diag")
    if tril is not None:
        tril = array_ops.matrix_band_part(tril, -1, 0)
        main = array_ops.matrix_diag_part(tril)
        if diag is not None:
            main = main + diag
        if identity_multiplier is not None:
            main = main + identity_multiplier[..., array_ops.newaxis]
        if validate_args:
            message = "Matrix must be non-singular: its diagonal has a zero."
            zero = array_ops.zeros([], main.dtype)
            main = checked(main, [check_ops.assert_none_equal(main, zero, message=message)])
        if diag is not None or identity_multiplier is not None or validate_args:
            tril = array_ops.matrix_set_diag(tril, main)
        base = plain_operators.LinearOperatorLowerTriangular(
            tril, is_non_singular=True, is_self_adjoint=False
        )
    elif diag is not None or (identity_multiplier is not None and perturb_factor is not None):
        if diag is None:
            length = array_ops.shape(perturb_factor)[-2]
            static = perturb_factor.shape.with_rank_at_least(2)[-2].value
            ones = array_ops.ones([length if static is None else static], perturb_factor.dtype)
            diag = ones * identity_multiplier[..., array_ops.newaxis]
        elif identity_multiplier is not None:
            diag = diag + identity_multiplier[..., array_ops.newaxis]
        if validate_args:
            message = "Matrix must be non-singular: its diagonal has a zero."
            zero = array_ops.zeros([], diag.dtype)
            diag = checked(diag, [check_ops.assert_none_equal(diag, zero, message=message)])
        base = plain_operators.LinearOperatorDiag(
            diag, is_non_singular=True, is_self_adjoint=True,
            is_positive_definite=True if perturb_factor is not None else None,
        )  # fmt: skip
    elif perturb_factor is not None:
        length = perturb_factor.shape.with_rank_at_least(2)[-2].value
        base = plain_operators.LinearOperatorIdentity(
            length if length is not None else array_ops.shape(perturb_factor)[-2],
            dtype=perturb_factor.dtype,
        )
    else:
        return None
    if perturb_factor is None:
        return base
    return combined_operators.LinearOperatorLowRankUpdate(
        base, u=perturb_factor, diag_update=perturb_diag,
        is_diag_update_positive=None if perturb_diag is not None else True,
        is_non_singular=True, is_self_adjoint=True, is_positive_definite=True, is_square=True,
    )  # fmt: skip


class Affine(Bijector):
    """scale @ x + shift, where scale is a sum of what is given.

    Args:
      shift: float tensor [..., n], or None.
      scale_identity_multiplier: float tensor [...].
      scale_diag: [..., n]; scale_tril: [..., n, n], of which the lower triangle counts.
      scale_perturb_factor, scale_perturb_diag: [..., n, r] and [..., r]: adds factor
        diag(perturb_diag) factor'.
      validate_args: whether arguments are checked when run.

    Raises:
      ValueError: for a perturb_diag without factor.
      TypeError: for dtypes that differ.
    """

    def __init__(self, shift=None, scale_identity_multiplier=None, scale_diag=None,
                 scale_tril=None, scale_perturb_factor=None, scale_perturb_diag=None,
                 validate_args=False, name="affine"):  # fmt: skip
        given = (shift, scale_identity_multiplier, scale_diag, scale_tril, scale_perturb_diag,
                 scale_perturb_factor)  # fmt: skip
        given = [t for t in given if t is not None]
        with ops.name_scope(name, values=given):
            dtype = None
            for t in given:
                if hasattr(t, "dtype"):
                    dtype = ops.convert_to_tensor(t).dtype.base_dtype
                    break
            if dtype is None and given:
                dtype = ops.convert_to_tensor(given[0]).dtype.base_dtype
            if scale_perturb_diag is not None and scale_perturb_factor is None:
                raise ValueError(
                    "When scale_perturb_diag is specified, scale_perturb_factor must be specified."
                )
            self._shift = None
            if shift is not None:
                self._shift = ops.convert_to_tensor(shift, name="shift", dtype=dtype)
            self._scale = make_scale(
                self._shift, scale_identity_multiplier, scale_diag, scale_tril,
                scale_perturb_factor, scale_perturb_diag, validate_args, dtype,
            )  # fmt: skip
            self._multiplier = None
            if self._scale is None and scale_identity_multiplier is not None:
                multiplier = ops.convert_to_tensor(
                    scale_identity_multiplier, name="scale_identity_multiplier", dtype=dtype
                )
                if validate_args:
                    zero = array_ops.zeros([], multiplier.dtype)
                    multiplier = checked(
                        multiplier, [check_ops.assert_none_equal(multiplier, zero)]
                    )
                self._multiplier = multiplier
        parents = [] if self._shift is None else [self._shift]
        if self._scale is not None:
            parents += list(self._scale.graph_parents)
        elif self._multiplier is not None:
            parents.append(self._multiplier)
        super().__init__(
            forward_min_event_ndims=1, graph_parents=parents, is_constant_jacobian=True,
            dtype=dtype, validate_args=validate_args, name=name,
        )  # fmt: skip

    shift = property(lambda self: self._shift)

    @property
    def scale(self):
        return self._scale

    def _forward(self, x):
        y = x
        if self._multiplier is not None:
            y = y * self._multiplier[..., array_ops.newaxis]
        elif self._scale is not None:
            y = self._scale.matvec(y)
        return y if self.shift is None else y + self.shift

    def _inverse(self, y):
        x = y if self.shift is None else y - self.shift
        if self._multiplier is not None:
            return x / self._multiplier[..., array_ops.newaxis]
        return x if self._scale is None else self._scale.solvevec(x)

    def _forward_log_det_jacobian(self, x):
        if self._multiplier is not None:
            n = math_ops.cast(array_ops.shape(x)[-1], dtype=x.dtype.base_dtype)
            return math_ops.log(math_ops.abs(self._multiplier)) * n
        if self._scale is None:
            return ops.convert_to_tensor(0.0, dtype=x.dtype.base_dtype)
        return self._scale.log_abs_determinant()


class AffineLinearOperator(Bijector):
    """scale @ x + shift.

    Args:
      shift: float tensor [..., n], or None.
      scale: LinearOperator that is known to be non-singular, or None.

    Raises:
      TypeError, ValueError: for another scale.
    """

    def __init__(self, shift=None, scale=None, validate_args=False,
                 name="affine_linear_operator"):  # fmt: skip
        parents, dtype = [], None
        with ops.name_scope(name, values=[shift]):
            self._shift = None
            if shift is not None:
                self._shift = ops.convert_to_tensor(shift, name="shift")
                parents, dtype = [self._shift], self._shift.dtype.base_dtype
            if scale is not None:
                if shift is not None and self._shift.dtype.base_dtype != scale.dtype.base_dtype:
                    raise TypeError(
                        "shift.dtype(%s) is incompatible with scale.dtype(%s)."
                        % (self._shift.dtype, scale.dtype)
                    )
                if not isinstance(scale, linear_operator.LinearOperator):
                    raise TypeError("scale is not an instance of tf.LinearOperator")
                if validate_args and not scale.is_non_singular:
                    raise ValueError("Scale matrix must be non-singular.")
                parents = parents + list(scale.graph_parents)
                dtype = scale.dtype.base_dtype
            self._scale = scale
        super().__init__(
            forward_min_event_ndims=1, graph_parents=parents, is_constant_jacobian=True,
            dtype=dtype, validate_args=validate_args, name=name,
        )  # fmt: skip

    shift = property(lambda self: self._shift)
    scale = property(lambda self: self._scale)

    def _forward(self, x):
        y = x if self.scale is None else self.scale.matvec(x)
        return y if self.shift is None else y + self.shift

    def _inverse(self, y):
        x = y if self.shift is None else y - self.shift
        return x if self.scale is None else self.scale.solvevec(x)

    def _forward_log_det_jacobian(self, x):
        if self.scale is None:
            return ops.convert_to_tensor(0.0, dtype=x.dtype.base_dtype)
        return self.scale.log_abs_determinant()


class CholeskyOuterProduct(Bijector):
    """L @ L' of lower triangular matrices with a positive diagonal."""

    def __init__(self, validate_args=False, name="cholesky_outer_product"):
        super().__init__(forward_min_event_ndims=2, validate_args=validate_args, name=name)

    def _forward(self, x):
        if self.validate_args:
            shape = array_ops.shape(x)
            x = checked(x, [
                check_ops.assert_rank_at_least(x, 2, message="Input must be a (batch of) matrix."),
                check_ops.assert_equal(
                    shape[-2], shape[-1], message="Input must be a (batch of) square matrix."),
            ])  # fmt: skip
        x = array_ops.matrix_band_part(x, -1, 0)
        return math_ops.matmul(x, x, adjoint_b=True)

    def _inverse(self, y):
        return linalg_impl.cholesky(y)

    def _forward_log_det_jacobian(self, x):
        # Row i of the product depends on n - i elements through the diagonal element i.
        diag = array_ops.matrix_diag_part(x)
        known = x.shape[-1].value if x.shape.ndims is not None else None
        n = known if known is not None else array_ops.shape(x)[-1]
        if self.validate_args:
            message = "Input must have all positive diagonal elements."
            diag = checked(diag, [check_ops.assert_positive(diag, message=message)])
        powers = math_ops.cast(array_ops.range(n, 0, -1), diag.dtype)
        logs = math_ops.reduce_sum(powers * math_ops.log(diag), axis=-1)
        return logs + math_ops.cast(n, diag.dtype) * 0.6931471805599453


class MatrixInverseTriL(Bijector):
    """The inverse of lower triangular matrices."""

    def __init__(self, validate_args=False, name="matrix_inverse_tril"):
        super().__init__(forward_min_event_ndims=2, validate_args=validate_args, name=name)

    def _valid(self, x):
        if not self.validate_args:
            return x
        if x.shape.ndims is not None and x.shape.ndims < 2:
            raise ValueError("Input must be a (batch of) square matrix.")
        shape = array_ops.shape(x)
        upper = array_ops.matrix_set_diag(
            array_ops.matrix_band_part(x, 0, -1), array_ops.zeros_like(x[..., 0])
        )
        zero = array_ops.zeros([], x.dtype)
        return checked(x, [
            check_ops.assert_rank_at_least(x, 2, message="Input must be a (batch of) matrix."),
            check_ops.assert_equal(
                shape[-2], shape[-1], message="Input must be a (batch of) square matrix."),
            check_ops.assert_equal(upper, zero, message="Input must be lower triangular."),
            check_ops.assert_none_equal(
                array_ops.matrix_diag_part(x), zero,
                message="Input must have all diagonal entries nonzero."),
        ])  # fmt: skip

    def _forward(self, x):
        x = self._valid(x)
        shape = array_ops.shape(x)
        unit = linalg_ops.eye(shape[-1], batch_shape=shape[:-2], dtype=x.dtype)
        result = linalg_impl.matrix_triangular_solve(x, unit)
        result.set_shape(x.shape)
        return result

    _inverse = _forward

    def _forward_log_det_jacobian(self, x):
        x = self._valid(x)
        # As TensorFlow has it: the jacobian of the inverse of any matrix.
        n = math_ops.cast(array_ops.shape(x)[-1], x.dtype)
        diag = array_ops.matrix_diag_part(x)
        return -2.0 * n * math_ops.reduce_sum(math_ops.log(math_ops.abs(diag)), axis=-1)


class ScaleTriL(Chain):
    """Vectors as lower triangular matrices with a positive diagonal.

    Args:
      diag_bijector: Bijector of the diagonal; default: Softplus.
      diag_shift: added to the diagonal afterwards, or None.
    """

    def __init__(self, diag_bijector=None, diag_shift=1e-5, validate_args=False,
                 name="scale_tril"):  # fmt: skip
        if diag_bijector is None:
            diag_bijector = Softplus(validate_args=validate_args)
        if diag_shift is not None:
            diag_bijector = Chain([AffineScalar(shift=diag_shift), diag_bijector])
        super().__init__(
            [TransformDiagonal(diag_bijector=diag_bijector), FillTriangular()],
            validate_args=validate_args, name=name,
        )  # fmt: skip
