// SPDX-License-Identifier: Apache-2.0
// Operations on the bits of integers.
#include <algorithm>
#include <bit>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

constexpr DTypeSet kIntegers{DType::kInt8,  DType::kInt16,  DType::kInt32,  DType::kInt64,
                             DType::kUint8, DType::kUint16, DType::kUint32, DType::kUint64};

// Operations that do not look at the sign run on unsigned elements.
template <class F>
void with_bits(DType dtype, F&& fn) {
  switch (dtype_size(dtype)) {
    case 1:
      return fn(std::uint8_t{});
    case 2:
      return fn(std::uint16_t{});
    case 4:
      return fn(std::uint32_t{});
    default:
      return fn(std::uint64_t{});
  }
}
template <class F>
void with_integer(DType dtype, F&& fn) {
  if (dtype == DType::kInt8) return fn(std::int8_t{});
  if (dtype == DType::kInt16) return fn(std::int16_t{});
  if (dtype == DType::kInt32) return fn(std::int32_t{});
  if (dtype == DType::kInt64) return fn(std::int64_t{});
  with_bits(dtype, fn);
}

struct And {
  template <class T>
  T operator()(T a, T b) const {
    return T(a & b);
  }
};
struct Or {
  template <class T>
  T operator()(T a, T b) const {
    return T(a | b);
  }
};
struct Xor {
  template <class T>
  T operator()(T a, T b) const {
    return T(a ^ b);
  }
};
// A count outside of [0, bits) counts as the nearest one inside.
template <class T>
int shift_count(T count) {
  constexpr int kLast = int(8 * sizeof(T)) - 1;
  if (count < T(0)) return 0;
  return count > T(kLast) ? kLast : int(count);
}
struct Left {
  template <class T>
  T operator()(T a, T b) const {
    return T(std::make_unsigned_t<T>(a) << shift_count(b));
  }
};
struct Right {
  template <class T>
  T operator()(T a, T b) const {
    return T(a >> shift_count(b));
  }
};

template <class Op, bool kSigned>
void binary(Call& c) {
  const auto body = [&]<class T>(T) {
    const T *a = c.in[0].data<T>(), *b = c.in[1].data<T>();
    T* y = c.out[0].data<T>();
    for_broadcast<2>(c.out[0].shape(), {c.in[0].shape(), c.in[1].shape()},
                     [&](std::int64_t i, const auto& at) { y[i] = Op()(a[at[0]], b[at[1]]); });
  };
  if constexpr (kSigned) {
    with_integer(c.in[0].dtype(), body);
  } else {
    with_bits(c.in[0].dtype(), body);
  }
}

void invert(Call& c) {
  with_bits(c.in[0].dtype(), [&]<class T>(T) {
    const T* x = c.in[0].data<T>();
    std::transform(x, x + c.in[0].num_elements(), c.out[0].data<T>(), [](T v) { return T(~v); });
  });
}

void population_count(Call& c) {
  with_bits(c.in[0].dtype(), [&]<class T>(T) {
    const T* x = c.in[0].data<T>();
    std::transform(x, x + c.in[0].num_elements(), c.out[0].data<std::uint8_t>(),
                   [](T v) { return std::uint8_t(std::popcount(v)); });
  });
}

}  // namespace

std::span<const KernelRow> bitwise_kernels() {
  static const KernelRow rows[] = {
      {"BitwiseAnd", "T", kIntegers, bound_kernel<binary<And, false>>},
      {"BitwiseOr", "T", kIntegers, bound_kernel<binary<Or, false>>},
      {"BitwiseXor", "T", kIntegers, bound_kernel<binary<Xor, false>>},
      {"LeftShift", "T", kIntegers, bound_kernel<binary<Left, true>>},
      {"RightShift", "T", kIntegers, bound_kernel<binary<Right, true>>},
      {"Invert", "T", kIntegers, bound_kernel<invert>},
      {"PopulationCount", "T", kIntegers, bound_kernel<population_count>},
  };
  return rows;
}

}  // namespace caudal::cpu
