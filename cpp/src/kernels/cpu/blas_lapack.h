// SPDX-License-Identifier: Apache-2.0
// Owns: the functions of LAPACK that kernels use, by element type, and batches of matrices.
// Called by: blas_solve.cpp, blas_decompose.cpp, blas_matrix_functions.cpp.
// Must not know: ops.
#pragma once

#include <cblas.h>

#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <vector>

#include "caudal/error.h"
#include "caudal/kernel.h"
#include "kernels/cpu/blas_library.h"
#include "kernels/cpu/matrix_types.h"

namespace caudal::cpu {

using LapackInt = blasint;
constexpr int kRowMajor = 101;

template <class T>
struct RealOf {
  using type = T;
};
template <class R>
struct RealOf<std::complex<R>> {
  using type = R;
};
template <class T>
using Real = typename RealOf<T>::type;
template <class T>
constexpr bool kIsComplex = !std::is_same_v<T, Real<T>>;

inline float conjugate(float x) { return x; }
inline double conjugate(double x) { return x; }
template <class R>
std::complex<R> conjugate(std::complex<R> x) {
  return std::conj(x);
}

/// LAPACK for one element type, as its C interface calls it; matrices are row major. A result below
/// zero is bad input (NaN), or no memory; above zero is the function's own kind of failure.
template <class T>
struct Lapack {
  using I = LapackInt;
  I (*potrf)(int, char uplo, I n, T* a, I lda);
  I (*getrf)(int, I m, I n, T* a, I lda, I* pivots);
  I (*getrs)(int, char trans, I n, I columns, const T* a, I lda, const I* pivots, T* b, I ldb);
  I (*geqrf)(int, I m, I n, T* a, I lda, T* tau);
  I (*orgqr)(int, I m, I n, I k, T* a, I lda, const T* tau);
  I (*syevd)(int, char job, char uplo, I n, T* a, I lda, Real<T>* values);
  I (*gesdd)(int, char job, I m, I n, T* a, I lda, Real<T>* s, T* u, I ldu, T* vt, I ldvt);

  static const Lapack& get() {
    static const Lapack table = load();
    return table;
  }

 private:
  static Lapack load() {
    Lapack t{};
    auto find = [](auto& function, const char* real, const char* complex) {
      constexpr bool kSingle = sizeof(Real<T>) == 4;
      const char letter = kIsComplex<T> ? (kSingle ? 'c' : 'z') : (kSingle ? 's' : 'd');
      const std::string name = std::string("LAPACKE_") + letter + (kIsComplex<T> ? complex : real);
      function = blas_function<std::remove_reference_t<decltype(function)>>(name.c_str());
    };
    find(t.potrf, "potrf", "potrf");
    find(t.getrf, "getrf", "getrf");
    find(t.getrs, "getrs", "getrs");
    find(t.geqrf, "geqrf", "geqrf");
    find(t.orgqr, "orgqr", "ungqr");
    find(t.syevd, "syevd", "heevd");
    find(t.gesdd, "gesdd", "gesdd");
    return t;
  }
};

/// The Schur form a = q t q^H of a complex matrix (row major, n x n): `a` becomes t. False when it
/// does not exist (NaN).
template <class R>
bool schur(std::complex<R>* a, std::int64_t n, std::complex<R>* q) {
  using C = std::complex<R>;
  using I = LapackInt;
  using Gees = I (*)(int, char, char, void*, I, C*, I, I*, C*, C*, I);
  static const auto gees = blas_function<Gees>(sizeof(R) == 4 ? "LAPACKE_cgees" : "LAPACKE_zgees");
  std::vector<C> values(std::size_t(n) + 1);
  I found = 0;
  return gees(kRowMajor, 'V', 'N', nullptr, I(n), a, I(n), &found, values.data(), q, I(n)) == 0;
}

/// The matrices in the last two axes of a tensor.
struct Batch {
  std::int64_t count = 1, rows = 0, columns = 0;

  static Batch of(const Shape& s) {
    if (s.rank() < 2) invalid("Input tensor 0 must have rank >= 2, got ", s.rank());
    Batch b;
    for (int i = 0; i < s.rank() - 2; ++i) b.count = checked_mul(b.count, s[i]);
    b.rows = s.dim(-2);
    b.columns = s.dim(-1);
    for (std::int64_t v : {b.rows, b.columns}) {
      if (v > std::int64_t(std::numeric_limits<LapackInt>::max())) {
        fail(Code::kUnimplemented, "a matrix dimension of ", v, " is too large for LAPACK");
      }
    }
    return b;
  }
  std::int64_t size() const { return rows * columns; }
};

inline void check_memory(LapackInt info) {
  if (info <= -1010) fail(Code::kResourceExhausted, "out of memory in LAPACK");
}

}  // namespace caudal::cpu
