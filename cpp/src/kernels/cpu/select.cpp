// SPDX-License-Identifier: Apache-2.0
// Select and SelectV2 for the dtypes of the interpreter.
#include "kernels/cpu/families.h"
#include "kernels/cpu/vector/program.h"

namespace caudal::cpu::CAUDAL_ISA {

std::span<const KernelRow> select_kernels() {
  static const KernelRow rows[] = {
      {"Select", "T", kLoopTypeSet, prepare_elementwise},
      {"SelectV2", "T", kLoopTypeSet, prepare_elementwise},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
