// SPDX-License-Identifier: Apache-2.0
// Owns: the list of kernel families that stand on oneDNN and OpenBLAS.
// Called by: dispatch.cpp; the onednn_* and blas_* files.
// Must not know: the libraries themselves.
#pragma once

#include <span>

#include "caudal/kernel.h"

namespace caudal::cpu {

std::span<const KernelRow> onednn_matmul_kernels();
std::span<const KernelRow> onednn_conv_kernels();
std::span<const KernelRow> blas_matmul_kernels();
std::span<const KernelRow> blas_complex_matmul_kernels();
std::span<const KernelRow> blas_solve_kernels();      // Cholesky, inverse, solve, determinants
std::span<const KernelRow> blas_decompose_kernels();  // Qr, Svd, SelfAdjointEig
std::span<const KernelRow> blas_matrix_function_kernels();  // square root, logarithm, exponential

inline void register_library_kernels() {
  for (auto rows : {blas_matmul_kernels(), blas_complex_matmul_kernels(), blas_solve_kernels(),
                    blas_decompose_kernels(), blas_matrix_function_kernels()}) {
    register_kernels("CPU", rows);
  }
  register_kernels("CPU", onednn_matmul_kernels());
  register_kernels("CPU", onednn_conv_kernels());
}

}  // namespace caudal::cpu
