// SPDX-License-Identifier: Apache-2.0
// Owns: the process-wide table of op definitions.
// Called by: start-up (built-in families), register_ops (users), find_op.
// Must not know: the families; start-up passes them in.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "caudal/op_def.h"

namespace caudal {

/// Set once before the first look-up: returns the built-in rows.
void set_builtin_ops(std::vector<std::span<const OpRow>> (*families)());

/// Adds an op that no row describes; one that is known already stays. all_ops() leaves it out.
void add_op(std::unique_ptr<OpDef> op);

}  // namespace caudal
