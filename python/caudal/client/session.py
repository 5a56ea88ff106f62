# SPDX-License-Identifier: Apache-2.0
"""Session: runs parts of a graph and keeps its variables.

A call is taken apart once per structure of fetches and feed keys; later calls with the same
structure only look that up, check the feeds and enter the core.
"""

import numpy as np

from caudal import _core
from caudal.client import config as config_lib
from caudal.client import fetches as fetches_lib
from caudal.framework import (
    dtypes,
    errors,
    host_functions,  # noqa: F401 - kernels call what it registers
    nest,
    ops,
    tensor_util,
)
from caudal.framework.origin import describe, origin
from caudal.framework.tensor import Tensor

_ndarray = np.ndarray
_core_error = _core.Error
_MAX_CALLS = 4096  # calls remembered; more means that a loop makes nodes
_GROWTH_WARNING = 300


class _Feed:
    """A fed tensor: its dtype, and the shapes that were found to fit."""

    __slots__ = ("tensor", "np_dtype", "np_type", "shapes", "scalar")

    def __init__(self, tensor, graph):
        self.tensor = tensor
        self.np_type = tensor.dtype.as_numpy_dtype
        self.np_dtype = np.dtype(self.np_type)
        self.shapes = set()
        # The core takes Python floats for scalars as they are.
        float_scalar = tensor.shape.rank == 0 and tensor.dtype.base_dtype._enum in (1, 2)
        self.scalar = float if float_scalar else None
        if not graph.is_feedable(tensor):
            raise ValueError("Tensor %s may not be fed." % tensor)

    def array(self, value):
        """The value as an array that fits the tensor; see Session.run for the errors."""
        if type(value) is self.scalar:
            return value
        if type(value) is not _ndarray or value.dtype is not self.np_dtype:
            value = self._convert(value)
        if value.shape not in self.shapes:
            self._check_shape(value)
        return value

    def _convert(self, value):
        tensor = self.tensor
        if isinstance(value, Tensor):
            raise TypeError(
                "The value of a feed cannot be a tf.Tensor object, but an array or what makes one: "
                "%s was given for %s" % (value, tensor)
            )
        dtype = tensor.dtype.base_dtype
        if dtype == dtypes.string:
            array = np.asarray(value, None if isinstance(value, _ndarray) else object)
            return tensor_util._bytes_array(array, value)
        try:
            array = np.asarray(value, self.np_dtype)
        except OverflowError:
            array = None
        if isinstance(value, int) and (array is None or array != value):
            array = None
        if array is None:
            raise TypeError(
                "Type of feed value %s with type %s is not compatible with Tensor type %s. Try "
                "explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
                % (value, type(value), self.np_type)
            )
        return array

    def _check_shape(self, array):
        shape = self.tensor.shape
        if not shape.is_compatible_with(array.shape):
            raise ValueError(
                "Cannot feed value of shape %r for Tensor %r, which has shape '%s'"
                % (array.shape, self.tensor.name, shape)
            )
        if len(self.shapes) < 64:
            self.shapes.add(array.shape)


class _Call:
    """A structure of fetches and feed keys, ready to run."""

    __slots__ = ("signature", "feeds", "pack", "core_run", "single", "fed", "expand", "count",
                 "elements", "nested")  # fmt: skip

    def __init__(self, session, fetches, feed_dict):
        graph = session._graph
        keys = []
        # Keys may be nested; sparse ones stand for the tensors that they are made of.
        self.nested = any(isinstance(key, tuple) for key in feed_dict or ())
        self.expand = self.nested
        for key, value in self._pairs(feed_dict) if feed_dict else ():
            parts = fetches_lib.feed_components(key, value)
            if parts is not None:
                self.expand = True
                keys.extend(parts[0])
            else:
                keys.append(key)
        self.feeds = [_Feed(_feed_tensor(graph, key), graph) for key in keys]
        fed = {}
        for i, feed in enumerate(self.feeds):
            fed.setdefault(feed.tensor, i)
        flat = fetches_lib.FetchList(graph)
        pack = fetches_lib.analyse(fetches, flat)
        elements = flat.elements
        tensors = [e for e in elements if isinstance(e, Tensor) and e not in fed]
        targets = [e for e in elements if not isinstance(e, Tensor)]
        self.elements = elements
        # Where each element's value comes from: the core's results, a feed, or nowhere (None).
        position = {t: i for i, t in enumerate(tensors)}
        sources = [
            ("core", position[e]) if e in position else ("feed", fed[e]) if e in fed else None
            for e in elements
        ]
        self.fed = None
        if sources == [("core", i) for i in range(len(elements))]:
            self.pack = pack
        else:
            self.fed = sources
            self.pack = pack
        self.single = self.fed is None and getattr(pack, "index", None) == 0 and len(elements) == 1
        self.count = len(self.feeds)
        if not tensors and not targets:
            self.signature = None
            return
        try:
            self.signature = session._session.prepare(
                [f.tensor._key for f in self.feeds],
                [t._key for t in tensors],
                [op._id for op in targets],
            )
        except _core_error as error:
            raise errors.from_core(error, graph) from None

    def _pairs(self, feed_dict):
        return (nest.flatten_dict_items(feed_dict) if self.nested else feed_dict).items()

    def flat_values(self, feed_dict):
        values = []
        for key, value in self._pairs(feed_dict):
            parts = fetches_lib.feed_components(key, value)
            if parts is not None:
                values.extend(parts[1])
            else:
                values.append(value)
        return values

    def result(self, values, feeds):
        if self.fed is not None:
            values = [
                None
                if s is None
                else values[s[1]]
                if s[0] == "core"
                else np.asarray(feeds[s[1]], self.feeds[s[1]].np_dtype)
                for s in self.fed
            ]
        return self.pack(values)


