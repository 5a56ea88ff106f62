// SPDX-License-Identifier: Apache-2.0
// Owns: what a run of If or While keeps for its gradient, carried in a variant tensor.
// Called by: the control-flow executor (writes), the kernels of tapes (read).
// Must not know: graphs.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "tensor/object.h"

namespace caudal {

/// For each execution of the branch or body, the saved intermediates.
struct Tape : Object {
  static constexpr std::string_view kKind = "tape";
  std::string_view kind() const override { return kKind; }

  std::vector<std::vector<Tensor>> entries;
};

/// Gradients of values of a tape, by (entry, value); what is not there is zero. Of a tape within a
/// tape there is the gradient.
struct TapeGradient : Object {
  static constexpr std::string_view kKind = "gradient of a tape";
  std::string_view kind() const override { return kKind; }

  std::map<std::pair<std::int32_t, std::int64_t>, Tensor> entries;
};

}  // namespace caudal
