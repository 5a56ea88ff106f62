// SPDX-License-Identifier: Apache-2.0
// Functions of one complex number: element by element.
#include "base/parallel_for.h"
#include "kernels/cpu/portable/complex_math.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

constexpr std::int64_t kGrain = 4096;

template <class C>
using Part = typename C::value_type;

#define CAUDAL_FUNCTION(Name, expression) \
  struct Name {                           \
    template <class C>                    \
    static auto of(C z) {                 \
      using R [[maybe_unused]] = Part<C>; \
      return expression;                  \
    }                                     \
  };
CAUDAL_FUNCTION(Neg, -z)
CAUDAL_FUNCTION(Conj, std::conj(z))
CAUDAL_FUNCTION(Square, z* z)
CAUDAL_FUNCTION(Reciprocal, R(1) / z)
CAUDAL_FUNCTION(Sqrt, std::sqrt(z))
CAUDAL_FUNCTION(Rsqrt, R(1) / std::sqrt(z))
CAUDAL_FUNCTION(Exp, std::exp(z))
CAUDAL_FUNCTION(Expm1, complex_expm1(z))
CAUDAL_FUNCTION(Log, std::log(z))
CAUDAL_FUNCTION(Log1p, complex_log1p(z))
CAUDAL_FUNCTION(Sin, std::sin(z))
CAUDAL_FUNCTION(Cos, std::cos(z))
CAUDAL_FUNCTION(Tan, std::tan(z))
CAUDAL_FUNCTION(Sinh, std::sinh(z))
CAUDAL_FUNCTION(Cosh, std::cosh(z))
CAUDAL_FUNCTION(Tanh, std::tanh(z))
CAUDAL_FUNCTION(Asinh, std::asinh(z))
CAUDAL_FUNCTION(Acosh, std::acosh(z))
CAUDAL_FUNCTION(Atanh, std::atanh(z))
CAUDAL_FUNCTION(Sigmoid, R(1) / (R(1) + std::exp(-z)))
CAUDAL_FUNCTION(Sign, z == R(0) ? C(0) : z / std::abs(z))
CAUDAL_FUNCTION(Real, z.real())
CAUDAL_FUNCTION(Imag, z.imag())
CAUDAL_FUNCTION(Abs, std::abs(z))
CAUDAL_FUNCTION(Angle, std::arg(z))
#undef CAUDAL_FUNCTION

template <class F, class C>
void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  using Y = decltype(F::of(C{}));
  const auto* x = static_cast<const C*>(in[0]);
  auto* y = static_cast<Y*>(out[0]);
  parallel_for(*static_cast<const std::int64_t*>(params), kGrain,
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) y[i] = F::of(x[i]);
               });
}

template <class F>
Prepared prepare(const KernelRequest& r) {
  Prepared p;
  *make_params<std::int64_t>(p) = r.inputs[0].shape.num_elements();
  with_complex(r.inputs[0].dtype, [&](auto zero) {
    using C = decltype(zero);
    if (r.outputs[0].dtype != dtype_of<decltype(F::of(zero))>) {
      fail(Code::kUnimplemented, r.op, " of ", r.inputs[0].dtype, " to ", r.outputs[0].dtype);
    }
    p.run = run<F, C>;
    if (r.outputs[0].dtype == r.inputs[0].dtype) p.inplace_inputs = 1;
  });
  return p;
}

}  // namespace

std::span<const KernelRow> complex_unary_kernels() {
  static const KernelRow rows[] = {
      {"Neg", "T", kComplexTypes, prepare<Neg>},
      {"Conj", "T", kComplexTypes, prepare<Conj>},
      {"Square", "T", kComplexTypes, prepare<Square>},
      {"Reciprocal", "T", kComplexTypes, prepare<Reciprocal>},
      {"Inv", "T", kComplexTypes, prepare<Reciprocal>},
      {"Sqrt", "T", kComplexTypes, prepare<Sqrt>},
      {"Rsqrt", "T", kComplexTypes, prepare<Rsqrt>},
      {"Exp", "T", kComplexTypes, prepare<Exp>},
      {"Expm1", "T", kComplexTypes, prepare<Expm1>},
      {"Log", "T", kComplexTypes, prepare<Log>},
      {"Log1p", "T", kComplexTypes, prepare<Log1p>},
      {"Sin", "T", kComplexTypes, prepare<Sin>},
      {"Cos", "T", kComplexTypes, prepare<Cos>},
      {"Tan", "T", kComplexTypes, prepare<Tan>},
      {"Sinh", "T", kComplexTypes, prepare<Sinh>},
      {"Cosh", "T", kComplexTypes, prepare<Cosh>},
      {"Tanh", "T", kComplexTypes, prepare<Tanh>},
      {"Asinh", "T", kComplexTypes, prepare<Asinh>},
      {"Acosh", "T", kComplexTypes, prepare<Acosh>},
      {"Atanh", "T", kComplexTypes, prepare<Atanh>},
      {"Sigmoid", "T", kComplexTypes, prepare<Sigmoid>},
      {"Sign", "T", kComplexTypes, prepare<Sign>},
      {"Real", "T", kComplexTypes, prepare<Real>},
      {"Imag", "T", kComplexTypes, prepare<Imag>},
      {"ComplexAbs", "T", kComplexTypes, prepare<Abs>},
      {"Angle", "T", kComplexTypes, prepare<Angle>},
  };
  return rows;
}

}  // namespace caudal::cpu
