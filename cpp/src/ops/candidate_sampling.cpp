// SPDX-License-Identifier: Apache-2.0
// Samplers of classes for losses that look at a few classes instead of all.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void sampler_shape(ShapeContext& c) {
  PartialShape classes = c.with_rank(0, 2);
  const std::int64_t num_true = c.attrs().i("num_true");
  classes.set_dim(1, ShapeContext::merge_dim(classes[1], num_true));
  const std::int64_t sampled = c.attrs().i("num_sampled");
  if (sampled < 1) invalid("num_sampled must be >= 1, but is ", sampled);
  c.set_output(0, {sampled});
  c.set_output(1, classes);
  c.set_output(2, {sampled});
}

void accidental_hits_shape(ShapeContext& c) {
  const PartialShape classes = c.with_rank(0, 2);
  const std::int64_t num_true = c.attrs().i("num_true");
  if (classes[1] >= 0 && classes[1] != num_true) {
    invalid("Dimension must be ", num_true, " but is ", classes[1]);
  }
  c.with_rank(1, 1);
  for (int i = 0; i < 3; ++i) c.set_output(i, {-1});
}

#define CAUDAL_SAMPLER                                                        \
  "true_classes:int64 -> sampled_candidates:int64 true_expected_count:float " \
  "sampled_expected_count:float; num_true:int>=1; num_sampled:int>=1; unique:bool; "
#define CAUDAL_SEEDS "seed:int=0; seed2:int=0"

constexpr std::uint32_t kDraws = kStateful | kRandom;

constexpr OpRow kRows[] = {
    {"UniformCandidateSampler", CAUDAL_SAMPLER "range_max:int>=1; " CAUDAL_SEEDS, sampler_shape,
     no_gradient, kDraws},
    {"LogUniformCandidateSampler", CAUDAL_SAMPLER "range_max:int>=1; " CAUDAL_SEEDS, sampler_shape,
     no_gradient, kDraws},
    {"LearnedUnigramCandidateSampler", CAUDAL_SAMPLER "range_max:int>=1; " CAUDAL_SEEDS,
     sampler_shape, no_gradient, kDraws},
    {"ThreadUnsafeUnigramCandidateSampler", CAUDAL_SAMPLER "range_max:int>=1; " CAUDAL_SEEDS,
     sampler_shape, no_gradient, kDraws},
    {"FixedUnigramCandidateSampler",
     CAUDAL_SAMPLER
     "range_max:int>=1; vocab_file:string=''; distortion:float=1; num_reserved_ids:int=0; "
     "num_shards:int>=1=1; shard:int>=0=0; unigrams:list(float)=[]; " CAUDAL_SEEDS,
     sampler_shape, no_gradient, kDraws},
    {"AllCandidateSampler", CAUDAL_SAMPLER CAUDAL_SEEDS, sampler_shape, no_gradient, kDraws},
    {"ComputeAccidentalHits",
     "true_classes:int64 sampled_candidates:int64 -> indices:int32 ids:int64 weights:float; "
     "num_true:int; " CAUDAL_SEEDS,
     accidental_hits_shape, no_gradient, kDynamicShape},
};

}  // namespace

std::span<const OpRow> candidate_sampling_ops() { return kRows; }

}  // namespace caudal::ops
