# SPDX-License-Identifier: Apache-2.0
"""Distributions over positive definite matrices."""

import math

from caudal.contrib.distributions.bijectors.elementwise import checked
from caudal.framework import ops, tensor_shape, tensor_util
from caudal.ops import array_ops, check_ops, linalg_impl, math_ops, random_ops, sampling_ops
from caudal.ops.distributions.distribution import FULLY_REPARAMETERIZED, Distribution
from caudal.ops.distributions.util import gen_new_seed
from caudal.ops.linalg import plain_operators

__all__ = ["WishartCholesky", "WishartFull"]


class _Wishart(Distribution):
    """Sums of df outer products of normal vectors with covariance scale scale'.

    Args:
      df: float tensor, at least the size of the matrices.
      scale_operator: LinearOperator: the Cholesky factor of the scale matrix.
      cholesky_input_output_matrices: whether samples and values are Cholesky factors.
    """

    def __init__(self, df, scale_operator, cholesky_input_output_matrices, validate_args,
                 allow_nan_stats, name, parameters):  # fmt: skip
        self._cholesky_input_output_matrices = cholesky_input_output_matrices
        with ops.name_scope(name, values=[df]) as name:
            if not scale_operator.dtype.is_floating:
                raise TypeError(
                    f"scale_operator.dtype={scale_operator.dtype} is not a floating-point type"
                )
            self._scale_operator = scale_operator
            df = ops.convert_to_tensor(df, dtype=scale_operator.dtype, name="df")
            check_ops.assert_same_float_dtype((df,), scale_operator.dtype)
            known = scale_operator.domain_dimension.value
            if known is None:
                dimension = math_ops.cast(scale_operator.domain_dimension_tensor(), df.dtype)
            else:
                dimension = ops.convert_to_tensor(float(known), df.dtype, name="dimension")
            self._dimension = dimension
            df_value = tensor_util.constant_value(df)
            if df_value is not None and known is not None:
                if (df_value < known).any():
                    raise ValueError(
                        "Degrees of freedom (df = %s) cannot be less than dimension of scale "
                        "matrix (scale.dimension = %s)" % (df_value, known)
                    )
            elif validate_args:
                message = "Degrees of freedom (df) cannot be less than dimension of scale matrix"
                df = checked(df, [check_ops.assert_less_equal(dimension, df, message=message)])
            self._df = df
        super().__init__(
            dtype=scale_operator.dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._df, self._dimension] + list(scale_operator.graph_parents),
            name=name,
        )

    df = property(lambda self: self._df)
    dimension = property(lambda self: self._dimension)
    scale_operator = property(lambda self: self._scale_operator)
    cholesky_input_output_matrices = property(lambda self: self._cholesky_input_output_matrices)

    def scale(self):
        """The scale matrix, or its Cholesky factor."""
        dense = self.scale_operator.to_dense()
        if self.cholesky_input_output_matrices:
            return dense
        return self.scale_operator.matmul(dense, adjoint_arg=True)

    def _event_shape_tensor(self):
        n = self.scale_operator.domain_dimension_tensor()
        return array_ops.stack([n, n])

    def _event_shape(self):
        n = self.scale_operator.domain_dimension
        return tensor_shape.TensorShape([n, n])

    def _batch_shape_tensor(self):
        return array_ops.broadcast_dynamic_shape(
            self.scale_operator.batch_shape_tensor(), array_ops.shape(self.df)
        )

    def _batch_shape(self):
        return array_ops.broadcast_static_shape(self.scale_operator.batch_shape, self.df.shape)

    def _full(self, x):
        return x * array_ops.ones(self.batch_shape_tensor(), self.dtype)

    def _halves(self):
        """The concentrations (df - i) / 2 of all diagonal elements, [..., n]."""
        n = self.scale_operator.domain_dimension_tensor()
        steps = math_ops.cast(array_ops.range(n), self.dtype)
        return 0.5 * (self._full(self.df)[..., array_ops.newaxis] - steps)

    def _sample_n(self, n, seed=None):
        # Bartlett: below the diagonal normal numbers, on it roots of chi-squared ones.
        shape = array_ops.concat([[n], self.batch_shape_tensor(), self.event_shape_tensor()], 0)
        x = random_ops.random_normal(shape, dtype=self.dtype, seed=seed)
        halves = self._halves()
        gamma = sampling_ops.random_gamma(
            [n], halves, beta=array_ops.ones_like(halves) * 0.5, dtype=self.dtype,
            seed=gen_new_seed(seed, "wishart"),
        )  # fmt: skip
        x = array_ops.matrix_band_part(x, -1, 0)
        x = array_ops.matrix_set_diag(x, math_ops.sqrt(gamma))
        x = self.scale_operator.matmul(x)
        if not self.cholesky_input_output_matrices:
            x = math_ops.matmul(x, x, adjoint_b=True)
        return x

    def _log_prob(self, x):
        root = x if self.cholesky_input_output_matrices else linalg_impl.cholesky(x)
        inner = self.scale_operator.solve(root)
        trace = math_ops.reduce_sum(math_ops.square(inner), axis=[-2, -1])
        diag = array_ops.matrix_diag_part(root)
        half_det = math_ops.reduce_sum(math_ops.log(diag), axis=-1)
        log_prob = (self.df - self.dimension - 1.0) * half_det
        log_prob = log_prob - 0.5 * trace - self.log_normalization()
        if x.shape.ndims is not None and self.event_shape.ndims is not None:
            lead = x.shape[:-2]
            log_prob.set_shape(array_ops.broadcast_static_shape(lead, self.batch_shape))
        return log_prob

    def _prob(self, x):
        return math_ops.exp(self._log_prob(x))

    def log_normalization(self, name="log_normalization"):
        """The logarithm of what the density is divided by."""
        with self._name_scope(name):
            return (
                self.df * self.scale_operator.log_abs_determinant()
                + 0.5 * self.df * self.dimension * math.log(2.0)
                + self._multi_lgamma(0.5 * self.df, self.dimension)
            )

    def mean_log_det(self, name="mean_log_det"):
        """The mean of the logarithm of the determinant."""
        with self._name_scope(name):
            digammas = math_ops.reduce_sum(math_ops.digamma(self._halves()), axis=-1)
            return (
                digammas + self.dimension * math.log(2.0)
                + 2 * self.scale_operator.log_abs_determinant()
            )  # fmt: skip

    def _sequence(self, a, p):
        n = self.scale_operator.domain_dimension_tensor()
        return a[..., array_ops.newaxis] - 0.5 * math_ops.cast(array_ops.range(n), self.dtype)

    def _multi_lgamma(self, a, p):
        total = math_ops.reduce_sum(math_ops.lgamma(self._sequence(a, p)), axis=-1)
        return total + 0.25 * p * (p - 1.0) * math.log(math.pi)

    def _entropy(self):
        half_df, half_dim = 0.5 * self.df, 0.5 * (self.dimension + 1.0)
        digammas = math_ops.reduce_sum(
            math_ops.digamma(self._sequence(half_df, self.dimension)), axis=-1
        )
        return (
            self.dimension * half_df
            + 2 * half_dim * self.scale_operator.log_abs_determinant()
            + half_dim * self.dimension * math.log(2.0)
            + self._multi_lgamma(half_df, self.dimension)
            + (half_dim - half_df) * digammas
        )

    def _product(self):
        dense = self.scale_operator.to_dense()
        return self.scale_operator.matmul(dense, adjoint_arg=True)

    def _mean(self):
        df = self.df[..., array_ops.newaxis, array_ops.newaxis]
        if self.cholesky_input_output_matrices:
            return math_ops.sqrt(df) * self.scale_operator.to_dense()
        return df * self._product()

    def _variance(self):
        product = self._product()
        diag = array_ops.matrix_diag_part(product)[..., array_ops.newaxis]
        outer = math_ops.matmul(diag, diag, adjoint_b=True)
        df = self.df[..., array_ops.newaxis, array_ops.newaxis]
        variance = df * (math_ops.square(product) + outer)
        if self.cholesky_input_output_matrices:
            return linalg_impl.cholesky(variance)
        return variance

    def _stddev(self):
        if self.cholesky_input_output_matrices:
            raise ValueError("Computing std. dev. when is cholesky_input_output_matrices=True does "
                             "not make sense.")  # fmt: skip
        # As TensorFlow has it: the Cholesky factor.
        return linalg_impl.cholesky(self._variance())

    def _mode(self):
        s = (self.df - self.dimension - 1.0)[..., array_ops.newaxis, array_ops.newaxis]
        s = array_ops.where(s < 0, array_ops.ones_like(s) * float("nan"), s)
        if self.cholesky_input_output_matrices:
            return math_ops.sqrt(s) * self.scale_operator.to_dense()
        return s * self._product()


