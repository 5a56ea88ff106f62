// SPDX-License-Identifier: Apache-2.0
// Pools that tell what they have chosen: the place of the maximum, or random window borders.
#include <cmath>

#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/window.h"

namespace caudal::ops {
namespace {

// -- The place of the maximum ---------------------------------------------------------------------

PartialShape pooled(const AttrMap& attrs, const PartialShape& x) {
  const auto& ksize = window_list(attrs, "ksize");
  const auto& strides = window_list(attrs, "strides");
  for (std::size_t i = 0; i < 4; ++i) {
    if (ksize[i] <= 0) invalid("ksize must be positive, but got ", ksize[i]);
    if (strides[i] <= 0) invalid("Stride must be > 0, but got ", strides[i]);
  }
  PartialShape out = x;
  for (int i = 1; i < 4; ++i) {
    Window w{x[i], ksize[std::size_t(i)], strides[std::size_t(i)]};
    w.resolve(attrs.s("padding"));
    out.set_dim(i, w.out);
  }
  return out;
}

void argmax_shape(ShapeContext& c) {
  const PartialShape y = pooled(c.attrs(), c.with_rank(0, 4));
  c.set_output(0, y);
  c.set_output(1, y);
}
void argmax_grad_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 4);
  (void)pooled(c.attrs(), x).merge(c.with_rank(1, 4)).merge(c.with_rank(2, 4));
  c.set_output(0, x);
}
void argmax_grad_grad_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 4).merge(c.with_rank(1, 4));
  c.set_output(0, pooled(c.attrs(), x).merge(c.with_rank(2, 4)));
}

AttrList argmax_attrs(const GradContext& g) {
  AttrList out;
  for (const char* name : {"ksize", "strides", "padding", "include_batch_in_index"}) {
    out.emplace_back(name, g.attrs().at(name));
  }
  return out;
}

void argmax_grad(GradContext& g) {
  g.set(0, g("MaxPoolGradWithArgmax", {g.input(0), g.dy(0), g.output(1)}, argmax_attrs(g)));
}
/// inputs: input, grad, argmax; the input counts for its shape only.
template <int kBack>
void argmax_grad_grad(GradContext& g) {
  if (g.needs(0)) g.set(0, g("ZerosLike", {g.input(0)}));
  if (!g.needs(1)) return;
  const char* op = kBack ? "MaxPoolGradWithArgmax" : "MaxPoolGradGradWithArgmax";
  g.set(1, g(op, {g.input(0), g.dy(), g.input(2)}, argmax_attrs(g)));
}

// -- Windows with random borders ------------------------------------------------------------------

void fractional_shape(ShapeContext& c) {
  const auto& ratios = c.attrs().at("pooling_ratio").get<std::vector<float>>();
  if (ratios.size() != 4) {
    invalid("pooling_ratio field must specify 4 dimensions, but has ", ratios.size());
  }
  const PartialShape x = c.with_rank(0, 4);
  for (float r : ratios) {
    if (!(r >= 1)) invalid("pooling_ratio cannot be smaller than 1, got: ", r);
  }
  if (ratios[0] != 1 || ratios[3] != 1) {
    fail(Code::kUnimplemented,
         "Fractional pooling is not yet supported on the batch nor channel dimension.");
  }
  PartialShape y = x;
  for (int i = 1; i < 3; ++i) {
    if (x[i] < 0) continue;
    y.set_dim(i, std::int64_t(std::floor(float(x[i]) / ratios[std::size_t(i)])));
    if (y[i] < 1) {
      invalid("pooling_ratio ", ratios[std::size_t(i)], " leaves nothing of dimension ", i,
              " of size ", x[i]);
    }
  }
  c.set_output(0, y);
  for (int i = 1; i < 3; ++i) c.set_output(i, {y[i] < 0 ? -1 : y[i] + 1});
}

