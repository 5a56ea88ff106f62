// SPDX-License-Identifier: Apache-2.0
// Sparse tensors moved about: order, shape, slices, concatenation, and to dense ones.
#include <cstring>
#include <limits>

#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/sparse_view.h"

namespace caudal::cpu {
namespace {

void set_sparse(Call& c, std::size_t first, Dims indices, Tensor values, const Dims& shape) {
  const std::int64_t n = values.shape()[0];
  c.out[first] = int64_matrix(indices, n, std::int64_t(shape.size()));
  c.out[first + 1] = std::move(values);
  c.out[first + 2] = int64_vector(shape);
}

void append(Dims& out, const std::int64_t* row, int rank) {
  out.insert(out.end(), row, row + rank);
}

void run_reorder(Call& c) {
  const SparseView s(c, 0);
  const std::vector<std::int64_t> order = s.order();
  Dims indices;
  for (const std::int64_t i : order) append(indices, s.row(i), s.rank);
  c.out[0] = int64_matrix(indices, s.n, s.rank);
  c.out[1] = pick(c.in[1], order);
}

void run_reshape(Call& c) {
  check_rank(c.in[0], 2, "Input indices");
  check_rank(c.in[1], 1, "Input shape");
  check_rank(c.in[2], 1, "Target shape");
  const Tensor values(DType::kBool, Shape{c.in[0].shape()[0]});
  const SparseView s(c.in[0], values, c.in[1]);
  Dims wanted = c.in[2].as_int64s();
  const std::int64_t size = checked_product(s.dims);
  std::int64_t product = 1;
  int unknown = -1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == -1) {
      if (unknown >= 0) {
        invalid("only one output dimension may be -1, not both ", unknown, " and ", int(i));
      }
      unknown = int(i);
    } else {
      if (wanted[i] < 0) invalid("size ", int(i), " must be non-negative, not ", wanted[i]);
      product = checked_mul(product, wanted[i]);
    }
  }
  if (unknown >= 0) {
    if (product == 0) {
      invalid(
          "reshape cannot infer the missing input size for an empty tensor unless all "
          "specified input sizes are non-zero");
    }
    if (size % product != 0) {
      invalid("Input to reshape is a SparseTensor with ", size,
              " dense values, but the requested shape requires a multiple of ", product,
              ". input_shape=", join(s.dims), " output_shape=", join(wanted));
    }
    wanted[std::size_t(unknown)] = size / product;
    product = size;
  }
  if (product != size) {
    invalid("Input to reshape is a tensor with ", size,
            " dense values, but the requested shape has ", product, ". input_shape=", join(s.dims),
            " output_shape=", join(wanted));
  }
  s.check_inside();
  const Dims from = strides_of(s.dims), to = strides_of(wanted);
  c.out[0] = Tensor(DType::kInt64, Shape{s.n, std::int64_t(wanted.size())});
  auto* out = c.out[0].data<std::int64_t>();
  for (std::int64_t i = 0; i < s.n; ++i) {
    std::int64_t flat = 0;
    for (int d = 0; d < s.rank; ++d) flat += s.row(i)[d] * from[std::size_t(d)];
    for (const std::int64_t stride : to) {
      *out++ = flat / stride;
      flat %= stride;
    }
  }
  c.out[1] = int64_vector(wanted);
}

