// SPDX-License-Identifier: Apache-2.0
// Pools that tell the place of the maximum, and pools whose windows have random borders.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/portable/dynamic_call.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/philox_numbers.h"
#include "tensor/window.h"

namespace caudal::cpu {
namespace {

/// Images [n, h, w, c], pixels of the input and of the result.
struct Images {
  std::int64_t n = 0, c = 0, in_h = 0, in_w = 0, out_h = 0, out_w = 0;
  std::int64_t in_size() const { return in_h * in_w * c; }
  std::int64_t out_size() const { return out_h * out_w * c; }
  void set(const Shape& x, const Shape& y) {
    n = x[0];
    in_h = x[1];
    in_w = x[2];
    c = x[3];
    out_h = y[1];
    out_w = y[2];
  }
};

struct Range {
  std::int64_t begin = 0, end = 0;
};

/// The first maximum of a window; false when the window is empty.
template <class T>
bool find_max(const Images& s, const T* x, Range h, Range w, std::int64_t c, T& best,
              std::int64_t& where) {
  bool found = false;
  for (std::int64_t i = h.begin; i < h.end; ++i) {
    for (std::int64_t j = w.begin; j < w.end; ++j) {
      const std::int64_t at = (i * s.in_w + j) * s.c + c;
      if (found && !(x[at] > best)) continue;
      best = x[at];
      where = at;
      found = true;
    }
  }
  return found;
}

// -- The place of the maximum ---------------------------------------------------------------------

struct Argmax {
  Images size;
  Window h, w;
  bool batch_in_index = false, wide_index = true;
};

Range window_range(const Window& w, std::int64_t out) {
  const std::int64_t begin = out * w.stride - w.pad_before;
  return {std::max<std::int64_t>(begin, 0), std::min(begin + w.filter, w.in)};
}

template <class T>
struct MaxWithArgmax {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    const auto& p = *static_cast<const Argmax*>(params);
    const Images& s = p.size;
    if (s.in_size() == 0) return;
    const auto* x = static_cast<const T*>(in[0]);
    auto* y = static_cast<T*>(out[0]);
    const std::int64_t row = s.out_w * s.c;
    parallel_for(s.n * s.out_h,
                 std::max<std::int64_t>(1, (1 << 13) / std::max<std::int64_t>(1, row)),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t k = begin * row; k < end * row; ++k) {
                     const std::int64_t c = k % s.c, ow = k / s.c % s.out_w, oh = k / row % s.out_h;
                     const std::int64_t n = k / row / s.out_h;
                     std::int64_t where = 0;
                     find_max(s, x + n * s.in_size(), window_range(p.h, oh), window_range(p.w, ow),
                              c, y[k], where);
                     if (p.batch_in_index) where += n * s.in_size();
                     if (p.wide_index) {
                       static_cast<std::int64_t*>(out[1])[k] = where;
                     } else {
                       static_cast<std::int32_t*>(out[1])[k] = std::int32_t(where);
                     }
                   }
                 });
  }
};

/// inputs: input, grad, argmax. kForward: picks from a tensor like the input, else scatters to one.
template <class T, bool kForward>
void run_by_argmax(const void* params, void* const* in, void* const* out) {
  const auto& p = *static_cast<const Argmax*>(params);
  const Images& s = p.size;
  const auto* from = static_cast<const T*>(in[1]);
  auto* to = static_cast<T*>(out[0]);
  if (!kForward) std::fill_n(to, s.n * s.in_size(), T(0));
  for (std::int64_t k = 0; k < s.n * s.out_size(); ++k) {
    std::int64_t at = p.wide_index ? static_cast<const std::int64_t*>(in[2])[k]
                                   : static_cast<const std::int32_t*>(in[2])[k];
    const std::int64_t limit = p.batch_in_index ? s.n * s.in_size() : s.in_size();
    if (at < 0 || at >= limit) {
      invalid("argmax[", k, "] = ", at, " is not in [0, ", limit, ")");
    }
    if (!p.batch_in_index) at += k / s.out_size() * s.in_size();
    if (kForward) {
      to[k] = from[at];
    } else {
      to[at] = T(to[at] + from[k]);
    }
  }
}
template <class T>
struct GradWithArgmax {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    run_by_argmax<T, false>(params, in, out);
  }
};
template <class T>
struct GradGradWithArgmax {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    run_by_argmax<T, true>(params, in, out);
  }
};

