// SPDX-License-Identifier: Apache-2.0
// Owns: packing of lifetimes into one arena: a pure function.
// Called by: plan builder.
// Must not know: what the memory holds.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace caudal {

/// `size` bytes in use from step `first` to step `last`, both inclusive.
struct Interval {
  std::size_t size = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  ///< one per interval, 64-byte aligned
  std::size_t total = 0;
};

/// Intervals that overlap in time never overlap in memory; total <= sum of the rounded sizes; the
/// result depends on the arguments alone. O(n log n).
MemoryPlan plan_memory(std::span<const Interval> intervals);

}  // namespace caudal
