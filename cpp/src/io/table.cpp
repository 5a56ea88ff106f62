// SPDX-License-Identifier: Apache-2.0
#include "io/table.h"

#include <algorithm>

#include "base/crc32c.h"
#include "io/snappy.h"
#include "io/varint.h"

namespace caudal::io {
namespace {

constexpr std::uint64_t kMagic = 0xDB4775248B80FB57u;
constexpr std::size_t kFooter = 48, kHandles = 40, kTrailer = 5;
constexpr std::size_t kBlockSize = 262144;
enum Compression : char { kNone = 0, kSnappy = 1 };

/// The shortest text that is at least `a` and below `b`.
std::string separator(const std::string& a, std::string_view b) {
  const std::size_t n = std::min(a.size(), b.size());
  std::size_t i = 0;
  while (i < n && a[i] == b[i]) ++i;
  if (i == n) return a;
  const auto x = static_cast<unsigned char>(a[i]), y = static_cast<unsigned char>(b[i]);
  if (x == 0xFF || x + 1 >= y) return a;
  return a.substr(0, i) + char(x + 1);
}

/// A short text that is not below `a`.
std::string successor(const std::string& a) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto c = static_cast<unsigned char>(a[i]);
    if (c != 0xFF) return a.substr(0, i) + char(c + 1);
  }
  return a;
}

}  // namespace

void TableWriter::Block::add(std::string_view key, std::string_view value) {
  std::size_t shared = 0;
  if (since_restart < interval) {
    const std::size_t n = std::min(key.size(), last_key.size());
    while (shared < n && key[shared] == last_key[shared]) ++shared;
  } else {
    restarts.push_back(std::uint32_t(entries.size()));
    since_restart = 0;
  }
  put_varint(entries, shared);
  put_varint(entries, key.size() - shared);
  put_varint(entries, value.size());
  entries += key.substr(shared);
  entries += value;
  last_key = key;
  ++since_restart;
}

std::string TableWriter::emit(Block& block) {
  std::string bytes = std::move(block.entries);
  for (const std::uint32_t r : block.restarts) put_fixed(bytes, r);
  put_fixed(bytes, std::uint32_t(block.restarts.size()));
  block = Block{block.interval, {}, {}, {0}, 0};
  std::string handle;
  put_varint(handle, out_.position());
  put_varint(handle, bytes.size());
  bytes += char(kNone);
  put_fixed(bytes, crc32c_masked(crc32c(bytes)));
  out_.append(bytes);
  return handle;
}

void TableWriter::close_block() {
  if (!block_.entries.empty()) pending_ = emit(block_);
}

void TableWriter::add(std::string_view key, std::string_view value) {
  if (any_ && key <= last_key_) invalid("keys of a table must ascend: ", key);
  if (key.size() + value.size() > UINT32_MAX / 2) invalid("an entry of a table is too large");
  if (key.size() + value.size() >= 2 * kBlockSize) close_block();
  if (!pending_.empty()) {
    index_.add(separator(last_key_, key), pending_);
    pending_.clear();
  }
  block_.add(key, value);
  last_key_ = key;
  any_ = true;
  if (block_.size() >= kBlockSize) close_block();
}

void TableWriter::finish() {
  close_block();
  Block nothing{16, {}, {}, {0}, 0};
  std::string footer = emit(nothing);
  if (!pending_.empty()) index_.add(successor(last_key_), pending_);
  footer += emit(index_);
  footer.resize(kHandles, '\0');
  put_fixed(footer, kMagic);
  out_.append(footer);
}

void TableReader::malformed(std::uint64_t offset, std::string_view what) const {
  fail(Code::kDataLoss, file_.path(), ": ", what, " at byte ", offset);
}

std::string TableReader::read_block(Handle handle) const {
  std::string bytes(handle.size + kTrailer, '\0');
  file_.read_at(handle.offset, bytes.data(), bytes.size());
  const auto stored = fixed_at<std::uint32_t>(bytes.data() + handle.size + 1);
  const std::string_view checked(bytes.data(), handle.size + 1);
  if (crc32c_masked(crc32c(checked)) != stored) {
    malformed(handle.offset, "the checksum of a block does not match: the file is corrupt");
  }
  const char compression = bytes[handle.size];
  bytes.resize(handle.size);
  if (compression == kNone) return bytes;
  std::string inflated;
  if (compression != kSnappy || !snappy_inflate(bytes, inflated)) {
    malformed(handle.offset, "a block cannot be decompressed");
  }
  return inflated;
}

