// SPDX-License-Identifier: Apache-2.0
// Eigenvalues of Hermitian matrices, singular values, QR of complex matrices.
#include <algorithm>

#include "kernels/cpu/blas_lapack.h"
#include "kernels/cpu/libraries.h"

namespace caudal::cpu {
namespace {

struct Params {
  Batch a;
  bool vectors = true, full = false;
};

Params params_of(const KernelRequest& r) {
  Params p;
  p.a = Batch::of(r.inputs[0].shape);
  auto flag = [&](const char* name, bool& to) {
    if (const AttrValue* v = r.attrs->find(name)) to = v->get<bool>();
  };
  flag("compute_v", p.vectors);
  flag("compute_uv", p.vectors);
  flag("full_matrices", p.full);
  return p;
}

template <class Op>
Prepared prepare(const KernelRequest& r) {
  Prepared out;
  *make_params<Params>(out) = params_of(r);
  with_matrix_type(r.inputs[0].dtype, [&]<class T>(T) {
    out.run = [](const void* params, void* const* in, void* const* to, void*, RunContext&) {
      Op::template run<T>(*static_cast<const Params*>(params), static_cast<const T*>(in[0]), to);
    };
  });
  return out;
}

/// Eigenvalues in ascending order and eigenvectors as columns, of the Hermitian matrix whose lower
/// triangle is in `a`; `a` becomes the vectors.
template <class T>
void eigen(T* a, std::int64_t n, bool vectors, Real<T>* values) {
  const LapackInt info = Lapack<T>::get().syevd(kRowMajor, vectors ? 'V' : 'N', 'L', LapackInt(n),
                                                a, LapackInt(n), values);
  check_memory(info);
  if (info != 0) {
    invalid("Self-adjoint eigen decomposition was not successful. The input might not be valid.");
  }
}

struct Eigen {
  template <class T>
  static void run(const Params& p, const T* x, void* const* out) {
    const std::int64_t n = p.a.rows, size = p.a.size();
    if (size == 0) return;
    std::vector<T> a(static_cast<std::size_t>(size));
    std::vector<Real<T>> values(static_cast<std::size_t>(n));
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      std::copy_n(x + b * size, size, a.data());
      eigen(a.data(), n, p.vectors, values.data());
      std::copy_n(values.data(), n, static_cast<T*>(out[0]) + b * n);
      if (p.vectors) std::copy_n(a.data(), size, static_cast<T*>(out[1]) + b * size);
    }
  }
};

/// The old form of the op: the eigenvalues stand as a first row above the vectors.
struct EigenInOne {
  template <class T>
  static void run(const Params& p, const T* x, void* const* out) {
    const std::int64_t n = p.a.rows, size = p.a.size();
    if (size == 0) return;
    std::vector<Real<T>> values(static_cast<std::size_t>(n));
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      T* y = static_cast<T*>(out[0]) + b * (size + n);
      std::copy_n(x + b * size, size, y + n);
      eigen(y + n, n, true, values.data());
      std::copy_n(values.data(), n, y);
    }
  }
};

template <class T>
void set_identity(T* a, std::int64_t rows, std::int64_t columns) {
  std::fill_n(a, rows * columns, T(0));
  for (std::int64_t i = 0; i < std::min(rows, columns); ++i) a[i * columns + i] = T(1);
}

