// SPDX-License-Identifier: Apache-2.0
// Owns: sorted tables of keys and values in one file: indices of checkpoints, old checkpoints.
// Called by: bundle, checkpoint_v1.
// Must not know: what keys and values mean.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"

namespace caudal::io {

/// Writes entries in the order of their keys.
class TableWriter {
 public:
  explicit TableWriter(OutFile& out) : out_(out) {}
  /// Throws InvalidArgument unless keys ascend.
  void add(std::string_view key, std::string_view value);
  void finish();

 private:
  /// Entries that share the front of their keys; every `interval`th key is written out.
  struct Block {
    int interval;
    std::string entries, last_key;
    std::vector<std::uint32_t> restarts{0};
    int since_restart = 0;

    void add(std::string_view key, std::string_view value);
    std::size_t size() const { return entries.size() + 4 * restarts.size() + 4; }
  };
  /// Writes a block and returns where it is, encoded.
  std::string emit(Block& block);
  void close_block();

  OutFile& out_;
  Block block_{16, {}, {}, {0}, 0}, index_{1, {}, {}, {0}, 0};
  std::string last_key_, pending_;  ///< the handle of a block whose index key is not known yet
  bool any_ = false;
};

/// Reads any block on demand. Malformed bytes throw DataLoss with the file and the offset.
class TableReader {
 public:
  explicit TableReader(const std::string& path);

  const std::string& path() const { return file_.path(); }
  std::uint64_t file_size() const { return file_.size(); }
  /// All entries in order.
  void for_each(const std::function<void(std::string_view key, std::string_view value)>& fn) const;
  /// False when there is no such key.
  bool find(std::string_view key, std::string& value) const;

 private:
  struct Handle {
    std::uint64_t offset, size;
  };
  struct Part {
    std::string last_key;  ///< not below any key of the block
    Handle handle;
  };
  [[noreturn]] void malformed(std::uint64_t offset, std::string_view what) const;
  std::string read_block(Handle handle) const;
  /// Calls fn for each entry of a block until it returns false.
  template <class F>
  void scan(const std::string& block, std::uint64_t offset, F&& fn) const;

  File file_;
  std::vector<Part> parts_;
};

}  // namespace caudal::io
