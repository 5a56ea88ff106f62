# SPDX-License-Identifier: Apache-2.0
"""TensorArray: a list of tensors that loops write and read."""

from caudal.framework import dtypes, ops, tensor_shape
from caudal.framework.op_factory import apply
from caudal.framework.tensor import Tensor


class TensorArray:
    """A write-once list of tensors of one dtype.

    Each method that writes returns a new TensorArray that must be used from then on: it carries
    the `flow`, which orders reads after writes. Works as a loop variable of `tf.while_loop`, and
    gradients flow through it.

    Args:
      dtype: of the elements.
      size: int32 scalar, the number of elements; required without `handle`.
      dynamic_size: bool; whether writing beyond the end makes the array grow.
      clear_after_read: bool, default True; whether an element can be read only once.
      tensor_array_name: str, for error texts.
      handle: the handle of another TensorArray, which this object then stands for.
      flow: float32 scalar, the flow that goes with `handle`; required with it.
      infer_shape: whether all elements have the same shape.
      element_shape: TensorShape of the elements.
      colocate_with_first_write_call: accepted as in TensorFlow.
      name: name of the operation.

    Raises:
      ValueError: for contradictory arguments.

    Op: TensorArrayV3.
    """

    def __init__(
        self,
        dtype,
        size=None,
        dynamic_size=None,
        clear_after_read=None,
        tensor_array_name=None,
        handle=None,
        flow=None,
        infer_shape=True,
        element_shape=None,
        colocate_with_first_write_call=True,
        name=None,
    ):
        if handle is not None and tensor_array_name:
            raise ValueError("Cannot construct with both handle and tensor_array_name")
        if handle is not None and size is not None:
            raise ValueError("Cannot provide both a handle and size at the same time")
        if handle is None and size is None:
            raise ValueError("Size must be provided if handle is not provided")
        if handle is not None and dynamic_size is not None:
            raise ValueError("Cannot provide both a handle and dynamic_size at the same time")
        if handle is not None and clear_after_read is not None:
            raise ValueError("Cannot provide both a handle and clear_after_read at the same time")
        if handle is not None and not isinstance(handle, Tensor):
            raise TypeError("Handle must be a Tensor")
        if handle is not None and flow is None:
            raise ValueError("flow must not be None if handle is not None.")
        self._dtype = dtypes.as_dtype(dtype).base_dtype
        self._dynamic_size = bool(dynamic_size)
        self._infer = infer_shape or element_shape is not None
        # In a list that all arrays made from this one share: a later write tells all of them.
        self._shape_box = [tensor_shape.as_shape(element_shape)]
        with ops.name_scope(name, "TensorArray", [handle, size, flow]) as scope:
            if handle is None:
                self._handle, self._flow = apply(
                    "TensorArrayV3",
                    ops.convert_to_tensor(size, dtypes.int32, name="size"),
                    dtype=self._dtype,
                    element_shape=self._shape_box[0],
                    dynamic_size=self._dynamic_size,
                    clear_after_read=True if clear_after_read is None else clear_after_read,
                    identical_element_shapes=bool(infer_shape),
                    tensor_array_name=tensor_array_name or "",
                    name=scope,
                )
            else:
                self._handle, self._flow = handle, flow

    # How conditionals and loops carry it: the flow is the value, all else stays.

    def _to_components(self):
        return [self._flow]

    def _from_components(self, components):
        return self._after(components[0])

    def _after(self, flow):
        array = TensorArray.__new__(TensorArray)
        array._dtype, array._dynamic_size = self._dtype, self._dynamic_size
        array._infer, array._shape_box = self._infer, self._shape_box
        array._handle, array._flow = self._handle, flow
        return array

    @property
    def dtype(self):
        """The dtype of the elements."""
        return self._dtype

    @property
    def flow(self):
        """The tensor that orders what is done with the array."""
        return self._flow

    @property
    def handle(self):
        """The reference to the array."""
        return self._handle

    @property
    def dynamic_size(self):
        return self._dynamic_size

    @property
    def element_shape(self):
        """The TensorShape of the elements, as far as it is known."""
        return self._shape_box[0]

    def _merge_element_shape(self, shape):
        if not self._infer:
            return
        known = self._shape_box[0]
        if not shape.is_compatible_with(known):
            raise ValueError("Inconsistent shapes: saw %s but expected %s " % (shape, known))
        self._shape_box[0] = known.merge_with(shape)

    def _convert(self, value):
        return ops.convert_to_tensor(value, preferred_dtype=self._dtype, name="value")

    def mark_used(self):
        """Does nothing: arrays that nobody reads are no mistake here."""

    def identity(self):
        """An array with the same contents."""
        return self._after(apply("Identity", self._flow))

    def read(self, index, name=None):
        """Element `index` (int32 scalar). Op: TensorArrayReadV3."""
        value = apply(
            "TensorArrayReadV3", self._handle, index, self._flow, dtype=self._dtype, name=name
        )
        if self._shape_box[0].rank is not None:
            value.set_shape(self._shape_box[0])
        return value

    def write(self, index, value, name=None):
        """The array with `value` at `index` (int32 scalar). Op: TensorArrayWriteV3."""
        with ops.name_scope(name, "TensorArrayWrite", [self._handle, index, value]):
            value = self._convert(value)
            self._merge_element_shape(value.shape)
            return self._after(apply("TensorArrayWriteV3", self._handle, index, value, self._flow))

    def stack(self, name=None):
        """All elements, stacked along a new first dimension. Op: TensorArrayGatherV3."""
        with ops.name_scope(name, "TensorArrayStack", [self._handle]):
            return self.gather(apply("Range", 0, self.size(), 1, name="range"), name=name)

    def gather(self, indices, name=None):
        """The elements at `indices` (int32 vector), stacked. Op: TensorArrayGatherV3."""
        value = apply(
            "TensorArrayGatherV3",
            self._handle,
            indices,
            self._flow,
            dtype=self._dtype,
            element_shape=self._shape_box[0],
            name=name,
        )
        if self._shape_box[0].rank is not None:
            value.set_shape(tensor_shape.TensorShape([None]).concatenate(self._shape_box[0]))
        return value

    def concat(self, name=None):
        """All elements, joined along their first dimension. Op: TensorArrayConcatV3."""
        rest = tensor_shape.unknown_shape()
        if self._shape_box[0].rank:
            rest = self._shape_box[0][1:]
        value, _ = apply(
            "TensorArrayConcatV3",
            self._handle,
            self._flow,
            dtype=self._dtype,
            element_shape_except0=rest,
            name=name,
        )
        if self._shape_box[0].rank:
            value.set_shape(tensor_shape.TensorShape([None]).concatenate(rest))
        return value

    def unstack(self, value, name=None):
        """The array with the rows of `value` as its elements. Op: TensorArrayScatterV3."""
        with ops.name_scope(name, "TensorArrayUnstack", [self._handle, value]):
            from caudal.ops import array_ops

            value = ops.convert_to_tensor(value, preferred_dtype=self._dtype, name="value")
            count = array_ops.shape(value)[0]
            indices = apply("Range", 0, count, 1, name="range")
            return self.scatter(indices, value, name=name)

    def scatter(self, indices, value, name=None):
        """The array with row i of `value` at `indices[i]`. Op: TensorArrayScatterV3."""
        with ops.name_scope(name, "TensorArrayScatter", [self._handle, value, indices]):
            value = self._convert(value)
            if value.shape.rank is not None:
                self._merge_element_shape(value.shape[1:])
            return self._after(
                apply("TensorArrayScatterV3", self._handle, indices, value, self._flow)
            )

    def split(self, value, lengths, name=None):
        """The array with consecutive parts of `value`, of `lengths` rows. Op: TensorArraySplitV3.

        Args:
          value: tensor of rank 1 or more.
          lengths: int64 vector.
        """
        with ops.name_scope(name, "TensorArraySplit", [self._handle, value, lengths]):
            value = self._convert(value)
            lengths = ops.convert_to_tensor(lengths, preferred_dtype=dtypes.int64)
            if lengths.dtype.base_dtype != dtypes.int64:
                lengths = apply("Cast", lengths, DstT=dtypes.int64)
            self._merge_split(value, lengths)
            return self._after(
                apply("TensorArraySplitV3", self._handle, value, lengths, self._flow)
            )

    def _merge_split(self, value, lengths):
        """Equal lengths tell the shape of the elements."""
        from caudal.framework import tensor_util

        if not self._infer or value.shape.rank is None or value.shape.rank == 0:
            return
        known = tensor_util.constant_value(lengths)
        if known is not None and known.size and known.max() == known.min():
            first = tensor_shape.TensorShape([int(known[0])])
            self._merge_element_shape(first.concatenate(value.shape[1:]))

    def size(self, name=None):
        """The number of elements, an int32 scalar. Op: TensorArraySizeV3."""
        return apply("TensorArraySizeV3", self._handle, self._flow, name=name)

    def close(self, name=None):
        """An operation after which the array holds nothing. Op: TensorArrayCloseV3."""
        return apply("TensorArrayCloseV3", self._handle, name=name)

    def grad(self, source, flow=None, name=None):
        """The array of gradients of this one.

        Args:
          source: str; each distinct one has an array of its own.
          flow: float32 scalar after which the array is asked for; default this array's flow.

        Op: TensorArrayGradV3.
        """
        if flow is None:
            flow = self._flow
        with ops.name_scope(name, "TensorArrayGrad", [self._handle]):
            handle, _ = apply("TensorArrayGradV3", self._handle, flow, source=source)
            with ops.control_dependencies([handle]):
                flow = apply("Identity", flow, name="gradient_flow")
            array = self._after(flow)
            array._handle = handle
            array._shape_box = [self._shape_box[0]]
            return array
