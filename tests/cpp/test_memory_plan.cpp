// SPDX-License-Identifier: Apache-2.0
// sources: runtime/memory_plan.cpp
#include <algorithm>
#include <random>

#include "runtime/memory_plan.h"
#include "testing.h"

using namespace caudal;

TEST(memory_plans_never_overlap) {
  std::mt19937 random(1);
  for (int round = 0; round < 400; ++round) {
    const int count = int(random() % 40), steps = 1 + int(random() % 30);
    std::vector<Interval> intervals;
    std::size_t sum = 0;
    for (int i = 0; i < count; ++i) {
      const int first = int(random() % unsigned(steps));
      const int last = first + int(random() % unsigned(steps - first));
      const std::size_t size = random() % 4 == 0 ? 0 : random() % 5000;
      intervals.push_back({size, first, last});
      sum += (size + 63) / 64 * 64;
    }
    const MemoryPlan plan = plan_memory(intervals);
    CHECK_EQ(plan.offsets.size(), intervals.size());
    CHECK(plan.total <= sum);
    CHECK(plan_memory(intervals).offsets == plan.offsets);
    for (int i = 0; i < count; ++i) {
      const Interval& a = intervals[std::size_t(i)];
      const std::size_t at = plan.offsets[std::size_t(i)];
      CHECK_EQ(at % 64, std::size_t{0});
      CHECK(at + a.size <= plan.total);
      for (int j = 0; j < i; ++j) {
        const Interval& b = intervals[std::size_t(j)];
        const std::size_t other = plan.offsets[std::size_t(j)];
        const bool in_time = a.first <= b.last && b.first <= a.last;
        const bool in_memory = at < other + b.size && other < at + a.size;
        CHECK(!(in_time && in_memory));
      }
    }
  }
}
