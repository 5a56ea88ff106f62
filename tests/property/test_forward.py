# SPDX-License-Identifier: Apache-2.0
"""Every op against its NumPy reference: dtypes, ranks, empty and strided inputs, passes on/off."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import caudal as tf
from property import harness

REFERENCED = harness.registered_lines(lambda line: line.reference is not None)
DRIVEN = harness.registered_lines(lambda line: line.driver is not None)


@pytest.mark.parametrize(
    "line, dtype",
    [pytest.param(x, t, id=f"{x.name}-{t}") for x in REFERENCED for t in harness.dtypes_of(x)],
)
@given(data=st.data())
def test_matches_reference(line, dtype, data):
    case, rng = data.draw(harness.cases_of(line))
    layout = data.draw(st.sampled_from(harness.LAYOUTS))
    kind = data.draw(st.sampled_from(harness.SESSIONS))
    feed_constants = data.draw(st.booleans())
    values = harness.draw_values(line, case, dtype, rng)
    if line.nan and rng.random() < 0.5:
        values = harness.sprinkle_specials(values, rng)
    with tf.Graph().as_default():
        outputs, fed = harness.build(line, case, values, feed_constants=feed_constants)
        laid_out = [harness.with_layout(v, layout) for v in values]
        with harness.open_session(kind) as session:
            got = session.run(outputs, harness.feeds(fed, laid_out))
            again = session.run(outputs, harness.feeds(fed, laid_out))
    for tensor, first, second in zip(outputs, got, again):
        assert tensor.dtype.base_dtype.as_numpy_dtype == np.asarray(first).dtype
        np.testing.assert_array_equal(first, second, err_msg="a second run differs")
    harness.assert_close(line, got, harness.expected(line, case, values), dtype)


@pytest.mark.parametrize(
    "line, dtype",
    [
        pytest.param(x, t, id=f"{x.name}-{t}")
        for x in REFERENCED
        for t in harness.narrow_dtypes_of(x)
    ],
)
def test_narrow_matches_reference(line, dtype):
    rng = np.random.default_rng(zlib.crc32(f"{line.name} {dtype}".encode()))
    for kind in ("optimised", "poisoned"):
        if line.cases:
            case = line.cases[rng.integers(len(line.cases))]
        else:
            shape = harness.SHAPES[rng.integers(len(harness.SHAPES))]
            attrs = line.attrs[rng.integers(len(line.attrs))]
            case = harness.shaped_case(line, shape, attrs, rng)
        values = harness.draw_values(line, case, dtype, rng)
        with tf.Graph().as_default():
            outputs, fed = harness.build(line, case, values, feed_constants=kind == "poisoned")
            with harness.open_session(kind) as session:
                got = session.run(outputs, harness.feeds(fed, values))
        for tensor, value in zip(outputs, got):
            assert tensor.dtype.base_dtype.as_numpy_dtype == np.asarray(value).dtype
        harness.assert_close(line, got, harness.expected(line, case, values), dtype)


@pytest.mark.parametrize("kind", harness.SESSIONS)
@pytest.mark.parametrize(
    "line, dtype",
    [pytest.param(x, t, id=f"{x.name}-{t}") for x in DRIVEN for t in harness.dtypes_of(x)],
)
def test_driver(line, dtype, kind):
    with tf.Graph().as_default():
        line.driver(tf, lambda: harness.open_session(kind), dtype)
