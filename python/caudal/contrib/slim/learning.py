# SPDX-License-Identifier: Apache-2.0
"""Training: the operation of a step, and a loop around it."""

import time

from caudal.client import session as session_lib
from caudal.contrib.slim import progress as progress_lib
from caudal.contrib.training import training
from caudal.framework import constant_op, errors, ops
from caudal.ops import control_flow_ops, math_ops
from caudal.ops import variables as tf_variables
from caudal.platform import tf_logging
from caudal.train import optimizer as tf_optimizer
from caudal.train import training_util

__all__ = [
    "add_gradients_summaries",
    "clip_gradient_norms",
    "create_train_op",
    "multiply_gradients",
    "train",
    "train_step",
]

add_gradients_summaries = training.add_gradients_summaries
clip_gradient_norms = training.clip_gradient_norms
multiply_gradients = training.multiply_gradients

# Stands for "the usual", where None means "none".
_USE_DEFAULT = 0
_USE_GLOBAL_STEP = 0


def create_train_op(total_loss, optimizer, global_step=_USE_GLOBAL_STEP, update_ops=None,
                    variables_to_train=None, clip_gradient_norm=0, summarize_gradients=False,
                    gate_gradients=tf_optimizer.Optimizer.GATE_OP, aggregation_method=None,
                    colocate_gradients_with_ops=False, gradient_multipliers=None,
                    check_numerics=True):  # fmt: skip
    """The loss, as a Tensor that makes a training step when it is computed.

    Args:
      total_loss: scalar Tensor.
      optimizer: a `tf.train.Optimizer`.
      global_step: the global step; None: none is counted; default: that of the graph.
      update_ops: operations that run before; default: GraphKeys.UPDATE_OPS.
      variables_to_train: list of variables; default: the trainable ones.
      clip_gradient_norm: each gradient is clipped to this norm; 0: not at all.
      summarize_gradients: whether to make summaries of the gradients.
      gate_gradients, aggregation_method, colocate_gradients_with_ops: of `compute_gradients`.
      gradient_multipliers: dict of variables, or names, and factors of their gradients.
      check_numerics: whether a loss that is not a number is an error.
    """

    def transform(grads):
        if gradient_multipliers:
            grads = multiply_gradients(grads, gradient_multipliers)
        if clip_gradient_norm > 0:
            grads = clip_gradient_norms(grads, clip_gradient_norm)
        return grads

    return training.create_train_op(
        total_loss=total_loss,
        optimizer=optimizer,
        global_step=global_step,
        update_ops=update_ops,
        variables_to_train=variables_to_train,
        transform_grads_fn=transform,
        summarize_gradients=summarize_gradients,
        gate_gradients=gate_gradients,
        aggregation_method=aggregation_method,
        colocate_gradients_with_ops=colocate_gradients_with_ops,
        check_numerics=check_numerics,
    )


def train_step(sess, train_op, global_step, train_step_kwargs):
    """One step: (loss, whether to stop).

    Args:
      sess: the session.
      train_op: Tensor of the loss, see `create_train_op`.
      global_step: Tensor.
      train_step_kwargs: dict with "should_stop", "should_log" and "should_trace", bool tensors, or
        without; a trace goes into "logdir", and to "summary_writer" if that is there.

    Raises:
      ValueError: if there is "should_trace" but no "logdir".
    """
    start = time.time()
    options = metadata = None
    if "should_trace" in train_step_kwargs:
        if "logdir" not in train_step_kwargs:
            raise ValueError(
                "logdir must be present in train_step_kwargs when should_trace is present"
            )
        if sess.run(train_step_kwargs["should_trace"]):
            from caudal import proto

            options = proto.RunOptions(trace_level=proto.RunOptions.FULL_TRACE)
            metadata = proto.RunMetadata()
    total_loss, step = sess.run([train_op, global_step], options=options, run_metadata=metadata)
    elapsed = time.time() - start
    if metadata is not None:
        writer = train_step_kwargs.get("summary_writer")
        progress_lib.write_trace(metadata, train_step_kwargs["logdir"], step, writer)
    if "should_log" in train_step_kwargs and sess.run(train_step_kwargs["should_log"]):
        tf_logging.info("global step %d: loss = %.4f (%.3f sec/step)", step, total_loss, elapsed)
    stop = False
    if "should_stop" in train_step_kwargs:
        stop = sess.run(train_step_kwargs["should_stop"])
    return total_loss, stop


def _refuse(name, value, usual):
    if value not in usual:
        raise NotImplementedError(
            "slim.learning.train runs a plain loop in this process: %s is not supported" % name
        )


