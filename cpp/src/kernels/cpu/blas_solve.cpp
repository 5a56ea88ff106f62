// SPDX-License-Identifier: Apache-2.0
// Triangular factors of square matrices and what follows from them: Cholesky, LU, determinants,
// inverses, linear equations, least squares.
#include <algorithm>
#include <cstring>

#include "kernels/cpu/blas_lapack.h"
#include "kernels/cpu/libraries.h"

namespace caudal::cpu {
namespace {

struct Params {
  Batch a, b;
  bool adjoint = false, lower = true, fast = true;
  DType index = DType::kInt32;
};

/// Fills `p` with the matrices of the inputs and the flags that the op has.
Params params_of(const KernelRequest& r) {
  Params p;
  p.a = Batch::of(r.inputs[0].shape);
  if (r.inputs.size() > 1 && r.inputs[1].shape.rank() >= 2) p.b = Batch::of(r.inputs[1].shape);
  auto flag = [&](const char* name, bool& to) {
    if (const AttrValue* v = r.attrs->find(name)) to = v->get<bool>();
  };
  flag("adjoint", p.adjoint);
  flag("lower", p.lower);
  flag("fast", p.fast);
  if (r.outputs.size() > 1) p.index = r.outputs[1].dtype;
  return p;
}

/// A kernel from a struct with `template <class T> static void run(p, in, out)`.
template <class Op>
Prepared prepare(const KernelRequest& r) {
  Prepared out;
  *make_params<Params>(out) = params_of(r);
  with_matrix_type(r.inputs[0].dtype, [&]<class T>(T) {
    out.run = [](const void* params, void* const* in, void* const* to, void*, RunContext&) {
      Op::template run<T>(*static_cast<const Params*>(params), in, to);
    };
  });
  return out;
}

template <class T>
const T* input(void* const* in, int i) {
  return static_cast<const T*>(in[i]);
}
template <class T>
T* output(void* const* out, int i) {
  return static_cast<T*>(out[i]);
}

/// L with a = L L^H, zeros above the diagonal; reads the lower triangle. In place.
template <class T>
void cholesky(T* a, std::int64_t n) {
  const LapackInt info = Lapack<T>::get().potrf(kRowMajor, 'L', LapackInt(n), a, LapackInt(n));
  check_memory(info);
  if (info != 0) {
    invalid("Cholesky decomposition was not successful. The input might not be valid.");
  }
  for (std::int64_t i = 0; i < n; ++i) std::fill(a + i * n + i + 1, a + (i + 1) * n, T(0));
}

/// `side` = op(triangle)^-1 side, for `columns` right-hand sides.
template <class T>
void solve_triangle(const T* triangle, std::int64_t n, bool lower, bool adjoint, T* side,
                    std::int64_t columns) {
  using I = LapackInt;
  const auto uplo = lower ? CblasLower : CblasUpper;
  const auto trans = adjoint ? CblasConjTrans : CblasNoTrans;
  if constexpr (kIsComplex<T>) {
    using Trsm = decltype(&CAUDAL_BLAS(cblas_ztrsm));
    static const auto trsm = blas_function<Trsm>(sizeof(T) == 8 ? "cblas_ctrsm" : "cblas_ztrsm");
    const T one(1);
    trsm(CblasRowMajor, CblasLeft, uplo, trans, CblasNonUnit, I(n), I(columns), &one, triangle,
         I(n), side, I(columns));
  } else {
    using Trsm = std::conditional_t<sizeof(T) == 4, decltype(&CAUDAL_BLAS(cblas_strsm)),
                                    decltype(&CAUDAL_BLAS(cblas_dtrsm))>;
    static const auto trsm = blas_function<Trsm>(sizeof(T) == 4 ? "cblas_strsm" : "cblas_dtrsm");
    trsm(CblasRowMajor, CblasLeft, uplo, trans, CblasNonUnit, I(n), I(columns), T(1), triangle,
         I(n), side, I(columns));
  }
}

struct Cholesky {
  template <class T>
  static void run(const Params& p, void* const* in, void* const* out) {
    const std::int64_t n = p.a.rows, size = p.a.size();
    if (size == 0) return;
    T* y = output<T>(out, 0);
    std::copy_n(input<T>(in, 0), p.a.count * size, y);
    for (std::int64_t i = 0; i < p.a.count; ++i) cholesky(y + i * size, n);
  }
};

/// The gradient towards the symmetric matrix: (S + S^T) / 2 with S = L^-T tril'(L^T dL) L^-1, where
/// tril' halves the diagonal.
struct CholeskyGrad {
  template <class T>
  static void run(const Params& p, void* const* in, void* const* out) {
    const std::int64_t n = p.a.rows, size = p.a.size();
    if constexpr (!kIsComplex<T>) {
      std::vector<T> middle(static_cast<std::size_t>(size)), turned(middle.size());
      for (std::int64_t b = 0; b < p.a.count; ++b) {
        const T* l = input<T>(in, 0) + b * size;
        const T* dl = input<T>(in, 1) + b * size;
        T* y = output<T>(out, 0) + b * size;
        for (std::int64_t i = 0; i < n; ++i) {
          for (std::int64_t j = 0; j <= i; ++j) {
            T sum = 0;
            for (std::int64_t k = i; k < n; ++k) sum += l[k * n + i] * dl[k * n + j];
            if (i == j) sum /= 2;
            middle[std::size_t(i * n + j)] = sum;
            if (i != j) middle[std::size_t(j * n + i)] = 0;
          }
        }
        if (n == 0) continue;
        solve_triangle(l, n, true, true, middle.data(), n);
        for (std::int64_t i = 0; i < size; ++i)
          turned[std::size_t(i)] = middle[std::size_t(i % n * n + i / n)];
        solve_triangle(l, n, true, true, turned.data(), n);
        for (std::int64_t i = 0; i < size; ++i) {
          y[i] = (turned[std::size_t(i)] + turned[std::size_t(i % n * n + i / n)]) / 2;
        }
      }
    }
  }
};

/// LU factors in place with the pivots; false when a pivot is zero or not a number.
template <class T>
bool factor(T* a, std::int64_t n, std::vector<LapackInt>& pivots) {
  pivots.resize(std::size_t(n) + 1);
  const LapackInt info =
      Lapack<T>::get().getrf(kRowMajor, LapackInt(n), LapackInt(n), a, LapackInt(n), pivots.data());
  check_memory(info);
  return info == 0;
}

template <class T>
void solve_factored(const T* lu, std::int64_t n, const std::vector<LapackInt>& pivots, char trans,
                    T* side, std::int64_t columns) {
  const LapackInt info =
      Lapack<T>::get().getrs(kRowMajor, trans, LapackInt(n), LapackInt(columns), lu, LapackInt(n),
                             pivots.data(), side, LapackInt(columns));
  check_memory(info);
  if (info == 0) return;
  std::fill_n(side, n * columns, T(std::numeric_limits<Real<T>>::quiet_NaN()));
}

struct Inverse {
  template <class T>
  static void run(const Params& p, void* const* in, void* const* out) {
    const std::int64_t n = p.a.rows, size = p.a.size();
    if (size == 0) return;
    std::vector<T> lu(static_cast<std::size_t>(size));
    std::vector<LapackInt> pivots;
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      const T* x = input<T>(in, 0) + b * size;
      std::copy_n(x, size, lu.data());
      if (!factor(lu.data(), n, pivots)) invalid("Input is not invertible.");
      T* y = output<T>(out, 0) + b * size;
      std::fill_n(y, size, T(0));
      for (std::int64_t i = 0; i < n; ++i) y[i * n + i] = T(1);
      solve_factored(lu.data(), n, pivots, p.adjoint ? 'C' : 'N', y, n);
    }
  }
};

struct Solve {
  template <class T>
  static void run(const Params& p, void* const* in, void* const* out) {
    const std::int64_t n = p.a.rows, size = p.a.size(), side = p.b.size();
    if (size == 0 || side == 0) return;
    std::vector<T> lu(static_cast<std::size_t>(size));
    std::vector<LapackInt> pivots;
    T* y = output<T>(out, 0);
    std::copy_n(input<T>(in, 1), p.b.count * side, y);
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      std::copy_n(input<T>(in, 0) + b * size, size, lu.data());
      if (!factor(lu.data(), n, pivots)) invalid("Input matrix is not invertible.");
      solve_factored(lu.data(), n, pivots, p.adjoint ? 'C' : 'N', y + b * side, p.b.columns);
    }
  }
};

