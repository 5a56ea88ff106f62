// SPDX-License-Identifier: Apache-2.0
// Pools. Every case is brought to images with channels last: NCHW is N*C images of one channel, a
// pool over the depth is a pool over a row of one-channel pixels.
#include <algorithm>
#include <cstring>
#include <limits>

#include "base/parallel_for.h"
#include "kernels/cpu/families.h"
#include "tensor/window.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// Channels that are worked on together where results per channel are kept between taps.
constexpr std::int64_t kChunk = 64;

struct Pool {
  std::int64_t n = 0, c = 1;
  Window h, w;

  std::int64_t in_image() const { return h.in * w.in * c; }
  std::int64_t out_image() const { return h.out * w.out * c; }
  /// No input pixel is seen by two windows.
  bool disjoint() const { return h.stride >= h.filter && w.stride >= w.filter; }
};

struct Range {
  std::int64_t begin, end;
};
Range window_range(const Window& w, std::int64_t out) {
  const std::int64_t begin = out * w.stride - w.pad_before;
  return {std::max<std::int64_t>(begin, 0), std::min(begin + w.filter, w.in)};
}

/// The attrs, with ksize and strides from the last two inputs where they are inputs.
AttrMap pool_attrs(const KernelRequest& r) {
  AttrMap attrs = *r.attrs;
  if (attrs.find("ksize") != nullptr) return attrs;
  for (std::size_t i = 0; i < 2; ++i) {
    const ValueInfo& from = r.inputs[r.inputs.size() - 2 + i];
    const char* name = i == 0 ? "ksize" : "strides";
    if (from.constant == nullptr)
      fail(Code::kUnimplemented, "a pool whose ", name, " is not known");
    attrs.set(name, from.constant->as_int64s());
  }
  return attrs;
}

Pool pool_of(const PoolGeometry& g) {
  if (checked_mul(g.h.in, g.w.in) > std::numeric_limits<std::int32_t>::max()) {
    fail(Code::kUnimplemented, "pooling an image of more than 2^31 pixels");
  }
  Pool p;
  if (g.c.filter == 1 && g.c.stride == 1) {
    p.n = g.nchw ? checked_mul(g.n, g.c.in) : g.n;
    p.c = g.nchw ? 1 : g.c.in;
    p.h = g.h;
    p.w = g.w;
    return p;
  }
  if (g.h.filter != 1 || g.w.filter != 1 || g.h.stride != 1 || g.w.stride != 1) {
    fail(Code::kUnimplemented,
         "MaxPooling supports exactly one of pooling across depth or pooling across width/height.");
  }
  if (g.c.filter != g.c.stride) {
    fail(Code::kUnimplemented,
         "Depthwise max pooling requires the depth window to equal the depth stride.");
  }
  if (g.c.in % g.c.filter != 0) {
    fail(Code::kUnimplemented,
         "Depthwise max pooling requires the depth window to evenly divide the input depth");
  }
  const Window none{1, 1, 1, 1, 1};
  if (g.nchw) {
    p.n = g.n;
    p.h = g.c;
    p.w = none;
    p.c = g.h.in * g.w.in;
  } else {
    p.n = checked_mul(g.n, g.h.in * g.w.in);
    p.h = none;
    p.w = g.c;
  }
  return p;
}

Pool make_pool(const KernelRequest& r, const Shape& input) {
  const AttrMap attrs = pool_attrs(r);
  if (attrs.ints("ksize")[0] != 1 || attrs.ints("strides")[0] != 1) {
    fail(Code::kUnimplemented, "Pooling is not yet supported on the batch dimension.");
  }
  return pool_of(PoolGeometry::of(attrs, input));
}

