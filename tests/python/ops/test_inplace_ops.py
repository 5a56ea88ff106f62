# SPDX-License-Identifier: Apache-2.0
"""Tensors with some rows changed."""

import numpy as np
import pytest
from caudal.python.ops import inplace_ops

import caudal as tf

X = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.mark.parametrize("rows", [2, [0, 3], None])
@pytest.mark.parametrize(
    "name, change",
    [
        ("update", lambda x, v: v),
        ("add", lambda x, v: x + v),
        ("sub", lambda x, v: x - v),
    ],
)
def test_rows_change(name, change, rows):
    where = slice(None) if rows is None else rows
    v = np.full(X[where].shape, 7, np.float32)
    wanted = X.copy()
    wanted[where] = change(X[where], v)
    x = tf.constant(X)
    results = [getattr(inplace_ops, p + name)(x, rows, v) for p in ("inplace_", "alias_inplace_")]
    with tf.Session() as session:
        for result in session.run(results):
            np.testing.assert_array_equal(result, wanted)
        np.testing.assert_array_equal(session.run(x), X)
