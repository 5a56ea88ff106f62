// SPDX-License-Identifier: Apache-2.0
// Functions of two complex numbers with NumPy broadcasting, sums of several tensors, selection.
#include <array>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/portable/complex_math.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

constexpr std::int64_t kGrain = 4096;

/// The loops over an output and two broadcast operands, adjacent dimensions merged where both
/// operands walk them alike.
struct Pairs {
  int rank = 0;
  std::array<std::int64_t, kMaxRank> dims{}, a{}, b{};
  std::int64_t n = 0;

  static Pairs of(const Shape& out, const Shape& x, const Shape& y) {
    Pairs p;
    p.n = out.num_elements();
    std::array<std::int64_t, kMaxRank> sx{}, sy{};
    auto strides = [&](const Shape& s, std::array<std::int64_t, kMaxRank>& to) {
      std::int64_t stride = 1;
      for (int i = s.rank(); i-- > 0;) {
        to[std::size_t(i + out.rank() - s.rank())] = s[i] == 1 ? 0 : stride;
        stride *= s[i];
      }
    };
    strides(x, sx);
    strides(y, sy);
    for (int i = 0; i < out.rank(); ++i) {
      const auto k = std::size_t(i), last = std::size_t(p.rank - 1);
      if (out[i] == 1) continue;
      if (p.rank > 0 && p.a[last] == sx[k] * out[i] && p.b[last] == sy[k] * out[i]) {
        p.dims[last] *= out[i];
        p.a[last] = sx[k];
        p.b[last] = sy[k];
        continue;
      }
      p.dims[std::size_t(p.rank)] = out[i];
      p.a[std::size_t(p.rank)] = sx[k];
      p.b[std::size_t(p.rank)] = sy[k];
      ++p.rank;
    }
    if (p.rank == 0) p = Pairs{1, {1}, {0}, {0}, p.n};
    return p;
  }

  /// fn(output index, index in x, index in y) for every element.
  template <class F>
  void each(F&& fn) const {
    const auto last = std::size_t(rank - 1);
    const std::int64_t inner = dims[last];
    if (n == 0) return;
    parallel_for(n / inner, std::max<std::int64_t>(1, kGrain / inner),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t row = begin; row < end; ++row) {
                     std::int64_t rest = row, at_x = 0, at_y = 0;
                     for (int d = rank - 1; d-- > 0;) {
                       const std::int64_t i = rest % dims[std::size_t(d)];
                       rest /= dims[std::size_t(d)];
                       at_x += i * a[std::size_t(d)];
                       at_y += i * b[std::size_t(d)];
                     }
                     for (std::int64_t i = 0; i < inner; ++i) {
                       fn(row * inner + i, at_x + i * a[last], at_y + i * b[last]);
                     }
                   }
                 });
  }
};

#define CAUDAL_FUNCTION(Name, expression)                \
  struct Name {                                          \
    template <class C>                                   \
    static auto of(C x, C y) {                           \
      using R [[maybe_unused]] = typename C::value_type; \
      return expression;                                 \
    }                                                    \
  };
CAUDAL_FUNCTION(Add, x + y)
CAUDAL_FUNCTION(Sub, x - y)
CAUDAL_FUNCTION(Mul, x* y)
CAUDAL_FUNCTION(Div, x / y)
CAUDAL_FUNCTION(DivNoNan, y == R(0) ? C(0) : x / y)
CAUDAL_FUNCTION(MulNoNan, y == R(0) ? C(0) : x * y)
CAUDAL_FUNCTION(Pow, std::pow(x, y))
CAUDAL_FUNCTION(SquaredDifference, C(std::norm(x - y)))
CAUDAL_FUNCTION(Xdivy, x == R(0) ? C(0) : x / y)
CAUDAL_FUNCTION(Xlogy, x == R(0) ? C(0) : x * std::log(y))
CAUDAL_FUNCTION(Equal, x == y)
CAUDAL_FUNCTION(NotEqual, x != y)
// x is the result of the function, y the gradient.
CAUDAL_FUNCTION(SqrtGrad, y == R(0) ? C(0) : R(0.5) * y / std::conj(x))
CAUDAL_FUNCTION(RsqrtGrad,
                y == R(0) ? C(0) : R(-0.5) * y * (std::conj(x) * std::conj(x) * std::conj(x)))
CAUDAL_FUNCTION(ReciprocalGrad, y == R(0) ? C(0) : -y * (std::conj(x) * std::conj(x)))
CAUDAL_FUNCTION(TanhGrad, y*(R(1) - x * x))
CAUDAL_FUNCTION(SigmoidGrad, y * x * (R(1) - x))
#undef CAUDAL_FUNCTION

struct MakeComplex {
  template <class R>
  static std::complex<R> of(R x, R y) {
    return {x, y};
  }
};

