# SPDX-License-Identifier: Apache-2.0
"""Image generators: what records of Keras do not show."""

import os
import sys

import numpy as np
import pytest

from caudal.keras.preprocessing import image
from caudal.keras.utils import Sequence

Image = pytest.importorskip("PIL.Image")
PIXELS = np.random.RandomState(0).randint(0, 256, (6, 5, 3)).astype("float32")
BATCH = np.stack([PIXELS, PIXELS / 2, PIXELS / 3])


def test_an_iterator_is_a_sequence_and_endless():
    flow = image.ImageDataGenerator().flow(BATCH, np.arange(3), batch_size=2, shuffle=False)
    assert isinstance(flow, Sequence) and len(flow) == 2
    labels = [list(next(flow)[1]) for _ in range(5)]
    assert labels == [[0, 1], [2], [0, 1], [2], [0, 1]]
    flow.reset()
    np.testing.assert_array_equal(next(flow)[0], BATCH[:2])
    np.testing.assert_array_equal(flow[1][0], BATCH[2:])
    with pytest.raises(ValueError, match="element 2, but the Sequence has length 2"):
        flow[2]


def test_shuffling_changes_with_each_epoch():
    flow = image.ImageDataGenerator().flow(
        np.zeros((50, 2, 2, 1)), np.arange(50), batch_size=50, seed=3
    )
    first = flow[0][1]
    flow.on_epoch_end()
    assert list(first) != list(flow[0][1])
    assert sorted(first) == list(range(50))


def test_data_are_not_changed():
    before = BATCH.copy()
    flow = image.ImageDataGenerator(samplewise_center=True, rescale=0.5).flow(BATCH)
    next(flow)
    np.testing.assert_array_equal(BATCH, before)


def test_subsets_and_their_errors():
    generator = image.ImageDataGenerator(validation_split=0.4)
    x = np.zeros((10, 2, 2, 1))
    y = np.tile([0, 1], 5)
    assert len(next(generator.flow(x, y, subset="validation"))[1]) == 4
    assert len(next(generator.flow(x, y, subset="training"))[1]) == 6
    with pytest.raises(ValueError, match="different number of classes"):
        generator.flow(x, np.sort(y), subset="training")
    with pytest.raises(ValueError, match="Invalid subset"):
        generator.flow(x, y, subset="other")


def test_whitened_data_are_uncorrelated():
    x = np.random.RandomState(0).rand(200, 2, 2, 1)
    x[:, 0] += x[:, 1]
    with pytest.warns(UserWarning, match="featurewise_center"):
        generator = image.ImageDataGenerator(zca_whitening=True, zca_epsilon=1e-8, dtype="float64")
    generator.fit(x)
    white = generator.standardize(x.copy()).reshape(200, -1)
    np.testing.assert_allclose(white.T @ white / 200, np.eye(4), atol=1e-6)


def test_scaling_before_a_fit_warns():
    generator = image.ImageDataGenerator(featurewise_center=True)
    with pytest.warns(UserWarning, match="hasn't been fit"):
        assert generator.standardize(np.ones((2, 2, 1))).sum() == 4


def test_integers_are_scaled_as_floats():
    out = image.ImageDataGenerator(rescale=0.5).standardize(np.full((2, 2, 1), 3))
    assert out.dtype == np.float32 and (out == 1.5).all()


@pytest.mark.parametrize("options", [
    dict(data_format="channels"), dict(validation_split=1.5), dict(zoom_range=(1, 2, 3)),
    dict(zoom_range=("a", "b")), dict(brightness_range=0.5),
])  # fmt: skip
def test_refused_options(options):
    with pytest.raises(ValueError):
        image.ImageDataGenerator(**options)


@pytest.mark.parametrize("x, y, text", [
    (np.zeros((3, 2, 2)), None, "rank 4"),
    (np.zeros((3, 2, 2, 1)), np.zeros(2), "same length"),
    ((np.zeros((3, 2, 2, 1)), np.zeros(2)), None, "All of the arrays"),
])  # fmt: skip
def test_refused_data(x, y, text):
    with pytest.raises(ValueError, match=text):
        image.ImageDataGenerator().flow(x, y)


def test_images_and_arrays():
    for data_format in ("channels_last", "channels_first"):
        for channels in (1, 3, 4):
            shape = (6, 5, channels) if data_format == "channels_last" else (channels, 6, 5)
            x = np.random.RandomState(1).randint(0, 256, shape).astype("float32")
            picture = image.array_to_img(x, data_format, scale=False)
            assert picture.size == (5, 6)
            np.testing.assert_array_equal(image.img_to_array(picture, data_format), x)
    scaled = image.img_to_array(image.array_to_img(np.array([[[1.0], [2.0], [3.0]]])))
    np.testing.assert_array_equal(scaled[0, :, 0], [0, 127, 255])
    assert image.array_to_img(np.full((1, 1, 1), 300.0), scale=False).mode == "I"
    for x, options in [(PIXELS[0], {}), (PIXELS, dict(data_format="x")), (PIXELS[:, :, :2], {})]:
        with pytest.raises(ValueError):
            image.array_to_img(x, **options)
    with pytest.raises(ValueError):
        image.img_to_array(np.zeros((1, 2, 3, 4)))


