// SPDX-License-Identifier: Apache-2.0
// Special functions, computed in double precision whatever the dtype. The derivatives towards the
// parameter of the gamma distribution carry a second number through the same recurrences.
#include <cmath>
#include <limits>
#include <numbers>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kEps = 1e-17;
constexpr int kMaxTerms = 100000;

/// A value and its derivative towards a.
struct Dual {
  double v = 0, d = 0;
  friend Dual operator+(Dual x, Dual y) { return {x.v + y.v, x.d + y.d}; }
  friend Dual operator-(Dual x, Dual y) { return {x.v - y.v, x.d - y.d}; }
  friend Dual operator*(Dual x, Dual y) { return {x.v * y.v, x.d * y.v + x.v * y.d}; }
  friend Dual operator/(Dual x, Dual y) {
    const double q = x.v / y.v;
    return {q, (x.d - q * y.d) / y.v};
  }
};

double digamma(double x) {
  double result = 0;
  for (; x < 12; x += 1) result -= 1 / x;
  const double u = 1 / (x * x);
  const double series =
      u *
      (1.0 / 12 -
       u * (1.0 / 120 - u * (1.0 / 252 - u * (1.0 / 240 - u * (1.0 / 132 - u * 691.0 / 32760)))));
  return result + std::log(x) - 0.5 / x - series;
}

/// The regularised lower incomplete gamma function P(a, x), x > 0, and dP / da.
/// `upper` asks for Q = 1 - P instead, without cancellation where Q is small.
Dual incomplete_gamma(double a, double x, bool upper) {
  const Dual da{a, 1};
  // x^a e^-x / Gamma(a), with its derivative.
  const double log_front = a * std::log(x) - x - std::lgamma(a);
  const double front = std::exp(log_front);
  const Dual prefix{front, front * (std::log(x) - digamma(a))};
  if (x <= 1 || x <= a) {
    Dual term = Dual{1, 0} / da, sum = term;
    for (int n = 1; n < kMaxTerms; ++n) {
      term = term * (Dual{x, 0} / (da + Dual{double(n), 0}));
      sum = sum + term;
      if (std::abs(term.v) <= std::abs(sum.v) * kEps &&
          std::abs(term.d) <= std::abs(sum.d) * kEps) {
        break;
      }
    }
    const Dual p = prefix * sum;
    return upper ? Dual{1 - p.v, -p.d} : p;
  }
  // Continued fraction of Q by Lentz' method.
  const Dual tiny{1e-290, 0};
  Dual b = Dual{x + 1, 0} - da;
  Dual c = Dual{1, 0} / tiny, d = Dual{1, 0} / b, h = d;
  for (int n = 1; n < kMaxTerms; ++n) {
    const Dual an = Dual{double(-n), 0} * (Dual{double(n), 0} - da);
    b = b + Dual{2, 0};
    d = an * d + b;
    if (std::abs(d.v) < tiny.v) d.v = tiny.v;
    c = b + an / c;
    if (std::abs(c.v) < tiny.v) c.v = tiny.v;
    d = Dual{1, 0} / d;
    const Dual step = d * c;
    h = h * step;
    if (std::abs(step.v - 1) < 1e-16 && std::abs(step.d) < 1e-16) break;
  }
  const Dual q = prefix * h;
  return upper ? q : Dual{1 - q.v, -q.d};
}

double igamma(double a, double x) {
  if (!(x >= 0) || !(a > 0)) return kNan;
  if (x == 0) return 0;
  if (std::isinf(a)) return kNan;
  if (std::isinf(x)) return 1;
  return incomplete_gamma(a, x, false).v;
}
double igammac(double a, double x) {
  if (!(x >= 0) || !(a > 0)) return kNan;
  if (x == 0) return 1;
  if (std::isinf(a)) return kNan;
  if (std::isinf(x)) return 0;
  return incomplete_gamma(a, x, true).v;
}
double igamma_grad_a(double a, double x) {
  if (!(x >= 0) || !(a > 0)) return kNan;
  if (x == 0 || std::isinf(x)) return 0;
  if (std::isinf(a)) return kNan;
  return incomplete_gamma(a, x, false).d;
}
/// d sample / d alpha along a fixed quantile: - (dP / da) / (dP / dx).
double gamma_sample_grad(double alpha, double sample) {
  if (!(sample >= 0) || !(alpha > 0)) return kNan;
  if (sample == 0) return 0;
  if (std::isinf(alpha) || std::isinf(sample)) return kNan;
  const double a = alpha, x = sample;
  // The prefix of P times 1 / x is the density, so it cancels.
  if (x <= 1 || x <= a) {
    const Dual da{a, 1};
    Dual term = Dual{1, 0} / da, sum = term;
    for (int n = 1; n < kMaxTerms; ++n) {
      term = term * (Dual{x, 0} / (da + Dual{double(n), 0}));
      sum = sum + term;
      if (std::abs(term.v) <= std::abs(sum.v) * kEps &&
          std::abs(term.d) <= std::abs(sum.d) * kEps) {
        break;
      }
    }
    return -x * (sum.d + sum.v * (std::log(x) - digamma(a)));
  }
  const double density = std::exp((a - 1) * std::log(x) - x - std::lgamma(a));
  return density == 0 ? kNan : -incomplete_gamma(a, x, false).d / density;
}

