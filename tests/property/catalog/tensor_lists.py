# SPDX-License-Identifier: Apache-2.0
"""Stacks and lists of tensors: what each op does, and its gradients against finite differences."""

import numpy as np
import pytest

from caudal import raw_ops
from property.catalog import stateful

_REAL = "float32 float64"
VALUE = np.array([[0.5, -1.0], [2.0, 3.0], [-0.25, 4.0]])


def apply(op, **arguments):
    return getattr(raw_ops, op)(**arguments)


def _numeric(session, y, x, value):
    """d(sum of y)/dx by central differences."""
    out = np.zeros_like(value)
    step = 1e-2 if value.dtype == np.float32 else 1e-6
    for index in np.ndindex(value.shape):
        moved = [value.copy(), value.copy()]
        moved[0][index] += step
        moved[1][index] -= step
        high, low = (np.sum(session.run(y, {x: m}), dtype=np.float64) for m in moved)
        out[index] = (high - low) / (2 * step)
    return out


def _check(tf, session, x, y, want, dtype):
    value = VALUE.astype(dtype)
    grad = tf.gradients(y, x)[0]
    with session() as sess:
        got, slope = sess.run([y, grad], {x: value})
        np.testing.assert_allclose(got, want, rtol=1e-5)
        tolerance = 5e-2 if dtype == "float32" else 1e-5
        np.testing.assert_allclose(slope, _numeric(sess, y, x, value), atol=tolerance)


def _fails(tf, session, *fetches):
    with session() as sess:
        for fetch in fetches:
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run(fetch)


def _list(tf, x, shape=(-1,)):
    return apply("TensorListFromTensor", tensor=x, element_shape=np.int32(shape))


def _get(tf, handle, i, dtype, shape=-1):
    return apply("TensorListGetItem", input_handle=handle, index=i,
                 element_shape=np.int32(shape), element_dtype=dtype)  # fmt: skip


def _stack(handle, dtype, n=-1, shape=-1):
    return apply("TensorListStack", input_handle=handle, element_shape=np.int32(shape),
                 element_dtype=dtype, num_elements=n)  # fmt: skip


def _empty(dtype, shape=-1, most=-1):
    return apply("EmptyTensorList", element_shape=np.int32(shape), max_num_elements=most,
                 element_dtype=dtype)  # fmt: skip


def _reserve(dtype, n, shape=-1):
    return apply("TensorListReserve", element_shape=np.int32(shape), num_elements=n,
                 element_dtype=dtype)  # fmt: skip


def _push(handle, value):
    return apply("TensorListPushBack", input_handle=handle, tensor=value)


def _pop(handle, dtype, shape=-1):
    return apply("TensorListPopBack", input_handle=handle, element_shape=np.int32(shape),
                 element_dtype=dtype)  # fmt: skip


def _length(handle):
    return apply("TensorListLength", input_handle=handle)


def _push_and_pop(tf, session, dtype):
    x = tf.placeholder(dtype, [3, 2])
    first = _push(_empty(dtype), x[0] * x[1])
    second = _push(first, x[2] * x[2])
    third = _push(first, x[1])  # the list it was made of stays as it was
    rest, last = _pop(second, dtype)
    _, before = _pop(rest, dtype)
    _, other = _pop(third, dtype)
    v = VALUE.astype(dtype)
    want = np.stack([v[2] ** 2 * v[1], v[0] * v[1]])
    _check(tf, session, x, tf.stack([last * other, before]), want, dtype)
    with session() as sess:
        lengths = sess.run([_length(h) for h in (first, second, third, rest)], {x: v})
        assert lengths == [1, 2, 2, 1]
    full = _push(_empty(dtype, most=0), v[0])
    narrow = _push(_empty(dtype, shape=[3]), v[0])
    typed = _pop(_push(_empty("int32"), 1), dtype)[1]
    _fails(tf, session, _pop(_empty(dtype), dtype)[1], _length(full), _length(narrow), typed)


