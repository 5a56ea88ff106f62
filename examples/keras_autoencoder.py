# SPDX-License-Identifier: Apache-2.0
"""Autoencoders with Keras: one layer to each side, and a stacked one trained layer by layer."""

import argparse

import numpy as np
from mnist import load

from caudal.keras import Input, Model, Sequential
from caudal.keras.layers import Dense, GaussianNoise


def error(model, x):
    """Root of the mean squared error of a pixel."""
    return float(np.sqrt(np.mean((model.predict(x, batch_size=500) - x) ** 2)))


def simple(train, test, epochs, size):
    """784 -> size -> 784; encoder and decoder are models that share its layers."""
    image = Input(shape=(784,))
    code = Dense(size, activation="relu")(image)
    output = Dense(784, activation="sigmoid")
    autoencoder = Model(image, output(code))
    encoder = Model(image, code)
    code_in = Input(shape=(size,))
    decoder = Model(code_in, output(code_in))
    autoencoder.compile("adam", "binary_crossentropy")
    autoencoder.fit(train, train, batch_size=128, epochs=epochs, verbose=2)
    through = decoder.predict(encoder.predict(test))
    assert np.allclose(through, autoencoder.predict(test), atol=1e-5)
    print(f"simple: {size} numbers, RMSE of a test pixel {error(autoencoder, test):.4f}")


def stacked(train, test, epochs, sizes):
    """Each pair of layers learns to rebuild what the pair outside of it makes; then all together.

    Greedy layer-wise training: Bengio, Lamblin, Popovici, Larochelle 2006.
    """
    encoders, decoders, data = [], [], train
    for size in sizes:
        width = data.shape[1]
        last = "sigmoid" if width == 784 else "relu"
        encoder = Dense(size, activation="relu", input_shape=(width,))
        decoder = Dense(width, activation=last)
        pair = Sequential([GaussianNoise(0.1, input_shape=(width,)), encoder, decoder])
        pair.compile("adam", "mse")
        pair.fit(data, data, batch_size=128, epochs=epochs, verbose=0)
        encoders.append(encoder)
        decoders.insert(0, decoder)
        image = Input(shape=(width,))
        data = Model(image, encoder(image)).predict(data)
    image = Input(shape=(784,))
    y = image
    for layer in encoders + decoders:
        y = layer(y)
    model = Model(image, y)
    print(f"stacked: {sizes}, layer by layer, RMSE of a test pixel {error(model, test):.4f}")
    model.compile("adam", "mse")
    model.fit(train, train, batch_size=128, epochs=epochs, verbose=2)
    print(f"stacked: trained together, RMSE of a test pixel {error(model, test):.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with MNIST's idx files")
    parser.add_argument("--epochs", type=int, default=10)
    args = parser.parse_args()
    (train, _), (test, _) = load(args.data)
    train, test = train.reshape(-1, 784), test.reshape(-1, 784)
    simple(train, test, args.epochs, 32)
    stacked(train, test, args.epochs, [128, 32])


if __name__ == "__main__":
    main()
