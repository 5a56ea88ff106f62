// SPDX-License-Identifier: Apache-2.0
// Parts of complex numbers, and making complex numbers of parts. The gradient towards a complex
// input is the conjugate of the derivative where that exists, as in TensorFlow.
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

DType part_of(DType t) { return t == DType::kComplex64 ? DType::kFloat : DType::kDouble; }
DType whole_of(DType t) { return t == DType::kFloat ? DType::kComplex64 : DType::kComplex128; }

Output real(GradContext& g, Output x) { return g("Real", {x}, {{"Tout", part_of(x.dtype())}}); }
Output imag(GradContext& g, Output x) { return g("Imag", {x}, {{"Tout", part_of(x.dtype())}}); }
Output complex_of(GradContext& g, Output re, Output im) {
  return g("Complex", {re, im}, {{"Tout", whole_of(re.dtype())}});
}
Output widened(GradContext& g, Output re) { return complex_of(g, re, like(g, re, 0)); }

void complex_grad(GradContext& g) {
  const Output gx = g.needs(0) ? real(g, g.dy()) : Output();
  const Output gy = g.needs(1) ? imag(g, g.dy()) : Output();
  set_broadcast_grads(g, gx, gy);
}
void real_grad(GradContext& g) { g.set(0, widened(g, g.dy())); }
void imag_grad(GradContext& g) { g.set(0, complex_of(g, like(g, g.dy(), 0), g.dy())); }
void conj_grad(GradContext& g) { g.set(0, g("Conj", {g.dy()})); }

// d|x| = x / |x|, and zero at zero.
void complex_abs_grad(GradContext& g) {
  const Output along = mul(g, widened(g, g.dy()), g.input(0));
  g.set(0, g("DivNoNan", {along, widened(g, g.output(0))}));
}

// d arg(x) = i x / |x|^2 = -1 / (imag + i real).
void angle_grad(GradContext& g) {
  const Output x = g.input(0);
  const Output swapped = complex_of(g, imag(g, x), real(g, x));
  g.set(0, mul(g, neg(g, widened(g, g.dy())), reciprocal(g, swapped)));
}

#define CAUDAL_PART                                                                         \
  "input:T -> output:Tout; T:type{complex64,complex128}=complex64; Tout:type{float,double}" \
  "=float"

}  // namespace

std::span<const OpRow> complex_ops() {
  static const OpRow rows[] = {
      {"Complex",
       "real:T imag:T -> out:Tout; T:type{float,double}=float; "
       "Tout:type{complex64,complex128}=complex64",
       broadcast_shape, complex_grad, kElementwise},
      {"Real", CAUDAL_PART, same_shape, real_grad, kElementwise},
      {"Imag", CAUDAL_PART, same_shape, imag_grad, kElementwise},
      {"Angle", CAUDAL_PART, same_shape, angle_grad, kElementwise},
      {"ComplexAbs",
       "x:T -> y:Tout; T:type{complex64,complex128}=complex64; Tout:type{float,double}=float",
       same_shape, complex_abs_grad, kElementwise},
      {"Conj", "input:T -> output:T; T:type{complex64,complex128,variant}=complex64", same_shape,
       conj_grad, kElementwise},
  };
  return rows;
}

}  // namespace caudal::ops
