// SPDX-License-Identifier: Apache-2.0
// Stand-ins for two files of the engine. Checksums are all the same, so that changed bytes get past
// them; memory comes from malloc, whose borders AddressSanitizer watches.
#include <cstdlib>

#include "base/crc32c.h"
#include "fuzz.h"
#include "tensor/allocator.h"

namespace {

std::size_t most = std::size_t(64) << 20;
bool is_strict = false;

}  // namespace

namespace fuzz {

void limit_tensors(std::size_t bytes, bool strict) {
  most = bytes;
  is_strict = strict;
}

}  // namespace fuzz

namespace caudal {

std::uint32_t crc32c(std::string_view, std::uint32_t) { return 0; }
std::uint32_t crc32c_by_table(std::string_view, std::uint32_t) { return 0; }
std::uint32_t crc32c_joined(std::uint32_t, std::uint32_t, std::uint64_t) { return 0; }

std::shared_ptr<void> allocate(std::size_t bytes) {
  if (bytes > most) {
    if (is_strict) std::abort();
    fail(Code::kResourceExhausted, "more than the fuzzer gives");
  }
  void* p = std::malloc(bytes == 0 ? 1 : bytes);
  if (p == nullptr) std::abort();
  return {p, std::free};
}

}  // namespace caudal
