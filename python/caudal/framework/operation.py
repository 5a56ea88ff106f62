# SPDX-License-Identifier: Apache-2.0
"""Operation: one node of a graph."""

from caudal.framework import device as device_lib
from caudal.framework import dtypes, tensor_shape
from caudal.framework.origin import describe
from caudal.framework.tensor import Tensor, make_tensor


class Operation:
    """A node: takes tensors, makes tensors. Made by the functions of the API, not directly.

    The attributes mirror what the core's graph holds; an Operation is only an id with methods.
    """

    def __init__(self, graph, node_id):
        self._graph = graph
        self._id = node_id
        self._outputs = None

    @property
    def graph(self):
        return self._graph

    @property
    def name(self):
        return self._graph._core.node_name(self._id)

    @property
    def type(self):
        return self._graph._core.node_op(self._id)

    @property
    def _id_value(self):
        return self._id

    @property
    def outputs(self):
        """The tensors that this node makes."""
        outputs = self._outputs
        if outputs is None:
            graph, first = self._graph, self._id << 16
            outputs = self._outputs = [
                make_tensor(self, graph, first + i)
                for i in range(graph._core.num_outputs(self._id))
            ]
        return outputs

    def _more_outputs(self, index):
        """An output that the node got after it was made, such as the tape of a loop."""
        first, outputs = self._id << 16, self._outputs
        for i in range(len(outputs), self._graph._core.num_outputs(self._id)):
            outputs.append(make_tensor(self, self._graph, first + i))
        return outputs[index]

    @property
    def inputs(self):
        """The tensors that this node takes."""
        tensor = self._graph._tensor
        return tuple(tensor(key) for key in self._graph._core.node_inputs(self._id))

    @property
    def control_inputs(self):
        op = self._graph._op
        return [op(i) for i in self._graph._core.node_control_inputs(self._id)]

    @property
    def _control_outputs(self):
        mine = self._id
        graph = self._graph
        core = graph._core
        return [
            graph._op(i)
            for i in range(mine + 1, core.num_nodes())
            if mine in core.node_control_inputs(i)
        ]

    @property
    def device(self):
        return self._graph._core.node_device(self._id)

    @property
    def _output_types(self):
        return [t._dtype._enum for t in self.outputs]

    @property
    def _input_types(self):
        return [t._dtype.base_dtype for t in self.inputs]

    @property
    def traceback(self):
        """Where the user made this node: a list with one (file, line, function, text) or none."""
        where = self._graph._core.node_origin(self._id)
        return [] if where is None else [(where[0], where[1], where[2], None)]

    def traceback_text(self):
        return describe(self._graph._core.node_origin(self._id))

    def get_attr(self, name):
        """The value of an attr: types as DType; shapes as TensorShape; strings as bytes.

        Raises:
          ValueError: if the node has no such attr.
        """
        core = self._graph._core
        try:
            value = core.get_attr(self._id, name)
        except (core_error, KeyError, ValueError):
            raise ValueError("Operation '%s' has no attr named '%s'." % (self.name, name)) from None
        kind = _attr_type(self.type, name)
        if kind == "type":
            return dtypes.as_dtype(value)
        if kind == "list(type)":
            return [dtypes.as_dtype(v) for v in value]
        if kind == "shape":
            return tensor_shape.TensorShape._from_core(value)
        if kind == "list(shape)":
            return [tensor_shape.TensorShape._from_core(v) for v in value]
        return value

    def _set_attr(self, name, value):
        self._graph._check_not_finalized()
        if not isinstance(value, (int, float, str, bytes, bool, list, tuple)):
            value = _plain_attr(value)
        self._graph._core.set_attr(self._id, name, value)

    def _set_device(self, device):
        self._graph._core.set_device(self._id, device_lib.canonical(device))

    def _set_device_from_string(self, device):
        self._graph._core.set_device(self._id, device)

    def _add_control_input(self, op):
        self._add_control_inputs([op])

    def _add_control_inputs(self, ops):
        self._graph._check_not_finalized()
        for op in ops:
            if not isinstance(op, Operation):
                raise TypeError("op must be an Operation: %s" % (op,))
            self._graph._core.add_control_input(self._id, op._id)

    def colocation_groups(self):
        """Names of the groups of nodes that must share a device with this one, as bytes."""
        core = self._graph._core
        own = [b"loc:@" + self.name.encode()]
        if "_class" not in core.attr_names(self._id):
            return own
        groups = [
            c if isinstance(c, bytes) else c.encode() for c in core.get_attr(self._id, "_class")
        ]
        groups = [c for c in groups if c.startswith(b"loc:@")]
        return groups or own

    @property
    def _original_op(self):
        """For a part of a gradient the Operation that it is the gradient of, else None."""
        parts = self.name.split("/")[:-1]
        for end in range(len(parts), 0, -1):
            if not parts[end - 1].endswith("_grad"):
                continue
            for start in range(end):
                forward = "/".join(parts[start:end])[: -len("_grad")]
                node_id = self._graph._core.find(forward)
                if node_id is not None and 0 <= node_id < self._id:
                    return self._graph._op(node_id)
        return None

    def values(self):
        return tuple(self.outputs)

    @property
    def node_def(self):
        """This node as a NodeDef message; a copy."""
        from caudal import proto

        return proto.NodeDef.FromString(self._graph._core.node_def(self._id))

    @property
    def op_def(self):
        from caudal.framework import op_registry

        return op_registry.op_def(self.type)

    def run(self, feed_dict=None, session=None):
        """Runs this node in `session` or the default session."""
        from caudal.framework.scopes import session_for

        session_for(session, self._graph, "execute operation", "run").run(self, feed_dict)

    def _as_graph_element(self):
        return self

    def __str__(self):
        return str(self.node_def)

    def __repr__(self):
        return "<tf.Operation '%s' type=%s>" % (self.name, self.type)


def _attr_type(op_type, name):
    from caudal.framework import op_registry

    if name.startswith("_"):
        return None
    return op_registry.attr_types(op_type).get(name)


def _plain_attr(value):
    """The Python value inside of an AttrValue-like object with one set field."""
    for field in ("b", "i", "f", "s", "type"):
        if hasattr(value, "HasField") and value.HasField(field):
            return getattr(value, field)
    if hasattr(value, "list"):
        return list(value.list.s) or list(value.list.i) or list(value.list.f)
    raise TypeError("Cannot set an attr to %r" % (value,))


from caudal._core import Error as core_error  # noqa: E402

__all__ = ["Operation", "Tensor"]
