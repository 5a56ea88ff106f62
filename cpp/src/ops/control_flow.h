// SPDX-License-Identifier: Apache-2.0
// Owns: what the runtime must know about nodes that own subgraphs.
// Called by: lowering, the control-flow executor.
// Must not know: plans.
#pragma once

#include <string>
#include <vector>

#include "caudal/graph.h"

namespace caudal::ops {

/// The subgraphs of an If (then, else) or While (condition, body) node.
std::vector<Subgraph*> subgraphs(const Node& node);
/// Names of the outer variables that its subgraphs refer to, at any depth.
std::vector<std::string> captured_variables(const Node& node);
/// Whether running the node can be noticed otherwise than by its results.
bool has_effects(const Node& node);
/// Whether the last output is the tape that a gradient reads.
bool has_tape(const Node& node);
bool is_loop(const Node& node);

}  // namespace caudal::ops