/// Calls fn(image, output row) in parallel; one image stays on one core unless rows are
/// independent.
template <class F>
void each_row(const Pool& p, bool independent, F&& fn) {
  if (p.in_image() == 0 || p.out_image() == 0) return;
  constexpr std::int64_t kWork = 1 << 15;
  const std::int64_t taps = std::min(p.h.filter, p.h.in) * std::min(p.w.filter, p.w.in);
  const std::int64_t row_work = std::max<std::int64_t>(1, p.w.out * p.c * taps);
  if (independent) {
    parallel_for(p.n * p.h.out, std::max<std::int64_t>(1, kWork / row_work),
                 [&](std::int64_t begin, std::int64_t end) {
                   std::int64_t image = begin / p.h.out, row = begin % p.h.out;
                   for (std::int64_t i = begin; i < end; ++i) {
                     fn(image, row);
                     if (++row == p.h.out) {
                       row = 0;
                       ++image;
                     }
                   }
                 });
    return;
  }
  parallel_for(p.n, std::max<std::int64_t>(1, kWork / (row_work * p.h.out)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   for (std::int64_t row = 0; row < p.h.out; ++row) fn(i, row);
                 }
               });
}

/// Calls fn with a compile-time channel count for the small ones, so that their loops unroll; 0
/// stands for any other.
template <class F>
void with_channels(std::int64_t c, F&& fn) {
  switch (c) {
    case 1:
      return fn(std::integral_constant<int, 1>());
    case 3:
      return fn(std::integral_constant<int, 3>());
    case 4:
      return fn(std::integral_constant<int, 4>());
    case 6:
      return fn(std::integral_constant<int, 6>());
    case 8:
      return fn(std::integral_constant<int, 8>());
    default:
      return fn(std::integral_constant<int, 0>());
  }
}

template <class T>
T larger(T x, T best) {
  return x > best ? x : best;  // a NaN never wins
}

template <class T>
constexpr T kLowest = std::numeric_limits<T>::lowest();

template <class T, int kC>
void max_row(const Pool& p, const T* x, T* y, std::int64_t oh) {
  const std::int64_t c = kC > 0 ? kC : p.c, line = p.w.in * c;
  const auto [h0, h1] = window_range(p.h, oh);
  y += oh * p.w.out * c;
  for (std::int64_t ow = 0; ow < p.w.out; ++ow, y += c) {
    const auto [w0, w1] = window_range(p.w, ow);
    if (h1 - h0 == 2 && w1 - w0 == 2) {
      const T* a = x + h0 * line + w0 * c;
      const T* b = a + line;
#pragma omp simd
      for (std::int64_t i = 0; i < c; ++i) {
        y[i] = larger(b[i + c], larger(b[i], larger(a[i + c], larger(a[i], kLowest<T>))));
      }
      continue;
    }
    for (std::int64_t i = 0; i < c; ++i) y[i] = kLowest<T>;
    for (std::int64_t h = h0; h < h1; ++h) {
      for (std::int64_t w = w0; w < w1; ++w) {
        const T* a = x + h * line + w * c;
#pragma omp simd
        for (std::int64_t i = 0; i < c; ++i) y[i] = larger(a[i], y[i]);
      }
    }
  }
}

template <class T>
void run_max(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const Pool& p = *static_cast<const Pool*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out[0]);
  with_channels(p.c, [&](auto kC) {
    each_row(p, true, [&](std::int64_t n, std::int64_t oh) {
      max_row<T, kC>(p, x + n * p.in_image(), y + n * p.out_image(), oh);
    });
  });
}

/// For channels [c0, c0 + count) of one window: which pixel holds the first maximum.
template <class T>
void find_max(const T* x, std::int64_t line, std::int64_t c, std::int64_t width, Range h, Range w,
              std::int64_t count, T* best, std::int32_t* where) {
  const T* first = x + h.begin * line + w.begin * c;
  const auto start = std::int32_t(h.begin * width + w.begin);
  for (std::int64_t i = 0; i < count; ++i) {
    best[i] = first[i];
    where[i] = start;
  }
  for (std::int64_t a = h.begin; a < h.end; ++a) {
    for (std::int64_t b = w.begin; b < w.end; ++b) {
      const T* v = x + a * line + b * c;
      const auto at = std::int32_t(a * width + b);
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) {
        where[i] = best[i] < v[i] ? at : where[i];
        best[i] = best[i] < v[i] ? v[i] : best[i];
      }
    }
  }
}

