// SPDX-License-Identifier: Apache-2.0
// Owns: shape rules and pieces of gradients that several op families share.
// Called by: ops/*.cpp.
// Must not know: kernels, plans.
#pragma once

#include "caudal/op_def.h"

namespace caudal::ops {

/// Output 0 has the shape of input 0.
void same_shape(ShapeContext& c);
/// Output 0 has the merged shape of all inputs.
void merged_shape(ShapeContext& c);
/// Output 0 is NumPy's broadcast of inputs 0 and 1.
void broadcast_shape(ShapeContext& c);
/// Output 0 is a scalar.
void scalar_shape(ShapeContext& c);
/// All outputs are unknown.
void unknown_shape(ShapeContext& c);
/// For ops without outputs.
void no_outputs(ShapeContext& c);
/// Output 0 has the shape of the Ref input 0, every other input merged is not checked.
void ref_shape(ShapeContext& c);

/// NumPy broadcast; throws InvalidArgument naming both shapes.
PartialShape broadcast(const PartialShape& a, const PartialShape& b);
/// axis in [-rank, rank) -> [0, rank); throws InvalidArgument.
int normalize_axis(std::int64_t axis, int rank);

/// Sums `grad` (of the broadcast shape of x and y) back to the shapes of x and y and sets the
/// gradients towards inputs 0 and 1. Either may be empty. Static shapes avoid all run-time work.
void set_broadcast_grads(GradContext& g, Output grad_x, Output grad_y);
/// `grad` summed to the shape of `target`, which was broadcast to the shape of `grad`.
Output sum_to(const GradContext& g, Output grad, Output target);
/// The shape of `x` as int32 tensor: a constant when known, else a Shape node.
Output shape_of(const GradContext& g, Output x);

}  // namespace caudal::ops
