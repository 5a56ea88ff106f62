# SPDX-License-Identifier: Apache-2.0
"""Sparse tensors in feeds, fetches, control flow; lookups in tables; errors of the Python side."""

import numpy as np
import pytest

import caudal as tf

VALUE = tf.SparseTensorValue([[0, 1], [2, 0]], [1.0, 2.0], [3, 2])


def sparse():
    return tf.SparseTensor(*VALUE)


def test_placeholder_takes_values_and_tuples():
    x = tf.sparse_placeholder(tf.float32, [None, 2])
    dense = tf.sparse_tensor_to_dense(x)
    with tf.Session() as sess:
        for feed in (VALUE, tuple(VALUE)):
            np.testing.assert_array_equal(sess.run(dense, {x: feed}), [[0, 1], [0, 0], [2, 0]])
        got = sess.run({"x": x}, {x: VALUE})["x"]
        assert isinstance(got, tf.SparseTensorValue)
    assert x.shape.as_list() == [None, None]


def test_static_shapes():
    x = sparse()
    assert x.shape.as_list() == [3, 2] and x.dtype == tf.float32 and x.op is x.values.op
    assert tf.sparse_transpose(x).shape.as_list() == [2, 3]
    assert tf.sparse_reduce_sum(x, 1).shape.as_list() == [3]
    assert tf.sparse_tensor_dense_matmul(x, tf.ones([2, 5])).shape.as_list() == [3, 5]
    assert tf.sparse_reshape(x, [-1, 3]).shape.as_list() == [2, 3]


def test_cond_and_while_carry_sparse_tensors():
    x = sparse()
    pred = tf.placeholder(tf.bool, [])
    y = tf.cond(pred, lambda: tf.sparse_add(x, x), lambda: x)
    with tf.Session() as sess:
        assert sess.run(y, {pred: True}).values.tolist() == [2, 4]
        assert sess.run(y, {pred: False}).values.tolist() == [1, 2]


@pytest.mark.parametrize(
    "call",
    [
        lambda: tf.sparse_reorder(tf.ones([2])),
        lambda: tf.sparse_add(tf.ones([2]), tf.ones([2])),
        lambda: tf.sparse_concat(0, [tf.ones([2])]),
        lambda: tf.nn.embedding_lookup_sparse(tf.ones([2, 2]), tf.ones([2]), None),
        lambda: tf.sets.set_size(tf.constant([[1]])),
    ],
)
def test_dense_arguments_are_refused(call):
    with pytest.raises(TypeError):
        call()


def test_keywords_are_required_for_split():
    with pytest.raises(ValueError, match="Keyword arguments are required"):
        tf.sparse_split(sparse(), 2, 0)


def test_tables_are_of_their_session():
    table = tf.contrib.lookup.MutableHashTable(tf.string, tf.int64, -1)
    insert = table.insert(tf.constant(["a"]), tf.constant([7], tf.int64))
    found = table.lookup(tf.constant(["a", "b"]))
    with tf.Session() as one, tf.Session() as two:
        one.run(insert)
        assert one.run(found).tolist() == [7, -1]
        assert two.run(found).tolist() == [-1, -1]


def test_vocabulary_with_buckets_and_back():
    words = tf.constant(["a", "b", "c"])
    ids = tf.contrib.lookup.index_table_from_tensor(words, num_oov_buckets=2)
    back = tf.contrib.lookup.index_to_string_table_from_tensor(words, default_value="?")
    found = ids.lookup(tf.constant(["c", "x", "a"]))
    with tf.Session() as sess:
        with pytest.raises(tf.errors.FailedPreconditionError, match="not initialized"):
            sess.run(found)
        sess.run(tf.tables_initializer())
        numbers = sess.run(found)
        assert numbers[0] == 2 and numbers[2] == 0 and 3 <= numbers[1] < 5
        assert sess.run(back.lookup(tf.constant([1, 9], tf.int64))).tolist() == [b"b", b"?"]


def test_malformed_bytes_are_errors():
    data = tf.placeholder(tf.string, [None])
    parsed = tf.parse_example(data, {"a": tf.VarLenFeature(tf.int64)})
    tensor = tf.parse_tensor(data[0], tf.float32)
    with tf.Session() as sess:
        for bad in (b"\xff\x01", b"\x0a\x05a", b"\x0a"):
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run(parsed, {data: [bad]})
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run(tensor, {data: [bad]})
        short = b"\x08\x01\x12\x04\x12\x02\x08\x03\x2d\x00\x00\x80\x3f"
        assert sess.run(tensor, {data: [short]}).tolist() == [1, 1, 1]  # the last value goes on
        huge = b"\x08\x01\x12\x0a\x12\x08\x08\xff\xff\xff\xff\xff\xff\x1f"
        with pytest.raises(tf.errors.OpError):
            sess.run(tensor, {data: [huge]})


def test_regular_expressions_in_the_notation_of_re2():
    def full(pattern, *texts):
        with tf.Session() as sess:
            return sess.run(tf.strings.regex_full_match(list(texts), pattern)).tolist()

    assert full(r"\Qa.b\E", "a.b", "axb") == [True, False]
    assert full(r"a\z", "a", "a\n") == [True, False]
    assert full(r"a$", "a", "a\n") == [True, False]
    assert full(r"(?P<x>a|b)+", "abab", "c") == [True, False]
    assert full(r"[[:alpha:]\d]+", "a1", "_") == [True, False]
    assert full(r"\p{Lu}\pN", "A1", "a1") == [True, False]
    with (
        tf.Session() as sess,
        pytest.raises(tf.errors.InvalidArgumentError, match="Invalid pattern"),
    ):
        sess.run(tf.regex_replace("a", "(", ""))


def test_a_threshold_is_for_sums_of_two():
    a = tf.SparseTensor([[0, 0], [0, 1]], [0.1, 2.0], [1, 3])
    b = tf.SparseTensor([[0, 1], [0, 2]], [-1.9, 0.1], [1, 3])
    with tf.Session() as sess:
        total = sess.run(tf.sparse_add(a, b, thresh=0.5))
        assert total.indices.tolist() == [[0, 0], [0, 2]]
        # Nothing is summed over no axes.
        assert sess.run(tf.sparse_reduce_sum(a, [])).tolist() == [[np.float32(0.1), 2, 0]]


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda x: tf.sparse_reduce_sum(x, 5), "Invalid reduction dimension 5, for input with 2"),
        (lambda x: tf.sparse_to_dense([[0, 0]], [2, 2], 1, [1, 2]), "default_value should be a sc"),
        (lambda x: x * np.ones([2, 2], np.float32), r"incompatible shapes: \[3,2\] vs. \[2,2\]"),
        (lambda x: tf.sparse_split(sp_input=x, num_split=1, axis=4), "split_dim should be between"),
    ],
)
def test_words_of_refusals(make, words):
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=words):
        sess.run(make(sparse()))


def test_shapes_that_differ():
    with pytest.raises(ValueError, match="incompatible"):
        tf.sparse_add(sparse(), tf.SparseTensor([[0, 0]], [1.0], [2, 2]))
    with pytest.raises(ValueError, match=r"new_shape \(\[2, 9\]\), sp_input.shape \(\[3, 2\]\)"):
        tf.sparse_reset_shape(sparse(), [2, 9])
