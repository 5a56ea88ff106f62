// SPDX-License-Identifier: Apache-2.0
// Owns: what a run of If or While keeps for its gradient, carried in a variant tensor.
// Called by: the control-flow executor (writes), the TapeRead kernel (reads).
// Must not know: graphs.
#pragma once

#include <vector>

#include "tensor/object.h"

namespace caudal {

/// For each execution of the branch or body, the saved intermediates.
struct Tape : Object {
  static constexpr std::string_view kKind = "tape";
  std::string_view kind() const override { return kKind; }

  std::vector<std::vector<Tensor>> entries;
};

}  // namespace caudal
