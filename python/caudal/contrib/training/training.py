# SPDX-License-Identifier: Apache-2.0
"""The operation of a training step."""

from caudal import summary as summary_lib
from caudal.framework import ops
from caudal.ops import clip_ops, control_flow_ops, numerics
from caudal.ops import variables as tf_variables
from caudal.platform import tf_logging
from caudal.train import optimizer as tf_optimizer
from caudal.train import training_util

__all__ = [
    "add_gradients_summaries",
    "clip_gradient_norms",
    "clip_gradient_norms_fn",
    "create_train_op",
    "multiply_gradients",
]

# Stands for "the usual", where None means "none".
_USE_GLOBAL_STEP = 0


def add_gradients_summaries(grads_and_vars):
    """Summaries of gradients and of their norms; a list."""
    summaries = []
    for grad, var in grads_and_vars:
        if grad is None:
            tf_logging.info("Var %s has no gradient", var.op.name)
            continue
        values = grad.values if isinstance(grad, ops.IndexedSlices) else grad
        summaries.append(summary_lib.histogram(var.op.name + "_gradient", values))
        summaries.append(
            summary_lib.scalar(var.op.name + "_gradient_norm", clip_ops.global_norm([values]))
        )
    return summaries


def clip_gradient_norms(gradients_to_variables, max_norm):
    """(gradient, variable) pairs with each gradient clipped to a norm."""
    clipped = []
    for grad, var in gradients_to_variables:
        if grad is not None:
            if isinstance(grad, ops.IndexedSlices):
                values = clip_ops.clip_by_norm(grad.values, max_norm)
                grad = ops.IndexedSlices(values, grad.indices, grad.dense_shape)
            else:
                grad = clip_ops.clip_by_norm(grad, max_norm)
        clipped.append((grad, var))
    return clipped


def clip_gradient_norms_fn(max_norm):
    """`clip_gradient_norms` as a function of the pairs."""
    return lambda gradients_to_variables: clip_gradient_norms(gradients_to_variables, max_norm)


def multiply_gradients(grads_and_vars, gradient_multipliers):
    """(gradient, variable) pairs with some gradients multiplied.

    Args:
      grads_and_vars: list of pairs.
      gradient_multipliers: dict of variables, or names without ":0", and factors.

    Raises:
      ValueError: if `grads_and_vars` is no list, the dict is none or empty, or a variable that is
        named has no gradient.
    """
    if not isinstance(grads_and_vars, list):
        raise ValueError("`grads_and_vars` must be a list.")
    if not gradient_multipliers:
        raise ValueError("`gradient_multipliers` is empty.")
    if not isinstance(gradient_multipliers, dict):
        raise ValueError("`gradient_multipliers` must be a dict.")
    multiplied = []
    for grad, var in grads_and_vars:
        if var in gradient_multipliers or var.op.name in gradient_multipliers:
            key = var if var in gradient_multipliers else var.op.name
            if grad is None:
                raise ValueError("Requested multiple of `None` gradient.")
            factor = gradient_multipliers[key]
            if not isinstance(factor, ops.Tensor):
                factor = ops.convert_to_tensor(factor, dtype=grad.dtype)
            if isinstance(grad, ops.IndexedSlices):
                grad = ops.IndexedSlices(grad.values * factor, grad.indices, grad.dense_shape)
            else:
                grad = grad * factor
        multiplied.append((grad, var))
    return multiplied


def create_train_op(total_loss, optimizer, global_step=_USE_GLOBAL_STEP, update_ops=None,
                    variables_to_train=None, transform_grads_fn=None, summarize_gradients=False,
                    gate_gradients=tf_optimizer.Optimizer.GATE_OP, aggregation_method=None,
                    colocate_gradients_with_ops=False, check_numerics=True):  # fmt: skip
    """The loss, as a Tensor that makes a training step when it is computed.

    Args:
      total_loss: scalar Tensor.
      optimizer: a `tf.train.Optimizer`.
      global_step: the global step; None: none is counted; default: that of the graph.
      update_ops: operations that run before; default: GraphKeys.UPDATE_OPS.
      variables_to_train: list of variables; default: the trainable ones.
      transform_grads_fn: function of the list of (gradient, variable) that gives another.
      summarize_gradients: whether to make summaries of the gradients.
      gate_gradients, aggregation_method, colocate_gradients_with_ops: of `compute_gradients`.
      check_numerics: whether a loss that is not a number is an error.
    """
    if global_step is _USE_GLOBAL_STEP:
        global_step = training_util.get_or_create_global_step()
    usual = ops.get_collection(ops.GraphKeys.UPDATE_OPS)
    if update_ops is None:
        update_ops = list(dict.fromkeys(usual))
    else:
        update_ops = list(dict.fromkeys(update_ops))
        if not set(usual).issubset(update_ops):
            tf_logging.warning(
                "update_ops in create_train_op does not contain all the update_ops in "
                "GraphKeys.UPDATE_OPS"
            )
    if update_ops:
        with ops.control_dependencies(update_ops):
            barrier = control_flow_ops.no_op(name="update_barrier")
        total_loss = control_flow_ops.with_dependencies([barrier], total_loss)
    if variables_to_train is None:
        variables_to_train = tf_variables.trainable_variables()
    else:
        for v in variables_to_train:
            assert v.trainable or any(v is t for t in tf_variables.trainable_variables())
    if not variables_to_train:
        raise ValueError("No variables to optimize.")
    grads = optimizer.compute_gradients(
        total_loss,
        variables_to_train,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
    )
    if transform_grads_fn:
        grads = transform_grads_fn(grads)
    if summarize_gradients:
        with ops.name_scope("summarize_grads"):
            add_gradients_summaries(grads)
    updates = optimizer.apply_gradients(grads, global_step=global_step)
    with ops.name_scope("train_op"):
        if check_numerics:
            total_loss = numerics.verify_tensor_all_finite(total_loss, "LossTensor is inf or nan")
        train_op = control_flow_ops.with_dependencies([updates], total_loss)
    ops.get_collection_ref(ops.GraphKeys.TRAIN_OP).append(train_op)
    return train_op
