# SPDX-License-Identifier: Apache-2.0
"""Neural network functions: the table of contents of `nn`."""
# ruff: noqa: F401

from caudal.framework.absent import module_getattr as _module_getattr
from caudal.ops.array_ops import depth_to_space, space_to_batch, space_to_depth
from caudal.ops.embedding_ops import embedding_lookup
from caudal.ops.math_ops import sigmoid, tanh
from caudal.ops.nn_impl import (
    batch_norm_with_global_normalization,
    batch_normalization,
    fused_batch_norm,
    l2_normalize,
    log_poisson_loss,
    moments,
    normalize_moments,
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2,
    sparse_softmax_cross_entropy_with_logits,
    sufficient_statistics,
    weighted_cross_entropy_with_logits,
    weighted_moments,
    zero_fraction,
)
from caudal.ops.nn_ops import (
    atrous_conv2d,
    atrous_conv2d_transpose,
    avg_pool,
    avg_pool1d,
    avg_pool2d,
    avg_pool_v2,
    bias_add,
    conv1d,
    conv2d,
    conv2d_backprop_filter,
    conv2d_backprop_input,
    conv2d_transpose,
    convolution,
    crelu,
    depthwise_conv2d,
    depthwise_conv2d_backprop_filter,
    depthwise_conv2d_backprop_input,
    depthwise_conv2d_native,
    depthwise_conv2d_native_backprop_filter,
    depthwise_conv2d_native_backprop_input,
    dropout,
    elu,
    in_top_k,
    l2_loss,
    leaky_relu,
    local_response_normalization,
    log_softmax,
    lrn,
    max_pool,
    max_pool1d,
    max_pool2d,
    max_pool_v2,
    pool,
    relu,
    relu6,
    relu_layer,
    selu,
    separable_conv2d,
    softmax,
    softplus,
    softsign,
    swish,
    top_k,
    xw_plus_b,
)

__all__ = [name for name in dir() if not name.startswith("_")]

__getattr__ = _module_getattr(
    "nn",
    {
        "caudal.ops.embedding_sparse": "embedding_lookup_sparse safe_embedding_lookup_sparse",
        "caudal.ops.candidate_sampling_ops": "all_candidate_sampler compute_accidental_hits "
        "fixed_unigram_candidate_sampler learned_unigram_candidate_sampler "
        "log_uniform_candidate_sampler uniform_candidate_sampler",
        "caudal.ops.conv_ops": "avg_pool3d conv1d_transpose conv3d conv3d_backprop_filter "
        "conv3d_backprop_filter_v2 conv3d_transpose conv_transpose dilation2d erosion2d "
        "fractional_avg_pool fractional_max_pool max_pool3d max_pool_with_argmax "
        "quantized_avg_pool quantized_conv2d quantized_max_pool quantized_relu_x "
        "with_space_to_batch",
        "caudal.ops.ctc_ops": "collapse_repeated ctc_beam_search_decoder "
        "ctc_beam_search_decoder_v2 ctc_greedy_decoder ctc_loss ctc_loss_v2 ctc_unique_labels",
        "caudal.ops.nn_impl": "compute_average_loss scale_regularization_loss",
        "caudal.ops.sampled_losses": "nce_loss sampled_softmax_loss",
        "caudal.layers.rnn": "bidirectional_dynamic_rnn dynamic_rnn raw_rnn "
        "static_bidirectional_rnn static_rnn static_state_saving_rnn",
        "caudal.layers.rnn_cell": "@",
    },
)
