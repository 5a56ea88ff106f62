// SPDX-License-Identifier: Apache-2.0
// Sets in the last dimension of dense and sparse tensors.
#include <algorithm>
#include <map>
#include <set>

#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/sparse_view.h"

namespace caudal::cpu {
namespace {

template <class F>
void with_member(DType dtype, F&& fn) {
  switch (dtype) {
    case DType::kInt8:
      return fn(std::int8_t{});
    case DType::kInt16:
      return fn(std::int16_t{});
    case DType::kInt32:
      return fn(std::int32_t{});
    case DType::kInt64:
      return fn(std::int64_t{});
    case DType::kUint8:
      return fn(std::uint8_t{});
    case DType::kUint16:
      return fn(std::uint16_t{});
    case DType::kString:
      return fn(std::string());
    default:
      fail(Code::kUnimplemented, "no sets of ", dtype);
  }
}

constexpr DTypeSet kMembers{DType::kInt8,  DType::kInt16,  DType::kInt32, DType::kInt64,
                            DType::kUint8, DType::kUint16, DType::kString};

/// Sets by the position of their group; empty groups of sparse tensors are absent.
template <class T>
using Sets = std::map<Dims, std::set<T>>;

template <class T>
Sets<T> sets_of(const SparseView& s, bool validate) {
  if (s.rank < 1) invalid("Shape of a set tensor must be at least rank 1");
  if (validate) s.check_ordered();
  Sets<T> out;
  for (std::int64_t i = 0; i < s.n; ++i) {
    out[Dims(s.row(i), s.row(i) + s.rank - 1)].insert(s.values<T>()[i]);
  }
  return out;
}

/// The view of a dense tensor in which every element is present.
struct DenseAsSparse {
  Tensor indices, values, shape;

  explicit DenseAsSparse(const Tensor& t) {
    const Shape& s = t.shape();
    const std::int64_t n = t.num_elements();
    indices = Tensor(DType::kInt64, Shape{n, s.rank()});
    auto* at = indices.data<std::int64_t>();
    for (std::int64_t i = 0; i < n; ++i) {
      std::int64_t rest = i;
      for (int d = s.rank(); d-- > 0; rest /= s[d]) at[i * s.rank() + d] = rest % s[d];
    }
    values = t.reshaped(Shape{n});
    shape = int64_vector(Dims(s.dims().begin(), s.dims().end()));
  }
};

enum class Operation { kAMinusB, kBMinusA, kIntersection, kUnion };

Operation operation_of(const std::string& name) {
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char ch) { return char(std::tolower(ch)); });
  if (lower == "a-b") return Operation::kAMinusB;
  if (lower == "b-a") return Operation::kBMinusA;
  if (lower == "intersection") return Operation::kIntersection;
  if (lower == "union") return Operation::kUnion;
  invalid("Invalid set_operation ", name, ".");
}

template <class T>
std::vector<T> combine(Operation operation, const std::set<T>& a, const std::set<T>& b) {
  std::vector<T> out;
  auto into = std::back_inserter(out);
  switch (operation) {
    case Operation::kAMinusB:
      std::ranges::set_difference(a, b, into);
      break;
    case Operation::kBMinusA:
      std::ranges::set_difference(b, a, into);
      break;
    case Operation::kIntersection:
      std::ranges::set_intersection(a, b, into);
      break;
    case Operation::kUnion:
      std::ranges::set_union(a, b, into);
      break;
  }
  return out;
}

void operate(Call& c, const SparseView& a, const SparseView& b, bool check_a, bool check_b) {
  const Operation operation = operation_of(c.attrs.s("set_operation"));
  if (a.rank < 2 || a.rank != b.rank) {
    invalid("Set operations need operands of the same rank of at least 2, got ", a.rank, " and ",
            b.rank);
  }
  for (int d = 0; d + 1 < a.rank; ++d) {
    if (a.dims[std::size_t(d)] != b.dims[std::size_t(d)]) {
      invalid("Mismatched group shapes: ", join(a.dims), " and ", join(b.dims),
              " differ in dimension ", d);
    }
  }
  with_member(a.values_tensor->dtype(), [&]<class T>(T) {
    const Sets<T> left = sets_of<T>(a, check_a), right = sets_of<T>(b, check_b);
    std::set<Dims> groups;
    for (const auto& [at, set] : left) groups.insert(at);
    for (const auto& [at, set] : right) groups.insert(at);
    const std::set<T> none;
    Dims indices, shape = a.dims;
    std::vector<T> values;
    std::int64_t widest = 0;
    for (const Dims& at : groups) {
      const auto l = left.find(at), r = right.find(at);
      const std::vector<T> found = combine(operation, l == left.end() ? none : l->second,
                                           r == right.end() ? none : r->second);
      widest = std::max(widest, std::int64_t(found.size()));
      for (std::size_t k = 0; k < found.size(); ++k) {
        indices.insert(indices.end(), at.begin(), at.end());
        indices.push_back(std::int64_t(k));
        values.push_back(found[k]);
      }
    }
    shape.back() = widest;
    const auto n = std::int64_t(values.size());
    c.out[0] = int64_matrix(indices, n, a.rank);
    c.out[1] = Tensor(a.values_tensor->dtype(), Shape{n});
    std::ranges::move(values, c.out[1].data<T>());
    c.out[2] = int64_vector(shape);
  });
}

void run_dense_to_dense(Call& c) {
  const DenseAsSparse a(c.in[0]), b(c.in[1]);
  operate(c, SparseView(a.indices, a.values, a.shape), SparseView(b.indices, b.values, b.shape),
          false, false);
}
void run_dense_to_sparse(Call& c) {
  const DenseAsSparse a(c.in[0]);
  operate(c, SparseView(a.indices, a.values, a.shape), SparseView(c, 1), false,
          c.attrs.b("validate_indices"));
}
void run_sparse_to_sparse(Call& c) {
  const bool validate = c.attrs.b("validate_indices");
  operate(c, SparseView(c, 0), SparseView(c, 3), validate, validate);
}

void run_set_size(Call& c) {
  const SparseView s(c, 0);
  if (s.rank < 1) invalid("Shape of a set tensor must be at least rank 1");
  if (c.attrs.b("validate_indices")) s.check_ordered();
  s.check_inside();
  const Dims groups(s.dims.begin(), s.dims.end() - 1);
  c.out[0] = Tensor(DType::kInt32, Shape(std::span<const std::int64_t>(groups)));
  auto* size = c.out[0].data<std::int32_t>();
  std::fill_n(size, c.out[0].num_elements(), 0);
  const Dims strides = strides_of(groups);
  with_member(c.in[1].dtype(), [&]<class T>(T) {
    for (const auto& [at, set] : sets_of<T>(s, false)) {
      std::int64_t flat = 0;
      for (std::size_t d = 0; d < at.size(); ++d) flat += at[d] * strides[d];
      size[flat] = std::int32_t(set.size());
    }
  });
}

}  // namespace

std::span<const KernelRow> set_kernels() {
  static const KernelRow rows[] = {
      {"DenseToDenseSetOperation", "T", kMembers, dynamic_kernel<run_dense_to_dense>},
      {"DenseToSparseSetOperation", "T", kMembers, dynamic_kernel<run_dense_to_sparse>},
      {"SparseToSparseSetOperation", "T", kMembers, dynamic_kernel<run_sparse_to_sparse>},
      {"SetSize", "T", kMembers, dynamic_kernel<run_set_size>},
  };
  return rows;
}

}  // namespace caudal::cpu
