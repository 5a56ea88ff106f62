# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B023
"""Ops on text: hashes, splits, joins, regular expressions, Unicode; and their errors."""

import numpy as np

import caudal as tf

WORDS = ["", "a", "Hello World", "caudal fin", "h\u00e9llo w\u00f6rld \u4e16\u754c",
         "0123456789" * 7, "  spaces\t\n", "a,b,,c"]  # fmt: skip


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
    if isinstance(value, (list, tuple)) and not hasattr(value, "indices"):
        print(name, *[plain(v) for v in value])
    else:
        print(name, plain(value))


run("plain hash", lambda: tf.string_to_hash_bucket(WORDS, 1000))
run("fast hash", lambda: tf.string_to_hash_bucket_fast(WORDS, 1000003))
run("strong hash", lambda: tf.string_to_hash_bucket_strong(WORDS, 1000003, [7, 11]))
run("strip", lambda: tf.string_strip(WORDS))
run("lower", lambda: tf.strings.lower(WORDS))
run("upper", lambda: tf.strings.upper(WORDS))
run("lower utf-8", lambda: tf.strings.lower(["\u00c4B"], encoding="utf-8"))
run("length", lambda: [tf.strings.length(WORDS), tf.strings.length(WORDS, unit="UTF8_CHAR")])
run("base64", lambda: [tf.encode_base64(WORDS), tf.encode_base64(WORDS, pad=True)])
run("base64 back", lambda: tf.decode_base64(tf.encode_base64(WORDS)))
run("base64 wrong", lambda: tf.decode_base64(["a+b="]))
for delimiter in (" ", "", ",", "l ", None):
    run("split %r" % delimiter, lambda: tf.string_split(WORDS, delimiter))
    run("keep empty %r" % delimiter, lambda: tf.string_split(WORDS, delimiter, skip_empty=False))
for sep, most in (
    (None, -1),
    (None, 1),
    (",", -1),
    (",", 1),
    ("ll", -1),
    ("", 2),
    (None, 3),
    (None, 0),
):
    run(
        "split2 %r %d" % (sep, most),
        lambda: tf.strings.split(WORDS, sep, maxsplit=most, result_type="SparseTensor"),
    )
run("substr", lambda: tf.substr(["hello", "world!"], 1, 3))
run("substr each", lambda: tf.substr(["hello", "world!"], [1, -2], [3, 9]))
run("substr broadcast", lambda: tf.substr([["ab", "cd"], ["ef", "gh"]], [[0], [1]], [[1], [1]]))
run("substr characters", lambda: tf.substr(["h\u00e9llo", "\u4e16\u754c!"], 1, 2, unit="UTF8_CHAR"))
run("substr end", lambda: tf.substr("abc", 3, 2))
run("substr beyond", lambda: tf.substr("abc", 4, 2))
run("substr before", lambda: tf.substr("abc", -4, 2))
run("substr ranks", lambda: tf.substr(["abc"], [0], 1))
MATRIX = [["a", "b", "c"], ["d", "e", "f"]]
for axis in (None, 0, 1, [0, 1], [1, 0], -1, []):
    run("join %s" % axis, lambda: tf.reduce_join(MATRIX, axis, separator="-"))
run("join keep", lambda: tf.reduce_join(MATRIX, 0, keep_dims=True))
run("join wrong", lambda: tf.reduce_join(MATRIX, 2))
run("join twice", lambda: tf.reduce_join(MATRIX, [0, 0]))
run("segment join", lambda: tf.strings.unsorted_segment_join(["a", "b", "c"], [1, 0, 1], 3, ":"))
run("string join", lambda: tf.string_join([MATRIX, "x", MATRIX], "+"))
for pattern, rewrite in (("l+", "<\\0>"), ("(h)(.)", "\\2\\1"), ("x*", "-"), ("^a|d$", ""),
                         ("\\s", "_"), ("[[:punct:]]", "!"), ("\\pL", "L"), ("(?i)HELLO", "bye"),
                         (".", "."), ("[^a-z]", "")):  # fmt: skip
    run("replace %r" % pattern, lambda: tf.regex_replace(WORDS, pattern, rewrite))
    run(
        "first %r" % pattern,
        lambda: tf.regex_replace(WORDS, pattern, rewrite, replace_global=False),
    )
    run("match %r" % pattern, lambda: tf.strings.regex_full_match(WORDS, pattern))
