# SPDX-License-Identifier: Apache-2.0
"""Two inputs, two outputs, two losses: what a house is worth and whether it sells.

A house is described by numbers and by the words of its advertisement. Price and sale follow from
both; `loss_weights` says how much each output counts.
"""

import argparse

import numpy as np

from caudal.keras import Input, Model
from caudal.keras.layers import Dense, Embedding, GlobalAveragePooling1D, concatenate

WORDS = 50


def houses(count, rng):
    """(numbers [n,4], words [n,8]) and (price [n,1], sold [n,1]); a word adds its own value."""
    numbers = rng.uniform(0, 1, (count, 4)).astype(np.float32)
    words = rng.integers(0, WORDS, (count, 8))
    charm = np.sin(words).mean(axis=1)
    price = numbers @ [3.0, 1.0, -1.0, 0.5] + charm
    sold = charm + 0.5 > 0.6 * numbers[:, 0] + 0.2
    return (numbers, words), (price[:, None].astype(np.float32), sold[:, None].astype(np.float32))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    (numbers, words), (price, sold) = houses(4000, rng)
    (test_numbers, test_words), (test_price, test_sold) = houses(1000, rng)

    numbers_in = Input(shape=(4,), name="numbers")
    words_in = Input(shape=(8,), dtype="int32", name="words")
    text = GlobalAveragePooling1D()(Embedding(WORDS, 8)(words_in))
    both = Dense(32, activation="relu")(concatenate([numbers_in, text]))
    outputs = [Dense(1, name="price")(both), Dense(1, activation="sigmoid", name="sold")(both)]
    model = Model(inputs=[numbers_in, words_in], outputs=outputs)
    model.compile(
        optimizer="adam",
        loss={"price": "mse", "sold": "binary_crossentropy"},
        loss_weights={"price": 1.0, "sold": 0.5},
        metrics={"price": "mae", "sold": "accuracy"},
    )
    model.fit(
        {"numbers": numbers, "words": words},
        {"price": price, "sold": sold},
        epochs=args.epochs,
        batch_size=32,
        verbose=2,
    )
    values = model.evaluate([test_numbers, test_words], [test_price, test_sold], verbose=0)
    scores = dict(zip(model.metrics_names, values))
    print("test:", "  ".join(f"{name} {value:.4f}" for name, value in scores.items()))
    total = scores["price_loss"] + 0.5 * scores["sold_loss"]
    print(f"price_loss + 0.5 sold_loss = {total:.4f}")
    print(f"mean error of a price {scores['price_mean_absolute_error']:.3f}")
    print(f"sales foreseen {100 * scores['sold_acc']:.1f} %")


if __name__ == "__main__":
    main()
