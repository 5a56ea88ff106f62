# SPDX-License-Identifier: Apache-2.0
"""Distributions over vectors: a linear map of independent numbers, and a location."""

import math

from caudal.contrib.distributions.bijectors.elementwise import SinhArcsinh, checked
from caudal.contrib.distributions.bijectors.matrices import make_scale
from caudal.framework import dtypes, ops, tensor_shape
from caudal.ops import array_ops, check_ops, linalg_impl, math_ops, nn_ops, random_ops
from caudal.ops.distributions import kullback_leibler
from caudal.ops.distributions.distribution import FULLY_REPARAMETERIZED, Distribution
from caudal.ops.linalg import plain_operators

__all__ = [
    "MultivariateNormalDiag",
    "MultivariateNormalDiagPlusLowRank",
    "MultivariateNormalDiagWithSoftplusScale",
    "MultivariateNormalFullCovariance",
    "MultivariateNormalTriL",
    "VectorExponentialDiag",
    "VectorLaplaceDiag",
    "VectorSinhArcsinhDiag",
]


def _common_dtype(*given):
    for t in given:
        if t is not None and hasattr(t, "dtype"):
            return dtypes.as_dtype(t.dtype).base_dtype
    for t in given:
        if t is not None:
            return ops.convert_to_tensor(t).dtype.base_dtype
    return None


def _diag_scale(loc, scale_diag, multiplier, validate_args, dtype, perturb_factor=None,
                perturb_diag=None):  # fmt: skip
    """The LinearOperator of a diagonal, whose size may be that of the location only."""
    if scale_diag is None and perturb_factor is None:
        if loc is None:
            raise ValueError("One of loc, scale_diag and scale_identity_multiplier must tell how "
                             "long the vectors are.")  # fmt: skip
        length = loc.shape.with_rank_at_least(1)[-1].value
        size = array_ops.shape(loc)[-1] if length is None else length
        if multiplier is None:
            return plain_operators.LinearOperatorIdentity(
                num_rows=size, dtype=dtype, is_self_adjoint=True, is_positive_definite=True,
                assert_proper_shapes=validate_args,
            )  # fmt: skip
        multiplier = ops.convert_to_tensor(multiplier, dtype, name="scale_identity_multiplier")
        if validate_args:
            zero = array_ops.zeros([], dtype)
            multiplier = checked(multiplier, [check_ops.assert_none_equal(multiplier, zero)])
        return plain_operators.LinearOperatorScaledIdentity(
            num_rows=size, multiplier=multiplier, is_non_singular=True, is_self_adjoint=True,
            assert_proper_shapes=validate_args,
        )  # fmt: skip
    return make_scale(
        loc, multiplier, scale_diag, None, perturb_factor, perturb_diag, validate_args, dtype
    )


