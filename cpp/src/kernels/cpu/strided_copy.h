// SPDX-License-Identifier: Apache-2.0
// Owns: copies between strided views of memory, the body of every op that only moves elements.
// Called by: moves.h.
// Must not know: ops, tensors.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "base/parallel_for.h"
#include "caudal/shape.h"
#include "kernels/cpu/isa.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// A loop nest dst[...] = src[...], outermost dimension first; strides in elements, any sign.
struct StridedCopy {
  static constexpr int kMaxDims = 2 * kMaxRank;
  int rank = 0;
  std::array<std::int64_t, kMaxDims> dims{}, src{}, dst{};
  std::int64_t src_offset = 0, dst_offset = 0;

  void add(std::int64_t dim, std::int64_t src_stride, std::int64_t dst_stride) {
    dims[std::size_t(rank)] = dim;
    src[std::size_t(rank)] = src_stride;
    dst[std::size_t(rank)] = dst_stride;
    ++rank;
  }

  std::int64_t count() const {
    std::int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= dims[std::size_t(i)];
    return n;
  }

  /// Drops dimensions of 1 and merges neighbours that are one dimension on both sides.
  void simplify() {
    int kept = 0;
    for (std::size_t i = 0; i < std::size_t(rank); ++i) {
      if (dims[i] == 1) continue;
      const auto k = std::size_t(kept);
      if (kept > 0 && src[k - 1] == src[i] * dims[i] && dst[k - 1] == dst[i] * dims[i]) {
        dims[k - 1] *= dims[i];
        src[k - 1] = src[i];
        dst[k - 1] = dst[i];
        continue;
      }
      dims[k] = dims[i];
      src[k] = src[i];
      dst[k] = dst[i];
      ++kept;
    }
    rank = kept;
  }

  /// One run of neighbouring elements.
  bool contiguous() const { return rank == 0 || (rank == 1 && src[0] == 1 && dst[0] == 1); }
};

/// Walks the first `rank` dimensions of a copy from a given position on.
struct CopyCursor {
  const StridedCopy& c;
  int rank;
  std::array<std::int64_t, StridedCopy::kMaxDims> index{};
  std::int64_t src, dst;

  CopyCursor(const StridedCopy& copy, int dims, std::int64_t position)
      : c(copy), rank(dims), src(copy.src_offset), dst(copy.dst_offset) {
    for (int i = rank; i-- > 0;) {
      const auto k = std::size_t(i);
      index[k] = position % c.dims[k];
      position /= c.dims[k];
      src += index[k] * c.src[k];
      dst += index[k] * c.dst[k];
    }
  }
  void next() {
    for (int i = rank; i-- > 0;) {
      const auto k = std::size_t(i);
      src += c.src[k];
      dst += c.dst[k];
      if (++index[k] < c.dims[k]) return;
      src -= index[k] * c.src[k];
      dst -= index[k] * c.dst[k];
      index[k] = 0;
    }
  }
};

template <class E>
inline void copy_run(const E* src, E* dst, std::int64_t n) {
  if constexpr (std::is_trivially_copyable_v<E>) {
    std::memmove(dst, src, std::size_t(n) * sizeof(E));
  } else {
    std::copy_n(src, n, dst);
  }
}

template <class E>
inline void copy_row(const E* src, std::int64_t src_stride, E* dst, std::int64_t dst_stride,
                     std::int64_t n) {
  if (dst_stride == 1) {
    if (src_stride == 1) return copy_run(src, dst, n);
    if (src_stride == 0) return void(std::fill_n(dst, n, *src));
    if (src_stride == -1) return void(std::reverse_copy(src - (n - 1), src + 1, dst));
    for (std::int64_t i = 0; i < n; ++i) dst[i] = src[i * src_stride];
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) dst[i * dst_stride] = src[i * src_stride];
}

