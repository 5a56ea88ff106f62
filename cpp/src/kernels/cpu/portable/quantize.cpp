// SPDX-License-Identifier: Apache-2.0
// Quantisation, and its simulation in floating point.
#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

/// A range moved so that zero is one of its steps.
struct Nudged {
  float min = 0, max = 0, scale = 1;

  Nudged(float low, float high, std::int64_t bits, bool narrow) {
    const float first = narrow ? 1 : 0, last = float((1 << bits) - 1);
    scale = (high - low) / (last - first);
    const float zero = first - low / scale;
    const float nudged = zero < first ? first : zero > last ? last : std::round(zero);
    min = (first - nudged) * scale;
    max = (last - nudged) * scale;
  }
  float operator()(float x) const {
    const float inside = std::max(std::min(x, max), min) - min;
    return std::floor(inside / scale + 0.5f) * scale + min;
  }
  bool inside(float x) const { return x >= min && x <= max; }
};

std::int64_t bits_of(Call& c) {
  const std::int64_t bits = c.attrs.i("num_bits");
  if (bits < 2 || bits > 16) invalid("num_bits must be between 2 and 16, inclusive");
  return bits;
}
Nudged range_of(Call& c) {
  const float low = c.attrs.f("min"), high = c.attrs.f("max");
  if (!(low < high)) invalid("min has to be smaller than max, was: ", low, " >= ", high);
  return Nudged(low, high, bits_of(c), c.attrs.b("narrow_range"));
}

void fake_args(Call& c) {
  const Nudged q = range_of(c);
  const float inverse = 1.0f / q.scale;
  const auto* x = c.in[0].data<float>();
  auto* y = c.out[0].data<float>();
  parallel_for(c.in[0].num_elements(), 1 << 15, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const float inside = std::max(std::min(x[i], q.max), q.min) - q.min;
      y[i] = std::floor(inside * inverse + 0.5f) * q.scale + q.min;
    }
  });
}
void fake_args_gradient(Call& c) {
  const Nudged q = range_of(c);
  const auto *dy = c.in[0].data<float>(), *x = c.in[1].data<float>();
  auto* dx = c.out[0].data<float>();
  for (std::int64_t i = 0; i < c.in[0].num_elements(); ++i) dx[i] = q.inside(x[i]) ? dy[i] : 0;
}

/// Ranges by channel, or one; a range of zeros quantises to zeros.
void fake_vars(Call& c) {
  const std::int64_t bits = bits_of(c), n = c.in[1].num_elements();
  const bool narrow = c.attrs.b("narrow_range");
  const auto *x = c.in[0].data<float>(), *low = c.in[1].data<float>(),
             *high = c.in[2].data<float>();
  auto* y = c.out[0].data<float>();
  const std::int64_t size = c.in[0].num_elements();
  std::vector<Nudged> ranges;
  for (std::int64_t k = 0; k < n; ++k) ranges.emplace_back(low[k], high[k], bits, narrow);
  parallel_for(size, 1 << 15, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t k = i % n;
      y[i] = low[k] == 0 && high[k] == 0 ? 0 : ranges[std::size_t(k)](x[i]);
    }
  });
}
void fake_vars_gradient(Call& c) {
  const std::int64_t bits = bits_of(c), n = c.in[2].num_elements();
  const bool narrow = c.attrs.b("narrow_range");
  const auto *dy = c.in[0].data<float>(), *x = c.in[1].data<float>(), *low = c.in[2].data<float>(),
             *high = c.in[3].data<float>();
  auto *dx = c.out[0].data<float>(), *dlow = c.out[1].data<float>(),
       *dhigh = c.out[2].data<float>();
  std::vector<Nudged> ranges;
  for (std::int64_t k = 0; k < n; ++k) ranges.emplace_back(low[k], high[k], bits, narrow);
  std::vector<double> below(std::size_t(n), 0), above(std::size_t(n), 0);
  for (std::int64_t i = 0; i < c.in[0].num_elements(); ++i) {
    const auto k = std::size_t(i % n);
    const Nudged& q = ranges[k];
    if (low[k] == 0 && high[k] == 0) {
      dx[i] = dy[i];
      continue;
    }
    dx[i] = q.inside(x[i]) ? dy[i] : 0;
    if (x[i] < q.min) below[k] += dy[i];
    if (x[i] > q.max) above[k] += dy[i];
  }
  for (std::int64_t k = 0; k < n; ++k) {
    dlow[k] = float(below[std::size_t(k)]);
    dhigh[k] = float(above[std::size_t(k)]);
  }
}

