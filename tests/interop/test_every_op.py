# SPDX-License-Identifier: Apache-2.0
"""Every op of the catalog, in every dtype, beside real TensorFlow: values and gradients.

Needs CAUDAL_TF_PYTHON=<python of an environment with TensorFlow>, which is started once and runs
the same ops through tf.raw_ops.
"""

from __future__ import annotations

import os
import pathlib
import pickle
import subprocess
import zlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

import caudal as tf
from caudal import _core
from property import harness

HERE = pathlib.Path(__file__).parent
LINES = harness.registered_lines(lambda line: line.reference is not None)


class Different(NamedTuple):
    """Where TensorFlow's answer is another one, for a reason."""

    ops: str
    why: str
    when: Callable = lambda values, attrs: True
    part: str = "all"  # or "gradient", or "outputs 3 4"
    version: str = ""  # how the version of TensorFlow begins


def no_elements(values, attrs):
    return any(v.size == 0 for v in values)


def gaps(values, attrs):
    """Whether the indices of a stitch leave rows out."""
    named = np.concatenate([v.ravel() for v in values[: len(values) // 2]])
    return len(set(named.tolist())) <= max(named, default=-1)


def dilated(values, attrs):
    return max(attrs.get("dilations", [1])) > 1


DIFFERENT = [
    Different("DynamicStitch ParallelDynamicStitch", "rows that nobody names are not written",
              gaps),
    Different("SparseSegmentSum SparseSegmentMean SparseSegmentSqrtN "
              "SparseSegmentSumWithNumSegments SparseSegmentMeanWithNumSegments "
              "SparseSegmentSqrtNWithNumSegments",
              "the gradient of a sum of no rows is not written", no_elements, "gradient"),
    Different("DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput",
              "the gradient of filters over no images is not written", no_elements, "gradient"),
    Different("DepthwiseConv2dNativeBackpropFilter",
              "the gradient of filters over no images is not written", no_elements),
    Different("TruncateDiv", "floats are rounded towards zero",
              lambda values, attrs: values[0].dtype.kind not in "iuc", version="2."),
    Different("RGBToHSV", "the gradient is that of float32",
              lambda values, attrs: values[0].dtype != np.float32, "gradient"),
    Different("FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3",
              "reserve spaces are not written in inference",
              lambda values, attrs: not attrs.get("is_training", True), "outputs 3 4 5"),
    Different("FusedBatchNorm", "nor are the mean and the variance",
              lambda values, attrs: not attrs.get("is_training", True), "outputs 1 2", "1."),
    Different("FusedBatchNormV2 FusedBatchNormV3",
              "of 16-bit images nor are the mean and the variance",
              lambda values, attrs: not attrs.get("is_training", True)
              and values[0].dtype.itemsize == 2, "outputs 1 2"),
    Different("FusedBatchNormV3", "the reserve space that says nothing is a vector of no elements",
              part="outputs 5", version="2."),
    Different("FusedBatchNormGradV2 FusedBatchNormGradV3",
              "of 16-bit images the outputs that say nothing are vectors of no elements",
              lambda values, attrs: values[0].dtype.itemsize == 2, "outputs 3 4", "2."),
    Different("DepthwiseConv2dNative DepthwiseConv2dNativeBackpropInput "
              "DepthwiseConv2dNativeBackpropFilter",
              "rates are ignored", dilated, version="1."),
    Different("DepthwiseConv2dNativeBackpropInput DepthwiseConv2dNativeBackpropFilter",
              "has no kernel with rates", dilated, version="2."),
    Different("DepthwiseConv2dNative", "the gradient has no kernel with rates", dilated,
              "gradient", "2."),
    Different("SoftmaxCrossEntropyWithLogits",
              "the labels' gradient leaves out the gradient of the second output",
              part="gradient"),
    Different("SparseSoftmaxCrossEntropyWithLogits",
              "the gradient of the second output is left out", part="gradient", version="1."),
    Different("EuclideanNorm", "has no gradient", part="gradient", version="1."),
    Different("ResizeBilinearGrad", "has no second gradient", part="gradient"),
    Different("Atan2", "the gradient does not know broadcasting", part="gradient", version="1."),
    Different("MatrixDiagV2 MatrixDiagPartV2 MatrixSetDiagV2",
              "the gradient calls the ops of the main diagonal", part="gradient", version="1."),
    Different("MatrixDiagV2", "the gradient aligns diagonals as the V3 ops do", part="gradient",
              version="2."),
    Different("GatherV2", "the gradient is wrong where axis is not batch_dims",
              lambda values, attrs: attrs.get("batch_dims", 0) > 0, "gradient", "1."),
    Different("SparseToDense", "the gradient does not take a vector of indices",
              lambda values, attrs: values[0].ndim < 2, "gradient"),
    Different("Transpose ConjugateTranspose", "axes may not be negative",
              lambda values, attrs: np.any(values[1] < 0)),
    Different("Round", "oneDNN makes zeros of integers",
              lambda values, attrs: values[0].dtype.kind in "iu", version="2."),
    Different("Conv2D Conv2DBackpropInput Conv2DBackpropFilter Conv3D Conv3DBackpropFilterV2",
              "a convolution of no images has the channels of its input", no_elements,
              version="2."),
    Different("MaxPool3DGrad", "the gradient refuses empty tensors", no_elements, "gradient", "2."),
    Different("UnravelIndex MaxPool3DGradGrad", "empty tensors are refused", no_elements,
              version="2."),
]  # fmt: skip

# TensorFlow adds up logarithms in float32 whatever the dtype.
IN_FLOAT = {"CTCLoss", "CTCBeamSearchDecoder"}

# Gradients whose second input must be what the forward op made of the first one.
POOLED = {
    "MaxPoolGrad": "MaxPool", "MaxPoolGradGrad": "MaxPool",
    "MaxPoolGradV2": "MaxPoolV2", "MaxPoolGradGradV2": "MaxPoolV2",
    "MaxPool3DGrad": "MaxPool3D", "MaxPool3DGradGrad": "MaxPool3D",
}  # fmt: skip


def difference(key, part=None):
    """The reason for which an op's outputs (part None) or gradients are not compared."""
    line, values, attrs, version = key
    for entry in DIFFERENT:
        found = line.name in entry.ops.split() and version.startswith(entry.version)
        if found and entry.part in ("all", part) and entry.when(values, attrs):
            return entry.why
    return None


def left_out(key):
    """Numbers of outputs that are not compared."""
    line, values, attrs, version = key
    return [
        int(i)
        for e in DIFFERENT
        if e.part.startswith("outputs") and line.name in e.ops.split()
        if version.startswith(e.version) and e.when(values, attrs)
        for i in e.part.split()[1:]
    ]


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
    values = harness.draw_values(line, case, dtype, rng)
    if line.name in POOLED:
        forward = harness.lines()[POOLED[line.name]]
        inputs = [values[0], *values[3:]]
        pooled = harness.expected(forward, harness.Case(tuple(inputs), case.attrs), inputs)[0]
        values[1] = np.asarray(pooled).astype(values[1].dtype)
    if line.name == "FractionalMaxPoolGrad":
        values[1] = fractional_max(*values[:2], *values[3:], **case.attrs)
    return case, values


def fractional_max(x, like, rows, columns, overlapping):
    out = np.empty_like(like)
    for i, j in np.ndindex(out.shape[1:3]):
        window = x[
            :, rows[i] : rows[i + 1] + overlapping, columns[j] : columns[j + 1] + overlapping
        ]
        out[:, i, j] = window.max(axis=(1, 2))
    return out


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


class Ours(NamedTuple):
    outputs: list | Exception
    grads: list | Exception
    dys: list  # [(output, gradient), ...]
    xs: list  # numbers of the inputs, strings not counted, whose gradients are asked for


def ours(line, case, values):
    with tf.Graph().as_default(), tf.Session() as session:
        try:
            outputs, fed = harness.build(line, case, values, feed_constants=True)
            feeds = {p: v for p, v in zip(fed, values) if p is not None}
            got = session.run(outputs, feeds)
        except Exception as error:  # noqa: BLE001 - told by the test of this op
            return Ours(error, [], [], [])
        numbers = [p for p, v in zip(fed, values) if v.dtype != object]
        rng = np.random.default_rng(7)
        ys, dys, xs = [], [], []
        if harness.is_differentiable(line) and line.grad:
            ys = [i for i, y in enumerate(outputs) if y.dtype.is_floating or y.dtype.is_complex]
            xs = [
                i for i, p in enumerate(numbers)
                if p is not None and (p.dtype.is_floating or p.dtype.is_complex)
            ]  # fmt: skip
        if xs:
            for i in ys:
                dy = np.asarray(rng.uniform(-1, 1, np.shape(got[i]))).astype(got[i].dtype)
                dys.append((i, dy))
        grads = []
        if dys:
            try:
                constants = [tf.constant(d, outputs[i].dtype) for i, d in dys]
                found = tf.gradients([outputs[i] for i in ys], [numbers[i] for i in xs], constants)
                dense = [None if grad is None else tf.convert_to_tensor(grad) for grad in found]
                grads = [None if d is None else session.run(d, feeds) for d in dense]
            except Exception as error:  # noqa: BLE001 - told by the test of this op
                grads = error
        return Ours(got, grads, dys, xs)


def ask(python, jobs, folder):
    """TensorFlow's version and answers; it is started again after a job that ends its process."""
    with open(folder / "jobs", "wb") as file:
        pickle.dump(jobs, file, protocol=4)
    script = HERE / "run_ops_with_tensorflow.py"
    answers, version = [], None
    while len(answers) < len(jobs):
        command = [python, script, folder / "jobs", folder / "answers", str(len(answers))]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        with open(folder / "answers", "rb") as file:
            version = pickle.load(file)
            while True:
                try:
                    answers.append(pickle.load(file))
                except EOFError:
                    break
        if len(answers) < len(jobs):
            answers.append(("error", "Crash", done.stderr[-600:]))
    return version, answers


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """{(op, dtype): (line, values, attrs, version), our answer, TensorFlow's answer}"""
    python = os.environ.get("CAUDAL_TF_PYTHON")
    if not python:
        pytest.skip("CAUDAL_TF_PYTHON does not name a Python with TensorFlow")
    jobs, mine = [], {}
    for param in PARAMS:
        line, dtype = param.values
        case, values = case_of(line, dtype)
        got = ours(line, case, values)
        formals = [a["name"] for a in _core.op_def(line.name)["inputs"]]
        nested = harness.nest(case.inputs, [encode(v) for v in values])
        jobs.append(
            {
                "op": line.name,
                "inputs": list(zip(formals, nested)),
                "attrs": attrs_for(line.name, case.attrs),
                "dys": [(i, encode(d)) for i, d in got.dys],
                "xs": got.xs,
            }
        )
        mine[line.name, dtype] = (line, values, case.attrs), got
    version, answers = ask(python, jobs, tmp_path_factory.mktemp("ops"))
    return {
        name: ((*key, version), got, answer)
        for (name, (key, got)), answer in zip(mine.items(), answers)
    }


# What TensorFlow says where it has no such op, no kernel, or none for such arguments.
_NOT_THERE = (
    "No OpKernel was registered", "has no attribute", "allowed values", "not available in GraphDef",
    "not registered", "only supports", "not yet support", "not supported", "not support",
    "No gradient defined", "Unimplemented", "no registered converter", "DataType",
    "supported on CPU", "no supported kernel for CPU", "Unsupported data type",
    "is not implemented", "not implemented yet",
    # Its gradients mix sizes, which are int32, with axes and paddings of int64.
    "do not match expected type int32", "does not match type int64", "does not match type int32",
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
    key, mine, answer = beside[line.name, dtype]
    if difference(key):
        pytest.skip(difference(key))
    if isinstance(mine.outputs, Exception):
        if answer[0] == "error":
            return  # both refuse
        raise mine.outputs
    if answer[0] == "error":
        if _not_there(answer):
            pytest.skip("TensorFlow does not have it")
        pytest.fail(f"TensorFlow raises {answer[1]}: {answer[2]}")
    want = [decode(v) for v in answer[1]]
    kept = [i for i in range(len(want)) if i not in left_out(key)]
    got, want = [mine.outputs[i] for i in kept], [want[i] for i in kept]
    dtype = "float32" if line.name in IN_FLOAT else dtype
    assert_as_theirs(line, got, want, dtype, " beside TensorFlow")
    if difference(key, "gradient"):
        return
    theirs = answer[2]
    if isinstance(theirs, tuple):
        if isinstance(mine.grads, Exception) or _not_there(theirs):
            return
        pytest.fail(f"the gradient of TensorFlow raises {theirs[1]}: {theirs[2]}")
    if isinstance(mine.grads, Exception):
        raise mine.grads
    for grad, other in zip(mine.grads, [None if g is None else decode(g) for g in theirs]):
        if grad is not None and other is not None:
            assert_as_theirs(line, [grad], [other], dtype, " gradient beside TensorFlow")
        else:
            blank = grad if other is None else other
            assert blank is None or not np.any(blank), f"{line.name}: a gradient is missing"
