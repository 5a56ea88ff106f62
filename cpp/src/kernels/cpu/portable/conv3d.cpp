// SPDX-License-Identifier: Apache-2.0
// Convolutions of volumes in double precision, by plain loops over taps and channels.
#include <algorithm>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/portable/families.h"
#include "tensor/window.h"

namespace caudal::cpu {
namespace {

struct Conv3d : Conv3dGeometry {
  explicit Conv3d(const Conv3dGeometry& g) : Conv3dGeometry(g) {}
  std::int64_t taps() const { return at[0].filter * at[1].filter * at[2].filter; }

  /// Offset of the pixel that tap `k` of output pixel `pixel` sees, or -1 in the padding.
  std::int64_t seen(std::int64_t pixel, std::int64_t k) const {
    std::int64_t out[3], tap[3];
    for (int i = 2; i >= 0; --i) {
      out[i] = pixel % at[i].out;
      pixel /= at[i].out;
      tap[i] = k % at[i].filter;
      k /= at[i].filter;
    }
    std::int64_t offset = 0;
    for (int i = 0; i < 3; ++i) {
      const std::int64_t v = out[i] * at[i].stride + tap[i] * at[i].dilation - at[i].pad_before;
      if (v < 0 || v >= at[i].in) return -1;
      offset = offset * at[i].in + v;
    }
    return offset;
  }
  std::int64_t grain() const {
    return std::max<std::int64_t>(1, (1 << 15) / std::max<std::int64_t>(1, taps() * ic * oc));
  }
};

/// The channels of one pixel; distance 1 in channels-last volumes.
void load(const double* volume, std::int64_t pixel, std::int64_t pixels, std::int64_t channels,
          bool first, double* to) {
  for (std::int64_t c = 0; c < channels; ++c) {
    to[c] = first ? volume[c * pixels + pixel] : volume[pixel * channels + c];
  }
}

void run_forward(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& g = *static_cast<const Conv3d*>(params);
  const auto* x = static_cast<const double*>(in[0]);
  const auto* filter = static_cast<const double*>(in[1]);
  auto* y = static_cast<double*>(out[0]);
  const std::int64_t pixels = g.out_pixels(), in_pixels = g.in_pixels();
  if (g.trivial()) {
    std::fill_n(y, g.n * pixels * g.oc, 0.0);
    return;
  }
  parallel_for(g.n * pixels, g.grain(), [&](std::int64_t begin, std::int64_t end) {
    std::vector<double> sums(std::size_t(g.oc)), seen(std::size_t(g.ic));
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t n = i / pixels, pixel = i % pixels;
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::int64_t k = 0; k < g.taps(); ++k) {
        const std::int64_t at = g.seen(pixel, k);
        if (at < 0) continue;
        load(x + n * in_pixels * g.ic, at, in_pixels, g.ic, g.channels_first, seen.data());
        const double* row = filter + k * g.ic * g.oc;
        for (std::int64_t c = 0; c < g.ic; ++c, row += g.oc) {
          for (std::int64_t o = 0; o < g.oc; ++o)
            sums[std::size_t(o)] += seen[std::size_t(c)] * row[o];
        }
      }
      double* to = y + n * pixels * g.oc;
      for (std::int64_t o = 0; o < g.oc; ++o) {
        to[g.channels_first ? o * pixels + pixel : pixel * g.oc + o] = sums[std::size_t(o)];
      }
    }
  });
}

