// SPDX-License-Identifier: Apache-2.0
// Two fusions: bias and activation into the product before them, and groups of elementwise ops into
// one step.
#include <algorithm>

#include "caudal/error.h"
#include "runtime/plan_graph.h"

namespace caudal {
namespace {

constexpr int kMaxGroup = 48;
constexpr int kMaxGroupInputs = 24;

/// Readers of each plan node, and which values leave the segment.
struct Uses {
  explicit Uses(const PlanGraph& g) : readers(g.nodes.size()), leaves(g.nodes.size()) {
    for (const int i : g.sequence) {
      const PlanNode& n = g.nodes[std::size_t(i)];
      for (const PlanRef& in : n.inputs) readers[std::size_t(in.node)].push_back(i);
      for (const int c : n.controls) readers[std::size_t(c)].push_back(i);
    }
    for (const auto& [ref, value] : g.live_outs) leaves[std::size_t(ref.node)] = 1;
  }
  /// The one node that reads `node`, or -1.
  int only_reader(int node) const {
    const auto& r = readers[std::size_t(node)];
    return r.size() == 1 && !leaves[std::size_t(node)] ? r[0] : -1;
  }
  std::vector<std::vector<int>> readers;
  std::vector<char> leaves;
};

void drop_removed(PlanGraph& g) {
  std::erase_if(g.sequence,
                [&](int i) { return g.nodes[std::size_t(i)].kind == PlanKind::kRemoved; });
}

/// The bias operand of a node that adds a vector to `host` along the channels, or -1.
int bias_operand(const PlanGraph& g, const PlanNode& add, int host) {
  if (add.kind != PlanKind::kOp || add.inputs.size() != 2) return -1;
  const auto channels_last = [&](const PlanNode& n) {
    const AttrValue* f = n.node->attrs().find("data_format");
    return f == nullptr || f->get<std::string>() == "NHWC";
  };
  if (add.has(kBias)) return add.inputs[0].node == host && channels_last(add) ? 1 : -1;
  if (!add.has(kAddition)) return -1;
  for (const int side : {1, 0}) {
    const PlanOutput& bias = g.at(add.inputs[std::size_t(side)]);
    const PlanOutput& value = g.at(add.inputs[std::size_t(1 - side)]);
    if (add.inputs[std::size_t(1 - side)].node == host && bias.shape.rank() == 1 && !bias.is_ref &&
        value.shape == add.outputs[0].shape && value.shape.rank() >= 2 &&
        bias.shape[0] == value.shape.dim(-1) && channels_last(g.nodes[std::size_t(host)])) {
      return side;
    }
  }
  return -1;
}

/// Where the range starts that `cut` leaves of the last dimension of its input, or -1 when it cuts
/// otherwise.
std::int64_t first_column(const PlanGraph& g, const PlanNode& cut) {
  const Shape& from = g.at(cut.inputs[0]).shape;
  const Shape& to = cut.outputs[0].shape;
  const Tensor& begin = g.at(cut.inputs[1]).constant;
  if (!begin.defined() || from.rank() < 2 || from.rank() != to.rank()) return -1;
  for (int i = 0; i + 1 < to.rank(); ++i) {
    if (from[i] != to[i]) return -1;
  }
  if (to.num_elements() == 0) return -1;
  const int last = to.rank() - 1;
  return begin.dtype() == DType::kInt32 ? begin.data<std::int32_t>()[last]
                                        : begin.data<std::int64_t>()[last];
}

/// Whether the host's kernel takes the epilogue.
bool accepted(const PlanGraph& g, const PlanNode& host, const Shape& shape) {
  const KernelRow* row = find_kernel(g.env->devices[std::size_t(host.device)].type,
                                     host.node->op().name, host.node->attrs());
  if (row == nullptr) return false;
  std::vector<ValueInfo> in, out;
  for (const PlanRef& r : host.inputs) {
    const PlanOutput& o = g.at(r);
    in.push_back({o.dtype, o.shape, o.constant.defined() ? &o.constant : nullptr});
  }
  out.push_back({host.outputs[0].dtype, shape, nullptr});
  const std::vector<Epilogue> epilogue = epilogue_of(host);
  KernelRequest request;
  request.op = host.node->op().name;
  request.attrs = &host.node->attrs();
  request.inputs = in;
  request.outputs = out;
  request.epilogue = epilogue;
  std::shared_ptr<void> state;
  request.node_state = &state;
  try {
    return row->prepare(request).run != nullptr;
  } catch (const Error&) {
    return false;  // it stays unfused
  }
}

}  // namespace

std::vector<Epilogue> epilogue_of(const PlanNode& host) {
  std::vector<Epilogue> out;
  for (const AbsorbedOp& a : host.absorbed) {
    const OpDef& op = a.node->op();
    const char* name = op.has(kActivation) || op.has(kCuts) ? op.name.c_str() : "BiasAdd";
    out.push_back({name, a.input_index, &a.node->attrs(), a.first});
  }
  return out;
}

void fuse_epilogues(PlanGraph& g) {
  const Uses uses(g);
  for (std::size_t p = 0; p < g.sequence.size(); ++p) {
    const int index = g.sequence[p];
    PlanNode& host = g.nodes[std::size_t(index)];
    if (host.kind != PlanKind::kOp || !host.has(kEpilogueHost) || host.outputs.size() != 1)
      continue;
    // The host will run later than it stands: what it reads of a variable might be overwritten by
    // then.
    if (std::any_of(host.ref_storage.begin(), host.ref_storage.end(), [](int s) { return s >= 0; }))
      continue;
    std::vector<int> chain;
    int last = index;
    for (int stage = 0; stage < 2; ++stage) {
      const int reader = uses.only_reader(last);
      if (reader < 0) break;
      const PlanNode& n = g.nodes[std::size_t(reader)];
      if (n.kind != PlanKind::kOp || n.device != host.device || n.outputs.size() != 1) break;
      if (std::any_of(n.ref_storage.begin(), n.ref_storage.end(), [](int s) { return s >= 0; }))
        break;
      const int bias = stage == 0 ? bias_operand(g, n, last) : -1;
      if (bias >= 0) {
        host.inputs.push_back(n.inputs[std::size_t(bias)]);
        host.ref_storage.push_back(-1);
        host.absorbed.push_back({n.node, int(host.inputs.size()) - 1});
      } else if (const std::int64_t first = stage == 0 && n.has(kCuts) ? first_column(g, n) : -1;
                 first >= 0 && n.inputs[0] == PlanRef{last, 0}) {
        host.absorbed.push_back({n.node, -1, first});
      } else if (n.has(kActivation) && n.inputs.size() == 1 && n.inputs[0] == PlanRef{last, 0}) {
        host.absorbed.push_back({n.node, -1});
      } else {
        break;
      }
      chain.push_back(reader);
      last = reader;
      if (bias < 0) break;
    }
    while (!chain.empty() &&
           !accepted(g, host, g.nodes[std::size_t(chain.back())].outputs[0].shape)) {
      if (host.absorbed.back().input_index >= 0) {
        host.inputs.pop_back();
        host.ref_storage.pop_back();
      }
      host.absorbed.pop_back();
      chain.pop_back();
    }
    if (chain.empty()) continue;
    // The host takes the place of the last absorbed node, whose readers then read the host.
    last = chain.back();
    PlanNode merged = std::move(host);
    for (const int c : chain) {
      PlanNode& n = g.nodes[std::size_t(c)];
      merged.controls.insert(merged.controls.end(), n.controls.begin(), n.controls.end());
      if (c != last) n.kind = PlanKind::kRemoved;
    }
    merged.outputs = std::move(g.nodes[std::size_t(last)].outputs);
    g.nodes[std::size_t(last)] = std::move(merged);
    g.nodes[std::size_t(index)] = PlanNode();
    g.nodes[std::size_t(index)].kind = PlanKind::kRemoved;
  }
  drop_removed(g);
}

namespace {

/// Grows groups along the sequence. A group runs where its last member stood, so it may only grow
/// while no outsider has read one of its results.
class Grouper {
 public:
  explicit Grouper(PlanGraph& g) : g_(g), uses_(g), group_of_(g.nodes.size(), -1) {}

