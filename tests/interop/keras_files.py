# SPDX-License-Identifier: Apache-2.0
"""Model files of Keras: one engine writes them, another loads them and goes on training.

`python keras_files.py ENGINE make|use FOLDER`, where ENGINE is caudal, keras (Keras 2.2.4) or tf
(the tf.keras of that TensorFlow, or Keras 3 with TensorFlow 2). `use` prints "ok" for each file.

For every model NAME there are NAME.h5 (all of it), NAME.weights.h5, NAME.json and NAME.npz: in<i>,
target<i>, pred<i>, losses (of three more steps on the same batch) and rtol, within which another
engine must have the same losses; the first loss is exact. Keras 2.2.4 may count a step of Adam
before or after that count is read: its later losses vary.
"""

import glob
import os
import sys
import warnings

# Files beside this one have names of packages that Keras imports.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [p for p in sys.path if os.path.abspath(p) != _here]

import numpy as np  # noqa: E402


def engine_of(name):
    """(module keras, relative tolerance of losses after the first)."""
    if name == "caudal":
        from caudal import keras

        return keras, 1e-3
    import tensorflow.compat.v1 as tf

    tf.logging.set_verbosity(tf.logging.ERROR)
    if name == "keras":
        import keras

        if keras.__version__.startswith("3"):
            return keras, 1e-3
        base = keras.optimizers.Optimizer
        unordered = base.get_gradients

        def get_gradients(self, loss, params):
            """Changes no weight before everything that reads weights is done."""
            grads = [tf.convert_to_tensor(g) for g in unordered(self, loss, params)]
            with tf.control_dependencies(grads + [loss]):
                return [tf.identity(g) for g in grads]

        base.get_gradients = get_gradients
        return keras, 5e-2
    import tensorflow

    return tensorflow.keras, 1e-3


def mlp(k):
    dense = k.layers.Dense
    return k.models.Sequential(
        [
            dense(8, activation="relu", input_shape=(6,)),
            k.layers.Dropout(0.0),
            dense(3, activation="softmax", kernel_regularizer=k.regularizers.l2(1e-3)),
        ]
    )


def cnn(k):
    layers = k.layers
    image = layers.Input(shape=(8, 8, 1), name="image")
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(image)
    x = layers.Activation("relu")(layers.BatchNormalization()(x))
    x = layers.concatenate([layers.MaxPooling2D(2)(x), layers.AveragePooling2D(2)(x)])
    x = layers.SeparableConv2D(5, 3, padding="valid")(x)
    x = layers.GlobalAveragePooling2D()(layers.add([x, x]))
    return k.models.Model(image, layers.Dense(2, activation="sigmoid", name="out")(x))


def rnn(k):
    layers = k.layers
    return k.models.Sequential(
        [
            layers.Embedding(12, 4, input_length=5),
            layers.LSTM(5, return_sequences=True),
            layers.Bidirectional(layers.GRU(3)),
            layers.Dense(1),
        ]
    )


def nested(k):
    """Two inputs, two outputs, a model and a layer that are used twice, a frozen layer."""
    layers = k.layers
    a, b = layers.Input(shape=(6,), name="a"), layers.Input(shape=(6,), name="b")
    inner = k.models.Sequential(name="inner")
    inner.add(layers.Dense(5, activation="tanh", input_shape=(6,), name="inside"))
    inner.add(layers.BatchNormalization(name="norm"))
    frozen = layers.Dense(4, trainable=False, name="frozen")
    both = layers.concatenate([frozen(inner(a)), frozen(inner(b))])
    outputs = [layers.Dense(3, activation="softmax", name="kind")(both),
               layers.Dense(1, name="size", kernel_constraint="non_neg")(both)]  # fmt: skip
    return k.models.Model([a, b], outputs, name="outer")


def _data():
    r = np.random.RandomState(3)
    kinds = np.eye(3, dtype="f")[r.randint(0, 3, 10)]
    flat, other = r.randn(10, 6).astype("f"), r.randn(10, 6).astype("f")
    return {
        mlp: ([flat], [kinds]),
        nested: ([flat, other], [kinds, r.randn(10, 1).astype("f")]),
        cnn: ([r.rand(6, 8, 8, 1).astype("f")], [r.randint(0, 2, (6, 2)).astype("f")]),
        rnn: ([r.randint(0, 12, (7, 5))], [r.randn(7, 1).astype("f")]),
    }


