# SPDX-License-Identifier: Apache-2.0
"""Values that may be missing, and zeros and sums of what variants hold."""

import numpy as np
import pytest

import caudal as tf
from caudal import raw_ops
from property.catalog import stateful


def _some(*values):
    return raw_ops.OptionalFromValue(components=[tf.convert_to_tensor(v) for v in values])


def _get(optional, *types, shapes=None):
    return raw_ops.OptionalGetValue(
        optional=optional, output_types=types, output_shapes=shapes or [None] * len(types)
    )


def _optionals(tf, session, dtype):
    value = np.array([[1, 2], [3, 4]]).astype(dtype)
    x = tf.placeholder(dtype, [2, 2])
    full, none = _some(x, tf.constant(b"text")), raw_ops.OptionalNone()
    number, text = _get(full, dtype, tf.string, shapes=[[2, None], []])
    twice = _get(_some(_some(x)), tf.variant)[0]
    there = [raw_ops.OptionalHasValue(optional=o) for o in (full, none)]
    zeros = _get(raw_ops.ZerosLike(x=full), dtype, tf.string)[0]
    with session() as sess:
        found = sess.run([number, text, _get(twice, dtype)[0], zeros, *there], {x: value})
        np.testing.assert_array_equal(found[0], value)
        assert found[1] == b"text"
        np.testing.assert_array_equal(found[2], value)
        np.testing.assert_array_equal(found[3], np.zeros_like(value))
        assert found[4:] == [True, False]
        if np.dtype(dtype).kind == "f":
            total = raw_ops.AddN(inputs=[_some(x), raw_ops.OptionalNone(), _some(x)])
            np.testing.assert_array_equal(sess.run(_get(total, dtype)[0], {x: value}), 2 * value)
        bad = [
            _get(none, dtype)[0],
            _get(full, dtype)[0],
            _get(_some(x), tf.string)[0],
            _get(_some(x), dtype, shapes=[[3, 2]])[0],
            _get(raw_ops.AddN(inputs=[_some(x), _some(x, x)]), dtype)[0],
        ]
        for fetch in bad:
            with pytest.raises(tf.errors.InvalidArgumentError):
                sess.run(fetch, {x: value})


for _op in ("OptionalFromValue", "OptionalNone", "OptionalHasValue", "OptionalGetValue"):
    stateful(_op, _optionals, "float32 float64 int32 bool")
