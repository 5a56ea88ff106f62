# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.legacy_seq2seq`."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib.legacy_seq2seq",
    {
        "caudal.contrib.legacy_seq2seq.decoders": "attention_decoder embedding_attention_decoder "
        "embedding_rnn_decoder rnn_decoder",
        "caudal.contrib.legacy_seq2seq.models": "basic_rnn_seq2seq embedding_attention_seq2seq "
        "embedding_rnn_seq2seq embedding_tied_rnn_seq2seq model_with_buckets "
        "one2many_rnn_seq2seq sequence_loss sequence_loss_by_example tied_rnn_seq2seq",
    },
)
