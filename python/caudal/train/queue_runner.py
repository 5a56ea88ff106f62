# SPDX-License-Identifier: Apache-2.0
"""Threads that fill queues: `tf.train.QueueRunner`."""

import threading
import weakref

from caudal.client.session import BaseSession
from caudal.framework import errors, ops
from caudal.framework.proto_registry import register_proto_function
from caudal.platform import tf_logging as logging

__all__ = ["QueueRunner", "add_queue_runner", "start_queue_runners"]

_ADD = ops.GraphKeys.QUEUE_RUNNERS


def _inside(name, scope):
    return scope.rstrip("/") + "/" + name if scope else name


def _outside(name, scope):
    return name[len(scope.rstrip("/")) + 1 :] if scope else name


class QueueRunner:
    """Runs enqueue ops again and again, each in a thread of its own, until the input ends.

    Args:
      queue: a queue.
      enqueue_ops: list of ops that add elements to it; one thread each.
      close_op: closes the queue when no more elements come, by default queue.close().
      cancel_op: closes it and cancels those that wait, when a coordinator stops all.
      queue_closed_exception_types: errors that mean the end of the input, by default
        (tf.errors.OutOfRangeError,).
      queue_runner_def: a QueueRunnerDef to read all this from, or its bytes.
      import_scope: name scope that names in `queue_runner_def` get in front.

    Raises:
      ValueError: if both `queue` and `queue_runner_def` are given, or neither.
      TypeError: if `queue_closed_exception_types` are no tuple of tf.errors classes.
    """

    def __init__(self, queue=None, enqueue_ops=None, close_op=None, cancel_op=None,
                 queue_closed_exception_types=None, queue_runner_def=None,
                 import_scope=None):  # fmt: skip
        if queue_runner_def is not None:
            if queue is not None or enqueue_ops:
                raise ValueError("queue_runner_def and queue are mutually exclusive.")
            self._read(queue_runner_def, import_scope)
        else:
            if queue is None or not enqueue_ops:
                raise ValueError("Must provide queue and enqueue_ops.")
            if queue_closed_exception_types is None:
                queue_closed_exception_types = (errors.OutOfRangeError,)
            known = isinstance(queue_closed_exception_types, tuple) and all(
                isinstance(t, type) and issubclass(t, errors.OpError)
                for t in queue_closed_exception_types
            )
            if not queue_closed_exception_types or not known:
                raise TypeError(
                    "queue_closed_exception_types, when provided, must be a tuple of tf.error "
                    "types, but saw: %s" % (queue_closed_exception_types,)
                )
            self._queue = queue
            self._enqueue_ops = list(enqueue_ops)
            self._close_op = queue.close() if close_op is None else close_op
            if cancel_op is None:
                cancel_op = queue.close(cancel_pending_enqueues=True)
            self._cancel_op = cancel_op
            self._queue_closed_exception_types = queue_closed_exception_types
        self._lock = threading.Lock()
        self._runs_per_session = weakref.WeakKeyDictionary()
        self._exceptions_raised = []

    def _read(self, definition, import_scope):
        from caudal import proto

        definition = proto.of(proto.QueueRunnerDef, definition)
        graph = ops.get_default_graph()

        def find(name):
            return graph.as_graph_element(_inside(name, import_scope))

        self._queue = find(definition.queue_name)
        self._enqueue_ops = [find(name) for name in definition.enqueue_op_name]
        self._close_op = find(definition.close_op_name)
        self._cancel_op = find(definition.cancel_op_name)
        self._queue_closed_exception_types = tuple(
            errors.exception_type_from_error_code(code)
            for code in definition.queue_closed_exception_types
        ) or (errors.OutOfRangeError,)

    @property
    def queue(self):
        """The queue; after reading a QueueRunnerDef its Operation."""
        return self._queue

    @property
    def enqueue_ops(self):
        return self._enqueue_ops

    @property
    def close_op(self):
        return self._close_op

    @property
    def cancel_op(self):
        return self._cancel_op

    @property
    def queue_closed_exception_types(self):
        return self._queue_closed_exception_types

    @property
    def exceptions_raised(self):
        """Exceptions of the threads since they were started, where no coordinator got them."""
        return self._exceptions_raised

    @property
    def name(self):
        """Name of the queue's node."""
        return self._queue.name

    def _run(self, sess, enqueue_op, coord=None):
        """What a thread does."""
        last = False
        try:
            enqueue = sess.make_callable(enqueue_op)
            try:
                while not (coord and coord.should_stop()):
                    enqueue()
            except self._queue_closed_exception_types:
                last = self._end(sess)
                if last:
                    try:
                        sess.run(self._close_op)
                    except Exception as e:  # noqa: BLE001 - somebody else has closed it
                        logging.vlog(1, "Ignored exception: %s", e)
                return
            self._end(sess)
        except Exception as e:  # noqa: BLE001 - goes to the coordinator
            self._end(sess)
            if coord:
                coord.request_stop(e)
            else:
                logging.error("Exception in QueueRunner: %s", e)
                with self._lock:
                    self._exceptions_raised.append(e)

    def _end(self, sess):
        """Counts a thread as ended; true for the last."""
        with self._lock:
            self._runs_per_session[sess] = left = self._runs_per_session.get(sess, 1) - 1
            return left == 0

    def _close_on_stop(self, sess, cancel_op, coord):
        """Waits for the coordinator's stop, then ends those that wait at the queue."""
        coord.wait_for_stop()
        try:
            sess.run(cancel_op)
        except Exception as e:  # noqa: BLE001 - the session may be closed
            logging.vlog(1, "Ignored exception: %s", e)

    def create_threads(self, sess, coord=None, daemon=False, start=False):
        """Makes the threads that run the enqueue ops in a session.

        Args:
          sess: a Session.
          coord: a Coordinator that stops the threads and gets their exceptions; one more thread
            then closes the queue when all are to stop.
          daemon: makes them daemon threads.
          start: starts them.

        Returns:
          List of threads; empty if those of this session are still running.
        """
        with self._lock:
            if self._runs_per_session.get(sess, 0) > 0:
                return []
            self._runs_per_session[sess] = len(self._enqueue_ops)
            self._exceptions_raised = []
        threads = [
            threading.Thread(
                target=self._run, args=(sess, op, coord),
                name="QueueRunnerThread-%s-%s" % (self.name, op.name),
            )
            for op in self._enqueue_ops
        ]  # fmt: skip
        if coord:
            threads.append(
                threading.Thread(
                    target=self._close_on_stop, args=(sess, self._cancel_op, coord),
                    name="QueueRunnerThread-%s-close_on_stop" % self.name,
                )
            )  # fmt: skip
        for t in threads:
            if coord:
                coord.register_thread(t)
            if daemon:
                t.daemon = True
            if start:
                t.start()
        return threads

    def to_proto(self, export_scope=None):
        """A QueueRunnerDef.

        Args:
          export_scope: name scope that is taken off the names.

        Returns:
          The message, or None for a queue outside of the scope.
        """
        if export_scope and not self.name.startswith(export_scope):
            return None
        from caudal import proto

        return proto.QueueRunnerDef(
            queue_name=_outside(self.name, export_scope),
            enqueue_op_name=[_outside(op.name, export_scope) for op in self._enqueue_ops],
            close_op_name=_outside(self._close_op.name, export_scope),
            cancel_op_name=_outside(self._cancel_op.name, export_scope),
            queue_closed_exception_types=[
                errors.error_code_from_exception_type(t) for t in self._queue_closed_exception_types
            ],
        )

    @staticmethod
    def from_proto(queue_runner_def, import_scope=None):
        """The QueueRunner of a QueueRunnerDef, in the default graph."""
        return QueueRunner(queue_runner_def=queue_runner_def, import_scope=import_scope)


