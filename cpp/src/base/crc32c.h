// SPDX-License-Identifier: Apache-2.0
// Owns: the checksum of checkpoints, records and events (CRC-32C) and its stored, masked form.
// Called by: readers and writers of files, language bindings.
// Must not know: file formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace caudal {

/// CRC-32C of `bytes`; with `crc`, of what `crc` was computed from followed by `bytes`.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc = 0);
/// The same, a byte at a time through a table: for machines without the instruction, and tests.
std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t crc = 0);
/// CRC-32C of A followed by B, from those of A and of B and the length of B.
std::uint32_t crc32c_joined(std::uint32_t a, std::uint32_t b, std::uint64_t length_of_b);

/// The form in which checksums are stored, so that a checksum of checksums stays meaningful.
constexpr std::uint32_t crc32c_masked(std::uint32_t crc) {
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}
constexpr std::uint32_t crc32c_unmasked(std::uint32_t masked) {
  const std::uint32_t rotated = masked - 0xA282EAD8u;
  return (rotated >> 17) | (rotated << 15);
}

}  // namespace caudal
