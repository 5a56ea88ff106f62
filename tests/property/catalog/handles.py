# SPDX-License-Identifier: Apache-2.0
"""Variables behind handles, their update rules, and the ops of k-means."""

import functools

import numpy as np

from property.catalog import stateful
from property.catalog.state import RULES


def _fails(tf, sess, fetch, text):
    try:
        sess.run(fetch)
    except (tf.errors.InvalidArgumentError, tf.errors.FailedPreconditionError) as error:
        assert text in str(error), error
    else:
        raise AssertionError("did not fail: " + text)


def _handle(tf, session, dtype):
    start = np.array([[1, 2], [3, 4]], dtype)
    v = tf.Variable(start, use_resource=True, name="v")
    assert v.op.type == "VarHandleOp" and v.dtype == dtype and not v.dtype._is_ref_dtype
    known, doubled = v.is_initialized(), v + v
    moved = v.assign_add(start)
    with tf.control_dependencies([moved]):
        later = v.read_value()
    with session() as sess:
        assert not sess.run(known)
        _fails(tf, sess, doubled, "uninitialized value v")
        sess.run(v.initializer)
        assert sess.run(known)
        np.testing.assert_array_equal(sess.run(doubled), 2 * start)
        np.testing.assert_array_equal(sess.run(later), 2 * start)
        np.testing.assert_array_equal(sess.run(v.assign_sub(start)), start)
        np.testing.assert_array_equal(sess.run(v.assign(start * 0)), start * 0)
        np.testing.assert_array_equal(sess.run(v), start * 0)


def _scatter(method, f, tf, session, dtype):
    start = np.arange(1, 9).reshape(4, 2).astype(dtype)
    updates = np.array([[2, 3], [4, 1]], dtype)
    expected = start.copy()
    for row, update in zip((3, 0), updates):
        expected[row] = f(expected[row], update)
    v = tf.Variable(start, use_resource=True)
    done = getattr(v, method)(tf.IndexedSlices(updates, [3, 0]))
    bad = getattr(v, method)(tf.IndexedSlices(updates, [0, 4]))
    with session() as sess:
        sess.run(v.initializer)
        np.testing.assert_array_equal(sess.run(done), expected)
        _fails(tf, sess, bad, "= 4 is not in [0, 4)")


def _gather(tf, session, dtype):
    start = np.arange(12).reshape(4, 3).astype(dtype)
    v = tf.Variable(start, use_resource=True)
    rows = v.sparse_read([[0, 3], [3, 1]])
    weights = np.arange(12).reshape(2, 2, 3).astype(dtype)
    slices = tf.gradients(rows * weights, v)[0]
    with session() as sess:
        sess.run(v.initializer)
        np.testing.assert_array_equal(sess.run(rows), start[[[0, 3], [3, 1]]])
        got = sess.run(tf.convert_to_tensor(slices))
        expected = np.zeros_like(start)
        np.add.at(expected, [[0, 3], [3, 1]], weights)
        np.testing.assert_array_equal(got, expected)
        _fails(tf, sess, v.sparse_read([4]), "= 4 is not in [0, 4)")


def _read(tf, session, dtype):
    """Gradients pass through reads, in branches and bodies as well."""
    v = tf.Variable(np.array(3, dtype), use_resource=True)
    one = tf.constant(1, dtype)
    _, product = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * v), [0, one])
    chosen = tf.cond(product > 0, lambda: v * v, lambda: v)
    grads = tf.gradients([v * v], v) + tf.gradients(product, v) + tf.gradients(chosen, v)
    with session() as sess:
        sess.run(v.initializer)
        assert sess.run(grads) == [6, 27, 6]


for _op in ("VarHandleOp", "VarIsInitializedOp", "AssignVariableOp"):
    stateful(_op, _handle, "float32 float64 int32 int64")
for _op in ("AssignAddVariableOp", "AssignSubVariableOp"):
    stateful(_op, _handle, "float32 float64 int32 int64")
