// SPDX-License-Identifier: Apache-2.0
#include "base/parallel_for.h"

namespace caudal {
namespace {
thread_local int g_threads = 0;
}

void set_intra_op_threads(int threads) { g_threads = std::max(threads, 0); }

int intra_op_threads() { return g_threads; }

int loop_threads() {
  if (omp_in_parallel()) return 1;
  return g_threads > 0 ? g_threads : omp_get_max_threads();
}

}  // namespace caudal
