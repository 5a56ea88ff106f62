// SPDX-License-Identifier: Apache-2.0
// Owns: running shape rules with partial shapes.
// Called by: Graph::add.
// Must not know: kernels, plans (the plan builder has its own ShapeContext).
#pragma once

#include <optional>
#include <vector>

#include "caudal/graph.h"
#include "caudal/op_def.h"

namespace caudal {

/// Shapes of all outputs of `node`, whose inputs and attrs are set. Throws what the rule throws.
std::vector<PartialShape> infer_shapes(const OpDef& op, const std::vector<Output>& inputs,
                                       const AttrMap& attrs, int num_outputs);

/// What two shapes agree on.
PartialShape common_shape(const PartialShape& a, const PartialShape& b);

/// The node that makes input i, while a graph is built and not while it is planned; else nullptr.
const Node* static_producer(const ShapeContext& context, int i);

}  // namespace caudal