template <class F>
void TableReader::scan(const std::string& block, std::uint64_t offset, F&& fn) const {
  if (block.size() < 8) malformed(offset, "a block is too short");
  const std::uint64_t restarts = fixed_at<std::uint32_t>(block.data() + block.size() - 4);
  if (restarts > (block.size() - 4) / 4) malformed(offset, "a block has no entries");
  std::string_view rest(block.data(), block.size() - 4 - 4 * restarts);
  std::string key, previous;
  bool first = true;
  // Keys are written out again and again, so honest ones are not much longer than the block.
  std::uint64_t budget = 16 * block.size() + 4096;
  while (!rest.empty()) {
    std::uint64_t shared = 0, own = 0, size = 0;
    const bool read =
        take_varint(rest, shared) && take_varint(rest, own) && take_varint(rest, size);
    if (!read || shared > key.size() || own > rest.size() || size > rest.size() - own) {
      malformed(offset, "an entry of a block is malformed");
    }
    if (shared + own > budget) malformed(offset, "keys of a block are too long");
    budget -= shared + own;
    previous = key;
    key.resize(shared);
    key += rest.substr(0, own);
    if (!first && key <= previous) malformed(offset, "keys of a block do not ascend");
    first = false;
    rest.remove_prefix(own);
    if (!fn(std::string_view(key), rest.substr(0, size))) return;
    rest.remove_prefix(size);
  }
}

TableReader::TableReader(const std::string& path) : file_(path) {
  if (file_.size() < kFooter) {
    fail(Code::kDataLoss, path, ": the file has ", file_.size(), " bytes, too few for a table");
  }
  const std::uint64_t end = file_.size() - kFooter;
  char footer[kFooter];
  file_.read_at(end, footer, kFooter);
  if (fixed_at<std::uint64_t>(footer + kHandles) != kMagic) {
    malformed(end + kHandles, "not an sstable (bad magic number)");
  }
  const auto handle_from = [&](std::string_view& bytes, std::uint64_t where, std::uint64_t limit) {
    Handle h{};
    if (!take_varint(bytes, h.offset) || !take_varint(bytes, h.size) || limit < kTrailer ||
        h.size > limit - kTrailer || h.offset > limit - kTrailer - h.size) {
      malformed(where, "a block would lie outside of the file");
    }
    return h;
  };
  std::string_view handles(footer, kHandles);
  handle_from(handles, end, end);
  const Handle index = handle_from(handles, end, end);
  std::uint64_t used = 0;
  scan(read_block(index), index.offset, [&](std::string_view key, std::string_view value) {
    const Handle h = handle_from(value, index.offset, end);
    // Blocks follow each other: the work of reading all is bounded by the size of the file.
    if (h.offset < used) malformed(index.offset, "blocks overlap");
    used = h.offset + h.size + kTrailer;
    parts_.push_back({std::string(key), h});
    return true;
  });
}

void TableReader::for_each(
    const std::function<void(std::string_view, std::string_view)>& fn) const {
  std::string last;
  bool any = false;
  for (const Part& part : parts_) {
    scan(read_block(part.handle), part.handle.offset,
         [&](std::string_view key, std::string_view value) {
           if (any && key <= last) malformed(part.handle.offset, "keys do not ascend");
           fn(key, value);
           last = key;
           return any = true;
         });
  }
}

bool TableReader::find(std::string_view key, std::string& value) const {
  const auto part = std::ranges::lower_bound(
      parts_, key, {}, [](const Part& p) { return std::string_view(p.last_key); });
  if (part == parts_.end()) return false;
  bool found = false;
  scan(read_block(part->handle), part->handle.offset, [&](std::string_view k, std::string_view v) {
    if (k < key) return true;
    found = k == key;
    if (found) value = v;
    return false;
  });
  return found;
}

}  // namespace caudal::io
