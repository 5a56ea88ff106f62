# SPDX-License-Identifier: Apache-2.0
"""Checks and conversions of what users pass to `fit` and its siblings."""

import copy
import warnings

import numpy as np

from caudal.keras import backend as K
from caudal.keras import losses
from caudal.keras.utils.generic_utils import to_list


def _plain(x):
    """The array inside of a table of pandas; other values as they are."""
    return x.values if type(x).__name__ in ("DataFrame", "Series") else x


def standardize_single_array(x):
    """One array of samples: 1-D arrays become columns.

    Raises:
      ValueError: for a symbolic tensor without a static batch size.
    """
    if x is None or isinstance(x, np.ndarray):
        return x[:, None] if x is not None and x.ndim == 1 else x
    if K.is_tensor(x):
        shape = K.int_shape(x)
        if shape is None or shape[0] is None:
            raise ValueError(
                "When feeding symbolic tensors to a model, we expect the tensors to have a static "
                "batch size. Got tensor with shape: %s" % (shape,)
            )
        return x
    if getattr(x, "ndim", None) == 1:
        return np.expand_dims(x, 1)
    return x


def _as_list(data, names):
    if isinstance(data, dict):
        for name in names:
            if name not in data:
                raise ValueError(
                    'No data provided for "%s". Need data for each key in: %s' % (name, names)
                )
        return [_plain(data[name]) for name in names]
    if isinstance(data, (list, tuple)) and len(data):
        if isinstance(data[0], list):
            return [np.asarray(d) for d in data]
        if len(names) == 1 and isinstance(data[0], (bool, float, int, np.number)):
            return [np.asarray(data)]
        return [_plain(x) for x in data]
    if isinstance(data, (list, tuple)):
        return list(data)
    return [_plain(data)]


def standardize_input_data(data, names, shapes=None, check_batch_axis=True, exception_prefix=""):
    """Inputs or targets as a list of arrays in the order of `names`, of shapes that fit.

    Args:
      data: an array, a list of arrays, or a dict of arrays by name; also tables of pandas.
      names: list of str.
      shapes: None, or for each name a tuple with None for any size, or None for any shape.
      check_batch_axis: whether the first axis has to fit as well.
      exception_prefix: "input" or "target", for messages.

    Raises:
      ValueError: if something is missing, left over, or has another shape.
      TypeError: if a value is no array.
    """
    if not names:
        if data is not None and hasattr(data, "__len__") and len(data):
            raise ValueError(
                "Error when checking model %s: expected no data, but got: %s"
                % (exception_prefix, str(data)[:200])
            )
        return []
    if data is None:
        return [None] * len(names)
    data = [standardize_single_array(x) for x in _as_list(data, names)]
    if len(data) != len(names):
        data = _recounted(data, names, exception_prefix)
    for x, name in zip(data, names):
        if not hasattr(x, "shape") and x is not None:
            raise TypeError(
                "Error when checking model %s: data should be a Numpy array, or list/dict of Numpy "
                "arrays. Found for %s: %s" % (exception_prefix, name, str(x)[:200])
            )
    if shapes:
        for x, name, shape in zip(data, names, shapes):
            if shape is not None and not K.is_tensor(x):
                _check_shape(x, name, shape, check_batch_axis, exception_prefix)
    return data


def _recounted(data, names, prefix):
    if data and hasattr(data[0], "shape"):
        raise ValueError(
            "Error when checking model %s: the list of Numpy arrays that you are passing to your "
            "model is not the size the model expected. Expected to see %d array(s), but instead "
            "got the following list of %d arrays: %s..."
            % (prefix, len(names), len(data), str(data)[:200])
        )
    if len(names) > 1:
        raise ValueError(
            "Error when checking model %s: you are passing a list as input to your model, but the "
            "model expects a list of %d Numpy arrays instead. The list you passed was: %s"
            % (prefix, len(names), str(data)[:200])
        )
    return [np.asarray(data)]


