# SPDX-License-Identifier: Apache-2.0
"""A model as a layer: a trained reader of digits reads every picture of a row.

`TimeDistributed` puts the reader on each picture. Only sums of rows are told, and from them the
model finds what each class is worth. It is saved, loaded again, and its reader taken out.
"""

import argparse
import pathlib
import tempfile

import numpy as np
from mnist import load

from caudal.keras import Input, Model, Sequential
from caudal.keras import backend as K
from caudal.keras.layers import Dense, Flatten, Lambda, TimeDistributed
from caudal.keras.models import load_model
from caudal.keras.optimizers import Adam


def sums(images, labels, count, length, rng):
    """Rows of digits [n, length, 28, 28, 1] and their sums [n]."""
    chosen = rng.integers(0, len(images), (count, length))
    return images[chosen], labels[chosen].sum(axis=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--length", type=int, default=4, help="digits in a row")
    args = parser.parse_args()
    (train_x, train_y), (test_x, test_y) = load(args.data)
    rng = np.random.default_rng(0)

    reader = Sequential(name="reader")
    reader.add(Flatten(input_shape=(28, 28, 1)))
    reader.add(Dense(128, activation="relu"))
    reader.add(Dense(10, activation="softmax"))
    reader.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    reader.fit(train_x, train_y, epochs=5, batch_size=64, verbose=2)

    reader.trainable = False
    row = Input(shape=(args.length, 28, 28, 1))
    classes = TimeDistributed(reader, name="read")(row)
    worth = TimeDistributed(Dense(1, use_bias=False), name="worth")(classes)
    total = Lambda(lambda values: K.sum(values, axis=1), output_shape=(1,), name="sum")(worth)
    model = Model(row, total)
    model.compile(Adam(lr=0.1), "mse", metrics=["mae"])
    x, y = sums(train_x, train_y, 5000, args.length, rng)
    model.fit(x, y, epochs=args.epochs, batch_size=64, verbose=2)
    test, test_sums = sums(test_x, test_y, 1000, args.length, rng)
    guesses = np.rint(model.predict(test)[:, 0])
    print(f"sums that are right: {100 * np.mean(guesses == test_sums):.1f} %")
    found = model.get_layer("worth").get_weights()[0][:, 0]
    print("what a digit is worth:", " ".join(f"{value:.1f}" for value in found))

    path = pathlib.Path(tempfile.mkdtemp()) / "rows.h5"
    model.save(path)
    again = load_model(path)
    difference = np.abs(again.predict(test) - model.predict(test)).max()
    print(f"saved and loaded: largest difference {difference:.1e}")
    guesses = again.get_layer("read").layer.predict(test_x).argmax(axis=1)
    print(f"its reader alone: {100 * np.mean(guesses == test_y):.2f} % of the digits")


if __name__ == "__main__":
    main()
