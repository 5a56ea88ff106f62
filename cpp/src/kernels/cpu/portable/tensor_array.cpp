// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {

std::span<const KernelRow> tensor_array_kernels() { return {}; }

}  // namespace caudal::cpu