template <class T, int kC>
void max_grad_row(const Pool& p, const T* x, const T* dy, T* dx, std::int64_t oh) {
  const std::int64_t c = kC > 0 ? kC : p.c, line = p.w.in * c;
  const Range h = window_range(p.h, oh);
  const bool disjoint = p.disjoint();
  dy += oh * p.w.out * c;
  for (std::int64_t ow = 0; ow < p.w.out; ++ow, dy += c) {
    const Range w = window_range(p.w, ow);
    if (disjoint && h.end - h.begin == 2 && w.end - w.begin == 2) {
      const std::int64_t at = h.begin * line + w.begin * c;
      const T* a = x + at;
      const T* b = a + line;
      T* da = dx + at;
      T* db = da + line;
#pragma omp simd
      for (std::int64_t i = 0; i < c; ++i) {
        const T v0 = a[i], v1 = a[i + c], v2 = b[i], v3 = b[i + c], g = dy[i];
        const T m1 = v0 < v1 ? v1 : v0, m2 = m1 < v2 ? v2 : m1;
        // What is not taken by the later pixels stays for the earlier ones.
        const T to3 = m2 < v3 ? g : T(0), left3 = m2 < v3 ? T(0) : g;
        const T to2 = m1 < v2 ? left3 : T(0), left2 = m1 < v2 ? T(0) : left3;
        da[i] = v0 < v1 ? T(0) : left2;
        da[i + c] = v0 < v1 ? left2 : T(0);
        db[i] = to2;
        db[i + c] = to3;
      }
      continue;
    }
    T best[kChunk];
    std::int32_t where[kChunk];
    for (std::int64_t c0 = 0; c0 < c; c0 += kChunk) {
      const std::int64_t count = std::min(kChunk, c - c0);
      find_max(x + c0, line, c, p.w.in, h, w, count, best, where);
      for (std::int64_t i = 0; i < count; ++i) dx[where[i] * c + c0 + i] += dy[c0 + i];
    }
  }
}

/// Whether the disjoint 2x2 windows write every input pixel, so that no zeros are needed before.
bool covers(const Pool& p) {
  return p.h.filter == 2 && p.w.filter == 2 && p.h.stride == 2 && p.w.stride == 2 &&
         p.h.in == 2 * p.h.out && p.w.in == 2 * p.w.out;
}

/// Zeros of the input rows that output row `oh` of disjoint windows is responsible for, or of the
/// whole image before its first row.
template <class T>
void clear_rows(const Pool& p, T* dx, std::int64_t oh, bool disjoint) {
  const std::int64_t line = p.w.in * p.c;
  if (!disjoint) {
    if (oh == 0) std::fill_n(dx, p.in_image(), T(0));
    return;
  }
  const std::int64_t begin = oh == 0 ? 0 : window_range(p.h, oh).begin;
  const std::int64_t end = oh + 1 == p.h.out ? p.h.in : window_range(p.h, oh + 1).begin;
  if (begin < end) std::fill_n(dx + begin * line, (end - begin) * line, T(0));
}

template <class T>
void run_max_grad(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const Pool& p = *static_cast<const Pool*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  const auto* dy = static_cast<const T*>(in[2]);
  auto* dx = static_cast<T*>(out[0]);
  const bool disjoint = p.disjoint(), all = covers(p);
  if (p.out_image() == 0) std::fill_n(dx, p.n * p.in_image(), T(0));
  with_channels(p.c, [&](auto kC) {
    each_row(p, disjoint, [&](std::int64_t n, std::int64_t oh) {
      T* image = dx + n * p.in_image();
      if (!all) clear_rows(p, image, oh, disjoint);
      max_grad_row<T, kC>(p, x + n * p.in_image(), dy + n * p.out_image(), image, oh);
    });
  });
}

template <class T>
void run_max_grad_grad(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const Pool& p = *static_cast<const Pool*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  const auto* ddx = static_cast<const T*>(in[2]);
  auto* ddy = static_cast<T*>(out[0]);
  each_row(p, true, [&](std::int64_t n, std::int64_t oh) {
    const std::int64_t line = p.w.in * p.c;
    const T* image = x + n * p.in_image();
    const T* from = ddx + n * p.in_image();
    T* to = ddy + n * p.out_image() + oh * p.w.out * p.c;
    T best[kChunk];
    std::int32_t where[kChunk];
    for (std::int64_t ow = 0; ow < p.w.out; ++ow, to += p.c) {
      for (std::int64_t c0 = 0; c0 < p.c; c0 += kChunk) {
        const std::int64_t count = std::min(kChunk, p.c - c0);
        find_max(image + c0, line, p.c, p.w.in, window_range(p.h, oh), window_range(p.w, ow), count,
                 best, where);
        for (std::int64_t i = 0; i < count; ++i) to[c0 + i] = from[where[i] * p.c + c0 + i];
      }
    }
  });
}

