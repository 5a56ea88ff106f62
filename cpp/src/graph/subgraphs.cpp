// SPDX-License-Identifier: Apache-2.0
#include "graph/subgraphs.h"

#include <algorithm>

namespace caudal {

std::vector<Subgraph*> subgraphs(const Node& node) {
  std::vector<Subgraph*> out;
  for (const auto& [name, value] : node.attrs().list()) {
    if (value.holds<SubgraphPtr>()) out.push_back(value.get<SubgraphPtr>().get());
  }
  return out;
}

int forward_count(const Subgraph& s) {
  return s.forward_nodes < 0 ? s.graph->num_nodes() : s.forward_nodes;
}

namespace {

void collect_variables(const Subgraph& s, std::vector<std::string>& out) {
  for (int i = 0; i < forward_count(s); ++i) {
    const Node& n = *s.graph->node(i);
    if (n.op().has(kVariable)) {
      const AttrValue* name = n.attrs().find("outer");
      if (name == nullptr) name = n.attrs().find("shared_name");  // a temporary one has none
      out.push_back(name != nullptr ? name->get<std::string>() : n.name());
    }
    if (n.op().has(kControlFlow)) {
      for (const Subgraph* inner : subgraphs(n)) collect_variables(*inner, out);
    }
  }
}

bool has_effect(const Subgraph& s) {
  for (int i = 0; i < forward_count(s); ++i) {
    if (has_effect(*s.graph->node(i))) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> captured_variables(const Node& node) {
  std::vector<std::string> out;
  for (const Subgraph* s : subgraphs(node)) collect_variables(*s, out);
  return out;
}

bool has_effect(const OpDef& op) {
  return op.has(kWritesRef) || (op.has(kStateful) && !op.has(kRandom) && !op.has(kVariable));
}

bool has_effect(const Node& node) {
  if (has_effect(node.op())) return true;
  if (!node.op().has(kControlFlow)) return false;
  const auto parts = subgraphs(node);
  return std::any_of(parts.begin(), parts.end(), [](const Subgraph* s) { return has_effect(*s); });
}

bool has_tape(const Node& node) { return node.attrs().find("_tape") != nullptr; }
bool is_loop(const Node& node) { return node.attrs().find("body") != nullptr; }

}  // namespace caudal
