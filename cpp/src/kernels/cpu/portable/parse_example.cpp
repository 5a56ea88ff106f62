// SPDX-License-Identifier: Apache-2.0
// Examples and sequence examples to tensors.
#include <algorithm>
#include <sstream>

#include "base/example_wire.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/sparse_view.h"

namespace caudal::cpu {
namespace {

FeatureValues::Kind kind_of(DType t) {
  switch (t) {
    case DType::kString:
      return FeatureValues::kBytes;
    case DType::kFloat:
      return FeatureValues::kFloat;
    case DType::kInt64:
      return FeatureValues::kInt64;
    default:
      invalid("features are string, float or int64, not ", t);
  }
}
DType dtype_of_kind(FeatureValues::Kind kind) {
  return kind == FeatureValues::kBytes   ? DType::kString
         : kind == FeatureValues::kFloat ? DType::kFloat
                                         : DType::kInt64;
}

/// Copies all values to element `at` and on of `out`, which is large enough.
void copy_values(const FeatureValues& v, Tensor& out, std::int64_t at) {
  switch (v.kind) {
    case FeatureValues::kBytes:
      std::ranges::transform(v.texts, out.data<std::string>() + at,
                             [](std::string_view s) { return std::string(s); });
      break;
    case FeatureValues::kFloat:
      std::ranges::copy(v.floats, out.data<float>() + at);
      break;
    case FeatureValues::kInt64:
      std::ranges::copy(v.integers, out.data<std::int64_t>() + at);
      break;
    case FeatureValues::kNone:
      break;
  }
}

struct SparseSpec {
  std::string key;
  DType dtype;
};

struct DenseSpec {
  std::string key;
  DType dtype;
  PartialShape shape;
  Tensor fallback;  ///< undefined: there is none

  bool variable() const { return shape.rank() > 0 && shape[0] < 0; }
  Shape row() const {  ///< without the variable dimension
    Shape s;
    for (int d = variable() ? 1 : 0; d < shape.rank(); ++d) s.append(shape[d]);
    return Shape(s.dims());
  }
};

/// A feature in the text format of protocol buffers.
std::string text_of(const FeatureValues& v) {
  std::ostringstream s;
  const char* list = v.kind == FeatureValues::kBytes   ? "bytes_list"
                     : v.kind == FeatureValues::kFloat ? "float_list"
                                                       : "int64_list";
  s << list << " {\n";
  for (std::int64_t i = 0; i < v.size(); ++i) {
    const auto at = std::size_t(i);
    s << "  value: ";
    if (v.kind == FeatureValues::kBytes) {
      s << '"' << v.texts[at] << '"';
    } else if (v.kind == FeatureValues::kFloat) {
      s << v.floats[at];
    } else {
      s << v.integers[at];
    }
    s << "\n";
  }
  s << "}\n";
  return s.str();
}

/// Who is being parsed, for error texts, which differ from op to op.
struct Record {
  enum Op { kBatch, kSingle, kSequence, kSequences };

  std::string name = "<unknown>";
  std::int64_t index = 0;
  Op op = kBatch;

  bool sequence() const { return op == kSequence || op == kSequences; }

