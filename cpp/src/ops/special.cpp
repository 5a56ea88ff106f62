// SPDX-License-Identifier: Apache-2.0
// Special functions, counting into bins, and other numerical ops that stand alone.
#include <algorithm>

#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

Output exp_of(const GradContext& g, Output x) { return g("Exp", {x}); }
Output log_of(const GradContext& g, Output x) { return g("Log", {x}); }
Output lgamma_of(const GradContext& g, Output x) { return g("Lgamma", {x}); }

// d P(a, x) / dx = exp(-x + (a - 1) log x - lgamma a)
void incomplete_gamma_grad(GradContext& g, bool upper) {
  const Output a = g.input(0), x = g.input(1);
  Output ga, gx;
  const auto signed_grad = [&](Output v) { return upper ? neg(g, v) : v; };
  if (g.needs(0)) ga = signed_grad(mul(g, g("IgammaGradA", {a, x}), g.dy()));
  if (g.needs(1)) {
    const Output power = mul(g, sub(g, a, like(g, a, 1)), log_of(g, x));
    const Output density = exp_of(g, sub(g, sub(g, power, x), lgamma_of(g, a)));
    gx = signed_grad(mul(g, density, g.dy()));
  }
  set_broadcast_grads(g, ga, gx);
}
void igamma_grad(GradContext& g) { incomplete_gamma_grad(g, false); }
void igammac_grad(GradContext& g) { incomplete_gamma_grad(g, true); }

// Scalars go with any shape; other shapes must be equal.
void betainc_shape(ShapeContext& c) {
  PartialShape out;
  bool unknown = false;
  if (c.planning()) {
    constexpr const char* kNames[] = {"a", "b", "x"};
    for (const auto& [i, j] : {std::pair{0, 1}, {0, 2}, {1, 2}}) {
      const PartialShape &p = c.input(i), &q = c.input(j);
      if (p.rank() > 0 && q.rank() > 0 && !p.compatible_with(q)) {
        invalid("Shapes of ", kNames[i], " and ", kNames[j], " are inconsistent: ", p, " vs. ", q);
      }
    }
  }
  for (int i = 0; i < 3; ++i) {
    if (!c.input(i).has_rank()) unknown = true;
    if (c.input(i).rank() != 0) out = out.merge(c.input(i));
  }
  if (!out.has_rank() && !unknown) out = PartialShape::scalar();
  if (unknown && !out.has_rank()) out = PartialShape::unknown();
  c.set_output(0, out);
}
// Only towards x: the derivatives towards a and b are not known in closed form.
void betainc_grad(GradContext& g) {
  const Output a = g.input(0), b = g.input(1), x = g.input(2);
  if (!g.needs(2)) return;
  const Output one = like(g, x, 1);
  const Output log_beta =
      sub(g, add(g, lgamma_of(g, a), lgamma_of(g, b)), lgamma_of(g, add(g, a, b)));
  const Output powers = add(g, mul(g, sub(g, b, one), log_of(g, sub(g, one, x))),
                            mul(g, sub(g, a, one), log_of(g, x)));
  g.set(2, sum_to(g, mul(g, exp_of(g, sub(g, powers, log_beta)), g.dy()), x));
}

void bessel_i0e_grad(GradContext& g) {
  const Output x = g.input(0);
  const Output slope = sub(g, g("BesselI1e", {x}), mul(g, g("Sign", {x}), g.output(0)));
  g.set(0, mul(g, g.dy(), slope));
}
// Near 0 the slope is 1/2, where the general formula divides by x.
void bessel_i1e_grad(GradContext& g) {
  const Output x = g.input(0);
  const double eps = x.dtype() == DType::kDouble ? 2.220446049250313e-16 : 1.1920928955078125e-07;
  const Output away = g("Greater", {g("Abs", {x}), like(g, x, eps)});
  const Output safe = g("SelectV2", {away, x, like(g, x, eps)}, {}, "Select");
  const Output factor = add(g, g("Sign", {safe}), reciprocal(g, safe));
  const Output slope = sub(g, g("BesselI0e", {safe}), mul(g, g.output(0), factor));
  g.set(0, mul(g, g.dy(), g("SelectV2", {away, slope, like(g, x, 0.5)}, {}, "Select")));
}

void next_after_grad(GradContext& g) {
  set_broadcast_grads(g, g.needs(0) ? g.dy() : Output(),
                      g.needs(1) ? zeros_like(g, g.dy()) : Output());
}

