# SPDX-License-Identifier: Apache-2.0
"""Kullback-Leibler divergences: functions registered for pairs of classes."""

import inspect

from caudal.framework import ops
from caudal.ops import array_ops, control_flow_ops, math_ops
from caudal.ops.logging_ops import Assert

__all__ = ["RegisterKL", "cross_entropy", "kl_divergence"]

_DIVERGENCES = {}


def _registered_kl(type_a, type_b):
    """The function for the nearest pair of base classes, or None."""
    found, least = None, None
    for i, a in enumerate(inspect.getmro(type_a)):
        for j, b in enumerate(inspect.getmro(type_b)):
            function = _DIVERGENCES.get((a, b))
            if function is not None and (least is None or i + j < least):
                found, least = function, i + j
    return found


def kl_divergence(distribution_a, distribution_b, allow_nan_stats=True, name=None):
    """KL(a || b), one number per element of the batch.

    Args:
      distribution_a, distribution_b: distributions whose classes have a registered function.
      allow_nan_stats: False makes NaN an error when run.

    Raises:
      NotImplementedError: if no function is registered.
    """
    function = _registered_kl(type(distribution_a), type(distribution_b))
    if function is None:
        raise NotImplementedError(
            "No KL(distribution_a || distribution_b) registered for distribution_a type %s and "
            "distribution_b type %s"
            % (type(distribution_a).__name__, type(distribution_b).__name__)
        )
    with ops.name_scope("KullbackLeibler"):
        kl = function(distribution_a, distribution_b, name=name)
        if allow_nan_stats:
            return kl
        kl = array_ops.identity(kl, name="kl")
        good = math_ops.logical_not(math_ops.reduce_any(math_ops.is_nan(kl)))
        check = Assert(
            good,
            [
                "KL calculation between %s and %s returned NaN values (and was called with "
                "allow_nan_stats=False). Values:" % (distribution_a.name, distribution_b.name),
                kl,
            ],
        )
        return control_flow_ops.with_dependencies([check], kl)


def cross_entropy(ref, other, allow_nan_stats=True, name=None):
    """KL(ref || other) + the entropy of ref."""
    with ops.name_scope(name, "cross_entropy"):
        return ref.entropy() + kl_divergence(ref, other, allow_nan_stats=allow_nan_stats)


class RegisterKL:
    """Decorator of a function (a, b, name=None) that computes KL(a || b) for two classes."""

    def __init__(self, dist_cls_a, dist_cls_b):
        self._key = (dist_cls_a, dist_cls_b)

    def __call__(self, kl_fn):
        if not callable(kl_fn):
            raise TypeError("kl_fn must be callable, received: %s" % kl_fn)
        if self._key in _DIVERGENCES:
            raise ValueError(
                "KL(%s || %s) has already been registered to: %s"
                % (self._key[0].__name__, self._key[1].__name__, _DIVERGENCES[self._key])
            )
        _DIVERGENCES[self._key] = kl_fn
        return kl_fn
