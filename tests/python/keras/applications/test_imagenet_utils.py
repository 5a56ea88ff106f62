# SPDX-License-Identifier: Apache-2.0
"""Scales of images, names of classes."""

import json

import numpy as np
import pytest

from caudal.keras import applications, layers
from caudal.keras import backend as K
from caudal.keras.applications import imagenet_utils
from caudal.keras.models import Model
from caudal.keras.utils import data_utils_files

IMAGES = np.random.RandomState(0).uniform(0, 255, (2, 4, 5, 3)).astype("float32")
EXPECTED = {
    "tf": IMAGES / 127.5 - 1,
    "torch": (IMAGES / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
    "caffe": IMAGES[..., ::-1] - [103.939, 116.779, 123.68],
}


@pytest.fixture(autouse=True)
def clean():
    yield
    K.clear_session()


@pytest.mark.parametrize("mode", EXPECTED)
@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("single", [False, True])
def test_arrays_and_tensors(mode, first, single):
    x, expected = IMAGES, EXPECTED[mode]
    if first:
        x, expected = x.transpose(0, 3, 1, 2), expected.transpose(0, 3, 1, 2)
    data_format = "channels_first" if first else "channels_last"
    given = x[0] if single else x
    ours = imagenet_utils.preprocess_input(given.copy(), data_format, mode)
    np.testing.assert_allclose(ours, expected[0] if single else expected, rtol=1e-5, atol=2e-5)
    image = layers.Input(x.shape[1:])
    scaled = layers.Lambda(lambda t: imagenet_utils.preprocess_input(t, data_format, mode))(image)
    np.testing.assert_allclose(Model(image, scaled).predict(x), expected, rtol=1e-5, atol=2e-5)


def test_floats_are_changed_in_place_and_integers_are_not():
    x = IMAGES.copy()
    imagenet_utils.preprocess_input(x, mode="tf")
    assert x.min() < 0
    x = IMAGES.astype("int32")
    assert imagenet_utils.preprocess_input(x).dtype == np.float32
    np.testing.assert_array_equal(x, IMAGES.astype("int32"))


def test_refused_arguments():
    with pytest.raises(ValueError, match="data_format"):
        imagenet_utils.preprocess_input(IMAGES, "other")
    with pytest.raises(ValueError, match="mode"):
        imagenet_utils.preprocess_input(IMAGES, mode="other")
    with pytest.raises(ValueError, match="1000"):
        imagenet_utils.decode_predictions(np.ones((2, 100)))


def test_modes_of_networks():
    for name, mode in (("vgg16", "caffe"), ("vgg19", "caffe"), ("resnet50", "caffe"),
                       ("densenet", "torch"), ("inception_v3", "tf"), ("xception", "tf"),
                       ("inception_resnet_v2", "tf"), ("mobilenet", "tf"), ("nasnet", "tf"),
                       ("mobilenet_v2", "tf")):  # fmt: skip
        module = getattr(applications, name)
        out = module.preprocess_input(IMAGES.copy())
        np.testing.assert_allclose(out, EXPECTED[mode], rtol=1e-5, atol=2e-5)
        assert module.decode_predictions is imagenet_utils.decode_predictions


def test_names_of_classes(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(imagenet_utils, "_class_index", None)
    monkeypatch.setattr(data_utils_files, "validate_file", lambda *args, **kwargs: True)
    (tmp_path / "models").mkdir()
    names = {str(i): ["n%d" % i, "kind %d" % i] for i in range(1000)}
    (tmp_path / "models" / "imagenet_class_index.json").write_text(json.dumps(names))
    scores = np.zeros((2, 1000))
    scores[0, [5, 7]], scores[1, 999] = [0.25, 0.75], 1
    first, second = imagenet_utils.decode_predictions(scores, top=2)
    assert first == [("n7", "kind 7", 0.75), ("n5", "kind 5", 0.25)]
    assert second[0] == ("n999", "kind 999", 1)
