// SPDX-License-Identifier: Apache-2.0
// Owns: aligned host memory, kept for reuse in size classes so that steps do not fault fresh pages.
// Called by: Tensor, run states.
// Must not know: what the memory is for.
#pragma once

#include <cstddef>
#include <memory>

namespace caudal {

constexpr std::size_t kAlignment = 64;

/// At least `bytes` bytes (never null), 64-byte aligned. Throws ResourceExhausted.
std::shared_ptr<void> allocate(std::size_t bytes);

}  // namespace caudal
