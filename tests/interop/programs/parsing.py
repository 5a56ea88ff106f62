# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B023
"""Raw bytes, CSV, serialised tensors, Examples and SequenceExamples; and their errors."""

import struct

import numpy as np

import caudal as tf


def varint(v):
    v &= (1 << 64) - 1
    out = b""
    while v >= 0x80:
        out += bytes([v & 0x7F | 0x80])
        v >>= 7
    return out + bytes([v])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def feature(values, packed=True):
    if not values:
        return b""
    if isinstance(values[0], bytes):
        return field(1, b"".join(field(1, v) for v in values))
    if isinstance(values[0], float):
        if packed:
            return field(2, field(1, struct.pack("<%df" % len(values), *values)))
        return field(2, b"".join(b"\x0d" + struct.pack("<f", v) for v in values))
    if packed:
        return field(3, field(1, b"".join(varint(v) for v in values)))
    return field(3, b"".join(b"\x08" + varint(v) for v in values))


def features(packed=True, **named):
    return b"".join(
        field(1, field(1, k.encode()) + field(2, feature(v, packed))) for k, v in named.items()
    )


def example(packed=True, **named):
    return field(1, features(packed, **named))


def sequence(context, lists):
    steps = b"".join(
        field(1, field(1, k.encode()) + field(2, b"".join(field(1, feature(s)) for s in v)))
        for k, v in lists.items()
    )
    return field(1, features(**context)) + field(2, steps)


def plain(value):
    if hasattr(value, "indices"):
        return [np.array(part).tolist() for part in value]
    return np.array(value).tolist()


def run(name, build):
    with tf.Graph().as_default(), tf.Session() as sess:
        try:
            value = sess.run(build())
        except (ValueError, TypeError, tf.errors.OpError) as error:
            print(name, type(error).__name__)
            return
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, (list, tuple)) and not hasattr(value, "indices"):
        for v in value:
            print(name, *([(k, plain(v[k])) for k in sorted(v)] if isinstance(v, dict)
                          else [plain(v)]))  # fmt: skip
    else:
        print(name, plain(value))


for kind in (tf.uint8, tf.int8, tf.int16, tf.int32, tf.int64, tf.float32, tf.float64, tf.bool):
    data = [b"\x01\x02\x03\x04\x05\x06\x07\x08", b"\x00\x00\x80\x3f\x00\x00\x00\x40"]
    run("raw " + kind.name, lambda: tf.decode_raw(data, kind))
    run("big " + kind.name, lambda: tf.decode_raw(data, kind, little_endian=False))
run("raw uneven", lambda: tf.decode_raw([b"abc"], tf.int32))
run("raw lengths", lambda: tf.decode_raw([b"ab", b"a"], tf.uint8))
run("raw none", lambda: tf.decode_raw(tf.constant([], tf.string), tf.int32))

INTS, MIXED = [[0], [0]], [[1], [2.5], ["x"]]
for line in ("1,2", "1", "1,2,3", ",2", "1,", '"1","2"', "1, 2", "a,2", "1,\n2", "", "1,2\n"):
    run("csv %r" % line, lambda: tf.decode_csv(line, INTS))
for line in ("1,2,a", "1,2,", ",,", '1,2,"a""b"', '1,2,"a', '1,2,a"b', '1,2,"a"b', "1,2,a b ",
             '1,2,"a,b"', "1,1e3,q"):  # fmt: skip
    run("mixed %r" % line, lambda: tf.decode_csv([line], MIXED))
run("csv required", lambda: tf.decode_csv(",2", [tf.constant([], tf.int32), [0]]))
run("csv delimiter", lambda: tf.decode_csv("1;2", INTS, field_delim=";"))
run("csv quotes", lambda: tf.decode_csv('"a",b', [[""], [""]], use_quote_delim=False))
run("csv na", lambda: tf.decode_csv("NA,2", [[7], [0]], na_value="NA"))
run("csv columns", lambda: tf.decode_csv("1,2,3,4", INTS, select_cols=[1, 3]))
run("csv bad columns", lambda: tf.decode_csv("1,2,3,4", INTS, select_cols=[3, 1]))
run(
    "csv kinds",
    lambda: tf.decode_csv(
        ["1,2,3,4,5"] * 2, [np.int32([0]), np.int64([0]), np.float32([0]), np.float64([0]), [""]]
    ),
)