def _feed_tensor(graph, key):
    try:
        return graph.as_graph_element(key, allow_operation=False)
    except Exception as error:
        text = error.args[0] if error.args else str(error)
        raise TypeError("Cannot interpret feed_dict key as Tensor: %s" % text) from None


class SessionInterface:
    """What every session has."""

    @property
    def graph(self):
        raise NotImplementedError("graph")

    @property
    def sess_str(self):
        raise NotImplementedError("sess_str")

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        raise NotImplementedError("run")


class BaseSession(SessionInterface):
    """Runs operations and evaluates tensors of one graph.

    Args:
      target: must be empty: there is no remote execution.
      graph: the graph to run, by default the default graph.
      config: a `tf.ConfigProto`.
    """

    _session = None
    _closed = True
    _core_options = {}  # further options of the core, for tests

    def __init__(self, target="", graph=None, config=None):
        if graph is None:
            graph = ops.get_default_graph()
        elif not isinstance(graph, ops.Graph):
            raise TypeError("graph must be a tf.Graph, but got %s" % type(graph))
        if isinstance(target, bytes):
            target = target.decode()
        if not isinstance(target, str):
            raise TypeError("target must be a string, but got %s" % type(target))
        if target:
            if target.startswith("grpc://"):
                raise errors.UnimplementedError(
                    None,
                    None,
                    "Sessions run in this process only; target %r is not supported" % target,
                )
            raise errors.NotFoundError(
                None,
                None,
                "No session factory registered for the given session options: target %r. Sessions "
                "run in this process only" % target,
            )
        if config is not None:
            config_lib.expect(config, "ConfigProto", "config")
        self._graph = graph
        self._config = config
        self._calls = {}  # by a tensor, operation or name, or by (_NESTED, ...)
        self._fed_calls = {}  # by (fetch, feed key, feed key, ...)
        self._partial_runs = {}
        self._grown_calls = 0
        self._last_size = 0
        self._timeout_ms = 0 if config is None else config.operation_timeout_in_ms
        options = {**config_lib.core_options(config), **self._core_options}
        try:
            self._session = _core.Session(graph._core, options)
        except _core_error as error:
            raise errors.from_core(error, graph) from None
        self._closed = False
        self._run_core = self._session.run

    @property
    def graph(self):
        return self._graph

    @property
    def graph_def(self):
        """As `Graph.as_graph_def`."""
        return self._graph.as_graph_def()

    @property
    def sess_str(self):
        return ""

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        """Runs what `fetches` needs and returns its values.

        Args:
          fetches: a tensor, operation, or name of one, or a nested list, tuple, namedtuple, dict
            of such. An operation's value is None.
          feed_dict: values for tensors; keys are tensors or names. Any tensor can be fed.
          options: a `tf.RunOptions`.
          run_metadata: a `tf.RunMetadata` to be filled.

        Returns:
          NumPy arrays or scalars in the structure of `fetches`.

        Raises:
          RuntimeError: if the session is closed or its graph empty.
          TypeError, ValueError: for fetches or feeds that do not fit the graph.
          tf.errors.OpError: if an operation fails.
        """
        try:
            if feed_dict:
                call = self._fed_calls.get((fetches, *feed_dict))
            else:
                call = self._calls.get(fetches)
        except TypeError:  # unhashable, such as a list
            call = None
        if call is None:
            call, feeds = self._find_call(fetches, feed_dict)
        elif feed_dict:
            feeds = [f.array(v) for f, v in zip(call.feeds, feed_dict.values())]
        else:
            feeds = ()
        if options is not None or run_metadata is not None or self._closed or self._timeout_ms:
            return self._run_traced(call, feeds, options, run_metadata)
        if call.signature is None:
            return call.result((), feeds)
        try:
            values = self._run_core(call.signature, feeds)
        except _core_error as error:
            raise errors.from_core(error, self._graph) from None
        if call.single:
            return values[0]
        return call.result(values, feeds)

    def _find_call(self, fetches, feed_dict):
        """The call for a structure that has no key of its own, or is new; and its feeds."""
        self._check_open()
        if feed_dict:
            if not hasattr(feed_dict, "items"):
                raise TypeError("input must be a dictionary")
            feed_keys = tuple(fetches_lib.structure_key(k) for k in feed_dict)
        else:
            feed_keys = ()
        key = (_NESTED, fetches_lib.structure_key(fetches), feed_keys)
        try:
            call = self._calls.get(key)
        except TypeError:  # something unhashable that is no fetch: analysis names it
            key = call = None
        if call is None:
            call = _Call(self, fetches, feed_dict)
            if key is not None:
                self._remember(key, fetches, feed_dict, call)
        if not feed_dict:
            return call, ()
        values = call.flat_values(feed_dict) if call.expand else feed_dict.values()
        return call, [f.array(v) for f, v in zip(call.feeds, values)]

    def _remember(self, key, fetches, feed_dict, call):
        calls = self._calls
        if len(calls) >= _MAX_CALLS:
            calls.clear()
            self._fed_calls.clear()
        calls[key] = call
        if type(fetches) in (Tensor, ops.Operation, str) and not call.expand:
            # The short key that `run` tries first.
            if not feed_dict:
                calls[fetches] = call
            elif all(type(k) in (Tensor, str) for k in feed_dict):
                self._fed_calls[(fetches, *feed_dict)] = call
        size = self._graph._core.num_nodes()
        if size > self._last_size:
            self._last_size = size
            self._grown_calls += 1
            if self._grown_calls == _GROWTH_WARNING:
                from caudal.platform import tf_logging

                tf_logging.warning(
                    "The graph has grown between %d calls of Session.run. Making operations inside "
                    "of a training loop makes it ever slower: make them once, before the loop, and "
                    "use tf.placeholder for what changes. Seen at %s",
                    _GROWTH_WARNING,
                    describe(origin()),
                )

    def _check_open(self):
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if self._graph._core.num_nodes() == 0:
            raise RuntimeError(
                "The Session graph is empty.  Add operations to the graph before calling run()."
            )

    def _run_traced(self, call, feeds, options, run_metadata):
        self._check_open()
        if options is not None:
            config_lib.expect(options, "RunOptions", "options")
        if run_metadata is not None:
            config_lib.expect(run_metadata, "RunMetadata", "run_metadata")
        trace = options is not None and options.trace_level > 0 and run_metadata is not None
        timeout = (options.timeout_in_ms if options is not None else 0) or self._timeout_ms
        if call.signature is None:
            return call.result((), feeds)
        try:
            values = self._run_core(call.signature, feeds, trace, timeout)
        except _core_error as error:
            raise errors.from_core(error, self._graph) from None
        steps = None
        if trace:
            values, steps = values
        if run_metadata is not None:
            config_lib.fill_metadata(run_metadata, steps)
            if options is not None and options.output_partition_graphs:
                config_lib.add_graph(run_metadata, self._graph, call.elements)
        return call.result(values, feeds)

    def make_callable(self, fetches, feed_list=None, accept_options=False):
        """A function that runs `fetches`, and takes the values of `feed_list` as arguments."""
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError("`feed_list` must be a list or tuple.")
        self._check_open()
        call = _Call(self, fetches, dict.fromkeys(feed_list or ()))
        count = len(feed_list or ())

        def run(*values, **kwargs):
            options = kwargs.pop("options", None) if accept_options else None
            metadata = kwargs.pop("run_metadata", None) if accept_options else None
            if kwargs:
                raise TypeError("unexpected keyword arguments: %s" % ", ".join(kwargs))
            if len(values) != count:
                raise errors.InvalidArgumentError(
                    None, None, "Expected %d feed values, got %d" % (count, len(values))
                )
            self._check_open()
            feeds = [f.array(v) for f, v in zip(call.feeds, values)]
            return self._run_traced(call, feeds, options, metadata)

        return run

    def _direct_call(self, tensors, operations, feed_list):
        """As `make_callable`, for loops: a function from the list of the arrays to the list of the
        values of `tensors`, which runs `operations` besides."""
        call = _Call(self, [*tensors, *operations], dict.fromkeys(feed_list))
        count = len(tensors)
        in_order = [("core", i) for i in range(count)]
        plain = call.fed is None or call.fed[:count] == in_order
        if not plain or self._timeout_ms or call.elements[:count] != list(tensors):
            run = self.make_callable([*tensors, *operations], feed_list)
            return lambda values: run(*values)[:count]
        checks = [feed.array for feed in call.feeds]
        core, signature, graph = self._run_core, call.signature, self._graph

        def run_core(values):
            try:
                return core(signature, [check(v) for check, v in zip(checks, values)])
            except _core_error as error:
                raise errors.from_core(error, graph) from None

        return run_core

    def partial_run_setup(self, fetches, feeds=None):
        """Prepares a run in several parts, for `partial_run`.

        Args:
          fetches: all that will be fetched in any part, as in `run`.
          feeds: list of all tensors that will be fed in any part.

        Returns:
          A handle, a str.
        """
        from caudal.client.partial_run import PartialRun

        self._check_open()
        run = PartialRun(self, fetches, feeds)
        handle = "partial_run_%d" % len(self._partial_runs)
        self._partial_runs[handle] = run
        return handle

    def partial_run(self, handle, fetches, feed_dict=None):
        """Continues the run of a handle: what was computed in earlier parts is not run again.

        Args:
          handle: from `partial_run_setup`.
          fetches, feed_dict: as in `run`, of those that were given at the setup; each is fetched
            and fed once.

        Raises:
          tf.errors.InvalidArgumentError: for fetches and feeds that were not set up, were fetched
            or fed before, or need feeds that are missing.
        """
        self._check_open()
        run = self._partial_runs.get(handle)
        if run is None:
            raise errors.InvalidArgumentError(
                None, None, "Must run 'setup' before performing partial runs!"
            )
        return run.part(fetches, feed_dict)

    def list_devices(self):
        """The devices of this session."""
        self._check_closed()
        return [_DeviceAttributes(name) for name in self._session.devices()]

    def _check_closed(self):
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")

    def close(self):
        """Frees the session's variables; runs under way are cancelled."""
        if not self._closed:
            self._closed = True
            self._calls, self._fed_calls, self._partial_runs = {}, {}, {}
            self._session.close()

    def __del__(self):
        try:
            self.close()
        except Exception:  # at interpreter exit anything may be gone already
            pass

    def as_default(self):
        """Context manager: Tensor.eval and Operation.run use this session. Does not close it."""
        return ops.default_session(self)


