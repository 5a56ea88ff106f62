# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.util`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.framework.tensor_util import constant_value

__all__ = ["constant_value"]

__getattr__ = _module_getattr(
    "contrib.util", {"caudal.framework.tensor_proto": "make_ndarray make_tensor_proto"}
)
