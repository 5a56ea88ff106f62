# SPDX-License-Identifier: Apache-2.0
"""Wrong dtypes, ranks and shapes become Python exceptions that name the op; nothing crashes."""

import numpy as np
import pytest

import caudal as tf
from caudal import _core
from property import harness
from property.catalog import COMPUTED

REFERENCED = harness.registered_lines(lambda line: line.reference is not None)
BUILD_ERRORS = (ValueError, TypeError)


def _wrong_dtype(line, case, dtype):
    """(position of a flat input, a dtype that the op does not take there), or None."""
    definition = _core.op_def(line.name)
    if any(isinstance(i, (list, tuple)) for i in case.inputs):
        return None
    allowed = {a["name"]: a.get("allowed_types") for a in definition["attrs"]}
    for i, formal in enumerate(definition["inputs"]):
        if formal["type"]:
            takes = [formal["type"]]
        else:
            takes = allowed.get(formal["type_attr"])
        if not takes:
            continue
        names = {tf.as_dtype(t).name for t in takes}
        for name in ("string", *COMPUTED):
            if name not in names:
                return i, name
    return None


@pytest.mark.parametrize("line", [pytest.param(x, id=x.name) for x in REFERENCED])
def test_wrong_dtype(line):
    dtype = harness.dtypes_of(line)[0]
    rng = np.random.default_rng(1)
    case = line.cases[0] if line.cases else harness.shaped_case(line, (2, 3), line.attrs[0], rng)
    wrong = _wrong_dtype(line, case, dtype)
    if wrong is None:
        pytest.skip("takes every dtype")
    position, name = wrong
    values = harness.draw_values(line, case, dtype, rng)
    tensors = [tf.placeholder(v.dtype if v.dtype != object else tf.string, v.shape) for v in values]
    tensors[position] = tf.placeholder(name, values[position].shape)
    with pytest.raises(BUILD_ERRORS) as caught:
        harness.call(line.name, harness.nest(case.inputs, tensors), case.attrs, "the_node")
    text = str(caught.value)
    # As TensorFlow: either the parameter or the op is named.
    formal = _core.op_def(line.name)["inputs"][position]["name"]
    assert any(word in text for word in ("the_node", line.name, f"'{formal}'")), text


BAD = [
    pytest.param(line, case, id=f"{line.name}-{i}")
    for line in REFERENCED
    for i, case in enumerate(line.bad)
]


@pytest.mark.parametrize("line, case", BAD)
def test_bad_case_when_building(line, case):
    values = harness.draw_values(line, case, harness.dtypes_of(line)[0], np.random.default_rng(1))
    with pytest.raises((*BUILD_ERRORS, tf.errors.OpError)) as caught:
        outputs, fed = harness.build(line, case, values, node_name="the_node")
        with harness.open_session() as session:  # wrong values show only when they are run
            session.run(outputs, harness.feeds(fed, values))
    text = str(caught.value)
    assert "the_node" in text or line.name in text, text


@pytest.mark.parametrize("line, case", BAD)
def test_bad_case_when_running(line, case):
    values = harness.draw_values(line, case, harness.dtypes_of(line)[0], np.random.default_rng(1))
    shapes = [None] * len(values)
    try:
        outputs, fed = harness.build(line, case, values, shapes, True, node_name="the_node")
    except BUILD_ERRORS:
        return  # wrong in attrs or dtypes already
    with harness.open_session() as session, pytest.raises(tf.errors.OpError) as caught:
        session.run(outputs, harness.feeds(fed, values))
    text = str(caught.value)
    assert "the_node" in text or line.name in text, text