run("matches", lambda: tf.strings.regex_full_match(WORDS, "[a-z]*|.*World"))
run("bad pattern", lambda: tf.regex_replace(WORDS, "(", ""))
run("bad rewrite", lambda: tf.regex_replace(WORDS, "a", "\\3"))
run("tensor pattern", lambda: tf.regex_replace("abc", tf.constant("b"), tf.constant("x")))
for x in (np.float32([1.5, -2, 1e10, 1e-7]), np.float64([np.pi, 0]), np.int32([3, -4]),
          np.int64([2**40]), np.array([True, False])):  # fmt: skip
    run("as_string %s" % x.dtype, lambda: tf.as_string(x))
    run("wide %s" % x.dtype, lambda: tf.as_string(x, width=8))
run("precision", lambda: tf.as_string([1.23456, 2.0], precision=2))
run("scientific", lambda: tf.as_string([1.23456, 2.0], scientific=True))
run("shortest", lambda: tf.as_string([1.23456, 2.0], shortest=True))
for kind in (tf.float32, tf.float64, tf.int32, tf.int64):
    run("number %s" % kind.name, lambda: tf.string_to_number(["12", "-7", "0"], kind))
    for text in ("1.5", "abc", "", "1e3", "inf", "99999999999", "0x10", "1_0", "--1", " 3 ", "+4"):
        run("number %s %r" % (kind.name, text), lambda: tf.string_to_number(text, kind))
run("decode", lambda: tf.strings.unicode_decode("h\u00e9\u4e16\U0001f600", "UTF-8"))
run("decode bad", lambda: tf.strings.unicode_decode(b"a\xff\xe4\xb8b\xf0\x9f", "UTF-8"))
run("decode ignore", lambda: tf.strings.unicode_decode(b"a\xffb\x01", "UTF-8", "ignore"))
run("decode strict", lambda: tf.strings.unicode_decode(b"a\xffb", "UTF-8", "strict"))
run(
    "decode controls",
    lambda: tf.strings.unicode_decode(
        b"a\x01b", "UTF-8", replace_control_characters=True, replacement_char=63
    ),
)
run(
    "decode utf-16",
    lambda: tf.strings.unicode_decode("a\u4e16\U0001f600".encode("utf-16-be"), "UTF-16-BE"),
)
run("decode latin", lambda: tf.strings.unicode_decode(b"a\xe9", "ISO-8859-1"))
run("offsets", lambda: tf.strings.unicode_decode_with_offsets("h\u00e9\u4e16", "UTF-8"))
run("characters", lambda: tf.strings.unicode_split("h\u00e9\u4e16", "UTF-8"))
run("bytes", lambda: tf.strings.bytes_split("h\u00e9"))
run("encode", lambda: tf.strings.unicode_encode([[104, 233], [0x4E16, 0x1F600]], "UTF-8"))
run("encode utf-16", lambda: tf.strings.unicode_encode([104, 0x1F600], "UTF-16-BE"))
run("encode bad", lambda: tf.strings.unicode_encode([104, 0xD800, 0x110000], "UTF-8"))
run("transcode", lambda: tf.strings.unicode_transcode(["h\u00e9", "x"], "UTF-8", "UTF-16-BE"))
run("script", lambda: tf.strings.unicode_script([65, 0xE9, 0x3B1, 0x416, 0x4E16, 0x3042, 32, 49]))
run("ngrams", lambda: tf.strings.ngrams(["a", "b", "c", "d"], 2))
run("ngrams pad", lambda: tf.strings.ngrams(["a", "b", "c"], (2, 3), "|", ("<", ">")))
run("ngrams short", lambda: tf.strings.ngrams(["a"], 3, preserve_short_sequences=True))
