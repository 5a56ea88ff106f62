// SPDX-License-Identifier: Apache-2.0
#include "io/checkpoint_v1.h"

#include <algorithm>

#include "base/wire.h"
#include "caudal/error.h"
#include "tensor/tensor_proto.h"

namespace caudal::io {
namespace {

constexpr int kProducer = 1;

/// The elements as fields of a TensorProto, which is all that is stored of one.
std::string values_to_proto(const Tensor& t) {
  WireWriter out;
  const std::int64_t n = t.num_elements();
  if (n == 0) return {};
  const auto raw = [&](int field) {
    out.bytes(field, {static_cast<const char*>(t.raw()), t.num_bytes()});
  };
  const auto packed = [&]<class T>(int field, T) {
    WireWriter values;
    for (std::int64_t i = 0; i < n; ++i) values.varint(std::uint64_t(t.data<T>()[i]));
    out.bytes(field, values.out);
  };
  switch (t.dtype()) {
    case DType::kFloat:
      raw(5);
      break;
    case DType::kDouble:
      raw(6);
      break;
    case DType::kComplex64:
      raw(9);
      break;
    case DType::kComplex128:
      raw(12);
      break;
    case DType::kInt32:
    case DType::kQint32:
      packed(7, std::int32_t{});
      break;
    case DType::kInt16:
    case DType::kQint16:
      packed(7, std::int16_t{});
      break;
    case DType::kInt8:
    case DType::kQint8:
      packed(7, std::int8_t{});
      break;
    case DType::kUint8:
    case DType::kQuint8:
      packed(7, std::uint8_t{});
      break;
    case DType::kUint16:
    case DType::kQuint16:
      packed(7, std::uint16_t{});
      break;
    case DType::kInt64:
      packed(10, std::int64_t{});
      break;
    case DType::kBool:
      packed(11, std::uint8_t{});
      break;
    case DType::kHalf:
    case DType::kBfloat16:
      packed(13, std::uint16_t{});
      break;
    case DType::kUint32:
      packed(16, std::uint32_t{});
      break;
    case DType::kUint64:
      packed(17, std::uint64_t{});
      break;
    case DType::kString:
      for (std::int64_t i = 0; i < n; ++i) out.bytes(8, t.data<std::string>()[i]);
      break;
    default:
      fail(Code::kUnimplemented, "tensors of dtype ", t.dtype(), " cannot be saved");
  }
  return std::move(out.out);
}

}  // namespace

CheckpointV1::CheckpointV1(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    files_.push_back(std::make_unique<TableReader>(path));
    std::string meta;
    if (!files_.back()->find("", meta)) {
      fail(Code::kDataLoss, path, ": the list of tensors is missing");
    }
    try {
      add_meta(files_.size() - 1, meta);
    } catch (const Error& e) {
      fail(Code::kDataLoss, path, ": list of tensors: ", e.message());
    }
  }
}

void CheckpointV1::add_meta(std::size_t file, std::string_view bytes) {
  WireReader all(bytes);
  while (all.next()) {
    if (all.field() != 1 || all.type() != WireReader::kBytes) continue;
    WireReader list(all.bytes());
    while (list.next()) {
      if (list.field() != 1 || list.type() != WireReader::kBytes) continue;
      std::string name;
      Stored stored;
      std::vector<std::string_view> slices;
      WireReader r(list.bytes());
      while (r.next()) {
        if (r.field() == 3 && r.type() == WireReader::kVarint) {
          if (r.number() == 0 || r.number() >= kNumDTypes) invalid("unknown dtype ", r.number());
          stored.dtype = DType(r.number());
        }
        if (r.type() != WireReader::kBytes) continue;
        if (r.field() == 1) name = r.bytes();
        if (r.field() == 2) stored.shape = full_shape_from_proto(r.bytes());
        if (r.field() == 4) slices.push_back(r.bytes());
      }
      if (!r.ok() || name.empty() || stored.dtype == DType::kInvalid) invalid("malformed");
      Stored& known = tensors_.try_emplace(name, stored).first->second;
      if (known.dtype != stored.dtype || !(known.shape == stored.shape)) {
        invalid("tensor ", name, " comes with different shapes");
      }
      for (const std::string_view s : slices) {
        known.parts.push_back({slice_from_proto(s), file});
        known.parts.back().slice.shape_in(known.shape);
      }
    }
    if (!list.ok()) invalid("malformed");
  }
  if (!all.ok()) invalid("malformed");
}

std::vector<std::string> CheckpointV1::names() const {
  std::vector<std::string> out;
  for (const auto& [name, stored] : tensors_) out.push_back(name);
  return out;
}

std::vector<TensorSlice> CheckpointV1::slices(const std::string& name) const {
  std::vector<TensorSlice> out;
  for (const Part& p : tensors_.at(name).parts) out.push_back(p.slice);
  return out;
}

