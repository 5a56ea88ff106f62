// SPDX-License-Identifier: Apache-2.0
// LinSpace, and functions of two arguments that are not for the block interpreter: rare special
// ones, comparisons of strings.
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <numbers>
#include <string>

#include "base/parallel_for.h"
#include "caudal/error.h"
#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// B_2k / (2k)!, the coefficients of the Euler-Maclaurin formula.
constexpr double kBernoulli[] = {
    1.0 / 12,
    -1.0 / 720,
    1.0 / 30240,
    -1.0 / 1209600,
    1.0 / 47900160,
    -691.0 / 1307674368000.0,
    1.0 / 74724249600.0,
    -3617.0 / 10670622842880000.0,
    43867.0 / 5109094217170944000.0,
};

// Hurwitz zeta: the sum over k of (q + k)^-x, for x > 1.
double zeta(double x, double q) {
  if (x == 1) return kInf;
  if (!(x > 1) || std::isnan(q)) return kNan;
  if (q <= 0) {
    if (q == std::floor(q)) return kInf;
    if (x != std::floor(x)) return kNan;  // a negative base with a fractional exponent
    if (q < -1e6) return kNan;            // further than a sum can reach
  }
  // Terms one by one until the asymptotic tail is exact to the last bits.
  const double tail = 12 + x;
  double sum = 0;
  double a = q;
  for (; a < tail; a += 1) {
    const double term = std::pow(a, -x);
    sum += term;
    if (a > 0 && term <= sum * 1e-17) return sum;
  }
  const double power = std::pow(a, -x);
  sum += power * a / (x - 1) + 0.5 * power;
  double factor = x * power / a;
  for (int k = 0; k < int(std::size(kBernoulli)); ++k) {
    const double term = kBernoulli[k] * factor;
    sum += term;
    if (std::abs(term) < std::abs(sum) * 1e-17) break;
    factor *= (x + 2 * k + 1) * (x + 2 * k + 2) / (a * a);
  }
  return sum;
}

double digamma(double x) {
  if (std::isnan(x) || (x <= 0 && x == std::floor(x))) return kNan;
  double result = 0;
  if (x < 0) {
    result = -std::numbers::pi / std::tan(std::numbers::pi * (x - std::floor(x)));
    x = 1 - x;
  }
  for (; x < 12; x += 1) result -= 1 / x;
  const double u = 1 / (x * x);
  const double series =
      u *
      (1.0 / 12 -
       u * (1.0 / 120 - u * (1.0 / 252 - u * (1.0 / 240 - u * (1.0 / 132 - u * 691.0 / 32760)))));
  return result + std::log(x) - 0.5 / x - series;
}

// The n-th derivative of digamma.
double polygamma(double n, double x) {
  if (n == 0) return digamma(x);
  if (!(n > 0) || n != std::floor(n)) return kNan;
  const double sign = std::fmod(n, 2) == 0 ? -1 : 1;
  return sign * std::tgamma(n + 1) * zeta(n + 1, x);
}

struct Params {
  std::int64_t size = 0;
  int rank = 0;
  std::int64_t dims[kMaxRank] = {};
  std::int64_t strides[2][kMaxRank] = {};  // 0 where an operand is broadcast
};

template <class T, class R, class F>
void run_binary(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const Params& p = *static_cast<const Params*>(params);
  const T* a = static_cast<const T*>(in[0]);
  const T* b = static_cast<const T*>(in[1]);
  R* y = static_cast<R*>(out[0]);
  parallel_for(p.size, 1 << 10, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t rest = i;
      std::int64_t at[2] = {0, 0};
      for (int d = p.rank - 1; d >= 0; --d) {
        const std::int64_t index = rest % p.dims[d];
        rest /= p.dims[d];
        at[0] += index * p.strides[0][d];
        at[1] += index * p.strides[1][d];
      }
      y[i] = R(F()(a[at[0]], b[at[1]]));
    }
  });
}

Prepared prepare_binary(const KernelRequest& request, RunFn run) {
  Prepared prepared;
  Params& p = *make_params<Params>(prepared);
  const Shape& shape = request.outputs[0].shape;
  p.size = shape.num_elements();
  p.rank = shape.rank();
  for (int i = 0; i < p.rank; ++i) p.dims[i] = shape[i];
  for (int k = 0; k < 2 && p.size > 0; ++k) {
    const Shape& operand = request.inputs[std::size_t(k)].shape;
    std::int64_t stride = 1;
    for (int i = operand.rank() - 1; i >= 0; --i) {
      if (operand[i] != 1) p.strides[k][i + p.rank - operand.rank()] = stride;
      stride *= operand[i];
    }
  }
  prepared.run = run;
  return prepared;
}

template <double (*kFunction)(double, double)>
struct Special {
  double operator()(double a, double b) const { return kFunction(a, b); }
};
template <double (*kFunction)(double, double)>
Prepared prepare_special(const KernelRequest& request) {
  using F = Special<kFunction>;
  const bool single = request.outputs[0].dtype == DType::kFloat;
  return prepare_binary(request,
                        single ? run_binary<float, float, F> : run_binary<double, double, F>);
}

template <class F>
Prepared prepare_strings(const KernelRequest& request) {
  return prepare_binary(request, run_binary<std::string, bool, F>);
}
Prepared prepare_joined(const KernelRequest& request) {
  return allocating(request,
                    prepare_binary(request, run_binary<std::string, std::string, std::plus<>>));
}

template <class T>
void run_linspace(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const std::int64_t n = *static_cast<const std::int64_t*>(params);
  const T start = *static_cast<const T*>(in[0]);
  const T stop = *static_cast<const T*>(in[1]);
  T* y = static_cast<T*>(out[0]);
  if (n == 0) return;
  y[0] = start;
  if (n == 1) return;
  const T step = (stop - start) / T(n - 1);
  for (std::int64_t i = 1; i + 1 < n; ++i) y[i] = start + step * T(i);
  y[n - 1] = stop;
}

Prepared prepare_linspace(const KernelRequest& request) {
  Prepared prepared;
  *make_params<std::int64_t>(prepared) = request.outputs[0].shape.num_elements();
  prepared.run =
      request.outputs[0].dtype == DType::kFloat ? run_linspace<float> : run_linspace<double>;
  return prepared;
}

constexpr DTypeSet kFloats = {DType::kFloat, DType::kDouble};

}  // namespace

std::span<const KernelRow> math_kernels() {
  static const KernelRow rows[] = {
      {"LinSpace", "T", kFloats, prepare_linspace},
      {"Zeta", "T", kFloats, prepare_special<zeta>},
      {"Polygamma", "T", kFloats, prepare_special<polygamma>},
      {"Add", "T", {DType::kString}, prepare_joined},
      {"Equal", "T", {DType::kString}, prepare_strings<std::equal_to<>>},
      {"NotEqual", "T", {DType::kString}, prepare_strings<std::not_equal_to<>>},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
