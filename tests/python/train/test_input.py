# SPDX-License-Identifier: Apache-2.0
"""Input producers and batches out of queues."""

import contextlib

import numpy as np
import pytest

import caudal as tf


@contextlib.contextmanager
def running():
    """A session whose queue runners run."""
    with tf.Session() as sess:
        sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess, coord)
        yield sess
        coord.request_stop()
        coord.join(threads, stop_grace_period_secs=10)


def until_end(sess, fetch):
    out = []
    with pytest.raises(tf.errors.OutOfRangeError):
        while True:
            out.append(sess.run(fetch))
    return out


def ops_by_name():
    return {op.name: op.type for op in tf.get_default_graph().get_operations()}


def test_string_input_producer():
    q = tf.train.string_input_producer(["a", "b", "c"], num_epochs=2, shuffle=False)
    assert q.name == "input_producer" and q.shapes[0].as_list() == []
    nodes = ops_by_name()
    assert nodes["input_producer/input_producer_EnqueueMany"] == "QueueEnqueueManyV2"
    assert nodes["input_producer/fraction_of_32_full"] == "ScalarSummary"
    assert [v.name for v in tf.local_variables()] == ["input_producer/limit_epochs/epochs:0"]
    take = q.dequeue()
    with running() as sess:
        assert until_end(sess, take) == [b"a", b"b", b"c"] * 2


def test_shuffled_epochs_are_complete():
    take = tf.train.range_input_producer(20, num_epochs=3, seed=5, capacity=7).dequeue()
    with running() as sess:
        got = until_end(sess, take)
    epochs = [got[20 * i : 20 * i + 20] for i in range(3)]
    assert all(sorted(e) == list(range(20)) for e in epochs)
    assert len({tuple(e) for e in epochs}) == 3


def test_producers_without_end_stop_when_asked():
    take = tf.train.string_input_producer(["a"]).dequeue()
    with running() as sess:
        assert [sess.run(take) for _ in range(100)] == [b"a"] * 100


def test_producers_refuse_nothing():
    with pytest.raises(ValueError, match="non-null input"):
        tf.train.string_input_producer([])
    with pytest.raises(ValueError, match="at least one tensor in slice_input_producer"):
        tf.train.slice_input_producer([])
    with pytest.raises(ValueError, match="fully defined shape"):
        tf.train.input_producer(tf.placeholder(tf.float32))
    with pytest.raises(ValueError, match="must be > 0 not 0"):
        tf.train.limit_epochs(tf.constant(1), 0)
    names = tf.placeholder_with_default(np.zeros([0], object), [None])
    take = tf.train.string_input_producer(names).dequeue()
    with pytest.raises(tf.errors.InvalidArgumentError, match="non-null input"):
        with running() as sess:
            with pytest.raises(tf.errors.OutOfRangeError):
                sess.run(take)  # the runner has failed and closed the queue


def test_slices_belong_together():
    x, y = tf.train.slice_input_producer(
        [np.arange(8).reshape(4, 2), np.arange(4) * 10], num_epochs=1, shuffle=False
    )
    assert x.shape.as_list() == [2] and y.shape.as_list() == []
    with running() as sess:
        got = until_end(sess, [x, y])
    assert [(a.tolist(), b) for a, b in got] == [([2 * i, 2 * i + 1], 10 * i) for i in range(4)]


def test_input_producer_of_rows():
    q = tf.train.input_producer(
        tf.constant([[1.0, 2.0], [3.0, 4.0]]), num_epochs=1, shuffle=False, summary_name="full"
    )
    take = q.dequeue()
    with running() as sess:
        assert [r.tolist() for r in until_end(sess, take)] == [[1, 2], [3, 4]]
    assert len(tf.get_collection(tf.GraphKeys.SUMMARIES)) == 1


def test_limit_epochs():
    x = tf.constant(3.0)
    assert tf.train.limit_epochs(x) is x
    twice = tf.train.limit_epochs(x, 2)
    with tf.Session() as sess:
        sess.run(tf.local_variables_initializer())
        assert until_end(sess, twice) == [3, 3]


