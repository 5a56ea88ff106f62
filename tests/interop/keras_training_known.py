# SPDX-License-Identifier: Apache-2.0
"""Well-known kinds of models, small: translation, attention, twins, CTC, dreams, wrappers.

See keras_training_cases.py, which says what a case is.
"""

import numpy as np


def translation(kind):
    """An encoder whose state starts a decoder, and the models that use them one by one."""

    def case(run):
        layers, Model = run.layers, run.keras.models.Model
        Cell, states = getattr(layers, kind), 2 if kind == "LSTM" else 1
        source, target = layers.Input((None, 4)), layers.Input((None, 3))
        state = Cell(5, return_state=True)(source)[1:]
        decoder = Cell(5, return_sequences=True, return_state=True)
        dense = layers.Dense(3, activation="softmax")
        outputs = dense(decoder(target, initial_state=state)[0])
        model = run.fixed(Model([source, target], outputs))
        model.compile("rmsprop", "categorical_crossentropy", metrics=["acc"])
        x = [run.uniform(9, 5, 4), run.one_hot(3, 9, 6)]
        run.train(model, x, run.one_hot(3, 9, 6), validation_split=0.2)

        encode = Model(source, state)
        given = [layers.Input((5,)) for _ in range(states)]
        found = decoder(target, initial_state=given)
        decode = Model([target] + given, [dense(found[0])] + found[1:])
        state = encode.predict(x[0])
        state = state if isinstance(state, list) else [state]
        run.keep("state", state[0])
        word = x[1][:, :1]
        for i in range(3):
            found = decode.predict([word] + state)
            word, state = found[0], found[1:]
            run.keep("word %d" % i, word)

    return case


def attention(run):
    layers = run.layers
    words = layers.Input((6,))
    h = layers.Embedding(9, 4)(words)
    h = layers.Bidirectional(layers.GRU(3, return_sequences=True))(h)
    scores = layers.Flatten()(layers.Dense(1, activation="tanh")(h))
    scores = layers.Activation("softmax", name="attention")(scores)
    scores = layers.Permute((2, 1))(layers.RepeatVector(6)(scores))
    found = layers.Lambda(lambda t: run.K.sum(t, axis=1))(layers.multiply([h, scores]))
    model = run.fixed(run.keras.models.Model(words, layers.Dense(1, activation="sigmoid")(found)))
    model.compile("adam", "binary_crossentropy", metrics=["acc"])
    x = run.integers(9, 10, 6)
    run.train(model, x, run.integers(2, 10))
    inner = run.keras.models.Model(model.input, model.get_layer("attention").output)
    run.predict(inner, x)


def twins(run):
    """Two branches with the same weights, a distance and a loss of it."""
    K, layers, models = run.K, run.layers, run.keras.models
    base = models.Sequential([
        layers.Dense(5, activation="relu", input_shape=(4,)), layers.BatchNormalization(),
        layers.Dense(3),
    ])  # fmt: skip

    def distance(pair):
        total = K.sum(K.square(pair[0] - pair[1]), axis=1, keepdims=True)
        return K.sqrt(K.maximum(total, K.epsilon()))

    def contrastive(y_true, y_pred):
        far = K.square(K.maximum(1.5 - y_pred, 0))
        return K.mean(y_true * K.square(y_pred) + (1 - y_true) * far)

    def near(y_true, y_pred):
        return K.mean(K.equal(y_true, K.cast(y_pred < 0.5, y_true.dtype)))

    a, b = layers.Input((4,)), layers.Input((4,))
    d = layers.Lambda(distance, output_shape=lambda shapes: (shapes[0][0], 1))([base(a), base(b)])
    model = run.fixed(models.Model([a, b], d))
    model.compile(run.keras.optimizers.RMSprop(), contrastive, metrics=[near])
    x = [run.uniform(10, 4), run.uniform(10, 4)]
    run.keep("names", list(model.metrics_names))
    run.fit(model, x, run.integers(2, 10))
    run.keep("weights", base.layers[0].get_weights()[0])


