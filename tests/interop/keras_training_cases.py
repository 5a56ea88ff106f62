# SPDX-License-Identifier: Apache-2.0
"""Trainings of small models, measured in the same way under real Keras and under caudal.keras.

A case is a function of a `Run`: it makes a model, gives it fixed weights and data, trains it and
keeps the numbers. All that is drawn comes from RandomState(crc32(name of the case)), so only
results are kept, in tests/data/keras_training.npz, which tests/interop/record_keras.py writes under
real Keras and tests/python/keras/engine/test_recorded_training.py replays. To add a case, write a
function into this or one of the modules keras_training_*.py, put it into their `CASES` with a name,
and record again. This file runs under Python 3.7 as well.
"""

import json
import pathlib
import zlib

import numpy as np

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "keras_training.npz"
PLAIN = (str, int, bool, type(None), np.integer)


def cases():
    """{name: function} of all cases."""
    from . import keras_training_known, keras_training_models, keras_training_texts

    found = dict(CASES)
    for module in (keras_training_models, keras_training_known, keras_training_texts):
        assert not found.keys() & module.CASES.keys(), "names of cases must be unique"
        found.update(module.CASES)
    return found


class Run:
    """One case under one library.

    Attributes:
      keras, tf: the modules under measurement; `layers` and `K` are parts of keras.
      facts: texts, names and whole numbers that must be the same.
      arrays: numbers that must be near.
    """

    def __init__(self, keras, tf, name):
        self.keras, self.tf = keras, tf
        self.layers, self.K = keras.layers, keras.backend
        self.rng = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
        self.facts, self.arrays = {}, {}

    # Data -----------------------------------------------------------------------------------

    def uniform(self, *shape):
        return self.rng.uniform(-1, 1, shape).astype("float32")

    def positive(self, *shape):
        return self.rng.uniform(0.05, 1, shape).astype("float32")

    def integers(self, n, *shape):
        return self.rng.randint(n, size=shape)

    def one_hot(self, n, *shape):
        return np.eye(n, dtype="float32")[self.integers(n, *shape)]

    def fixed(self, model):
        """Gives a model its weights."""
        values = []
        for w in self.listed_weights(model):
            value = self.rng.uniform(-0.7, 0.7, self.K.int_shape(w)).astype("float32")
            values.append(np.abs(value) + np.float32(0.3) if "variance" in w.name else value)
        model.set_weights(values)
        return model

    @staticmethod
    def listed_weights(model):
        """In the order of `get_weights`."""
        return [w for layer in model.layers for w in layer.weights]

    def sequence(self, *layers):
        """A Sequential with fixed weights."""
        return self.fixed(self.keras.models.Sequential(list(layers)))

    def dense(self, units=1, activation=None, inputs=3):
        """A small model of two layers."""
        Dense = self.layers.Dense
        return self.sequence(
            Dense(4, activation="tanh", input_shape=(inputs,)), Dense(units, activation=activation)
        )

    # Results --------------------------------------------------------------------------------

    def keep(self, key, value):
        """Keeps texts and whole numbers, also in lists, as facts, and the rest as arrays."""
        assert key not in self.facts and key not in self.arrays, key
        if isinstance(value, PLAIN):
            self.facts[key] = value
        elif isinstance(value, list) and all(isinstance(x, PLAIN) for x in value):
            self.facts[key] = value
        else:
            self.arrays[key] = np.asarray(value, "float32")

    def history(self, key, history):
        """Keeps what `fit` returned."""
        self.keep(key + " keys", list(history.history))
        self.keep(key + " epochs", [int(e) for e in history.epoch])
        for name, values in history.history.items():
            self.keep("%s %s" % (key, name), np.array(values, "float64"))

    def fit(self, model, x, y, key="fit", **kwargs):
        for name, value in (("shuffle", False), ("verbose", 0), ("batch_size", 4), ("epochs", 2)):
            kwargs.setdefault(name, value)
        history = model.fit(x, y, **{k: v for k, v in kwargs.items() if v is not None})
        self.history(key, history)
        return history

    def evaluate(self, model, x, y, key="evaluate", **kwargs):
        kwargs.setdefault("batch_size", 4)
        values = model.evaluate(
            x, y, verbose=0, **{k: v for k, v in kwargs.items() if v is not None}
        )
        self.keep(key, np.array(values, "float64"))

    def predict(self, model, x, key="predict", **kwargs):
        values = model.predict(x, **kwargs)
        for i, value in enumerate(values if isinstance(values, list) else [values]):
            self.keep("%s/%d" % (key, i), value)

    def weights(self, model, key="weights"):
        self.keep(key + " names", [w.name for w in self.listed_weights(model)])
        for i, value in enumerate(model.get_weights()):
            self.keep("%s/%d" % (key, i), value)

    def train(self, model, x, y, **kwargs):
        """`fit`, then all that a model says."""
        self.keep("names", list(model.metrics_names))
        self.fit(model, x, y, **kwargs)
        self.evaluate(model, x, y, sample_weight=kwargs.get("sample_weight"))
        self.weights(model)


