# SPDX-License-Identifier: Apache-2.0
"""The stacks of default graphs and sessions, and the module-level scope functions."""

import threading

from caudal.framework.graph import Graph
from caudal.framework.operation import Operation
from caudal.framework.tensor import Tensor


class _DefaultStack(threading.local):
    """What is default in this thread, innermost last."""

    def __init__(self):
        self.stack = []
        self.base = None

    def get_default(self):
        return self.stack[-1] if self.stack else None

    def controller(self, value):
        return _Default(self, value)

    def is_cleared(self):
        return not self.stack

    def reset(self):
        self.stack = []


class _Default:
    """Puts a value on a stack while its `with` block is open."""

    __slots__ = ("_stack", "_value", "enforce_nesting")

    def __init__(self, stack, value):
        self._stack = stack
        self._value = value
        self.enforce_nesting = True

    def __enter__(self):
        self._stack.stack.append(self._value)
        return self._value

    def __exit__(self, *exc):
        stack = self._stack.stack
        if not stack:  # it was reset meanwhile
            return False
        if self.enforce_nesting:
            if stack[-1] is not self._value:
                raise AssertionError(
                    "Nesting violated for default stack of %s objects" % type(self._value)
                )
            stack.pop()
        elif self._value in stack:
            # The innermost one of this value.
            del stack[len(stack) - 1 - stack[::-1].index(self._value)]
        return False


default_graphs = _DefaultStack()
default_sessions = _DefaultStack()


def get_default_graph():
    """The graph that new operations of this thread go to."""
    stack = default_graphs.stack
    if stack:
        return stack[-1]
    base = default_graphs.base
    if base is None:
        base = default_graphs.base = Graph()
    return base


def has_default_graph():
    return bool(default_graphs.stack)


def reset_default_graph():
    """Starts a new, empty default graph for this thread; not inside of `Graph.as_default`."""
    if default_graphs.stack:
        raise AssertionError(
            "Do not use tf.reset_default_graph() to clear nested graphs: leave the `with` blocks "
            "of other graphs first"
        )
    default_graphs.base = Graph()


def get_default_session():
    """The innermost session of this thread that was made default, or None."""
    stack = default_sessions.stack
    return stack[-1] if stack else None


def session_for(session, graph, action, method):
    """The session to use for Tensor.eval and Operation.run."""
    if session is None:
        session = get_default_session()
        if session is None:
            raise ValueError(
                "Cannot %s using `%s()`: No default session is registered. Use `with "
                "sess.as_default()` or pass an explicit session to `%s(session=sess)`"
                % (action, method, method)
            )
        if session.graph is not graph:
            raise ValueError(
                "Cannot use the default session to %s: the tensor's graph is different from the "
                "session's graph. Pass an explicit session to `%s(session=sess)`."
                % (action, method)
            )
    elif session.graph is not graph:
        raise ValueError(
            "Cannot use the given session to %s: the tensor's graph is different from the "
            "session's graph." % action
        )
    return session


def default_session(session):
    return default_sessions.controller(session)


def _graph_from_inputs(values, graph=None):
    """The graph of the first graph element among `values`; ValueError if others disagree."""
    current = get_default_graph()
    if current.building_function:
        return current
    first = None
    for value in _flat(values):
        element = value if isinstance(value, (Tensor, Operation)) else getattr(value, "op", None)
        element_graph = getattr(element, "_graph", None)
        if element_graph is None:
            continue
        if graph is None:
            graph, first = element_graph, value
        elif element_graph is not graph:
            if first is None:
                raise ValueError("%s is not from the passed-in graph." % (value,))
            raise ValueError("%s must be from the same graph as %s." % (value, first))
    if graph is not None and graph.building_function and graph not in default_graphs.stack:
        raise ValueError(
            "Cannot use '%s' here because it is in a branch or a while loop, and belongs to the "
            "graph of that: the function that made it has to return it." % (first,)
        )
    return current if graph is None else graph


def _flat(values):
    for value in values:
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            yield from _flat(value)
        else:
            yield value


class name_scope:  # noqa: N801 - TensorFlow's name
    """Context manager that puts the names of new operations under a common prefix.

    Args:
      name: the scope; ending in "/" re-opens a scope as it is. None: use `default_name`.
      default_name: used when `name` is None.
      values: tensors; the scope is opened in their graph.
    """

    def __init__(self, name, default_name=None, values=None):
        if not (default_name is None or isinstance(default_name, str)):
            raise TypeError(
                "`default_name` type (%s) is not a string type. You likely meant to pass this into "
                "the `values` kwarg." % type(default_name)
            )
        self._name = default_name if name is None else name
        self._given = name
        self._default_name = default_name
        self._values = values

    @property
    def name(self):
        return self._name

    def __enter__(self):
        if self._name is None and self._values is not None:
            raise ValueError(
                "At least one of name (%s) and default_name (%s) must be provided."
                % (self._given, self._default_name)
            )
        graph = _graph_from_inputs(self._values) if self._values else get_default_graph()
        if self._name is not None and not isinstance(self._name, (str, bytes)):
            raise TypeError("A scope name is a string, got %r" % (self._name,))
        self._graph = graph
        self._old = graph._name_stack
        scope = graph._enter_name(self._name)
        default_graphs.stack.append(graph)
        return scope

    def __exit__(self, *exc):
        default_graphs.stack.pop()
        self._graph._name_stack = self._old
        return False


class name_scope_v2(name_scope):  # noqa: N801
    """`name_scope` with only a name."""

    def __init__(self, name):
        if name is None or not isinstance(name, str):
            raise ValueError("name for name_scope must be a string.")
        super().__init__(name)


def device(device_name_or_function):
    """Context manager: where operations made inside run, see `Graph.device`."""
    return get_default_graph().device(device_name_or_function)


def container(container_name):
    return get_default_graph().container(container_name)


def colocate_with(op, ignore_existing=False):
    """Context manager: operations made inside share the device of `op`."""
    return get_default_graph().colocate_with(op, ignore_existing)


def control_dependencies(control_inputs):
    """Context manager: operations made inside run after `control_inputs`."""
    return get_default_graph().control_dependencies(control_inputs)


class init_scope:  # noqa: N801
    """Context manager that lifts operations out of branches, loop bodies and control scopes.

    Used to make variables and their initial values; the current name scope stays.
    """

    def __enter__(self):
        graph = get_default_graph()
        scope = graph._name_stack
        while graph.outer_graph is not None:
            graph = graph.outer_graph
        self._graph, self._old = graph, graph._name_stack
        default_graphs.stack.append(graph)
        graph._name_stack = scope
        self._control = graph.control_dependencies(None)
        self._control.__enter__()

    def __exit__(self, *exc):
        self._control.__exit__()
        self._graph._name_stack = self._old
        default_graphs.stack.pop()
        return False


def add_to_collection(name, value):
    """Adds `value` to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names, value):
    """Adds `value` to several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key, scope=None):
    """A list of the items of a collection of the default graph, see `Graph.get_collection`."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key):
    """The collection's own list."""
    return get_default_graph().get_collection_ref(key)


def get_all_collection_keys():
    return get_default_graph().get_all_collection_keys()
