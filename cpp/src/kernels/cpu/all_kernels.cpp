// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/families.h"

namespace caudal::cpu::CAUDAL_ISA {

void register_all() {
  for (auto rows :
       {elementwise_kernels(), select_kernels(), cast_kernels(),           reduction_kernels(),
        scan_kernels(),        math_kernels(),   array_kernels(),          rearrange_kernels(),
        slice_kernels(),       space_kernels(),  gather_scatter_kernels(), dynamic_kernels(),
        matmul_kernels(),      pool_kernels(),   norm_kernels(),           loss_kernels(),
        nn_kernels(),          random_kernels(), sampling_kernels(),       state_kernels(),
        training_kernels(),    linalg_kernels(), tape_kernels(),           host_kernels()}) {
    register_kernels("CPU", rows);
  }
  register_fuser("CPU", elementwise_fuser());
}

}  // namespace caudal::cpu::CAUDAL_ISA
