// SPDX-License-Identifier: Apache-2.0
// Owns: how a (batched) matrix product lies in memory, and the entry to the plain kernels.
// Called by: matmul.cpp (plain kernels), onednn_matmul.cpp, blas_matmul.cpp.
// Must not know: libraries.
#pragma once

#include <vector>

#include "caudal/kernel.h"

namespace caudal::cpu {

/// C[i] = op(A[a[i]]) * op(B[b[i]]) for every batch entry i; offsets count elements.
struct ProductShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  std::vector<std::int64_t> a, b;  ///< one entry per product
  bool b_shared = false;           ///< every product uses the same B
  bool strided = false;  ///< neither side is broadcast: a[i] = i * m * k, b[i] = i * k * n

  static ProductShape of(const KernelRequest& r);
  std::int64_t batch() const { return std::int64_t(a.size()); }
};

/// Products of up to this many multiplications are faster without a library call.
constexpr std::int64_t kPlainProductLimit = 100'000;

/// The plain kernels of the chosen level; set when its kernels are registered.
extern PrepareFn plain_product;

}  // namespace caudal::cpu
