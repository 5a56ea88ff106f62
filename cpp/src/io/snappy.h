// SPDX-License-Identifier: Apache-2.0
// Owns: inflating of Snappy blocks, which old checkpoints use.
// Called by: the table reader.
// Must not know: what is in a block.
#pragma once

#include <string>
#include <string_view>

namespace caudal::io {

/// False when the block is malformed. Allocates no more than a block of this size can hold.
bool snappy_inflate(std::string_view block, std::string& out);

}  // namespace caudal::io
