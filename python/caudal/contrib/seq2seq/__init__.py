# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.seq2seq`."""

from caudal.framework.absent import module_getattr as _module_getattr

__getattr__ = _module_getattr(
    "contrib.seq2seq",
    {
        "caudal.contrib.seq2seq.attention": "AttentionMechanism BahdanauAttention "
        "BahdanauMonotonicAttention LuongAttention LuongMonotonicAttention hardmax "
        "monotonic_attention safe_cumprod",
        "caudal.contrib.seq2seq.attention_wrapper": "AttentionWrapper AttentionWrapperState",
        "caudal.contrib.seq2seq.basic_decoder": "BasicDecoder BasicDecoderOutput",
        "caudal.contrib.seq2seq.beam_search": "BeamSearchDecoder BeamSearchDecoderOutput "
        "BeamSearchDecoderState FinalBeamSearchDecoderOutput gather_tree tile_batch",
        "caudal.contrib.seq2seq.decoder": "Decoder dynamic_decode",
        "caudal.contrib.seq2seq.helper": "CustomHelper GreedyEmbeddingHelper Helper "
        "InferenceHelper SampleEmbeddingHelper ScheduledEmbeddingTrainingHelper "
        "ScheduledOutputTrainingHelper TrainingHelper",
        "caudal.contrib.seq2seq.loss": "sequence_loss",
    },
)
