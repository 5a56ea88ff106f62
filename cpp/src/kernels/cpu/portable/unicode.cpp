// SPDX-License-Identifier: Apache-2.0
// Unicode text: to code points, from them, and between encodings. UTF-8, UTF-16-BE and UTF-32-BE
// are read here; other encodings go through the host language's codecs.
#include <algorithm>
#include <cctype>

#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/host_call.h"
#include "kernels/cpu/portable/sparse_view.h"

namespace caudal::cpu {
namespace {

constexpr std::int32_t kBad = -1;

struct Character {
  std::int32_t code;   ///< kBad: no valid character
  std::int64_t start;  ///< byte offset
};

std::uint32_t byte_at(const std::string& s, std::size_t i) {
  return static_cast<unsigned char>(s[i]);
}

/// A sequence that breaks off counts as one bad character, as far as it could have been valid.
void decode_utf8(const std::string& s, std::vector<Character>& out) {
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t start = i;
    const std::uint32_t lead = byte_at(s, i++);
    std::int32_t code = kBad;
    if (lead < 0x80) {
      code = std::int32_t(lead);
    } else if (lead >= 0xC2 && lead <= 0xF4) {
      const int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
      std::uint32_t value = lead & (0x3Fu >> more);
      std::uint32_t low = 0x80,
                    high = 0xBF;  // of the second byte: no overlong forms, no surrogates
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
      int k = 0;
      for (; k < more && i < s.size(); ++k, low = 0x80, high = 0xBF) {
        const std::uint32_t next = byte_at(s, i);
        if (next < low || next > high) break;
        value = value << 6 | (next & 0x3F);
        ++i;
      }
      if (k == more) code = std::int32_t(value);
    }
    out.push_back({code, std::int64_t(start)});
  }
}

void decode_utf16(const std::string& s, std::vector<Character>& out) {
  auto unit = [&](std::size_t i) { return byte_at(s, i) << 8 | byte_at(s, i + 1); };
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t start = i;
    std::int32_t code = kBad;
    if (i + 1 >= s.size()) {
      i = s.size();
    } else {
      const std::uint32_t first = unit(i);
      i += 2;
      if (first < 0xD800 || first > 0xDFFF) {
        code = std::int32_t(first);
      } else if (first < 0xDC00 && i + 1 < s.size() && unit(i) >= 0xDC00 && unit(i) <= 0xDFFF) {
        code = std::int32_t(0x10000 + ((first - 0xD800) << 10) + (unit(i) - 0xDC00));
        i += 2;
      }
    }
    out.push_back({code, std::int64_t(start)});
  }
}

void decode_utf32(const std::string& s, std::vector<Character>& out) {
  for (std::size_t i = 0; i < s.size(); i += 4) {
    std::int32_t code = kBad;
    if (i + 4 <= s.size()) {
      const std::uint32_t value = byte_at(s, i) << 24 | byte_at(s, i + 1) << 16 |
                                  byte_at(s, i + 2) << 8 | byte_at(s, i + 3);
      if (value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF)) code = std::int32_t(value);
    }
    out.push_back({code, std::int64_t(i)});
  }
}

void encode_utf8(std::uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += char(c);
  } else if (c < 0x800) {
    out += char(0xC0 | c >> 6);
    out += char(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += char(0xE0 | c >> 12);
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  } else {
    out += char(0xF0 | c >> 18);
    out += char(0x80 | (c >> 12 & 0x3F));
    out += char(0x80 | (c >> 6 & 0x3F));
    out += char(0x80 | (c & 0x3F));
  }
}

void encode(const std::string& encoding, std::uint32_t c, std::string& out) {
  auto big_endian = [&](std::uint32_t v, int bytes) {
    while (bytes-- > 0) out += char(v >> (8 * bytes) & 0xFF);
  };
  if (encoding == "UTF-8") {
    encode_utf8(c, out);
  } else if (encoding == "UTF-32-BE") {
    big_endian(c, 4);
  } else if (c < 0x10000) {
    big_endian(c, 2);
  } else {
    big_endian(0xD800 + ((c - 0x10000) >> 10), 2);
    big_endian(0xDC00 + ((c - 0x10000) & 0x3FF), 2);
  }
}

