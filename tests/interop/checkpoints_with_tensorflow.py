# SPDX-License-Identifier: Apache-2.0
"""Runs under TensorFlow, 1.15 or 2: saves VALUES below a folder, then reads what caudal saved.

python checkpoints_with_tensorflow.py THEIRS OURS
"""

import sys

import numpy as np

DTYPES = ["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "uint16",
          "bool", "complex64", "complex128"]  # fmt: skip
NOT_IN_VERSION_1 = {"float16", "uint16"}


def values():
    """{name: array}, in the order in which they are saved."""
    rng = np.random.RandomState(0)
    out = {}
    for dtype in DTYPES:
        for shape in [(), (3, 5), (0, 2)]:
            value = np.asarray(rng.uniform(-100, 100, shape)).astype(dtype)
            out["%s/%d" % (dtype, value.size)] = value
    out["text"] = np.array([[b"", b"a\0b"], [b"x" * 300, b"\xff"]], object)
    for i in range(1600):  # the index takes several blocks
        out["%d/%s" % (i * 7919, "a_long_name" * 15)] = np.int32(i)
    return {name: out[name] for name in sorted(out)}


def old_values():
    return {n: v for n, v in values().items() if n.split("/")[0] not in NOT_IN_VERSION_1}


PARTS = ["8 3 0,3:0,3", "8 3 3,1:-", "8 3 4,4:0,3"]


def part_values():
    whole = np.arange(24, dtype=np.float32).reshape(8, 3)
    return whole, [whole[0:3], whole[3:4], whole[4:8]]


def names_and_slices():
    """Of version 2: tensors with names, and one in parts."""
    names, everything = list(values()), list(values().values())
    slices = [""] * len(names) + PARTS
    return names + ["in/parts"] * 3, slices, everything + part_values()[1]


def main():
    try:
        import tensorflow.compat.v1 as tf
    except ImportError:
        import tensorflow as tf
    theirs, ours = sys.argv[1:]
    tf.disable_eager_execution()
    with tf.Session() as session:
        names, slices, tensors = names_and_slices()
        session.run(tf.raw_ops.SaveV2(prefix=theirs + "/v2", tensor_names=names,
                                      shape_and_slices=slices, tensors=tensors))  # fmt: skip
        old = old_values()
        session.run(tf.raw_ops.SaveSlices(
            filename=theirs + "/v1", tensor_names=list(old) + ["in/parts"] * 3,
            shapes_and_slices=[""] * len(old) + PARTS, data=list(old.values()) + part_values()[1],
        ))  # fmt: skip
    for name, expected in [("v2", values()), ("v1", old_values())]:
        reader = tf.train.NewCheckpointReader(ours + "/" + name)
        shapes = reader.get_variable_to_shape_map()
        assert set(shapes) == set(expected) | {"in/parts"}, name
        restored = tf.raw_ops.RestoreV2(
            prefix=ours + "/" + name, tensor_names=list(expected) + ["in/parts"],
            shape_and_slices=[""] * len(expected) + PARTS[:1],
            dtypes=[tf.string if v.dtype == object else v.dtype for v in expected.values()]
            + [tf.float32],
        )  # fmt: skip
        with tf.Session() as session:
            found = session.run(restored)
        np.testing.assert_array_equal(found[-1], part_values()[1][0])
        for tensor, value in zip(expected, found):
            assert np.shape(value) == expected[tensor].shape, tensor
            np.testing.assert_array_equal(value, expected[tensor])
    print("read", tf.__version__)


if __name__ == "__main__":
    main()