for x in (np.float32([[1, 2], [3, 4]]), np.int64(-7), np.array([True, False]), np.zeros((0, 3)),
          np.array([[b"a", b""]], object)):  # fmt: skip
    kind = tf.as_dtype(x.dtype) if x.dtype != object else tf.string
    run(
        "tensor %s" % kind.name,
        lambda: tf.parse_tensor(tf.serialize_tensor(tf.constant(x, kind)), kind),
    )
    run("bytes %s" % kind.name, lambda: tf.serialize_tensor(tf.constant(x, kind)))
run("tensor of another dtype", lambda: tf.parse_tensor(tf.serialize_tensor([1]), tf.float32))

F, V = tf.FixedLenFeature, tf.VarLenFeature
ONE = example(a=[1.0, 2.0], b=[3, -4, 5], c=[b"x"])
TWO = example(False, a=[5.0, 6.0], b=[7], d=[b"y", b"z"])
ALL = {"a": F([2], tf.float32), "b": V(tf.int64), "c": F([], tf.string, "none"),
       "d": V(tf.string)}  # fmt: skip
run("batch", lambda: tf.parse_example([ONE, TWO], ALL))
run("batch of none", lambda: tf.parse_example(tf.constant([], tf.string), ALL))
run("single", lambda: tf.parse_single_example(TWO, ALL))
run(
    "rows",
    lambda: tf.parse_example(
        [ONE, TWO],
        {
            "b": tf.FixedLenSequenceFeature([], tf.int64, True),
            "a": tf.FixedLenSequenceFeature([2], tf.float32, True, -1.0),
            "d": tf.FixedLenSequenceFeature([], tf.string, True, default_value="pad"),
        },
    ),
)
run(
    "single rows",
    lambda: tf.parse_single_example(ONE, {"b": tf.FixedLenSequenceFeature([], tf.int64, True)}),
)
run(
    "stride",
    lambda: tf.parse_example([ONE], {"b": tf.FixedLenSequenceFeature([2], tf.int64, True)}),
)
run(
    "sparse feature",
    lambda: tf.parse_example(
        [example(i=[4, 1], v=[1.5, 2.5]), example()],
        {"s": tf.SparseFeature("i", "v", tf.float32, 6)},
    ),
)
run("missing", lambda: tf.parse_example([TWO], {"c": F([], tf.string)}))
run("wrong count", lambda: tf.parse_example([ONE], {"a": F([3], tf.float32)}))
run("wrong type", lambda: tf.parse_example([ONE], {"a": F([2], tf.int64)}))
run("wrong sparse type", lambda: tf.parse_example([ONE], {"a": V(tf.int64)}))
run("no features", lambda: tf.parse_example([ONE], {}))
run("unknown shape", lambda: tf.parse_example([ONE], {"a": F([None], tf.float32)}))
run(
    "defaults",
    lambda: tf.parse_example(
        [example()], {"a": F([2], tf.float32, [1.0, 2.0]), "b": F([1, 2], tf.int64, [[3, 4]])}
    ),
)

STEPS = sequence({"n": [2]}, {"x": [[1.0, 2.0], [3.0, 4.0]], "y": [[b"a"], [b"b", b"c"], []]})
S = tf.FixedLenSequenceFeature
run(
    "sequence",
    lambda: tf.parse_single_sequence_example(
        STEPS,
        {"n": F([], tf.int64), "m": V(tf.float32)},
        {"x": S([2], tf.float32), "y": V(tf.string), "z": S([], tf.int64, allow_missing=True)},
    ),
)
run(
    "sequence batch",
    lambda: tf.io.parse_sequence_example(
        [STEPS, sequence({"n": [1]}, {"x": [[5.0, 6.0]]})],
        {"n": F([], tf.int64)},
        {"x": S([2], tf.float32), "y": V(tf.string)},
    ),
)
run(
    "sequence missing",
    lambda: tf.parse_single_sequence_example(STEPS, sequence_features={"z": S([], tf.int64)}),
)
run(
    "sequence count",
    lambda: tf.parse_single_sequence_example(STEPS, sequence_features={"x": S([3], tf.float32)}),
)
run(
    "sequence type",
    lambda: tf.parse_single_sequence_example(STEPS, sequence_features={"x": S([2], tf.int64)}),
)
JSON = '{"features": {"feature": {"a": {"int64List": {"value": ["3", "4"]}}}}}'
run("json", lambda: tf.parse_example(tf.decode_json_example([JSON]), {"a": F([2], tf.int64)}))
