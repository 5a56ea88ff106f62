# SPDX-License-Identifier: Apache-2.0
"""IMDB: good and bad reviews of films."""

import numpy as np

from caudal.keras.datasets import plain_pickle, word_numbers
from caudal.keras.utils.data_utils_files import get_file


def load_data(
    path="imdb.npz",
    num_words=None,
    skip_top=0,
    maxlen=None,
    seed=113,
    start_char=1,
    oov_char=2,
    index_from=3,
    **kwargs,
):
    """50000 reviews as lists of numbers of words, the frequent words first, with labels 0 and 1.

    Args:
      path: name of the file in the cache.
      num_words, skip_top: words numbered from `skip_top` to below `num_words` stay.
      maxlen: reviews must be shorter.
      seed: that np.random is set to before the reviews are mixed.
      start_char: number in front of each review, or None.
      oov_char: number in place of words that do not stay; None leaves them out.
      index_from: added to the numbers of words.

    Returns:
      ((x_train, y_train), (x_test, y_test)): arrays of lists, and int64 labels.

    Raises:
      ValueError: if no review is shorter than `maxlen`.
      OSError: when the file is not there and cannot be downloaded.
    """
    num_words = word_numbers.old_arguments(num_words, kwargs)
    path = get_file(
        path,
        origin="https://s3.amazonaws.com/text-datasets/imdb.npz",
        file_hash="599dadb1135973df5b59232a0e9a887c",
    )
    names = ["x_train", "y_train", "x_test", "y_test"]
    x_train, y_train, x_test, y_test = plain_pickle.load_arrays(path, names)
    np.random.seed(seed)
    x_train, y_train = word_numbers.shuffled(x_train, y_train)
    x_test, y_test = word_numbers.shuffled(x_test, y_test)
    texts, labels = word_numbers.choose_words(
        np.concatenate([x_train, x_test]),
        np.concatenate([y_train, y_test]),
        num_words,
        skip_top,
        maxlen,
        start_char,
        oov_char,
        index_from,
    )
    # As in Keras, the border does not move when `maxlen` takes reviews out.
    return word_numbers.split(texts, labels, len(x_train))


def get_word_index(path="imdb_word_index.json"):
    """The dict from words to their numbers, before `index_from` is added."""
    return word_numbers.word_index(path, "imdb", "bfafd718b763782e994055a2d397834f")