  [[noreturn]] void wrong(const std::string& key, const std::string& what) const {
    if (op == kSingle) invalid("Key: ", key, ".  ", what);
    invalid("Name: ", name, ", Key: ", key, ", Index: ", index, ".  ", what);
  }
  [[noreturn]] void missing(const std::string& key, DType dtype) const {
    if (op == kSequence) {
      invalid("Name: ", name, ", Context feature '", key, "' is required but could not be found.");
    }
    if (op == kSequences) invalid("Inconsistent number of elements for feature ", key, ": 0 vs 1");
    invalid("Name: ", name, ", Feature: ", key, " (data type: ", dtype_signature_name(dtype),
            ") is required but could not be found.");
  }
  [[noreturn]] void wrong_kind(const std::string& key, const FeatureValues& v, DType dtype,
                               bool dense) const {
    const auto got = dtype_signature_name(dtype_of_kind(v.kind));
    const auto wanted = dtype_signature_name(dtype);
    if (op == kSequences) invalid("Error in context feature ", key, " in example ", name);
    if (op == kSequence) {
      invalid("Name: ", name, ", Context feature: ", key,
              ".  Data types don't match. Expected type: ", wanted, "  Feature is: ", text_of(v));
    }
    wrong(key,
          dense ? str("Data types don't match. Data type: ", got, " but expected type: ", wanted)
                : str("Data types don't match. Expected type: ", wanted, ", Actual type: ", got));
  }
  /// The values of a feature; kNone when it is absent or empty of kind.
  FeatureValues read(const std::string& key, std::string_view bytes) const {
    FeatureValues v;
    if (!parse_feature(bytes, v)) wrong(key, "Can't parse serialized Example.");
    return v;
  }
  FeatureValues find(const FeatureMap& features, const std::string& key, DType dtype,
                     bool dense) const {
    const auto found = features.find(key);
    if (found == features.end()) return {};
    FeatureValues v = read(key, found->second);
    if (v.kind != FeatureValues::kNone && v.kind != kind_of(dtype)) {
      wrong_kind(key, v, dtype, dense);
    }
    return v;
  }
};

struct Parsed {
  Record record;
  FeatureMap features;
};

void clear(Tensor& t) {
  if (t.dtype() != DType::kString && t.num_bytes() > 0) std::memset(t.raw(), 0, t.num_bytes());
}

void fill(Tensor& out, std::int64_t begin, std::int64_t end, const Tensor& value) {
  with_movable(out.dtype(), [&]<class T>(T) {
    std::fill(out.data<T>() + begin, out.data<T>() + end, *value.data<T>());
  });
}

/// A ragged matrix as a sparse tensor of rank 2, or of rank 1 for a single row that is no batch.
void parse_sparse(std::span<const Parsed> batch, bool batched, const SparseSpec& spec,
                  Tensor& indices, Tensor& values, Tensor& shape) {
  std::vector<FeatureValues> rows;
  std::int64_t total = 0, widest = 0;
  for (const Parsed& p : batch) {
    rows.push_back(p.record.find(p.features, spec.key, spec.dtype, false));
    total += rows.back().size();
    widest = std::max(widest, rows.back().size());
  }
  Dims at;
  values = Tensor(spec.dtype, Shape{total});
  std::int64_t next = 0;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    copy_values(rows[r], values, next);
    for (std::int64_t k = 0; k < rows[r].size(); ++k) {
      if (batched) at.push_back(std::int64_t(r));
      at.push_back(k);
    }
    next += rows[r].size();
  }
  indices = int64_matrix(at, total, batched ? 2 : 1);
  shape = batched ? int64_vector({std::int64_t(batch.size()), widest}) : int64_vector({widest});
}

std::string count_text(const DenseSpec& spec, std::int64_t got, bool sequence = false) {
  return str("Number of ", dtype_signature_name(spec.dtype), " values != expected.  ",
             sequence ? "values" : "Values", " size: ", got, " but output shape: ", spec.shape);
}

Tensor parse_dense(std::span<const Parsed> batch, bool batched, const DenseSpec& spec) {
  const Shape row = spec.row();
  const std::int64_t stride = row.num_elements();
  std::vector<FeatureValues> rows;
  std::int64_t longest = 0;
  for (const Parsed& p : batch) {
    FeatureValues v = p.record.find(p.features, spec.key, spec.dtype, true);
    if (spec.variable()) {
      if (stride == 0 ? v.size() != 0 : v.size() % stride != 0) {
        if (p.record.op == Record::kSingle) {
          p.record.wrong(spec.key, "Can't parse serialized Example.");
        }
        p.record.wrong(spec.key, str("Number of ", dtype_signature_name(spec.dtype),
                                     " values is not a multiple of stride length. Saw ", v.size(),
                                     " values but output shape is: ", spec.shape));
      }
      longest = std::max(longest, stride == 0 ? 0 : v.size() / stride);
    } else if (v.kind == FeatureValues::kNone) {
      if (!spec.fallback.defined() && stride > 0) p.record.missing(spec.key, spec.dtype);
    } else if (v.size() != stride) {
      if (p.record.op == Record::kSequences) {
        invalid("Inconsistent number of elements for feature ", spec.key, ": ", v.size(), " vs ",
                stride);
      }
      p.record.wrong(spec.key, count_text(spec, v.size(), p.record.sequence()));
    }
    rows.push_back(std::move(v));
  }
  Shape shape;
  if (batched) shape.append(std::int64_t(batch.size()));
  if (spec.variable()) shape.append(longest);
  for (const std::int64_t d : row.dims()) shape.append(d);
  Tensor out(spec.dtype, Shape(shape.dims()));
  clear(out);
  const std::int64_t each = spec.variable() ? longest * stride : stride;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::int64_t begin = std::int64_t(r) * each;
    copy_values(rows[r], out, begin);
    if (!spec.fallback.defined()) continue;
    if (spec.variable()) {
      fill(out, begin + rows[r].size(), begin + each, spec.fallback);
    } else if (rows[r].kind == FeatureValues::kNone) {
      with_movable(spec.dtype, [&]<class T>(T) {
        std::copy_n(spec.fallback.data<T>(), stride, out.data<T>() + begin);
      });
    }
  }
  return out;
}

