# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.train`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.train.adadelta import AdadeltaOptimizer
from caudal.train.adagrad import (
    AdagradDAOptimizer,
    AdagradOptimizer,
    ProximalAdagradOptimizer,
)
from caudal.train.adam import AdamOptimizer
from caudal.train.ftrl import FtrlOptimizer
from caudal.train.gradient_descent import (
    GradientDescentOptimizer,
    ProximalGradientDescentOptimizer,
)
from caudal.train.learning_rate_decay import (
    cosine_decay,
    cosine_decay_restarts,
    exponential_decay,
    inverse_time_decay,
    linear_cosine_decay,
    natural_exp_decay,
    noisy_linear_cosine_decay,
    piecewise_constant,
    piecewise_constant_decay,
    polynomial_decay,
)
from caudal.train.momentum import MomentumOptimizer
from caudal.train.moving_averages import ExponentialMovingAverage
from caudal.train.optimizer import Optimizer
from caudal.train.rmsprop import RMSPropOptimizer
from caudal.train.training_util import (
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
    global_step,
)

__all__ = [
    "AdadeltaOptimizer",
    "AdagradDAOptimizer",
    "AdagradOptimizer",
    "AdamOptimizer",
    "ExponentialMovingAverage",
    "FtrlOptimizer",
    "GradientDescentOptimizer",
    "MomentumOptimizer",
    "Optimizer",
    "ProximalAdagradOptimizer",
    "ProximalGradientDescentOptimizer",
    "RMSPropOptimizer",
    "assert_global_step",
    "cosine_decay",
    "cosine_decay_restarts",
    "create_global_step",
    "exponential_decay",
    "get_global_step",
    "get_or_create_global_step",
    "global_step",
    "inverse_time_decay",
    "linear_cosine_decay",
    "natural_exp_decay",
    "noisy_linear_cosine_decay",
    "piecewise_constant",
    "piecewise_constant_decay",
    "polynomial_decay",
]

__getattr__ = _module_getattr(
    "train",
    {
        "caudal.io.event_files": "summary_iterator",
        "caudal.proto": "BytesList ClusterDef Example Feature FeatureList FeatureLists Features "
        "FloatList Int64List JobDef SaverDef SequenceExample ServerDef",
        "caudal.train.checkpoint": "Checkpoint",
        "caudal.train.saver": "Saver export_meta_graph import_meta_graph",
        "caudal.train.checkpoint_management": "CheckpointManager checkpoint_exists "
        "generate_checkpoint_state_proto get_checkpoint_mtimes get_checkpoint_state "
        "latest_checkpoint remove_checkpoint update_checkpoint_state",
        "caudal.train.checkpoint_utils": "NewCheckpointReader checkpoints_iterator "
        "init_from_checkpoint list_variables load_checkpoint load_variable",
        "caudal.train.warm_starting_util": "VocabInfo warm_start",
        "caudal.framework.graph_io": "write_graph",
        "caudal.train.coordinator": "Coordinator LooperThread",
        "caudal.train.queue_runner": "@ QueueRunner add_queue_runner start_queue_runners",
        "caudal.train.input": "batch batch_join input_producer limit_epochs match_filenames_once "
        "maybe_batch maybe_batch_join maybe_shuffle_batch maybe_shuffle_batch_join "
        "range_input_producer shuffle_batch shuffle_batch_join slice_input_producer "
        "string_input_producer",
    },
)