def add_queue_runner(qr, collection=_ADD):
    """Adds a QueueRunner to a collection of the graph, for start_queue_runners().

    Args:
      qr: a QueueRunner.
      collection: name of the collection.
    """
    ops.add_to_collection(collection, qr)


def start_queue_runners(sess=None, coord=None, daemon=True, start=True, collection=_ADD):
    """Starts the threads of all QueueRunners of the graph.

    Args:
      sess: a Session, by default the default one.
      coord: a Coordinator that stops the threads.
      daemon: makes them daemon threads.
      start: False only makes them.
      collection: where the QueueRunners are.

    Returns:
      List of threads.

    Raises:
      ValueError: without a session.
      TypeError: if `sess` is no session.
    """
    if sess is None:
        sess = ops.get_default_session()
        if sess is None:
            raise ValueError(
                "Cannot start queue runners: No default session is registered. Use `with "
                "sess.as_default()` or pass an explicit session to "
                "tf.start_queue_runners(sess=sess)"
            )
    if not isinstance(sess, BaseSession):
        # Sessions of these kinds start them by themselves.
        if type(sess).__name__ in ("MonitoredSession", "SingularMonitoredSession"):
            return []
        raise TypeError("sess must be a `tf.Session` object. Given class: %s" % (sess.__class__,))
    runners = ops.get_collection(collection)
    if not runners:
        logging.warning("The graph has no queue runners for tf.train.start_queue_runners().")
    with sess.graph.as_default():
        threads = []
        for runner in runners:
            threads.extend(runner.create_threads(sess, coord=coord, daemon=daemon, start=start))
    return threads


def _message():
    from caudal import proto

    return proto.QueueRunnerDef


register_proto_function(
    _ADD,
    _message,
    lambda runner, export_scope=None: runner.to_proto(export_scope=export_scope),
    QueueRunner.from_proto,
)
