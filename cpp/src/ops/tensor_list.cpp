// SPDX-License-Identifier: Apache-2.0
// Lists of tensors as values. The gradient towards a list is a list of gradients.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

/// Input i as the shape of elements; a scalar stands for an unknown rank.
PartialShape element_shape(ShapeContext& c, int i) {
  const PartialShape& given = c.input(i);
  if (given.has_rank() && given.rank() > 1) invalid("a shape must be a vector, got ", given);
  if (!given.has_rank() || given.rank() == 0) return {};
  return c.constant_as_shape(i);
}

PartialShape behind(std::int64_t first, const PartialShape& rest) {
  if (!rest.has_rank()) return {};
  PartialShape out{first};
  for (const std::int64_t d : rest.dims()) out.append(d);
  return out;
}

void make_shape(ShapeContext& c) {
  element_shape(c, 0);
  c.with_rank(1, 0);
  c.set_output(0, PartialShape::scalar());
}

void push_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::scalar());
}

void batch_shape(ShapeContext& c) {
  const PartialShape handles = c.with_rank(0, 1), values = c.with_rank_at_least(1, 1);
  if (values.has_rank()) ShapeContext::merge_dim(handles[0], values[0]);
  c.set_output(0, handles);
}

void pop_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::scalar());
  c.set_output(1, element_shape(c, 1));
}

void length_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::scalar());
}

void element_shape_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.set_output(0, PartialShape::unknown());
}

void resize_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  c.set_output(0, PartialShape::scalar());
}

void get_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  c.set_output(0, element_shape(c, 2));
}

void set_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  c.with_rank(1, 0);
  c.set_output(0, PartialShape::scalar());
}

void stack_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  const std::int64_t n = c.attrs().i("num_elements");
  c.set_output(0, behind(n < 0 ? -1 : n, element_shape(c, 1)));
}

void from_tensor_shape(ShapeContext& c) {
  const PartialShape value = c.with_rank_at_least(0, 1);
  const PartialShape element = element_shape(c, 1);
  if (value.has_rank()) element.merge(PartialShape(value.dims().subspan(1)));
  c.set_output(0, PartialShape::scalar());
}

void gather_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  const PartialShape indices = c.with_rank(1, 1);
  c.set_output(0, behind(indices[0], element_shape(c, 2)));
}

void scatter_shape(ShapeContext& c) {
  const PartialShape values = c.with_rank_at_least(0, 1), indices = c.with_rank(1, 1);
  if (values.has_rank()) ShapeContext::merge_dim(values[0], indices[0]);
  element_shape(c, 2);
  if (c.num_inputs() > 3) c.with_rank(3, 0);
  c.set_output(0, PartialShape::scalar());
}

void scatter_into_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  const PartialShape values = c.with_rank_at_least(1, 1), indices = c.with_rank(2, 1);
  if (values.has_rank()) ShapeContext::merge_dim(values[0], indices[0]);
  c.set_output(0, PartialShape::scalar());
}

void concat_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  PartialShape element =
      c.num_inputs() > 1 ? element_shape(c, 1) : c.attrs().shape("element_shape");
  if (c.num_inputs() > 2) c.with_rank(2, 1);
  if (element.has_rank() && element.rank() > 0) element.set_dim(0, -1);
  c.set_output(0, element.has_rank() && element.rank() > 0 ? element : PartialShape());
  c.set_output(1, PartialShape{-1});
}

void split_shape(ShapeContext& c) {
  c.with_rank_at_least(0, 1);
  element_shape(c, 1);
  c.with_rank(2, 1);
  c.set_output(0, PartialShape::scalar());
}

void concat_lists_shape(ShapeContext& c) { c.set_output(0, c.input(0).merge(c.input(1))); }

// ---- gradients ------------------------------------------------------------------------------

Output length(const GradContext& g, Output list) { return g("TensorListLength", {list}); }
Output any_shape(const GradContext& g) { return g.builder().scalar(std::int32_t(-1)); }

