// SPDX-License-Identifier: Apache-2.0
#include "runtime/memory_plan.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "tensor/allocator.h"

namespace caudal {
namespace {

/// Free ranges by offset (to merge neighbours) and by size (best fit).
class FreeList {
 public:
  std::size_t take(std::size_t size) {
    const auto fit = by_size_.lower_bound({size, 0});
    if (fit != by_size_.end()) {
      const auto [have, offset] = *fit;
      erase(offset, have);
      if (have > size) insert(offset + size, have - size);
      return offset;
    }
    // Nothing fits: grow the end, starting inside a free range that touches it.
    std::size_t offset = total_;
    if (!by_offset_.empty()) {
      const auto last = *by_offset_.rbegin();
      if (last.first + last.second == total_) {
        offset = last.first;
        erase(last.first, last.second);
      }
    }
    total_ = offset + size;
    return offset;
  }

  void give(std::size_t offset, std::size_t size) {
    const auto next = by_offset_.lower_bound(offset);
    if (next != by_offset_.end() && offset + size == next->first) {
      size += next->second;
      erase(next->first, next->second);
    }
    const auto after = by_offset_.lower_bound(offset);
    if (after != by_offset_.begin()) {
      const auto before = std::prev(after);
      if (before->first + before->second == offset) {
        offset = before->first;
        size += before->second;
        erase(before->first, before->second);
      }
    }
    insert(offset, size);
  }

  std::size_t total() const { return total_; }

 private:
  void insert(std::size_t offset, std::size_t size) {
    by_offset_.emplace(offset, size);
    by_size_.emplace(size, offset);
  }
  void erase(std::size_t offset, std::size_t size) {
    by_offset_.erase(offset);
    by_size_.erase({size, offset});
  }
  std::map<std::size_t, std::size_t> by_offset_;
  std::set<std::pair<std::size_t, std::size_t>> by_size_;
  std::size_t total_ = 0;
};

}  // namespace

MemoryPlan plan_memory(std::span<const Interval> intervals) {
  MemoryPlan plan;
  plan.offsets.resize(intervals.size());
  std::vector<std::size_t> order(intervals.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  // Larger ones first among those that begin together, so that they find the good gaps.
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const Interval &x = intervals[a], &y = intervals[b];
    if (x.first != y.first) return x.first < y.first;
    if (x.size != y.size) return x.size > y.size;
    return a < b;
  });
  std::set<std::pair<int, std::size_t>> live;  // (last step, interval)
  FreeList free_list;
  const auto rounded = [](std::size_t size) {
    return (size + kAlignment - 1) / kAlignment * kAlignment;
  };
  for (const std::size_t i : order) {
    if (intervals[i].size == 0) continue;
    while (!live.empty() && live.begin()->first < intervals[i].first) {
      const std::size_t dead = live.begin()->second;
      free_list.give(plan.offsets[dead], rounded(intervals[dead].size));
      live.erase(live.begin());
    }
    plan.offsets[i] = free_list.take(rounded(intervals[i].size));
    live.emplace(intervals[i].last, i);
  }
  plan.total = free_list.total();
  return plan;
}

}  // namespace caudal