def test_files(tmp_path):
    path = str(tmp_path / "a.png")
    image.save_img(path, PIXELS, scale=False)
    assert image.list_pictures(str(tmp_path)) == [path]
    np.testing.assert_array_equal(image.img_to_array(image.load_img(path)), PIXELS)
    assert image.load_img(path, color_mode="grayscale").mode == "L"
    assert image.load_img(path, color_mode="rgba").mode == "RGBA"
    assert image.load_img(path, target_size=(3, 4), interpolation="lanczos").size == (4, 3)
    with pytest.warns(UserWarning):
        assert image.load_img(path, grayscale=True).mode == "L"
    for options in (dict(color_mode="cmyk"), dict(target_size=(1, 1), interpolation="x")):
        with pytest.raises(ValueError):
            image.load_img(path, **options)
    with pytest.warns(UserWarning, match="RGBA"):
        image.save_img(str(tmp_path / "b.jpg"), np.zeros((2, 2, 4)))
    with pytest.raises(OSError):
        (tmp_path / "c.png").write_bytes(b"no picture")
        image.load_img(str(tmp_path / "c.png"))


def test_pictures_are_saved(tmp_path):
    flow = image.ImageDataGenerator().flow(
        BATCH, batch_size=2, shuffle=False, save_to_dir=str(tmp_path), save_prefix="p"
    )
    next(flow)
    names = sorted(os.listdir(tmp_path))
    assert len(names) == 2 and names[0].startswith("p_0_") and names[1].startswith("p_1_")


def test_nothing_to_do_needs_no_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert image.apply_affine_transform(PIXELS) is PIXELS
    with pytest.raises(ImportError, match=r"caudal\[keras\]"):
        image.apply_affine_transform(PIXELS, theta=3)


def test_without_pillow(monkeypatch):
    for name in ("PIL", "PIL.Image", "PIL.ImageEnhance"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="load_img needs Pillow"):
        image.load_img("a.png")


def test_turns():
    pytest.importorskip("scipy")
    x = np.arange(9.0).reshape(3, 3, 1)
    # The centre of an image of three pixels is half a pixel off its middle pixel, as in Keras.
    moved = image.apply_affine_transform(x, tx=1, fill_mode="constant", cval=-1)
    np.testing.assert_allclose(moved[:, :, 0], [[3, 4, 5], [6, 7, 8], [-1, -1, -1]])
    generator = image.ImageDataGenerator()
    np.testing.assert_array_equal(
        generator.apply_transform(x, {"flip_horizontal": True}), x[:, ::-1]
    )
    np.testing.assert_array_equal(generator.apply_transform(x, {"flip_vertical": True}), x[::-1])


def test_folders(tmp_path):
    generator = image.ImageDataGenerator()
    for kind in "ab":
        (tmp_path / kind).mkdir()
    image.save_img(str(tmp_path / "a" / "x.jpg"), PIXELS)
    (tmp_path / "a" / "notes.txt").write_text("none")
    flow = generator.flow_from_directory(str(tmp_path), target_size=(2, 2))
    assert flow.samples == 1 and flow.class_indices == {"a": 0, "b": 1}
    x, y = next(flow)
    assert x.shape == (1, 2, 2, 3) and y.tolist() == [[1, 0]]
    for options in (dict(color_mode="cmyk"), dict(class_mode="x"), dict(subset="x")):
        with pytest.raises(ValueError):
            generator.flow_from_directory(str(tmp_path), **options)


@pytest.mark.parametrize("table, options, error", [
    ({"filename": [3], "class": ["a"]}, {}, TypeError),
    ({"filename": ["x"], "class": [3]}, {}, TypeError),
    ({"filename": ["x"], "class": ["a"]}, dict(class_mode="binary"), ValueError),
    ({"filename": ["x"], "class": ["a"]}, dict(class_mode="multi_output"), TypeError),
    ({"filename": ["x"], "class": ["a"]}, dict(class_mode="nothing"), ValueError),
    ({"filename": ["x"], "class": ["a"]}, dict(weight_col="class"), TypeError),
    ({"filename": ["x"], "class": ["a"]}, dict(other=1), TypeError),
])  # fmt: skip
def test_refused_tables(table, options, error):
    with pytest.raises(error):
        image.ImageDataGenerator().flow_from_dataframe(table, **options)
