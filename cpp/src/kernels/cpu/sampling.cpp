// SPDX-License-Identifier: Apache-2.0
// Draws from the gamma, Poisson and bounded normal distributions, and draws from a given seed.
// Every sample of a parameter owns a part of the stream, so that rejections elsewhere do not move
// it.
#include <cmath>
#include <limits>
#include <numbers>

#include "caudal/error.h"
#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/random_fill.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// Doubles in [0, 1) and normal doubles from one position on; each block of the stream serves one
/// of both, and gives its second value first.
class Draws {
 public:
  explicit Draws(const PhiloxPosition& at) : at_(at) {}
  double uniform() {
    if (uniforms_ == 0) {
      std::uint32_t w[4];
      block(w);
      uniform_[0] = uniform_double(w[0], w[1]);
      uniform_[1] = uniform_double(w[2], w[3]);
      uniforms_ = 2;
    }
    return uniform_[--uniforms_];
  }
  double normal() {
    if (normals_ == 0) {
      std::uint32_t w[4];
      block(w);
      box_muller(w, normal_);
      normals_ = 2;
    }
    return normal_[--normals_];
  }

 private:
  void block(std::uint32_t* w) {
    philox_blocks<1>(at_, 0, w);
    at_ = at_.plus(1);
  }
  PhiloxPosition at_;
  double uniform_[2], normal_[2];
  int uniforms_ = 0, normals_ = 0;
};

/// Marsaglia and Tsang's method: a cubed normal, accepted against a uniform. Below 1 alpha is
/// raised by one and the sample multiplied by u^(1 / alpha).
struct Gamma {
  double alpha, d, c;
  explicit Gamma(double a) : alpha(a) {
    d = alpha + (alpha < 1 ? 2.0 / 3 : -1.0 / 3);
    c = 1.0 / 3 / std::sqrt(d);
  }
  double operator()(Draws& draws) const {
    if (!(alpha > 0)) return alpha == 0 ? 0 : std::numeric_limits<double>::quiet_NaN();
    if (alpha == 1) return -std::log1p(-draws.uniform());
    if (std::isinf(alpha)) return alpha;
    while (true) {
      const double x = draws.normal();
      double v = 1 + c * x;
      if (v <= 0) continue;
      v = v * v * v;
      const double u = draws.uniform();
      if (u < 1 - 0.0331 * (x * x) * (x * x) ||
          std::log(u) < 0.5 * x * x + d * (1 - v + std::log(v))) {
        const double sample = d * v;
        return alpha < 1 ? sample * std::pow(draws.uniform(), 1 / alpha) : sample;
      }
    }
  }
};

/// Knuth's product of uniforms for small rates, Hormann's transformed rejection for large ones.
struct Poisson {
  double rate, largest;
  double log_rate = 0, a = 0, b = 0, inverse_alpha = 0;
  Poisson(double r, double highest) : rate(r), largest(highest) {
    if (rate < 10) return;
    log_rate = std::log(rate);
    b = 0.931 + 2.53 * std::sqrt(rate);
    a = -0.059 + 0.02483 * b;
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  }
  double operator()(Draws& draws) const {
    if (!(rate >= 0)) return std::numeric_limits<double>::quiet_NaN();
    if (std::isinf(rate)) return rate;
    if (rate < 10) {
      const double threshold = std::exp(-rate);
      double product = 1, count = 0;
      while (true) {
        product *= draws.uniform();
        if (product <= threshold && count <= largest) return count;
        count += 1;
      }
    }
    while (true) {
      const double u = draws.uniform() - 0.5, v = draws.uniform();
      const double us = 0.5 - std::abs(u);
      const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
      if (k > largest) {
        // A rate that the dtype cannot hold would never be accepted.
        if (rate > 2 * largest) return largest;
        continue;
      }
      if (us >= 0.07 && v <= 0.9277 - 3.6224 / (b - 2)) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      const double s = std::log(v * inverse_alpha / (a / (us * us) + b));
      if (s <= -rate + k * log_rate - std::lgamma(k + 1)) return k;
    }
  }
};

