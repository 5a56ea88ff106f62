// SPDX-License-Identifier: Apache-2.0
// Arithmetic on sparse tensors: sums, reductions, products with dense ones.
#include <cmath>
#include <cstring>

#include "base/parallel_for.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/sparse_view.h"

namespace caudal::cpu {
namespace {

void check_same_shape(const SparseView& a, const SparseView& b) {
  if (a.dims != b.dims) {
    invalid("Operands do not have the same shape; got ", join(a.dims), " and ", join(b.dims));
  }
}

/// Walks two sparse tensors in index order: visit(row, i, j) with -1 for the side without element.
template <class F>
void merge_rows(const SparseView& a, const SparseView& b, F visit) {
  std::int64_t i = 0, j = 0;
  while (i < a.n || j < b.n) {
    int order = 0;
    if (i == a.n) {
      order = 1;
    } else if (j == b.n) {
      order = -1;
    } else {
      order = SparseView::compare_rows(a.row(i), b.row(j), a.rank);
    }
    if (order < 0) {
      visit(a.row(i), i, std::int64_t{-1});
      ++i;
    } else if (order > 0) {
      visit(b.row(j), std::int64_t{-1}, j);
      ++j;
    } else {
      visit(a.row(i), i, j);
      ++i;
      ++j;
    }
  }
}

template <class T>
auto magnitude(T v) {
  if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, Bfloat16>) {
    return std::abs(float(v));
  } else if constexpr (std::is_unsigned_v<T>) {
    return v;
  } else if constexpr (std::is_integral_v<T>) {
    return v < 0 ? T(wide_t<T>(0) - wide_t<T>(v)) : v;
  } else {
    return std::abs(v);
  }
}

/// The threshold in the type of magnitude(T).
template <class M>
M threshold(const Tensor& t) {
  double value = 0;
  with_number<false>(t.dtype(), [&]<class R>(R) {
    if constexpr (std::is_same_v<R, M>) {
      value = 0;
    } else {
      value = double(wide_t<R>(*t.data<R>()));
    }
  });
  if (t.dtype() == dtype_of<M>) return *t.data<M>();
  return M(value);
}

void run_add(Call& c) {
  const SparseView a(c, 0), b(c, 3);
  check_rank(c.in[6], 0, "The magnitude threshold");
  check_same_shape(a, b);
  std::int64_t count = 0;
  Dims indices;
  with_number(c.in[1].dtype(), [&]<class T>(T) {
    std::vector<T> sums;
    using M = decltype(magnitude(T{}));
    const M least = threshold<M>(c.in[6]);
    merge_rows(a, b, [&](const std::int64_t* row, std::int64_t i, std::int64_t j) {
      const T sum = i < 0   ? b.values<T>()[j]
                    : j < 0 ? a.values<T>()[i]
                            : add_numbers(a.values<T>()[i], b.values<T>()[j]);
      if (i >= 0 && j >= 0 && !(least <= magnitude(sum))) return;
      indices.insert(indices.end(), row, row + a.rank);
      sums.push_back(sum);
    });
    count = std::int64_t(sums.size());
    c.out[1] = Tensor(c.in[1].dtype(), Shape{count});
    std::copy(sums.begin(), sums.end(), c.out[1].data<T>());
  });
  c.out[0] = int64_matrix(indices, count, a.rank);
  c.out[2] = c.in[2];
}

void run_add_grad(Call& c) {
  check_rank(c.in[0], 1, "Input backprop_val_grad");
  for (std::size_t i = 1; i < 4; ++i) check_rank(c.in[i], 2, "Input indices");
  const std::int64_t rank = c.in[1].shape()[1];
  if (c.in[2].shape()[1] != rank || c.in[3].shape()[1] != rank) {
    invalid("The densified operands should have the same ndims; for a, b, sum got: ", rank, " ",
            c.in[2].shape()[1], " ", c.in[3].shape()[1]);
  }
  const std::int64_t m = c.in[3].shape()[0];
  if (c.in[0].shape()[0] != m) {
    invalid(
        "# elements of backprop_val_grad and # rows of sum_indices should match (#nnz of "
        "sum): got ",
        c.in[0].shape()[0], " and ", m);
  }
  const auto* sum = c.in[3].data<std::int64_t>();
  std::vector<std::int64_t> order(static_cast<std::size_t>(m));
  std::iota(order.begin(), order.end(), 0);
  auto compare = [&](const std::int64_t* x, const std::int64_t* y) {
    return SparseView::compare_rows(x, y, int(rank));
  };
  std::ranges::sort(order, [&](std::int64_t x, std::int64_t y) {
    return compare(sum + x * rank, sum + y * rank) < 0;
  });
  for (std::size_t side = 0; side < 2; ++side) {
    const std::int64_t n = c.in[1 + side].shape()[0];
    const auto* rows = c.in[1 + side].data<std::int64_t>();
    c.out[side] = Tensor(c.in[0].dtype(), Shape{n});
    std::memset(c.out[side].raw(), 0, c.out[side].num_bytes());
    with_movable(c.in[0].dtype(), [&]<class T>(T) {
      for (std::int64_t i = 0; i < n; ++i) {
        const auto at = std::lower_bound(order.begin(), order.end(), rows + i * rank,
                                         [&](std::int64_t x, const std::int64_t* row) {
                                           return compare(sum + x * rank, row) < 0;
                                         });
        if (at != order.end() && compare(sum + *at * rank, rows + i * rank) == 0) {
          c.out[side].data<T>()[i] = c.in[0].data<T>()[*at];
        }
      }
    });
  }
}

template <bool larger>
void run_extreme(Call& c) {
  const SparseView a(c, 0), b(c, 3);
  check_same_shape(a, b);
  Dims indices;
  with_number<false>(c.in[1].dtype(), [&]<class T>(T) {
    std::vector<T> found;
    merge_rows(a, b, [&](const std::int64_t* row, std::int64_t i, std::int64_t j) {
      indices.insert(indices.end(), row, row + a.rank);
      const T x = i < 0 ? T(0.0f) : a.values<T>()[i], y = j < 0 ? T(0.0f) : b.values<T>()[j];
      const bool second = larger ? less_numbers(x, y) : less_numbers(y, x);
      found.push_back(second ? y : x);
    });
    c.out[1] = Tensor(c.in[1].dtype(), Shape{std::int64_t(found.size())});
    std::copy(found.begin(), found.end(), c.out[1].data<T>());
  });
  c.out[0] = int64_matrix(indices, c.out[1].shape()[0], a.rank);
}

/// Elements of equal index along the kept dimensions, in order of that index.
struct Groups {
  Dims kept;                         ///< dimensions that stay
  std::vector<std::int64_t> order;   ///< elements, group by group
  std::vector<std::int64_t> starts;  ///< where each group begins in `order`, and the end
};

Groups group(const SparseView& s, const std::vector<bool>& reduced) {
  Groups g;
  for (int d = 0; d < s.rank; ++d) {
    if (!reduced[std::size_t(d)]) g.kept.push_back(d);
  }
  auto compare = [&](std::int64_t a, std::int64_t b) {
    for (const std::int64_t d : g.kept) {
      if (s.row(a)[d] != s.row(b)[d]) return s.row(a)[d] < s.row(b)[d] ? -1 : 1;
    }
    return 0;
  };
  g.order.resize(std::size_t(s.n));
  std::iota(g.order.begin(), g.order.end(), 0);
  std::ranges::stable_sort(g.order,
                           [&](std::int64_t a, std::int64_t b) { return compare(a, b) < 0; });
  for (std::size_t i = 0; i < g.order.size(); ++i) {
    if (i == 0 || compare(g.order[i - 1], g.order[i]) != 0) g.starts.push_back(std::int64_t(i));
  }
  g.starts.push_back(s.n);
  return g;
}

std::vector<bool> reduced_axes(const SparseView& s, const Tensor& axes) {
  if (axes.shape().rank() > 1)
    invalid("reduction axes must be a scalar or a vector, got ", axes.shape());
  std::vector<bool> reduced(std::size_t(s.rank), false);
  for (const std::int64_t axis : axes.as_int64s()) {
    if (axis < -s.rank || axis >= s.rank) {
      invalid("Invalid reduction dimension ", axis, ", for input with ", s.rank, " dimensions.");
    }
    reduced[std::size_t(axis < 0 ? axis + s.rank : axis)] = true;
  }
  return reduced;
}

template <bool maximum, class T>
std::vector<T> reduce(const SparseView& s, const Groups& g) {
  std::vector<T> out;
  for (std::size_t k = 0; k + 1 < g.starts.size(); ++k) {
    T value = s.values<T>()[g.order[std::size_t(g.starts[k])]];
    for (std::int64_t i = g.starts[k] + 1; i < g.starts[k + 1]; ++i) {
      const T next = s.values<T>()[g.order[std::size_t(i)]];
      if constexpr (maximum) {
        value = less_numbers(value, next) ? next : value;
      } else {
        value = add_numbers(value, next);
      }
    }
    out.push_back(value);
  }
  return out;
}

template <bool maximum>
void run_reduce(Call& c) {
  const SparseView s(c, 0);
  const std::vector<bool> reduced = reduced_axes(s, c.in[3]);
  s.check_inside();
  const Groups g = group(s, reduced);
  Dims shape, kept;
  for (int d = 0; d < s.rank; ++d) {
    if (!reduced[std::size_t(d)]) {
      shape.push_back(s.dims[std::size_t(d)]);
      kept.push_back(s.dims[std::size_t(d)]);
    } else if (c.attrs.b("keep_dims")) {
      shape.push_back(1);
    }
  }
  c.out[0] = Tensor(c.in[1].dtype(), Shape(std::span<const std::int64_t>(shape)));
  std::memset(c.out[0].raw(), 0, c.out[0].num_bytes());
  const Dims strides = strides_of(kept);
  with_number<!maximum>(c.in[1].dtype(), [&]<class T>(T) {
    const std::vector<T> found = reduce<maximum, T>(s, g);
    for (std::size_t k = 0; k < found.size(); ++k) {
      const std::int64_t* row = s.row(g.order[std::size_t(g.starts[k])]);
      std::int64_t flat = 0;
      for (std::size_t d = 0; d < g.kept.size(); ++d) flat += row[g.kept[d]] * strides[d];
      c.out[0].data<T>()[flat] = found[k];
    }
  });
}

template <bool maximum>
void run_reduce_sparse(Call& c) {
  const SparseView s(c, 0);
  const std::vector<bool> reduced = reduced_axes(s, c.in[3]);
  const Groups g = group(s, reduced);
  const bool keep = c.attrs.b("keep_dims");
  Dims shape, indices;
  for (int d = 0; d < s.rank; ++d) {
    if (!reduced[std::size_t(d)]) shape.push_back(s.dims[std::size_t(d)]);
    if (reduced[std::size_t(d)] && keep) shape.push_back(1);
  }
  const auto n = std::int64_t(g.starts.size()) - 1;
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t* row = s.row(g.order[std::size_t(g.starts[std::size_t(k)])]);
    for (int d = 0; d < s.rank; ++d) {
      if (!reduced[std::size_t(d)]) indices.push_back(row[d]);
      if (reduced[std::size_t(d)] && keep) indices.push_back(0);
    }
  }
  c.out[0] = int64_matrix(indices, n, std::int64_t(shape.size()));
  with_number<!maximum>(c.in[1].dtype(), [&]<class T>(T) {
    const std::vector<T> found = reduce<maximum, T>(s, g);
    c.out[1] = Tensor(c.in[1].dtype(), Shape{n});
    std::copy(found.begin(), found.end(), c.out[1].data<T>());
  });
  c.out[2] = int64_vector(shape);
}