def _stack_and_unstack(tf, session, dtype):
    x = tf.placeholder(dtype, [3, 2])
    v = VALUE.astype(dtype)
    handle = _list(tf, x * x)
    _check(tf, session, x, _stack(handle, dtype, 3), v**2, dtype)
    shape = apply("TensorListElementShape", input_handle=_list(tf, v, (2,)), shape_type=tf.int64)
    anything = apply("TensorListElementShape", input_handle=_empty(dtype), shape_type=tf.int32)
    nothing = _stack(_empty(dtype, shape=[2]), dtype)
    unset = _stack(_reserve(dtype, 2, shape=[2]), dtype)
    with session() as sess:
        assert sess.run(shape).tolist() == [2] and sess.run(anything) == -1
        assert sess.run(nothing).shape == (0, 2)
        np.testing.assert_array_equal(sess.run(unset), np.zeros((2, 2), dtype))
    uneven = _stack(_push(_push(_empty(dtype), v[0]), v), dtype)
    with pytest.raises(ValueError):
        _list(tf, v, (3,))
    _fails(tf, session, _stack(_list(tf, v), dtype, 2), _stack(_empty(dtype), dtype), uneven,
           _stack(_reserve(dtype, 2), dtype), _length(_reserve(dtype, -1)))  # fmt: skip


def _items(tf, session, dtype):
    x = tf.placeholder(dtype, [3, 2])
    v = VALUE.astype(dtype)
    handle = _list(tf, x)
    changed = apply("TensorListSetItem", input_handle=handle, index=1, item=x[0] * x[2])
    y = _get(tf, changed, 1, dtype) * _get(tf, handle, 1, dtype) + _get(tf, changed, 0, dtype)
    _check(tf, session, x, y, v[0] * v[2] * v[1] + v[0], dtype)
    with session() as sess:
        zero = sess.run(_get(tf, _reserve(dtype, 2), 1, dtype, shape=[2]))
        np.testing.assert_array_equal(zero, np.zeros(2, dtype))
    wrong = apply("TensorListSetItem", input_handle=_list(tf, v, (2,)), index=0, item=v)
    _fails(tf, session, _get(tf, _list(tf, v), 3, dtype),
           _get(tf, _list(tf, v), -1, dtype), _get(tf, _reserve(dtype, 1), 0, dtype),
           _length(wrong))  # fmt: skip


def _resize(tf, session, dtype):
    x = tf.placeholder(dtype, [3, 2])
    v = VALUE.astype(dtype)
    shorter = apply("TensorListResize", input_handle=_list(tf, x * x), size=2)
    longer = apply("TensorListResize", input_handle=shorter, size=3)
    y = _stack(longer, dtype)
    _check(tf, session, x, y, np.concatenate([v[:2] ** 2, v[2:] * 0]), dtype)
    _fails(tf, session, _length(apply("TensorListResize", input_handle=_list(tf, v), size=-1)))


def _scatter(op, into, tf, session, dtype):
    x = tf.placeholder(dtype, [3, 2])
    v = VALUE.astype(dtype)

    def scatter(values, indices, **more):
        first = dict(input_handle=_list(tf, v[:1] + 1)) if into else {}
        if not into:
            more["element_shape"] = np.int32(-1)
        return apply(op, **first, tensor=values, indices=np.int32(indices), **more)

    more = dict(num_elements=5) if op.endswith("V2") else {}
    handle = scatter(x * x, [2, 0, 3], **more)
    gathered = apply("TensorListGather", input_handle=handle, indices=np.int32([3, 2, 0]),
                     element_shape=np.int32([2]), element_dtype=dtype)  # fmt: skip
    want = (v**2)[[2, 0, 1]]
    _check(tf, session, x, gathered, want, dtype)
    with session() as sess:
        assert sess.run(_length(handle), {x: v}) == (5 if more else 4)
    outside = apply("TensorListGather", input_handle=_list(tf, v), indices=np.int32([3]),
                    element_shape=np.int32(-1), element_dtype=dtype)  # fmt: skip
    _fails(tf, session, outside, _length(scatter(v, [0, -1, 2], **more)))
    if more:
        _fails(tf, session, _length(scatter(v, [0, 1, 2], num_elements=2)))