  void run() {
    for (const int index : g_.sequence) {
      const PlanNode& n = g_.nodes[std::size_t(index)];
      const bool can = eligible(n);
      std::vector<int> joined;
      for (const PlanRef& in : n.inputs) {
        const int group = find(group_of_[std::size_t(in.node)]);
        if (group < 0) continue;
        if (can && joinable(group, n)) {
          if (std::find(joined.begin(), joined.end(), group) == joined.end())
            joined.push_back(group);
        } else {
          groups_[std::size_t(group)].open = false;
        }
      }
      for (const int c : n.controls) {
        const int group = find(group_of_[std::size_t(c)]);
        if (group >= 0) groups_[std::size_t(group)].open = false;
      }
      // Writes end every group: its members may read what is written.
      if (n.has(kWritesRef) || n.kind == PlanKind::kControl) {
        closed_before_ = int(groups_.size());
      }
      if (!can) continue;
      std::erase_if(joined, [&](int k) { return !is_open(k); });
      join(index, n, joined);
    }
    rebuild();
  }

 private:
  struct Group {
    std::vector<int> members;
    Shape shape;
    int device;
    int parent = -1;
    bool open = true;
  };

  int find(int group) const {
    while (group >= 0 && groups_[std::size_t(group)].parent >= 0)
      group = groups_[std::size_t(group)].parent;
    return group;
  }

