# SPDX-License-Identifier: Apache-2.0
"""Transfer learning: what a network learned of the digits 0 to 4 helps with 5 to 9.

The convolutions are kept as they are ("frozen"), a new top learns from 30 examples of each new
digit; then the convolutions are thawed and tuned with small steps. `keras.applications` has large
networks to begin with, for example `MobileNet(weights="file.h5", include_top=False)`.
"""

import argparse
import pathlib
import tempfile

import numpy as np
from mnist import load

from caudal.keras import Sequential
from caudal.keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from caudal.keras.optimizers import Adam


def convolutions():
    return Sequential(
        [
            Conv2D(16, 5, activation="relu", input_shape=(28, 28, 1), name="conv1"),
            MaxPooling2D(name="pool1"),
            Conv2D(16, 5, activation="relu", name="conv2"),
            MaxPooling2D(name="pool2"),
            Dropout(0.25, name="dropout"),
            Flatten(name="flatten"),
        ],
        name="base",
    )


def on_top(base):
    model = Sequential([base, Dense(64, activation="relu"), Dense(5, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def percent(model, test):
    return 100 * model.evaluate(*test, verbose=0)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=5)
    args = parser.parse_args()
    (x, y), (test_x, test_y) = load(args.data)
    few = np.concatenate([np.flatnonzero(y == digit)[:30] for digit in range(5, 10)])
    new = (x[few], y[few] - 5)
    test = (test_x[test_y >= 5], test_y[test_y >= 5] - 5)

    first = on_top(convolutions())
    first.fit(x[y < 5], y[y < 5], batch_size=64, epochs=args.epochs, verbose=2)
    weights = pathlib.Path(tempfile.mkdtemp()) / "base.h5"
    first.layers[0].save_weights(weights)

    base = convolutions()
    base.load_weights(weights)
    base.trainable = False
    model = on_top(base)
    print(f"trainable weights: {len(model.trainable_weights)} of {len(model.weights)}")
    before = base.get_weights()
    model.fit(*new, batch_size=16, epochs=6 * args.epochs, verbose=0)
    same = all(np.array_equal(a, b) for a, b in zip(before, base.get_weights()))
    print(f"the frozen base stayed as it was: {same}")
    print(f"frozen base, 150 examples: test accuracy {percent(model, test):.2f} %")

    base.trainable = True
    model.compile(Adam(lr=1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*new, batch_size=16, epochs=4 * args.epochs, verbose=0)
    print(f"fine-tuned: test accuracy {percent(model, test):.2f} %")

    scratch = on_top(convolutions())
    scratch.fit(*new, batch_size=16, epochs=6 * args.epochs, verbose=0)
    print(f"from scratch: test accuracy {percent(scratch, test):.2f} %")


if __name__ == "__main__":
    main()