/// "utf_8", "UTF8" and "UTF-8" are one name.
std::string plain_name(const std::string& encoding) {
  std::string out;
  for (const char ch : encoding) {
    if (std::isalnum(static_cast<unsigned char>(ch))) {
      out += char(std::toupper(static_cast<unsigned char>(ch)));
    }
  }
  return out;
}

enum class Policy { kStrict, kReplace, kIgnore };

struct Decoder {
  const std::string& encoding;
  std::string name;
  Policy policy = Policy::kReplace;
  std::int32_t replacement = 0xFFFD;
  bool replace_control = false;

  explicit Decoder(const AttrMap& attrs) : encoding(attrs.s("input_encoding")) {
    name = plain_name(encoding);
    const std::string& errors = attrs.s("errors");
    policy = errors == "strict"   ? Policy::kStrict
             : errors == "ignore" ? Policy::kIgnore
                                  : Policy::kReplace;
    const std::int64_t code = attrs.i("replacement_char");
    if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
      invalid("replacement_char out of unicode codepoint range");
    }
    replacement = std::int32_t(code);
    replace_control = attrs.b("replace_control_characters");
  }

  std::vector<Character> decode(const std::string& s) const {
    std::vector<Character> raw;
    if (name == "UTF8" || name == "USASCII" || name == "ASCII") {
      decode_utf8(s, raw);
    } else if (name == "UTF16BE") {
      decode_utf16(s, raw);
    } else if (name == "UTF32BE") {
      decode_utf32(s, raw);
    } else {
      decode_by_host(s, raw);
    }
    std::vector<Character> out;
    for (Character c : raw) {
      if (c.code == kBad) {
        if (policy == Policy::kStrict) invalid("Invalid formatting on input string");
        if (policy == Policy::kIgnore) continue;
        c.code = replacement;
      } else if (replace_control && c.code <= 0x1F) {
        if (policy == Policy::kIgnore) continue;
        c.code = replacement;
      }
      out.push_back(c);
    }
    return out;
  }

 private:
  /// The host gives pairs of code (-1: bad) and byte offset.
  void decode_by_host(const std::string& s, std::vector<Character>& out) const {
    std::vector<Tensor> results =
        call_host("decode", {Tensor::string_scalar(s), Tensor::string_scalar(encoding)});
    if (results.size() != 1 || results[0].dtype() != DType::kInt64 ||
        results[0].shape().rank() != 2 || results[0].shape()[1] != 2) {
      fail(Code::kInternal, "decode returned something else than pairs");
    }
    const auto* pair = results[0].data<std::int64_t>();
    for (std::int64_t i = 0; i < results[0].shape()[0]; ++i, pair += 2) {
      out.push_back({std::int32_t(pair[0]), pair[1]});
    }
  }
};

void run_decode(Call& c) {
  const Decoder decoder(c.attrs);
  const Tensor& in = c.in[0];
  const DType splits_type = c.attrs.type("Tsplits");
  const std::int64_t n = in.num_elements();
  std::vector<Character> all;
  Dims splits{0};
  for (std::int64_t i = 0; i < n; ++i) {
    const std::vector<Character> one = decoder.decode(in.data<std::string>()[i]);
    all.insert(all.end(), one.begin(), one.end());
    splits.push_back(std::int64_t(all.size()));
  }
  c.out[0] = Tensor(splits_type, Shape{n + 1});
  with_index(splits_type, [&]<class I>(I) {
    std::ranges::transform(splits, c.out[0].data<I>(), [](std::int64_t v) { return I(v); });
  });
  const auto total = std::int64_t(all.size());
  c.out[1] = Tensor(DType::kInt32, Shape{total});
  for (std::int64_t i = 0; i < total; ++i) {
    c.out[1].data<std::int32_t>()[i] = all[std::size_t(i)].code;
  }
  if (c.out.size() < 3) return;
  c.out[2] = Tensor(DType::kInt64, Shape{total});
  for (std::int64_t i = 0; i < total; ++i) {
    c.out[2].data<std::int64_t>()[i] = all[std::size_t(i)].start;
  }
}