template <class F, class T>
void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  using Y = decltype(F::of(T{}, T{}));
  const auto* x = static_cast<const T*>(in[0]);
  const auto* y = static_cast<const T*>(in[1]);
  auto* z = static_cast<Y*>(out[0]);
  static_cast<const Pairs*>(params)->each(
      [&](std::int64_t i, std::int64_t a, std::int64_t b) { z[i] = F::of(x[a], y[b]); });
}

template <class F, class T>
void set_run(const KernelRequest& r, Prepared& p) {
  using Y = decltype(F::of(T{}, T{}));
  if (r.outputs[0].dtype != dtype_of<Y>) {
    fail(Code::kUnimplemented, r.op, " of ", r.inputs[0].dtype, " to ", r.outputs[0].dtype);
  }
  p.run = run<F, T>;
  if (sizeof(T) != sizeof(Y)) return;
  for (std::uint32_t i = 0; i < 2; ++i) {
    if (r.inputs[i].shape == r.outputs[0].shape) p.inplace_inputs |= 1u << i;
  }
}

template <class F>
Prepared prepare(const KernelRequest& r) {
  Prepared p;
  *make_params<Pairs>(p) = Pairs::of(r.outputs[0].shape, r.inputs[0].shape, r.inputs[1].shape);
  with_complex(r.inputs[0].dtype, [&](auto zero) { set_run<F, decltype(zero)>(r, p); });
  return p;
}

Prepared prepare_complex(const KernelRequest& r) {
  Prepared p;
  *make_params<Pairs>(p) = Pairs::of(r.outputs[0].shape, r.inputs[0].shape, r.inputs[1].shape);
  if (r.inputs[0].dtype == DType::kFloat) {
    set_run<MakeComplex, float>(r, p);
  } else {
    set_run<MakeComplex, double>(r, p);
  }
  return p;
}

struct SumParams {
  std::int64_t n = 0;
  int terms = 0;
};

template <class C>
void run_sum(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const SumParams*>(params);
  auto* y = static_cast<C*>(out[0]);
  parallel_for(p.n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      C sum = static_cast<const C*>(in[0])[i];
      for (int k = 1; k < p.terms; ++k) sum += static_cast<const C*>(in[k])[i];
      y[i] = sum;
    }
  });
}

Prepared prepare_sum(const KernelRequest& r) {
  Prepared p;
  *make_params<SumParams>(p) = {r.outputs[0].shape.num_elements(), int(r.inputs.size())};
  with_complex(r.inputs[0].dtype, [&](auto zero) { p.run = run_sum<decltype(zero)>; });
  p.inplace_inputs = r.inputs.size() <= 32 ? ~0u >> (32 - r.inputs.size()) : 0;
  return p;
}

}  // namespace

std::span<const KernelRow> complex_binary_kernels() {
  static const KernelRow rows[] = {
      {"Add", "T", kComplexTypes, prepare<Add>},
      {"AddV2", "T", kComplexTypes, prepare<Add>},
      {"Sub", "T", kComplexTypes, prepare<Sub>},
      {"Mul", "T", kComplexTypes, prepare<Mul>},
      {"Div", "T", kComplexTypes, prepare<Div>},
      {"RealDiv", "T", kComplexTypes, prepare<Div>},
      {"TruncateDiv", "T", kComplexTypes, prepare<Div>},
      {"DivNoNan", "T", kComplexTypes, prepare<DivNoNan>},
      {"MulNoNan", "T", kComplexTypes, prepare<MulNoNan>},
      {"Pow", "T", kComplexTypes, prepare<Pow>},
      {"SquaredDifference", "T", kComplexTypes, prepare<SquaredDifference>},
      {"Xdivy", "T", kComplexTypes, prepare<Xdivy>},
      {"Xlogy", "T", kComplexTypes, prepare<Xlogy>},
      {"Equal", "T", kComplexTypes, prepare<Equal>},
      {"NotEqual", "T", kComplexTypes, prepare<NotEqual>},
      {"SqrtGrad", "T", kComplexTypes, prepare<SqrtGrad>},
      {"RsqrtGrad", "T", kComplexTypes, prepare<RsqrtGrad>},
      {"ReciprocalGrad", "T", kComplexTypes, prepare<ReciprocalGrad>},
      {"InvGrad", "T", kComplexTypes, prepare<ReciprocalGrad>},
      {"TanhGrad", "T", kComplexTypes, prepare<TanhGrad>},
      {"SigmoidGrad", "T", kComplexTypes, prepare<SigmoidGrad>},
      {"Complex", "T", {DType::kFloat, DType::kDouble}, prepare_complex},
      {"AddN", "T", kComplexTypes, prepare_sum},
      {"AccumulateNV2", "T", kComplexTypes, prepare_sum},
  };
  return rows;
}

}  // namespace caudal::cpu
