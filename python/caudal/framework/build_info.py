# SPDX-License-Identifier: Apache-2.0
"""What this build of the core can do."""

from caudal import _core


def has_kernels(device_type, op_name):
    """Whether an op has a kernel for a type of device ("CPU", "GPU")."""
    return bool(_core.kernel_types(device_type, op_name))
