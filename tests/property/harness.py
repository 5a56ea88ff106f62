# SPDX-License-Identifier: Apache-2.0
"""Turns catalog lines into arrays, graphs and comparisons for the property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import caudal as tf
from caudal import _core
from caudal.framework.op_factory import apply
from property.catalog import COMPUTED, NARROW, Case, Domain, lines

SHAPES = [(), (1,), (5,), (0,), (2, 3), (3, 1, 2), (0, 4), (2, 0, 3), (2, 3, 4, 2), (130, 17)]
RANK_8 = (1, 2, 1, 2, 1, 2, 1, 2)
SESSIONS = ("optimised", "plain", "poisoned")
# Halves are computed in float32 and rounded once.
_RTOL = {"float16": 1e-3, "bfloat16": 8e-3, "float32": 2e-5, "float64": 1e-11}
_ATOL = {"float16": 1e-5, "bfloat16": 1e-5, "float32": 2e-6, "float64": 1e-12}
_COMPLEX = {"complex64": "float32", "complex128": "float64"}


def registered_lines(predicate=lambda line: True):
    """Lines of ops that exist; the guard over the catalog reports the others."""
    known = set(_core.all_ops())
    return [line for name, line in sorted(lines().items()) if name in known and predicate(line)]


def _taken(line):
    """Dtypes that kernel and signature take; and whether an input follows the dtype under test."""
    names = {tf.as_dtype(t).name for t in _core.kernel_types("CPU", line.name)}
    definition = _core.op_def(line.name)
    allowed = {a["name"]: a.get("allowed_types") for a in definition["attrs"]}
    inputs = line.cases[0].inputs if line.cases else line.domains
    follows = False
    for domain, formal in zip(inputs, definition["inputs"]):
        leaves = flat([domain])
        if not leaves or leaves[0].dtype is not None or formal["type"]:
            continue
        follows = True
        if allowed.get(formal["type_attr"]):
            names &= {tf.as_dtype(t).name for t in allowed[formal["type_attr"]]}
    return names, follows


def dtypes_of(line):
    if line.dtypes is not None:
        return list(line.dtypes)
    names, _ = _taken(line)
    return [n for n in COMPUTED if n in names] or ["float32"]


def narrow_dtypes_of(line):
    """Dtypes beyond COMPUTED that the op takes."""
    names, follows = _taken(line)
    if line.dtypes is not None:  # restricted to a sort of numbers
        sorts = {t.rstrip("0123456789") for t in line.dtypes}
        names = {t for t in names if t.lstrip("bu").rstrip("0123456789") in sorts}
    return [n for n in NARROW if n in names] if follows else []


def is_differentiable(line):
    return _core.op_def(line.name)["differentiable"]


def gradient_dtype(line):
    """float64 where there is a kernel, else float32; None without any float kernel."""
    for name in ("float64", "float32"):
        if name in dtypes_of(line):
            return name
    return None


class PlainSession(tf.Session):
    """Without folding, merging and fusing."""

    _core_options = {"optimize": False}


class PoisonedSession(tf.Session):
    """Fresh memory holds NaN, so that a read of something never written shows."""

    _core_options = {"poison_arena": True}


def open_session(kind="optimised"):
    """A session over the default graph; see SESSIONS."""
    return {"optimised": tf.Session, "plain": PlainSession, "poisoned": PoisonedSession}[kind]()


# ---- values ----------------------------------------------------------------------------------


def flat(inputs):
    """The domains of a case in order, list arguments opened."""
    out = []
    for item in inputs:
        out.extend(flat(item) if isinstance(item, (list, tuple)) else [item])
    return out


def nest(like, values):
    """`values` (flat) arranged as `like`."""
    it = iter(values)

    def walk(item):
        return [walk(i) for i in item] if isinstance(item, (list, tuple)) else next(it)

    return [walk(item) for item in like]


def draw_value(domain: Domain, dtype: str, rng, kinks=()):
    dtype = domain.dtype or dtype
    if dtype == "string":
        return np.asarray(domain.value, dtype=object)
    np_dtype = tf.as_dtype(dtype).as_numpy_dtype
    if domain.kind == "const":
        return np.asarray(domain.value).astype(np_dtype)
    shape = domain.shape if domain.shape is not None else ()
    if domain.kind == "bool" or dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    low = max(domain.low, 0) if dtype.startswith("uint") else domain.low
    if domain.kind == "int":
        return rng.integers(int(low), int(domain.high), shape).astype(np_dtype)
    value = rng.uniform(low, domain.high, shape)
    if dtype in _COMPLEX:
        return np.asarray(value + 1j * rng.uniform(low, domain.high, shape)).astype(np_dtype)
    for kink in kinks:
        near = np.abs(value - kink) < 0.05
        value = np.where(near, kink + np.where(value >= kink, 0.05, -0.05), value)
    if "float" not in dtype:
        # Rounding stays inside [low, high]; a bound such as 0.1 excludes 0.
        value = np.clip(np.rint(value), np.ceil(low), np.floor(domain.high))
    return np.asarray(value).astype(np_dtype)


def _distinct_pool(dtype, total, low, high):
    """`total` values a margin apart; integers of a byte repeat after 120 or 250."""
    if "float" in dtype or dtype in _COMPLEX:
        return np.linspace(low, high, total)
    pool = np.arange(total) + (int(low) if dtype == "uint8" else 0)
    return pool % {"uint8": 250, "int8": 120}.get(dtype, total + 1)


def draw_values(line, case: Case, dtype, rng):
    domains = flat(case.inputs)
    values = [draw_value(d, dtype, rng, line.kinks) for d in domains]
    if line.distinct:
        chosen = [i for i, d in enumerate(domains) if d.kind == "real" and values[i].dtype != bool]
        total = sum(values[i].size for i in chosen)
        if total:
            domain = domains[chosen[0]]
            low = max(0, domain.low) if dtype.startswith("uint") else domain.low
            pool, at = rng.permutation(_distinct_pool(dtype, total, low, domain.high)), 0
            for i in chosen:
                part = pool[at : at + values[i].size]
                values[i] = part.reshape(values[i].shape).astype(values[i].dtype)
                at += values[i].size
    return values


def shaped_case(line, shape, attrs, rng):
    """A case of an elementwise line: `shape` for all inputs, or broadcasting ones."""
    inputs = []
    for domain in line.domains:
        dims = list(shape)
        if domain.shape is not None:
            dims = list(domain.shape)
        elif line.broadcast and len(line.domains) > 1:
            dims = [1 if rng.random() < 0.3 else d for d in dims]
            if rng.random() < 0.4:
                dims = dims[rng.integers(0, len(dims) + 1) :]
        inputs.append(domain[tuple(dims)] if domain.kind != "const" else domain)
    return Case(tuple(inputs), dict(attrs))


@st.composite
def cases_of(draw, line, small=False):
    """(case, rng): one of the line's cases, or a shape for an elementwise line."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if line.cases:
        return draw(st.sampled_from(list(line.cases))), rng
    shapes = [s for s in SHAPES if 0 < np.prod(s) <= 12] if small else [*SHAPES, RANK_8]
    shape = draw(st.sampled_from(shapes))
    return shaped_case(line, shape, draw(st.sampled_from(list(line.attrs))), rng), rng


