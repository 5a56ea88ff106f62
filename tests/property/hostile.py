# SPDX-License-Identifier: Apache-2.0
"""Feeds ops what nobody should feed them, in a process of its own: hostile.py SEED TRIALS LOG OP...

Each trial calls one op with shapes, dtypes, values and attributes from its signature, or with a
catalog case in which something was replaced. An op may work or raise one of ACCEPTED; before each
trial its name and seed are written to LOG, so that the parent knows which one crashed or hung.
Prints one line per unexpected exception.
"""

from __future__ import annotations

import os
import pathlib
import resource
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

import caudal as tf  # noqa: E402
from caudal import _core  # noqa: E402
from caudal.framework.op_factory import apply  # noqa: E402
from property import harness  # noqa: E402

ACCEPTED = (tf.errors.OpError, ValueError, TypeError, NotImplementedError, LookupError)
NOT_ACCEPTED = (tf.errors.InternalError, tf.errors.UnknownError)
SHAPES = [(), (0,), (1,), (2,), (3,), (4,), (2, 3), (3, 3), (0, 3), (3, 0), (1, 1), (2, 2, 2),
          (1, 3, 3, 1), (2, 4, 4, 2), (0, 2, 2, 1), (1, 2, 2, 2, 1), (2, 1, 0, 1, 2),
          (1, 1, 1, 1, 1, 1, 1, 1)]  # fmt: skip
HUGE = [2**31 - 1, -(2**31), 2**62, -(2**63), 2**40, 65536]
NUMBERS = [0, 1, 2, 3, -1, -2, 7]
TEXTS = [b"", b"a", b"\xff\xfe\x00", b"12", b"-1.5e400", b"x" * 300, b"{", b"\x0a\xff\xff\xff\x7f"]
STRINGS = ["", "SAME", "VALID", "NHWC", "NCHW", "nonsense", "sum", "[", "(", "\\", "%"]
LISTS = [[], [1], [0], [-1], [1, 1], [1, 2], [2**31 - 1], [1, 1, 1, 1], [1, 2, 2, 1], [0, 0, 0, 0],
         [1, -1, 1, 1], [1, 2**40, 1, 1], [1, 1, 1, 1, 1], [1, 2, 2, 2, 1]]  # fmt: skip
SKIPPED = {
    # They need functions of Python or subgraphs, and do what those do.
    "If", "While", "StatelessIf", "StatelessWhile", "PyFunc", "PyFuncStateless", "EagerPyFunc",
    # They write files: their own tests feed them bad names.
    "WriteFile", "SaveV2", "Save", "SaveSlices", "MergeV2Checkpoints",
}  # fmt: skip


def some_value(rng, dtype, shape):
    """An array of a dtype: ordinary, extreme, or not a number."""
    name = tf.as_dtype(dtype).name
    n = int(np.prod(shape))
    if name == "string":
        flat = [TEXTS[i] for i in rng.integers(0, len(TEXTS), n)]
        return np.array(flat, dtype=object).reshape(shape)
    kind = rng.integers(0, 4)
    numpy_dtype = tf.as_dtype(dtype).as_numpy_dtype
    if name == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if tf.as_dtype(dtype).is_floating or tf.as_dtype(dtype).is_complex:
        value = rng.uniform(-2, 2, shape)
        if kind == 1:
            value = rng.choice([np.nan, np.inf, -np.inf, 0.0, 1e30, -1e-40], shape)
        if kind == 2:
            value = rng.integers(-3, 4, shape)
        with np.errstate(all="ignore"):
            return np.asarray(value, np.float64).astype(numpy_dtype)
    if kind == 0:
        flat = [HUGE[i] for i in rng.integers(0, len(HUGE), n)]
    else:
        flat = [NUMBERS[i] for i in rng.integers(0, len(NUMBERS), n)]
    info = np.iinfo(np.dtype(numpy_dtype)) if np.dtype(numpy_dtype).kind in "iu" else None
    if info is None:
        return np.zeros(shape, numpy_dtype)
    flat = [min(max(v, int(info.min)), int(info.max)) for v in flat]
    return np.array(flat, dtype=numpy_dtype).reshape(shape)


def some_attr(rng, definition):
    kind, allowed = definition["type"], definition.get("allowed_strings")
    if kind == "string":
        return str(rng.choice(allowed or STRINGS))
    if kind == "int":
        return int(rng.choice([*NUMBERS, 2**31 - 1, 2**62]))
    if kind == "float":
        return float(rng.choice([0.0, 1.0, -1.0, 0.5, np.nan, np.inf, 1e30]))
    if kind == "bool":
        return bool(rng.integers(0, 2))
    if kind == "type":
        return int(rng.choice(definition.get("allowed_types") or FED))
    if kind == "shape":
        return [None, (), (2,), (-1,), (2, -1), (2**40, 2**40)][rng.integers(0, 6)]
    if kind == "list(int)":
        return LISTS[rng.integers(0, len(LISTS))]
    if kind == "list(float)":
        return [[], [1.0], [np.nan, 1.0], [2.0, 1.0, 1.5]][rng.integers(0, 4)]
    if kind == "list(string)":
        return [[], ["a"], ["", "b"]][rng.integers(0, 3)]
    if kind == "list(type)":
        return [int(t) for t in rng.choice(FED, rng.integers(0, 4))]
    if kind == "list(shape)":
        return [[], [()], [(2,), (-1,)]][rng.integers(0, 3)]
    if kind == "list(bool)":
        return [[], [True], [False, True]][rng.integers(0, 3)]
    if kind == "tensor":
        return np.zeros((2,), np.float32)
    return None


