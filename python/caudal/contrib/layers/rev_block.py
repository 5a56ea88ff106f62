# SPDX-License-Identifier: Apache-2.0
"""Reversible residual blocks."""

from caudal.framework import custom_gradient, nest
from caudal.layers import base
from caudal.ops import array_ops, variable_scope

__all__ = ["RevBlock", "recompute_grad", "rev_block", "scale_gradient"]


@custom_gradient.custom_gradient
def scale_gradient(inputs, gradient_multiplier):
    """The inputs themselves, with a gradient that is multiplied.

    Args:
      inputs: Tensor.
      gradient_multiplier: scalar Tensor.
    """

    def gradient(dy):
        return dy * gradient_multiplier, None

    return array_ops.identity(inputs), gradient


def recompute_grad(fn, use_data_dep=None, tupleize_grads=False):
    """See `tf.recompute_grad`; the other arguments are without effect."""
    return custom_gradient.recompute_grad(fn)


class RevBlock(base.Layer):
    """Layers y1 = x1 + f(x2), y2 = x2 + g(y1).

    Args:
      f, g: functions, or one for each layer; they get the tensor and the side input.
      num_layers: int.
      f_side_input, g_side_input: lists of tensors.
      use_efficient_backprop: without effect: gradients are computed from the values kept.
      name: of the variable scope.
    """

    def __init__(self, f, g, num_layers=1, f_side_input=None, g_side_input=None,
                 use_efficient_backprop=True, name="revblock", **kwargs):  # fmt: skip
        super().__init__(name=name, **kwargs)
        self.num_layers = num_layers
        self.f = list(f) if isinstance(f, (list, tuple)) else [f] * num_layers
        self.g = list(g) if isinstance(g, (list, tuple)) else [g] * num_layers
        if len(self.f) != num_layers or len(self.g) != num_layers:
            raise ValueError("f and g must have num_layers functions")
        self.f_side_input = f_side_input or []
        self.g_side_input = g_side_input or []

    def call(self, inputs, forward=True):
        x1, x2 = inputs
        order = range(self.num_layers)
        for i in order if forward else reversed(order):
            with variable_scope.variable_scope("revlayer_%d" % i, use_resource=True):
                if forward:
                    x1 = x1 + self._part("f", self.f[i], x2, self.f_side_input)
                    x2 = x2 + self._part("g", self.g[i], x1, self.g_side_input)
                else:
                    x2 = x2 - self._part("g", self.g[i], x1, self.g_side_input)
                    x1 = x1 - self._part("f", self.f[i], x2, self.f_side_input)
        return x1, x2

    @staticmethod
    def _part(scope, function, x, side):
        with variable_scope.variable_scope(scope):
            return function(x, nest.flatten(side)) if side else function(x)

    def forward(self, x1, x2):
        """(y1, y2)."""
        return self.apply((x1, x2))

    def backward(self, y1, y2):
        """(x1, x2)."""
        return self.apply((y1, y2), forward=False)

    def build(self, _):
        # Nothing but the functions themselves makes variables.
        self.built = False

    def _maybe_build(self, inputs):
        if self._dtype is None:
            self._dtype = nest.flatten(inputs)[0].dtype.base_dtype.name


def rev_block(x1, x2, f, g, num_layers=1, f_side_input=None, g_side_input=None, is_training=True):
    """(y1, y2) of a RevBlock.

    Args:
      x1, x2: tensors.
      is_training: without effect.
      Others: see `RevBlock`.
    """
    block = RevBlock(f, g, num_layers, f_side_input, g_side_input, _reuse=None)
    return block.forward(x1, x2)
