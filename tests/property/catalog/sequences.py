# SPDX-License-Identifier: Apache-2.0
"""Candidate samplers and connectionist temporal classification."""

import itertools

import numpy as np

from property.catalog import case, const, op, real, stateful

# -- Candidate samplers ----------------------------------------------------------------------------

_TRUE = np.array([[1, 2], [3, 4]], np.int64)


def _sampler(make, probability, range_max=20, sampled=6):
    """A driver: `make` gives the node; probability(class) before it learns."""

    def driver(tf, session, dtype):
        for unique in (False, True):
            node = make(tf, unique, range_max, sampled)
            with session() as sess:
                first, second = sess.run(node), sess.run(node)
            with session() as sess:
                again = sess.run(node)
            for a, b in zip(first, again):
                np.testing.assert_array_equal(a, b)
            ids, true_count, sampled_count = first
            assert ids.dtype == np.int64 and ids.min() >= 0 and ids.max() < range_max
            if unique:
                assert len(set(ids)) == sampled and len(set(second[0])) == sampled
            else:
                for classes, counts in ((ids, sampled_count), (_TRUE, true_count)):
                    np.testing.assert_allclose(counts, probability(classes) * sampled, rtol=1e-5)

    return driver


def _named(name):
    def make(tf, unique, range_max, sampled):
        function = getattr(tf.nn, name + "_candidate_sampler")
        return function(_TRUE, 2, sampled, unique, range_max, seed=5)

    return make


def _thread_unsafe(tf, unique, range_max, sampled):
    from caudal.framework.op_factory import apply

    return apply("ThreadUnsafeUnigramCandidateSampler", _TRUE, num_true=2, num_sampled=sampled,
                 unique=unique, range_max=range_max, seed=1, seed2=2)  # fmt: skip


def _fixed(tf, unique, range_max, sampled):
    return tf.nn.fixed_unigram_candidate_sampler(
        _TRUE, 2, sampled, unique, range_max, unigrams=np.arange(1, range_max), distortion=0.75,
        num_reserved_ids=1, seed=5,
    )  # fmt: skip


def _fixed_probability(classes):
    weights = np.arange(20) ** 0.75
    return weights[classes] / weights.sum()


def _flat(classes):
    return np.full(np.shape(classes), 1 / 20)


def _log_uniform(classes):
    return np.log((classes + 2) / (classes + 1)) / np.log(21)


def _all(tf, session, dtype):
    node = tf.nn.all_candidate_sampler(_TRUE, 2, 5, True, seed=1)
    with session() as sess:
        ids, true_count, sampled_count = sess.run(node)
    np.testing.assert_array_equal(ids, np.arange(5))
    assert (true_count == 1).all() and true_count.shape == (2, 2) and (sampled_count == 1).all()


stateful("UniformCandidateSampler", _sampler(_named("uniform"), _flat))
stateful("LogUniformCandidateSampler", _sampler(_named("log_uniform"), _log_uniform))
stateful("LearnedUnigramCandidateSampler", _sampler(_named("learned_unigram"), _flat))
stateful("ThreadUnsafeUnigramCandidateSampler", _sampler(_thread_unsafe, _flat))
stateful("FixedUnigramCandidateSampler", _sampler(_fixed, _fixed_probability))
stateful("AllCandidateSampler", _all)


def accidental_hits(classes, sampled, num_true):
    hits = [(row, np.flatnonzero(sampled == c)[-1])
            for row, group in enumerate(classes) for c in group if c in sampled]  # fmt: skip
    rows = np.array([h[0] for h in hits], np.int32)
    ids = np.array([h[1] for h in hits], np.int64)
    return rows, ids, np.full(len(hits), np.finfo(np.float32).min)


op("ComputeAccidentalHits", accidental_hits, dtypes="float32",
   cases=[case(const([[1, 2], [3, 4], [1, 1]], "int64"), const([1, 7, 4, 1, 2], "int64"),
               num_true=2),
          case(const([[9]], "int64"), const([1, 2], "int64"), num_true=1)],
   bad=[case(const([[1, 2]], "int64"), const([1], "int64"), num_true=3)])  # fmt: skip

# -- Connectionist temporal classification ---------------------------------------------------------


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def path_loss(x, labels, merge):
    """By enumeration of all paths of one sequence; x [time, classes]."""
    y, blank, total = softmax(x), x.shape[1] - 1, 0.0
    for path in itertools.product(range(x.shape[1]), repeat=len(x)):
        read = [c for i, c in enumerate(path)
                if c != blank and not (merge and i and path[i - 1] == c)]  # fmt: skip
        if read == list(labels):
            total += np.prod([y[t, c] for t, c in enumerate(path)])
    return -np.log(total) if total else np.inf


