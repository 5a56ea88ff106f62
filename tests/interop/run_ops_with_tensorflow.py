# SPDX-License-Identifier: Apache-2.0
"""Runs single ops with real TensorFlow: run_ops_with_tensorflow.py JOBS ANSWERS FIRST.

JOBS is a pickled list of dicts made by test_every_op.py; to ANSWERS are written, pickled, the
version of TensorFlow and an answer for each job from number FIRST on, so that what was answered
survives a crash: ("values", [array, ...], [gradient or None, ...]) or ("error", class name,
message); such an error stands for the gradients, too. Arrays are (dtype name, shape, bytes or list
of bytes), which every NumPy reads.
"""

import os
import pickle
import sys
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import tensorflow  # noqa: E402

if tensorflow.__version__.startswith("1."):
    tf = tensorflow
else:
    tf = tensorflow.compat.v1
    tf.disable_v2_behavior()
tf.logging.set_verbosity(tf.logging.FATAL)


# By the registry's names of inputs and attributes, which tf.raw_ops renames.
from tensorflow.python.framework import op_def_registry  # noqa: E402

try:
    from tensorflow.python.framework.op_def_library import apply_op

    registered = op_def_registry.get
except ImportError:
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.framework.op_def_library import OpDefLibrary

    library = OpDefLibrary()
    everything = op_def_registry.get_registered_ops()
    library.add_op_list(op_def_pb2.OpList(op=everything.values()))
    apply_op = library.apply_op
    registered = everything.get


def default_of(attr):
    value, kind = attr.default_value, attr.type
    if kind.startswith("list("):
        kind, value = kind[5:-1], value.list
    plain = {"int": "i", "float": "f", "bool": "b", "string": "s", "type": "type", "shape": "shape"}
    found = getattr(value, plain[kind])
    wrap = {"type": tf.as_dtype, "shape": tf.TensorShape}.get(kind, lambda v: v)
    return [wrap(v) for v in found] if attr.type.startswith("list(") else wrap(found)


def add_op(name, **arguments):
    definition = registered(name)
    if definition is None:
        raise AttributeError("has no attribute " + name)
    told = {a for i in definition.input_arg for a in (i.type_attr, i.number_attr, i.type_list_attr)}
    arguments = {k: v for k, v in arguments.items() if k not in told}
    for attr in definition.attr:
        if attr.name not in arguments and attr.name not in told and attr.HasField("default_value"):
            arguments[attr.name] = default_of(attr)
    return apply_op(name, **arguments)


def decode(packed):
    dtype, shape, data = packed
    if dtype == "string":
        return np.array(data, dtype=object).reshape(shape)
    if dtype == "bfloat16":
        dtype = tf.bfloat16.as_numpy_dtype
    return np.frombuffer(data, dtype=dtype).reshape(shape)


def encode(value):
    value = np.asarray(value)
    if value.dtype == object:
        return ("string", value.shape, [bytes(v) for v in value.ravel()])
    return (value.dtype.name, value.shape, np.ascontiguousarray(value).tobytes())


def unpack(item, make):
    return [unpack(i, make) for i in item] if isinstance(item, list) else make(item)


def attr(value):
    if isinstance(value, tuple) and value and value[0] == "types":
        return [tf.as_dtype(v) for v in value[1]]
    if isinstance(value, tuple) and value and value[0] == "type":
        return tf.as_dtype(value[1])
    return value


def run(job):
    feeds = {}
    sources = []

    def tensor(packed):
        value = decode(packed)
        if packed[0] == "string":
            return tf.constant(value.tolist(), tf.string, shape=value.shape)
        source = tf.placeholder(tf.as_dtype(value.dtype), value.shape)
        feeds[source] = value
        sources.append(source)
        return source

    arguments = {name: unpack(item, tensor) for name, item in job["inputs"]}
    arguments.update({name: attr(value) for name, value in job["attrs"].items()})
    outputs = add_op(job["op"], **arguments)
    flat = []
    for item in outputs if isinstance(outputs, (list, tuple)) else [outputs]:
        flat.extend(item if isinstance(item, (list, tuple)) else [item])
    with tf.Session() as session:
        values = session.run(flat, feeds)
        try:
            gradients = run_gradients(session, job, flat, sources, feeds)
        except Exception as error:  # noqa: BLE001 - the answer is the error
            gradients = failed(error)
    return ("values", [encode(v) for v in values], gradients)


def run_gradients(session, job, flat, sources, feeds):
    if not job["dys"]:
        return []
    ys = [flat[i] for i, _ in job["dys"]]
    dys = [tf.constant(decode(d), y.dtype) for (_, d), y in zip(job["dys"], ys)]
    found = tf.gradients(ys, [sources[i] for i in job["xs"]], dys)
    dense = [None if grad is None else tf.convert_to_tensor(grad) for grad in found]
    return [None if d is None else encode(session.run(d, feeds)) for d in dense]


def short(text):
    """An error's text without the lines that tell where the node was made."""
    lines = (line.strip() for line in text.splitlines())
    where = ("File ", "Detected at", "Graph execution error", "node: ")
    return "\n".join(line for line in lines if line and not line.startswith(where))[:900]


def failed(error):
    return ("error", type(error).__name__, short(str(error)))


def main(jobs_path, answers_path, first):
    with open(jobs_path, "rb") as file:
        jobs = pickle.load(file)[int(first) :]
    with open(answers_path, "wb") as file:
        pickle.dump(tensorflow.__version__, file, protocol=4)
        for job in jobs:
            # Ops without a kernel for the CPU must not go to a compiler that is another device.
            with tf.Graph().as_default(), tf.device("/cpu:0"):
                try:
                    answer = run(job)
                except Exception as error:  # noqa: BLE001 - the answer is the error
                    answer = failed(error)
            pickle.dump(answer, file, protocol=4)
            file.flush()


main(*sys.argv[1:4])
