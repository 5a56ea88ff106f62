// SPDX-License-Identifier: Apache-2.0
// Owns: the view of a tensor as [outer, channels, inner], and sums per channel.
// Called by: nn.cpp, norm.cpp.
// Must not know: ops.
#pragma once

#include <algorithm>

#include "base/parallel_for.h"
#include "kernels/cpu/isa.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// inner is 1 when the channels are the last dimension.
struct ChannelView {
  std::int64_t outer = 0, channels = 0, inner = 1;
  std::int64_t per_channel() const { return outer * inner; }
  std::int64_t size() const { return outer * channels * inner; }

  static ChannelView of(const Shape& shape, bool channels_first) {
    ChannelView v;
    if (!channels_first) {
      v.channels = shape.dim(-1);
      v.outer = v.channels == 0 ? 0 : shape.num_elements() / v.channels;
      return v;
    }
    v.outer = shape[0];
    v.channels = shape[1];
    for (int i = 2; i < shape.rank(); ++i) v.inner *= shape[i];
    return v;
  }

  /// Rows of channels-last data that one partial sum covers.
  std::int64_t grain() const {
    return std::max<std::int64_t>(1, (1 << 15) / std::max<std::int64_t>(1, channels * inner));
  }
  std::int64_t blocks() const { return outer == 0 ? 0 : (outer - 1) / grain() + 1; }
  /// Bytes of workspace for kSums sums per channel.
  template <class T>
  std::size_t partial_bytes(int sums) const {
    return std::size_t(blocks() * sums * channels) * sizeof(T);
  }
};

/// Channels whose sums stay in registers.
constexpr int kSumChunk = 32;

/// One channel's sum over a contiguous run.
template <class T, class Value>
T run_sum(std::int64_t base, std::int64_t n, std::int64_t c, const Value& value) {
  T s = T(0);
#pragma omp simd reduction(+ : s)
  for (std::int64_t i = 0; i < n; ++i) s = T(s + value(base + i, c));
  return s;
}

/// sums[i] over rows [begin, end) of channels-last data, for kWidth channels from c0.
template <class T, int kWidth, class Value>
void column_sums(const ChannelView& v, std::int64_t begin, std::int64_t end, std::int64_t c0,
                 T* __restrict sums, const Value& value) {
  T total[kWidth] = {};
  for (std::int64_t o = begin; o < end; ++o) {
    const std::int64_t base = o * v.channels + c0;
#pragma omp simd
    for (int i = 0; i < kWidth; ++i) total[i] = T(total[i] + value(base + i, c0 + i));
  }
  for (int i = 0; i < kWidth; ++i) sums[i] = total[i];
}

/// The partial sums of one block.
template <class T, class Value>
void block_sums(const ChannelView& v, std::int64_t begin, std::int64_t end, T* __restrict sums,
                const Value& value) {
  if (v.inner != 1) {
    for (std::int64_t c = 0; c < v.channels; ++c) {
      T total = T(0);
      for (std::int64_t o = begin; o < end; ++o) {
        total = T(total + run_sum<T>((o * v.channels + c) * v.inner, v.inner, c, value));
      }
      sums[c] = total;
    }
    return;
  }
  std::int64_t c0 = 0;
  for (; c0 + kSumChunk <= v.channels; c0 += kSumChunk) {
    column_sums<T, kSumChunk>(v, begin, end, c0, sums + c0, value);
  }
  for (; c0 + 8 <= v.channels; c0 += 8) {
    column_sums<T, 8>(v, begin, end, c0, sums + c0, value);
  }
  for (; c0 < v.channels; ++c0) column_sums<T, 1>(v, begin, end, c0, sums + c0, value);
}

/// sums[s * channels + c] = sum of the s-th value(index, c) over the elements of channel c. Blocks
/// are fixed, so the result does not depend on the threads.
template <class T, class... Values>
void channel_sums(const ChannelView& v, T* partials, T* sums, const Values&... values) {
  constexpr std::int64_t kSums = sizeof...(Values);
  const std::int64_t width = kSums * v.channels, grain = v.grain();
  if (v.outer == 0 || v.inner == 0) {
    std::fill_n(sums, width, T(0));
    return;
  }
  parallel_for(v.outer, grain, [&](std::int64_t begin, std::int64_t end) {
    T* part = partials + begin / grain * width;
    ((block_sums(v, begin, end, part, values), part += v.channels), ...);
  });
  std::copy_n(partials, width, sums);
  for (std::int64_t b = 1; b < v.blocks(); ++b) {
    const T* part = partials + b * width;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) sums[i] = T(sums[i] + part[i]);
  }
}

}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
