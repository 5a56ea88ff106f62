# SPDX-License-Identifier: Apache-2.0
"""What the sets of texts, given as numbers of words, have in common."""

import json
import warnings

import numpy as np

from caudal.keras.preprocessing.sequence import _remove_long_seq
from caudal.keras.utils.data_utils_files import get_file


def old_arguments(num_words, kwargs):
    """`num_words`, also under its name of Keras 1."""
    if "nb_words" in kwargs:
        warnings.warn("`nb_words` of `load_data` is now called `num_words`.")
        num_words = kwargs.pop("nb_words")
    if kwargs:
        raise TypeError("Unrecognized keyword arguments: " + str(kwargs))
    return num_words


def shuffled(*arrays):
    """All arrays in one new order, drawn from np.random."""
    order = np.arange(len(arrays[0]))
    np.random.shuffle(order)
    return [array[order] for array in arrays]


def choose_words(texts, labels, num_words, skip_top, maxlen, start_char, oov_char, index_from):
    """Moves the numbers of words up and takes out texts that are long and words that are rare.

    Args:
      texts: array of lists of numbers of words, 1 for the most frequent one.
      labels: array.
      num_words, skip_top: words stay when skip_top <= number + index_from < num_words; None keeps
        all.
      maxlen: texts must be shorter; None keeps all.
      start_char: put in front of each text, and words move by `index_from`; or None.
      oov_char: put in place of words that are taken out; None leaves nothing.
      index_from: what is added to the numbers.

    Returns:
      (list of lists, labels).

    Raises:
      ValueError: if no text is left.
    """
    start = [] if start_char is None else [start_char]
    move = index_from or 0
    texts = [start + [word + move for word in text] for text in texts]
    if maxlen:
        texts, labels = _remove_long_seq(maxlen, texts, labels)
        if not texts:
            raise ValueError(
                "After filtering for sequences shorter than maxlen=%s, no sequence was kept. "
                "Increase maxlen." % maxlen
            )
    if not num_words:
        num_words = max(map(max, filter(None, texts)))
    if oov_char is None:
        texts = [[word for word in text if skip_top <= word < num_words] for text in texts]
    else:
        texts = [
            [word if skip_top <= word < num_words else oov_char for word in text] for text in texts
        ]
    return texts, labels


def split(texts, labels, border):
    """((x_train, y_train), (x_test, y_test)) with the texts as arrays of lists."""
    lists = np.empty(len(texts), dtype=object)
    lists[:] = texts
    labels = np.array(labels)
    return (lists[:border], labels[:border]), (lists[border:], labels[border:])


def word_index(path, name, file_hash):
    """The dict from words to numbers, without the move by `index_from`."""
    origin = "https://s3.amazonaws.com/text-datasets/%s_word_index.json" % name
    with open(get_file(path, origin=origin, file_hash=file_hash), encoding="utf-8") as file:
        return json.load(file)