std::vector<std::string> keys_of(std::span<const Tensor> keys) {
  std::vector<std::string> out;
  for (const Tensor& t : keys) {
    if (t.shape().rank() != 0 || t.dtype() != DType::kString) {
      invalid("Expected a scalar key, got shape ", t.shape());
    }
    out.push_back(*t.data<std::string>());
  }
  return out;
}
const std::vector<std::string>& keys_of(const Call& c, const char* name) {
  return c.attrs.at(name).get<std::vector<std::string>>();
}

std::vector<SparseSpec> sparse_specs(const std::vector<std::string>& keys,
                                     const std::vector<DType>& types) {
  if (keys.size() != types.size()) invalid("there must be as many sparse keys as sparse types");
  std::vector<SparseSpec> out;
  for (std::size_t i = 0; i < keys.size(); ++i) out.push_back({keys[i], types[i]});
  return out;
}

std::vector<DenseSpec> dense_specs(const Call& c, const std::vector<std::string>& keys,
                                   const std::vector<DType>& types, const char* shapes_name,
                                   std::span<const Tensor> defaults) {
  const auto& shapes = c.attrs.at(shapes_name).get<std::vector<PartialShape>>();
  if (keys.size() != types.size() || keys.size() != shapes.size()) {
    invalid("there must be as many dense keys as types and shapes: ", std::int64_t(keys.size()),
            ", ", std::int64_t(types.size()), ", ", std::int64_t(shapes.size()));
  }
  std::vector<DenseSpec> out;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    DenseSpec spec{keys[i], types[i], shapes[i], {}};
    if (!spec.shape.has_rank()) invalid("dense_shapes[", i, "] must have a known rank");
    for (int d = 1; d < spec.shape.rank(); ++d) {
      if (spec.shape[d] < 0)
        invalid("dense_shapes[", i, "] has an unknown inner dimension: ", spec.shape);
    }
    if (i < defaults.size()) {
      const Tensor& d = defaults[i];
      if (d.dtype() != spec.dtype) {
        invalid("dense_defaults[", i, "].dtype() == ", d.dtype(), " != dense_types_[", i,
                "] == ", spec.dtype);
      }
      const std::int64_t wanted = spec.variable() ? 1 : spec.row().num_elements();
      if (d.num_elements() > 0) {
        if (d.num_elements() != wanted) {
          invalid("dense_defaults[", i, "].shape() == ", d.shape(),
                  " is not compatible with dense_shapes_[", i, "] == ", spec.shape);
        }
        spec.fallback = d;
      }
    }
    out.push_back(std::move(spec));
  }
  return out;
}

/// Parses features of a batch into outputs from `at` on: sparse ones, then dense ones.
void parse_features(Call& c, std::size_t at, std::span<const Parsed> batch, bool batched,
                    const std::vector<SparseSpec>& sparse, const std::vector<DenseSpec>& dense) {
  const std::size_t n = sparse.size();
  for (std::size_t i = 0; i < n; ++i) {
    parse_sparse(batch, batched, sparse[i], c.out[at + i], c.out[at + n + i],
                 c.out[at + 2 * n + i]);
  }
  for (std::size_t i = 0; i < dense.size(); ++i) {
    c.out[at + 3 * n + i] = parse_dense(batch, batched, dense[i]);
  }
}

