// SPDX-License-Identifier: Apache-2.0
// Owns: the list of all op families.
// Called by: graph/op_registry.cpp through the hook in runtime start-up.
// Must not know: single ops.
#pragma once

#include <span>
#include <vector>

#include "caudal/op_def.h"

namespace caudal::ops {

std::vector<std::span<const OpRow>> all_families();

}  // namespace caudal::ops
