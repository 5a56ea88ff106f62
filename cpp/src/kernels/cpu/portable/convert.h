// SPDX-License-Identifier: Apache-2.0
// Owns: conversion of elements between any two dtypes of numbers, and the Cast kernel on top of it.
// Called by: cast.cpp (pairs that the interpreter does not know), widened.cpp.
// Must not know: ops other than Cast.
#pragma once

#include <cstdint>

#include "caudal/kernel.h"

namespace caudal::cpu {

/// dst[i] = src[i] as the other dtype. Floats are rounded to nearest even; what is too large for an
/// integer wraps around; NaN becomes some number. Complex numbers lose their imaginary part.
using ConvertFn = void (*)(const void* src, void* dst, std::int64_t n);

/// nullptr for dtypes that are no numbers. Quantised dtypes convert as the integers in them.
ConvertFn find_conversion(DType from, DType to);

/// In parallel.
void convert_elements(ConvertFn convert, DType from, DType to, const void* src, void* dst,
                      std::int64_t n);

/// Attr Truncate cuts off the bits that half and bfloat16 do not hold instead of rounding.
Prepared prepare_conversion(const KernelRequest& request);

}  // namespace caudal::cpu