[[noreturn]] void not_an_example(const std::string& bytes) {
  constexpr std::size_t kShown = 200;
  std::string text;
  for (const char ch : bytes.substr(0, kShown)) text += ch >= ' ' && ch < 127 ? ch : '?';
  invalid("Could not parse example input, value: '", text, "'");
}

/// Names of the records, when they are given.
void name_records(const Tensor& names, std::vector<Parsed>& batch) {
  if (names.num_elements() == 0) return;
  if (names.num_elements() != std::int64_t(batch.size())) {
    invalid("Expected len(names) == len(serialized), but got: ", names.num_elements(), " vs. ",
            std::int64_t(batch.size()));
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    batch[i].record.name = names.data<std::string>()[i];
  }
}

void run_parse_example(Call& c) {
  check_rank(c.in[0], 1, "serialized");
  check_rank(c.in[1], 1, "names");
  const auto sparse = std::size_t(c.attrs.i("Nsparse")), dense = std::size_t(c.attrs.i("Ndense"));
  const auto sparse_list =
      sparse_specs(keys_of(c.in.subspan(2, sparse)), c.attrs.types("sparse_types"));
  const auto dense_list =
      dense_specs(c, keys_of(c.in.subspan(2 + sparse, dense)), c.attrs.types("Tdense"),
                  "dense_shapes", c.in.subspan(2 + sparse + dense));
  std::vector<Parsed> batch(std::size_t(c.in[0].num_elements()));
  name_records(c.in[1], batch);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::string& bytes = c.in[0].data<std::string>()[i];
    batch[i].record.index = std::int64_t(i);
    if (!parse_example(bytes, batch[i].features)) not_an_example(bytes);
  }
  parse_features(c, 0, batch, true, sparse_list, dense_list);
}

void run_parse_single_example(Call& c) {
  check_rank(c.in[0], 0, "serialized");
  const auto sparse_list = sparse_specs(keys_of(c, "sparse_keys"), c.attrs.types("sparse_types"));
  const auto dense_list = dense_specs(c, keys_of(c, "dense_keys"), c.attrs.types("Tdense"),
                                      "dense_shapes", c.in.subspan(1));
  Parsed one;
  one.record.op = Record::kSingle;
  const std::string& bytes = *c.in[0].data<std::string>();
  if (!parse_example(bytes, one.features)) not_an_example(bytes);
  parse_features(c, 0, {&one, 1}, false, sparse_list, dense_list);
}

// ---- sequences
// -------------------------------------------------------------------------------------

struct Sequence {
  Record record;
  FeatureListMap lists;
};

/// The features of a list, decoded; nullopt-like `known` tells whether it is there.
std::vector<FeatureValues> steps_of(const Sequence& s, const std::string& key, DType dtype,
                                    bool& known) {
  std::vector<FeatureValues> out;
  const auto found = s.lists.find(key);
  known = found != s.lists.end();
  if (!known) return out;
  for (const std::string_view bytes : found->second) {
    FeatureValues v = s.record.read(key, bytes);
    if (v.kind != FeatureValues::kNone && v.kind != kind_of(dtype)) {
      if (s.record.op == Record::kSequences) {
        invalid("Error in sequence feature ", key, " in example ", s.record.name);
      }
      invalid("Name: ", s.record.name, ", Feature list: ", key, ", Index: ", out.size(),
              ".  Data types don't match. Expected type: ", dtype_signature_name(dtype),
              "  Feature is: ", text_of(v));
    }
    out.push_back(std::move(v));
  }
  return out;
}

