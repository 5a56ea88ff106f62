// SPDX-License-Identifier: Apache-2.0
#include <numbers>

#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

// The lists of dtypes that many rows share.
#define CAUDAL_T_FLOATS "; T:type{bfloat16,half,float,double}"
#define CAUDAL_T_COMPLEX "; T:type{bfloat16,half,float,double,complex64,complex128}"
#define CAUDAL_T_NUMBERS "; T:type{bfloat16,half,float,double,int32,int64,complex64,complex128}"

namespace caudal::ops {
namespace {

constexpr const char* kFloats = "x:T -> y:T" CAUDAL_T_FLOATS;
constexpr const char* kComplex = "x:T -> y:T" CAUDAL_T_COMPLEX;
constexpr const char* kNumbers = "x:T -> y:T" CAUDAL_T_NUMBERS;
constexpr const char* kPredicate = "x:T -> y:bool" CAUDAL_T_FLOATS;
constexpr const char* kGrad = "y:T dy:T -> z:T" CAUDAL_T_COMPLEX;

#undef CAUDAL_T_FLOATS
#undef CAUDAL_T_COMPLEX
#undef CAUDAL_T_NUMBERS

void neg_grad(GradContext& g) { g.set(0, neg(g, g.dy())); }
void abs_grad(GradContext& g) { g.set(0, mul(g, g.dy(), g("Sign", {g.input(0)}))); }
void sign_grad(GradContext& g) { g.set(0, zeros_like(g, g.input(0))); }
void square_grad(GradContext& g) { g.set(0, mul(g, g.dy(), scale(g, conj(g, g.input(0)), 2))); }

// d f(x) = <grad op>(f(x), dy).
void sqrt_grad(GradContext& g) { g.set(0, g("SqrtGrad", {g.output(0), g.dy()})); }
void rsqrt_grad(GradContext& g) { g.set(0, g("RsqrtGrad", {g.output(0), g.dy()})); }
void reciprocal_grad(GradContext& g) { g.set(0, g("ReciprocalGrad", {g.output(0), g.dy()})); }
void inv_grad(GradContext& g) { g.set(0, g("InvGrad", {g.output(0), g.dy()})); }

// z = dy / (2 y). For complex numbers y stands conjugated in this and the next two.
void sqrt_grad_grad(GradContext& g) {
  const Output ratio = realdiv(g, g.dy(), g.input(0));
  if (g.needs(0)) g.set(0, mul(g, neg(g, conj(g, ratio)), g.output(0)));
  if (g.needs(1)) g.set(1, scale(g, ratio, 0.5));
}
// z = -dy y^3 / 2
void rsqrt_grad_grad(GradContext& g) {
  const Output y = conj(g, g.input(0));
  if (g.needs(0)) {
    g.set(0, mul(g, mul(g, scale(g, conj(g, g.dy()), -1.5), g.input(1)), square(g, y)));
  }
  if (g.needs(1)) g.set(1, g("RsqrtGrad", {y, g.dy()}));
}
// z = -dy y^2
void reciprocal_grad_grad(GradContext& g) {
  const Output y = conj(g, g.input(0));
  if (g.needs(0)) g.set(0, mul(g, mul(g, scale(g, conj(g, g.dy()), -2), g.input(1)), y));
  if (g.needs(1)) g.set(1, g(g.node().op().name, {y, g.dy()}));
}

void exp_grad(GradContext& g) { g.set(0, mul(g, g.dy(), conj(g, g.output(0)))); }
void expm1_grad(GradContext& g) { g.set(0, mul(g, g.dy(), g("Exp", {conj(g, g.input(0))}))); }
void log_grad(GradContext& g) { g.set(0, mul(g, g.dy(), reciprocal(g, conj(g, g.input(0))))); }
void log1p_grad(GradContext& g) {
  const Output x = conj(g, g.input(0));
  g.set(0, mul(g, g.dy(), reciprocal(g, add(g, like(g, x, 1), x))));
}

void sin_grad(GradContext& g) { g.set(0, mul(g, g.dy(), g("Cos", {conj(g, g.input(0))}))); }
void cos_grad(GradContext& g) { g.set(0, mul(g, neg(g, g.dy()), g("Sin", {conj(g, g.input(0))}))); }
void tan_grad(GradContext& g) {
  g.set(0, mul(g, square(g, reciprocal(g, g("Cos", {conj(g, g.input(0))}))), g.dy()));
}
// 1 / sqrt(1 - x^2)
Output inverse_root(GradContext& g) {
  const Output x = conj(g, g.input(0));
  return reciprocal(g, g("Sqrt", {sub(g, like(g, x, 1), square(g, x))}));
}
void asin_grad(GradContext& g) { g.set(0, mul(g, g.dy(), inverse_root(g))); }
void acos_grad(GradContext& g) { g.set(0, mul(g, neg(g, g.dy()), inverse_root(g))); }
void atan_grad(GradContext& g) {
  const Output x = conj(g, g.input(0));
  g.set(0, mul(g, g.dy(), reciprocal(g, add(g, like(g, x, 1), square(g, x)))));
}
void sinh_grad(GradContext& g) { g.set(0, mul(g, g.dy(), g("Cosh", {conj(g, g.input(0))}))); }
void cosh_grad(GradContext& g) { g.set(0, mul(g, g.dy(), g("Sinh", {conj(g, g.input(0))}))); }
void asinh_grad(GradContext& g) { g.set(0, realdiv(g, g.dy(), g("Cosh", {conj(g, g.output(0))}))); }
void acosh_grad(GradContext& g) { g.set(0, realdiv(g, g.dy(), g("Sinh", {conj(g, g.output(0))}))); }
void atanh_grad(GradContext& g) {
  const Output x = conj(g, g.input(0));
  g.set(0, mul(g, g.dy(), reciprocal(g, sub(g, like(g, x, 1), square(g, x)))));
}

// +-2/sqrt(pi) exp(-x^2)
void gauss_grad(GradContext& g, double sign) {
  const Output slope = scale(g, g.dy(), sign * 2 * std::numbers::inv_sqrtpi);
  g.set(0, mul(g, slope, g("Exp", {neg(g, square(g, g.input(0)))})));
}
void erf_grad(GradContext& g) { gauss_grad(g, 1); }
void erfc_grad(GradContext& g) { gauss_grad(g, -1); }
void lgamma_grad(GradContext& g) { g.set(0, mul(g, g.dy(), g("Digamma", {g.input(0)}))); }
void digamma_grad(GradContext& g) {
  const Output x = g.input(0);
  g.set(0, mul(g, g.dy(), g("Polygamma", {like(g, x, 1), x})));
}

void cast_grad(GradContext& g) {
  const DType from = g.input(0).dtype();
  const DType to = g.output(0).dtype();
  const bool differentiable =
      (is_floating(from) || is_complex(from)) && (is_floating(to) || is_complex(to));
  if (differentiable) g.set(0, g("Cast", {g.dy()}, {{"DstT", from}}));
}

constexpr std::uint32_t kMap = kElementwise;

}  // namespace

std::span<const OpRow> unary_ops() {
  static const OpRow rows[] = {
      {"Neg", kNumbers, same_shape, neg_grad, kMap},
      {"Abs", "x:T -> y:T; T:type{bfloat16,half,float,double,int8,int16,int32,int64}", same_shape,
       abs_grad, kMap},
      {"Sign", kNumbers, same_shape, sign_grad, kMap},
      {"Square", kNumbers, same_shape, square_grad, kMap},
      {"Sqrt", kComplex, same_shape, sqrt_grad, kMap},
      {"Rsqrt", kComplex, same_shape, rsqrt_grad, kMap},
      {"Reciprocal", kNumbers, same_shape, reciprocal_grad, kMap},
      {"Inv", kNumbers, same_shape, inv_grad, kMap},
      {"SqrtGrad", kGrad, merged_shape, sqrt_grad_grad, kMap},
      {"RsqrtGrad", kGrad, merged_shape, rsqrt_grad_grad, kMap},
      {"ReciprocalGrad", kGrad, merged_shape, reciprocal_grad_grad, kMap},
      {"InvGrad", kGrad, merged_shape, reciprocal_grad_grad, kMap},
      {"Exp", kComplex, same_shape, exp_grad, kMap},
      {"Expm1", kComplex, same_shape, expm1_grad, kMap},
      {"Log", kComplex, same_shape, log_grad, kMap},
      {"Log1p", kComplex, same_shape, log1p_grad, kMap},
      {"Sin", kComplex, same_shape, sin_grad, kMap},
      {"Cos", kComplex, same_shape, cos_grad, kMap},
      {"Tan", kNumbers, same_shape, tan_grad, kMap},
      {"Asin", kNumbers, same_shape, asin_grad, kMap},
      {"Acos", kNumbers, same_shape, acos_grad, kMap},
      {"Atan", kNumbers, same_shape, atan_grad, kMap},
      {"Sinh", kComplex, same_shape, sinh_grad, kMap},
      {"Cosh", kComplex, same_shape, cosh_grad, kMap},
      {"Asinh", kComplex, same_shape, asinh_grad, kMap},
      {"Acosh", kComplex, same_shape, acosh_grad, kMap},
      {"Atanh", kComplex, same_shape, atanh_grad, kMap},
      {"Floor", kFloats, same_shape, no_gradient, kMap},
      {"Ceil", kFloats, same_shape, no_gradient, kMap},
      {"Round", kNumbers, same_shape, no_gradient, kMap},
      {"Rint", kFloats, same_shape, no_gradient, kMap},
      {"IsNan", kPredicate, same_shape, no_gradient, kMap},
      {"IsInf", kPredicate, same_shape, no_gradient, kMap},
      {"IsFinite", kPredicate, same_shape, no_gradient, kMap},
      {"LogicalNot", "x:bool -> y:bool", same_shape, no_gradient, kMap},
      {"Erf", kFloats, same_shape, erf_grad, kMap},
      {"Erfc", kFloats, same_shape, erfc_grad, kMap},
      {"Lgamma", kFloats, same_shape, lgamma_grad, kMap},
      {"Digamma", kFloats, same_shape, digamma_grad, kMap},
      {"Cast", "x:SrcT -> y:DstT; SrcT:type; DstT:type; Truncate:bool=false", same_shape, cast_grad,
       kMap},
  };
  return rows;
}

}  // namespace caudal::ops