struct TriangularSolve {
  template <class T>
  static void run(const Params& p, void* const* in, void* const* out) {
    const std::int64_t n = p.a.rows, size = p.a.size(), side = p.b.size();
    if (size == 0 || side == 0) return;
    T* y = output<T>(out, 0);
    std::copy_n(input<T>(in, 1), p.b.count * side, y);
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      const T* a = input<T>(in, 0) + b * size;
      for (std::int64_t i = 0; i < n; ++i) {
        if (a[i * n + i] == T(0)) invalid("Input matrix is not invertible.");
      }
      solve_triangle(a, n, p.lower, p.adjoint, y + b * side, p.b.columns);
    }
  }
};

/// Direction and logarithm of the size of a determinant.
template <class T>
void log_determinant(const T* x, std::int64_t n, std::vector<T>& lu, T& sign, Real<T>& log) {
  sign = T(1);
  log = 0;
  if (n == 0) return;
  std::vector<LapackInt> pivots;
  lu.assign(x, x + n * n);
  for (const T& v : lu) {
    if (v != v) {
      sign = T(std::numeric_limits<Real<T>>::quiet_NaN());
      log = std::numeric_limits<Real<T>>::quiet_NaN();
      return;
    }
  }
  if (!factor(lu.data(), n, pivots)) {
    sign = T(0);
    log = -std::numeric_limits<Real<T>>::infinity();
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const T d = lu[std::size_t(i * n + i)];
    const Real<T> size = std::abs(d);
    sign *= d / size;
    if (pivots[std::size_t(i)] != LapackInt(i + 1)) sign = -sign;
    log += std::log(size);
  }
}

