# SPDX-License-Identifier: Apache-2.0
"""Networks are those of real Keras 2.2.4, see interop/keras_networks.py; arguments; files."""

import json
import urllib.error

import numpy as np
import pytest

from caudal.keras import applications, layers
from caudal.keras import backend as K
from interop import keras_networks as oracle

RECORD = json.loads(oracle.DATA.read_text())
SLOW = ("InceptionResNetV2", "NASNetMobile", "NASNetLarge", "DenseNet169", "DenseNet201",
        "InceptionV3", "DenseNet121")  # fmt: skip


@pytest.fixture(autouse=True)
def clean():
    K.clear_session()
    yield
    K.set_image_data_format("channels_last")
    K.clear_session()


def test_every_case_is_recorded():
    assert RECORD.keys() == oracle.CASES.keys()


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in oracle.CASES]
)
def test_as_recorded(name):
    facts, expected = oracle.described("caudal.keras", name), dict(RECORD[name])
    outputs = expected.pop("outputs", None)
    if outputs is not None:
        np.testing.assert_allclose(facts.pop("outputs"), outputs, atol=3e-6)
    assert facts == expected


def small(**options):
    options = {"weights": None, "input_shape": (32, 32, 3), "alpha": 0.25, **options}
    return applications.MobileNet(**options)


def test_heads():
    assert small(classes=3).output_shape == (None, 3)
    assert small(include_top=False).output_shape == (None, 1, 1, 256)
    assert small(include_top=False, input_shape=None).output_shape == (None, None, None, 256)
    assert small(include_top=False, pooling="max").output_shape == (None, 256)


def test_channels_first():
    K.set_image_data_format("channels_first")
    assert small(include_top=False, input_shape=(3, 32, 64)).output_shape == (None, 256, 1, 2)
    with pytest.warns(UserWarning, match="channels_last"):
        net = applications.nasnet.NASNet(
            (3, 32, 32), penultimate_filters=96, num_blocks=1, stem_block_filters=4, classes=2
        )
    assert K.image_data_format() == "channels_first"
    assert net.output_shape == (None, 2)


def test_input_tensors():
    image = layers.Input((32, 32, 3))
    scaled = layers.Lambda(lambda x: x / 255)(image)
    model = applications.MobileNetV2(input_tensor=scaled, weights=None, classes=2, alpha=0.35)
    assert model.inputs == [image]
    tensor = K.variable(np.zeros((2, 32, 32, 3)))
    model = small(input_tensor=tensor, classes=2)
    assert K.int_shape(model.output) == (None, 2) and model.input is tensor
    with pytest.raises(ValueError, match="same shape"):
        applications.MobileNetV2(input_tensor=image, input_shape=(64, 64, 3), weights=None)


def test_weights_from_a_file(tmp_path):
    pytest.importorskip("h5py")
    path = str(tmp_path / "weights.h5")
    model = small(classes=2)
    model.save_weights(path)
    again = small(classes=2, weights=path)
    for a, b in zip(model.get_weights(), again.get_weights()):
        np.testing.assert_array_equal(a, b)


NETWORKS = [n for n in dir(applications) if n[0].isupper() and n not in SLOW]


@pytest.mark.parametrize("name", NETWORKS)
def test_imagenet_without_a_network(name, tmp_path, monkeypatch):
    def no_network(url, *args, **kwargs):
        raise urllib.error.URLError("no route to " + url)

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", no_network)
    monkeypatch.setattr(applications.common, "Model", lambda *args, **kwargs: None)
    with pytest.raises(OSError, match="no route to https://github.com/.*%s.models" % tmp_path):
        getattr(applications, name)(include_top=False, input_shape=(96, 96, 3))


@pytest.mark.parametrize("options, text", [
    (dict(weights="nothing.h5"), "`weights` argument"),
    (dict(weights="imagenet", classes=3), "`classes` should be 1000"),
    (dict(input_shape=(31, 32, 3)), "at least 32x32"),
    (dict(input_shape=(None, 32, 3)), "static `input_shape`"),
    (dict(input_shape=(32, 32)), "three integers"),
    (dict(weights="imagenet"), r"should be \(224, 224, 3\)"),
    (dict(weights="imagenet", include_top=False, input_shape=(32, 32, 1)), "3 channels"),
    (dict(weights="imagenet", input_shape=(128, 128, 3), alpha=0.3), "alpha"),
    (dict(weights="imagenet", input_shape=(128, 128, 3), depth_multiplier=2), "multiplier"),
])  # fmt: skip
def test_refused_arguments(options, text):
    with pytest.raises(ValueError, match=text):
        small(**options)


def test_refused_arguments_of_others():
    with pytest.raises(ValueError, match="multiple of 24"):
        applications.nasnet.NASNet(penultimate_filters=100)
    with pytest.raises(ValueError, match="no ImageNet weights"):
        applications.densenet.DenseNet([1, 1, 1, 1])
    with pytest.warns(UserWarning, match="1 or 3 input channels"):
        small(input_shape=(32, 32, 2), include_top=False)


def test_old_module():
    from caudal.keras.applications import mobilenet_v2, mobilenetv2

    assert mobilenetv2.MobileNetV2 is mobilenet_v2.MobileNetV2
