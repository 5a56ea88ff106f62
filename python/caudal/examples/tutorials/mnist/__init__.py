# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.examples.tutorials.mnist`."""

from caudal.examples.tutorials.mnist import input_data
