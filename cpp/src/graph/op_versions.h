// SPDX-License-Identifier: Apache-2.0
// Owns: names of ops that mean the same as one that we have: older and newer versions.
// Called by: import of graphs.
// Must not know: Graph.
#pragma once

#include "graph/graph_def.h"

namespace caudal {

/// Gives nodes, also those of functions, the op that we have where theirs is another version of it.
void use_known_ops(GraphDef& graph);

}  // namespace caudal