void cumulative_shape(ShapeContext& c) {
  const PartialShape& x = c.input(0);
  if (!c.planning()) return c.set_output(0, x);  // TensorFlow leaves checks to the run
  if (c.input(1).rank() != 0) invalid("ScanOp: axis must be a scalar, not ", c.input(1));
  const Tensor* axis = c.constant_input(1);
  const std::int64_t a = axis == nullptr ? 0 : axis->as_int64s().at(0);
  if (axis != nullptr && (a < -x.rank() || a >= x.rank())) {
    invalid("ScanOp: Expected scan axis in the range [", -x.rank(), ", ", x.rank(), "), but got ",
            a);
  }
  c.set_output(0, x);
}
// In logarithms; positive and negative gradients go separate ways.
void cumulative_logsumexp_grad(GradContext& g) {
  const Output x = g.input(0), axis = g.input(1), dy = g.dy(), y = g.output(0);
  const Output zero = like(g, dy, 0);
  const double lowest = x.dtype() == DType::kDouble  ? -1.7976931348623157e308
                        : x.dtype() == DType::kFloat ? -3.4028234663852886e38
                                                     : -65504.0;
  const AttrList attrs{{"exclusive", g.attrs().at("exclusive")},
                       {"reverse", !g.attrs().b("reverse")}};
  const auto part = [&](Output chosen, Output magnitude) {
    // The logarithm sees ones where it is not used, so that its own gradient stays finite.
    const Output safe = g("SelectV2", {chosen, magnitude, like(g, dy, 1)}, {}, "Select");
    const Output log = g("SelectV2", {chosen, log_of(g, safe), like(g, dy, lowest)}, {}, "Select");
    const Output sum = g("CumulativeLogsumexp", {sub(g, log, y), axis}, attrs);
    return exp_of(g, add(g, sum, x));
  };
  g.set(0, sub(g, part(g("Greater", {dy, zero}), dy), part(g("Less", {dy, zero}), neg(g, dy))));
}

void cross_shape(ShapeContext& c) {
  if (c.planning() && !c.input(0).compatible_with(c.input(1))) {
    invalid("Both inputs must be of same shape: ", c.input(0), " vs. ", c.input(1));
  }
  const PartialShape out = c.with_rank_at_least(0, 1).merge(c.with_rank_at_least(1, 1));
  if (out.has_rank()) {
    const std::int64_t n = out.dim(-1);
    if (n >= 0 && n != 3) invalid("Dimension must be 3 but is ", n);
  }
  c.set_output(0, out);
}
void cross_grad(GradContext& g) {
  if (g.needs(0)) g.set(0, g("Cross", {g.input(1), g.dy()}));
  if (g.needs(1)) g.set(1, g("Cross", {g.dy(), g.input(0)}));
}

void bincount_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  std::int64_t n = -1;
  if (const Tensor* size = c.constant_input(1)) {
    n = size->as_int64s().at(0);
    if (n < 0) invalid("Dimension size, given by scalar input 1, must be non-negative but is ", n);
  }
  c.set_output(0, PartialShape{n});
}

void histogram_shape(ShapeContext& c) {
  const PartialShape range = c.with_rank(1, 1);
  if (range[0] >= 0 && range[0] != 2) invalid("Dimension must be 2 but is ", range[0]);
  c.with_rank(2, 0);
  std::int64_t n = -1;
  if (const Tensor* bins = c.constant_input(2)) {
    n = bins->as_int64s().at(0);
    if (n <= 0) invalid("Dimension must be greater than 0, but is ", n);
  }
  c.set_output(0, PartialShape{n});
}

void bucketize_shape(ShapeContext& c) {
  const auto& bounds = c.attrs().at("boundaries").get<std::vector<float>>();
  if (c.planning() && !std::ranges::is_sorted(bounds)) invalid("Expected sorted boundaries");
  c.set_output(0, c.input(0));
}

void bitpack_shape(ShapeContext& c) {
  PartialShape out = c.with_rank_at_least(0, 1);
  c.with_rank(1, 0);
  if (out.has_rank()) {
    const std::int64_t n = out.dim(-1);
    if (n >= 0 && n % 8 != 0) {
      invalid("Inner dimension of input should be divisible by 8, but saw shape: ", out);
    }
    out.set_dim(out.rank() - 1, n < 0 ? n : n / 8);
  }
  c.set_output(0, out);
}

void nth_element_shape(ShapeContext& c) {
  const PartialShape in = c.with_rank_at_least(0, 1);
  c.with_rank(1, 0);
  if (const Tensor* value = c.constant_input(1)) {
    const std::int64_t n = value->as_int64s().at(0);
    if (n < 0) invalid("Input n must be non-negative but is ", n);
    if (in.has_rank() && in.dim(-1) >= 0 && in.dim(-1) <= n) {
      invalid("Input must have last dimension > n = ", n, " but is ", in.dim(-1));
    }
  }
  if (!in.has_rank()) return c.set_output(0, in);
  c.set_output(0, PartialShape(in.dims().first(std::size_t(in.rank() - 1))));
}
// Elements that equal the result share the gradient.
void nth_element_grad(GradContext& g) {
  const Builder& b = g.builder();
  const Output x = g.input(0), last = b.scalar(std::int32_t{-1});
  const Output chosen = g("Equal", {g("ExpandDims", {g.output(0), last}), x});
  const Output ones = g("Cast", {chosen}, {{"DstT", x.dtype()}});
  const Output count = g("Sum", {ones, last}, {{"keep_dims", true}});
  g.set(0, mul(g, realdiv(g, ones, count), g("ExpandDims", {g.dy(), last})));
}

