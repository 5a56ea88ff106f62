# SPDX-License-Identifier: Apache-2.0
"""QueueRunner: threads that fill queues, their ends and exceptions, and the way to a file."""

import os
import subprocess
import sys

import pytest

import caudal as tf
from caudal import proto

SOON = 10


def counting(epochs, runs=1, **kwargs):
    """A queue of the numbers 1..epochs and its runner."""
    n = tf.Variable(0, name="count")
    q = tf.FIFOQueue(100, tf.int32, shapes=(), name="numbers")
    put = q.enqueue(n.count_up_to(epochs))
    return q, tf.train.QueueRunner(q, [put] * runs, **kwargs)


def join(threads):
    for t in threads:
        t.join(SOON)
        assert not t.is_alive()


def test_runs_to_the_end_of_the_input():
    q, runner = counting(5)
    assert runner.name == "numbers" and runner.queue is q
    assert runner.queue_closed_exception_types == (tf.errors.OutOfRangeError,)
    take = q.dequeue()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        threads = runner.create_threads(sess, start=True)
        assert [t.name for t in threads] == ["QueueRunnerThread-numbers-numbers_enqueue"]
        join(threads)
        assert runner.exceptions_raised == []
        assert [sess.run(take) for _ in range(5)] == [0, 1, 2, 3, 4]
        with pytest.raises(tf.errors.OutOfRangeError, match="numbers' is closed"):
            sess.run(take)


def test_the_last_of_several_threads_closes():
    q, runner = counting(40, runs=4)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        join(runner.create_threads(sess, start=True))
        assert sess.run(q.size()) == 40 and sess.run(q.is_closed())


def test_a_session_has_one_set_of_threads_at_a_time():
    q, runner = counting(1000000)
    with tf.Session() as sess, tf.Session() as other:
        sess.run(tf.global_variables_initializer())
        other.run(tf.global_variables_initializer())
        coord = tf.train.Coordinator()
        threads = runner.create_threads(sess, coord, daemon=True, start=True)
        assert [t.daemon for t in threads] == [True, True]
        assert threads[1].name == "QueueRunnerThread-numbers-close_on_stop"
        assert runner.create_threads(sess, coord, start=True) == []
        assert len(runner.create_threads(other, coord, daemon=True, start=True)) == 2
        coord.request_stop()
        coord.join(stop_grace_period_secs=SOON)
        with pytest.raises(tf.errors.CancelledError):
            sess.run(q.enqueue(1))


def test_exceptions_go_to_the_coordinator():
    q, runner = counting(5)
    with tf.Session() as sess:  # the variable has no value
        coord = tf.train.Coordinator()
        runner.create_threads(sess, coord, start=True)
        with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value count"):
            coord.join()
        join(runner.create_threads(sess, start=True))  # or stay
        assert isinstance(runner.exceptions_raised[0], tf.errors.FailedPreconditionError)


def test_other_errors_may_mean_the_end():
    types = (tf.errors.FailedPreconditionError, tf.errors.OutOfRangeError)
    q, runner = counting(5, queue_closed_exception_types=types)
    with tf.Session() as sess:
        join(runner.create_threads(sess, start=True))
        assert sess.run(q.is_closed()) and runner.exceptions_raised == []


def test_arguments():
    q, runner = counting(5)
    with pytest.raises(ValueError, match="Must provide queue"):
        tf.train.QueueRunner()
    with pytest.raises(ValueError, match="mutually exclusive"):
        tf.train.QueueRunner(q, queue_runner_def=runner.to_proto())
    for types in (tf.errors.OutOfRangeError, (), (ValueError,), [tf.errors.OutOfRangeError]):
        with pytest.raises(TypeError, match="tuple of tf.error types"):
            tf.train.QueueRunner(q, runner.enqueue_ops, queue_closed_exception_types=types)


def test_start_queue_runners():
    q, runner = counting(5)
    tf.train.add_queue_runner(runner)
    with pytest.raises(ValueError, match="No default session"):
        tf.train.start_queue_runners()
    with pytest.raises(TypeError, match="must be a `tf.Session`"):
        tf.train.start_queue_runners("session")
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        assert tf.train.start_queue_runners(sess, collection="other") == []
        made = tf.train.start_queue_runners(start=False)
        assert len(made) == 1 and made[0].daemon and not made[0].is_alive()
        made[0].start()
        join(made)
        assert sess.run(q.size()) == 5


@pytest.mark.parametrize(
    "end", ["", "sess.close()", "raise SystemExit", "import time; time.sleep(.1)"]
)
def test_a_program_may_end_while_threads_run(end):
    code = (
        "import caudal as tf\n"
        "n = tf.train.range_input_producer(1000).dequeue()\n"
        "batch = tf.train.shuffle_batch([n], 8, 100, 50, num_threads=3)\n"
        "sess = tf.Session()\n"
        "tf.train.start_queue_runners(sess)\n"
        "print(sess.run(batch).shape)\n" + end
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=os.environ
    )
    assert (done.returncode, done.stdout) == (0, "(8,)\n"), done.stderr[-2000:]


def test_messages():
    with tf.name_scope("scope"):
        q, runner = counting(5)
    assert runner.to_proto("other") is None
    message = runner.to_proto()
    assert message.queue_name == "scope/numbers"
    assert list(message.enqueue_op_name) == ["scope/numbers_enqueue"]
    assert (message.close_op_name, message.cancel_op_name) == (
        "scope/numbers_Close", "scope/numbers_Close_1",
    )  # fmt: skip
    assert list(message.queue_closed_exception_types) == [tf.errors.OUT_OF_RANGE]
    short = runner.to_proto("scope")
    assert short.queue_name == "numbers"
    for given, scope in ((message, None), (short, "scope"), (short.SerializeToString(), "scope")):
        again = tf.train.QueueRunner.from_proto(given, import_scope=scope)
        assert again.queue is q.queue_ref.op and again.to_proto() == message
        assert again.enqueue_ops == runner.enqueue_ops and again.cancel_op is runner.cancel_op
    message.ClearField("queue_closed_exception_types")
    again = tf.train.QueueRunner(queue_runner_def=message)
    assert again.queue_closed_exception_types == (tf.errors.OutOfRangeError,)
    with pytest.raises(KeyError):
        tf.train.QueueRunner(queue_runner_def=proto.QueueRunnerDef(queue_name="none"))


def test_meta_graphs_hold_them():
    counting(5)[1]
    q, runner = counting(6)
    tf.train.add_queue_runner(runner)
    take = q.dequeue(name="take")
    meta = tf.train.export_meta_graph()
    assert len(meta.collection_def["queue_runners"].bytes_list.value) == 1
    with tf.Graph().as_default() as graph:
        tf.train.import_meta_graph(meta, import_scope="in")
        (again,) = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
        assert again.name == "in/" + runner.name
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            join(tf.train.start_queue_runners(sess))
            take = graph.get_tensor_by_name("in/" + take.name)
            assert [sess.run(take) for _ in range(6)] == list(range(6))
