// SPDX-License-Identifier: Apache-2.0
// Owns: the step from a dtype known at run time to a C++ type.
// Called by: kernels.
// Must not know: ops.
#pragma once

#include <string>

#include "caudal/error.h"
#include "kernels/cpu/isa.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

constexpr DTypeSet kPlain{DType::kFloat, DType::kDouble, DType::kInt32,
                          DType::kInt64, DType::kBool,   DType::kUint8};
/// What ops that only move elements take.
constexpr DTypeSet kMovable = kPlain | DTypeSet{DType::kString};

/// Calls fn with a value of the C++ type of a plain dtype.
template <class F>
void with_type(DType dtype, F&& fn) {
  switch (dtype) {
    case DType::kFloat:
      return fn(float{});
    case DType::kDouble:
      return fn(double{});
    case DType::kInt32:
      return fn(std::int32_t{});
    case DType::kInt64:
      return fn(std::int64_t{});
    case DType::kUint8:
      return fn(std::uint8_t{});
    case DType::kBool:
      return fn(false);
    default:
      fail(Code::kUnimplemented, "no kernel for ", dtype);
  }
}

/// Calls fn with an unsigned value as large as an element, or a string.
template <class F>
void with_element(DType dtype, F&& fn) {
  if (dtype == DType::kString) return fn(std::string());
  switch (dtype_size(dtype)) {
    case 1:
      return fn(std::uint8_t{});
    case 4:
      return fn(std::uint32_t{});
    case 8:
      return fn(std::uint64_t{});
    default:
      fail(Code::kUnimplemented, "no kernel for ", dtype);
  }
}

/// Calls fn with a value of an index type.
template <class F>
void with_index(DType dtype, F&& fn) {
  if (dtype == DType::kInt32) return fn(std::int32_t{});
  if (dtype == DType::kInt64) return fn(std::int64_t{});
  fail(Code::kUnimplemented, "indices of dtype ", dtype);
}

}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
