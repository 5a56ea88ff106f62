// SPDX-License-Identifier: Apache-2.0
// Owns: numbers taken one after the other from a Philox stream, for kernels of this folder.
// Called by: candidate_sampling.cpp, fractional_pool.cpp.
// Must not know: ops, tensors.
#pragma once

// The generator is shared with the kernels that are compiled once per level.
#ifndef CAUDAL_ISA
#define CAUDAL_ISA portable
#endif
#include "kernels/cpu/philox.h"

namespace caudal::cpu {
namespace {

using CAUDAL_ISA::PhiloxPosition;
using PhiloxStream = CAUDAL_ISA::RandomStream;

/// Draws from a part of a stream that belongs to one run.
class PhiloxNumbers {
 public:
  explicit PhiloxNumbers(const PhiloxPosition& start) : words_(start) {}

  std::uint32_t word() { return words_.next(); }
  std::uint64_t long_word() {
    const std::uint64_t low = word();
    return std::uint64_t(word()) << 32 | low;
  }
  /// [0, 1)
  float real_float() { return CAUDAL_ISA::uniform_float(word()); }
  double real() {
    const std::uint32_t first = word();
    return CAUDAL_ISA::uniform_double(first, word());
  }
  /// [0, n) without bias: what would favour small numbers is drawn again.
  std::uint32_t below(std::uint32_t n) {
    return unbiased(n, [this] { return word(); });
  }
  std::uint64_t below(std::uint64_t n) {
    return unbiased(n, [this] { return long_word(); });
  }

 private:
  template <class U, class F>
  static U unbiased(U n, F&& draw) {
    if ((n & (n - 1)) == 0) return draw() & (n - 1);
    const U rest = U(~U(0)) % n + 1;
    U v = draw();
    while (v < rest) v = draw();
    return v % n;
  }

  CAUDAL_ISA::PhiloxWords words_;
};

}  // namespace
}  // namespace caudal::cpu
