# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.cudnn_rnn`: the cells that need no cuDNN."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib.cudnn_rnn",
    {
        "caudal.contrib.cudnn_rnn.compatible": "CudnnCompatibleGRUCell CudnnCompatibleLSTMCell",
    },
)