def _check_shape(x, name, shape, check_batch_axis, prefix):
    if x is None:
        raise ValueError("Error when checking %s: no array was given for %s" % (prefix, name))
    found = tuple(x.shape)
    if len(found) != len(shape):
        raise ValueError(
            "Error when checking %s: expected %s to have %d dimensions, but got array with shape %s"
            % (prefix, name, len(shape), found)
        )
    if not check_batch_axis:
        found, shape = found[1:], tuple(shape)[1:]
    for size, wanted in zip(found, shape):
        if wanted and size != wanted:
            raise ValueError(
                "Error when checking %s: expected %s to have shape %s but got array with shape %s"
                % (prefix, name, shape, found)
            )


def standardize_sample_or_class_weights(x_weight, output_names, weight_type):
    """Weights as a list with one entry per output, None where there are none.

    Args:
      weight_type: "sample_weight" or "class_weight", for messages.
    """
    if x_weight is None or len(x_weight) == 0:
        return [None] * len(output_names)
    if len(output_names) == 1:
        if isinstance(x_weight, list) and len(x_weight) == 1:
            return x_weight
        if isinstance(x_weight, dict) and output_names[0] in x_weight:
            return [x_weight[output_names[0]]]
        return [x_weight]
    if isinstance(x_weight, list):
        if len(x_weight) != len(output_names):
            raise ValueError(
                "Provided `%s` was a list of %d elements, but the model has %d outputs. You should "
                "provide one `%s` array per model output."
                % (weight_type, len(x_weight), len(output_names), weight_type)
            )
        return x_weight
    if isinstance(x_weight, dict):
        return [x_weight.get(name) for name in output_names]
    raise TypeError(
        "The model has multiple outputs, so `%s` should be either a list or a dict. Provided `%s` "
        "type not understood: %s" % (weight_type, weight_type, x_weight)
    )


def standardize_class_weights(class_weight, output_names):
    """See `standardize_sample_or_class_weights`."""
    return standardize_sample_or_class_weights(class_weight, output_names, "class_weight")


def standardize_sample_weights(sample_weight, output_names):
    """See `standardize_sample_or_class_weights`."""
    return standardize_sample_or_class_weights(sample_weight, output_names, "sample_weight")


def _lengths(arrays):
    if arrays is None:
        return {0}
    return {0 if x is None else int(x.shape[0]) for x in arrays}


def check_array_length_consistency(inputs, targets, weights=None):
    """Raises ValueError unless all arrays have the same number of samples."""
    x, y, w = _lengths(inputs), _lengths(targets), _lengths(weights)
    for what, lengths, arrays in (
        ("input arrays (x)", x, inputs),
        ("target arrays (y)", y, targets),
        ("sample_weight arrays", w, weights),
    ):
        if len(lengths) > 1:
            raise ValueError(
                "All %s should have the same number of samples. Got array shapes: %s"
                % (what, [getattr(a, "shape", None) for a in arrays])
            )
    if x and y and x != y:
        raise ValueError(
            "Input arrays should have the same number of samples as target arrays. Found %d input "
            "samples and %d target samples." % (*x, *y)
        )
    if y and w and y != w:
        raise ValueError(
            "Sample_weight arrays should have the same number of samples as target arrays. Got %d "
            "input samples and %d target samples." % (*y, *w)
        )


def check_loss_and_target_compatibility(targets, loss_fns, output_shapes):
    """Finds targets that a loss of Keras cannot mean; ValueError says what it expects.

    Args:
      targets: list of arrays.
      loss_fns: list of functions, or None.
      output_shapes: list of tuples.
    """
    same_shape = (
        losses.mean_squared_error, losses.binary_crossentropy, losses.categorical_crossentropy,
    )  # fmt: skip
    for y, loss, shape in zip(targets, loss_fns, output_shapes):
        if y is None or loss is None or K.is_tensor(y):
            continue
        if loss is losses.categorical_crossentropy and y.shape[-1] == 1:
            raise ValueError(
                "You are passing a target array of shape %s while using as loss "
                "`categorical_crossentropy`. `categorical_crossentropy` expects targets to be "
                "binary matrices (1s and 0s) of shape (samples, classes). If your targets are "
                "integer classes, you can convert them to the expected format via:\n"
                "```\nfrom keras.utils import to_categorical\n"
                "y_binary = to_categorical(y_int)\n```\n\n"
                "Alternatively, you can use the loss function `sparse_categorical_crossentropy` "
                "instead, which does expect integer targets." % (y.shape,)
            )
        if loss not in same_shape:
            continue
        for size, wanted in zip(y.shape[1:], shape[1:]):
            if wanted is not None and size != wanted:
                raise ValueError(
                    "A target array with shape %s was passed for an output of shape %s while using "
                    "as loss `%s`. This loss expects targets to have the same shape as the output."
                    % (y.shape, shape, loss.__name__)
                )