/// dst[r * dst_stride + k] = src[k * src_stride + r], in tiles that stay in the first-level cache.
template <class E>
void transpose_rows(const E* src, std::int64_t src_stride, E* dst, std::int64_t dst_stride,
                    std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kTile = sizeof(E) >= 8 ? 8 : 16;
  std::int64_t r = 0;
  for (; r + kTile <= rows; r += kTile) {
    std::int64_t k = 0;
    for (; k + kTile <= columns; k += kTile) {
      E tile[kTile][kTile];
      for (std::int64_t j = 0; j < kTile; ++j) {
        const E* from = src + (k + j) * src_stride + r;
        for (std::int64_t i = 0; i < kTile; ++i) tile[i][j] = from[i];
      }
      for (std::int64_t i = 0; i < kTile; ++i) {
        copy_run(tile[i], dst + (r + i) * dst_stride + k, kTile);
      }
    }
    for (; k < columns; ++k) {
      for (std::int64_t i = 0; i < kTile; ++i) {
        dst[(r + i) * dst_stride + k] = src[k * src_stride + r + i];
      }
    }
  }
  for (; r < rows; ++r) {
    for (std::int64_t k = 0; k < columns; ++k) dst[r * dst_stride + k] = src[k * src_stride + r];
  }
}

/// Elements per parallel range.
constexpr std::int64_t kCopyGrain = 32 * 1024;

/// Runs a simplified copy.
template <class E>
void run_copy(const StridedCopy& c, const E* src, E* dst) {
  const std::int64_t count = c.count();
  if (count == 0) return;
  if (c.rank == 0) {
    dst[c.dst_offset] = src[c.src_offset];
    return;
  }
  const auto last = std::size_t(c.rank - 1);
  const std::int64_t inner = c.dims[last], ss = c.src[last], ds = c.dst[last];
  if (c.rank == 1) {
    parallel_for(inner, 2 * kCopyGrain, [&](std::int64_t begin, std::int64_t end) {
      copy_row(src + c.src_offset + begin * ss, ss, dst + c.dst_offset + begin * ds, ds,
               end - begin);
    });
    return;
  }
  if (std::is_trivially_copyable_v<E> && ds == 1 && ss != 1 && ss != 0 && inner >= 4) {
    // A transpose if some other dimension is contiguous in the source: tile over both.
    for (int d = 0; d < c.rank - 1; ++d) {
      const auto k = std::size_t(d);
      if (c.src[k] != 1 || c.dims[k] < 4) continue;
      StridedCopy outer;
      outer.src_offset = c.src_offset;
      outer.dst_offset = c.dst_offset;
      for (int i = 0; i < c.rank - 1; ++i) {
        const auto o = std::size_t(i);
        if (i != d) outer.add(c.dims[o], c.src[o], c.dst[o]);
      }
      const std::int64_t rows = c.dims[k], row_stride = c.dst[k];
      const std::int64_t strip = std::clamp<std::int64_t>((kCopyGrain / inner) & ~15, 16, 4096);
      const std::int64_t strips = (rows - 1) / strip + 1;
      const std::int64_t grain =
          std::max<std::int64_t>(1, kCopyGrain / (inner * std::min(rows, strip)));
      parallel_for(outer.count() * strips, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const CopyCursor at(outer, outer.rank, i / strips);
          const std::int64_t r = (i % strips) * strip;
          transpose_rows(src + at.src + r, ss, dst + at.dst + r * row_stride, row_stride,
                         std::min(strip, rows - r), inner);
        }
      });
      return;
    }
  }
  const std::int64_t grain = std::max<std::int64_t>(1, kCopyGrain / inner);
  parallel_for(count / inner, grain, [&](std::int64_t begin, std::int64_t end) {
    CopyCursor at(c, c.rank - 1, begin);
    for (std::int64_t i = begin; i < end; ++i, at.next()) {
      copy_row(src + at.src, ss, dst + at.dst, ds, inner);
    }
  });
}

/// Row-major strides of a shape.
inline std::array<std::int64_t, kMaxRank> strides_of(const Shape& s) {
  std::array<std::int64_t, kMaxRank> out{};
  std::int64_t stride = 1;
  for (int i = s.rank(); i-- > 0;) {
    out[std::size_t(i)] = stride;
    stride *= s[i];
  }
  return out;
}

}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
