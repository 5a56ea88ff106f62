// SPDX-License-Identifier: Apache-2.0
// Matrix products and convolutions in double precision, by OpenBLAS.
#include <cblas.h>

#include <algorithm>
#include <limits>

#include "base/parallel_for.h"
#include "kernels/cpu/blas_library.h"
#include "kernels/cpu/libraries.h"
#include "kernels/cpu/matmul.h"
#include "tensor/window.h"

namespace caudal::cpu {
namespace {

/// C (rows x columns, leading dimension ldc) = op(A) op(B) + beta C, row major.
void gemm(bool ta, bool tb, std::int64_t m, std::int64_t n, std::int64_t k, const double* a,
          std::int64_t lda, const double* b, std::int64_t ldb, double beta, double* c,
          std::int64_t ldc) {
  using Int = blasint;
  using Dgemm = decltype(&CAUDAL_BLAS(cblas_dgemm));
  static const auto dgemm = blas_function<Dgemm>("cblas_dgemm");
  dgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, Int(m),
        Int(n), Int(k), 1.0, a, Int(lda), b, Int(ldb), beta, c, Int(ldc));
}

/// OpenBLAS counts in its own integers.
void check_blas_size(std::int64_t v) {
  if (v > std::int64_t(std::numeric_limits<blasint>::max())) {
    fail(Code::kUnimplemented, "a matrix dimension of ", v, " is too large for the BLAS library");
  }
}

void run_product(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const ProductShape*>(params);
  const auto* a = static_cast<const double*>(in[0]);
  const auto* b = static_cast<const double*>(in[1]);
  auto* c = static_cast<double*>(out[0]);
  for (std::size_t i = 0; i < p.a.size(); ++i) {
    gemm(p.transpose_a, p.transpose_b, p.m, p.n, p.k, a + p.a[i], p.transpose_a ? p.m : p.k,
         b + p.b[i], p.transpose_b ? p.k : p.n, 0.0, c + std::int64_t(i) * p.m * p.n, p.n);
  }
}

Prepared prepare_product(const KernelRequest& r) {
  ProductShape p = ProductShape::of(r);
  const std::int64_t each = checked_mul(checked_mul(p.m, p.n), p.k);
  if (p.batch() == 0 || each <= kPlainProductLimit) return plain_product(r);
  if (!r.epilogue.empty()) fail(Code::kUnimplemented, "no epilogue in double precision");
  for (std::int64_t v : {p.m, p.n, p.k}) check_blas_size(v);
  Prepared out;
  out.run = run_product;
  *make_params<ProductShape>(out) = std::move(p);
  return out;
}

/// Which pixel of the input a filter tap sees; -1 in the padding.
std::int64_t tap(const Window& w, std::int64_t out, std::int64_t k) {
  const std::int64_t i = out * w.stride + k * w.dilation - w.pad_before;
  return i >= 0 && i < w.in ? i : -1;
}

struct Conv {
  ConvGeometry g;
  std::int64_t taps, pixels, in_group, out_group;

  std::int64_t columns() const { return taps * in_group; }
  /// Index of channel 0 of a pixel, and the distance between channels.
  std::int64_t in_at(std::int64_t h, std::int64_t w) const {
    return g.nchw ? h * g.w.in + w : (h * g.w.in + w) * g.ic;
  }
  std::int64_t in_step() const { return g.nchw ? g.h.in * g.w.in : 1; }