void parse_list_sparse(std::span<const Sequence> batch, bool batched, const SparseSpec& spec,
                       Tensor& indices, Tensor& values, Tensor& shape) {
  Dims at;
  std::int64_t longest = 0, widest = 0, total = 0;
  std::vector<std::vector<FeatureValues>> all;
  for (std::size_t b = 0; b < batch.size(); ++b) {
    bool known = false;
    all.push_back(steps_of(batch[b], spec.key, spec.dtype, known));
    longest = std::max(longest, std::int64_t(all.back().size()));
    for (std::size_t t = 0; t < all.back().size(); ++t) {
      const std::int64_t n = all.back()[t].size();
      widest = std::max(widest, n);
      for (std::int64_t k = 0; k < n; ++k) {
        if (batched) at.push_back(std::int64_t(b));
        at.push_back(std::int64_t(t));
        at.push_back(k);
      }
      total += n;
    }
  }
  values = Tensor(spec.dtype, Shape{total});
  std::int64_t next = 0;
  for (const auto& steps : all) {
    for (const FeatureValues& v : steps) {
      copy_values(v, values, next);
      next += v.size();
    }
  }
  indices = int64_matrix(at, total, batched ? 3 : 2);
  shape = batched ? int64_vector({std::int64_t(batch.size()), longest, widest})
                  : int64_vector({longest, widest});
}

Tensor parse_list_dense(std::span<const Sequence> batch, bool batched, const DenseSpec& spec,
                        bool may_miss, Tensor* lengths) {
  const std::int64_t each = spec.row().num_elements();
  std::vector<std::vector<FeatureValues>> all;
  std::int64_t longest = 0;
  for (const Sequence& s : batch) {
    bool known = false;
    all.push_back(steps_of(s, spec.key, spec.dtype, known));
    const bool batch_op = s.record.op == Record::kSequences;
    if (!known && !may_miss && batch_op) {
      invalid("Missing feature ", spec.key, " in example ", s.record.name);
    }
    if (!known && !may_miss) {
      invalid("Name: ", s.record.name, ", Feature list '", spec.key,
              "' is required but could not be found.  Did you mean to include it in "
              "feature_list_dense_missing_assumed_empty or feature_list_dense_defaults?");
    }
    longest = std::max(longest, std::int64_t(all.back().size()));
    for (std::size_t t = 0; t < all.back().size(); ++t) {
      const FeatureValues& v = all.back()[t];
      if (v.kind == FeatureValues::kNone && each > 0) {
        invalid("Name: ", s.record.name, ", Feature list: ", spec.key, ", Index: ", t,
                ".  Data types don't match. Expected type: ", dtype_signature_name(spec.dtype));
      }
      if (v.size() != each && batch_op) invalid("Unexpected shape error in feature ", spec.key);
      if (v.size() != each) {
        invalid("Name: ", s.record.name, ", Key: ", spec.key, ", Index: ", t, ".  ",
                count_text(spec, v.size(), true));
      }
    }
  }
  Shape shape;
  if (batched) shape.append(std::int64_t(batch.size()));
  shape.append(longest);
  for (int d = 0; d < spec.shape.rank(); ++d) shape.append(spec.shape[d]);
  Tensor out(spec.dtype, Shape(shape.dims()));
  clear(out);
  for (std::size_t b = 0; b < all.size(); ++b) {
    for (std::size_t t = 0; t < all[b].size(); ++t) {
      copy_values(all[b][t], out, (std::int64_t(b) * longest + std::int64_t(t)) * each);
    }
  }
  if (lengths != nullptr) {
    *lengths = Tensor(DType::kInt64, Shape{std::int64_t(batch.size())});
    for (std::size_t b = 0; b < all.size(); ++b) {
      lengths->data<std::int64_t>()[b] = std::int64_t(all[b].size());
    }
  }
  return out;
}

struct SequenceKeys {
  std::vector<std::string> context_sparse, context_dense, list_sparse, list_dense, may_miss;
  std::span<const Tensor> defaults;
};

