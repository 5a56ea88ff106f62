# SPDX-License-Identifier: Apache-2.0
"""Stopping several threads together: `tf.train.Coordinator`."""

import contextlib
import sys
import threading
import time

from caudal.framework import errors
from caudal.platform import tf_logging as logging

__all__ = ["Coordinator", "LooperThread"]

_LOOK_SECONDS = 0.05  # how often join() looks whether threads have ended by themselves


class Coordinator:
    """Tells threads when to stop, waits for them, and keeps the first exception of any.

    A thread asks should_stop() now and then, and calls request_stop() when it wants all to end:

        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess, coord)
        try:
            while not coord.should_stop():
                sess.run(train_op)
        except tf.errors.OutOfRangeError:
            print("no more input")
        finally:
            coord.request_stop()
        coord.join(threads)

    Args:
      clean_stop_exception_types: exceptions that mean an ordinary end, by default
        (tf.errors.OutOfRangeError,).
    """

    def __init__(self, clean_stop_exception_types=None):
        if clean_stop_exception_types is None:
            clean_stop_exception_types = (errors.OutOfRangeError,)
        self._clean_stop_exception_types = tuple(clean_stop_exception_types)
        self._lock = threading.Lock()
        self._stop_event = threading.Event()
        self._exc_info_to_raise = None
        self._joined = False
        self._registered_threads = set()

    def _filtered(self, ex):
        """`ex`, or None for an ordinary end."""
        value = ex[1] if isinstance(ex, tuple) else ex
        return None if isinstance(value, self._clean_stop_exception_types) else ex

    def request_stop(self, ex=None):
        """Asks all threads to stop.

        Args:
          ex: an exception, or what sys.exc_info() gives, that join() will raise. Only the first
            counts. After join() it is raised at once.
        """
        with self._lock:
            ex = self._filtered(ex)
            value = ex[1] if isinstance(ex, tuple) else ex
            if self._joined:
                if value is not None:
                    raise value
                return
            if self._stop_event.is_set():
                return
            if value is not None and self._exc_info_to_raise is None:
                if not isinstance(value, BaseException):
                    raise TypeError("ex must be an exception or a sys.exc_info(), got %r" % (ex,))
                logging.info("Error reported to Coordinator: %s, %s", type(value), value)
                self._exc_info_to_raise = (type(value), value, value.__traceback__)
            self._stop_event.set()

    def clear_stop(self):
        """After join(): makes the coordinator ready for another round."""
        with self._lock:
            self._joined = False
            self._exc_info_to_raise = None
            self._stop_event.clear()

    def should_stop(self):
        """Whether somebody has asked to stop."""
        return self._stop_event.is_set()

    @contextlib.contextmanager
    def stop_on_exception(self):
        """Context manager: an exception inside becomes a request to stop."""
        try:
            yield
        except Exception:  # noqa: BLE001 - whatever it is, join() raises it
            self.request_stop(ex=sys.exc_info())

    def wait_for_stop(self, timeout=None):
        """Waits until somebody has asked to stop.

        Args:
          timeout: seconds, None for no limit.

        Returns:
          Whether somebody has.
        """
        return self._stop_event.wait(timeout)

    def register_thread(self, thread):
        """Adds a thread that join() waits for."""
        with self._lock:
            self._registered_threads.add(thread)

    def join(self, threads=None, stop_grace_period_secs=120, ignore_live_threads=False):
        """Waits for threads to end, and raises the exception of which one stopped all.

        Args:
          threads: list of threads, besides those that are registered.
          stop_grace_period_secs: how long threads may go on after a request to stop.
          ignore_live_threads: does not mind threads that go on longer.

        Raises:
          RuntimeError: if threads are still alive after that time.
        """
        with self._lock:
            threads = list(self._registered_threads.union(threads or ()))
        while any(t.is_alive() for t in threads) and not self.wait_for_stop(_LOOK_SECONDS):
            pass
        deadline = time.monotonic() + stop_grace_period_secs
        pause = 0.001
        while any(t.is_alive() for t in threads) and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(2 * pause, _LOOK_SECONDS)
        alive = [t.name for t in threads if t.is_alive()]
        with self._lock:
            self._joined = True
            self._registered_threads = set()
            stopped_by = self._exc_info_to_raise
        if stopped_by is not None:
            raise stopped_by[1].with_traceback(stopped_by[2])
        if alive:
            if not ignore_live_threads:
                raise RuntimeError(
                    "Coordinator stopped with threads still running: %s" % " ".join(alive)
                )
            logging.info("Coordinator stopped with threads still running: %s", " ".join(alive))

    @property
    def joined(self):
        """Whether join() has ended."""
        return self._joined

    def raise_requested_exception(self):
        """Raises the exception that came with a request to stop, if one did."""
        with self._lock:
            stopped_by = self._exc_info_to_raise
        if stopped_by is not None:
            raise stopped_by[1].with_traceback(stopped_by[2])


class LooperThread(threading.Thread):
    """A thread that repeats something until its coordinator says stop; an exception stops all.

    Args:
      coord: a Coordinator.
      timer_interval_secs: seconds from one call to the next, None to call without pause.
      target, args, kwargs: what to call; else override run_loop().

    Raises:
      ValueError: if `coord` is no Coordinator.
    """

    def __init__(self, coord, timer_interval_secs, target=None, args=None, kwargs=None):
        if not isinstance(coord, Coordinator):
            raise ValueError("'coord' argument must be a Coordinator: %s" % (coord,))
        super().__init__(daemon=True)
        self._coord = coord
        self._timer_interval_secs = timer_interval_secs
        self._looped = target
        if target is None and (args or kwargs):
            raise ValueError("'args' and 'kwargs' argument require that you also pass 'target'")
        self._looped_args = args or ()
        self._looped_kwargs = kwargs or {}
        coord.register_thread(self)

    @staticmethod
    def loop(coord, timer_interval_secs, target, args=None, kwargs=None):
        """Starts such a thread and returns it."""
        looper = LooperThread(coord, timer_interval_secs, target, args, kwargs)
        looper.start()
        return looper

    def run(self):
        with self._coord.stop_on_exception():
            self.start_loop()
            if self._timer_interval_secs is None:
                while not self._coord.should_stop():
                    self.run_loop()
            else:
                due = time.monotonic()
                while not self._coord.wait_for_stop(max(0.0, due - time.monotonic())):
                    due += self._timer_interval_secs
                    self.run_loop()
            self.stop_loop()

    def start_loop(self):
        """Called when the thread starts."""

    def stop_loop(self):
        """Called when it stops in the ordinary way."""

    def run_loop(self):
        """Called again and again."""
        if self._looped:
            self._looped(*self._looped_args, **self._looped_kwargs)
