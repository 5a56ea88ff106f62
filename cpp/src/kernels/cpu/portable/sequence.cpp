// SPDX-License-Identifier: Apache-2.0
// GatherTree: walks back from the last step of each beam along its parents.
#include <algorithm>

#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

struct Tree {
  std::int64_t steps, batch, beams;
};

void gather_tree(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const Tree& t = *static_cast<const Tree*>(params);
  const auto* ids = static_cast<const std::int32_t*>(in[0]);
  const auto* parents = static_cast<const std::int32_t*>(in[1]);
  const auto* lengths = static_cast<const std::int32_t*>(in[2]);
  const std::int32_t end_token = *static_cast<const std::int32_t*>(in[3]);
  auto* result = static_cast<std::int32_t*>(out[0]);
  const std::int64_t row = t.batch * t.beams;
  std::fill_n(result, t.steps * row, end_token);
  for (std::int64_t b = 0; b < t.batch; ++b) {
    const std::int64_t length = std::min<std::int64_t>(t.steps, lengths[b]);
    for (std::int64_t beam = 0; length > 0 && beam < t.beams; ++beam) {
      std::int64_t from = beam;
      for (std::int64_t step = length - 1; step >= 0; --step) {
        if (from < 0 || from >= t.beams) {
          invalid("Saw invalid parent id ", from, " at (batch, time, beam) == (", b, ", ", step,
                  ", ", beam, ")");
        }
        const std::int64_t at = step * row + b * t.beams;
        result[at + beam] = ids[at + from];
        from = parents[at + from];
      }
      bool finished = false;  // behind the first end token stand only end tokens
      for (std::int64_t step = 0; step < length; ++step) {
        std::int32_t& id = result[step * row + b * t.beams + beam];
        if (finished) id = end_token;
        finished = finished || id == end_token;
      }
    }
  }
}

Prepared prepare_gather_tree(const KernelRequest& r) {
  Prepared prepared;
  const Shape &steps = r.inputs[0].shape, &lengths = r.inputs[2].shape;
  if (steps.rank() != 3) invalid("step_ids must be a 3-tensor, saw shape: ", steps);
  if (r.inputs[1].shape != steps) {
    invalid("step_ids.shape must match parent_ids.shape.  but shapes are: ", steps, " and ",
            r.inputs[1].shape);
  }
  if (lengths.rank() != 1 || lengths[0] != steps[1]) {
    invalid(
        "batch size dimensions step_ids.shape[1] and max_sequence_lengths.shape[0] must match."
        "  but shapes are: ",
        steps, " and ", lengths);
  }
  if (r.inputs[3].shape.rank() != 0) {
    invalid("end_token must be a scalar, saw shape: ", r.inputs[3].shape);
  }
  *make_params<Tree>(prepared) = {steps[0], steps[1], steps[2]};
  prepared.run = gather_tree;
  return prepared;
}

}  // namespace

std::span<const KernelRow> sequence_kernels() {
  static const KernelRow rows[] = {{"GatherTree", "T", {DType::kInt32}, prepare_gather_tree}};
  return rows;
}

}  // namespace caudal::cpu