class VectorLinearOperator(Distribution):
    """scale @ z + loc for vectors z of independent numbers.

    Args:
      loc: float tensor [..., n], or None.
      scale: LinearOperator.

    Raises:
      ValueError: without scale.
      TypeError: for a scale that is not floating.
    """

    def __init__(self, loc, scale, validate_args, allow_nan_stats, name, parameters):
        if scale is None:
            raise ValueError("Missing required `scale` parameter.")
        if not scale.dtype.is_floating:
            raise TypeError("`scale` parameter must have floating-point dtype.")
        with ops.name_scope(name, values=[loc] + list(scale.graph_parents)) as name:
            self._loc = None
            if loc is not None:
                self._loc = ops.convert_to_tensor(loc, name="loc", dtype=scale.dtype)
            self._scale = scale
        super().__init__(
            dtype=scale.dtype.base_dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=([] if self._loc is None else [self._loc]) + list(scale.graph_parents),
            name=name,
        )

    loc = property(lambda self: self._loc)
    scale = property(lambda self: self._scale)

    def _batch_shape(self):
        shape = self._scale.batch_shape
        if self.loc is not None:
            own = self.loc.shape.with_rank_at_least(1)[:-1]
            shape = array_ops.broadcast_static_shape(shape, own)
        return shape

    def _batch_shape_tensor(self):
        shape = self._scale.batch_shape_tensor()
        if self.loc is not None:
            shape = array_ops.broadcast_dynamic_shape(shape, array_ops.shape(self.loc)[:-1])
        return shape

    def _event_shape(self):
        shape = self._scale.range_dimension
        if self.loc is not None and self.loc.shape.ndims is not None:
            own = self.loc.shape[-1].value
            # One number serves for all components.
            if own is not None and own != 1:
                shape = shape.merge_with(own)
        return tensor_shape.TensorShape([shape])

    def _event_shape_tensor(self):
        return array_ops.reshape(self._scale.range_dimension_tensor(), [1])

    def _shape_tensor(self):
        return array_ops.concat([self.batch_shape_tensor(), self.event_shape_tensor()], 0)

    def _z(self, x):
        return self._scale.solvevec(x if self.loc is None else x - self.loc)

    def _sample_n(self, n, seed=None):
        shape = array_ops.concat([[n], self._shape_tensor()], 0)
        x = self._scale.matvec(self._draws(shape, seed))
        return x if self.loc is None else x + self.loc

    def _log_prob(self, x):
        if self.validate_args:
            x = self._valid(x)
        return self._log_density(self._z(x)) - self._scale.log_abs_determinant()

    def _valid(self, x):
        return x

    def _size(self):
        return math_ops.cast(self.event_shape_tensor()[0], self.dtype)

    def _squares(self):
        """The diagonal of scale scale'."""
        if isinstance(self._scale, plain_operators.LinearOperatorDiag):
            return math_ops.square(self._scale.diag_part())
        if isinstance(self._scale, (plain_operators.LinearOperatorIdentity,
                                   plain_operators.LinearOperatorScaledIdentity)):  # fmt: skip
            return math_ops.square(self._scale.diag_part())
        return array_ops.matrix_diag_part(self._products())

    def _products(self):
        dense = self._scale.to_dense()
        return self._scale.matmul(dense, adjoint_arg=True)

    def _center(self):
        zero = array_ops.zeros(self._shape_tensor(), self.dtype)
        return zero if self.loc is None else zero + self.loc

    # What a number of variance v makes of it.

    _unit_variance = None

    def _variance_of_one(self):
        if self._unit_variance is None:
            raise NotImplementedError("the variance is not implemented: %s" % type(self).__name__)
        return self._unit_variance

    def _covariance(self):
        return self._variance_of_one() * self._products()

    def _variance(self):
        return self._variance_of_one() * self._squares()

    def _stddev(self):
        return math_ops.sqrt(self._variance())

    def _mode(self):
        return self._center()


class MultivariateNormalLinearOperator(VectorLinearOperator):
    """Normal vectors with covariance scale scale'.

    Args:
      loc: float tensor [..., n]; default zeros.
      scale: LinearOperator, not singular.
    """

    _unit_variance = 1.0

    def __init__(self, loc=None, scale=None, validate_args=False, allow_nan_stats=True,
                 name="MultivariateNormalLinearOperator", parameters=None):  # fmt: skip
        parameters = parameters or {k: v for k, v in locals().items() if k != "parameters"}
        super().__init__(loc, scale, validate_args, allow_nan_stats, name, parameters)

    def _draws(self, shape, seed):
        return random_ops.random_normal(shape, dtype=self.dtype, seed=seed)

    def _log_density(self, z):
        squares = math_ops.reduce_sum(math_ops.square(z), -1)
        return -0.5 * squares - 0.5 * math.log(2.0 * math.pi) * self._size()

    def _entropy(self):
        half = 0.5 * math.log(2.0 * math.pi * math.e) * self._size()
        entropy = half + self.scale.log_abs_determinant()
        return entropy + array_ops.zeros(self.batch_shape_tensor(), self.dtype)

    def _mean(self):
        return self._center()


class MultivariateNormalDiag(MultivariateNormalLinearOperator):
    """Normal vectors whose components are independent.

    Args:
      loc: float tensor [..., n]; default zeros.
      scale_diag: float tensor [..., n], the standard deviations; default ones.
      scale_identity_multiplier: float tensor [...], added to all standard deviations.
    """

    def __init__(self, loc=None, scale_diag=None, scale_identity_multiplier=None,
                 validate_args=False, allow_nan_stats=True,
                 name="MultivariateNormalDiag"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[loc, scale_diag, scale_identity_multiplier]) as name:
            dtype = _common_dtype(loc, scale_diag, scale_identity_multiplier)
            if loc is not None:
                loc = ops.convert_to_tensor(loc, dtype=dtype, name="loc")
            scale = _diag_scale(loc, scale_diag, scale_identity_multiplier, validate_args, dtype)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name, parameters)


