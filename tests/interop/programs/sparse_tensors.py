# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B023
"""Sparse tensors: moves, arithmetic, reductions, products; values, gradients and errors."""

import numpy as np

import caudal as tf

A = ([[0, 1], [1, 0], [1, 2], [3, 2]], [1.0, -2.0, 3.0, 4.0], [4, 3])
B = ([[0, 0], [1, 0], [2, 1], [3, 2]], [5.0, 2.0, -1.0, 0.5], [4, 3])
DENSE = np.arange(12, dtype=np.float64).reshape(4, 3) + 1


def sparse(parts, dtype=np.float64):
    return tf.SparseTensor(parts[0], np.array(parts[1], dtype), parts[2])


def show(name, value):
    if hasattr(value, "indices"):
        print(
            name,
            value.indices.tolist(),
            *value.values.tolist(),
            np.array(value.dense_shape).tolist(),
        )
    else:
        print(name, np.shape(value), *np.ravel(value).tolist())


def run(name, build):
    with tf.Graph().as_default(), tf.Session() as sess:
        try:
            value = sess.run(build())
        except (ValueError, TypeError, tf.errors.OpError) as error:
            print(name, type(error).__name__)
            return
    if isinstance(value, (list, tuple)) and not hasattr(value, "indices"):
        for i, v in enumerate(value):
            show(name + str(i), v)
    else:
        show(name, value)


for dtype in (np.float32, np.float64, np.int32, np.int64):
    a, b = (lambda: sparse(A, dtype)), (lambda: sparse(B, dtype))
    word = np.dtype(dtype).name
    run("add " + word, lambda: tf.sparse_add(a(), b()))
    run("add drops " + word, lambda: tf.sparse_add(a(), b(), dtype(1)))
    run("add dense " + word, lambda: tf.sparse_add(a(), DENSE.astype(dtype)))
    run("mul " + word, lambda: a() * DENSE.astype(dtype))
    run("mul row " + word, lambda: a() * DENSE[0].astype(dtype))
    run("maximum " + word, lambda: tf.sparse_maximum(a(), b()))
    run("minimum " + word, lambda: tf.sparse_minimum(a(), b()))
    run("sum " + word, lambda: tf.sparse_reduce_sum(a()))
    run("sum 1 " + word, lambda: tf.sparse_reduce_sum(a(), 1, keepdims=True))
    run("sum -2 " + word, lambda: tf.sparse_reduce_sum(a(), [-2]))
    run("max 0 " + word, lambda: tf.sparse_reduce_max(a(), 0))
    run("max sparse " + word, lambda: tf.sparse_reduce_max_sparse(a(), 1))
    run("sum sparse " + word, lambda: tf.sparse_reduce_sum_sparse(a(), 0, keepdims=True))
    run("to dense " + word, lambda: tf.sparse_tensor_to_dense(a(), dtype(7)))
    if dtype != np.int64:
        run("matmul " + word, lambda: tf.sparse_tensor_dense_matmul(a(), DENSE[:3].astype(dtype)))
    run("empty rows " + word, lambda: tf.sparse_fill_empty_rows(a(), dtype(9)))
run("softmax", lambda: tf.sparse_softmax(sparse(A)))
run("divide", lambda: sparse(A) / DENSE)
run(
    "matmul both adjoint",
    lambda: tf.sparse_tensor_dense_matmul(sparse(A), DENSE.T, adjoint_a=True, adjoint_b=True),
)
run(
    "reorder",
    lambda: tf.sparse_reorder(tf.SparseTensor([[1, 1], [0, 2], [1, 0]], [1, 2, 3], [2, 3])),
)
run("reshape", lambda: tf.sparse_reshape(sparse(A), [2, -1]))
run("reshape wrong", lambda: tf.sparse_reshape(sparse(A), [5, -1]))
run("transpose", lambda: tf.sparse_transpose(sparse(A)))
run("concat", lambda: tf.sparse_concat(1, [sparse(A), sparse(B)]))
run("concat 0", lambda: tf.sparse_concat(0, [sparse(A), sparse(B)]))
for i in range(2):
    run("split", lambda i=i: tf.sparse_split(sp_input=sparse(A), num_split=2, axis=1)[i])