void run_concat(Call& c) {
  const std::size_t n = c.in.size() / 3;
  std::vector<SparseView> parts;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < n; ++i) {
    parts.emplace_back(c.in[i], c.in[n + i], c.in[2 * n + i]);
    total += parts.back().n;
  }
  const int rank = parts[0].rank;
  const std::int64_t wanted = c.attrs.i("concat_dim");
  const std::int64_t axis = wanted < 0 ? wanted + rank : wanted;
  if (axis < 0 || axis >= rank) {
    invalid("Concat dimension must be in range [", -rank, ", ", rank, "), got ", wanted);
  }
  Dims shape = parts[0].dims;
  for (std::size_t i = 1; i < n; ++i) {
    if (parts[i].rank != rank) {
      invalid("Ranks of all input tensors must match: expected ", rank, " but got ", parts[i].rank,
              " at position ", i);
    }
    for (int d = 0; d < rank; ++d) {
      if (d == axis) continue;
      if (parts[i].dims[std::size_t(d)] != shape[std::size_t(d)]) {
        invalid("Input shapes must match: expected ", shape[std::size_t(d)], " for dimension ", d,
                " but got ", parts[i].dims[std::size_t(d)], " at position ", i);
      }
    }
  }
  Dims indices;
  indices.reserve(std::size_t(total * rank));
  Tensor values(parts[0].values_tensor->dtype(), Shape{total});
  std::int64_t offset = 0, at = 0;
  for (const SparseView& p : parts) {
    for (std::int64_t i = 0; i < p.n; ++i) {
      append(indices, p.row(i), rank);
      std::int64_t& moved = indices[indices.size() - std::size_t(rank) + std::size_t(axis)];
      moved = std::int64_t(std::uint64_t(moved) + std::uint64_t(offset));
    }
    with_movable(values.dtype(),
                 [&]<class T>(T) { std::copy_n(p.values<T>(), p.n, values.data<T>() + at); });
    at += p.n;
    if (offset > std::numeric_limits<std::int64_t>::max() - p.dims[std::size_t(axis)]) {
      invalid("the sum of the sizes of dimension ", axis, " does not fit");
    }
    offset += p.dims[std::size_t(axis)];
  }
  shape[std::size_t(axis)] = offset;
  if (axis != 0) {
    const Tensor all = int64_matrix(indices, total, rank), dims = int64_vector(shape);
    const SparseView s(all, values, dims);
    const std::vector<std::int64_t> order = s.order();
    Dims sorted;
    sorted.reserve(indices.size());
    for (const std::int64_t i : order) append(sorted, s.row(i), rank);
    return set_sparse(c, 0, std::move(sorted), pick(values, order), shape);
  }
  set_sparse(c, 0, std::move(indices), values, shape);
}

void run_split(Call& c) {
  check_rank(c.in[0], 0, "Input split_dim");
  const SparseView s(c, 1);
  const std::int64_t wanted = *c.in[0].data<std::int64_t>(), pieces = c.attrs.i("num_split");
  const std::int64_t axis = wanted < 0 ? wanted + s.rank : wanted;
  if (axis < 0 || axis >= s.rank) {
    invalid("Input split_dim should be between 0 and rank (", s.rank, "), got ", wanted);
  }
  const std::int64_t size = s.dims[std::size_t(axis)];
  if (pieces < 1 || pieces > size) {
    invalid("Input num_split should be between 1 and the splitting dimension size (", size,
            "), got ", pieces);
  }
  s.check_inside();
  const std::int64_t each = size / pieces, longer = size % pieces;
  std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(pieces));
  auto start_of = [&](std::int64_t piece) { return piece * each + std::min(piece, longer); };
  for (std::int64_t i = 0; i < s.n; ++i) {
    const std::int64_t at = s.row(i)[axis], border = longer * (each + 1);
    const std::int64_t piece = at < border ? at / (each + 1) : longer + (at - border) / each;
    members[std::size_t(piece)].push_back(i);
  }
  for (std::int64_t k = 0; k < pieces; ++k) {
    Dims indices, shape = s.dims;
    for (const std::int64_t i : members[std::size_t(k)]) {
      append(indices, s.row(i), s.rank);
      indices[indices.size() - std::size_t(s.rank) + std::size_t(axis)] -= start_of(k);
    }
    shape[std::size_t(axis)] = start_of(k + 1) - start_of(k);
    const auto n = std::int64_t(members[std::size_t(k)].size());
    c.out[std::size_t(k)] = int64_matrix(indices, n, s.rank);
    c.out[std::size_t(pieces + k)] = pick(*s.values_tensor, members[std::size_t(k)]);
    c.out[std::size_t(2 * pieces + k)] = int64_vector(shape);
  }
}

void run_slice(Call& c) {
  const SparseView s(c, 0);
  check_rank(c.in[3], 1, "Input start");
  check_rank(c.in[4], 1, "Input size");
  const Dims start = c.in[3].as_int64s(), size = c.in[4].as_int64s();
  if (int(start.size()) != s.rank) {
    invalid("Expected start to be a vector of length ", s.rank, " but got length ",
            std::int64_t(start.size()));
  }
  if (int(size.size()) != s.rank) {
    invalid("Expected size to be a vector of length ", s.rank, " but got length ",
            std::int64_t(size.size()));
  }
  Dims shape;
  for (int d = 0; d < s.rank; ++d) {
    const auto k = std::size_t(d);
    if (start[k] < 0 || size[k] < 0) {
      invalid("start and size must not be negative, got ", join(start), " and ", join(size));
    }
    shape.push_back(start[k] < s.dims[k] ? std::min(size[k], s.dims[k] - start[k]) : 0);
  }
  Dims indices;
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < s.n; ++i) {
    bool in = true;
    for (int d = 0; d < s.rank && in; ++d) {
      const auto k = std::size_t(d);
      in = s.row(i)[d] >= start[k] && s.row(i)[d] - start[k] < shape[k];
    }
    if (!in) continue;
    kept.push_back(i);
    for (int d = 0; d < s.rank; ++d) indices.push_back(s.row(i)[d] - start[std::size_t(d)]);
  }
  set_sparse(c, 0, std::move(indices), pick(c.in[1], kept), shape);
}

