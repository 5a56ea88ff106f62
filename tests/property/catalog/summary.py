# SPDX-License-Identifier: Apache-2.0
"""Catalog of cpp/src/ops/summary.cpp."""

import io
import wave

import numpy as np

from caudal.framework.op_factory import apply
from property.catalog import stateful

REAL = "float32 float64 int32 uint8 int16 int8 int64 bfloat16 uint16 float16 uint32 uint64"


def values_of(tf, sess, fetch, feed=None):
    return tf.Summary.FromString(sess.run(fetch, feed)).value


def raises(tf, sess, text, *fetches):
    for fetch in fetches:
        try:
            sess.run(fetch)
        except tf.errors.InvalidArgumentError as error:
            assert text in str(error), error
            continue
        raise AssertionError(f"no error: {text}")


def _scalars(tf, session, dtype):
    x = tf.constant([[1, 2], [3, 100]], tf.as_dtype(dtype))
    all_four = apply("ScalarSummary", [["a", ""], ["c", "a"]], x)
    none = apply("ScalarSummary", tf.zeros([0], tf.string), tf.zeros([0], tf.as_dtype(dtype)))
    unlike = apply("ScalarSummary", ["a", "b"], x)
    with session() as sess:
        got = [(v.tag, v.simple_value) for v in values_of(tf, sess, all_four)]
        assert got == [("a", 1), ("", 2), ("c", 3), ("a", 100)]
        assert sess.run(none) == b""
        raises(tf, sess, "tags and values not the same shape: [2] != [2,2]", unlike)


stateful("ScalarSummary", _scalars, REAL)


def limits():
    positive = [1e-12]
    while positive[-1] * 1.1 < 1e20:
        positive.append(positive[-1] * 1.1)
    positive.append(np.finfo(np.float64).max)
    return np.array([-v for v in reversed(positive)] + [0.0] + positive)


def counts_by_limit(values):
    """{upper limit: count} of the buckets that are not empty."""
    at = np.searchsorted(limits(), values, "right")
    return {limits()[i]: n for i, n in zip(*np.unique(at, return_counts=True))}


