// SPDX-License-Identifier: Apache-2.0
// Kernels whose output shapes depend on values.
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/strided_copy.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

struct IndexParams {
  DType index = DType::kInt32;
};

template <class T>
void run_where(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const Shape& shape = in[0].shape();
  const T* x = in[0].data<T>();
  const std::int64_t n = in[0].num_elements();
  const int rank = shape.rank();
  const std::int64_t count = n - std::count(x, x + n, T(0));
  out[0] = Tensor(DType::kInt64, Shape{count, rank});
  auto* y = out[0].data<std::int64_t>();
  const auto strides = strides_of(shape);
  for (std::int64_t i = 0; i < n; ++i) {
    if (x[i] == T(0)) continue;
    std::int64_t rest = i;
    for (int k = 0; k < rank; ++k) {
      *y++ = rest / strides[std::size_t(k)];
      rest %= strides[std::size_t(k)];
    }
  }
}
Prepared prepare_where(const KernelRequest& r) {
  Prepared prepared;
  const DType dtype = r.inputs[0].dtype;
  if (dtype == DType::kComplex64) {
    prepared.run_dynamic = run_where<std::complex<float>>;
  } else if (dtype == DType::kComplex128) {
    prepared.run_dynamic = run_where<std::complex<double>>;
  } else {
    with_type(dtype, [&]<class T>(T) { prepared.run_dynamic = run_where<T>; });
  }
  return prepared;
}

// with_type and strings.
template <class F>
void with_value(DType dtype, F&& fn) {
  if (dtype == DType::kString) return fn(std::string());
  with_type(dtype, fn);
}

Tensor index_vector(DType dtype, const std::vector<std::int64_t>& values) {
  Tensor t(dtype, Shape{std::int64_t(values.size())});
  with_index(dtype, [&]<class I>(I) {
    for (std::size_t i = 0; i < values.size(); ++i) t.data<I>()[i] = I(values[i]);
  });
  return t;
}

// Distinct values in the order of their first appearance.
template <class T>
void run_unique(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                RunContext&) {
  const DType index = static_cast<const IndexParams*>(params)->index;
  const T* x = in[0].data<T>();
  const std::int64_t n = in[0].num_elements();
  std::unordered_map<T, std::int64_t> seen;
  seen.reserve(std::size_t(2 * n));
  std::vector<std::int64_t> first, number(std::size_t(n), 0), counts;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto [at, added] = seen.try_emplace(x[i], std::int64_t(first.size()));
    if (added) {
      first.push_back(i);
      counts.push_back(0);
    }
    number[std::size_t(i)] = at->second;
    ++counts[std::size_t(at->second)];
  }
  out[0] = Tensor(in[0].dtype(), Shape{std::int64_t(first.size())});
  for (std::size_t i = 0; i < first.size(); ++i) out[0].data<T>()[i] = x[first[i]];
  out[1] = index_vector(index, number);
  if (out.size() > 2) out[2] = index_vector(index, counts);
}

// Elements of x that are not in y.
template <class T>
void run_list_diff(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                   RunContext&) {
  const T *x = in[0].data<T>(), *y = in[1].data<T>();
  const std::unordered_set<T> excluded(y, y + in[1].num_elements());
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < in[0].num_elements(); ++i) {
    if (!excluded.contains(x[i])) kept.push_back(i);
  }
  out[0] = Tensor(in[0].dtype(), Shape{std::int64_t(kept.size())});
  for (std::size_t i = 0; i < kept.size(); ++i) out[0].data<T>()[i] = x[kept[i]];
  out[1] = index_vector(static_cast<const IndexParams*>(params)->index, kept);
}

Prepared prepare_unique(const KernelRequest& r) {
  Prepared prepared;
  make_params<IndexParams>(prepared)->index = r.attrs->type("out_idx");
  with_value(r.inputs[0].dtype, [&]<class T>(T) { prepared.run_dynamic = run_unique<T>; });
  return prepared;
}
Prepared prepare_list_diff(const KernelRequest& r) {
  Prepared prepared;
  make_params<IndexParams>(prepared)->index = r.attrs->type("out_idx");
  with_value(r.inputs[0].dtype, [&]<class T>(T) { prepared.run_dynamic = run_list_diff<T>; });
  return prepared;
}

// `rows` behind the dimensions of `shape` from `skip` on.
Shape rows_of(std::int64_t rows, const Shape& shape, int skip) {
  Shape out{rows};
  for (int i = skip; i < shape.rank(); ++i) out.append(shape[i]);
  return Shape(out.dims());
}
std::int64_t row_size(const Shape& shape, int skip) {
  std::int64_t n = 1;
  for (int i = skip; i < shape.rank(); ++i) n *= shape[i];
  return n;
}
void check_prefix(const Shape& prefix, const Shape& shape, const char* a, const char* b) {
  bool ok = prefix.rank() <= shape.rank();
  for (int i = 0; ok && i < prefix.rank(); ++i) ok = prefix[i] == shape[i];
  if (!ok) invalid(b, ".shape must start with ", a, ".shape, got ", shape, " and ", prefix);
}

