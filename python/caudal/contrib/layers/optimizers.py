# SPDX-License-Identifier: Apache-2.0
"""optimize_loss: one training operation from a loss, an optimizer and options."""

from caudal import summary as summary_lib
from caudal.contrib import framework as contrib_framework
from caudal.framework import dtypes, ops
from caudal.ops import (
    array_ops,
    clip_ops,
    control_flow_ops,
    init_ops,
    math_ops,
    random_ops,
    variable_scope,
)
from caudal.ops import variables as vars_
from caudal.train import adagrad, adam, ftrl, gradient_descent, momentum, moving_averages, rmsprop
from caudal.train import optimizer as optimizer_lib

__all__ = [
    "OPTIMIZER_CLS_NAMES",
    "OPTIMIZER_SUMMARIES",
    "adaptive_clipping_fn",
    "optimize_loss",
]

OPTIMIZER_CLS_NAMES = {
    "Adagrad": adagrad.AdagradOptimizer,
    "Adam": adam.AdamOptimizer,
    "Ftrl": ftrl.FtrlOptimizer,
    "Momentum": lambda learning_rate: momentum.MomentumOptimizer(learning_rate, momentum=0.9),
    "RMSProp": rmsprop.RMSPropOptimizer,
    "SGD": gradient_descent.GradientDescentOptimizer,
}

OPTIMIZER_SUMMARIES = [
    "learning_rate",
    "loss",
    "gradients",
    "gradient_norm",
    "global_gradient_norm",
]


def optimize_loss(loss, global_step, learning_rate, optimizer, gradient_noise_scale=None,
                  gradient_multipliers=None, clip_gradients=None, learning_rate_decay_fn=None,
                  update_ops=None, variables=None, name=None, summaries=None,
                  colocate_gradients_with_ops=False, increment_global_step=True):  # fmt: skip
    """The loss, as a Tensor that makes a training step when it is computed.

    Args:
      loss: scalar Tensor.
      global_step: the global step, or None: that of the graph, if it has one.
      learning_rate: float, scalar Tensor or None.
      optimizer: key of OPTIMIZER_CLS_NAMES, subclass or instance of `tf.train.Optimizer`, or
        function of the learning rate (of nothing if that is None) that makes one.
      gradient_noise_scale: float: scale of normal noise that is added to the gradients.
      gradient_multipliers: dict of variables, or names, and factors of their gradients.
      clip_gradients: float: largest global norm; or function of a list of (gradient, variable).
      learning_rate_decay_fn: function of (learning rate, global step) that gives the learning rate.
      update_ops: operations that run before; default: GraphKeys.UPDATE_OPS.
      variables: list of variables to train; default: the trainable ones.
      name: of the variable scope; default: "OptimizeLoss".
      summaries: list of OPTIMIZER_SUMMARIES. By default loss, learning rate and global norm of the
        gradients.
      colocate_gradients_with_ops: see `tf.gradients`.
      increment_global_step: False leaves the global step as it is.

    Raises:
      ValueError: for arguments of the wrong kind.
    """
    loss = ops.convert_to_tensor(loss)
    contrib_framework.assert_scalar(loss)
    if global_step is None:
        global_step = contrib_framework.get_global_step()
    else:
        contrib_framework.assert_global_step(global_step)
    with variable_scope.variable_scope(name, "OptimizeLoss", [loss, global_step]):
        if update_ops is None:
            update_ops = ops.get_collection(ops.GraphKeys.UPDATE_OPS)
        if update_ops:
            loss = control_flow_ops.with_dependencies(list(dict.fromkeys(update_ops)), loss)
        rate = _learning_rate(learning_rate)
        if summaries is None:
            summaries = ["loss", "learning_rate", "global_gradient_norm"]
        for key in summaries:
            if key not in OPTIMIZER_SUMMARIES:
                raise ValueError(
                    "Summaries should be one of [%s], you provided %s."
                    % (", ".join(OPTIMIZER_SUMMARIES), key)
                )
        if learning_rate is not None and learning_rate_decay_fn is not None:
            if global_step is None:
                raise ValueError("global_step is required for learning_rate_decay_fn.")
            rate = learning_rate_decay_fn(rate, global_step)
            if "learning_rate" in summaries:
                summary_lib.scalar("learning_rate", rate)
        opt = _optimizer(optimizer, rate)
        if variables is None:
            variables = vars_.trainable_variables()
        gradients = opt.compute_gradients(
            loss, variables, colocate_gradients_with_ops=colocate_gradients_with_ops
        )
        if gradient_noise_scale is not None:
            gradients = _with_noise(gradients, gradient_noise_scale)
        if gradient_multipliers is not None:
            gradients = _multiplied(gradients, gradient_multipliers)
        if "global_gradient_norm" in summaries or "gradient_norm" in summaries:
            norm = clip_ops.global_norm([g for g, _ in gradients])
            summary_lib.scalar("global_norm/gradient_norm", norm)
        if isinstance(clip_gradients, float):
            gradients = _clipped(gradients, clip_gradients)
        elif callable(clip_gradients):
            gradients = clip_gradients(gradients)
        elif clip_gradients is not None:
            raise ValueError("Unknown type %s for clip_gradients" % type(clip_gradients))
        _summarize(loss, gradients, summaries, clip_gradients is not None)
        update = opt.apply_gradients(
            gradients, global_step=global_step if increment_global_step else None, name="train"
        )
        return control_flow_ops.with_dependencies([update], loss)