void parse_sequences(Call& c, const Tensor& serialized, const Tensor& names, bool batched,
                     const SequenceKeys& keys) {
  const auto context_sparse =
      sparse_specs(keys.context_sparse, c.attrs.types("context_sparse_types"));
  const auto context_dense = dense_specs(c, keys.context_dense, c.attrs.types("Tcontext_dense"),
                                         "context_dense_shapes", keys.defaults);
  const auto list_sparse =
      sparse_specs(keys.list_sparse, c.attrs.types("feature_list_sparse_types"));
  const auto list_dense = dense_specs(c, keys.list_dense, c.attrs.types("feature_list_dense_types"),
                                      "feature_list_dense_shapes", {});
  std::vector<Parsed> batch(std::size_t(serialized.num_elements()));
  std::vector<Sequence> sequences(batch.size());
  name_records(names, batch);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::string& bytes = serialized.data<std::string>()[i];
    batch[i].record.index = std::int64_t(i);
    batch[i].record.op = batched ? Record::kSequences : Record::kSequence;
    sequences[i].record = batch[i].record;
    if (!parse_sequence_example(bytes, batch[i].features, sequences[i].lists)) {
      if (batched) invalid("Invalid protocol message input, example id: ", batch[i].record.name);
      not_an_example(bytes);
    }
  }
  parse_features(c, 0, batch, batched, context_sparse, context_dense);
  std::size_t at = 3 * context_sparse.size() + context_dense.size();
  const std::size_t n = list_sparse.size();
  for (std::size_t i = 0; i < n; ++i) {
    parse_list_sparse(sequences, batched, list_sparse[i], c.out[at + i], c.out[at + n + i],
                      c.out[at + 2 * n + i]);
  }
  at += 3 * n;
  for (std::size_t i = 0; i < list_dense.size(); ++i) {
    const bool may_miss = std::ranges::count(keys.may_miss, list_dense[i].key) > 0;
    if (list_dense[i].variable()) {
      invalid("feature_list_dense_shapes[", i, "] must be fully defined, got ",
              list_dense[i].shape);
    }
    c.out[at + i] = parse_list_dense(sequences, batched, list_dense[i], may_miss,
                                     batched ? &c.out[at + list_dense.size() + i] : nullptr);
  }
}

void run_parse_single_sequence(Call& c) {
  check_rank(c.in[0], 0, "serialized");
  check_rank(c.in[1], 1, "feature_list_dense_missing_assumed_empty");
  SequenceKeys keys;
  keys.may_miss.assign(c.in[1].data<std::string>(),
                       c.in[1].data<std::string>() + c.in[1].num_elements());
  std::size_t at = 2;
  auto take = [&](const char* count) {
    const auto n = std::size_t(c.attrs.i(count));
    at += n;
    return keys_of(c.in.subspan(at - n, n));
  };
  keys.context_sparse = take("Ncontext_sparse");
  keys.context_dense = take("Ncontext_dense");
  keys.list_sparse = take("Nfeature_list_sparse");
  keys.list_dense = take("Nfeature_list_dense");
  keys.defaults = c.in.subspan(at, c.in.size() - at - 1);
  const Tensor& name = c.in.back();
  check_rank(name, 0, "debug_name");
  parse_sequences(c, c.in[0].reshaped(Shape{1}), name.reshaped(Shape{1}), false, keys);
}

void run_parse_sequence(Call& c) {
  check_rank(c.in[0], 1, "serialized");
  SequenceKeys keys;
  keys.context_sparse = keys_of(c, "context_sparse_keys");
  keys.context_dense = keys_of(c, "context_dense_keys");
  keys.list_sparse = keys_of(c, "feature_list_sparse_keys");
  keys.list_dense = keys_of(c, "feature_list_dense_keys");
  keys.may_miss = keys_of(c, "feature_list_dense_missing_assumed_empty");
  keys.defaults = c.in.subspan(2);
  parse_sequences(c, c.in[0], c.in[1], true, keys);
}

}  // namespace

std::span<const KernelRow> parse_example_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"ParseExample", "", kAny, dynamic_kernel<run_parse_example>},
      {"ParseSingleExample", "", kAny, dynamic_kernel<run_parse_single_example>},
      {"ParseSequenceExample", "", kAny, dynamic_kernel<run_parse_sequence>},
      {"ParseSingleSequenceExample", "", kAny, dynamic_kernel<run_parse_single_sequence>},
  };
  return rows;
}

}  // namespace caudal::cpu