void fractional_max_grad_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 4);
  (void)c.with_rank(1, 4).merge(c.with_rank(2, 4));
  c.with_rank(3, 1);
  c.with_rank(4, 1);
  c.set_output(0, x);
}
void fractional_avg_grad_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  PartialShape x = c.constant_as_shape(0);
  if (!x.has_rank()) x = PartialShape::unknown_of_rank(4);
  if (x.rank() != 4) {
    invalid("original input tensor shape must be 1-dimensional and 4 elements");
  }
  c.with_rank(1, 4);
  c.with_rank(2, 1);
  c.with_rank(3, 1);
  c.set_output(0, x);
}

AttrList overlapping(const GradContext& g) { return {{"overlapping", g.attrs().b("overlapping")}}; }

void fractional_max_grad(GradContext& g) {
  g.set(0, g("FractionalMaxPoolGrad", {g.input(0), g.output(0), g.dy(0), g.output(1), g.output(2)},
             overlapping(g)));
}
void fractional_avg_grad(GradContext& g) {
  const Output shape = g("Shape", {g.input(0)}, {{"out_type", DType::kInt64}});
  g.set(0, g("FractionalAvgPoolGrad", {shape, g.dy(0), g.output(1), g.output(2)}, overlapping(g)));
}

#define CAUDAL_ARGMAX_ATTRS "ksize:list(int)>=4; strides:list(int)>=4; "
#define CAUDAL_ARGMAX_TYPES                                             \
  "padding:string{'SAME','VALID'}; include_batch_in_index:bool=false; " \
  "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}"
#define CAUDAL_FRACTIONAL                                                            \
  "value:T -> output:T row_pooling_sequence:int64 col_pooling_sequence:int64; "      \
  "pooling_ratio:list(float)>=4; pseudo_random:bool=false; overlapping:bool=false; " \
  "deterministic:bool=false; seed:int=0; seed2:int=0; T:type{float,double,int32,int64}"

constexpr OpRow kRows[] = {
    {"MaxPoolWithArgmax",
     "input:T -> output:T argmax:Targmax; " CAUDAL_ARGMAX_ATTRS
     "Targmax:type{int32,int64}=int64; " CAUDAL_ARGMAX_TYPES,
     argmax_shape, argmax_grad},
    {"MaxPoolGradWithArgmax",
     "input:T grad:T argmax:Targmax -> output:T; " CAUDAL_ARGMAX_ATTRS
     "Targmax:type{int32,int64}; " CAUDAL_ARGMAX_TYPES,
     argmax_grad_shape, argmax_grad_grad<0>},
    {"MaxPoolGradGradWithArgmax",
     "input:T grad:T argmax:Targmax -> output:T; " CAUDAL_ARGMAX_ATTRS
     "Targmax:type{int32,int64}; " CAUDAL_ARGMAX_TYPES,
     argmax_grad_grad_shape, argmax_grad_grad<1>},
    {"FractionalMaxPool", CAUDAL_FRACTIONAL, fractional_shape, fractional_max_grad,
     kStateful | kRandom},
    {"FractionalAvgPool", CAUDAL_FRACTIONAL, fractional_shape, fractional_avg_grad,
     kStateful | kRandom},
    {"FractionalMaxPoolGrad",
     "orig_input:T orig_output:T out_backprop:T row_pooling_sequence:int64 "
     "col_pooling_sequence:int64 -> output:T; overlapping:bool=false; "
     "T:type{float,double,int32,int64}",
     fractional_max_grad_shape, nullptr},
    {"FractionalAvgPoolGrad",
     "orig_input_tensor_shape:int64 out_backprop:T row_pooling_sequence:int64 "
     "col_pooling_sequence:int64 -> output:T; overlapping:bool=false; "
     "T:type{float,double,int32,int64}",
     fractional_avg_grad_shape, nullptr},
};

}  // namespace

std::span<const OpRow> pool_choice_ops() { return kRows; }

}  // namespace caudal::ops
