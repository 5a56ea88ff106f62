// SPDX-License-Identifier: Apache-2.0
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

// The lists of dtypes that many rows share.
#define CAUDAL_T_DIV                                                                   \
  "; T:type{bfloat16,half,float,double,uint8,int8,uint16,int16,int32,int64,complex64," \
  "complex128}"
#define CAUDAL_T_COMPLEX "; T:type{half,float,double,complex64,complex128}"
#define CAUDAL_T_REALS \
  "; T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}"
#define CAUDAL_T_PLAIN                                                                \
  "; T:type{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32," \
  "bfloat16,uint16,complex128,half,uint32,uint64"
#define CAUDAL_T_EQUAL                                                                 \
  "; T:type{bfloat16,half,float,double,uint8,int8,int16,int32,int64,complex64,quint8," \
  "qint8,qint32,string,bool,complex128}; incompatible_shape_error:bool=true"
#define CAUDAL_T_MOD "; T:type{int32,int64,bfloat16,half,float,double}"

namespace caudal::ops {
namespace {

void add_grad(GradContext& g) {
  set_broadcast_grads(g, g.needs(0) ? g.dy() : Output(), g.needs(1) ? g.dy() : Output());
}

void sub_grad(GradContext& g) {
  set_broadcast_grads(g, g.needs(0) ? g.dy() : Output(), g.needs(1) ? g.dy() : Output());
  if (g.needs(1)) g.set(1, neg(g, g.grads()[1].values));  // after the sum: on fewer elements
}

void mul_grad(GradContext& g) {
  const Output gx = g.needs(0) ? mul(g, g.dy(), conj(g, g.input(1))) : Output();
  const Output gy = g.needs(1) ? mul(g, conj(g, g.input(0)), g.dy()) : Output();
  set_broadcast_grads(g, gx, gy);
}

void mul_no_nan_grad(GradContext& g) {
  // As in TensorFlow no conjugates here, nor in the gradients of Xdivy, Xlogy and Cumprod.
  const Output gx = g.needs(0) ? g("MulNoNan", {g.dy(), g.input(1)}) : Output();
  const Output gy = g.needs(1) ? g("MulNoNan", {g.input(0), g.dy()}) : Output();
  set_broadcast_grads(g, gx, gy);
}

// dx = dy / y and dy * (-x / y) / y, with the op's own kind of division.
void div_grad(GradContext& g) {
  const std::string& div = g.node().op().name;
  const Output x = conj(g, g.input(0));
  const Output y = conj(g, g.input(1));
  Output gx, gy;
  if (g.needs(0)) gx = g(div, {g.dy(), y});
  if (g.needs(1)) gy = mul(g, g.dy(), g(div, {g(div, {neg(g, x), y}), y}));
  set_broadcast_grads(g, gx, gy);
}

// x mod y = x - floor(x / y) y
void floor_mod_grad(GradContext& g) {
  Output gy;
  if (g.needs(1)) gy = mul(g, g.dy(), neg(g, g("FloorDiv", {g.input(0), g.input(1)})));
  set_broadcast_grads(g, g.needs(0) ? g.dy() : Output(), gy);
}

void pow_grad(GradContext& g) {
  const Output x = conj(g, g.input(0));
  const Output y = conj(g, g.input(1));
  Output gx, gy;
  if (g.needs(0)) {
    gx = mul(g, mul(g, g.dy(), y), g("Pow", {x, sub(g, y, like(g, y, 1))}));
  }
  if (g.needs(1)) {
    // The logarithm counts as zero where it is not real (complex: not finite); it sees ones there,
    // so its own gradient stays finite.
    const Output positive = g(is_complex(x.dtype()) ? "NotEqual" : "Greater", {x, like(g, x, 0)});
    const Output safe = g("SelectV2", {positive, x, like(g, x, 1)}, {}, "Select");
    gy = mul(g, mul(g, g.dy(), conj(g, g.output(0))), keep_where(g, positive, g("Log", {safe})));
  }
  set_broadcast_grads(g, gx, gy);
}

// Ties go to the first input.
void extremum_grad(GradContext& g, const char* first_wins) {
  const Output mask = g(first_wins, {g.input(0), g.input(1)});
  const Output gx = g.needs(0) ? keep_where(g, mask, g.dy()) : Output();
  const Output gy = g.needs(1) ? zero_where(g, mask, g.dy()) : Output();
  set_broadcast_grads(g, gx, gy);
}
void maximum_grad(GradContext& g) { extremum_grad(g, "GreaterEqual"); }
void minimum_grad(GradContext& g) { extremum_grad(g, "LessEqual"); }

void squared_difference_grad(GradContext& g) {
  // Of complex numbers it is |x - y|^2, to which the conjugate contributes as well.
  const Output dy = g.dy();
  const Output twice = is_complex(dy.dtype()) ? add(g, dy, conj(g, dy)) : scale(g, dy, 2);
  const Output slope = mul(g, twice, sub(g, g.input(0), g.input(1)));
  set_broadcast_grads(g, g.needs(0) ? slope : Output(), g.needs(1) ? slope : Output());
  if (g.needs(1)) g.set(1, neg(g, g.grads()[1].values));
}

void atan2_grad(GradContext& g) {
  const Output y = g.input(0);
  const Output x = g.input(1);
  const Output slope = realdiv(g, g.dy(), add(g, square(g, x), square(g, y)));
  const Output gx = g.needs(0) ? mul(g, x, slope) : Output();
  const Output gy = g.needs(1) ? mul(g, neg(g, y), slope) : Output();
  set_broadcast_grads(g, gx, gy);
}

// 1 where x != 0, in x's dtype: zero times anything counts as zero, and so does its derivative.
Output not_zero(GradContext& g, Output x) {
  return g("Cast", {g("NotEqual", {x, like(g, x, 0)})}, {{"DstT", x.dtype()}});
}
void xdivy_grad(GradContext& g) {
  const Output x = g.input(0), y = g.input(1);
  Output gx, gy;
  if (g.needs(0)) gx = mul(g, g("Xdivy", {not_zero(g, x), y}), g.dy());
  if (g.needs(1)) gy = mul(g, g("Xdivy", {neg(g, x), square(g, y)}), g.dy());
  set_broadcast_grads(g, gx, gy);
}
void xlogy_grad(GradContext& g) {
  const Output x = g.input(0), y = g.input(1);
  Output gx, gy;
  if (g.needs(0)) gx = mul(g, g("Xlogy", {not_zero(g, x), y}), g.dy());
  if (g.needs(1)) gy = mul(g, g("Xdivy", {x, y}), g.dy());
  set_broadcast_grads(g, gx, gy);
}

// The derivative towards the order resp. the exponent is not known in closed form.
void zeta_grad(GradContext& g) {
  const Output x = g.input(0);
  const Output q = g.input(1);
  Output gq;
  if (g.needs(1)) {
    gq = mul(g, mul(g, neg(g, x), g("Zeta", {add(g, x, like(g, x, 1)), q})), g.dy());
  }
  set_broadcast_grads(g, Output(), gq);
}
void polygamma_grad(GradContext& g) {
  const Output n = g.input(0);
  Output gx;
  if (g.needs(1)) {
    gx = mul(g, g("Polygamma", {add(g, n, like(g, n, 1)), g.input(1)}), g.dy());
  }
  set_broadcast_grads(g, Output(), gx);
}

void sum_of_all_grad(GradContext& g) {
  for (int i = 0; i < g.num_inputs(); ++i) {
    if (g.needs(i)) g.set(i, g.raw_dy(0));
  }
}

void select_shape(ShapeContext& c) {
  const PartialShape out = c.input(1).merge(c.input(2));
  const PartialShape& condition = c.input(0);
  if (condition.has_rank() && out.has_rank() && condition.rank() != 0) {
    if (condition.rank() == 1 && out.rank() > 1) {
      ShapeContext::merge_dim(condition[0], out[0]);
    } else {
      condition.merge(out);
    }
  }
  c.set_output(0, out);
}
void select_grad(GradContext& g) {
  const Output zeros = zeros_like(g, g.input(1));
  if (g.needs(1)) g.set(1, g("Select", {g.input(0), g.dy(), zeros}));
  if (g.needs(2)) g.set(2, g("Select", {g.input(0), zeros, g.dy()}));
}

void select_v2_shape(ShapeContext& c) {
  c.set_output(0, broadcast(broadcast(c.input(1), c.input(2)), c.input(0)));
}
void select_v2_grad(GradContext& g) {
  if (g.needs(1)) g.set(1, sum_to(g, keep_where(g, g.input(0), g.dy()), g.input(1)));
  if (g.needs(2)) g.set(2, sum_to(g, zero_where(g, g.input(0), g.dy()), g.input(2)));
}

void clip_by_value_grad(GradContext& g) {
  const Output x = g.input(0);
  const Output low = g("Less", {x, g.input(1)});
  const Output high = g("Greater", {x, g.input(2)});
  if (g.needs(0)) g.set(0, zero_where(g, g("LogicalOr", {low, high}), g.dy()));
  if (g.needs(1)) g.set(1, sum_to(g, keep_where(g, low, g.dy()), g.input(1)));
  if (g.needs(2)) g.set(2, sum_to(g, keep_where(g, high, g.dy()), g.input(2)));
}

void add_n_shape(ShapeContext& c) {
  PartialShape out = c.input(c.num_inputs() - 1);
  for (int i = c.num_inputs() - 1; i-- > 0;) {
    const PartialShape& x = c.input(i);
    if (c.planning() && !x.compatible_with(out)) {
      invalid("Inputs to operation AddN of type AddN must have the same size and shape.  Input 0: ",
              c.input(0), " != input ", i + 1, ": ", c.input(i + 1));
    }
    try {
      out = x.merge(out);
    } catch (const Error& e) {
      fail(e.code(), e.what(), " From merging shape ", i, " with other shapes.");
    }
  }
  c.set_output(0, out);
}

void accumulate_shape(ShapeContext& c) {
  PartialShape shape = c.attrs().shape("shape");
  for (int i = 0; i < c.num_inputs(); ++i) shape = shape.merge(c.input(i));
  c.set_output(0, shape);
}

constexpr std::uint32_t kMap = kElementwise;
constexpr std::uint32_t kSwap = kElementwise | kCommutative;

#define CAUDAL_XYZ "x:T y:T -> z:T"
constexpr const char* kDivision = CAUDAL_XYZ CAUDAL_T_DIV;
constexpr const char* kComplex = CAUDAL_XYZ CAUDAL_T_COMPLEX;
constexpr const char* kExtremum = CAUDAL_XYZ "; T:type{bfloat16,half,float,double,int32,int64}";
constexpr const char* kOrder = "x:T y:T -> z:bool" CAUDAL_T_REALS;
constexpr const char* kEquality = "x:T y:T -> z:bool" CAUDAL_T_EQUAL;
constexpr const char* kLogical = "x:bool y:bool -> z:bool";
constexpr const char* kSelect = "condition:bool t:T e:T -> output:T; T:type";

}  // namespace

std::span<const OpRow> binary_ops() {
  static const OpRow rows[] = {
      {"Add",
       CAUDAL_XYZ "; T:type{bfloat16,half,float,double,uint8,int8,int16,int32,int64,complex64,"
                  "complex128,string}",
       broadcast_shape, add_grad, kMap | kAddition},
      {"AddV2",
       CAUDAL_XYZ "; T:type{bfloat16,half,float,double,uint8,int8,int16,int32,int64,complex64,"
                  "complex128}",
       broadcast_shape, add_grad, kSwap | kAddition},
      {"Sub", kDivision, broadcast_shape, sub_grad, kMap},
      {"Mul", kDivision, broadcast_shape, mul_grad, kSwap},
      {"Div", kDivision, broadcast_shape, div_grad, kMap},
      {"RealDiv", kDivision, broadcast_shape, div_grad, kMap},
      {"FloorDiv", kDivision, broadcast_shape, no_gradient, kMap},
      {"TruncateDiv", kDivision, broadcast_shape, no_gradient, kMap},
      {"FloorMod", CAUDAL_XYZ CAUDAL_T_MOD, broadcast_shape, floor_mod_grad, kMap},
      {"Mod", CAUDAL_XYZ "; T:type{int32,int64,half,half,bfloat16,float,double}", broadcast_shape,
       nullptr, kMap},
      {"TruncateMod", CAUDAL_XYZ CAUDAL_T_MOD, broadcast_shape, nullptr, kMap},
      {"Pow", CAUDAL_XYZ "; T:type{bfloat16,float,half,double,int32,int64,complex64,complex128}",
       broadcast_shape, pow_grad, kMap},
      {"Maximum", kExtremum, broadcast_shape, maximum_grad, kMap},
      {"Minimum", kExtremum, broadcast_shape, minimum_grad, kMap},
      {"SquaredDifference",
       CAUDAL_XYZ "; T:type{bfloat16,half,float,double,int32,int64,complex64,complex128}",
       broadcast_shape, squared_difference_grad, kSwap},
      {"Atan2", "y:T x:T -> z:T; T:type{bfloat16,half,float,double}", broadcast_shape, atan2_grad,
       kMap},
      {"DivNoNan", kComplex, broadcast_shape, div_grad, kMap},
      {"MulNoNan", kComplex, broadcast_shape, mul_no_nan_grad, kMap},
      {"Xdivy", kComplex, broadcast_shape, xdivy_grad, kMap},
      {"Xlogy", kComplex, broadcast_shape, xlogy_grad, kMap},
      {"Zeta", "x:T q:T -> z:T; T:type{float,double}", broadcast_shape, zeta_grad},
      {"Polygamma", "a:T x:T -> z:T; T:type{float,double}", broadcast_shape, polygamma_grad},
      {"AddN", "inputs:N*T -> sum:T; N:int>=1" CAUDAL_T_PLAIN ",variant}", add_n_shape,
       sum_of_all_grad, kSwap},
      {"AccumulateNV2", "inputs:N*T -> sum:T; N:int>=1" CAUDAL_T_PLAIN "}; shape:shape",
       accumulate_shape, sum_of_all_grad, kSwap},
      {"LogicalAnd", kLogical, broadcast_shape, no_gradient, kSwap},
      {"LogicalOr", kLogical, broadcast_shape, no_gradient, kSwap},
      {"Less", kOrder, broadcast_shape, no_gradient, kMap},
      {"LessEqual", kOrder, broadcast_shape, no_gradient, kMap},
      {"Greater", kOrder, broadcast_shape, no_gradient, kMap},
      {"GreaterEqual", kOrder, broadcast_shape, no_gradient, kMap},
      {"Equal", kEquality, broadcast_shape, no_gradient, kSwap},
      {"NotEqual", kEquality, broadcast_shape, no_gradient, kSwap},
      {"ApproximateEqual", "x:T y:T -> z:bool" CAUDAL_T_PLAIN "}; tolerance:float=9.99999975e-06",
       merged_shape, no_gradient, kSwap},
      // Its condition may be a vector over the first axis, which kernels know.
      {"Select", kSelect, select_shape, select_grad, kMap},
      {"SelectV2", kSelect, select_v2_shape, select_v2_grad, kMap},
      {"ClipByValue", "t:T clip_value_min:T clip_value_max:T -> output:T" CAUDAL_T_PLAIN "}",
       same_shape, clip_by_value_grad, kMap},
  };
  return rows;
}

}  // namespace caudal::ops