template <class T>
double to_double(T v) {
  if constexpr (std::is_same_v<T, Half>) {
    return double(float(v));
  } else {
    return double(v);
  }
}
template <class T>
T from_double(double v) {
  if constexpr (std::is_same_v<T, Half>) {
    return Half(float(v));
  } else if constexpr (std::is_integral_v<T>) {
    constexpr double kMax = double(std::numeric_limits<T>::max());
    return !(v >= 0) ? T(0) : v >= kMax ? std::numeric_limits<T>::max() : T(v);
  } else {
    return T(v);
  }
}

struct SampleParams {
  std::shared_ptr<RandomStream> stream;
  std::int64_t parameters = 0, samples = 0;  ///< samples for each parameter
};

/// Output [samples, parameters]; sample s of parameter p owns part p * samples + s of the stream.
template <class In, class Out, class Make>
void run_samples(const SampleParams& q, const In* parameters, Out* out, Make&& make) {
  const std::int64_t n = q.parameters * q.samples;
  if (n == 0) return;
  const PhiloxPosition start = q.stream->reserve(std::uint64_t(n) * kBlocksPerOutput);
  parallel_for(n, 1 << 9, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end;) {
      const std::int64_t p = i / q.samples;
      const auto distribution = make(to_double(parameters[p]));
      for (const std::int64_t stop = std::min(end, (p + 1) * q.samples); i < stop; ++i) {
        Draws draws(start.plus(std::uint64_t(i) * kBlocksPerOutput));
        out[i % q.samples * q.parameters + p] = from_double<Out>(distribution(draws));
      }
    }
  });
}

Prepared prepare_samples(const KernelRequest& r, RunFn run) {
  Prepared p;
  auto* q = make_params<SampleParams>(p);
  q->stream = stream_of(r);
  q->parameters = r.inputs[1].shape.num_elements();
  const Shape& out = r.outputs[0].shape;
  q->samples = 1;
  for (int i = 0; i < out.rank() - r.inputs[1].shape.rank(); ++i) {
    q->samples = checked_mul(q->samples, out[i]);
  }
  checked_mul(checked_mul(q->samples, q->parameters), kBlocksPerOutput);
  p.run = run;
  return p;
}

template <class T>
void run_gamma(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  run_samples(*static_cast<const SampleParams*>(raw), static_cast<const T*>(in[1]),
              static_cast<T*>(out[0]), [](double alpha) { return Gamma(alpha); });
}
Prepared prepare_gamma(const KernelRequest& r) {
  switch (r.outputs[0].dtype) {
    case DType::kHalf:
      return prepare_samples(r, run_gamma<Half>);
    case DType::kDouble:
      return prepare_samples(r, run_gamma<double>);
    default:
      return prepare_samples(r, run_gamma<float>);
  }
}

template <class In, class Out>
void run_poisson(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  double largest = 65504;
  if constexpr (!std::is_same_v<Out, Half>) largest = double(std::numeric_limits<Out>::max());
  run_samples(*static_cast<const SampleParams*>(raw), static_cast<const In*>(in[1]),
              static_cast<Out*>(out[0]), [=](double rate) { return Poisson(rate, largest); });
}
template <class F>
void with_rate_type(DType dtype, F&& fn) {
  switch (dtype) {
    case DType::kHalf:
      return fn(Half{});
    case DType::kFloat:
      return fn(float{});
    case DType::kInt32:
      return fn(std::int32_t{});
    case DType::kInt64:
      return fn(std::int64_t{});
    default:
      return fn(double{});
  }
}
Prepared prepare_poisson(const KernelRequest& r) {
  Prepared p;
  with_rate_type(r.inputs[1].dtype, [&]<class In>(In) {
    with_rate_type(r.outputs[0].dtype,
                   [&]<class Out>(Out) { p = prepare_samples(r, run_poisson<In, Out>); });
  });
  return p;
}

