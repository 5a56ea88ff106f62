// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/portable/convert.h"

#include <immintrin.h>

#include <array>
#include <bit>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/parallel_for.h"
#include "caudal/error.h"

namespace caudal::cpu {
namespace {

using C64 = std::complex<float>;
using C128 = std::complex<double>;
using Numbers =
    std::tuple<float, double, std::int32_t, std::int64_t, std::uint8_t, bool, Half, Bfloat16,
               std::int8_t, std::int16_t, std::uint16_t, std::uint32_t, std::uint64_t, C64, C128>;
constexpr std::size_t kNumbers = std::tuple_size_v<Numbers>;

template <class T>
constexpr bool kNarrowFloat = std::is_same_v<T, Half> || std::is_same_v<T, Bfloat16>;
template <class T>
constexpr bool kComplex = std::is_same_v<T, C64> || std::is_same_v<T, C128>;

/// Floats beyond the range of the integer: its smallest value, as processors answer; narrow ones
/// keep the low bits of an int32.
template <class To, class From>
To truncate(From x) {
  if constexpr (sizeof(To) < 4) {
    return To(truncate<std::int32_t>(x));
  } else if constexpr (std::is_same_v<To, std::uint32_t>) {
    return To(truncate<std::int64_t>(x));
  } else if constexpr (std::is_same_v<To, std::uint64_t>) {
    constexpr From kHalfRange = From(std::uint64_t{1} << 63);
    if (x >= kHalfRange) return truncate<std::int64_t>(x - kHalfRange) + (std::uint64_t{1} << 63);
    return To(truncate<std::int64_t>(x));
  } else {
    constexpr From kEnd = From(std::uint64_t{1} << (sizeof(To) * 8 - 1));
    return x >= -kEnd && x < kEnd ? To(x) : std::numeric_limits<To>::min();
  }
}

template <class To, class From>
To convert(From x) {
  if constexpr (std::is_same_v<From, To>) {
    return x;
  } else if constexpr (kNarrowFloat<From>) {
    return convert<To>(float(x));
  } else if constexpr (kComplex<From>) {
    if constexpr (kComplex<To>) {
      return To(typename To::value_type(x.real()), typename To::value_type(x.imag()));
    } else {
      return convert<To>(x.real());
    }
  } else if constexpr (kComplex<To>) {
    return To(convert<typename To::value_type>(x), 0);
  } else if constexpr (kNarrowFloat<To>) {
    return To(float(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From(0);
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncate<To>(x);
  } else {
    return To(x);
  }
}

template <class From, class To>
void run(const void* src, void* dst, std::int64_t n) {
  // Booleans are bytes in memory: any non-zero byte is true.
  using Source = std::conditional_t<std::is_same_v<From, bool>, std::uint8_t, From>;
  const auto* x = static_cast<const Source*>(src);
  auto* y = static_cast<To*>(dst);
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<From, bool>) {
      y[i] = convert<To>(std::uint8_t(x[i] != 0));
    } else {
      y[i] = convert<To>(x[i]);
    }
  }
}

template <class From, std::size_t... k>
constexpr std::array<ConvertFn, kNumbers> row(std::index_sequence<k...>) {
  return {run<From, std::tuple_element_t<k, Numbers>>...};
}
template <std::size_t... k>
constexpr auto table(std::index_sequence<k...> all) {
  return std::array{row<std::tuple_element_t<k, Numbers>>(all)...};
}
template <std::size_t... k>
int position(DType dtype, std::index_sequence<k...>) {
  int found = -1;
  ((dtype == dtype_of<std::tuple_element_t<k, Numbers>> ? void(found = int(k)) : void()), ...);
  return found;
}

DType stored_as(DType dtype) {
  switch (dtype) {
    case DType::kQint8:
      return DType::kInt8;
    case DType::kQuint8:
      return DType::kUint8;
    case DType::kQint16:
      return DType::kInt16;
    case DType::kQuint16:
      return DType::kUint16;
    case DType::kQint32:
      return DType::kInt32;
    default:
      return dtype;
  }
}

struct CastParams {
  DType from, to;
  ConvertFn convert = nullptr;
  std::int64_t n = 0;
};

void run_cast(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const CastParams*>(params);
  convert_elements(p.convert, p.from, p.to, in[0], out[0], p.n);
}

/// The bits of a float32 that a half or bfloat16 does not hold, set to zero before it is rounded.
template <class To, std::uint32_t kKept>
void cut(const void* src, void* dst, std::int64_t n) {
  const auto* x = static_cast<const float*>(src);
  auto* y = static_cast<To*>(dst);
  for (std::int64_t i = 0; i < n; ++i) {
    const bool finite = x[i] - x[i] == 0;
    y[i] = To(finite ? std::bit_cast<float>(std::bit_cast<std::uint32_t>(x[i]) & kKept) : x[i]);
  }
}

// Half and float32 with instructions that nearly every processor has beyond the baseline.

[[gnu::target("avx,f16c")]] void half_to_float(const void* src, void* dst, std::int64_t n) {
  const auto* x = static_cast<const Half*>(src);
  auto* y = static_cast<float*>(dst);
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i));
    _mm256_storeu_ps(y + i, _mm256_cvtph_ps(halves));
  }
  for (; i < n; ++i) y[i] = float(x[i]);
}

[[gnu::target("avx,f16c")]] void float_to_half(const void* src, void* dst, std::int64_t n) {
  const auto* x = static_cast<const float*>(src);
  auto* y = static_cast<Half*>(dst);
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(y + i), halves);
  }
  for (; i < n; ++i) y[i] = Half(x[i]);
}

bool has_f16c() {
  static const bool has = __builtin_cpu_supports("avx") && __builtin_cpu_supports("f16c");
  return has;
}

}  // namespace

ConvertFn find_conversion(DType from, DType to) {
  constexpr auto kAll = std::make_index_sequence<kNumbers>();
  static constexpr auto kTable = table(kAll);
  if (from == DType::kHalf && to == DType::kFloat && has_f16c()) return half_to_float;
  if (from == DType::kFloat && to == DType::kHalf && has_f16c()) return float_to_half;
  const int i = position(stored_as(from), kAll), j = position(stored_as(to), kAll);
  return i < 0 || j < 0 ? nullptr : kTable[std::size_t(i)][std::size_t(j)];
}

void convert_elements(ConvertFn convert, DType from, DType to, const void* src, void* dst,
                      std::int64_t n) {
  const std::size_t in_size = dtype_size(from), out_size = dtype_size(to);
  parallel_for(n, 32768, [&](std::int64_t begin, std::int64_t end) {
    convert(static_cast<const char*>(src) + std::size_t(begin) * in_size,
            static_cast<char*>(dst) + std::size_t(begin) * out_size, end - begin);
  });
}

Prepared prepare_conversion(const KernelRequest& r) {
  const DType from = r.inputs[0].dtype, to = r.outputs[0].dtype;
  Prepared prepared;
  auto* p = make_params<CastParams>(prepared);
  *p = {from, to, find_conversion(from, to), r.outputs[0].shape.num_elements()};
  if (p->convert == nullptr) {
    fail(Code::kUnimplemented, "Cast ", from, " to ", to, " is not supported");
  }
  const AttrValue* truncate = r.attrs->find("Truncate");
  if (truncate != nullptr && truncate->get<bool>() && from == DType::kFloat) {
    if (to == DType::kHalf) p->convert = cut<Half, 0xFFFFE000u>;
    if (to == DType::kBfloat16) p->convert = cut<Bfloat16, 0xFFFF0000u>;
  }
  prepared.run = run_cast;
  return prepared;
}

}  // namespace caudal::cpu
