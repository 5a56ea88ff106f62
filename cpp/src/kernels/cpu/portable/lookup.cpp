// SPDX-License-Identifier: Apache-2.0
// Hash tables. Keys and values are kept as bytes, so one table serves all dtypes and shapes.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <mutex>
#include <unordered_map>

#include "kernels/cpu/portable/dynamic_call.h"
#include "kernels/cpu/portable/families.h"
#include "tensor/resource.h"

namespace caudal::cpu {
namespace {

/// Reads and writes elements of a dtype as bytes; strings carry their length in front.
struct Codec {
  DType dtype = DType::kInvalid;
  Shape shape;  ///< of one key or value

  std::int64_t size() const { return shape.num_elements(); }

  std::string read(const Tensor& t, std::int64_t i) const {
    const std::int64_t n = size();
    if (dtype != DType::kString) {
      const std::size_t bytes = std::size_t(n) * dtype_size(dtype);
      return {static_cast<const char*>(t.raw()) + std::size_t(i) * bytes, bytes};
    }
    std::string out;
    for (std::int64_t k = 0; k < n; ++k) {
      const std::string& s = t.data<std::string>()[i * n + k];
      const std::uint64_t length = s.size();
      if (n > 1) out.append(reinterpret_cast<const char*>(&length), sizeof length);
      out += s;
    }
    return out;
  }
  void write(std::string_view bytes, Tensor& t, std::int64_t i) const {
    const std::int64_t n = size();
    if (dtype != DType::kString) {
      if (!bytes.empty())
        std::memcpy(static_cast<char*>(t.raw()) + std::size_t(i) * bytes.size(), bytes.data(),
                    bytes.size());
      return;
    }
    for (std::int64_t k = 0; k < n; ++k) {
      std::uint64_t length = bytes.size();
      if (n > 1) {
        std::memcpy(&length, bytes.data(), sizeof length);
        bytes.remove_prefix(sizeof length);
      }
      t.data<std::string>()[i * n + k] = std::string(bytes.substr(0, length));
      bytes.remove_prefix(length);
    }
  }
  /// For error texts.
  std::string show(std::string_view bytes) const {
    if (dtype == DType::kString) return std::string(bytes);
    if (size() != 1) return "(a tensor)";
    std::string out;
    with_number(dtype == DType::kBool ? DType::kUint8 : dtype, [&]<class T>(T) {
      T v;
      std::memcpy(&v, bytes.data(), sizeof v);
      if constexpr (std::is_arithmetic_v<T>) {
        append_text(out, v);
      } else {
        out = "?";
      }
    });
    return out;
  }
  /// How many keys or values are in `t`, whose shape must end in this one.
  std::int64_t count(const Tensor& t, std::string_view what) const {
    if (t.dtype() != dtype) {
      invalid(what, " must be type ", dtype_signature_name(dtype), " but got ",
              dtype_signature_name(t.dtype()));
    }
    const int head = t.shape().rank() - shape.rank();
    bool fits = head >= 0;
    for (int d = 0; fits && d < shape.rank(); ++d) fits = t.shape()[head + d] == shape[d];
    if (!fits) {
      invalid("Input ", what, " shape ", t.shape(), " must end with the table's ", what, " shape ",
              shape);
    }
    std::int64_t n = 1;
    for (int d = 0; d < head; ++d) n *= t.shape()[d];
    return n;
  }
  /// `head` of `t`'s dimensions, then this shape.
  Shape shaped(const Tensor& t, const Codec& removed) const {
    Shape out;
    for (int d = 0; d < t.shape().rank() - removed.shape.rank(); ++d) out.append(t.shape()[d]);
    for (const std::int64_t d : shape.dims()) out.append(d);
    return Shape(out.dims());
  }
};

enum class Kind { kFixed, kMutable, kDense };

struct Table : Object {
  static constexpr std::string_view kKind = "lookup table";
  std::string_view kind() const override { return kKind; }

  struct Entry {
    std::int64_t number;  ///< export goes by it
    std::string value;
  };

  Kind table_kind = Kind::kFixed;
  Codec key, value;
  std::mutex mutex;
  std::unordered_map<std::string, Entry> entries;
  std::int64_t next = 0;
  bool initialized = false;
  // Dense tables only.
  bool has_keys = false;  ///< the special keys are known
  std::string empty_key, deleted_key;
  std::int64_t initial_buckets = 0, buckets = 0;
  float max_load = 0;