def _learning_rate(learning_rate):
    if learning_rate is None:
        return None
    if isinstance(learning_rate, ops.Tensor) and learning_rate.get_shape().ndims == 0:
        return learning_rate
    if isinstance(learning_rate, float):
        if learning_rate < 0.0:
            raise ValueError("Invalid learning_rate %s." % learning_rate)
        return variable_scope.get_variable(
            "learning_rate",
            [],
            trainable=False,
            initializer=init_ops.constant_initializer(learning_rate),
        )
    raise ValueError(
        "Learning rate should be 0d Tensor or float. Got %s of type %s"
        % (str(learning_rate), str(type(learning_rate)))
    )


def _optimizer(optimizer, rate):
    if isinstance(optimizer, str):
        if rate is None:
            raise ValueError(
                "Learning rate is None, but should be specified if optimizer is string (%s)."
                % optimizer
            )
        if optimizer not in OPTIMIZER_CLS_NAMES:
            raise ValueError(
                "Optimizer name should be one of [%s], you provided %s."
                % (", ".join(OPTIMIZER_CLS_NAMES), optimizer)
            )
        return OPTIMIZER_CLS_NAMES[optimizer](learning_rate=rate)
    if isinstance(optimizer, type) and issubclass(optimizer, optimizer_lib.Optimizer):
        if rate is None:
            raise ValueError(
                "Learning rate is None, but should be specified if optimizer is class (%s)."
                % optimizer
            )
        return optimizer(learning_rate=rate)
    if isinstance(optimizer, optimizer_lib.Optimizer):
        return optimizer
    if callable(optimizer):
        made = optimizer() if rate is None else optimizer(rate)
        if not isinstance(made, optimizer_lib.Optimizer):
            raise ValueError(
                "Unrecognized optimizer: function should return subclass of Optimizer. Got %s."
                % str(made)
            )
        return made
    raise ValueError(
        "Unrecognized optimizer: %s is no name, Optimizer, class of Optimizers or function of the "
        "learning rate" % str(optimizer)
    )


def _summarize(loss, gradients, summaries, clipped):
    if not summaries:
        return
    if "loss" in summaries:
        summary_lib.scalar("loss", loss)
    for gradient, variable in gradients:
        values = gradient.values if isinstance(gradient, ops.IndexedSlices) else gradient
        if values is None:
            continue
        name = variable.name.replace(":", "_")
        if "gradients" in summaries:
            summary_lib.histogram("gradients/%s" % name, values)
        if "gradient_norm" in summaries:
            summary_lib.scalar("gradient_norm/%s" % name, clip_ops.global_norm([values]))
    if clipped and ("global_gradient_norm" in summaries or "gradient_norm" in summaries):
        norm = clip_ops.global_norm([g for g, _ in gradients])
        summary_lib.scalar("global_norm/clipped_gradient_norm", norm)


