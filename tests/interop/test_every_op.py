# SPDX-License-Identifier: Apache-2.0
"""Every op of the catalog, in every dtype, beside real TensorFlow: values and gradients.

Needs CAUDAL_TF_PYTHON=<python of an environment with TensorFlow>, which is started once and runs
the same ops through tf.raw_ops.
"""

import os
import pathlib
import pickle
import subprocess
import zlib

import numpy as np
import pytest

import caudal as tf
from caudal import _core
from property import harness

HERE = pathlib.Path(__file__).parent
LINES = harness.registered_lines(lambda line: line.reference is not None)

# Where TensorFlow's answer is another one for a reason.
DIFFERENT = {
    "op": "why",
}


def dtypes_of(line):
    return [*harness.dtypes_of(line), *harness.narrow_dtypes_of(line)]


PARAMS = [pytest.param(x, t, id=f"{x.name}-{t}") for x in LINES for t in dtypes_of(x)]


def encode(value):
    value = np.asarray(value)
    if value.dtype == object:
        flat = [v.encode() if isinstance(v, str) else bytes(v) for v in value.ravel()]
        return ("string", value.shape, flat)
    return (value.dtype.name, value.shape, np.ascontiguousarray(value).tobytes())


def decode(packed):
    name, shape, data = packed
    if name == "string":
        return np.array(data, dtype=object).reshape(shape)
    return np.frombuffer(data, dtype=tf.as_dtype(name).as_numpy_dtype).reshape(shape)


def case_of(line, dtype):
    rng = np.random.default_rng(zlib.crc32(f"{line.name} {dtype} beside".encode()))
    if line.cases:
        case = line.cases[rng.integers(len(line.cases))]
    else:
        case = harness.shaped_case(line, (2, 3), line.attrs[rng.integers(len(line.attrs))], rng)
    return case, harness.draw_values(line, case, dtype, rng)


def attrs_for(name, attrs):
    kinds = {a["name"]: a["type"] for a in _core.op_def(name)["attrs"]}
    out = {}
    for key, value in attrs.items():
        if kinds.get(key) == "type":
            value = ("type", tf.as_dtype(value).name)
        elif kinds.get(key) == "list(type)":
            value = ("types", [tf.as_dtype(v).name for v in value])
        elif kinds.get(key) == "shape" and value is not None:
            value = list(value)
        out[key] = value
    return out


def ours(line, case, values):
    """(outputs, gradients, what TensorFlow needs to know of the gradients)."""
    with tf.Graph().as_default():
        outputs, fed = harness.build(line, case, values, feed_constants=True)
        feeds = {p: v for p, v in zip(fed, values) if p is not None}
        numbers = [p for p, v in zip(fed, values) if v.dtype != object]  # what TensorFlow is fed
        differentiable = harness.is_differentiable(line) and line.grad
        ys = [
            i for i, y in enumerate(outputs)
            if differentiable and (y.dtype.is_floating or y.dtype.is_complex)
        ]  # fmt: skip
        xs = [
            i for i, p in enumerate(numbers)
            if p is not None and (p.dtype.is_floating or p.dtype.is_complex)
        ]  # fmt: skip
        with tf.Session() as session:
            got = session.run(outputs, feeds)
            rng = np.random.default_rng(7)
            dys = [
                (i, np.asarray(rng.uniform(-1, 1, np.shape(got[i]))).astype(got[i].dtype))
                for i in ys
            ]
            grads = []
            if dys and xs:
                constants = [tf.constant(d, outputs[i].dtype) for i, d in dys]
                found = tf.gradients([outputs[i] for i in ys], [numbers[i] for i in xs], constants)
                for grad in found:
                    dense = None if grad is None else tf.convert_to_tensor(grad)
                    grads.append(None if dense is None else session.run(dense, feeds))
    return got, grads, [(i, encode(d)) for i, d in dys] if xs else [], xs


