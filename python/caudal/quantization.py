# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: F401
"""Contents of `tf.quantization`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.quantize_ops import (
    dequantize,
    fake_quant_with_min_max_args,
    fake_quant_with_min_max_args_gradient,
    fake_quant_with_min_max_vars,
    fake_quant_with_min_max_vars_gradient,
    fake_quant_with_min_max_vars_per_channel,
    fake_quant_with_min_max_vars_per_channel_gradient,
    quantize,
    quantize_and_dequantize,
    quantized_concat,
)

__getattr__ = _module_getattr("quantization")