def train(train_op, logdir, train_step_fn=train_step, train_step_kwargs=_USE_DEFAULT,
          log_every_n_steps=1, graph=None, master="", is_chief=True, global_step=None,
          number_of_steps=None, init_op=_USE_DEFAULT, init_feed_dict=None,
          local_init_op=_USE_DEFAULT, init_fn=None, ready_op=_USE_DEFAULT,
          summary_op=_USE_DEFAULT, save_summaries_secs=600, summary_writer=_USE_DEFAULT,
          startup_delay_steps=0, saver=None, save_interval_secs=600, sync_optimizer=None,
          session_config=None, session_wrapper=None, trace_every_n_steps=None,
          ignore_live_threads=False):  # fmt: skip
    """Runs training steps until there are enough; returns the last loss.

    It goes on where the last checkpoint in `logdir` ended. Between steps it writes summaries and
    checkpoints, and a last one of both at the end.

    Args:
      train_op: Tensor of the loss, see `create_train_op`.
      logdir: folder of checkpoints and summaries; None: nothing is written or restored.
      train_step_fn: function (session, train_op, global_step, train_step_kwargs) that gives
        (loss, whether to stop).
      train_step_kwargs: of that function; default: "should_stop" and "should_log" by
        `number_of_steps` and `log_every_n_steps`.
      log_every_n_steps: 0: no log.
      graph: of the training; default: that of `train_op`.
      global_step: default: that of the graph.
      number_of_steps: value of the global step at which to stop; None: never.
      init_op, init_feed_dict: run first; default: initializers of global variables.
      local_init_op: run next; default: initializers of local variables and tables.
      init_fn: function of the session that is called then, unless there is a checkpoint.
      summary_op: default: all summaries of the graph merged; None: no summaries.
      save_summaries_secs, save_interval_secs: seconds between summaries, and checkpoints.
      summary_writer: a FileWriter; default: one for `logdir`; None: no summaries.
      saver: a Saver; default: one of all variables.
      trace_every_n_steps: how often a step is traced; None: never.
      session_config: ConfigProto.
      session_wrapper: function of the session that gives the one to use.
      ready_op: names of what is not initialized, checked before the first step; default: variables;
        None: not checked.
      startup_delay_steps, ignore_live_threads: without effect.

    Raises:
      ValueError: for an empty `train_op`, a missing global step, a negative number of steps, or a
        Saver, summaries or traces without `logdir`.
      RuntimeError: if there is something that is not initialized.
      NotImplementedError: if other machines are asked for.
    """
    if train_op is None:
        raise ValueError("train_op cannot be None.")
    if number_of_steps is not None and number_of_steps <= 0:
        raise ValueError("`number_of_steps` must be either None or a positive number.")
    _refuse("master", master, ("", None))
    _refuse("is_chief=False", is_chief, (True,))
    _refuse("sync_optimizer", sync_optimizer, (None,))
    if trace_every_n_steps is not None and not logdir:
        raise ValueError("Cannot provide trace_every_n_steps because logdir=None")
    if saver is not None and not logdir:
        raise ValueError("Cannot provide saver because logdir=None")
    if summary_op not in (_USE_DEFAULT, None) and not logdir:
        raise ValueError("Cannot provide summary_op because logdir=None")
    graph = graph or ops.get_default_graph()
    with graph.as_default():
        if global_step is None:
            global_step = training_util.get_or_create_global_step()
        if init_op == _USE_DEFAULT:
            init_op = tf_variables.global_variables_initializer()
        if local_init_op == _USE_DEFAULT:
            local_init_op = control_flow_ops.group(
                tf_variables.local_variables_initializer(), tf_variables.tables_initializer()
            )
        if ready_op == _USE_DEFAULT:
            ready_op = tf_variables.report_uninitialized_variables()
        if train_step_kwargs == _USE_DEFAULT:
            with ops.name_scope("train_step"):
                train_step_kwargs = {}
                if number_of_steps:
                    train_step_kwargs["should_stop"] = math_ops.greater_equal(
                        global_step, number_of_steps
                    )
                else:
                    train_step_kwargs["should_stop"] = constant_op.constant(False)
                if log_every_n_steps > 0:
                    train_step_kwargs["should_log"] = math_ops.equal(
                        math_ops.mod(global_step, log_every_n_steps), 0
                    )
                if trace_every_n_steps is not None:
                    train_step_kwargs["should_trace"] = math_ops.equal(
                        math_ops.mod(global_step, trace_every_n_steps), 0
                    )
                    train_step_kwargs["logdir"] = logdir
        if summary_op == _USE_DEFAULT:
            summary_op = progress_lib.default_summary_op(graph) if logdir else None
        progress = progress_lib.Progress(
            logdir,
            graph,
            global_step,
            saver,
            summary_op,
            "default" if summary_writer == _USE_DEFAULT else summary_writer,
            save_summaries_secs,
            save_interval_secs,
        )
        if trace_every_n_steps is not None and progress.writer is not None:
            train_step_kwargs["summary_writer"] = progress.writer
    total_loss = None
    with session_lib.Session(graph=graph, config=session_config) as sess:
        if session_wrapper is not None:
            sess = session_wrapper(sess)
        restored = progress.restore(sess)
        if init_op is not None and not restored:
            sess.run(init_op, init_feed_dict)
        if local_init_op is not None:
            sess.run(local_init_op)
        if init_fn is not None and not restored:
            init_fn(sess)
        missing = [] if ready_op is None else sess.run(ready_op)
        if len(missing):
            raise RuntimeError(
                "Init operations did not make model ready. Variables not initialized: %s"
                % ", ".join(name.decode() for name in missing)
            )
        tf_logging.info("Starting Session.")
        stop = False
        try:
            while not stop:
                progress.step(sess)
                total_loss, stop = train_step_fn(sess, train_op, global_step, train_step_kwargs)
        except errors.OutOfRangeError as error:
            tf_logging.info("Caught OutOfRangeError. Stopping Training. %s", error)
        progress.end(sess)
        tf_logging.info("Finished training!")
    return total_loss
