// SPDX-License-Identifier: Apache-2.0
// Owns: checkpoints in the form of version 2: an index table and files with the tensors' bytes.
// Called by: checkpoint.
// Must not know: variables, sessions, who saves.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"
#include "io/table.h"
#include "io/tensor_slice.h"

namespace caudal::io {

/// Where a tensor, or a part of one, is stored.
struct BundleEntry {
  DType dtype = DType::kInvalid;
  Shape shape;
  std::int64_t shard = 0, offset = 0, size = 0;
  std::uint32_t crc = 0;            ///< masked
  std::vector<TensorSlice> slices;  ///< of a tensor stored in parts: nothing else of it is used
};

std::string index_path(const std::string& prefix);
std::string data_path(const std::string& prefix, std::int64_t shard, std::int64_t shards);

/// Writes one data file and its index. Nothing is visible under the prefix before finish(), and
/// then all of it; an earlier checkpoint of this prefix stays whole until then.
class BundleWriter {
 public:
  explicit BundleWriter(std::string prefix);

  /// Throws InvalidArgument for a name that is taken or a dtype that cannot be stored.
  void add(const std::string& name, const Tensor& value);
  void add_slice(const std::string& name, const Shape& full, const TensorSlice& slice,
                 const Tensor& value);
  void finish();

 private:
  void put(const std::string& key, const Tensor& value);
  void put_strings(BundleEntry& entry, const Tensor& value);

  std::string prefix_;
  AtomicFile data_;
  std::map<std::string, BundleEntry> entries_;
};

/// Reads tensors on demand; may be used from several threads.
class BundleReader {
 public:
  explicit BundleReader(const std::string& prefix);

  /// Keys and entries of tensors (without the keys of parts), in order.
  const std::vector<std::pair<std::string, BundleEntry>>& entries() const { return entries_; }
  /// nullptr when there is none.
  const BundleEntry* find(std::string_view name) const;
  /// All of a tensor, put together where it is stored in parts.
  Tensor read(const std::string& name) const;
  /// A part of a tensor.
  Tensor read_slice(const std::string& name, const TensorSlice& slice) const;
  std::int64_t shards() const { return shards_; }
  /// The data file of a shard as it is named now.
  std::string shard_path(std::int64_t shard) const;

 private:
  friend void merge_bundles(const std::vector<std::string>&, const std::string&, bool);
  const BundleEntry& at(const std::string& name) const;
  Tensor read_stored(const std::string& what, const BundleEntry& entry) const;
  Tensor read_strings(const std::string& what, const BundleEntry& entry, const File& file) const;
  const File& shard(std::int64_t number) const;
  [[noreturn]] void damaged(const std::string& what, const BundleEntry& entry,
                            std::string_view how) const;

  std::string prefix_, index_;
  std::int64_t shards_ = 0;
  bool pending_ = false;  ///< the index was committed, but not all files have got their names
  std::vector<std::pair<std::string, BundleEntry>> entries_;  ///< sorted
  std::vector<std::pair<std::string, BundleEntry>> parts_;    ///< sorted, by key of the part
  mutable std::mutex mutex_;
  mutable std::map<std::int64_t, std::unique_ptr<File>> files_;
};

/// One checkpoint of several, whose data files become its shards. The sources are gone afterwards,
/// with their folders if `delete_folders`.
void merge_bundles(const std::vector<std::string>& prefixes, const std::string& destination,
                   bool delete_folders);

}  // namespace caudal::io