def speech(run):
    """CTC, which a layer computes and the loss hands on."""
    K, layers, Model = run.K, run.layers, run.keras.models.Model
    x = layers.Input((8, 3), name="x")
    h = layers.Bidirectional(layers.SimpleRNN(4, return_sequences=True), merge_mode="sum")(x)
    y = layers.TimeDistributed(layers.Dense(5, activation="softmax"))(h)
    labels = layers.Input((3,), name="labels")
    lengths = layers.Input((1,), name="lengths", dtype="int64")
    label_lengths = layers.Input((1,), name="label_lengths", dtype="int64")
    loss = layers.Lambda(lambda t: K.ctc_batch_cost(*t), output_shape=(1,), name="ctc")(
        [labels, y, lengths, label_lengths]
    )
    model = run.fixed(Model([x, labels, lengths, label_lengths], loss))
    model.compile(run.keras.optimizers.SGD(0.05), {"ctc": lambda y_true, y_pred: y_pred})
    data = {
        "x": run.uniform(6, 8, 3),
        "labels": run.integers(4, 6, 3),
        "lengths": np.array([[8], [7], [8], [6], [8], [8]]),
        "label_lengths": np.array([[3], [2], [3], [1], [3], [2]]),
    }
    run.train(model, data, np.zeros(6))
    outputs = Model(x, y).predict(data["x"])
    decoded, scores = K.ctc_decode(outputs, data["lengths"][:, 0])
    run.keep("decoded", K.get_value(decoded[0]))
    run.keep("scores", K.get_value(scores))


def dreams(run):
    """Gradients of a model towards its input, followed by hand."""
    K, layers = run.K, run.layers
    model = run.sequence(
        layers.Conv2D(3, 3, activation="relu", input_shape=(7, 7, 2), name="deep"),
        layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(4),
    )  # fmt: skip
    total = K.mean(model.get_layer("deep").output[:, :, :, 1]) + K.sum(model.output[:, 0])
    grads = K.gradients(total, model.input)[0]
    grads /= K.sqrt(K.mean(K.square(grads))) + 1e-5
    iterate = K.function([model.input], [total, grads])
    x = run.uniform(1, 7, 7, 2)
    values = []
    for _ in range(4):
        value, step = iterate([x])
        x = x + 0.1 * step
        values.append(value)
    run.keep("values", values)
    run.keep("dream", x)


def pictures(run):
    """Convolutions that make an image smaller and large again, with a skip."""
    layers = run.layers
    x = layers.Input((8, 8, 2))
    a = layers.SeparableConv2D(3, 3, padding="same", depth_multiplier=2, activation="relu")(x)
    b = layers.Conv2D(4, 3, strides=2, padding="same", kernel_regularizer="l2")(a)
    b = layers.LeakyReLU()(layers.BatchNormalization(momentum=0.5)(b))
    b = layers.AveragePooling2D(2)(b)
    c = layers.UpSampling2D(2)(b)
    c = layers.Conv2DTranspose(3, 2, strides=2, padding="same")(c)
    c = layers.concatenate([layers.ZeroPadding2D(1)(layers.Cropping2D(1)(c)), a])
    c = layers.PReLU(shared_axes=[1, 2])(layers.LocallyConnected2D(2, 1)(c))
    model = run.fixed(run.keras.models.Model(x, layers.Conv2D(1, 1, activation="sigmoid")(c)))
    model.compile(run.keras.optimizers.SGD(0.1), "binary_crossentropy", metrics=["acc"])
    run.train(model, run.uniform(6, 8, 8, 2), run.integers(2, 6, 8, 8, 1))


def wrapped(run):
    """Wrappers: what is inside has penalties, updates, a mask and models."""
    layers, models = run.layers, run.keras.models
    inner = models.Sequential([
        layers.Dense(3, input_shape=(2,), kernel_regularizer="l2"),
        layers.BatchNormalization(momentum=0.5),
    ])  # fmt: skip
    recurrent = layers.LSTM(3, return_sequences=True, recurrent_regularizer="l2")
    model = run.sequence(
        layers.TimeDistributed(inner, input_shape=(4, 2)),
        layers.TimeDistributed(layers.Dense(3, bias_regularizer="l2", activity_regularizer="l2")),
        layers.Bidirectional(recurrent, merge_mode="ave"),
        layers.Bidirectional(layers.GRU(2, reset_after=True, implementation=2)),
        layers.Dense(1),
    )
    model.compile(run.keras.optimizers.SGD(0.1), "mse")
    run.train(model, run.uniform(10, 4, 2), run.uniform(10, 1))
    run.keep("losses", len(model.losses))