template <class E>
void run_dynamic_partition(const void*, std::span<const Tensor> in, std::span<Tensor> out,
                           RunContext&) {
  const Shape &shape = in[0].shape(), &split = in[1].shape();
  check_prefix(split, shape, "partitions", "data");
  const auto* partitions = in[1].data<std::int32_t>();
  const std::int64_t n = in[1].num_elements(), inner = row_size(shape, split.rank());
  const auto parts = std::int64_t(out.size());
  std::vector<std::int64_t> counts(out.size(), 0);
  for (std::int64_t i = 0; i < n; ++i) {
    if (partitions[i] < 0 || partitions[i] >= parts) {
      invalid("partitions[", i, "] = ", partitions[i], " is not in [0, ", parts, ")");
    }
    ++counts[std::size_t(partitions[i])];
  }
  std::vector<E*> at(out.size());
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k] = Tensor(in[0].dtype(), rows_of(counts[k], shape, split.rank()));
    at[k] = out[k].data<E>();
  }
  if (inner == 0) return;
  const E* x = in[0].data<E>();
  for (std::int64_t i = 0; i < n; ++i, x += inner) {
    E*& to = at[std::size_t(partitions[i])];
    copy_run(x, to, inner);
    to += inner;
  }
}
Prepared prepare_dynamic_partition(const KernelRequest& r) {
  Prepared prepared;
  with_element(r.inputs[0].dtype,
               [&]<class E>(E) { prepared.run_dynamic = run_dynamic_partition<E>; });
  return prepared;
}

// Rows of data[k] go where indices[k] says; later ones win, rows that nobody names are zero.
template <class E>
void run_dynamic_stitch(const void*, std::span<const Tensor> in, std::span<Tensor> out,
                        RunContext&) {
  const std::size_t n = in.size() / 2;
  std::int64_t largest = -1;
  const Shape tail = rows_of(0, in[n].shape(), in[0].shape().rank());
  for (std::size_t k = 0; k < n; ++k) {
    const Shape &ids = in[k].shape(), &data = in[n + k].shape();
    check_prefix(ids, data, "indices", "data");
    if (rows_of(0, data, ids.rank()) != tail) {
      invalid("Need data[0].shape[", in[0].shape().rank(), ":] = data[", k, "].shape[", ids.rank(),
              ":], got data[0].shape = ", in[n].shape(), ", data[", k, "].shape = ", data);
    }
    const auto* at = in[k].data<std::int32_t>();
    for (std::int64_t i = 0; i < in[k].num_elements(); ++i) {
      if (at[i] < 0) invalid("indices[", i, "] is out of range");
      largest = std::max<std::int64_t>(largest, at[i]);
    }
  }
  const DType dtype = in[n].dtype();
  out[0] = Tensor(dtype, rows_of(largest + 1, tail, 1));
  E* y = out[0].data<E>();
  if (!is_object(dtype)) std::fill_n(y, out[0].num_elements(), E{});
  const std::int64_t inner = row_size(tail, 1);
  if (inner == 0) return;
  for (std::size_t k = 0; k < n; ++k) {
    const auto* at = in[k].data<std::int32_t>();
    const E* x = in[n + k].data<E>();
    for (std::int64_t i = 0; i < in[k].num_elements(); ++i) {
      copy_run(x + i * inner, y + at[i] * inner, inner);
    }
  }
}
Prepared prepare_dynamic_stitch(const KernelRequest& r) {
  Prepared prepared;
  with_element(r.outputs[0].dtype,
               [&]<class E>(E) { prepared.run_dynamic = run_dynamic_stitch<E>; });
  return prepared;
}

}  // namespace

std::span<const KernelRow> dynamic_kernels() {
  constexpr DTypeSet kCompared = kPlain | DTypeSet{DType::kString};
  constexpr DTypeSet kNonZero = kPlain | DTypeSet{DType::kComplex64, DType::kComplex128};
  static const KernelRow rows[] = {
      {"Where", "T", kNonZero, prepare_where},
      {"Unique", "T", kCompared, prepare_unique},
      {"UniqueWithCounts", "T", kCompared, prepare_unique},
      {"ListDiff", "T", kCompared, prepare_list_diff},
      {"DynamicPartition", "T", kMovable, prepare_dynamic_partition},
      {"DynamicStitch", "T", kMovable, prepare_dynamic_stitch},
      {"ParallelDynamicStitch", "T", kMovable, prepare_dynamic_stitch},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
