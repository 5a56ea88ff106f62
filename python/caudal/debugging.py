# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401, I001
"""Contents of `tf.debugging`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.check_ops import (
    assert_equal,
    assert_greater,
    assert_greater_equal,
    assert_integer,
    assert_less,
    assert_less_equal,
    assert_near,
    assert_negative,
    assert_non_negative,
    assert_non_positive,
    assert_none_equal,
    assert_positive,
    assert_proper_iterable,
    assert_rank,
    assert_rank_at_least,
    assert_rank_in,
    assert_same_float_dtype,
    assert_scalar,
    assert_type,
    is_non_decreasing,
    is_numeric_tensor,
    is_strictly_increasing,
)
from caudal.ops.logging_ops import Assert
from caudal.ops.math_ops import is_finite, is_inf, is_nan
from caudal.ops.numerics import check_numerics
from caudal.ops.numerics import verify_tensor_all_finite as assert_all_finite

__getattr__ = _module_getattr(
    "debugging",
    {
        "caudal.ops.shape_checks": "assert_shapes get_log_device_placement "
        "set_log_device_placement",
    },
)
