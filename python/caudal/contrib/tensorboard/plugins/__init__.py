# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.tensorboard.plugins`."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib.tensorboard.plugins", {"caudal.contrib.tensorboard.plugins.projector": "@"}
)
