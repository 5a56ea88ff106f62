# SPDX-License-Identifier: Apache-2.0
"""Digits with Keras: the same network as a list of layers, and as layers that call each other."""

import argparse

from mnist import load

from caudal.keras import Input, Model, Sequential
from caudal.keras.callbacks import EarlyStopping
from caudal.keras.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from caudal.keras.utils import to_categorical


def stacked():
    """Sequential: each layer takes the output of the one before."""
    model = Sequential()
    model.add(Conv2D(8, 5, padding="same", activation="relu", input_shape=(28, 28, 1)))
    model.add(MaxPooling2D())
    model.add(Conv2D(16, 5, activation="relu"))
    model.add(MaxPooling2D())
    model.add(Flatten())
    model.add(Dense(120, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(10, activation="softmax"))
    return model


def functional():
    """Functional: layers are called on tensors, so that the network may be any graph."""
    image = Input(shape=(28, 28, 1), name="image")
    y = MaxPooling2D()(Conv2D(8, 5, padding="same", activation="relu")(image))
    y = MaxPooling2D()(Conv2D(16, 5, activation="relu")(y))
    y = Dropout(0.5)(Dense(120, activation="relu")(Flatten()(y)))
    return Model(inputs=image, outputs=Dense(10, activation="softmax", name="digit")(y))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=64)
    args = parser.parse_args()
    (train_x, train_y), (test_x, test_y) = load(args.data)
    train_y, test_y = to_categorical(train_y, 10), to_categorical(test_y, 10)

    for make in (stacked, functional):
        model = make()
        model.summary()
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(
            train_x,
            train_y,
            batch_size=args.batch,
            epochs=args.epochs,
            validation_split=0.1,
            callbacks=[EarlyStopping(patience=2, restore_best_weights=True)],
            verbose=2,
        )
        loss, accuracy = model.evaluate(test_x, test_y, verbose=0)
        print(
            f"{make.__name__}: {len(history.epoch)} epochs, test loss {loss:.4f}, "
            f"test accuracy {100 * accuracy:.2f} %"
        )


if __name__ == "__main__":
    main()