def with_layout(value, layout):
    """The same values in other strides."""
    if value.dtype == object or value.ndim == 0 or layout == "contiguous":
        return value
    if layout == "fortran":
        return np.asfortranarray(value)
    if layout == "reversed":
        return np.ascontiguousarray(value[::-1])[::-1]
    wide = np.zeros((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
    wide[..., ::2] = value
    return wide[..., ::2]


LAYOUTS = ("contiguous", "fortran", "reversed", "strided")


def sprinkle_specials(values, rng):
    out = []
    for value in values:
        if value.dtype.kind == "f" and value.size:
            value = value.copy()
            spots = rng.random(value.shape) < 0.3
            picks = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], value.shape)
            value = np.where(spots, picks, value).astype(value.dtype)
        out.append(value)
    return out


# ---- graphs ----------------------------------------------------------------------------------


def typed_attrs(name, attrs):
    kinds = {a["name"]: a["type"] for a in _core.op_def(name)["attrs"]}
    out = {}
    for key, value in attrs.items():
        kind = kinds.get(key, "")
        if kind == "type":
            value = tf.as_dtype(value)
        elif kind == "list(type)":
            value = [tf.as_dtype(v) for v in value]
        out[key] = value
    return out


def call(name, inputs, attrs, node_name=None):
    """Adds the op to the default graph; returns its outputs as a list."""
    result = apply(name, *inputs, name=node_name, **typed_attrs(name, attrs))
    if isinstance(result, tf.Operation):
        return list(result.outputs)
    out = []
    for item in result if isinstance(result, (list, tuple)) else [result]:
        out.extend(item if isinstance(item, (list, tuple)) else [item])
    return out


