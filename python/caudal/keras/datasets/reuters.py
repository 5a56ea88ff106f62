# SPDX-License-Identifier: Apache-2.0
"""Reuters: short news on 46 topics."""

import numpy as np

from caudal.keras.datasets import plain_pickle, word_numbers
from caudal.keras.utils.data_utils_files import get_file


def load_data(
    path="reuters.npz",
    num_words=None,
    skip_top=0,
    maxlen=None,
    test_split=0.2,
    seed=113,
    start_char=1,
    oov_char=2,
    index_from=3,
    **kwargs,
):
    """11228 news as lists of numbers of words, the frequent words first, with labels 0 to 45.

    Args:
      path: name of the file in the cache.
      num_words, skip_top: words numbered from `skip_top` to below `num_words` stay.
      maxlen: news must be shorter.
      test_split: part that is left for testing.
      seed: that np.random is set to before the news are mixed.
      start_char: number in front of each text, or None.
      oov_char: number in place of words that do not stay; None leaves them out.
      index_from: added to the numbers of words.

    Returns:
      ((x_train, y_train), (x_test, y_test)): arrays of lists, and int64 labels.

    Raises:
      ValueError: if no text is shorter than `maxlen`.
      OSError: when the file is not there and cannot be downloaded.
    """
    num_words = word_numbers.old_arguments(num_words, kwargs)
    path = get_file(
        path,
        origin="https://s3.amazonaws.com/text-datasets/reuters.npz",
        file_hash="87aedbeb0cb229e378797a632c1997b6",
    )
    texts, labels = plain_pickle.load_arrays(path, ["x", "y"])
    np.random.seed(seed)
    texts, labels = word_numbers.shuffled(texts, labels)
    texts, labels = word_numbers.choose_words(
        texts, labels, num_words, skip_top, maxlen, start_char, oov_char, index_from
    )
    return word_numbers.split(texts, labels, int(len(texts) * (1 - test_split)))


def get_word_index(path="reuters_word_index.json"):
    """The dict from words to their numbers, before `index_from` is added."""
    return word_numbers.word_index(path, "reuters", "4d44cc38712099c9e383dc6e5f11a921")
