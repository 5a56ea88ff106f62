# SPDX-License-Identifier: Apache-2.0
"""Normal distributions over vectors."""

import math

from caudal.framework import ops
from caudal.ops import array_ops, check_ops, math_ops, random_ops, shape_ops
from caudal.ops.distributions import kullback_leibler
from caudal.ops.distributions.discrete import _Vectors
from caudal.ops.distributions.distribution import FULLY_REPARAMETERIZED


class MultivariateNormalDiag(_Vectors):
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
            if loc is None and scale_diag is None:
                raise ValueError("One of loc and scale_diag must be given")
            given = [t for t in (loc, scale_diag, scale_identity_multiplier) if t is not None]
            dtype = ops.convert_to_tensor(given[0]).dtype.base_dtype
            scale = None
            if scale_diag is not None:
                scale = ops.convert_to_tensor(scale_diag, dtype=dtype, name="scale_diag")
            if loc is None:
                loc = array_ops.zeros_like(scale)
            loc = ops.convert_to_tensor(loc, dtype=dtype, name="loc")
            if scale_identity_multiplier is not None:
                extra = ops.convert_to_tensor(scale_identity_multiplier, dtype=dtype)
                extra = shape_ops.expand_dims(extra, -1)
                scale = extra + (array_ops.zeros_like(loc) if scale is None else scale)
            if scale is None:
                scale = array_ops.ones_like(loc)
            checks = []
            if validate_args:
                zero = array_ops.zeros([], dtype)
                checks = [check_ops.assert_none_equal(scale, zero)]
            with ops.control_dependencies(checks):
                self._scale_diag = scale + array_ops.zeros_like(loc)
                self._loc = loc + array_ops.zeros_like(scale)
        super().__init__(
            dtype=dtype,
            reparameterization_type=FULLY_REPARAMETERIZED,
            validate_args=validate_args,
            allow_nan_stats=allow_nan_stats,
            parameters=parameters,
            graph_parents=[self._loc, self._scale_diag],
            name=name,
        )

    loc = property(lambda self: self._loc)

    def _total(self):
        return self._loc

    def _size(self):
        return math_ops.cast(array_ops.shape(self._loc)[-1], self.dtype)

    def _log_scale(self):
        return math_ops.reduce_sum(math_ops.log(math_ops.abs(self._scale_diag)), -1)

    def _sample_n(self, n, seed=None):
        shape = array_ops.concat([[n], array_ops.shape(self._loc)], 0)
        normal = random_ops.random_normal(shape, dtype=self.dtype, seed=seed)
        return normal * self._scale_diag + self._loc

    def _log_prob(self, x):
        z = (x - self._loc) / self._scale_diag
        constant = 0.5 * math.log(2.0 * math.pi) * self._size() + self._log_scale()
        return -0.5 * math_ops.reduce_sum(math_ops.square(z), -1) - constant

    def _entropy(self):
        return 0.5 * math.log(2.0 * math.pi * math.e) * self._size() + self._log_scale()

    def _mean(self):
        return array_ops.identity(self._loc)

    def _mode(self):
        return array_ops.identity(self._loc)

    def _variance(self):
        return math_ops.square(self._scale_diag)

    def _stddev(self):
        return math_ops.abs(self._scale_diag)

    def _covariance(self):
        from caudal.ops import space_ops

        return space_ops.matrix_diag(self._variance())


@kullback_leibler.RegisterKL(MultivariateNormalDiag, MultivariateNormalDiag)
def _kl_diag_diag(a, b, name=None):
    with ops.name_scope(name, "kl_mvn", [a.loc, b.loc]):
        ratio = math_ops.square(a._scale_diag / b._scale_diag)
        shift = math_ops.square((a.loc - b.loc) / b._scale_diag)
        return 0.5 * math_ops.reduce_sum(ratio + shift - 1.0 - math_ops.log(ratio), -1)