void run_softmax(Call& c) {
  const SparseView s(c, 0);
  if (s.rank < 2) invalid("Input should have rank >= 2, but received shape: ", join(s.dims));
  std::vector<bool> last(std::size_t(s.rank), false);
  last.back() = true;
  const Groups g = group(s, last);
  c.out[0] = Tensor(c.in[1].dtype(), Shape{s.n});
  auto run = [&]<class T>(T) {
    const T* x = s.values<T>();
    T* y = c.out[0].data<T>();
    for (std::size_t k = 0; k + 1 < g.starts.size(); ++k) {
      auto each = [&](auto f) {
        for (std::int64_t i = g.starts[k]; i < g.starts[k + 1]; ++i) f(g.order[std::size_t(i)]);
      };
      T top = x[g.order[std::size_t(g.starts[k])]], sum = 0;
      each([&](std::int64_t i) { top = std::max(top, x[i]); });
      each([&](std::int64_t i) { sum += y[i] = std::exp(x[i] - top); });
      each([&](std::int64_t i) { y[i] /= sum; });
    }
  };
  if (c.in[1].dtype() == DType::kDouble) {
    run(double{});
  } else {
    run(float{});
  }
}

enum class Cwise { kAdd, kMul, kDiv };

template <Cwise kind>
void run_cwise(Call& c) {
  const SparseView s(c, 0);
  const Tensor& dense = c.in[3];
  const Shape& shape = dense.shape();
  const int missing = s.rank - shape.rank();
  bool fits = missing >= 0;
  for (int d = 0; fits && d < shape.rank(); ++d) {
    fits = shape[d] == 1 || shape[d] == s.dims[std::size_t(missing + d)];
  }
  if (!fits) {
    invalid("SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes: ",
            join(s.dims), " vs. ", shape);
  }
  for (std::int64_t i = 0; i < s.n; ++i) {
    if (!s.inside(i)) {
      invalid("Provided indices are out-of-bounds w.r.t. dense side with broadcasted shape ",
              join(s.dims));
    }
  }
  Dims strides(std::size_t(s.rank), 0);
  std::int64_t stride = 1;
  for (int d = shape.rank(); d-- > 0;) {
    if (shape[d] != 1) strides[std::size_t(missing + d)] = stride;
    stride *= shape[d];
  }
  c.out[0] = Tensor(c.in[1].dtype(), Shape{s.n});
  with_number(c.in[1].dtype(), [&]<class T>(T) {
    for (std::int64_t i = 0; i < s.n; ++i) {
      std::int64_t flat = 0;
      for (int d = 0; d < s.rank; ++d) flat += s.row(i)[d] * strides[std::size_t(d)];
      const T x = s.values<T>()[i], y = dense.data<T>()[flat];
      T& out = c.out[0].data<T>()[i];
      if constexpr (kind == Cwise::kAdd) out = add_numbers(x, y);
      if constexpr (kind == Cwise::kMul) out = mul_numbers(x, y);
      if constexpr (kind == Cwise::kDiv) out = div_numbers(x, y);
    }
  });
}

