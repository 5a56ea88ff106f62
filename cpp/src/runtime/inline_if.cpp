// SPDX-License-Identifier: Apache-2.0
#include "runtime/inline_if.h"

#include <algorithm>
#include <cstring>

#include "caudal/error.h"
#include "graph/subgraphs.h"
#include "runtime/runtime.h"

namespace caudal {
namespace {

constexpr std::size_t kMaxValues = 4;    // of a feed that is no bool, before it is no longer known
constexpr std::size_t kMaxSwitches = 4;  // bools whose every combination may have a plan
constexpr std::size_t kMaxDeciders = 32;
constexpr int kMaxKnownFeeds = 64;  // a plan's key says of so many whether they are known
constexpr int kMaxTraced = 64;      // nodes between a predicate and the feeds

/// The branch that a traced value belongs to.
struct Scope {
  const Node* owner;
  const Subgraph* branch;
  const Scope* outer;
  int depth;
};

class DeciderSearch {
 public:
  explicit DeciderSearch(Program& program) : program_(program) {
    for (std::size_t i = 0; i < program.feeds.size(); ++i) fed_.emplace(program.feeds[i], int(i));
  }

  void visit(const Node& node, const Scope* scope) {
    const int depth = scope == nullptr ? 1 : scope->depth + 1;
    if (!node.op().has(kControlFlow) || is_loop(node) || depth > kMaxInlineDepth) return;
    std::vector<int> feeds;
    int budget = kMaxTraced;
    if (!trace(node.input(0), scope, budget, feeds)) return;
    add(std::move(feeds));
    for (const Subgraph* branch : subgraphs(node)) {
      const Scope inner{&node, branch, scope, depth};
      for (int i = 0; i < branch->graph->num_nodes(); ++i) visit(*branch->graph->node(i), &inner);
    }
  }

 private:
  /// Whether a value follows from feeds, which are collected, and constants alone.
  bool trace(const Output& o, const Scope* scope, int& budget, std::vector<int>& feeds) const {
    if (--budget < 0 || o.is_ref()) return false;
    if (const auto it = fed_.find(o); scope == nullptr && it != fed_.end()) {
      const bool scalar = !o.shape().has_rank() || o.shape().rank() == 0;
      if (!scalar || it->second >= kMaxKnownFeeds || is_object(o.dtype()) ||
          dtype_size(o.dtype()) > sizeof(std::int64_t))
        return false;
      feeds.push_back(it->second);
      return true;
    }
    const OpDef& op = o.node->op();
    if (scope != nullptr && op.has(kPlaceholder)) {
      const auto& inputs = scope->branch->inputs;
      const auto it = std::find(inputs.begin(), inputs.end(), o);
      return it != inputs.end() &&
             trace(scope->owner->input(int(it - inputs.begin()) + 1), scope->outer, budget, feeds);
    }
    if (op.has(kConstant) || op.has(kShapeOnly)) return true;
    constexpr Trait kNotPure[] = {kStateful,    kRandom,      kVariable,     kPlaceholder,
                                  kControlFlow, kUnmergeable, kDynamicShape, kWritesRef};
    if (std::any_of(std::begin(kNotPure), std::end(kNotPure), [&](Trait t) { return op.has(t); }))
      return false;
    return std::all_of(o.node->inputs().begin(), o.node->inputs().end(),
                       [&](const Output& in) { return trace(in, scope, budget, feeds); });
  }

  void add(std::vector<int> feeds) {
    std::sort(feeds.begin(), feeds.end());
    feeds.erase(std::unique(feeds.begin(), feeds.end()), feeds.end());
    if (feeds.empty() || program_.deciders.size() >= kMaxDeciders) return;
    for (const Decider& d : program_.deciders) {
      if (d.feeds == feeds) return;
    }
    Decider& d = program_.deciders.emplace_back();
    for (const int f : feeds) {
      const bool is_switch = program_.feeds[std::size_t(f)].dtype() == DType::kBool;
      d.counted = d.counted || !is_switch;
      if (is_switch) switches_.emplace(f, 0);
    }
    d.counted = d.counted || switches_.size() > kMaxSwitches;
    d.feeds = std::move(feeds);
  }