def ctc_loss(x, indices, values, lengths, preprocess_collapse_repeated=False,
             ctc_merge_repeated=True, ignore_longer_outputs_than_inputs=False):  # fmt: skip
    out = []
    for b, length in enumerate(lengths):
        labels = [v for (row, _), v in zip(indices, values) if row == b]
        if preprocess_collapse_repeated:
            labels = [v for v, _ in itertools.groupby(labels)]
        too_long = len(labels) > length
        out.append(0.0 if too_long else path_loss(x[:length, b], labels, ctc_merge_repeated))
    return np.array(out), None


_labels = const([[0, 0], [0, 1], [1, 0]], "int64"), const([0, 1, 1], "int32")
_twice = const([[0, 0], [0, 1], [1, 0]], "int64"), const([1, 1, 0], "int32")
# The second gradient is refused, as in TensorFlow.
op("CTCLoss", ctc_loss, dtypes="float32 float64", second=False, tol=1e-5,
   cases=[case(real()[4, 2, 3], *_labels, const([4, 3], "int32")),
          case(real()[4, 2, 3], *_twice, const([3, 4], "int32")),
          case(real()[3, 2, 3], *_twice, const([3, 2], "int32"), preprocess_collapse_repeated=True),
          case(real()[3, 2, 3], *_twice, const([3, 2], "int32"), ctc_merge_repeated=False),
          case(real()[3, 2, 3], *_labels, const([1, 3], "int32"),
               ignore_longer_outputs_than_inputs=True)],
   bad=[case(real()[3, 2], *_labels, const([1, 3], "int32")),
        case(real()[3, 2, 3], *_labels, const([1, 3, 2], "int32"))])  # fmt: skip


def sparse(rows):
    at = [(b, k) for b, row in enumerate(rows) for k in range(len(row))]
    return (np.array(at, np.int64).reshape(-1, 2),
            np.array([v for row in rows for v in row], np.int64),
            np.array([len(rows), max(map(len, rows), default=0)], np.int64))  # fmt: skip


def greedy(x, lengths, merge_repeated=False):
    rows, scores = [], []
    for b, length in enumerate(lengths):
        best = x[:length, b].argmax(axis=1)
        keep = [c for i, c in enumerate(best) if c != x.shape[2] - 1
                and not (merge_repeated and i and best[i - 1] == c)]  # fmt: skip
        rows.append(keep)
        scores.append([-x[:length, b].max(axis=1).sum()])
    return *sparse(rows), np.array(scores).reshape(-1, 1)


def beam(x, lengths, beam_width, top_paths, merge_repeated=True):
    """By enumeration: the beam must be wide enough to lose nothing."""
    columns, scores = [[] for _ in range(top_paths)], []
    for b, length in enumerate(lengths):
        y, found = softmax(x[:length, b]), {}
        for path in itertools.product(range(x.shape[2]), repeat=int(length)):
            read = tuple(c for i, c in enumerate(path)
                         if c != x.shape[2] - 1 and not (i and path[i - 1] == c))  # fmt: skip
            p = np.prod([y[t, c] for t, c in enumerate(path)])
            found[read] = found.get(read, 0) + p
        best = sorted(found.items(), key=lambda item: -item[1])[:top_paths]
        for column, (read, _) in zip(columns, best):
            column.append([c for c, _ in itertools.groupby(read)] if merge_repeated else list(read))
        scores.append([np.log(p) for _, p in best])
    parts = [sparse(rows) for rows in columns]
    return [part[k] for k in range(3) for part in parts] + [np.array(scores)]


_lengths = const([4, 2], "int32")
op("CTCGreedyDecoder", greedy, distinct=True, dtypes="float32 float64",
   cases=[case(real()[4, 2, 3], _lengths, merge_repeated=m) for m in (False, True)],
   bad=[case(real()[4, 3], _lengths)])  # fmt: skip
op("CTCBeamSearchDecoder", beam, distinct=True, dtypes="float32 float64", tol=1e-5,
   cases=[case(real()[4, 2, 3], _lengths, beam_width=100, top_paths=2, merge_repeated=m)
          for m in (False, True)],
   bad=[case(real()[4, 2, 3], const([4], "int32"), beam_width=9, top_paths=1)])  # fmt: skip
