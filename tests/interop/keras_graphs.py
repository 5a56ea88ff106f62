# SPDX-License-Identifier: Apache-2.0
"""Random graphs of layers, described: recorded from Keras 2.2.4, compared with caudal.keras.

Record under Keras 2.2.4: `python keras_graphs.py > ../data/keras_graphs.json` and pack with xz.
"""

import hashlib
import importlib
import json
import random

COUNT = 40


def _tensors(layers, models, rng):
    """Inputs, and tensors that random layers make of them."""
    inputs = [layers.Input(shape=(4,), name="in%d" % i) for i in range(rng.randint(1, 3))]
    tensors = list(inputs)
    shared = [layers.Dense(4, name="s%d" % i) for i in range(2)]
    x = layers.Input(shape=(4,))
    y = layers.BatchNormalization()(x)
    inner = models.Model(x, layers.Dense(4, activity_regularizer="l2", kernel_regularizer="l1")(y))
    makers = [
        lambda t: layers.Dense(4)(t),
        lambda t: layers.Dense(4)(t),
        lambda t: rng.choice(shared)(t),
        lambda t: layers.add([t, rng.choice(tensors)]),
        lambda t: layers.Dense(4)(layers.concatenate([t, rng.choice(tensors)])),
        lambda t: layers.Dropout(0.5)(t),
        lambda t: inner(t),
        lambda t: layers.BatchNormalization()(t),
        lambda t: layers.Activation("relu")(t),
    ]
    for _ in range(rng.randint(3, 12)):
        tensors.append(rng.choice(makers)(rng.choice(tensors)))
    return inputs, tensors


def described(package, seed):
    """What a model of random layers says of itself; `package`: "keras" or "caudal.keras"."""
    layers, models, engine = (
        importlib.import_module("%s.%s" % (package, part))
        for part in ("layers", "models", "engine")
    )
    rng = random.Random(seed)
    inputs, tensors = _tensors(layers, models, rng)
    outputs = tensors[-1:] + (tensors[-2:-1] if rng.random() < 0.4 else [])
    sources = [id(s) for y in outputs for s in engine.get_source_inputs(y)]
    used = [x for x in inputs if id(x) in sources]
    model = models.Model(used, outputs)
    config = json.dumps(model.get_config(), sort_keys=True)
    again = models.Model.from_config(json.loads(config))
    return {
        "layers": [layer.name for layer in model.layers],
        "depths": {
            layer.name: depth for depth, found in model._layers_by_depth.items() for layer in found
        },
        "config": hashlib.sha1(config.encode()).hexdigest(),
        "losses": len(model.losses),
        "updates": len(model.updates),
        "weights": [w.name for w in model.weights],
        "trainable": len(model.trainable_weights),
        "learning phase": bool(model.uses_learning_phase),
        "inputs": model.input_names,
        "outputs": model.output_names,
        "parameters": int(model.count_params()),
        "again": json.dumps(again.get_config(), sort_keys=True) == config,
    }


if __name__ == "__main__":
    from keras import backend

    found = []
    for number in range(COUNT):
        backend.clear_session()
        found.append(described("keras", number))
    print(json.dumps(found, sort_keys=True))
