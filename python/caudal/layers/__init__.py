# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.layers`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.layers.base import InputSpec, Layer

__getattr__ = _module_getattr(
    "layers",
    {},
)
