// SPDX-License-Identifier: Apache-2.0
// Pools of images.
#include <optional>

#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/window.h"

namespace caudal::ops {
namespace {

void check_windows(const AttrMap& attrs) {
  for (std::int64_t v : window_list(attrs, "ksize")) {
    if (v <= 0) invalid("ksize must be positive, but got ", v);
  }
  for (std::int64_t v : window_list(attrs, "strides")) {
    if (v <= 0) invalid("Stride must be > 0, but got ", v);
  }
}

/// The attrs of a pool whose ksize and strides are inputs; nothing while these are not known.
std::optional<AttrMap> input_attrs(ShapeContext& c, int first) {
  AttrMap attrs = c.attrs();
  bool known = true;
  for (int i = 0; i < 2; ++i) {
    const char* name = i == 0 ? "ksize" : "strides";
    const PartialShape shape = c.with_rank(first + i, 1);
    if (shape[0] >= 0 && shape[0] != 4) {
      invalid("Sliding window ", name, " field must specify 4 dimensions, but has ", shape[0]);
    }
    const Tensor* value = c.constant_input(first + i);
    if (value == nullptr) {
      known = false;
    } else {
      attrs.set(name, value->as_int64s());
    }
  }
  return known ? std::optional(attrs) : std::nullopt;
}

/// The result of pooling `x`.
PartialShape pooled(const AttrMap& attrs, const PartialShape& x) {
  check_windows(attrs);
  if (!x.has_rank()) return PartialShape::unknown_of_rank(4);
  PartialShape out = x;
  for (int i = 0; i < 4; ++i) {
    Window w{x[i], attrs.ints("ksize")[std::size_t(i)], attrs.ints("strides")[std::size_t(i)]};
    w.resolve(attrs.s("padding"));
    out.set_dim(i, w.out);
  }
  return out;
}

void pool_shape(ShapeContext& c) { c.set_output(0, pooled(c.attrs(), c.with_rank(0, 4))); }

void max_pool_grad_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 4);
  const PartialShape y = pooled(c.attrs(), x);
  (void)y.merge(c.with_rank(1, 4)).merge(c.with_rank(2, 4));
  c.set_output(0, x);
}

void max_pool_grad_grad_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 4).merge(c.with_rank(2, 4));
  c.set_output(0, pooled(c.attrs(), x).merge(c.with_rank(1, 4)));
}

void avg_pool_grad_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  PartialShape x = c.constant_as_shape(0);
  if (!x.has_rank()) x = PartialShape::unknown_of_rank(4);
  if (x.rank() != 4) invalid("orig_input_shape must have 4 entries, but has ", x.rank());
  (void)pooled(c.attrs(), x).merge(c.with_rank(1, 4));
  c.set_output(0, x);
}

PartialShape pooled_v2(ShapeContext& c, const PartialShape& x, int first) {
  const std::optional<AttrMap> attrs = input_attrs(c, first);
  return attrs ? pooled(*attrs, x) : PartialShape::unknown_of_rank(4);
}
void pool_v2_shape(ShapeContext& c) { c.set_output(0, pooled_v2(c, c.with_rank(0, 4), 1)); }
void max_pool_grad_v2_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 4);
  (void)pooled_v2(c, x, 3).merge(c.with_rank(1, 4)).merge(c.with_rank(2, 4));
  c.set_output(0, x);
}
void max_pool_grad_grad_v2_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 4).merge(c.with_rank(2, 4));
  c.set_output(0, pooled_v2(c, x, 3).merge(c.with_rank(1, 4)));
}

AttrList pool_attrs(const GradContext& g) {
  AttrList out;
  for (const char* name : {"ksize", "strides", "padding", "data_format"}) {
    out.emplace_back(name, g.attrs().at(name));
  }
  return out;
}

void max_pool_grad(GradContext& g) {
  g.set(0, g("MaxPoolGrad", {g.input(0), g.output(0), g.dy()}, pool_attrs(g)));
}

/// Only the way through `grad` carries a derivative: the choice of the maximum is constant.
void zeros_for_choice(GradContext& g) {
  for (int i = 0; i < 2; ++i) {
    if (g.needs(i)) g.set(i, g("ZerosLike", {g.input(i)}));
  }
}

void max_pool_grad_grad(GradContext& g) {
  zeros_for_choice(g);
  if (g.needs(2)) {
    g.set(2, g("MaxPoolGradGrad", {g.input(0), g.input(1), g.dy()}, pool_attrs(g)));
  }
}

