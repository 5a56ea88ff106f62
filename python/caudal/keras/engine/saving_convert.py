# SPDX-License-Identifier: Apache-2.0
"""Weights from older files and for other layers of the same meaning.

Keras 1 kept the gates of recurrent layers and the sizes of convolutions in another order; Theano's
kernels are mirrored; the CuDNN layers have transposed kernels and two biases.
"""

import numpy as np

from caudal.keras import backend as K
from caudal.keras.utils import conv_utils

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "ConvLSTM2D")


def preprocess_weights_for_loading(layer, weights, original_keras_version=None,
                                   original_backend=None, reshape=False):  # fmt: skip
    """The weights of a file as a layer has them.

    Args:
      layer: Layer with its weights made.
      weights: list of arrays.
      original_keras_version: that of the file; "1" converts from Keras 1.
      original_backend: that of the file; the kernels of "theano" are mirrored.
      reshape: whether kernels of convolutions take the shape of the layer's, if the sizes agree.

    Returns:
      A list of arrays.

    Raises:
      ValueError: for weights that are none of the layer's.
    """
    weights = list(weights)
    kind = type(layer).__name__
    origin = (original_keras_version, original_backend)
    if kind == "Bidirectional":
        half = len(weights) // 2
        weights = preprocess_weights_for_loading(
            layer.forward_layer, weights[:half], *origin
        ) + preprocess_weights_for_loading(layer.backward_layer, weights[half:], *origin)
    elif kind == "TimeDistributed":
        weights = preprocess_weights_for_loading(layer.layer, weights, *origin)
    elif hasattr(layer, "layers") and hasattr(layer, "inputs"):
        weights = _of_model(layer, weights, origin)
    if not weights:
        return weights
    if original_keras_version == "1":
        weights = _from_keras_1(kind, layer, weights)
    if kind in _CONVOLUTIONS:
        weights = _convolution(kind, layer, weights, original_backend, reshape)
    return _recurrent(kind, layer, weights)


def _of_model(model, weights, origin):
    """Files have what is trained of all layers first, then what is not."""
    out, at = [], 0
    for trained in (True, False):
        for layer in model.layers:
            ids = {id(w) for w in layer.trainable_weights}
            own = [w for w in layer.weights if (id(w) in ids) == trained]
            if own:
                part = weights[at : at + len(own)]
                out += preprocess_weights_for_loading(layer, part, *origin)
                at += len(own)
    return out + weights[at:]


# Keras 1 -----------------------------------------------------------------------------------------


def _joined(weights, order):
    """Kernels, recurrent kernels and biases of gates, each in three weights, side by side."""
    return [
        np.concatenate([weights[3 * gate + part] for gate in order], axis=-1) for part in range(3)
    ]


def _from_keras_1(kind, layer, weights):
    first = getattr(layer, "data_format", None) == "channels_first"
    if kind == "Conv1D" and weights[0].ndim == 4:
        shape, length = weights[0].shape, layer.kernel_size[0]
        if shape[:2] != (length, 1) or shape[3] != layer.filters:
            if shape[0] != layer.filters or shape[2:] != (length, 1):
                raise ValueError(
                    "Layer %s: a kernel of Keras 1 with %d filters of length %d was expected, the "
                    "saved one has shape %s" % (layer.name, layer.filters, length, shape)
                )
            weights[0] = np.transpose(weights[0], (2, 3, 1, 0))
        weights[0] = weights[0][:, 0, :, :]
    elif kind == "Conv2D" and first:
        weights[0] = np.transpose(weights[0], (2, 3, 1, 0))
    elif kind == "Conv2DTranspose":
        weights[0] = np.transpose(weights[0], (2, 3, 0, 1) if first else (0, 1, 3, 2))
    elif kind == "Conv3D" and first:
        weights[0] = np.transpose(weights[0], (2, 3, 4, 1, 0))
    elif kind == "GRU" and len(weights) == 9:
        weights = _joined(weights, (0, 1, 2))
    elif kind in ("LSTM", "ConvLSTM2D") and len(weights) == 12:
        weights = _joined(weights, (0, 2, 1, 3))  # i, c, f, o
        if kind == "ConvLSTM2D" and first:
            weights[:2] = [np.transpose(w, (2, 3, 1, 0)) for w in weights[:2]]
    return weights


# Convolutions ------------------------------------------------------------------------------------


def _convolution(kind, layer, weights, backend, reshape):
    expected = tuple(K.int_shape(layer.weights[0]))
    kernels = 2 if kind == "ConvLSTM2D" else 1
    if backend == "theano":
        weights[:kernels] = [conv_utils.convert_kernel(w) for w in weights[:kernels]]
    found = weights[0].shape
    if found == expected:
        return weights
    if reshape:
        if weights[0].size != np.prod(expected):
            raise ValueError(
                "Weights must be of equal size to apply a reshape operation. Layer %s's weights "
                "have shape %s and size %d. The weights for loading have shape %s and size %d."
                % (layer.name, expected, np.prod(expected), found, weights[0].size)
            )
        weights[0] = np.reshape(weights[0], expected)
    elif len(found) == 4 and tuple(found[i] for i in (3, 2, 0, 1)) == expected:
        weights[:kernels] = [np.transpose(w, (3, 2, 0, 1)) for w in weights[:kernels]]
    return weights


# Recurrent layers and their CuDNN forms ----------------------------------------------------------


def _per_gate(kernel, count, function):
    return np.hstack([function(gate) for gate in np.hsplit(kernel, count)])


def _other_kernels(weights, gates, from_cudnn):
    """[kernel, recurrent kernel] in the other of the two layouts."""
    order = "F" if from_cudnn else "C"
    return [
        _per_gate(weights[0], gates, lambda k: k.T.reshape(k.shape, order=order)),
        _per_gate(weights[1], gates, lambda k: k.T),
    ]


def _bad_bias(layer, shape):
    return ValueError("Layer %s: Invalid bias shape: %s" % (layer.name, shape))


def _recurrent(kind, layer, weights):
    if len(weights) != 3 or weights[1].ndim != 2:
        return weights
    units, shape = weights[1].shape[0], weights[2].shape
    if kind in ("LSTM", "CuDNNLSTM"):
        sources = {(8 * units,): "CuDNNLSTM", (4 * units,): "LSTM"}
        if shape not in sources:
            raise _bad_bias(layer, shape)
        if sources[shape] == kind:
            return weights
        from_cudnn = kind == "LSTM"
        bias = weights[2]
        bias = bias[: 4 * units] + bias[4 * units :] if from_cudnn else np.tile(0.5 * bias, 2)
        return [*_other_kernels(weights, 4, from_cudnn), bias]
    if kind in ("GRU", "CuDNNGRU"):
        sources = {
            (6 * units,): "CuDNNGRU",
            (2, 3 * units): "GRU(reset_after=True)",
            (3 * units,): "GRU(reset_after=False)",
        }
        if shape not in sources:
            raise _bad_bias(layer, shape)
        source = sources[shape]
        target = kind if kind == "CuDNNGRU" else "GRU(reset_after=%s)" % bool(layer.reset_after)
        if source == target:
            return weights
        if "GRU(reset_after=False)" in (source, target):
            raise ValueError("%s is not compatible with %s" % (source, target))
        from_cudnn = source == "CuDNNGRU"
        bias = weights[2].reshape((2, -1) if from_cudnn else -1)
        return [*_other_kernels(weights, 3, from_cudnn), bias]
    return weights
