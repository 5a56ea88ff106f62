# SPDX-License-Identifier: Apache-2.0
"""Initializers, activations, regularizers and constraints, measured in the same way everywhere.

Run with a Python that has Keras 2.2.4 on TensorFlow 1, this writes tests/data/keras_functions.npz,
which tests/python/keras/test_functions.py compares. It runs under Python 3.7 as well.
"""

import json
import pathlib

import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "keras_functions.npz"

# (class or function, arguments, shape); without a seed, NumPy's decides.
INITIALIZERS = [
    ("Zeros", {}, (2, 3)),
    ("Ones", {}, (2, 3)),
    ("Constant", {"value": 0.3}, (2, 3)),
    ("RandomNormal", {"seed": 3}, (3, 4)),
    ("RandomNormal", {"mean": 1.0, "stddev": 2.0}, (3, 4)),
    ("RandomUniform", {"seed": 3}, (3, 4)),
    ("RandomUniform", {"minval": -2, "maxval": 1}, (3, 4)),
    ("TruncatedNormal", {"seed": 3}, (3, 4)),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 2.0}, (3, 4)),
    ("VarianceScaling", {"seed": 3}, (3, 4)),
    ("VarianceScaling", {"scale": 2.0, "mode": "fan_out", "distribution": "uniform", "seed": 1},
     (2, 3, 4, 5)),
    ("VarianceScaling", {"mode": "fan_avg"}, (5,)),
    ("Orthogonal", {"seed": 3}, (3, 5)),
    ("Orthogonal", {"gain": 2.0, "seed": 3}, (2, 2, 3)),
    ("Orthogonal", {}, (4, 2)),
    ("Identity", {"gain": 2.0}, (3, 3)),
    ("Identity", {}, (2, 4)),
    ("Identity", {}, (6, 3)),
    *[(name, {"seed": 5}, shape)
      for name in ("lecun_uniform", "glorot_normal", "glorot_uniform", "he_normal", "lecun_normal",
                   "he_uniform")
      for shape in ((3, 4), (2, 3, 4, 2))],
    *[(name, {}, (3, 4)) for name in ("glorot_uniform", "he_normal")],
]  # fmt: skip
ACTIVATIONS = [
    *[(name, {}) for name in ("elu", "exponential", "hard_sigmoid", "linear", "relu", "selu",
                              "sigmoid", "softmax", "softplus", "softsign", "tanh")],
    ("elu", {"alpha": 0.3}),
    ("relu", {"alpha": 0.3}),
    ("relu", {"max_value": 1.5}),
    ("relu", {"max_value": 6}),
    ("relu", {"threshold": 0.5}),
    ("relu", {"alpha": 0.3, "max_value": 1.5, "threshold": 0.5}),
    ("softmax", {"axis": 0}),
    ("softmax", {"axis": 1}),
]  # fmt: skip
REGULARIZERS = [("l1", {}), ("l2", {}), ("l1_l2", {}), ("l1", {"l": 0.3}), ("l2", {"l": 0.3}),
                ("l1_l2", {"l1": 0.2, "l2": 0.1}), ("L1L2", {}), ("L1L2", {"l2": 0.5})]  # fmt: skip
CONSTRAINTS = [
    ("max_norm", {}),
    ("max_norm", {"max_value": 0.7, "axis": 1}),
    ("MaxNorm", {"axis": [0, 1]}),
    ("non_neg", {}),
    ("unit_norm", {}),
    ("unit_norm", {"axis": 1}),
    ("min_max_norm", {}),
    ("min_max_norm", {"min_value": 0.5, "max_value": 0.9, "rate": 0.3, "axis": 1}),
]
SETS = {
    "initializers": INITIALIZERS,
    "activations": ACTIVATIONS,
    "regularizers": REGULARIZERS,
    "constraints": CONSTRAINTS,
}


def key(kind, row):
    return json.dumps([kind, *row])


def measure(keras, kind, row):
    """(what `serialize` says, value) of one row of a set."""
    K = keras.backend
    K.clear_session()
    module = getattr(keras, kind)
    name, arguments = row[:2]
    np.random.seed(11)
    inputs = np.linspace(-3, 4, 24).reshape(2, 3, 4).astype("float32")
    if kind == "activations":
        function = getattr(module, name)
        return module.serialize(function), K.eval(function(K.constant(inputs), **arguments))
    item = getattr(module, name)(**arguments)
    if kind == "initializers":
        value = K.get_value(K.variable(item(row[2])))
    elif kind == "constraints":
        value = K.eval(item(K.variable(inputs[0])))
    else:
        value = item(K.constant(inputs))
        value = K.eval(value) if hasattr(value, "shape") else value
    return json.loads(json.dumps(module.serialize(item))), value


def weights_of_seeded_model(keras):
    """First weights of a model that only NumPy's seed decides."""
    keras.backend.clear_session()
    np.random.seed(1337)
    model = keras.models.Sequential()
    model.add(keras.layers.Embedding(5, 4, input_length=3))
    model.add(keras.layers.Conv1D(3, 2, kernel_initializer="he_normal"))
    model.add(keras.layers.Dropout(0.5))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(2, kernel_initializer="orthogonal"))
    return model.get_weights()


def main():
    import keras

    facts, values = {}, {}
    for kind, rows in SETS.items():
        for row in rows:
            fact, value = measure(keras, kind, row)
            facts[key(kind, row)] = fact
            values["value/%d" % len(values)] = np.asarray(value, "float32")
    weights = {"weight/%d" % i: w for i, w in enumerate(weights_of_seeded_model(keras))}
    text = np.frombuffer(json.dumps(facts).encode(), "uint8")
    np.savez_compressed(DATA, facts=text, **values, **weights)
    print(len(facts), "functions")


if __name__ == "__main__":
    main()
