# SPDX-License-Identifier: Apache-2.0
"""tf's array functions: indexing, static shapes, names, sparse gradients, errors."""

import numpy as np
import pytest

import caudal as tf

B = np.arange(24, dtype=np.float32).reshape(2, 3, 4)

INDICES = [
    0,
    -1,
    (slice(None), 1),
    (slice(1, None), slice(None, None, 2)),
    (slice(None, None, -1), slice(None, None, -2)),
    (Ellipsis, None, 0),
    (0, Ellipsis, slice(1, 3)),
    (slice(None), None, 1, slice(None, None, -1)),
    (1, 2, 3),
    (slice(5, None),),
    (slice(1, 0),),
    Ellipsis,
    (),
    (slice(-100, 100, 2), slice(2, 0, -1)),
]


def run(fetch, feed=None):
    with tf.Session() as sess:
        return sess.run(fetch, feed)


@pytest.mark.parametrize("index", INDICES, ids=str)
@pytest.mark.parametrize("known", [True, False])
def test_index_as_numpy(index, known):
    x = tf.placeholder(tf.float32, B.shape if known else None)
    y = x[index]
    want = B[index]
    assert y.shape.is_compatible_with(want.shape)
    if known:
        assert y.shape.as_list() == list(want.shape)
    gradient = tf.gradients(y * y, x)[0]
    got, dx = run([y, gradient], {x: B})
    np.testing.assert_array_equal(got, want)
    expected = np.zeros_like(B)
    expected[index] = 2 * want
    np.testing.assert_array_equal(dx, expected)


def test_index_by_tensor():
    x, k = tf.placeholder(tf.float32, B.shape), tf.placeholder(tf.int32, [])
    y, z = x[k], x[:, k, 1:]
    assert y.shape.as_list() == [3, 4]
    with tf.Session() as sess:
        for i in (0, 1):
            got = sess.run([y, z, x[:, k:]], {x: B, k: i})
            for a, b in zip(got, (B[i], B[:, i, 1:], B[:, i:])):
                np.testing.assert_array_equal(a, b)
        with pytest.raises(tf.errors.InvalidArgumentError, match="slice index 2 of dimension 0"):
            sess.run(y, {x: B, k: 2})


def test_index_errors():
    x = tf.placeholder(tf.float32, [2, 3])
    for index, error in (
        (2, ValueError),
        ((0, 0, 0), ValueError),
        (slice(None, None, 0), ValueError),
        ((Ellipsis, Ellipsis), ValueError),
        (1.5, TypeError),
        ("a", TypeError),
        ([[0, 1]], TypeError),
        (True, ValueError),
    ):
        with pytest.raises(error):
            x[index]


def test_boolean_mask():
    x = tf.placeholder(tf.float32, [None, 3, 4])
    mask = np.array([[True, False, True], [False, False, True]])
    y = tf.boolean_mask(x, mask)
    assert y.shape.as_list() == [None, 4]
    got, dx, big = run([y, tf.gradients(y, x)[0], x[x > 20]], {x: B})
    np.testing.assert_array_equal(got, B[mask])
    np.testing.assert_array_equal(dx, mask[..., None] * np.ones_like(B))
    np.testing.assert_array_equal(big, [21, 22, 23])


def test_reshape_infers_shapes():
    x = tf.placeholder(tf.float32, [None, 3])
    assert tf.reshape(x, [-1]).shape.as_list() == [None]
    assert tf.reshape(x, [3, -1]).shape.as_list() == [3, None]
    assert tf.reshape(x, tf.stack([tf.shape(x)[0], 3, 1])).shape.as_list() == [None, 3, 1]
    assert tf.reshape(tf.zeros([4, 3]), [-1, 6]).shape.as_list() == [2, 6]
    assert run(tf.reshape(tf.zeros([0, 3]), [0, -1])).shape == (0, 3)
    with pytest.raises(ValueError, match="evenly divisible by 3"):
        tf.reshape(x, [4])


def test_names_and_kinds_of_nodes():
    x = tf.placeholder(tf.float32, [2, 3], name="x")
    free = tf.placeholder(tf.float32, [None, 3], name="free")
    assert tf.shape(x).op.type == "Const" and tf.shape(free).op.type == "Shape"
    assert tf.zeros([2, 2]).op.type == "Const" and tf.zeros([2000]).op.type == "Fill"
    assert tf.transpose(x).op.inputs[1].name == "transpose/perm:0"
    assert x[0].op.inputs[1].name == "strided_slice/stack:0"
    assert tf.concat([x, x], 1).op.inputs[2].name == "concat/axis:0"
    assert tf.stack([x, x], name="pair").name == "pair:0"


@pytest.mark.parametrize("lookup", [tf.gather, tf.nn.embedding_lookup])
def test_gradient_of_lookup_is_sparse(lookup):
    table = tf.get_variable("table", initializer=np.ones((5, 2), np.float32))
    rows = lookup(table, tf.constant([[1, 3], [1, 0]]))
    gradient = tf.gradients(rows * 3.0, table)[0]
    assert isinstance(gradient, tf.IndexedSlices)
    dense = tf.convert_to_tensor(gradient)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sparse, full = sess.run([gradient, dense])
    assert sparse.values.shape == (4, 2) and sparse.indices.tolist() == [1, 3, 1, 0]
    np.testing.assert_array_equal(full[:, 0], [3, 6, 0, 3, 0])


