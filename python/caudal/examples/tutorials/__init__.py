# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.examples.tutorials`."""

from caudal.examples.tutorials import mnist
