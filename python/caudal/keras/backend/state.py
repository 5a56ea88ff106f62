# SPDX-License-Identifier: Apache-2.0
"""What Keras keeps for each graph: numbers of names, the learning phase, the session."""

import collections
import contextlib
import threading
import weakref

import caudal as tf
from caudal.framework import ops
from caudal.ops.variable_store import root_graph


class _State:
    """The learning phase and the session of one graph."""

    def __init__(self):
        self.phase = None  # 0, 1 or the placeholder
        self.session = None
        self.cleared = False  # by clear_session, so that its variables have no values any more


_uids = weakref.WeakKeyDictionary()
# (session, thread that it was made in, or None for that of set_session): what `get_session` falls
# back to where the default graph is empty, as it is at the start of each thread.
_latest = (None, None)
_manual_initialization = False
_KEY = ("__keras_state",)

name_scope = ops.name_scope


def _state(graph=None):
    """The `_State` of a graph, by default of the current one."""
    if graph is None:
        graph = root_graph()
    held = graph.get_collection_ref(_KEY)
    if not held:
        held.append(_State())
    return held[0]


# -- names -----------------------------------------------------------------------------------------


def get_uid(prefix=""):
    """The next number of `prefix` in the current graph, from 1 on."""
    numbers = _uids.setdefault(root_graph(), collections.defaultdict(int))
    numbers[prefix] += 1
    return numbers[prefix]


def reset_uids():
    """Lets `get_uid` count from 1 again, in all graphs."""
    _uids.clear()


# -- learning phase --------------------------------------------------------------------------------


def learning_phase():
    """Whether training goes on: 0 or 1 if that was set, else a bool tensor to be fed.

    The tensor (of rank 0, False unless it is fed) belongs to the current graph.
    """
    state = _state()
    if state.phase is None:
        with root_graph().as_default(), ops.name_scope(None), ops.control_dependencies(None):
            with tf.device(None):
                state.phase = tf.placeholder_with_default(
                    False, shape=(), name="keras_learning_phase"
                )
    return state.phase


def set_learning_phase(value):
    """Fixes the learning phase of the current graph: 0 for testing, 1 for training.

    Raises:
      ValueError: for other values.
    """
    if value not in (0, 1):
        raise ValueError("Expected learning phase to be 0 or 1.")
    _state().phase = int(value)


@contextlib.contextmanager
def learning_phase_scope(value):
    """Fixes the learning phase of the current graph for a `with` block."""
    state = _state()
    before = state.phase
    set_learning_phase(value)
    try:
        yield
    finally:
        state.phase = before


# -- session ---------------------------------------------------------------------------------------


def get_session():
    """The session that Keras runs in; all variables of its graph are initialised.

    It is the default session where there is one; else the one of `set_session`; else a session
    that Keras makes for the default graph.
    """
    session = tf.get_default_session()
    if session is None:
        graph = root_graph()
        session = _state(graph).session
        if session is None and not graph.get_operations():
            latest, thread = _latest
            session = latest if thread != threading.get_ident() else None
        if session is None:
            session = _own_session(graph)
    initialize_variables(session)
    return session


def session_for(graph):
    """The session for nodes of `graph`; see `get_session`."""
    session = tf.get_default_session()
    if session is None or session.graph is not graph:
        session = _state(graph).session
        if session is None:
            session = _own_session(graph)
    initialize_variables(session)
    return session


def _own_session(graph):
    global _latest
    if _state(graph).cleared:
        raise RuntimeError(
            "This was made before K.clear_session(), which dropped the values of its variables. "
            "Make it anew, or run it in a tf.Session of your own"
        )
    config = tf.ConfigProto(allow_soft_placement=True)
    session = _state(graph).session = tf.Session(graph=graph, config=config)
    _latest = (session, threading.get_ident())
    return session


def set_session(session):
    """Makes Keras use `session` for its graph."""
    global _latest
    _latest = (session, None)
    if session is not None:
        _state(session.graph).session = session
    else:
        _state().session = None


def clear_session():
    """Starts anew: another default graph, another session, names counted from 1.

    Models made before cannot be used any more.
    """
    global _latest
    state = _state()
    tf.reset_default_graph()
    state.session, state.cleared = None, True
    reset_uids()
    _latest = (None, None)


def manual_variable_initialization(value):
    """With True, `get_session` leaves it to the user to initialise variables."""
    global _manual_initialization
    _manual_initialization = value


def initialize_variables(session=None):
    """Initialises those variables of a session's graph that have no value yet."""
    if _manual_initialization:
        return
    variables = session.graph.get_collection_ref(tf.GraphKeys.GLOBAL_VARIABLES)
    # (how many variables were looked at, the last one of them): nothing to do if it is the same.
    last = variables[-1] if variables else None
    seen = session.__dict__.get("_keras_seen", (0, None))
    if seen[0] == len(variables) and seen[1] is last:
        return
    start = seen[0] if seen[0] <= len(variables) and _at(variables, seen[0]) is seen[1] else 0
    fresh = variables[start:]
    if not fresh:
        session._keras_seen = (len(variables), last)
        return
    with session.graph.as_default(), ops.name_scope(None), ops.control_dependencies(None):
        known = session.run([tf.is_variable_initialized(v) for v in fresh])
        missing = [v for v, initialized in zip(fresh, known) if not initialized]
        for v in fresh:
            v._keras_initialized = True
        if missing:
            session.run(tf.variables_initializer(missing))
    session._keras_seen = (len(variables), last)


def _at(variables, count):
    return variables[count - 1] if count else None


def available_gpus():
    """Names of the GPUs that the session has."""
    return [d.name for d in get_session().list_devices() if d.device_type == "GPU"]
