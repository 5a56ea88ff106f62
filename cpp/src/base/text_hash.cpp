// SPDX-License-Identifier: Apache-2.0
#include "base/text_hash.h"

#include <bit>
#include <cstring>
#include <utility>

namespace caudal {
namespace {

using Word = std::uint64_t;

constexpr Word kA = 0xc3a5c85c97cb3127u, kB = 0xb492b66fbe98f273u, kC = 0x9ae16a3b2f90404fu;
constexpr Word kMurmur = 0xc6a4a7935bd1e995u;

Word load64(const char* p) {
  Word v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
Word load32(const char* p) {
  std::uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
/// The `n` < 8 bytes at p, the first one lowest.
Word load_tail(const char* p, std::size_t n) {
  Word v = 0;
  for (std::size_t i = 0; i < n; ++i) v |= Word(static_cast<unsigned char>(p[i])) << (8 * i);
  return v;
}
Word fold(Word v) { return v ^ (v >> 47); }

Word mix(Word u, Word v, Word factor) {
  const Word a = fold((u ^ v) * factor);
  return fold((v ^ a) * factor) * factor;
}

Word hash_short(const char* s, std::size_t n) {
  const Word factor = kC + n * 2;
  if (n >= 8) {
    const Word a = load64(s) + kC, b = load64(s + n - 8);
    return mix(std::rotr(b, 37) * factor + a, (std::rotr(a, 25) + b) * factor, factor);
  }
  if (n >= 4) return mix(n + (load32(s) << 3), load32(s + n - 4), factor);
  if (n == 0) return kC;
  auto byte = [&](std::size_t i) { return std::uint32_t(static_cast<unsigned char>(s[i])); };
  const std::uint32_t y = byte(0) + (byte(n >> 1) << 8);
  const std::uint32_t z = std::uint32_t(n) + (byte(n - 1) << 2);
  return fold((y * kC) ^ (z * kA)) * kC;
}

Word hash_to_32(const char* s, std::size_t n) {
  const Word factor = kC + n * 2;
  const Word a = load64(s) * kB, b = load64(s + 8);
  const Word c = load64(s + n - 8) * factor, d = load64(s + n - 16) * kC;
  return mix(std::rotr(a + b, 43) + std::rotr(c, 30) + d, a + std::rotr(b + kC, 18) + c, factor);
}

Word hash_to_64(const char* s, std::size_t n) {
  const Word factor = kC + n * 2;
  const Word a = load64(s) * kC, b = load64(s + 8);
  const Word c = load64(s + n - 8) * factor, d = load64(s + n - 16) * kC;
  const Word y = std::rotr(a + b, 43) + std::rotr(c, 30) + d;
  const Word z = mix(y, a + std::rotr(b + kC, 18) + c, factor);
  const Word e = load64(s + 16) * factor, f = load64(s + 24);
  const Word g = (y + load64(s + n - 32)) * factor, h = (z + load64(s + n - 24)) * factor;
  return mix(std::rotr(e + f, 43) + std::rotr(g, 30) + h, e + std::rotr(f + a, 18) + g, factor);
}

using Pair = std::pair<Word, Word>;

/// 32 bytes at s taken into a pair.
Pair absorb(const char* s, Word a, Word b) {
  a += load64(s);
  b = std::rotr(b + a + load64(s + 24), 21);
  const Word c = a;
  a += load64(s + 8) + load64(s + 16);
  b += std::rotr(a, 44);
  return {a + load64(s + 24), b + c};
}

Word hash_long(const char* s, std::size_t n) {
  constexpr Word kSeed = 81;
  Word x = kSeed * kC + load64(s), y = kSeed * kB + 113, z = fold(y * kC + 113) * kC;
  Pair v{0, 0}, w{0, 0};
  const char* end = s + (n - 1) / 64 * 64;
  const char* tail = s + n - 64;
  auto round = [&](const char* p, Word factor, Word scale) {
    x = std::rotr(x + y + v.first + load64(p + 8), 37) * factor;
    y = std::rotr(y + v.second + load64(p + 48), 42) * factor;
    x ^= w.second * scale;
    y += v.first * scale + load64(p + 40);
    z = std::rotr(z + w.first, 33) * factor;
    v = absorb(p, v.second * factor, x + w.first);
    w = absorb(p + 32, z + w.second, y + load64(p + 16));
    std::swap(z, x);
  };
  for (; s != end; s += 64) round(s, kB, 1);
  const Word factor = kB + ((z & 0xff) << 1);
  w.first += (n - 1) & 63;
  v.first += w.first;
  w.first += v.first;
  round(tail, factor, 9);
  return mix(mix(v.first, w.first, factor) + fold(y) * kA + z, mix(v.second, w.second, factor) + x,
             factor);
}

}  // namespace

std::uint64_t fingerprint64(std::string_view bytes) {
  const char* s = bytes.data();
  const std::size_t n = bytes.size();
  if (n <= 16) return hash_short(s, n);
  if (n <= 32) return hash_to_32(s, n);
  if (n <= 64) return hash_to_64(s, n);
  return hash_long(s, n);
}

std::uint64_t murmur64(std::string_view bytes) {
  constexpr Word kSeed = 0xDECAFCAFFE;
  const char* s = bytes.data();
  std::size_t n = bytes.size();
  Word h = kSeed ^ (n * kMurmur);
  for (; n >= 8; n -= 8, s += 8) h = (h ^ (fold(load64(s) * kMurmur) * kMurmur)) * kMurmur;
  if (n > 0) h = (h ^ load_tail(s, n)) * kMurmur;
  return fold(fold(h) * kMurmur);
}

std::uint64_t sip_hash(std::string_view bytes, std::uint64_t key0, std::uint64_t key1) {
  Word a = 0x736f6d6570736575u ^ key0, b = 0x646f72616e646f6du ^ key1;
  Word c = 0x6c7967656e657261u ^ key0, d = 0x7465646279746573u ^ key1;
  auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      a += b;
      c += d;
      b = std::rotl(b, 13) ^ a;
      d = std::rotl(d, 16) ^ c;
      a = std::rotl(a, 32);
      c += b;
      a += d;
      b = std::rotl(b, 17) ^ c;
      d = std::rotl(d, 21) ^ a;
      c = std::rotl(c, 32);
    }
  };
  auto take = [&](Word m) {
    d ^= m;
    rounds(2);
    a ^= m;
  };
  const char* s = bytes.data();
  std::size_t n = bytes.size();
  for (; n >= 8; n -= 8, s += 8) take(load64(s));
  take(load_tail(s, n) | Word(bytes.size()) << 56);
  c ^= 0xff;
  rounds(4);
  return a ^ b ^ c ^ d;
}

std::uint64_t join_fingerprints(std::uint64_t a, std::uint64_t b) {
  const Word h = ((a ^ kMurmur) ^ (fold(b * kMurmur) * kMurmur)) * kMurmur;
  return fold(fold(h) * kMurmur);
}

}  // namespace caudal
