// SPDX-License-Identifier: Apache-2.0
// Owns: the way to functions of the BLAS and LAPACK library, which is loaded when first needed.
// Called by: blas_*.cpp.
// Must not know: ops, tensors.
#pragma once

#define CAUDAL_CONCAT_(a, b) a##b
#define CAUDAL_CONCAT(a, b) CAUDAL_CONCAT_(a, b)
/// The library's own name of a function, which may have a prefix.
#define CAUDAL_BLAS(name) CAUDAL_CONCAT(CAUDAL_BLAS_PREFIX, name)

namespace caudal::cpu {

/// The function called `name` without the prefix. Throws Unavailable when it cannot be had.
/// Keep what it returns: every call searches.
void* blas_symbol(const char* name);

template <class F>
F blas_function(const char* name) {
  return reinterpret_cast<F>(blas_symbol(name));
}

}  // namespace caudal::cpu