/// Normal numbers between bounds, one pair of bounds for each batch.
struct BoundedParams {
  std::shared_ptr<RandomStream> stream;
  std::int64_t batches = 0, samples = 0, n = 0;
  std::int64_t counts[4] = {};  ///< entries of means, deviations, lower and upper bounds
};
constexpr std::int64_t kMostTries = 1000;

template <class T>
struct BlockWords {
  PhiloxPosition at;
  void next(std::uint32_t* w) {
    philox_blocks<1>(at, 0, w);
    at = at.plus(1);
  }
  /// One block's worth of numbers in [0, 1) or normal ones.
  void uniforms(T* out) {
    std::uint32_t w[4];
    next(w);
    for (int i = 0; i < kPerBlock<T>; ++i) {
      if constexpr (sizeof(T) == 8) {
        out[i] = uniform_double(w[2 * i], w[2 * i + 1]);
      } else {
        out[i] = uniform_float(w[i]);
      }
    }
  }
  void normals(T* out) {
    std::uint32_t w[4];
    next(w);
    for (int i = 0; i < kPerBlock<T>; i += 2) box_muller(w + (sizeof(T) == 8 ? 2 : 1) * i, out + i);
  }
};

template <class T>
void bounded_batch(BlockWords<T>& words, T mean, T deviation, T low, T high, std::int64_t n,
                   T* out) {
  constexpr int kSize = kPerBlock<T>;
  if (!(deviation > 0) || !(low < high) || !(std::isfinite(low) || std::isfinite(high))) {
    invalid("Invalid parameters");
  }
  // The finite bound, or the one nearer to the mean, comes first.
  if (low == -std::numeric_limits<T>::infinity() || high < mean) {
    std::swap(low, high);
    deviation = -deviation;
  }
  const T from = (low - mean) / deviation, to = (high - mean) / deviation;
  const T root = std::sqrt(from * from + T(4));
  const T cutoff = T(2) * std::exp(T(0.5) + (from * (from - root)) / T(4)) / (from + root);
  const T width = to - from;
  std::int64_t done = 0, tries = 0;
  // Accepts a candidate; false when the batch is full.
  const auto put = [&](bool accepted, T z) {
    if (!accepted && tries + 1 < kMostTries) {
      ++tries;
      return true;
    }
    out[done++] = z * deviation + mean;
    tries = 0;
    return done < n;
  };
  if (n == 0) return;
  if ((from < T(-1.3) && to >= 0) || (to > T(1.3) && from <= 0)) {
    while (true) {
      T z[kSize];
      words.normals(z);
      for (const T v : z) {
        if (!put(v >= from && v <= to, v)) return;
      }
    }
  }
  if (width < cutoff) {
    const T plus = from < 0 ? T(0) : from * from;
    while (true) {
      T z[kSize], u[kSize];
      words.uniforms(z);
      words.uniforms(u);
      for (int i = 0; i < kSize; ++i) {
        const T v = z[i] * width + from;
        if (!put(u[i] <= std::exp((plus - v * v) / T(2)), v)) return;
      }
    }
  }
  const T alpha = (from + root) / T(2);
  while (true) {
    T u[kSize];
    words.uniforms(u);
    for (int i = 0; i < kSize; i += 2) {
      const T z = -std::log(u[i]) / alpha + from;
      const T x = from < alpha ? alpha - z : from - alpha;
      if (!put(u[i + 1] <= std::exp(-x * x / T(2)) && z < to, z)) return;
    }
  }
}

