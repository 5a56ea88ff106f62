# SPDX-License-Identifier: Apache-2.0
"""The backend of Keras: the functions that layers and models are made of.

Usually imported as `from caudal.keras import backend as K`.
"""
# ruff: noqa: A004 - Keras' names

import caudal as tf
from caudal.keras.backend.arithmetic import (
    abs,
    clip,
    cos,
    equal,
    exp,
    greater,
    greater_equal,
    less,
    less_equal,
    log,
    maximum,
    minimum,
    not_equal,
    pow,
    round,
    sign,
    sin,
    sqrt,
    square,
)
from caudal.keras.backend.arrays import (
    arange,
    batch_flatten,
    concatenate,
    expand_dims,
    flatten,
    gather,
    in_top_k,
    one_hot,
    permute_dimensions,
    repeat,
    repeat_elements,
    reshape,
    reverse,
    slice,
    squeeze,
    stack,
    tile,
    transpose,
)
from caudal.keras.backend.common import (
    cast_to_floatx,
    epsilon,
    floatx,
    image_data_format,
    image_dim_ordering,
    normalize_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
    set_image_dim_ordering,
)
from caudal.keras.backend.control import (
    foldl,
    foldr,
    gradients,
    in_test_phase,
    in_train_phase,
    map_fn,
    print_tensor,
    stop_gradient,
    switch,
)
from caudal.keras.backend.convolutions import (
    conv1d,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    depthwise_conv2d,
    local_conv1d,
    local_conv2d,
    pool2d,
    pool3d,
    resize_images,
    resize_volumes,
    separable_conv1d,
    separable_conv2d,
    spatial_2d_padding,
    spatial_3d_padding,
    temporal_padding,
)
from caudal.keras.backend.ctc import ctc_batch_cost, ctc_decode, ctc_label_dense_to_sparse
from caudal.keras.backend.function import Function, function
from caudal.keras.backend.nn import (
    batch_normalization,
    bias_add,
    binary_crossentropy,
    categorical_crossentropy,
    dropout,
    elu,
    hard_sigmoid,
    l2_normalize,
    normalize_batch_in_training,
    relu,
    sigmoid,
    softmax,
    softplus,
    softsign,
    sparse_categorical_crossentropy,
    tanh,
)
from caudal.keras.backend.products import batch_dot, dot
from caudal.keras.backend.random import (
    random_binomial,
    random_normal,
    random_normal_variable,
    random_uniform,
    random_uniform_variable,
    truncated_normal,
)
from caudal.keras.backend.reductions import (
    all,
    any,
    argmax,
    argmin,
    cumprod,
    cumsum,
    logsumexp,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from caudal.keras.backend.rnn import rnn
from caudal.keras.backend.state import (
    clear_session,
    get_session,
    get_uid,
    learning_phase,
    learning_phase_scope,
    manual_variable_initialization,
    name_scope,
    reset_uids,
    set_learning_phase,
    set_session,
)
from caudal.keras.backend.variables import (
    batch_get_value,
    batch_set_value,
    cast,
    constant,
    count_params,
    dtype,
    eval,
    eye,
    get_value,
    get_variable_shape,
    identity,
    int_shape,
    is_keras_tensor,
    is_placeholder,
    is_sparse,
    is_tensor,
    moving_average_update,
    ndim,
    ones,
    ones_like,
    placeholder,
    set_value,
    shape,
    to_dense,
    update,
    update_add,
    update_sub,
    variable,
    zeros,
    zeros_like,
)

_BACKEND = "tensorflow"


def backend():
    """The name of the backend: 'tensorflow', whose programming model this is."""
    return _BACKEND


# Last, as it hands on what is above: `K.tensorflow_backend` is an attribute, too.
from caudal.keras.backend import tensorflow_backend  # noqa: E402, F401, I001
