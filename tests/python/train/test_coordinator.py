# SPDX-License-Identifier: Apache-2.0
"""Coordinator and LooperThread: stopping together, the first exception, live threads."""

import sys
import threading
import time

import pytest

import caudal as tf

pytestmark = pytest.mark.no_graph
SOON = 10


def start(*targets):
    threads = [threading.Thread(target=t, daemon=True) for t in targets]
    for t in threads:
        t.start()
    return threads


def test_threads_stop_when_asked():
    coord = tf.train.Coordinator()
    assert not coord.should_stop() and not coord.wait_for_stop(0.01)
    threads = start(lambda: coord.wait_for_stop(SOON), lambda: coord.wait_for_stop(SOON))
    coord.request_stop()
    assert coord.should_stop() and coord.wait_for_stop(0)
    coord.join(threads)
    assert coord.joined and not any(t.is_alive() for t in threads)
    coord.clear_stop()
    assert not coord.should_stop() and not coord.joined


def test_join_ends_with_the_threads():
    coord = tf.train.Coordinator()
    coord.join(start(lambda: time.sleep(0.05)))
    assert coord.joined and not coord.should_stop()


def test_the_first_exception_comes_out_of_join():
    coord = tf.train.Coordinator()

    def fail(error):
        try:
            raise error
        except Exception as e:  # noqa: BLE001 - handed on
            coord.request_stop(e)

    fail(RuntimeError("first"))
    fail(ValueError("second"))
    with pytest.raises(RuntimeError, match="first"):
        coord.raise_requested_exception()
    with pytest.raises(RuntimeError, match="first") as caught:
        coord.join()
    assert "fail" in [entry.name for entry in caught.traceback]
    with pytest.raises(KeyError):  # after join it is raised at once
        coord.request_stop(KeyError("late"))
    coord.clear_stop()
    coord.raise_requested_exception()


def test_exc_info_and_exceptions_never_raised():
    coord = tf.train.Coordinator()
    try:
        raise OSError("disk")
    except OSError:
        coord.request_stop(sys.exc_info())
    with pytest.raises(OSError, match="disk"):
        coord.join()
    coord.clear_stop()
    coord.request_stop(OSError("made here"))
    with pytest.raises(OSError, match="made here"):
        coord.join()
    coord.clear_stop()
    with pytest.raises(TypeError):
        coord.request_stop("text")


def test_clean_exceptions():
    coord = tf.train.Coordinator()
    end = tf.errors.OutOfRangeError(None, None, "end")
    coord.request_stop(end)
    coord.join()
    coord.request_stop(end)  # neither after join
    coord = tf.train.Coordinator(clean_stop_exception_types=(KeyError,))
    coord.request_stop(KeyError("x"))
    coord.join()
    coord = tf.train.Coordinator(clean_stop_exception_types=())
    coord.request_stop(end)
    with pytest.raises(tf.errors.OutOfRangeError):
        coord.join()


def test_stop_on_exception():
    coord = tf.train.Coordinator()
    with coord.stop_on_exception():
        pass
    assert not coord.should_stop()
    with coord.stop_on_exception():
        raise ZeroDivisionError
    assert coord.should_stop()
    with pytest.raises(ZeroDivisionError):
        coord.join()


def test_threads_that_go_on():
    free = threading.Event()
    for ignore in (False, True):
        coord = tf.train.Coordinator()
        (thread,) = start(lambda: free.wait(SOON))
        thread.name = "deaf"
        coord.register_thread(thread)
        coord.request_stop()
        if ignore:
            coord.join(stop_grace_period_secs=0.02, ignore_live_threads=True)
        else:
            with pytest.raises(RuntimeError, match="threads still running: deaf"):
                coord.join(stop_grace_period_secs=0.02)
    free.set()


def test_loopers():
    coord = tf.train.Coordinator()
    calls, enough = [], threading.Event()

    def count(step):
        calls.append(step)
        if len(calls) > 3:
            enough.set()

    thread = tf.train.LooperThread.loop(coord, 0.001, count, args=(2,))
    assert enough.wait(SOON) and thread.daemon
    coord.request_stop()
    coord.join()
    assert set(calls) == {2} and not thread.is_alive()
    with pytest.raises(ValueError, match="must be a Coordinator"):
        tf.train.LooperThread(None, 1)
    with pytest.raises(ValueError):
        tf.train.LooperThread(coord, 1, args=(1,))


def test_a_looper_stops_all_with_its_exception():
    class Worker(tf.train.LooperThread):
        log = []

        def start_loop(self):
            self.log.append("start")

        def run_loop(self):
            self.log.append("run")
            raise ValueError("worker")

        def stop_loop(self):
            self.log.append("stop")

    coord = tf.train.Coordinator()
    Worker(coord, None).start()
    with pytest.raises(ValueError, match="worker"):
        coord.join()
    assert Worker.log == ["start", "run"]
