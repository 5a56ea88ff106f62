// SPDX-License-Identifier: Apache-2.0
#include "io/bundle.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/crc32c.h"
#include "base/parallel_for.h"
#include "io/bundle_format.h"
#include "io/varint.h"

namespace caudal::io {
namespace {

constexpr std::size_t kBlock = std::size_t(4) << 20;   // what one thread reads at a time
constexpr std::size_t kCached = std::size_t(1) << 18;  // stays in the cache until it is summed up

[[noreturn]] void refuse_dtype(std::string_view name, DType dtype) {
  fail(Code::kUnimplemented, "tensor ", name, " of dtype ", dtype, " cannot be saved");
}

/// Reads a range of a file on all cores; returns its checksum.
std::uint32_t read_range(const File& file, std::uint64_t offset, char* to, std::size_t size) {
  const std::size_t blocks = size == 0 ? 0 : (size - 1) / kBlock + 1;
  std::vector<std::uint32_t> crcs(blocks);
  parallel_for(std::int64_t(blocks), 1, [&](std::int64_t first, std::int64_t last) {
    for (auto b = std::size_t(first); b < std::size_t(last); ++b) {
      const std::size_t end = std::min(size, (b + 1) * kBlock);
      std::uint32_t crc = 0;
      for (std::size_t at = b * kBlock; at < end; at += kCached) {
        const std::size_t n = std::min(kCached, end - at);
        file.read_at(offset + at, to + at, n);
        crc = crc32c({to + at, n}, crc);
      }
      crcs[b] = crc;
    }
  });
  std::uint32_t crc = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    crc = crc32c_joined(crc, crcs[b], std::min(size - b * kBlock, kBlock));
  }
  return crc;
}

/// The checksum of strings covers their lengths as numbers of fixed width.
std::uint32_t add_length(std::uint32_t crc, std::uint64_t length) {
  char bytes[8];
  std::memcpy(bytes, &length, sizeof length);
  return crc32c({bytes, length > UINT32_MAX ? std::size_t(8) : std::size_t(4)}, crc);
}

}  // namespace

BundleWriter::BundleWriter(std::string prefix)
    : prefix_(std::move(prefix)), data_([this] {
        make_folder_for(prefix_);
        recover_bundle(prefix_);
        remove_stale_temporaries(index_path(prefix_));
        remove_stale_temporaries(data_path(prefix_, 0, 1));
        return data_path(prefix_, 0, 1);
      }()) {}

void BundleWriter::put(const std::string& key, const Tensor& value) {
  if (is_object(value.dtype()) && value.dtype() != DType::kString) refuse_dtype(key, value.dtype());
  const auto [at, fresh] = entries_.try_emplace(key);
  if (!fresh) invalid("Adding duplicate key: ", key);
  BundleEntry& e = at->second;
  e.dtype = value.dtype();
  e.shape = value.shape();
  e.offset = std::int64_t(data_.out().position());
  if (value.dtype() == DType::kString) {
    put_strings(e, value);
  } else {
    const auto* p = static_cast<const char*>(value.raw());
    const std::size_t size = value.num_bytes();
    std::uint32_t crc = 0;
    for (std::size_t i = 0; i < size; i += kCached) {
      const std::string_view part(p + i, std::min(kCached, size - i));
      crc = crc32c(part, crc);
      data_.out().append(part);
    }
    e.crc = crc32c_masked(crc);
  }
  e.size = std::int64_t(data_.out().position()) - e.offset;
}

void BundleWriter::put_strings(BundleEntry& entry, const Tensor& value) {
  const auto* s = value.data<std::string>();
  const std::int64_t n = value.num_elements();
  std::string lengths;
  std::uint32_t crc = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    put_varint(lengths, s[i].size());
    crc = add_length(crc, s[i].size());
  }
  const std::size_t at = lengths.size();
  put_fixed(lengths, crc32c_masked(crc));
  crc = crc32c(std::string_view(lengths).substr(at), crc);
  data_.out().append(lengths);
  for (std::int64_t i = 0; i < n; ++i) {
    data_.out().append(s[i]);
    crc = crc32c(s[i], crc);
  }
  entry.crc = crc32c_masked(crc);
}

