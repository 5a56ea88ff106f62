# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.opt`: further optimizers and wrappers of optimizers."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.contrib.opt.adam_family import AdaMaxOptimizer, LazyAdamOptimizer, NadamOptimizer
from caudal.contrib.opt.external_optimizer import (
    ExternalOptimizerInterface,
    ScipyOptimizerInterface,
)
from caudal.contrib.opt.layer_rates import LARSOptimizer, RegAdagradOptimizer
from caudal.contrib.opt.sign_optimizers import AddSignOptimizer, PowerSignOptimizer
from caudal.contrib.opt.weight_decay import (
    AdamWOptimizer,
    DecoupledWeightDecayExtension,
    MomentumWOptimizer,
    extend_with_decoupled_weight_decay,
)
from caudal.contrib.opt.wrappers import (
    MovingAverageOptimizer,
    MultitaskOptimizerWrapper,
    VariableClippingOptimizer,
    clip_gradients_by_global_norm,
)

__all__ = [
    "AdaMaxOptimizer",
    "AdamWOptimizer",
    "AddSignOptimizer",
    "DecoupledWeightDecayExtension",
    "ExternalOptimizerInterface",
    "LARSOptimizer",
    "LazyAdamOptimizer",
    "MomentumWOptimizer",
    "MovingAverageOptimizer",
    "MultitaskOptimizerWrapper",
    "NadamOptimizer",
    "PowerSignOptimizer",
    "RegAdagradOptimizer",
    "ScipyOptimizerInterface",
    "VariableClippingOptimizer",
    "clip_gradients_by_global_norm",
    "extend_with_decoupled_weight_decay",
]

__getattr__ = _module_getattr(
    "contrib.opt",
    {
        "caudal.contrib.opt.preconditioned": "AdamGSOptimizer LazyAdamGSOptimizer ShampooOptimizer",
    },
)
