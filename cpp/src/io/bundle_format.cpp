// SPDX-License-Identifier: Apache-2.0
#include "io/bundle_format.h"

#include <unistd.h>

#include <cstdio>

#include "base/wire.h"
#include "tensor/tensor_proto.h"

namespace caudal::io {
namespace {

constexpr int kProducer = 1;

std::string committed(const std::string& path) { return path + std::string(kCommitted); }

/// "model" of "model.data-00000-of-00001.commit", whatever folder it is in.
std::vector<std::string> committed_data_files(const std::string& prefix) {
  std::vector<std::string> found;
  const std::string folder = folder_of(prefix);
  for (const std::string& name : siblings_with_prefix(prefix + ".data-")) {
    if (!name.ends_with(kCommitted)) continue;
    found.push_back(folder.empty() ? name : (folder == "/" ? "" : folder) + "/" + name);
  }
  return found;
}

}  // namespace

std::string index_path(const std::string& prefix) { return prefix + ".index"; }

std::string data_path(const std::string& prefix, std::int64_t shard, std::int64_t shards) {
  char text[64];
  std::snprintf(text, sizeof text, ".data-%05lld-of-%05lld", static_cast<long long>(shard),
                static_cast<long long>(shards));
  return prefix + text;
}

std::string header_to_proto(std::int64_t shards) {
  WireWriter version, out;
  version.number(1, kProducer);
  out.number(1, std::uint64_t(shards));
  out.bytes(3, version.out);
  return std::move(out.out);
}

BundleHeader header_from_proto(std::string_view bytes) {
  BundleHeader h;
  WireReader r(bytes);
  while (r.next()) {
    if (r.field() == 1 && r.type() == WireReader::kVarint) h.shards = std::int64_t(r.number());
    if (r.field() == 2 && r.type() == WireReader::kVarint) h.big_endian = r.number() != 0;
    if (r.field() == 3 && r.type() == WireReader::kBytes) {
      WireReader version(r.bytes());
      while (version.next()) {
        if (version.field() == 2 && version.type() == WireReader::kVarint) {
          h.min_consumer = std::int64_t(version.number());
        }
      }
      if (!version.ok()) invalid("the header is malformed");
    }
  }
  if (!r.ok() || h.shards < 0 || h.shards > 99999) invalid("the header is malformed");
  if (h.big_endian) invalid("the tensors are big-endian, which is not supported");
  if (h.min_consumer > kProducer) {
    invalid("the file asks for readers of version ", h.min_consumer, ", this is version ",
            kProducer);
  }
  return h;
}

std::string entry_to_proto(const BundleEntry& e) {
  WireWriter out;
  out.number(1, std::uint64_t(e.dtype));
  out.bytes(2, shape_to_proto(PartialShape(e.shape)));
  if (e.shard != 0) out.number(3, std::uint64_t(e.shard));
  if (e.offset != 0) out.number(4, std::uint64_t(e.offset));
  if (e.size != 0) out.number(5, std::uint64_t(e.size));
  if (e.crc != 0) {
    out.varint(6 << 3 | WireReader::kFixed32);
    out.out.append(reinterpret_cast<const char*>(&e.crc), sizeof e.crc);
  }
  for (const TensorSlice& s : e.slices) out.bytes(7, slice_to_proto(s));
  return std::move(out.out);
}

BundleEntry entry_from_proto(std::string_view bytes) {
  BundleEntry e;
  WireReader r(bytes);
  while (r.next()) {
    const bool bytes_field = r.field() == 2 || r.field() == 7;
    if (r.field() > 7) continue;
    const int type = bytes_field ? WireReader::kBytes
                                 : (r.field() == 6 ? WireReader::kFixed32 : WireReader::kVarint);
    if (r.type() != type) invalid("an entry is malformed");
    switch (r.field()) {
      case 1:
        if (r.number() == 0 || r.number() >= kNumDTypes) invalid("unknown dtype ", r.number());
        e.dtype = DType(r.number());
        break;
      case 2:
        e.shape = full_shape_from_proto(r.bytes());
        break;
      case 3:
        e.shard = std::int64_t(r.number());
        break;
      case 4:
        e.offset = std::int64_t(r.number());
        break;
      case 5:
        e.size = std::int64_t(r.number());
        break;
      case 6:
        e.crc = std::uint32_t(r.number());
        break;
      default:
        e.slices.push_back(slice_from_proto(r.bytes()));
        e.slices.back().shape_in(e.shape);
        if (e.slices.back().rank == 0) invalid("a scalar has no slices");
    }
  }
  if (!r.ok() || e.dtype == DType::kInvalid || e.shard < 0 || e.offset < 0 || e.size < 0) {
    invalid("an entry is malformed");
  }
  return e;
}

void write_index(OutFile& out, std::int64_t shards,
                 const std::map<std::string, BundleEntry>& entries) {
  TableWriter table(out);
  table.add("", header_to_proto(shards));
  for (const auto& [key, entry] : entries) table.add(key, entry_to_proto(entry));
  table.finish();
}

void publish_bundle(const std::string& prefix,
                    const std::vector<std::pair<std::string, std::string>>& data,
                    AtomicFile& index) {
  index.finish();
  const std::string final_index = index_path(prefix);
  if (!file_exists(final_index)) {
    // Nobody sees a checkpoint before its index.
    for (const auto& [from, to] : data) rename_file(from, to);
    sync_folder_of(final_index);
    index.rename_to(final_index);
    sync_folder_of(final_index);
    return;
  }
  for (const auto& [from, to] : data) rename_file(from, committed(to));
  sync_folder_of(final_index);
  index.rename_to(committed(final_index));
  sync_folder_of(final_index);
  recover_bundle(prefix);
}

void recover_bundle(const std::string& prefix) {
  const std::string index = index_path(prefix);
  const bool valid = file_exists(committed(index));
  const std::vector<std::string> data = committed_data_files(prefix);
  if (!valid && data.empty()) return;
  for (const std::string& path : data) {
    if (valid) {
      rename_file(path, path.substr(0, path.size() - kCommitted.size()));
    } else {
      ::unlink(path.c_str());
    }
  }
  if (!valid) return;
  sync_folder_of(index);
  rename_file(committed(index), index);
  sync_folder_of(index);
}

}  // namespace caudal::io
