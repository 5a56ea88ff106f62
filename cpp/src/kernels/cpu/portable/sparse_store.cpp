// SPDX-License-Identifier: Apache-2.0
// Sparse tensors kept: as bytes, as handles, in a map of the session; and crossed columns.
#include <map>
#include <mutex>
#include <optional>

#include "base/text_hash.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/sparse_view.h"
#include "tensor/resource.h"
#include "tensor/tensor_proto.h"

namespace caudal::cpu {
namespace {

/// A sparse tensor as three tensors.
struct Parts {
  Tensor indices, values, shape;
};

/// A tensor inside of a variant.
struct HeldTensor : Object {
  static constexpr std::string_view kKind = "tensor";
  std::string_view kind() const override { return kKind; }
  Tensor value;
};

void store(const Parts& parts, Tensor& out, std::int64_t at) {
  const Tensor* all[] = {&parts.indices, &parts.values, &parts.shape};
  for (int k = 0; k < 3; ++k) {
    if (out.dtype() == DType::kString) {
      out.data<std::string>()[at + k] = to_proto(*all[k]);
    } else {
      auto held = std::make_shared<HeldTensor>();
      held->value = all[k]->clone();
      out.data<Variant>()[at + k] = to_variant(std::move(held));
    }
  }
}

Tensor read_serialized(const std::string& bytes) {
  try {
    return tensor_from_proto(bytes);
  } catch (const Error& e) {
    if (e.code() != Code::kInvalidArgument) throw;
    invalid("Could not parse serialized proto: ", e.what());
  }
}

Parts restore(const Tensor& in, std::int64_t at, DType dtype) {
  Tensor t[3];
  for (int k = 0; k < 3; ++k) {
    t[k] = in.dtype() == DType::kString ? read_serialized(in.data<std::string>()[at + k])
                                        : object_of<HeldTensor>(in.data<Variant>()[at + k])->value;
  }
  const std::int64_t row = at / 3;
  if (t[0].dtype() != DType::kInt64 || t[2].dtype() != DType::kInt64) {
    invalid("Expected serialized_sparse[", row, "] to represent int64 indices and an int64 shape");
  }
  constexpr const char* kWhat[] = {"an index matrix", "a values vector", "a shape vector"};
  for (int k = 0; k < 3; ++k) {
    if (t[k].shape().rank() != (k == 0 ? 2 : 1)) {
      invalid("Expected serialized_sparse[", row, ", ", k, "] to represent ", kWhat[k],
              " but received shape ", t[k].shape());
    }
  }
  if (t[0].shape()[0] != t[1].shape()[0]) {
    invalid("Expected row counts of SparseTensor[", row, "].indices and SparseTensor[", row,
            "].values to match but they do not: ", t[0].shape()[0], " vs. ", t[1].shape()[0]);
  }
  if (t[0].shape()[1] != t[2].shape()[0]) {
    invalid("Expected column counts of SparseTensor[", row,
            "].indices to match size of SparseTensor[", row,
            "].shape but they do not: ", t[0].shape()[1], " vs. ", t[2].shape()[0]);
  }
  if (t[1].dtype() != dtype) {
    invalid("Requested SparseTensor of type ", dtype, " but SparseTensor[", at / 3,
            "].values.dtype() == ", t[1].dtype());
  }
  const SparseView check(t[0], t[1], t[2]);
  return {t[0], t[1], t[2]};
}

/// The sparse tensors of rank r - 1 in the rows of one of rank r; rows must come in order.
std::vector<Parts> rows_of(const SparseView& s) {
  if (s.rank < 2) invalid("Rank of input SparseTensor should be > 1, but saw rank: ", s.rank);
  const std::int64_t rows = s.dims[0];
  check_row_count(rows);
  s.check_inside();
  for (std::int64_t i = 1; i < s.n; ++i) {
    if (s.row(i)[0] < s.row(i - 1)[0]) {
      invalid("indices[", i, "] = ", join(s.row(i), s.rank),
              " is out of order. Many sparse ops require sorted indices.\n    Use "
              "`tf.sparse.reorder` to create a correctly ordered copy.\n\n");
    }
  }
  const Tensor shape = int64_vector(Dims(s.dims.begin() + 1, s.dims.end()));
  std::vector<Parts> out;
  std::int64_t at = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    Dims indices;
    std::vector<std::int64_t> members;
    for (; at < s.n && s.row(at)[0] == r; ++at) {
      indices.insert(indices.end(), s.row(at) + 1, s.row(at) + s.rank);
      members.push_back(at);
    }
    out.push_back({int64_matrix(indices, std::int64_t(members.size()), s.rank - 1),
                   pick(*s.values_tensor, members), shape});
  }
  return out;
}

void run_serialize(Call& c) {
  const SparseView s(c, 0);
  c.out[0] = Tensor(c.attrs.type("out_type"), Shape{3});
  store({c.in[0], c.in[1], c.in[2]}, c.out[0], 0);
}

void run_serialize_many(Call& c) {
  const std::vector<Parts> rows = rows_of(SparseView(c, 0));
  c.out[0] = Tensor(c.attrs.type("out_type"), Shape{std::int64_t(rows.size()), 3});
  for (std::size_t i = 0; i < rows.size(); ++i) store(rows[i], c.out[0], 3 * std::int64_t(i));
}

/// Stacks sparse tensors of one rank: new dimensions `outer` in front, the largest shape behind.
void stack(Call& c, const std::vector<Parts>& parts, const Dims& outer, DType dtype) {
  if (parts.empty()) {
    invalid("Serialized sparse should have at least 1 serialized tensor, but has a zero dimension");
  }
  const std::int64_t inner = parts[0].shape.shape()[0];
  Dims indices, shape = outer;
  shape.resize(outer.size() + std::size_t(inner), 0);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Parts& p = parts[i];
    const Dims dims = p.shape.as_int64s();
    if (std::int64_t(dims.size()) != inner) {
      invalid("Inconsistent shape across SparseTensors: rank prior to SparseTensor[", i,
              "] was: ", inner, " but rank of SparseTensor[", i,
              "] is: ", std::int64_t(dims.size()));
    }
    for (std::size_t d = 0; d < dims.size(); ++d) {
      shape[outer.size() + d] = std::max(shape[outer.size() + d], dims[d]);
    }
    total += p.values.num_elements();
  }
  Tensor values(dtype, Shape{total});
  std::int64_t at = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Parts& p = parts[i];
    const std::int64_t n = p.values.num_elements();
    Dims head(outer.size());
    std::int64_t rest = std::int64_t(i);
    for (std::size_t d = outer.size(); d-- > 0; rest /= outer[d]) head[d] = rest % outer[d];
    for (std::int64_t k = 0; k < n; ++k) {
      indices.insert(indices.end(), head.begin(), head.end());
      const auto* row = p.indices.data<std::int64_t>() + k * inner;
      indices.insert(indices.end(), row, row + inner);
    }
    with_movable(dtype,
                 [&]<class T>(T) { std::copy_n(p.values.data<T>(), n, values.data<T>() + at); });
    at += n;
  }
  c.out[0] = int64_matrix(indices, total, std::int64_t(shape.size()));
  c.out[1] = std::move(values);
  c.out[2] = int64_vector(shape);
}