struct Determinant {
  template <class T>
  static void run(const Params& p, void* const* in, void* const* out) {
    std::vector<T> lu;
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      T sign;
      Real<T> log;
      log_determinant(input<T>(in, 0) + b * p.a.size(), p.a.rows, lu, sign, log);
      output<T>(out, 0)[b] = sign * std::exp(log);
    }
  }
};

struct LogDeterminant {
  template <class T>
  static void run(const Params& p, void* const* in, void* const* out) {
    std::vector<T> lu;
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      Real<T> log;
      log_determinant(input<T>(in, 0) + b * p.a.size(), p.a.rows, lu, output<T>(out, 0)[b], log);
      output<T>(out, 1)[b] = T(log);
    }
  }
};

/// `factor` with the pivot of greatest absolute value, where LAPACK takes |re| + |im|: callers of
/// Lu see the order.
template <class T>
bool factor_by_size(T* a, std::int64_t n, std::vector<LapackInt>& pivots) {
  pivots.resize(std::size_t(n));
  for (std::int64_t k = 0; k < n; ++k) {
    std::int64_t best = k;
    for (std::int64_t i = k + 1; i < n; ++i) {
      if (std::norm(a[i * n + k]) > std::norm(a[best * n + k])) best = i;
    }
    pivots[std::size_t(k)] = LapackInt(best + 1);
    if (best != k) std::swap_ranges(a + k * n, a + (k + 1) * n, a + best * n);
    if (!(std::norm(a[k * n + k]) > 0)) return false;
    for (std::int64_t i = k + 1; i < n; ++i) {
      const T f = a[i * n + k] /= a[k * n + k];
      for (std::int64_t j = k + 1; j < n; ++j) a[i * n + j] -= f * a[k * n + j];
    }
  }
  return true;
}

struct Lu {
  template <class T>
  static void run(const Params& p, void* const* in, void* const* out) {
    const std::int64_t n = p.a.rows, size = p.a.size();
    if (size == 0) return;
    T* y = output<T>(out, 0);
    std::copy_n(input<T>(in, 0), p.a.count * size, y);
    std::vector<LapackInt> pivots;
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      bool done = false;
      if constexpr (kIsComplex<T>) {
        done = factor_by_size(y + b * size, n, pivots);
      } else {
        done = factor(y + b * size, n, pivots);
      }
      if (!done) invalid("Input is not invertible.");
      for (std::int64_t i = 0; i < n; ++i) order[std::size_t(i)] = i;
      for (std::int64_t i = 0; i < n; ++i)
        std::swap(order[std::size_t(i)], order[std::size_t(pivots[std::size_t(i)] - 1)]);
      for (std::int64_t i = 0; i < n; ++i) {
        if (p.index == DType::kInt32) {
          output<std::int32_t>(out, 1)[b * n + i] = std::int32_t(order[std::size_t(i)]);
        } else {
          output<std::int64_t>(out, 1)[b * n + i] = order[std::size_t(i)];
        }
      }
    }
  }
};

/// c = op(a) b in the plain way, for the small products of least squares.
template <class T>
void multiply(const T* a, bool adjoint_a, const T* b, bool adjoint_b, std::int64_t m,
              std::int64_t k, std::int64_t n, T* c) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      T sum(0);
      for (std::int64_t l = 0; l < k; ++l) {
        const T left = adjoint_a ? conjugate(a[l * m + i]) : a[i * k + l];
        const T right = adjoint_b ? conjugate(b[j * k + l]) : b[l * n + j];
        sum += left * right;
      }
      c[i * n + j] = sum;
    }
  }
}

