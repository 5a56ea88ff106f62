// SPDX-License-Identifier: Apache-2.0
// New values of variables that a fused group computes are written to the variables themselves,
// instead of to memory that an Assign then copies: an optimizer's step is one pass over memory.
#include <algorithm>
#include <unordered_map>

#include "runtime/plan_graph.h"

namespace caudal {
namespace {

bool is_assign(const PlanNode& n) {
  return n.kind == PlanKind::kOp && n.has(kWritesRef) && n.has(kInitialisesRef) &&
         n.fresh_storage < 0 && n.adopted < 0 && n.inputs.size() == 2 && n.ref_storage[0] >= 0;
}

/// A group that cannot fail half way.
bool is_safe_group(const PlanGraph& g, const PlanNode& n) {
  return n.kind == PlanKind::kFused && n.sections.empty() &&
         std::ranges::all_of(
             n.members,
             [](const auto& m) { return is_floating(m.dtype) || m.dtype == DType::kBool; }) &&
         std::ranges::all_of(n.inputs, [&](PlanRef r) {
           return is_floating(g.at(r).dtype) || g.at(r).dtype == DType::kBool;
         });
}

/// Whether it makes no difference if a group writes before this node instead of after it, as long
/// as the node leaves the variable alone: a node that may fail keeps what is behind it from
/// running.
bool may_be_passed(const PlanGraph& g, const PlanNode& n) {
  return is_assign(n) || n.is_view() || n.kind == PlanKind::kCopy ||
         (n.kind == PlanKind::kOp && n.outputs.empty() && !n.has(kStateful)) || is_safe_group(g, n);
}

/// The storage whose memory a value is, or -1.
int storage_of(const PlanGraph& g, PlanRef r) {
  while (true) {
    const PlanNode& n = g.nodes[std::size_t(r.node)];
    if (n.kind == PlanKind::kVariable) return g.variables[std::size_t(g.at(r).variable)].storage;
    const int own = n.ref_storage.empty() ? -1 : n.ref_storage[0];
    if (g.at(r).is_ref) return own;
    if (!n.is_view() || r.output != 0) return -1;
    if (own >= 0) return own;
    r = n.inputs[0];
  }
}

bool touches(const PlanGraph& g, const PlanNode& n, int storage) {
  for (const auto* list : {&n.touched, &n.ref_storage, &n.targets}) {
    if (std::ranges::count(*list, storage) > 0) return true;
  }
  return std::ranges::any_of(n.inputs, [&](PlanRef r) { return storage_of(g, r) == storage; });
}

/// Members that are computed when result `r` and those before it are: these and what they read.
std::vector<char> computed_until(const PlanNode& group, std::size_t r) {
  std::vector<char> computed(group.members.size(), 0);
  for (std::size_t k = 0; k <= r; ++k) computed[std::size_t(group.results[k].node)] = 1;
  for (std::size_t m = group.members.size(); m-- > 0;) {
    if (!computed[m]) continue;
    for (const int operand : group.members[m].operands) {
      if (operand < 0) computed[std::size_t(~operand)] = 1;
    }
  }
  return computed;
}

/// Whether all that reads operand `k` of a group is done when result `r` has been written. A member
/// with a single operand may merely hand it on: what reads that member counts as well.
bool read_before(const PlanNode& group, int k, std::size_t r) {
  const std::vector<char> computed = computed_until(group, r);
  for (std::size_t m = 0; m < group.members.size(); ++m) {
    const auto& operands = group.members[m].operands;
    if (std::ranges::count(operands, k) == 0) continue;
    if (!computed[m]) return false;
    const bool is_result = std::ranges::any_of(
        group.results, [&](const FusedResult& result) { return result.node == int(m); });
    if (operands.size() == 1 && !is_result && !read_before(group, ~int(m), r)) return false;
  }
  return true;
}

/// Whether result `r` of a group may be written over a variable that the group reads.
bool may_overwrite(const PlanGraph& g, const PlanNode& group, std::size_t r, int storage) {
  int reader = -1;
  for (std::size_t k = 0; k < group.inputs.size(); ++k) {
    if (storage_of(g, group.inputs[k]) != storage) continue;
    if (reader >= 0 || !(g.at(group.inputs[k]).shape == group.group_shape)) return false;
    reader = int(k);
  }
  return reader < 0 || read_before(group, reader, r);
}

}  // namespace

void write_through(PlanGraph& g) {
  if (g.env->devices.size() != 1) return;
  std::vector<int> position(g.nodes.size(), -1);
  std::unordered_map<std::uint64_t, int> reads;
  const auto key = [](PlanRef r) { return std::uint64_t(r.node) << 20 | unsigned(r.output); };
  for (std::size_t p = 0; p < g.sequence.size(); ++p) {
    position[std::size_t(g.sequence[p])] = int(p);
    for (const PlanRef& in : g.nodes[std::size_t(g.sequence[p])].inputs) ++reads[key(in)];
  }
  for (const auto& [ref, value] : g.live_outs) ++reads[key(ref)];
  for (std::size_t p = 0; p < g.sequence.size(); ++p) {
    PlanNode& assign = g.nodes[std::size_t(g.sequence[p])];
    if (!is_assign(assign)) continue;
    const PlanRef value = assign.inputs[1];
    PlanNode& group = g.nodes[std::size_t(value.node)];
    const int storage = assign.ref_storage[0];
    const Tensor& memory = g.storages[std::size_t(storage)].value;
    if (!is_safe_group(g, group) || memory.dtype() != g.at(value).dtype ||
        !(memory.shape() == group.group_shape) || reads[key(value)] != 1) {
      continue;
    }
    const auto result = std::ranges::find(group.results, value.output, &FusedResult::output);
    const auto r = std::size_t(result - group.results.begin());
    bool alone = result != group.results.end() && !result->section.exists() &&
                 std::ranges::count(group.targets, storage) == 0 &&
                 may_overwrite(g, group, r, storage);
    for (auto q = std::size_t(position[std::size_t(value.node)]) + 1; alone && q < p; ++q) {
      const PlanNode& between = g.nodes[std::size_t(g.sequence[q])];
      alone = between.kind == PlanKind::kRemoved ||
              (may_be_passed(g, between) && !touches(g, between, storage));
    }
    if (!alone) continue;
    group.targets.resize(group.outputs.size(), -1);
    group.targets[std::size_t(value.output)] = storage;
    assign.kind = PlanKind::kRemoved;
  }
  std::erase_if(g.sequence,
                [&](int i) { return g.nodes[std::size_t(i)].kind == PlanKind::kRemoved; });
}

}  // namespace caudal
