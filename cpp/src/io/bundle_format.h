// SPDX-License-Identifier: Apache-2.0
// Owns: the messages in the index of a checkpoint, and giving finished files their names.
// Called by: the reader, the writer and the merger of bundles.
// Must not know: tensors' values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/bundle.h"

namespace caudal::io {

struct BundleHeader {
  std::int64_t shards = 0;
  bool big_endian = false;
  std::int64_t min_consumer = 0;
};
std::string header_to_proto(std::int64_t shards);
/// Throw InvalidArgument for malformed bytes.
BundleHeader header_from_proto(std::string_view bytes);
std::string entry_to_proto(const BundleEntry& entry);
BundleEntry entry_from_proto(std::string_view bytes);

void write_index(OutFile& out, std::int64_t shards,
                 const std::map<std::string, BundleEntry>& entries);

/// Replacing a checkpoint takes several renames. Files first get names that end in this; once the
/// index has its own, the new checkpoint is the valid one, and whoever comes next goes on from
/// there.
inline constexpr std::string_view kCommitted = ".commit";

/// Finished data files and a finished index become the checkpoint `prefix`. `data` are pairs of a
/// path now and the final one.
void publish_bundle(const std::string& prefix,
                    const std::vector<std::pair<std::string, std::string>>& data,
                    AtomicFile& index);
/// Completes or discards what a writer left behind that died in publish_bundle.
void recover_bundle(const std::string& prefix);

}  // namespace caudal::io
