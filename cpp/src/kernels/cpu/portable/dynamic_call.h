// SPDX-License-Identifier: Apache-2.0
// Owns: the short form of kernels that allocate their outputs, and the step from dtypes to C++
// types for all dtypes.
// Called by: kernels of this folder.
// Must not know: what they do.
#pragma once

#include <complex>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "caudal/error.h"
#include "caudal/kernel.h"

namespace caudal::cpu {

/// One run: attrs of the node, inputs, and the outputs to be set.
struct Call {
  const AttrMap& attrs;
  std::span<const Tensor> in;
  std::span<Tensor> out;
  RunContext& context;
};

/// The prepare function of a kernel that is all in `fn`.
template <void (*fn)(Call&)>
Prepared dynamic_kernel(const KernelRequest& r) {
  Prepared p;
  *make_params<AttrMap>(p) = *r.attrs;
  p.run_dynamic = [](const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                     RunContext& context) {
    Call call{*static_cast<const AttrMap*>(params), in, out, context};
    try {
      fn(call);
    } catch (const std::bad_alloc&) {
      fail(Code::kResourceExhausted, "out of memory");
    } catch (const std::length_error&) {
      fail(Code::kResourceExhausted, "a size exceeds the memory");
    }
  };
  return p;
}

struct Bytes16 {
  std::uint64_t a = 0, b = 0;
};

/// Calls fn with a value that moves elements of a dtype: an unsigned of its size, a string or a
/// Variant.
template <class F>
void with_movable(DType dtype, F&& fn) {
  if (dtype == DType::kString) return fn(std::string());
  if (is_object(dtype)) return fn(Variant());
  switch (dtype_size(dtype)) {
    case 1:
      return fn(std::uint8_t{});
    case 2:
      return fn(std::uint16_t{});
    case 4:
      return fn(std::uint32_t{});
    case 8:
      return fn(std::uint64_t{});
    case 16:
      return fn(Bytes16{});
    default:
      fail(Code::kUnimplemented, "no kernel for ", dtype);
  }
}

/// F<T>::run for the element type of images; each other dtype is converted to one of these.
template <template <class> class F>
RunFn for_number(DType dtype) {
  switch (dtype) {
    case DType::kFloat:
      return F<float>::run;
    case DType::kDouble:
      return F<double>::run;
    case DType::kInt32:
      return F<std::int32_t>::run;
    case DType::kInt64:
      return F<std::int64_t>::run;
    case DType::kUint8:
      return F<std::uint8_t>::run;
    default:
      fail(Code::kUnimplemented, "no kernel for ", dtype);
  }
}

constexpr DTypeSet kRealTypes{DType::kFloat,  DType::kDouble, DType::kInt32, DType::kInt64,
                              DType::kInt8,   DType::kInt16,  DType::kUint8, DType::kUint16,
                              DType::kUint32, DType::kUint64, DType::kHalf,  DType::kBfloat16};
constexpr DTypeSet kNumberTypes = kRealTypes | DTypeSet{DType::kComplex64, DType::kComplex128};

/// Calls fn with a value of the C++ type; complex only where `complex` is set.
template <bool complex = true, class F>
void with_number(DType dtype, F&& fn) {
  switch (dtype) {
    case DType::kFloat:
      return fn(float{});
    case DType::kDouble:
      return fn(double{});
    case DType::kInt32:
      return fn(std::int32_t{});
    case DType::kInt64:
      return fn(std::int64_t{});
    case DType::kInt8:
      return fn(std::int8_t{});
    case DType::kInt16:
      return fn(std::int16_t{});
    case DType::kUint8:
      return fn(std::uint8_t{});
    case DType::kUint16:
      return fn(std::uint16_t{});
    case DType::kUint32:
      return fn(std::uint32_t{});
    case DType::kUint64:
      return fn(std::uint64_t{});
    case DType::kHalf:
      return fn(Half{});
    case DType::kBfloat16:
      return fn(Bfloat16{});
    default:
      break;
  }
  if constexpr (complex) {
    if (dtype == DType::kComplex64) return fn(std::complex<float>{});
    if (dtype == DType::kComplex128) return fn(std::complex<double>{});
  }
  fail(Code::kUnimplemented, "no kernel for ", dtype);
}

/// The type to compute in: 16-bit floats in float, integers unsigned so that they wrap around.
template <class T>
struct Wide {
  using type = T;
};
template <>
struct Wide<Half> {
  using type = float;
};
template <>
struct Wide<Bfloat16> {
  using type = float;
};
template <class T>
  requires std::is_integral_v<T>
struct Wide<T> {
  using type = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
};
template <class T>
using wide_t = typename Wide<T>::type;

template <class T>
T add_numbers(T a, T b) {
  return T(wide_t<T>(a) + wide_t<T>(b));
}
template <class T>
T mul_numbers(T a, T b) {
  return T(wide_t<T>(a) * wide_t<T>(b));
}
/// Throws InvalidArgument for integers divided by zero.
template <class T>
T div_numbers(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == T(0)) invalid("Integer division by zero");
    if constexpr (std::is_signed_v<T>) {
      if (b == T(-1)) return T(wide_t<T>(0) - wide_t<T>(a));
    }
    return T(a / b);
  } else {
    return T(wide_t<T>(a) / wide_t<T>(b));
  }
}
/// a < b for real types.
template <class T>
bool less_numbers(T a, T b) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, Bfloat16>) {
    return float(a) < float(b);
  } else {
    return a < b;
  }
}

/// Calls fn with a value of an index type.
template <class F>
void with_index(DType dtype, F&& fn) {
  if (dtype == DType::kInt32) return fn(std::int32_t{});
  if (dtype == DType::kInt64) return fn(std::int64_t{});
  fail(Code::kUnimplemented, "indices of dtype ", dtype);
}

}  // namespace caudal::cpu
