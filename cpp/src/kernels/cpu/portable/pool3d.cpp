// SPDX-License-Identifier: Apache-2.0
// Pools of volumes. Channels-first volumes are n * c volumes of one channel.
#include <algorithm>
#include <limits>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/portable/families.h"
#include "tensor/window.h"

namespace caudal::cpu {
namespace {

struct Pool3d {
  std::int64_t n = 0, c = 1;
  Window at[3];

  std::int64_t in_size() const { return at[0].in * at[1].in * at[2].in * c; }
  std::int64_t out_size() const { return at[0].out * at[1].out * at[2].out * c; }
  bool empty() const { return in_size() == 0 || out_size() == 0; }
};

struct Range {
  std::int64_t begin, end;
};
Range range_of(const Window& w, std::int64_t out) {
  const std::int64_t begin = out * w.stride - w.pad_before;
  return {std::max<std::int64_t>(begin, 0), std::min(begin + w.filter, w.in)};
}

/// Calls fn(offset of a pixel) for the pixels of a window, in order.
template <class F>
void each_pixel(const Pool3d& p, std::int64_t d, std::int64_t h, std::int64_t w, F&& fn) {
  const Range rd = range_of(p.at[0], d), rh = range_of(p.at[1], h), rw = range_of(p.at[2], w);
  for (std::int64_t i = rd.begin; i < rd.end; ++i) {
    for (std::int64_t j = rh.begin; j < rh.end; ++j) {
      for (std::int64_t k = rw.begin; k < rw.end; ++k) {
        fn(((i * p.at[1].in + j) * p.at[2].in + k) * p.c);
      }
    }
  }
}

/// Calls fn(volume, offset of the output pixel, d, h, w); one volume stays on one core unless
/// windows write to places of their own.
template <class F>
void each_window(const Pool3d& p, bool independent, F&& fn) {
  if (p.empty()) return;
  const std::int64_t taps = std::min(p.at[0].filter, p.at[0].in) *
                            std::min(p.at[1].filter, p.at[1].in) *
                            std::min(p.at[2].filter, p.at[2].in);
  const std::int64_t slices = independent ? p.at[0].out : 1;
  const std::int64_t depth = p.at[0].out / slices;
  const std::int64_t work = std::max<std::int64_t>(1, p.out_size() / slices * taps);
  parallel_for(p.n * slices, std::max<std::int64_t>(1, (1 << 15) / work),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t s = begin; s < end; ++s) {
                   const std::int64_t n = s / slices, d0 = s % slices * depth;
                   for (std::int64_t d = d0; d < d0 + depth; ++d) {
                     for (std::int64_t h = 0; h < p.at[1].out; ++h) {
                       for (std::int64_t w = 0; w < p.at[2].out; ++w) {
                         fn(n, ((d * p.at[1].out + h) * p.at[2].out + w) * p.c, d, h, w);
                       }
                     }
                   }
                 }
               });
}

template <class T>
void run_max(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const Pool3d*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out[0]);
  each_window(p, true, [&](std::int64_t n, std::int64_t to, auto d, auto h, auto w) {
    T* best = y + n * p.out_size() + to;
    std::fill_n(best, p.c, std::numeric_limits<T>::lowest());
    each_pixel(p, d, h, w, [&](std::int64_t from) {
      const T* v = x + n * p.in_size() + from;
      for (std::int64_t c = 0; c < p.c; ++c) best[c] = v[c] > best[c] ? v[c] : best[c];
    });
  });
}

template <class T>
void run_avg(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const Pool3d*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out[0]);
  each_window(p, true, [&](std::int64_t n, std::int64_t to, auto d, auto h, auto w) {
    T* sum = y + n * p.out_size() + to;
    std::fill_n(sum, p.c, T(0));
    std::int64_t count = 0;
    each_pixel(p, d, h, w, [&](std::int64_t from) {
      const T* v = x + n * p.in_size() + from;
      for (std::int64_t c = 0; c < p.c; ++c) sum[c] += v[c];
      ++count;
    });
    for (std::int64_t c = 0; c < p.c; ++c) sum[c] /= T(count);
  });
}

template <class T>
void run_avg_grad(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const Pool3d*>(params);
  const auto* dy = static_cast<const T*>(in[1]);
  auto* dx = static_cast<T*>(out[0]);
  std::fill_n(dx, p.n * p.in_size(), T(0));
  each_window(p, false, [&](std::int64_t n, std::int64_t at, auto d, auto h, auto w) {
    std::int64_t count = 0;
    each_pixel(p, d, h, w, [&](std::int64_t) { ++count; });
    const T scale = T(1) / T(count);
    const T* slope = dy + n * p.out_size() + at;
    each_pixel(p, d, h, w, [&](std::int64_t to) {
      T* v = dx + n * p.in_size() + to;
      for (std::int64_t c = 0; c < p.c; ++c) v[c] += slope[c] * scale;
    });
  });
}