/// The continued fraction of the incomplete beta function; fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-290;
  const auto away = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
  double c = 1, d = 1 / away(1 - (a + b) * x / (a + 1)), h = d;
  for (int m = 1; m < kMaxTerms; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    h *= d * c;
    if (std::abs(d * c - 1) < 1e-16) break;
  }
  return h;
}
double betainc(double a, double b, double x) {
  if (!(a > 0) || !(b > 0) || !(x >= 0) || !(x <= 1)) return kNan;
  if (x == 0 || x == 1) return x;
  const double log_front =
      std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x);
  const double front = std::exp(log_front);
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/// exp(-|x|) I_order(x) for order 0 or 1: all terms of the series are positive, so it is exact
/// until the asymptotic one is.
double bessel_ie(double x, int order) {
  const double z = std::abs(x), sign = order == 1 && x < 0 ? -1 : 1;
  if (std::isnan(x)) return kNan;
  if (z <= 30) {
    double term = order == 0 ? 1 : z / 2, sum = term;
    const double q = z * z / 4;
    for (int k = 1; k < 500 && term > sum * kEps; ++k) {
      term *= q / (double(k) * (k + order));
      sum += term;
    }
    return sign * std::exp(-z) * sum;
  }
  if (std::isinf(z)) return 0 * sign;
  const double mu = 4.0 * order * order;
  double term = 1, sum = 1;
  for (int k = 1; k < 60; ++k) {
    const double next = term * -(mu - (2.0 * k - 1) * (2.0 * k - 1)) / (k * 8.0 * z);
    if (std::abs(next) >= std::abs(term)) break;
    term = next;
    sum += term;
    if (std::abs(term) < kEps) break;
  }
  return sign * sum / std::sqrt(2 * std::numbers::pi * z);
}

template <double (*kFunction)(double, double)>
void binary(Call& c) {
  const auto body = [&]<class T>(T) {
    const T *a = c.in[0].data<T>(), *b = c.in[1].data<T>();
    T* y = c.out[0].data<T>();
    for_broadcast<2>(c.out[0].shape(), {c.in[0].shape(), c.in[1].shape()},
                     [&](std::int64_t i, const auto& at) {
                       y[i] = T(kFunction(double(a[at[0]]), double(b[at[1]])));
                     });
  };
  c.out[0].dtype() == DType::kFloat ? body(float{}) : body(double{});
}

void next_after(Call& c) {
  const auto body = [&]<class T>(T) {
    const T *a = c.in[0].data<T>(), *b = c.in[1].data<T>();
    T* y = c.out[0].data<T>();
    for_broadcast<2>(
        c.out[0].shape(), {c.in[0].shape(), c.in[1].shape()},
        [&](std::int64_t i, const auto& at) { y[i] = std::nextafter(a[at[0]], b[at[1]]); });
  };
  c.out[0].dtype() == DType::kFloat ? body(float{}) : body(double{});
}

void run_betainc(Call& c) {
  const auto body = [&]<class T>(T) {
    const T *a = c.in[0].data<T>(), *b = c.in[1].data<T>(), *x = c.in[2].data<T>();
    T* y = c.out[0].data<T>();
    for_broadcast<3>(c.out[0].shape(), {c.in[0].shape(), c.in[1].shape(), c.in[2].shape()},
                     [&](std::int64_t i, const auto& at) {
                       y[i] = T(betainc(double(a[at[0]]), double(b[at[1]]), double(x[at[2]])));
                     });
  };
  c.out[0].dtype() == DType::kFloat ? body(float{}) : body(double{});
}

