// SPDX-License-Identifier: Apache-2.0
// Biases: a vector added along the channels, and the sums per channel that are its gradient.
#include <algorithm>
#include <complex>
#include <cstring>

#include "kernels/cpu/channels.h"
#include "kernels/cpu/families.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

bool channels_first(const KernelRequest& r) {
  const AttrValue* format = r.attrs->find("data_format");
  return format != nullptr && format->get<std::string>() == "NCHW";
}

/// Few channels are repeated up to this many elements, so that loops over them vectorise.
constexpr std::int64_t kPattern = 128;

template <class T>
void run_bias_add(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& v = *static_cast<const ChannelView*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  const auto* bias = static_cast<const T*>(in[1]);
  auto* y = static_cast<T*>(out[0]);
  const std::int64_t c = v.channels;
  if (v.inner != 1) {
    parallel_for(v.outer * c,
                 std::max<std::int64_t>(1, (1 << 15) / std::max<std::int64_t>(1, v.inner)),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     const T b = bias[i % c];
                     for (std::int64_t k = i * v.inner; k < (i + 1) * v.inner; ++k) y[k] = x[k] + b;
                   }
                 });
    return;
  }
  const std::int64_t repeat = c < kPattern / 2 ? kPattern / std::max<std::int64_t>(1, c) : 1;
  const std::int64_t width = repeat * c;
  T pattern[kPattern];
  const T* addend = bias;
  if (repeat > 1) {
    for (std::int64_t i = 0; i < repeat; ++i) std::copy_n(bias, c, pattern + i * c);
    addend = pattern;
  }
  const std::int64_t grain =
      std::max<std::int64_t>(1, (1 << 15) / std::max<std::int64_t>(1, width)) * repeat;
  parallel_for(v.outer, grain, [&](std::int64_t begin, std::int64_t end) {
    std::int64_t k = begin * c;
    const std::int64_t stop = end * c;
    for (; k + width <= stop; k += width) {
#pragma omp simd
      for (std::int64_t i = 0; i < width; ++i) y[k + i] = x[k + i] + addend[i];
    }
    for (std::int64_t i = 0; k + i < stop; ++i) y[k + i] = x[k + i] + addend[i];
  });
}

/// Channels-last sums of few channels: `view` counts groups of rows, `rest` the rows that remain.
struct BiasGrad {
  ChannelView view;
  std::int64_t channels = 0, repeat = 1, rest = 0;
};

template <class T>
void run_bias_add_grad(const void* params, void* const* in, void* const* out, void* workspace,
                       RunContext&) {
  const auto& g = *static_cast<const BiasGrad*>(params);
  const auto* dy = static_cast<const T*>(in[0]);
  auto* db = static_cast<T*>(out[0]);
  auto* partials = static_cast<T*>(workspace);
  T wide[kPattern];
  T* sums = g.repeat > 1 ? wide : db;
  channel_sums(g.view, partials, sums, [dy](std::int64_t i, std::int64_t) { return dy[i]; });
  if (g.repeat == 1) return;
  const T* last = dy + g.view.size();
  for (std::int64_t c = 0; c < g.channels; ++c) {
    T s = T(0);
    for (std::int64_t i = 0; i < g.repeat; ++i) s = T(s + wide[i * g.channels + c]);
    for (std::int64_t i = 0; i < g.rest; ++i) s = T(s + last[i * g.channels + c]);
    db[c] = s;
  }
}

#define CAUDAL_DISPATCH_NUMBERS(fn) \
  switch (r.inputs[0].dtype) {      \
    case DType::kFloat:             \
      out.run = fn<float>;          \
      break;                        \
    case DType::kDouble:            \
      out.run = fn<double>;         \
      break;                        \
    case DType::kInt32:             \
      out.run = fn<std::uint32_t>;  \
      break;                        \
    case DType::kInt64:             \
      out.run = fn<std::uint64_t>;  \
      break;                        \
    default:                        \
      out.run = fn<std::uint8_t>;   \
      break;                        \
  }

Prepared prepare_bias_add(const KernelRequest& r) {
  Prepared out;
  *make_params<ChannelView>(out) = ChannelView::of(r.inputs[0].shape, channels_first(r));
  if (r.inputs[0].dtype == DType::kComplex64) {
    out.run = run_bias_add<std::complex<float>>;
  } else if (r.inputs[0].dtype == DType::kComplex128) {
    out.run = run_bias_add<std::complex<double>>;
  } else {
    CAUDAL_DISPATCH_NUMBERS(run_bias_add)
  }
  out.inplace_inputs = 1;
  return out;
}

/// Sums of complex numbers: rare, so without blocks or workspace.
template <class T>
void run_complex_bias_add_grad(const void* params, void* const* in, void* const* out, void*,
                               RunContext&) {
  const auto& v = *static_cast<const ChannelView*>(params);
  const auto* dy = static_cast<const T*>(in[0]);
  auto* db = static_cast<T*>(out[0]);
  std::fill_n(db, v.channels, T(0));
  for (std::int64_t i = 0; i < v.outer * v.channels; ++i) {
    for (std::int64_t k = i * v.inner; k < (i + 1) * v.inner; ++k) db[i % v.channels] += dy[k];
  }
}

Prepared prepare_bias_add_grad(const KernelRequest& r) {
  Prepared out;
  if (is_complex(r.inputs[0].dtype)) {
    *make_params<ChannelView>(out) = ChannelView::of(r.inputs[0].shape, channels_first(r));
    out.run = r.inputs[0].dtype == DType::kComplex64
                  ? run_complex_bias_add_grad<std::complex<float>>
                  : run_complex_bias_add_grad<std::complex<double>>;
    return out;
  }
  BiasGrad g;
  g.view = ChannelView::of(r.inputs[0].shape, channels_first(r));
  g.channels = g.view.channels;
  if (g.view.inner == 1 && g.channels > 0 && g.channels < kPattern / 2 &&
      g.channels % kSumChunk != 0) {
    // Whole rows side by side, up to a multiple of the chunk where one fits.
    g.repeat = kPattern / g.channels;
    for (std::int64_t n = g.repeat; n > g.repeat / 2; --n) {
      if (n * g.channels % kSumChunk == 0) {
        g.repeat = n;
        break;
      }
    }
    g.rest = g.view.outer % g.repeat;
    g.view.outer /= g.repeat;
    g.view.channels *= g.repeat;
  }
  out.workspace = g.view.partial_bytes<char>(1) * dtype_size(r.inputs[0].dtype);
  *make_params<BiasGrad>(out) = g;
  CAUDAL_DISPATCH_NUMBERS(run_bias_add_grad)
  return out;
}

constexpr DTypeSet kNumbers{DType::kFloat, DType::kDouble,    DType::kInt32,     DType::kInt64,
                            DType::kUint8, DType::kComplex64, DType::kComplex128};
const KernelRow kRows[] = {
    {"BiasAdd", "T", kNumbers, prepare_bias_add},
    {"BiasAddV1", "T", kNumbers, prepare_bias_add},
    {"BiasAddGrad", "T", kNumbers, prepare_bias_add_grad},
};

}  // namespace

std::span<const KernelRow> nn_kernels() { return kRows; }

}  // namespace caudal::cpu::CAUDAL_ISA
