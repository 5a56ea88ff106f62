// SPDX-License-Identifier: Apache-2.0
// Which nodes of branches become one If. What hangs together does, as TensorFlow runs of a
// conditional only what is asked for; and where one part needs what was made of another (a gradient
// its forward pass), they are several. Nodes are taken from the last reader backwards, so each runs
// as late as it can.
#include <algorithm>
#include <numeric>

#include "caudal/error.h"
#include "graph/raise_conditionals.h"

namespace caudal::raising {
namespace {

struct Component {
  int outer = -1;  ///< the component around; that of everything is number 0
  int group = -1;
  std::priority_queue<std::pair<int, int>> ready;     ///< (position, node)
  std::priority_queue<std::pair<int, int>> children;  ///< (position, component); may be outdated
  int ready_below = 0;                                ///< nodes ready here or in components within
  bool open = false;                                  ///< a batch of it is being filled
  std::vector<int> delayed;  ///< Merge nodes that nodes of the open batch read
};

class Stages {
 public:
  Stages(const Scope& scope, const Paths& paths) : scope_(scope), paths_(paths) {}

  Batches run() {
    find_components();
    count_readers();
    take_all();
    return std::move(batches_);
  }

 private:
  const ScopeNode& at(int n) const { return scope_.nodes[std::size_t(n)]; }
  bool counts(int n) const {
    return paths_.needed[std::size_t(n)] && !paths_.floats(n) && at(n).kind != ScopeNode::kArgument;
  }

  template <class F>
  void for_each_input(int n, const F& f) const {
    const ScopeNode& node = at(n);
    if (node.primitive == Primitive::kMerge) {
      const auto& inputs = paths_.merge[std::size_t(n)].inputs;
      for (const int i : inputs) f(node.inputs[std::size_t(i)].node);
    } else {
      for (const Edge& e : node.inputs) f(e.node);
    }
    for (const Edge& e : node.refs) f(e.node);
    for (const int c : node.controls) f(c);
  }

  template <class F>
  void for_each_predicate(int n, const F& f) const {
    int group = paths_.joins(n) ? paths_.merge[std::size_t(n)].group
                                : paths_.tree[std::size_t(paths_.path[std::size_t(n)])].group;
    while (group >= 0) {
      const Group& g = paths_.groups[std::size_t(group)];
      f(paths_.predicates[std::size_t(g.predicate)].node);
      group = paths_.tree[std::size_t(g.path)].group;
    }
  }

  // ---- what hangs together ----

  int root(int n) {
    while (parent_[std::size_t(n)] != n) {
      int& p = parent_[std::size_t(n)];
      p = parent_[std::size_t(p)];
      n = p;
    }
    return n;
  }

  void find_components() {
    const std::size_t count = scope_.nodes.size();
    component_.assign(count, 0);
    components_.emplace_back();
    std::vector<int> level_nodes;
    for (int n = 0; n < int(count); ++n) {
      if (counts(n) && paths_.level(n) > 0) level_nodes.push_back(n);
    }
    parent_.resize(count);
    std::vector<int> made(count, -1);
    for (int level = 1; !level_nodes.empty(); ++level) {
      for (const int n : level_nodes) {
        parent_[std::size_t(n)] = n;
        made[std::size_t(n)] = -1;
      }
      for (const int n : level_nodes) {
        const int group = paths_.group_at(n, level);
        for_each_input(n, [&](int from) {
          // The result of a Merge is a value of the place around its conditional.
          if (counts(from) && paths_.depth(paths_.path[std::size_t(from)]) >= level &&
              paths_.group_at(from, level) == group) {
            parent_[std::size_t(root(n))] = root(from);
          }
        });
      }
      std::vector<int> deeper;
      for (const int n : level_nodes) {
        int& c = made[std::size_t(root(n))];
        if (c < 0) {
          c = int(components_.size());
          Component component;
          component.outer = component_[std::size_t(n)];
          component.group = paths_.group_at(n, level);
          components_.push_back(std::move(component));
        }
        if (paths_.level(n) > level) deeper.push_back(n);
      }
      for (const int n : level_nodes) component_[std::size_t(n)] = made[std::size_t(root(n))];
      level_nodes = std::move(deeper);
    }
  }

  // ---- in which order ----

  void count_readers() {
    readers_.assign(scope_.nodes.size(), 0);
    waits_.assign(scope_.nodes.size(), 0);
    const auto one_more = [&](int from) { ++readers_[std::size_t(from)]; };
    for (int n = 0; n < int(scope_.nodes.size()); ++n) {
      if (!counts(n)) continue;
      for_each_input(n, one_more);
      for_each_predicate(n, one_more);
    }
    for (int n = 0; n < int(scope_.nodes.size()); ++n) {
      if (counts(n) && readers_[std::size_t(n)] == 0) make_ready(n);
    }
  }

  void make_ready(int n) {
    const int position = at(n).position;
    int c = component_[std::size_t(n)];
    components_[std::size_t(c)].ready.emplace(position, n);
    for (;;) {
      Component& component = components_[std::size_t(c)];
      ++component.ready_below;
      if (component.outer < 0) break;
      components_[std::size_t(component.outer)].children.emplace(position, c);
      c = component.outer;
    }
  }

  void take(int n, int batch) {
    batches_.of_node[std::size_t(n)] = batch;
    for (int c = component_[std::size_t(n)]; c >= 0; c = components_[std::size_t(c)].outer) {
      --components_[std::size_t(c)].ready_below;
    }
    const auto one_less = [&](int from) {
      Component& of = components_[std::size_t(component_[std::size_t(from)])];
      // An If cannot read its own results: such a Merge belongs to a batch of its own.
      if (counts(from) && paths_.joins(from) && of.open) waits_[std::size_t(from)] = 1;
      if (--readers_[std::size_t(from)] != 0 || !counts(from)) return;
      if (waits_[std::size_t(from)] && of.open) {
        of.delayed.push_back(from);
      } else {
        make_ready(from);
      }
    };
    for_each_input(n, one_less);
    for_each_predicate(n, one_less);
  }

  void take_all() {
    batches_.of_node.assign(scope_.nodes.size(), -1);
    std::vector<std::pair<int, int>> open{{0, -1}};  // components and their batches
    while (!open.empty()) {
      const auto [c, batch] = open.back();
      Component& component = components_[std::size_t(c)];
      if (!component.ready.empty()) {
        const int n = component.ready.top().second;
        component.ready.pop();
        take(n, batch);
        continue;
      }
      if (component.ready_below == 0) {
        component.children = {};
        component.open = false;
        open.pop_back();
        const std::vector<int> delayed = std::move(component.delayed);
        component.delayed.clear();
        for (const int n : delayed) make_ready(n);
        continue;
      }
      const int next = component.children.top().second;
      if (components_[std::size_t(next)].ready_below == 0) {
        component.children.pop();
        continue;
      }
      components_[std::size_t(next)].open = true;
      open.emplace_back(next, int(batches_.list.size()));
      batches_.list.push_back({components_[std::size_t(next)].group, batch});
    }
  }

  const Scope& scope_;
  const Paths& paths_;
  Batches batches_;
  std::vector<int> parent_, component_, readers_;
  std::vector<char> waits_;  ///< Merge nodes that a node of an open batch of their own reads
  std::vector<Component> components_;
};

}  // namespace

Batches form_batches(const Scope& scope, const Paths& paths) { return Stages(scope, paths).run(); }

}  // namespace caudal::raising
