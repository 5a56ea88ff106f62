# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.examples`."""

from caudal.examples import tutorials
