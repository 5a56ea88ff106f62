// SPDX-License-Identifier: Apache-2.0
// Copies with some rows or a slice replaced, assignments to slices, rotations, and plain copies.
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/shape_math.h"

namespace caudal::ops {
namespace {

void first_shape(ShapeContext& c) { c.set_output(0, c.input(0)); }

void empty_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  c.set_output(0, c.constant_as_shape(0));
}

void roll_shape(ShapeContext& c) {
  if (c.planning()) {
    if (c.input(0).rank() == 0) invalid("input must be 1-D or higher");
    constexpr const char* kNames[] = {"input", "shift", "axis"};
    for (const int i : {1, 2}) {
      if (c.input(i).rank() > 1) {
        invalid(kNames[i], " must be a scalar or a 1-D vector. Found: ", c.input(i));
      }
    }
    if (!c.input(1).compatible_with(c.input(2))) invalid("shift and axis must have the same size");
  }
  c.with_rank_at_least(0, 1);
  for (const int i : {1, 2}) {
    if (c.input(i).rank() > 1) {
      invalid("Shape must be at most rank 1 but is rank ", c.input(i).rank());
    }
  }
  c.input(1).merge(c.input(2));
  c.set_output(0, c.input(0));
}
void roll_grad(GradContext& g) { g.set(0, g("Roll", {g.dy(), neg(g, g.input(1)), g.input(2)})); }

// What begin, end and strides select of input 0 must hold the value in input 4.
void slice_update_shape(ShapeContext& c) {
  std::int64_t n = -1;
  for (int i = 1; i < 4; ++i) n = ShapeContext::merge_dim(n, c.with_rank(i, 1)[0]);
  const PartialShape& in = c.input(0);
  const Tensor *begin = c.constant_input(1), *end = c.constant_input(2),
               *strides = c.constant_input(3);
  if (in.has_rank() && begin != nullptr && end != nullptr && strides != nullptr) {
    const std::vector<std::int64_t> first = begin->as_int64s(), last = end->as_int64s();
    resolve_slice(in, &first, &last, strides->as_int64s(), SliceMasks::from(c.attrs()));
  }
  if (c.num_outputs() > 0) c.set_output(0, in);
}
AttrList slice_masks(const AttrMap& attrs) {
  AttrList list;
  for (const char* name :
       {"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"}) {
    list.emplace_back(name, attrs.at(name));
  }
  return list;
}
void slice_update_grad(GradContext& g) {
  const Output begin = g.input(1), end = g.input(2), strides = g.input(3);
  const AttrList masks = slice_masks(g.attrs());
  if (g.needs(0)) {
    g.set(0, g("TensorStridedSliceUpdate", {g.dy(), begin, end, strides, zeros_like(g, g.input(4))},
               masks));
  }
  if (g.needs(4)) g.set(4, g("StridedSlice", {g.dy(), begin, end, strides}, masks));
}

void identity_grad(GradContext& g) { g.set(0, g.raw_dy(0)); }

void temporary_shape(ShapeContext& c) { c.set_output(0, c.attrs().shape("shape")); }

constexpr std::uint32_t kWrites = kStateful | kWritesRef | kRefForward;

#define CAUDAL_ROWS "x:T i:int32 v:T -> y:T; T:type"
#define CAUDAL_MASKS                                                                         \
  "T:type; Index:type{int32,int64}; begin_mask:int=0; end_mask:int=0; ellipsis_mask:int=0; " \
  "new_axis_mask:int=0; shrink_axis_mask:int=0"

constexpr OpRow kRows[] = {
    {"InplaceUpdate", CAUDAL_ROWS, first_shape, nullptr},
    {"InplaceAdd", CAUDAL_ROWS, first_shape, nullptr},
    {"InplaceSub", CAUDAL_ROWS, first_shape, nullptr},
    {"DeepCopy", "x:T -> y:T; T:type", same_shape, nullptr},
    {"Empty", "shape:int32 -> output:dtype; dtype:type; init:bool=false", empty_shape, nullptr},
    {"GuaranteeConst", "input:T -> output:T; T:type", same_shape, nullptr, kView},
    {"DebugGradientIdentity", "input:T -> output:T; T:type", same_shape, nullptr, kView},
    {"Roll",
     "input:T shift:Tshift axis:Taxis -> output:T; T:type; Tshift:type{int32,int64}; "
     "Taxis:type{int32,int64}",
     roll_shape, roll_grad},
    {"StridedSliceAssign",
     "ref:Ref(T) begin:Index end:Index strides:Index value:T -> output_ref:Ref(T); " CAUDAL_MASKS,
     slice_update_shape, nullptr, kWrites},
    {"ResourceStridedSliceAssign",
     "ref:Ref(T) begin:Index end:Index strides:Index value:T -> -; " CAUDAL_MASKS,
     slice_update_shape, nullptr, kStateful | kWritesRef},
    {"TensorStridedSliceUpdate",
     "input:T begin:Index end:Index strides:Index value:T -> output:T; " CAUDAL_MASKS,
     slice_update_shape, slice_update_grad},
    {"RefIdentity", "input:Ref(T) -> output:Ref(T); T:type", same_shape, identity_grad,
     kStateful | kRefForward},
    {"DebugGradientRefIdentity", "input:Ref(T) -> output:Ref(T); T:type", same_shape, nullptr,
     kStateful | kRefForward},
    {"TemporaryVariable", "- -> ref:Ref(dtype); shape:shape; dtype:type; var_name:string=''",
     temporary_shape, nullptr, kVariable | kStateful},
    {"DestroyTemporaryVariable", "ref:Ref(T) -> value:T; T:type; var_name:string", same_shape,
     nullptr, kStateful},
};

}  // namespace

std::span<const OpRow> update_ops() { return kRows; }

}  // namespace caudal::ops
