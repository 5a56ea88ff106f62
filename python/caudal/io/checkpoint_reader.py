# SPDX-License-Identifier: Apache-2.0
"""Reading tensors from checkpoints without a graph."""

from caudal import _core
from caudal.framework import dtypes, errors, files

__all__ = ["CheckpointReader", "NewCheckpointReader"]


class CheckpointReader:
    """What a checkpoint holds; `NewCheckpointReader` makes one."""

    def __init__(self, filepattern):
        try:
            self._reader = _core.CheckpointReader(files.as_path(filepattern))
        except _core.Error as error:
            raise errors.from_core(error) from None

    def _name(self, name):
        return name.decode() if isinstance(name, bytes) else name

    def get_variable_to_shape_map(self):
        """A dict of names and shapes, lists of int."""
        return {name: list(shape) for name, shape in self._reader.shapes().items()}

    def get_variable_to_dtype_map(self):
        """A dict of names and dtypes."""
        return {name: dtypes.as_dtype(number) for name, number in self._reader.dtypes().items()}

    def has_tensor(self, tensor_str):
        """Whether there is a tensor of a name."""
        return self._reader.has(self._name(tensor_str))

    def get_tensor(self, tensor_str):
        """A tensor as a NumPy array, a scalar as a NumPy scalar.

        Raises:
          tf.errors.NotFoundError: if there is none of the name.
          tf.errors.DataLossError: if the file is damaged.
        """
        try:
            value = self._reader.read(self._name(tensor_str))
        except _core.Error as error:
            raise errors.from_core(error) from None
        return value[()] if value.ndim == 0 else value

    def debug_string(self):
        """A text of all names, dtypes and shapes, as bytes."""
        text = self._reader.debug_string()
        return text.encode() if isinstance(text, str) else text


def NewCheckpointReader(filepattern):
    """A reader of the checkpoint of a prefix, such as "/tmp/model.ckpt-100".

    Methods: `get_variable_to_shape_map`, `get_variable_to_dtype_map`, `has_tensor`, `get_tensor`
    and `debug_string`.

    Raises:
      tf.errors.NotFoundError: if there is no such checkpoint.
      tf.errors.DataLossError: if it is damaged.
    """
    return CheckpointReader(filepattern)