void run_transcode(Call& c) {
  const Decoder decoder(c.attrs);
  const std::string& encoding = c.attrs.s("output_encoding");
  c.out[0] = Tensor(DType::kString, c.in[0].shape());
  for (std::int64_t i = 0; i < c.in[0].num_elements(); ++i) {
    std::string& out = c.out[0].data<std::string>()[i];
    for (const Character& ch : decoder.decode(c.in[0].data<std::string>()[i])) {
      encode(encoding, std::uint32_t(ch.code), out);
    }
  }
}

/// Neither out of range, nor half of a pair, nor one of those that never stand for a character.
bool is_character(std::int32_t c) {
  if (c < 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return false;
  return (c < 0xFDD0 || c > 0xFDEF) && (c & 0xFFFE) != 0xFFFE;
}

void run_encode(Call& c) {
  check_rank(c.in[0], 1, "input_values");
  check_rank(c.in[1], 1, "input_splits");
  const Dims splits = c.in[1].as_int64s();
  const std::int64_t size = c.in[0].num_elements();
  const std::string &errors = c.attrs.s("errors"), &encoding = c.attrs.s("output_encoding");
  const std::int64_t replacement = c.attrs.i("replacement_char");
  if (replacement < 0 || replacement > 0x10FFFF ||
      (replacement >= 0xD800 && replacement <= 0xDFFF)) {
    invalid("replacement_char out of unicode codepoint range");
  }
  if (splits.empty()) invalid("input_splits should have at least one element");
  if (splits[0] != 0) invalid("First value in input_splits must be zero.");
  for (std::size_t i = 1; i < splits.size(); ++i) {
    if (splits[i] < splits[i - 1] || splits[i] > size) {
      invalid("Values in input_splits must be equal or in ascending order.");
    }
  }
  if (splits.back() != size) {
    invalid("Last value in input_splits must be equal to the number of values.");
  }
  c.out[0] = Tensor(DType::kString, Shape{std::int64_t(splits.size()) - 1});
  for (std::size_t i = 0; i + 1 < splits.size(); ++i) {
    std::string& out = c.out[0].data<std::string>()[i];
    for (std::int64_t k = splits[i]; k < splits[i + 1]; ++k) {
      std::int32_t code = c.in[0].data<std::int32_t>()[k];
      if (!is_character(code)) {
        const bool surrogate = code >= 0xD800 && code <= 0xDFFF;  // is always replaced
        if (errors == "strict" && !surrogate) {
          invalid("Code point is out of range for Unicode, or a noncharacter.");
        }
        if (errors == "ignore") continue;
        code = errors == "strict" ? 0xFFFD : std::int32_t(replacement);
      }
      encode(encoding, std::uint32_t(code), out);
    }
  }
}

void run_script(Call& c) {
  c.out[0] = call_host_for("script", {c.in[0]}, DType::kInt32, c.in[0].shape());
}

}  // namespace

std::span<const KernelRow> unicode_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"UnicodeDecode", "", kAny, dynamic_kernel<run_decode>},
      {"UnicodeDecodeWithOffsets", "", kAny, dynamic_kernel<run_decode>},
      {"UnicodeEncode", "", kAny, dynamic_kernel<run_encode>},
      {"UnicodeTranscode", "", kAny, dynamic_kernel<run_transcode>},
      {"UnicodeScript", "", kAny, dynamic_kernel<run_script>},
  };
  return rows;
}

}  // namespace caudal::cpu
