# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.layers`."""

from caudal.contrib.layers import summaries
from caudal.contrib.layers.batch_norm import batch_norm
from caudal.contrib.layers.convolutions import (
    conv1d,
    conv2d,
    conv2d_in_plane,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    convolution,
    convolution1d,
    convolution2d,
    convolution2d_in_plane,
    convolution2d_transpose,
    convolution3d,
    convolution3d_transpose,
    separable_conv2d,
    separable_convolution2d,
)
from caudal.contrib.layers.dense import (
    elu,
    fully_connected,
    legacy_fully_connected,
    legacy_linear,
    legacy_relu,
    linear,
    relu,
    relu6,
)
from caudal.contrib.layers.embeddings import (
    bow_encoder,
    embed_sequence,
    embedding_lookup_unique,
    safe_embedding_lookup_sparse,
)
from caudal.contrib.layers.gdn import GDN, gdn
from caudal.contrib.layers.initializers import (
    variance_scaling_initializer,
    xavier_initializer,
    xavier_initializer_conv2d,
)
from caudal.contrib.layers.normalization import group_norm, instance_norm, layer_norm, unit_norm
from caudal.contrib.layers.optimizers import (
    OPTIMIZER_CLS_NAMES,
    OPTIMIZER_SUMMARIES,
    adaptive_clipping_fn,
    optimize_loss,
)
from caudal.contrib.layers.pools import avg_pool2d, avg_pool3d, max_pool2d, max_pool3d, pool
from caudal.contrib.layers.regularizers import (
    apply_regularization,
    l1_l2_regularizer,
    l1_regularizer,
    l2_regularizer,
    sum_regularizer,
)
from caudal.contrib.layers.rev_block import (
    RevBlock,
    recompute_grad,
    rev_block,
    scale_gradient,
)
from caudal.contrib.layers.shapes import (
    bias_add,
    dense_to_sparse,
    dropout,
    flatten,
    images_to_sequence,
    maxout,
    one_hot_encoding,
    repeat,
    sequence_to_images,
    softmax,
    spatial_softmax,
    stack,
)
from caudal.contrib.layers.summaries import (
    summarize_activation,
    summarize_activations,
    summarize_biases,
    summarize_collection,
    summarize_tensor,
    summarize_tensors,
    summarize_variables,
    summarize_weights,
)
from caudal.contrib.layers.targets import (
    binary_svm_target,
    multi_class_target,
    regression_target,
)
from caudal.framework.absent import module_getattr as _module_getattr

SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY = 0xDECAFCAFFE

__all__ = [name for name in dir() if not name.startswith("_")]

__getattr__ = _module_getattr("contrib.layers", {"caudal.contrib.layers.python": "@"})
