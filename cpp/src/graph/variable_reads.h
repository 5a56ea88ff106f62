// SPDX-License-Identifier: Apache-2.0
// Owns: which variables were written before a node of an imported graph runs.
// Called by: import of graphs.
// Must not know: files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "caudal/graph.h"
#include "caudal/op_def.h"

namespace caudal {

/// In TensorFlow the Identity of a reference variable shares the variable's memory, so a node that
/// waits for a write sees the new value even through an Identity that ran before. Here a value that
/// was read stays as it was; such a node gets a read of its own, behind the write.
class VariableReads {
 public:
  /// Replaces inputs of a node that is about to be added by reads behind the writes that it waits
  /// for. `free_name(name)`: a name for a read.
  template <class F>
  void renew(Graph& graph, NodeSpec& spec, F free_name) {
    const Set before = union_of(spec);
    if (before == nullptr) return;
    for (Output& in : spec.inputs) {
      if (!is_stale(in, *before)) continue;
      Node& read = *in.node;
      NodeSpec again;
      again.op = read.op().name;
      again.name = free_name(read.name());
      again.inputs = {read.inputs()[0]};
      again.attrs = read.attrs().list();
      again.device = read.device();
      again.origin = spec.origin;
      again.control_inputs = waits_for(spec);
      in = graph.add(std::move(again))->output(0);
    }
  }
  /// Notes what a node that was added writes.
  void note(Node& node);

 private:
  using Bits = std::vector<std::uint64_t>;
  using Set = std::shared_ptr<const Bits>;

  Set set_of(const Node* node) const;
  Set union_of(const NodeSpec& spec) const;
  static Set join(const Set& a, const Set& b);
  bool is_stale(const Output& in, const Bits& before) const;
  std::vector<Node*> waits_for(const NodeSpec& spec) const;
  void write(const Node* variable, Bits& bits);
  void write_inside(const Node& node, Bits& bits);

  std::unordered_map<const Node*, int> variables_;  ///< those that are written, numbered
  std::unordered_map<const Node*, Set> sets_;       ///< of nodes behind a write
};

}  // namespace caudal
