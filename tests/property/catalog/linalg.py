# SPDX-License-Identifier: Apache-2.0
"""Matrix decompositions: what defines them is checked, not their signs."""

import numpy as np

from property.catalog import stateful


def _qr(tf, session, dtype):
    rng = np.random.default_rng(3)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    for shape in ((4, 3), (3, 4), (2, 2, 5, 5), (1, 1), (3, 0), (0, 3), (2, 0, 4, 2)):
        value = rng.normal(size=shape).astype(dtype)
        fed = tf.placeholder(dtype, [None] * len(shape))
        for full in (False, True):
            with session() as sess:
                q, r = sess.run(tf.qr(fed, full_matrices=full), {fed: value})
            inner = shape[-2] if full else min(shape[-2:])
            assert q.shape == (*shape[:-1], inner) and r.shape == (*shape[:-2], inner, shape[-1])
            assert q.dtype == r.dtype == value.dtype
            np.testing.assert_allclose(q @ r, value, atol=tolerance * 10)
            unit = np.broadcast_to(np.eye(inner), (*shape[:-2], inner, inner))
            np.testing.assert_allclose(q.swapaxes(-1, -2) @ q, unit, atol=tolerance)
            np.testing.assert_array_equal(r, np.triu(r))
    flat = tf.qr(tf.constant(np.eye(3, 2), dtype))
    assert flat.q.shape.as_list() == [3, 2] and flat.r.shape.as_list() == [2, 2]


stateful("Qr", _qr, "float32 float64")