# Optimizers -------------------------------------------------------------------------------------

CLIPS = [{"clipnorm": 0.1}, {"clipvalue": 0.03}, {"clipnorm": 0.5, "clipvalue": 0.05}]
OPTIMIZERS = {
    "SGD": [
        {}, {"lr": 0.1}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.05, "decay": 0.3},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True}, {"lr": 0.1, "nesterov": True},
        {"lr": 0.1, "momentum": 0.5, "nesterov": True, "decay": 0.1, "clipnorm": 0.3},
    ],
    "RMSprop": [{}, {"lr": 0.01, "rho": 0.5}, {"epsilon": 0.1, "lr": 0.1}, {"decay": 0.2}],
    "Adagrad": [{}, {"lr": 0.1, "epsilon": 0.01}, {"decay": 0.2}],
    "Adadelta": [{}, {"lr": 0.5, "rho": 0.8}, {"epsilon": 0.01, "decay": 0.2}],
    "Adam": [
        {}, {"lr": 0.01, "beta_1": 0.5, "beta_2": 0.9}, {"amsgrad": True, "beta_2": 0.5, "lr": 0.1},
        {"epsilon": 0.1, "lr": 0.1}, {"decay": 0.2, "lr": 0.01}, {"amsgrad": True, "decay": 0.5},
    ],
    "Adamax": [{}, {"beta_1": 0.5, "beta_2": 0.7}, {"epsilon": 0.1, "decay": 0.2}],
    "Nadam": [{}, {"beta_1": 0.8, "beta_2": 0.9, "lr": 0.02}, {"schedule_decay": 0.5, "lr": 0.05}],
}  # fmt: skip


def with_optimizer(optimizer):
    """A case of an optimizer: a function of the Run that makes it."""

    def case(run):
        own = optimizer(run)
        model = run.dense(2)
        model.compile(own, "mse")
        x, y = run.uniform(10, 3), run.uniform(10, 2)
        run.fit(model, x, y, epochs=3)
        run.weights(model)
        if not isinstance(own, run.keras.optimizers.TFOptimizer):
            if not isinstance(own, str):
                config = own.get_config()
                run.keep("config names", sorted(config))
                run.keep("config", [float(v or 0) for _, v in sorted(config.items())])
            for i, value in enumerate(model.optimizer.get_weights()):
                run.keep("optimizer/%d" % i, value)
            # Those of a TFOptimizer count every step twice in Keras.
            run.keep("iterations", int(run.K.get_value(model.optimizer.iterations)))

    return case


def constrained(class_name):
    """An optimizer on weights with constraints and on rows that are looked up."""

    def case(run):
        model = run.sequence(
            run.layers.Embedding(7, 3, input_length=2, embeddings_constraint="max_norm"),
            run.layers.Flatten(),
            run.layers.Dense(2, kernel_constraint="non_neg", bias_constraint="unit_norm"),
        )
        optimizer = getattr(run.keras.optimizers, class_name)(lr=0.05, clipnorm=1.0)
        model.compile(optimizer, "mae")
        run.train(model, run.integers(5, 10, 2), run.uniform(10, 2))

    return case


def rates_by_callback(class_name):
    """A rate that a callback sets, a change of it by hand, and going on from there."""

    def case(run):
        model = run.dense(1)
        model.compile(getattr(run.keras.optimizers, class_name)(), "mse")
        x, y = run.uniform(7, 3), run.uniform(7, 1)
        schedule = run.keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))
        run.fit(model, x, y, epochs=4, callbacks=[schedule])
        run.K.set_value(model.optimizer.lr, 0.02)
        run.keep("steps", [model.train_on_batch(x, y) for _ in range(3)])
        run.fit(model, x, y, key="again", initial_epoch=2, epochs=5, callbacks=[schedule])
        run.weights(model)

    return case


