// SPDX-License-Identifier: Apache-2.0
// Owns: the form of a loop over one block, the table row of an elementwise op, and the templates
//       that make both from a function of one element.
// Called by: vector/loops_*.cpp (define rows), vector/lower.cpp (looks rows up).
// Must not know: tensors, programs, blocks.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "caudal/dtype.h"
#include "kernels/cpu/isa.h"

namespace caudal::cpu::CAUDAL_ISA {

/// dst[i] = f(a[i], b[i], c[i]) for i in [0, n). A scalar operand is read at index 0 only. dst may
/// be the memory of an operand with elements of the same size. Throws Error for integer division by
/// zero and negative integer powers.
using LoopFn = void (*)(void* dst, const void* a, const void* b, const void* c, std::int64_t n,
                        double imm);

/// The variants of a loop, by the bits of its scalar operands (bit k: operand k is a scalar). The
/// variant in which all operands are scalars is missing: that is variant 0 with n = 1.
using LoopVariants = const LoopFn*;

/// Dtypes that loops compute in, by position in LoopRow::variants.
constexpr std::array kLoopTypes = {DType::kFloat, DType::kDouble, DType::kInt32,
                                   DType::kInt64, DType::kUint8,  DType::kBool};
constexpr DTypeSet kLoopTypeSet = {DType::kFloat, DType::kDouble, DType::kInt32,
                                   DType::kInt64, DType::kUint8,  DType::kBool};
/// Position in kLoopTypes, or -1.
constexpr int loop_type_index(DType t) {
  for (int i = 0; i < int(kLoopTypes.size()); ++i) {
    if (kLoopTypes[std::size_t(i)] == t) return i;
  }
  return -1;
}

/// Rough work per element, in units of an addition: decides what is worth a second thread.
enum Cost : std::uint8_t { kCheap = 1, kDivision = 3, kMath = 8, kSlow = 60 };

/// An op that is one instruction.
struct LoopRow {
  const char* op;
  int arity = 0;
  Cost cost = kCheap;
  /// kInvalid: the result has the dtype of the operands.
  DType result = DType::kInvalid;
  /// Float attr that every element needs (alpha, tolerance); nullptr for none.
  const char* immediate = nullptr;
  /// By operand dtype; nullptr where the op is not defined.
  std::array<LoopVariants, kLoopTypes.size()> variants{};
};

std::span<const LoopRow> arithmetic_loops();
std::span<const LoopRow> integer_loops();
std::span<const LoopRow> math_loops();
std::span<const LoopRow> activation_loops();

/// nullptr when the op is not a single instruction.
const LoopRow* find_loop(std::string_view op);
/// All rows that find_loop knows.
std::span<const LoopRow* const> all_loops();
/// nullptr when either dtype is none of kLoopTypes. One operand.
LoopVariants cast_loop(DType from, DType to);
/// Operands: condition (bool), then, else. nullptr unless elements have 1, 2, 4, 8 or 16
/// bytes.
LoopVariants select_loop(std::size_t element_size);
/// One operand; also spreads a scalar. nullptr unless elements have 1, 2, 4, 8 or 16
/// bytes.
LoopVariants copy_loop(std::size_t element_size);

namespace {

template <class... Ts>
struct Types {};
using Floats = Types<float, double>;
using Integers = Types<std::int32_t, std::int64_t, std::uint8_t>;
using Numbers = Types<float, double, std::int32_t, std::int64_t, std::uint8_t>;

/// Sixteen bytes: complex128.
struct [[gnu::may_alias]] Pair {
  std::uint64_t low, high;
};

/// Words of a size, to move any element without reading it as its type.
template <class T>
struct WordOf {
  using Type [[gnu::may_alias]] = T;
};
template <>
struct WordOf<Pair> {
  using Type = Pair;
};
template <class T>
using Word = typename WordOf<T>::Type;

/// Booleans are bytes in memory: any non-zero byte is true.
template <class T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;

template <class T>
inline T load(Stored<T> v) {
  if constexpr (std::is_same_v<T, bool>) {
    return v != 0;
  } else {
    return v;
  }
}

/// The integer type in which arithmetic wraps without undefined behaviour; floats as they are.
template <class T>
inline auto wrap(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return x;
  } else {
    return std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>(x);
  }
}

/// Results are booleans or have the dtype of the operands, whatever a function computes in.
template <class Computed, class T>
using ResultOf = std::conditional_t<std::is_same_v<Computed, bool>, bool, T>;

/// Loops with calls of vector functions treat the rest of a range as one more full vector, so that
/// an element's value does not depend on where it stands in a block.
constexpr std::int64_t kPad = 16;

template <Cost kCost, class D, class S, class F>
inline void unary_over(D* dst, const S* a, std::int64_t n, F f) {
  if constexpr (kCost == kMath) {
    const std::int64_t whole = n & ~(kPad - 1);
#pragma omp simd
    for (std::int64_t i = 0; i < whole; ++i) dst[i] = f(a[i]);
    if (whole == n) return;
    alignas(64) S x[kPad];
    alignas(64) D y[kPad];
    for (std::int64_t i = 0; i < kPad; ++i) x[i] = a[whole + (whole + i < n ? i : 0)];
#pragma omp simd
    for (std::int64_t i = 0; i < kPad; ++i) y[i] = f(x[i]);
    std::memcpy(dst + whole, y, std::size_t(n - whole) * sizeof(D));
  } else if constexpr (kCost == kSlow) {
    for (std::int64_t i = 0; i < n; ++i) dst[i] = f(a[i]);
  } else {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) dst[i] = f(a[i]);
  }
}

