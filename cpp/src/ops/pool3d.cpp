// SPDX-License-Identifier: Apache-2.0
// Pools of volumes.
#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/window.h"

namespace caudal::ops {
namespace {

/// The result of pooling `x`.
PartialShape pooled(const AttrMap& attrs, const PartialShape& x) {
  const auto& ksize = window_list(attrs, "ksize", 5);
  const auto& strides = window_list(attrs, "strides", 5);
  for (std::int64_t v : ksize) {
    if (v <= 0) invalid("Sliding window ksize must be > 0, but got ", v);
  }
  for (std::int64_t v : strides) {
    if (v <= 0) invalid("Stride must be > 0, but got ", v);
  }
  PartialShape out = x;
  for (int dim = 0; dim < 5; ++dim) {
    // One element at a time keeps the size, zero too.
    if (ksize[std::size_t(dim)] == 1 && strides[std::size_t(dim)] == 1) continue;
    Window w{x[dim], ksize[std::size_t(dim)], strides[std::size_t(dim)]};
    w.resolve(attrs.s("padding"));
    out.set_dim(dim, w.out);
  }
  return out;
}

void pool_shape(ShapeContext& c) { c.set_output(0, pooled(c.attrs(), c.with_rank(0, 5))); }

void max_grad_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 5);
  (void)pooled(c.attrs(), x).merge(c.with_rank(1, 5)).merge(c.with_rank(2, 5));
  c.set_output(0, x);
}

void max_grad_grad_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 5).merge(c.with_rank(2, 5));
  c.set_output(0, pooled(c.attrs(), x).merge(c.with_rank(1, 5)));
}

void avg_grad_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  PartialShape x = c.constant_as_shape(0);
  if (!x.has_rank()) x = PartialShape::unknown_of_rank(5);
  if (x.rank() != 5) invalid("orig_input_shape must be 1-dimensional and 5 elements");
  (void)pooled(c.attrs(), x).merge(c.with_rank(1, 5));
  c.set_output(0, x);
}

AttrList pool_attrs(const GradContext& g) {
  AttrList out;
  for (const char* name : {"ksize", "strides", "padding", "data_format"}) {
    out.emplace_back(name, g.attrs().at(name));
  }
  return out;
}

void max_grad(GradContext& g) {
  g.set(0, g("MaxPool3DGrad", {g.input(0), g.output(0), g.dy()}, pool_attrs(g)));
}

/// Only the way through `grad` carries a derivative: the choice of the maximum is constant.
void zeros_for_choice(GradContext& g) {
  for (int i = 0; i < 2; ++i) {
    if (g.needs(i)) g.set(i, g("ZerosLike", {g.input(i)}));
  }
}
void max_grad_grad(GradContext& g) {
  zeros_for_choice(g);
  if (g.needs(2)) {
    g.set(2, g("MaxPool3DGradGrad", {g.input(0), g.input(1), g.dy()}, pool_attrs(g)));
  }
}
void max_grad_grad_grad(GradContext& g) {
  zeros_for_choice(g);
  if (g.needs(2)) {
    g.set(2, g("MaxPool3DGrad", {g.input(0), g.input(1), g.dy()}, pool_attrs(g)));
  }
}

void avg_grad(GradContext& g) {
  g.set(0, g("AvgPool3DGrad", {g("Shape", {g.input(0)}), g.dy()}, pool_attrs(g)));
}
void avg_grad_grad(GradContext& g) {
  if (g.needs(1)) g.set(1, g("AvgPool3D", {g.dy()}, pool_attrs(g)));
}

#define CAUDAL_POOL3D_ATTRS                                                    \
  "ksize:list(int)>=5; strides:list(int)>=5; padding:string{'SAME','VALID'}; " \
  "data_format:string{'NDHWC','NCDHW'}='NDHWC'; "

constexpr OpRow kRows[] = {
    {"AvgPool3D", "input:T -> output:T; " CAUDAL_POOL3D_ATTRS "T:type{half,bfloat16,float,double}",
     pool_shape, avg_grad},
    {"AvgPool3DGrad",
     "orig_input_shape:int32 grad:T -> output:T; " CAUDAL_POOL3D_ATTRS
     "T:type{half,bfloat16,float,double}",
     avg_grad_shape, avg_grad_grad},
    {"MaxPool3D", "input:T -> output:T; " CAUDAL_POOL3D_ATTRS "T:type{half,bfloat16,float}",
     pool_shape, max_grad},
    {"MaxPool3DGrad",
     "orig_input:TInput orig_output:TInput grad:T -> output:T; " CAUDAL_POOL3D_ATTRS
     "T:type{half,bfloat16,float}=float; TInput:type{half,bfloat16,float}=float",
     max_grad_shape, max_grad_grad},
    {"MaxPool3DGradGrad",
     "orig_input:T orig_output:T grad:T -> output:T; " CAUDAL_POOL3D_ATTRS
     "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}",
     max_grad_grad_shape, max_grad_grad_grad},
};

}  // namespace

std::span<const OpRow> pool3d_ops() { return kRows; }

}  // namespace caudal::ops
