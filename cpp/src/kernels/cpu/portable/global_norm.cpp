// SPDX-License-Identifier: Apache-2.0
// Batch normalisation with given statistics, as graphs of the first years have it.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

struct GlobalNorm {
  std::int64_t pixels = 0, channels = 0;
  float epsilon = 0;
  bool scale = false;
};

/// 1 / sqrt(variance + epsilon), times gamma where it counts.
template <class T>
T factor(const GlobalNorm& p, const T* variance, const T* gamma, std::int64_t c) {
  const T inverse = T(1) / std::sqrt(variance[c] + T(p.epsilon));
  return p.scale ? inverse * gamma[c] : inverse;
}

/// inputs: t, m, v, beta, gamma.
template <class T>
void run_norm(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const GlobalNorm*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  const auto* mean = static_cast<const T*>(in[1]);
  const auto* beta = static_cast<const T*>(in[3]);
  auto* y = static_cast<T*>(out[0]);
  std::vector<T> factors(std::size_t(p.channels));
  for (std::int64_t c = 0; c < p.channels; ++c) {
    factors[std::size_t(c)] =
        factor(p, static_cast<const T*>(in[2]), static_cast<const T*>(in[4]), c);
  }
  for (std::int64_t i = 0; i < p.pixels; ++i, x += p.channels, y += p.channels) {
    for (std::int64_t c = 0; c < p.channels; ++c) {
      y[c] = (x[c] - mean[c]) * factors[std::size_t(c)] + beta[c];
    }
  }
}

/// inputs: t, m, v, gamma, backprop; outputs: dx, dm, dv, db, dg.
template <class T>
void run_norm_grad(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const GlobalNorm*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  const auto* mean = static_cast<const T*>(in[1]);
  const auto* variance = static_cast<const T*>(in[2]);
  const auto* gamma = static_cast<const T*>(in[3]);
  const auto* dy = static_cast<const T*>(in[4]);
  auto* dx = static_cast<T*>(out[0]);
  std::vector<T> sums(std::size_t(p.channels)), along(std::size_t(p.channels));
  std::vector<T> factors(std::size_t(p.channels));
  for (std::int64_t c = 0; c < p.channels; ++c) {
    factors[std::size_t(c)] = factor(p, variance, gamma, c);
  }
  for (std::int64_t i = 0; i < p.pixels; ++i) {
    for (std::int64_t c = 0; c < p.channels; ++c) {
      const std::int64_t at = i * p.channels + c;
      sums[std::size_t(c)] += dy[at];
      along[std::size_t(c)] += dy[at] * (x[at] - mean[c]);
      dx[at] = dy[at] * factors[std::size_t(c)];
    }
  }
  for (std::int64_t c = 0; c < p.channels; ++c) {
    const auto k = std::size_t(c);
    const T width = variance[c] + T(p.epsilon);
    static_cast<T*>(out[1])[c] = -sums[k] * factors[k];
    static_cast<T*>(out[2])[c] = T(-0.5) * along[k] * factors[k] / width;
    static_cast<T*>(out[3])[c] = sums[k];
    static_cast<T*>(out[4])[c] = p.scale ? along[k] / std::sqrt(width) : T(0);
  }
}

template <bool kGrad>
Prepared prepare(const KernelRequest& r) {
  Prepared out;
  auto* p = make_params<GlobalNorm>(out);
  const Shape& x = r.inputs[0].shape;
  p->channels = x[3];
  p->pixels = x[3] == 0 ? 0 : x.num_elements() / x[3];
  p->epsilon = r.attrs->f("variance_epsilon");
  p->scale = r.attrs->b("scale_after_normalization");
  const bool wide = r.outputs[0].dtype == DType::kDouble;
  if (kGrad) {
    out.run = wide ? run_norm_grad<double> : run_norm_grad<float>;
  } else {
    out.run = wide ? run_norm<double> : run_norm<float>;
  }
  return out;
}

constexpr DTypeSet kReals{DType::kFloat, DType::kDouble};
const KernelRow kRows[] = {
    {"BatchNormWithGlobalNormalization", "T", kReals, prepare<false>},
    {"BatchNormWithGlobalNormalizationGrad", "T", kReals, prepare<true>},
};

}  // namespace

std::span<const KernelRow> global_norm_kernels() { return kRows; }

}  // namespace caudal::cpu
