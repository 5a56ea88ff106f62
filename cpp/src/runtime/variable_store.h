// SPDX-License-Identifier: Apache-2.0
// Owns: the variables of a session, by name, and the epoch that tells plans when one changed shape.
// Called by: plan builder (look-up), executor (publish).
// Must not know: graphs, plans.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "caudal/tensor.h"

namespace caudal {

/// A variable's memory lives in a Tensor that steps write in place. A new shape means a new Tensor
/// and a new epoch; plans of the old epoch keep the old memory alive until they are dropped.
class VariableStore {
 public:
  /// Undefined when the variable is not initialised.
  Tensor find(const std::string& name) const {
    std::lock_guard lock(mutex_);
    const auto it = values_.find(name);
    return it == values_.end() ? Tensor() : it->second;
  }
  void publish(const std::string& name, const Tensor& value) {
    std::lock_guard lock(mutex_);
    values_[name] = value;
    epoch_.fetch_add(1, std::memory_order_acq_rel);
  }
  std::int64_t epoch() const { return epoch_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Tensor> values_;
  std::atomic<std::int64_t> epoch_{1};
};

}  // namespace caudal