void run_deserialize(Call& c) {
  const Tensor& in = c.in[0];
  const Shape& s = in.shape();
  const DType dtype = c.attrs.type("dtype");
  if (s.rank() == 0) invalid("Serialized sparse should have non-zero rank ", s);
  if (s.dim(-1) != 3) invalid("Serialized sparse should have 3 as the last dimension ", s);
  const Dims outer(s.dims().begin(), s.dims().end() - 1);
  std::vector<Parts> parts;
  for (std::int64_t i = 0; i < in.num_elements() / 3; ++i) {
    parts.push_back(restore(in, 3 * i, dtype));
  }
  stack(c, parts, outer, dtype);
}

// ---- a map of the session
// --------------------------------------------------------------------------

struct SparseMap : Object {
  static constexpr std::string_view kKind = "map of sparse tensors";
  std::string_view kind() const override { return kKind; }
  std::mutex mutex;
  std::map<std::int64_t, Parts> entries;
  std::int64_t next = 0;

  std::int64_t add(Parts parts) {
    std::lock_guard lock(mutex);
    entries.emplace(next, std::move(parts));
    return next++;
  }
};

struct MapParams {
  std::shared_ptr<SparseMap> map;
  DType dtype = DType::kInvalid;
};

template <void (*fn)(Call&, const MapParams&)>
Prepared map_kernel(const KernelRequest& r) {
  if (r.resources == nullptr) fail(Code::kInternal, "no session to keep the map");
  Prepared p;
  auto* q = make_params<MapParams>(p);
  const std::string& shared = r.attrs->s("shared_name");
  q->map = r.resources->find_or_make<SparseMap>(r.attrs->s("container"),
                                                shared.empty() ? std::string(r.node_name) : shared,
                                                [] { return std::make_shared<SparseMap>(); });
  if (const AttrValue* dtype = r.attrs->find("dtype")) q->dtype = dtype->get<DType>();
  p.run_dynamic = [](const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                     RunContext& context) {
    static const AttrMap none;
    Call call{none, in, out, context};
    fn(call, *static_cast<const MapParams*>(params));
  };
  return p;
}