class MultivariateNormalDiagWithSoftplusScale(MultivariateNormalDiag):
    """Normal vectors with standard deviations softplus(scale_diag)."""

    def __init__(self, loc, scale_diag, validate_args=False, allow_nan_stats=True,
                 name="MultivariateNormalDiagWithSoftplusScale"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[scale_diag]) as name:
            super().__init__(
                loc=loc, scale_diag=nn_ops.softplus(ops.convert_to_tensor(scale_diag)),
                validate_args=validate_args, allow_nan_stats=allow_nan_stats, name=name,
            )  # fmt: skip
        self._parameters = parameters


class MultivariateNormalDiagPlusLowRank(MultivariateNormalLinearOperator):
    """Normal vectors with scale = diag + factor diag(perturb) factor'.

    Args:
      loc: float tensor [..., n]; default zeros.
      scale_diag: [..., n]; scale_identity_multiplier: [...], added to it.
      scale_perturb_factor: [..., n, r]; scale_perturb_diag: [..., r], default ones.
    """

    def __init__(self, loc=None, scale_diag=None, scale_identity_multiplier=None,
                 scale_perturb_factor=None, scale_perturb_diag=None, validate_args=False,
                 allow_nan_stats=True, name="MultivariateNormalDiagPlusLowRank"):  # fmt: skip
        parameters = dict(locals())
        given = [loc, scale_diag, scale_identity_multiplier, scale_perturb_factor,
                 scale_perturb_diag]  # fmt: skip
        with ops.name_scope(name, values=given) as name:
            dtype = _common_dtype(*given)
            if loc is not None:
                loc = ops.convert_to_tensor(loc, dtype=dtype, name="loc")
            has_low_rank = scale_perturb_factor is not None or scale_perturb_diag is not None
            if has_low_rank and scale_perturb_factor is None:
                raise ValueError(
                    "When scale_perturb_diag is specified, scale_perturb_factor must be specified."
                )
            scale = _diag_scale(
                loc, scale_diag, scale_identity_multiplier, validate_args, dtype,
                scale_perturb_factor, scale_perturb_diag,
            )  # fmt: skip
        super().__init__(loc, scale, validate_args, allow_nan_stats, name, parameters)


class MultivariateNormalTriL(MultivariateNormalLinearOperator):
    """Normal vectors whose covariance has a Cholesky factor scale_tril.

    Args:
      loc: float tensor [..., n]; default zeros.
      scale_tril: [..., n, n], of which the lower triangle counts; default: the identity.
    """

    def __init__(self, loc=None, scale_tril=None, validate_args=False, allow_nan_stats=True,
                 name="MultivariateNormalTriL"):  # fmt: skip
        parameters = dict(locals())
        if loc is None and scale_tril is None:
            raise ValueError("Must specify one or both of `loc`, `scale_tril`.")
        with ops.name_scope(name, values=[loc, scale_tril]) as name:
            dtype = _common_dtype(loc, scale_tril)
            if loc is not None:
                loc = ops.convert_to_tensor(loc, dtype=dtype, name="loc")
            if scale_tril is None:
                scale = _diag_scale(loc, None, None, validate_args, dtype)
            else:
                scale = make_scale(loc, None, None, scale_tril, None, None, validate_args, dtype)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name, parameters)


class MultivariateNormalFullCovariance(MultivariateNormalTriL):
    """Normal vectors with a covariance matrix.

    Args:
      loc: float tensor [..., n]; default zeros.
      covariance_matrix: [..., n, n], positive definite; default: the identity.
    """

    def __init__(self, loc=None, covariance_matrix=None, validate_args=False,
                 allow_nan_stats=True, name="MultivariateNormalFullCovariance"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[loc, covariance_matrix]) as name:
            dtype = _common_dtype(loc, covariance_matrix)
            scale_tril = None
            if covariance_matrix is not None:
                covariance = ops.convert_to_tensor(
                    covariance_matrix, dtype=dtype, name="covariance_matrix"
                )
                if validate_args:
                    message = "Matrix was not symmetric."
                    covariance = checked(
                        covariance,
                        [
                            check_ops.assert_near(
                                covariance, array_ops.matrix_transpose(covariance), message=message
                            )
                        ],
                    )
                scale_tril = linalg_impl.cholesky(covariance)
        super().__init__(
            loc=loc, scale_tril=scale_tril, validate_args=validate_args,
            allow_nan_stats=allow_nan_stats, name=name,
        )  # fmt: skip
        self._parameters = parameters


