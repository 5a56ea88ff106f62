// SPDX-License-Identifier: Apache-2.0
// Choosing the first centers of clusters, and the nearest center of each point.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void plus_plus_shape(ShapeContext& c) {
  const PartialShape points = c.with_rank(0, 2);
  for (int i = 1; i < 4; ++i) c.with_rank(i, 0);
  PartialShape samples = PartialShape::unknown_of_rank(2);
  if (const Tensor* count = c.constant_input(1)) {
    const std::int64_t n = count->as_int64s()[0];
    if (n <= 0) invalid("Input num_to_sample should be positive, got ", n);
    if (points[0] >= 0 && n > points[0]) {
      invalid("Expected num_to_sample of ", n, " to be at most the number of points, ", points[0]);
    }
    samples.set_dim(0, n);
  }
  samples.set_dim(1, points[1]);
  c.set_output(0, samples);
}

void chain_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  c.with_rank(1, 0);
  c.set_output(0, PartialShape::unknown_of_rank(0));
}

void nearest_shape(ShapeContext& c) {
  const PartialShape points = c.with_rank(0, 2), centers = c.with_rank(1, 2);
  c.with_rank(2, 0);
  ShapeContext::merge_dim(points[1], centers[1]);
  PartialShape found = PartialShape::unknown_of_rank(2);
  found.set_dim(0, points[0]);
  if (const Tensor* count = c.constant_input(2)) {
    const std::int64_t k = count->as_int64s()[0];
    if (k <= 0) invalid("Input k should be positive, got ", k);
    if (centers[0] >= 0) found.set_dim(1, k < centers[0] ? k : centers[0]);
  }
  c.set_output(0, found);
  c.set_output(1, found);
}

constexpr OpRow kRows[] = {
    {"KmeansPlusPlusInitialization",
     "points:float num_to_sample:int64 seed:int64 num_retries_per_sample:int64 -> samples:float",
     plus_plus_shape, no_gradient},
    {"KMC2ChainInitialization", "distances:float seed:int64 -> index:int64", chain_shape,
     no_gradient},
    {"NearestNeighbors",
     "points:float centers:float k:int64 -> nearest_center_indices:int64 "
     "nearest_center_distances:float",
     nearest_shape, no_gradient},
};

}  // namespace

std::span<const OpRow> clustering_ops() { return kRows; }

}  // namespace caudal::ops