template <Cost kCost, class D, class S, class F>
inline void binary_over(D* dst, const S* a, const S* b, std::int64_t n, F f) {
  if constexpr (kCost == kMath) {
    const std::int64_t whole = n & ~(kPad - 1);
#pragma omp simd
    for (std::int64_t i = 0; i < whole; ++i) dst[i] = f(a[i], b[i]);
    if (whole == n) return;
    alignas(64) S x[kPad];
    alignas(64) S y[kPad];
    alignas(64) D z[kPad];
    for (std::int64_t i = 0; i < kPad; ++i) x[i] = a[whole + (whole + i < n ? i : 0)];
    for (std::int64_t i = 0; i < kPad; ++i) y[i] = b[whole + (whole + i < n ? i : 0)];
#pragma omp simd
    for (std::int64_t i = 0; i < kPad; ++i) z[i] = f(x[i], y[i]);
    std::memcpy(dst + whole, z, std::size_t(n - whole) * sizeof(D));
  } else if constexpr (kCost == kSlow) {
    for (std::int64_t i = 0; i < n; ++i) dst[i] = f(a[i], b[i]);
  } else {
#pragma omp simd
    for (std::int64_t i = 0; i < n; ++i) dst[i] = f(a[i], b[i]);
  }
}

/// Loops of a function object F: f(x) or f(x, imm).
template <class F, class T, Cost kCost>
struct UnaryLoop {
  static constexpr bool kImmediate = std::is_invocable_v<F, T, T>;
  static auto apply(T x, T imm) {
    if constexpr (kImmediate) {
      return F{}(x, imm);
    } else {
      return F{}(x);
    }
  }
  using Result = ResultOf<decltype(apply(T{}, T{})), T>;
  static Result call(T x, T imm) { return Result(apply(x, imm)); }
  static void run(void* dst, const void* a, const void*, const void*, std::int64_t n, double imm) {
    const T immediate = T(imm);
    unary_over<kCost>(static_cast<Stored<Result>*>(dst), static_cast<const Stored<T>*>(a), n,
                      [immediate](Stored<T> x) { return call(load<T>(x), immediate); });
  }
  static constexpr LoopFn kVariants[1] = {run};
};

/// f(x, y) or f(x, y, imm). F::check(y) may be there: called with the second operand before the
/// loop.
template <class F, class T, Cost kCost>
struct BinaryLoop {
  static constexpr bool kImmediate = std::is_invocable_v<F, T, T, T>;
  static auto apply(T x, T y, T imm) {
    if constexpr (kImmediate) {
      return F{}(x, y, imm);
    } else {
      return F{}(x, y);
    }
  }
  using Result = ResultOf<decltype(apply(T{}, T{}, T{})), T>;
  static Result call(T x, T y, T imm) { return Result(apply(x, y, imm)); }
  using S = Stored<T>;
  static void check(const S* b, std::int64_t n) {
    if constexpr (requires { F::template check<T>(b, n); }) F::template check<T>(b, n);
  }
  static void vector_vector(void* dst, const void* a, const void* b, const void*, std::int64_t n,
                            double imm) {
    const T immediate = T(imm);
    check(static_cast<const S*>(b), n);
    binary_over<kCost>(static_cast<Stored<Result>*>(dst), static_cast<const S*>(a),
                       static_cast<const S*>(b), n,
                       [immediate](S x, S y) { return call(load<T>(x), load<T>(y), immediate); });
  }
  static void scalar_vector(void* dst, const void* a, const void* b, const void*, std::int64_t n,
                            double imm) {
    const T immediate = T(imm);
    const T x = load<T>(*static_cast<const S*>(a));
    check(static_cast<const S*>(b), n);
    unary_over<kCost>(static_cast<Stored<Result>*>(dst), static_cast<const S*>(b), n,
                      [immediate, x](S y) { return call(x, load<T>(y), immediate); });
  }
  static void vector_scalar(void* dst, const void* a, const void* b, const void*, std::int64_t n,
                            double imm) {
    const T immediate = T(imm);
    const T y = load<T>(*static_cast<const S*>(b));
    check(static_cast<const S*>(b), n > 0);
    unary_over<kCost>(static_cast<Stored<Result>*>(dst), static_cast<const S*>(a), n,
                      [immediate, y](S x) { return call(load<T>(x), y, immediate); });
  }
  static constexpr LoopFn kVariants[3] = {vector_vector, scalar_vector, vector_scalar};
};

template <template <class, class, Cost> class Loop, class F, Cost kCost, class... Ts>
constexpr LoopRow make_row(const char* op, int arity, const char* immediate, Types<Ts...>) {
  LoopRow row{op, arity, kCost, DType::kInvalid, immediate, {}};
  ((row.variants[std::size_t(loop_type_index(dtype_of<Ts>))] = Loop<F, Ts, kCost>::kVariants), ...);
  constexpr bool kPredicate = (std::is_same_v<typename Loop<F, Ts, kCost>::Result, bool> && ...);
  if (kPredicate) row.result = DType::kBool;
  return row;
}

/// Rows from a captureless lambda: unary<Floats, kMath>("Exp", [](auto x) { return vm::exp(x); }).
template <class TypeList, Cost kCost = kCheap, class F>
constexpr LoopRow unary(const char* op, F, const char* immediate = nullptr) {
  return make_row<UnaryLoop, F, kCost>(op, 1, immediate, TypeList{});
}
template <class TypeList, Cost kCost = kCheap, class F>
constexpr LoopRow binary(const char* op, F, const char* immediate = nullptr) {
  return make_row<BinaryLoop, F, kCost>(op, 2, immediate, TypeList{});
}

}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