@kullback_leibler.RegisterKL(MultivariateNormalLinearOperator, MultivariateNormalLinearOperator)
def _kl_normal(a, b, name=None):
    """KL of normal vectors: of both scales as one, and the distance of the locations."""
    with ops.name_scope(name, "kl_mvn", list(a._graph_parents) + list(b._graph_parents)):

        def diagonal(x):
            return isinstance(x, (plain_operators.LinearOperatorDiag,
                                  plain_operators.LinearOperatorIdentity,
                                  plain_operators.LinearOperatorScaledIdentity))  # fmt: skip

        if diagonal(a.scale) and diagonal(b.scale):
            ratio = a.scale.diag_part() / b.scale.diag_part()
            spread = math_ops.reduce_sum(math_ops.square(ratio), -1)
        else:
            inner = b.scale.solve(a.scale.to_dense())
            spread = math_ops.reduce_sum(math_ops.square(inner), axis=[-2, -1])
        shift = b.mean() - a.mean()
        distance = math_ops.reduce_sum(math_ops.square(b.scale.solvevec(shift)), -1)
        logs = b.scale.log_abs_determinant() - a.scale.log_abs_determinant()
        kl = logs + 0.5 * (spread - a._size() + distance)
        kl.set_shape(array_ops.broadcast_static_shape(a.batch_shape, b.batch_shape))
        return kl


class VectorExponentialLinearOperator(VectorLinearOperator):
    """scale @ z + loc for z of exponential numbers with rate 1."""

    _unit_variance = 1.0

    def __init__(self, loc=None, scale=None, validate_args=False, allow_nan_stats=True,
                 name="VectorExponentialLinearOperator", parameters=None):  # fmt: skip
        parameters = parameters or {k: v for k, v in locals().items() if k != "parameters"}
        super().__init__(loc, scale, validate_args, allow_nan_stats, name, parameters)

    def _draws(self, shape, seed):
        share = random_ops.random_uniform(shape, dtype=self.dtype, seed=seed)
        return -math_ops.log1p(-share)

    def _log_density(self, z):
        total = -math_ops.reduce_sum(z, -1)
        outside = math_ops.reduce_any(z < 0, axis=-1)
        nothing = array_ops.zeros_like(total) - float("inf")
        return array_ops.where(outside, nothing, total)

    def _entropy(self):
        entropy = self._size() + self.scale.log_abs_determinant()
        return entropy + array_ops.zeros(self.batch_shape_tensor(), self.dtype)

    def _mean(self):
        ones = array_ops.ones(self._shape_tensor(), self.dtype)
        x = self.scale.matvec(ones)
        return x if self.loc is None else x + self.loc


class VectorExponentialDiag(VectorExponentialLinearOperator):
    """Vectors of independent exponential numbers, scaled and shifted.

    Args:
      loc: float tensor [..., n]; default zeros.
      scale_diag: [..., n]; scale_identity_multiplier: [...], added to it.
    """

    def __init__(self, loc=None, scale_diag=None, scale_identity_multiplier=None,
                 validate_args=False, allow_nan_stats=True,
                 name="VectorExponentialDiag"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[loc, scale_diag, scale_identity_multiplier]) as name:
            dtype = _common_dtype(loc, scale_diag, scale_identity_multiplier)
            if loc is not None:
                loc = ops.convert_to_tensor(loc, dtype=dtype, name="loc")
            scale = _diag_scale(loc, scale_diag, scale_identity_multiplier, validate_args, dtype)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name, parameters)


class VectorLaplaceLinearOperator(VectorLinearOperator):
    """scale @ z + loc for z of Laplace numbers."""

    _unit_variance = 2.0

    def __init__(self, loc=None, scale=None, validate_args=False, allow_nan_stats=True,
                 name="VectorLaplaceLinearOperator", parameters=None):  # fmt: skip
        parameters = parameters or {k: v for k, v in locals().items() if k != "parameters"}
        super().__init__(loc, scale, validate_args, allow_nan_stats, name, parameters)

    def _draws(self, shape, seed):
        tiny = 1.2e-38 if self.dtype == dtypes.float32 else 2.3e-308
        share = random_ops.random_uniform(
            shape, minval=-1.0 + 1e-7, maxval=1.0, dtype=self.dtype, seed=seed
        )
        return -math_ops.sign(share) * math_ops.log(1.0 - math_ops.abs(share) + tiny)

    def _log_density(self, z):
        return -math_ops.reduce_sum(math_ops.abs(z), -1) - math.log(2.0) * self._size()

    def _entropy(self):
        entropy = math.log(2.0 * math.e) * self._size() + self.scale.log_abs_determinant()
        return entropy + array_ops.zeros(self.batch_shape_tensor(), self.dtype)

    def _mean(self):
        return self._center()


