// SPDX-License-Identifier: Apache-2.0
// Owns: the Philox4x32-10 counter generator, conversions of its words, and the stream of a node.
// Called by: kernels/cpu/random.cpp.
// Must not know: ops, tensors.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>

#include "kernels/cpu/isa.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// A position in a stream: a 64-bit key and a 128-bit block counter.
struct PhiloxPosition {
  std::uint64_t key = 0;
  std::uint64_t low = 0, high = 0;

  PhiloxPosition plus(std::uint64_t blocks) const {
    PhiloxPosition p = *this;
    p.low += blocks;
    p.high += p.low < blocks;
    return p;
  }
};

constexpr int kPhiloxLanes = 16;

/// Words of kLanes blocks that lie `stride` apart; block i fills words[4 * i .. 4 * i + 3].
template <int kLanes = kPhiloxLanes>
void philox_blocks(const PhiloxPosition& start, std::uint64_t stride, std::uint32_t* words) {
  std::uint32_t c0[kLanes], c1[kLanes], c2[kLanes], c3[kLanes];
  for (int i = 0; i < kLanes; ++i) {
    const std::uint64_t low = start.low + stride * std::uint64_t(i);
    const std::uint64_t high = start.high + (low < start.low);
    c0[i] = std::uint32_t(low);
    c1[i] = std::uint32_t(low >> 32);
    c2[i] = std::uint32_t(high);
    c3[i] = std::uint32_t(high >> 32);
  }
  std::uint32_t k0 = std::uint32_t(start.key), k1 = std::uint32_t(start.key >> 32);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < kLanes; ++i) {
      const std::uint64_t p0 = std::uint64_t(c0[i]) * 0xD2511F53u;
      const std::uint64_t p1 = std::uint64_t(c2[i]) * 0xCD9E8D57u;
      c0[i] = std::uint32_t(p1 >> 32) ^ c1[i] ^ k0;
      c1[i] = std::uint32_t(p1);
      c2[i] = std::uint32_t(p0 >> 32) ^ c3[i] ^ k1;
      c3[i] = std::uint32_t(p0);
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (int i = 0; i < kLanes; ++i) {
    words[4 * i] = c0[i];
    words[4 * i + 1] = c1[i];
    words[4 * i + 2] = c2[i];
    words[4 * i + 3] = c3[i];
  }
}

/// Words one after the other, from buffered blocks.
class PhiloxWords {
 public:
  explicit PhiloxWords(const PhiloxPosition& start) : position_(start) {}
  std::uint32_t next() {
    if (used_ == 4 * kPhiloxLanes) {
      philox_blocks(position_, 1, words_);
      position_ = position_.plus(kPhiloxLanes);
      used_ = 0;
    }
    return words_[used_++];
  }

 private:
  PhiloxPosition position_;
  int used_ = 4 * kPhiloxLanes;
  std::uint32_t words_[4 * kPhiloxLanes];
};

/// [0, 1): 23 random bits.
inline float uniform_float(std::uint32_t w) {
  return std::bit_cast<float>(0x3F800000u | (w & 0x7FFFFFu)) - 1.0f;
}
/// [0, 1): 52 random bits.
inline double uniform_double(std::uint32_t w0, std::uint32_t w1) {
  const std::uint64_t mantissa = (std::uint64_t(w0 & 0xFFFFFu) << 32) | w1;
  return std::bit_cast<double>(0x3FF0000000000000u | mantissa) - 1.0;
}

constexpr double kTwoPi = 6.283185307179586476925286766559;

/// Two normal values from two words. The scalar functions of the C library are used on purpose:
/// other implementations of log, sin and cos round differently.
inline void box_muller(const std::uint32_t* w, float* out) {
  const float u = std::max(uniform_float(w[0]), 1.0e-7f);
  const float angle = float(kTwoPi * double(uniform_float(w[1])));
  const float radius = std::sqrt(-2.0f * std::log(u));
  out[0] = std::sin(angle) * radius;
  out[1] = std::cos(angle) * radius;
}
/// Two normal values from four words.
inline void box_muller(const std::uint32_t* w, double* out) {
  const double u = std::max(uniform_double(w[0], w[1]), 1.0e-7);
  const double angle = kTwoPi * uniform_double(w[2], w[3]);
  const double radius = std::sqrt(-2.0 * std::log(u));
  out[0] = std::sin(angle) * radius;
  out[1] = std::cos(angle) * radius;
}

/// The stream of one node in one session; every run takes the next part of it.
class RandomStream {
 public:
  RandomStream(std::int64_t seed, std::int64_t seed2) {
    if (seed == 0 && seed2 == 0) {
      std::random_device device;
      auto draw = [&device] { return (std::uint64_t(device()) << 32) | device(); };
      next_.key = draw();
      next_.high = draw();
    } else {
      next_.key = std::uint64_t(seed);
      next_.high = std::uint64_t(seed2);
    }
  }
  /// The start of `blocks` blocks that nobody else gets.
  PhiloxPosition reserve(std::uint64_t blocks) {
    std::lock_guard lock(mutex_);
    const PhiloxPosition start = next_;
    next_ = start.plus(blocks);
    return start;
  }

 private:
  std::mutex mutex_;
  PhiloxPosition next_;
};

}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