void run_slice_grad(Call& c) {
  check_rank(c.in[0], 1, "Input backprop_val_grad");
  check_rank(c.in[1], 2, "Input input_indices");
  check_rank(c.in[2], 1, "Input input_start");
  check_rank(c.in[3], 2, "Input output_indices");
  const std::int64_t rank = c.in[1].shape()[1], n = c.in[1].shape()[0], m = c.in[3].shape()[0];
  if (c.in[3].shape()[1] != rank || c.in[2].shape()[0] != rank) {
    invalid("The input and output should have the same ndims: got: ", rank, " and ",
            c.in[3].shape()[1]);
  }
  if (c.in[0].shape()[0] != m) {
    invalid(
        "# elements of backprop_val_grad and rows of output_indices should match (#nnz of "
        "sum): got ",
        c.in[0].shape()[0], " and ", m);
  }
  c.out[0] = Tensor(c.in[0].dtype(), Shape{n});
  std::memset(c.out[0].raw(), 0, c.out[0].num_bytes());
  const auto *a = c.in[1].data<std::int64_t>(), *b = c.in[3].data<std::int64_t>();
  const auto* start = c.in[2].data<std::int64_t>();
  with_movable(c.in[0].dtype(), [&]<class T>(T) {
    std::int64_t j = 0;
    for (std::int64_t i = 0; i < n && j < m; ++i) {
      bool equal = true;
      for (std::int64_t d = 0; d < rank && equal; ++d) {
        equal = std::uint64_t(a[i * rank + d]) - std::uint64_t(start[d]) ==
                std::uint64_t(b[j * rank + d]);
      }
      if (equal) c.out[0].data<T>()[i] = c.in[0].data<T>()[j++];
    }
    if (j < m)
      invalid("Elements of backprop_val_grad aren't all propagated. Num elements:", m,
              ", used: ", j);
  });
}

void run_to_dense(Call& c) {
  const Tensor &at = c.in[0], &values = c.in[2];
  if (at.shape().rank() > 2) {
    invalid("sparse_indices should be a scalar, vector, or matrix, got shape ", at.shape());
  }
  check_rank(c.in[1], 1, "output_shape");
  if (c.in[3].shape().rank() != 0) invalid("default_value should be a scalar.");
  const Dims dims = c.in[1].as_int64s();
  const std::int64_t n = at.shape().rank() == 0 ? 1 : at.shape()[0];
  const std::int64_t rank = at.shape().rank() == 2 ? at.shape()[1] : 1;
  if (rank != std::int64_t(dims.size())) {
    invalid("output_shape has incorrect number of elements: ", std::int64_t(dims.size()),
            " should be: ", rank);
  }
  const bool one = values.shape().rank() == 0;
  if (values.shape().rank() > 1 || (!one && values.shape()[0] != n)) {
    invalid("sparse_values has incorrect shape ", values.shape(), ", should be [] or [", n, "]");
  }
  const Tensor rows = int64_matrix(at.as_int64s(), n, rank), shape = int64_vector(dims);
  const Tensor marks(DType::kBool, Shape{n});
  const SparseView s(rows, marks, shape);
  if (c.attrs.b("validate_indices")) {
    s.check_ordered();
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      if (!s.inside(i)) invalid("Indices are not valid (out of bounds).  Shape: ", join(dims));
    }
  }
  c.out[0] = Tensor(values.dtype(), Shape(std::span<const std::int64_t>(dims)));
  const Dims strides = strides_of(dims);
  with_movable(values.dtype(), [&]<class T>(T) {
    T* out = c.out[0].data<T>();
    std::fill_n(out, c.out[0].num_elements(), *c.in[3].data<T>());
    for (std::int64_t i = 0; i < n; ++i) {
      std::int64_t flat = 0;
      for (int d = 0; d < s.rank; ++d) flat += s.row(i)[d] * strides[std::size_t(d)];
      out[flat] = values.data<T>()[one ? 0 : i];
    }
  });
}

