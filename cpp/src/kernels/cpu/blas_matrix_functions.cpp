// SPDX-License-Identifier: Apache-2.0
// Square root, logarithm and exponential of matrices. The first two work on the triangular Schur
// form; everything is computed in complex double precision.
#include <algorithm>
#include <array>
#include <numbers>

#include "kernels/cpu/blas_lapack.h"
#include "kernels/cpu/libraries.h"

namespace caudal::cpu {
namespace {

using Z = std::complex<double>;
using Matrix = std::vector<Z>;  // row major, n x n

const double kNan = std::numeric_limits<double>::quiet_NaN();

Matrix multiply(const Matrix& a, const Matrix& b, std::size_t n) {
  Matrix c(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) {
      const Z f = a[i * n + k];
      if (f == 0.0) continue;
      for (std::size_t j = 0; j < n; ++j) c[i * n + j] += f * b[k * n + j];
    }
  }
  return c;
}

Matrix adjoint(const Matrix& a, std::size_t n) {
  Matrix c(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) c[j * n + i] = std::conj(a[i * n + j]);
  }
  return c;
}

/// r with r r = t, both upper triangular.
Matrix triangular_root(const Matrix& t, std::size_t n) {
  Matrix r(n * n);
  for (std::size_t j = 0; j < n; ++j) {
    r[j * n + j] = std::sqrt(t[j * n + j]);
    for (std::size_t i = j; i-- > 0;) {
      Z sum = t[i * n + j];
      for (std::size_t k = i + 1; k < j; ++k) sum -= r[i * n + k] * r[k * n + j];
      const Z both = r[i * n + i] + r[j * n + j];
      // Of a singular matrix with a root, the numerator vanishes with the denominator.
      r[i * n + j] = both == 0.0 && sum == 0.0 ? Z(0) : sum / both;
    }
  }
  return r;
}

/// Nodes and weights of Gauss-Legendre quadrature on [0, 1].
constexpr int kNodes = 8;
struct Rule {
  std::array<double, kNodes> node, weight;
};
const Rule& rule() {
  static const Rule made = [] {
    Rule r{};
    for (int i = 0; i < kNodes; ++i) {
      double x = std::cos(std::numbers::pi * (i + 0.75) / (kNodes + 0.5)), slope = 1;
      for (int step = 0; step < 50; ++step) {
        double p = 1, before = 0;
        for (int k = 1; k <= kNodes; ++k) {
          const double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
          before = p;
          p = next;
        }
        slope = kNodes * (x * p - before) / (x * x - 1);
        const double move = p / slope;
        x -= move;
        if (std::abs(move) < 1e-16) break;
      }
      r.node[std::size_t(i)] = (x + 1) / 2;
      r.weight[std::size_t(i)] = 1 / ((1 - x * x) * slope * slope);
    }
    return r;
  }();
  return made;
}

/// log of an upper triangular matrix: square roots until it is near the identity, then the integral
/// of X (I + s X)^-1 over s in [0, 1].
Matrix triangular_log(Matrix t, std::size_t n) {
  constexpr int kMostRoots = 100;
  int roots = 0;
  auto distance = [&] {
    double most = 0;
    for (std::size_t i = 0; i < n; ++i) {
      double row = 0;
      for (std::size_t j = i; j < n; ++j) row += std::abs(t[i * n + j] - (i == j ? 1.0 : 0.0));
      most = std::max(most, row);
    }
    return most;
  };
  for (; roots < kMostRoots && distance() > 0.25; ++roots) t = triangular_root(t, n);
  Matrix sum(n * n);
  for (std::size_t i = 0; i < n; ++i) t[i * n + i] -= 1.0;
  for (int q = 0; q < kNodes; ++q) {
    const double s = rule().node[std::size_t(q)], w = rule().weight[std::size_t(q)];
    // Solves Y (I + s X) = X row by row.
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<Z> y(n);
      for (std::size_t j = i; j < n; ++j) {
        Z value = t[i * n + j];
        for (std::size_t k = i; k < j; ++k) value -= y[k] * s * t[k * n + j];
        y[j] = value / (1.0 + s * t[j * n + j]);
        sum[i * n + j] += w * y[j];
      }
    }
  }
  const double scale = std::ldexp(1.0, roots);
  for (Z& v : sum) v *= scale;
  return sum;
}

Matrix through_schur(Matrix a, std::size_t n, Matrix (*function)(const Matrix&, std::size_t)) {
  Matrix q(n * n);
  if (!schur(a.data(), std::int64_t(n), q.data())) return Matrix(n * n, Z(kNan, kNan));
  return multiply(multiply(q, function(a, n), n), adjoint(q, n), n);
}

Matrix root(const Matrix& a, std::size_t n) { return through_schur(a, n, triangular_root); }
Matrix logarithm(const Matrix& a, std::size_t n) {
  return through_schur(a, n,
                       [](const Matrix& t, std::size_t size) { return triangular_log(t, size); });
}

