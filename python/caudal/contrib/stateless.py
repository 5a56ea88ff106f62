# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401
"""Contents of `tf.contrib.stateless`."""

from caudal.ops.sampling_ops import (
    stateless_multinomial,
    stateless_random_normal,
    stateless_random_uniform,
    stateless_truncated_normal,
)
