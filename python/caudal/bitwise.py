# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.bitwise`."""

from caudal.framework.op_factory import public

bitwise_and = public("BitwiseAnd")
bitwise_or = public("BitwiseOr")
bitwise_xor = public("BitwiseXor")
invert = public("Invert")
left_shift = public("LeftShift")
right_shift = public("RightShift")
