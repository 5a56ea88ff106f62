// SPDX-License-Identifier: Apache-2.0
// Owns: the kernels of narrow dtypes that convert to a wider one, run its kernel and convert back.
// Called by: dispatch.cpp.
// Must not know: how the wide kernels work.
#pragma once

#include <span>

#include "caudal/kernel.h"

namespace caudal::cpu {

/// To be registered first, so that kernels of the narrow dtypes themselves win.
std::span<const KernelRow> widened_kernels();

}  // namespace caudal::cpu