  /// Calls fn(column row pointer offset, input offset or -1) for every (pixel, tap).
  template <class F>
  void each_tap(std::int64_t group, F&& fn) const {
    std::int64_t row = 0;
    for (std::int64_t oh = 0; oh < g.h.out; ++oh) {
      for (std::int64_t ow = 0; ow < g.w.out; ++ow, ++row) {
        std::int64_t at = row * columns();
        for (std::int64_t kh = 0; kh < g.h.filter; ++kh) {
          const std::int64_t ih = tap(g.h, oh, kh);
          for (std::int64_t kw = 0; kw < g.w.filter; ++kw, at += in_group) {
            const std::int64_t iw = tap(g.w, ow, kw);
            const bool inside = ih >= 0 && iw >= 0;
            fn(at, inside ? in_at(ih, iw) + group * in_group * in_step() : -1);
          }
        }
      }
    }
  }
  void gather(const double* image, std::int64_t group, double* col) const {
    const std::int64_t step = in_step();
    each_tap(group, [&](std::int64_t at, std::int64_t from) {
      for (std::int64_t c = 0; c < in_group; ++c)
        col[at + c] = from < 0 ? 0 : image[from + c * step];
    });
  }
  void scatter(const double* col, std::int64_t group, double* image) const {
    const std::int64_t step = in_step();
    each_tap(group, [&](std::int64_t at, std::int64_t to) {
      if (to < 0) return;
      for (std::int64_t c = 0; c < in_group; ++c) image[to + c * step] += col[at + c];
    });
  }
  /// The results of one image with channels last: a copy in NCHW, the memory itself in NHWC.
  const double* result_rows(const double* y, double* scratch) const {
    if (!g.nchw) return y;
    for (std::int64_t p = 0; p < pixels; ++p) {
      for (std::int64_t c = 0; c < g.oc; ++c) scratch[p * g.oc + c] = y[c * pixels + p];
    }
    return scratch;
  }
  std::size_t workspace() const {
    return std::size_t(checked_mul(pixels, columns() + g.oc)) * sizeof(double);
  }
};

Conv make_conv(const KernelRequest& r, const Shape& image, const Shape& filter, bool depthwise) {
  Conv v{ConvGeometry::of(*r.attrs, image, filter, depthwise), 0, 0, 0, 0};
  if (v.g.groups == 0) return v;
  v.taps = v.g.h.filter * v.g.w.filter;
  v.pixels = v.g.h.out * v.g.w.out;
  v.in_group = v.g.ic / v.g.groups;
  v.out_group = v.g.oc / v.g.groups;
  for (std::int64_t n : {v.pixels, v.columns(), v.g.oc}) check_blas_size(n);
  return v;
}

void run_forward(const void* params, void* const* in, void* const* out, void* workspace,
                 RunContext&) {
  const Conv& v = *static_cast<const Conv*>(params);
  const ConvGeometry& g = v.g;
  const auto* x = static_cast<const double*>(in[0]);
  const auto* filter = static_cast<const double*>(in[1]);
  auto* y = static_cast<double*>(out[0]);
  if (g.trivial()) {
    std::fill_n(y, g.n * g.h.out * g.w.out * g.oc, 0.0);
    return;
  }
  auto* col = static_cast<double*>(workspace);
  double* rows = col + v.pixels * v.columns();
  for (std::int64_t n = 0; n < g.n; ++n) {
    double* image = y + n * v.pixels * g.oc;
    double* to = g.nchw ? rows : image;
    for (std::int64_t q = 0; q < g.groups; ++q) {
      v.gather(x + n * g.h.in * g.w.in * g.ic, q, col);
      gemm(false, false, v.pixels, v.out_group, v.columns(), col, v.columns(),
           filter + q * v.out_group, g.oc, 0.0, to + q * v.out_group, g.oc);
    }
    if (!g.nchw) continue;
    for (std::int64_t p = 0; p < v.pixels; ++p) {
      for (std::int64_t c = 0; c < g.oc; ++c) image[c * v.pixels + p] = rows[p * g.oc + c];
    }
  }
}

void run_to_input(const void* params, void* const* in, void* const* out, void* workspace,
                  RunContext&) {
  const Conv& v = *static_cast<const Conv*>(params);
  const ConvGeometry& g = v.g;
  const auto* filter = static_cast<const double*>(in[1]);
  const auto* dy = static_cast<const double*>(in[2]);
  auto* dx = static_cast<double*>(out[0]);
  std::fill_n(dx, g.n * g.h.in * g.w.in * g.ic, 0.0);
  if (g.trivial()) return;
  auto* col = static_cast<double*>(workspace);
  for (std::int64_t n = 0; n < g.n; ++n) {
    const double* rows = v.result_rows(dy + n * v.pixels * g.oc, col + v.pixels * v.columns());
    for (std::int64_t q = 0; q < g.groups; ++q) {
      gemm(false, true, v.pixels, v.columns(), v.out_group, rows + q * v.out_group, g.oc,
           filter + q * v.out_group, g.oc, 0.0, col, v.columns());
      v.scatter(col, q, dx + n * g.h.in * g.w.in * g.ic);
    }
  }
}

void run_to_filter(const void* params, void* const* in, void* const* out, void* workspace,
                   RunContext&) {
  const Conv& v = *static_cast<const Conv*>(params);
  const ConvGeometry& g = v.g;
  const auto* x = static_cast<const double*>(in[0]);
  const auto* dy = static_cast<const double*>(in[2]);
  auto* df = static_cast<double*>(out[0]);
  std::fill_n(df, v.columns() * g.oc, 0.0);
  if (g.trivial()) return;
  auto* col = static_cast<double*>(workspace);
  for (std::int64_t n = 0; n < g.n; ++n) {
    const double* rows = v.result_rows(dy + n * v.pixels * g.oc, col + v.pixels * v.columns());
    for (std::int64_t q = 0; q < g.groups; ++q) {
      v.gather(x + n * g.h.in * g.w.in * g.ic, q, col);
      gemm(true, false, v.columns(), v.out_group, v.pixels, col, v.columns(),
           rows + q * v.out_group, g.oc, 1.0, df + q * v.out_group, g.oc);
    }
  }
}

enum Direction { kForward, kToInput, kToFilter };

template <Direction kDirection, bool kDepthwise>
Prepared prepare_conv(const KernelRequest& r) {
  if (!r.epilogue.empty()) fail(Code::kUnimplemented, "no epilogue in double precision");
  const Shape& image = kDirection == kToInput ? r.outputs[0].shape : r.inputs[0].shape;
  const Shape& filter = kDirection == kToFilter ? r.outputs[0].shape : r.inputs[1].shape;
  Conv v = make_conv(r, image, filter, kDepthwise);
  Prepared p;
  p.run = kDirection == kForward   ? run_forward
          : kDirection == kToInput ? run_to_input
                                   : run_to_filter;
  if (!v.g.trivial()) p.workspace = v.workspace();
  *make_params<Conv>(p) = v;
  return p;
}

const KernelRow kRows[] = {
    {"MatMul", "T", {DType::kDouble}, prepare_product},
    {"BatchMatMul", "T", {DType::kDouble}, prepare_product},
    {"BatchMatMulV2", "T", {DType::kDouble}, prepare_product},
    {"Conv2D", "T", {DType::kDouble}, prepare_conv<kForward, false>},
    {"Conv2DBackpropInput", "T", {DType::kDouble}, prepare_conv<kToInput, false>},
    {"Conv2DBackpropFilter", "T", {DType::kDouble}, prepare_conv<kToFilter, false>},
    {"DepthwiseConv2dNative", "T", {DType::kDouble}, prepare_conv<kForward, true>},
    {"DepthwiseConv2dNativeBackpropInput", "T", {DType::kDouble}, prepare_conv<kToInput, true>},
    {"DepthwiseConv2dNativeBackpropFilter", "T", {DType::kDouble}, prepare_conv<kToFilter, true>},
};

}  // namespace

std::span<const KernelRow> blas_matmul_kernels() { return kRows; }

}  // namespace caudal::cpu
