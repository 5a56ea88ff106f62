# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.stateless`: random numbers that depend on a seed and nothing else."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.sampling_ops import (
    stateless_multinomial,
    stateless_random_normal,
    stateless_random_uniform,
    stateless_truncated_normal,
)

__all__ = [
    "stateless_multinomial",
    "stateless_random_normal",
    "stateless_random_uniform",
    "stateless_truncated_normal",
]

__getattr__ = _module_getattr("contrib.stateless")