CASES = {}
for _class_name, _options in OPTIMIZERS.items():
    for _i, _kwargs in enumerate(_options + CLIPS):
        CASES["%s %d" % (_class_name, _i)] = with_optimizer(
            lambda run, c=_class_name, k=_kwargs: getattr(run.keras.optimizers, c)(**k)
        )
    CASES["%s by name" % _class_name] = with_optimizer(lambda run, c=_class_name: c.lower())
    CASES["%s constraints" % _class_name] = constrained(_class_name)
    CASES["%s rates" % _class_name] = rates_by_callback(_class_name)

for _name, _args in {
    "GradientDescentOptimizer": (0.1,),
    "MomentumOptimizer": (0.1, 0.9),
    "AdamOptimizer": (0.01,),
    "RMSPropOptimizer": (0.01,),
    "AdagradOptimizer": (0.1,),
}.items():
    CASES["tf " + _name] = with_optimizer(
        lambda run, n=_name, a=_args: run.keras.optimizers.TFOptimizer(getattr(run.tf.train, n)(*a))
    )


# Losses -----------------------------------------------------------------------------------------

LOSSES = {
    "mean_squared_error": "any",
    "mean_absolute_error": "any",
    "mean_absolute_percentage_error": "any",
    "mean_squared_logarithmic_error": "positive",
    "logcosh": "any",
    "cosine_proximity": "any",
    "poisson": "positive",
    "kullback_leibler_divergence": "distribution",
    "hinge": "signs",
    "squared_hinge": "signs",
    "categorical_hinge": "classes",
    "categorical_crossentropy": "classes",
    "sparse_categorical_crossentropy": "labels",
    "binary_crossentropy": "bits",
}
ALIASES = ["mse", "mae", "mape", "msle", "cosine", "MSE", "MAE", "MAPE", "MSLE"]
ACTIVATIONS = {
    "any": None, "positive": "sigmoid", "distribution": "softmax", "signs": "tanh",
    "classes": "softmax", "labels": "softmax", "bits": "sigmoid",
}  # fmt: skip
LEADING = {"vectors": (), "steps": (3,), "images": (2, 3)}


def targets(run, kind, *shape):
    """Targets that a loss means, for outputs of a shape."""
    if kind == "any":
        return run.uniform(*shape)
    if kind == "positive":
        return run.positive(*shape)
    if kind == "distribution":
        y = run.positive(*shape)
        return y / y.sum(-1, keepdims=True)
    if kind == "signs":
        return np.sign(run.uniform(*shape))
    if kind == "bits":
        return run.integers(2, *shape)
    if kind == "labels":
        return run.integers(shape[-1], *shape[:-1])[..., None]
    return run.one_hot(shape[-1], *shape[:-1])


def with_loss(name, shape, as_function=False, units=3):
    def case(run):
        kind = LOSSES[name]
        model = run.sequence(
            run.layers.Dense(4, activation="tanh", input_shape=LEADING[shape] + (2,)),
            run.layers.Dense(units, activation=ACTIVATIONS[kind]),
        )
        loss = getattr(run.keras.losses, name) if as_function else name
        metrics = ["acc", name]
        if kind == "labels" and LEADING[shape]:
            metrics = [name]  # real Keras has no accuracy for these
        elif name == "categorical_hinge":
            metrics = ["acc", run.keras.losses.categorical_hinge]
        rate = 0.001 if "percentage" in name else 0.1
        model.compile(run.keras.optimizers.SGD(rate), loss, metrics=metrics)
        x = run.uniform(10, *LEADING[shape] + (2,))
        y = targets(run, kind, 10, *LEADING[shape] + (units,))
        run.train(model, x, y, epochs=1 if kind == "any" else 2)
        weights = run.positive(10)
        run.evaluate(model, x, y, key="weighted", sample_weight=weights)
        run.keep("batch", model.train_on_batch(x, y, sample_weight=weights))
        run.keep("test", model.test_on_batch(x[:3], y[:3]))

    return case


for _name in LOSSES:
    for _shape in LEADING:
        CASES["%s of %s" % (_name, _shape)] = with_loss(_name, _shape)
for _name in ("hinge", "squared_hinge", "binary_crossentropy", "mean_squared_error", "poisson"):
    CASES["%s of one" % _name] = with_loss(_name, "vectors", as_function=True, units=1)


