# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.cudnn_rnn`: the cells that need no cuDNN."""

from caudal.framework.absent import module_getattr as _module_getattr

_later = _module_getattr(
    "contrib.cudnn_rnn",
    {
        "caudal.contrib.cudnn_rnn.compatible": "CudnnCompatibleGRUCell CudnnCompatibleLSTMCell",
    },
)


def __getattr__(name):
    if name.startswith("Cudnn") and name not in _later.names:
        raise AttributeError(
            "tf.contrib.cudnn_rnn.%s runs on cuDNN only, which caudal does not use; "
            "CudnnCompatibleLSTMCell and CudnnCompatibleGRUCell with tf.nn.dynamic_rnn compute "
            "the same" % name
        )
    return _later(name)


def __dir__():
    return sorted({*globals(), *_later.names})