template <class T>
void round_trip(const T* x, std::int64_t n, T low, T high, bool given, bool is_signed,
                std::int64_t bits, bool narrow, bool half_up, T* y) {
  if (bits < 1 || bits > 62)
    invalid("num_bits is out of range: ", bits, " with signed_input_ ", is_signed);
  const std::int64_t first = is_signed ? -(std::int64_t(1) << (bits - 1)) + narrow : 0;
  const std::int64_t last =
      is_signed ? (std::int64_t(1) << (bits - 1)) - 1 : (std::int64_t(1) << bits) - 1;
  if (given) {
    if (low > high) invalid("Invalid range: input_min ", low, " > input_max ", high);
  } else {
    low = high = 0;
    if (n > 0) {
      low = *std::min_element(x, x + n);
      high = *std::max_element(x, x + n);
    }
  }
  constexpr T kMax = std::numeric_limits<T>::max();
  const T from_low = T(first) * low > 0 ? T(first) / low : kMax;
  const T from_high = T(last) * high > 0 ? T(last) / high : kMax;
  T scale, inverse;
  if (from_low < from_high) {
    scale = from_low;
    inverse = low / T(first);
    high = T(last) * inverse;
  } else {
    scale = from_high;
    inverse = high / T(last);
    low = T(first) * inverse;
  }
  const auto body = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T v = given ? std::max(std::min(x[i], high), low) : x[i];
      y[i] = (half_up ? std::floor(v * scale + T(0.5)) : std::nearbyint(v * scale)) * inverse;
    }
  };
  parallel_for(n, 1 << 14, body);
}

/// version 1: the range is an attr; 2: an input; 3: the number of bits, too.
template <int version>
void quantize_and_dequantize(Call& c) {
  const auto body = [&]<class T>(T) {
    T low, high;
    if constexpr (version == 1) {
      low = T(c.attrs.f("input_min"));
      high = T(c.attrs.f("input_max"));
    } else {
      low = *c.in[1].data<T>();
      high = *c.in[2].data<T>();
    }
    const std::int64_t bits = version == 3 ? scalar_int(c.in[3]) : c.attrs.i("num_bits");
    const bool narrow = version != 1 && c.attrs.b("narrow_range");
    const bool half_up = version == 2 && c.attrs.s("round_mode") == "HALF_UP";
    round_trip(c.in[0].data<T>(), c.in[0].num_elements(), low, high, c.attrs.b("range_given"),
               c.attrs.b("signed_input"), bits, narrow, half_up, c.out[0].data<T>());
  };
  c.in[0].dtype() == DType::kFloat ? body(float{}) : body(double{});
}

template <class F>
void with_quantized(DType dtype, F&& fn) {
  switch (dtype) {
    case DType::kQint8:
      return fn(std::int8_t{});
    case DType::kQuint8:
      return fn(std::uint8_t{});
    case DType::kQint16:
      return fn(std::int16_t{});
    case DType::kQuint16:
      return fn(std::uint16_t{});
    default:
      return fn(std::int32_t{});
  }
}

/// Steps of a range that is spread over all values of T, with a rounded zero (MIN_FIRST).
template <class T>
struct Steps {
  double low, step;
  double first = double(std::numeric_limits<T>::lowest());
  Steps(float min, float max) {
    const double count = std::ldexp(1.0, int(8 * sizeof(T)));
    step = (double(max) - double(min)) * (count / (count - 1)) / count;
    low = min == max ? double(min) : std::round(double(min) / step) * step;
  }
  float value(T q) const { return float(low + (double(q) - first) * step); }
  T quantized(float x, float min) const {
    if (step == 0) return T(0);
    const double q = std::round(double(x) / step) - std::round(double(min) / step) + first;
    return T(std::clamp(q, first, double(std::numeric_limits<T>::max())));
  }
};

template <class T>
T saturated(double v) {
  constexpr double kLow = double(std::numeric_limits<T>::lowest());
  constexpr double kHigh = double(std::numeric_limits<T>::max());
  return std::isnan(v) ? T(0) : T(std::clamp(v, kLow, kHigh));
}