template <template <class> class F>
Prepared prepare_argmax(const KernelRequest& r) {
  Prepared out;
  auto* p = make_params<Argmax>(out);
  const PoolGeometry g = PoolGeometry::of(*r.attrs, r.inputs[0].shape);
  p->h = g.h;
  p->w = g.w;
  if (r.attrs->ints("ksize")[0] != 1 || r.attrs->ints("strides")[0] != 1) {
    fail(Code::kUnimplemented, "Pooling is not yet supported on the batch dimension.");
  }
  if (g.c.filter != 1 || g.c.stride != 1) {
    fail(Code::kUnimplemented,
         "MaxPooling supports exactly one of pooling across depth or pooling across width/height.");
  }
  p->size = {g.n, g.c.in, g.h.in, g.w.in, g.h.out, g.w.out};
  p->batch_in_index = r.attrs->b("include_batch_in_index");
  p->wide_index = r.attrs->type("Targmax") == DType::kInt64;
  const std::int64_t last = (p->batch_in_index ? g.n : 1) * p->size.in_size();
  if (!p->wide_index && last > std::numeric_limits<std::int32_t>::max()) {
    invalid("indices of ", last, " elements do not fit into int32");
  }
  out.run = for_number<F>(r.outputs[0].dtype);
  return out;
}

// -- Windows with random borders ------------------------------------------------------------------

struct Fractional {
  Images size;
  bool pseudo_random = false, overlapping = false, deterministic = false;
  std::int64_t seed = 0, seed2 = 0;
};

/// Borders of `out` windows over `in` pixels. Both ways draw once from the stream.
std::vector<std::int64_t> random_borders(PhiloxStream& stream, std::int64_t in, std::int64_t out,
                                         bool pseudo_random) {
  std::vector<std::int64_t> widths(std::size_t(out), in / out);
  if (pseudo_random) {
    // a(i) = ceil(alpha (i + u)), with u so small that no window is wider than the others by two.
    const double alpha = double(in) / double(out);
    const auto k = double(in / out);
    const double limit =
        std::min((k + 2) / alpha - 1, (double(in) + 1 - k) / alpha - (double(out) - 1));
    PhiloxNumbers numbers(stream.reserve(1));
    const double u = numbers.real() * limit;
    std::int64_t before = 1;
    for (std::int64_t i = 1; i <= out; ++i) {
      const std::int64_t next =
          i == out ? in + 1 : std::int64_t(std::ceil(alpha * (double(i) + u)));
      widths[std::size_t(i - 1)] = next - before;
      before = next;
    }
  } else {
    for (std::int64_t i = 0; i < in % out; ++i) ++widths[std::size_t(i)];
    PhiloxNumbers numbers(stream.reserve(std::uint64_t(out + 3) / 4));
    for (std::int64_t i = 0; i + 1 < out; ++i) {
      const auto j = i + std::int64_t(numbers.word() % std::uint32_t(out - i));
      std::swap(widths[std::size_t(i)], widths[std::size_t(j)]);
    }
  }
  std::vector<std::int64_t> borders(1, 0);
  for (std::int64_t w : widths) borders.push_back(borders.back() + w);
  return borders;
}

/// The pixels of window i; an overlapping one takes the first pixel of the next.
Range between(const std::int64_t* borders, std::int64_t i, std::int64_t size, bool overlapping) {
  return {borders[i], std::min(borders[i + 1] + (overlapping ? 1 : 0), size)};
}

void check_borders(const std::int64_t* borders, std::int64_t count, std::int64_t size) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (borders[i] < 0 || borders[i] > size || (i > 0 && borders[i] < borders[i - 1])) {
      invalid("pooling sequence must rise within [0, ", size, "], but its element ", i, " is ",
              borders[i]);
    }
  }
}