template <int order>
void bessel(Call& c) {
  const auto body = [&]<class T>(T) {
    const T* x = c.in[0].data<T>();
    T* y = c.out[0].data<T>();
    parallel_for(c.in[0].num_elements(), 1 << 10, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        y[i] = T(float(0));
        const double v = bessel_ie(double(float(x[i])), order);
        if constexpr (std::is_same_v<T, double>) {
          y[i] = bessel_ie(x[i], order);
        } else {
          y[i] = T(float(v));
        }
      }
    });
  };
  switch (c.in[0].dtype()) {
    case DType::kDouble:
      return body(double{});
    case DType::kHalf:
      return body(Half{});
    case DType::kBfloat16:
      return body(Bfloat16{});
    default:
      return body(float{});
  }
}

/// log(sum of exp) of everything up to here. What has no terms is the lowest number.
void cumulative_logsumexp(Call& c) {
  const Shape& shape = c.in[0].shape();
  const std::int64_t given = scalar_int(c.in[1]);
  if (given < -shape.rank() || given >= shape.rank()) {
    invalid("axis: Expected scan axis in the range [", -shape.rank(), ", ", shape.rank(),
            "), but got ", given);
  }
  const int axis = int(given < 0 ? given + shape.rank() : given);
  const bool exclusive = c.attrs.b("exclusive"), reverse = c.attrs.b("reverse");
  const std::int64_t n = shape[axis], inner = size_of(shape, axis + 1, shape.rank());
  const std::int64_t outer = size_of(shape, 0, axis);
  const auto body = [&]<class T>(T, double lowest) {
    const T* x = c.in[0].data<T>();
    T* y = c.out[0].data<T>();
    parallel_for(outer * inner, 1 + (1 << 12) / std::max<std::int64_t>(n, 1),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t k = begin; k < end; ++k) {
                     // The sum is exp(top) * total, total >= 1 once there is a term.
                     double top = lowest, total = 0;
                     for (std::int64_t i = 0; i < n; ++i) {
                       const std::int64_t row = reverse ? n - 1 - i : i;
                       const std::int64_t at = (k / inner * n + row) * inner + k % inner;
                       const auto value = [&] {
                         return total > 0 ? top + std::log(total) : lowest;
                       };
                       double v;
                       if constexpr (std::is_same_v<T, double>) {
                         v = x[at];
                       } else {
                         v = double(float(x[at]));
                       }
                       if (exclusive) y[at] = T(value());
                       if (std::isnan(v) || std::isnan(top)) {
                         top = kNan;
                         total = 1;
                       } else if (v == kInf || top == kInf) {
                         top = kInf;
                         total = 1;
                       } else if (v > top) {
                         total = total * std::exp(top - v) + 1;
                         top = v;
                       } else {
                         total += std::exp(v - top);
                       }
                       if (!exclusive) y[at] = T(value());
                     }
                   }
                 });
  };
  if (c.in[0].dtype() == DType::kFloat) return body(float{}, -3.4028234663852886e38);
  if (c.in[0].dtype() == DType::kDouble)
    return body(double{}, std::numeric_limits<double>::lowest());
  body(Half{}, -65504.0);
}

constexpr DTypeSet kFloats{DType::kFloat, DType::kDouble};
constexpr DTypeSet kAllFloats = kFloats | DTypeSet{DType::kHalf, DType::kBfloat16};

}  // namespace

std::span<const KernelRow> special_kernels() {
  static const KernelRow rows[] = {
      {"Igamma", "T", kFloats, bound_kernel<binary<igamma>>},
      {"Igammac", "T", kFloats, bound_kernel<binary<igammac>>},
      {"IgammaGradA", "T", kFloats, bound_kernel<binary<igamma_grad_a>>},
      {"RandomGammaGrad", "T", kFloats, bound_kernel<binary<gamma_sample_grad>>},
      {"Betainc", "T", kFloats, bound_kernel<run_betainc>},
      {"BesselI0e", "T", kAllFloats, bound_kernel<bessel<0>>},
      {"BesselI1e", "T", kAllFloats, bound_kernel<bessel<1>>},
      {"NextAfter", "T", kFloats, bound_kernel<next_after>},
      {"CumulativeLogsumexp", "T", kFloats | DTypeSet{DType::kHalf},
       bound_kernel<cumulative_logsumexp>},
  };
  return rows;
}

}  // namespace caudal::cpu
