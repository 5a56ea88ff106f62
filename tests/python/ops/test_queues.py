# SPDX-License-Identifier: Apache-2.0
"""Queues: waiting and waking, closing, timeouts, names and errors."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import caudal as tf

SOON = 10  # seconds within which a thread must have ended


class Background(threading.Thread):
    """Calls a function; result() gives what it returned or raises what it raised."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self.call, self.value, self.error = call, None, None
        self.start()

    def run(self):
        try:
            self.value = self.call()
        except Exception as e:  # noqa: BLE001 - handed on
            self.error = e

    def waits(self):
        self.join(0.1)
        return self.is_alive()

    def result(self):
        self.join(SOON)
        assert not self.is_alive(), "still waiting"
        if self.error is not None:
            raise self.error
        return self.value


def in_background(call):
    return Background(call)


def test_names_and_shapes():
    q = tf.FIFOQueue(3, [tf.float32, tf.int32], shapes=[[2], ()])
    assert q.name == "fifo_queue" and q.queue_ref.dtype == tf.resource
    put = q.enqueue([[1.0, 2.0], 3])
    assert put.name == "fifo_queue_enqueue" and put.type == "QueueEnqueueV2"
    assert put.inputs[1].name == "fifo_queue_enqueue/component_0:0"
    assert q.enqueue_many([[[1.0, 2.0]], [3]]).name == "fifo_queue_EnqueueMany"
    a, b = q.dequeue()
    assert (a.name, a.shape.as_list(), b.shape.as_list()) == ("fifo_queue_Dequeue:0", [2], [])
    a, b = q.dequeue_many(2)
    assert (a.name, a.shape.as_list()) == ("fifo_queue_DequeueMany:0", [2, 2])
    a, b = q.dequeue_up_to(2)
    assert a.shape.as_list() == [None, 2] and b.shape.as_list() == [None]
    assert q.close().name == "fifo_queue_Close"
    assert q.size().name == "fifo_queue_Size:0"
    assert q.is_closed().name == "fifo_queue_Is_Closed:0"
    assert tf.RandomShuffleQueue(3, 1, tf.int32).dequeue().shape.ndims is None
    r = tf.PriorityQueue(3, tf.int32, [()])
    assert r.dtypes == [tf.int64, tf.int32]
    assert [t.shape.as_list() for t in r.dequeue_many(2)] == [[2], [2]]


def test_shapes_come_from_the_queue_of_an_imported_graph():
    q = tf.FIFOQueue(3, tf.float32, shapes=[[4]])
    q.dequeue(name="one"), q.dequeue_many(5, name="many"), q.dequeue_up_to(5, name="rest")
    definition = tf.get_default_graph().as_graph_def()
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(definition, name="")
        shapes = [
            graph.get_tensor_by_name(n + ":0").shape.as_list() for n in ("one", "many", "rest")
        ]
    assert shapes == [[4], [5, 4], [None, 4]]


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda: tf.FIFOQueue(3, tf.float32, shapes=[[2]]).enqueue([1.0]), "incompatible"),
        (lambda: tf.FIFOQueue(3, tf.float32, shapes=[[None]]), "must be fully defined"),
        (lambda: tf.FIFOQueue(3, [tf.float32, tf.int32], shapes=[[1]]), "same length as dtypes"),
        (lambda: tf.FIFOQueue(3, [tf.float32, tf.int32], names=["a"]), "List of names"),
        (lambda: tf.FIFOQueue(3, tf.int32).enqueue({"a": 1}), "must have names"),
        (lambda: tf.FIFOQueue(3, tf.int32, names="a").enqueue(1), "must enqueue a dictionary"),
        (lambda: tf.FIFOQueue(3, tf.int32, names="a").enqueue({"b": 1}), "do not match"),
        (lambda: tf.PaddingFIFOQueue(5, [tf.float32], None), "a list of shapes"),
        (lambda: tf.PaddingFIFOQueue(5, [tf.float32], [None]), "a list of shapes"),
        (lambda: tf.PaddingFIFOQueue(5, [tf.float32] * 2, [[1]]), "for all components"),
        (lambda: tf.FIFOQueue(3, tf.int32, shapes=()).dequeue_many(-1), "must be >= 0"),
    ],
)
def test_mistakes_are_found_while_building(call, error):
    with pytest.raises(ValueError, match=error):
        call()


def test_from_list_needs_queues_that_agree():
    for queues in ([], [1, 2], [tf.FIFOQueue(3, tf.int32), tf.FIFOQueue(3, tf.float32)]):
        with pytest.raises(TypeError):
            tf.QueueBase.from_list(0, queues)