def build(line, case, values, shapes=None, feed_constants=False, node_name=None):
    """The op over placeholders. Returns (outputs, placeholders or None per flat input).

    shapes: static shape per flat input; None entries mean unknown rank.
    """
    tensors, fed = [], []
    for i, (domain, value) in enumerate(zip(flat(case.inputs), values)):
        if domain.kind == "const" and (domain.static or not feed_constants):
            dtype = tf.string if value.dtype == object else value.dtype
            tensors.append(tf.constant(value, dtype=dtype))
            fed.append(None)
            continue
        shape = value.shape if shapes is None else shapes[i]
        dtype = tf.string if value.dtype == object else value.dtype
        tensors.append(tf.placeholder(dtype, shape))
        fed.append(tensors[-1])
    outputs = call(line.name, nest(case.inputs, tensors), case.attrs, node_name)
    return outputs, fed


def feeds(placeholders, values):
    return {p: v for p, v in zip(placeholders, values) if p is not None}


def is_float(array):
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"


def expected(line, case, values):
    """What the NumPy reference gives, as a list."""
    wide = [v.astype(np.float64) if is_float(v) and not line.raw else v for v in values]
    with np.errstate(all="ignore"):
        result = line.reference(*nest(case.inputs, wide), **case.attrs)
    return list(result) if isinstance(result, (tuple, list)) else [result]


def masked(shape, rng):
    """`shape` with some dimensions, or all of it, unknown."""
    if rng.random() < 0.2:
        return None
    return [None if rng.random() < 0.5 else d for d in shape]


# ---- comparisons -----------------------------------------------------------------------------


def assert_close(line, got, want, dtype, what=""):
    assert len(got) >= len(want), f"{line.name}: {len(got)} outputs, reference gives {len(want)}"
    for i, (g, w) in enumerate(zip(got, want)):
        if w is None:
            continue
        g, w = np.asarray(g), np.asarray(w)
        where = f"{line.name}{what} output {i}"
        assert g.shape == w.shape, f"{where}: shape {g.shape}, expected {w.shape}"
        if g.dtype == object:
            assert g.tolist() == w.tolist(), where
        elif is_float(g) or g.dtype.kind == "c":
            name = _COMPLEX.get(g.dtype.name, g.dtype.name)
            kind = "float32" if dtype == "float32" and name == "float64" else name
            tol = line.tolerance.get("float32" if "16" in kind else kind) or 0
            with np.errstate(all="ignore"):
                w = w.astype(g.dtype)
            if kind == "bfloat16":
                g, w = g.astype("float64"), w.astype("float64")
            rtol, atol = max(tol, _RTOL[kind]), max(tol, _ATOL[kind])
            if tol and kind in ("float32", "float64"):
                rtol = atol = tol
            np.testing.assert_allclose(g, w, rtol=rtol, atol=atol, err_msg=where)
        else:
            with np.errstate(all="ignore"):
                np.testing.assert_array_equal(g, w.astype(g.dtype), err_msg=where)
