// SPDX-License-Identifier: Apache-2.0
// Products and linear equations with tridiagonal matrices.
#include <algorithm>
#include <complex>
#include <vector>

#include "caudal/error.h"
#include "kernels/cpu/matrix_types.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

struct Params {
  std::int64_t batch = 1, n = 0, columns = 0;
  bool pivoting = true;
};

Params params_of(const Shape& rhs) {
  Params p;
  p.n = rhs.dim(-2);
  p.columns = rhs.dim(-1);
  for (int i = 0; i < rhs.rank() - 2; ++i) p.batch = checked_mul(p.batch, rhs[i]);
  return p;
}

/// Solves for `y`, which holds the right-hand sides. `diagonals` are three rows: above (the last is
/// not used), main, below (the first is not used).
template <class T>
void solve(const Params& p, const T* diagonals, T* y) {
  const std::int64_t n = p.n, columns = p.columns;
  if (n == 0) return;
  const T *above = diagonals, *main = above + n, *below = main + n;
  if (n == 1) {
    if (main[0] == T(0)) invalid("The matrix is not invertible: it is a scalar with value zero.");
    for (std::int64_t c = 0; c < columns; ++c) y[c] /= main[0];
    return;
  }
  // The upper triangular factor: three diagonals, the last of which pivoting fills.
  std::vector<T> u(std::size_t(n), T(0)), v(u), w(u);
  u[0] = main[0];
  v[0] = above[0];
  for (std::int64_t i = 0; i + 1 < n; ++i) {
    const auto k = std::size_t(i);
    T* row = y + i * columns;
    T* next = row + columns;
    const T beyond = i + 2 < n ? above[i + 1] : T(0);
    if (p.pivoting && std::abs(below[i + 1]) > std::abs(u[k])) {
      const T factor = u[k] / below[i + 1];
      u[k + 1] = v[k] - factor * main[i + 1];
      v[k + 1] = -factor * beyond;
      u[k] = below[i + 1];
      v[k] = main[i + 1];
      w[k] = beyond;
      for (std::int64_t c = 0; c < columns; ++c) {
        const T kept = row[c];
        row[c] = next[c];
        next[c] = kept - factor * next[c];
      }
    } else {
      if (u[k] == T(0)) break;
      const T factor = below[i + 1] / u[k];
      u[k + 1] = main[i + 1] - factor * v[k];
      v[k + 1] = beyond;
      for (std::int64_t c = 0; c < columns; ++c) next[c] -= factor * row[c];
    }
  }
  if (std::find(u.begin(), u.end(), T(0)) != u.end()) {
    if (p.pivoting) invalid("The matrix is not invertible.");
    invalid(
        "The matrix is either not invertible, or requires pivoting. Try setting partial_pivoting = "
        "True.");
  }
  for (std::int64_t i = n; i-- > 0;) {
    const auto k = std::size_t(i);
    T* row = y + i * columns;
    for (std::int64_t c = 0; c < columns; ++c) {
      T value = row[c];
      if (i + 1 < n) value -= v[k] * row[c + columns];
      if (i + 2 < n) value -= w[k] * row[c + 2 * columns];
      row[c] = value / u[k];
    }
  }
}

Prepared prepare_solve(const KernelRequest& r) {
  Prepared out;
  auto& p = *make_params<Params>(out);
  p = params_of(r.inputs[1].shape);
  p.pivoting = r.attrs->b("partial_pivoting");
  out.inplace_inputs = 2;
  with_matrix_type(r.inputs[0].dtype, [&]<class T>(T) {
    out.run = [](const void* params, void* const* in, void* const* to, void*, RunContext&) {
      const auto& q = *static_cast<const Params*>(params);
      const std::int64_t size = q.n * q.columns;
      T* y = static_cast<T*>(to[0]);
      if (in[1] != to[0]) std::copy_n(static_cast<const T*>(in[1]), q.batch * size, y);
      for (std::int64_t b = 0; b < q.batch; ++b) {
        solve(q, static_cast<const T*>(in[0]) + b * 3 * q.n, y + b * size);
      }
    };
  });
  return out;
}

Prepared prepare_multiply(const KernelRequest& r) {
  Prepared out;
  *make_params<Params>(out) = params_of(r.inputs[3].shape);
  with_matrix_type(r.inputs[0].dtype, [&]<class T>(T) {
    out.run = [](const void* params, void* const* in, void* const* to, void*, RunContext&) {
      const auto& q = *static_cast<const Params*>(params);
      for (std::int64_t row = 0; row < q.batch * q.n; ++row) {
        const std::int64_t i = row % q.n;
        const T* x = static_cast<const T*>(in[3]) + row * q.columns;
        T* y = static_cast<T*>(to[0]) + row * q.columns;
        for (std::int64_t c = 0; c < q.columns; ++c) {
          T sum = static_cast<const T*>(in[1])[row] * x[c];
          if (i + 1 < q.n) sum += static_cast<const T*>(in[0])[row] * x[c + q.columns];
          if (i > 0) sum += static_cast<const T*>(in[2])[row] * x[c - q.columns];
          y[c] = sum;
        }
      }
    };
  });
  return out;
}

}  // namespace

std::span<const KernelRow> tridiagonal_kernels() {
  constexpr DTypeSet kTypes{DType::kFloat, DType::kDouble, DType::kComplex64, DType::kComplex128};
  static const KernelRow rows[] = {
      {"TridiagonalSolve", "T", kTypes, prepare_solve},
      {"TridiagonalMatMul", "T", kTypes, prepare_multiply},
  };
  return rows;
}

}  // namespace caudal::cpu
