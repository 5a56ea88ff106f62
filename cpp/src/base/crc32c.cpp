// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <array>
#include <cstring>

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

namespace caudal {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78u;  // bits reversed

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? kPolynomial : 0);
    table[i] = c;
  }
  return table;
}
constexpr auto kTable = make_table();

/// a * b modulo the polynomial; the highest power stands in the lowest bit.
constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? kPolynomial : 0);
  }
  return product;
}

/// x^(8 * 2^k) for each k.
constexpr std::array<std::uint32_t, 64> make_powers() {
  std::array<std::uint32_t, 64> powers{};
  std::uint32_t p = 0x00800000u;  // x^8
  for (auto& v : powers) {
    v = p;
    p = multiply(p, p);
  }
  return powers;
}
constexpr auto kPowers = make_powers();

/// What `length` zero bytes do to a checksum: a multiplication by x^(8 length).
constexpr std::uint32_t zeros(std::uint64_t length) {
  std::uint32_t p = 0x80000000u;  // 1
  for (std::size_t k = 0; length != 0; length >>= 1, ++k) {
    if ((length & 1) != 0) p = multiply(kPowers[k], p);
  }
  return p;
}

#ifdef __SSE4_2__

// The instruction takes three cycles but starts each cycle: three streams keep it busy.
constexpr std::size_t kLong = 8192, kShort = 256;

/// Multiplication by x^(8 kBytes) through four tables.
template <std::size_t kBytes>
struct Shift {
  static constexpr std::array<std::array<std::uint32_t, 256>, 4> make() {
    std::array<std::array<std::uint32_t, 256>, 4> tables{};
    const std::uint32_t factor = zeros(kBytes);
    for (std::uint32_t t = 0; t < 4; ++t) {
      for (std::uint32_t bit = 1; bit < 256; bit <<= 1) {
        tables[t][bit] = multiply(factor, bit << (8 * t));
      }
      for (std::uint32_t i = 1; i < 256; ++i) {
        const std::uint32_t low = i & (~i + 1);
        tables[t][i] = tables[t][low] ^ (i == low ? 0 : tables[t][i ^ low]);
      }
    }
    return tables;
  }
  static constexpr auto kTables = make();
  static std::uint32_t apply(std::uint32_t c) {
    return kTables[0][c & 0xFF] ^ kTables[1][(c >> 8) & 0xFF] ^ kTables[2][(c >> 16) & 0xFF] ^
           kTables[3][c >> 24];
  }
};

std::uint64_t word(const char* p) {
  std::uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

/// Three neighbouring blocks at a time, as long as there are three.
template <std::size_t kBytes>
void three_streams(const char*& p, std::size_t& n, std::uint32_t& crc) {
  for (; n >= 3 * kBytes; p += 3 * kBytes, n -= 3 * kBytes) {
    std::uint64_t a = crc, b = 0, c = 0;
    for (std::size_t i = 0; i < kBytes; i += 8) {
      a = _mm_crc32_u64(a, word(p + i));
      b = _mm_crc32_u64(b, word(p + kBytes + i));
      c = _mm_crc32_u64(c, word(p + 2 * kBytes + i));
    }
    crc = Shift<kBytes>::apply(std::uint32_t(a)) ^ std::uint32_t(b);
    crc = Shift<kBytes>::apply(crc) ^ std::uint32_t(c);
  }
}

#endif

}  // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t crc) {
  crc = ~crc;
  for (const char byte : bytes) {
    crc = kTable[(crc ^ static_cast<unsigned char>(byte)) & 0xFF] ^ (crc >> 8);
  }
  return ~crc;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) {
#ifdef __SSE4_2__
  const char* p = bytes.data();
  std::size_t n = bytes.size();
  crc = ~crc;
  three_streams<kLong>(p, n, crc);
  three_streams<kShort>(p, n, crc);
  for (; n >= 8; p += 8, n -= 8) crc = std::uint32_t(_mm_crc32_u64(crc, word(p)));
  for (; n > 0; ++p, --n) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(*p));
  return ~crc;
#else
  return crc32c_by_table(bytes, crc);
#endif
}

std::uint32_t crc32c_joined(std::uint32_t a, std::uint32_t b, std::uint64_t length_of_b) {
  return multiply(zeros(length_of_b), a) ^ b;
}

}  // namespace caudal
