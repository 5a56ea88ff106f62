// SPDX-License-Identifier: Apache-2.0
// Owns: running shape rules with partial shapes, and static evaluation of shape arithmetic.
// Called by: Graph::add, language bindings (constant_value).
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

/// The value of an output when static knowledge suffices: constants, and shape arithmetic over known
/// shapes; undefined Tensor otherwise. Integers only beyond constants.
Tensor static_value(Output output);

/// A rank-1 integer output read as a shape, -1 where unknown.
PartialShape static_value_as_shape(Output output);

}  // namespace caudal
