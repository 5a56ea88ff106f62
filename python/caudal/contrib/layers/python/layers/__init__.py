# SPDX-License-Identifier: Apache-2.0
"""An internal path of TensorFlow that programs use; contents of `tf.contrib.layers`."""

from caudal.contrib.layers import *  # noqa: F403
from caudal.contrib.layers import initializers, optimizers, regularizers, summaries, utils
from caudal.contrib.layers.normalization import poincare_normalize
from caudal.contrib.layers.shapes import inner_flatten as _inner_flatten