struct Svd {
  template <class T>
  static void run(const Params& p, const T* x, void* const* out) {
    const std::int64_t m = p.a.rows, n = p.a.columns, k = std::min(m, n);
    const std::int64_t mu = p.full ? m : k, nv = p.full ? n : k;
    const auto nan = std::numeric_limits<Real<T>>::quiet_NaN();
    std::vector<T> a(std::size_t(m * n)), vt(std::size_t(nv * n)), no_vectors(1);
    std::vector<Real<T>> values(static_cast<std::size_t>(k));
    for (std::int64_t b = 0; b < p.a.count; ++b) {
      T* u = p.vectors ? static_cast<T*>(out[1]) + b * m * mu : no_vectors.data();
      T* v = p.vectors ? static_cast<T*>(out[2]) + b * n * nv : nullptr;
      if (k == 0) {
        if (p.vectors) {
          set_identity(u, m, mu);
          set_identity(v, n, nv);
        }
        continue;
      }
      std::copy_n(x + b * m * n, m * n, a.data());
      const char job = !p.vectors ? 'N' : p.full ? 'A' : 'S';
      const LapackInt info = Lapack<T>::get().gesdd(
          kRowMajor, job, LapackInt(m), LapackInt(n), a.data(), LapackInt(n), values.data(), u,
          LapackInt(p.vectors ? mu : 1), p.vectors ? vt.data() : no_vectors.data(),
          LapackInt(p.vectors ? n : 1));
      check_memory(info);
      if (info != 0) {
        std::fill(values.begin(), values.end(), nan);
        if (p.vectors) {
          set_identity(u, m, mu);
          set_identity(v, n, nv);
        }
      } else if (p.vectors) {
        for (std::int64_t i = 0; i < n; ++i) {
          for (std::int64_t j = 0; j < nv; ++j)
            v[i * nv + j] = conjugate(vt[std::size_t(j * n + i)]);
        }
      }
      std::copy_n(values.data(), k, static_cast<T*>(out[0]) + b * k);
    }
  }
};

struct Qr {
  template <class T>
  static void run(const Params& p, const T* x, void* const* out) {
    const std::int64_t m = p.a.rows, n = p.a.columns, k = std::min(m, n);
    const std::int64_t inner = p.full ? m : k;
    T* q = static_cast<T*>(out[0]);
    T* r = static_cast<T*>(out[1]);
    std::vector<T> a(std::size_t(m * n)), tau(std::size_t(k) + 1), basis(std::size_t(m * inner));
    for (std::int64_t b = 0; b < p.a.count; ++b, q += m * inner, r += inner * n) {
      if (k == 0) {
        set_identity(q, m, inner);
        continue;
      }
      std::copy_n(x + b * m * n, m * n, a.data());
      const auto& lapack = Lapack<T>::get();
      LapackInt info =
          lapack.geqrf(kRowMajor, LapackInt(m), LapackInt(n), a.data(), LapackInt(n), tau.data());
      check_memory(info);
      std::fill(basis.begin(), basis.end(), T(0));
      for (std::int64_t i = 0; i < m; ++i)
        std::copy_n(a.data() + i * n, k, basis.data() + i * inner);
      if (info == 0) {
        info = lapack.orgqr(kRowMajor, LapackInt(m), LapackInt(inner), LapackInt(k), basis.data(),
                            LapackInt(inner), tau.data());
        check_memory(info);
      }
      if (info != 0) {
        const T nan(std::numeric_limits<Real<T>>::quiet_NaN());
        std::fill_n(q, m * inner, nan);
        std::fill_n(r, inner * n, nan);
        continue;
      }
      std::copy_n(basis.data(), m * inner, q);
      std::fill_n(r, inner * n, T(0));
      for (std::int64_t i = 0; i < k; ++i)
        std::copy(a.data() + i * n + i, a.data() + (i + 1) * n, r + i * n + i);
    }
  }
};

}  // namespace

std::span<const KernelRow> blas_decompose_kernels() {
  constexpr DTypeSet kReal{DType::kFloat, DType::kDouble};
  static const KernelRow rows[] = {
      {"SelfAdjointEigV2", "T", kMatrixTypes, prepare<Eigen>},
      {"SelfAdjointEig", "T", kReal, prepare<EigenInOne>},
      {"Svd", "T", kMatrixTypes, prepare<Svd>},
      {"Qr", "T", {DType::kComplex64, DType::kComplex128}, prepare<Qr>},
      {"BatchSelfAdjointEigV2", "T", kReal, prepare<Eigen>},
      {"BatchSelfAdjointEig", "T", kReal, prepare<EigenInOne>},
      {"BatchSvd", "T", kMatrixTypes, prepare<Svd>},
  };
  return rows;
}

}  // namespace caudal::cpu
