# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401, I001
"""Contents of `tf.random`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.framework.random_seed import get_seed
from caudal.framework.random_seed import set_random_seed
from caudal.ops.random_ops import categorical, multinomial
from caudal.ops.random_ops import random_normal as normal
from caudal.ops.random_ops import random_shuffle as shuffle
from caudal.ops.random_ops import random_uniform as uniform
from caudal.ops.random_ops import truncated_normal

__getattr__ = _module_getattr(
    "random",
    {
        "caudal.ops.sampling_ops": "gamma poisson stateless_categorical stateless_multinomial "
        "stateless_normal stateless_truncated_normal stateless_uniform",
        "caudal.ops.candidate_sampling_ops": "all_candidate_sampler "
        "fixed_unigram_candidate_sampler learned_unigram_candidate_sampler "
        "log_uniform_candidate_sampler uniform_candidate_sampler",
    },
)
