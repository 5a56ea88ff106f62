# SPDX-License-Identifier: Apache-2.0
"""Strings, files, and parsing of bytes and text."""

import base64
import os
import re
import struct
import tempfile

import numpy as np

from caudal.framework.op_factory import apply
from property.catalog import case, const, op, stateful, text

WORDS = text(np.array([b"", b"a", b" Hello World ", "h\u00e9\u4e16".encode(), b"0123456789" * 20],
                      object))  # fmt: skip
EMPTY = text(np.zeros((0, 2), object))


def each(f, dtype=object):
    def reference(x, *args, **attrs):
        out = np.empty(x.shape, dtype)
        flat = out.reshape(-1)
        for i, v in enumerate(np.asarray(x, object).reshape(-1)):
            flat[i] = f(v, *args, **attrs)
        return flat.reshape(x.shape)

    return reference


def per_word(name, f, dtype=object, **attrs):
    op(name, each(f, dtype), cases=[case(WORDS, **attrs), case(EMPTY, **attrs)])


per_word("StringStrip", lambda s: s.strip())
op("StringLower", each(lambda s, encoding="": s.lower()), cases=[case(WORDS), case(EMPTY)],
   bad=[case(WORDS, encoding="latin")])  # fmt: skip
op("StringUpper", each(lambda s, encoding="": s.upper()), cases=[case(WORDS)],
   bad=[case(WORDS, encoding="latin")])  # fmt: skip
op(
    "StringLength",
    each(lambda s, unit="BYTE": len(s) if unit == "BYTE" else len(s.decode()), np.int32),
    cases=[case(WORDS), case(WORDS, unit="UTF8_CHAR"), case(EMPTY)],
)
op(
    "EncodeBase64",
    each(lambda s, pad=False: base64.urlsafe_b64encode(s).rstrip(b"" if pad else b"=")),
    cases=[case(WORDS), case(WORDS, pad=True)],
)
op(
    "DecodeBase64",
    each(lambda s: base64.urlsafe_b64decode(s + b"=" * (-len(s) % 4))),
    cases=[case(text(np.array([b"", b"YQ", b"YWI=", b"__-_"], object)))],
    bad=[case(text(b"a+b=")), case(text(b"abcde"))],
)

# Known values of the three hashes, below 1000.
HASHED = text(np.array([b"", b"a", b"Hello World", b"0123456789" * 20], object))
for name, numbers, attrs in (
    ("StringToHashBucket", [899, 868, 944, 823], {}),
    ("StringToHashBucketFast", [263, 939, 971, 285], {}),
    ("StringToHashBucketStrong", [1, 511, 44, 262], {"key": [3, 5]}),
):
    op(
        name,
        lambda x, numbers=numbers, **attrs: np.array(numbers),
        cases=[case(HASHED, num_buckets=1000, **attrs)],
        bad=[case(HASHED, num_buckets=0, **attrs)],
    )

op(
    "Substr",
    lambda s, pos, length, unit="BYTE": each(lambda v: v[1:3])(s),
    cases=[
        case(text(np.array([b"hello", b"abc"], object)), const(1), const(2)),
        case(text(np.array([b"hello", b"abc"], object)), const([1, -2]), const([2, 9])),
    ],
    bad=[
        case(text(b"abc"), const(4), const(1)),
        case(text(b"abc"), const(-4), const(1)),
        case(text(b"abc"), const([0, 1]), const(1)),
    ],
)
MATRIX = text(np.array([[b"a", b"b", b"c"], [b"d", b"e", b"f"]], object))


def joined(x, axes, keep_dims=False, separator=""):
    axes = [int(a) % x.ndim for a in np.ravel(axes)]
    rest = [d for d in range(x.ndim) if d not in axes]
    moved = x.transpose(rest + axes[::-1])
    flat = moved.reshape(int(np.prod([x.shape[d] for d in rest], dtype=int)), -1)
    shape = [x.shape[d] for d in rest]
    if keep_dims:
        shape = [1 if d in axes else s for d, s in enumerate(x.shape)]
    out = np.empty(len(flat), object)
    out[:] = [separator.encode().join(row) for row in flat]
    return out.reshape(shape)