void run_add_to_map(Call& c, const MapParams& q) {
  const SparseView check(c, 0);
  c.out[0] = Tensor::scalar(q.map->add({c.in[0].clone(), c.in[1].clone(), c.in[2].clone()}));
}

void run_add_many_to_map(Call& c, const MapParams& q) {
  std::vector<Parts> rows = rows_of(SparseView(c, 0));
  Dims handles;
  for (Parts& row : rows) handles.push_back(q.map->add(std::move(row)));
  c.out[0] = int64_vector(handles);
}

void run_take_from_map(Call& c, const MapParams& q) {
  check_rank(c.in[0], 1, "sparse_handles");
  std::vector<Parts> parts;
  const Dims handles = c.in[0].as_int64s();
  {
    std::lock_guard lock(q.map->mutex);
    for (const std::int64_t h : handles) {
      const auto found = q.map->entries.find(h);
      if (found == q.map->entries.end()) invalid("Unable to find SparseTensor: ", h, " in map: ");
      parts.push_back(std::move(found->second));
      q.map->entries.erase(found);
    }
  }
  for (const Parts& p : parts) {
    if (p.values.dtype() != q.dtype) {
      invalid("Requested SparseTensor of type ", q.dtype, " but the map holds ", p.values.dtype());
    }
  }
  stack(c, parts, {std::int64_t(parts.size())}, q.dtype);
}

// ---- crossed columns
// -------------------------------------------------------------------------------

/// The features of one column, by row.
struct Column {
  const Tensor* values = nullptr;
  std::vector<std::int64_t> starts;  ///< sparse: where each row begins, and the end
  std::int64_t width = -1;           ///< dense: features of a row

  std::int64_t count(std::int64_t row) const {
    return width >= 0 ? width : starts[std::size_t(row) + 1] - starts[std::size_t(row)];
  }
  std::int64_t at(std::int64_t row, std::int64_t k) const {
    return width >= 0 ? row * width + k : starts[std::size_t(row)] + k;
  }
  std::uint64_t number(std::int64_t i) const {
    return values->dtype() == DType::kString ? fingerprint64(values->data<std::string>()[i])
                                             : std::uint64_t(values->data<std::int64_t>()[i]);
  }
  std::string text(std::int64_t i) const {
    return values->dtype() == DType::kString ? values->data<std::string>()[i]
                                             : std::to_string(values->data<std::int64_t>()[i]);
  }
};

