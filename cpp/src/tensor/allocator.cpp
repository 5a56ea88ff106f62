// SPDX-License-Identifier: Apache-2.0
#include "tensor/allocator.h"

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "caudal/error.h"

namespace caudal {
namespace {

// Freed blocks of at most kMaxKept bytes wait in power-of-two classes (with three steps between
// powers) up to a total of kMaxTotal; larger ones go back to the system at once.
constexpr std::size_t kMaxKept = std::size_t(64) << 20;
constexpr std::size_t kMaxTotal = std::size_t(128) << 20;
constexpr std::size_t kHugePage = std::size_t(2) << 20;

std::size_t size_class(std::size_t bytes) {
  if (bytes <= 256) return (bytes + 63) / 64 * 64;
  const std::size_t step = std::bit_floor(bytes) / 4;
  return (bytes + step - 1) / step * step;
}

class Pool {
 public:
  void* take(std::size_t size) {
    if (size <= kMaxKept) {
      std::lock_guard lock(mutex_);
      for (auto& c : classes_) {
        if (c.size == size && !c.blocks.empty()) {
          void* p = c.blocks.back();
          c.blocks.pop_back();
          kept_ -= size;
          return p;
        }
      }
    }
    return fresh(size);
  }

  void give(void* p, std::size_t size) {
    if (size <= kMaxKept) {
      std::lock_guard lock(mutex_);
      if (kept_ + size <= kMaxTotal) {
        kept_ += size;
        for (auto& c : classes_) {
          if (c.size == size) {
            c.blocks.push_back(p);
            return;
          }
        }
        classes_.push_back({size, {p}});
        return;
      }
    }
    std::free(p);
  }

 private:
  /// Large blocks ask for huge pages: weights and activations are streamed, page walks would show.
  static void* fresh(std::size_t size) {
    if (size < 2 * kHugePage) return std::aligned_alloc(kAlignment, size);
    const std::size_t rounded = (size + kHugePage - 1) / kHugePage * kHugePage;
    void* p = std::aligned_alloc(kHugePage, rounded);
    if (p != nullptr) madvise(p, rounded, MADV_HUGEPAGE);
    return p;
  }

  struct Class {
    std::size_t size;
    std::vector<void*> blocks;
  };
  std::mutex mutex_;
  std::vector<Class> classes_;
  std::size_t kept_ = 0;
};

// Never destroyed: tensors held by the host language may be freed after static destructors ran.
Pool& pool() {
  static Pool& p = *new Pool;
  return p;
}

}  // namespace

std::shared_ptr<void> allocate(std::size_t bytes) {
  constexpr std::size_t kLimit = std::size_t(1) << 46;
  if (bytes > kLimit) {
    fail(Code::kResourceExhausted, "out of memory: ", std::int64_t(bytes >> 20), " MiB asked for");
  }
  const std::size_t size = size_class(bytes == 0 ? 1 : bytes);
  void* p = pool().take(size);
  if (p == nullptr) {
    fail(Code::kResourceExhausted, "out of memory: ", std::int64_t(bytes), " bytes asked for");
  }
  return std::shared_ptr<void>(p, [size](void* q) { pool().give(q, size); });
}

}  // namespace caudal
