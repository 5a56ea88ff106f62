# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's internal path of `tf.contrib.learn`, which programs use."""

from caudal.contrib.learn.python import learn
