# SPDX-License-Identifier: Apache-2.0
"""An internal path of TensorFlow that programs use; contents of `tf.contrib.rnn`."""

from caudal.contrib.rnn.python.ops import core_rnn, core_rnn_cell
