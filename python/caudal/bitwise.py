# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.bitwise`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.framework.op_factory import public

bitwise_and = public("BitwiseAnd")
bitwise_or = public("BitwiseOr")
bitwise_xor = public("BitwiseXor")
invert = public("Invert")
left_shift = public("LeftShift")
right_shift = public("RightShift")

__getattr__ = _module_getattr("bitwise")
