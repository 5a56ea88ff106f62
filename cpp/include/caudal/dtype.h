// SPDX-License-Identifier: Apache-2.0
// Owns: the element types of tensors, numbered and named as in TensorFlow.
// Called by: everything.
// Must not know: shapes, tensors, graphs.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "caudal/half.h"
#include "caudal/version.h"

namespace caudal {

enum class DType : std::uint8_t {
  kInvalid = 0,
  kFloat = 1,
  kDouble = 2,
  kInt32 = 3,
  kUint8 = 4,
  kInt16 = 5,
  kInt8 = 6,
  kString = 7,
  kComplex64 = 8,
  kInt64 = 9,
  kBool = 10,
  kQint8 = 11,
  kQuint8 = 12,
  kQint32 = 13,
  kBfloat16 = 14,
  kQint16 = 15,
  kQuint16 = 16,
  kUint16 = 17,
  kComplex128 = 18,
  kHalf = 19,
  kResource = 20,
  kVariant = 21,
  kUint32 = 22,
  kUint64 = 23,
};

constexpr int kNumDTypes = 24;

/// Bytes of one element as stored; strings and variants are stored as C++ objects.
CAUDAL_API std::size_t dtype_size(DType dtype);
/// Name in Python and NumPy: "float32", "int64", "bool".
CAUDAL_API std::string_view dtype_name(DType dtype);
/// Name in op signatures: "float", "int64", "half".
CAUDAL_API std::string_view dtype_signature_name(DType dtype);
/// Either kind of name; kInvalid when unknown.
CAUDAL_API DType dtype_from_name(std::string_view name);

constexpr bool is_floating(DType t) {
  return t == DType::kFloat || t == DType::kDouble || t == DType::kHalf || t == DType::kBfloat16;
}
constexpr bool is_complex(DType t) { return t == DType::kComplex64 || t == DType::kComplex128; }
constexpr bool is_integer(DType t) {
  return t == DType::kInt8 || t == DType::kInt16 || t == DType::kInt32 || t == DType::kInt64 ||
         t == DType::kUint8 || t == DType::kUint16 || t == DType::kUint32 || t == DType::kUint64;
}
/// Elements are C++ objects (std::string, Variant) and not plain bytes.
constexpr bool is_object(DType t) {
  return t == DType::kString || t == DType::kResource || t == DType::kVariant;
}

/// A set of dtypes as one word, usable in constexpr rows.
class DTypeSet {
 public:
  constexpr DTypeSet() = default;
  constexpr DTypeSet(std::initializer_list<DType> types) {
    for (DType t : types) bits_ |= 1u << static_cast<unsigned>(t);
  }
  static constexpr DTypeSet all() {
    DTypeSet s;
    s.bits_ = ~0u;
    return s;
  }
  constexpr bool contains(DType t) const { return (bits_ >> static_cast<unsigned>(t)) & 1u; }
  constexpr void insert(DType t) { bits_ |= 1u << static_cast<unsigned>(t); }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr DTypeSet operator|(DTypeSet o) const {
    DTypeSet s;
    s.bits_ = bits_ | o.bits_;
    return s;
  }

 private:
  std::uint32_t bits_ = 0;
};

/// DType of a C++ element type: dtype_of<float> == DType::kFloat.
template <class T>
inline constexpr DType dtype_of = DType::kInvalid;
template <>
inline constexpr DType dtype_of<float> = DType::kFloat;
template <>
inline constexpr DType dtype_of<double> = DType::kDouble;
template <>
inline constexpr DType dtype_of<std::int32_t> = DType::kInt32;
template <>
inline constexpr DType dtype_of<std::int64_t> = DType::kInt64;
template <>
inline constexpr DType dtype_of<std::uint8_t> = DType::kUint8;
template <>
inline constexpr DType dtype_of<bool> = DType::kBool;
template <>
inline constexpr DType dtype_of<Half> = DType::kHalf;
template <>
inline constexpr DType dtype_of<Bfloat16> = DType::kBfloat16;
template <>
inline constexpr DType dtype_of<std::int8_t> = DType::kInt8;
template <>
inline constexpr DType dtype_of<std::int16_t> = DType::kInt16;
template <>
inline constexpr DType dtype_of<std::uint16_t> = DType::kUint16;
template <>
inline constexpr DType dtype_of<std::uint32_t> = DType::kUint32;
template <>
inline constexpr DType dtype_of<std::uint64_t> = DType::kUint64;
template <>
inline constexpr DType dtype_of<std::complex<float>> = DType::kComplex64;
template <>
inline constexpr DType dtype_of<std::complex<double>> = DType::kComplex128;

}  // namespace caudal