class WishartCholesky(_Wishart):
    """Wishart matrices by the Cholesky factor of the scale matrix.

    Args:
      df: float tensor, at least n.
      scale: float tensor [..., n, n]: lower triangular factors.
      cholesky_input_output_matrices: whether samples and values are Cholesky factors.
    """

    def __init__(self, df, scale, cholesky_input_output_matrices=False, validate_args=False,
                 allow_nan_stats=True, name="WishartCholesky"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[scale]) as name:
            scale = ops.convert_to_tensor(scale)
            if validate_args:
                message = "scale must be positive definite"
                shape = array_ops.shape(scale)
                scale = checked(scale, [
                    check_ops.assert_positive(
                        array_ops.matrix_diag_part(scale), message=message),
                    check_ops.assert_equal(
                        shape[-1], shape[-2], message="scale must be square"),
                ])  # fmt: skip
            operator = plain_operators.LinearOperatorLowerTriangular(
                scale, is_non_singular=True, is_positive_definite=True, is_square=True
            )
        super().__init__(
            df, operator, cholesky_input_output_matrices, validate_args, allow_nan_stats, name,
            parameters,
        )  # fmt: skip


class WishartFull(_Wishart):
    """Wishart matrices by the scale matrix.

    Args:
      df: float tensor, at least n.
      scale: float tensor [..., n, n]: positive definite matrices.
      cholesky_input_output_matrices: whether samples and values are Cholesky factors.
    """

    def __init__(self, df, scale, cholesky_input_output_matrices=False, validate_args=False,
                 allow_nan_stats=True, name="WishartFull"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[scale]) as name:
            scale = ops.convert_to_tensor(scale)
            if validate_args:
                message = "Matrix was not symmetric."
                scale = checked(scale, [check_ops.assert_near(
                    scale, array_ops.matrix_transpose(scale), message=message)])  # fmt: skip
            operator = plain_operators.LinearOperatorLowerTriangular(
                linalg_impl.cholesky(scale), is_non_singular=True, is_positive_definite=True,
                is_square=True,
            )  # fmt: skip
        super().__init__(
            df, operator, cholesky_input_output_matrices, validate_args, allow_nan_stats, name,
            parameters,
        )  # fmt: skip
