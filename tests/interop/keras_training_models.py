# SPDX-License-Identifier: Apache-2.0
"""Trainings of whole models: weights of samples, masks, several outputs, penalties, state, loops.

See keras_training_cases.py, which says what a case is.
"""

import os
import tempfile

import numpy as np


def two_outputs(run, **compiled):
    """Two inputs, a shared layer, outputs "a" (3 classes) and "b" (one number)."""
    layers = run.layers
    first, second = layers.Input((3,), name="first"), layers.Input((3,), name="second")
    shared = layers.Dense(4, activation="tanh", name="shared")
    both = layers.concatenate([shared(first), shared(second)])
    a = layers.Dense(3, activation="softmax", name="a")(both)
    b = layers.Dense(1, name="b")(both)
    model = run.fixed(run.keras.models.Model([first, second], [a, b]))
    if compiled:
        model.compile(run.keras.optimizers.SGD(0.1), **compiled)
    x = [run.uniform(10, 3), run.uniform(10, 3)]
    return model, x, [run.one_hot(3, 10), run.uniform(10, 1)]


LOSS = ["categorical_crossentropy", "mse"]


def several_outputs(run):
    for key, compiled in {
        "list": dict(loss=LOSS, metrics=["acc", "mae"]),
        "same": dict(loss="mse", metrics=["mae"]),
        "dict": dict(loss={"b": "mae", "a": "kld"}, metrics={"b": "mse", "a": ["acc", "ce"]}),
        "weights": dict(loss=LOSS, loss_weights=[0.3, 2.0], weighted_metrics=["mae"]),
        "weights by name": dict(loss=LOSS, loss_weights={"b": 0.5}, metrics={"b": ["mae", "acc"]}),
        "one weight is 0": dict(loss=LOSS, loss_weights=[0.0, 1]),
    }.items():
        run.K.clear_session()
        model, x, y = two_outputs(run, **compiled)
        run.keep(key + " names", list(model.metrics_names))
        run.fit(model, x, y, key=key)
        run.evaluate(model, x, y, key=key + " evaluate")
        run.keep(key + " batch", model.train_on_batch(x, y))
        run.weights(model, key=key + " weights")
    run.predict(model, x)


def data_by_name(run):
    model, x, y = two_outputs(run, loss=LOSS, metrics=["acc"])
    x, y = dict(zip(("first", "second"), x)), dict(zip("ab", y))
    run.fit(model, x, y, validation_data=({k: v[:5] for k, v in x.items()},
                                          {k: v[:5] for k, v in y.items()}))  # fmt: skip
    weights = {"a": run.positive(10)}
    run.fit(model, x, y, key="weighted", sample_weight=weights, validation_split=0.3)
    classes = {"a": {0: 0.5, 1: 2.0, 2: 1.0}}
    run.fit(model, x, y, key="classes", class_weight=classes)
    run.keep("batch", model.train_on_batch(x, y, sample_weight=weights))
    run.keep("class batch", model.train_on_batch(x, y, class_weight=classes))
    run.keep("test", model.test_on_batch(x, y))
    run.evaluate(model, x, y, sample_weight=weights)
    run.weights(model)


def output_without_loss(run):
    model, x, y = two_outputs(run)
    model.get_layer("b").trainable = False
    model.compile("sgd", {"a": LOSS[0]}, metrics={"a": "acc", "b": "mae"})
    run.train(model, x, y[:1])
    model.get_layer("a").trainable, model.get_layer("b").trainable = False, True
    model.compile("sgd", [None, "mae"], metrics=["acc"])
    run.keep("other names", list(model.metrics_names))
    run.fit(model, x, y[1], key="other")