  bool eligible(const PlanNode& n) const {
    if (n.kind != PlanKind::kOp || !n.has(kElementwise) || n.outputs.size() != 1 ||
        n.inputs.empty() || n.outputs[0].shape.num_elements() <= 1) {
      return false;
    }
    const Fuser* fuser = find_fuser(g_.env->devices[std::size_t(n.device)].type);
    if (fuser == nullptr || n.has(kStateful)) return false;
    std::vector<DType> types;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const PlanOutput& in = g_.at(n.inputs[i]);
      if (n.ref_storage[i] >= 0 || in.is_ref) return false;
      if (!(in.shape == n.outputs[0].shape) && !fuser->can_broadcast(in.shape, n.outputs[0].shape))
        return false;
      types.push_back(in.dtype);
    }
    return types.size() <= 4 &&
           fuser->can_fuse(n.node->op().name, n.node->attrs(), types, n.outputs[0].dtype);
  }

  bool is_open(int k) const { return k >= closed_before_ && groups_[std::size_t(k)].open; }

  bool joinable(int k, const PlanNode& n) const {
    const Group& group = groups_[std::size_t(k)];
    return is_open(k) && group.device == n.device && group.shape == n.outputs[0].shape &&
           group.members.size() < kMaxGroup;
  }

  int count_inputs(const std::vector<int>& groups, const PlanNode& n) const {
    std::vector<PlanRef> seen;
    const auto visit = [&](const PlanNode& m) {
      for (const PlanRef& in : m.inputs) {
        const int group = find(group_of_[std::size_t(in.node)]);
        if (std::find(groups.begin(), groups.end(), group) != groups.end() && group >= 0) continue;
        if (std::find(seen.begin(), seen.end(), in) == seen.end()) seen.push_back(in);
      }
    };
    for (const int k : groups) {
      for (const int m : groups_[std::size_t(k)].members) visit(g_.nodes[std::size_t(m)]);
    }
    visit(n);
    return int(seen.size());
  }

