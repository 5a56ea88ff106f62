// SPDX-License-Identifier: Apache-2.0
// Conversion between the dtypes of the interpreter.
#include "kernels/cpu/families.h"
#include "kernels/cpu/vector/program.h"

namespace caudal::cpu::CAUDAL_ISA {

std::span<const KernelRow> cast_kernels() {
  static const KernelRow rows[] = {{"Cast", "SrcT", kLoopTypeSet, prepare_elementwise}};
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
