# SPDX-License-Identifier: Apache-2.0
"""A model as a layer: a trained reader of digits reads every picture of a sequence.

`TimeDistributed` puts the reader on each time step, an LSTM adds the digits up modulo 10. The
model is saved, loaded again, and its reader taken out.
"""

import argparse
import pathlib
import tempfile

import numpy as np
from mnist import load

from caudal.keras import Input, Model, Sequential
from caudal.keras.layers import GRU, Dense, Flatten, TimeDistributed
from caudal.keras.models import load_model


def sums(images, labels, count, length, rng):
    """Rows of digits [n, length, 28, 28, 1] and whether their sum is odd [n]."""
    chosen = rng.integers(0, len(images), (count, length))
    return images[chosen], labels[chosen].sum(axis=1) % 2


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--length", type=int, default=3, help="digits in a row")
    args = parser.parse_args()
    (train_x, train_y), (test_x, test_y) = load(args.data)
    rng = np.random.default_rng(0)

    reader = Sequential(name="reader")
    reader.add(Flatten(input_shape=(28, 28, 1)))
    reader.add(Dense(128, activation="relu"))
    reader.add(Dense(10, activation="softmax"))
    reader.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    reader.fit(train_x, train_y, epochs=5, batch_size=64, verbose=2)

    row = Input(shape=(args.length, 28, 28, 1))
    digits = TimeDistributed(reader, name="each")(row)
    odd = Dense(1, activation="sigmoid", name="odd")(GRU(32)(digits))
    model = Model(row, odd)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    x, y = sums(train_x, train_y, 8000, args.length, rng)
    test, test_odd = sums(test_x, test_y, 2000, args.length, rng)
    model.fit(x, y, epochs=args.epochs, batch_size=64, verbose=2, validation_data=(test, test_odd))
    accuracy = model.evaluate(test, test_odd, verbose=0)[1]
    print(f"odd or even: {100 * accuracy:.2f} %")

    path = pathlib.Path(tempfile.mkdtemp()) / "rows.h5"
    model.save(path)
    again = load_model(path)
    difference = np.abs(again.predict(test) - model.predict(test)).max()
    print(f"saved and loaded: largest difference {difference:.1e}")
    inner = again.get_layer("each").layer
    guesses = inner.predict(test_x).argmax(axis=1)
    print(f"its reader alone: {100 * np.mean(guesses == test_y):.2f} % of the digits")


if __name__ == "__main__":
    main()
