# SPDX-License-Identifier: Apache-2.0
"""Queues: the table of contents of `queue`."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "queue",
    {
        "caudal.ops.data_flow_ops": "FIFOQueue PaddingFIFOQueue PriorityQueue QueueBase "
        "RandomShuffleQueue",
    },
)