void push_grad(GradContext& g) {
  Node* pop = g.builder().node("TensorListPopBack", {g.dy(), shape_of(g, g.input(1))},
                               {{"element_dtype", g.input(1).dtype()}}, "");
  g.set(0, pop->output(0));
  g.set(1, pop->output(1));
}

void pop_grad(GradContext& g) {
  const DType dtype = g.attrs().type("element_dtype");
  Output list = g.raw_dy(0).values;
  if (!list) {
    list =
        g("TensorListReserve", {any_shape(g), length(g, g.output(0))}, {{"element_dtype", dtype}});
  }
  g.set(0, g("TensorListPushBack", {list, g.dy(1)}, {{"element_dtype", dtype}}));
}

void stack_grad(GradContext& g) {
  const Output shape = g("TensorListElementShape", {g.input(0)}, {{"shape_type", DType::kInt32}});
  g.set(0, g("TensorListFromTensor", {g.dy(), shape},
             {{"element_dtype", g.attrs().type("element_dtype")}}));
}

void from_tensor_grad(GradContext& g) {
  const PartialShape& shape = g.input(0).shape();
  const std::int64_t n = shape.has_rank() && shape.rank() > 0 ? shape[0] : -1;
  Output element = g.input(1);
  if (element.dtype() != DType::kInt32) element = g("Cast", {element}, {{"DstT", DType::kInt32}});
  g.set(0, g("TensorListStack", {g.dy(), element},
             {{"element_dtype", g.attrs().type("element_dtype")}, {"num_elements", n}}));
}

void get_grad(GradContext& g) {
  const DType dtype = g.attrs().type("element_dtype");
  const Output zeros = g("TensorListReserve", {shape_of(g, g.dy()), length(g, g.input(0))},
                         {{"element_dtype", dtype}});
  g.set(0, g("TensorListSetItem", {zeros, g.input(1), g.dy()}, {{"element_dtype", dtype}}));
}

void set_grad(GradContext& g) {
  const AttrList attrs{{"element_dtype", g.attrs().type("element_dtype")}};
  g.set(0, g("TensorListSetItem", {g.dy(), g.input(1), g("ZerosLike", {g.input(2)})}, attrs));
  g.set(2, g("TensorListGetItem", {g.dy(), g.input(1), shape_of(g, g.input(2))}, attrs));
}

void resize_grad(GradContext& g) {
  g.set(0, g("TensorListResize", {g.dy(), length(g, g.input(0))}));
}

void gather_grad(GradContext& g) {
  const DType dtype = g.attrs().type("element_dtype");
  g.set(0, g("TensorListScatterV2", {g.dy(), g.input(1), g.input(2), length(g, g.input(0))},
             {{"element_dtype", dtype}}));
}

Output gathered(GradContext& g, Output indices) {
  return g("TensorListGather", {g.dy(), indices, any_shape(g)},
           {{"element_dtype", g.attrs().type("element_dtype")}});
}

void scatter_grad(GradContext& g) { g.set(0, gathered(g, g.input(1))); }

void scatter_into_grad(GradContext& g) {
  const DType dtype = g.attrs().type("element_dtype");
  g.set(0, g("TensorListScatterIntoExistingList",
             {g.dy(), g("ZerosLike", {g.input(1)}), g.input(2)}, {{"element_dtype", dtype}}));
  g.set(1, gathered(g, g.input(2)));
}

void concat_grad(GradContext& g) {
  g.set(0, g("TensorListSplit", {g.dy(0), any_shape(g), g.output(1)},
             {{"element_dtype", g.attrs().type("element_dtype")}}));
}

void split_grad(GradContext& g) {
  Node* joined = g.builder().node("TensorListConcatV2", {g.dy(), any_shape(g), g.input(2)},
                                  {{"element_dtype", g.attrs().type("element_dtype")}}, "");
  g.set(0, joined->output(0));
}

