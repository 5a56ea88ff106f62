// SPDX-License-Identifier: Apache-2.0
// Makes aliasing safe: a view of a variable that is read after a later write becomes a copy, and
// values that leave the segment get memory of their own.
#include <algorithm>
#include <limits>
#include <unordered_set>

#include "runtime/plan_graph.h"

namespace caudal {
namespace {

constexpr int kForever = std::numeric_limits<int>::max();

PlanNode copy_of(const PlanGraph& g, PlanRef ref) {
  PlanNode copy;
  const PlanNode& from = g.nodes[std::size_t(ref.node)];
  copy.node = from.node;
  copy.kind = PlanKind::kCopy;
  copy.device = from.device;
  copy.inputs = {ref};
  int storage = -1;
  if (g.at(ref).is_ref) {
    // A forwarded Ref reads the storage that its op wrote; a variable its current one.
    storage = from.ref_storage.empty() ? g.variables[std::size_t(g.at(ref).variable)].storage
                                       : from.ref_storage[0];
  }
  copy.ref_storage = {storage};
  PlanOutput out;
  out.dtype = g.at(ref).dtype;
  out.shape = storage >= 0 ? g.storages[std::size_t(storage)].value.shape() : g.at(ref).shape;
  copy.outputs = {std::move(out)};
  return copy;
}

/// Steps that write each storage, by position.
std::vector<std::vector<int>> write_positions(const PlanGraph& g) {
  std::vector<std::vector<int>> writes(g.storages.size());
  for (std::size_t p = 0; p < g.sequence.size(); ++p) {
    const PlanNode& n = g.nodes[std::size_t(g.sequence[p])];
    for (const int s : n.touched) writes[std::size_t(s)].push_back(int(p));
    if (!n.has(kWritesRef) || n.kind != PlanKind::kOp) continue;
    for (std::size_t i = 0; i < n.ref_storage.size(); ++i) {
      if (n.ref_storage[i] >= 0 && i < n.node->op().inputs.size() &&
          n.node->op().inputs[i].is_ref) {
        writes[std::size_t(n.ref_storage[i])].push_back(int(p));
      }
    }
  }
  return writes;
}

/// The storage that a value merely shows (a variable, a forwarded Ref, a view of either), or -1.
int storage_behind(const PlanGraph& g, PlanRef r) {
  while (true) {
    const PlanNode& n = g.nodes[std::size_t(r.node)];
    if (n.kind == PlanKind::kVariable) return g.variables[std::size_t(g.at(r).variable)].storage;
    const int own = n.ref_storage.empty() ? -1 : n.ref_storage[0];
    if (g.at(r).is_ref) return own;
    const bool moved = n.kind == PlanKind::kCopy;  // to another device
    if (!(n.is_view() || moved) || r.output != 0) return -1;
    if (own >= 0) return own;
    r = n.inputs[0];
  }
}

/// Whether a fetch reads its variable when the plan ends. As in TensorFlow, where it shares the
/// variable's memory, run([v, train]) gives the value that training left.
/// The result of a conditional is what the branch gave.
bool read_at_end(const PlanGraph& g, PlanRef ref, int value) {
  if (!g.rest.empty() || is_object(g.at(ref).dtype) || g.snapshots.contains(value)) return false;
  const int storage = storage_behind(g, ref);
  return storage >= 0 && std::any_of(g.variables.begin(), g.variables.end(),
                                     [&](const auto& v) { return v.storage == storage; });
}

void copy_views_read_after_writes(PlanGraph& g) {
  const auto writes = write_positions(g);
  if (std::all_of(writes.begin(), writes.end(), [](const auto& w) { return w.empty(); })) return;
  std::vector<int> last(g.nodes.size(), -1);
  for (const auto& [ref, value] : g.live_outs) {
    if (!read_at_end(g, ref, value)) last[std::size_t(ref.node)] = kForever;
  }
  for (int p = int(g.sequence.size()) - 1; p >= 0; --p) {
    const int index = g.sequence[std::size_t(p)];
    const PlanNode& n = g.nodes[std::size_t(index)];
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const int until = i == 0 && n.is_view() ? std::max(p, last[std::size_t(index)]) : p;
      int& l = last[std::size_t(n.inputs[i].node)];
      l = std::max(l, until);
    }
  }
  for (std::size_t p = 0; p < g.sequence.size(); ++p) {
    const int index = g.sequence[p];
    PlanNode& n = g.nodes[std::size_t(index)];
    if (!n.is_view() || n.ref_storage.empty() || n.ref_storage[0] < 0) continue;
    const auto& w = writes[std::size_t(n.ref_storage[0])];
    const bool hazard = std::any_of(
        w.begin(), w.end(), [&](int at) { return at > int(p) && at <= last[std::size_t(index)]; });
    if (hazard) n.kind = PlanKind::kCopy;
  }
}

}  // namespace

void insert_copies(PlanGraph& g) {
  std::unordered_map<int, int> shown;  // value -> storage, before views become copies
  for (const auto& [ref, value] : g.live_outs) {
    if (read_at_end(g, ref, value)) shown.emplace(value, storage_behind(g, ref));
  }
  copy_views_read_after_writes(g);
  // A live-out may take over the memory of the op that made it, once.
  std::vector<std::pair<int, int>> after;  // (node that the copy follows, copy)
  std::vector<int> at_end;
  std::unordered_set<std::uint64_t> claimed;
  for (auto& [ref, value] : g.live_outs) {
    if (const auto at = shown.find(value); at != shown.end()) {
      at_end.push_back(int(g.nodes.size()));
      PlanNode copy = copy_of(g, ref);
      copy.ref_storage = {at->second};
      g.nodes.push_back(std::move(copy));
      ref = {at_end.back(), 0};
      continue;
    }
    const PlanRef root = root_of(g, ref);
    const PlanNode& n = g.nodes[std::size_t(root.node)];
    if (n.kind == PlanKind::kDynamic) continue;
    const bool own = (n.kind == PlanKind::kOp || n.kind == PlanKind::kFused ||
                      n.kind == PlanKind::kControl || n.kind == PlanKind::kCopy) &&
                     !g.at(root).is_ref && (root == ref || !is_object(g.at(ref).dtype));
    if (own && claimed.insert(std::uint64_t(root.node) << 16 | unsigned(root.output)).second)
      continue;
    const int copy = int(g.nodes.size());
    g.nodes.push_back(copy_of(g, ref));
    // A variable that gets its memory in this plan has no value before.
    const int storage = g.nodes.back().ref_storage[0];
    if (g.nodes[std::size_t(ref.node)].kind == PlanKind::kVariable && storage >= 0 &&
        g.storages[std::size_t(storage)].fresh) {
      at_end.push_back(copy);
    } else {
      after.emplace_back(ref.node, copy);
    }
    ref = {copy, 0};
  }
  if (after.empty() && at_end.empty()) return;
  std::unordered_multimap<int, int> by_node(after.begin(), after.end());
  std::vector<int> sequence;
  for (const auto& [node, copy] : after) {
    const PlanKind kind = g.nodes[std::size_t(node)].kind;
    if (kind == PlanKind::kConstant || kind == PlanKind::kLiveIn || kind == PlanKind::kVariable)
      sequence.push_back(copy);
  }
  for (const int index : g.sequence) {
    sequence.push_back(index);
    const auto [begin, end] = by_node.equal_range(index);
    for (auto it = begin; it != end; ++it) sequence.push_back(it->second);
  }
  sequence.insert(sequence.end(), at_end.begin(), at_end.end());
  g.sequence = std::move(sequence);
}

}  // namespace caudal