void run_cross(Call& c) {
  const auto n = std::size_t(c.attrs.i("N"));
  const std::size_t dense = c.in.size() - 3 * n;
  std::vector<Column> columns;
  std::int64_t rows = -1;
  int position = 0;
  auto agree = [&](std::int64_t batch) {
    if (rows >= 0 && batch != rows) {
      invalid("Expected batch size ", rows, " got ", batch, " at position ", position);
    }
    rows = batch;
    ++position;
  };
  for (std::size_t i = 0; i < n; ++i) {
    const SparseView s(c.in[i], c.in[n + i], c.in[2 * n + i]);
    if (s.rank != 2) invalid("shape should imply a 2D tensor, but got ", join(s.dims));
    agree(s.dims[0]);
    check_row_count(s.dims[0]);
    s.check_inside();
    Column column;
    column.values = &c.in[n + i];
    column.starts.push_back(0);
    std::int64_t at = 0;
    for (std::int64_t r = 0; r < s.dims[0]; ++r) {
      while (at < s.n && s.row(at)[0] == r) ++at;
      column.starts.push_back(at);
    }
    if (at != s.n) invalid("indices must be sorted by row");
    columns.push_back(std::move(column));
  }
  for (std::size_t i = 0; i < dense; ++i) {
    const Tensor& t = c.in[3 * n + i];
    check_rank(t, 2, "Dense inputs");
    agree(t.shape()[0]);
    Column column;
    column.values = &t;
    column.width = t.shape()[1];
    columns.push_back(std::move(column));
  }
  rows = std::max<std::int64_t>(rows, 0);
  const bool hashed = c.attrs.type("out_type") == DType::kInt64;
  const auto buckets = std::uint64_t(c.attrs.i("num_buckets"));
  Dims indices, numbers;
  std::vector<std::string> texts;
  std::int64_t widest = 0, total = 0;
  constexpr std::int64_t kMost = std::int64_t(1) << 28;
  for (std::int64_t r = 0; r < rows; ++r) {
    std::int64_t crosses = columns.empty() ? 0 : 1;
    for (const Column& column : columns) crosses = checked_mul(crosses, column.count(r));
    widest = std::max(widest, crosses);
    total += crosses;
    if (crosses > kMost || total > kMost) {
      fail(Code::kResourceExhausted, "more than ", kMost, " crosses");
    }
    for (std::int64_t k = 0; k < crosses; ++k) {
      std::vector<std::int64_t> pick(columns.size());
      std::int64_t rest = k;
      for (std::size_t j = columns.size(); j-- > 0; rest /= columns[j].count(r)) {
        pick[j] = columns[j].at(r, rest % columns[j].count(r));
      }
      indices.push_back(r);
      indices.push_back(k);
      if (hashed) {
        auto h = std::uint64_t(c.attrs.i("hash_key"));
        for (std::size_t j = 0; j < columns.size(); ++j) {
          h = join_fingerprints(h, columns[j].number(pick[j]));
        }
        numbers.push_back(std::int64_t(h % (buckets > 0 ? buckets : std::uint64_t(INT64_MAX))));
      } else {
        std::string text;
        for (std::size_t j = 0; j < columns.size(); ++j) {
          text += (j ? "_X_" : "") + columns[j].text(pick[j]);
        }
        texts.push_back(std::move(text));
      }
    }
  }
  c.out[0] = int64_matrix(indices, total, 2);
  if (hashed) {
    c.out[1] = int64_vector(numbers);
  } else {
    c.out[1] = Tensor(DType::kString, Shape{total});
    std::ranges::move(texts, c.out[1].data<std::string>());
  }
  c.out[2] = int64_vector({rows, widest});
}

}  // namespace

std::span<const KernelRow> sparse_store_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"SerializeSparse", "", kAny, dynamic_kernel<run_serialize>},
      {"SerializeManySparse", "", kAny, dynamic_kernel<run_serialize_many>},
      {"DeserializeSparse", "", kAny, dynamic_kernel<run_deserialize>},
      {"DeserializeManySparse", "", kAny, dynamic_kernel<run_deserialize>},
      {"AddSparseToTensorsMap", "", kAny, map_kernel<run_add_to_map>},
      {"AddManySparseToTensorsMap", "", kAny, map_kernel<run_add_many_to_map>},
      {"TakeManySparseFromTensorsMap", "", kAny, map_kernel<run_take_from_map>},
      {"SparseCross", "", kAny, dynamic_kernel<run_cross>},
  };
  return rows;
}

}  // namespace caudal::cpu