constexpr OpRow kRows[] = {
    {"EmptyTensorList",
     "element_shape:shape_type max_num_elements:int32 -> handle:variant; element_dtype:type; "
     "shape_type:type{int32,int64}",
     make_shape, no_gradient, kDynamicShape},
    {"TensorListReserve",
     "element_shape:shape_type num_elements:int32 -> handle:variant; element_dtype:type; "
     "shape_type:type{int32,int64}",
     make_shape, no_gradient, kDynamicShape},
    {"TensorListPushBack",
     "input_handle:variant tensor:element_dtype -> output_handle:variant; element_dtype:type",
     push_shape, push_grad, kDynamicShape},
    {"TensorListPushBackBatch",
     "input_handles:variant tensor:element_dtype -> output_handles:variant; element_dtype:type",
     batch_shape, no_gradient, kDynamicShape},
    {"TensorListPopBack",
     "input_handle:variant element_shape:int32 -> output_handle:variant tensor:element_dtype; "
     "element_dtype:type",
     pop_shape, pop_grad, kDynamicShape},
    {"TensorListLength", "input_handle:variant -> length:int32", length_shape, no_gradient,
     kDynamicShape},
    {"TensorListElementShape",
     "input_handle:variant -> element_shape:shape_type; shape_type:type{int32,int64}",
     element_shape_shape, no_gradient, kDynamicShape},
    {"TensorListResize", "input_handle:variant size:int32 -> output_handle:variant", resize_shape,
     resize_grad, kDynamicShape},
    {"TensorListGetItem",
     "input_handle:variant index:int32 element_shape:int32 -> item:element_dtype; "
     "element_dtype:type",
     get_shape, get_grad, kDynamicShape},
    {"TensorListSetItem",
     "input_handle:variant index:int32 item:element_dtype -> output_handle:variant; "
     "element_dtype:type",
     set_shape, set_grad, kDynamicShape},
    {"TensorListStack",
     "input_handle:variant element_shape:int32 -> tensor:element_dtype; element_dtype:type; "
     "num_elements:int=-1",
     stack_shape, stack_grad, kDynamicShape},
    {"TensorListFromTensor",
     "tensor:element_dtype element_shape:shape_type -> output_handle:variant; "
     "element_dtype:type; shape_type:type{int32,int64}",
     from_tensor_shape, from_tensor_grad, kDynamicShape},
    {"TensorListGather",
     "input_handle:variant indices:int32 element_shape:int32 -> values:element_dtype; "
     "element_dtype:type",
     gather_shape, gather_grad, kDynamicShape},
    {"TensorListScatter",
     "tensor:element_dtype indices:int32 element_shape:shape_type -> output_handle:variant; "
     "element_dtype:type; shape_type:type{int32,int64}",
     scatter_shape, scatter_grad, kDynamicShape},
    {"TensorListScatterV2",
     "tensor:element_dtype indices:int32 element_shape:shape_type num_elements:int32 -> "
     "output_handle:variant; element_dtype:type; shape_type:type{int32,int64}",
     scatter_shape, scatter_grad, kDynamicShape},
    {"TensorListScatterIntoExistingList",
     "input_handle:variant tensor:element_dtype indices:int32 -> output_handle:variant; "
     "element_dtype:type",
     scatter_into_shape, scatter_into_grad, kDynamicShape},
    {"TensorListConcat",
     "input_handle:variant -> tensor:element_dtype lengths:int64; element_dtype:type; "
     "element_shape:shape=unknown",
     concat_shape, concat_grad, kDynamicShape},
    {"TensorListConcatV2",
     "input_handle:variant element_shape:shape_type leading_dims:int64 -> tensor:element_dtype "
     "lengths:int64; element_dtype:type; shape_type:type{int32,int64}",
     concat_shape, concat_grad, kDynamicShape},
    {"TensorListSplit",
     "tensor:element_dtype element_shape:shape_type lengths:int64 -> output_handle:variant; "
     "element_dtype:type; shape_type:type{int32,int64}",
     split_shape, split_grad, kDynamicShape},
    {"TensorListConcatLists",
     "input_a:variant input_b:variant -> output:variant; element_dtype:type", concat_lists_shape,
     no_gradient, kDynamicShape},
};

}  // namespace

std::span<const OpRow> tensor_list_ops() { return kRows; }

}  // namespace caudal::ops
