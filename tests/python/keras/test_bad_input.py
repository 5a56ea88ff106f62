# SPDX-License-Identifier: Apache-2.0
"""What users get wrong: the message names the layer, what it expected and what came."""

import re

import numpy as np
import pytest

import caudal as tf
from caudal.keras import callbacks, layers
from caudal.keras.layers import (
    LSTM,
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    Input,
    MaxPooling2D,
    Reshape,
    add,
    concatenate,
)
from caudal.keras.models import Sequential, load_model

X = np.random.RandomState(0).rand(10, 4)


def model(units=3, loss="mse", activation=None):
    made = Sequential([Dense(8, input_dim=4, name="hidden"), Dense(units, activation, name="out")])
    made.compile("sgd", loss)
    return made


SPARSE = dict(loss="sparse_categorical_crossentropy", activation="softmax")
LAYERS = {
    "a matrix into a convolution": (
        lambda: Sequential([Dense(3, input_dim=4), Conv2D(3, 3, name="c")]),
        r"layer c is incompatible with the layer: expected ndim=4, found ndim=2",
    ),
    "vectors into an LSTM": (
        lambda: LSTM(3, name="l")(Input((4,))),
        r"layer l is incompatible with the layer: expected ndim=3, found ndim=2",
    ),
    "a kernel larger than the image": (
        lambda: Conv2D(3, 5, name="c")(Input((3, 3, 1))),
        r"Negative dimension size caused by subtracting 5 from 3 for 'c/.*test_bad_input.py",
    ),
    "a size that is not known": (
        lambda: Flatten(name="f")(Input((None, 3))),
        r"layer f\) is not fully defined \(got \(None, 3\)\)",
    ),
    "sums of different sizes": (
        lambda: add([Input((3,)), Input((4,))], name="sum"),
        r"Layer sum: .*shapes \(3,\) \(4,\)",
    ),
    "joined tensors that do not fit": (
        lambda: concatenate([Input((3, 2)), Input((4, 3))], name="joined"),
        r"joined.*\(None, 3, 2\), \(None, 4, 3\)",
    ),
    "another number of elements": (
        lambda: Reshape((3, 3), name="r")(Input((4,))),
        r"Layer r: .*\(4,\).*\(3, 3\)",
    ),
    "no units": (lambda: Dense(-1, name="d"), r"Layer d: `units` must be .*got -1"),
    "an empty pool": (lambda: MaxPooling2D(0)(Input((4, 4, 1))), "ksize cannot be zero"),
    "a kernel of three sizes": (lambda: Conv2D(3, (1, 2, 3)), r"kernel_size.*\(1, 2, 3\)"),
    "an unknown padding": (lambda: Conv2D(3, 3, padding="foo"), r"padding.*foo"),
    "an unknown activation": (lambda: Dense(3, activation="foo"), "Unknown activation.*foo"),
    "an unknown initializer": (lambda: Dense(3, kernel_initializer="foo"), "initializer: foo"),
    "an unknown loss": (lambda: model(loss="foo"), "Unknown loss function:foo"),
}
CALLS = {
    "inputs of another shape": (
        lambda m: m.fit(np.ones((10, 5)), np.ones((10, 3))),
        r"expected hidden_input to have shape \(4,\) but got array with shape \(5,\)",
    ),
    "targets of another shape": (
        lambda m: m.fit(X, np.ones((10, 2))),
        r"expected out to have shape \(3,\) but got array with shape \(2,\)",
    ),
    "other numbers of samples": (
        lambda m: m.fit(X, np.ones((9, 3))),
        "Found 10 input samples and 9 target samples",
    ),
    "two inputs": (
        lambda m: m.fit([X, X], np.ones((10, 3))),
        "Expected to see 1 array.*got the following list of 2 arrays",
    ),
    "an unknown name": (
        lambda m: m.fit({"foo": X}, np.ones((10, 3))),
        'No data provided for "hidden_input"',
    ),
    "a split of more than all": (
        lambda m: m.fit(X, np.ones((10, 3)), validation_split=1.5),
        "validation_split.*got 1.5",
    ),
    "no batch": (lambda m: m.fit(X, np.ones((10, 3)), batch_size=0), "batch_size must be at"),
    "weights of other samples": (
        lambda m: m.fit(X, np.ones((10, 3)), sample_weight=np.ones(9)),
        r"sample_weight array with shape \(9,\)",
    ),
    "text": (lambda m: m.predict(np.array([["a"] * 4])), "could not convert string to float"),
}


@pytest.mark.parametrize("case", LAYERS)
def test_layers(case):
    make, message = LAYERS[case]
    with pytest.raises((ValueError, TypeError), match="(?s)" + message):
        make()


