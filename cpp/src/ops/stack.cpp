// SPDX-License-Identifier: Apache-2.0
// Stacks, on which loops of TensorFlow 1 keep what their gradients need.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void stack_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::scalar());
}

void push_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, c.input(1));
}

void pop_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::unknown());
}

void close_shape(ShapeContext& c) { c.with_rank(0, 0); }

constexpr OpRow kRows[] = {
    {"StackV2", "max_size:int32 -> handle:resource; elem_type:type; stack_name:string=''",
     stack_shape, no_gradient, kStateful | kDynamicShape},
    {"StackPushV2", "handle:resource elem:T -> output:T; T:type; swap_memory:bool=false",
     push_shape, no_gradient, kStateful | kDynamicShape},
    {"StackPopV2", "handle:resource -> elem:elem_type; elem_type:type", pop_shape, no_gradient,
     kStateful | kDynamicShape},
    {"StackCloseV2", "handle:resource -> -", close_shape, no_gradient, kStateful},
};

}  // namespace

std::span<const OpRow> stack_ops() { return kRows; }

}  // namespace caudal::ops