op(
    "ReduceJoin",
    joined,
    cases=[
        case(MATRIX, const([0])),
        case(MATRIX, const([0, 1]), separator="-", keep_dims=True),
        case(MATRIX, const([1, 0]), keep_dims=True),
        case(MATRIX, const(-1), keep_dims=True),
        case(MATRIX, const(np.zeros(0))),
    ],
    bad=[case(MATRIX, const([2])), case(MATRIX, const([0, 0]))],
)
op(
    "UnsortedSegmentJoin",
    lambda x, ids, n, separator="": np.array([b"b", b"a:c", b""], object),
    cases=[
        case(text(np.array([b"a", b"b", b"c"], object)), const([1, 0, 1]), const(3), separator=":")
    ],  # fmt: skip
    bad=[
        case(text(np.array([b"a"], object)), const([3]), const(3)),
        case(text(np.array([b"a"], object)), const([0]), const(-1)),
    ],
)


def pieces(split):
    def reference(x, sep, **attrs):
        rows = [split(v, bytes(sep.item()), **attrs) for v in x]
        at = [[i, k] for i, row in enumerate(rows) for k in range(len(row))]
        values = np.empty(len(at), object)
        values[:] = sum(rows, [])
        widest = max([len(r) for r in rows], default=0)
        return np.array(at).reshape(-1, 2), values, np.array([len(rows), widest])

    return reference


LINES = text(np.array([b"a b", b"", b"c,d e"], object))
op(
    "StringSplit",
    pieces(lambda v, sep, skip_empty=True: [p for p in re.split(b"[" + sep + b"]", v) if p]),
    cases=[case(LINES, text(b" ")), case(LINES, text(b" ,"))],
    bad=[case(text(b"a"), text(b" ")), case(LINES, text(np.array([b" "], object)))],
)
op(
    "StringSplitV2",
    pieces(lambda v, sep, maxsplit=-1: v.split(sep or None, maxsplit)),
    cases=[case(LINES, text(b"")), case(LINES, text(b" ")), case(LINES, text(b" "), maxsplit=1)],
    bad=[case(text(b"a"), text(b" "))],
)
_GRAMS = dict(separator=" ", ngram_widths=[2], left_pad="", right_pad="", pad_width=0,
              preserve_short_sequences=False)  # fmt: skip
op(
    "StringNGrams",
    lambda data, splits, **attrs: (np.array([b"a b", b"c d", b"d e"], object), [0, 1, 3]),
    cases=[
        case(
            text(np.array([b"a", b"b", b"c", b"d", b"e"], object)),
            const([0, 2, 5], "int64"),
            **_GRAMS,
        )
    ],  # fmt: skip
    bad=[
        case(text(np.array([b"a"], object)), const([0, 2], "int64"), **_GRAMS),
        case(text(np.array([b"a"], object)), const([1, 1], "int64"), **_GRAMS),
        case(
            text(np.array([b"a"], object)),
            const([0, 1], "int64"),
            **{**_GRAMS, "ngram_widths": [0]},
        ),
    ],
)

# ---- regular expressions -------------------------------------------------------------------------

op("RegexFullMatch", each(lambda s, p: bool(re.fullmatch(bytes(p.item()), s)), bool),
   cases=[case(WORDS, text(b"[a-z]*"))], bad=[case(WORDS, text(b"("))])  # fmt: skip
op("StaticRegexFullMatch", each(lambda s, pattern: bool(re.fullmatch(pattern.encode(), s)), bool),
   cases=[case(WORDS, pattern="[0-9]+")], bad=[case(WORDS, pattern="(")])  # fmt: skip