void sparse_mat_mul_shape(ShapeContext& c) {
  const PartialShape a = c.with_rank(0, 2), b = c.with_rank(1, 2);
  const bool ta = c.attrs().b("transpose_a"), tb = c.attrs().b("transpose_b");
  ShapeContext::merge_dim(a[ta ? 0 : 1], b[tb ? 1 : 0]);
  c.set_output(0, PartialShape{a[ta ? 1 : 0], b[tb ? 0 : 1]});
}
void sparse_mat_mul_grad(GradContext& g) {
  const bool ta = g.attrs().b("transpose_a"), tb = g.attrs().b("transpose_b");
  const Output a = g.input(0), b = g.input(1);
  const auto product = [&](Output u, Output v, bool tu, bool tv, DType wanted) {
    const Output p = g("SparseMatMul", {u, v}, {{"transpose_a", tu}, {"transpose_b", tv}});
    return wanted == p.dtype() ? p : g("Cast", {p}, {{"DstT", wanted}});
  };
  const Output dy = g.dy();
  if (g.needs(0)) {
    g.set(0, ta ? product(b, dy, tb, true, a.dtype()) : product(dy, b, false, !tb, a.dtype()));
  }
  if (g.needs(1)) {
    g.set(1, tb ? product(dy, a, true, ta, b.dtype()) : product(a, dy, !ta, false, b.dtype()));
  }
}

#define CAUDAL_REAL \
  "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}"

constexpr OpRow kRows[] = {
    {"Igamma", "a:T x:T -> z:T; T:type{float,double}", broadcast_shape, igamma_grad},
    {"Igammac", "a:T x:T -> z:T; T:type{float,double}", broadcast_shape, igammac_grad},
    {"IgammaGradA", "a:T x:T -> z:T; T:type{float,double}", broadcast_shape, nullptr},
    {"RandomGammaGrad", "alpha:T sample:T -> output:T; T:type{float,double}", broadcast_shape,
     nullptr},
    {"Betainc", "a:T b:T x:T -> z:T; T:type{float,double}", betainc_shape, betainc_grad},
    {"BesselI0e", "x:T -> y:T; T:type{bfloat16,half,float,double}", same_shape, bessel_i0e_grad},
    {"BesselI1e", "x:T -> y:T; T:type{bfloat16,half,float,double}", same_shape, bessel_i1e_grad},
    {"NextAfter", "x1:T x2:T -> output:T; T:type{double,float}=float", broadcast_shape,
     next_after_grad},
    {"CumulativeLogsumexp",
     "x:T axis:Tidx -> out:T; exclusive:bool=false; reverse:bool=false; "
     "T:type{half,float,double}; Tidx:type{int32,int64}=int32",
     cumulative_shape, cumulative_logsumexp_grad},
    {"Cross", "a:T b:T -> product:T; " CAUDAL_REAL, cross_shape, cross_grad},
    {"Bincount", "arr:int32 size:int32 weights:T -> bins:T; T:type{int32,int64,float,double}",
     bincount_shape, nullptr},
    {"HistogramFixedWidth",
     "values:T value_range:T nbins:int32 -> out:dtype; T:type{int32,int64,float,double}; "
     "dtype:type{int32,int64}=int32",
     histogram_shape, nullptr},
    {"Bucketize",
     "input:T -> output:int32; T:type{int32,int64,float,double}; boundaries:list(float)",
     bucketize_shape, nullptr},
    {"CompareAndBitpack",
     "input:T threshold:T -> output:uint8; T:type{bool,half,float,double,int8,int16,int32,int64}",
     bitpack_shape, nullptr},
    {"NthElement", "input:T n:int32 -> values:T; reverse:bool=false; " CAUDAL_REAL,
     nth_element_shape, nth_element_grad},
    {"SparseMatMul",
     "a:Ta b:Tb -> product:float; transpose_a:bool=false; transpose_b:bool=false; "
     "a_is_sparse:bool=false; b_is_sparse:bool=false; Ta:type{float,bfloat16}=float; "
     "Tb:type{float,bfloat16}=float",
     sparse_mat_mul_shape, sparse_mat_mul_grad},
};

}  // namespace

std::span<const OpRow> special_ops() { return kRows; }

}  // namespace caudal::ops