def ask(python, jobs, folder):
    """TensorFlow's answers; it is started again after a job that ends its process."""
    with open(folder / "jobs", "wb") as file:
        pickle.dump(jobs, file, protocol=4)
    script = HERE / "run_ops_with_tensorflow.py"
    answers = []
    while len(answers) < len(jobs):
        (folder / "answers").write_bytes(b"")
        command = [python, script, folder / "jobs", folder / "answers", str(len(answers))]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        before = len(answers)
        with open(folder / "answers", "rb") as file:
            while True:
                try:
                    answers.append(pickle.load(file))
                except EOFError:
                    break
        if len(answers) < len(jobs):
            assert len(answers) > before or before, done.stderr[-3000:]
            answers.append(("error", "Crash", done.stderr[-600:]))
    return answers


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """{(op, dtype): (our answer or error, TensorFlow's answer)}"""
    python = os.environ.get("CAUDAL_TF_PYTHON")
    if not python:
        pytest.skip("CAUDAL_TF_PYTHON does not name a Python with TensorFlow")
    jobs, mine = [], {}
    for param in PARAMS:
        line, dtype = param.values
        case, values = case_of(line, dtype)
        try:
            got, grads, dys, xs = ours(line, case, values)
        except Exception as error:  # noqa: BLE001 - told by the test of this op
            got, grads, dys, xs = error, [], [], []
        formals = [a["name"] for a in _core.op_def(line.name)["inputs"]]
        nested = harness.nest(case.inputs, [encode(v) for v in values])
        jobs.append(
            {
                "op": line.name,
                "inputs": list(zip(formals, nested)),
                "attrs": attrs_for(line.name, case.attrs),
                "dys": dys,
                "xs": xs,
            }
        )
        mine[line.name, dtype] = (got, grads)
    answers = ask(python, jobs, tmp_path_factory.mktemp("ops"))
    return {key: (mine[key], answer) for key, answer in zip(mine, answers)}


# What TensorFlow says where it has no such op, no kernel, or none for such arguments.
_NOT_THERE = (
    "No OpKernel was registered", "has no attribute", "allowed values", "not available in GraphDef",
    "not registered", "only supports", "not yet support", "not supported", "not support",
    "No gradient defined", "Unimplemented", "no registered converter", "DataType",
)  # fmt: skip


def _not_there(answer):
    kind, message = answer[1:]
    return kind in ("UnimplementedError", "Crash") or any(text in message for text in _NOT_THERE)


def assert_as_theirs(line, got, want, dtype, what):
    """assert_close, but halves only to what sums in half precision are worth."""
    if not any(np.asarray(w).dtype.name in ("float16", "bfloat16") for w in want):
        return harness.assert_close(line, got, want, dtype, what)
    for i, (g, w) in enumerate(zip(got, want)):
        g, w = np.asarray(g), np.asarray(w)
        assert g.shape == w.shape, f"{line.name}{what} output {i}: {g.shape}, expected {w.shape}"
        if g.dtype.name not in ("float16", "bfloat16"):
            np.testing.assert_allclose(g, w, rtol=2e-2, atol=2e-2)
            continue
        eps = 2**-10 if g.dtype.name == "float16" else 2**-7
        g, w = g.astype(np.float32), w.astype(np.float32)
        scale = np.max(np.abs(w[np.isfinite(w)]), initial=1e-3)
        np.testing.assert_allclose(
            g, w, rtol=8 * eps, atol=8 * eps * scale, err_msg=f"{line.name}{what} output {i}"
        )


@pytest.mark.interop
@pytest.mark.parametrize("line, dtype", PARAMS)
def test_beside_tensorflow(beside, line, dtype):
    (got, grads), answer = beside[line.name, dtype]
    if line.name in DIFFERENT:
        pytest.skip(DIFFERENT[line.name])
    if isinstance(got, Exception):
        if answer[0] == "error":
            return  # both refuse
        raise got
    if answer[0] == "error":
        if _not_there(answer):
            pytest.skip("TensorFlow does not have it")
        pytest.fail(f"TensorFlow raises {answer[1]}: {answer[2]}")
    assert_as_theirs(line, got, [decode(v) for v in answer[1]], dtype, " beside TensorFlow")
    theirs = [None if g is None else decode(g) for g in answer[2]]
    for mine, other in zip(grads, theirs):
        if mine is not None and other is not None:
            assert_as_theirs(line, [mine], [other], dtype, " gradient beside TensorFlow")
        else:
            blank = mine if other is None else other
            assert blank is None or not np.any(blank), f"{line.name}: a gradient is missing"
