# SPDX-License-Identifier: Apache-2.0
"""The networks VGG16 and VGG19."""

from caudal.keras import layers
from caudal.keras.applications import common

_FILTERS = (64, 128, 256, 512, 512)


def vgg(
    name,
    convolutions,
    hashes,
    include_top,
    weights,
    input_tensor,
    input_shape,
    pooling,
    classes,
):
    """Five blocks with so many `convolutions`, a halving of the size after each."""
    image = common.first_image(locals(), default_size=224, min_size=32)
    x = image
    for block, (count, filters) in enumerate(zip(convolutions, _FILTERS), 1):
        for number in range(1, count + 1):
            x = layers.Conv2D(
                filters,
                (3, 3),
                activation="relu",
                padding="same",
                name="block%d_conv%d" % (block, number),
            )(x)
        x = layers.MaxPooling2D((2, 2), strides=(2, 2), name="block%d_pool" % block)(x)
    if include_top:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(4096, activation="relu", name="fc1")(x)
        x = layers.Dense(4096, activation="relu", name="fc2")(x)
        x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    else:
        x = common.pool(x, pooling)
    file = "%s_weights_tf_dim_ordering_tf_kernels%s.h5" % (name, "" if include_top else "_notop")
    url = common.FIRST_WEIGHTS % 1 + file
    return common.finish(image, x, name, weights, file, url, hashes[bool(include_top)])