def check_sparse_labels(y, loss, name, shape):
    """Raises ValueError if numbers of classes are outside of what an output has."""
    if loss is not losses.sparse_categorical_crossentropy or not isinstance(y, np.ndarray):
        return
    channels_first = K.image_data_format() == "channels_first" and len(shape) in (4, 5)
    classes = shape[1] if channels_first else shape[-1]
    if classes is None or not y.size or y.dtype.kind not in "iufb":
        return
    low, high = y.min(), y.max()
    if low <= -1 or high >= classes:
        raise ValueError(
            "Output %s has %d classes, so its labels have to be from 0 to %d, but the given "
            "labels go from %s to %s" % (name, classes, classes - 1, low, high)
        )


def collect_metrics(metrics, output_names):
    """For every output the list of its metrics.

    Args:
      metrics: None, a list for all outputs, or a dict by the name of the output.
    """
    if not metrics:
        return [[] for _ in output_names]
    if isinstance(metrics, list):
        return [copy.copy(metrics) for _ in output_names]
    if isinstance(metrics, dict):
        return [to_list(metrics.get(name, [])) for name in output_names]
    raise TypeError(
        "Type of `metrics` argument not understood. Expected a list or dictionary, found: %s"
        % (metrics,)
    )


def batch_shuffle(index_array, batch_size):
    """The indices with whole batches in random order; what is left over stays at the end."""
    whole = len(index_array) // batch_size * batch_size
    batches = index_array[:whole].reshape(-1, batch_size)
    np.random.shuffle(batches)
    return np.append(batches.ravel(), index_array[whole:])


def make_batches(size, batch_size):
    """[(start, end), ...] of the batches of `size` samples; the last may be smaller."""
    return [(start, min(size, start + batch_size)) for start in range(0, size, batch_size)]


def weighted_masked_objective(fn):
    """A function of (y_true, y_pred, weights, mask) to a scalar, from one of (y_true, y_pred).

    Masked samples do not count. Weights scale the values of samples (or of timesteps), and the mean
    is over those whose weight is not zero.
    """
    if fn is None:
        return None

    def weighted(y_true, y_pred, weights, mask=None):
        if isinstance(fn, losses.Loss):
            return _of_object(fn, y_true, y_pred, weights, mask)
        values = fn(y_true, y_pred)
        if mask is not None:
            mask = K.cast(mask, K.floatx())
            values = values * mask / K.mean(mask)
        if weights is not None:
            # Losses of an unknown rank are taken to have that of the weights.
            extra = list(range(K.ndim(weights), K.ndim(values) or 0))
            values = K.mean(values, axis=extra) if extra else values
            values = values * weights
            values = values / K.mean(K.cast(K.not_equal(weights, 0), K.floatx()))
        return K.mean(values)

    return weighted


def _of_object(loss, y_true, y_pred, weights, mask):
    if mask is not None:
        mask = K.cast(mask, K.floatx())
        for _ in range(0 if weights is None else K.ndim(mask) - K.ndim(weights)):
            weights = K.expand_dims(weights, -1)
        weights = mask if weights is None else mask * weights
    return K.mean(loss(y_true, y_pred, sample_weight=weights))


def standardize_weights(y, sample_weight=None, class_weight=None, sample_weight_mode=None):
    """One weight per sample, or per timestep with the mode "temporal".

    Args:
      y: array of targets.
      sample_weight: None or array; comes back as it is once it fits.
      class_weight: None or dict from the number of a class to its weight.

    Returns:
      Array; of ones if no weights are given.
    """
    weights = given_weights(y, sample_weight, class_weight, sample_weight_mode)
    if weights is None:
        rank = 1 if sample_weight_mode is None else 2
        weights = np.ones([int(n) for n in y.shape[:rank]], K.floatx())
    return weights