template <class T, int kC>
void avg_row(const Pool& p, const T* x, T* y, std::int64_t oh) {
  const std::int64_t c = kC > 0 ? kC : p.c, line = p.w.in * c;
  const auto [h0, h1] = window_range(p.h, oh);
  y += oh * p.w.out * c;
  for (std::int64_t ow = 0; ow < p.w.out; ++ow, y += c) {
    const auto [w0, w1] = window_range(p.w, ow);
    if (h1 - h0 == 2 && w1 - w0 == 2) {
      const T* a = x + h0 * line + w0 * c;
      const T* b = a + line;
#pragma omp simd
      for (std::int64_t i = 0; i < c; ++i) y[i] = (a[i] + a[i + c] + b[i] + b[i + c]) * T(0.25);
      continue;
    }
    for (std::int64_t i = 0; i < c; ++i) y[i] = T(0);
    for (std::int64_t h = h0; h < h1; ++h) {
      for (std::int64_t w = w0; w < w1; ++w) {
        const T* a = x + h * line + w * c;
#pragma omp simd
        for (std::int64_t i = 0; i < c; ++i) y[i] += a[i];
      }
    }
    const T scale = T(1) / T((h1 - h0) * (w1 - w0));
#pragma omp simd
    for (std::int64_t i = 0; i < c; ++i) y[i] *= scale;
  }
}

template <class T>
void run_avg(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const Pool& p = *static_cast<const Pool*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out[0]);
  with_channels(p.c, [&](auto kC) {
    each_row(p, true, [&](std::int64_t n, std::int64_t oh) {
      avg_row<T, kC>(p, x + n * p.in_image(), y + n * p.out_image(), oh);
    });
  });
}

template <class T, int kC>
void avg_grad_row(const Pool& p, const T* dy, T* dx, std::int64_t oh) {
  const std::int64_t c = kC > 0 ? kC : p.c, line = p.w.in * c;
  const auto [h0, h1] = window_range(p.h, oh);
  dy += oh * p.w.out * c;
  for (std::int64_t ow = 0; ow < p.w.out; ++ow, dy += c) {
    const auto [w0, w1] = window_range(p.w, ow);
    const T scale = T(1) / T((h1 - h0) * (w1 - w0));
    for (std::int64_t h = h0; h < h1; ++h) {
      for (std::int64_t w = w0; w < w1; ++w) {
        T* a = dx + h * line + w * c;
#pragma omp simd
        for (std::int64_t i = 0; i < c; ++i) a[i] += dy[i] * scale;
      }
    }
  }
}

template <class T>
void run_avg_grad(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const Pool& p = *static_cast<const Pool*>(params);
  const auto* dy = static_cast<const T*>(in[1]);
  auto* dx = static_cast<T*>(out[0]);
  const bool disjoint = p.disjoint();
  if (p.out_image() == 0) std::fill_n(dx, p.n * p.in_image(), T(0));
  with_channels(p.c, [&](auto kC) {
    each_row(p, disjoint, [&](std::int64_t n, std::int64_t oh) {
      T* image = dx + n * p.in_image();
      clear_rows(p, image, oh, disjoint);
      avg_grad_row<T, kC>(p, dy + n * p.out_image(), image, oh);
    });
  });
}

#define CAUDAL_DISPATCH_NUMBERS(fn) \
  switch (r.outputs[0].dtype) {     \
    case DType::kFloat:             \
      out.run = fn<float>;          \
      break;                        \
    case DType::kDouble:            \
      out.run = fn<double>;         \
      break;                        \
    case DType::kInt32:             \
      out.run = fn<std::int32_t>;   \
      break;                        \
    case DType::kInt64:             \
      out.run = fn<std::int64_t>;   \
      break;                        \
    default:                        \
      out.run = fn<std::uint8_t>;   \
      break;                        \
  }

