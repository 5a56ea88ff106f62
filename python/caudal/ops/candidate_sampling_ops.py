# SPDX-License-Identifier: Apache-2.0
"""Samplers of classes for `sampled_softmax_loss` and `nce_loss`.

Every sampler takes true_classes, int64 [batch, num_true], and returns a named tuple
(sampled_candidates int64 [num_sampled], true_expected_count float32 [batch, num_true],
sampled_expected_count float32 [num_sampled]). With `unique`, no class is drawn twice in a batch.
"""

from caudal.framework import random_seed
from caudal.framework.op_factory import apply


def _seeds(seed):
    seed1, seed2 = random_seed.get_seed(seed)
    return {"seed": seed1 or 0, "seed2": seed2 or 0}


def _sample(op_name, true_classes, num_true, num_sampled, unique, seed, name, **attrs):
    return apply(op_name, true_classes, num_true=num_true, num_sampled=num_sampled, unique=unique,
                 name=name, **attrs, **_seeds(seed))  # fmt: skip


def uniform_candidate_sampler(
    true_classes, num_true, num_sampled, unique, range_max, seed=None, name=None
):
    """Draws from [0, range_max), all classes alike. Op: UniformCandidateSampler."""
    return _sample("UniformCandidateSampler", true_classes, num_true, num_sampled, unique, seed,
                   name, range_max=range_max)  # fmt: skip


def log_uniform_candidate_sampler(
    true_classes, num_true, num_sampled, unique, range_max, seed=None, name=None
):
    """Draws class k with probability log((k + 2) / (k + 1)) / log(range_max + 1): for classes that
    are sorted by falling frequency. Op: LogUniformCandidateSampler."""
    return _sample("LogUniformCandidateSampler", true_classes, num_true, num_sampled, unique, seed,
                   name, range_max=range_max)  # fmt: skip


def learned_unigram_candidate_sampler(
    true_classes, num_true, num_sampled, unique, range_max, seed=None, name=None
):
    """Draws in proportion to how often a class was among `true_classes` before, plus one.
    Op: LearnedUnigramCandidateSampler."""
    return _sample("LearnedUnigramCandidateSampler", true_classes, num_true, num_sampled, unique,
                   seed, name, range_max=range_max)  # fmt: skip


def fixed_unigram_candidate_sampler(
    true_classes, num_true, num_sampled, unique, range_max, vocab_file="", distortion=1.0,
    num_reserved_ids=0, num_shards=1, shard=0, unigrams=(), seed=None, name=None,
):  # fmt: skip
    """Draws in proportion to given counts. Op: FixedUnigramCandidateSampler.

    Args:
      vocab_file: a file whose lines end in ",count", one per class; or
      unigrams: the counts.
      distortion: the power to which counts are raised.
      num_reserved_ids: classes in front that are never drawn.
      num_shards, shard: take only the classes k with k % num_shards == shard.
    """
    return _sample(
        "FixedUnigramCandidateSampler", true_classes, num_true, num_sampled, unique, seed, name,
        range_max=range_max, vocab_file=vocab_file, distortion=distortion,
        num_reserved_ids=num_reserved_ids, num_shards=num_shards, shard=shard,
        unigrams=list(unigrams),
    )  # fmt: skip


def all_candidate_sampler(true_classes, num_true, num_sampled, unique, seed=None, name=None):
    """All classes in order: for tests of the samplers' users. Op: AllCandidateSampler."""
    return _sample("AllCandidateSampler", true_classes, num_true, num_sampled, unique, seed, name)


def compute_accidental_hits(true_classes, sampled_candidates, num_true, seed=None, name=None):
    """Where a sampled class is a true one. Op: ComputeAccidentalHits.

    Args:
      true_classes: int64 [batch, num_true].
      sampled_candidates: int64 [num_sampled].

    Returns:
      (indices int32, ids int64, weights float32), one entry per hit: row of the batch, position
      among the candidates, and the lowest float.
    """
    return apply("ComputeAccidentalHits", true_classes, sampled_candidates, num_true=num_true,
                 name=name, **_seeds(seed))  # fmt: skip