op(
    "RegexReplace",
    each(lambda s, p, r, replace_global=True: re.sub(
        bytes(p.item()), bytes(r.item()), s, count=0 if replace_global else 1)),
    cases=[
        case(WORDS, text(b"(l)(o)"), text(b"\\2\\1")),
        case(WORDS, text(b"l"), text(b"L"), replace_global=False),
    ],
    bad=[case(WORDS, text(b"["), text(b""))],
)  # fmt: skip
op(
    "StaticRegexReplace",
    each(lambda s, pattern, rewrite, replace_global=True: s.replace(b"l", b"<>")),
    cases=[case(WORDS, pattern="l", rewrite="<>")],
    bad=[case(WORDS, pattern="*", rewrite="")],
)

# ---- Unicode -------------------------------------------------------------------------------------

LETTERS = text(np.array([b"a\xff", "h\u00e9\U0001f600".encode()], object))
POINTS = [97, 0xFFFD, 104, 0xE9, 0x1F600]
op(
    "UnicodeDecode",
    lambda x, **attrs: (np.array([0, 2, 5]), np.array(POINTS, np.int32)),
    cases=[case(LETTERS, input_encoding="UTF-8")],
    bad=[
        case(LETTERS, input_encoding="UTF-8", errors="strict"),
        case(LETTERS, input_encoding="no such encoding"),
        case(LETTERS, input_encoding="UTF-8", replacement_char=0x110000),
    ],
)
op(
    "UnicodeDecodeWithOffsets",
    lambda x, **attrs: (np.array([0, 2, 5]), np.array(POINTS, np.int32), np.array([0, 1, 0, 1, 3])),
    cases=[case(LETTERS, input_encoding="UTF-8")],
    bad=[case(LETTERS, input_encoding="UTF-8", errors="strict")],
)
op(
    "UnicodeEncode",
    lambda values, splits, **attrs: np.array(["a\ufffd".encode(), b"", "\u00e9".encode()], object),
    cases=[case(const([97, 0xD800, 0xE9]), const([0, 2, 2, 3], "int64"), output_encoding="UTF-8")],
    bad=[
        case(const([97]), const([0, 2], "int64"), output_encoding="UTF-8"),
        case(const([97]), const([1, 1], "int64"), output_encoding="UTF-8"),
        case(const([-1]), const([0, 1], "int64"), output_encoding="UTF-8", errors="strict"),
    ],
)
op(
    "UnicodeTranscode",
    each(lambda s, **attrs: s.decode("latin-1").encode("utf-16-be")),
    cases=[case(WORDS, input_encoding="ISO-8859-1", output_encoding="UTF-16-BE")],
    bad=[case(LETTERS, input_encoding="UTF-8", output_encoding="UTF-8", errors="strict")],
)
op(
    "UnicodeScript",
    lambda x: np.array([25, 14, 17, 0, -1], np.int32),
    cases=[case(const([65, 0x3B1, 0x4E16, 32, -5]))],
)

# ---- files ---------------------------------------------------------------------------------------


def _files(tf, session, dtype):
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "sub", "a.txt")
    write = apply("WriteFile", path, b"some\0bytes")
    read = apply("ReadFile", path)
    found = apply("MatchingFiles", [os.path.join(folder, "*", "?.txt"), folder + "/none*"])
    missing = apply("ReadFile", path + ".none")
    name = apply("ShardedFilename", "a/b", 3, 10)
    spec = apply("ShardedFilespec", "a/b", 10)
    with session() as sess:
        sess.run(write)
        assert sess.run(read) == b"some\0bytes"
        assert sess.run(found).tolist() == [path.encode()]
        assert sess.run(name) == b"a/b-00003-of-00010"
        assert sess.run(spec) == b"a/b-?????-of-00010"
        try:
            sess.run(missing)
        except tf.errors.NotFoundError:
            pass
        else:
            raise AssertionError("no error")


for name in ("ReadFile", "WriteFile", "MatchingFiles", "ShardedFilename", "ShardedFilespec"):
    stateful(name, _files)