def merged_masks(run):
    layers = run.layers
    a, b = layers.Input((4,)), layers.Input((4,))
    embedding = layers.Embedding(7, 3, mask_zero=True)
    x, y = embedding(a), layers.Embedding(7, 3)(b)
    h = layers.concatenate([layers.add([x, embedding(b)]), y])
    h = layers.Bidirectional(layers.LSTM(3, return_sequences=True, go_backwards=True))(h)
    h = layers.TimeDistributed(layers.Dense(2))(layers.Dropout(0.0)(h))
    outputs = layers.Activation("softmax")(h)
    model = run.fixed(run.keras.models.Model([a, b], outputs))
    model.compile("adagrad", "categorical_crossentropy", metrics=["acc"])
    inputs = [run.integers(7, 10, 4), run.integers(7, 10, 4)]
    for x in inputs:
        x[:, 3] *= x[:, 2] > 2
    run.train(model, inputs, run.one_hot(2, 10, 4), validation_split=0.3)


def films(run):
    model = run.sequence(
        run.layers.ConvLSTM2D(2, 2, input_shape=(3, 5, 4, 1), return_sequences=True),
        run.layers.BatchNormalization(momentum=0.5),
        run.layers.ConvLSTM2D(2, 2, padding="same"),
        run.layers.Conv2D(1, 2),
    )
    model.compile("adadelta", "mae")
    run.train(model, run.uniform(6, 3, 5, 4, 1), run.uniform(6, 3, 2, 1))


def values_of_states(run):
    """Two networks, one of which gets the weights of the other from time to time."""
    models = run.keras.models
    model = run.dense(3)
    model.compile(run.keras.optimizers.Adam(0.01), run.keras.losses.logcosh)
    other = models.clone_model(model)
    other.set_weights(model.get_weights())
    losses = []
    for i in range(5):
        x, following = run.uniform(6, 3), run.uniform(6, 3)
        y = model.predict(x)
        best = other.predict_on_batch(following).max(axis=1)
        y[np.arange(6), run.integers(3, 6)] = run.uniform(6) + 0.9 * best
        losses.append(model.train_on_batch(x, y))
        if i % 2:
            other.set_weights(model.get_weights())
    run.keep("losses", losses)
    run.weights(other)


def double_precision(run):
    K = run.K
    K.set_floatx("float64")
    K.set_epsilon(1e-3)
    try:
        layers = run.layers
        for optimizer in ("sgd", "adam", "rmsprop", "nadam", "adadelta"):
            model = run.sequence(
                layers.GRU(3, input_shape=(4, 2)), layers.BatchNormalization(momentum=0.5),
                layers.Dense(3, activation="softmax"),
            )  # fmt: skip
            model.compile(optimizer, "categorical_crossentropy", metrics=["acc", "ce"])
            run.fit(model, run.uniform(7, 4, 2), run.one_hot(3, 7), key=optimizer)
            run.keep(optimizer + " types", [K.dtype(w) for w in model.weights])
            run.weights(model, key=optimizer + " weights")
    finally:
        K.set_floatx("float32")
        K.set_epsilon(1e-7)


def phases(run):
    """The learning phase set by hand, and as an argument of a call."""
    K, layers = run.K, run.layers
    for phase in (0, 1):
        K.clear_session()
        K.set_learning_phase(phase)
        model = run.sequence(
            layers.Dense(3, input_shape=(2,)), layers.BatchNormalization(momentum=0.5)
        )
        model.compile("sgd", "mse")
        x, y = run.uniform(9, 2), run.uniform(9, 3)
        run.fit(model, x, y, key="fit %d" % phase)
        run.evaluate(model, x, y, key="evaluate %d" % phase)
        run.predict(model, x, key="predict %d" % phase)
        run.weights(model, key="weights %d" % phase)
        run.keep("phase %d" % phase, bool(model.uses_learning_phase))
    K.clear_session()
    x = layers.Input((2,))
    first = layers.BatchNormalization(momentum=0.5)(x, training=False)
    last = layers.BatchNormalization(momentum=0.5)(first, training=True)
    model = run.fixed(run.keras.models.Model(x, last))
    model.compile("sgd", "mse")
    run.train(model, run.uniform(9, 2), run.uniform(9, 2))
    run.keep("updates", len(model.updates))


