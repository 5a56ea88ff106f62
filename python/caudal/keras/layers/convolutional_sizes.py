# SPDX-License-Identifier: Apache-2.0
"""Layers without weights that change sizes: repetition, padding with zeros, cropping."""

from caudal.framework.tensor_shape import as_shape
from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec, Layer
from caudal.keras.utils import conv_utils

_FORMAT = """
      data_format: "channels_last" for inputs [batch, sizes..., channels], "channels_first" for
        [batch, channels, sizes...]; None: `K.image_data_format()`.
    """


class _Sizes(Layer):
    """A layer that changes `rank` sizes of its input, each for itself."""

    rank = None

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self.data_format = K.normalize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _first_axis(self):
        return 2 if self.data_format == "channels_first" else 1

    def _new_size(self, size, i):
        """The new size along dimension `i` of one that is known."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape):
        shape = as_shape(input_shape).as_list()
        for i in range(self.rank):
            axis = self._first_axis + i
            if shape[axis] is not None:
                shape[axis] = self._new_size(shape[axis], i)
        return tuple(shape)

    # Name of the attribute that the configuration holds beside the data format.
    _option = None

    def get_config(self):
        value = getattr(self, self._option)
        if self.rank == 1:
            return {**super().get_config(), self._option: value[0]}
        return {**super().get_config(), self._option: value, "data_format": self.data_format}


class _UpSampling(_Sizes):
    _option = "size"

    def __init__(self, size, data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        self.size = conv_utils.normalize_tuple(size, self.rank, "size")

    def _new_size(self, size, i):
        return size * self.size[i]


class UpSampling1D(_UpSampling):
    """Repeats every step of sequences.

    Args:
      size: int, how often.
    """

    rank = 1

    def __init__(self, size=2, **kwargs):
        super().__init__((int(size),), "channels_last", **kwargs)

    def call(self, inputs):
        return K.repeat_elements(inputs, self.size[0], axis=1)


class UpSampling2D(_UpSampling):
    __doc__ = (
        """Enlarges images.

    Args:
      size: int, or factors of (rows, columns).
      interpolation: "nearest" repeats rows and columns, "bilinear" interpolates."""
        + _FORMAT
    )

    rank = 2

    def __init__(self, size=(2, 2), data_format=None, interpolation="nearest", **kwargs):
        super().__init__(size, data_format, **kwargs)
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(
                'interpolation should be one of "nearest" or "bilinear". Received: %r'
                % (interpolation,)
            )
        self.interpolation = interpolation

    def call(self, inputs):
        return K.resize_images(inputs, *self.size, self.data_format, self.interpolation)

    def get_config(self):
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling3D(_UpSampling):
    __doc__ = (
        """Repeats the planes of volumes along each dimension.

    Args:
      size: int, or one for each dimension."""
        + _FORMAT
    )

    rank = 3

    def __init__(self, size=(2, 2, 2), data_format=None, **kwargs):
        super().__init__(size, data_format, **kwargs)

    def call(self, inputs):
        return K.resize_volumes(inputs, *self.size, self.data_format)


_ORDINALS = ("1st", "2nd", "3rd")
_FORMS = {
    "padding": {
        2: "an int, a tuple of 2 ints (symmetric_height_pad, symmetric_width_pad), or a tuple of 2 "
        "tuples of 2 ints ((top_pad, bottom_pad), (left_pad, right_pad))",
        3: "an int, a tuple of 3 ints (symmetric_dim1_pad, symmetric_dim2_pad, "
        "symmetric_dim3_pad), or a tuple of 3 tuples of 2 ints ((left_dim1_pad, right_dim1_pad), "
        "(left_dim2_pad, right_dim2_pad), (left_dim3_pad, right_dim3_pad))",
    },
    "cropping": {
        2: "an int, a tuple of 2 ints (symmetric_height_crop, symmetric_width_crop), or a tuple of "
        "2 tuples of 2 ints ((top_crop, bottom_crop), (left_crop, right_crop))",
        3: "an int, a tuple of 3 ints (symmetric_dim1_crop, symmetric_dim2_crop, "
        "symmetric_dim3_crop), or a tuple of 3 tuples of 2 ints ((left_dim1_crop, "
        "right_dim1_crop), (left_dim2_crop, right_dim2_crop), (left_dim3_crop, right_dim3_crop))",
    },
}


def _margins(value, rank, option):
    """((before, after), ...) for each dimension from an int, ints or pairs. Raises: ValueError."""
    if rank == 1:
        pairs = (conv_utils.normalize_tuple(value, 2, option),)
    elif isinstance(value, int):
        pairs = ((value, value),) * rank
    elif not hasattr(value, "__len__"):
        raise ValueError(
            "`%s` should be either %s. Found: %s" % (option, _FORMS[option][rank], value)
        )
    elif len(value) != rank:
        count = {2: "two", 3: "3"}[rank]
        raise ValueError("`%s` should have %s elements. Found: %s" % (option, count, value))
    else:
        pairs = tuple(
            conv_utils.normalize_tuple(v, 2, "%s entry of %s" % (_ORDINALS[i], option))
            for i, v in enumerate(value)
        )
    if any(n < 0 for pair in pairs for n in pair):
        raise ValueError("`%s` must not be negative. Found: %s" % (option, value))
    return pairs


class _ZeroPadding(_Sizes):
    _option = "padding"

    def __init__(self, padding, data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        self.padding = _margins(padding, self.rank, "padding")

    def _new_size(self, size, i):
        return size + sum(self.padding[i])


class ZeroPadding1D(_ZeroPadding):
    """Adds steps of zeros to sequences.

    Args:
      padding: int, or (before, after).
    """

    rank = 1

    def __init__(self, padding=1, **kwargs):
        super().__init__(padding, "channels_last", **kwargs)

    def call(self, inputs):
        return K.temporal_padding(inputs, self.padding[0])


class ZeroPadding2D(_ZeroPadding):
    __doc__ = (
        """Adds rows and columns of zeros to images.

    Args:
      padding: int, (rows, columns), or ((top, bottom), (left, right))."""
        + _FORMAT
    )

    rank = 2

    def __init__(self, padding=(1, 1), data_format=None, **kwargs):
        super().__init__(padding, data_format, **kwargs)

    def call(self, inputs):
        return K.spatial_2d_padding(inputs, self.padding, self.data_format)


class ZeroPadding3D(_ZeroPadding):
    __doc__ = (
        """Adds planes of zeros to volumes.

    Args:
      padding: int, one for each dimension, or (before, after) for each dimension."""
        + _FORMAT
    )

    rank = 3

    def __init__(self, padding=(1, 1, 1), data_format=None, **kwargs):
        super().__init__(padding, data_format, **kwargs)

    def call(self, inputs):
        return K.spatial_3d_padding(inputs, self.padding, self.data_format)


class _Cropping(_Sizes):
    _option = "cropping"

    def __init__(self, cropping, data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        self.cropping = _margins(cropping, self.rank, "cropping")

    def _new_size(self, size, i):
        rest = size - sum(self.cropping[i])
        if rest < 0:
            raise ValueError(
                "Layer %s: cropping %s takes more than the size %d of axis %d of the inputs"
                % (self.name, self.cropping[i], size, self._first_axis + i)
            )
        return rest

    def call(self, inputs):
        self.compute_output_shape(K.int_shape(inputs))
        inner = tuple(slice(before, -after or None) for before, after in self.cropping)
        return inputs[(slice(None),) * self._first_axis + inner]


class Cropping1D(_Cropping):
    """Cuts steps off the ends of sequences.

    Args:
      cropping: int, or (before, after).
    """

    rank = 1

    def __init__(self, cropping=(1, 1), **kwargs):
        super().__init__(cropping, "channels_last", **kwargs)


class Cropping2D(_Cropping):
    __doc__ = (
        """Cuts rows and columns off images.

    Args:
      cropping: int, (rows, columns), or ((top, bottom), (left, right))."""
        + _FORMAT
    )

    rank = 2

    def __init__(self, cropping=((0, 0), (0, 0)), data_format=None, **kwargs):
        super().__init__(cropping, data_format, **kwargs)


class Cropping3D(_Cropping):
    __doc__ = (
        """Cuts planes off volumes.

    Args:
      cropping: int, one for each dimension, or (before, after) for each dimension."""
        + _FORMAT
    )

    rank = 3

    def __init__(self, cropping=((1, 1), (1, 1), (1, 1)), data_format=None, **kwargs):
        super().__init__(cropping, data_format, **kwargs)
