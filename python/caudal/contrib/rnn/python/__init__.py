# SPDX-License-Identifier: Apache-2.0
"""An internal path of TensorFlow that programs use; contents of `tf.contrib.rnn`."""

from caudal.contrib.rnn.python import ops
