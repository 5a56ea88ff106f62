// SPDX-License-Identifier: Apache-2.0
// Activations and their gradients. A gradient has two operands, in the order of its op.
#include "kernels/cpu/vector/loops.h"
#include "kernels/cpu/vector/vector_math.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

// The fixed point of self-normalising networks: mean 0 and variance 1 map to themselves.
constexpr double kSeluScale = 1.0507009873554804934193349852946;
constexpr double kSeluAlpha = 1.6732632423543772848170429916717;
constexpr double kSeluScaleAlpha = kSeluScale * kSeluAlpha;

}  // namespace

std::span<const LoopRow> activation_loops() {
  static constexpr LoopRow rows[] = {
      unary<Floats, kMath>("Sigmoid", [](auto x) { return vm::sigmoid(x); }),
      unary<Numbers>("Relu", [](auto x) { return x < 0 ? decltype(x)(0) : x; }),
      unary<Numbers>("Relu6",
                     [](auto x) {
                       using T = decltype(x);
                       return x < T(0) ? T(0) : x > T(6) ? T(6) : x;
                     }),
      unary<Floats>(
          "LeakyRelu", [](auto x, auto alpha) { return x < 0 ? x * alpha : x; }, "alpha"),
      unary<Floats, kMath>("Elu",
                           [](auto x) {
                             const auto below = vm::expm1(x);
                             return x < 0 ? below : x;
                           }),
      unary<Floats, kMath>("Selu",
                           [](auto x) {
                             using T = decltype(x);
                             const T below = T(kSeluScaleAlpha) * vm::expm1(x);
                             return x < 0 ? below : T(kSeluScale) * x;
                           }),
      unary<Floats, kMath>("Softplus", [](auto x) { return vm::softplus(x); }),
      unary<Floats, kDivision>("Softsign", [](auto x) { return x / (1 + vm::abs(x)); }),

      // A product, not a choice: NaN and infinite gradients stay visible, as in TensorFlow.
      binary<Numbers>("ReluGrad", [](auto g, auto x) { return decltype(g)(g * (x > 0)); }),
      binary<Numbers>("Relu6Grad",
                      [](auto g, auto x) {
                        using T = decltype(x);
                        return T(g * ((x > T(0)) & (x < T(6))));
                      }),
      binary<Floats>(
          "LeakyReluGrad", [](auto g, auto x, auto alpha) { return x > 0 ? g : g * alpha; },
          "alpha"),
      binary<Floats>("EluGrad", [](auto g, auto y) { return y < 0 ? g * (y + 1) : g; }),
      binary<Floats>("SeluGrad",
                     [](auto g, auto y) {
                       using T = decltype(y);
                       return y < 0 ? g * (y + T(kSeluScaleAlpha)) : g * T(kSeluScale);
                     }),
      binary<Floats, kMath>("SoftplusGrad", [](auto g, auto x) { return g * vm::sigmoid(x); }),
      binary<Floats, kDivision>("SoftsignGrad",
                                [](auto g, auto x) {
                                  const auto d = 1 + vm::abs(x);
                                  return g / (d * d);
                                }),
      binary<Floats>("SigmoidGrad", [](auto y, auto dy) { return dy * y * (1 - y); }),
      binary<Floats>("TanhGrad", [](auto y, auto dy) { return dy * (1 - y * y); }),
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
