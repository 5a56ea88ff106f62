// SPDX-License-Identifier: Apache-2.0
// Owns: elementary functions that loops over floats and doubles can call and stay vectorised.
// Called by: vector/loops_*.cpp.
// Must not know: tensors, programs.
#pragma once

#include "kernels/cpu/isa.h"

// glibc's vector library (libmvec) has a variant of each of these per vector width; the attribute
// lets the compiler call it from loops. The first line is there since glibc 2.22, the rest since
// 2.35. They are within 4 ulp and right for NaN and infinities.
#define CAUDAL_LIBMVEC_UNARY(X) \
  X(exp)                        \
  X(log)                        \
  X(sin)                        \
  X(cos)                        \
  X(tan)                        \
  X(asin)                       \
  X(acos)                       \
  X(atan) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(expm1) X(log1p) X(erf) X(erfc)
#define CAUDAL_LIBMVEC_BINARY(X) X(pow) X(atan2)

extern "C" {
#define CAUDAL_DECLARE(name)                                          \
  __attribute__((simd("notinbranch"))) float name##f(float) noexcept; \
  __attribute__((simd("notinbranch"))) double name(double) noexcept;
CAUDAL_LIBMVEC_UNARY(CAUDAL_DECLARE)
#undef CAUDAL_DECLARE
#define CAUDAL_DECLARE(name)                                                 \
  __attribute__((simd("notinbranch"))) float name##f(float, float) noexcept; \
  __attribute__((simd("notinbranch"))) double name(double, double) noexcept;
CAUDAL_LIBMVEC_BINARY(CAUDAL_DECLARE)
#undef CAUDAL_DECLARE
// No vector variants: loops that call these run one element at a time.
float lgammaf_r(float, int*) noexcept;
double lgamma_r(double, int*) noexcept;
float fmodf(float, float) noexcept;
double fmod(double, double) noexcept;
}

namespace caudal::cpu::CAUDAL_ISA {
namespace {
namespace vm {

#define CAUDAL_OVERLOAD(name)                         \
  inline float name(float x) { return ::name##f(x); } \
  inline double name(double x) { return ::name(x); }
CAUDAL_LIBMVEC_UNARY(CAUDAL_OVERLOAD)
#undef CAUDAL_OVERLOAD
#define CAUDAL_OVERLOAD(name)                                     \
  inline float name(float x, float y) { return ::name##f(x, y); } \
  inline double name(double x, double y) { return ::name(x, y); }
CAUDAL_LIBMVEC_BINARY(CAUDAL_OVERLOAD)
#undef CAUDAL_OVERLOAD
#undef CAUDAL_LIBMVEC_UNARY
#undef CAUDAL_LIBMVEC_BINARY

inline float sqrt(float x) { return __builtin_sqrtf(x); }
inline double sqrt(double x) { return __builtin_sqrt(x); }
inline float abs(float x) { return __builtin_fabsf(x); }
inline double abs(double x) { return __builtin_fabs(x); }
inline float floor(float x) { return __builtin_floorf(x); }
inline double floor(double x) { return __builtin_floor(x); }
inline float ceil(float x) { return __builtin_ceilf(x); }
inline double ceil(double x) { return __builtin_ceil(x); }
/// Halves go to the even neighbour.
inline float round(float x) { return __builtin_rintf(x); }
inline double round(double x) { return __builtin_rint(x); }
inline float fmod(float x, float y) { return ::fmodf(x, y); }
inline double fmod(double x, double y) { return ::fmod(x, y); }
inline float lgamma(float x) {
  int sign;
  return ::lgammaf_r(x, &sign);
}
inline double lgamma(double x) {
  int sign;
  return ::lgamma_r(x, &sign);
}

/// exp(-x) overflows to infinity for very negative x and the quotient becomes 0: no branch needed.
template <class T>
T sigmoid(T x) {
  return T(1) / (T(1) + exp(-x));
}

template <class T>
T softplus(T x) {
  return (x > T(0) ? x : T(0)) + log1p(exp(-abs(x)));
}

/// Reflection to x >= 1, recurrence up to 10, then the asymptotic series. NaN at the poles.
inline double digamma(double x) {
  constexpr double kPi = 3.14159265358979323846;
  double result = 0;
  if (x <= 0) {
    const double whole = __builtin_floor(x);
    if (x == whole || !(x > -1e300)) return __builtin_nan("");
    const double fraction = x - whole;  // cot has period 1 in x
    if (fraction != 0.5) result = -kPi / __builtin_tan(kPi * fraction);
    x = 1 - x;
  }
  for (; x < 10; x += 1) result -= 1 / x;
  if (x > 1e17) return result + __builtin_log(x);
  const double r = 1 / (x * x);
  const double series =
      r * (1.0 / 12 -
           r * (1.0 / 120 -
                r * (1.0 / 252 -
                     r * (1.0 / 240 - r * (1.0 / 132 - r * (691.0 / 32760 - r * (1.0 / 12)))))));
  return result + __builtin_log(x) - 0.5 / x - series;
}
inline float digamma(float x) { return float(digamma(double(x))); }

}  // namespace vm
}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
