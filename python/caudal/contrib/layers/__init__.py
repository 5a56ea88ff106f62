# SPDX-License-Identifier: Apache-2.0
"""Contents of `tf.contrib.layers`."""

import functools

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

SPARSE_FEATURE_CROSS_DEFAULT_HASH_KEY = 0xDECAFCAFFE

__all__ = [name for name in dir() if not name.startswith("_") and name != "functools"]

_FEATURE_COLUMNS = frozenset(
    """
    bucketized_column check_feature_columns create_feature_spec_for_parsing crossed_column
    embedding_column infer_real_valued_columns input_from_feature_columns
    joint_weighted_sum_from_feature_columns make_place_holder_tensors_for_base_features
    one_hot_column parse_feature_columns_from_examples
    parse_feature_columns_from_sequence_examples real_valued_column scattered_embedding_column
    sequence_input_from_feature_columns shared_embedding_columns
    sparse_column_with_hash_bucket sparse_column_with_integerized_feature
    sparse_column_with_keys sparse_column_with_vocabulary_file transform_features
    weighted_sparse_column weighted_sum_from_feature_columns
""".split()
)


def _no_feature_columns(name, *args, **kwargs):
    raise NotImplementedError(
        "caudal does not have feature columns: tf.contrib.layers.%s is not supported. Make the "
        "input tensors from the data themselves." % name
    )


def __getattr__(name):
    if name in _FEATURE_COLUMNS:
        return functools.partial(_no_feature_columns, name)
    raise AttributeError("module 'caudal.contrib.layers' has no attribute %r" % name)
