// SPDX-License-Identifier: Apache-2.0
// Owns: which words of a stream become which random elements. Blocks of the stream are addressed by
//       element, so numbers do not depend on the number of threads.
// Called by: random.cpp, sampling.cpp.
// Must not know: ops.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/parallel_for.h"
#include "caudal/kernel.h"
#include "kernels/cpu/philox.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// Blocks of the stream that a run reserves for each of its outputs.
constexpr std::uint64_t kBlocksPerOutput = 256;
constexpr std::int64_t kGroup = kPhiloxLanes;

std::shared_ptr<RandomStream> stream_of(const KernelRequest& r) {
  const std::int64_t seed = r.attrs->i("seed"), seed2 = r.attrs->i("seed2");
  if (!r.node_state) return std::make_shared<RandomStream>(seed, seed2);
  if (!*r.node_state) *r.node_state = std::make_shared<RandomStream>(seed, seed2);
  return std::static_pointer_cast<RandomStream>(*r.node_state);
}

/// Values per 128-bit block.
template <class T>
constexpr int kPerBlock = sizeof(T) == 8 ? 2 : 4;

template <class T>
struct Uniform {
  using Value = T;
  void operator()(const std::uint32_t* words, T* out) const {
    for (int i = 0; i < kPerBlock<T> * kGroup; ++i) {
      if constexpr (sizeof(T) == 8) {
        out[i] = uniform_double(words[2 * i], words[2 * i + 1]);
      } else {
        out[i] = uniform_float(words[i]);
      }
    }
  }
};

template <class T>
struct Normal {
  using Value = T;
  void operator()(const std::uint32_t* words, T* out) const {
    constexpr int kWords = sizeof(T) == 8 ? 4 : 2;
    for (int i = 0; i < kPerBlock<T> * kGroup / 2; ++i) box_muller(words + kWords * i, out + 2 * i);
  }
};

/// [0, 1): the low bits of a word are the mantissa.
template <class T, std::uint32_t kMantissa>
struct UniformNarrow {
  using Value = T;
  void operator()(const std::uint32_t* words, T* out) const {
    for (int i = 0; i < kPerBlock<T> * kGroup; ++i) {
      out[i] = T(float(words[i] & kMantissa) / float(kMantissa + 1));
    }
  }
};

/// low + word % range, both taken as unsigned.
template <class T>
struct UniformInt {
  using Value = T;
  using U = std::make_unsigned_t<T>;
  T low;
  U range;
  void operator()(const std::uint32_t* words, T* out) const {
    for (int i = 0; i < kPerBlock<T> * kGroup; ++i) {
      U bits = words[sizeof(T) == 8 ? 2 * i : i];
      if constexpr (sizeof(T) == 8) bits |= U(words[2 * i + 1]) << 32;
      out[i] = T(U(low) + bits % range);
    }
  }
};

/// Fills n outputs from consecutive blocks, kGroup blocks at a time.
template <class F>
void fill(const PhiloxPosition& start, std::int64_t n, typename F::Value* out, const F& convert) {
  using T = typename F::Value;
  constexpr std::int64_t kChunk = kPerBlock<T> * kGroup;
  parallel_for((n + kChunk - 1) / kChunk, 256, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t words[4 * kGroup];
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      philox_blocks(start.plus(std::uint64_t(chunk * kGroup)), 1, words);
      const std::int64_t first = chunk * kChunk;
      if (first + kChunk <= n) {
        convert(words, out + first);
      } else {
        T last[kChunk];
        convert(words, last);
        std::copy_n(last, n - first, out + first);
      }
    }
  });
}

/// Each group of outputs (one block's worth) owns as many blocks as its outputs reserve a quarter
/// of; inside, values beyond two standard deviations are skipped.
template <class T>
void truncated_normal(const PhiloxPosition& start, std::int64_t n, T* out) {
  constexpr int kSize = kPerBlock<T>;
  constexpr std::uint64_t kStride = kSize * kBlocksPerOutput / 4;
  const std::int64_t groups = (n + kSize - 1) / kSize;
  const std::int64_t chunks = (groups + kGroup - 1) / kGroup;
  parallel_for(chunks, 256, [&](std::int64_t begin, std::int64_t end) {
    std::uint32_t words[4 * kGroup];
    for (std::int64_t chunk = begin; chunk < end; ++chunk) {
      const PhiloxPosition first = start.plus(std::uint64_t(chunk * kGroup) * kStride);
      philox_blocks(first, kStride, words);
      const std::int64_t last = std::min<std::int64_t>(kGroup, groups - chunk * kGroup);
      for (std::int64_t g = 0; g < last; ++g) {
        T kept[2 * kSize], drawn[kSize];
        int count = 0;
        auto take = [&](const std::uint32_t* block) {
          for (int k = 0; k < kSize; k += 2)
            box_muller(block + (sizeof(T) == 8 ? 2 : 1) * k, drawn + k);
          for (T z : drawn) {
            kept[count] = z;
            count += std::fabs(z) < T(2);
          }
        };
        take(words + 4 * g);
        for (std::uint64_t more = 1; count < kSize; ++more) {
          std::uint32_t block[4];
          philox_blocks<1>(first.plus(std::uint64_t(g) * kStride + more), 0, block);
          take(block);
        }
        const std::int64_t at = (chunk * kGroup + g) * kSize;
        std::copy_n(kept, std::min<std::int64_t>(kSize, n - at), out + at);
      }
    }
  });
}

/// Two words give a double in [0, 1) per sample, row after row; the sample is the first class at
/// which the running sum of exp(logit - max) exceeds that share of the total.
template <class T, class Out>
void draw_classes(PhiloxWords& words, std::int64_t rows, std::int64_t classes, std::int64_t samples,
                  const T* logits, Out* result) {
  std::vector<double> sums(static_cast<std::size_t>(classes));
  for (std::int64_t row = 0; row < rows; ++row, logits += classes) {
    T top = std::numeric_limits<T>::lowest();
    for (std::int64_t k = 0; k < classes; ++k) {
      if (std::isfinite(logits[k])) top = std::max(top, logits[k]);
    }
    double total = 0;
    for (std::int64_t k = 0; k < classes; ++k) {
      if (std::isfinite(logits[k])) total += std::exp(double(logits[k]) - double(top));
      sums[std::size_t(k)] = total;
    }
    for (std::int64_t s = 0; s < samples; ++s) {
      const std::uint32_t w0 = words.next();
      const double wanted = uniform_double(w0, words.next()) * total;
      *result++ = Out(std::upper_bound(sums.begin(), sums.end(), wanted) - sums.begin());
    }
  }
}

}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