void BundleWriter::add(const std::string& name, const Tensor& value) {
  if (name.empty() || name[0] == '\0')
    invalid("a tensor cannot be saved under the name '", name, "'");
  put(name, value);
}

void BundleWriter::add_slice(const std::string& name, const Shape& full, const TensorSlice& slice,
                             const Tensor& value) {
  if (!(slice.shape_in(full) == value.shape())) {
    invalid("a slice ", slice.text(), " of shape ", full, " was given a tensor of shape ",
            value.shape());
  }
  if (slice.covers(full)) return add(name, value);
  if (name.empty() || name[0] == '\0')
    invalid("a tensor cannot be saved under the name '", name, "'");
  BundleEntry& whole = entries_[name];
  if (whole.dtype == DType::kInvalid) {
    whole.dtype = value.dtype();
    whole.shape = full;
  } else if (whole.slices.empty()) {
    invalid("Adding duplicate key: ", name);
  } else if (whole.dtype != value.dtype() || !(whole.shape == full)) {
    invalid("slices of ", name, " differ: ", whole.dtype, " of shape ", whole.shape, " and ",
            value.dtype(), " of shape ", full);
  }
  whole.slices.push_back(slice);
  put(slice_key(name, slice), value);
}

void BundleWriter::finish() {
  data_.finish();
  AtomicFile index(index_path(prefix_));
  write_index(index.out(), 1, entries_);
  index.finish();
  publish_bundle(prefix_, {{data_.temporary(), data_path(prefix_, 0, 1)}}, index);
}

BundleReader::BundleReader(const std::string& prefix) : prefix_(prefix) {
  index_ = index_path(prefix) + std::string(kCommitted);
  pending_ = file_exists(index_);
  if (!pending_) index_ = index_path(prefix);
  std::unique_ptr<TableReader> table;
  try {
    table = std::make_unique<TableReader>(index_);
  } catch (const Error& e) {
    if (!pending_ || e.code() != Code::kNotFound) throw;
    pending_ = false;  // the writer has just finished
    index_ = index_path(prefix);
    table = std::make_unique<TableReader>(index_);
  }
  bool first = true;
  table->for_each([&](std::string_view key, std::string_view value) {
    try {
      if (first) {
        first = false;
        if (!key.empty()) invalid("the header is missing");
        shards_ = header_from_proto(value).shards;
        return;
      }
      BundleEntry e = entry_from_proto(value);
      if (e.shard >= std::max<std::int64_t>(shards_, 1)) {
        invalid("file ", e.shard, " of ", shards_, " is asked for");
      }
      (key[0] == '\0' ? parts_ : entries_).emplace_back(std::string(key), std::move(e));
    } catch (const Error& error) {
      fail(Code::kDataLoss, index_, ": ", key.empty() ? "header" : "entry of ", key.substr(0, 200),
           ": ", error.message());
    }
  });
  if (first) fail(Code::kDataLoss, index_, ": the header is missing");
}

const BundleEntry* BundleReader::find(std::string_view name) const {
  const auto& all = !name.empty() && name[0] == '\0' ? parts_ : entries_;
  const auto at = std::ranges::lower_bound(all, name, {},
                                           [](const auto& e) { return std::string_view(e.first); });
  return at != all.end() && at->first == name ? &at->second : nullptr;
}

const BundleEntry& BundleReader::at(const std::string& name) const {
  const BundleEntry* e = find(name);
  if (e == nullptr) fail(Code::kNotFound, "Key ", name, " not found in checkpoint");
  return *e;
}

std::string BundleReader::shard_path(std::int64_t shard) const {
  const std::string path = data_path(prefix_, shard, shards_);
  const std::string committed = path + std::string(kCommitted);
  return pending_ && file_exists(committed) ? committed : path;
}

const File& BundleReader::shard(std::int64_t number) const {
  std::lock_guard lock(mutex_);
  std::unique_ptr<File>& file = files_[number];
  if (!file) {
    try {
      file = std::make_unique<File>(shard_path(number));
    } catch (const Error& e) {
      if (!pending_ || e.code() != Code::kNotFound) throw;
      file = std::make_unique<File>(data_path(prefix_, number, shards_));
    }
  }
  return *file;
}

