// SPDX-License-Identifier: Apache-2.0
// Owns: OpenMP for one thread: fuzz targets need none, and clang may come without it.
// Called by: base/parallel_for.
// Must not know: anything.
#pragma once

inline int omp_get_max_threads() { return 1; }
inline int omp_in_parallel() { return 0; }
