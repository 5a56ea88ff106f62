// SPDX-License-Identifier: Apache-2.0
// Owns: functions of complex numbers that the standard library lacks, and the dtype switch.
// Called by: portable/complex_*.cpp.
// Must not know: ops, tensors.
#pragma once

#include <cmath>
#include <complex>

#include "caudal/error.h"
#include "caudal/kernel.h"

namespace caudal::cpu {

constexpr DTypeSet kComplexTypes{DType::kComplex64, DType::kComplex128};

/// fn(std::complex<float>{}) or fn(std::complex<double>{}).
template <class F>
auto with_complex(DType dtype, F&& fn) {
  if (dtype == DType::kComplex64) return fn(std::complex<float>{});
  if (dtype == DType::kComplex128) return fn(std::complex<double>{});
  fail(Code::kUnimplemented, "takes complex64, complex128, not ", dtype);
}

/// exp(z) - 1 without cancellation near zero.
template <class R>
std::complex<R> complex_expm1(std::complex<R> z) {
  const R a = z.real(), b = z.imag();
  const R half = std::sin(b / 2);
  return {std::expm1(a) * std::cos(b) - 2 * half * half, std::exp(a) * std::sin(b)};
}

/// log(1 + z) without cancellation near zero.
template <class R>
std::complex<R> complex_log1p(std::complex<R> z) {
  const R a = z.real(), b = z.imag();
  if (std::abs(a) + std::abs(b) > R(0.5)) return std::log(R(1) + z);
  return {std::log1p(a * (2 + a) + b * b) / 2, std::atan2(b, 1 + a)};
}

}  // namespace caudal::cpu