void run_dense_add(Call& c) {
  check_rank(c.in[0], 2, "Input a_indices");
  const Tensor at = int64_matrix(c.in[0].as_int64s(), c.in[0].shape()[0], c.in[0].shape()[1]);
  const SparseView s(at, c.in[1], c.in[2]);
  const Tensor& dense = c.in[3];
  if (s.rank != dense.shape().rank()) {
    invalid("Two operands have different ranks: sparse ", s.rank, " vs. dense ",
            dense.shape().rank());
  }
  for (int d = 0; d < s.rank; ++d) {
    if (s.dims[std::size_t(d)] != dense.shape()[d]) {
      invalid("Dimension ", d, " does not equal (no broadcasting is supported): sparse side ",
              s.dims[std::size_t(d)], " vs dense side ", dense.shape()[d]);
    }
  }
  s.check_inside();
  c.out[0] = dense.clone();
  const Dims strides = strides_of(s.dims);
  with_number(dense.dtype(), [&]<class T>(T) {
    for (std::int64_t i = 0; i < s.n; ++i) {
      std::int64_t flat = 0;
      for (int d = 0; d < s.rank; ++d) flat += s.row(i)[d] * strides[std::size_t(d)];
      T& out = c.out[0].data<T>()[flat];
      out = add_numbers(out, s.values<T>()[i]);
    }
  });
}