def test_match_filenames_once(tmp_path):
    for name in ("b.txt", "a.txt", "c.bin"):
        (tmp_path / name).write_text("")
    names = tf.train.match_filenames_once(str(tmp_path / "*.txt"))
    assert names in tf.local_variables()
    take = tf.train.string_input_producer(names, num_epochs=1, shuffle=False).dequeue()
    with running() as sess:
        assert [n.decode()[-5:] for n in until_end(sess, take)] == ["a.txt", "b.txt"]


def numbers(n):
    return tf.train.range_input_producer(n, num_epochs=1, shuffle=False).dequeue()


@pytest.mark.parametrize("smaller", [False, True])
def test_batch(smaller):
    n = numbers(10)
    a, b = tf.train.batch([n, tf.stack([n, 2 * n])], 4, allow_smaller_final_batch=smaller)
    assert a.name == "batch:0" and b.shape.as_list() == [None if smaller else 4, 2]
    nodes = ops_by_name()
    assert nodes["batch/fifo_queue"] == "FIFOQueueV2" and "batch/fraction_of_32_full" in nodes
    with running() as sess:
        got = until_end(sess, [a, b])
    assert [len(x) for x, _ in got] == [4, 4, 2][: 2 + smaller]
    x, y = (np.concatenate(part) for part in zip(*got))
    assert x.tolist() == list(range(len(x))) and (y == np.stack([x, 2 * x], 1)).all()


def test_batch_of_dicts_many_and_threads():
    rows = tf.train.batch([numbers(12)], 3)
    out = tf.train.batch({"n": rows, "m": -rows}, 4, num_threads=3, enqueue_many=True)
    assert sorted(out) == ["m", "n"]
    with running() as sess:
        got = until_end(sess, out)
    assert sorted(np.concatenate([g["n"] for g in got])) == list(range(12))
    assert all((g["n"] == -g["m"]).all() for g in got)


def test_dynamic_pad():
    n = numbers(3)
    (out,) = (tf.train.batch([tf.fill([n], n)], 3, dynamic_pad=True),)
    assert out.shape.as_list() == [3, None]
    with running() as sess:
        assert sess.run(out).tolist() == [[0, 0], [1, 0], [2, 2]]


def test_sparse_tensors():
    n = tf.cast(numbers(4), tf.int64)
    sparse = tf.SparseTensor([[n]], [n * 10], [5])
    s, d = tf.train.batch([sparse, n], 2)
    assert s.dense_shape.shape.as_list() == [2] and d.shape.as_list() == [2]
    with running() as sess:
        for first in (0, 2):
            value, dense = sess.run([s, d])
            assert dense.tolist() == [first, first + 1]
            assert value.indices.tolist() == [[0, first], [1, first + 1]]
            assert value.values.tolist() == [10 * first, 10 * first + 10]
            assert value.dense_shape.tolist() == [2, 5]


def test_batch_join():
    sources = [[numbers(8), tf.constant(i)] for i in range(2)]
    n, i = tf.train.batch_join(sources, 4)
    with running() as sess:
        got = until_end(sess, [n, i])
    pairs = sorted(zip(*(np.concatenate(part).tolist() for part in zip(*got))))
    assert pairs == [(k, s) for k in range(8) for s in range(2)]


def test_shuffle_batch():
    n = numbers(40)
    x = tf.train.shuffle_batch([n], 8, capacity=30, min_after_dequeue=16, seed=3)
    assert x.name == "shuffle_batch:0" and x.shape.as_list() == [8]
    assert "shuffle_batch/fraction_over_16_of_14_full" in ops_by_name()
    with running() as sess:
        got = np.concatenate(until_end(sess, x)).tolist()
    assert sorted(got) == list(range(40)) and got != sorted(got)


def test_shuffle_batch_join_of_dicts():
    sources = [{"n": numbers(6)}, {"n": 100 + numbers(6)}]
    x = tf.train.shuffle_batch_join(sources, 5, 20, 2, allow_smaller_final_batch=True)
    with running() as sess:
        got = np.concatenate([b["n"] for b in until_end(sess, x)])
    assert sorted(got) == [*range(6), *range(100, 106)]


