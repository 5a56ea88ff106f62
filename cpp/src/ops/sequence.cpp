// SPDX-License-Identifier: Apache-2.0
// Sequences that beam search found.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void gather_tree_shape(ShapeContext& c) {
  const PartialShape steps = c.with_rank(0, 3), parents = c.with_rank(1, 3);
  const PartialShape lengths = c.with_rank(2, 1);
  c.with_rank(3, 0);
  PartialShape out = steps;
  for (int i = 0; i < 3; ++i) out.set_dim(i, ShapeContext::merge_dim(steps[i], parents[i]));
  out.set_dim(1, ShapeContext::merge_dim(out[1], lengths[0]));
  c.set_output(0, out);
}

const OpRow rows[] = {
    {"GatherTree",
     "step_ids:T parent_ids:T max_sequence_lengths:int32 end_token:T -> beams:T; T:type{int32}",
     gather_tree_shape, no_gradient},
};

}  // namespace

std::span<const OpRow> sequence_ops() { return rows; }

}  // namespace caudal::ops