void quantize(Call& c) {
  const float given_min = *c.in[1].data<float>(), given_max = *c.in[2].data<float>();
  if (!(given_max >= given_min)) {
    invalid("input_max_range must be larger than input_min_range.");
  }
  // Zero lies inside, and the range is not empty.
  float low = std::min(0.0f, given_min);
  const float least = std::max(1.0f, std::max(std::abs(given_min), std::abs(given_max))) / 100.0f;
  float high = std::max(0.0f, std::max(given_max, low + least));
  const std::string &mode = c.attrs.s("mode"), &round_mode = c.attrs.s("round_mode");
  const bool to_even = round_mode == "HALF_TO_EVEN";
  if (to_even && mode != "SCALED") {
    invalid("Round mode 'HALF_TO_EVEN' only supported for mode 'SCALED', but mode is '", mode,
            "'.");
  }
  const auto* x = c.in[0].data<float>();
  const std::int64_t n = c.in[0].num_elements();
  with_quantized(c.out[0].dtype(), [&]<class T>(T) {
    T* y = c.out[0].data<T>();
    constexpr float kFirst = float(std::numeric_limits<T>::lowest());
    constexpr float kLast = float(std::numeric_limits<T>::max());
    if (mode == "MIN_FIRST") {
      const Steps<T> steps(low, high);
      for (std::int64_t i = 0; i < n; ++i) y[i] = steps.quantized(x[i], low);
      return;
    }
    if (mode == "SCALED") {
      const float from_low = kFirst * low > 0 ? kFirst / low : std::numeric_limits<float>::max();
      const float from_high = kLast * high > 0 ? kLast / high : std::numeric_limits<float>::max();
      const float scale = std::min(from_low, from_high);
      low = kFirst / scale;
      high = kLast / scale;
      for (std::int64_t i = 0; i < n; ++i) {
        const float v = std::max(std::min(x[i], high), low) * scale;
        y[i] = saturated<T>(to_even ? std::nearbyint(v) : std::round(v));
      }
      return;
    }
    constexpr bool kSigned = std::is_signed_v<T>;
    const float scale = float((double(kLast) - double(kFirst)) / (double(high) - double(low)));
    const float half = kSigned ? (kLast - kFirst + 1) / 2 : 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const float v = (std::max(std::min(x[i], high), low) - low) * scale;
      y[i] = saturated<T>(kSigned ? std::round(v - half) : std::floor(v + 0.5f));
    }
  });
  *c.out[1].data<float>() = low;
  *c.out[2].data<float>() = high;
}

void dequantize(Call& c) {
  const float low = *c.in[1].data<float>(), high = *c.in[2].data<float>();
  const std::string& mode = c.attrs.s("mode");
  auto* y = c.out[0].data<float>();
  with_quantized(c.in[0].dtype(), [&]<class T>(T) {
    const T* x = c.in[0].data<T>();
    const std::int64_t n = c.in[0].num_elements();
    constexpr float kFirst = float(std::numeric_limits<T>::lowest());
    constexpr float kLast = float(std::numeric_limits<T>::max());
    constexpr bool kSigned = std::is_signed_v<T>;
    if (mode == "MIN_FIRST") {
      // In float, as TensorFlow rounds the zero point of a range.
      const auto step = float((high - low) / (std::ldexp(1.0, int(8 * sizeof(T))) - 1));
      const float zero = low == high ? low : std::round(low / step) * step;
      std::transform(x, x + n, y, [&](T q) { return float(zero + (double(q) - kFirst) * step); });
      return;
    }
    if (mode == "SCALED") {
      const float scale = kSigned ? std::max(low / kFirst, high / kLast) : high / kLast;
      std::transform(x, x + n, y, [&](T q) { return float(q) * scale; });
      return;
    }
    const float scale = (high - low) / (kLast - kFirst);
    const float half = kSigned ? (kLast - kFirst + 1) / 2 : 0;
    std::transform(x, x + n, y, [&](T q) { return (float(q) + half) * scale + low; });
  });
}

/// The smallest and largest number that the input holds.
template <class T>
std::pair<float, float> used_range(const Tensor& x, float low, float high) {
  const Steps<T> steps(low, high);
  const std::int64_t n = x.num_elements();
  T first = std::numeric_limits<T>::max(), last = std::numeric_limits<T>::lowest();
  for (std::int64_t i = 0; i < n; ++i) {
    first = std::min(first, x.data<T>()[i]);
    last = std::max(last, x.data<T>()[i]);
  }
  if (n == 0) return {0.0f, 0.0f};
  return {std::min(0.0f, steps.value(first)), steps.value(last)};
}

void requantization_range(Call& c) {
  const float low = *c.in[1].data<float>(), high = *c.in[2].data<float>();
  with_quantized(c.in[0].dtype(), [&]<class T>(T) {
    const auto [first, last] = used_range<T>(c.in[0], low, high);
    *c.out[0].data<float>() = first;
    *c.out[1].data<float>() = last;
  });
}

