# SPDX-License-Identifier: Apache-2.0
"""ConvRNN2D: a convolutional cell run over a sequence of images."""

from caudal.keras import backend as K
from caudal.keras.engine.base_layer import InputSpec
from caudal.keras.layers.recurrent_rnn import RNN
from caudal.keras.layers.recurrent_stacked import state_sizes
from caudal.keras.utils import conv_utils
from caudal.ops import array_ops

_NO_BATCH_SIZE = (
    "If a RNN is stateful, it needs to know its batch size, and here the number of rows and "
    "columns, too. Layer %s got inputs of shape %s. Specify them: \n- If using a Sequential model, "
    "by passing a `batch_input_shape` argument to your first layer.\n- If using the functional "
    "API, by passing a `batch_shape` argument to your Input layer."
)


class ConvRNN2D(RNN):
    """A convolutional cell run over a sequence of images.

    Inputs: [batch, time, rows, columns, channels], or [batch, time, channels, rows, columns] with
    `data_format` "channels_first". Output: [batch, rows, columns, filters] and the like, with time
    after the batch for `return_sequences`.

    Args:
      cell: like the cell of RNN; it has `filters`, `kernel_size`, `strides`, `padding`,
        `data_format` and `dilation_rate`, its states are images like its output, and
        `state_size` counts their channels.
      return_sequences, return_state, go_backwards, stateful: see RNN.
      unroll: must be False.

    Raises:
      TypeError: for `unroll`, or a list of cells.
    """

    _batch_message = _NO_BATCH_SIZE

    def __init__(self, cell, return_sequences=False, return_state=False, go_backwards=False,
                 stateful=False, unroll=False, **kwargs):  # fmt: skip
        if unroll:
            raise TypeError("Unrolling isn't possible with convolutional RNNs.")
        if isinstance(cell, (list, tuple)):
            raise TypeError("It is not possible at the moment to stack convolutional cells.")
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=False,
            **kwargs,
        )
        self.input_spec = [InputSpec(ndim=5)]

    def _channels_first(self):
        return self.cell.data_format == "channels_first"

    def _image_shape(self, input_shape, channels):
        """The shape of an output or a state with so many channels."""
        cell = self.cell
        sizes = input_shape[3:5] if self._channels_first() else input_shape[2:4]
        sizes = [
            conv_utils.conv_output_length(
                size,
                cell.kernel_size[i],
                padding=cell.padding,
                stride=cell.strides[i],
                dilation=cell.dilation_rate[i],
            )
            for i, size in enumerate(sizes)
        ]
        image = (channels, *sizes) if self._channels_first() else (*sizes, channels)
        return (input_shape[0], *image)

    def _state_shapes(self, input_shape):
        return [self._image_shape(input_shape, size) for size in state_sizes(self.cell)]

    def _step_shape(self, input_shape):
        return self._image_shape(input_shape, self.cell.filters)

    def _known_input(self, shape):
        return InputSpec(shape=(shape[0] if self.stateful else None, None, *shape[2:5]))

    def _own_state_spec(self):
        return [
            InputSpec(shape=self._image_shape((None,) * 5, size)) for size in state_sizes(self.cell)
        ]

    def _check_state_spec(self, specs):
        sizes = state_sizes(self.cell)
        axis = 1 if self._channels_first() else -1
        given = [spec.shape[axis] if spec.ndim == 4 else -1 for spec in specs]
        if len(given) != len(sizes) or any(a not in (None, b) for a, b in zip(given, sizes)):
            raise ValueError(
                "An `initial_state` was passed that is not compatible with `cell.state_size`. "
                "Layer %s received `state_spec`=%s; however `cell.state_size` is %s"
                % (self.name, specs, self.cell.state_size)
            )

    def get_initial_state(self, inputs):
        """Zeros: a list of images, one for each state."""
        shapes = self._state_shapes(K.int_shape(inputs))
        if any(None in shape[1:] for shape in shapes):
            # Only a convolution tells the sizes of its output.
            kernel = array_ops.zeros((*self.cell.kernel_size, self._channels(inputs), 1))
            zero = K.zeros_like(inputs[:, 0])
            zero = self.cell.input_conv(zero, kernel, padding=self.cell.padding)
            axis = 1 if self._channels_first() else -1
            return [K.concatenate([zero] * n, axis=axis) for n in state_sizes(self.cell)]
        states = []
        for shape in shapes:
            sizes = array_ops.stack([K.shape(inputs)[0], *shape[1:]])
            state = array_ops.zeros(sizes, self._state_dtype(inputs))
            state.set_shape(shape)
            states.append(state)
        return states

    def _channels(self, inputs):
        return K.int_shape(inputs)[2 if self._channels_first() else 4]


__all__ = ["ConvRNN2D"]