/// Calls fn(pixel of the result, rows, columns, image) for all windows.
template <class F>
void each_window(const Fractional& p, const std::int64_t* rows, const std::int64_t* columns,
                 F&& fn) {
  const Images& s = p.size;
  for (std::int64_t n = 0; n < s.n; ++n) {
    for (std::int64_t h = 0; h < s.out_h; ++h) {
      const Range hs = between(rows, h, s.in_h, p.overlapping);
      for (std::int64_t w = 0; w < s.out_w; ++w) {
        fn((n * s.out_h + h) * s.out_w + w, hs, between(columns, w, s.in_w, p.overlapping), n);
      }
    }
  }
}

template <class T, bool kMax>
void run_fractional(const void* params, void* const* in, void* const* out) {
  const auto& p = *static_cast<const Fractional*>(params);
  const Images& s = p.size;
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out[0]);
  // Every run draws the same borders when seeds are given, and others when not.
  PhiloxStream stream(p.seed, p.seed2);
  const auto rows = random_borders(stream, s.in_h, s.out_h, p.pseudo_random);
  const auto columns = random_borders(stream, s.in_w, s.out_w, p.pseudo_random);
  std::copy(rows.begin(), rows.end(), static_cast<std::int64_t*>(out[1]));
  std::copy(columns.begin(), columns.end(), static_cast<std::int64_t*>(out[2]));
  each_window(p, rows.data(), columns.data(), [&](std::int64_t pixel, Range h, Range w, auto n) {
    const T* image = x + n * s.in_size();
    T* to = y + pixel * s.c;
    for (std::int64_t c = 0; c < s.c; ++c) {
      if (kMax) {
        std::int64_t where = 0;
        find_max(s, image, h, w, c, to[c], where);
        continue;
      }
      T sum = 0;
      for (std::int64_t i = h.begin; i < h.end; ++i) {
        for (std::int64_t j = w.begin; j < w.end; ++j) {
          sum = T(sum + image[(i * s.in_w + j) * s.c + c]);
        }
      }
      to[c] = T(sum / T((h.end - h.begin) * (w.end - w.begin)));
    }
  });
}
template <class T>
struct FractionalMax {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    run_fractional<T, true>(params, in, out);
  }
};
template <class T>
struct FractionalAvg {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    run_fractional<T, false>(params, in, out);
  }
};

template <class T, bool kMax>
void run_fractional_grad(const void* params, void* const* in, void* const* out) {
  const auto& p = *static_cast<const Fractional*>(params);
  const Images& s = p.size;
  const int first = kMax ? 3 : 2;
  const auto* dy = static_cast<const T*>(in[first - 1]);
  const auto* rows = static_cast<const std::int64_t*>(in[first]);
  const auto* columns = static_cast<const std::int64_t*>(in[first + 1]);
  auto* dx = static_cast<T*>(out[0]);
  check_borders(rows, s.out_h + 1, s.in_h);
  check_borders(columns, s.out_w + 1, s.in_w);
  // Means of integers are added up as they are and cut at the end.
  using Sum = std::conditional_t<!kMax && std::is_integral_v<T>, double, T>;
  std::vector<double> exact;
  Sum* sums;
  if constexpr (std::is_same_v<Sum, T>) {
    sums = dx;
  } else {
    exact.resize(std::size_t(s.n * s.in_size()));
    sums = exact.data();
  }
  std::fill_n(sums, s.n * s.in_size(), Sum(0));
  each_window(p, rows, columns, [&](std::int64_t pixel, Range h, Range w, auto n) {
    Sum* image = sums + n * s.in_size();
    const T* from = dy + pixel * s.c;
    const std::int64_t count = (h.end - h.begin) * (w.end - w.begin);
    if (count <= 0) return;
    for (std::int64_t c = 0; c < s.c; ++c) {
      if (kMax) {
        T best;
        std::int64_t where = 0;
        find_max(s, static_cast<const T*>(in[0]) + n * s.in_size(), h, w, c, best, where);
        image[where] = Sum(image[where] + Sum(from[c]));
        continue;
      }
      const Sum share = Sum(from[c]) / Sum(count);
      for (std::int64_t i = h.begin; i < h.end; ++i) {
        for (std::int64_t j = w.begin; j < w.end; ++j) {
          Sum& v = image[(i * s.in_w + j) * s.c + c];
          v = Sum(v + share);
        }
      }
    }
  });
  if constexpr (!std::is_same_v<Sum, T>) {
    std::transform(exact.begin(), exact.end(), dx, [](double v) { return T(v); });
  }
}
template <class T>
struct FractionalMaxGrad {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    run_fractional_grad<T, true>(params, in, out);
  }
};
template <class T>
struct FractionalAvgGrad {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    run_fractional_grad<T, false>(params, in, out);
  }
};