FED = [1, 2, 3, 4, 7, 9, 10]  # float ... bool: what attributes without a list of types get


class Trial:
    """One call: tensors are constants, or placeholders of unknown shape."""

    def __init__(self, rng):
        self.rng = rng
        self.feeds = {}
        self.handles = []

    def tensor(self, dtype, value=None):
        dtype = tf.as_dtype(dtype).base_dtype
        if dtype in (tf.resource, tf.variant):
            return self.handle(dtype)
        if value is None:
            value = some_value(self.rng, dtype, SHAPES[self.rng.integers(0, len(SHAPES))])
        if self.rng.random() < 0.4:
            return tf.constant(value, dtype)
        placeholder = tf.placeholder(dtype)
        self.feeds[placeholder] = value
        return placeholder

    def handle(self, dtype):
        """A handle of something; rarely of what the op expects."""
        if dtype == tf.variant:
            return tf.placeholder(dtype)
        array = tf.TensorArray(tf.float32, 2)
        return array.handle

    def ref(self, dtype):
        dtype = tf.as_dtype(dtype).base_dtype
        value = some_value(self.rng, dtype, SHAPES[self.rng.integers(0, len(SHAPES))])
        variable = tf.Variable(tf.constant(value, dtype), validate_shape=False)
        self.handles.append(variable.initializer)
        return variable._ref() if hasattr(variable, "_ref") else variable


def from_signature(op, rng, trial):
    attrs = {}
    for definition in op["attrs"]:
        chosen = some_attr(rng, definition)
        optional = "default" in definition and rng.random() < 0.6
        if chosen is not None and not optional:
            attrs[definition["name"]] = chosen
    arguments = []
    for formal in op["inputs"]:
        kind = formal["type"] or attrs.get(formal["type_attr"]) or 1

        def make(kind=kind, formal=formal):
            if rng.random() < 0.1:
                kind = int(rng.choice(FED))
            return trial.ref(kind) if formal["is_ref"] else trial.tensor(kind)

        if formal["number_attr"]:
            arguments.append([make() for _ in range(rng.integers(0, 4))])
        elif formal["type_list_attr"]:
            arguments.append([trial.tensor(t) for t in attrs.get(formal["type_list_attr"], [1])])
        else:
            arguments.append(make())
    # What the inputs tell is not given again, or contradicts them now and then.
    told = {f[k] for f in op["inputs"] for k in ("type_attr", "number_attr", "type_list_attr")}
    return arguments, {k: v for k, v in attrs.items() if k not in told or rng.random() < 0.05}


def from_case(line, op, rng, trial):
    case = line.cases[rng.integers(len(line.cases))] if line.cases else None
    dtype = (harness.dtypes_of(line) + harness.narrow_dtypes_of(line))[0]
    if case is None:
        case = harness.shaped_case(line, (2, 3), line.attrs[0], rng)
    values = harness.draw_values(line, case, dtype, rng)
    for _ in range(rng.integers(1, 3)):
        i = rng.integers(0, len(values)) if values else None
        if i is None:
            break
        kind = tf.string if values[i].dtype == object else values[i].dtype
        if rng.random() < 0.15:
            kind = int(rng.choice(FED))
        shape = values[i].shape
        if rng.random() < 0.6:
            shape = SHAPES[rng.integers(0, len(SHAPES))]
        values[i] = some_value(rng, kind, shape)
    tensors = [trial.tensor(tf.string if v.dtype == object else v.dtype, v) for v in values]
    attrs = harness.typed_attrs(line.name, case.attrs)
    if op["attrs"] and rng.random() < 0.3:
        definition = op["attrs"][rng.integers(0, len(op["attrs"]))]
        chosen = some_attr(rng, definition)
        if definition["name"] in attrs and chosen is not None:
            attrs[definition["name"]] = chosen
    return harness.nest(case.inputs, tensors), attrs


def attempt(name, seed, log):
    """Runs one trial; returns the text of an exception that should not have been."""
    os.pwrite(log, f"{name} {seed}".ljust(120).encode(), 0)
    rng = np.random.default_rng([zlib.crc32(name.encode()), seed])
    op = _core.op_def(name)
    line = harness.lines().get(name)
    with tf.Graph().as_default():
        trial = Trial(rng)
        try:
            if line is not None and line.reference is not None and rng.random() < 0.7:
                arguments, attrs = from_case(line, op, rng, trial)
            else:
                arguments, attrs = from_signature(op, rng, trial)
            result = apply(name, *arguments, **attrs)
            with tf.Session() as session:
                session.run(trial.handles)
                session.run(result, trial.feeds, options=tf.RunOptions(timeout_in_ms=20000))
        except NOT_ACCEPTED as error:
            return f"{name} seed {seed}: {type(error).__name__}: {str(error)[:300]}"
        except ACCEPTED:
            return None
        except Exception as error:  # noqa: BLE001 - reported to the parent
            return f"{name} seed {seed}: {type(error).__name__}: {str(error)[:300]}"
    return None


def main():
    first, trials, log_path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if "ASAN_OPTIONS" not in os.environ:  # which reserves address space by the terabyte
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    log = os.open(log_path, os.O_CREAT | os.O_WRONLY)
    tf.logging.set_verbosity(tf.logging.FATAL)
    for name in sys.argv[4:]:
        if name in SKIPPED:
            continue
        for seed in range(first, first + trials):
            problem = attempt(name, seed, log)
            if problem is not None:
                print(problem, flush=True)


if __name__ == "__main__":
    main()