def test_dicts_for_queues_with_names():
    q = tf.FIFOQueue(10, [tf.float32, tf.string], shapes=[[2], ()], names=["a", "b"])
    put, take, many = q.enqueue({"a": [1.0, 2.0], "b": "x"}), q.dequeue(), q.dequeue_many(1)
    with tf.Session() as sess:
        sess.run(put)
        sess.run(put)
        out = sess.run(take)
        assert out["a"].tolist() == [1, 2] and out["b"] == b"x"
        assert sess.run(many)["b"].tolist() == [b"x"]


def test_enqueue_waits_for_room_and_dequeue_for_elements():
    q = tf.FIFOQueue(1, tf.int32, shapes=())
    value = tf.placeholder(tf.int32, [])
    put, take = q.enqueue(value), q.dequeue()
    with tf.Session() as sess:
        taken = in_background(lambda: sess.run(take))
        assert taken.waits()
        sess.run(put, {value: 1})
        assert taken.result() == 1
        sess.run(put, {value: 2})
        second = in_background(lambda: sess.run(put, {value: 3}))
        assert second.waits()
        assert sess.run(take) == 2
        second.result()
        assert sess.run(take) == 3


def test_many_at_once_may_exceed_the_capacity():
    q = tf.FIFOQueue(3, tf.int32, shapes=())
    put, take = q.enqueue_many([np.arange(10, dtype=np.int32)]), q.dequeue_many(8)
    with tf.Session() as sess:
        taken = in_background(lambda: sess.run(take))
        sess.run(put)
        assert taken.result().tolist() == list(range(8))
        assert sess.run(q.size()) == 2


def test_requests_are_served_in_order():
    q = tf.FIFOQueue(30, tf.int32, shapes=())
    value = tf.placeholder(tf.int32, [None])
    put, one, three = q.enqueue_many([value]), q.dequeue(), q.dequeue_many(3)
    with tf.Session() as sess:
        sess.run(put, {value: [1, 2]})
        first = in_background(lambda: sess.run(three))
        assert first.waits()
        second = in_background(lambda: sess.run(one))
        assert second.waits()
        sess.run(put, {value: [3, 4]})
        assert first.result().tolist() == [1, 2, 3] and second.result() == 4


def test_closing():
    q = tf.FIFOQueue(2, tf.int32, shapes=())
    put, two, one, rest = q.enqueue(7), q.dequeue_many(2), q.dequeue(), q.dequeue_up_to(5)
    close = q.close()
    with tf.Session() as sess:
        sess.run(put)
        waiting = in_background(lambda: sess.run(two))
        assert waiting.waits()
        sess.run(close)
        with pytest.raises(
            tf.errors.OutOfRangeError,
            match=r"FIFOQueue '_\d+_fifo_queue' is closed"
            r" and has insufficient elements \(requested 1, current size 0\)",
        ):
            waiting.result()
        assert sess.run(rest).tolist() == [7]  # what it had taken is back
        with pytest.raises(tf.errors.OutOfRangeError, match="requested 1, current size 0"):
            sess.run(one)
        with pytest.raises(tf.errors.CancelledError, match="is closed"):
            sess.run(put)
        with pytest.raises(tf.errors.CancelledError, match="already closed"):
            sess.run(close)
        assert sess.run(q.is_closed())


@pytest.mark.parametrize("cancel", [False, True])
def test_closing_waits_for_pending_elements_or_cancels_them(cancel):
    q = tf.FIFOQueue(1, tf.int32, shapes=())
    put, take, close = q.enqueue(1), q.dequeue(), q.close(cancel)
    with tf.Session() as sess:
        sess.run(put)
        pending = in_background(lambda: sess.run(put))
        assert pending.waits()
        closing = in_background(lambda: sess.run(close))
        if cancel:
            closing.result()
            with pytest.raises(tf.errors.CancelledError, match="was cancelled"):
                pending.result()
        else:
            assert closing.waits()
            assert sess.run(take) == 1
            closing.result()
            pending.result()
        assert sess.run(take) == 1
        with pytest.raises(tf.errors.OutOfRangeError):
            sess.run(take)


def test_a_timeout_ends_waiting_and_puts_elements_back():
    q = tf.FIFOQueue(5, tf.int32, shapes=())
    put, two, one = q.enqueue(3), q.dequeue_many(2), q.dequeue()
    with tf.Session() as sess:
        sess.run(put)
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(two, options=tf.RunOptions(timeout_in_ms=60))
        assert sess.run(q.size()) == 1 and sess.run(one) == 3


@pytest.mark.parametrize("which", ["enqueue", "dequeue", "read"])
def test_closing_the_session_ends_waiting(which):
    q = tf.FIFOQueue(1, tf.string, shapes=())
    put, reader = q.enqueue("x"), tf.WholeFileReader()
    op = {"enqueue": put, "dequeue": q.dequeue(), "read": reader.read(q).value}[which]
    sess = tf.Session()
    if which == "enqueue":
        sess.run(put)
    waiting = [in_background(lambda: sess.run(op)) for _ in range(2)]
    assert all(w.waits() for w in waiting)
    sess.close()
    for w in waiting:
        with pytest.raises(tf.errors.CancelledError):
            w.result()