# ---- parsing -------------------------------------------------------------------------------------

op(
    "DecodeRaw",
    lambda x, out_type, little_endian=True: np.stack(
        [np.frombuffer(v, (">" if not little_endian else "<") + "i2") for v in x]
    ).astype(np.int16),
    cases=[
        case(text(np.array([b"abcd", b"efgh"], object)), out_type="int16"),
        case(text(np.array([b"abcd"], object)), out_type="int16", little_endian=False),
    ],
    bad=[
        case(text(np.array([b"abc"], object)), out_type="int16"),
        case(text(np.array([b"ab", b"a"], object)), out_type="int16"),
    ],
)
op(
    "DecodePaddedRaw",
    lambda x, n, out_type, little_endian=True: np.stack(
        [np.frombuffer(v[:4].ljust(4, b"\0"), np.uint8) for v in x]
    ),
    cases=[case(text(np.array([b"abcdef", b"e"], object)), const(4), out_type="uint8")],
    bad=[
        case(text(np.array([b"a"], object)), const(-1), out_type="uint8"),
        case(text(np.array([b"a"], object)), const(3), out_type="int16"),
    ],
)
op(
    "DecodeCSV",
    lambda x, defaults, **attrs: (np.array([1, 7]), np.array([2.5, 3], np.float32),
                                  np.array([b"x", b'a"b'], object)),
    cases=[case(text(np.array([b"1,2.5,x", b',3,"a""b"'], object)),
                [const([7]), const([0], "float32"), text(np.array([b""], object))])],
    bad=[
        case(text(np.array([b"1"], object)), [const([7]), const([0])]),
        case(text(np.array([b"a,1"], object)), [const([7]), const([0])]),
        case(text(np.array([b'"a,1'], object)), [const([7]), const([0])]),
        case(text(np.array([b",1"], object)), [const(np.zeros(0)), const([0])]),
        case(text(np.array([b"1,1"], object)), [const([7]), const([0])], field_delim=",,"),
    ],
)  # fmt: skip
op("StringToNumber", each(lambda s, out_type: float(s), np.float64),
   cases=[case(text(np.array([b"1.5", b"-2e3", b" 7 "], object)), out_type="float64")],
   bad=[case(text(b"x"), out_type="float64"), case(text(b"1.5"), out_type="int32"),
        case(text(b""), out_type="int64")])  # fmt: skip


def _tensors(tf, session, dtype):
    value = np.arange(6).reshape(2, 3).astype(dtype)
    back = apply(
        "ParseTensor", apply("SerializeTensor", tf.constant(value)), out_type=tf.as_dtype(dtype)
    )
    data = tf.placeholder(tf.string, [])
    parsed = apply("ParseTensor", data, out_type=tf.as_dtype(dtype))
    rng = np.random.default_rng(1)
    with session() as sess:
        np.testing.assert_array_equal(sess.run(back), value)
        good = sess.run(apply("SerializeTensor", tf.constant(value)))
        for _ in range(40):  # no bytes crash it
            cut = bytearray(good[: rng.integers(0, len(good) + 1)])
            if cut:
                cut[rng.integers(0, len(cut))] = rng.integers(0, 256)
            try:
                sess.run(parsed, {data: bytes(cut)})
            except tf.errors.OpError:
                pass


stateful("SerializeTensor", _tensors, "float32 int64")
stateful("ParseTensor", _tensors, "float32 int64")


def _compressed(tf, session, dtype):
    import gzip
    import zlib

    data = tf.placeholder(tf.string, [None])
    for kind, pack in (("", bytes), ("ZLIB", zlib.compress), ("GZIP", gzip.compress)):
        out = apply("DecodeCompressed", data, compression_type=kind)
        with session() as sess:
            assert sess.run(out, {data: [pack(b"abc"), pack(b"")]}).tolist() == [b"abc", b""]
            if kind:
                try:
                    sess.run(out, {data: [b"not compressed"]})
                except tf.errors.InvalidArgumentError:
                    continue
                raise AssertionError("no error")


