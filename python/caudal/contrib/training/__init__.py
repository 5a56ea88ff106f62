# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.training`."""

from caudal.contrib.training.hparam import HParams, parse_values
from caudal.contrib.training.training import (
    add_gradients_summaries,
    clip_gradient_norms,
    clip_gradient_norms_fn,
    create_train_op,
    multiply_gradients,
)

_OUT = frozenset(
    """
    FeedingQueueRunner GreedyLoadBalancingStrategy NextQueuedSequenceBatch RandomStrategy
    SequenceQueueingStateSaver StopAfterNEvalsHook SummaryAtEndHook batch_sequences_with_states
    bucket bucket_by_sequence_length byte_size_load_fn checkpoints_iterator evaluate_once
    evaluate_repeatedly get_or_create_eval_step rejection_sample resample_at_rate
    stratified_sample train wait_for_new_checkpoint weighted_resample
""".split()
)


def __getattr__(name):
    if name in _OUT:
        raise AttributeError("caudal does not have tf.contrib.training.%s" % name)
    raise AttributeError("module 'caudal.contrib.training' has no attribute %r" % name)
