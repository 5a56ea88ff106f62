// SPDX-License-Identifier: Apache-2.0
// QR decomposition by Householder reflections, computed in double precision.
#include <algorithm>
#include <cmath>

#include "caudal/error.h"
#include "kernels/cpu/families.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

struct QrParams {
  std::int64_t batch = 1, rows = 0, columns = 0, inner = 0;
};

/// Turns column `k` of the column-major matrix `a` into a reflector: v in place below the diagonal
/// (v[k] = 1 is not stored), its factor is returned, the diagonal gets beta. The sign of beta is
/// opposite to the entry's, which avoids cancellation.
double reflect(double* column, std::int64_t k, std::int64_t rows) {
  double tail = 0;
  for (std::int64_t i = k + 1; i < rows; ++i) tail += column[i] * column[i];
  if (tail == 0) return 0;
  const double head = column[k];
  const double norm = std::sqrt(head * head + tail);
  const double beta = head >= 0 ? -norm : norm;
  for (std::int64_t i = k + 1; i < rows; ++i) column[i] /= head - beta;
  column[k] = beta;
  return (beta - head) / beta;
}

/// column -= tau v (v . column), for the reflector in `v` that begins at row k.
void apply(const double* v, double tau, std::int64_t k, std::int64_t rows, double* column) {
  double dot = column[k];
  for (std::int64_t i = k + 1; i < rows; ++i) dot += v[i] * column[i];
  dot *= tau;
  column[k] -= dot;
  for (std::int64_t i = k + 1; i < rows; ++i) column[i] -= v[i] * dot;
}

template <class T>
void decompose(const QrParams& p, const T* in, T* q, T* r, double* scratch) {
  const std::int64_t m = p.rows, n = p.columns, steps = std::min(m, n);
  double *a = scratch, *taus = a + m * n, *column = taus + steps;
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) a[j * m + i] = double(in[i * n + j]);
  }
  for (std::int64_t k = 0; k < steps; ++k) {
    taus[k] = reflect(a + k * m, k, m);
    for (std::int64_t j = k + 1; j < n; ++j) apply(a + k * m, taus[k], k, m, a + j * m);
  }
  for (std::int64_t i = 0; i < p.inner; ++i) {
    for (std::int64_t j = 0; j < n; ++j) r[i * n + j] = j >= i ? T(a[j * m + i]) : T(0);
  }
  for (std::int64_t j = 0; j < p.inner; ++j) {
    std::fill(column, column + m, 0.0);
    column[j] = 1;
    for (std::int64_t k = steps - 1; k >= 0; --k) apply(a + k * m, taus[k], k, m, column);
    for (std::int64_t i = 0; i < m; ++i) q[i * p.inner + j] = T(column[i]);
  }
}

template <class T>
void run_qr(const void* params, void* const* in, void* const* out, void* workspace, RunContext&) {
  const auto& p = *static_cast<const QrParams*>(params);
  for (std::int64_t b = 0; b < p.batch; ++b) {
    decompose(p, static_cast<const T*>(in[0]) + b * p.rows * p.columns,
              static_cast<T*>(out[0]) + b * p.rows * p.inner,
              static_cast<T*>(out[1]) + b * p.inner * p.columns, static_cast<double*>(workspace));
  }
}

Prepared prepare_qr(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<QrParams>(prepared);
  const Shape& s = r.inputs[0].shape;
  p->rows = s.dim(-2);
  p->columns = s.dim(-1);
  p->inner = r.outputs[0].shape.dim(-1);
  for (int i = 0; i < s.rank() - 2; ++i) p->batch = checked_mul(p->batch, s[i]);
  const std::int64_t doubles = checked_mul(p->rows, p->columns) + p->rows + p->columns + 1;
  prepared.workspace = std::size_t(checked_mul(doubles, sizeof(double)));
  prepared.run = r.inputs[0].dtype == DType::kFloat ? run_qr<float> : run_qr<double>;
  return prepared;
}

}  // namespace

std::span<const KernelRow> linalg_kernels() {
  static const KernelRow rows[] = {
      {"Qr", "T", {DType::kFloat, DType::kDouble}, prepare_qr},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
