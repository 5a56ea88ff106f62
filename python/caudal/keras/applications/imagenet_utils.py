# SPDX-License-Identifier: Apache-2.0
"""Images for networks trained on ImageNet, and what their predictions mean."""

import json
import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras.utils.data_utils_files import get_file

CLASS_INDEX_PATH = (
    "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
)
_class_index = None

# By mode: what values are divided by, means and deviations of the channels after that.
_SCALES = {
    "tf": (127.5, [1.0, 1.0, 1.0], None),
    "torch": (255.0, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    "caffe": (None, [103.939, 116.779, 123.68], None),
}


def preprocess_input(x, data_format=None, mode="caffe"):
    """Brings RGB values from 0..255 to the scale that a network was trained with.

    Args:
      x: array or tensor of one image or a batch, rank 3 or 4. An array of floats is changed in
        place.
      data_format: "channels_first" or "channels_last"; None takes the backend's.
      mode: "caffe": BGR without the mean of ImageNet; "tf": -1 to 1; "torch": 0 to 1 without mean
        and deviation of ImageNet.

    Returns:
      Array or tensor like `x`.

    Raises:
      ValueError: for another data_format or mode.
    """
    if data_format is None:
        data_format = K.image_data_format()
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError("Unknown data_format " + str(data_format))
    if mode not in _SCALES:
        raise ValueError(
            'Unknown mode %r of preprocess_input; expected "caffe", "tf" or "torch".' % (mode,)
        )
    divisor, mean, deviation = _SCALES[mode]
    is_array = isinstance(x, np.ndarray)
    if is_array:
        if x.dtype.kind != "f":
            x = x.astype(K.floatx())
        dtype = x.dtype
    else:
        dtype = K.dtype(x)
        if not dtype.startswith("float"):
            x, dtype = K.cast(x, K.floatx()), K.floatx()

    def by_channel(values):
        values = np.array(values, dtype)
        return values.reshape(3, 1, 1) if data_format == "channels_first" else values

    if divisor is not None:
        if is_array:
            x /= divisor
        else:
            x = x / divisor
    else:
        channel = -3 if data_format == "channels_first" else -1
        if is_array:
            x = np.flip(x, channel)
        else:
            x = K.reverse(x, K.ndim(x) + channel)
    if is_array:
        x -= by_channel(mean)
        if deviation is not None:
            x /= by_channel(deviation)
        return x
    x = x - by_channel(mean)
    return x if deviation is None else x / by_channel(deviation)


def decode_predictions(preds, top=5):
    """The best classes of ImageNet for predictions.

    Args:
      preds: array [samples, 1000].
      top: number of classes.

    Returns:
      For each sample a list of (WordNet id, name, score), the best first.

    Raises:
      ValueError: for another shape.
      OSError: when the names of the classes are not in the cache and cannot be downloaded.
    """
    global _class_index
    if len(preds.shape) != 2 or preds.shape[1] != 1000:
        raise ValueError(
            "`decode_predictions` expects a batch of predictions (i.e. a 2D array of shape "
            "(samples, 1000)). Found array with shape: %s" % (preds.shape,)
        )
    if _class_index is None:
        path = get_file(
            "imagenet_class_index.json",
            CLASS_INDEX_PATH,
            cache_subdir="models",
            file_hash="c2c37ea517e94d9795004a39431a14cb",
        )
        with open(path, encoding="utf-8") as file:
            _class_index = json.load(file)
    results = []
    for scores in preds:
        best = scores.argsort()[::-1][:top]
        results.append([(*_class_index[str(index)], scores[index]) for index in best])
    return results


def _obtain_input_shape(
    input_shape, default_size, min_size, data_format, require_flatten, weights=None
):
    """The shape of a network's image: the given one, checked, or what fits.

    Args:
      input_shape: tuple of three, or None.
      default_size: height and width that the network was made for.
      min_size: least height and width.
      data_format: "channels_first" or "channels_last".
      require_flatten: whether the size must be known.
      weights: "imagenet" needs three channels, and its own size if `require_flatten`.

    Raises:
      ValueError: for shapes that do not fit.
    """

    def shape(size, channels):
        if data_format == "channels_first":
            return (channels, size, size)
        return (size, size, channels)

    channel = 0 if data_format == "channels_first" else -1
    trained = weights == "imagenet"
    default = shape(default_size, 3)
    if not trained and input_shape and len(input_shape) == 3:
        if input_shape[channel] not in (1, 3):
            warnings.warn(
                "This model usually expects 1 or 3 input channels. However, it was passed an "
                "input_shape with %s input channels." % input_shape[channel]
            )
    if trained and require_flatten:
        if input_shape is not None and tuple(input_shape) != default:
            raise ValueError(
                "When setting `include_top=True` and loading `imagenet` weights, `input_shape` "
                "should be %s." % (default,)
            )
        return default
    if not input_shape:
        return default if require_flatten else shape(None, 3)
    input_shape = tuple(input_shape)
    if len(input_shape) != 3:
        raise ValueError("`input_shape` must be a tuple of three integers.")
    if trained and input_shape[channel] != 3:
        raise ValueError("The input must have 3 channels; got `input_shape=%s`" % (input_shape,))
    sizes = input_shape[1:] if channel == 0 else input_shape[:2]
    if any(size is not None and size < min_size for size in sizes):
        raise ValueError(
            "Input size must be at least %dx%d; got `input_shape=%s`"
            % (min_size, min_size, input_shape)
        )
    if require_flatten and None in input_shape:
        raise ValueError(
            "If `include_top` is True, you should specify a static `input_shape`. Got "
            "`input_shape=%s`" % (input_shape,)
        )
    return input_shape
