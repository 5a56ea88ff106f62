// SPDX-License-Identifier: Apache-2.0
// Owns: numbers as files hold them: base 128, and fixed width little-endian.
// Called by: readers and writers of this folder.
// Must not know: formats.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace caudal::io {

/// Takes a number off the front; false when there is none.
inline bool take_varint(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= std::uint64_t(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

inline void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += char(value | 0x80);
  out += char(value);
}

/// The caller has checked that sizeof(T) bytes are there.
template <class T>
T fixed_at(const char* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

template <class T>
void put_fixed(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace caudal::io
