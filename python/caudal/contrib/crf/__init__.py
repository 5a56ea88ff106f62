# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.crf`."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib.crf",
    {
        "caudal.contrib.crf.crf": "CrfDecodeBackwardRnnCell CrfDecodeForwardRnnCell "
        "CrfForwardRnnCell crf_binary_score crf_decode crf_log_likelihood crf_log_norm "
        "crf_multitag_sequence_score crf_sequence_score crf_unary_score viterbi_decode",
    },
)
