// SPDX-License-Identifier: Apache-2.0
// Owns: taking back the nodes that were added to a graph when adding more of them fails.
// Called by: import of graphs.
// Must not know: why it failed.
#pragma once

#include "caudal/graph.h"

namespace caudal {

/// Nodes added in its lifetime go unless `commit` is called. Nobody else may have seen them.
class GraphTransaction {
 public:
  explicit GraphTransaction(Graph& graph) : graph_(graph), first_(graph.num_nodes()) {}
  ~GraphTransaction();
  GraphTransaction(const GraphTransaction&) = delete;
  GraphTransaction& operator=(const GraphTransaction&) = delete;
  int first_node() const { return first_; }
  void commit() { first_ = graph_.num_nodes(); }

 private:
  Graph& graph_;
  int first_;
};

}  // namespace caudal
