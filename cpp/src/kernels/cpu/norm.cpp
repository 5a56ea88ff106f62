// SPDX-License-Identifier: Apache-2.0
// Batch normalisation over the channels, and local response normalisation across them.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/cpu/channels.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/vector/vector_math.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

struct BatchNorm {
  ChannelView view;
  float epsilon = 0;
  bool training = true;
  bool reserve3 = false;
};

/// out[index] = f(index, channel) for all elements.
template <class F>
void each_element(const ChannelView& v, F&& f) {
  if (v.inner == 1) {
    parallel_for(v.outer, v.grain(), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t o = begin; o < end; ++o) {
#pragma omp simd
        for (std::int64_t c = 0; c < v.channels; ++c) f(o * v.channels + c, c);
      }
    });
    return;
  }
  const std::int64_t grain =
      std::max<std::int64_t>(1, (1 << 15) / std::max<std::int64_t>(1, v.inner));
  parallel_for(v.outer * v.channels, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t c = i % v.channels;
#pragma omp simd
      for (std::int64_t k = 0; k < v.inner; ++k) f(i * v.inner + k, c);
    }
  });
}

/// inputs: x, scale, offset, mean, variance. The workspace holds partial sums, then a factor and an
/// addend per channel.
void run_batch_norm(const void* params, void* const* in, void* const* out, void* workspace,
                    RunContext&) {
  const auto& b = *static_cast<const BatchNorm*>(params);
  const ChannelView& v = b.view;
  const auto* x = static_cast<const float*>(in[0]);
  const auto* scale = static_cast<const float*>(in[1]);
  const auto* offset = static_cast<const float*>(in[2]);
  auto* y = static_cast<float*>(out[0]);
  auto* mean = static_cast<float*>(out[3]);
  auto* variance = static_cast<float*>(out[4]);
  auto* batch_mean = static_cast<float*>(out[1]);
  auto* batch_variance = static_cast<float*>(out[2]);
  auto* factor = static_cast<float*>(workspace);
  float* addend = factor + v.channels;
  float* partials = addend + v.channels;
  const auto count = float(v.per_channel());
  if (b.training) {
    channel_sums(v, partials, mean, [x](std::int64_t i, std::int64_t) { return x[i]; });
    for (std::int64_t c = 0; c < v.channels; ++c) mean[c] /= count;
    channel_sums(v, partials, variance, [x, mean](std::int64_t i, std::int64_t c) {
      const float d = x[i] - mean[c];
      return d * d;
    });
    const float unbiased = v.per_channel() > 1 ? count / (count - 1) : 1;
    for (std::int64_t c = 0; c < v.channels; ++c) {
      variance[c] /= count;
      batch_mean[c] = mean[c];
      batch_variance[c] = variance[c] * unbiased;
    }
  } else {
    for (float* to : {mean, batch_mean}) {
      std::copy_n(static_cast<const float*>(in[3]), v.channels, to);
    }
    for (float* to : {variance, batch_variance}) {
      std::copy_n(static_cast<const float*>(in[4]), v.channels, to);
    }
  }
  if (b.reserve3) *static_cast<float*>(out[5]) = 0;
  for (std::int64_t c = 0; c < v.channels; ++c) {
    factor[c] = scale[c] / vm::sqrt(variance[c] + b.epsilon);
    addend[c] = offset[c];
  }
  each_element(
      v, [=](std::int64_t i, std::int64_t c) { y[i] = (x[i] - mean[c]) * factor[c] + addend[c]; });
}

/// inputs: y_backprop, x, scale, mean, variance.
void run_batch_norm_grad(const void* params, void* const* in, void* const* out, void* workspace,
                         RunContext&) {
  const auto& b = *static_cast<const BatchNorm*>(params);
  const ChannelView& v = b.view;
  const std::int64_t channels = v.channels;
  const auto* dy = static_cast<const float*>(in[0]);
  const auto* x = static_cast<const float*>(in[1]);
  const auto* scale = static_cast<const float*>(in[2]);
  const auto* mean = static_cast<const float*>(in[3]);
  const auto* variance = static_cast<const float*>(in[4]);
  auto* dx = static_cast<float*>(out[0]);
  auto* dscale = static_cast<float*>(out[1]);
  auto* doffset = static_cast<float*>(out[2]);
  for (int i = 3; i < 5; ++i) *static_cast<float*>(out[i]) = 0;  // say nothing
  auto* sums = static_cast<float*>(workspace);                   // of dy, then of dy * (x - mean)
  float* factor = sums + 2 * channels;
  float* along = factor + channels;
  float* level = along + channels;
  float* partials = level + channels;
  channel_sums(
      v, partials, sums, [dy](std::int64_t i, std::int64_t) { return dy[i]; },
      [dy, x, mean](std::int64_t i, std::int64_t c) { return dy[i] * (x[i] - mean[c]); });
  const auto count = float(v.per_channel());
  for (std::int64_t c = 0; c < channels; ++c) {
    const float inverse = 1 / vm::sqrt(variance[c] + b.epsilon);
    doffset[c] = sums[c];
    dscale[c] = sums[channels + c] * inverse;
    factor[c] = scale[c] * inverse;
    along[c] = b.training ? sums[channels + c] / count * inverse * inverse : 0;
    level[c] = b.training ? sums[c] / count : 0;
  }
  each_element(v, [=](std::int64_t i, std::int64_t c) {
    dx[i] = factor[c] * (dy[i] - level[c] - (x[i] - mean[c]) * along[c]);
  });
}

