// SPDX-License-Identifier: Apache-2.0
// Integer division and powers: what needs a check of its operands.
#include "caudal/error.h"
#include "kernels/cpu/vector/loops.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// The quotient towards zero; the smallest number over -1 wraps instead of trapping. A double holds
/// 32-bit operands exactly and separates their quotients, and its division has a vector form.
template <class T>
T quotient(T x, T y) {
  using Real = std::conditional_t<sizeof(T) == 8, T, double>;
  if constexpr (std::is_signed_v<T>) {
    const T safe = y == T(-1) ? T(1) : y;
    const T q = T(Real(x) / Real(safe));
    return y == T(-1) ? T(0 - wrap(x)) : q;
  } else {
    return T(Real(x) / Real(y));
  }
}

template <class T>
T remainder(T x, T y) {
  return T(wrap(x) - wrap(quotient(x, y)) * wrap(y));
}

struct NonZeroDivisor {
  template <class T>
  static void check(const T* y, std::int64_t n) {
    T zeros = 0;
#pragma omp simd reduction(| : zeros)
    for (std::int64_t i = 0; i < n; ++i) zeros = T(zeros | T(y[i] == 0));
    if (zeros) invalid("Integer division by zero");
  }
};

struct Truncate : NonZeroDivisor {
  template <class T>
  T operator()(T x, T y) const {
    return quotient(x, y);
  }
};

struct FloorDivide : NonZeroDivisor {
  template <class T>
  T operator()(T x, T y) const {
    const T q = quotient(x, y);
    const T r = remainder(x, y);
    return (r != 0) & ((r < 0) != (y < 0)) ? T(q - 1) : q;
  }
};

struct Remainder : NonZeroDivisor {
  template <class T>
  T operator()(T x, T y) const {
    return remainder(x, y);
  }
};

/// Takes the sign of the divisor.
struct FloorRemainder : NonZeroDivisor {
  template <class T>
  T operator()(T x, T y) const {
    const T r = remainder(x, y);
    return (r != 0) & ((r < 0) != (y < 0)) ? T(r + y) : r;
  }
};

struct Power {
  template <class T>
  static void check(const T* y, std::int64_t n) {
    T negative = 0;
#pragma omp simd reduction(| : negative)
    for (std::int64_t i = 0; i < n; ++i) negative = T(negative | T(y[i] < 0));
    if (negative) invalid("Integers to negative integer powers are not allowed");
  }
  template <class T>
  T operator()(T x, T y) const {
    auto result = wrap(T(1));
    auto base = wrap(x);
    for (; y > 0; y = T(y >> 1)) {
      if (y & 1) result *= base;
      base *= base;
    }
    return T(result);
  }
};

}  // namespace

std::span<const LoopRow> integer_loops() {
  static constexpr LoopRow rows[] = {
      binary<Integers, kDivision>("Div", Truncate{}),
      binary<Integers, kDivision>("TruncateDiv", Truncate{}),
      binary<Integers, kDivision>("FloorDiv", FloorDivide{}),
      binary<Integers, kDivision>("Mod", Remainder{}),
      binary<Integers, kDivision>("TruncateMod", Remainder{}),
      binary<Integers, kDivision>("FloorMod", FloorRemainder{}),
      binary<Integers, kSlow>("Pow", Power{}),
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