void BundleReader::damaged(const std::string& what, const BundleEntry& e,
                           std::string_view how) const {
  fail(Code::kDataLoss, shard(e.shard).path(), ": tensor ", what, " at byte ", e.offset, ": ", how);
}

Tensor BundleReader::read_stored(const std::string& what, const BundleEntry& e) const {
  const File& file = shard(e.shard);
  if (is_object(e.dtype) && e.dtype != DType::kString) {
    fail(Code::kUnimplemented, "tensor ", what, " of dtype ", e.dtype, " cannot be read");
  }
  if (std::uint64_t(e.offset) > file.size() ||
      std::uint64_t(e.size) > file.size() - std::uint64_t(e.offset)) {
    damaged(
        what, e,
        str("the file has ", file.size(), " bytes, ", e.size, " are asked for: it is truncated"));
  }
  if (e.dtype == DType::kString) return read_strings(what, e, file);
  const std::int64_t wanted =
      checked_mul(e.shape.num_elements(), std::int64_t(dtype_size(e.dtype)));
  if (e.size != wanted) {
    damaged(what, e, str(e.size, " bytes are stored for shape ", e.shape, " of ", e.dtype));
  }
  Tensor t(e.dtype, e.shape);
  const std::uint32_t crc =
      read_range(file, std::uint64_t(e.offset), t.data<char>(), std::size_t(e.size));
  if (crc32c_masked(crc) != e.crc) damaged(what, e, "the checksum does not match");
  if (e.dtype == DType::kBool) {
    // Any other value of a C++ bool is undefined behaviour.
    for (std::int64_t i = 0; i < e.size; ++i) t.data<char>()[i] = t.data<char>()[i] != 0;
  }
  return t;
}

Tensor BundleReader::read_strings(const std::string& what, const BundleEntry& e,
                                  const File& file) const {
  const std::int64_t n = e.shape.num_elements();
  // Each string takes a byte at least, and the checksum of the lengths four.
  if (e.size < 4 || n > e.size - 4) {
    if (n == 0 && e.size == 0) return Tensor(e.dtype, e.shape);
    damaged(what, e, str(e.size, " bytes cannot hold ", n, " strings"));
  }
  std::string bytes(std::size_t(e.size), '\0');
  file.read_at(std::uint64_t(e.offset), bytes.data(), bytes.size());
  std::string_view rest(bytes);
  std::vector<std::uint64_t> lengths;
  lengths.resize(std::size_t(n));
  std::uint32_t crc = 0;
  for (std::uint64_t& length : lengths) {
    if (!take_varint(rest, length)) damaged(what, e, "the lengths of the strings are malformed");
    crc = add_length(crc, length);
  }
  if (rest.size() < 4 || fixed_at<std::uint32_t>(rest.data()) != crc32c_masked(crc)) {
    damaged(what, e, "the checksum of the strings' lengths does not match");
  }
  crc = crc32c(rest, crc);
  rest.remove_prefix(4);
  if (crc32c_masked(crc) != e.crc) damaged(what, e, "the checksum does not match");
  Tensor t(e.dtype, e.shape);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    if (lengths[i] > rest.size()) damaged(what, e, "a string is longer than what is stored");
    t.data<std::string>()[i] = rest.substr(0, lengths[i]);
    rest.remove_prefix(lengths[i]);
  }
  if (!rest.empty()) damaged(what, e, "more is stored than the strings take");
  return t;
}

Tensor BundleReader::read(const std::string& name) const {
  const BundleEntry& e = at(name);
  if (e.slices.empty()) return read_stored(name, e);
  return read_slice(name, TensorSlice::whole(e.shape.rank()));
}

