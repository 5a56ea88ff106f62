# SPDX-License-Identifier: Apache-2.0
"""Shared layers: one encoder looks at two digits, and the model says whether they are the same.

The encoder's weights are trained from both sides; afterwards it serves as a model of its own.
"""

import argparse

import numpy as np
from mnist import load

from caudal.keras import Input, Model, Sequential
from caudal.keras import backend as K
from caudal.keras.layers import Dense, Dropout, Flatten, Lambda


def pairs(images, labels, count, rng):
    """Pairs of digits, half of them of one class: [2, n, 28, 28, 1] and same [n]."""
    by_class = [np.flatnonzero(labels == digit) for digit in range(10)]
    same = rng.integers(0, 2, count)
    first = rng.integers(0, 10, count)
    second = (first + (1 - same) * rng.integers(1, 10, count)) % 10
    chosen = [[rng.choice(by_class[d]) for d in digits] for digits in (first, second)]
    return images[np.array(chosen)], same.astype(np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()
    (train_x, train_y), (test_x, test_y) = load(args.data)
    rng = np.random.default_rng(0)
    (a, b), same = pairs(train_x, train_y, 20000, rng)
    (test_a, test_b), test_same = pairs(test_x, test_y, 4000, rng)

    encoder = Sequential(name="encoder")
    encoder.add(Flatten(input_shape=(28, 28, 1)))
    encoder.add(Dense(128, activation="relu"))
    encoder.add(Dropout(0.1))
    encoder.add(Dense(32, activation="relu"))

    left, right = Input(shape=(28, 28, 1)), Input(shape=(28, 28, 1))
    distance = Lambda(lambda xy: K.abs(xy[0] - xy[1]), output_shape=(32,), name="distance")
    verdict = Dense(1, activation="sigmoid")(distance([encoder(left), encoder(right)]))
    model = Model([left, right], verdict)
    print("the encoder's weights are in the model once:", len(model.weights) == 6)
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    model.fit([a, b], same, batch_size=128, epochs=args.epochs, verbose=2)
    accuracy = model.evaluate([test_a, test_b], test_same, verbose=0)[1]
    print(f"pairs told apart: {100 * accuracy:.2f} %")

    codes, known = encoder.predict(test_x), encoder.predict(train_x[:2000])
    squares = (known**2).sum(1) - 2 * codes @ known.T
    guesses = train_y[:2000][squares.argmin(axis=1)]
    print(f"nearest neighbour in the code: {100 * np.mean(guesses == test_y):.2f} % of the digits")


if __name__ == "__main__":
    main()