stateful("ReadVariableOp", _read, "float32 float64", checks_gradient=True)
stateful("ResourceGather", _gather, "float32 float64", checks_gradient=True)
for _name, _f in (
    ("update", lambda a, b: b), ("add", np.add), ("sub", np.subtract), ("mul", np.multiply),
    ("div", lambda a, b: a / b if a.dtype.kind == "f" else a // b), ("min", np.minimum),
    ("max", np.maximum),
):  # fmt: skip
    stateful(
        "ResourceScatter" + _name.capitalize(),
        functools.partial(_scatter, "scatter_" + _name, _f),
        "float32 float64 int32 int64",
    )


def _rule(entry, sparse, tf, session, dtype):
    """The op on handles does what the op on references does."""
    from caudal.framework.op_factory import apply

    name, _, slots, before, behind, _, _ = entry
    rng = np.random.default_rng(2)
    value, results = rng.normal(size=[5, 3]).astype(dtype), []
    grad = rng.normal(size=[2, 3] if sparse else [5, 3]).astype(dtype)
    name = ("SparseApply" if sparse else "Apply") + name
    for prefix, use_resource in (("", False), ("Resource", True)):
        with tf.Graph().as_default(), session() as sess:
            starts = [value] + [np.full([5, 3], s, dtype) for s in slots]
            made = [tf.Variable(s, use_resource=use_resource) for s in starts]
            inputs = [tf.constant(b, dtype) for b in before] + [tf.constant(grad)]
            inputs += [tf.constant([4, 1])] if sparse else []
            inputs += [b if isinstance(b, np.int64) else tf.constant(b, dtype) for b in behind]
            step = apply(prefix + name, *[v._ref() for v in made], *inputs)
            sess.run(tf.global_variables_initializer())
            sess.run(step)
            results.append(sess.run(made))
    for a, b in zip(*results):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(results[1][0], value)


for _entry in RULES:
    stateful(
        "ResourceApply" + _entry[0], functools.partial(_rule, _entry, False), "float32 float64"
    )
    if _entry[-1]:
        stateful(
            "ResourceSparseApply" + _entry[0],
            functools.partial(_rule, _entry, True),
            "float32 float64",
        )


# ---- k-means -----------------------------------------------------------------------------------


def _nearest(tf, session, dtype):
    from caudal.framework.op_factory import apply

    rng = np.random.default_rng(3)
    points, centers = (rng.normal(size=[n, 3]).astype(dtype) for n in (50, 6))
    distances = ((points[:, None] - centers[None]) ** 2).sum(-1)
    with session() as sess:
        for k in (1, 4, 9):
            index, value = sess.run(apply("NearestNeighbors", points, centers, np.int64(k)))
            np.testing.assert_array_equal(index, np.argsort(distances, 1)[:, :k])
            np.testing.assert_allclose(value, np.sort(distances, 1)[:, :k], rtol=1e-5)
        index, _ = sess.run(apply("NearestNeighbors", points[:0], centers, np.int64(1)))
        assert index.shape == (0, 1)
        k = tf.placeholder(tf.int64, [])
        index, _ = apply("NearestNeighbors", points, centers, k)
        assert sess.run(index, {k: 2}).shape == (50, 2)
        try:
            sess.run(index, {k: 0})
        except tf.errors.InvalidArgumentError as error:
            assert "k should be positive" in str(error)


def _plus_plus(tf, session, dtype):
    from caudal.framework.op_factory import apply

    corners = np.array([[0, 0], [100, 0], [0, 100]], dtype)
    points = np.concatenate([corners + i * 0.01 for i in range(20)])
    with session() as sess:
        for seed in range(5):
            chosen = sess.run(apply("KmeansPlusPlusInitialization", points, np.int64(3),
                                    np.int64(seed), np.int64(2)))  # fmt: skip
            near = ((chosen[:, None] - corners[None]) ** 2).sum(-1).argmin(1)
            assert sorted(near) == [0, 1, 2]
        same = np.ones([4, 2], dtype)
        args = np.int64(4), np.int64(1), np.int64(0)
        assert sess.run(apply("KmeansPlusPlusInitialization", same, *args)).shape == (4, 2)
        count = tf.placeholder(tf.int64, [])
        made = apply("KmeansPlusPlusInitialization", same, count, *args[1:])
        for bad in (0, 5, -1):
            try:
                sess.run(made, {count: bad})
            except tf.errors.InvalidArgumentError as error:
                assert "num_to_sample" in str(error)
            else:
                raise AssertionError(bad)


def _chain(tf, session, dtype):
    from caudal.framework.op_factory import apply

    with session() as sess:
        for seed in range(4):
            rising = np.array([0, 1, 2, 3, 4], dtype)
            assert sess.run(apply("KMC2ChainInitialization", rising, np.int64(seed))) == 4
            single = np.array([1, 0, 0], dtype)
            assert sess.run(apply("KMC2ChainInitialization", single, np.int64(seed))) == 0
        empty = tf.placeholder(tf.float32, [None])
        made = apply("KMC2ChainInitialization", empty, np.int64(0))
        try:
            sess.run(made, {empty: []})
        except tf.errors.InvalidArgumentError as error:
            assert "must not be empty" in str(error)


stateful("NearestNeighbors", _nearest)
stateful("KmeansPlusPlusInitialization", _plus_plus)
stateful("KMC2ChainInitialization", _chain)