def heed_ctrl_c():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_ends_waiting():
    code = (
        "import caudal as tf; q = tf.FIFOQueue(1, tf.int32); s = tf.Session(); d = q.dequeue()\n"
        "try:\n  print('go', flush=True); s.run(d)\nexcept KeyboardInterrupt:\n  print('ended')"
    )
    # A job in the background of a shell ignores Ctrl-C, and so would the child.
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                             env=os.environ, preexec_fn=heed_ctrl_c)  # fmt: skip
    try:
        assert child.stdout.readline() == "go\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=SOON)[0] == "ended\n"
    finally:
        child.kill()


def test_many_threads_lose_nothing():
    q = tf.FIFOQueue(10, tf.int32, shapes=())
    value = tf.placeholder(tf.int32, [])
    put, take = q.enqueue(value), q.dequeue_many(5)
    with tf.Session() as sess:

        def produce(k):
            for i in range(100):
                sess.run(put, {value: 100 * k + i})

        def consume():
            return np.concatenate([sess.run(take) for _ in range(20)])

        makers = [in_background(lambda k=k: produce(k)) for k in range(6)]
        takers = [in_background(consume) for _ in range(6)]
        for m in makers:
            m.result()
        got = np.concatenate([t.result() for t in takers])
    assert sorted(got) == list(range(600))


def test_fed_arrays_may_change_afterwards():
    q = tf.FIFOQueue(10, tf.float32, shapes=[[64]])
    value = tf.placeholder(tf.float32, [64])
    put, take = q.enqueue(value), q.dequeue()
    array = np.ones(64, np.float32)
    with tf.Session() as sess:
        sess.run(put, {value: array})
        array[:] = 2
        assert sess.run(take).sum() == 64


def test_a_step_may_use_what_it_takes():
    q = tf.FIFOQueue(10, [tf.float32, tf.int32], shapes=[[3], ()])
    put = q.enqueue_many([np.ones([4, 3], np.float32), np.arange(4, dtype=np.int32)])
    x, n = q.dequeue()
    w = tf.Variable([1.0, 2.0, 3.0])
    train = tf.assign_add(w, x * tf.cast(n, tf.float32))
    with tf.Session() as sess:
        sess.run([w.initializer, put])
        for _ in range(4):
            sess.run(train)
        assert sess.run(w).tolist() == [7, 8, 9]
        assert sess.run(q.size()) == 0


def test_in_branches():
    q = tf.FIFOQueue(10, tf.int32, shapes=())
    keep = tf.placeholder(tf.bool, [])
    put = tf.cond(keep, lambda: q.enqueue(5), tf.no_op)
    with tf.Session() as sess:
        sess.run(put, {keep: False})
        sess.run(put, {keep: True})
        assert sess.run(q.size()) == 1


def test_shared_names():
    a = tf.FIFOQueue(3, tf.float32, shared_name="x")
    b = tf.FIFOQueue(3, tf.float32, shared_name="x")
    others = [
        (tf.FIFOQueue(4, tf.float32, shared_name="x"), "has capacity 3 but requested"),
        (tf.FIFOQueue(3, tf.int32, shared_name="x"), "has component types float but requested"),
        (tf.FIFOQueue(3, tf.float32, shapes=[[1]], shared_name="x"), r"has component shapes \[\]"),
        (tf.PaddingFIFOQueue(3, tf.float32, [[1]], shared_name="x"), "Expected FIFOQueue, found"),
        (tf.FIFOQueue(3, tf.int32, shared_name="_x"), "cannot start with '_'"),
    ]
    with tf.Session() as sess:
        sess.run(a.enqueue(1.0))
        assert sess.run(b.dequeue()) == 1
        for q, error in others:
            with pytest.raises(tf.errors.InvalidArgumentError, match=error):
                sess.run(q.size())
        with pytest.raises(tf.errors.OutOfRangeError, match="FIFOQueue 'x' is closed"):
            sess.run(a.close())
            sess.run(b.dequeue())


def test_shuffling_keeps_a_reserve_and_every_element():
    q = tf.RandomShuffleQueue(50, 4, tf.int32, shapes=(), seed=1)
    put, take, rest = q.enqueue_many([np.arange(10)]), q.dequeue_many(7), q.dequeue_up_to(20)
    quick = tf.RunOptions(timeout_in_ms=40)
    with tf.Session() as sess:
        sess.run(put)
        with pytest.raises(tf.errors.DeadlineExceededError):
            sess.run(take, options=quick)
        assert sess.run(q.size()) == 10
        sess.run(q.close())
        got = [*sess.run(take), *sess.run(rest)]
    assert sorted(got) == list(range(10)) and got != list(range(10))