def class_weights(loss, units, activation):
    def case(run):
        model = run.dense(units, activation)
        model.compile("sgd", loss, metrics=["acc"], weighted_metrics=["acc", "mae"])
        x, y = run.uniform(11, 3), run.integers(max(units, 2), 11)
        if loss == "categorical_crossentropy":
            y = np.eye(units)[y]
        weights = {i: w for i, w in enumerate([0.5, 3.0, 1.5][: max(units, 2)])}
        run.keep("names", list(model.metrics_names))
        run.fit(model, x, y, class_weight=weights)
        run.fit(model, x, y, key="split", class_weight=weights, validation_split=0.3)
        run.fit(model, x, y, key="list", class_weight=[0.5, 3.0, 1.5])
        run.fit(model, x, y, key="auto", class_weight="auto")
        run.keep("batch", model.train_on_batch(x, y, class_weight=weights))
        run.weights(model)

    return case


def sample_weights(run):
    model = run.dense(3, "softmax")
    loss, names = "categorical_crossentropy", ["acc", "mae"]
    model.compile("sgd", loss, metrics=names, weighted_metrics=names)
    x, y, weights = run.uniform(11, 3), run.one_hot(3, 11), run.positive(11)
    weights[[1, 3, 5, 8]] = 0
    run.train(model, x, y, sample_weight=weights)
    held = (x[:5], y[:5], weights[:5])
    run.fit(model, x, y, key="held", sample_weight=weights, validation_data=held)
    run.fit(model, x, y, key="split", sample_weight=weights, validation_split=0.4)
    run.fit(model, x, y, key="shuffled", sample_weight=np.float64(weights), batch_size=11)
    run.keep("batch", model.train_on_batch(x, y, sample_weight=weights))
    run.keep("test", model.test_on_batch(x, y, sample_weight=weights))
    run.keep("signs", model.test_on_batch(x, y, sample_weight=weights - 0.5))


def temporal_weights(run):
    layers = run.layers
    model = run.sequence(
        layers.SimpleRNN(4, return_sequences=True, input_shape=(3, 2)),
        layers.TimeDistributed(layers.Dense(3, activation="softmax")),
    )
    model.compile("sgd", "categorical_crossentropy", metrics=["acc"], weighted_metrics=["acc"],
                  sample_weight_mode="temporal")  # fmt: skip
    x, y, weights = run.uniform(9, 3, 2), run.one_hot(3, 9, 3), run.positive(9, 3)
    weights[:, 2] *= run.integers(2, 9)
    run.train(model, x, y, sample_weight=weights)
    run.fit(model, x, y, key="without")
    run.fit(model, x, y, key="split", sample_weight=weights, validation_split=0.3)


def temporal_of_two(mode):
    def case(run):
        layers = run.layers
        inputs = layers.Input((3, 2))
        h = layers.GRU(4, return_sequences=True)(inputs)
        a, b = layers.Dense(2, name="a")(h), layers.Dense(1, name="b")(layers.Flatten()(h))
        model = run.fixed(run.keras.models.Model(inputs, [a, b]))
        model.compile("sgd", "mse", metrics=["mae"], sample_weight_mode=mode, loss_weights=[1, 0.2])
        x, y = run.uniform(9, 3, 2), [run.uniform(9, 3, 2), run.uniform(9, 1)]
        run.train(model, x, y, sample_weight=[run.positive(9, 3), run.positive(9)])
        run.fit(model, x, y, key="one", sample_weight={"b": run.positive(9)})

    return case


