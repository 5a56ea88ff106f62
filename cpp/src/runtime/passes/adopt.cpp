// SPDX-License-Identifier: Apache-2.0
// Restored values become the memory of their variables, instead of being copied into it.
#include <algorithm>

#include "runtime/plan_graph.h"

namespace caudal {
namespace {

// Other memory means new plans for everything that uses the variable: small values are copied.
constexpr std::size_t kWorthwhile = std::size_t(1) << 20;

}  // namespace

void adopt_values(PlanGraph& g) {
  std::vector<int> reads(g.nodes.size(), 0), uses(g.storages.size(), 0);
  for (const int index : g.sequence) {
    const PlanNode& n = g.nodes[std::size_t(index)];
    for (const PlanRef& in : n.inputs) ++reads[std::size_t(in.node)];
    for (const int s : n.ref_storage) {
      if (s >= 0) ++uses[std::size_t(s)];
    }
    for (const int s : n.touched) ++uses[std::size_t(s)];
  }
  for (const auto& [ref, value] : g.live_outs) {
    ++reads[std::size_t(ref.node)];
    const int variable = g.at(ref).variable;
    if (variable >= 0 && g.variables[std::size_t(variable)].storage >= 0) {
      ++uses[std::size_t(g.variables[std::size_t(variable)].storage)];
    }
  }
  for (const int index : g.sequence) {
    PlanNode& n = g.nodes[std::size_t(index)];
    if (n.kind != PlanKind::kOp || !n.has(kWritesRef) || !n.has(kInitialisesRef)) continue;
    const PlanNode& from = g.nodes[std::size_t(n.inputs[1].node)];
    if (from.kind != PlanKind::kLiveIn || !from.has(kRestores)) continue;
    const int value = g.live_ins[std::size_t(from.live_in)].value;
    const Tensor& memory = g.storages[std::size_t(n.ref_storage[0])].value;
    const bool wanted_later = std::ranges::count(g.next_live_ins, value, &LiveIn::value) > 0 ||
                              std::ranges::count(g.program->fetch_values, value) > 0;
    if (is_object(memory.dtype()) || memory.num_bytes() < kWorthwhile || wanted_later ||
        std::size_t(value) < g.program->feeds.size() ||
        !(from.outputs[0].shape == memory.shape()) || reads[std::size_t(n.inputs[1].node)] != 1 ||
        reads[std::size_t(index)] != 0 || uses[std::size_t(n.ref_storage[0])] != 1) {
      continue;
    }
    n.adopted = value;
  }
}

}  // namespace caudal
