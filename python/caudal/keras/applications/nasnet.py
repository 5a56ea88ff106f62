# SPDX-License-Identifier: Apache-2.0
"""NASNet-A: Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition",
arXiv:1707.07012."""

import warnings

from caudal.keras import backend as K
from caudal.keras import layers
from caudal.keras.applications import common, imagenet_utils
from caudal.keras.applications.imagenet_utils import decode_predictions

__all__ = ["NASNet", "NASNetLarge", "NASNetMobile", "decode_predictions", "preprocess_input"]

_WEIGHTS = "https://github.com/titu1994/Keras-NASNet/releases/download/v1.2/"
# By default size: name, hashes of the weights with and without the top.
_KNOWN = {
    224: ("mobile", "020fb642bf7360b370c678b08e0adf61", "1ed92395b5b598bdda52abe5c0dbfd63"),
    331: ("large", "11577c9a518f0070763c2b964a382f17", "d81d89dc07e6e56530c4e77faddd61b5"),
}


def preprocess_input(x, data_format=None):
    """`imagenet_utils.preprocess_input` in mode "tf"."""
    return imagenet_utils.preprocess_input(x, data_format, mode="tf")


def _norm(x, name):
    return common.norm(x, name=name, momentum=0.9997, epsilon=1e-3)


def _conv(x, filters, name):
    return layers.Conv2D(
        filters,
        (1, 1),
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)


def _pool(kind, x, name, size=3, stride=1):
    padding = "same" if stride == 1 else "valid"
    return kind((size, size), strides=(stride, stride), padding=padding, name=name)(x)


def _separable(x, filters, size, name, stride=1):
    """Twice: relu, separable convolution, normalization."""
    with K.name_scope("separable_conv_block_" + name):
        for number in (1, 2):
            x = common.relu(x)
            padding = "same"
            if stride == 2 and number == 1:
                pad = common.correct_pad(x, (size, size))
                x = layers.ZeroPadding2D(pad, name="separable_conv_1_pad_" + name)(x)
                padding = "valid"
            x = layers.SeparableConv2D(
                filters,
                (size, size),
                strides=(stride if number == 1 else 1,) * 2,
                padding=padding,
                use_bias=False,
                kernel_initializer="he_normal",
                name="separable_conv_%d_%s" % (number, name),
            )(x)
            x = _norm(x, "separable_conv_%d_bn_%s" % (number, name))
    return x


def _adjust(p, x, filters, block):
    """The output `p` of the block before the last, with the size of `x` and so many filters."""
    with K.name_scope("adjust_block"):
        if p is None:
            return x
        if K.int_shape(p)[-2] != K.int_shape(x)[-2]:
            with K.name_scope("adjust_reduction_block_" + block):
                return _halved(p, filters, block)
        if K.int_shape(p)[-1] != filters:
            with K.name_scope("adjust_projection_block_" + block):
                p = _conv(common.relu(p), filters, "adjust_conv_projection_" + block)
                return _norm(p, "adjust_bn_" + block)
    return p


