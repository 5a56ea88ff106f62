// SPDX-License-Identifier: Apache-2.0
// Owns: what all who meet If and While nodes ask of them: their subgraphs, effects, tapes.
// Called by: gradients of control flow, import and export of graphs, lowering, the executor.
// Must not know: plans.
#pragma once

#include <string>
#include <vector>

#include "caudal/graph.h"
#include "caudal/op_def.h"

namespace caudal {

/// The subgraphs of an If (then, else) or While (condition, body) node.
std::vector<Subgraph*> subgraphs(const Node& node);
/// Nodes of a subgraph before gradients were added to it.
int forward_count(const Subgraph& subgraph);
/// Names of the outer variables that its subgraphs refer to, at any depth.
std::vector<std::string> captured_variables(const Node& node);
/// Whether running the op can be noticed otherwise than by its results, subgraphs aside.
bool has_effect(const OpDef& op);
/// The same of a node, with its subgraphs at any depth.
bool has_effect(const Node& node);
/// Whether the last output is the tape that a gradient reads.
bool has_tape(const Node& node);
bool is_loop(const Node& node);

}  // namespace caudal
