// SPDX-License-Identifier: Apache-2.0
#include "io/snappy.h"

#include <cstdint>

#include "io/varint.h"

namespace caudal::io {
namespace {

// The densest element copies 64 bytes and takes three.
constexpr std::uint64_t kMostExpansion = 22;

/// `n` little-endian bytes; the caller has checked that they are there.
std::uint32_t little_endian(const char* p, std::size_t n) {
  std::uint32_t v = 0;
  for (std::size_t i = 0; i < n; ++i) {
    v |= std::uint32_t(static_cast<unsigned char>(p[i])) << (8 * i);
  }
  return v;
}

}  // namespace

bool snappy_inflate(std::string_view in, std::string& out) {
  std::uint64_t size = 0;
  if (!take_varint(in, size) || size > UINT32_MAX || size > in.size() * kMostExpansion)
    return false;
  out.clear();
  out.reserve(size);
  while (!in.empty()) {
    const auto tag = static_cast<unsigned char>(in[0]);
    in.remove_prefix(1);
    const unsigned kind = tag & 3;
    // How many bytes of a length or an offset follow the tag.
    const std::size_t extra = kind == 0   ? (tag >> 2 < 60 ? 0 : (tag >> 2) - 59)
                              : kind == 3 ? 4
                                          : kind;
    if (in.size() < extra) return false;
    const std::uint32_t number = little_endian(in.data(), extra);
    in.remove_prefix(extra);
    if (kind == 0) {
      const std::uint64_t length = std::uint64_t(extra == 0 ? tag >> 2 : number) + 1;
      if (length > in.size() || length > size - out.size()) return false;
      out.append(in.data(), length);
      in.remove_prefix(length);
      continue;
    }
    std::size_t length = std::size_t(tag >> 2) + 1, offset = number;
    if (kind == 1) {
      length = std::size_t((tag >> 2) & 7) + 4;
      offset = std::size_t(tag >> 5) << 8 | number;
    }
    if (offset == 0 || offset > out.size() || length > size - out.size()) return false;
    // Source and destination may overlap: that is how runs are written.
    for (std::size_t from = out.size() - offset; length > 0; --length) out += out[from++];
  }
  return out.size() == size;
}

}  // namespace caudal::io
