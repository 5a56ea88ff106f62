# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.util`."""

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.framework.tensor_util import constant_value

__all__ = ["constant_value"]

__getattr__ = _module_getattr(
    "contrib.util",
    {
        "caudal.framework.tensor_proto": "make_ndarray make_tensor_proto",
        "caudal.framework.op_messages": "ops_used_by_graph_def stripped_op_list_for_graph",
    },
)
