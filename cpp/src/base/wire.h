// SPDX-License-Identifier: Apache-2.0
// Owns: reading and writing the protocol-buffer wire format, bounded: no input reads past its end.
// Called by: codecs of tensors and examples.
// Must not know: messages.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace caudal {

/// A cursor over one message. Anything malformed makes `ok` false and ends the message.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : p_(bytes.data()), end_(p_ + bytes.size()) {}

  enum Type { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  bool ok() const { return ok_; }
  bool at_end() const { return p_ == end_; }
  int field() const { return field_; }
  int type() const { return type_; }
  std::uint64_t number() const { return number_; }   ///< of a varint or fixed field
  std::string_view bytes() const { return bytes_; }  ///< of a length-delimited field
  bool is_bytes(int field) const { return field_ == field && type_ == kBytes; }
  bool is_number(int field) const { return field_ == field && type_ == kVarint; }

  /// Reads the next field with its payload; false at the end or when malformed.
  bool next() {
    if (!ok_ || p_ == end_) return false;
    std::uint64_t tag = 0;
    if (!varint(tag) || tag >> 3 == 0 || tag >> 3 > 0x1FFFFFFF) return stop();
    field_ = int(tag >> 3);
    type_ = int(tag & 7);
    switch (type_) {
      case kVarint:
        return varint(number_) || stop();
      case kFixed64:
        return fixed<std::uint64_t>() || stop();
      case kFixed32:
        return fixed<std::uint32_t>() || stop();
      case kBytes: {
        std::uint64_t size = 0;
        if (!varint(size) || size > std::uint64_t(end_ - p_)) return stop();
        bytes_ = {p_, std::size_t(size)};
        p_ += size;
        return true;
      }
      default:
        return stop();  // groups are not used
    }
  }

  /// Raw values of a packed field: false at the end or when malformed.
  bool next_varint(std::uint64_t& value) {
    if (!ok_ || p_ == end_) return false;
    return varint(value) || stop();
  }
  template <class T>
  bool next_fixed(T& value) {
    if (!ok_ || p_ == end_) return false;
    if (std::size_t(end_ - p_) < sizeof(T)) return stop();
    std::memcpy(&value, p_, sizeof(T));
    p_ += sizeof(T);
    return true;
  }

 private:
  bool stop() {
    ok_ = false;
    p_ = end_;
    return false;
  }
  bool varint(std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 70 && p_ != end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*p_++);
      if (shift < 64) value |= std::uint64_t(byte & 0x7F) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  template <class T>
  bool fixed() {
    if (std::size_t(end_ - p_) < sizeof(T)) return false;
    T value;
    std::memcpy(&value, p_, sizeof value);
    number_ = value;
    p_ += sizeof value;
    return true;
  }

  const char* p_;
  const char* end_;
  bool ok_ = true;
  int field_ = 0, type_ = 0;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
};

/// Calls `take(reader)` for every field of a message; false if it is malformed.
template <class F>
bool read_fields(std::string_view bytes, F take) {
  WireReader r(bytes);
  while (r.next()) take(r);
  return r.ok();
}

/// Appends fields to a message.
class WireWriter {
 public:
  std::string out;

  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += char(value | 0x80);
    out += char(value);
  }
  void number(int field, std::uint64_t value) {
    varint(std::uint64_t(field) << 3 | WireReader::kVarint);
    varint(value);
  }
  void fixed32(int field, std::uint32_t value) {
    varint(std::uint64_t(field) << 3 | WireReader::kFixed32);
    raw32(value);
  }
  void fixed64(int field, std::uint64_t value) {
    varint(std::uint64_t(field) << 3 | WireReader::kFixed64);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);  // little-endian
  }
  /// A value of a packed field.
  void raw32(std::uint32_t value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);  // little-endian
  }
  void bytes(int field, std::string_view value) {
    varint(std::uint64_t(field) << 3 | WireReader::kBytes);
    varint(value.size());
    out += value;
  }
};

}  // namespace caudal
