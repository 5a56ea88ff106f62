// SPDX-License-Identifier: Apache-2.0
// Arithmetic, comparison and rounding: loops that compile to a few instructions per vector.
#include "kernels/cpu/vector/loops.h"
#include "kernels/cpu/vector/vector_math.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

using Signed = Types<float, double, std::int32_t, std::int64_t>;
using Comparable = Types<float, double, std::int32_t, std::int64_t, std::uint8_t, bool>;
using Bool = Types<bool>;

constexpr auto kAdd = [](auto x, auto y) { return wrap(x) + wrap(y); };
constexpr auto kDivide = [](auto x, auto y) { return x / y; };
constexpr auto kReciprocal = [](auto x) { return 1 / x; };
// The gradient of 1 / x in terms of y = 1 / x.
// As in TensorFlow no gradient stays none where the slope is infinite: tf.where relies on it.
constexpr auto kReciprocalGrad = [](auto y, auto dy) { return dy == 0 ? 0 : -dy * y * y; };

/// NaN in either operand gives NaN.
constexpr auto kMaximum = [](auto x, auto y) { return (x > y) | (x != x) ? x : y; };
constexpr auto kMinimum = [](auto x, auto y) { return (x < y) | (x != x) ? x : y; };

constexpr auto kAbs = [](auto x) {
  if constexpr (std::is_floating_point_v<decltype(x)>) {
    return vm::abs(x);
  } else {
    return x < 0 ? 0 - wrap(x) : wrap(x);
  }
};
constexpr auto kSign = [](auto x) {
  using T = decltype(x);
  const T sign = T(T(x > T(0)) - T(x < T(0)));
  return x != x ? x : sign;
};
constexpr auto kRound = [](auto x) {
  if constexpr (std::is_floating_point_v<decltype(x)>) {
    return vm::round(x);
  } else {
    return x;
  }
};
constexpr auto kIsFinite = [](auto x) { return x - x == x - x; };

/// Takes the sign of the divisor.
constexpr auto kFloorMod = [](auto x, auto y) {
  const auto rest = vm::fmod(x, y);
  return (rest != 0) & ((rest < 0) != (y < 0)) ? rest + y : rest;
};

}  // namespace

std::span<const LoopRow> arithmetic_loops() {
  static constexpr LoopRow rows[] = {
      binary<Numbers>("Add", kAdd),
      binary<Numbers>("AddV2", kAdd),
      binary<Numbers>("Sub", [](auto x, auto y) { return wrap(x) - wrap(y); }),
      binary<Numbers>("Mul", [](auto x, auto y) { return wrap(x) * wrap(y); }),
      binary<Floats, kDivision>("Div", kDivide),
      binary<Floats, kDivision>("RealDiv", kDivide),
      binary<Floats, kDivision>("TruncateDiv", kDivide),  // of floats it does not round
      binary<Numbers>("Maximum", kMaximum),
      binary<Numbers>("Minimum", kMinimum),
      binary<Signed>("SquaredDifference",
                     [](auto x, auto y) {
                       const auto d = wrap(x) - wrap(y);
                       return d * d;
                     }),
      binary<Floats, kDivision>("DivNoNan", [](auto x, auto y) { return y == 0 ? 0 : x / y; }),
      binary<Floats>("MulNoNan", [](auto x, auto y) { return y == 0 ? 0 : x * y; }),
      binary<Floats, kDivision>("Xdivy", [](auto x, auto y) { return x == 0 ? 0 : x / y; }),
      unary<Signed>("Neg", [](auto x) {
        if constexpr (std::is_floating_point_v<decltype(x)>) {
          return -x;
        } else {
          return 0 - wrap(x);
        }
      }),
      unary<Signed>("Abs", kAbs),
      unary<Signed>("Sign", kSign),
      unary<Numbers>("Square", [](auto x) { return wrap(x) * wrap(x); }),
      unary<Floats, kDivision>("Reciprocal", kReciprocal),
      unary<Floats, kDivision>("Inv", kReciprocal),
      binary<Floats>("ReciprocalGrad", kReciprocalGrad),
      binary<Floats>("InvGrad", kReciprocalGrad),
      unary<Floats, kDivision>("Sqrt", [](auto x) { return vm::sqrt(x); }),
      unary<Floats, kDivision>("Rsqrt", [](auto x) { return 1 / vm::sqrt(x); }),
      binary<Floats, kDivision>("SqrtGrad",
                                [](auto y, auto dy) {
                                  return dy == 0 ? 0 : dy * decltype(y)(0.5) / y;
                                }),
      binary<Floats>("RsqrtGrad",
                     [](auto y, auto dy) {
                       return dy == 0 ? 0 : decltype(y)(-0.5) * dy * (y * y * y);
                     }),
      unary<Floats>("Floor", [](auto x) { return vm::floor(x); }),
      unary<Floats>("Ceil", [](auto x) { return vm::ceil(x); }),
      unary<Signed>("Round", kRound),
      unary<Floats>("Rint", kRound),
      unary<Floats>("IsNan", [](auto x) { return x != x; }),
      unary<Floats>("IsInf", [](auto x) { return x == x && x - x != x - x; }),
      unary<Floats>("IsFinite", kIsFinite),
      binary<Floats, kSlow>("FloorMod", kFloorMod),
      binary<Floats, kDivision>("FloorDiv", [](auto x, auto y) { return vm::floor(x / y); }),
      binary<Floats, kSlow>("Mod", [](auto x, auto y) { return vm::fmod(x, y); }),
      binary<Floats, kSlow>("TruncateMod", [](auto x, auto y) { return vm::fmod(x, y); }),

      binary<Numbers>("Less", [](auto x, auto y) { return x < y; }),
      binary<Numbers>("LessEqual", [](auto x, auto y) { return x <= y; }),
      binary<Numbers>("Greater", [](auto x, auto y) { return x > y; }),
      binary<Numbers>("GreaterEqual", [](auto x, auto y) { return x >= y; }),
      binary<Comparable>("Equal", [](auto x, auto y) { return x == y; }),
      binary<Comparable>("NotEqual", [](auto x, auto y) { return x != y; }),
      binary<Numbers>("ApproximateEqual",
                      [](auto x, auto y, auto tolerance) {
                        if constexpr (std::is_floating_point_v<decltype(x)>) {
                          return vm::abs(x - y) < tolerance;
                        } else {
                          return (x > y ? wrap(x) - wrap(y) : wrap(y) - wrap(x)) <
                                 wrap(tolerance);
                        }
                      },
                      "tolerance"),
      binary<Bool>("LogicalAnd", [](bool x, bool y) { return bool(x & y); }),
      binary<Bool>("LogicalOr", [](bool x, bool y) { return bool(x | y); }),
      unary<Bool>("LogicalNot", [](bool x) { return !x; }),
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
