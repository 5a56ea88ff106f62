// SPDX-License-Identifier: Apache-2.0
// Owns: the dtypes of matrices in linear algebra, and the step from them to C++ types.
// Called by: blas_lapack.h, portable/tridiagonal.cpp.
// Must not know: LAPACK, ops.
#pragma once

#include <complex>

#include "caudal/error.h"
#include "caudal/kernel.h"

namespace caudal::cpu {

/// fn(T{}) with the element type of a matrix.
template <class F>
auto with_matrix_type(DType dtype, F&& fn) {
  switch (dtype) {
    case DType::kFloat:
      return fn(float{});
    case DType::kDouble:
      return fn(double{});
    case DType::kComplex64:
      return fn(std::complex<float>{});
    case DType::kComplex128:
      return fn(std::complex<double>{});
    default:
      fail(Code::kUnimplemented, "takes float32, float64, complex64, complex128, not ", dtype);
  }
}

constexpr DTypeSet kMatrixTypes{DType::kFloat, DType::kDouble, DType::kComplex64,
                                DType::kComplex128};

}  // namespace caudal::cpu