template <template <class> class F>
Prepared prepare_fractional(const KernelRequest& r) {
  Prepared out;
  auto* p = make_params<Fractional>(out);
  p->size.set(r.inputs[0].shape, r.outputs[0].shape);
  p->pseudo_random = r.attrs->b("pseudo_random");
  p->overlapping = r.attrs->b("overlapping");
  p->deterministic = r.attrs->b("deterministic");
  p->seed = r.attrs->i("seed");
  p->seed2 = r.attrs->i("seed2");
  if (!p->deterministic && (p->seed != 0 || p->seed2 != 0)) {
    invalid("Both seed and seed2 should be 0 if deterministic is false.");
  }
  if (p->deterministic && p->seed == 0 && p->seed2 == 0) {
    // One draw for all runs of this node.
    const PhiloxPosition drawn = PhiloxStream(0, 0).reserve(1);
    auto seeds = std::make_shared<std::pair<std::int64_t, std::int64_t>>(
        std::int64_t(drawn.key >> 1), std::int64_t(drawn.high >> 1));
    if (r.node_state != nullptr) {
      if (!*r.node_state) *r.node_state = seeds;
      seeds = std::static_pointer_cast<std::pair<std::int64_t, std::int64_t>>(*r.node_state);
    }
    std::tie(p->seed, p->seed2) = *seeds;
  }
  out.run = for_number<F>(r.outputs[0].dtype);
  return out;
}

template <template <class> class F, bool kMax>
Prepared prepare_fractional_grad(const KernelRequest& r) {
  Prepared out;
  auto* p = make_params<Fractional>(out);
  const Shape& y = r.inputs[kMax ? 2 : 1].shape;
  p->size.set(r.outputs[0].shape, y);
  p->overlapping = r.attrs->b("overlapping");
  if (y[0] != p->size.n || y[3] != p->size.c) {
    invalid("out_backprop of shape ", y, " does not fit an input of shape ", r.outputs[0].shape);
  }
  const int first = kMax ? 3 : 2;
  for (int i = 0; i < 2; ++i) {
    if (r.inputs[std::size_t(first + i)].shape.num_elements() != y[1 + i] + 1) {
      invalid("a pooling sequence of ", r.inputs[std::size_t(first + i)].shape.num_elements(),
              " borders does not fit ", y[1 + i], " windows");
    }
  }
  if (p->size.in_h == 0 || p->size.in_w == 0) invalid("cannot pool an empty image");
  out.run = for_number<F>(r.outputs[0].dtype);
  return out;
}

constexpr DTypeSet kNumbers{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64,
                            DType::kUint8};
constexpr DTypeSet kFractional{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64};
const KernelRow kRows[] = {
    {"MaxPoolWithArgmax", "T", kNumbers, prepare_argmax<MaxWithArgmax>},
    {"MaxPoolGradWithArgmax", "T", kNumbers, prepare_argmax<GradWithArgmax>},
    {"MaxPoolGradGradWithArgmax", "T", kNumbers, prepare_argmax<GradGradWithArgmax>},
    {"FractionalMaxPool", "T", kFractional, prepare_fractional<FractionalMax>},
    {"FractionalAvgPool", "T", kFractional, prepare_fractional<FractionalAvg>},
    {"FractionalMaxPoolGrad", "T", kFractional, prepare_fractional_grad<FractionalMaxGrad, true>},
    {"FractionalAvgPoolGrad", "T", kFractional, prepare_fractional_grad<FractionalAvgGrad, false>},
};

}  // namespace

std::span<const KernelRow> pool_choice_kernels() { return kRows; }

}  // namespace caudal::cpu