template <bool kGrad>
Prepared prepare_batch_norm(const KernelRequest& r) {
  Prepared out;
  auto* b = make_params<BatchNorm>(out);
  b->view = ChannelView::of(r.inputs[0].shape, r.attrs->s("data_format") == "NCHW");
  b->epsilon = r.attrs->f("epsilon");
  b->training = r.attrs->b("is_training");
  b->reserve3 = !kGrad && r.outputs.size() > 5;
  const std::int64_t vectors = kGrad ? 5 : 2;
  out.workspace = std::size_t(vectors * b->view.channels) * sizeof(float) +
                  b->view.partial_bytes<float>(kGrad ? 2 : 1);
  out.run = kGrad ? run_batch_norm_grad : run_batch_norm;
  return out;
}

struct Lrn {
  std::int64_t pixels = 0, depth = 0, radius = 0;
  float bias = 1, alpha = 1, beta = 0.5;
};

/// Pixels are worked on in blocks that stay in the cache: their rows lie one after the other with
/// `radius` zeros in front of each, so that sums over windows run across rows without branches.
class LrnBlock {
 public:
  LrnBlock(const Lrn& p, std::int64_t pixels)
      : p_(p), stride_(p.depth + p.radius), used_(pixels * stride_) {
    thread_local std::vector<float> memory;
    const std::int64_t size = used_ + 3 * p.radius + 1;
    if (std::int64_t(memory.size()) < 3 * size) memory.resize(std::size_t(3 * size));
    spread_ = memory.data();
    norm = spread_ + size;
    factor = norm + size;
    std::fill_n(spread_, size, 0.0f);
  }

  float *norm, *factor;

  /// Element j of pixel i in norm and factor.
  std::int64_t at(std::int64_t i) const { return i * stride_; }
  float* spread(std::int64_t i) { return spread_ + p_.radius + i * stride_; }

  /// to[k] = sum of the spread elements of the window around k: windows of 1, 2, 4, ... elements
  /// are added up where the width has a bit. The spread elements are lost.
  void window_sums(float* to) {
    std::fill_n(to, used_, 0.0f);
    std::int64_t offset = 0, length = used_ + 2 * p_.radius;
    for (std::int64_t step = 1, width = 2 * p_.radius + 1; step <= width; step *= 2) {
      if (width & step) {
#pragma omp simd
        for (std::int64_t k = 0; k < used_; ++k) to[k] += spread_[k + offset];
        offset += step;
      }
      if (2 * step > width) break;
      length -= step;
      // Every sum reads ahead of what it overwrites.
#pragma GCC ivdep
      for (std::int64_t k = 0; k < length; ++k) spread_[k] += spread_[k + step];
    }
  }

  /// norm = bias + alpha * window sums of squares; factor = norm^-beta.
  void normalise(const float* x, std::int64_t pixels) {
    for (std::int64_t i = 0; i < pixels; ++i, x += p_.depth) {
      float* to = spread(i);
#pragma omp simd
      for (std::int64_t j = 0; j < p_.depth; ++j) to[j] = x[j] * x[j];
    }
    window_sums(norm);
    const float bias = p_.bias, alpha = p_.alpha, beta = p_.beta;
#pragma omp simd
    for (std::int64_t k = 0; k < used_; ++k) norm[k] = bias + alpha * norm[k];
    if (beta == 0.5f) {
#pragma omp simd
      for (std::int64_t k = 0; k < used_; ++k) factor[k] = 1 / vm::sqrt(norm[k]);
    } else if (beta == 0.75f) {
#pragma omp simd
      for (std::int64_t k = 0; k < used_; ++k) {
        const float root = vm::sqrt(norm[k]);
        factor[k] = 1 / (root * vm::sqrt(root));
      }
    } else if (beta == std::floor(beta)) {
      // Whole powers of negative numbers are numbers.
      for (std::int64_t k = 0; k < used_; ++k) factor[k] = std::pow(norm[k], -beta);
    } else {
#pragma omp simd
      for (std::int64_t k = 0; k < used_; ++k) factor[k] = vm::exp(-beta * vm::log(norm[k]));
    }
  }