def test_maybe_batches():
    n = numbers(20)
    outs = {
        "scalar": tf.train.maybe_batch([n], tf.equal(n % 2, 0), 5),
        "join": tf.train.maybe_batch_join([[numbers(20)]], tf.constant(True), 5),
    }
    rows = tf.train.batch([numbers(20)], 4)
    outs["vector"] = tf.train.maybe_batch([rows], tf.equal(rows % 2, 0), 5, enqueue_many=True)
    with running() as sess:
        assert [b.tolist() for b in until_end(sess, outs["scalar"])] == [
            [0, 2, 4, 6, 8], [10, 12, 14, 16, 18],
        ]  # fmt: skip
        assert [b.tolist() for b in until_end(sess, outs["vector"])] == [
            [0, 2, 4, 6, 8], [10, 12, 14, 16, 18],
        ]  # fmt: skip
        assert len(until_end(sess, outs["join"])) == 4


def test_maybe_shuffles():
    n = numbers(20)
    x = tf.train.maybe_shuffle_batch([n], 5, 20, 1, tf.less(n, 10))
    m = numbers(20)
    y = tf.train.maybe_shuffle_batch_join([[m]], 5, 20, 1, tf.greater(m, 9))
    with running() as sess:
        assert sorted(np.concatenate(until_end(sess, x))) == list(range(10))
        assert sorted(np.concatenate(until_end(sess, y))) == list(range(10, 20))


def test_maybe_batch_of_sparse_tensors():
    n = tf.cast(numbers(8), tf.int64)
    sparse = tf.SparseTensor([[0]], [n], [1])
    out = tf.train.maybe_batch([sparse, n], tf.equal(n % 2, 1), 2)
    with running() as sess:
        got = until_end(sess, out)
    assert [s.values.tolist() for s, _ in got] == [[1, 3], [5, 7]]


@pytest.mark.parametrize(
    "call, kind, text",
    [
        (lambda: tf.train.batch([], 4), ValueError, "at least one tensor"),
        (lambda: tf.train.batch_join([], 4), ValueError, "at least one set"),
        (
            lambda: tf.train.batch([tf.placeholder(tf.float32)], 4),
            ValueError,
            "infer Tensor's rank",
        ),
        (lambda: tf.train.batch([tf.placeholder(tf.float32, [None])], 4), ValueError, "fully def"),
        (lambda: tf.train.batch_join([[1.0], [[2.0]]], 4), ValueError, "not compatible|same rank"),
        (lambda: tf.train.batch_join([[1.0], [2]], 4), TypeError, "float32 vs. int32"),
        (lambda: tf.train.batch_join([{"a": 1}, {"b": 1}], 4), ValueError, "same keys"),
        (lambda: tf.train.shuffle_batch([1.0], 4, 5, 5), ValueError, "must be bigger than"),
        (lambda: tf.train.maybe_batch([1.0], [True], 4), ValueError, "cannot be a vector"),
        (
            lambda: tf.train.maybe_batch([1.0], tf.placeholder(tf.bool), 4),
            ValueError,
            "must be kno",
        ),
    ],
)
def test_mistakes_are_found_while_building(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


def test_a_model_trains_from_records(tmp_path):
    rng = np.random.RandomState(0)
    for part in range(2):
        with tf.python_io.TFRecordWriter(str(tmp_path / ("%d.rec" % part))) as writer:
            for _ in range(100):
                x = rng.uniform(-1, 1, 3)
                features = {
                    "x": tf.train.Feature(float_list=tf.train.FloatList(value=x)),
                    "y": tf.train.Feature(float_list=tf.train.FloatList(value=[x @ [1, -2, 3]])),
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(example.SerializeToString())
    names = tf.train.string_input_producer([str(tmp_path / ("%d.rec" % i)) for i in (0, 1)])
    _, record = tf.TFRecordReader().read(names)
    parsed = tf.parse_single_example(
        record, {"x": tf.FixedLenFeature([3], tf.float32), "y": tf.FixedLenFeature([], tf.float32)}
    )
    x, y = tf.train.shuffle_batch([parsed["x"], parsed["y"]], 20, 300, 100, num_threads=2)
    w = tf.get_variable("w", [3, 1], initializer=tf.zeros_initializer())
    loss = tf.reduce_mean(tf.square(tf.squeeze(tf.matmul(x, w), 1) - y))
    train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    with running() as sess:
        for _ in range(150):
            sess.run(train)
        np.testing.assert_allclose(sess.run(w)[:, 0], [1, -2, 3], atol=1e-3)