def given_weights(y, sample_weight=None, class_weight=None, sample_weight_mode=None):
    """As `standardize_weights`, but None if no weights are given."""
    if sample_weight is not None and not isinstance(sample_weight, np.ndarray):
        sample_weight = _plain(sample_weight)
        if not hasattr(sample_weight, "shape"):
            sample_weight = np.asarray(sample_weight)
    if sample_weight_mode is not None:
        _check_temporal(y, sample_weight, sample_weight_mode)
    elif sample_weight is not None and len(sample_weight.shape) != 1:
        raise ValueError(
            "Found a sample_weight array with shape %s. In order to use timestep-wise sample "
            'weights, you should specify sample_weight_mode="temporal" in compile(). If you just '
            "mean to use sample-wise weights, make sure your sample_weight array is 1D."
            % (sample_weight.shape,)
        )
    if sample_weight is not None:
        if class_weight is not None:
            warnings.warn(
                "Found both `sample_weight` and `class_weight`: `class_weight` argument will be "
                "ignored."
            )
        if len(sample_weight.shape) > len(y.shape):
            raise ValueError(
                "Found a sample_weight with shape %s. Expected sample_weight with rank less than "
                "or equal to %d" % (sample_weight.shape, len(y.shape))
            )
        if tuple(y.shape[: sample_weight.ndim]) != sample_weight.shape:
            raise ValueError(
                "Found a sample_weight array with shape %s for an input with shape %s. "
                "sample_weight cannot be broadcast." % (sample_weight.shape, y.shape)
            )
        return sample_weight
    if isinstance(class_weight, dict):
        return _weights_of_classes(y, class_weight)
    return None


def _check_temporal(y, sample_weight, mode):
    if mode != "temporal":
        raise ValueError('"sample_weight_mode should be None or "temporal". Found: %s' % (mode,))
    if len(y.shape) < 3:
        raise ValueError(
            "Found a sample_weight array for an input with shape %s. Timestep-wise sample "
            'weighting (use of sample_weight_mode="temporal") is restricted to outputs that are at '
            "least 3D, i.e. that have a time dimension." % (y.shape,)
        )
    if sample_weight is not None and len(sample_weight.shape) != 2:
        raise ValueError(
            "Found a sample_weight array with shape %s. In order to use timestep-wise sample "
            "weighting, you should pass a 2D sample_weight array." % (sample_weight.shape,)
        )


def _weights_of_classes(y, class_weight):
    if len(y.shape) > 2:
        raise ValueError("`class_weight` not supported for 3+ dimensional targets.")
    if y.shape[-1] > 1 and len(y.shape) == 2:
        classes = np.argmax(y, axis=1)
    else:
        classes = np.reshape(y, y.shape[0])
    present, places = np.unique(classes, return_inverse=True)
    missing = [c for c in present.tolist() if c not in class_weight]
    if missing:
        raise ValueError(
            "`class_weight` must contain all classes in the data. The classes %s exist in the data "
            "but not in `class_weight`." % set(missing)
        )
    return np.asarray([class_weight[c] for c in present.tolist()])[places.reshape(-1)]


def check_num_samples(ins, batch_size=None, steps=None, steps_name="steps"):
    """The number of samples in `ins`, or None where only `steps` says how long to go on.

    Raises:
      ValueError: if both `steps` and `batch_size` are given, or symbolic tensors without `steps`.
    """
    if steps is not None and batch_size is not None:
        raise ValueError("If %s is set, the `batch_size` must be None." % steps_name)
    if not ins or any(K.is_tensor(x) for x in ins):
        if steps is None:
            raise ValueError(
                "If your data is in the form of symbolic tensors, you should specify the `%s` "
                "argument (instead of the `batch_size` argument, because symbolic tensors are "
                "expected to produce batches of input data)." % steps_name
            )
        return None
    return int(ins[0].shape[0]) if hasattr(ins[0], "shape") else None


def iter_sequence_infinite(seq):
    """The batches of a Sequence, again and again."""
    while True:
        yield from seq