def masked(kind, final, loss="categorical_crossentropy"):
    """Words with padding, a recurrent layer, a loss that must not count the padding."""

    def case(run):
        layers = run.layers
        cell = getattr(layers, kind)(4, return_sequences=final != "last")
        model = [layers.Embedding(6, 3, mask_zero=True, input_length=5), cell]
        if final == "bidirectional":
            model[1] = layers.Bidirectional(cell)
        dense = layers.Dense(3, activation="softmax")
        model.append(layers.TimeDistributed(dense) if final == "steps" else dense)
        model = run.sequence(*model)
        names = ["ce"] if loss.startswith("sparse") else ["acc", "ce"]
        model.compile("sgd", loss, metrics=names, weighted_metrics=names,
                      sample_weight_mode=None if final == "last" else "temporal")  # fmt: skip
        x = run.integers(5, 10, 5) + 1
        for row, length in zip(x, run.integers(5, 10)):
            row[length + 1 :] = 0
        x[3, 0] = 0
        shape = (10,) if final == "last" else (10, 5)
        y = run.one_hot(3, *shape)
        if loss.startswith("sparse"):
            y = y.argmax(-1)[..., None]
        run.train(model, x, y)
        weights = run.positive(*shape)
        weights[2] = 0
        run.fit(model, x, y, key="weighted", sample_weight=weights)
        run.fit(model, x, y, key="split", sample_weight=weights, validation_split=0.3)
        run.keep("batch", model.test_on_batch(x, y, sample_weight=weights))
        run.predict(model, x, batch_size=4)

    return case


def masking_of_numbers(run):
    layers = run.layers
    model = run.sequence(
        layers.Masking(mask_value=-1.0, input_shape=(4, 2)), layers.LSTM(3, return_sequences=True)
    )
    x = run.uniform(9, 4, 2)
    x[::2, 2:] = -1
    x[1, :] = -1
    for loss in ("mse", "mae", "cosine", "hinge", "binary_crossentropy"):
        model.compile("sgd", loss, metrics=["mae", "acc"])
        run.fit(model, x, run.uniform(9, 4, 3), key=loss, sample_weight=run.positive(9))
    run.weights(model)


def penalties(run):
    layers, regularizers = run.layers, run.keras.regularizers
    model = run.sequence(
        layers.Dense(
            4, input_shape=(3,), kernel_regularizer=regularizers.l1_l2(0.01, 0.02),
            bias_regularizer="l2", activity_regularizer=regularizers.l1(0.02),
        ),
        layers.ActivityRegularization(l1=0.01, l2=0.03),
        layers.Dense(4, kernel_constraint="max_norm", bias_constraint="non_neg"),
        layers.Dense(
            2, kernel_constraint=run.keras.constraints.MinMaxNorm(0.2, 0.5, 0.8),
            activity_regularizer="l2", kernel_regularizer="l1",
        ),
    )  # fmt: skip
    model.compile(run.keras.optimizers.SGD(0.2, momentum=0.5), "mse", metrics=["mae"])
    run.train(model, run.uniform(10, 3), run.uniform(10, 2), validation_split=0.3, epochs=3)


def penalties_of_recurrent(run):
    model = run.sequence(
        run.layers.LSTM(
            3, input_shape=(4, 2), kernel_regularizer="l2", recurrent_regularizer="l1",
            recurrent_constraint="unit_norm", activity_regularizer="l2",
        ),
        run.layers.Dense(1),
    )  # fmt: skip
    model.compile("rmsprop", "mse")
    run.train(model, run.uniform(10, 4, 2), run.uniform(10, 1), epochs=3)


def penalties_of_shared(run):
    """A shared layer's activity counts once for each use, its weights once."""
    layers, Model = run.layers, run.keras.models.Model
    x = layers.Input((3,))
    shared = layers.Dense(3, kernel_regularizer="l2", activity_regularizer="l1")
    inner = Model(x, layers.PReLU()(shared(x)))
    a, b = layers.Input((3,)), layers.Input((3,))
    y = layers.add([inner(a), inner(b), shared(a)])
    model = run.fixed(Model([a, b], layers.Dense(1)(y)))
    model.compile(run.keras.optimizers.SGD(0.1), "mae")
    run.train(model, [run.uniform(10, 3), run.uniform(10, 3)], run.uniform(10, 1))
    run.keep("losses", len(model.losses))