def _halved(p, filters, block):
    """Every second pixel, and every second one after moving by one, each with half the filters."""
    p = common.relu(p, name="adjust_relu_1_" + block)
    halves = []
    for number in (1, 2):
        if number == 2:
            p = layers.ZeroPadding2D(padding=((0, 1), (0, 1)))(p)
            p = layers.Cropping2D(cropping=((1, 0), (1, 0)))(p)
        name = "adjust_avg_pool_%d_%s" % (number, block)
        half = _pool(layers.AveragePooling2D, p, name, size=1, stride=2)
        halves.append(_conv(half, filters // 2, "adjust_conv_%d_%s" % (number, block)))
    return _norm(common.concat(halves), "adjust_bn_" + block)


def _cell_input(p, x, filters, kind, block):
    p = _adjust(p, x, filters, block)
    h = _conv(common.relu(x), filters, "%s_conv_1_%s" % (kind, block))
    return p, _norm(h, "%s_bn_1_%s" % (kind, block))


def _normal_cell(x, p, filters, block):
    with K.name_scope("normal_A_block_" + block):
        previous, h = _cell_input(p, x, filters, "normal", block)

        def name(part):
            return "normal_%s_%s" % (part, block)

        def mean(y, part):
            return _pool(layers.AveragePooling2D, y, name(part))

        def add(part, *tensors):
            return layers.add(list(tensors), name=name(part))

        with K.name_scope("block_1"):
            y1 = _separable(h, filters, 5, name("left1"))
            y1 = add("add_1", y1, _separable(previous, filters, 3, name("right1")))
        with K.name_scope("block_2"):
            y2 = _separable(previous, filters, 5, name("left2"))
            y2 = add("add_2", y2, _separable(previous, filters, 3, name("right2")))
        with K.name_scope("block_3"):
            y3 = add("add_3", mean(h, "left3"), previous)
        with K.name_scope("block_4"):
            y4 = add("add_4", mean(previous, "left4"), mean(previous, "right4"))
        with K.name_scope("block_5"):
            y5 = add("add_5", _separable(h, filters, 3, name("left5")), h)
        return common.concat([previous, y1, y2, y3, y4, y5], name=name("concat"))


def _reduction_cell(x, p, filters, block):
    with K.name_scope("reduction_A_block_" + block):
        previous, h = _cell_input(p, x, filters, "reduction", block)

        def name(part):
            return "reduction_%s_%s" % (part, block)

        padded = layers.ZeroPadding2D(common.correct_pad(h, (3, 3)), name=name("pad_1"))(h)
        largest, mean = layers.MaxPooling2D, layers.AveragePooling2D
        with K.name_scope("block_1"):
            y1 = _separable(h, filters, 5, name("left1"), stride=2)
            other = _separable(previous, filters, 7, name("right1"), stride=2)
            y1 = layers.add([y1, other], name=name("add_1"))
        with K.name_scope("block_2"):
            y2 = _pool(largest, padded, name("left2"), stride=2)
            other = _separable(previous, filters, 7, name("right2"), stride=2)
            y2 = layers.add([y2, other], name=name("add_2"))
        with K.name_scope("block_3"):
            y3 = _pool(mean, padded, name("left3"), stride=2)
            other = _separable(previous, filters, 5, name("right3"), stride=2)
            y3 = layers.add([y3, other], name=name("add3"))
        with K.name_scope("block_4"):
            y4 = layers.add([y2, _pool(mean, y1, name("left4"))])
        with K.name_scope("block_5"):
            y5 = _separable(y1, filters, 3, name("left4"))
            y5 = layers.add(
                [y5, _pool(largest, padded, name("right5"), stride=2)], name=name("add4")
            )
        return common.concat([y2, y3, y4, y5], name=name("concat"))


def NASNet(
    input_shape=None,
    penultimate_filters=4032,
    num_blocks=6,
    stem_block_filters=96,
    skip_reduction=True,
    filter_multiplier=2,
    include_top=True,
    weights=None,
    input_tensor=None,
    pooling=None,
    classes=1000,
    default_size=None,
):
    """A network of NASNet-A cells, channels last; images from 32 x 32.

    Args:
      penultimate_filters: filters of the last feature maps.
      num_blocks: normal cells between two reduction cells.
      stem_block_filters: filters of the first convolution.
      skip_reduction: whether cells after a reduction see what was before it.
      filter_multiplier: factor of the filters at each reduction.
      default_size: height and width of images by default, 331.
      others: those of all networks, see `applications.common`.
    """
    common.check_weights(weights, include_top, classes)
    if weights == "imagenet" and input_shape is not None and None in input_shape:
        raise ValueError(
            "When specifying the input shape of a NASNet and loading `ImageNet` weights, the "
            "input_shape argument must be static (no None entries). Got: `input_shape=%s`."
            % (input_shape,)
        )
    size = 331 if default_size is None else default_size
    if weights == "imagenet" and size not in _KNOWN:
        raise ValueError("ImageNet weights can only be loaded with NASNetLarge or NASNetMobile")
    if penultimate_filters % (24 * filter_multiplier**2) != 0:
        raise ValueError(
            "For NASNet-A models, the `penultimate_filters` must be a multiple of 24 * "
            "(`filter_multiplier` ** 2). Current value: %d" % penultimate_filters
        )
    input_shape = imagenet_utils._obtain_input_shape(
        input_shape,
        default_size=size,
        min_size=32,
        data_format=K.image_data_format(),
        require_flatten=True,
        weights=weights,
    )
    data_format = K.image_data_format()
    if data_format != "channels_last":
        warnings.warn(
            "The NASNet family of models is only available for channels_last, but "
            '`image_data_format` is "channels_first". The model takes inputs (height, width, '
            "channels)."
        )
        K.set_image_data_format("channels_last")
    try:
        image = common.open_image(input_tensor, input_shape)
        x = layers.Conv2D(
            stem_block_filters,
            (3, 3),
            strides=(2, 2),
            padding="valid",
            use_bias=False,
            kernel_initializer="he_normal",
            name="stem_conv1",
        )(image)
        x = _norm(x, "stem_bn1")
        x = _cells(x, penultimate_filters // 24, num_blocks, filter_multiplier, skip_reduction)
        x = common.head(common.relu(x), include_top, pooling, classes, avg_name=None)
        name, *hashes = _KNOWN.get(size, ("other", None, None))
        file = "nasnet_%s%s.h5" % (name, "" if include_top else "_no_top")
        url = "%sNASNet-%s%s.h5" % (_WEIGHTS, name, "" if include_top else "-no-top")
        file_hash = hashes[0 if include_top else 1]
        return common.finish(image, x, "NASNet", weights, file, url, file_hash)
    finally:
        K.set_image_data_format(data_format)


def _cells(x, filters, num_blocks, multiplier, skip_reduction):
    p, x = x, _reduction_cell(x, None, filters // multiplier**2, "stem_1")
    p, x = x, _reduction_cell(x, p, filters // multiplier, "stem_2")
    for stage in range(3):
        if stage:
            reduced = _reduction_cell(
                x, p, filters * multiplier**stage, "reduce_%d" % (stage * num_blocks)
            )
            p, x = (p if skip_reduction else x), reduced
        first = stage * num_blocks + (stage > 0)
        for number in range(first, first + num_blocks):
            p, x = x, _normal_cell(x, p, filters * multiplier**stage, str(number))
    return x


def NASNetLarge(
    input_shape=None,
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    pooling=None,
    classes=1000,
):
    """NASNet-A (6 @ 4032), for images of 331 x 331.

    Args: those of all networks, see `applications.common`.
    """
    return NASNet(
        input_shape,
        include_top=include_top,
        weights=weights,
        input_tensor=input_tensor,
        pooling=pooling,
        classes=classes,
        default_size=331,
    )


def NASNetMobile(
    input_shape=None,
    include_top=True,
    weights="imagenet",
    input_tensor=None,
    pooling=None,
    classes=1000,
):
    """NASNet-A (4 @ 1056), for images of 224 x 224.

    Args: those of all networks, see `applications.common`.
    """
    return NASNet(
        input_shape,
        penultimate_filters=1056,
        num_blocks=4,
        stem_block_filters=32,
        skip_reduction=False,
        include_top=include_top,
        weights=weights,
        input_tensor=input_tensor,
        pooling=pooling,
        classes=classes,
        default_size=224,
    )