template <class T>
T conjugate(T v) {
  if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>) {
    return std::conj(v);
  } else {
    return v;
  }
}

void run_dense_matmul(Call& c) {
  check_rank(c.in[0], 2, "Tensor 'a_indices'");
  check_rank(c.in[1], 1, "Tensor 'a_values'");
  check_rank(c.in[2], 1, "Tensor 'a_shape'");
  check_rank(c.in[3], 2, "Tensor 'b'");
  if (c.in[2].shape()[0] != 2) invalid("Tensor 'a_shape' must have 2 elements");
  const std::int64_t n = c.in[1].shape()[0];
  if (c.in[0].shape()[0] != n) {
    invalid("Number of rows of a_indices does not match number of entries in a_values");
  }
  if (c.in[0].shape()[1] != 2) {
    invalid("Number of columns of a_indices does not match number of entries in a_shape");
  }
  const bool adjoint_a = c.attrs.b("adjoint_a"), adjoint_b = c.attrs.b("adjoint_b");
  const Dims a = c.in[2].as_int64s(), at = c.in[0].as_int64s();
  const std::int64_t rows = a[adjoint_a ? 1 : 0], inner = a[adjoint_a ? 0 : 1];
  const Shape& b = c.in[3].shape();
  const std::int64_t right = b[adjoint_b ? 1 : 0], columns = b[adjoint_b ? 0 : 1];
  if (inner != right) {
    invalid("Cannot multiply A and B because inner dimension does not match: ", inner, " vs. ",
            right, ".  Did you forget a transpose?  Dimensions of A: [", rows, ", ", inner,
            ").  Dimensions of B: ", b);
  }
  c.out[0] = Tensor(c.in[1].dtype(), Shape{rows, columns});
  const int m_at = adjoint_a ? 1 : 0, k_at = 1 - m_at;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t m = at[std::size_t(2 * i + m_at)], k = at[std::size_t(2 * i + k_at)];
    if (k < 0 || k >= inner) {
      invalid("k (", k, ") from index[", i, ",", k_at, "] out of bounds (>=", inner, ")");
    }
    if (m < 0 || m >= rows) {
      invalid("m (", m, ") from index[", i, ",", m_at, "] out of bounds (>=", rows, ")");
    }
  }
  with_number(c.in[1].dtype(), [&]<class T>(T) {
    // 16-bit floats add up in float.
    using Sum = std::conditional_t<std::is_same_v<wide_t<T>, float>, float, T>;
    constexpr bool kSame = std::is_same_v<Sum, T>;
    std::vector<Sum> wide(kSame ? 0 : std::size_t(rows * columns));
    Sum* out = nullptr;
    if constexpr (kSame) {
      out = c.out[0].data<T>();
      std::fill_n(out, rows * columns, T(0));
    } else {
      out = wide.data();
    }
    const T *x = c.in[1].data<T>(), *y = c.in[3].data<T>();
    const std::int64_t grain = std::max<std::int64_t>(16, 32768 / std::max<std::int64_t>(n, 1));
    parallel_for(columns, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t m = at[std::size_t(2 * i + m_at)], k = at[std::size_t(2 * i + k_at)];
        const T factor = adjoint_a ? conjugate(x[i]) : x[i];
        for (std::int64_t j = begin; j < end; ++j) {
          const T other = adjoint_b ? conjugate(y[j * right + k]) : y[k * columns + j];
          Sum& to = out[m * columns + j];
          if constexpr (kSame) {
            to = add_numbers(to, mul_numbers(factor, other));
          } else {
            to += float(factor) * float(other);
          }
        }
      }
    });
    if constexpr (!kSame) {
      for (std::size_t i = 0; i < wide.size(); ++i) c.out[0].data<T>()[i] = T(wide[i]);
    }
  });
}

}  // namespace