void run_fill_empty_rows(Call& c) {
  check_rank(c.in[3], 0, "default_value");
  const SparseView s(c, 0);
  if (s.rank < 1) invalid("Dense shape cannot be empty.");
  const std::int64_t rows = s.dims[0];
  if (rows == 0 && s.n != 0) {
    invalid("Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = ", s.n);
  }
  check_row_count(rows);
  c.out[2] = Tensor(DType::kBool, Shape{rows});
  std::vector<std::int64_t> next(std::size_t(rows) + 1, 0);
  for (std::int64_t i = 0; i < s.n; ++i) {
    const std::int64_t row = s.row(i)[0];
    if (row < 0 || row >= rows) {
      invalid("indices(", i, ", 0) is invalid: ", row,
              row < 0 ? " < 0" : " >= ", row < 0 ? std::string() : std::to_string(rows));
    }
    ++next[std::size_t(row) + 1];
  }
  for (std::int64_t r = 0; r < rows; ++r) {
    bool& empty = c.out[2].data<bool>()[r];
    empty = next[std::size_t(r) + 1] == 0;
    next[std::size_t(r) + 1] =
        next[std::size_t(r)] + std::max<std::int64_t>(1, next[std::size_t(r) + 1]);
  }
  const std::int64_t total = next[std::size_t(rows)];
  c.out[0] = Tensor(DType::kInt64, Shape{total, s.rank});
  c.out[1] = Tensor(c.in[1].dtype(), Shape{total});
  c.out[3] = Tensor(DType::kInt64, Shape{s.n});
  auto* at = c.out[0].data<std::int64_t>();
  with_movable(c.in[1].dtype(), [&]<class T>(T) {
    T* values = c.out[1].data<T>();
    for (std::int64_t r = 0; r < rows; ++r) {
      if (!c.out[2].data<bool>()[r]) continue;
      const std::int64_t k = next[std::size_t(r)];
      std::fill_n(at + k * s.rank, s.rank, 0);
      at[k * s.rank] = r;
      values[k] = *c.in[3].data<T>();
    }
    for (std::int64_t i = 0; i < s.n; ++i) {
      const std::int64_t k = next[std::size_t(s.row(i)[0])]++;
      std::copy_n(s.row(i), s.rank, at + k * s.rank);
      values[k] = s.values<T>()[i];
      c.out[3].data<std::int64_t>()[i] = k;
    }
  });
}

void run_fill_empty_rows_grad(Call& c) {
  check_rank(c.in[0], 1, "reverse_index_map");
  check_rank(c.in[1], 1, "grad_values");
  const std::int64_t n = c.in[0].shape()[0], m = c.in[1].shape()[0];
  const auto* map = c.in[0].data<std::int64_t>();
  c.out[0] = Tensor(c.in[1].dtype(), Shape{n});
  c.out[1] = Tensor(c.in[1].dtype(), Shape{});
  with_number(c.in[1].dtype(), [&]<class T>(T) {
    std::vector<char> seen(std::size_t(m), 0);
    const T* dy = c.in[1].data<T>();
    for (std::int64_t i = 0; i < n; ++i) {
      if (map[i] < 0 || map[i] >= m) {
        invalid("Elements in reverse index must be in [0, ", m, ") but got ", map[i]);
      }
      c.out[0].data<T>()[i] = dy[map[i]];
      seen[std::size_t(map[i])] = 1;
    }
    T sum = T(0.0f);
    for (std::int64_t i = 0; i < m; ++i) {
      if (!seen[std::size_t(i)]) sum = add_numbers(sum, dy[i]);
    }
    *c.out[1].data<T>() = sum;
  });
}

}  // namespace

std::span<const KernelRow> sparse_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"SparseReorder", "", kAny, dynamic_kernel<run_reorder>},
      {"SparseReshape", "", kAny, dynamic_kernel<run_reshape>},
      {"SparseConcat", "", kAny, dynamic_kernel<run_concat>},
      {"SparseSplit", "", kAny, dynamic_kernel<run_split>},
      {"SparseSlice", "", kAny, dynamic_kernel<run_slice>},
      {"SparseSliceGrad", "T", kNumberTypes, dynamic_kernel<run_slice_grad>},
      {"SparseToDense", "", kAny, dynamic_kernel<run_to_dense>},
      {"SparseFillEmptyRows", "", kAny, dynamic_kernel<run_fill_empty_rows>},
      {"SparseFillEmptyRowsGrad", "T", kNumberTypes, dynamic_kernel<run_fill_empty_rows_grad>},
  };
  return rows;
}

}  // namespace caudal::cpu
