// SPDX-License-Identifier: Apache-2.0
// Integer division, powers and bits: what needs a check of its operands.
#include <limits>

#include "caudal/error.h"
#include "kernels/cpu/vector/loops.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// The quotient towards zero; the smallest number over -1 wraps instead of trapping.
template <class T>
T quotient(T x, T y) {
  if constexpr (std::is_signed_v<T>) {
    if (y == T(-1)) return T(0 - wrap(x));
  }
  return T(x / y);
}

template <class T>
T remainder(T x, T y) {
  if constexpr (std::is_signed_v<T>) {
    if (y == T(-1)) return 0;
  }
  return T(x % y);
}

struct NonZeroDivisor {
  template <class T>
  static void check(const T* y, std::int64_t n) {
    bool zero = false;
    for (std::int64_t i = 0; i < n; ++i) zero |= y[i] == 0;
    if (zero) invalid("Integer division by zero");
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
    return (x < 0) != (y < 0) && remainder(x, y) != 0 ? T(q - 1) : q;
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
    return r != 0 && (r < 0) != (y < 0) ? T(r + y) : r;
  }
};

struct Power {
  template <class T>
  static void check(const T* y, std::int64_t n) {
    bool negative = false;
    for (std::int64_t i = 0; i < n; ++i) negative |= y[i] < 0;
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

/// Shifts by less than 0 or more than all bits are taken as the nearest allowed shift.
template <class T>
int shift_count(T y) {
  constexpr T kMost = T(sizeof(T) * 8 - 1);
  return int(y < 0 ? T(0) : y > kMost ? kMost : y);
}

}  // namespace

std::span<const LoopRow> integer_loops() {
  static constexpr LoopRow rows[] = {
      binary<Integers, kSlow>("Div", Truncate{}),
      binary<Integers, kSlow>("TruncateDiv", Truncate{}),
      binary<Integers, kSlow>("FloorDiv", FloorDivide{}),
      binary<Integers, kSlow>("Mod", Remainder{}),
      binary<Integers, kSlow>("TruncateMod", Remainder{}),
      binary<Integers, kSlow>("FloorMod", FloorRemainder{}),
      binary<Integers, kSlow>("Pow", Power{}),
      binary<Integers>("BitwiseAnd", [](auto x, auto y) { return x & y; }),
      binary<Integers>("BitwiseOr", [](auto x, auto y) { return x | y; }),
      binary<Integers>("BitwiseXor", [](auto x, auto y) { return x ^ y; }),
      unary<Integers>("Invert", [](auto x) { return ~x; }),
      binary<Integers>("LeftShift", [](auto x, auto y) { return wrap(x) << shift_count(y); }),
      binary<Integers>("RightShift", [](auto x, auto y) { return x >> shift_count(y); }),
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
