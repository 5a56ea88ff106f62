// SPDX-License-Identifier: Apache-2.0
// Owns: turning TensorFlow 1's primitives of control flow into If and While.
// Called by: import of graphs.
// Must not know: Graph; sessions.
#pragma once

#include "graph/graph_def.h"

namespace caudal {

/// Replaces Switch, Merge, Enter, Exit, NextIteration, LoopCond and their Ref forms by If and While
/// nodes with functions of the library. Every Exit and Merge leaves an Identity (IdentityN for a
/// Merge whose index is used) under its old name. A graph without them is left as it is. Throws
/// InvalidArgument for what is not structured as tf.cond and tf.while_loop make it.
void raise_control_flow(GraphDef& graph);

}  // namespace caudal