/// Least squares: the solution of least norm among those of least residual.
struct SolveLs {
  template <class T>
  static void run(const Params& p, void* const* in, void* const* out) {
    const std::int64_t m = p.a.rows, n = p.a.columns, columns = p.b.columns;
    const double l2 = *input<double>(in, 2);
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      const T* a = input<T>(in, 0) + b * m * n;
      const T* side = input<T>(in, 1) + b * m * columns;
      T* y = output<T>(out, 0) + b * n * columns;
      if (n == 0 || columns == 0) continue;
      std::fill_n(y, n * columns, T(0));
      if (m == 0) continue;
      p.fast ? normal_equations(a, m, n, side, columns, Real<T>(l2), y)
             : pseudo_inverse(a, m, n, side, columns, y);
    }
  }

  template <class T>
  static void normal_equations(const T* a, std::int64_t m, std::int64_t n, const T* side,
                               std::int64_t columns, Real<T> l2, T* y) {
    const bool tall = m >= n;
    const std::int64_t k = tall ? n : m;
    std::vector<T> gram(std::size_t(k * k)), middle(std::size_t(k * columns));
    if (tall) {
      multiply(a, true, a, false, n, m, n, gram.data());
      multiply(a, true, side, false, n, m, columns, middle.data());
    } else {
      multiply(a, false, a, true, m, n, m, gram.data());
      std::copy_n(side, m * columns, middle.data());
    }
    for (std::int64_t i = 0; i < k; ++i) gram[std::size_t(i * k + i)] += l2;
    try {
      cholesky(gram.data(), k);
    } catch (const Error&) {
      invalid(
          "Input matrix was rank deficient or ill-conditioned. Try setting fast=False or "
          "provide an l2_regularizer > 0.");
    }
    solve_triangle(gram.data(), k, true, false, middle.data(), columns);
    solve_triangle(gram.data(), k, true, true, middle.data(), columns);
    if (tall) {
      std::copy_n(middle.data(), n * columns, y);
    } else {
      multiply(a, true, middle.data(), false, n, m, columns, y);
    }
  }

  template <class T>
  static void pseudo_inverse(const T* a, std::int64_t m, std::int64_t n, const T* side,
                             std::int64_t columns, T* y) {
    const std::int64_t k = std::min(m, n);
    std::vector<T> copy(a, a + m * n), u(std::size_t(m * k)), v(std::size_t(k * n)),
        middle(std::size_t(k * columns));
    std::vector<Real<T>> s(static_cast<std::size_t>(k));
    const LapackInt info = Lapack<T>::get().gesdd(kRowMajor, 'S', LapackInt(m), LapackInt(n),
                                                  copy.data(), LapackInt(n), s.data(), u.data(),
                                                  LapackInt(k), v.data(), LapackInt(n));
    check_memory(info);
    if (info != 0) {
      std::fill_n(y, n * columns, T(std::numeric_limits<Real<T>>::quiet_NaN()));
      return;
    }
    multiply(u.data(), true, side, false, k, m, columns, middle.data());
    const Real<T> least = s[0] * Real<T>(k) * std::numeric_limits<Real<T>>::epsilon();
    for (std::int64_t i = 0; i < k; ++i) {
      const Real<T> size = s[std::size_t(i)];
      for (std::int64_t j = 0; j < columns; ++j) {
        T& value = middle[std::size_t(i * columns + j)];
        value = size > least ? value / size : T(0);
      }
    }
    multiply(v.data(), true, middle.data(), false, n, k, columns, y);
  }
};

}  // namespace

std::span<const KernelRow> blas_solve_kernels() {
  constexpr DTypeSet kReal{DType::kFloat, DType::kDouble};
  static const KernelRow rows[] = {
      {"Cholesky", "T", kMatrixTypes, prepare<Cholesky>},
      {"CholeskyGrad", "T", kReal, prepare<CholeskyGrad>},
      {"MatrixInverse", "T", kMatrixTypes, prepare<Inverse>},
      {"MatrixSolve", "T", kMatrixTypes, prepare<Solve>},
      {"MatrixTriangularSolve", "T", kMatrixTypes, prepare<TriangularSolve>},
      {"MatrixDeterminant", "T", kMatrixTypes, prepare<Determinant>},
      {"LogMatrixDeterminant", "T", kMatrixTypes, prepare<LogDeterminant>},
      {"Lu", "T", kMatrixTypes, prepare<Lu>},
      {"MatrixSolveLs", "T", kMatrixTypes, prepare<SolveLs>},
      {"BatchCholesky", "T", kReal, prepare<Cholesky>},
      {"BatchCholeskyGrad", "T", kReal, prepare<CholeskyGrad>},
      {"BatchMatrixInverse", "T", kReal, prepare<Inverse>},
      {"BatchMatrixSolve", "T", kReal, prepare<Solve>},
      {"BatchMatrixTriangularSolve", "T", kReal, prepare<TriangularSolve>},
      {"BatchMatrixDeterminant", "T", kMatrixTypes, prepare<Determinant>},
      {"BatchMatrixSolveLs", "T", kReal, prepare<SolveLs>},
  };
  return rows;
}

}  // namespace caudal::cpu