Tensor BundleReader::read_slice(const std::string& name, const TensorSlice& slice) const {
  const BundleEntry& e = at(name);
  const Shape shape = slice.shape_in(e.shape);
  if (e.slices.empty()) {
    if (slice.covers(e.shape)) return read_stored(name, e);
    const Tensor whole = read_stored(name, e);
    Tensor t(e.dtype, shape);
    copy_overlap(e.shape, TensorSlice::whole(e.shape.rank()), whole, slice, t);
    return t;
  }
  // Parts must cover what is asked for before memory is taken for it.
  std::int64_t covered = 0;
  std::uint64_t stored = 0;
  std::map<std::int64_t, std::uint64_t> file_sizes;
  std::vector<std::pair<const TensorSlice*, const BundleEntry*>> used;
  for (const TensorSlice& s : e.slices) {
    const std::int64_t n = overlap(e.shape, s, slice);
    if (n == 0) continue;
    const BundleEntry* part = find(slice_key(name, s));
    if (part == nullptr || part->dtype != e.dtype || !part->slices.empty() ||
        !(part->shape == s.shape_in(e.shape))) {
      fail(Code::kDataLoss, index_, ": tensor ", name, ": the entry of the slice ", s.text(),
           " is missing or does not fit");
    }
    if (n > shape.num_elements() - covered) {
      fail(Code::kDataLoss, index_, ": tensor ", name, ": slices overlap");
    }
    covered += n;
    stored += std::uint64_t(part->size);
    file_sizes.emplace(part->shard, shard(part->shard).size());
    used.emplace_back(&s, part);
  }
  if (covered != shape.num_elements()) {
    fail(Code::kNotFound, "tensor ", name, ": stored slices do not cover the slice ", slice.text(),
         " of shape ", e.shape);
  }
  std::uint64_t available = 0;
  for (const auto& [number, size] : file_sizes) available += size;
  if (stored > available) {
    fail(Code::kDataLoss, index_, ": tensor ", name, ": its slices have ", stored,
         " bytes, their files ", available);
  }
  Tensor t;
  for (const auto& [s, part] : used) {
    const Tensor value = read_stored(str(name, " ", s->text()), *part);
    if (!t.defined()) {
      t = Tensor(e.dtype, shape);
      // Parts of a damaged file may overlap and leave holes: those read as zeros.
      if (e.dtype != DType::kString) std::memset(t.raw(), 0, t.num_bytes());
    }
    copy_overlap(e.shape, *s, value, slice, t);
  }
  return t.defined() ? t : Tensor(e.dtype, shape);
}

void merge_bundles(const std::vector<std::string>& prefixes, const std::string& destination,
                   bool delete_folders) {
  if (prefixes.empty()) invalid("at least one checkpoint prefix to merge is needed");
  std::map<std::string, BundleEntry> entries;
  std::vector<std::string> sources;
  const auto take = [&](const BundleReader& from, std::map<std::int64_t, std::int64_t>& numbers,
                        const std::string& key, BundleEntry e) {
    if (e.slices.empty()) {
      const auto [at, fresh] = numbers.try_emplace(e.shard, std::int64_t(sources.size()));
      if (fresh) sources.push_back(from.shard_path(e.shard));
      e.shard = at->second;
    }
    const auto [at, fresh] = entries.try_emplace(key, e);
    if (fresh) return;
    BundleEntry& known = at->second;
    if (e.slices.empty() || known.slices.empty() || e.dtype != known.dtype ||
        !(e.shape == known.shape)) {
      invalid("Merging duplicate key: ", key);
    }
    known.slices.insert(known.slices.end(), e.slices.begin(), e.slices.end());
  };
  for (const std::string& prefix : prefixes) {
    const BundleReader from(prefix);
    std::map<std::int64_t, std::int64_t> numbers;
    for (const auto& [key, e] : from.parts_) take(from, numbers, key, e);
    for (const auto& [key, e] : from.entries_) take(from, numbers, key, e);
  }
  make_folder_for(destination);
  recover_bundle(destination);
  remove_stale_temporaries(index_path(destination));
  const auto shards = std::int64_t(sources.size());
  std::vector<std::pair<std::string, std::string>> names;
  for (std::int64_t s = 0; s < shards; ++s) {
    names.emplace_back(sources[std::size_t(s)], data_path(destination, s, shards));
  }
  AtomicFile index(index_path(destination));
  write_index(index.out(), shards, entries);
  publish_bundle(destination, names, index);
  for (const std::string& prefix : prefixes) ::unlink(index_path(prefix).c_str());
  if (!delete_folders) return;
  for (const std::string& prefix : prefixes) {
    const std::string folder = folder_of(prefix);
    if (!folder.empty() && folder != folder_of(destination)) ::rmdir(folder.c_str());
  }
  // Where savers put shards before they are merged: of processes that died before that.
  remove_stale_folders(destination + "_temp_", "part-");
}

}  // namespace caudal::io
