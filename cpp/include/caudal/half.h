// SPDX-License-Identifier: Apache-2.0
// Owns: the two 16-bit floating-point types as C++ types, and their conversions.
// Called by: tensors, kernels, users who fill tensors of these types.
// Must not know: arithmetic; kernels compute in float and round once.
#pragma once

#include <bit>
#include <cstdint>

namespace caudal {

/// IEEE 754 binary16. Rounds to nearest, ties to even; keeps NaN, infinities and subnormals.
struct Half {
  std::uint16_t bits = 0;

  Half() = default;
  explicit Half(float value) {
    const std::uint32_t f = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (f >> 16) & 0x8000u;
    const std::uint32_t magnitude = f & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
      bits = std::uint16_t(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
    } else if (magnitude >= 0x477ff000u) {  // 65520 and above round to infinity
      bits = std::uint16_t(sign | 0x7c00u);
    } else if (magnitude < 0x38800000u) {  // below 2^-14: the adder aligns and rounds
      const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
      bits = std::uint16_t(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
    } else {
      const std::uint32_t odd = (magnitude >> 13) & 1u;
      bits = std::uint16_t(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
    }
  }
  explicit operator float() const {
    const std::uint32_t sign = std::uint32_t(bits & 0x8000u) << 16;
    const std::uint32_t magnitude = bits & 0x7fffu;
    if (magnitude >= 0x7c00u)
      return std::bit_cast<float>(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
    if (magnitude < 0x400u)
      return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(float(magnitude) * 0x1p-24f));
    return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000u));
  }
};

/// The upper half of a float32. Rounds to nearest, ties to even.
struct Bfloat16 {
  std::uint16_t bits = 0;

  Bfloat16() = default;
  explicit Bfloat16(float value) {
    const std::uint32_t f = std::bit_cast<std::uint32_t>(value);
    if ((f & 0x7fffffffu) > 0x7f800000u) {
      bits = std::uint16_t((f >> 16) | 0x40u);
    } else {
      bits = std::uint16_t((f + 0x7fffu + ((f >> 16) & 1u)) >> 16);
    }
  }
  explicit operator float() const { return std::bit_cast<float>(std::uint32_t(bits) << 16); }
};

static_assert(sizeof(Half) == 2 && sizeof(Bfloat16) == 2);

}  // namespace caudal
