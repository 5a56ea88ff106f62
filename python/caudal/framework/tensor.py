# SPDX-License-Identifier: Apache-2.0
"""Tensor: one output of an Operation."""

from caudal.framework import dtypes, tensor_shape

_BY_ENUM = dtypes._BY_ENUM
_shape_from_core = tensor_shape.TensorShape._from_core

_BOOL_TEXT = (
    "using a `tf.Tensor` as a Python `bool` is not allowed in Graph execution: its value is not "
    "known while the graph is built. Test `t is not None` for presence, and use tf.cond or "
    "tf.where for conditions."
)
_ITER_TEXT = (
    "iterating over `tf.Tensor` is not allowed in Graph execution. Use tf.unstack for a known "
    "number of slices, or tf.map_fn."
)


class OperatorNotAllowedInGraphError(TypeError):
    """A Python operation was tried on a tensor whose value is not known yet."""


class Tensor:
    """A symbolic handle to one output of an Operation; `Session.run` computes its value.

    Tensors are compared by identity, so that they can be keys of a dict; use `tf.equal` to compare
    values.
    """

    OVERLOADABLE_OPERATORS = frozenset(
        "__%s__" % n
        for n in (
            "add radd sub rsub mul rmul div rdiv truediv rtruediv floordiv rfloordiv mod rmod "
            "lt le gt ge and rand or ror xor rxor getitem pow rpow invert neg abs matmul rmatmul"
        ).split()
    )
    # Makes `ndarray + Tensor` call Tensor.__radd__.
    __array_priority__ = 100

    def __init__(self, op, value_index, dtype):
        self._op = op
        self._graph = op._graph
        self._key = (op._id << 16) | value_index
        self._dtype = dtypes.as_dtype(dtype)

    @property
    def op(self):
        return self._op

    @property
    def dtype(self):
        return self._dtype

    @property
    def graph(self):
        return self._graph

    @property
    def value_index(self):
        return self._key & 0xFFFF

    @property
    def name(self):
        return "%s:%d" % (self._op.name, self._key & 0xFFFF)

    @property
    def device(self):
        return self._op.device

    @property
    def shape(self):
        return _shape_from_core(self._graph._core.output_shape(self._key))

    def get_shape(self):
        return self.shape

    def _shape_tuple(self):
        sizes = self.shape._sizes
        return sizes

    def _rank(self):
        return self.shape.rank

    def set_shape(self, shape):
        """Refines what is known of the shape; ValueError if it contradicts."""
        from caudal.framework.graph import raise_graph_error

        core_shape = tensor_shape.as_shape(shape)._to_core()
        core = self._graph._core
        try:
            core.set_shape(self._key, core_shape)
        except core_error as error:
            raise_graph_error(error, self._graph)

    def consumers(self):
        """The Operations that have this tensor as an input."""
        graph = self._graph
        return [graph._op(i) for i in graph._core.consumers(self._key)]

    def eval(self, feed_dict=None, session=None):
        """The value of this tensor, computed by `session` or the default session."""
        from caudal.framework.scopes import session_for

        return session_for(session, self._graph, "evaluate tensor", "eval").run(self, feed_dict)

    def experimental_ref(self):
        return self

    def _as_graph_element(self):
        return self

    # Equality and hash are object's: by identity, and as fast as they get.

    def __copy__(self):
        return self

    def __bool__(self):
        raise OperatorNotAllowedInGraphError(_BOOL_TEXT)

    def __iter__(self):
        raise OperatorNotAllowedInGraphError(_ITER_TEXT)

    def __len__(self):
        raise TypeError(
            "len is not well defined for symbolic Tensors. (%s) Please call `x.shape` rather than "
            "`len(x)` for shape information." % self.name
        )

    def __array__(self, dtype=None, copy=None):
        raise NotImplementedError(
            "Cannot convert a symbolic Tensor (%s) to a numpy array." % self.name
        )

    def __str__(self):
        shape, device = self.shape, self.device
        return 'Tensor("%s"%s, dtype=%s%s)' % (
            self.name,
            "" if shape.rank is None else ", shape=%s" % shape,
            self._dtype.name,
            ", device=%s" % device if device else "",
        )

    def __repr__(self):
        return "<tf.Tensor '%s' shape=%s dtype=%s>" % (self.name, self.shape, self._dtype.name)

    @staticmethod
    def _override_operator(operator, func):
        """Sets what a Python operator does; the math module calls this."""
        if operator not in Tensor.OVERLOADABLE_OPERATORS:
            raise ValueError("Overriding %s is disallowed" % operator)
        setattr(Tensor, operator, func)


from caudal._core import Error as core_error  # noqa: E402


def make_tensor(op, graph, key):
    """A Tensor for output `key` of `op`, without argument checks."""
    t = object.__new__(Tensor)
    t._op = op
    t._graph = graph
    t._key = key
    t._dtype = _BY_ENUM[graph._core.output_dtype(key)]
    return t