class VectorLaplaceDiag(VectorLaplaceLinearOperator):
    """Vectors of independent Laplace numbers, scaled and shifted.

    Args:
      loc: float tensor [..., n]; default zeros.
      scale_diag: [..., n]; scale_identity_multiplier: [...], added to it.
    """

    def __init__(self, loc=None, scale_diag=None, scale_identity_multiplier=None,
                 validate_args=False, allow_nan_stats=True, name="VectorLaplaceDiag"):  # fmt: skip
        parameters = dict(locals())
        with ops.name_scope(name, values=[loc, scale_diag, scale_identity_multiplier]) as name:
            dtype = _common_dtype(loc, scale_diag, scale_identity_multiplier)
            if loc is not None:
                loc = ops.convert_to_tensor(loc, dtype=dtype, name="loc")
            scale = _diag_scale(loc, scale_diag, scale_identity_multiplier, validate_args, dtype)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name, parameters)


class VectorSinhArcsinhDiag(VectorLinearOperator):
    """scale @ sinh-arcsinh of independent numbers + loc, see `SinhArcsinh`.

    Args:
      loc: float tensor [..., n]; default zeros.
      scale_diag: [..., n]; scale_identity_multiplier: [...], added to it.
      skewness, tailweight: float tensors; defaults 0 and 1.
      distribution: of the numbers, scalar; default: standard normal.
    """

    def __init__(self, loc=None, scale_diag=None, scale_identity_multiplier=None, skewness=None,
                 tailweight=None, distribution=None, validate_args=False, allow_nan_stats=True,
                 name="MultivariateNormalLinearOperator"):  # fmt: skip
        from caudal.ops.distributions.scalars import Normal

        parameters = dict(locals())
        given = [loc, scale_diag, scale_identity_multiplier, skewness, tailweight]
        with ops.name_scope(name, values=given) as name:
            dtype = _common_dtype(*given)
            if loc is not None:
                loc = ops.convert_to_tensor(loc, dtype=dtype, name="loc")
            tailweight = 1.0 if tailweight is None else tailweight
            has_skewness = skewness is not None
            skewness = 0.0 if skewness is None else skewness
            skewness = ops.convert_to_tensor(skewness, dtype=dtype, name="skewness")
            tailweight = ops.convert_to_tensor(tailweight, dtype=dtype, name="tailweight")
            scale = _diag_scale(loc, scale_diag, scale_identity_multiplier, validate_args, dtype)
            if distribution is None:
                distribution = Normal(
                    loc=array_ops.zeros([], dtype), scale=array_ops.ones([], dtype)
                )
            self._base = distribution
            self._tailweight, self._skewness = tailweight, skewness
            self._map = SinhArcsinh(skewness, tailweight) if has_skewness else SinhArcsinh(
                array_ops.zeros([], dtype), tailweight)  # fmt: skip
            # Two standard deviations stay where they are.
            plain = SinhArcsinh(array_ops.zeros([], dtype), tailweight)
            two = ops.convert_to_tensor(2.0, dtype)
            widening = 2.0 / plain.forward(two)
            self._given_scale = scale
            diag = scale.diag_part() * widening
            scale = plain_operators.LinearOperatorDiag(diag, is_non_singular=True)
        super().__init__(loc, scale, validate_args, allow_nan_stats, name, parameters)

    scale = property(lambda self: self._given_scale)
    distribution = property(lambda self: self._base)
    skewness = property(lambda self: self._skewness)
    tailweight = property(lambda self: self._tailweight)

    def _draws(self, shape, seed):
        return self._map.forward(self._base.sample(shape, seed=seed))

    def _log_density(self, z):
        logs = self._base.log_prob(self._map.inverse(z))
        ildj = self._map.inverse_log_det_jacobian(z, event_ndims=0)
        return math_ops.reduce_sum(logs + ildj, -1)