  void join(int index, const PlanNode& n, std::vector<int>& joined) {
    const auto total = [&] {
      std::size_t sum = 1;
      for (const int k : joined) sum += groups_[std::size_t(k)].members.size();
      return sum;
    };
    while (!joined.empty() && (total() > kMaxGroup || count_inputs(joined, n) > kMaxGroupInputs)) {
      groups_[std::size_t(joined.back())].open = false;
      joined.pop_back();
    }
    int group;
    if (joined.empty()) {
      group = int(groups_.size());
      groups_.push_back({{}, n.outputs[0].shape, n.device});
    } else {
      group = joined[0];
      for (std::size_t k = 1; k < joined.size(); ++k) {
        Group& other = groups_[std::size_t(joined[k])];
        auto& members = groups_[std::size_t(group)].members;
        members.insert(members.end(), other.members.begin(), other.members.end());
        other.members.clear();
        other.parent = group;
      }
    }
    groups_[std::size_t(group)].members.push_back(index);
    group_of_[std::size_t(index)] = group;
  }

  void rebuild() {
    for (Group& group : groups_) {
      if (group.members.size() < 2) continue;
      // Positions grow with indices' place in the sequence, which follows node ids.
      std::sort(group.members.begin(), group.members.end());
      fuse(group);
    }
    for (PlanNode& n : g_.nodes) {
      for (PlanRef& in : n.inputs) redirect(in);
      for (int& c : n.controls) {
        if (const auto it = moved_.find(key({c, 0})); it != moved_.end()) c = it->second.node;
      }
    }
    for (auto& [ref, value] : g_.live_outs) redirect(ref);
    drop_removed(g_);
  }

  static std::uint64_t key(PlanRef r) { return std::uint64_t(r.node) << 20 | unsigned(r.output); }
  void redirect(PlanRef& r) const {
    if (const auto it = moved_.find(key(r)); it != moved_.end()) r = it->second;
  }

  void fuse(const Group& group) {
    PlanNode fused;
    fused.kind = PlanKind::kFused;
    const int last = group.members.back();
    fused.node = g_.nodes[std::size_t(last)].node;
    fused.device = group.device;
    fused.group_shape = group.shape;
    std::unordered_map<int, int> member_index;
    for (const int m : group.members) {
      const PlanNode& n = g_.nodes[std::size_t(m)];
      FusedMember member{n.node, n.outputs[0].shape, n.outputs[0].dtype, {}};
      for (const PlanRef& in : n.inputs) {
        if (const auto it = member_index.find(in.node); it != member_index.end()) {
          member.operands.push_back(~it->second);
          continue;
        }
        auto at = std::find(fused.inputs.begin(), fused.inputs.end(), in);
        if (at == fused.inputs.end()) {
          fused.inputs.push_back(in);
          at = fused.inputs.end() - 1;
        }
        member.operands.push_back(int(at - fused.inputs.begin()));
      }
      fused.controls.insert(fused.controls.end(), n.controls.begin(), n.controls.end());
      member_index.emplace(m, int(fused.members.size()));
      fused.members.push_back(std::move(member));
    }
    for (const int m : group.members) {
      const auto& readers = uses_.readers[std::size_t(m)];
      const bool outside = uses_.leaves[std::size_t(m)] ||
                           std::any_of(readers.begin(), readers.end(),
                                       [&](int r) { return !member_index.contains(r); });
      if (!outside && m != last) continue;
      moved_.emplace(key({m, 0}), PlanRef{last, int(fused.outputs.size())});
      fused.results.push_back({member_index.at(m), int(fused.outputs.size()), {}});
      fused.outputs.push_back(g_.nodes[std::size_t(m)].outputs[0]);
    }
    fused.ref_storage.assign(fused.inputs.size(), -1);
    for (const int m : group.members) g_.nodes[std::size_t(m)].kind = PlanKind::kRemoved;
    g_.nodes[std::size_t(last)] = std::move(fused);
  }

  PlanGraph& g_;
  const Uses uses_;
  std::vector<int> group_of_;
  std::vector<Group> groups_;
  int closed_before_ = 0;
  std::unordered_map<std::uint64_t, PlanRef> moved_;
};

}  // namespace

void fuse_elementwise(PlanGraph& g) { Grouper(g).run(); }

}  // namespace caudal