enum Kind { kMax, kMaxGrad, kMaxGradGrad, kAvg, kAvgGrad };

/// A gradient whose ksize and strides come with the run: its shapes do not depend on them.
struct LatePool {
  AttrMap attrs;
  Shape input, pooled;
  RunFn run = nullptr;
};
Prepared prepare_late(const KernelRequest& r, RunFn run, const Shape& input) {
  Prepared out;
  *make_params<LatePool>(out) = {*r.attrs, input, r.inputs[1].shape, run};
  out.run = [](const void* params, void* const* in, void* const* to, void* workspace,
               RunContext& context) {
    const auto& late = *static_cast<const LatePool*>(params);
    AttrMap attrs = late.attrs;
    for (int i = 0; i < 2; ++i) {
      const auto* from = static_cast<const std::int32_t*>(in[3 + i]);
      const char* name = i == 0 ? "ksize" : "strides";
      attrs.set(name, std::vector<std::int64_t>(from, from + 4));
      if (std::any_of(from, from + 4, [](std::int32_t v) { return v <= 0; })) {
        invalid(name, " must be positive");
      }
    }
    const PoolGeometry g = PoolGeometry::of(attrs, late.input);
    const ImageLayout at = ImageLayout::of(attrs);
    if (late.pooled[at.h] != g.h.out || late.pooled[at.w] != g.w.out ||
        late.pooled[at.c] != g.c.out || attrs.ints("ksize")[0] != 1 ||
        attrs.ints("strides")[0] != 1) {
      invalid("ksize and strides do not lead from ", late.input, " to ", late.pooled);
    }
    const Pool pool = pool_of(g);
    late.run(&pool, in, to, workspace, context);
  };
  return out;
}

template <Kind kKind>
Prepared prepare(const KernelRequest& r) {
  Prepared out;
  const bool backward = kKind == kMaxGrad || kKind == kAvgGrad;
  const Shape& input = backward ? r.outputs[0].shape : r.inputs[0].shape;
  const bool late = r.inputs.size() == 5 && !(r.inputs[3].constant && r.inputs[4].constant);
  if (!late) *make_params<Pool>(out) = make_pool(r, input);
  if constexpr (kKind == kMax) {
    CAUDAL_DISPATCH_NUMBERS(run_max)
  } else if constexpr (kKind == kMaxGrad) {
    CAUDAL_DISPATCH_NUMBERS(run_max_grad)
  } else if constexpr (kKind == kMaxGradGrad) {
    CAUDAL_DISPATCH_NUMBERS(run_max_grad_grad)
  } else {
    const bool wide = r.outputs[0].dtype == DType::kDouble;
    if (kKind == kAvg) {
      out.run = wide ? run_avg<double> : run_avg<float>;
    } else {
      out.run = wide ? run_avg_grad<double> : run_avg_grad<float>;
    }
  }
  if (late) return prepare_late(r, out.run, input);
  return out;
}

constexpr DTypeSet kNumbers{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64,
                            DType::kUint8};
constexpr DTypeSet kReals{DType::kFloat, DType::kDouble};
const KernelRow kRows[] = {
    {"MaxPool", "T", kNumbers, prepare<kMax>},
    {"MaxPoolGrad", "T", kNumbers, prepare<kMaxGrad>},
    {"MaxPoolGradGrad", "T", kNumbers, prepare<kMaxGradGrad>},
    {"MaxPoolV2", "T", kNumbers, prepare<kMax>},
    {"MaxPoolGradV2", "T", kNumbers, prepare<kMaxGrad>},
    {"MaxPoolGradGradV2", "T", kNumbers, prepare<kMaxGradGrad>},
    {"AvgPool", "T", kReals, prepare<kAvg>},
    {"AvgPoolGrad", "T", kReals, prepare<kAvgGrad>},
};

}  // namespace

std::span<const KernelRow> pool_kernels() { return kRows; }

}  // namespace caudal::cpu::CAUDAL_ISA