def channels_first(run):
    K, layers = run.K, run.layers
    K.set_image_data_format("channels_first")
    try:
        model = run.sequence(
            layers.Dense(2, input_shape=(2, 5, 4)), layers.BatchNormalization(axis=1),
            layers.Permute((3, 1, 2)), layers.Flatten(), layers.Dense(3, activation="softmax"),
        )  # fmt: skip
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
        run.train(model, run.uniform(9, 2, 5, 4), run.integers(3, 9))
    finally:
        K.set_image_data_format("channels_last")


def annealing(run):
    """Factors of losses that are variables, moved by a callback."""
    K, layers = run.K, run.layers
    first, second = K.variable(1.0), K.variable(0.0)
    x = layers.Input((3,))
    h = layers.Dense(4, activation="tanh")(x)
    model = run.keras.models.Model(x, [layers.Dense(1, name="a")(h), layers.Dense(1, name="b")(h)])
    run.fixed(model)
    model.compile(run.keras.optimizers.SGD(0.1), "mse", loss_weights=[first, second])

    def move(epoch, logs):
        K.set_value(first, 1.0 / (1 + epoch))
        K.set_value(second, 0.5 * epoch)

    moving = run.keras.callbacks.LambdaCallback(on_epoch_begin=move)
    x, y = run.uniform(10, 3), [run.uniform(10, 1), run.uniform(10, 1)]
    run.fit(model, x, y, epochs=4, callbacks=[moving], validation_split=0.2)
    run.fit(model, x, y, key="weighted", sample_weight=[None, run.positive(10)])
    run.keep("rows", model.test_on_batch(x, y, sample_weight=[run.positive(10), None]))
    run.weights(model)


def built_late(run):
    """A Sequential that learns of its input from data; layers that freeze without compiling."""
    layers = run.layers
    model = run.keras.models.Sequential([layers.Dense(4, activation="relu"), layers.Dense(2)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = run.uniform(10, 3), run.uniform(10, 2)
    model.test_on_batch(x, y)
    run.fixed(model)
    run.train(model, x, y)
    model.layers[0].trainable = False
    run.fit(model, x, y, key="still trains")
    model.compile("sgd", "mse")
    run.fit(model, x, y, key="frozen")
    run.weights(model, key="later")
    model.pop()
    model.add(layers.Dense(3))
    run.fixed(model)
    model.compile("sgd", "mae")
    run.fit(model, x, run.uniform(10, 3), key="other end")


def own_layers(run):
    """Layers of the user's own: weights, penalties, updates, constraints, several outputs."""
    K, layers = run.K, run.layers

    class Scaled(layers.Layer):
        def build(self, input_shape):
            size = input_shape[-1]
            self.scale = self.add_weight(
                "scale",
                (size,),
                initializer="ones",
                regularizer=run.keras.regularizers.l2(0.01),
                constraint=run.keras.constraints.non_neg(),
            )
            self.seen = self.add_weight("seen", (), initializer="zeros", trainable=False)
            self.mean = self.add_weight("mean", (size,), initializer="zeros", trainable=False)
            super().build(input_shape)

        def call(self, inputs):
            mean = K.mean(inputs, axis=0)
            self.add_update(
                [K.update_add(self.seen, 1.0), K.moving_average_update(self.mean, mean, 0.8)],
                inputs,
            )
            self.add_loss(0.01 * K.sum(K.abs(inputs)), inputs)
            scaled = inputs * self.scale
            return [scaled, K.in_train_phase(inputs + 1.0, inputs * 2.0)]

        def compute_output_shape(self, input_shape):
            return [input_shape, input_shape]

    x = layers.Input((3,))
    a, b = Scaled()(layers.Dense(4)(x))
    model = run.fixed(run.keras.models.Model(x, layers.Dense(2)(layers.concatenate([a, b]))))
    model.compile(run.keras.optimizers.SGD(0.05), "mse", metrics=["mae"])
    run.train(model, run.uniform(10, 3), run.uniform(10, 2), validation_split=0.3)
    run.keep("phase", bool(model.uses_learning_phase))


CASES = {
    "translation LSTM": translation("LSTM"),
    "translation GRU": translation("GRU"),
    "attention": attention,
    "twins": twins,
    "speech": speech,
    "dreams": dreams,
    "pictures": pictures,
    "wrapped": wrapped,
    "merged masks": merged_masks,
    "films": films,
    "values of states": values_of_states,
    "double precision": double_precision,
    "phases": phases,
    "channels first": channels_first,
    "annealing": annealing,
    "built late": built_late,
    "own layers": own_layers,
}