def aliases(run):
    """All short names of losses, and one of the user's own, as losses and as metrics."""

    def own(y_true, y_pred):
        return run.K.sum(run.K.abs(y_true - y_pred) * run.K.exp(y_pred), axis=-1)

    model = run.dense(3, "sigmoid")
    x, y = run.uniform(9, 3), run.positive(9, 3)
    for loss in ALIASES + ["kld", "KLD", own]:
        model.compile("sgd", loss, metrics=ALIASES + [own])
        key = loss if isinstance(loss, str) else "own"
        run.keep("names of " + key, list(model.metrics_names))
        run.evaluate(model, x, y, key=key)
        run.keep("step of " + key, model.train_on_batch(x, y))
    run.weights(model)


def extremes(run):
    """Losses of probabilities at and near 0 and 1: what is cut, and what it becomes."""
    x = np.array([[0.0, 1.0], [1.0, 0.0], [1e-9, 1 - 1e-9], [0.5, 0.5], [1e-3, 1.0]], "float32")
    y = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]], "float32")
    inputs = run.layers.Input((2,))
    model = run.keras.models.Model(inputs, run.layers.Lambda(lambda t: t * 1.0)(inputs))
    for loss in sorted(LOSSES):
        model.compile("sgd", loss)
        labels = y[:, :1] if LOSSES[loss] == "labels" else y
        run.keep(loss, [model.test_on_batch(x[i : i + 1], labels[i : i + 1]) for i in range(5)])


CASES.update({"aliases": aliases, "extremes": extremes})


# Metrics ----------------------------------------------------------------------------------------


def all_metrics(kind, *shape):
    """Every metric on outputs of one shape (`kind` of targets: see `targets`)."""

    def case(run):
        metrics = run.keras.metrics
        names = [
            "acc", "accuracy", "ce", "crossentropy", "binary_accuracy", "mse", "mae", "mape",
            "cosine", "hinge", "squared_hinge", "logcosh", "poisson", "msle", "cosine_proximity",
            "kullback_leibler_divergence",
        ]  # fmt: skip
        if kind == "labels":
            names = ["ce"]
            if len(shape) == 1:
                names = ["acc", "ce", "sparse_categorical_accuracy"]
                names += ["sparse_top_k_categorical_accuracy"]
        else:
            names += ["categorical_accuracy", "categorical_crossentropy"]
            if len(shape) == 1:
                names += ["top_k_categorical_accuracy"]

        def top_2(y_true, y_pred):
            return metrics.top_k_categorical_accuracy(y_true, y_pred, k=2)

        def mean_of_all(y_true, y_pred):
            return run.K.mean(y_pred)

        if kind == "classes" and len(shape) == 1:
            names.append(top_2)
        loss = {
            "classes": "categorical_crossentropy",
            "labels": "sparse_categorical_crossentropy",
            "bits": "binary_crossentropy",
        }
        model = run.sequence(
            run.layers.Dense(shape[-1], activation=ACTIVATIONS[kind], input_shape=shape[:-1] + (2,))
        )
        model.compile(
            "sgd", loss.get(kind, "mse"), metrics=names + [mean_of_all],
            weighted_metrics=names[:3],
        )  # fmt: skip
        run.keep("names", list(model.metrics_names))
        x, y = run.uniform(11, *shape[:-1] + (2,)), targets(run, kind, 11, *shape)
        run.evaluate(model, x, y)
        run.evaluate(model, x, y, key="weighted", sample_weight=run.positive(11))
        run.fit(model, x, y, sample_weight=run.positive(11))

    return case


for _kind, _shapes in {
    "classes": [(7,), (2,), (3, 4)],
    "labels": [(7,), (3, 4), (2, 2, 3)],
    "bits": [(1,), (3,), (2, 2)],
    "any": [(1,), (6,)],
}.items():
    for _shape in _shapes:
        CASES["metrics of %s %s" % (_kind, _shape)] = all_metrics(_kind, *_shape)


def accuracy_by_loss(run):
    """Which accuracy "acc" stands for."""
    for units in (1, 4):
        for loss in sorted(LOSSES):
            model = run.sequence(
                run.layers.Dense(units, activation=ACTIVATIONS[LOSSES[loss]], input_shape=(2,))
            )
            model.compile("sgd", loss, metrics=["acc", "ce"])
            x, y = run.uniform(6, 2), targets(run, LOSSES[loss], 6, units)
            if loss == "categorical_crossentropy" and units == 1:
                continue
            run.evaluate(model, x, y, key="%s %d" % (loss, units))


CASES["accuracy by loss"] = accuracy_by_loss


def measure(keras, tf, name):
    """(facts, arrays) of a case under one library."""
    run = Run(keras, tf, name)
    cases()[name](run)
    return json.loads(json.dumps(run.facts, default=int)), run.arrays
