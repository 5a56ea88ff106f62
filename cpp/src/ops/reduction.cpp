// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bitset>
#include <limits>
#include <optional>

#include "graph/shape_inference.h"
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

#define CAUDAL_T                                                                             \
  "T:type{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16," \
  "uint16,complex128,half,uint32,uint64}"
#define CAUDAL_TIDX "; Tidx:type{int32,int64}=int32"

namespace caudal::ops {
namespace {

using AxisSet = std::bitset<kMaxRank>;

AxisSet axis_set(const Tensor& axes, int rank) {
  AxisSet set;
  for (std::int64_t axis : axes.as_int64s()) {
    if (axis < -rank || axis >= rank) {
      invalid("Invalid reduction dimension ", axis, " for input with ", rank, " dimensions.");
    }
    set.set(std::size_t(axis < 0 ? axis + rank : axis));
  }
  return set;
}

void reduction_shape(ShapeContext& c) {
  const PartialShape& in = c.input(0);
  const PartialShape& axes_shape = c.input(1);
  if (axes_shape.rank() > 1) {
    invalid("Shape must be at most rank 1 but is rank ", axes_shape.rank(), ": reduction_indices");
  }
  const bool keep = c.attrs().b("keep_dims");
  const Tensor* axes = c.constant_input(1);
  if (!in.has_rank()) {
    c.set_output(0, PartialShape::unknown());
    return;
  }
  if (axes == nullptr) {
    // Left open also where it follows, for a scalar: plans wait for the axes only if it is.
    const bool ranked = keep && in.rank() > 0;
    c.set_output(0, ranked ? PartialShape::unknown_of_rank(in.rank()) : PartialShape::unknown());
    return;
  }
  const AxisSet reduced = axis_set(*axes, in.rank());
  PartialShape out = PartialShape::scalar();
  for (int i = 0; i < in.rank(); ++i) {
    if (!reduced[std::size_t(i)]) {
      out.append(in[i]);
    } else if (keep) {
      out.append(1);
    }
  }
  c.set_output(0, out);
}

// The axes over which g's node reduces; none when the input's rank or the axes are not known.
std::optional<AxisSet> known_axes(GradContext& g) {
  const PartialShape& in = g.input(0).shape();
  const Tensor axes = static_value(g.input(1));
  if (!in.has_rank() || !axes.defined()) return std::nullopt;
  return axis_set(axes, in.rank());
}

// The input's shape with 1 for every reduced axis, computed while running.
Output kept_shape(GradContext& g) {
  const Output x = g.input(0);
  const Output rank = g("Rank", {x});
  Output axes = g.input(1);
  if (axes.dtype() != DType::kInt32) axes = g("Cast", {axes}, {{"DstT", DType::kInt32}});
  axes = g("Reshape", {axes, g.builder().ints({-1})});
  axes = g("FloorMod", {add(g, axes, rank), rank}, {}, "mod");
  const Output one = g.builder().scalar(std::int32_t(1));
  const Output zero = g.builder().scalar(std::int32_t(0));
  const Output marks = g("OneHot", {axes, rank, one, zero});
  const Output mask = g("Greater", {g("Max", {marks, g.builder().ints({0})}), zero});
  return g("SelectV2", {mask, one, g("Shape", {x})}, {}, "kept_shape");
}

// `value`, which has the output's shape, with the reduced axes back as 1.
Output with_kept_axes(GradContext& g, Output value) {
  if (g.attrs().b("keep_dims")) return value;
  const std::optional<AxisSet> reduced = known_axes(g);
  if (!reduced) return g("Reshape", {value, kept_shape(g)});
  if (reduced->none()) return value;
  const PartialShape& in = g.input(0).shape();
  std::vector<std::int32_t> dims;
  for (int i = 0; i < in.rank(); ++i) {
    const bool fits = in[i] <= std::numeric_limits<std::int32_t>::max();
    const std::int32_t kept = fits ? std::int32_t(in[i]) : -1;
    dims.push_back((*reduced)[std::size_t(i)] ? 1 : kept);
  }
  if (*std::min_element(dims.begin(), dims.end()) >= 0) {
    return g("Reshape", {value, g.builder().ints(dims, "Reshape/shape")});
  }
  for (int i = 0; i < in.rank(); ++i) {
    if (!(*reduced)[std::size_t(i)]) continue;
    value = g("ExpandDims", {value, g.builder().scalar(std::int32_t(i), "ExpandDims/dim")});
  }
  return value;
}

// `value` of the output's shape, repeated along the reduced axes.
Output spread(GradContext& g, Output value) {
  const std::optional<AxisSet> reduced = known_axes(g);
  if (reduced && reduced->none()) return value;
  return g("BroadcastTo", {with_kept_axes(g, value), shape_of(g, g.input(0))});
}

void sum_grad(GradContext& g) { g.set(0, spread(g, g.dy())); }

void mean_grad(GradContext& g) {
  const Output x = g.input(0);
  const std::optional<AxisSet> reduced = known_axes(g);
  std::int64_t count = reduced ? 1 : -1;
  for (int i = 0; count >= 0 && i < x.shape().rank(); ++i) {
    if (!(*reduced)[std::size_t(i)]) continue;
    count = x.shape()[i] < 0 ? -1 : checked_mul(count, x.shape()[i]);
  }
  Output divisor;
  if (count >= 0) {
    divisor = like(g, x, double(std::max<std::int64_t>(count, 1)));
  } else {
    const AttrList wide = {{"out_type", DType::kInt64}};
    const Output one = g.builder().scalar(std::int64_t(1));
    const Output groups = g("Maximum", {g("Size", {g.output(0)}, wide), one});
    divisor = g("FloorDiv", {g("Size", {x}, wide), groups}, {}, "floordiv");
    divisor = g("Cast", {g("Maximum", {divisor, one})}, {{"DstT", x.dtype()}});
  }
  // Dividing before spreading touches fewer elements and gives the same values.
  g.set(0, spread(g, g("RealDiv", {g.dy(), divisor}, {}, "truediv")));
}

// Ties share the gradient evenly.
void extremum_grad(GradContext& g) {
  const Output x = g.input(0);
  const Output hits =
      g("Cast", {g("Equal", {with_kept_axes(g, g.output(0)), x})}, {{"DstT", x.dtype()}});
  const Output count = g("Sum", {hits, g.input(1)}, {{"keep_dims", true}});
  const Output share = g("RealDiv", {hits, count}, {}, "truediv");
  g.set(0, mul(g, share, with_kept_axes(g, g.dy())));
}

// The product of all other elements along `axis`, right also where elements are zero.
Output product_of_others(GradContext& g, Output x, int axis) {
  const Output dim = g.builder().scalar(std::int32_t(axis), "axis");
  const Output left = g("Cumprod", {x, dim}, {{"exclusive", true}});
  const Output right = g("Cumprod", {x, dim}, {{"exclusive", true}, {"reverse", true}});
  return mul(g, left, right);
}

// The same for any rank and axes, by counting zeros: with none, the product over x; with one, only
// the zero has others that are all nonzero. Its own derivative is right away from zeros only.
Output product_of_others_anywhere(GradContext& g, Output x) {
  const Output is_zero = g("Equal", {x, like(g, x, 0)});
  const Output safe = g("SelectV2", {is_zero, like(g, x, 1), x}, {}, "Select");
  const AttrList keep = {{"keep_dims", true}};
  const Output product = g("Prod", {safe, g.input(1)}, keep);
  const Output marks = g("Cast", {is_zero}, {{"DstT", x.dtype()}});
  const Output zeros = g("Sum", {marks, g.input(1)}, keep);
  const Output other_zeros = sub(g, zeros, marks);
  return keep_where(g, g("Equal", {other_zeros, like(g, x, 0)}), realdiv(g, product, safe));
}

void prod_grad(GradContext& g) {
  const Output x = g.input(0);
  const std::optional<AxisSet> reduced = known_axes(g);
  if (!reduced) {
    g.set(0, mul(g, with_kept_axes(g, g.dy()), conj(g, product_of_others_anywhere(g, x))));
    return;
  }
  if (reduced->none()) {
    g.set(0, g.dy());
    return;
  }
  std::vector<std::int32_t> perm, others;
  for (int i = 0; i < x.shape().rank(); ++i) {
    ((*reduced)[std::size_t(i)] ? perm : others).push_back(i);
  }
  Output rest;
  if (perm.size() == 1) {
    rest = product_of_others(g, x, perm[0]);
  } else {
    // All reduced axes become one, in front.
    const auto count = std::int32_t(perm.size());
    perm.insert(perm.end(), others.begin(), others.end());
    std::vector<std::int32_t> inverse(perm.size());
    for (std::size_t i = 0; i < perm.size(); ++i) inverse[std::size_t(perm[i])] = std::int32_t(i);
    const Output moved = g("Transpose", {x, g.builder().ints(perm, "perm")});
    const Output shape = shape_of(g, moved);
    const Builder& b = g.builder();
    const Output front = g("Slice", {shape, b.ints({0}), b.ints({count})});
    const Output back = g("Slice", {shape, b.ints({count}), b.ints({-1})});
    const Output first = g("Prod", {front, b.ints({0})}, {{"keep_dims", true}});
    const Output flat = g("ConcatV2", {first, back, b.scalar(std::int32_t(0))}, {}, "concat");
    rest = product_of_others(g, g("Reshape", {moved, flat}), 0);
    rest = g("Transpose", {g("Reshape", {rest, shape}), b.ints(inverse, "perm")});
  }
  g.set(0, mul(g, with_kept_axes(g, g.dy()), conj(g, rest)));
}

void euclidean_norm_grad(GradContext& g) {
  const Output norm = with_kept_axes(g, g.output(0));
  g.set(0, realdiv(g, g.input(0), realdiv(g, norm, with_kept_axes(g, g.dy()))));
}

void arg_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  const PartialShape& in = c.input(0);
  const Tensor* dimension = c.constant_input(1);
  if (!in.has_rank()) {
    c.set_output(0, PartialShape::unknown());
    return;
  }
  if (dimension == nullptr) {
    const bool ranked = in.rank() > 1;
    c.set_output(0,
                 ranked ? PartialShape::unknown_of_rank(in.rank() - 1) : PartialShape::unknown());
    return;
  }
  const std::int64_t given = dimension->as_int64s()[0];
  if (given < -in.rank() || given >= in.rank()) {
    invalid("Dimension (", given, ") must be in the range [", -in.rank(), ", ", in.rank(),
            "), where ", in.rank(), " is the number of dimensions in the input.");
  }
  const int axis = normalize_axis(given, in.rank());
  PartialShape out = PartialShape::scalar();
  for (int i = 0; i < in.rank(); ++i) {
    if (i != axis) out.append(in[i]);
  }
  c.set_output(0, out);
}

void scan_shape(ShapeContext& c) {
  const PartialShape& in = c.input(0);
  if (!c.planning()) return c.set_output(0, in);  // TensorFlow leaves checks to the run
  if (c.input(1).has_rank() && c.input(1).rank() != 0) {
    invalid("ScanOp: axis must be a scalar, not ", c.input(1));
  }
  const Tensor* axis = c.constant_input(1);
  if (axis != nullptr && in.has_rank()) {
    const std::int64_t a = axis->as_int64s()[0];
    if (a < -in.rank() || a >= in.rank()) {
      invalid("ScanOp: Expected scan axis in the range [", -in.rank(), ", ", in.rank(),
              "), but got ", a);
    }
  }
  c.set_output(0, in);
}

AttrList scan_attrs(GradContext& g) {
  return {{"exclusive", g.attrs().b("exclusive")}, {"reverse", !g.attrs().b("reverse")}};
}
void cumsum_grad(GradContext& g) { g.set(0, g("Cumsum", {g.dy(), g.input(1)}, scan_attrs(g))); }
void cumprod_grad(GradContext& g) {
  const Output weighted = mul(g, g.output(0), g.dy());
  const Output total = g("Cumsum", {weighted, g.input(1)}, scan_attrs(g));
  g.set(0, realdiv(g, total, g.input(0)));
}

void linspace_shape(ShapeContext& c) {
  for (int i = 0; i < 3; ++i) c.with_rank(i, 0);
  const Tensor* num = c.constant_input(2);
  if (num == nullptr) {
    c.set_output(0, PartialShape::unknown_of_rank(1));
    return;
  }
  const std::int64_t n = num->as_int64s()[0];
  if (n <= 0) invalid("Requires num > 0: ", n);
  c.set_output(0, PartialShape{n});
}

constexpr const char* kReduce =
    "input:T reduction_indices:Tidx -> output:T; keep_dims:bool=false; " CAUDAL_T CAUDAL_TIDX;
constexpr const char* kLogical =
    "input:bool reduction_indices:Tidx -> output:bool; keep_dims:bool=false" CAUDAL_TIDX;
constexpr const char* kArg = "input:T dimension:Tidx -> output:output_type; " CAUDAL_T CAUDAL_TIDX
                             "; output_type:type{int32,int64}=int64";
constexpr const char* kScan =
    "x:T axis:Tidx -> out:T; exclusive:bool=false; reverse:bool=false; " CAUDAL_T CAUDAL_TIDX;

}  // namespace

