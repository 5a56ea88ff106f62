// SPDX-License-Identifier: Apache-2.0
#include "graph/variable_reads.h"

#include <algorithm>

#include "graph/subgraphs.h"

namespace caudal {
namespace {

constexpr int kMostVariables = 8192;  // whose writes are followed: bounds the memory of a set

/// The variable that a reference leads to; nullptr for none.
const Node* source(const Output& ref) {
  const Node* node = ref.node;
  while (!node->op().has(kVariable)) {
    if (!node->op().has(kRefForward) || node->inputs().empty()) return nullptr;
    node = node->input(0).node;
  }
  return node;
}

bool contains(const std::vector<std::uint64_t>& bits, int i) {
  const auto word = std::size_t(i) / 64;
  return word < bits.size() && (bits[word] >> (unsigned(i) % 64) & 1u) != 0;
}

}  // namespace

VariableReads::Set VariableReads::set_of(const Node* node) const {
  const auto it = sets_.find(node);
  return it == sets_.end() ? nullptr : it->second;
}

VariableReads::Set VariableReads::join(const Set& a, const Set& b) {
  if (a == nullptr || a == b) return b;
  if (b == nullptr) return a;
  Bits out(std::max(a->size(), b->size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = (i < a->size() ? (*a)[i] : 0) | (i < b->size() ? (*b)[i] : 0);
  }
  if (out == *a) return a;
  if (out == *b) return b;
  return std::make_shared<const Bits>(std::move(out));
}

VariableReads::Set VariableReads::union_of(const NodeSpec& spec) const {
  Set out;
  if (sets_.empty()) return out;
  for (const Output& in : spec.inputs) out = join(out, set_of(in.node));
  for (const Node* c : spec.control_inputs) out = join(out, set_of(c));
  return out;
}

bool VariableReads::is_stale(const Output& in, const Bits& before) const {
  const Node& read = *in.node;
  if (in.is_ref() || !read.op().has(kView) || read.inputs().empty() || !read.input(0).is_ref()) {
    return false;
  }
  const Node* variable = source(read.input(0));
  const auto number = variables_.find(variable);
  if (variable == nullptr || number == variables_.end()) return false;
  const Set own = set_of(&read);
  return contains(before, number->second) && (own == nullptr || !contains(*own, number->second));
}

std::vector<Node*> VariableReads::waits_for(const NodeSpec& spec) const {
  std::vector<Node*> out = spec.control_inputs;
  for (const Output& in : spec.inputs) {
    const bool behind = set_of(in.node) != nullptr;
    if (behind && std::find(out.begin(), out.end(), in.node) == out.end()) out.push_back(in.node);
  }
  return out;
}

void VariableReads::write(const Node* variable, Bits& bits) {
  if (variable == nullptr || int(variables_.size()) >= kMostVariables) return;
  const int i = variables_.emplace(variable, int(variables_.size())).first->second;
  if (std::size_t(i) / 64 >= bits.size()) bits.resize(std::size_t(i) / 64 + 1);
  bits[std::size_t(i) / 64] |= std::uint64_t(1) << (unsigned(i) % 64);
}

/// The variables that branches and bodies name, at any depth: they may write them.
void VariableReads::write_inside(const Node& node, Bits& bits) {
  for (const Subgraph* subgraph : subgraphs(node)) {
    Graph& inner = *subgraph->graph;
    for (int i = 0; i < inner.num_nodes(); ++i) {
      const Node& n = *inner.node(i);
      if (const AttrValue* outer = n.attrs().find("outer"); outer != nullptr) {
        write(node.graph().find(outer->get<std::string>()), bits);
      }
      if (n.op().has(kControlFlow)) write_inside(n, bits);
    }
  }
}

void VariableReads::note(Node& node) {
  Set set;
  for (const Output& in : node.inputs()) set = join(set, set_of(in.node));
  for (const Node* c : node.control_inputs()) set = join(set, set_of(c));
  const OpDef& op = node.op();
  if (op.has(kWritesRef) || op.has(kControlFlow)) {
    Bits bits = set == nullptr ? Bits() : *set;
    if (op.has(kControlFlow)) write_inside(node, bits);
    for (std::size_t i = 0; op.has(kWritesRef) && i < node.inputs().size(); ++i) {
      if (node.inputs()[i].is_ref() && (i == 0 || (i < op.inputs.size() && op.inputs[i].is_ref))) {
        write(source(node.inputs()[i]), bits);
      }
    }
    if (!bits.empty()) set = std::make_shared<const Bits>(std::move(bits));
  }
  if (set != nullptr) sets_.emplace(&node, std::move(set));
}

}  // namespace caudal
