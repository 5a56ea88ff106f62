# SPDX-License-Identifier: Apache-2.0
"""Texts as sequences of word numbers and as matrices of word weights."""

import json
import warnings
from collections import Counter, OrderedDict, defaultdict
from hashlib import md5

import numpy as np

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]

_PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(text, filters=_PUNCTUATION, lower=True, split=" "):
    """The words of a text.

    Args:
      text: string.
      filters: the characters that separate words as `split` does.
      lower: whether to lower the case first.
      split: the separator of words.
    """
    if lower:
        text = text.lower()
    cleaned = text.translate(str.maketrans(dict.fromkeys(filters, split)))
    return [word for word in cleaned.split(split) if word]


def one_hot(text, n, filters=_PUNCTUATION, lower=True, split=" "):
    """`hashing_trick` with Python's own `hash`: other numbers in each run of Python."""
    return hashing_trick(text, n, hash_function=hash, filters=filters, lower=lower, split=split)


def hashing_trick(text, n, hash_function=None, filters=_PUNCTUATION, lower=True, split=" "):
    """The words of a text as numbers from 1 to n - 1, two words may share one.

    Args:
      text: string.
      n: size of the space; 0 stands for no word.
      hash_function: function from a string to an int, "md5" for numbers that stay the same from
        run to run, or None for Python's `hash`.
      filters, lower, split: as in `text_to_word_sequence`.
    """
    if hash_function is None:
        hash_function = hash
    elif hash_function == "md5":
        hash_function = _md5
    words = text_to_word_sequence(text, filters=filters, lower=lower, split=split)
    return [hash_function(word) % (n - 1) + 1 for word in words]


def _md5(word):
    return int(md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Numbers words by how often they occur: 1 is the most frequent one, 0 stands for no word.

    Args:
      num_words: only words numbered below this are kept in sequences and matrices; None keeps all.
      filters, lower, split: as in `text_to_word_sequence`.
      char_level: whether characters are counted in place of words.
      oov_token: takes number 1 and the place of unknown words; None leaves those out.
      document_count: how many texts have been seen already.

    Attributes: word_counts, word_docs (texts with the word), word_index (word to number),
    index_word, index_docs, document_count.
    """

    def __init__(
        self,
        num_words=None,
        filters=_PUNCTUATION,
        lower=True,
        split=" ",
        char_level=False,
        oov_token=None,
        document_count=0,
        **kwargs,
    ):
        if "nb_words" in kwargs:
            warnings.warn("`nb_words` of Tokenizer is now called `num_words`.")
            num_words = kwargs.pop("nb_words")
        if kwargs:
            raise TypeError("Unrecognized keyword arguments: " + str(kwargs))
        self.num_words = num_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.document_count = document_count
        self.word_counts = OrderedDict()
        self.word_docs = defaultdict(int)
        self.word_index = {}
        self.index_word = {}
        self.index_docs = defaultdict(int)

    def _tokens(self, text):
        if isinstance(text, list):
            return [token.lower() for token in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts):
        """Counts the words of more texts and numbers all words anew.

        Args:
          texts: iterable of strings, or of lists of tokens.
        """
        for text in texts:
            self.document_count += 1
            in_text = Counter(self._tokens(text))
            for token, count in in_text.items():
                self.word_counts[token] = self.word_counts.get(token, 0) + count
                self.word_docs[token] += 1
        # Words seen equally often keep the order in which they came.
        words = sorted(self.word_counts, key=self.word_counts.get, reverse=True)
        if self.oov_token is not None:
            words.insert(0, self.oov_token)
        self.word_index = {word: number for number, word in enumerate(words, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, documents in self.word_docs.items():
            self.index_docs[self.word_index[word]] = documents

    def fit_on_sequences(self, sequences):
        """Counts documents by number of word, for those who have no texts.

        Args:
          sequences: list of lists of word numbers.
        """
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def _known(self, tokens, table, numbers):
        """What `table` holds for each token; what stands for unknown words elsewhere."""
        unknown = self.word_index.get(self.oov_token)
        if unknown is not None and not numbers:
            unknown = self.index_word[unknown]
        found = []
        for token in tokens:
            value = table.get(token)
            number = value if numbers else token
            if value is None or (self.num_words and number >= self.num_words):
                value = unknown
            if value is not None:
                found.append(value)
        return found

    def texts_to_sequences(self, texts):
        """A list of word numbers for each text; words that are not known are left out."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts):
        """As `texts_to_sequences`, one by one."""
        for text in texts:
            yield self._known(self._tokens(text), self.word_index, numbers=True)

    def sequences_to_texts(self, sequences):
        """The words of each list of word numbers, with spaces between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences):
        """As `sequences_to_texts`, one by one."""
        for sequence in sequences:
            yield " ".join(self._known(sequence, self.index_word, numbers=False))

    def texts_to_matrix(self, texts, mode="binary"):
        """`sequences_to_matrix` of the sequences of the texts."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences, mode="binary"):
        """A row for each sequence with a weight for each word.

        Args:
          sequences: list of lists of word numbers.
          mode: "binary" (occurs), "count", "freq" (count by length of the sequence), or "tfidf".

        Returns:
          float64 array [len(sequences), num_words].

        Raises:
          ValueError: for another mode, or when neither `num_words` nor a fit gives the width.
        """
        num_words = self.num_words
        if not num_words:
            if not self.word_index:
                raise ValueError(
                    "Specify a dimension (`num_words` argument), or fit on some text data first."
                )
            num_words = len(self.word_index) + 1
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise ValueError("Unknown vectorization mode: %s" % (mode,))
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on some data before using tfidf mode.")
        matrix = np.zeros((len(sequences), num_words))
        for row, sequence in zip(matrix, sequences):
            for number, count in Counter(sequence).items():
                if number < num_words:
                    row[number] = self._weight(mode, number, count, len(sequence))
        return matrix

    def _weight(self, mode, number, count, length):
        if mode == "binary":
            return 1
        if mode == "count":
            return count
        if mode == "freq":
            return count / length
        documents = 1 + self.index_docs.get(number, 0)
        return (1 + np.log(count)) * np.log(1 + self.document_count / documents)

    def get_config(self):
        """All state as a dict; the tables of words as JSON texts."""
        config = {name: getattr(self, name) for name in _SETTINGS}
        config.update((name, json.dumps(getattr(self, name))) for name in _TABLES)
        return config

    def to_json(self, **kwargs):
        """All state as a JSON text for `tokenizer_from_json`; kwargs go to `json.dumps`."""
        config = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(config, **kwargs)


_SETTINGS = "num_words filters lower split char_level oov_token document_count".split()
_TABLES = "word_counts word_docs index_docs index_word word_index".split()


def tokenizer_from_json(json_string):
    """The Tokenizer whose `to_json` gave the text."""
    config = json.loads(json_string)["config"]
    tables = {name: json.loads(config.pop(name)) for name in _TABLES}
    for name in ("index_docs", "index_word"):  # JSON has made texts of the numbers
        tables[name] = {int(number): value for number, value in tables[name].items()}
    tokenizer = Tokenizer(**config)
    tokenizer.word_counts.update(tables["word_counts"])
    tokenizer.word_docs.update(tables["word_docs"])
    tokenizer.index_docs.update(tables["index_docs"])
    tokenizer.word_index = tables["word_index"]
    tokenizer.index_word = tables["index_word"]
    return tokenizer