def check_histogram(histo, values):
    values = np.asarray(values, np.float64).reshape(-1)
    assert histo.num == values.size
    if values.size:
        assert histo.min == values.min() and histo.max == values.max()
    np.testing.assert_allclose(histo.sum, values.sum(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(histo.sum_squares, (values**2).sum(), rtol=1e-9)
    got = dict(zip(histo.bucket_limit, histo.bucket))
    assert {k: n for k, n in got.items() if n} == counts_by_limit(values)
    assert list(histo.bucket_limit) == sorted(got)
    # No two empty buckets follow each other.
    empty = [n == 0 for n in histo.bucket]
    assert not any(a and b for a, b in zip(empty, empty[1:]))


def _histograms(tf, session, dtype):
    kind = tf.as_dtype(dtype)
    low = -5 if kind.is_floating or dtype.startswith("int") else 0
    x = np.random.default_rng(3).uniform(low, 100, [300, 7]).astype(kind.as_numpy_dtype)
    x[:2] = 0
    feed = tf.placeholder(kind)
    some = apply("HistogramSummary", "h", feed)
    with session() as sess:
        for value in (x, x[0, 0], np.zeros([0, 3], x.dtype), np.tile(x, [40, 1])):
            (v,) = values_of(tf, sess, some, {feed: value})
            assert v.tag == "h"
            check_histogram(v.histo, value)
        raises(tf, sess, "tags must be scalar", apply("HistogramSummary", ["h"], x))
        if dtype in ("float32", "float64"):
            wide = 10.0 ** np.linspace(-14, 22, 4000)
            wide = np.concatenate([wide, -wide, limits()[1:-1], [0.0, -0.0]]).astype(x.dtype)
            if dtype == "float64":
                wide = np.concatenate([wide, [1e300, -1e300, -np.finfo(np.float64).max]])
            (v,) = values_of(tf, sess, some, {feed: wide})
            got = {k: n for k, n in zip(v.histo.bucket_limit, v.histo.bucket) if n}
            assert got == counts_by_limit(wide.astype(np.float64))
        if kind.is_floating:
            bad = [apply("HistogramSummary", "h", tf.constant([1, v], kind), name="node")
                   for v in (np.nan, np.inf, -np.inf)]  # fmt: skip
            raises(tf, sess, "Nan in summary histogram for: node", bad[0])
            raises(tf, sess, "Infinity in summary histogram for: node_", *bad[1:])


stateful("HistogramSummary", _histograms, REAL)


def scaled(image, bad):
    image = image.astype(np.float32)
    good = np.isfinite(image).all(-1)
    low, high = (image[good].min(), image[good].max()) if good.any() else (0, 0)
    if low < 0:
        most = max(abs(low), abs(high))
        out = image * np.float32(0 if most < 1e-6 else 127 / most) + np.float32(128)
    else:
        out = image * np.float32(0 if high < 1e-6 else 255 / high)
    out = np.where(good[..., None], np.clip(out, 0, 255), bad[: image.shape[-1]])
    return out.astype(np.uint8)


def _images(tf, session, dtype):
    kind = tf.as_dtype(dtype)
    rng = np.random.default_rng(5)
    red = np.array([255, 0, 0, 255], np.uint8)
    feed, tag = tf.placeholder(kind), tf.constant("i")
    three, one = (apply("ImageSummary", tag, feed, max_images=n) for n in (3, 1))
    blue = apply("ImageSummary", tag, feed, bad_color=np.array([0, 0, 255, 9], np.uint8))
    file = tf.placeholder(tf.string)
    decoded = tf.image.decode_png(file)

    def check(fetch, batch, tags, bad=red):
        values = values_of(tf, sess, fetch, {feed: batch})
        assert [v.tag for v in values] == tags
        for v, image in zip(values, batch):
            wanted = image if dtype == "uint8" else scaled(image, bad)
            got = sess.run(decoded, {file: v.image.encoded_image_string})
            assert (v.image.height, v.image.width, v.image.colorspace) == image.shape
            assert np.abs(got.astype(int) - wanted).max() <= (dtype == "float16")

    with session() as sess:
        for depth in (1, 3, 4):
            batch = rng.uniform(0, 3 if dtype == "float16" else 200, [4, 5, 3, depth])
            batch = batch.astype(kind.as_numpy_dtype)
            check(three, batch, ["i/image/0", "i/image/1", "i/image/2"])
            check(one, batch, ["i/image"])
            if kind.is_floating:
                batch[1] -= 1
                batch[0, 1, 1, 0] = np.nan
                batch[2, 4, 2, depth - 1] = -np.inf
                check(three, batch, ["i/image/0", "i/image/1", "i/image/2"])
                check(blue, batch[:2], ["i/image/0", "i/image/1"],
                      np.array([0, 0, 255, 9], np.uint8))  # fmt: skip
        assert sess.run(three, {feed: np.zeros([0, 2, 2, 1])}) == b""

        def fails(text, shape, tag=tag, **attrs):
            raises(tf, sess, text, apply("ImageSummary", tag, tf.zeros(shape, kind), **attrs))

        fails("last dim 1, 3, or 4, not [2,2,2,2]", [2, 2, 2, 2])
        fails("last dim 1, 3, or 4, not [2,2,3]", [2, 2, 3])
        fails("non-zero dims. Found: [1, 0, 2, 3]", [1, 0, 2, 3])
        fails("Tags must be a scalar", [1, 2, 2, 3], ["i"])
        fails("must be uint8", [1, 2, 2, 3], bad_color=np.zeros(3, np.float32))
        fails("must be a vector", [1, 2, 2, 3], bad_color=np.zeros([1, 3], np.uint8))
        if dtype != "uint8":
            fails("bad_color.size = 2", [1, 2, 2, 3], bad_color=np.zeros(2, np.uint8))


stateful("ImageSummary", _images, "uint8 float32 float16 float64")


def check_sound(audio, samples, rate):
    assert audio.sample_rate == np.float32(rate) and audio.content_type == "audio/wav"
    assert (audio.length_frames, audio.num_channels) == samples.shape
    with wave.open(io.BytesIO(audio.encoded_audio_string)) as file:
        assert file.getnchannels() == samples.shape[1] and file.getsampwidth() == 2
        assert file.getframerate() == max(1, round(rate))
        frames = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    wide = np.nan_to_num(np.clip(samples * np.float32(32768), -32768, 32767), nan=0)
    wanted = np.copysign(np.floor(np.abs(wide) + 0.5), wide)
    np.testing.assert_array_equal(frames, wanted.reshape(-1))


def _sounds(tf, session, dtype):
    x = np.random.default_rng(7).uniform(-1.2, 1.2, [2, 50, 3]).astype(np.float32)
    x[0, :5, 0] = [0, 1, -1, 0.5, np.nan]
    feed, rate = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    by_input = apply("AudioSummaryV2", "s", feed, rate)
    single = apply("AudioSummaryV2", "s", feed, rate, max_outputs=1)
    by_attr = apply("AudioSummary", "s", feed, sample_rate=440.5)
    with session() as sess:
        for hertz in (44100, 0.3, 10.5, 4e9):
            values = values_of(tf, sess, by_input, {feed: x, rate: hertz})
            assert [v.tag for v in values] == ["s/audio/0", "s/audio/1"]
            for v, samples in zip(values, x):
                check_sound(v.audio, samples, hertz)
        for v, samples in zip(values_of(tf, sess, by_attr, {feed: x}), x):
            check_sound(v.audio, samples, 440.5)
        (v,) = values_of(tf, sess, single, {feed: x[..., 1], rate: 8})
        assert v.tag == "s/audio"
        check_sound(v.audio, x[0, :, 1:2], 8)
        assert sess.run(single, {feed: x[:0], rate: 8}) == b""

        def fails(text, value, hertz=8.0):
            raises(tf, sess, text, apply("AudioSummaryV2", "s", tf.constant(value), hertz))

        fails("3-D or 2-D", x[0, 0])
        fails("audio is null", x[:, :0])
        fails("audio is null", x[:, :, :0])
        fails("num_channels must be in (0, 2^16)", np.zeros([1, 1, 70000], np.float32))
        for hertz in (0.0, -1.0, np.nan):
            fails("sample_rate must be > 0", x, hertz)
        for hertz in (4294967295.0, 1e30, np.inf):
            fails("sample_rate must be in (0, 2^32)", x, hertz)


stateful("AudioSummaryV2", _sounds)
stateful("AudioSummary", _sounds)


def _tensors(tf, session, dtype):
    value = {"string": np.array([[b"a", b""]], object), "bool": np.array([[True, False]])}.get(
        dtype, np.array([[0, 7]], tf.as_dtype(dtype).as_numpy_dtype)
    )
    metadata = tf.placeholder(tf.string)
    named = apply("TensorSummary", value, name="node")
    tagged = apply("TensorSummaryV2", "t", value, metadata)
    with session() as sess:
        (v,) = values_of(tf, sess, named)
        assert v.node_name == "node" and not v.tag
        np.testing.assert_array_equal(tf.make_ndarray(v.tensor), value)
        data = tf.SummaryMetadata(
            display_name="d", plugin_data={"plugin_name": "p", "content": b"\0"}
        )
        (v,) = values_of(tf, sess, tagged, {metadata: data.SerializeToString()})
        assert v.tag == "t" and v.metadata == data
        np.testing.assert_array_equal(tf.make_ndarray(v.tensor), value)
        (v,) = values_of(tf, sess, tagged, {metadata: b"\x12\x03abc\xff"})
        assert v.metadata.display_name == "abc"
        wrong = apply("TensorSummaryV2", ["t"], value, b"")
        raises(tf, sess, "tag must be scalar", wrong)


for name in ("TensorSummary", "TensorSummaryV2"):
    stateful(name, _tensors, "float32 float64 int32 int64 bool uint8 string bfloat16 complex64")


def _merged(tf, session, dtype):
    a, b = (apply("ScalarSummary", name, 1.0) for name in "ab")
    h = apply("HistogramSummary", "h", [1.0, 2.0])
    both = apply("MergeSummary", [a, tf.stack([b, h]), tf.constant(b"")])
    data = tf.placeholder(tf.string)
    given = apply("MergeSummary", [data])
    rng = np.random.default_rng(2)
    with session() as sess:
        assert [v.tag for v in values_of(tf, sess, both)] == ["a", "b", "h"]
        raises(tf, sess, "Duplicate tag a found", apply("MergeSummary", [a, b, a]))
        # Values without a tag may occur several times; what is no value is left out.
        assert sess.run(given, {data: b"\x12\x01x\x0a\x05\x15\0\0\0\0" * 2}) == (
            b"\x0a\x05\x15\0\0\0\0" * 2
        )
        good = sess.run(both)
        for _ in range(60):  # no bytes crash it
            cut = bytearray(good[: rng.integers(0, len(good) + 1)])
            if cut:
                cut[rng.integers(0, len(cut))] = rng.integers(0, 256)
            try:
                sess.run(given, {data: bytes(cut)})
            except tf.errors.InvalidArgumentError as error:
                assert "parse" in str(error) or "Duplicate" in str(error)


stateful("MergeSummary", _merged)
