# SPDX-License-Identifier: Apache-2.0
"""What all networks of this package share: arguments, weights files, heads, short layers.

The arguments of every network:
  include_top: whether the layers that classify are there.
  weights: "imagenet", None for random ones, or the path of a weights file.
  input_tensor: Keras tensor to use as the image, or None.
  input_shape: (height, width, channels) in the backend's order of axes, or None.
  pooling: without the top, "avg" or "max" makes a vector of the last feature maps; None keeps them.
  classes: number of classes, with the top and weights other than "imagenet".
Raises ValueError for arguments that do not fit together, OSError when weights have to be
downloaded and cannot be.
"""

import os

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.applications.imagenet_utils import _obtain_input_shape
from caudal.keras.models import Model
from caudal.keras.utils.data_utils_files import get_file
from caudal.keras.utils.layer_utils import get_source_inputs

# Where the weights of the first networks are.
FIRST_WEIGHTS = "https://github.com/fchollet/deep-learning-models/releases/download/v0.%d/"


def check_weights(weights, include_top, classes):
    if not (weights in ("imagenet", None) or os.path.exists(weights)):
        raise ValueError(
            "The `weights` argument should be either `None` (random initialization), `imagenet` "
            "(pre-training on ImageNet), or the path to the weights file to be loaded. Got %r"
            % (weights,)
        )
    if weights == "imagenet" and include_top and classes != 1000:
        raise ValueError(
            'If using `weights` as `"imagenet"` with `include_top` as true, `classes` should be '
            "1000"
        )


def first_image(arguments, default_size, min_size):
    """The Keras tensor of the image for the arguments of a network that takes all of them."""
    check_weights(*(arguments[name] for name in ("weights", "include_top", "classes")))
    shape = _obtain_input_shape(
        arguments["input_shape"],
        default_size=default_size,
        min_size=min_size,
        data_format=K.image_data_format(),
        require_flatten=arguments["include_top"],
        weights=arguments["weights"],
    )
    return open_image(arguments["input_tensor"], shape)


def open_image(input_tensor, shape):
    if input_tensor is None:
        return layers.Input(shape=shape)
    if K.is_keras_tensor(input_tensor):
        return input_tensor
    return layers.Input(tensor=input_tensor, shape=shape)


def pool(x, pooling, avg_name=None, max_name=None):
    """What stands in place of the top."""
    if pooling == "avg":
        return layers.GlobalAveragePooling2D(name=avg_name)(x)
    if pooling == "max":
        return layers.GlobalMaxPooling2D(name=max_name)(x)
    return x


def head(x, include_top, pooling, classes, name="predictions", avg_name="avg_pool"):
    """Mean over the places and one dense layer; or `pool`."""
    if not include_top:
        return pool(x, pooling)
    x = layers.GlobalAveragePooling2D(name=avg_name)(x)
    return layers.Dense(classes, activation="softmax", name=name)(x)


def finish(image, x, name, weights, file, url, file_hash=None):
    """The model, with its weights.

    Args:
      image, x: its first and last tensor.
      name: of the model.
      weights: the network's argument.
      file, url, file_hash: the file of the weights "imagenet": name in the cache, place, hash.
    """
    model = Model(get_source_inputs(image), x, name=name)
    if weights == "imagenet":
        weights = get_file(file, url, cache_subdir="models", file_hash=file_hash)
    if weights is not None:
        model.load_weights(weights)
    return model


def channel_axis():
    return 1 if K.image_data_format() == "channels_first" else 3


def norm(x, name=None, **options):
    return layers.BatchNormalization(axis=channel_axis(), name=name, **options)(x)


def relu(x, name=None):
    return layers.Activation("relu", name=name)(x)


def concat(tensors, name=None):
    return layers.Concatenate(axis=channel_axis(), name=name)(tensors)


def correct_pad(x, kernel_size):
    """Padding with which a convolution of stride 2 covers an image as TensorFlow's "same" does."""
    first = 2 if channel_axis() == 1 else 1
    sizes = K.int_shape(x)[first : first + 2]
    return tuple(
        (size // 2 - 1 + (extent or 0) % 2, size // 2) for size, extent in zip(kernel_size, sizes)
    )