/// Which pixel holds the first maximum, for every channel of a window.
template <class T>
void find_max(const Pool3d& p, const T* x, std::int64_t d, std::int64_t h, std::int64_t w,
              std::vector<T>& best, std::vector<std::int64_t>& where) {
  bool first = true;
  each_pixel(p, d, h, w, [&](std::int64_t from) {
    for (std::int64_t c = 0; c < p.c; ++c) {
      const auto k = std::size_t(c);
      if (first || x[from + c] > best[k]) {
        best[k] = x[from + c];
        where[k] = from + c;
      }
    }
    first = false;
  });
}

/// kForward: ddy from ddx, else dx from dy.
template <class T, bool kForward>
void run_choice(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const Pool3d*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  const auto* from = static_cast<const T*>(in[2]);
  auto* to = static_cast<T*>(out[0]);
  if (!kForward) std::fill_n(to, p.n * p.in_size(), T(0));
  each_window(p, kForward, [&](std::int64_t n, std::int64_t at, auto d, auto h, auto w) {
    thread_local std::vector<T> best;
    thread_local std::vector<std::int64_t> where;
    best.resize(std::size_t(p.c));
    where.resize(std::size_t(p.c));
    find_max(p, x + n * p.in_size(), d, h, w, best, where);
    const std::int64_t image = n * p.in_size(), pixel = n * p.out_size() + at;
    for (std::int64_t c = 0; c < p.c; ++c) {
      const std::int64_t chosen = image + where[std::size_t(c)];
      if (kForward) {
        to[pixel + c] = from[chosen];
      } else {
        to[chosen] += from[pixel + c];
      }
    }
  });
}

enum Kind { kMax, kMaxGrad, kMaxGradGrad, kAvg, kAvgGrad };

template <Kind kKind, class T>
constexpr RunFn body() {
  if constexpr (kKind == kMax) return run_max<T>;
  if constexpr (kKind == kMaxGrad) return run_choice<T, false>;
  if constexpr (kKind == kMaxGradGrad) return run_choice<T, true>;
  if constexpr (kKind == kAvg) return run_avg<T>;
  return run_avg_grad<T>;
}

template <Kind kKind>
Prepared prepare(const KernelRequest& r) {
  const bool backward = kKind == kMaxGrad || kKind == kAvgGrad;
  const Shape& x = backward ? r.outputs[0].shape : r.inputs[0].shape;
  const VolumeLayout layout = VolumeLayout::of(*r.attrs);
  for (const char* name : {"ksize", "strides"}) {
    const auto& sizes = r.attrs->ints(name);
    for (int dim : {layout.n, layout.c}) {
      if (sizes[std::size_t(dim)] == 1) continue;
      fail(Code::kUnimplemented, "Pooling is not yet supported on the ",
           dim == layout.n ? "batch" : "depth", " dimension.");
    }
  }
  Prepared out;
  auto* p = make_params<Pool3d>(out);
  p->n = layout.channels_first() ? checked_mul(x[layout.n], x[layout.c]) : x[layout.n];
  p->c = layout.channels_first() ? 1 : x[layout.c];
  for (int i = 0; i < 3; ++i) {
    const int dim = layout.spatial(i);
    p->at[i] = {x[dim], r.attrs->ints("ksize")[std::size_t(dim)],
                r.attrs->ints("strides")[std::size_t(dim)]};
    p->at[i].resolve(r.attrs->s("padding"));
  }
  out.run = r.outputs[0].dtype == DType::kDouble ? body<kKind, double>() : body<kKind, float>();
  return out;
}

constexpr DTypeSet kFloat{DType::kFloat};
constexpr DTypeSet kReals{DType::kFloat, DType::kDouble};
const KernelRow kRows[] = {
    {"MaxPool3D", "T", kFloat, prepare<kMax>},
    {"MaxPool3DGrad", "T", kFloat, prepare<kMaxGrad>},
    {"MaxPool3DGradGrad", "T", kReals, prepare<kMaxGradGrad>},
    {"AvgPool3D", "T", kReals, prepare<kAvg>},
    {"AvgPool3DGrad", "T", kReals, prepare<kAvgGrad>},
};

}  // namespace

std::span<const KernelRow> pool3d_kernels() { return kRows; }

}  // namespace caudal::cpu
