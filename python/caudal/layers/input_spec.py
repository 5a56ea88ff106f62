# SPDX-License-Identifier: Apache-2.0
"""InputSpec: what a layer demands of its inputs, and the check of it."""

from caudal.framework import dtypes, nest, tensor_shape

__all__ = ["InputSpec"]


class InputSpec:
    """What a layer demands of one input; None stands for "anything".

    Args:
      dtype: DType or its name.
      shape: tuple with None for any size.
      ndim, max_ndim, min_ndim: exact, largest and smallest rank.
      axes: {axis: size}.
    """

    def __init__(self, dtype=None, shape=None, ndim=None, max_ndim=None, min_ndim=None, axes=None):
        self.dtype = None if dtype is None else dtypes.as_dtype(dtype).name
        self.shape = shape
        self.ndim = ndim if shape is None else len(shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        try:
            self.axes = {int(k): axes[k] for k in axes or {}}
        except (ValueError, TypeError):
            raise TypeError("The keys in axes must be integers.") from None
        if self.axes and (self.ndim is not None or self.max_ndim is not None):
            rank = self.ndim if self.ndim is not None else self.max_ndim
            largest = max(self.axes)
            if largest > rank - 1:
                raise ValueError(
                    f"Axis {largest} is greater than the maximum allowed value: {rank - 1}"
                )

    def __repr__(self):
        fields = [
            "%s=%s" % (key, getattr(self, key))
            for key in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
            if getattr(self, key)
        ]
        return "InputSpec(%s)" % ", ".join(fields)

    def get_config(self):
        """The arguments that make an equal InputSpec."""
        keys = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        return {key: getattr(self, key) for key in keys}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _size(value):
    return getattr(value, "value", value)


def check_inputs(input_spec, inputs, layer_name):
    """Raises ValueError if `inputs` do not fit the InputSpec, or list of them, of a layer.

    A tensor's `_keras_shape` counts where it has one.
    """
    if not input_spec:
        return
    specs = nest.flatten(input_spec)
    tensors = nest.flatten(inputs)
    if len(specs) != len(tensors):
        raise ValueError(
            "Layer %s expects %d inputs, but it received %d input tensors. Inputs received: %s"
            % (layer_name, len(specs), len(tensors), inputs)
        )
    for index, (x, spec) in enumerate(zip(tensors, specs)):
        if spec is None:
            continue
        shape = getattr(x, "_keras_shape", None)
        if shape is None:
            shape = x.shape if hasattr(x, "shape") else tensor_shape.unknown_shape()
        _check_one(spec, x, tensor_shape.as_shape(shape), index, layer_name)


def _check_one(spec, x, shape, index, layer_name):
    frame = "Input %d of layer %s is incompatible with the layer: " % (index, layer_name)
    rank = shape.ndims
    demands_rank = spec.ndim is not None or spec.min_ndim is not None or spec.max_ndim is not None
    if demands_rank and rank is None:
        raise ValueError(frame + "its rank is undefined, but the layer requires a defined rank.")
    if spec.ndim is not None and rank != spec.ndim:
        raise ValueError(
            frame
            + "expected ndim=%s, found ndim=%s. Full shape received: %s"
            % (spec.ndim, rank, shape.as_list())
        )
    if spec.max_ndim is not None and rank > spec.max_ndim:
        raise ValueError(frame + "expected max_ndim=%s, found ndim=%s" % (spec.max_ndim, rank))
    if spec.min_ndim is not None and rank < spec.min_ndim:
        raise ValueError(
            frame
            + ": expected min_ndim=%s, found ndim=%s. Full shape received: %s"
            % (spec.min_ndim, rank, shape.as_list())
        )
    if spec.dtype is not None and dtypes.as_dtype(spec.dtype) != x.dtype.base_dtype:
        raise ValueError(frame + "expected dtype=%s, found dtype=%r" % (spec.dtype, x.dtype))
    if rank is None:
        return
    sizes = shape.as_list()
    for axis, wanted in spec.axes.items():
        wanted = _size(wanted)
        if wanted is not None and -rank <= axis < rank and sizes[axis] not in (wanted, None):
            raise ValueError(
                frame + "expected axis %s of input shape to have value %s but received input with "
                "shape %s" % (axis, wanted, sizes)
            )
    if spec.shape is not None:
        for wanted, got in zip(spec.shape, sizes):
            wanted = _size(wanted)
            if wanted is not None and got is not None and wanted != got:
                raise ValueError(
                    "Input %d is incompatible with layer %s: expected shape=%s, found shape=%s"
                    % (index, layer_name, spec.shape, sizes)
                )
