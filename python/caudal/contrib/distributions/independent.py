# SPDX-License-Identifier: Apache-2.0
"""Several independent distributions seen as one over arrays."""

from caudal.framework import ops
from caudal.ops import array_ops, math_ops
from caudal.ops.distributions import kullback_leibler
from caudal.ops.distributions.distribution import Distribution


class Independent(Distribution):
    """A distribution whose last batch dimensions count as dimensions of the event.

    Args:
      distribution: Distribution.
      reinterpreted_batch_ndims: int, how many; default: all but the first.
      validate_args: whether arguments are checked.
      name: default "Independent" + the name of the distribution.
    """

    def __init__(self, distribution, reinterpreted_batch_ndims=None, validate_args=False,
                 name=None):  # fmt: skip
        parameters = dict(locals())
        name = name or "Independent" + distribution.name
        self._distribution = distribution
        with ops.name_scope(name) as name:
            rank = distribution.batch_shape.ndims
            if rank is None:
                raise ValueError("The rank of the batch must be known")
            if reinterpreted_batch_ndims is None:
                reinterpreted_batch_ndims = max(0, rank - 1)
            if reinterpreted_batch_ndims > rank:
                raise ValueError(
                    "reinterpreted_batch_ndims(%d) cannot exceed distribution.batch_ndims(%d)"
                    % (reinterpreted_batch_ndims, rank)
                )
            self._ndims = reinterpreted_batch_ndims
        super().__init__(
            dtype=distribution.dtype,
            reparameterization_type=distribution.reparameterization_type,
            validate_args=validate_args,
            allow_nan_stats=distribution.allow_nan_stats,
            parameters=parameters,
            graph_parents=distribution._graph_parents,
            name=name,
        )

    distribution = property(lambda self: self._distribution)
    reinterpreted_batch_ndims = property(lambda self: self._ndims)

    def _batch_shape(self):
        shape = self.distribution.batch_shape
        return shape[: shape.ndims - self._ndims]

    def _event_shape(self):
        shape = self.distribution.batch_shape
        return shape[shape.ndims - self._ndims :].concatenate(self.distribution.event_shape)

    def _batch_shape_tensor(self):
        shape = self.distribution.batch_shape_tensor()
        return shape[: self.distribution.batch_shape.ndims - self._ndims]

    def _event_shape_tensor(self):
        shape = self.distribution.batch_shape_tensor()
        own = shape[self.distribution.batch_shape.ndims - self._ndims :]
        return array_ops.concat([own, self.distribution.event_shape_tensor()], 0)

    def _sum(self, x):
        return math_ops.reduce_sum(x, axis=[-1 - i for i in range(self._ndims)])

    def _sample_n(self, n, seed=None):
        return self.distribution.sample(n, seed=seed)

    def _log_prob(self, x):
        return self._sum(self.distribution.log_prob(x))

    def _entropy(self):
        return self._sum(self.distribution.entropy())

    def _mean(self):
        return self.distribution.mean()

    def _variance(self):
        return self.distribution.variance()

    def _stddev(self):
        return self.distribution.stddev()

    def _mode(self):
        return self.distribution.mode()


@kullback_leibler.RegisterKL(Independent, Independent)
def _kl_independent(a, b, name=None):
    if a._ndims != b._ndims:
        raise ValueError("Event shapes do not match.")
    with ops.name_scope(name, "kl_independent"):
        return a._sum(kullback_leibler.kl_divergence(a.distribution, b.distribution))