_NESTED = object()


class _DeviceAttributes:
    """One device of a session."""

    def __init__(self, name):
        self._name = name

    @property
    def name(self):
        return self._name

    @property
    def device_type(self):
        return self._name.rpartition("device:")[2].partition(":")[0]

    @property
    def memory_limit_bytes(self):
        return 0

    @property
    def incarnation(self):
        return 0

    def __repr__(self):
        return "_DeviceAttributes(%s, %s, %d, %d)" % (
            self.name, self.device_type, self.memory_limit_bytes, self.incarnation)  # fmt: skip


class Session(BaseSession):
    """A session for `with` statements: the default one inside, closed at the end."""

    def __init__(self, target="", graph=None, config=None):
        super().__init__(target, graph, config)
        self._contexts = []

    def __enter__(self):
        if self._contexts:
            raise RuntimeError("Session context managers are not re-entrant. Use `as_default`.")
        contexts = (self.graph.as_default(), self.as_default())
        for context in contexts:
            context.enforce_nesting = context is contexts[0]
            context.__enter__()
        self._contexts.append(contexts)
        return self

    def __exit__(self, exc_type, exc_value, exc_tb):
        if exc_type is errors.OpError:
            from caudal.platform import tf_logging

            tf_logging.error("Session closing due to error %s", exc_value)
        for context in reversed(self._contexts.pop()):
            context.__exit__(exc_type, exc_value, exc_tb)
        self.close()

    @staticmethod
    def reset(target, containers=None, config=None):
        raise errors.UnimplementedError(
            None, None, "Session.reset is for remote sessions; close the session instead"
        )


class InteractiveSession(BaseSession):
    """A session that is the default from its creation to its `close`."""

    def __init__(self, target="", graph=None, config=None):
        super().__init__(target, graph, config)
        self._explicit_graph = graph
        self._default_session = self.as_default()
        self._default_session.enforce_nesting = False
        self._default_session.__enter__()
        self._default_graph = None
        if graph is not None:
            self._default_graph = graph.as_default()
            self._default_graph.enforce_nesting = False
            self._default_graph.__enter__()

    def close(self):
        if not self._closed:
            super().close()
            for name in ("_default_graph", "_default_session"):
                context = getattr(self, name, None)
                if context is not None:
                    context.__exit__(None, None, None)
                setattr(self, name, None)


def register_session_run_conversion_functions(tensor_type, fetch_function, feed_function=None,
                                              feed_function_for_partial_run=None):  # fmt: skip
    """Lets `Session.run` fetch and feed objects of a class.

    Args:
      tensor_type: the class.
      fetch_function: object -> (list of tensors, function from their values to the result).
      feed_function: (object, value) -> list of (tensor, value).
      feed_function_for_partial_run: not used.
    """
    fetches_lib.register_conversion(
        tensor_type, fetch_function, feed_function, feed_function_for_partial_run
    )
