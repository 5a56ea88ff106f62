# SPDX-License-Identifier: Apache-2.0
"""Function: a part of the graph as a Python function of arrays."""

import numpy as np

import caudal as tf
from caudal.framework.sparse_tensor import SparseTensor
from caudal.keras.backend.state import get_session, session_for
from caudal.keras.backend.variables import is_tensor

_ndarray = np.ndarray
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
        with tf.control_dependencies([x for x in self.outputs if not isinstance(x, SparseTensor)]):
            self.updates_op = tf.group(
                *[tf.assign(*u) if isinstance(u, tuple) else u for u in updates]
            )
        graph = self.updates_op.graph
        self._graph = getattr(graph, "root", graph)
        self._session = self._run = self._keys = None
        # Sparse inputs are fed as their three tensors; numbers stand for a fixed learning phase.
        self._plain = not any(isinstance(x, (SparseTensor, int)) for x in self.inputs)

    def __call__(self, inputs):
        """The values of the outputs, a list.

        Args:
          inputs: list or tuple with a value for each input: arrays, or what makes arrays; SciPy
            matrices or SparseTensorValues for sparse inputs; tensors are computed first.
        """
        if not isinstance(inputs, (list, tuple)):
            raise TypeError("`inputs` should be a list or tuple, but got %s" % type(inputs))
        if len(inputs) != len(self.inputs):
            raise ValueError(
                "The function%s takes %d inputs, but got %d"
                % (" %s" % self.name if self.name else "", len(self.inputs), len(inputs))
            )
        session = session_for(self._graph)
        if not self._plain:
            inputs = self._flat(inputs)
        else:
            for value in inputs:
                if type(value) is not _ndarray:
                    inputs = self._evaluated(inputs, session)
                    break
        if self.feed_dict:
            inputs = [*inputs, *self.feed_dict.values()]
        keys = tuple(self.feed_dict) if self.feed_dict else ()
        if session is not self._session or keys != self._keys:
            self._resolve(session, keys)
        if self.run_options is None and self.run_metadata is None:
            values = self._run(*inputs)
        else:
            values = self._run(*inputs, options=self.run_options, run_metadata=self.run_metadata)
        return values[: len(self.outputs)]

    def _resolve(self, session, keys):
        feeds = []
        for x in self.inputs:
            if isinstance(x, SparseTensor):
                feeds += [x.indices, x.values, x.dense_shape]
            elif not isinstance(x, int):
                feeds.append(x)
        fetches = [*self.outputs, self.updates_op, *self.fetches]
        self._run = session.make_callable(fetches, [*feeds, *keys], accept_options=True)
        self._session, self._keys = session, keys

    def _evaluated(self, inputs, session):
        """`inputs` with the values of those that are tensors."""
        inputs = list(inputs)
        symbolic = [i for i, value in enumerate(inputs) if is_tensor(value)]
        if symbolic:
            for i, value in zip(symbolic, session.run([inputs[i] for i in symbolic])):
                inputs[i] = value
        return [x.toarray() if hasattr(x, "tocoo") else x for x in inputs]

    def _flat(self, inputs):
        """The values to feed, where some inputs are sparse or numbers."""
        flat = []
        for x, value in zip(self.inputs, inputs):
            if isinstance(x, SparseTensor):
                flat += _sparse_parts(value, x)
            elif isinstance(x, int):
                if bool(value) != bool(x):
                    raise ValueError(
                        "The learning phase is fixed to %d, but the function was called with %r. "
                        "Make the function before K.set_learning_phase, or not call that"
                        % (x, value)
                    )
            else:
                flat.append(value)
        return self._evaluated(flat, get_session()) if flat else flat


def _sparse_parts(value, tensor):
    """(indices, values, shape) of a sparse value for `tensor`."""
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
