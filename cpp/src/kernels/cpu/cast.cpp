// SPDX-License-Identifier: Apache-2.0
// Conversion between dtypes: in the interpreter where it knows both, else element by element.
#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/portable/convert.h"
#include "kernels/cpu/vector/program.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

Prepared prepare_cast(const KernelRequest& r) {
  const bool known =
      loop_type_index(r.inputs[0].dtype) >= 0 && loop_type_index(r.outputs[0].dtype) >= 0;
  return known ? prepare_elementwise(r) : prepare_conversion(r);
}

}  // namespace

std::span<const KernelRow> cast_kernels() {
  static const KernelRow rows[] = {{"Cast", "SrcT", kBytes, prepare_cast}};
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