void run_to_input(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& g = *static_cast<const Conv3d*>(params);
  const auto* filter = static_cast<const double*>(in[1]);
  const auto* dy = static_cast<const double*>(in[2]);
  auto* dx = static_cast<double*>(out[0]);
  const std::int64_t pixels = g.out_pixels(), in_pixels = g.in_pixels();
  std::fill_n(dx, g.n * in_pixels * g.ic, 0.0);
  if (g.trivial()) return;
  parallel_for(g.n, std::max<std::int64_t>(1, g.grain() / pixels),
               [&](std::int64_t begin, std::int64_t end) {
                 std::vector<double> slopes(std::size_t(g.oc));
                 for (std::int64_t i = begin * pixels; i < end * pixels; ++i) {
                   const std::int64_t n = i / pixels, pixel = i % pixels;
                   load(dy + n * pixels * g.oc, pixel, pixels, g.oc, g.channels_first,
                        slopes.data());
                   double* to = dx + n * in_pixels * g.ic;
                   for (std::int64_t k = 0; k < g.taps(); ++k) {
                     const std::int64_t at = g.seen(pixel, k);
                     if (at < 0) continue;
                     const double* row = filter + k * g.ic * g.oc;
                     for (std::int64_t c = 0; c < g.ic; ++c, row += g.oc) {
                       double s = 0;
                       for (std::int64_t o = 0; o < g.oc; ++o) s += slopes[std::size_t(o)] * row[o];
                       to[g.channels_first ? c * in_pixels + at : at * g.ic + c] += s;
                     }
                   }
                 }
               });
}

void run_to_filter(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& g = *static_cast<const Conv3d*>(params);
  const auto* x = static_cast<const double*>(in[0]);
  const auto* dy = static_cast<const double*>(in[2]);
  auto* df = static_cast<double*>(out[0]);
  const std::int64_t pixels = g.out_pixels(), in_pixels = g.in_pixels();
  std::fill_n(df, g.taps() * g.ic * g.oc, 0.0);
  if (g.trivial()) return;
  const std::int64_t work = g.n * pixels * g.ic * g.oc;
  parallel_for(
      g.taps(), std::max<std::int64_t>(1, (1 << 15) / work),
      [&](std::int64_t begin, std::int64_t end) {
        std::vector<double> slopes(std::size_t(g.oc)), seen(std::size_t(g.ic));
        for (std::int64_t k = begin; k < end; ++k) {
          for (std::int64_t i = 0; i < g.n * pixels; ++i) {
            const std::int64_t n = i / pixels, pixel = i % pixels, at = g.seen(pixel, k);
            if (at < 0) continue;
            load(x + n * in_pixels * g.ic, at, in_pixels, g.ic, g.channels_first, seen.data());
            load(dy + n * pixels * g.oc, pixel, pixels, g.oc, g.channels_first, slopes.data());
            double* row = df + k * g.ic * g.oc;
            for (std::int64_t c = 0; c < g.ic; ++c, row += g.oc) {
              for (std::int64_t o = 0; o < g.oc; ++o) {
                row[o] += seen[std::size_t(c)] * slopes[std::size_t(o)];
              }
            }
          }
        }
      });
}

enum Direction { kForward, kToInput, kToFilter };

template <Direction kDirection>
Prepared prepare(const KernelRequest& r) {
  const Shape& image = kDirection == kToInput ? r.outputs[0].shape : r.inputs[0].shape;
  const Shape& filter = kDirection == kToFilter ? r.outputs[0].shape : r.inputs[1].shape;
  Prepared p;
  p.params = std::make_shared<Conv3d>(Conv3dGeometry::of(*r.attrs, image, filter));
  p.run = kDirection == kForward   ? run_forward
          : kDirection == kToInput ? run_to_input
                                   : run_to_filter;
  return p;
}

const KernelRow kRows[] = {
    {"Conv3D", "T", {DType::kDouble}, prepare<kForward>},
    {"Conv3DBackpropInput", "T", {DType::kDouble}, prepare<kToInput>},
    {"Conv3DBackpropInputV2", "T", {DType::kDouble}, prepare<kToInput>},
    {"Conv3DBackpropFilter", "T", {DType::kDouble}, prepare<kToFilter>},
    {"Conv3DBackpropFilterV2", "T", {DType::kDouble}, prepare<kToFilter>},
};

}  // namespace

std::span<const KernelRow> conv3d_kernels() { return kRows; }

}  // namespace caudal::cpu
