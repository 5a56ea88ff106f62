// SPDX-License-Identifier: Apache-2.0
// Owns: the checked view of three tensors as a sparse one, and small tools over its indices.
// Called by: kernels of sparse tensors and sets.
// Must not know: ops.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/cpu/portable/dynamic_call.h"

namespace caudal::cpu {

using Dims = std::vector<std::int64_t>;

inline void check_rank(const Tensor& t, int rank, std::string_view what) {
  if (t.shape().rank() != rank) {
    invalid(what,
            rank == 2   ? " should be a matrix but received shape "
            : rank == 1 ? " should be a vector but received shape "
                        : " should be a scalar but received shape ",
            t.shape());
  }
}

/// "[1,2]".
inline std::string join(const std::int64_t* v, std::int64_t n) {
  std::string out = "[";
  for (std::int64_t i = 0; i < n; ++i) out += (i ? "," : "") + std::to_string(v[i]);
  return out + "]";
}
inline std::string join(const Dims& v) { return join(v.data(), std::int64_t(v.size())); }

/// A sparse tensor whose parts fit one another. Indices may still be anything.
struct SparseView {
  const Tensor* values_tensor = nullptr;
  const std::int64_t* indices = nullptr;
  std::int64_t n = 0;
  int rank = 0;
  Dims dims;

  const std::int64_t* row(std::int64_t i) const { return indices + i * rank; }
  template <class T>
  const T* values() const {
    return values_tensor->data<T>();
  }

  SparseView() = default;
  SparseView(const Tensor& at, const Tensor& values, const Tensor& shape) {
    check_rank(at, 2, "Input indices");
    check_rank(values, 1, "Input values");
    check_rank(shape, 1, "Input shape");
    if (at.dtype() != DType::kInt64) invalid("indices must be int64, not ", at.dtype());
    dims = shape.as_int64s();
    n = at.shape()[0];
    if (values.shape()[0] != n) {
      invalid("Number of values must match first dimension of indices. Got ", values.shape()[0],
              " values, indices shape: ", at.shape());
    }
    if (at.shape()[1] != std::int64_t(dims.size())) {
      invalid("Number of dimensions must match second dimension of indices. Got ",
              std::int64_t(dims.size()), " dimensions, indices shape: ", at.shape());
    }
    for (const std::int64_t d : dims) {
      if (d < 0) invalid("dense shape must not be negative: ", join(dims));
    }
    rank = int(dims.size());
    values_tensor = &values;
    indices = at.data<std::int64_t>();
  }
  SparseView(const Call& c, std::size_t first)
      : SparseView(c.in[first], c.in[first + 1], c.in[first + 2]) {}

  bool inside(std::int64_t i) const {
    for (int d = 0; d < rank; ++d) {
      if (row(i)[d] < 0 || row(i)[d] >= dims[std::size_t(d)]) return false;
    }
    return true;
  }
  void check_inside() const {
    for (std::int64_t i = 0; i < n; ++i) {
      if (!inside(i)) {
        invalid("indices[", i, "] = ", join(row(i), rank), " is out of bounds: need 0 <= index < ",
                join(dims));
      }
    }
  }
  /// Inside, ascending and without repetition.
  void check_ordered() const {
    check_inside();
    for (std::int64_t i = 1; i < n; ++i) {
      const int order = compare_rows(row(i - 1), row(i), rank);
      if (order == 0) invalid("indices[", i, "] = ", join(row(i), rank), " is repeated");
      if (order > 0) {
        invalid("indices[", i, "] = ", join(row(i), rank),
                " is out of order. Many sparse ops require sorted indices.\n    Use "
                "`tf.sparse.reorder` to create a correctly ordered copy.\n\n");
      }
    }
  }
  static int compare_rows(const std::int64_t* a, const std::int64_t* b, int rank) {
    for (int d = 0; d < rank; ++d) {
      if (a[d] != b[d]) return a[d] < b[d] ? -1 : 1;
    }
    return 0;
  }
  /// Numbers of the elements in row-major order of their indices; stable.
  std::vector<std::int64_t> order() const {
    std::vector<std::int64_t> out(static_cast<std::size_t>(n));
    std::iota(out.begin(), out.end(), 0);
    std::ranges::stable_sort(out, [&](std::int64_t a, std::int64_t b) {
      return compare_rows(row(a), row(b), rank) < 0;
    });
    return out;
  }
};

inline Tensor int64_vector(const Dims& v) { return Tensor::vector(v); }

inline Tensor int64_matrix(const Dims& v, std::int64_t rows, std::int64_t columns) {
  Tensor t(DType::kInt64, Shape{rows, columns});
  std::copy(v.begin(), v.end(), t.data<std::int64_t>());
  return t;
}

/// The elements of a rank-1 tensor picked by number.
inline Tensor pick(const Tensor& values, const std::vector<std::int64_t>& which) {
  Tensor out(values.dtype(), Shape{std::int64_t(which.size())});
  with_movable(values.dtype(), [&]<class T>(T) {
    for (std::size_t i = 0; i < which.size(); ++i) {
      out.data<T>()[i] = values.data<T>()[which[i]];
    }
  });
  return out;
}

/// Throws ResourceExhausted for so many rows that a list of them would not fit.
inline void check_row_count(std::int64_t rows) {
  constexpr std::int64_t kMost = std::int64_t(1) << 28;
  if (rows > kMost) fail(Code::kResourceExhausted, "too many rows: ", rows);
}

/// The product, or throws InvalidArgument when it does not fit.
inline std::int64_t checked_product(const Dims& dims) {
  std::int64_t total = 1;
  for (const std::int64_t d : dims) total = checked_mul(total, d);
  return total;
}

/// Row-major strides; 0 for dimensions whose stride would not fit (then no element is addressed).
inline Dims strides_of(const Dims& dims) {
  Dims s(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) s[i - 1] = checked_mul(s[i], dims[i]);
  return s;
}

}  // namespace caudal::cpu