# name -> (model, optimizer, its arguments, further arguments of compile)
MODELS = {
    "mlp_adam": (mlp, "Adam", {"lr": 0.01}, {"metrics": ["accuracy"]}),
    "mlp_amsgrad": (mlp, "Adam", {"lr": 0.01, "amsgrad": True}, {}),
    "mlp_adamax": (mlp, "Adamax", {"lr": 0.01}, {}),
    "mlp_nadam": (mlp, "Nadam", {"lr": 0.01}, {}),
    "mlp_adagrad": (mlp, "Adagrad", {"lr": 0.05}, {}),
    "mlp_adadelta": (mlp, "Adadelta", {"lr": 0.5}, {}),
    "cnn_sgd": (cnn, "SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}, {}),
    "rnn_rmsprop": (rnn, "RMSprop", {"lr": 0.01}, {}),
    "nested_sgd": (nested, "SGD", {"lr": 0.05, "decay": 0.1, "momentum": 0.5},
                   {"loss_weights": {"kind": 1.0, "size": 0.5}, "metrics": {"kind": "accuracy"}}),
}  # fmt: skip
LOSSES = {
    mlp: "categorical_crossentropy",
    cnn: "binary_crossentropy",
    rnn: "mse",
    nested: {"kind": "categorical_crossentropy", "size": "mse"},
}


def one(values):
    return values[0] if len(values) == 1 else values


def three_losses(model, x, y):
    return [float(np.atleast_1d(model.train_on_batch(x, y))[0]) for _ in range(3)]


def as_list(values):
    return values if isinstance(values, list) else [values]


def make(k, folder, rtol):
    os.makedirs(str(folder), exist_ok=True)
    data = _data()
    for name, (build, optimizer, arguments, compiling) in MODELS.items():
        k.backend.clear_session()
        np.random.seed(4)
        model = build(k)
        model.compile(getattr(k.optimizers, optimizer)(**arguments), LOSSES[build], **compiling)
        # The same start under all engines; what is never negative stays so.
        r = np.random.RandomState(5)
        model.set_weights([np.abs(r.uniform(-0.6, 0.6, w.shape)) for w in model.get_weights()])
        inputs, targets = data[build]
        x, y = one(inputs), one(targets)
        for _ in range(3):
            model.train_on_batch(x, y)
        path = os.path.join(str(folder), name)
        model.save(path + ".h5")
        model.save_weights(path + ".weights.h5")
        with open(path + ".json", "w") as file:
            file.write(model.to_json())
        saved = {"in%d" % i: a for i, a in enumerate(inputs)}
        saved.update(("target%d" % i, a) for i, a in enumerate(targets))
        saved.update(("pred%d" % i, a) for i, a in enumerate(as_list(model.predict(x))))
        np.savez_compressed(path + ".npz", losses=three_losses(model, x, y), rtol=rtol, **saved)
        print("made", name)


def several(saved, what):
    names = [n for n in sorted(saved.files) if n.startswith(what) and n[len(what) :].isdigit()]
    return [saved[n] for n in names]


def check(model, x, predictions, text):
    for got, expected in zip(as_list(model.predict(x)), predictions):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6, err_msg=text)


def use(k, folder, rtol):
    """Loads every model of a folder in three ways and goes on training."""
    # Keras 3 has other optimizers and other files of weights: predictions of models are compared.
    trains = k.__version__.split(".")[0] != "3"
    for path in sorted(glob.glob(os.path.join(str(folder), "*.npz"))):
        name, path = os.path.basename(path)[:-4], path[:-4]
        if not trains and name.startswith(("mlp", "rnn", "nested")):
            # It takes the shape of a Sequential model of Keras 2 for another one, and numbers the
            # calls of models inside models otherwise.
            continue
        saved = np.load(path + ".npz")
        x, y = one(several(saved, "in")), one(several(saved, "target"))
        predictions = several(saved, "pred")
        k.backend.clear_session()
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            model = k.models.load_model(path + ".h5", compile=trains)
        fresh = [str(w.message) for w in told if "optimizer state" in str(w.message)]

        check(model, x, predictions, name)
        if trains and not fresh:
            # Keras does not keep the schedule of Nadam, without which tf.keras goes on otherwise.
            steps = 1 if "nadam" in name and "tf" in k.__name__ + k.__version__ else 3
            losses = three_losses(model, x, y)
            np.testing.assert_allclose(losses[0], saved["losses"][0], rtol=2e-5, err_msg=name)
            np.testing.assert_allclose(
                losses[:steps],
                saved["losses"][:steps],
                rtol=max(rtol, float(saved["rtol"])),
                err_msg=name,
            )
        if trains:
            with open(path + ".json") as file:
                model = k.models.model_from_json(file.read())
            for suffix in (".weights.h5", ".h5"):
                model.load_weights(path + suffix)
                check(model, x, predictions, name + suffix)
        print("ok", name, "with a fresh optimizer" if fresh else "")


def main(engine, action, folder):
    k, rtol = engine_of(engine)
    {"make": make, "use": use}[action](k, folder, rtol)


if __name__ == "__main__":
    main(*sys.argv[1:])