  Program& program_;
  std::unordered_map<Output, int, OutputHash> fed_;
  std::unordered_map<int, char> switches_;
};

/// Whether the values of a decider's feeds are to be known in this run; counts different ones.
bool is_known(Program& program, Decider& d, const std::vector<Tensor>& values) {
  if (d.given_up.load(std::memory_order_relaxed)) return false;
  for (const int f : d.feeds) {
    if (values[std::size_t(f)].shape().rank() > 0) return false;
  }
  if (!d.counted) return true;
  std::vector<std::int64_t> words;
  for (const int f : d.feeds) {
    const Tensor& t = values[std::size_t(f)];
    std::int64_t word = 0;
    std::memcpy(&word, t.raw(), std::min(t.num_bytes(), sizeof word));
    words.push_back(word);
  }
  std::lock_guard lock(program.cache.mutex);
  if (std::ranges::find(d.seen, words) != d.seen.end()) return true;
  if (d.seen.size() < kMaxValues) {
    d.seen.push_back(std::move(words));
    return true;
  }
  d.given_up = true;
  return false;
}

/// Pure ops of floating values that have no way to fail once they are prepared.
bool may_go(const PlanNode& n) {
  if (n.kind != PlanKind::kOp || n.has(kStateful) || n.has(kWritesRef) || n.outputs.empty())
    return false;
  constexpr Trait kSafe[] = {kElementwise,  kView,       kShapeOnly, kReduction, kJoins,
                             kEpilogueHost, kActivation, kBias,      kSplits};
  return std::any_of(std::begin(kSafe), std::end(kSafe), [&](Trait t) { return n.has(t); }) &&
         std::all_of(n.outputs.begin(), n.outputs.end(),
                     [](const PlanOutput& o) { return !o.is_ref && is_floating(o.dtype); });
}

}  // namespace

void Inlined::expand(Node* control, std::vector<Node*>& out) const {
  if (const auto it = taken.find(control); it != taken.end()) {
    for (Node* n : it->second.waits) expand(n, out);
  } else if (const auto instead = stands_for.find({control, 0}); instead != stands_for.end()) {
    expand(instead->second.node, out);
  } else {
    out.push_back(control);
  }
}

std::vector<Node*> Inlined::controls_of(const Node& node) const {
  if (taken.empty()) return {node.control_inputs().begin(), node.control_inputs().end()};
  std::vector<Node*> out;
  for (Node* c : node.control_inputs()) expand(c, out);
  auto owner = owners.find(&node.graph());
  if (owner != owners.end() && !touches_state(node)) owner = owners.end();
  for (; owner != owners.end(); owner = owners.find(&owner->second->graph())) {
    for (Node* c : owner->second->control_inputs()) expand(c, out);
  }
  return out;
}

bool touches_state(const Node& node) {
  if (has_effect(node)) return true;
  if (node.op().has(kControlFlow) && !captured_variables(node).empty()) return true;
  return std::any_of(node.inputs().begin(), node.inputs().end(),
                     [](const Output& o) { return o.is_ref(); });
}

Subgraph* branch_to_inline(const Node& node, const Tensor& predicate) {
  if (!predicate.defined() || predicate.shape().rank() > 0) return nullptr;
  const auto branches = subgraphs(node);
  Subgraph* branch = branches.at(truth(predicate) ? 0 : 1);
  const auto is_ref = [](const Output& o) { return o.is_ref(); };
  const auto inputs = node.inputs();
  if (branch->inputs.size() + 1 > inputs.size() ||
      std::any_of(inputs.begin(), inputs.end(), is_ref) ||
      std::any_of(branch->outputs.begin(), branch->outputs.end(), is_ref)) {
    return nullptr;
  }
  for (std::size_t i = 0; i < branch->inputs.size(); ++i) {
    if (branch->inputs[i].dtype() != inputs[i + 1].dtype()) return nullptr;
  }
  return branch;
}

std::vector<Node*> nodes_of(const Subgraph& branch, bool read) {
  Program part;
  part.graph = branch.graph.get();
  part.feeds = branch.inputs;
  part.fetches = branch.outputs;
  part.targets = branch.targets;
  if (read) part.fetches.insert(part.fetches.end(), branch.saved.begin(), branch.saved.end());
  resolve(part);
  return std::move(part.order);
}

void find_deciders(Program& program) {
  if (program.graph->outer() != nullptr || program.feeds.empty()) return;
  DeciderSearch search(program);
  for (const Node* node : program.order) search.visit(*node, nullptr);
}

std::vector<LiveIn> feeds_of(Program& program, const std::vector<Tensor>& values) {
  std::vector<LiveIn> feeds = program.live_ins;
  for (Decider& d : program.deciders) {
    if (!is_known(program, d, values)) continue;
    for (const int f : d.feeds) feeds[std::size_t(f)].by_value = true;
  }
  return feeds;
}

void drop_unread(PlanGraph& g) {
  if (g.taken_in.empty()) return;
  std::vector<int> uses(g.nodes.size());
  for (const int index : g.sequence) {
    for (const PlanRef& in : g.nodes[std::size_t(index)].inputs) ++uses[std::size_t(in.node)];
    for (const int c : g.nodes[std::size_t(index)].controls) ++uses[std::size_t(c)];
  }
  for (const auto& [ref, value] : g.live_outs) ++uses[std::size_t(ref.node)];
  for (auto it = g.sequence.rbegin(); it != g.sequence.rend(); ++it) {
    PlanNode& n = g.nodes[std::size_t(*it)];
    if (uses[std::size_t(*it)] > 0 || !may_go(n)) continue;
    for (const PlanRef& in : n.inputs) --uses[std::size_t(in.node)];
    for (const int c : n.controls) --uses[std::size_t(c)];
    n.kind = PlanKind::kRemoved;
  }
  std::erase_if(g.sequence,
                [&](int i) { return g.nodes[std::size_t(i)].kind == PlanKind::kRemoved; });
}

}  // namespace caudal
