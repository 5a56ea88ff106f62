# SPDX-License-Identifier: Apache-2.0
"""Contents of `keras.layers`."""

from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.keras.engine.input_layer import Input, InputLayer
from caudal.keras.layers.advanced_activations import (
    ELU,
    LeakyReLU,
    PReLU,
    ReLU,
    Softmax,
    ThresholdedReLU,
)
from caudal.keras.layers.attention import AdditiveAttention, Attention
from caudal.keras.layers.convolutional import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Convolution1D,
    Convolution2D,
    Convolution2DTranspose,
    Convolution3D,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Deconv2D,
    Deconv3D,
    Deconvolution2D,
    Deconvolution3D,
    DepthwiseConv2D,
    SeparableConv1D,
    SeparableConv2D,
    SeparableConvolution1D,
    SeparableConvolution2D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from caudal.keras.layers.convolutional_recurrent import ConvLSTM2D, ConvLSTM2DCell, ConvRNN2D
from caudal.keras.layers.core import (
    Activation,
    ActivityRegularization,
    Dense,
    Dropout,
    Flatten,
    Lambda,
    Masking,
    Permute,
    RepeatVector,
    Reshape,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from caudal.keras.layers.cudnn_recurrent import CuDNNGRU, CuDNNLSTM
from caudal.keras.layers.embeddings import Embedding
from caudal.keras.layers.local import LocallyConnected1D, LocallyConnected2D
from caudal.keras.layers.merge import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from caudal.keras.layers.noise import AlphaDropout, GaussianDropout, GaussianNoise
from caudal.keras.layers.normalization import BatchNormalization, LayerNormalization
from caudal.keras.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from caudal.keras.layers.recurrent import (
    GRU,
    LSTM,
    RNN,
    GRUCell,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
)
from caudal.keras.layers.wrappers import Bidirectional, TimeDistributed, Wrapper
from caudal.keras.layers.keras1 import (
    AtrousConv1D,
    AtrousConv2D,
    AtrousConvolution1D,
    AtrousConvolution2D,
    ConvRecurrent2D,
    Highway,
    MaxoutDense,
    Recurrent,
)
from caudal.keras.utils.generic_utils import deserialize_keras_object

__all__ = [name for name in dir() if name[0].isupper()] + [
    "add", "average", "concatenate", "deserialize", "dot", "maximum", "minimum", "multiply",
    "serialize", "subtract",
]  # fmt: skip


def serialize(layer):
    """A plain description of a layer: its class and its configuration."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config, custom_objects=None):
    """The layer, or model, that `serialize` described.

    Args:
      config: {"class_name", "config"}.
      custom_objects: dict from names to classes and functions that are not part of Keras.

    Raises:
      ValueError: for the name of an unknown class.
    """
    from caudal.keras import models

    known = {**globals(), "Model": models.Model, "Sequential": models.Sequential}
    return deserialize_keras_object(
        config, module_objects=known, custom_objects=custom_objects, printable_module_name="layer"
    )
