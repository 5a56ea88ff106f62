// SPDX-License-Identifier: Apache-2.0
// Conversion, selection and copies; and the table that puts all rows together.
#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "kernels/cpu/vector/loops.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// Floats that no integer of the result type holds, and NaN, become its smallest value.
template <class To, class From>
To truncate(From x) {
  constexpr From kEnd = From(std::uint64_t{1} << (sizeof(To) * 8 - 1));
  return x >= -kEnd && x < kEnd ? To(x) : std::numeric_limits<To>::min();
}

template <class To, class From>
To convert(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_same_v<From, bool>) {
    return x ? To(1) : To(0);  // a conversion of bool would not be vectorised
  } else if constexpr (std::is_floating_point_v<From> && std::is_same_v<To, std::uint8_t>) {
    return To(truncate<std::int32_t>(x));  // keeps the low byte, as a conversion of integers does
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncate<To>(x);
  } else {
    return To(x);
  }
}

template <class To, class From>
void cast(void* dst, const void* a, const void*, const void*, std::int64_t n, double) {
  unary_over<kCheap>(static_cast<Stored<To>*>(dst), static_cast<const Stored<From>*>(a), n,
                     [](Stored<From> x) { return Stored<To>(convert<To>(load<From>(x))); });
}

template <class To, class From>
constexpr LoopFn kCast = cast<To, From>;

template <class From, class... To>
constexpr std::array<LoopVariants, sizeof...(To)> casts_from(Types<To...>) {
  return {&kCast<To, From>...};
}
template <class... Ts>
constexpr auto cast_table(Types<Ts...> types) {
  return std::array{casts_from<Ts>(types)...};
}
using AllTypes = Types<float, double, std::int32_t, std::int64_t, std::uint8_t, bool>;

template <class T, bool kScalarA, bool kScalarB>
void select(void* dst, const void* condition, const void* a, const void* b, std::int64_t n,
            double) {
  auto* d = static_cast<Word<T>*>(dst);
  const auto* c = static_cast<const std::uint8_t*>(condition);
  const auto* x = static_cast<const Word<T>*>(a);
  const auto* y = static_cast<const Word<T>*>(b);
  if (n == 0) return;
  const T x0 = *x;
  const T y0 = *y;
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const T then = kScalarA ? x0 : x[i];
    const T other = kScalarB ? y0 : y[i];
    d[i] = c[i] != 0 ? then : other;
  }
}

template <class T>
void copy(void* dst, const void* a, const void*, const void*, std::int64_t n, double) {
  if (dst != a) std::memmove(dst, a, std::size_t(n) * sizeof(T));
}

template <class T>
void spread(void* dst, const void* a, const void*, const void*, std::int64_t n, double) {
  if (n == 0) return;
  auto* d = static_cast<Word<T>*>(dst);
  const T x = *static_cast<const Word<T>*>(a);
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) d[i] = x;
}

/// The condition is one value for the whole range: bit 1 and 2 say which choice is a scalar.
template <class T, bool kScalarA, bool kScalarB>
void choose(void* dst, const void* condition, const void* a, const void* b, std::int64_t n,
            double) {
  const bool first = n > 0 && *static_cast<const std::uint8_t*>(condition) != 0;
  const bool scalar = first ? kScalarA : kScalarB;
  (scalar ? spread<T> : copy<T>)(dst, first ? a : b, nullptr, nullptr, n, 0);
}

template <class T>
constexpr LoopFn kSelect[7] = {select<T, false, false>, choose<T, false, false>,
                               select<T, true, false>,  choose<T, true, false>,
                               select<T, false, true>,  choose<T, false, true>,
                               select<T, true, true>};
template <class T>
constexpr LoopFn kCopy[2] = {copy<T>, spread<T>};

/// Some ops have one row for floats and one for integers.
struct LoopTable {
  std::map<std::string_view, LoopRow> by_name;
  std::vector<const LoopRow*> rows;

  LoopTable() {
    for (auto family : {arithmetic_loops(), integer_loops(), math_loops(), activation_loops()}) {
      for (const LoopRow& row : family) {
        LoopRow& merged = by_name.try_emplace(row.op, row).first->second;
        merged.cost = std::max(merged.cost, row.cost);
        for (std::size_t i = 0; i < row.variants.size(); ++i) {
          if (row.variants[i]) merged.variants[i] = row.variants[i];
        }
      }
    }
    for (const auto& [name, row] : by_name) rows.push_back(&row);
  }
};

const LoopTable& table() {
  static const LoopTable t;
  return t;
}

}  // namespace

const LoopRow* find_loop(std::string_view op) {
  const auto& rows = table().by_name;
  const auto it = rows.find(op);
  return it == rows.end() ? nullptr : &it->second;
}

std::span<const LoopRow* const> all_loops() { return table().rows; }

LoopVariants cast_loop(DType from, DType to) {
  static constexpr auto kTable = cast_table(AllTypes{});
  const int i = loop_type_index(from);
  const int j = loop_type_index(to);
  return i < 0 || j < 0 ? nullptr : kTable[std::size_t(i)][std::size_t(j)];
}

LoopVariants select_loop(std::size_t element_size) {
  return element_size == 1    ? kSelect<std::uint8_t>
         : element_size == 2  ? kSelect<std::uint16_t>
         : element_size == 4  ? kSelect<std::uint32_t>
         : element_size == 8  ? kSelect<std::uint64_t>
         : element_size == 16 ? kSelect<Pair>
                              : nullptr;
}

LoopVariants copy_loop(std::size_t element_size) {
  return element_size == 1    ? kCopy<std::uint8_t>
         : element_size == 2  ? kCopy<std::uint16_t>
         : element_size == 4  ? kCopy<std::uint32_t>
         : element_size == 8  ? kCopy<std::uint64_t>
         : element_size == 16 ? kCopy<Pair>
                              : nullptr;
}

}  // namespace caudal::cpu::CAUDAL_ISA
