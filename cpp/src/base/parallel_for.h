// SPDX-License-Identifier: Apache-2.0
// Owns: loops over index ranges on all cores, and the number of threads that they use.
// Called by: kernels, the executor (sets the number of threads).
// Must not know: tensors, sessions.
#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>
#include <exception>

namespace caudal {

/// Threads of loops started by the calling thread; 0: OpenMP's default.
void set_intra_op_threads(int threads);
int intra_op_threads();
/// The number that applies now, at least 1; 1 inside a parallel region.
int loop_threads();

/// Calls fn(begin, end) for the ranges [0, grain), [grain, 2 grain), ... of [0, n), in parallel
/// where that pays. The ranges do not depend on the number of threads, so a range may be the unit
/// of a partial result. The exception of the lowest failing range is rethrown.
template <class F>
void parallel_for(std::int64_t n, std::int64_t grain, F&& fn) {
  if (n <= 0) return;
  grain = std::max<std::int64_t>(grain, 1);
  if (n <= grain) {
    fn(std::int64_t{0}, n);
    return;
  }
  const std::int64_t blocks = (n - 1) / grain + 1;
  const int threads = int(std::min<std::int64_t>(loop_threads(), blocks));
  if (threads == 1) {
    for (std::int64_t begin = 0; begin < n; begin += grain) {
      fn(begin, begin + std::min(grain, n - begin));
    }
    return;
  }
  std::exception_ptr error;
  std::int64_t error_block = blocks;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::int64_t block = 0; block < blocks; ++block) {
    const std::int64_t begin = block * grain;
    try {
      fn(begin, begin + std::min(grain, n - begin));
    } catch (...) {
#pragma omp critical(caudal_parallel_for)
      if (block < error_block) {
        error_block = block;
        error = std::current_exception();
      }
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace caudal
