// SPDX-License-Identifier: Apache-2.0
// Under which outcomes of which predicates a node runs.
#include <algorithm>

#include "caudal/error.h"
#include "caudal/op_def.h"
#include "graph/raise_conditionals.h"

namespace caudal::raising {
namespace {

constexpr std::size_t kSmallConstant = 4096;  // bytes; larger ones are not copied

std::uint64_t pair_key(int a, int b) {
  return std::uint64_t(unsigned(a)) << 32 | std::uint64_t(unsigned(b));
}

}  // namespace

Paths::Paths(Scope& scope, Library& library) : scope_(scope), library_(library) {
  order = topological_order(scope);
  origin_ = origins(scope, order);
  do {
    find_paths();
  } while (assume_results());
  rewrite();
  mark_needed();
}

// ---- the tree of paths ----------------------------------------------------------------------

bool Paths::below(int inner, int outer) const {
  while (depth(inner) > depth(outer)) inner = tree[std::size_t(inner)].outer;
  return inner == outer;
}

int Paths::common(int a, int b) const {
  while (a != b) {
    int& deeper = depth(a) >= depth(b) ? a : b;
    deeper = tree[std::size_t(deeper)].outer;
  }
  return a;
}

int Paths::child(int at, int predicate, int branch) {
  if (const int only = assumed_[std::size_t(predicate)]; only >= 0) {
    return only == branch ? at : kDead;
  }
  for (int p = at; p != 0; p = tree[std::size_t(p)].outer) {
    const Path& step = tree[std::size_t(p)];
    if (groups[std::size_t(step.group)].predicate != predicate) continue;
    return step.branch == branch ? at : kDead;
  }
  const auto [found, is_new] = group_ids_.emplace(pair_key(at, predicate), int(groups.size()));
  if (is_new) groups.push_back({at, predicate, {-1, -1}});
  const int group = found->second;
  int made = groups[std::size_t(group)].branches[std::size_t(branch)];
  if (made < 0) {
    made = int(tree.size());
    groups[std::size_t(group)].branches[std::size_t(branch)] = made;
    tree.push_back({at, group, branch, depth(at) + 1});
    if (depth(made) > kMaxNesting) invalid("conditionals are nested too deeply");
    if (tree.size() > 2 * scope_.nodes.size() + 1000) {
      invalid("the branches of conditionals cross each other in too many ways");
    }
  }
  return made;
}

int Paths::join(int a, int b) {
  if (a == b) return a;
  if (a == kDead || b == kDead) return kDead;
  if (below(a, b)) return a;
  if (below(b, a)) return b;
  std::vector<int> steps;
  const int shared = common(a, b);
  for (int p = b; p != shared; p = tree[std::size_t(p)].outer) steps.push_back(p);
  for (auto p = steps.rbegin(); p != steps.rend() && a != kDead; ++p) {
    const Path step = tree[std::size_t(*p)];
    a = child(a, groups[std::size_t(step.group)].predicate, step.branch);
  }
  return a;
}

int Paths::level(int node) const { return depth(path[std::size_t(node)]) + (joins(node) ? 1 : 0); }

int Paths::group_at(int node, int wanted) const {
  int p = path[std::size_t(node)];
  if (joins(node) && wanted == depth(p) + 1) return merge[std::size_t(node)].group;
  while (depth(p) > wanted) p = tree[std::size_t(p)].outer;
  return tree[std::size_t(p)].group;
}

// ---- nodes ----------------------------------------------------------------------------------

int Paths::predicate_of(const Edge& origin) {
  const auto [found, is_new] = predicate_ids_.emplace(key_of(origin), int(predicates.size()));
  if (is_new) {
    predicates.push_back(origin);
    assumed_.push_back(-1);
  }
  return found->second;
}

int Paths::path_of(const Edge& e) const {
  const ScopeNode& from = scope_.nodes[std::size_t(e.node)];
  if (from.primitive != Primitive::kSwitch) return path[std::size_t(e.node)];
  return e.port < 2 ? out_[std::size_t(e.node)][std::size_t(e.port)] : kDead;
}

/// The results of a loop's condition and body are always there: where they seem to depend on a
/// branch, that branch is the one in which the whole loop stands. True if something was learned.
bool Paths::assume_results() {
  int all = 0;
  for (const Edge& e : scope_.returns) {
    const int p = path_of(e);
    all = join(all, p);
    if (all == kDead) {
      invalid("the result '", scope_.nodes[std::size_t(e.node)].def.name,
              "' of a loop is never there");
    }
  }
  for (int p = all; p != 0; p = tree[std::size_t(p)].outer) {
    const Path& step = tree[std::size_t(p)];
    assumed_[std::size_t(groups[std::size_t(step.group)].predicate)] = step.branch;
  }
  return all != 0;
}

void Paths::find_paths() {
  const std::size_t count = scope_.nodes.size();
  tree.assign(1, Path());
  groups.clear();
  group_ids_.clear();
  merge.clear();
  path.assign(count, 0);
  out_.assign(count, {0, 0});
  merge.resize(count);
  for (const int n : order) {
    const ScopeNode& node = scope_.nodes[std::size_t(n)];
    if (node.kind != ScopeNode::kNode) continue;
    if (node.primitive == Primitive::kMerge) {
      place_merge(n);
      continue;
    }
    if (node.primitive != Primitive::kNone && node.primitive != Primitive::kSwitch) {
      invalid("node '", node.def.name, "' (", node.def.op, ") is not part of a loop");
    }
    int here = 0;
    // A ControlTrigger runs even if what it waits for does not.
    if (node.def.op != "ControlTrigger" || !node.inputs.empty()) {
      for (const Edge& e : node.inputs) here = join(here, path_of(e));
      for (const Edge& e : node.refs) here = join(here, path_of(e));
      for (const int c : node.controls) here = join(here, path[std::size_t(c)]);
    }
    path[std::size_t(n)] = here;
    if (node.primitive == Primitive::kSwitch) place_switch(n, here);
  }
}

void Paths::place_switch(int n, int here) {
  const ScopeNode& node = scope_.nodes[std::size_t(n)];
  if (node.inputs.size() != 2) {
    invalid("node '", node.def.name, "' (Switch) has ", node.inputs.size(),
            " inputs instead of two");
  }
  const Edge& asked = node.inputs[1];
  const Edge origin = asked.port == 0 ? origin_[std::size_t(asked.node)] : asked;
  int predicate = -1, if_true = 1;
  // Gradients of conditionals ask which input a Merge took.
  const ScopeNode& test = scope_.nodes[std::size_t(origin.node)];
  if (test.def.op == "Equal" && test.inputs.size() == 2 && test.inputs[0].port == 1) {
    const MergeInfo& info = merge[std::size_t(test.inputs[0].node)];
    const ScopeNode& constant = scope_.nodes[std::size_t(test.inputs[1].node)];
    const std::string* value = find_attr(constant.def.attrs, "value");
    if (info.group >= 0 && has_trait(constant.def, kConstant) && value != nullptr) {
      const AttrValue decoded = decode_attr(*value, "tensor");
      const Tensor& t = decoded.get<Tensor>();
      if (t.dtype() == DType::kInt32 && t.num_elements() == 1) {
        const int wanted = *t.data<std::int32_t>();
        for (int b = 0; b < 2; ++b) {
          if (info.inputs[std::size_t(b)] != wanted) continue;
          predicate = groups[std::size_t(info.group)].predicate;
          if_true = b;
        }
      }
    }
  }
  if (predicate < 0) predicate = predicate_of(origin);
  for (int b = 0; b < 2; ++b) {
    out_[std::size_t(n)][std::size_t(b)] =
        here == kDead ? kDead : child(here, predicate, b == 1 ? if_true : 1 - if_true);
  }
}

void Paths::place_merge(int n) {
  const ScopeNode& node = scope_.nodes[std::size_t(n)];
  MergeInfo& info = merge[std::size_t(n)];
  std::vector<int> live;
  for (int i = 0; i < int(node.inputs.size()); ++i) {
    if (path_of(node.inputs[std::size_t(i)]) != kDead) live.push_back(i);
  }
  if (node.inputs.empty()) invalid("node '", node.def.name, "' (Merge) has no inputs");
  if (live.empty()) {
    path[std::size_t(n)] = kDead;
    return;
  }
  const auto at = [&](int i) { return path_of(node.inputs[std::size_t(i)]); };
  info.inputs = {live[0], live[0]};
  const bool same =
      std::all_of(live.begin(), live.end(), [&](int i) { return at(i) == at(live[0]); });
  if (same) {
    path[std::size_t(n)] = at(live[0]);
    return;
  }
  const Path a = tree[std::size_t(at(live[0]))], b = tree[std::size_t(at(live[1]))];
  if (live.size() != 2 || a.group != b.group || a.group < 0) {
    invalid("node '", node.def.name, "' (Merge) does not join the two branches of one conditional");
  }
  info.group = a.group;
  info.inputs[std::size_t(a.branch)] = live[0];
  info.inputs[std::size_t(b.branch)] = live[1];
  path[std::size_t(n)] = groups[std::size_t(a.group)].path;
}

// ---- edges ----------------------------------------------------------------------------------

void Paths::rewrite() {
  const std::size_t count = scope_.nodes.size();
  alias_.assign(count, {});
  sync_.assign(count, -1);
  floating.assign(count, 0);
  std::vector<Edge> pivot(count);  // Identity nodes that only say which branch is taken
  const std::vector<int> nodes = order;
  for (const int n : nodes) {
    if (scope_.nodes[std::size_t(n)].kind != ScopeNode::kNode) continue;
    std::vector<int> controls;
    const auto wait_for = [&](int c) {
      const auto k = std::size_t(c);
      if (path[k] == kDead) return;
      const bool is_switch = scope_.nodes[k].primitive == Primitive::kSwitch;
      const Edge source = is_switch ? alias_[k] : pivot[k];
      if (sync_[k] >= 0) controls.push_back(sync_[k]);
      const int behind = source.node >= 0 ? source.node : c;
      if (scope_.nodes[std::size_t(behind)].kind != ScopeNode::kArgument &&
          !floating[std::size_t(behind)]) {
        controls.push_back(behind);
      }
    };
    bool through_switch = false;
    const int here = path[std::size_t(n)];
    // Only inputs that can be there are kept of a Merge; others have no dead inputs if they live.
    ScopeNode& node = scope_.nodes[std::size_t(n)];
    for (Edge& e : node.inputs) {
      const auto k = std::size_t(e.node);
      if (here == kDead) break;
      if (scope_.nodes[k].primitive == Primitive::kSwitch) {
        if (sync_[k] >= 0) controls.push_back(sync_[k]);
        e = alias_[k];
        through_switch = true;
      } else if (scope_.nodes[k].kind == ScopeNode::kNode && path[k] != kDead &&
                 depth(path[k]) < depth(here) && is_ref_variable(scope_.nodes[k].def)) {
        e.by_ref = true;
      }
    }
    for (Edge& e : node.refs) {
      const auto k = std::size_t(e.node);
      if (here != kDead && scope_.nodes[k].primitive == Primitive::kSwitch) e = alias_[k];
    }
    for (const int c : node.controls) wait_for(c);
    std::sort(controls.begin(), controls.end());
    controls.erase(std::unique(controls.begin(), controls.end()), controls.end());
    node.controls = controls;
    if (here == kDead) continue;
    if (node.primitive == Primitive::kSwitch) {
      Edge from = node.inputs[0];
      // Handles of variables are references, too.
      from.by_ref = from.by_ref || node.ref_form ||
                    (variable_behind(scope_, from, variable_) >= 0 &&
                     type_attr(node.def, "T") == DType::kResource);
      alias_[std::size_t(n)] = from;
      if (find_attr(node.def.attrs, "T") != nullptr) {
        types.emplace(key_of({from.node, from.port, false}), type_attr(node.def, "T"));
      }
      if (controls.size() == 1) {
        sync_[std::size_t(n)] = controls[0];
      } else if (!controls.empty()) {
        ScopeNode wait;
        wait.def = make_node("NoOp", library_.free_node_name(scope_of(node.def.name) + "NoOp"));
        wait.position = node.position;
        wait.controls = controls;
        sync_[std::size_t(n)] = scope_.add(std::move(wait));
        path.push_back(here);
        merge.emplace_back();
        floating.push_back(0);
        alias_.emplace_back();
        sync_.push_back(-1);
        pivot.emplace_back();
        origin_.push_back({int(path.size()) - 1, 0, false});
        out_.push_back({0, 0});
        order.push_back(int(path.size()) - 1);
      }
    } else if (node.def.op == "Identity" && through_switch && controls.empty() &&
               node.inputs.size() == 1 && !node.inputs[0].by_ref) {
      pivot[std::size_t(n)] = node.inputs[0];
    } else if (here != 0 && node.inputs.empty() && controls.empty() &&
               has_trait(node.def, kConstant)) {
      std::size_t bytes = 0;
      for (const auto& [name, value] : node.def.attrs) bytes += value.size();
      floating[std::size_t(n)] = bytes <= kSmallConstant;
    }
  }
}

void Paths::mark_needed() {
  const std::size_t count = scope_.nodes.size();
  needed.assign(count, 0);
  std::vector<int> stack;
  std::vector<char> asked(groups.size());
  const auto want = [&](int n) {
    if (needed[std::size_t(n)]) return;
    needed[std::size_t(n)] = 1;
    stack.push_back(n);
  };
  const auto want_predicates = [&](int group) {
    while (group >= 0 && !asked[std::size_t(group)]) {
      asked[std::size_t(group)] = 1;
      const Group& g = groups[std::size_t(group)];
      Edge& e = predicates[std::size_t(g.predicate)];
      if (scope_.nodes[std::size_t(e.node)].primitive == Primitive::kSwitch) {
        e = alias_[std::size_t(e.node)];
      }
      want(e.node);
      group = tree[std::size_t(g.path)].group;
    }
  };
  if (scope_.top) {
    for (std::size_t i = 0; i < count; ++i) {
      const ScopeNode& n = scope_.nodes[i];
      if (n.alive && path[i] == 0 && n.primitive != Primitive::kSwitch) want(int(i));
    }
  }
  for (Edge& e : scope_.returns) {
    if (scope_.nodes[std::size_t(e.node)].primitive == Primitive::kSwitch) {
      e = alias_[std::size_t(e.node)];
    }
    want(e.node);
  }
  for (const int n : scope_.must_run) {
    if (path[std::size_t(n)] != kDead && scope_.nodes[std::size_t(n)].alive) want(n);
  }
  for (const int a : scope_.arguments) needed[std::size_t(a)] = 1;
  while (!stack.empty()) {
    const int n = stack.back();
    stack.pop_back();
    const ScopeNode& node = scope_.nodes[std::size_t(n)];
    const MergeInfo& info = merge[std::size_t(n)];
    if (node.primitive == Primitive::kMerge) {
      for (const int i : info.inputs) {
        const Edge& e = node.inputs[std::size_t(i)];
        want(e.node);
        if (e.port == 1) merge[std::size_t(e.node)].index_used = true;
      }
      want_predicates(info.group);
    } else {
      for (const Edge& e : node.inputs) {
        want(e.node);
        if (e.port == 1) merge[std::size_t(e.node)].index_used = true;
      }
    }
    for (const Edge& e : node.refs) want(e.node);
    for (const int c : node.controls) want(c);
    want_predicates(tree[std::size_t(path[std::size_t(n)])].group);
  }
  for (const Edge& e : scope_.returns) {
    if (e.port == 1) merge[std::size_t(e.node)].index_used = true;
  }
}

}  // namespace caudal::raising