Tensor CheckpointV1::read_part(const std::string& name, const Stored& stored,
                               const Part& part) const {
  const TableReader& file = *files_[part.file];
  const auto damaged = [&](std::string_view how) {
    fail(Code::kDataLoss, file.path(), ": tensor ", name, " ", part.slice.text(), ": ", how);
  };
  std::string bytes;
  if (!file.find(slice_key(name, part.slice), bytes)) damaged("its values are missing");
  std::string_view values;
  bool found = false;
  WireReader all(bytes);
  while (all.next()) {
    if (all.field() != 2 || all.type() != WireReader::kBytes) continue;
    WireReader slice(all.bytes());
    while (slice.next()) {
      if (slice.field() != 3 || slice.type() != WireReader::kBytes) continue;
      values = slice.bytes();
      found = true;
    }
    if (!slice.ok()) damaged("its values are malformed");
  }
  const Shape shape = part.slice.shape_in(stored.shape);
  const std::int64_t n = shape.num_elements();
  // Each element takes a byte at least.
  if (!all.ok() || (!found && n > 0) || n > std::int64_t(values.size())) {
    damaged("its values are malformed");
  }
  if (n == 0) return Tensor(stored.dtype, shape);
  WireWriter proto;
  proto.out = values;
  proto.number(1, std::uint64_t(stored.dtype));
  proto.bytes(2, shape_to_proto(PartialShape(shape)));
  try {
    return tensor_from_proto(proto.out);
  } catch (const Error& e) {
    damaged(e.message());
    throw;
  }
}

Tensor CheckpointV1::read_slice(const std::string& name, const TensorSlice& wanted) const {
  const Stored& stored = tensors_.at(name);
  const Shape shape = wanted.shape_in(stored.shape);
  for (const Part& p : stored.parts) {
    if (p.slice == wanted || (p.slice.covers(stored.shape) && wanted.covers(stored.shape))) {
      return read_part(name, stored, p);
    }
  }
  std::int64_t covered = 0;
  std::vector<std::pair<const Part*, Tensor>> used;
  for (const Part& p : stored.parts) {
    const std::int64_t n = overlap(stored.shape, p.slice, wanted);
    if (n == 0) continue;
    if (n > shape.num_elements() - covered) {
      fail(Code::kDataLoss, files_[p.file]->path(), ": slices of ", name, " overlap");
    }
    covered += n;
    used.emplace_back(&p, read_part(name, stored, p));
  }
  if (covered != shape.num_elements()) {
    fail(Code::kNotFound, "tensor ", name, ": stored slices do not cover the slice ", wanted.text(),
         " of shape ", stored.shape);
  }
  // Read before memory is taken: the parts prove that there are as many elements.
  Tensor t(stored.dtype, shape);
  if (t.dtype() != DType::kString && t.num_bytes() > 0) std::memset(t.raw(), 0, t.num_bytes());
  for (const auto& [p, value] : used) copy_overlap(stored.shape, p->slice, value, wanted, t);
  return t;
}

void CheckpointV1Writer::add(const std::string& name, const Shape& full, const TensorSlice& slice,
                             const Tensor& value) {
  const TensorSlice stored = slice.covers(full) ? TensorSlice::whole(full.rank()) : slice;
  WireWriter data, entry;
  data.bytes(1, name);
  data.bytes(2, slice_to_proto(stored));
  data.bytes(3, values_to_proto(value));
  entry.bytes(2, data.out);
  if (!entries_.emplace(slice_key(name, stored), std::move(entry.out)).second) {
    invalid("Overlapping slices: tensor ", name, " ", stored.text(), " is saved twice");
  }
  const auto [at, fresh] = meta_of_.try_emplace(name, metas_.size());
  if (fresh) metas_.push_back({name, {value.dtype(), full, {}}});
  Meta& meta = metas_[at->second].second;
  if (meta.dtype != value.dtype() || !(meta.shape == full)) {
    invalid("Mismatching shapes or types of the slices of ", name);
  }
  WireWriter field;
  field.bytes(4, slice_to_proto(stored));
  meta.slices += field.out;
}

void CheckpointV1Writer::write(const std::string& path) const {
  WireWriter list, version, all;
  for (const auto& [name, meta] : metas_) {
    WireWriter tensor;
    tensor.bytes(1, name);
    tensor.bytes(2, shape_to_proto(PartialShape(meta.shape)));
    tensor.number(3, std::uint64_t(meta.dtype));
    tensor.out += meta.slices;
    list.bytes(1, tensor.out);
  }
  version.number(1, kProducer);
  list.bytes(2, version.out);
  all.bytes(1, list.out);
  remove_stale_temporaries(path);
  AtomicFile file(path);
  TableWriter table(file.out());
  table.add("", all.out);
  for (const auto& [key, value] : entries_) table.add(key, value);
  table.finish();
  file.commit();
}

}  // namespace caudal::io