  void put(std::string k, std::string v) {
    const auto [at, fresh] = entries.try_emplace(std::move(k), Entry{next, {}});
    if (fresh) ++next;
    at->second.value = std::move(v);
  }
  bool reserved(const std::string& k) const {
    return table_kind == Kind::kDense && (k == empty_key || k == deleted_key);
  }
  void check_key(const std::string& k) const {
    if (table_kind != Kind::kDense) return;
    if (k == empty_key) invalid("Using the empty_key as a table key is not allowed");
    if (k == deleted_key) invalid("Using the deleted_key as a table key is not allowed");
  }
  void grow() {
    if (table_kind != Kind::kDense) return;
    while (float(entries.size()) > float(buckets) * max_load && buckets < (std::int64_t(1) << 40)) {
      buckets *= 2;
    }
  }
};

std::shared_ptr<Table> table_at(const Call& c) { return resource_of<Table>(c.in[0]); }

void check_types(const Table& t, DType key, DType value) {
  if (t.key.dtype != key || t.value.dtype != value) {
    invalid("Conflicting key/value dtypes ", dtype_signature_name(key), "->",
            dtype_signature_name(value), " with ", dtype_signature_name(t.key.dtype), "-",
            dtype_signature_name(t.value.dtype), " for table");
  }
}

// ---- making tables
// ---------------------------------------------------------------------------------

struct HandleParams {
  std::shared_ptr<Table> table;
};

std::shared_ptr<Table> make_table(const KernelRequest& r, Kind kind) {
  auto t = std::make_shared<Table>();
  t->table_kind = kind;
  t->key.dtype = r.attrs->type("key_dtype");
  t->value.dtype = r.attrs->type("value_dtype");
  for (const DType d : {t->key.dtype, t->value.dtype}) {
    if (is_object(d) && d != DType::kString) invalid("tables do not take dtype ", d);
  }
  if (const AttrValue* shape = r.attrs->find("value_shape")) {
    const auto& s = shape->get<PartialShape>();
    if (!s.fully_defined()) invalid("value_shape must be fully defined, got ", s);
    t->value.shape = s.to_shape();
    if (t->value.shape.rank() > 1) invalid("Default value must be a vector, got shape ", s);
  }
  if (kind == Kind::kDense) {
    t->initial_buckets = t->buckets = r.attrs->i("initial_num_buckets");
    t->max_load = r.attrs->f("max_load_factor");
    if (t->buckets < 1 || (t->buckets & (t->buckets - 1)) != 0) {
      invalid("initial_num_buckets must be a power of 2, got: ", t->buckets);
    }
    if (!(t->max_load > 0 && t->max_load < 1)) {
      invalid("max_load_factor must be between 0 and 1, got: ", t->max_load);
    }
  }
  return t;
}

template <Kind kind>
Prepared prepare_table(const KernelRequest& r) {
  Prepared p;
  auto* q = make_params<HandleParams>(p);
  std::string name = r.attrs->s("shared_name");
  if (name.empty() && r.attrs->b("use_node_name_sharing")) name = std::string(r.node_name);
  if (!name.empty() && r.resources != nullptr) {
    q->table = r.resources->find_or_make<Table>(r.attrs->s("container"), name,
                                                [&] { return make_table(r, kind); });
    check_types(*q->table, r.attrs->type("key_dtype"), r.attrs->type("value_dtype"));
    if (q->table->table_kind != kind)
      invalid("the shared name ", name, " belongs to another kind of table");
  } else if (r.node_state != nullptr && *r.node_state) {
    q->table = std::static_pointer_cast<Table>(*r.node_state);
  } else {
    q->table = make_table(r, kind);
    if (r.node_state != nullptr) *r.node_state = q->table;
  }
  p.run_dynamic = [](const void* raw, std::span<const Tensor> in, std::span<Tensor> out,
                     RunContext&) {
    const std::shared_ptr<Table>& t = static_cast<const HandleParams*>(raw)->table;
    if (kind == Kind::kDense) {
      std::lock_guard lock(t->mutex);
      if (!t->has_keys) {
        if (in[0].shape().rank() > 1)
          invalid("Empty key must be a scalar or a vector, got shape ", in[0].shape());
        if (!(in[0].shape() == in[1].shape())) {
          invalid("Empty and deleted keys must have same shape, got shapes: ", in[0].shape(),
                  " and ", in[1].shape());
        }
        Codec key = t->key;
        key.shape = in[0].shape();
        const std::string empty = key.read(in[0], 0), deleted = key.read(in[1], 0);
        if (empty == deleted) invalid("Empty and deleted keys cannot be equal");
        t->key = key;
        t->empty_key = empty;
        t->deleted_key = deleted;
        t->has_keys = true;
      }
    }
    out[0] = object_tensor(DType::kResource, t);
  };
  return p;
}

// ---- filling them
// ----------------------------------------------------------------------------------

/// Fills a fixed table once; a second time is accepted when it brings as many entries.
void initialize(Table& t, const std::vector<std::pair<std::string, std::string>>& pairs) {
  if (t.table_kind != Kind::kFixed) {
    invalid("Table of this kind is not initializable");
  }
  std::lock_guard lock(t.mutex);
  if (t.initialized) {
    if (pairs.size() != t.entries.size()) {
      fail(Code::kFailedPrecondition, "Table was already initialized with different data.");
    }
    return;
  }
  std::unordered_map<std::string, Table::Entry> entries;
  std::int64_t next = 0;
  for (const auto& [k, v] : pairs) {
    const auto [at, fresh] = entries.try_emplace(k, Table::Entry{next, v});
    if (!fresh && at->second.value != v) {
      fail(Code::kFailedPrecondition, "HashTable has different value for same key. Key ",
           t.key.show(k), " has ", t.value.show(at->second.value), " and trying to add value ",
           t.value.show(v));
    }
    if (fresh) ++next;
  }
  t.entries = std::move(entries);
  t.next = next;
  t.initialized = true;
}

void run_initialize(Call& c) {
  const auto t = table_at(c);
  check_types(*t, c.in[1].dtype(), c.in[2].dtype());
  if (c.in[1].shape().rank() != 1)
    invalid("Keys must be a vector, but received shape ", c.in[1].shape());
  if (c.in[2].shape().rank() != 1)
    invalid("Values must be a vector, but received shape ", c.in[2].shape());
  const std::int64_t n = c.in[1].num_elements();
  if (c.in[2].num_elements() != n) {
    invalid("Keys and values should have the same dimension, but received ", n, " and ",
            c.in[2].num_elements());
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::int64_t i = 0; i < n; ++i) {
    pairs.emplace_back(t->key.read(c.in[1], i), t->value.read(c.in[2], i));
  }
  initialize(*t, pairs);
}

std::vector<std::string_view> columns_of(std::string_view line, char delimiter) {
  std::vector<std::string_view> out;
  while (true) {
    const std::size_t end = line.find(delimiter);
    out.push_back(line.substr(0, end));
    if (end == std::string_view::npos) return out;
    line.remove_prefix(end + 1);
  }
}

/// Text of a file as key or value: -1 the line's number, -2 the line, else a column.
std::string field(const Codec& codec, std::int64_t index, std::string_view line,
                  const std::vector<std::string_view>& columns, std::int64_t number) {
  auto bytes = [](auto v) { return std::string(reinterpret_cast<const char*>(&v), sizeof v); };
  if (index == -1) {
    if (codec.dtype == DType::kInt32) return bytes(std::int32_t(number));
    return bytes(number);
  }
  const std::string_view text = index == -2 ? line : columns[std::size_t(index)];
  auto parse = [&]<class T>(T value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      invalid("Field ", text, " in line ", number, " is not a valid ",
              dtype_signature_name(codec.dtype), ".");
    }
    return bytes(value);
  };
  switch (codec.dtype) {
    case DType::kInt32:
      return parse(std::int32_t{});
    case DType::kInt64:
      return parse(std::int64_t{});
    case DType::kFloat:
      return parse(float{});
    case DType::kDouble:
      return parse(double{});
    case DType::kString:
      return std::string(text);
    default:
      invalid("Data type ", codec.dtype, " not supported.");
  }
}

void run_initialize_from_file(Call& c) {
  const auto t = table_at(c);
  if (c.in[1].shape().rank() != 0 || c.in[1].dtype() != DType::kString) {
    invalid("filename should be a single string, but got ", c.in[1].shape());
  }
  const std::string& path = *c.in[1].data<std::string>();
  if (path.empty()) invalid("filename cannot be empty.");
  const std::int64_t key_index = c.attrs.i("key_index"), value_index = c.attrs.i("value_index");
  const std::int64_t wanted = c.attrs.i("vocab_size");
  const std::string& delimiter = c.attrs.s("delimiter");
  if (delimiter.size() != 1) invalid("delimiter should be only 1 char");
  auto check = [&](std::int64_t index, const Codec& codec, std::string_view what) {
    if (index == -1 && codec.dtype != DType::kInt64) {
      invalid(what, " index for line number requires table ", what == "Key" ? "key" : "value",
              " dtype of int64, got ", dtype_signature_name(codec.dtype));
    }
    if (index == -2 && codec.dtype != DType::kString && codec.dtype != DType::kInt64) {
      invalid(what, " index for whole line requires string or integer table ",
              what == "Key" ? "key" : "value", ", got ", dtype_signature_name(codec.dtype));
    }
  };
  check(key_index, t->key, "Key");
  check(value_index, t->value, "Value");
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(Code::kNotFound, path, "; No such file or directory");
  std::vector<std::pair<std::string, std::string>> pairs;
  std::int64_t number = 0;
  for (std::string line; (wanted < 0 || number < wanted) && std::getline(file, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty())
      invalid("Invalid content in ", path, ": empty line found at position ",
              std::int64_t(file.tellg()), ".");
    std::vector<std::string_view> columns;
    const std::int64_t last = std::max(key_index, value_index);
    if (last >= 0) {
      columns = columns_of(line, delimiter[0]);
      if (last >= std::int64_t(columns.size())) {
        invalid("Invalid number of columns in ", path, " line ", number, " (", line,
                ") : expected ", last, " got ", std::int64_t(columns.size()));
      }
    }
    pairs.emplace_back(field(t->key, key_index, line, columns, number),
                       field(t->value, value_index, line, columns, number));
  }
  if (wanted >= 0 && number < wanted) {
    invalid("Invalid vocab_size in ", path, ": expected ", wanted, " but got ", number);
  }
  initialize(*t, pairs);
}

/// Keys and values as pairs, checked against the table.
std::vector<std::pair<std::string, std::string>> pairs_of(const Call& c, const Table& t) {
  check_types(t, c.in[1].dtype(), c.in[2].dtype());
  const std::int64_t n = t.key.count(c.in[1], "key");
  const Shape expected = t.value.shaped(c.in[1], t.key);
  if (!(c.in[2].shape() == expected)) {
    invalid("Expected shape ", expected, " for value, got ", c.in[2].shape());
  }
  std::vector<std::pair<std::string, std::string>> out;
  for (std::int64_t i = 0; i < n; ++i) {
    out.emplace_back(t.key.read(c.in[1], i), t.value.read(c.in[2], i));
  }
  return out;
}

void check_mutable(const Table& t, std::string_view what) {
  if (t.table_kind == Kind::kFixed) {
    fail(Code::kUnimplemented, what, " not supported by a table that is initialized once");
  }
}

void run_insert(Call& c) {
  const auto t = table_at(c);
  check_mutable(*t, "Insert");
  std::lock_guard lock(t->mutex);
  auto pairs = pairs_of(c, *t);
  for (const auto& [k, v] : pairs) t->check_key(k);
  for (auto& [k, v] : pairs) t->put(std::move(k), std::move(v));
  t->grow();
}

void run_import(Call& c) {
  const auto t = table_at(c);
  if (t->table_kind == Kind::kFixed) return initialize(*t, pairs_of(c, *t));
  std::lock_guard lock(t->mutex);
  auto pairs = pairs_of(c, *t);
  t->entries.clear();
  t->buckets = t->initial_buckets;
  for (auto& [k, v] : pairs) {
    if (!t->reserved(k)) t->put(std::move(k), std::move(v));
  }
  t->grow();
}

void run_remove(Call& c) {
  const auto t = table_at(c);
  check_mutable(*t, "Remove");
  std::lock_guard lock(t->mutex);
  const std::int64_t n = t->key.count(c.in[1], "key");
  for (std::int64_t i = 0; i < n; ++i) t->check_key(t->key.read(c.in[1], i));
  for (std::int64_t i = 0; i < n; ++i) t->entries.erase(t->key.read(c.in[1], i));
}

// ---- reading them
// ----------------------------------------------------------------------------------

void run_find(Call& c) {
  const auto t = table_at(c);
  std::lock_guard lock(t->mutex);
  check_types(*t, c.in[1].dtype(), c.in[2].dtype());
  if (t->table_kind == Kind::kFixed && !t->initialized) {
    fail(Code::kFailedPrecondition, "Table not initialized.");
  }
  const std::int64_t n = t->key.count(c.in[1], "key");
  if (!(c.in[2].shape() == t->value.shape)) {
    invalid("Expected shape ", t->value.shape, " for default value, got ", c.in[2].shape());
  }
  const std::string missing = t->value.read(c.in[2], 0);
  c.out[0] = Tensor(t->value.dtype, t->value.shaped(c.in[1], t->key));
  for (std::int64_t i = 0; i < n; ++i) {
    const std::string k = t->key.read(c.in[1], i);
    t->check_key(k);
    const auto found = t->entries.find(k);
    t->value.write(found == t->entries.end() ? missing : found->second.value, c.out[0], i);
  }
}

void run_size(Call& c) {
  const auto t = table_at(c);
  std::lock_guard lock(t->mutex);
  c.out[0] = Tensor::scalar(std::int64_t(t->entries.size()));
}

void run_export(Call& c) {
  const auto t = table_at(c);
  std::lock_guard lock(t->mutex);
  if (t->table_kind == Kind::kFixed && !t->initialized) {
    fail(Code::kFailedPrecondition, "Table not initialized.");
  }
  check_types(*t, c.attrs.type("Tkeys"), c.attrs.type("Tvalues"));
  std::vector<const std::pair<const std::string, Table::Entry>*> order;
  for (const auto& entry : t->entries) order.push_back(&entry);
  std::ranges::sort(order, {}, [](const auto* e) { return e->second.number; });
  // A dense table shows all its buckets; free ones hold the empty key.
  const auto used = std::int64_t(order.size());
  const std::int64_t n = t->table_kind == Kind::kDense ? std::max(t->buckets, used) : used;
  auto rows = [&](const Codec& codec) {
    Shape s{n};
    for (const std::int64_t d : codec.shape.dims()) s.append(d);
    return Tensor(codec.dtype, Shape(s.dims()));
  };
  c.out[0] = rows(t->key);
  c.out[1] = rows(t->value);
  if (t->value.dtype != DType::kString && c.out[1].num_bytes() > 0) {
    std::memset(c.out[1].raw(), 0, c.out[1].num_bytes());
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const bool free = i >= used;
    t->key.write(free ? t->empty_key : order[std::size_t(i)]->first, c.out[0], i);
    if (!free) t->value.write(order[std::size_t(i)]->second.value, c.out[1], i);
  }
}

}  // namespace

std::span<const KernelRow> lookup_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"HashTableV2", "", kAny, prepare_table<Kind::kFixed>},
      {"MutableHashTableV2", "", kAny, prepare_table<Kind::kMutable>},
      {"MutableHashTableOfTensorsV2", "", kAny, prepare_table<Kind::kMutable>},
      {"MutableDenseHashTableV2", "", kAny, prepare_table<Kind::kDense>},
      {"InitializeTableV2", "", kAny, dynamic_kernel<run_initialize>},
      {"InitializeTableFromTextFileV2", "", kAny, dynamic_kernel<run_initialize_from_file>},
      {"LookupTableInsertV2", "", kAny, dynamic_kernel<run_insert>},
      {"LookupTableImportV2", "", kAny, dynamic_kernel<run_import>},
      {"LookupTableRemoveV2", "", kAny, dynamic_kernel<run_remove>},
      {"LookupTableFindV2", "", kAny, dynamic_kernel<run_find>},
      {"LookupTableSizeV2", "", kAny, dynamic_kernel<run_size>},
      {"LookupTableExportV2", "", kAny, dynamic_kernel<run_export>},
  };
  return rows;
}

}  // namespace caudal::cpu