template <class T>
void run_bounded(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  const auto& q = *static_cast<const BoundedParams*>(raw);
  if (q.n == 0) return;
  BlockWords<T> words{q.stream->reserve(std::uint64_t(q.batches) * 2 * std::uint64_t(kMostTries) *
                                        std::uint64_t(q.samples + 3) / 4)};
  auto* y = static_cast<T*>(out[0]);
  for (std::int64_t b = 0; b < q.batches && b * q.samples < q.n; ++b) {
    T p[4];
    for (int i = 0; i < 4; ++i) p[i] = static_cast<const T*>(in[i + 1])[q.counts[i] == 1 ? 0 : b];
    bounded_batch(words, p[0], p[1], p[2], p[3], std::min(q.samples, q.n - b * q.samples),
                  y + b * q.samples);
  }
}
Prepared prepare_bounded(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<BoundedParams>(p);
  q->stream = stream_of(r);
  const Shape& out = r.outputs[0].shape;
  q->n = out.num_elements();
  if (out.rank() < 1) invalid("Shape tensor must not be empty, got ", out);
  q->batches = out[0];
  q->samples = 1;
  for (int i = 1; i < out.rank(); ++i) q->samples = checked_mul(q->samples, out[i]);
  bool single = true;
  static constexpr const char* kNames[] = {"means", "stdevs", "minvals", "maxvals"};
  for (int i = 0; i < 4; ++i) {
    const Shape& s = r.inputs[std::size_t(i + 1)].shape;
    q->counts[i] = s.num_elements();
    if (q->counts[i] != 1 && q->counts[i] != q->batches) {
      invalid("Input ", kNames[i], " should have length 1 or shape[0], got shape: ", s);
    }
    single = single && s.rank() == 0;
  }
  if (single) {  // one pair of bounds: batches of a fixed size
    q->samples = 100;
    q->batches = (q->n + 99) / 100;
  }
  checked_mul(checked_mul(q->batches, 2 * kMostTries), q->samples + 3);
  p.run = r.outputs[0].dtype == DType::kDouble ? run_bounded<double> : run_bounded<float>;
  return p;
}

/// Where the numbers of a seed begin: the seed is scrambled by the generator itself.
PhiloxPosition seeded(const void* seed, DType dtype) {
  std::uint64_t s[2];
  for (int i = 0; i < 2; ++i) {
    s[i] = dtype == DType::kInt32
               ? std::uint64_t(std::int64_t(static_cast<const std::int32_t*>(seed)[i]))
               : std::uint64_t(static_cast<const std::int64_t*>(seed)[i]);
  }
  PhiloxPosition key;
  key.key = 0x02461e293ec8f720ull;
  key.low = s[0];
  key.high = s[1];
  std::uint32_t w[4];
  philox_blocks<1>(key, 0, w);
  PhiloxPosition start;
  start.key = (std::uint64_t(w[1]) << 32) | w[0];
  start.high = (std::uint64_t(w[3]) << 32) | w[2];
  return start;
}

struct SeededParams {
  DType seed = DType::kInt64;
  std::int64_t n = 0, rows = 0, classes = 0;
};
template <class F>
Prepared prepare_seeded(const KernelRequest& r, F run) {
  Prepared p;
  auto* q = make_params<SeededParams>(p);
  q->seed = r.inputs[1].dtype;
  q->n = r.outputs[0].shape.num_elements();
  p.run = run;
  return p;
}
template <class Convert>
void run_seeded_fill(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  const auto& q = *static_cast<const SeededParams*>(raw);
  fill(seeded(in[1], q.seed), q.n, static_cast<typename Convert::Value*>(out[0]), Convert{});
}
template <template <class> class Convert>
Prepared prepare_seeded_fill(const KernelRequest& r) {
  const bool wide = r.outputs[0].dtype == DType::kDouble;
  return prepare_seeded(r,
                        wide ? run_seeded_fill<Convert<double>> : run_seeded_fill<Convert<float>>);
}
Prepared prepare_seeded_uniform(const KernelRequest& r) {
  switch (r.outputs[0].dtype) {
    case DType::kHalf:
      return prepare_seeded(r, run_seeded_fill<UniformNarrow<Half, 0x3FF>>);
    case DType::kBfloat16:
      return prepare_seeded(r, run_seeded_fill<UniformNarrow<Bfloat16, 0x7F>>);
    default:
      return prepare_seeded_fill<Uniform>(r);
  }
}

