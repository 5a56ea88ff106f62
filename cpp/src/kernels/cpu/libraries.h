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

inline void register_library_kernels() {
  register_kernels("CPU", blas_matmul_kernels());
  register_kernels("CPU", onednn_matmul_kernels());
  register_kernels("CPU", onednn_conv_kernels());
}

}  // namespace caudal::cpu