stateful("DecodeCompressed", _compressed)


def _varint(v):
    return bytes([v]) if v < 128 else bytes([v & 127 | 128]) + _varint(v >> 7)


def field(number, data):
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def features(**named):
    out = b""
    for key, v in named.items():
        if isinstance(v[0], bytes):
            feature = field(1, b"".join(field(1, x) for x in v))
        elif isinstance(v[0], float):
            feature = field(2, field(1, struct.pack("<%df" % len(v), *v)))
        else:
            feature = field(3, field(1, b"".join(map(_varint, v))))
        out += field(1, field(1, key.encode()) + field(2, feature))
    return out


ONE, TWO = field(1, features(a=[1.0, 2.0], b=[3, 4])), field(1, features(a=[5.0, 6.0], c=[b"x"]))


def _examples(tf, session, dtype):
    kinds = {"a": tf.FixedLenFeature([2], tf.float32), "b": tf.VarLenFeature(tf.int64),
             "c": tf.FixedLenFeature([], tf.string, "none")}  # fmt: skip
    data = tf.placeholder(tf.string, [None])
    batch = tf.parse_example(data, kinds)
    one = tf.parse_single_example(data[0], kinds)
    json = apply("DecodeJSONExample", ['{"features": {"feature": {"b": {"int64List": '
                                       '{"value": ["3", "4"]}}}}}'])  # fmt: skip
    ids = tf.parse_example(json, {"b": tf.FixedLenFeature([2], tf.int64)})
    with session() as sess:
        got = sess.run(batch, {data: [ONE, TWO]})
        np.testing.assert_array_equal(got["a"], [[1, 2], [5, 6]])
        assert got["c"].tolist() == [b"none", b"x"] and got["b"].values.tolist() == [3, 4]
        assert sess.run(one, {data: [ONE]})["a"].tolist() == [1, 2]
        assert sess.run(ids)["b"].tolist() == [[3, 4]]
        _no_crash(tf, sess, batch, data, ONE)


def _no_crash(tf, sess, fetches, data, good):
    rng = np.random.default_rng(2)
    for _ in range(60):
        cut = bytearray(good)
        for _ in range(rng.integers(1, 4)):
            cut[rng.integers(0, len(cut))] = rng.integers(0, 256)
        try:
            sess.run(fetches, {data: [bytes(cut[: rng.integers(1, len(cut) + 1)])]})
        except tf.errors.OpError:
            pass


def _sequences(tf, session, dtype):
    step = field(2, field(1, struct.pack("<2f", 1, 2)))
    good = field(1, features(n=[7])) + field(
        2, field(1, field(1, b"x") + field(2, field(1, step) * 3))
    )
    data = tf.placeholder(tf.string, [None])
    context = {"n": tf.FixedLenFeature([], tf.int64)}
    lists = {"x": tf.FixedLenSequenceFeature([2], tf.float32)}
    ragged = {"x": tf.VarLenFeature(tf.float32)}
    one = tf.parse_single_sequence_example(data[0], context, lists)
    many = tf.io.parse_sequence_example(data, context, lists)
    loose = tf.io.parse_sequence_example(data, context, ragged)
    with session() as sess:
        got = sess.run(one, {data: [good]})
        assert got[0]["n"] == 7 and got[1]["x"].tolist() == [[1, 2]] * 3
        got = sess.run(many, {data: [good, good]})
        assert got[1]["x"].shape == (2, 3, 2) and got[2]["x"].tolist() == [3, 3]
        assert sess.run(loose, {data: [good]})[1]["x"].dense_shape.tolist() == [1, 3, 2]
        _no_crash(tf, sess, [one, many, loose], data, good)


for name in ("ParseExample", "ParseSingleExample", "DecodeJSONExample"):
    stateful(name, _examples)
for name in ("ParseSequenceExample", "ParseSingleSequenceExample"):
    stateful(name, _sequences)
