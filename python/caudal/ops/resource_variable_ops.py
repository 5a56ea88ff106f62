# SPDX-License-Identifier: Apache-2.0
"""ResourceVariable: a variable behind a handle; every use reads it at that point of the program."""

from caudal.framework import ops, tensor_shape
from caudal.framework.function_graph import FuncGraph
from caudal.framework.op_factory import apply
from caudal.ops import array_ops
from caudal.ops.ref_variable import Variable

__all__ = ["ResourceVariable", "is_resource_variable"]


def is_resource_variable(var):
    """Whether `var` is a ResourceVariable."""
    return isinstance(var, ResourceVariable)


class ResourceVariable(Variable):
    """A variable whose reads are nodes of their own, in order with the writes around them.

    `tf.Variable(..., use_resource=True)` makes one. The arguments are those of `tf.Variable`.
    `handle` is the node VarHandleOp: here a reference to the memory, so that update operations of
    both kinds of variables accept it.
    """

    _is_resource = True

    def _init_from_args(
        self,
        initial_value,
        collections,
        validate_shape,
        caching_device,
        name,
        dtype,
        constraint,
        shape,
    ):
        collections = self._checked_collections(initial_value, collections, constraint)
        if isinstance(initial_value, ops.Tensor) and initial_value.graph.outer_graph is not None:
            raise ValueError(
                "Tensor-typed variable initializers must either be wrapped in an init_scope or "
                "callable inside of loops and conditionals"
            )
        self._constraint = constraint
        self._caching_device = caching_device
        self._cached_value = None  # the one read that all uses share
        made_by_function = callable(initial_value)
        with ops.init_scope():
            graph = ops.get_default_graph()
            with ops.name_scope(
                name, "Variable", [] if made_by_function else [initial_value]
            ) as scope:
                handle_name = scope[:-1]
                own = b"loc:@" + handle_name.encode()
                with graph._attr_scope({"_class": [own]}):
                    with ops.name_scope("Initializer"), ops.device(None):
                        value = ops.convert_to_tensor(
                            initial_value() if made_by_function else initial_value,
                            dtype=dtype,
                            name="initial_value",
                        )
                if shape is None:
                    shape = value.get_shape() if validate_shape else tensor_shape.unknown_shape()
                self._variable = apply(
                    "VarHandleOp",
                    name=scope,
                    dtype=value.dtype.base_dtype,
                    shape=tensor_shape.as_shape(shape),
                    shared_name=handle_name,
                    container=graph._container,
                )
                self._initial_value = value
                with ops.name_scope("IsInitialized"):
                    self._is_initialized_op = apply("VarIsInitializedOp", self._variable)
                self._initializer_op = apply(
                    "AssignVariableOp", self._variable, value, name="Assign"
                )
                with ops.name_scope("Read"):
                    with ops.colocate_with(self._variable.op):
                        with ops.device(self._variable.op.device):
                            self._snapshot = apply("ReadVariableOp", self._variable)
                    if caching_device is not None:
                        with ops.device(None), ops.device(caching_device):
                            self._cached_value = array_ops.identity(self._snapshot)
            graph.add_to_collections(collections, self)

    def _init_from_proto(self, variable_def, import_scope):
        self._cached_value = None
        self._is_initialized_op = None
        super()._init_from_proto(variable_def, import_scope)

    def _snapshot_of(self, name, element):
        """The variable's own read; `name` may be that of a copy of it on another device."""
        own = self._variable.op.name + "/Read/ReadVariableOp:0"
        if not name:
            return self._variable.graph.get_tensor_by_name(own)
        found = element(name)
        if found.op.type != "ReadVariableOp":
            self._cached_value = found
            found = found.op.inputs[0]
        return found

    def _proto_names(self):
        state, initializer, snapshot = super()._proto_names()
        if self._cached_value is not None:
            snapshot = self._cached_value.name
        return state, initializer, snapshot

    @property
    def handle(self):
        """The node's output: a reference to the memory."""
        return self._variable

    @property
    def dtype(self):
        return self._variable.dtype.base_dtype

    def set_shape(self, shape):
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)

    @property
    def create(self):
        return self._initializer_op

    def is_initialized(self, name=None):
        """A bool scalar: whether the variable has a value."""
        return apply("VarIsInitializedOp", self._variable, name=name)

    # Reading -----------------------------------------------------------------------------------

    def _as_graph_element(self):
        return self._snapshot

    def _AsTensor(self):
        return self._read_here()

    def _read_here(self, name=None):
        if self._cached_value is not None:
            return self._cached_value

        def read():
            with ops.colocate_with(self._variable.op):
                return apply("ReadVariableOp", self._variable, name=name)

        around = getattr(ops.get_default_graph(), "read_variable", None)
        return read() if around is None else around(self._variable, read)

    def value(self):
        """A read of the value at this point of the program, a Tensor."""
        return self._read_here()

    def read_value(self):
        """A read of the value at this point of the program, a Tensor."""
        with ops.name_scope("Read"):
            value = self._read_here()
        return array_ops.identity(value)

    def eval(self, session=None):
        return self._snapshot.eval(session=session)

    def sparse_read(self, indices, name=None):
        """Rows of the value. Op: ResourceGather."""
        if isinstance(ops.get_default_graph(), FuncGraph):
            # Gradients pass through values, not through a reference.
            return array_ops.gather(self._read_here(), indices, name=name or "Gather")
        with ops.name_scope("Gather" if name is None else name) as scope:
            rows = apply("ResourceGather", self._variable, indices, name=scope)
        return array_ops.identity(rows)

    # Writing -----------------------------------------------------------------------------------

    def _written(self, op, read_value=True):
        return _UnreadVariable(self, op) if read_value else op

    def _value(self, value):
        value = ops.convert_to_tensor(value, dtype=self.dtype)
        self.shape.assert_is_compatible_with(value.shape)
        return value

    def assign(self, value, use_locking=None, name=None, read_value=True):
        """Replaces the value; what is returned reads the new one."""
        op = apply("AssignVariableOp", self._variable, self._value(value), name=name)
        return self._written(op, read_value)

    def assign_add(self, delta, use_locking=None, name=None, read_value=True):
        """Adds to the value; what is returned reads the new one."""
        op = apply("AssignAddVariableOp", self._variable, self._value(delta), name=name)
        return self._written(op, read_value)

    def assign_sub(self, delta, use_locking=None, name=None, read_value=True):
        """Subtracts from the value; what is returned reads the new one."""
        op = apply("AssignSubVariableOp", self._variable, self._value(delta), name=name)
        return self._written(op, read_value)

    def _scatter_rows(self, op_name, sparse_delta, name):
        if not isinstance(sparse_delta, ops.IndexedSlices):
            raise TypeError("sparse_delta is not IndexedSlices: %s" % (sparse_delta,))
        values = ops.convert_to_tensor(sparse_delta.values, self.dtype)
        return self._written(
            apply(op_name, self._variable, sparse_delta.indices, values, name=name)
        )

    def scatter_add(self, sparse_delta, use_locking=False, name=None):
        return self._scatter_rows("ResourceScatterAdd", sparse_delta, name)

    def scatter_sub(self, sparse_delta, use_locking=False, name=None):
        return self._scatter_rows("ResourceScatterSub", sparse_delta, name)

    def scatter_mul(self, sparse_delta, use_locking=False, name=None):
        return self._scatter_rows("ResourceScatterMul", sparse_delta, name)

    def scatter_div(self, sparse_delta, use_locking=False, name=None):
        return self._scatter_rows("ResourceScatterDiv", sparse_delta, name)

    def scatter_min(self, sparse_delta, use_locking=False, name=None):
        return self._scatter_rows("ResourceScatterMin", sparse_delta, name)

    def scatter_max(self, sparse_delta, use_locking=False, name=None):
        return self._scatter_rows("ResourceScatterMax", sparse_delta, name)

    def scatter_update(self, sparse_delta, use_locking=False, name=None):
        return self._scatter_rows("ResourceScatterUpdate", sparse_delta, name)

    def scatter_nd_add(self, indices, updates, name=None):
        return self._written(super().scatter_nd_add(indices, updates, name).op)

    def scatter_nd_sub(self, indices, updates, name=None):
        return self._written(super().scatter_nd_sub(indices, updates, name).op)

    def scatter_nd_update(self, indices, updates, name=None):
        return self._written(super().scatter_nd_update(indices, updates, name).op)


class _UnreadVariable(ResourceVariable):
    """A variable after a write: reads wait for the write."""

    _has_memory = False

    def __init__(self, variable, write):
        self.__dict__.update(variable.__dict__)
        self._write = write
        self._element = None

    @property
    def op(self):
        return self._write

    @property
    def name(self):
        return self._write.name

    def _read_here(self, name=None):
        with ops.control_dependencies([self._write]):
            return super()._read_here(name)

    def _as_graph_element(self):
        if self._element is None:
            with self._write.graph.as_default(), ops.control_dependencies(None):
                with ops.name_scope(None):
                    self._element = self._read_here()
        return self._element

    def eval(self, session=None):
        return self._as_graph_element().eval(session=session)
