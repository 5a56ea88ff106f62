# SPDX-License-Identifier: Apache-2.0
"""What models print and write: tables, JSON, configurations, progress bars.

See keras_training_cases.py, which says what a case is.
"""

import contextlib
import io
import json
import os
import tempfile
import time


class Clock:
    """Takes the place of the clock; stands still unless told."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Screen(io.StringIO):
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@contextlib.contextmanager
def printed(terminal=False):
    """(screen, clock) that what is inside prints to and sees."""
    screen, clock = Screen(terminal), Clock()
    clocks = time.time, time.perf_counter
    time.time = time.perf_counter = clock
    try:
        with contextlib.redirect_stdout(screen):
            yield screen, clock
    finally:
        time.time, time.perf_counter = clocks


def small(run):
    layers = run.layers
    model = run.keras.models.Sequential(name="small")
    model.add(layers.Dense(8, activation="relu", input_dim=5))
    model.add(layers.Dropout(0.5))
    model.add(layers.BatchNormalization())
    model.add(layers.Dense(3, activation="softmax", name="a_name_that_is_longer_than_its_column"))
    model.layers[0].trainable = False
    return model


def branched(run):
    layers = run.layers
    a, b = layers.Input((8, 8, 3), name="picture"), layers.Input((None,), dtype="int32")
    x = layers.Conv2D(4, (3, 3), padding="same", kernel_initializer="he_normal")(a)
    x = layers.Flatten()(layers.MaxPooling2D((2, 2))(layers.LeakyReLU(alpha=0.1)(x)))
    words = layers.Embedding(20, 6, mask_zero=True)(b)
    words = layers.Bidirectional(layers.LSTM(5, dropout=0.2), merge_mode="sum")(words)
    shared = layers.Dense(7, kernel_regularizer="l2", bias_constraint="non_neg")
    x = layers.concatenate([shared(x), words])
    inner = run.keras.models.Sequential([layers.Dense(4, input_shape=(12,)), layers.PReLU()])
    return run.keras.models.Model([a, b], [inner(x), layers.Dense(1)(x)], name="branched")


def cells(run):
    layers = run.layers
    x = layers.Input(batch_shape=(2, 5, 4, 4, 1))
    y = layers.ConvLSTM2D(2, 2, return_sequences=True, stateful=True)(x)
    y = layers.TimeDistributed(layers.Flatten())(y)
    y = layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)])(y)
    y = layers.Reshape((4, 1))(layers.RepeatVector(2)(layers.GaussianNoise(0.1)(y)))
    return run.keras.models.Model(x, layers.Permute((2, 1))(y))


def described(make):
    def case(run):
        model = make(run)
        for key, options in {
            "summary": {},
            "narrow": {"line_length": 60, "positions": [0.4, 0.8, 1.0, 1.0]},
        }.items():
            lines = []
            model.summary(print_fn=lines.append, **options)
            run.keep(key, lines)
        with printed() as (screen, _):
            model.summary()
        run.keep("printed", screen.getvalue())
        run.keep("json", model.to_json())
        run.keep("indented", model.to_json(indent=1))
        run.keep("config", json.dumps(model.get_config(), default=plain))
        run.keep("weights", [w.name for w in model.weights])
        run.keep("parameters", int(model.count_params()))
        run.keep("inputs", [t.name for t in model.inputs])
        run.keep("outputs", [t.name for t in model.outputs])
        run.keep("input names", list(model.input_names))
        run.keep("output names", list(model.output_names))
        for layer in model.layers:
            run.keep("config of " + layer.name, json.dumps(layer.get_config(), default=plain))

    return case


LAYERS = {
    "Dense": (2,), "Activation": ("relu",), "Dropout": (0.5,), "SpatialDropout1D": (0.5,),
    "SpatialDropout2D": (0.5,), "SpatialDropout3D": (0.5,), "Flatten": (), "Reshape": ((2, -1),),
    "Permute": ((2, 1),), "RepeatVector": (3,), "ActivityRegularization": (0.1,), "Masking": (),
    "Conv1D": (3, 2), "Conv2D": (3, 2), "Conv3D": (3, 2), "SeparableConv1D": (3, 2),
    "SeparableConv2D": (3, 2), "DepthwiseConv2D": (2,), "Conv2DTranspose": (3, 2),
    "Conv3DTranspose": (3, 2), "Cropping1D": (), "Cropping2D": (), "Cropping3D": (),
    "UpSampling1D": (), "UpSampling2D": (), "UpSampling3D": (), "ZeroPadding1D": (),
    "ZeroPadding2D": (), "ZeroPadding3D": (), "MaxPooling1D": (), "MaxPooling2D": (),
    "MaxPooling3D": (), "AveragePooling1D": (), "AveragePooling2D": (), "AveragePooling3D": (),
    "GlobalMaxPooling1D": (), "GlobalMaxPooling2D": (), "GlobalMaxPooling3D": (),
    "GlobalAveragePooling1D": (), "GlobalAveragePooling2D": (), "GlobalAveragePooling3D": (),
    "LocallyConnected1D": (3, 2), "LocallyConnected2D": (3, 2), "SimpleRNN": (3,), "GRU": (3,),
    "LSTM": (3,), "SimpleRNNCell": (3,), "GRUCell": (3,), "LSTMCell": (3,), "CuDNNGRU": (3,),
    "CuDNNLSTM": (3,), "ConvLSTM2D": (3, 2), "ConvLSTM2DCell": (3, 2), "Embedding": (4, 3),
    "Add": (), "Subtract": (), "Multiply": (), "Average": (), "Maximum": (), "Minimum": (),
    "Concatenate": (), "Dot": (1,), "LeakyReLU": (), "PReLU": (), "ELU": (), "ThresholdedReLU": (),
    "Softmax": (), "ReLU": (), "BatchNormalization": (), "GaussianNoise": (0.1,),
    "GaussianDropout": (0.1,), "AlphaDropout": (0.1,),
}  # fmt: skip


def plain(value):
    return value.item() if hasattr(value, "item") and not value.shape else value.tolist()


def configs(run):
    """Every class with the least arguments: its configuration, order included."""
    for name, args in LAYERS.items():
        run.keep(name, json.dumps(getattr(run.layers, name)(*args).get_config(), default=plain))
    for outer in ("TimeDistributed", "Bidirectional"):
        inner = run.layers.Dense(2) if outer == "TimeDistributed" else run.layers.GRU(2)
        run.keep(outer, json.dumps(getattr(run.layers, outer)(inner).get_config(), default=plain))
    for module, names in {
        "initializers": "zeros ones constant random_normal random_uniform truncated_normal "
        "orthogonal identity glorot_normal glorot_uniform he_normal he_uniform lecun_normal "
        "lecun_uniform VarianceScaling",
        "regularizers": "l1 l2 l1_l2",
        "constraints": "max_norm non_neg unit_norm min_max_norm",
        "optimizers": "sgd rmsprop adagrad adadelta adam adamax nadam",
    }.items():
        module = getattr(run.keras, module)
        for name in names.split():
            run.keep(name, json.dumps(getattr(module, name)().get_config(), default=plain))


# Layers whose last operation is another one in caudal, as it has one for what TensorFlow composes.
OTHER_OPERATIONS = (
    "Conv1D Conv3D Conv3DTranspose SeparableConv1D ConvLSTM2D GRU LSTM SimpleRNN Softmax "
    "UpSampling1D UpSampling3D"
).split()


def names(run):
    """What the operations and weights of layers are called, which frozen graphs keep."""
    K, layers = run.K, run.layers
    for name, args in LAYERS.items():
        if name.startswith("CuDNN") or name.endswith("Cell"):
            continue
        shape = (5, 4)
        for ending, other in (("2D", (6, 6, 2)), ("2DTranspose", (6, 6, 2)), ("3D", (5, 5, 5, 2)),
                              ("3DTranspose", (5, 5, 5, 2)), ("Vector", (4,)), ("Dense", (4,)),
                              ("Embedding", (3,))):  # fmt: skip
            if name.endswith(ending):
                shape = other
        shape = (4, 6, 6, 2) if name.startswith("ConvLSTM") else shape
        for count in (1, 2):
            K.clear_session()
            merges = issubclass(getattr(layers, name), type(layers.Add()).__mro__[1])
            x = [layers.Input(shape) for _ in range(2)] if merges else layers.Input(shape)
            layer = getattr(layers, name)(*args)
            y = layer(x)
            y = layer(x) if count == 2 else y
            if name not in OTHER_OPERATIONS:
                run.keep("%s %d" % (name, count), y.name)
        run.keep(name + " weights", [w.name for w in layer.weights])
    K.clear_session()
    x = layers.Input((3,))
    for activation in (
        "softmax relu sigmoid tanh linear elu softplus softsign hard_sigmoid exponential"
    ).split():
        run.keep("dense " + activation, layers.Dense(2, activation=activation)(x).name)
        run.keep("activation " + activation, layers.Activation(activation)(x).name)


def graph_of_training(run):
    """Names of what training makes."""
    model = run.dense(1)
    model.compile("adam", "mse", metrics=["mae"])
    model.train_on_batch(run.uniform(4, 3), run.uniform(4, 1))
    for key, tensors in {
        "targets": model.targets, "sample weights": model.sample_weights,
        "inputs": model.inputs, "outputs": model.outputs,
        "optimizer": model.optimizer.weights,
    }.items():  # fmt: skip
        run.keep(key, [t.name for t in tensors])
    run.keep("phase", run.K.learning_phase().name)


def progress(terminal, pause):
    """All that `fit` and its siblings print, with a clock that a callback moves."""

    def case(run):
        model = run.dense(1)
        model.compile(run.keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
        x, y = run.uniform(10, 3), run.uniform(10, 1)
        with printed(terminal) as (screen, clock):

            def move(batch, logs):
                clock.now += pause

            moving = run.keras.callbacks.LambdaCallback(on_batch_begin=move)
            for verbose in (1, 2):
                options = dict(batch_size=5, shuffle=False, verbose=verbose, callbacks=[moving])
                model.fit(x, y, epochs=2, **options)
                model.fit(x, y, validation_split=0.5, **options)
                model.fit(x, y, initial_epoch=2, epochs=4, validation_data=(x, y), **options)

            def endless():
                while True:
                    yield x[:4], y[:4]

            for verbose in (1, 2):
                options = dict(epochs=2, verbose=verbose, callbacks=[moving])
                model.fit_generator(endless(), 3, **options)
                model.fit_generator(endless(), 2, validation_data=(x, y), **options)
            model.evaluate(x, y, batch_size=5, verbose=1)
            model.predict(x, batch_size=5, verbose=1)
            model.evaluate_generator(endless(), 2, verbose=1)
            model.predict_generator(endless(), 2, verbose=1)
        run.keep("printed", screen.getvalue())

    return case


def progress_of_one(run):
    """Few samples, one batch, no metrics, several outputs, big and small values."""
    layers = run.layers
    inputs = layers.Input((2,))
    a, b = layers.Dense(1, name="a")(inputs), layers.Dense(1, name="b")(inputs)
    model = run.fixed(run.keras.models.Model(inputs, [a, b]))
    model.compile(run.keras.optimizers.SGD(0.0), "mse", loss_weights=[10, 1e-6], metrics=["acc"])
    x, y = run.uniform(3, 2), [run.uniform(3, 1), run.uniform(3, 1)]
    with printed() as (screen, _):
        model.fit(x, y, epochs=2)
        model.fit(x, [y[0] * 1e-5, y[1]], verbose=2, validation_split=0.4)
        model.evaluate(x, y)
    run.keep("printed", screen.getvalue())


def messages(run):
    """What callbacks print."""
    cb = run.keras.callbacks
    model = run.dense(1)
    x, y = run.uniform(10, 3), run.uniform(10, 1)
    model.compile(run.keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "w.{epoch:02d}-{val_loss:.2f}.h5")
    table = os.path.join(folder, "log.csv")
    given = [
        cb.ReduceLROnPlateau(patience=0, min_delta=1.0, factor=0.5, verbose=1),
        cb.EarlyStopping(patience=2, min_delta=1.0, verbose=1, restore_best_weights=True),
        cb.LearningRateScheduler(lambda epoch, lr: lr * 0.5, verbose=1),
        cb.ModelCheckpoint(path, verbose=1, save_best_only=True, save_weights_only=True),
        cb.CSVLogger(table),
    ]
    with printed() as (screen, _):
        for callback in given:
            model.fit(x, y, batch_size=10, epochs=4, shuffle=False, verbose=2,
                      validation_split=0.3, callbacks=[callback])  # fmt: skip
    run.keep("printed", screen.getvalue().replace(folder, "FOLDER"))
    run.keep("files", sorted(os.listdir(folder)))
    with open(table) as file:
        lines = file.read().splitlines()
    run.keep("head", lines[0])
    run.keep("table", [[float(v) for v in line.split(",")] for line in lines[1:]])


CASES = {
    "text small": described(small),
    "text branched": described(branched),
    "text cells": described(cells),
    "text of configs": configs,
    "names of layers": names,
    "names of trainings": graph_of_training,
    "bar": progress(False, 0.0),
    "bar with time": progress(False, 2.5),
    "bar of a terminal": progress(True, 71.3),
    "bar of one": progress_of_one,
    "messages": messages,
}
