# SPDX-License-Identifier: Apache-2.0
"""The networks of keras.applications: what they are made of, and what small ones compute.

Run with a Python that has Keras 2.2.4, this writes tests/data/keras_networks.json, which
tests/python/keras/applications compares. It runs under Python 3.7 as well.
"""

import hashlib
import importlib
import json
import pathlib
import sys

import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "keras_networks.json"

# (network, arguments); `run` asks for predictions with weights from `random_weights`.
CASES = {
    "VGG16": ("VGG16", dict(input_shape=(32, 32, 3), classes=7)),
    "VGG19": ("VGG19", dict(include_top=False)),
    "ResNet50": ("ResNet50", dict(input_shape=(32, 32, 3), classes=7)),
    "ResNet50 max": ("ResNet50", dict(include_top=False, pooling="max")),
    "MobileNet": ("MobileNet", dict(input_shape=(32, 32, 3), alpha=0.25, classes=7, run=True)),
    "MobileNet wide": ("MobileNet", dict(include_top=False, pooling="avg", depth_multiplier=2)),
    "MobileNetV2": ("MobileNetV2", dict(input_shape=(33, 32, 3), alpha=0.35, classes=7, run=True)),
    "MobileNetV2 wide": ("MobileNetV2", dict(include_top=False, alpha=1.4)),
    "Xception": ("Xception", dict(input_shape=(71, 71, 3), classes=7)),
    "InceptionV3": ("InceptionV3", dict(include_top=False, pooling="avg")),
    "InceptionResNetV2": ("InceptionResNetV2", dict(input_shape=(75, 75, 3), classes=7)),
    "DenseNet121": ("DenseNet121", dict(input_shape=(32, 32, 3), classes=7)),
    "DenseNet169": ("DenseNet169", dict(include_top=False, pooling="max")),
    "DenseNet201": ("DenseNet201", dict(include_top=False)),
    "NASNetMobile": ("NASNetMobile", dict(input_shape=(64, 64, 3), classes=7)),
    "NASNetLarge": ("NASNetLarge", dict(include_top=False, pooling="avg")),
}


def random_weights(weights):
    """Arrays for weights given as (name, shape), such that signals keep their size."""
    rng = np.random.RandomState(0)
    for name, shape in weights:
        kind = name.split("/")[-1].split(":")[0]
        if "kernel" in kind:
            inputs = np.prod(shape[:2] if "depthwise" in kind else shape[:-1])
            yield (rng.normal(size=shape) * np.sqrt(1.5 / inputs)).astype("float32")
        elif kind in ("gamma", "moving_variance"):
            yield rng.uniform(0.7, 1.3, shape).astype("float32")
        else:
            yield rng.uniform(-0.1, 0.1, shape).astype("float32")


def described(package, name):
    """Facts of a network: shape, numbers, a digest of names, connections and weights; outputs."""
    K = importlib.import_module(package + ".backend")
    applications = importlib.import_module(package + ".applications")
    network, options = CASES[name]
    options = dict(options)
    run = options.pop("run", False)
    K.clear_session()
    model = getattr(applications, network)(weights=None, **options)
    parts = []
    for layer in model.layers:
        inbound = [l.name for node in layer._inbound_nodes for l in node.inbound_layers]
        weights = [(w.name, list(K.int_shape(w))) for w in layer.weights]
        parts.append([type(layer).__name__, layer.name, inbound, weights])
    facts = {
        "name": model.name,
        "shape": list(model.output_shape),
        "layers": len(model.layers),
        "params": int(model.count_params()),
        "digest": hashlib.sha256(json.dumps(parts).encode()).hexdigest(),
    }
    if run:
        weights = [w for layer in model.layers for w in layer.weights]
        values = random_weights([(w.name, K.int_shape(w)) for w in weights])
        K.batch_set_value(list(zip(weights, values)))
        x = np.random.RandomState(1).uniform(-1, 1, (2,) + options["input_shape"])
        facts["outputs"] = model.predict(x.astype("float32")).round(6).tolist()
    K.clear_session()
    return facts


def main(names):
    record = json.loads(DATA.read_text()) if DATA.exists() else {}
    for name in names:
        record[name] = described("keras", name)
        DATA.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
        print(name, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(CASES))
