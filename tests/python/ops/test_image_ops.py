# SPDX-License-Identifier: Apache-2.0
"""tf.image: static shapes, shapes known in the run only, file formats, errors."""

import sys

import numpy as np
import pytest

import caudal as tf

PHOTO = (np.add.outer(np.arange(18), np.arange(20))[:, :, None] * np.array([3, 5, 2]) % 200).astype(
    np.uint8
)


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as sess:
        yield sess


def test_static_shapes(session):
    x = tf.placeholder(tf.float32, [None, 6, 7, 3])
    assert tf.image.resize_images(x, [4, 5]).shape.as_list() == [None, 4, 5, 3]
    assert tf.image.resize_images(x, tf.placeholder(tf.int32, [2])).shape.as_list() == [
        None, None, None, 3,
    ]  # fmt: skip
    assert tf.image.resize_images(x, [6, 7]) is x
    assert tf.image.central_crop(x, 0.5).shape.as_list() == [None, 4, 5, 3]
    assert tf.image.resize_image_with_crop_or_pad(x, 9, 2).shape.as_list() == [None, 9, 2, 3]
    assert tf.image.rgb_to_grayscale(x).shape.as_list() == [None, 6, 7, 1]
    assert tf.image.decode_png(b"", channels=3).shape.as_list() == [None, None, 3]


def test_shapes_known_in_the_run_only(session):
    x = tf.placeholder(tf.float32, [None, None, None])
    size = tf.placeholder(tf.int32, [])
    results = [
        tf.image.resize_image_with_crop_or_pad(x, size, 4),
        tf.image.resize_image_with_pad(x, size, 4),
        tf.image.pad_to_bounding_box(x, 1, 2, 30, size + 20),
        tf.image.crop_to_bounding_box(x, 1, 2, size, 4),
        tf.image.central_crop(x, 0.5),
        tf.image.resize_images(x, [size, 9], preserve_aspect_ratio=True),
        tf.image.rot90(x, size),
    ]
    got = [v.shape for v in session.run(results, {x: PHOTO, size: 5})]
    assert got == [(5, 4, 3), (5, 4, 3), (30, 25, 3), (5, 4, 3), (10, 10, 3), (5, 6, 3),
                   (20, 18, 3)]  # fmt: skip
    with pytest.raises(tf.errors.InvalidArgumentError):
        session.run(results[3], {x: PHOTO, size: 50})
    with pytest.raises(tf.errors.InvalidArgumentError):
        session.run(tf.image.resize_bilinear(x[None], [size, 3]), {x: PHOTO, size: -1})


def test_files(session):
    pytest.importorskip("PIL")
    contents = tf.placeholder(tf.string, [])
    decoded = tf.image.decode_image(contents, channels=3, expand_animations=False)
    png = session.run(tf.image.encode_png(PHOTO))
    jpeg = session.run(tf.image.encode_jpeg(PHOTO, quality=100, density_unit="cm", x_density=77,
                                            xmp_metadata="a note"))  # fmt: skip
    assert b"a note" in jpeg and jpeg[13:16] == b"\x02\x00\x4d"
    np.testing.assert_array_equal(session.run(decoded, {contents: png}), PHOTO)
    near = session.run(decoded, {contents: jpeg})
    assert np.abs(near.astype(int) - PHOTO).mean() < 8
    assert session.run(tf.image.is_jpeg(contents), {contents: jpeg})
    half = session.run(tf.image.decode_jpeg(jpeg, ratio=2))
    assert half.shape == (9, 10, 3)
    assert session.run(tf.image.adjust_jpeg_quality(PHOTO, 40)).shape == PHOTO.shape
    for wrong in (b"", b"nothing", png[:40], jpeg[:50], b"BM" + bytes(60), b"GIF89a" + bytes(9)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(decoded, {contents: wrong})
    with pytest.raises(tf.errors.InvalidArgumentError, match="channels must be 0, 1, or 3"):
        session.run(tf.image.decode_jpeg(jpeg, channels=4))


def test_any_bytes_behind_a_good_start_raise_or_decode(session):
    pytest.importorskip("PIL")
    rng = np.random.default_rng(5)
    contents = tf.placeholder(tf.string, [])
    nodes = [tf.image.decode_png(contents), tf.image.decode_gif(contents),
             tf.image.decode_bmp(contents), tf.image.extract_jpeg_shape(contents)]  # fmt: skip
    png = session.run(tf.image.encode_png(PHOTO.astype(np.uint16) * 200))
    jpeg = session.run(tf.image.encode_jpeg(PHOTO))
    for good in (png, jpeg, b"BM" + bytes(10) + b"\x28" + bytes(60), b"GIF89a" + bytes(30)):
        for _ in range(15):
            data = bytearray(good)
            for place in rng.integers(2, len(data), 4):
                data[place] = rng.integers(256)
            for node in nodes:
                try:
                    session.run(node, {contents: bytes(data)})
                except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
                    pass


def test_without_pillow(session, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    png = session.run(tf.image.encode_png(PHOTO))
    with pytest.raises(tf.errors.UnimplementedError, match=r"pip install caudal\[image\]"):
        session.run(tf.image.decode_png(png))


def test_random_changes_follow_the_seed(session):
    x = tf.constant(PHOTO)
    for change in (
        lambda: tf.image.random_brightness(x, 0.4, seed=1),
        lambda: tf.image.random_flip_left_right(x, seed=3),
        lambda: tf.image.random_saturation(x, 0.1, 2.0, seed=4),
    ):
        first, again = change(), change()
        for _ in range(3):
            np.testing.assert_array_equal(*session.run([first, again]))


def test_every_public_name():
    for name in tf.image.__getattr__.names:
        assert getattr(tf.image, name) is not None
    for name in tf.contrib.image.__getattr__.names:
        assert getattr(tf.contrib.image, name) is not None
    with pytest.raises(AttributeError):
        tf.contrib.image.bipartite_match  # noqa: B018


def test_channels_are_checked_in_the_run(session):
    for make in (lambda x: tf.image.adjust_hue(x, 0.1), lambda x: tf.image.adjust_saturation(x, 2)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="must have 3 channels but inst"):
            session.run(make(tf.zeros([2, 2, 4])))
    gray = tf.placeholder(tf.uint8)
    rgb = tf.image.grayscale_to_rgb(gray)
    assert session.run(rgb, {gray: PHOTO[..., :1]}).shape == PHOTO.shape
    with pytest.raises(tf.errors.InvalidArgumentError, match="should be size 1"):
        session.run(rgb, {gray: PHOTO})


def test_wide_integers_of_a_file_come_from_sixteen_bits(session):
    data = tf.image.encode_png(PHOTO)
    wide = session.run(tf.image.decode_image(data, dtype=tf.int32))
    np.testing.assert_array_equal(wide, PHOTO.astype(np.int32) * 257 * 2**15)
