// SPDX-License-Identifier: Apache-2.0
// Owns: conditionals whose predicate a plan knows: which feeds decide them, and what their values
// are once the nodes of the taken branch stand in their place.
// Called by: lowering, programs (which feeds are part of a plan's key).
// Must not know: kernels, how steps run.
#pragma once

#include <unordered_map>
#include <vector>

#include "runtime/plan_graph.h"

namespace caudal {

/// The If nodes that a plan, or one of the segments before it, has taken in. A subgraph is taken in
/// once at most, so that a node still says where it belongs.
struct Inlined {
  struct Taken {
    Subgraph* branch = nullptr;
    std::vector<Node*> waits;  ///< what a control dependency on the If waits for
  };
  /// Inputs of branches, results of If nodes and values read from tapes: what they are instead.
  std::unordered_map<Output, Output, OutputHash> stands_for;
  std::unordered_map<const Node*, Taken> taken;
  std::unordered_map<const Graph*, const Node*> owners;

  /// The tape of a conditional that has been taken in: nothing is recorded, readers get the values.
  bool is_virtual_tape(const Output& o) const {
    return o.dtype() == DType::kVariant && taken.contains(o.node);
  }
  /// What a node waits for beside its inputs. Nodes of a branch that touch state wait for what the
  /// If waits for.
  std::vector<Node*> controls_of(const Node& node) const;

 private:
  void expand(Node* control, std::vector<Node*>& out) const;
};

/// Thrown by lowering when the tape of a conditional that was taken in is wanted as a value.
struct TapeWanted {
  const Node* conditional;
};

/// Whether a node reads or writes session state or can be noticed otherwise than by its results.
bool touches_state(const Node& node);

/// Conditionals within conditionals are taken in to this depth.
constexpr int kMaxInlineDepth = 64;

/// The branch that runs for a predicate, or nullptr when the If has to stay one: it reads or hands
/// on references to variables, whose values may change after it.
Subgraph* branch_to_inline(const Node& node, const Tensor& predicate);

/// The nodes of a branch that run, in order; with those that the tape would keep when it is `read`.
std::vector<Node*> nodes_of(const Subgraph& branch, bool read);

/// Fills program.deciders: sets of fed scalars that alone decide a conditional.
void find_deciders(Program& program);

/// The program's feeds; those that decide conditionals are part of the plan's key by value.
std::vector<LiveIn> feeds_of(Program& program, const std::vector<Tensor>& values);

/// Removes what only branches not taken would have read and what cannot fail.
void drop_unread(PlanGraph& g);

}  // namespace caudal