def batch_normalization(**kwargs):
    def case(run):
        layers = run.layers
        model = run.sequence(
            layers.Conv2D(3, 2, input_shape=(4, 3, 2), use_bias=False),
            layers.BatchNormalization(**kwargs),
            layers.Activation("relu"),
            layers.GlobalAveragePooling2D(),
            layers.BatchNormalization(momentum=0.5),
            layers.Dense(2),
        )
        model.compile(run.keras.optimizers.SGD(0.1), "mse")
        x, y = run.uniform(10, 4, 3, 2), run.uniform(10, 2)
        run.train(model, x, y, epochs=3, validation_split=0.2)
        run.keep("batch", [model.train_on_batch(x[:n], y[:n]) for n in (5, 2, 3)])
        run.weights(model, key="later")
        run.predict(model, x, batch_size=3)

    return case


def frozen(run):
    """Layers and models that do not train, before and after compiling again."""
    layers, models = run.layers, run.keras.models
    base = models.Sequential(
        [layers.Dense(3, input_shape=(2,)), layers.BatchNormalization(momentum=0.5)]
    )
    model = models.Sequential([base, layers.Dense(2), layers.BatchNormalization(momentum=0.7)])
    run.fixed(model)
    x, y = run.uniform(9, 2), run.uniform(9, 2)
    for key in ("all", "base", "inner", "last", "none"):
        base.trainable = key != "base"
        base.layers[0].trainable = key != "inner"
        model.layers[-1].trainable = key != "last"
        if key == "none":
            model.trainable = False
        model.compile(run.keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
        run.keep(key + " trainable", [w.name for w in model.trainable_weights])
        run.keep(key + " updates", len(model.updates))
        if key != "none":
            run.fit(model, x, y, key=key)
        run.weights(model, key=key + " weights")


def adversaries(run):
    """A generator that trains through a frozen discriminator, which trains by itself."""
    layers, models, optimizers = run.layers, run.keras.models, run.keras.optimizers
    # A bias in front of a normalization has no gradient but rounding, which Adam makes large.
    judge = models.Sequential([
        layers.Dense(4, input_shape=(2,)), layers.LeakyReLU(0.2),
        layers.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    judge.compile(optimizers.Adam(0.02, 0.5), "binary_crossentropy", metrics=["accuracy"])
    maker = models.Sequential([
        layers.Dense(4, input_shape=(3,), use_bias=False),
        layers.BatchNormalization(momentum=0.8), layers.Dense(2),
    ])  # fmt: skip
    z = layers.Input((3,))
    judge.trainable = False
    both = models.Model(z, judge(maker(z)))
    both.compile(optimizers.Adam(0.02, 0.5), "binary_crossentropy")
    run.fixed(both)
    steps = []
    for _ in range(4):
        noise = run.uniform(6, 3)
        made = maker.predict(noise)
        steps += judge.train_on_batch(run.uniform(6, 2), np.ones((6, 1)))
        steps += judge.train_on_batch(made, np.zeros((6, 1)))
        steps.append(both.train_on_batch(noise, np.ones((6, 1))))
    run.keep("steps", steps)
    run.weights(both)


def stateful(kind, **kwargs):
    def case(run):
        layers = run.layers
        model = run.sequence(
            getattr(layers, kind)(3, stateful=True, batch_input_shape=(2, 4, 2), **kwargs),
            layers.Dense(1),
        )
        model.compile(run.keras.optimizers.SGD(0.1), "mse")
        x, y = run.uniform(6, 4, 2), run.uniform(6, 1)
        for i in range(3):
            run.fit(model, x, y, key="fit %d" % i, batch_size=2, epochs=1 + i % 2)
            if i == 1:
                model.reset_states()
        run.evaluate(model, x, y, batch_size=2)
        run.predict(model, x, batch_size=2)
        run.predict(model, x, key="further", batch_size=2)
        model.reset_states()
        run.predict(model, x, key="from the start", batch_size=2)
        run.keep("batch", [model.train_on_batch(x[:2], y[:2]) for _ in range(2)])
        run.weights(model)

    return case


def validation(run):
    """Ways to give a validation, and shuffling with the seed of NumPy."""
    model = run.dense(1)
    model.compile(run.keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    x, y = run.uniform(13, 3), run.uniform(13, 1)
    run.fit(model, x, y, key="split", validation_split=0.25)
    run.fit(model, x, y, key="data", validation_data=(x[2:9], y[2:9]))
    run.fit(model, x, y, key="list", validation_data=[x[2:9], y[2:9], run.positive(7)])
    run.fit(model, x, y, key="later", initial_epoch=2, epochs=4)
    run.fit(model, x, y, key="no batch size", batch_size=None)
    np.random.seed(5)
    run.fit(model, x, y, key="shuffled", shuffle=True, validation_split=0.2)
    run.fit(model, x, y, key="batches", shuffle="batch")
    run.fit(model, [x.tolist()], y.ravel().tolist(), key="lists")
    run.evaluate(model, x, y, key="one by one", batch_size=1)
    run.evaluate(model, x, y, key="default size", batch_size=None)
    run.weights(model)


def callbacks(run):
    """Stopping early, plateaus, and what callbacks are told."""
    cb = run.keras.callbacks
    x, y = run.uniform(12, 3), run.uniform(12, 1)
    told = []

    class Listener(cb.Callback):
        def on_epoch_end(self, epoch, logs=None):
            told.append("%d %s" % (epoch, " ".join(sorted(logs))))

        def on_batch_end(self, batch, logs=None):
            told.append("%d %s" % (batch, " ".join(sorted(logs))))

    for key, given in {
        "early": cb.EarlyStopping(monitor="val_loss", patience=1, min_delta=0.01),
        "best": cb.EarlyStopping(patience=2, restore_best_weights=True, min_delta=0.2),
        "baseline": cb.EarlyStopping(monitor="loss", patience=2, baseline=0.01),
        "highest": cb.EarlyStopping(monitor="val_mean_absolute_error", mode="max", patience=0),
        "plateau": cb.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=0.05, min_lr=0.004),
        "cooldown": cb.ReduceLROnPlateau("loss", 0.2, 1, min_delta=1.0, cooldown=2),
        "schedule": cb.LearningRateScheduler(lambda epoch, lr: lr * 0.7),
        "nan": cb.TerminateOnNaN(),
        "lambda": cb.LambdaCallback(on_epoch_begin=lambda epoch, logs: told.append("%d" % epoch)),
        "listener": Listener(),
    }.items():
        run.K.clear_session()
        model = run.dense(1)
        model.compile(run.keras.optimizers.SGD(0.05, momentum=0.9), "mse", metrics=["mae"])
        run.fit(model, x, y, key=key, epochs=7, validation_split=0.3, callbacks=[given])
        run.keep(key + " rate", [float(run.K.get_value(model.optimizer.lr))])
        run.weights(model, key=key + " weights")
    run.keep("told", told)


def generators(run):
    model = run.dense(2, "softmax")
    loss = "categorical_crossentropy"
    model.compile(run.keras.optimizers.SGD(0.1), loss, metrics=["acc"], weighted_metrics=["acc"])
    x, y, weights = run.uniform(12, 3), run.one_hot(2, 12), run.positive(12)

    def endless(weighted=False):
        while True:
            for start, stop in ((0, 5), (5, 7), (7, 12)):
                part = slice(start, stop)
                yield (x[part], y[part], weights[part]) if weighted else (x[part], y[part])

    class Parts(run.keras.utils.Sequence):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            return x[i * 5 : i * 5 + 5], y[i * 5 : i * 5 + 5]

    def fit(key, *args, **kwargs):
        kwargs.setdefault("epochs", 2)
        run.history(key, model.fit_generator(*args, verbose=0, shuffle=False, **kwargs))

    fit("plain", endless(), 3)
    fit("part", endless(), 2, epochs=3)
    fit("weighted", endless(True), 3, class_weight={0: 0.5, 1: 2.0})
    fit("data", endless(), 3, validation_data=(x[:7], y[:7]))
    fit("data weights", endless(), 3, validation_data=(x[:7], y[:7], weights[:7]))
    fit("validation", endless(), 3, validation_data=endless(True), validation_steps=2)
    fit("classes", endless(), 3, class_weight={0: 0.5, 1: 2.0}, initial_epoch=1)
    fit("sequence", Parts(), validation_data=Parts())
    fit("here", endless(), 3, workers=0)
    run.keep("evaluate", model.evaluate_generator(endless(), 3))
    run.keep("evaluate weighted", model.evaluate_generator(endless(True), 2))
    run.keep("evaluate sequence", model.evaluate_generator(Parts()))
    run.keep("predict", model.predict_generator(endless(), 3))
    run.keep("predict sequence", model.predict_generator(Parts()))
    run.weights(model)


def tensors(run):
    """Targets and inputs that are tensors of the graph."""
    K, layers = run.K, run.layers
    x, y = run.uniform(6, 3), run.uniform(6, 2)
    for key in ("target", "list", "dict"):
        model = run.dense(2)
        given = K.variable(y) * 1.0
        given = {"target": given, "list": [given], "dict": {model.output_names[0]: given}}[key]
        model.compile("sgd", "mse", metrics=["mae"], target_tensors=given)
        run.fit(model, x, None, key=key, batch_size=6)
        run.keep(key + " batch", model.train_on_batch(x, None))
    model = run.dense(2)
    model.compile("sgd", "mse", target_tensors=[K.placeholder((None, 2))])
    run.fit(model, x, y, key="placeholder", sample_weight=run.positive(6))
    inputs = layers.Input(tensor=K.variable(x) * 1.0)
    model = run.fixed(run.keras.models.Model(inputs, layers.Dense(2)(inputs)))
    model.compile("sgd", "mse", target_tensors=K.variable(y) * 1.0)
    run.fit(model, None, None, key="all", batch_size=None, steps_per_epoch=3)
    run.evaluate(model, None, None, batch_size=None, steps=2)
    run.weights(model)


def own_losses(run):
    """Losses that come from layers, with and without losses of outputs."""
    K, layers, Model = run.K, run.layers, run.keras.models.Model

    class Penalty(layers.Layer):
        def call(self, inputs):
            self.add_loss(0.3 * K.mean(K.square(inputs)), inputs=inputs)
            return inputs

    inputs = layers.Input((3,))
    mean, spread = layers.Dense(2)(inputs), layers.Dense(2)(inputs)
    outputs = layers.Dense(3)(Penalty()(layers.add([mean, spread])))
    model = run.fixed(Model(inputs, outputs))
    x, y = run.uniform(10, 3), run.uniform(10, 3)
    model.compile(run.keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    run.train(model, x, y)

    code = 1 + spread - K.square(mean) - K.exp(spread)
    whole = Model(inputs, outputs)
    whole.add_loss(K.mean(K.square(inputs - outputs)) - 0.1 * K.mean(code))
    whole.compile("adam")
    run.keep("whole names", list(whole.metrics_names))
    run.fit(whole, x, None, key="whole")
    run.keep("whole evaluate", whole.evaluate(x, None, verbose=0, batch_size=4))
    run.weights(whole, key="whole weights")


def encoders(run):
    """Models made of parts of one graph, trained in turns."""
    layers, Model = run.layers, run.keras.models.Model
    inputs = layers.Input((4,))
    code = layers.Dense(2, activation="tanh")(inputs)
    decoder = run.keras.models.Sequential([layers.Dense(4, input_shape=(2,))])
    encoder, whole = Model(inputs, code), Model(inputs, decoder(code))
    run.fixed(whole)
    x = run.uniform(9, 4)
    whole.compile("adam", "mse")
    run.fit(whole, x, x)
    run.predict(encoder, x)
    encoder.compile("sgd", "mae")
    run.fit(encoder, x, run.uniform(9, 2), key="encoder")
    run.fit(whole, x, x, key="again")
    run.weights(whole)


def own_model(run):
    """A subclass of Model."""
    layers = run.layers

    class Own(run.keras.models.Model):
        def __init__(self):
            super().__init__(name="own")
            self.first = layers.Dense(4, activation="relu")
            self.normal = layers.BatchNormalization(momentum=0.5)
            self.last = layers.Dense(2, activation="softmax")

        def call(self, inputs):
            return self.last(self.normal(self.first(inputs)))

    model = Own()
    model.compile("sgd", "categorical_crossentropy", metrics=["acc"])
    x, y = run.uniform(10, 3), run.one_hot(2, 10)
    model.test_on_batch(x[:2], y[:2])
    run.fixed(model)
    run.train(model, x, y)
    run.predict(model, x)


def networks(run):
    """Layers of all kinds in one model each."""
    layers = run.layers
    for key, model, x in [
        (
            "images",
            [
                layers.Conv2D(3, 3, activation="relu", padding="same", input_shape=(6, 6, 1)),
                layers.MaxPooling2D(), layers.DepthwiseConv2D(2), layers.Flatten(),
                layers.Dense(3, activation="softmax"),
            ],
            run.uniform(9, 6, 6, 1),
        ),
        (
            "texts",
            [
                layers.Embedding(9, 4, input_length=6), layers.Conv1D(3, 2, activation="relu"),
                layers.GlobalMaxPooling1D(), layers.Dense(3, activation="softmax"),
            ],
            run.integers(9, 9, 6),
        ),
        (
            "series",
            [
                layers.Bidirectional(layers.GRU(2, return_sequences=True), input_shape=(5, 2)),
                layers.LSTM(3), layers.PReLU(), layers.Dense(3, activation="softmax"),
            ],
            run.uniform(9, 5, 2),
        ),
    ]:  # fmt: skip
        model = run.sequence(*model)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        y = run.integers(3, 9)
        run.fit(model, x, y, key=key, validation_split=0.2)
        run.evaluate(model, x, y, key=key + " evaluate")
        run.predict(model, x, key=key + " predict")
        run.weights(model, key=key + " weights")
        run.keep(key + " classes", [int(c) for c in model.predict_classes(x)])


def own_parts(run):
    """An optimizer, a metric with a state and a loss of the user's own."""
    K, keras = run.K, run.keras

    class Signs(keras.optimizers.Optimizer):
        def __init__(self, lr=0.01, **kwargs):
            super().__init__(**kwargs)
            with K.name_scope(self.__class__.__name__):
                self.iterations = K.variable(0, dtype="int64", name="iterations")
                self.lr = K.variable(lr, name="lr")

        def get_updates(self, loss, params):
            grads = self.get_gradients(loss, params)
            self.updates = [K.update_add(self.iterations, 1)]
            means = [K.zeros(K.int_shape(p)) for p in params]
            self.weights = [self.iterations] + means
            for p, g, m in zip(params, grads, means):
                new_m = 0.5 * m + 0.5 * g
                new_p = p - self.lr * K.sign(new_m)
                if getattr(p, "constraint", None) is not None:
                    new_p = p.constraint(new_p)
                self.updates += [K.update(m, new_m), K.update(p, new_p)]
            return self.updates

    class Positives(keras.layers.Layer):
        def __init__(self, name="positives", **kwargs):
            super().__init__(name=name, **kwargs)
            self.stateful = True
            self.count = K.variable(0, dtype="int32")

        def reset_states(self):
            K.set_value(self.count, 0)

        def __call__(self, y_true, y_pred):
            found = K.sum(K.cast(K.greater(y_pred * y_true, 0.3), "int32"))
            before = self.count * 1
            self.add_update(K.update_add(self.count, found), inputs=[y_true, y_pred])
            return before + found

    def scaled(factor):
        def loss(y_true, y_pred):
            return factor * K.mean(K.square(y_true - y_pred), axis=-1)

        return loss

    model = run.dense(2)
    model.compile(Signs(0.03, clipnorm=1.0), scaled(3.0), metrics=[Positives(), scaled(0.5)])
    x, y = run.uniform(10, 3), run.uniform(10, 2)
    run.train(model, x, y, epochs=3, validation_split=0.3)


def resumed(class_name, **kwargs):
    """A training that goes on from a file."""

    def case(run):
        models = run.keras.models
        model = run.dense(2)
        optimizer = getattr(run.keras.optimizers, class_name)(**kwargs)
        model.compile(optimizer, "mse", metrics=["mae"])
        x, y = run.uniform(10, 3), run.uniform(10, 2)
        run.fit(model, x, y)
        path = os.path.join(tempfile.mkdtemp(), "model.h5")
        model.save(path)
        again = models.load_model(path)
        run.fit(again, x, y, key="again")
        run.weights(again)
        run.fit(model, x, y, key="further")

    return case


def types_of_data(run):
    model = run.dense(1)
    model.compile("sgd", "mse", metrics=["acc", "mae"])
    x, y = run.integers(9, 10, 3), run.integers(2, 10)
    for kind in ("uint8", "int32", "int64", "float16", "float64"):
        run.fit(model, x.astype(kind), y.astype(kind), key=kind, epochs=1)
    run.fit(model, x > 4, y > 0, key="bool", epochs=1)
    run.fit(model, np.asfortranarray(x)[::-1], y[::-1], key="strided", epochs=1)
    run.predict(model, x[::2])
    run.weights(model)


CASES = {
    "several outputs": several_outputs,
    "data by name": data_by_name,
    "output without loss": output_without_loss,
    "class weights of one": class_weights("binary_crossentropy", 1, "sigmoid"),
    "class weights of some": class_weights("categorical_crossentropy", 3, "softmax"),
    "class weights of labels": class_weights("sparse_categorical_crossentropy", 3, "softmax"),
    "sample weights": sample_weights,
    "temporal weights": temporal_weights,
    "temporal by list": temporal_of_two(["temporal", None]),
    "temporal by name": temporal_of_two({"a": "temporal", "b": None}),
    "mask last": masked("LSTM", "last"),
    "mask steps": masked("LSTM", "steps"),
    "mask dense": masked("GRU", "dense"),
    "mask bidirectional": masked("SimpleRNN", "bidirectional"),
    "mask labels": masked("LSTM", "steps", "sparse_categorical_crossentropy"),
    "masking of numbers": masking_of_numbers,
    "penalties": penalties,
    "penalties of recurrent": penalties_of_recurrent,
    "penalties of shared": penalties_of_shared,
    "normalization": batch_normalization(),
    "normalization plain": batch_normalization(momentum=0.6, scale=False, center=False),
    "normalization of rows": batch_normalization(axis=1, epsilon=0.1),
    "frozen": frozen,
    "adversaries": adversaries,
    "stateful LSTM": stateful("LSTM"),
    "stateful GRU": stateful("GRU", unroll=True),
    "stateful SimpleRNN": stateful("SimpleRNN", go_backwards=True),
    "validation": validation,
    "callbacks": callbacks,
    "generators": generators,
    "tensors": tensors,
    "own losses": own_losses,
    "encoders": encoders,
    "own model": own_model,
    "networks": networks,
    "own parts": own_parts,
    "resumed Adam": resumed("Adam", amsgrad=True, decay=0.1),
    "resumed SGD": resumed("SGD", momentum=0.9, nesterov=True),
    "resumed RMSprop": resumed("RMSprop"),
    "resumed Adadelta": resumed("Adadelta"),
    "types of data": types_of_data,
}