/// exp by scaling, the Pade approximant of degree 13, and squaring.
Matrix exponential(const Matrix& in, std::size_t n) {
  static constexpr double kPade[] = {64764752532480000.0,
                                     32382376266240000.0,
                                     7771770303897600.0,
                                     1187353796428800.0,
                                     129060195264000.0,
                                     10559470521600.0,
                                     670442572800.0,
                                     33522128640.0,
                                     1323241920.0,
                                     40840800.0,
                                     960960.0,
                                     16380.0,
                                     182.0,
                                     1.0};
  double norm = 0;
  for (std::size_t j = 0; j < n; ++j) {
    double column = 0;
    for (std::size_t i = 0; i < n; ++i) column += std::abs(in[i * n + j]);
    if (!std::isfinite(column)) return Matrix(n * n, Z(kNan, kNan));
    norm = std::max(norm, column);
  }
  const int squarings = norm > 5.4 ? std::max(0, std::ilogb(norm / 5.4) + 1) : 0;
  Matrix a = in;
  for (Z& v : a) v = Z(std::ldexp(v.real(), -squarings), std::ldexp(v.imag(), -squarings));
  const Matrix a2 = multiply(a, a, n), a4 = multiply(a2, a2, n), a6 = multiply(a4, a2, n);
  auto combined = [&](double c6, double c4, double c2, double c0) {
    Matrix m(n * n);
    for (std::size_t i = 0; i < n * n; ++i) m[i] = c6 * a6[i] + c4 * a4[i] + c2 * a2[i];
    for (std::size_t i = 0; i < n; ++i) m[i * n + i] += c0;
    return m;
  };
  auto plus = [](Matrix x, const Matrix& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
    return x;
  };
  const double* b = kPade;
  const Matrix u = multiply(
      a, plus(multiply(a6, combined(b[13], b[11], b[9], 0), n), combined(b[7], b[5], b[3], b[1])),
      n);
  const Matrix v =
      plus(multiply(a6, combined(b[12], b[10], b[8], 0), n), combined(b[6], b[4], b[2], b[0]));
  Matrix top(n * n), bottom(n * n);
  for (std::size_t i = 0; i < n * n; ++i) {
    top[i] = v[i] + u[i];
    bottom[i] = v[i] - u[i];
  }
  std::vector<LapackInt> pivots(n + 1);
  const auto& lapack = Lapack<Z>::get();
  const auto size = LapackInt(n);
  LapackInt info = lapack.getrf(kRowMajor, size, size, bottom.data(), size, pivots.data());
  check_memory(info);
  if (info == 0) {
    info = lapack.getrs(kRowMajor, 'N', size, size, bottom.data(), size, pivots.data(), top.data(),
                        size);
    check_memory(info);
  }
  if (info != 0) return Matrix(n * n, Z(kNan, kNan));
  for (int i = 0; i < squarings; ++i) top = multiply(top, top, n);
  return top;
}

/// Real matrices whose function is not real have none: NaN.
template <class T>
void write(const Matrix& m, T* y) {
  double size = 0, rest = 0;
  for (const Z& v : m) {
    size = std::max(size, std::abs(v.real()));
    rest = std::max(rest, std::abs(v.imag()));
  }
  if constexpr (kIsComplex<T>) {
    std::transform(m.begin(), m.end(), y, [](const Z& v) { return T(v); });
  } else {
    const bool real = rest <= 1e-6 * std::max(size, 1e-300);
    std::transform(m.begin(), m.end(), y, [&](const Z& v) { return T(real ? v.real() : kNan); });
  }
}

template <Matrix (*kFunction)(const Matrix&, std::size_t)>
Prepared prepare(const KernelRequest& r) {
  Prepared out;
  *make_params<Batch>(out) = Batch::of(r.inputs[0].shape);
  with_matrix_type(r.inputs[0].dtype, [&]<class T>(T) {
    out.run = [](const void* params, void* const* in, void* const* to, void*, RunContext&) {
      const auto& batch = *static_cast<const Batch*>(params);
      const auto n = std::size_t(batch.rows);
      if (n == 0) return;
      Matrix a(n * n);
      for (std::int64_t b = 0; b < batch.count; ++b) {
        const T* x = static_cast<const T*>(in[0]) + b * batch.size();
        std::transform(x, x + n * n, a.begin(), [](const T& v) { return Z(v); });
        write(kFunction(a, n), static_cast<T*>(to[0]) + b * batch.size());
      }
    };
  });
  return out;
}

}  // namespace

std::span<const KernelRow> blas_matrix_function_kernels() {
  static const KernelRow rows[] = {
      {"MatrixSquareRoot", "T", kMatrixTypes, prepare<root>},
      {"MatrixLogarithm", "T", {DType::kComplex64, DType::kComplex128}, prepare<logarithm>},
      {"MatrixExponential", "T", kMatrixTypes, prepare<exponential>},
  };
  return rows;
}

}  // namespace caudal::cpu
