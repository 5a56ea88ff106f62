// SPDX-License-Identifier: Apache-2.0
// Spares fused groups the copies before and behind them: parts of a split tensor are read where
// they lie, and parts of a joined tensor are written there (the gates of recurrent cells).
#include <algorithm>
#include <optional>

#include "runtime/plan_graph.h"

namespace caudal {
namespace {

/// The one dimension in which a part and the whole differ, or -1.
int part_axis(const Shape& part, const Shape& whole) {
  if (part.rank() != whole.rank() || part.rank() < 2) return -1;
  int axis = -1;
  for (int i = 0; i < part.rank(); ++i) {
    if (part[i] == whole[i]) continue;
    if (axis >= 0) return -1;
    axis = i;
  }
  return axis;
}

struct Part {
  PlanRef whole;
  Section section;
};

class Sections {
 public:
  explicit Sections(PlanGraph& g) : g_(g) {}

  void run() {
    for (const int i : g_.sequence) {
      if (node(i).kind == PlanKind::kFused) read_parts(node(i));
    }
    for (const int i : g_.sequence) {
      if (node(i).has(kJoins)) write_parts(i);
    }
    remove_unread_splits();
    std::erase_if(g_.sequence, [&](int i) { return node(i).kind == PlanKind::kRemoved; });
  }

 private:
  PlanNode& node(int i) { return g_.nodes[std::size_t(i)]; }

  bool allowed(const PlanNode& fused, const Section& section) const {
    const Fuser* fuser = find_fuser(g_.env->devices[std::size_t(fused.device)].type);
    return fuser != nullptr && fuser->can_section(fused.group_shape, section);
  }

  static bool reads_variable(const PlanNode& n) {
    return std::any_of(n.ref_storage.begin(), n.ref_storage.end(), [](int s) { return s >= 0; });
  }

  /// Where an output of a splitting node lies in what is split.
  std::optional<Part> part_of(PlanRef r) {
    const PlanNode& split = node(r.node);
    if (split.kind != PlanKind::kOp || !split.has(kSplits) || reads_variable(split)) return {};
    const Shape& shape = g_.at(r).shape;
    for (const PlanRef& in : split.inputs) {
      const PlanOutput& whole = g_.at(in);
      const int axis = part_axis(shape, whole.shape);
      if (axis < 0 || whole.is_ref || whole.dtype != g_.at(r).dtype) continue;
      // It is read later now: a variable might be overwritten by then.
      if (g_.nodes[std::size_t(root_of(g_, in).node)].kind == PlanKind::kVariable) return {};
      Part part{in, {axis, whole.shape[axis], 0}};
      for (int k = 0; k < r.output; ++k) {
        part.section.first += split.outputs[std::size_t(k)].shape[axis];
      }
      return part;
    }
    return {};
  }

  void read_parts(PlanNode& fused) {
    for (std::size_t i = 0; i < fused.inputs.size(); ++i) {
      if (!(g_.at(fused.inputs[i]).shape == fused.group_shape)) continue;
      const PlanNode& split = node(fused.inputs[i].node);
      const auto part = part_of(fused.inputs[i]);
      if (!part || split.device != fused.device || !allowed(fused, part->section)) continue;
      fused.controls.insert(fused.controls.end(), split.controls.begin(), split.controls.end());
      fused.sections.resize(fused.inputs.size());
      fused.sections[i] = part->section;
      fused.inputs[i] = part->whole;
    }
  }

  bool is_read_once(PlanRef r) const {
    int count = 0;
    for (const int i : g_.sequence) {
      for (const PlanRef& in : g_.nodes[std::size_t(i)].inputs) count += in == r;
    }
    for (const auto& [ref, value] : g_.live_outs) count += ref == r;
    return count == 1;
  }

  /// Gives the joined tensor to the group that makes all of its parts.
  void write_parts(int index) {
    PlanNode& join = node(index);
    if (join.kind != PlanKind::kOp || join.is_view() || join.outputs.size() != 1 ||
        !join.controls.empty() || join.outputs[0].is_ref || join.inputs.size() < 2 ||
        reads_variable(join)) {
      return;
    }
    const Shape& whole = join.outputs[0].shape;
    PlanNode& fused = node(join.inputs[0].node);
    if (fused.kind != PlanKind::kFused || fused.device != join.device) return;
    const int axis = part_axis(fused.group_shape, whole);
    if (axis < 0 || whole[axis] % fused.group_shape[axis] != 0) return;
    const auto parts = std::size_t(whole[axis] / fused.group_shape[axis]);
    if (parts > join.inputs.size()) return;
    std::vector<int> taken;
    for (std::size_t i = 0; i < parts; ++i) {
      const PlanRef in = join.inputs[i];
      if (in.node != join.inputs[0].node || !is_read_once(in)) return;
      taken.push_back(in.output);
    }
    const Section first{axis, whole[axis], 0};
    if (!allowed(fused, first)) return;
    // The joined tensor takes the place of its first part; the outputs behind move up.
    const int joined = *std::min_element(taken.begin(), taken.end());
    std::vector<int> moved(fused.outputs.size(), -1);
    std::vector<PlanOutput> outputs;
    for (int o = 0; o < int(fused.outputs.size()); ++o) {
      const bool part = std::find(taken.begin(), taken.end(), o) != taken.end();
      if (part && o != joined) continue;
      moved[std::size_t(o)] = int(outputs.size());
      outputs.push_back(std::move(part ? join.outputs[0] : fused.outputs[std::size_t(o)]));
    }
    for (FusedResult& result : fused.results) {
      const auto part = std::find(taken.begin(), taken.end(), result.output);
      if (part == taken.end()) {
        result.output = moved[std::size_t(result.output)];
        continue;
      }
      result.output = moved[std::size_t(joined)];
      result.section = first;
      result.section.first = (part - taken.begin()) * fused.group_shape[axis];
    }
    fused.outputs = std::move(outputs);
    const int group = join.inputs[0].node;
    join.kind = PlanKind::kRemoved;
    const auto redirect = [&](PlanRef& r) {
      if (r.node == index) {
        r = {group, moved[std::size_t(joined)]};
      } else if (r.node == group) {
        r.output = moved[std::size_t(r.output)];
      }
    };
    join.inputs.clear();
    for (PlanNode& n : g_.nodes) {
      if (n.kind == PlanKind::kRemoved) continue;
      for (PlanRef& in : n.inputs) redirect(in);
      for (int& c : n.controls) c = c == index ? group : c;
    }
    for (auto& [ref, value] : g_.live_outs) redirect(ref);
  }

  void remove_unread_splits() {
    std::vector<int> readers(g_.nodes.size());
    for (const int i : g_.sequence) {
      for (const PlanRef& in : node(i).inputs) ++readers[std::size_t(in.node)];
      for (const int c : node(i).controls) ++readers[std::size_t(c)];
    }
    for (const auto& [ref, value] : g_.live_outs) ++readers[std::size_t(ref.node)];
    for (const int i : g_.sequence) {
      PlanNode& n = node(i);
      if (n.kind == PlanKind::kOp && n.has(kSplits) && readers[std::size_t(i)] == 0 &&
          n.outputs.size() > 1) {
        n.kind = PlanKind::kRemoved;
      }
    }
  }

  PlanGraph& g_;
};

}  // namespace

void open_sections(PlanGraph& g) {
  const bool any = std::any_of(g.sequence.begin(), g.sequence.end(), [&](int i) {
    return g.nodes[std::size_t(i)].kind == PlanKind::kFused;
  });
  if (any) Sections(g).run();
}

}  // namespace caudal