run("slice", lambda: tf.sparse_slice(sparse(A), [1, 0], [3, 2]))
run("retain", lambda: tf.sparse_retain(sparse(A), [True, False, True, False]))
run("reset", lambda: tf.sparse_reset_shape(sparse(A)))
run("reset larger", lambda: tf.sparse_reset_shape(sparse(A), [5, 7]))
run("reset smaller", lambda: tf.sparse_reset_shape(sparse(A), [2, 7]))
ids = tf.SparseTensorValue([[0, 0], [0, 1], [2, 0]], np.array([4, 1, 0]), [3, 2])
run("indicator", lambda: tf.sparse_to_indicator(tf.SparseTensor(*ids), 5))
run(
    "merge",
    lambda: tf.sparse_merge(
        tf.SparseTensor(*ids), tf.SparseTensor(ids.indices, [1.0, 2.0, 3.0], [3, 2]), 6
    ),
)
run("eye", lambda: tf.sparse.eye(2, 3))
run("expand", lambda: tf.sparse.expand_dims(sparse(A), 1))
run("from dense", lambda: tf.sparse.from_dense([[0, 3], [4, 0]]))
run("to dense out of order", lambda: tf.sparse_to_dense([[1], [0]], [2], [1, 2]))
run("to dense beyond", lambda: tf.sparse_to_dense([[2]], [2], [1]))
run("to dense scalars", lambda: tf.sparse_to_dense([0, 2], [4], 5, -1))
run(
    "serialised",
    lambda: tf.deserialize_many_sparse(tf.serialize_many_sparse(sparse(A)), tf.float64, rank=1),
)
run(
    "mask",
    lambda: (
        tf.sparse_mask(
            tf.IndexedSlices(tf.constant([[1, 2], [3, 4], [5, 6]]), tf.constant([4, 0, 2])), [0]
        ).values
    ),
)
run(
    "cross",
    lambda: tf.sparse.cross_hashed(
        [
            tf.SparseTensor([[0, 0], [1, 0], [1, 1]], ["a", "b", "c"], [2, 2]),
            tf.constant([["d", "e"], ["f", "g"]]),
        ],
        num_buckets=100,
    ),
)
run(
    "sets",
    lambda: [
        tf.sets.size(tf.sets.difference([[1, 2, 2, 3]], [[3, 4, 5, 1]])),
        tf.sparse_tensor_to_dense(tf.sets.union([[9, 2]], [[2, 3]])),
        tf.sparse_tensor_to_dense(tf.sets.intersection([[9, 2]], [[2, 3]])),
    ],
)

with tf.Graph().as_default(), tf.Session() as sess:
    values = tf.constant(A[1], tf.float64)
    dense = tf.constant(DENSE)
    a = tf.SparseTensor(A[0], values, A[2])
    outputs = {
        "add": tf.sparse_add(a, sparse(B)).values,
        "dense add": tf.sparse_add(a, dense),
        "mul": (a * dense).values,
        "mul row": (a * dense[0]).values,
        "div": (a / dense).values,
        "sum": tf.sparse_reduce_sum(a, 1),
        "matmul": tf.sparse_tensor_dense_matmul(a, dense[:3]),
        "adjoint": tf.sparse_tensor_dense_matmul(a, dense, adjoint_a=True),
        "both": tf.sparse_tensor_dense_matmul(a, tf.transpose(dense), True, True),
        "softmax": tf.sparse_softmax(a).values,
        "reorder": tf.sparse_reorder(a).values,
        "slice": tf.sparse_slice(a, [1, 0], [3, 2]).values,
        "fill": tf.sparse_fill_empty_rows(a, 1.0)[0].values,
        "to dense": tf.sparse_tensor_to_dense(a),
    }
    for name, y in outputs.items():
        weight = tf.cast(tf.reshape(tf.range(1, tf.size(y) + 1), tf.shape(y)), tf.float64)
        for x, grad in zip("vd", tf.gradients(tf.reduce_sum(y * weight), [values, dense])):
            if grad is not None:
                show("grad %s %s" % (name, x), sess.run(grad))

with tf.Graph().as_default(), tf.Session() as sess:
    table = tf.constant(DENSE)
    ids = tf.sparse_placeholder(tf.int64)
    weights = tf.sparse_placeholder(tf.float64)
    feed = {
        ids: ([[0, 0], [0, 1], [2, 0]], [3, 1, 0], [3, 2]),
        weights: ([[0, 0], [0, 1], [2, 0]], [1.0, 2.0, 0.5], [3, 2]),
    }
    for combiner in ("sum", "mean", "sqrtn"):
        for w in (None, weights):
            found = tf.nn.embedding_lookup_sparse(table, ids, w, combiner=combiner)
            show("lookup " + combiner, sess.run(found, feed))
            safe = tf.nn.safe_embedding_lookup_sparse([table], ids, w, combiner=combiner)
            show("safe " + combiner, sess.run(safe, feed))
            grad = tf.convert_to_tensor(tf.gradients(safe, [table])[0])
            show("grad " + combiner, sess.run(grad, feed))