 private:
  const Lrn& p_;
  std::int64_t stride_, used_;
  float* spread_;
};

std::int64_t lrn_grain(const Lrn& p) {
  return std::max<std::int64_t>(1, (1 << 11) / std::max<std::int64_t>(1, p.depth + p.radius));
}

void run_lrn(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const Lrn*>(params);
  const auto* x = static_cast<const float*>(in[0]);
  auto* y = static_cast<float*>(out[0]);
  parallel_for(p.pixels, lrn_grain(p), [&](std::int64_t begin, std::int64_t end) {
    LrnBlock block(p, end - begin);
    block.normalise(x + begin * p.depth, end - begin);
    for (std::int64_t i = begin; i < end; ++i) {
      const float* factor = block.factor + block.at(i - begin);
      const std::int64_t row = i * p.depth;
#pragma omp simd
      for (std::int64_t j = 0; j < p.depth; ++j) y[row + j] = x[row + j] * factor[j];
    }
  });
}

/// inputs: dy, x, y.
void run_lrn_grad(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const Lrn*>(params);
  const auto* dy = static_cast<const float*>(in[0]);
  const auto* x = static_cast<const float*>(in[1]);
  const auto* y = static_cast<const float*>(in[2]);
  auto* dx = static_cast<float*>(out[0]);
  const float slope = -2 * p.alpha * p.beta;
  parallel_for(p.pixels, lrn_grain(p), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t pixels = end - begin;
    LrnBlock block(p, pixels);
    block.normalise(x + begin * p.depth, pixels);
    std::fill_n(block.spread(0) - p.radius, block.at(pixels) + 3 * p.radius + 1, 0.0f);
    for (std::int64_t i = 0; i < pixels; ++i) {
      const std::int64_t row = (begin + i) * p.depth;
      const float* norm = block.norm + block.at(i);
      const float* factor = block.factor + block.at(i);
      float* to = block.spread(i);
#pragma omp simd
      for (std::int64_t j = 0; j < p.depth; ++j) {
        to[j] = slope * dy[row + j] * y[row + j] / norm[j];
        dx[row + j] = dy[row + j] * factor[j];
      }
    }
    block.window_sums(block.norm);
    for (std::int64_t i = 0; i < pixels; ++i) {
      const std::int64_t row = (begin + i) * p.depth;
      const float* sums = block.norm + block.at(i);
#pragma omp simd
      for (std::int64_t j = 0; j < p.depth; ++j) dx[row + j] += x[row + j] * sums[j];
    }
  });
}

template <bool kGrad>
Prepared prepare_lrn(const KernelRequest& r) {
  Prepared out;
  auto* p = make_params<Lrn>(out);
  const Shape& shape = r.inputs[0].shape;
  p->depth = shape.dim(-1);
  p->pixels = p->depth == 0 ? 0 : shape.num_elements() / p->depth;
  p->radius = std::clamp<std::int64_t>(r.attrs->i("depth_radius"), 0, p->depth);
  p->bias = r.attrs->f("bias");
  p->alpha = r.attrs->f("alpha");
  p->beta = r.attrs->f("beta");
  out.run = kGrad ? run_lrn_grad : run_lrn;
  return out;
}

constexpr DTypeSet kFloatOnly{DType::kFloat};
const KernelRow kRows[] = {
    {"FusedBatchNorm", "T", kFloatOnly, prepare_batch_norm<false>},
    {"FusedBatchNormV2", "T", kFloatOnly, prepare_batch_norm<false>},
    {"FusedBatchNormV3", "T", kFloatOnly, prepare_batch_norm<false>},
    {"FusedBatchNormGrad", "T", kFloatOnly, prepare_batch_norm<true>},
    {"FusedBatchNormGradV2", "T", kFloatOnly, prepare_batch_norm<true>},
    {"FusedBatchNormGradV3", "T", kFloatOnly, prepare_batch_norm<true>},
    {"LRN", "T", kFloatOnly, prepare_lrn<false>},
    {"LRNGrad", "T", kFloatOnly, prepare_lrn<true>},
};

}  // namespace

std::span<const KernelRow> norm_kernels() { return kRows; }

}  // namespace caudal::cpu::CAUDAL_ISA
