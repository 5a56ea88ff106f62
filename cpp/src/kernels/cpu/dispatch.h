// SPDX-License-Identifier: Apache-2.0
// Owns: the choice of the x86-64 level at load.
// Called by: runtime/device.cpp once per process.
// Must not know: the kernels.
#pragma once

#include <string_view>

namespace caudal::cpu {

/// "v2", "v3" or "v4". Throws Unavailable on older processors.
std::string_view isa_level();
void register_cpu_kernels();

}  // namespace caudal::cpu