template <bool kShrink>
void requantize(Call& c) {
  const float low = *c.in[1].data<float>(), high = *c.in[2].data<float>();
  with_quantized(c.in[0].dtype(), [&]<class T>(T) {
    with_quantized(c.out[0].dtype(), [&]<class U>(U) {
      float to_low, to_high;
      if constexpr (kShrink) {
        std::tie(to_low, to_high) = used_range<T>(c.in[0], low, high);
      } else {
        to_low = *c.in[3].data<float>();
        to_high = *c.in[4].data<float>();
        if (to_low > 0) invalid("requested_output_min must be <= 0, but got ", to_low);
        if (to_high < to_low) {
          invalid("requested_output_max must be >= requested_output_min, but got ", to_high,
                  " and ", to_low);
        }
      }
      const Steps<T> from(low, high);
      const Steps<U> to(to_low, to_high);
      const T* x = c.in[0].data<T>();
      std::transform(x, x + c.in[0].num_elements(), c.out[0].data<U>(),
                     [&](T q) { return to.quantized(from.value(q), to_low); });
      *c.out[1].data<float>() = to_low;
      *c.out[2].data<float>() = to_high;
    });
  });
}

/// Joins values along an axis after bringing them to one range.
void quantized_concat(Call& c) {
  const std::size_t n = (c.in.size() - 1) / 3;
  const Shape& out = c.out[0].shape();
  const std::int64_t given = scalar_int(c.in[0]);
  const int axis = int(given < 0 ? given + out.rank() : given);
  if (axis < 0 || axis >= out.rank()) invalid("concat_dim ", given, " is out of range");
  float low = 0, high = 0;
  for (std::size_t i = 0; i < n; ++i) {
    low = std::min(low, *c.in[1 + n + i].data<float>());
    high = std::max(high, *c.in[1 + 2 * n + i].data<float>());
  }
  const std::int64_t outer = size_of(out, 0, axis), inner = size_of(out, axis + 1, out.rank());
  with_quantized(c.out[0].dtype(), [&]<class T>(T) {
    const Steps<T> to(low, high);
    T* y = c.out[0].data<T>();
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::size_t i = 0; i < n; ++i) {
        const Tensor& x = c.in[1 + i];
        const float from_low = *c.in[1 + n + i].data<float>();
        const float from_high = *c.in[1 + 2 * n + i].data<float>();
        const Steps<T> from(from_low, from_high);
        const std::int64_t width = x.shape()[axis] * inner;
        const T* row = x.data<T>() + o * width;
        const bool same = from_low == low && from_high == high;
        y = std::transform(row, row + width, y,
                           [&](T q) { return same ? q : to.quantized(from.value(q), low); });
      }
    }
  });
  *c.out[1].data<float>() = low;
  *c.out[2].data<float>() = high;
}

constexpr DTypeSet kFloats{DType::kFloat, DType::kDouble};
constexpr DTypeSet kQuantized{DType::kQint8, DType::kQuint8, DType::kQint16, DType::kQuint16,
                              DType::kQint32};

}  // namespace

std::span<const KernelRow> quantize_kernels() {
  static const KernelRow rows[] = {
      {"FakeQuantWithMinMaxArgs", "", DTypeSet::all(), bound_kernel<fake_args>},
      {"FakeQuantWithMinMaxArgsGradient", "", DTypeSet::all(), bound_kernel<fake_args_gradient>},
      {"FakeQuantWithMinMaxVars", "", DTypeSet::all(), bound_kernel<fake_vars>},
      {"FakeQuantWithMinMaxVarsGradient", "", DTypeSet::all(), bound_kernel<fake_vars_gradient>},
      {"FakeQuantWithMinMaxVarsPerChannel", "", DTypeSet::all(), bound_kernel<fake_vars>},
      {"FakeQuantWithMinMaxVarsPerChannelGradient", "", DTypeSet::all(),
       bound_kernel<fake_vars_gradient>},
      {"QuantizeAndDequantize", "T", kFloats, bound_kernel<quantize_and_dequantize<1>>},
      {"QuantizeAndDequantizeV2", "T", kFloats, bound_kernel<quantize_and_dequantize<2>>},
      {"QuantizeAndDequantizeV3", "T", kFloats, bound_kernel<quantize_and_dequantize<3>>},
      {"QuantizeV2", "T", kQuantized, bound_kernel<quantize>},
      {"Dequantize", "T", kQuantized, bound_kernel<dequantize>},
      {"RequantizationRange", "Tinput", kQuantized, bound_kernel<requantization_range>},
      {"Requantize", "Tinput", kQuantized, bound_kernel<requantize<false>>},
      {"QuantizedConcat", "T", kQuantized, bound_kernel<quantized_concat>},
      {"QuantizeDownAndShrinkRange", "Tinput", kQuantized, bound_kernel<requantize<true>>},
  };
  return rows;
}

}  // namespace caudal::cpu
