# SPDX-License-Identifier: Apache-2.0
"""An LSTM reads short film reviews that a small grammar writes, and says whether they praise.

"not" turns the next adjective round and "but" lets only what follows count, so that words alone do
not tell.
"""

import argparse

import numpy as np

from caudal.keras import Sequential
from caudal.keras.layers import LSTM, Dense, Embedding
from caudal.keras.preprocessing.sequence import pad_sequences
from caudal.keras.preprocessing.text import Tokenizer

GOOD = "brilliant moving funny gripping clever charming".split()
BAD = "boring silly dull clumsy tedious hollow".split()
THINGS = "plot cast music camera ending script".split()


def clause(rng):
    """A clause and whether it praises."""
    praises, negated = rng.integers(0, 2, 2)
    word = rng.choice(GOOD if praises else BAD)
    text = "the %s was %s%s" % (rng.choice(THINGS), "not " if negated else "", word)
    return text, bool(praises) != bool(negated)


def review(rng):
    first, praises = clause(rng)
    if rng.integers(0, 2):
        second, praises = clause(rng)
        first = f"{first} but {second}"
    return first, praises


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    texts, labels = zip(*(review(rng) for _ in range(6000)))
    labels = np.array(labels, np.float32)

    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(texts)
    words = len(tokenizer.word_index) + 1  # 0 pads
    x = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=12)
    print(f"{len(x)} reviews, {words} words, for example: {texts[0]!r}")

    model = Sequential()
    model.add(Embedding(words, 16, mask_zero=True, input_length=12))
    model.add(LSTM(32, dropout=0.1))
    model.add(Dense(1, activation="sigmoid"))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(x[:5000], labels[:5000], batch_size=32, epochs=args.epochs,
              validation_data=(x[5000:], labels[5000:]), verbose=2)  # fmt: skip
    accuracy = model.evaluate(x[5000:], labels[5000:], verbose=0)[1]
    print(f"test accuracy: {100 * accuracy:.2f} %")
    for text in ("the cast was not dull", "the music was funny but the plot was not clever"):
        code = pad_sequences(tokenizer.texts_to_sequences([text]), maxlen=12)
        print(f"{text!r}: {float(model.predict(code)[0, 0]):.2f}")


if __name__ == "__main__":
    main()
