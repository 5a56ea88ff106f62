# SPDX-License-Identifier: Apache-2.0
"""First and second gradients against central differences, in float64 where there is a kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import caudal as tf
from property import harness


def _checked(line):
    return (
        line.reference is not None
        and line.grad
        and harness.is_differentiable(line)
        and harness.gradient_dtype(line) is not None
    )


CHECKED = harness.registered_lines(_checked)


def _weighted(outputs, weights):
    """One number out of all floating outputs: sum(output * fixed weights)."""
    terms = [tf.reduce_sum(o * w) for o, w in zip(outputs, weights) if w is not None]
    return tf.add_n(terms) if len(terms) > 1 else terms[0]


def _weights(line, case, values, dtype, rng):
    """Fixed random weights for the outputs that the reference knows and that have gradients."""
    wants = harness.expected(line, case, values)
    out = []
    for want in wants:
        real = want is not None and np.asarray(want).dtype.kind == "f"
        out.append(rng.uniform(0.5, 1.5, np.shape(want)).astype(dtype) if real else None)
    return out


def _directions(values, rng):
    """Unit directions of small inputs, random ones of larger inputs."""
    sizes = [v.size for v in values]
    total = sum(sizes)
    rows = np.eye(total) if total <= 12 else rng.normal(size=(6, total)) / np.sqrt(total)
    for row in rows:
        parts = np.split(row, np.cumsum(sizes)[:-1])
        yield [p.reshape(v.shape) for p, v in zip(parts, values)]


def _compare(line, session, function, gradients, xs, others, values, dtype, rng):
    single = dtype == "float32"
    eps, tol = (1e-2, max(line.grad_tolerance, 2e-2)) if single else (1e-5, line.grad_tolerance)
    base = dict(zip(xs, values))
    got = session.run(gradients, {**base, **others})
    for direction in _directions(values, rng):
        plus = {x: (v + eps * d).astype(dtype) for x, v, d in zip(xs, values, direction)}
        minus = {x: (v - eps * d).astype(dtype) for x, v, d in zip(xs, values, direction)}
        up = session.run(function, {**plus, **others})
        down = session.run(function, {**minus, **others})
        numeric = (float(up) - float(down)) / (2 * eps)
        exact = sum(float(np.sum(g.astype("float64") * d)) for g, d in zip(got, direction))
        scale = max(1.0, abs(numeric))
        assert abs(exact - numeric) <= tol * scale, (
            f"{line.name}: gradient {exact}, central difference {numeric}"
        )


def _dense(gradients, xs):
    return [
        tf.zeros_like(x) if g is None else tf.convert_to_tensor(g) for g, x in zip(gradients, xs)
    ]


@pytest.mark.parametrize("line", [pytest.param(x, id=x.name) for x in CHECKED])
@settings(max_examples=4)
@given(data=st.data())
def test_gradients(line, data):
    dtype = harness.gradient_dtype(line)
    case, rng = data.draw(harness.cases_of(line, small=True))
    values = harness.draw_values(line, case, dtype, rng)
    domains = harness.flat(case.inputs)
    chosen = [
        i
        for i, (d, v) in enumerate(zip(domains, values))
        if v.dtype.kind == "f" and d.kind != "const" and d.differentiable and v.size
    ]
    if not chosen:
        return
    with tf.Graph().as_default():
        outputs, fed = harness.build(line, case, values)
        xs = [fed[i] for i in chosen]
        others = {
            p: v for i, (p, v) in enumerate(zip(fed, values)) if p is not None and i not in chosen
        }
        weights = _weights(line, case, values, dtype, rng)
        # Halves do not change by as little as the differences step.
        weights = [None if o.dtype.size <= 2 else w for o, w in zip(outputs, weights)]
        if all(w is None for w in weights):
            return
        points = [values[i] for i in chosen]
        function = _weighted(outputs, weights)
        gradients = tf.gradients(function, xs)
        for x, g in zip(xs, gradients):
            if isinstance(g, tf.Tensor):
                assert g.shape.is_compatible_with(x.shape), f"{line.name}: {g.shape}, {x.shape}"
        first = _dense(gradients, xs)
        with harness.open_session() as session:
            _compare(line, session, function, first, xs, others, points, dtype, rng)
        if not line.second:
            return
        slopes = [rng.uniform(0.5, 1.5, v.shape).astype(dtype) for v in points]
        function = _weighted(first, slopes)
        second = _dense(tf.gradients(function, xs), xs)
        with harness.open_session() as session:
            _compare(line, session, function, second, xs, others, points, dtype, rng)
