// SPDX-License-Identifier: Apache-2.0
// Grayscale dilation and its gradients, which go to the first maximum; permutations of data
// formats.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/portable/dynamic_call.h"
#include "kernels/cpu/portable/families.h"
#include "tensor/window.h"

namespace caudal::cpu {
namespace {

// -- Dilation
// --------------------------------------------------------------------------------------

struct Dilation {
  std::int64_t n = 0, c = 0;
  Window h, w;
  std::int64_t row() const { return w.out * c; }
  std::int64_t in_size() const { return h.in * w.in * c; }
};

/// For output element k: the largest sum, and where it comes from (-1: nowhere).
template <class T>
struct Best {
  T value = std::numeric_limits<T>::lowest();
  std::int64_t image = -1, filter = -1;

  Best(const Dilation& d, const T* x, const T* f, std::int64_t k) {
    const std::int64_t c = k % d.c, ow = k / d.c % d.w.out, oh = k / d.row() % d.h.out;
    const std::int64_t n = k / d.row() / d.h.out;
    for (std::int64_t i = 0; i < d.h.filter; ++i) {
      const std::int64_t y = oh * d.h.stride - d.h.pad_before + i * d.h.dilation;
      if (y < 0 || y >= d.h.in) continue;
      for (std::int64_t j = 0; j < d.w.filter; ++j) {
        const std::int64_t z = ow * d.w.stride - d.w.pad_before + j * d.w.dilation;
        if (z < 0 || z >= d.w.in) continue;
        const std::int64_t at = n * d.in_size() + (y * d.w.in + z) * d.c + c;
        const std::int64_t tap = (i * d.w.filter + j) * d.c + c;
        const T sum = plus(x[at], f[tap]);
        if (!(sum > value)) continue;
        value = sum;
        image = at;
        filter = tap;
      }
    }
  }
  /// Integers wrap around.
  static T plus(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      return T(std::make_unsigned_t<T>(a) + std::make_unsigned_t<T>(b));
    } else {
      return a + b;
    }
  }
};

template <class T>
struct Forward {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    const auto& d = *static_cast<const Dilation*>(params);
    const auto* x = static_cast<const T*>(in[0]);
    const auto* f = static_cast<const T*>(in[1]);
    auto* y = static_cast<T*>(out[0]);
    parallel_for(d.n * d.h.out * d.row(), 1 << 11, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t k = begin; k < end; ++k) y[k] = Best<T>(d, x, f, k).value;
    });
  }
};

template <class T, bool kToInput>
void run_backward(const void* params, void* const* in, void* const* out) {
  const auto& d = *static_cast<const Dilation*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  const auto* f = static_cast<const T*>(in[1]);
  const auto* dy = static_cast<const T*>(in[2]);
  auto* to = static_cast<T*>(out[0]);
  std::fill_n(to, kToInput ? d.n * d.in_size() : d.h.filter * d.w.filter * d.c, T(0));
  for (std::int64_t k = 0; k < d.n * d.h.out * d.row(); ++k) {
    const Best<T> best(d, x, f, k);
    const std::int64_t at = kToInput ? best.image : best.filter;
    if (at >= 0) to[at] = Best<T>::plus(to[at], dy[k]);
  }
}
template <class T>
struct ToInput {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    run_backward<T, true>(params, in, out);
  }
};
template <class T>
struct ToFilter {
  static void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
    run_backward<T, false>(params, in, out);
  }
};

template <template <class> class F>
Prepared prepare_dilation(const KernelRequest& r) {
  Prepared out;
  auto* d = make_params<Dilation>(out);
  const Shape &x = r.inputs[0].shape, &f = r.inputs[1].shape;
  d->n = x[0];
  d->c = x[3];
  for (int i = 0; i < 2; ++i) {
    Window& w = i == 0 ? d->h : d->w;
    w = {x[i + 1], f[i], r.attrs->ints("strides")[std::size_t(i + 1)],
         r.attrs->ints("rates")[std::size_t(i + 1)]};
    w.resolve(r.attrs->s("padding"));
  }
  out.run = for_number<F>(r.outputs[0].dtype);
  return out;
}

// -- Data formats
// ----------------------------------------------------------------------------------

struct Formats {
  std::vector<std::int64_t> to;    ///< where a dimension of the source goes
  std::vector<std::int64_t> from;  ///< where a dimension of the destination comes from
  std::int64_t n = 0, columns = 1;
};

template <class T>
void run_dim_map(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& f = *static_cast<const Formats*>(params);
  const auto rank = std::int64_t(f.to.size());
  const auto* x = static_cast<const T*>(in[0]);
  for (std::int64_t i = 0; i < f.n; ++i) {
    const std::int64_t at = x[i] < 0 ? x[i] + rank : x[i];
    if (at < 0 || at >= rank) {
      invalid("dimension ", x[i], " is not in [", -rank, ", ", rank, ")");
    }
    static_cast<T*>(out[0])[i] = T(f.to[std::size_t(at)]);
  }
}
template <class T>
void run_vec_permute(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& f = *static_cast<const Formats*>(params);
  for (std::int64_t i = 0; i < f.n; ++i) {
    const std::int64_t row = f.from[std::size_t(i / f.columns)], column = i % f.columns;
    static_cast<T*>(out[0])[i] = static_cast<const T*>(in[0])[row * f.columns + column];
  }
}

template <bool kMap>
Prepared prepare_formats(const KernelRequest& r) {
  Prepared out;
  auto* f = make_params<Formats>(out);
  const std::string &src = r.attrs->s("src_format"), &dst = r.attrs->s("dst_format");
  for (char name : src) f->to.push_back(std::int64_t(dst.find(name)));
  for (char name : dst) f->from.push_back(std::int64_t(src.find(name)));
  const Shape& x = r.inputs[0].shape;
  f->n = x.num_elements();
  if (x.rank() == 2) f->columns = x[1];
  const bool wide = r.outputs[0].dtype == DType::kInt64;
  if (kMap) {
    out.run = wide ? run_dim_map<std::int64_t> : run_dim_map<std::int32_t>;
  } else {
    out.run = wide ? run_vec_permute<std::int64_t> : run_vec_permute<std::int32_t>;
  }
  return out;
}

constexpr DTypeSet kNumbers{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64,
                            DType::kUint8};
constexpr DTypeSet kIndices{DType::kInt32, DType::kInt64};
const KernelRow kRows[] = {
    {"Dilation2D", "T", kNumbers, prepare_dilation<Forward>},
    {"Dilation2DBackpropInput", "T", kNumbers, prepare_dilation<ToInput>},
    {"Dilation2DBackpropFilter", "T", kNumbers, prepare_dilation<ToFilter>},
    {"DataFormatDimMap", "T", kIndices, prepare_formats<true>},
    {"DataFormatVecPermute", "T", kIndices, prepare_formats<false>},
};

}  // namespace

std::span<const KernelRow> dilation_kernels() { return kRows; }

}  // namespace caudal::cpu
