# SPDX-License-Identifier: Apache-2.0
"""StackedRNNCells: cells one on top of the other, used as one cell."""

import warnings

from caudal.keras.engine.base_layer import Layer
from caudal.keras.utils.generic_utils import has_arg


def state_sizes(cell):
    """The sizes of a cell's states as a list."""
    size = cell.state_size
    return list(size) if hasattr(size, "__len__") else [size]


def _output_size(cell):
    size = getattr(cell, "output_size", None)
    return state_sizes(cell)[0] if size is None else size


class StackedRNNCells(Layer):
    """Cells one on top of the other, used as one cell: each gets the output of the one before.

    The states are those of all cells in a row.

    Args:
      cells: list of cells.
      reverse_state_order: whether the states of the last cell come first.

    Raises:
      ValueError: for a cell without `call` or `state_size`.
    """

    def __init__(self, cells, **kwargs):
        for needed, text in (
            ("call", "a `call` method"),
            ("state_size", "a `state_size` attribute"),
        ):
            if not all(hasattr(cell, needed) for cell in cells):
                raise ValueError("All cells must have %s. received cells: %s" % (text, cells))
        self.reverse_state_order = kwargs.pop("reverse_state_order", False)
        super().__init__(**kwargs)
        self.cells = cells
        if self.reverse_state_order:
            warnings.warn(
                "`reverse_state_order=True` in `StackedRNNCells` will soon be deprecated. Please "
                "update the code to work with the natural order of states if you rely on the RNN "
                "states, eg `RNN(return_state=True)`."
            )

    def _in_state_order(self, items):
        return items[::-1] if self.reverse_state_order else items

    @property
    def state_size(self):
        """The sizes of all states, a tuple."""
        ordered = self._in_state_order(self.cells)
        return tuple(size for cell in ordered for size in state_sizes(cell))

    @property
    def output_size(self):
        """The size of the last cell's output."""
        return _output_size(self.cells[-1])

    def call(self, inputs, states, constants=None, **kwargs):
        """One step of all cells: (output of the last one, new states)."""
        groups, rest = [], list(states)
        for cell in self._in_state_order(self.cells):
            count = len(state_sizes(cell))
            groups.append(rest[:count])
            rest = rest[count:]
        new_groups = []
        kwargs["constants"] = constants
        for cell, group in zip(self.cells, self._in_state_order(groups)):
            known = {name: value for name, value in kwargs.items() if has_arg(cell.call, name)}
            inputs, group = cell.call(inputs, group, **known)
            new_groups.append(list(group))
        return inputs, [state for group in self._in_state_order(new_groups) for state in group]

    def build(self, input_shape):
        constants = []
        if isinstance(input_shape, list):
            input_shape, *constants = input_shape
        for cell in self.cells:
            if isinstance(cell, Layer):
                takes = bool(constants) and has_arg(cell.call, "constants")
                cell.build([input_shape, *constants] if takes else input_shape)
                cell.built = True
            size = _output_size(cell)
            sizes = tuple(size) if hasattr(size, "__len__") else (size,)
            input_shape = (input_shape[0], *sizes)
        self.built = True

    def get_config(self):
        cells = [{"class_name": type(c).__name__, "config": c.get_config()} for c in self.cells]
        config = {**super().get_config(), "cells": cells}
        if self.reverse_state_order:
            config["reverse_state_order"] = True
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The cells that `get_config` described."""
        from caudal.keras.layers import deserialize

        config = dict(config)
        cells = [deserialize(c, custom_objects=custom_objects) for c in config.pop("cells")]
        return cls(cells, **config)


__all__ = ["StackedRNNCells"]
