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
from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib.training",
    {"caudal.train.checkpoint_utils": "checkpoints_iterator wait_for_new_checkpoint"},
)
