// SPDX-License-Identifier: Apache-2.0
// Products of complex matrices, by OpenBLAS.
#include <cblas.h>

#include <algorithm>
#include <complex>
#include <limits>

#include "kernels/cpu/blas_library.h"
#include "kernels/cpu/libraries.h"
#include "kernels/cpu/matmul.h"

namespace caudal::cpu {
namespace {

struct Params {
  ProductShape shape;
  bool conjugate = false;  ///< transposed factors are conjugated as well
};

template <class C>
void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  constexpr bool kSingle = sizeof(C) == 8;
  // Both have this type; only the name differs.
  using Gemm = decltype(&CAUDAL_BLAS(cblas_zgemm));
  static const auto gemm = blas_function<Gemm>(kSingle ? "cblas_cgemm" : "cblas_zgemm");
  const auto& p = static_cast<const Params*>(params)->shape;
  const auto* a = static_cast<const C*>(in[0]);
  const auto* b = static_cast<const C*>(in[1]);
  auto* c = static_cast<C*>(out[0]);
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0) {
    std::fill_n(c, p.batch() * p.m * p.n, C(0));
    return;
  }
  const CBLAS_TRANSPOSE turned =
      static_cast<const Params*>(params)->conjugate ? CblasConjTrans : CblasTrans;
  const C one(1), zero(0);
  using Int = blasint;
  for (std::size_t i = 0; i < p.a.size(); ++i) {
    gemm(CblasRowMajor, p.transpose_a ? turned : CblasNoTrans,
         p.transpose_b ? turned : CblasNoTrans, Int(p.m), Int(p.n), Int(p.k), &one, a + p.a[i],
         Int(p.transpose_a ? p.m : p.k), b + p.b[i], Int(p.transpose_b ? p.k : p.n), &zero,
         c + std::int64_t(i) * p.m * p.n, Int(p.n));
  }
}

Prepared prepare(const KernelRequest& r) {
  if (!r.epilogue.empty()) fail(Code::kUnimplemented, "no epilogue for complex numbers");
  Prepared out;
  auto& p = *make_params<Params>(out);
  p.shape = ProductShape::of(r);
  p.conjugate = r.op != "MatMul";
  for (std::int64_t v : {p.shape.m, p.shape.n, p.shape.k}) {
    if (v > std::int64_t(std::numeric_limits<blasint>::max())) {
      fail(Code::kUnimplemented, "a matrix dimension of ", v, " is too large for the BLAS library");
    }
  }
  out.run =
      r.inputs[0].dtype == DType::kComplex64 ? run<std::complex<float>> : run<std::complex<double>>;
  return out;
}

}  // namespace

std::span<const KernelRow> blas_complex_matmul_kernels() {
  static const KernelRow rows[] = {
      {"MatMul", "T", {DType::kComplex64, DType::kComplex128}, prepare},
      {"BatchMatMul", "T", {DType::kComplex64, DType::kComplex128}, prepare},
      {"BatchMatMulV2", "T", {DType::kComplex64, DType::kComplex128}, prepare},
  };
  return rows;
}

}  // namespace caudal::cpu
