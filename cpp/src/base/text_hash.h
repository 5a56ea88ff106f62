// SPDX-License-Identifier: Apache-2.0
// Owns: hashes of byte strings whose values other programs rely on.
// Called by: kernels of strings, sparse crosses and tables.
// Must not know: tensors.
#pragma once

#include <cstdint>
#include <string_view>

namespace caudal {

/// FarmHash's Fingerprint64.
std::uint64_t fingerprint64(std::string_view bytes);
/// MurmurHash64A with TensorFlow's seed.
std::uint64_t murmur64(std::string_view bytes);
/// SipHash-2-4 with a key of two words.
std::uint64_t sip_hash(std::string_view bytes, std::uint64_t key0, std::uint64_t key1);
/// Two fingerprints made one.
std::uint64_t join_fingerprints(std::uint64_t a, std::uint64_t b);

}  // namespace caudal