template <class T>
void run_seeded_truncated(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  const auto& q = *static_cast<const SeededParams*>(raw);
  truncated_normal(seeded(in[1], q.seed), q.n, static_cast<T*>(out[0]));
}
Prepared prepare_seeded_truncated(const KernelRequest& r) {
  const bool wide = r.outputs[0].dtype == DType::kDouble;
  return prepare_seeded(r, wide ? run_seeded_truncated<double> : run_seeded_truncated<float>);
}

template <class T>
void run_seeded_int(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  const auto& q = *static_cast<const SeededParams*>(raw);
  if (q.n == 0) return;
  using U = std::make_unsigned_t<T>;
  const T low = *static_cast<const T*>(in[2]), high = *static_cast<const T*>(in[3]);
  if (low >= high) invalid("Need minval < maxval, got ", low, " >= ", high);
  fill(seeded(in[1], q.seed), q.n, static_cast<T*>(out[0]),
       UniformInt<T>{low, U(U(high) - U(low))});
}
Prepared prepare_seeded_int(const KernelRequest& r) {
  const bool wide = r.outputs[0].dtype == DType::kInt64;
  return prepare_seeded(r, wide ? run_seeded_int<std::int64_t> : run_seeded_int<std::int32_t>);
}

template <class T, class Out>
void run_seeded_multinomial(const void* raw, void* const* in, void* const* out, void*,
                            RunContext&) {
  const auto& q = *static_cast<const SeededParams*>(raw);
  if (q.n == 0) return;
  PhiloxWords words(seeded(in[2], q.seed));
  draw_classes(words, q.rows, q.classes, q.n / q.rows, static_cast<const T*>(in[0]),
               static_cast<Out*>(out[0]));
}
Prepared prepare_seeded_multinomial(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<SeededParams>(p);
  q->seed = r.inputs[2].dtype;
  q->n = r.outputs[0].shape.num_elements();
  q->rows = r.inputs[0].shape[0];
  q->classes = r.inputs[0].shape[1];
  if (q->classes == 0 && q->n > 0) invalid("num_classes should be positive, got 0");
  const bool wide = r.outputs[0].dtype == DType::kInt64;
  with_type(r.inputs[0].dtype, [&]<class T>(T) {
    if constexpr (sizeof(T) >= 4) {
      p.run =
          wide ? run_seeded_multinomial<T, std::int64_t> : run_seeded_multinomial<T, std::int32_t>;
    }
  });
  return p;
}

constexpr DTypeSet kReal{DType::kFloat, DType::kDouble};
constexpr DTypeSet kNarrow{DType::kHalf, DType::kBfloat16};
constexpr DTypeSet kIndex{DType::kInt32, DType::kInt64};
constexpr DTypeSet kHalfToo = kReal | DTypeSet{DType::kHalf};

}  // namespace

std::span<const KernelRow> sampling_kernels() {
  static const KernelRow rows[] = {
      {"RandomGamma", "T", kHalfToo, prepare_gamma},
      {"RandomPoisson", "dtype", kHalfToo, prepare_poisson},
      {"RandomPoissonV2", "dtype", kHalfToo | kIndex, prepare_poisson},
      {"ParameterizedTruncatedNormal", "dtype", kReal, prepare_bounded},
      {"StatelessRandomUniform", "dtype", kReal | kNarrow, prepare_seeded_uniform},
      {"StatelessRandomNormal", "dtype", kReal, prepare_seeded_fill<Normal>},
      {"StatelessTruncatedNormal", "dtype", kReal, prepare_seeded_truncated},
      {"StatelessRandomUniformInt", "dtype", kIndex, prepare_seeded_int},
      {"StatelessMultinomial", "T", kReal | kIndex, prepare_seeded_multinomial},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
