# SPDX-License-Identifier: Apache-2.0
"""Sequences of one length, pairs of neighbouring words, and windows over time series."""

import json
import random

import numpy as np

from caudal.keras.utils.data_utils import Sequence

__all__ = [
    "TimeseriesGenerator",
    "make_sampling_table",
    "pad_sequences",
    "skipgrams",
    "timeseries_generator_from_json",
]

_EULER_GAMMA = 0.577


def pad_sequences(
    sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0
):
    """Brings sequences to one length.

    Args:
      sequences: list of sequences; each is a list of numbers or an array [steps, ...].
      maxlen: the length; None takes that of the longest sequence.
      dtype: of the result; `object` for texts.
      padding: "pre" or "post", where missing steps are put.
      truncating: "pre" or "post", where steps too many are cut off.
      value: what missing steps are filled with.

    Returns:
      Array [len(sequences), maxlen, ...].

    Raises:
      ValueError: for other modes, entries that are no sequences, and steps of different shapes.
    """
    if not hasattr(sequences, "__len__"):
        raise ValueError("`sequences` must be iterable.")
    for mode, what in ((truncating, "Truncating"), (padding, "Padding")):
        if mode not in ("pre", "post"):
            raise ValueError('%s type "%s" not understood' % (what, mode))
    for sequence in sequences:
        if not hasattr(sequence, "__len__"):
            raise ValueError(
                "`sequences` must be a list of iterables. Found non-iterable: %s" % (sequence,)
            )
    if maxlen is None:
        maxlen = max(map(len, sequences), default=0)
    if isinstance(value, str) and np.dtype(dtype).kind not in "OU":
        raise ValueError(
            "`dtype` %s is not compatible with the text %r as `value`: texts of any length need "
            "dtype=object." % (dtype, value)
        )
    filled = next((sequence for sequence in sequences if len(sequence)), ())
    step_shape = np.asarray(filled).shape[1:]
    result = np.full((len(sequences), maxlen) + step_shape, value, dtype=dtype)
    for index, sequence in enumerate(sequences):
        if not len(sequence):
            continue
        first = max(len(sequence) - maxlen, 0) if truncating == "pre" else 0
        kept = np.asarray(sequence[first : first + maxlen], dtype=dtype)
        if kept.shape[1:] != step_shape:
            raise ValueError(
                "Shape of sample %s of sequence at position %s is different from expected shape %s"
                % (kept.shape[1:], index, step_shape)
            )
        first = maxlen - len(kept) if padding == "pre" else 0
        result[index, first : first + len(kept)] = kept
    return result


def make_sampling_table(size, sampling_factor=1e-5):
    """How likely the word of each rank is to be kept, so that frequent words come less often.

    The frequency of a word of rank r is taken from Zipf's law, 1 / (r * (log r + gamma) + 1/2 -
    1 / (12 r)); it is kept with probability min(1, sqrt(sampling_factor / frequency)).

    Args:
      size: number of words.
      sampling_factor: the smaller, the fewer frequent words are kept.

    Returns:
      float64 array [size].
    """
    rank = np.arange(size)
    rank[:1] = 1
    inverse_frequency = rank * (np.log(rank) + _EULER_GAMMA) + 0.5 - 1.0 / (12.0 * rank)
    ratio = sampling_factor * inverse_frequency
    return np.minimum(1.0, ratio / np.sqrt(ratio))