@pytest.mark.parametrize("case", CALLS)
def test_data(case):
    call, message = CALLS[case]
    with pytest.raises(ValueError, match="(?s)" + message):
        call(model())


@pytest.mark.parametrize("call", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_not_compiled(call):
    with pytest.raises(RuntimeError, match="compile"):
        getattr(Sequential([Dense(3, input_dim=4)]), call)(X, np.ones((10, 3)))


def test_labels_outside_the_range():
    labels = np.array([0, 1, 2, 3, 0, 1, 2, 0, 1, 2])
    with pytest.raises(ValueError, match="Output out has 3 classes.*from 0 to 2.*from 0 to 3"):
        model(**SPARSE).fit(X, labels, verbose=0)
    with pytest.raises(ValueError, match="from -1 to -1"):
        model(**SPARSE).evaluate(X, np.full(10, -1), verbose=0)
    with pytest.raises(ValueError, match=r"expected out to have shape \(3,\)"):
        model(loss="categorical_crossentropy").fit(X, labels % 3, verbose=0)


def test_words_outside_the_table():
    made = Sequential([Embedding(5, 2, input_length=1, name="words")])
    made.compile("sgd", "mse")
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)7 is not in \[0, 5\).*words"):
        made.predict(np.array([[7]]))


def test_loss_that_is_no_number(capsys):
    history = model().fit(
        X * np.nan, np.ones((10, 3)), epochs=3, verbose=0, callbacks=[callbacks.TerminateOnNaN()]
    )
    assert len(history.epoch) == 1
    printed = capsys.readouterr().out
    assert "Batch 0: Invalid loss, terminating training" in printed
    assert "Not finite: loss: nan; weights of layers: hidden, out" in printed


def test_batches_of_stateful_layers():
    made = Sequential([LSTM(3, stateful=True, batch_input_shape=(4, 2, 3), name="l")])
    with pytest.raises(ValueError, match="(?s)batch|shape"):
        made.predict(np.ones((5, 2, 3)))


def test_weights_files(tmp_path):
    pytest.importorskip("h5py")
    path = str(tmp_path / "weights.h5")
    model().save_weights(path)
    with pytest.raises(ValueError, match=r'named "out".*shape \(8, 5\).*shape \(8, 3\)'):
        model(units=5).load_weights(path)
    with pytest.raises(ValueError, match="containing 2 layers into a model with 1 layers"):
        Sequential([Dense(3, input_dim=4)]).load_weights(path)
    with pytest.raises(ValueError, match="No model found"):
        load_model(path)
    with pytest.raises(OSError, match="nowhere.h5"):
        model().load_weights(str(tmp_path / "nowhere.h5"))
    (tmp_path / "garbage.h5").write_bytes(b"garbage" * 100)
    with pytest.raises(OSError, match="cannot read .*garbage.h5. as an HDF5 file"):
        load_model(str(tmp_path / "garbage.h5"))


def test_every_layer_refuses_what_it_cannot_take():
    """No layer crashes on inputs of the wrong rank, type or number: it raises."""
    arguments = {
        "Lambda": dict(function=lambda x: x), "Reshape": dict(target_shape=(7,)),
        "Permute": dict(dims=(2, 1)), "RepeatVector": dict(n=2), "Dense": dict(units=2),
        "Embedding": dict(input_dim=3, output_dim=2), "Activation": dict(activation="relu"),
        "Dropout": dict(rate=0.5), "Dot": dict(axes=1),
    }  # fmt: skip
    inputs = [
        Input(()), Input((3,)), Input((None, None)), Input((2, 3, 4)), Input((2, 0, 3, 4)),
        Input((1, 2, 3, 4, 5)), Input((3,), dtype="string"), Input((3,), dtype="bool"),
        [Input((3,)), Input((4, 5))], [], None, "x", 3, np.ones((2, 3)),
    ]  # fmt: skip
    tried = raised = 0
    for name in dir(layers):
        cls = getattr(layers, name)
        if not (isinstance(cls, type) and issubclass(cls, layers.Layer)):
            continue
        options = arguments.get(name, {})
        if not options:
            if re.match("(Separable|Depthwise)?Conv|LocallyConnected|CuDNN|.*(RNN|GRU|LSTM)", name):
                options = {"filters": 2, "kernel_size": 2} if "Conv" in name else {"units": 2}
                if name == "DepthwiseConv2D":
                    options = {"kernel_size": 2}
        for x in inputs:
            try:
                layer = cls(**options)
            except (TypeError, ValueError):
                break  # needs other arguments
            tried += 1
            try:
                layer(x)
            except (ValueError, TypeError, AttributeError, RuntimeError, NotImplementedError):
                raised += 1
            except tf.errors.OpError:
                raised += 1
    assert tried > 400 and tried > raised > tried // 2
