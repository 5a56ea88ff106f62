# SPDX-License-Identifier: Apache-2.0
"""Evaluation: some operations run a number of times in a session."""

import itertools

from caudal import summary as summary_lib
from caudal.client import session as session_lib
from caudal.contrib.framework import variables
from caudal.contrib.slim import progress
from caudal.framework import ops
from caudal.ops import control_flow_ops
from caudal.ops import variables as tf_variables
from caudal.platform import tf_logging
from caudal.train import training_util
from caudal.train.checkpoint_utils import checkpoints_iterator, wait_for_new_checkpoint

__all__ = ["checkpoints_iterator", "evaluate_once", "evaluation_loop", "wait_for_new_checkpoint"]

# Stands for "the usual", where None means "none".
_USE_DEFAULT = 0


def evaluate_once(master, checkpoint_path, logdir, num_evals=1, initial_op=None,
                  initial_op_feed_dict=None, eval_op=None, eval_op_feed_dict=None, final_op=None,
                  final_op_feed_dict=None, summary_op=0, summary_op_feed_dict=None,
                  variables_to_restore=None, session_config=None, hooks=None):  # fmt: skip
    """Evaluates a model once; returns the value of `final_op`.

    Args:
      master: "": this process.
      checkpoint_path: values of the variables; None: their initial values.
      logdir: folder of the summaries; None: none are written.
      num_evals: how often `eval_op` is run.
      initial_op, eval_op, final_op: operations, each with its feeds.
      summary_op: run at the end, with its feeds, and written; default: all summaries of the graph
        merged; None: no summaries.
      variables_to_restore: list; default: those for restoring.
      session_config: ConfigProto.
      hooks: not supported.

    Raises:
      NotImplementedError: for other machines and hooks.
    """
    if master:
        raise NotImplementedError("slim.evaluation runs in this process: master is not supported")
    if hooks:
        raise NotImplementedError("slim.evaluation does not support hooks")
    restore = None
    if checkpoint_path is not None:
        wanted = variables_to_restore or variables.get_variables_to_restore()
        restore = variables.assign_from_checkpoint_fn(checkpoint_path, wanted)
    initialize = control_flow_ops.group(
        tf_variables.global_variables_initializer(),
        tf_variables.local_variables_initializer(),
        tf_variables.tables_initializer(),
    )
    graph = ops.get_default_graph()
    if summary_op == _USE_DEFAULT:
        summary_op = progress.default_summary_op(graph) if logdir else None
    with session_lib.Session(graph=graph, config=session_config) as sess:
        sess.run(initialize)
        if restore is not None:
            restore(sess)
        if initial_op is not None:
            sess.run(initial_op, initial_op_feed_dict)
        if eval_op is not None:
            for _ in range(num_evals):
                sess.run(eval_op, eval_op_feed_dict)
        value = None if final_op is None else sess.run(final_op, final_op_feed_dict)
        if logdir and summary_op is not None:
            step = training_util.get_global_step(graph)
            writer = summary_lib.FileWriterCache.get(logdir)
            writer.add_summary(
                sess.run(summary_op, summary_op_feed_dict),
                None if step is None else training_util.global_step(sess, step),
            )
            writer.flush()
        return value


def evaluation_loop(master, checkpoint_dir, logdir, num_evals=1, initial_op=None,
                    initial_op_feed_dict=None, init_fn=None, eval_op=None, eval_op_feed_dict=None,
                    final_op=None, final_op_feed_dict=None, summary_op=0,
                    summary_op_feed_dict=None, variables_to_restore=None, eval_interval_secs=60,
                    max_number_of_evaluations=None, session_config=None, timeout=None,
                    timeout_fn=None, hooks=None):  # fmt: skip
    """Evaluates each new checkpoint of a folder; returns the last value of `final_op`.

    Args:
      checkpoint_dir: the folder.
      init_fn: not supported.
      eval_interval_secs: least seconds between two evaluations.
      max_number_of_evaluations: None: no limit.
      timeout: most seconds to wait for a checkpoint; None: for ever.
      timeout_fn: see `tf.train.checkpoints_iterator`.
      Others: see `evaluate_once`.

    Raises:
      ValueError: for `init_fn`.
    """
    if init_fn is not None:
        raise ValueError("init_fn is not supported: the values come from the checkpoints")
    value = None
    paths = checkpoints_iterator(checkpoint_dir, eval_interval_secs, timeout, timeout_fn)
    for path in itertools.islice(paths, max_number_of_evaluations):
        tf_logging.info("Starting evaluation of %s", path)
        value = evaluate_once(
            master, path, logdir, num_evals, initial_op, initial_op_feed_dict, eval_op,
            eval_op_feed_dict, final_op, final_op_feed_dict, summary_op, summary_op_feed_dict,
            variables_to_restore, session_config, hooks,
        )  # fmt: skip
    return value