def skipgrams(
    sequence,
    vocabulary_size,
    window_size=4,
    negative_samples=1.0,
    shuffle=True,
    categorical=False,
    sampling_table=None,
    seed=None,
):
    """Pairs (word, neighbour) labelled 1 and pairs (word, any word) labelled 0.

    Mikolov et al., "Efficient Estimation of Word Representations in Vector Space".

    Args:
      sequence: list of word numbers; 0 is no word.
      vocabulary_size: greatest word number + 1.
      window_size: how far away a neighbour may be.
      negative_samples: pairs of label 0 for each pair of label 1.
      shuffle: whether the pairs are mixed.
      categorical: labels [0, 1] and [1, 0] in place of 1 and 0.
      sampling_table: probability by word number that a word gets pairs at all.
      seed: of the mixing. Numbers come from Python's `random`.

    Returns:
      (list of pairs, list of labels).
    """
    positive, negative = ([0, 1], [1, 0]) if categorical else (1, 0)
    couples = []
    for position, word in enumerate(sequence):
        if not word:
            continue
        if sampling_table is not None and sampling_table[word] < random.random():
            continue
        first = max(0, position - window_size)
        for other in range(first, min(len(sequence), position + window_size + 1)):
            if other != position and sequence[other]:
                couples.append([word, sequence[other]])
    labels = [positive] * len(couples)

    if negative_samples > 0:
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        count = int(len(words) * negative_samples)
        for i in range(count):
            couples.append([words[i % len(words)], random.randint(1, vocabulary_size - 1)])
        labels += [negative] * count

    if shuffle:
        if seed is None:
            seed = random.randint(0, 10**7)
        for items in (couples, labels):  # both in the same order
            random.seed(seed)
            random.shuffle(items)
    return couples, labels


def _remove_long_seq(maxlen, seq, label):
    """The sequences shorter than `maxlen`, and their labels."""
    kept = [(item, tag) for item, tag in zip(seq, label) if len(item) < maxlen]
    return [item for item, _ in kept], [tag for _, tag in kept]


class TimeseriesGenerator(Sequence):
    """Batches of windows over a time series, each with the target of the step after it.

    Args:
      data: list or array [steps, ...].
      targets: list or array [steps, ...].
      length: steps that a window covers.
      sampling_rate: distance of the steps taken inside of a window.
      stride: distance of two windows.
      start_index, end_index: the part of the data that is used; None ends with the last step.
      shuffle: draws windows at random (np.random) in place of in order.
      reverse: whether the steps of a window run backwards.
      batch_size: windows in a batch.

    Raises:
      ValueError: when data and targets differ in length, or no window fits.
    """

    def __init__(
        self,
        data,
        targets,
        length,
        sampling_rate=1,
        stride=1,
        start_index=0,
        end_index=None,
        shuffle=False,
        reverse=False,
        batch_size=128,
    ):
        if len(data) != len(targets):
            raise ValueError(
                "Data and targets have to be of same length. Data length is %d while target "
                "length is %d" % (len(data), len(targets))
            )
        self.data = data
        self.targets = targets
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                "`start_index+length=%i > end_index=%i` is disallowed, as no window of %d steps "
                "fits before the last target." % (self.start_index, self.end_index, length)
            )

    def __len__(self):
        span = self.batch_size * self.stride
        return (self.end_index - self.start_index + span) // span

    def __getitem__(self, index):
        if self.shuffle:
            ends = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            span = self.batch_size * self.stride
            first = self.start_index + span * index
            ends = np.arange(first, min(first + span, self.end_index + 1), self.stride)
        windows = np.array(
            [self.data[end - self.length : end : self.sampling_rate] for end in ends]
        )
        targets = np.array([self.targets[end] for end in ends])
        return (windows[:, ::-1] if self.reverse else windows), targets

    def get_config(self):
        """The arguments, with data and targets as JSON texts."""
        config = {name: getattr(self, name) for name in _SETTINGS}
        config["data"] = _as_json(self.data, "Data")
        config["targets"] = _as_json(self.targets, "Targets")
        return config

    def to_json(self, **kwargs):
        """A JSON text for `timeseries_generator_from_json`; kwargs go to `json.dumps`."""
        config = {"class_name": type(self).__name__, "config": self.get_config()}
        return json.dumps(config, **kwargs)


_SETTINGS = "length sampling_rate stride start_index end_index shuffle reverse batch_size".split()


def _as_json(values, what):
    if isinstance(values, (np.ndarray, np.generic)):
        values = values.tolist()
    try:
        return json.dumps(values)
    except TypeError:
        raise TypeError("%s not JSON Serializable: %s" % (what, values)) from None


def timeseries_generator_from_json(json_string):
    """The TimeseriesGenerator whose `to_json` gave the text."""
    config = json.loads(json_string)["config"]
    for name in ("data", "targets"):
        config[name] = json.loads(config[name])
    config["start_index"] -= config["length"]  # the attribute names the first target
    return TimeseriesGenerator(**config)
