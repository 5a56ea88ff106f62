// SPDX-License-Identifier: Apache-2.0
// Transcendental functions of floats.
#include "kernels/cpu/vector/loops.h"
#include "kernels/cpu/vector/vector_math.h"

namespace caudal::cpu::CAUDAL_ISA {

std::span<const LoopRow> math_loops() {
  static constexpr LoopRow rows[] = {
      unary<Floats, kMath>("Exp", [](auto x) { return vm::exp(x); }),
      unary<Floats, kMath>("Expm1", [](auto x) { return vm::expm1(x); }),
      unary<Floats, kMath>("Log", [](auto x) { return vm::log(x); }),
      unary<Floats, kMath>("Log1p", [](auto x) { return vm::log1p(x); }),
      unary<Floats, kMath>("Sin", [](auto x) { return vm::sin(x); }),
      unary<Floats, kMath>("Cos", [](auto x) { return vm::cos(x); }),
      unary<Floats, kMath>("Tan", [](auto x) { return vm::tan(x); }),
      unary<Floats, kMath>("Asin", [](auto x) { return vm::asin(x); }),
      unary<Floats, kMath>("Acos", [](auto x) { return vm::acos(x); }),
      unary<Floats, kMath>("Atan", [](auto x) { return vm::atan(x); }),
      unary<Floats, kMath>("Sinh", [](auto x) { return vm::sinh(x); }),
      unary<Floats, kMath>("Cosh", [](auto x) { return vm::cosh(x); }),
      unary<Floats, kMath>("Tanh", [](auto x) { return vm::tanh(x); }),
      unary<Floats, kMath>("Asinh", [](auto x) { return vm::asinh(x); }),
      unary<Floats, kMath>("Acosh", [](auto x) { return vm::acosh(x); }),
      unary<Floats, kMath>("Atanh", [](auto x) { return vm::atanh(x); }),
      unary<Floats, kMath>("Erf", [](auto x) { return vm::erf(x); }),
      unary<Floats, kMath>("Erfc", [](auto x) { return vm::erfc(x); }),
      unary<Floats, kSlow>("Lgamma", [](auto x) { return vm::lgamma(x); }),
      unary<Floats, kSlow>("Digamma", [](auto x) { return vm::digamma(x); }),
      binary<Floats, kMath>("Pow", [](auto x, auto y) { return vm::pow(x, y); }),
      binary<Floats, kMath>("Atan2", [](auto y, auto x) { return vm::atan2(y, x); }),
      binary<Floats, kMath>("Xlogy",
                            [](auto x, auto y) {
                              const auto product = x * vm::log(y);
                              return x == 0 ? 0 : product;
                            }),
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
