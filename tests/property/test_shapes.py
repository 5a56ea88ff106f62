# SPDX-License-Identifier: Apache-2.0
"""Static shapes agree with actual ones, and one graph serves feeds of many shapes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import caudal as tf
from property import harness

REFERENCED = harness.registered_lines(lambda line: line.reference is not None)
PARAMS = [pytest.param(x, id=x.name) for x in REFERENCED]


@pytest.mark.parametrize("line", PARAMS)
@settings(max_examples=6)
@given(data=st.data())
def test_static_shape_is_compatible(line, data):
    dtype = harness.dtypes_of(line)[0]
    case, rng = data.draw(harness.cases_of(line))
    values = harness.draw_values(line, case, dtype, rng)
    with tf.Graph().as_default():
        shapes = [harness.masked(v.shape, rng) for v in values]
        outputs, fed = harness.build(line, case, values, shapes, data.draw(st.booleans()))
        full, _ = harness.build(line, case, values)
        with harness.open_session() as session:
            got = session.run(outputs, harness.feeds(fed, values))
        for tensor, known, value in zip(outputs, full, got):
            actual = getattr(value, "shape", ())
            assert tensor.shape.is_compatible_with(actual), f"{tensor.shape}, ran as {actual}"
            assert known.shape.is_compatible_with(actual), f"{known.shape}, ran as {actual}"
    harness.assert_close(line, got, harness.expected(line, case, values), dtype)


def _same_graph(a, b):
    """Whether two cases can share one graph: attrs, constants and ranks agree."""
    x, y = harness.flat(a.inputs), harness.flat(b.inputs)
    return (
        a.attrs == b.attrs
        and len(x) == len(y)
        and all(
            d.kind == e.kind
            and repr(d.value) == repr(e.value)
            and len(d.shape or ()) == len(e.shape or ())
            for d, e in zip(x, y)
        )
    )


@pytest.mark.parametrize("line", PARAMS)
@settings(max_examples=3)
@given(data=st.data())
def test_replans_for_new_shapes(line, data):
    dtype = harness.dtypes_of(line)[0]
    case, rng = data.draw(harness.cases_of(line))
    if line.cases:
        family = [c for c in line.cases if _same_graph(c, case)]
    else:
        rank = max((len(d.shape or ()) for d in case.inputs), default=0)
        shapes = [s for s in harness.SHAPES if len(s) == rank]
        family = [harness.shaped_case(line, s, case.attrs, rng) for s in shapes]
    with tf.Graph().as_default():
        count = len(harness.flat(case.inputs))
        first = harness.draw_values(line, case, dtype, rng)
        outputs, fed = harness.build(line, case, first, [None] * count)
        with harness.open_session() as session:
            for other in [case, *family, case]:
                values = harness.draw_values(line, other, dtype, rng)
                got = session.run(outputs, harness.feeds(fed, values))
                harness.assert_close(line, got, harness.expected(line, other, values), dtype)