def _concat(second, tf, session, dtype):
    x = tf.placeholder(dtype, [3, 2])
    v = VALUE.astype(dtype)
    handle = apply("TensorListSplit", tensor=x * x, element_shape=np.int32(-1),
                   lengths=np.int64([1, 0, 2]))  # fmt: skip

    def concat(of, dims=()):
        if not second:
            return apply("TensorListConcat", input_handle=of, element_dtype=dtype)
        return apply("TensorListConcatV2", input_handle=of, element_shape=np.int32([-1, 2]),
                     leading_dims=np.int64(dims), element_dtype=dtype)  # fmt: skip

    joined, lengths = concat(handle)
    _check(tf, session, x, joined, v**2, dtype)
    with session() as sess:
        assert sess.run(lengths, {x: v}).tolist() == [1, 0, 2]
        if second:
            unset = sess.run(concat(_reserve(dtype, 2), [1, 2]))
            assert unset[0].tolist() == [[0, 0]] * 3 and unset[1].tolist() == [1, 2]
    bad = apply("TensorListSplit", tensor=v, element_shape=np.int32(-1), lengths=np.int64([1, 1]))
    _fails(tf, session, _length(bad), concat(_push(_empty(dtype), v[0, 0]))[0],
           concat(_reserve(dtype, 1))[0])  # fmt: skip


def _batches(tf, session, dtype):
    v = VALUE.astype(dtype)
    handles = tf.reshape(_list(tf, v[:1]), [1])
    pushed = apply("TensorListPushBackBatch", input_handles=handles, tensor=v[1:2])
    both = apply("TensorListConcatLists", input_a=pushed, input_b=handles, element_dtype=dtype)
    short = apply("TensorListPushBackBatch", input_handles=handles, tensor=tf.placeholder(dtype))
    with session() as sess:
        got = sess.run(_stack(tf.reshape(both, []), dtype))
        np.testing.assert_array_equal(got, v[[0, 1, 0]])
        assert sess.run(_length(tf.reshape(pushed, []))) == 2
        with pytest.raises(tf.errors.InvalidArgumentError):
            sess.run(short, {short.op.inputs[1]: v})
    _fails(tf, session, _length(_push(_empty("bool"), v)))


def _stacks(tf, session, dtype):
    x = tf.placeholder(dtype, [2])
    stack = apply("StackV2", max_size=2, elem_type=dtype, stack_name="s")

    def after(*ops):
        return tf.control_dependencies([getattr(op, "op", op) for op in ops])

    one = apply("StackPushV2", handle=stack, elem=x)
    with after(one):
        two = apply("StackPushV2", handle=stack, elem=x * 2)
    with after(two):
        top = apply("StackPopV2", handle=stack, elem_type=dtype)
    with after(top):
        below = apply("StackPopV2", handle=stack, elem_type=dtype)
    with after(two):
        three = apply("StackPushV2", handle=stack, elem=x)
    with after(below):
        nothing = apply("StackPopV2", handle=stack, elem_type=dtype)
    closed = apply("StackCloseV2", handle=stack)
    with after(closed):
        late = apply("StackPushV2", handle=stack, elem=x)
    v = VALUE[0].astype(dtype)
    with session() as sess:
        for _ in range(2):  # every run has a stack of its own
            got = sess.run([one, two, top, below], {x: v})
            for value, want in zip(got, [v, v * 2, v * 2, v]):
                np.testing.assert_array_equal(value, want)
        for bad in (three, nothing, late):
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run(bad, {x: v})


for _op in ("EmptyTensorList", "TensorListPushBack", "TensorListPopBack", "TensorListLength"):
    stateful(_op, _push_and_pop, _REAL, checks_gradient=True)
for _op in ("TensorListFromTensor", "TensorListStack", "TensorListElementShape",
            "TensorListReserve"):  # fmt: skip
    stateful(_op, _stack_and_unstack, _REAL, checks_gradient=True)
for _op in ("TensorListGetItem", "TensorListSetItem"):
    stateful(_op, _items, _REAL, checks_gradient=True)
stateful("TensorListResize", _resize, _REAL, checks_gradient=True)


def _driver(f, *first):
    return lambda tf, session, dtype: f(*first, tf, session, dtype)


for _op in ("TensorListScatter", "TensorListScatterV2", "TensorListScatterIntoExistingList"):
    stateful(_op, _driver(_scatter, _op, "Into" in _op), _REAL, checks_gradient=True)
stateful("TensorListGather", _driver(_scatter, "TensorListScatterV2", False), _REAL,
         checks_gradient=True)  # fmt: skip
for _op in ("TensorListConcat", "TensorListConcatV2", "TensorListSplit"):
    stateful(_op, _driver(_concat, _op != "TensorListConcat"), _REAL, checks_gradient=True)
for _op in ("TensorListPushBackBatch", "TensorListConcatLists"):
    stateful(_op, _batches, "float32 int32")
for _op in ("StackV2", "StackPushV2", "StackPopV2", "StackCloseV2"):
    stateful(_op, _stacks, "float32 int32")
