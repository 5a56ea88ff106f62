# SPDX-License-Identifier: Apache-2.0
"""Function: a part of the graph as a Python function of arrays."""

import numpy as np

import caudal as tf
from caudal.framework.sparse_tensor import SparseTensor
from caudal.keras.backend.state import session_for
from caudal.keras.backend.variables import is_tensor
from caudal.ops.variable_store import root_graph

# Types of values that are fed as they are.
_PLAIN = frozenset((np.ndarray, float, int, bool))
_SESSION_ARGUMENTS = ("feed_dict", "fetches", "options", "run_metadata")


class Function:
    """Computes tensors from arrays and then runs updates.

    Args:
      inputs: list of tensors to be fed: placeholders, sparse ones too, or any other tensor. The
        learning phase may be among them, also where it is fixed to a number.
      outputs: list of tensors.
      updates: list of (variable, new value) and of operations; they run after `outputs`.
      name: a name for messages.
      feed_dict: further feeds, looked up at each call.
      fetches: list of further things to run, whose values are dropped.
      options, run_metadata: as in `Session.run`.

    Raises:
      TypeError: if `inputs`, `outputs` or `updates` is no list or tuple.
      ValueError: for other keyword arguments.
    """

    def __init__(self, inputs, outputs, updates=None, name=None, **session_kwargs):
        updates = updates or []
        for what, value in (("inputs", inputs), ("outputs", outputs), ("updates", updates)):
            if not isinstance(value, (list, tuple)):
                raise TypeError(
                    "`%s` of a backend function should be a list or tuple, but got %s"
                    % (what, type(value))
                )
        unknown = set(session_kwargs).difference(_SESSION_ARGUMENTS)
        if unknown:
            raise ValueError(
                "Some keys in session_kwargs are not supported at this time: %s" % sorted(unknown)
            )
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.name = name
        self.feed_dict = session_kwargs.get("feed_dict")
        self.fetches = session_kwargs.get("fetches") or []
        if not isinstance(self.fetches, list):
            self.fetches = [self.fetches]
        self.run_options = session_kwargs.get("options")
        self.run_metadata = session_kwargs.get("run_metadata")
        self._graph = self._root_graph(updates)
        done = [getattr(x, "op", x) for x in self.outputs]
        with self._graph.as_default(), tf.control_dependencies(done):
            self.updates_op = tf.group(
                *[tf.assign(*u) if isinstance(u, tuple) else u for u in updates]
            )
        self._run = self._resolved_for = None
        # Sparse inputs are fed as their three tensors; numbers stand for a fixed learning phase.
        plain = not any(isinstance(x, (SparseTensor, int)) for x in self.inputs)
        self._plain_count = len(self.inputs) if plain else None

    def _root_graph(self, updates):
        """The graph of the tensors, which need not be the default graph of this thread."""
        for x in [*self.outputs, *updates, *self.inputs]:
            graph = getattr(x[0] if isinstance(x, tuple) else x, "graph", None)
            if graph is not None:
                return getattr(graph, "root", graph)
        return root_graph()

    def __call__(self, inputs):
        """The values of the outputs, a list.

        Args:
          inputs: list or tuple with a value for each input: arrays, or what makes arrays; SciPy
            matrices or SparseTensorValues for sparse inputs; tensors are computed first. None, or a
            shorter list, leaves inputs without a feed.
        """
        if not isinstance(inputs, (list, tuple)):
            raise TypeError("`inputs` should be a list or tuple, but got %s" % type(inputs))
        session = session_for(self._graph)
        skipped = keys = ()
        if len(inputs) != self._plain_count or not all(type(x) in _PLAIN for x in inputs):
            inputs, skipped = self._flat(inputs, session)
        if self.feed_dict:
            inputs = [*inputs, *self.feed_dict.values()]
            keys = tuple(self.feed_dict)
        if (session, skipped, keys) != self._resolved_for:
            self._resolve(session, skipped, keys)
        if self.run_options is None and self.run_metadata is None:
            values = self._run(*inputs)
        else:
            values = self._run(*inputs, options=self.run_options, run_metadata=self.run_metadata)
        return values[: len(self.outputs)]

    def bound(self, given):
        """A faster way to call the function for arrays, in a loop; None if there is none.

        Args:
          given: numbers of the inputs that get arrays; the others are not fed.

        Returns:
          Function from the list of the arrays to the list of the outputs, for the session that is
          the one of this graph now.
        """
        if self._plain_count is None or self.feed_dict or self.run_options or self.run_metadata:
            return None
        session = session_for(self._graph)
        if any(isinstance(x, SparseTensor) for x in [*self.outputs, *self.fetches]):
            return None
        feeds = [self.inputs[i] for i in given]
        return session._direct_call(self.outputs, [self.updates_op, *self.fetches], feeds)

    def _resolve(self, session, skipped, keys):
        """Prepares calls that do not feed the inputs `skipped`, and feed `keys` besides."""
        feeds = []
        for i, x in enumerate(self.inputs):
            if isinstance(x, int) or i in skipped:
                continue
            feeds += [x.indices, x.values, x.dense_shape] if isinstance(x, SparseTensor) else [x]
        feeds += keys
        fetches = [*self.outputs, self.updates_op, *self.fetches]
        self._run = session.make_callable(fetches, feeds, accept_options=True)
        self._resolved_for = (session, skipped, keys)

    def _flat(self, inputs, session):
        """(the values to feed, the numbers of inputs that get none)."""
        missing = len(self.inputs) - len(inputs)
        if missing < 0:
            raise ValueError(
                "The function%s takes %d inputs, but got %d values"
                % (" %s" % self.name if self.name else "", len(self.inputs), len(inputs))
            )
        inputs = [*inputs, *[None] * missing]
        symbolic = [i for i, value in enumerate(inputs) if is_tensor(value)]
        if symbolic:
            for i, value in zip(symbolic, session.run([inputs[i] for i in symbolic])):
                inputs[i] = value
        flat, skipped = [], []
        for i, (x, value) in enumerate(zip(self.inputs, inputs)):
            if isinstance(x, int):
                self._check_phase(x, value)
            elif value is None:
                skipped.append(i)
            elif isinstance(x, SparseTensor):
                flat += _sparse_parts(value)
            else:
                flat.append(value.toarray() if hasattr(value, "tocoo") else value)
        return flat, tuple(skipped)

    def _check_phase(self, phase, value):
        if value is not None and bool(value) != bool(phase):
            raise ValueError(
                "The learning phase was fixed to %d when the function was made, but the call gives "
                "it the value %r" % (phase, value)
            )


def _sparse_parts(value):
    """[indices, values, shape] of a sparse value."""
    if isinstance(value, (tuple, list)):  # SparseTensorValue
        return list(value)
    if not hasattr(value, "tocoo"):
        value = np.asarray(value)
        indices = np.argwhere(value)
        return [indices, value[tuple(indices.T)], value.shape]
    matrix = value.tocoo()
    indices = np.stack((matrix.row, matrix.col), axis=1)
    order = np.lexsort((matrix.col, matrix.row))
    return [indices[order], matrix.data[order], matrix.shape]


def function(inputs, outputs, updates=None, **kwargs):
    """A `Function`: computes `outputs` from arrays for `inputs`, then runs `updates`.

    Keyword arguments go to `Function`.
    """
    return Function(inputs, outputs, updates=updates, **kwargs)