std::span<const KernelRow> sparse_math_kernels() {
  static const KernelRow rows[] = {
      {"SparseAdd", "T", kNumberTypes, dynamic_kernel<run_add>},
      {"SparseAddGrad", "T", kNumberTypes, dynamic_kernel<run_add_grad>},
      {"SparseSparseMaximum", "T", kRealTypes, dynamic_kernel<run_extreme<true>>},
      {"SparseSparseMinimum", "T", kRealTypes, dynamic_kernel<run_extreme<false>>},
      {"SparseReduceSum", "T", kNumberTypes, dynamic_kernel<run_reduce<false>>},
      {"SparseReduceMax", "T", kRealTypes, dynamic_kernel<run_reduce<true>>},
      {"SparseReduceSumSparse", "T", kNumberTypes, dynamic_kernel<run_reduce_sparse<false>>},
      {"SparseReduceMaxSparse", "T", kRealTypes, dynamic_kernel<run_reduce_sparse<true>>},
      {"SparseSoftmax", "T", {DType::kFloat, DType::kDouble}, dynamic_kernel<run_softmax>},
      {"SparseDenseCwiseAdd", "T", kNumberTypes, dynamic_kernel<run_cwise<Cwise::kAdd>>},
      {"SparseDenseCwiseMul", "T", kNumberTypes, dynamic_kernel<run_cwise<Cwise::kMul>>},
      {"SparseDenseCwiseDiv", "T", kNumberTypes, dynamic_kernel<run_cwise<Cwise::kDiv>>},
      {"SparseTensorDenseAdd", "T", kNumberTypes, dynamic_kernel<run_dense_add>},
      {"SparseTensorDenseMatMul", "T", kNumberTypes, dynamic_kernel<run_dense_matmul>},
  };
  return rows;
}

}  // namespace caudal::cpu