@pytest.mark.parametrize("strategy", ["mod", "div"])
def test_partitioned_embedding(strategy):
    whole = np.arange(14, dtype=np.float32).reshape(7, 2)
    if strategy == "mod":
        parts = [whole[i::3] for i in range(3)]
    else:
        parts = [whole[:3], whole[3:5], whole[5:]]
    ids = np.array([[6, 0], [2, 5], [1, 4]])
    got = tf.nn.embedding_lookup([tf.constant(p) for p in parts], ids, strategy)
    assert got.shape.as_list() == [3, 2, 2]
    np.testing.assert_array_equal(run(got), whole[ids])


def test_strings():
    s = tf.constant([["a", "b"], ["c", "d"]])
    count = tf.placeholder(tf.int32, [2])
    values = run(
        [tf.transpose(s), tf.concat([s, s], 0), s[:, ::-1], tf.gather(s, [1]), tf.tile(s, count)],
        {count: [1, 2]},
    )
    assert values[0].tolist() == [[b"a", b"c"], [b"b", b"d"]]
    assert values[1].shape == (4, 2) and values[2].tolist()[0] == [b"b", b"a"]
    assert values[3].tolist() == [[b"c", b"d"]] and values[4].shape == (2, 4)


def test_one_hot_dtypes():
    assert tf.one_hot([1], 3).dtype == tf.float32
    assert tf.one_hot([1], 3, on_value=5, off_value=2).dtype == tf.int32
    with pytest.raises(TypeError):
        tf.one_hot([1], 3, on_value=1.0, off_value=0)
    with pytest.raises(TypeError):
        tf.one_hot([1], 3, on_value=1.0, dtype=tf.int32)


def test_range_dtypes():
    assert tf.range(3).dtype == tf.int32
    assert tf.range(0, 3.5).dtype == tf.float32
    assert tf.range(tf.constant(3, tf.int64)).dtype == tf.int64
    assert tf.range(5).shape.as_list() == [5]


def test_slice_with_values_known_only_at_run_time():
    x = tf.placeholder(tf.float32)
    begin, size = tf.placeholder(tf.int32, [2]), tf.placeholder(tf.int32, [2])
    y = tf.slice(x, begin, size)
    with tf.Session() as sess:
        for b, s in (([0, 1], [-1, 2]), ([1, 0], [1, -1]), ([0, 0], [2, 3])):
            got = sess.run(y, {x: B[:, :, 0], begin: b, size: s})
            stop = [n if c < 0 else a + c for a, c, n in zip(b, s, (2, 3))]
            np.testing.assert_array_equal(got, B[b[0] : stop[0], b[1] : stop[1], 0])


def test_required_paddings_make_blocks_fit():
    paddings, crops = run(tf.required_space_to_batch_paddings([5, 7], [2, 3]))
    assert paddings.tolist() == [[0, 1], [0, 2]] and crops.tolist() == [[0, 1], [0, 2]]


FED_ERRORS = {
    "reverse": (lambda x: tf.reverse([[1, 2]], x), [5], "is out of valid range"),
    "concat": (lambda x: tf.concat([x, np.zeros((1, 2, 2))], 0), [[1.0]], "ConcatOp : Ranks"),
    "depth": (lambda x: tf.one_hot([1], x), [2], "depth must be a scalar"),
    "diagonal": (tf.matrix_diag, 1.0, "input must be at least 1-dim"),
    "partition": (lambda x: tf.dynamic_partition([1, 2], x, 2), [0], "partitions.shape"),
    "padding": (lambda x: tf.pad([1], x), [[-1, 0]], "paddings must be non-negative"),
    "k": (lambda x: tf.nn.top_k([1.0, 2.0], x)[0], -2, "Need k >= 0, got -2"),
    "columns": (lambda x: tf.nn.top_k([1.0, 2.0], x)[0], 3, "at least k columns"),
    "unique": (lambda x: tf.unique(x)[0], [[1]], "unique expects a 1D vector"),
    "multiples": (lambda x: tf.tile([1], x), [1, 1], "Expected multiples argument"),
    "size": (lambda x: tf.reshape([1], x), [-3], "Size 0 must be non-negative, not -3"),
    "sizes": (lambda x: tf.reshape([1], x), [1, -1, -1], "not both 1 and 2"),
    "perm": (lambda x: tf.transpose([[1]], x), [0], "expects a vector of size 2"),
    "split": (lambda x: tf.split([1, 2], x, 0, num=2), [1, 2], "Determined shape .* Got: 3"),
    "index": (lambda x: tf.gather_nd([1], x), [[0, 0]], "innermost dimension .* saw: 2 vs. 1"),
}


@pytest.mark.parametrize("name", FED_ERRORS)
def test_words_for_shapes_that_do_not_fit_at_run_time(name):
    function, value, message = FED_ERRORS[name]
    value = np.asarray(value)
    x = tf.placeholder(tf.int32 if value.dtype == np.int64 else tf.float64)
    y = function(x)
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match=message):
        sess.run(y, {x: value})


def test_boundaries_are_checked_when_they_are_used():
    y = tf.raw_ops.Bucketize(input=[1], boundaries=[3.0, 2.0])
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match="Expected sorted boundaries"):
            sess.run(y)


def test_stacked_arrays_keep_their_dtype():
    assert tf.stack([np.zeros(2), np.ones(2)]).dtype == tf.float64
    assert tf.stack([np.arange(2), np.arange(2)]).dtype == tf.int64
    assert tf.stack([1.0, 2.0]).dtype == tf.float32


def test_length_of_a_mask_of_constants_is_known():
    assert tf.sequence_mask([[0, 2], [5, 1]]).shape.as_list() == [2, 2, 5]
    assert tf.sequence_mask(tf.placeholder(tf.int32, [3])).shape.as_list() == [3, None]
