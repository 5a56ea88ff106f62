// SPDX-License-Identifier: Apache-2.0
// TensorArrays. The float `flow` carries no value: it orders writes before reads, and gradients
// travel along it, while the tensors themselves are exchanged through arrays of gradients.
#include <algorithm>

#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void array_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::scalar());
  c.set_output(1, PartialShape::scalar());
}

void gradient_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  if (c.num_inputs() > 2) c.with_rank(2, 1);
  c.set_output(0, PartialShape::scalar());
  c.set_output(1, PartialShape::scalar());
}

void write_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  c.with_rank(3, 0);
  c.set_output(0, PartialShape::scalar());
}

void read_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  c.with_rank(2, 0);
  c.set_output(0, PartialShape::unknown());
}

void gather_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  const PartialShape indices = c.with_rank(1, 1);
  c.with_rank(2, 0);
  const PartialShape& element = c.attrs().shape("element_shape");
  PartialShape out;
  if (element.has_rank()) {
    out = PartialShape{indices[0]};
    for (const std::int64_t d : element.dims()) out.append(d);
  }
  c.set_output(0, out);
}

void concat_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  const PartialShape& rest = c.attrs().shape("element_shape_except0");
  PartialShape out;
  if (rest.has_rank()) {
    out = PartialShape{-1};
    for (const std::int64_t d : rest.dims()) out.append(d);
  }
  c.set_output(0, out);
  c.set_output(1, PartialShape{-1});
}

void scatter_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  const PartialShape indices = c.with_rank(1, 1), value = c.with_rank_at_least(2, 1);
  c.with_rank(3, 0);
  if (value.has_rank()) ShapeContext::merge_dim(indices[0], value[0]);
  c.set_output(0, PartialShape::scalar());
}

void split_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(2, 1);
  c.with_rank(3, 0);
  c.set_output(0, PartialShape::scalar());
}

void size_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  c.set_output(0, PartialShape::scalar());
}

void close_shape(ShapeContext& c) { c.with_rank(0, 0); }

/// The array of gradients of `handle` for this call of gradients(), after `flow`.
struct GradientArray {
  GradientArray(const GradContext& g, Output forward, Output after) {
    Node* node = g.builder().node("TensorArrayGradV3", {forward, after}, {{"source", g.source()}},
                                  "TensorArrayGrad/TensorArrayGradV3");
    handle = node->output(0);
    flow =
        g.builder().with_control({node})("Identity", {after}, {}, "TensorArrayGrad/gradient_flow");
  }
  Output handle, flow;
};

void read_grad(GradContext& g) {
  const GradientArray array(g, g.input(0), g.input(2));
  g.set(2, g("TensorArrayWriteV3", {array.handle, g.input(1), g.dy(), array.flow}, {},
             "TensorArrayWrite/TensorArrayWriteV3"));
}

void write_grad(GradContext& g) {
  const GradientArray array(g, g.input(0), g.dy());
  if (g.needs(2)) {
    const Output dv = g("TensorArrayReadV3", {array.handle, g.input(1), array.flow},
                        {{"dtype", g.input(2).dtype()}});
    g.set(2, dv);
  }
  g.set(3, g.dy());
}

void gather_grad(GradContext& g) {
  const GradientArray array(g, g.input(0), g.input(2));
  g.set(2, g("TensorArrayScatterV3", {array.handle, g.input(1), g.dy(), array.flow}, {},
             "TensorArrayScatter/TensorArrayScatterV3"));
}

void scatter_grad(GradContext& g) {
  const GradientArray array(g, g.input(0), g.dy());
  if (g.needs(2)) {
    PartialShape element;
    const PartialShape& value = g.input(2).shape();
    if (value.has_rank() && value.rank() > 0) element = PartialShape(value.dims().subspan(1));
    g.set(2, g("TensorArrayGatherV3", {array.handle, g.input(1), array.flow},
               {{"dtype", g.input(2).dtype()}, {"element_shape", element}}));
  }
  g.set(3, g.dy());
}

void concat_grad(GradContext& g) {
  const GradientArray array(g, g.input(0), g.input(1));
  g.set(1, g("TensorArraySplitV3", {array.handle, g.dy(), g.output(1), array.flow}, {},
             "TensorArraySplit/TensorArraySplitV3"));
}

void split_grad(GradContext& g) {
  const GradientArray array(g, g.input(0), g.dy());
  if (g.needs(1)) {
    PartialShape rest;
    const PartialShape& value = g.input(1).shape();
    if (value.has_rank() && value.rank() > 0) rest = PartialShape(value.dims().subspan(1));
    Output rows = g("TensorArrayConcatV3", {array.handle, array.flow},
                    {{"dtype", g.input(1).dtype()}, {"element_shape_except0", rest}});
    const AttrMap& made = g.input(0).node->attrs();
    if (made.find("dynamic_size") != nullptr && made.b("dynamic_size") && value.rank() > 0) {
      // Elements that were written behind these have gradients behind theirs.
      const std::vector<std::int32_t> begin(std::size_t(value.rank()), 0);
      rows = g("Slice", {rows, g.builder().ints(begin), g("Shape", {g.input(1)})});
    }
    g.set(1, rows);
  }
  g.set(3, g.dy());
}

// Not stateful: the flow orders them, and one that nobody waits for need not run.
constexpr OpRow kRows[] = {
    {"TensorArrayV3",
     "size:int32 -> handle:resource flow:float; dtype:type; element_shape:shape=unknown; "
     "dynamic_size:bool=false; clear_after_read:bool=true; identical_element_shapes:bool=false; "
     "tensor_array_name:string=''",
     array_shape, no_gradient, kDynamicShape},
    {"TensorArrayGradV3",
     "handle:resource flow_in:float -> grad_handle:resource flow_out:float; source:string",
     gradient_shape, no_gradient, kDynamicShape},
    {"TensorArrayGradWithShape",
     "handle:resource flow_in:float shape_to_prepend:int32 -> grad_handle:resource "
     "flow_out:float; source:string",
     gradient_shape, no_gradient, kDynamicShape},
    {"TensorArrayWriteV3",
     "handle:resource index:int32 value:T flow_in:float -> flow_out:float; T:type", write_shape,
     write_grad, kUnmergeable},
    {"TensorArrayReadV3", "handle:resource index:int32 flow_in:float -> value:dtype; dtype:type",
     read_shape, read_grad, kDynamicShape},
    {"TensorArrayGatherV3",
     "handle:resource indices:int32 flow_in:float -> value:dtype; dtype:type; "
     "element_shape:shape=unknown",
     gather_shape, gather_grad, kDynamicShape},
    {"TensorArrayConcatV3",
     "handle:resource flow_in:float -> value:dtype lengths:int64; dtype:type; "
     "element_shape_except0:shape=unknown",
     concat_shape, concat_grad, kDynamicShape},
    {"TensorArrayScatterV3",
     "handle:resource indices:int32 value:T flow_in:float -> flow_out:float; T:type", scatter_shape,
     scatter_grad, kUnmergeable},
    {"TensorArraySplitV3",
     "handle:resource value:T lengths:int64 flow_in:float -> flow_out:float; T:type", split_shape,
     split_grad, kUnmergeable},
    {"TensorArraySizeV3", "handle:resource flow_in:float -> size:int32", size_shape, no_gradient,
     kUnmergeable},
    {"TensorArrayCloseV3", "handle:resource -> -", close_shape, no_gradient, kStateful},
};

}  // namespace

std::span<const OpRow> tensor_array_ops() { return kRows; }

}  // namespace caudal::ops