void max_pool_grad_grad_grad(GradContext& g) {
  zeros_for_choice(g);
  if (g.needs(2)) g.set(2, g("MaxPoolGrad", {g.input(0), g.input(1), g.dy()}, pool_attrs(g)));
}

AttrList format_attrs(const GradContext& g) {
  return {{"padding", g.attrs().at("padding")}, {"data_format", g.attrs().at("data_format")}};
}
void max_pool_v2_grad(GradContext& g) {
  g.set(0, g("MaxPoolGradV2", {g.input(0), g.output(0), g.dy(), g.input(1), g.input(2)},
             format_attrs(g)));
}
template <int kTimes>
void max_pool_v2_grad_grad(GradContext& g) {
  zeros_for_choice(g);
  if (g.needs(2)) {
    g.set(2, g(kTimes == 1 ? "MaxPoolGradGradV2" : "MaxPoolGradV2",
               {g.input(0), g.input(1), g.dy(), g.input(3), g.input(4)}, format_attrs(g)));
  }
}

void avg_pool_grad(GradContext& g) {
  g.set(0, g("AvgPoolGrad", {g("Shape", {g.input(0)}), g.dy()}, pool_attrs(g)));
}

void avg_pool_grad_grad(GradContext& g) {
  if (g.needs(1)) g.set(1, g("AvgPool", {g.dy()}, pool_attrs(g)));
}

#define CAUDAL_POOL_ATTRS                                                      \
  "ksize:list(int)>=4; strides:list(int)>=4; padding:string{'SAME','VALID'}; " \
  "data_format:string{'NHWC','NCHW'}='NHWC'; "
#define CAUDAL_POOL_V2_ATTRS \
  "padding:string{'SAME','VALID'}; data_format:string{'NHWC','NCHW'}='NHWC'; "
#define CAUDAL_POOL_REAL \
  "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}"

constexpr OpRow kRows[] = {
    {"MaxPool",
     "input:T -> output:T; T:type{half,bfloat16,float,double,int32,int64,uint8,int16,int8,uint16,"
     "qint8}=float; ksize:list(int)>=4; strides:list(int)>=4; padding:string{'SAME','VALID'}; "
     "data_format:string{'NHWC','NCHW','NCHW_VECT_C'}='NHWC'",
     pool_shape, max_pool_grad},
    {"MaxPoolGrad",
     "orig_input:T orig_output:T grad:T -> output:T; " CAUDAL_POOL_ATTRS CAUDAL_POOL_REAL "=float",
     max_pool_grad_shape, max_pool_grad_grad},
    {"MaxPoolGradGrad",
     "orig_input:T orig_output:T grad:T -> output:T; " CAUDAL_POOL_ATTRS CAUDAL_POOL_REAL,
     max_pool_grad_grad_shape, max_pool_grad_grad_grad},
    {"MaxPoolV2",
     "input:T ksize:int32 strides:int32 -> output:T; T:type{half,bfloat16,float,double,int32,int64,"
     "uint8,int16,int8,uint16,qint8}=float; padding:string{'SAME','VALID'}; "
     "data_format:string{'NHWC','NCHW','NCHW_VECT_C'}='NHWC'",
     pool_v2_shape, max_pool_v2_grad},
    {"MaxPoolGradV2",
     "orig_input:T orig_output:T grad:T ksize:int32 strides:int32 -> "
     "output:T; " CAUDAL_POOL_V2_ATTRS CAUDAL_POOL_REAL "=float",
     max_pool_grad_v2_shape, max_pool_v2_grad_grad<1>},
    {"MaxPoolGradGradV2",
     "orig_input:T orig_output:T grad:T ksize:int32 strides:int32 -> "
     "output:T; " CAUDAL_POOL_V2_ATTRS CAUDAL_POOL_REAL,
     max_pool_grad_grad_v2_shape, max_pool_v2_grad_grad<2>},
    {"AvgPool", "value:T -> output:T; " CAUDAL_POOL_ATTRS "T:type{half,bfloat16,float,double}",
     pool_shape, avg_pool_grad},
    {"AvgPoolGrad",
     "orig_input_shape:int32 grad:T -> output:T; " CAUDAL_POOL_ATTRS
     "T:type{half,bfloat16,float,double}",
     avg_pool_grad_shape, avg_pool_grad_grad},
};

}  // namespace

std::span<const OpRow> pool_ops() { return kRows; }

}  // namespace caudal::ops
