// SPDX-License-Identifier: Apache-2.0
// Batch normalisation in one op, and local response normalisation.
#include "caudal/gradients.h"
#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/window.h"

namespace caudal::ops {
namespace {

std::int64_t same_dim(std::int64_t a, std::int64_t b) {
  if (a >= 0 && b >= 0 && a != b) invalid("Dimensions must be equal, but are ", a, " and ", b);
  return a >= 0 ? a : b;
}

/// Number of per-channel outputs after y; the V3 ops add a reserve space that the CPU leaves empty.
template <int kReserves>
void batch_norm_shape(ShapeContext& c) {
  PartialShape x = c.with_rank(0, 4);
  const int axis = ImageLayout::of(c.attrs()).c;
  const int statistics = c.attrs().b("is_training") ? 2 : 4;
  std::int64_t channels = x[axis];
  for (int i = 1; i <= 4; ++i) {
    const PartialShape v = c.with_rank(i, 1);
    if (i <= statistics) channels = same_dim(channels, v[0]);
  }
  x.set_dim(axis, channels);
  c.set_output(0, x);
  for (int i = 1; i <= 4; ++i) c.set_output(i, {channels});
  if (kReserves == 3) c.set_output(5, PartialShape::scalar());
}

template <int kReserves>
void batch_norm_grad_shape(ShapeContext& c) {
  const PartialShape dy = c.with_rank(0, 4), x = c.with_rank(1, 4);
  const int axis = ImageLayout::of(c.attrs()).c;
  PartialShape dx = dy.merge(x);
  std::int64_t channels = dx[axis];
  for (int i = 2; i <= 4; ++i) channels = same_dim(channels, c.with_rank(i, 1)[0]);
  dx.set_dim(axis, channels);
  c.set_output(0, dx);
  c.set_output(1, {channels});
  c.set_output(2, {channels});
  c.set_output(3, PartialShape::scalar());
  c.set_output(4, PartialShape::scalar());
}

AttrList norm_attrs(const GradContext& g) {
  AttrList out;
  for (const char* name : {"epsilon", "data_format", "is_training"}) {
    out.emplace_back(name, g.attrs().at(name));
  }
  return out;
}

/// In training the statistics of the batch come back as reserve spaces; in inference they are
/// inputs.
template <int kVersion>
void batch_norm_grad(GradContext& g) {
  const bool training = g.attrs().b("is_training");
  std::vector<Output> inputs{g.dy(), g.input(0), g.input(1), training ? g.output(3) : g.input(3),
                             training ? g.output(4) : g.input(4)};
  if (kVersion == 3) inputs.push_back(g.output(5));
  const char* op = kVersion == 1   ? "FusedBatchNormGrad"
                   : kVersion == 2 ? "FusedBatchNormGradV2"
                                   : "FusedBatchNormGradV3";
  Node* grad = g.builder().node(op, inputs, norm_attrs(g));
  for (int i = 0; i < 3; ++i) {
    if (g.needs(i)) g.set(i, grad->output(i));
  }
}

/// The second gradient: the first one spelled out in elementwise ops, and that differentiated.
void batch_norm_grad_grad(GradContext& g) {
  const bool training = g.attrs().b("is_training");
  const bool nchw = ImageLayout::of(g.attrs()).nchw();
  const float epsilon = g.attrs().f("epsilon");
  const Builder& b = g.builder();
  auto to_nhwc = [&](Output v) { return nchw ? g("Transpose", {v, b.ints({0, 2, 3, 1})}) : v; };
  const Output dy_in = g.input(0), x_in = g.input(1), scale = g.input(2);
  // 16-bit images are computed with in float, as their statistics are.
  const DType narrow = x_in.dtype();
  auto wide = [&](Output v) {
    return v.dtype() == scale.dtype() ? v : g("Cast", {v}, {{"DstT", scale.dtype()}});
  };
  const Output dy = wide(to_nhwc(dy_in)), x = wide(to_nhwc(x_in));
  const Output axes = b.ints({0, 1, 2}, "reduction_indices");
  auto mean_of = [&](Output v) { return g("Mean", {v, axes}, {{"keep_dims", false}}); };
  auto sum_of = [&](Output v) { return g("Sum", {v, axes}, {{"keep_dims", false}}); };
  auto rsqrt_of = [&](Output variance) {
    return g("Rsqrt", {g("AddV2", {variance, b.scalar(epsilon)})});
  };
  Output dx, dscale;
  if (training) {
    const Output mean_x = mean_of(x);
    const Output x_offset = g("Sub", {x, mean_x});
    const Output variance = mean_of(g("Square", {x_offset}));
    const Output inverse = rsqrt_of(variance);
    const Output dy_offset = g("Sub", {dy, mean_of(dy)});
    const Output product = g("Mul", {dy, x_offset});
    const Output along = g("Mul", {g("Mul", {g("Square", {inverse}), mean_of(product)}), x_offset});
    dx = g("Mul", {g("Mul", {scale, inverse}), g("Sub", {dy_offset, along})});
    dscale = g("Mul", {inverse, sum_of(product)});
  } else {
    const Output inverse = rsqrt_of(g.input(4));
    dx = g("Mul", {g("Mul", {dy, scale}), inverse});
    dscale = g("Mul", {sum_of(g("Mul", {dy, g("Sub", {x, g.input(3)})})), inverse});
  }
  const Output doffset = sum_of(dy);
  if (dx.dtype() != narrow) dx = g("Cast", {dx}, {{"DstT", narrow}});
  std::vector<Output> ys;
  GradientOptions options;
  auto seed = [&](int i, Output y, bool image) {
    if (g.raw_dy(i).none()) return;
    ys.push_back(y);
    options.grad_ys.push_back(image ? to_nhwc(g.dy(i)) : g.dy(i));
  };
  seed(0, dx, true);
  seed(1, dscale, false);
  seed(2, doffset, false);
  if (ys.empty()) return;
  options.scope = b.scope() + "/second";
  options.origin = g.node().origin();
  const Output targets[] = {dy_in, x_in, scale};
  std::vector<Output> xs;
  std::vector<int> which;
  for (int i = 0; i < 3; ++i) {
    if (!g.needs(i)) continue;
    xs.push_back(targets[i]);
    which.push_back(i);
  }
  const std::vector<Grad> grads = gradients(b.graph(), ys, xs, options);
  for (std::size_t k = 0; k < grads.size(); ++k) {
    if (!grads[k].none()) g.set(which[k], grads[k]);
  }
}

/// t, m, v, then (beta, gamma) or (gamma, backprop).
template <bool kGrad>
void global_norm_shape(ShapeContext& c) {
  PartialShape x = c.with_rank(0, 4);
  if (kGrad) x = x.merge(c.with_rank(4, 4));
  std::int64_t channels = x[3];
  for (int i = 1; i < (kGrad ? 4 : 5); ++i) channels = same_dim(channels, c.with_rank(i, 1)[0]);
  x.set_dim(3, channels);
  c.set_output(0, x);
  for (int i = 1; i < (kGrad ? 5 : 1); ++i) c.set_output(i, {channels});
}
void global_norm_grad(GradContext& g) {
  AttrList attrs;
  for (const char* name : {"variance_epsilon", "scale_after_normalization"}) {
    attrs.emplace_back(name, g.attrs().at(name));
  }
  Node* grad = g.builder().node("BatchNormWithGlobalNormalizationGrad",
                                {g.input(0), g.input(1), g.input(2), g.input(4), g.dy()}, attrs);
  for (int i = 0; i < 5; ++i) {
    if (g.needs(i)) g.set(i, grad->output(i));
  }
}

void rank4_shape(ShapeContext& c) { c.set_output(0, c.with_rank(0, 4)); }

void lrn_grad_shape(ShapeContext& c) {
  c.set_output(0, c.with_rank(0, 4).merge(c.with_rank(1, 4)).merge(c.with_rank(2, 4)));
}

void lrn_grad(GradContext& g) {
  AttrList attrs;
  for (const char* name : {"depth_radius", "bias", "alpha", "beta"}) {
    attrs.emplace_back(name, g.attrs().at(name));
  }
  g.set(0, g("LRNGrad", {g.dy(), g.input(0), g.output(0)}, std::move(attrs)));
}

#define CAUDAL_NORM_ATTRS \
  "epsilon:float=0.0001; data_format:string{'NHWC','NCHW'}='NHWC'; is_training:bool=true"
#define CAUDAL_NORM_TU "T:type{half,bfloat16,float}; U:type{float}; "
#define CAUDAL_LRN_ATTRS                                              \
  "depth_radius:int=5; bias:float=1; alpha:float=1; beta:float=0.5; " \
  "T:type{half,bfloat16,float}=float"

#define CAUDAL_GLOBAL_NORM_ATTRS                                                             \
  "T:type{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16," \
  "uint16,complex128,half,uint32,uint64}; variance_epsilon:float; scale_after_normalization:bool"

constexpr OpRow kRows[] = {
    {"BatchNormWithGlobalNormalization",
     "t:T m:T v:T beta:T gamma:T -> result:T; " CAUDAL_GLOBAL_NORM_ATTRS, global_norm_shape<false>,
     global_norm_grad},
    {"BatchNormWithGlobalNormalizationGrad",
     "t:T m:T v:T gamma:T backprop:T -> dx:T dm:T dv:T db:T dg:T; " CAUDAL_GLOBAL_NORM_ATTRS,
     global_norm_shape<true>, nullptr},
    {"FusedBatchNorm",
     "x:T scale:T offset:T mean:T variance:T -> y:T batch_mean:T batch_variance:T "
     "reserve_space_1:T reserve_space_2:T; T:type{float}; " CAUDAL_NORM_ATTRS,
     batch_norm_shape<2>, batch_norm_grad<1>},
    {"FusedBatchNormV2",
     "x:T scale:U offset:U mean:U variance:U -> y:T batch_mean:U batch_variance:U "
     "reserve_space_1:U reserve_space_2:U; " CAUDAL_NORM_TU CAUDAL_NORM_ATTRS,
     batch_norm_shape<2>, batch_norm_grad<2>},
    {"FusedBatchNormV3",
     "x:T scale:U offset:U mean:U variance:U -> y:T batch_mean:U batch_variance:U "
     "reserve_space_1:U reserve_space_2:U reserve_space_3:U; " CAUDAL_NORM_TU CAUDAL_NORM_ATTRS,
     batch_norm_shape<3>, batch_norm_grad<3>},
    {"FusedBatchNormGrad",
     "y_backprop:T x:T scale:T reserve_space_1:T reserve_space_2:T -> x_backprop:T "
     "scale_backprop:T offset_backprop:T reserve_space_3:T reserve_space_4:T; "
     "T:type{float}; " CAUDAL_NORM_ATTRS,
     batch_norm_grad_shape<2>, batch_norm_grad_grad},
    {"FusedBatchNormGradV2",
     "y_backprop:T x:T scale:float reserve_space_1:U reserve_space_2:U -> x_backprop:T "
     "scale_backprop:U offset_backprop:U reserve_space_3:U reserve_space_4:U; " CAUDAL_NORM_TU
         CAUDAL_NORM_ATTRS,
     batch_norm_grad_shape<2>, batch_norm_grad_grad},
    {"FusedBatchNormGradV3",
     "y_backprop:T x:T scale:float reserve_space_1:U reserve_space_2:U reserve_space_3:U -> "
     "x_backprop:T scale_backprop:U offset_backprop:U reserve_space_4:U "
     "reserve_space_5:U; " CAUDAL_NORM_TU CAUDAL_NORM_ATTRS,
     batch_norm_grad_shape<3>, batch_norm_grad_grad},
    {"LRN", "input:T -> output:T; " CAUDAL_LRN_ATTRS, rank4_shape, lrn_grad},
    {"LRNGrad", "input_grads:T input_image:T output_image:T -> output:T; " CAUDAL_LRN_ATTRS,
     lrn_grad_shape, nullptr},
};

}  // namespace

std::span<const OpRow> norm_ops() { return kRows; }

}  // namespace caudal::ops