std::span<const OpRow> reduction_ops() {
  static const OpRow rows[] = {
      {"Sum", kReduce, reduction_shape, sum_grad, kReduction | kOneIsItself},
      {"Mean", kReduce, reduction_shape, mean_grad, kReduction | kOneIsItself},
      {"Prod", kReduce, reduction_shape, prod_grad, kReduction | kOneIsItself},
      {"Max", kReduce, reduction_shape, extremum_grad, kReduction | kOneIsItself},
      {"Min", kReduce, reduction_shape, extremum_grad, kReduction | kOneIsItself},
      {"EuclideanNorm", kReduce, reduction_shape, euclidean_norm_grad, kReduction},
      {"All", kLogical, reduction_shape, no_gradient, kReduction | kOneIsItself},
      {"Any", kLogical, reduction_shape, no_gradient, kReduction | kOneIsItself},
      {"ArgMax", kArg, arg_shape, no_gradient},
      {"ArgMin", kArg, arg_shape, no_gradient},
      {"Cumsum", kScan, scan_shape, cumsum_grad},
      {"Cumprod", kScan, scan_shape, cumprod_grad},
      {"LinSpace", "start:T stop:T num:Tidx -> output:T; T:type{bfloat16,float,double}" CAUDAL_TIDX,
       linspace_shape, no_gradient},
  };
  return rows;
}

}  // namespace caudal::ops
