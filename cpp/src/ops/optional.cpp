// SPDX-License-Identifier: Apache-2.0
// Values that may be missing: what a branch that is not taken hands to the gradient.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void scalar_of_scalar(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::scalar());
}

void value_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  const auto& shapes = c.attrs().at("output_shapes").get<std::vector<PartialShape>>();
  if (int(shapes.size()) != c.num_outputs()) {
    invalid("output_shapes has ", shapes.size(), " shapes for ", c.num_outputs(), " components");
  }
  for (int i = 0; i < c.num_outputs(); ++i) {
    // What is in there at run time says how large it is.
    c.set_output(i, c.planning() ? PartialShape() : shapes[std::size_t(i)]);
  }
}

constexpr OpRow kRows[] = {
    {"OptionalFromValue",
     "components:[Toutput_types] -> optional:variant; Toutput_types:list(type)>=1", scalar_shape,
     no_gradient, kDynamicShape},
    {"OptionalNone", "- -> optional:variant", scalar_shape, no_gradient, kDynamicShape},
    {"OptionalHasValue", "optional:variant -> has_value:bool", scalar_of_scalar, no_gradient,
     kDynamicShape},
    {"OptionalGetValue",
     "optional:variant -> components:[output_types]; output_types:list(type)>=1; "
     "output_shapes:list(shape)>=1",
     value_shape, no_gradient, kDynamicShape},
};

}  // namespace

std::span<const OpRow> optional_ops() { return kRows; }

}  // namespace caudal::ops