def _clipped(gradients, limit):
    clipped, _ = clip_ops.clip_by_global_norm([g for g, _ in gradients], limit)
    return list(zip(clipped, [v for _, v in gradients]))


def _with_noise(gradients, scale):
    noisy = []
    for gradient, variable in gradients:
        if gradient is not None:
            if isinstance(gradient, ops.IndexedSlices):
                shape = gradient.dense_shape
            else:
                shape = gradient.get_shape()
            gradient = gradient + random_ops.truncated_normal(shape) * scale
        noisy.append((gradient, variable))
    return noisy


def _multiplied(gradients, multipliers):
    out = []
    for gradient, variable in gradients:
        key = variable if variable in multipliers else variable.name
        if gradient is not None and key in multipliers:
            factor = multipliers[key]
            if isinstance(gradient, ops.IndexedSlices):
                gradient = ops.IndexedSlices(
                    gradient.values * factor, gradient.indices, gradient.dense_shape
                )
            else:
                gradient = gradient * math_ops.cast(factor, gradient.dtype)
        out.append((gradient, variable))
    return out


def adaptive_clipping_fn(std_factor=2.0, decay=0.95, static_max_norm=None, global_step=None,
                         report_summary=False, epsilon=1e-8, name=None):  # fmt: skip
    """A function for `clip_gradients` that learns which norms are usual.

    Args:
      std_factor: how many standard deviations above the mean of the logarithm are usual.
      decay: of the moving averages.
      static_max_norm: largest norm in any case, or None.
      global_step: the first steps count more, if it is given.
      report_summary: whether to make summaries.
      epsilon: small number.
      name: variable scope; default: "AdaptiveMaxNorm".
    """

    def gradient_clipping(grads_and_vars):
        grads, variables = zip(*grads_and_vars)
        norm = clip_ops.global_norm(grads)
        largest, log_mean = _usual_norm(norm, std_factor, decay, global_step, epsilon, name)
        if report_summary:
            summary_lib.scalar("global_norm/adaptive_max_gradient_norm", largest)
        factor = array_ops.where(
            norm < largest, array_ops.ones_like(norm), math_ops.exp(log_mean) / norm
        )
        if static_max_norm is not None:
            factor = math_ops.minimum(static_max_norm / norm, factor)
        clipped = []
        for grad in grads:
            if isinstance(grad, ops.IndexedSlices):
                grad = ops.IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape)
            elif grad is not None:
                grad = grad * factor
            clipped.append(grad)
        return list(zip(clipped, variables))

    return gradient_clipping


def _usual_norm(norm, std_factor, decay, global_step, epsilon, name):
    """(largest usual norm, mean of the logarithm of the norms)."""
    with variable_scope.variable_scope(name, "AdaptiveMaxNorm", [norm]):
        log_norm = math_ops.log(norm + epsilon)

        def average(label, value):
            variable = variable_scope.get_variable(
                label,
                shape=value.get_shape(),
                dtype=value.dtype,
                initializer=init_ops.zeros_initializer(),
                trainable=False,
            )
            return moving_averages.assign_moving_average(variable, value, rate, zero_debias=False)

        rate = decay
        if global_step is not None:
            n = math_ops.cast(global_step, dtypes.float32)
            rate = math_ops.minimum(decay, n / (n + 1.0))
        mean = average("mean", log_norm)
        squares = average("sq_mean", math_ops.square(log_norm))
        deviation = math_ops.sqrt(math_ops.maximum(epsilon, squares - math_ops.square(mean)))
        return math_ops.exp(mean + std_factor * deviation), mean
