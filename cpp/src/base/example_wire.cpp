// SPDX-License-Identifier: Apache-2.0
#include "base/example_wire.h"

#include "base/wire.h"

namespace caudal {
namespace {

bool is_message(const WireReader& r, int field) {
  return r.field() == field && r.type() == WireReader::kBytes;
}

/// An entry of a map field: key 1, value 2.
bool parse_entry(std::string_view bytes, std::string_view& key, std::string_view& value) {
  WireReader r(bytes);
  while (r.next()) {
    if (is_message(r, 1)) key = r.bytes();
    if (is_message(r, 2)) value = r.bytes();
  }
  return r.ok();
}

bool parse_features(std::string_view bytes, FeatureMap& out) {
  WireReader r(bytes);
  while (r.next()) {
    if (!is_message(r, 1)) continue;
    std::string_view key, value;
    if (!parse_entry(r.bytes(), key, value)) return false;
    out[key] = value;  // the last one counts
  }
  return r.ok();
}

bool parse_feature_lists(std::string_view bytes, FeatureListMap& out) {
  WireReader r(bytes);
  while (r.next()) {
    if (!is_message(r, 1)) continue;
    std::string_view key, value;
    if (!parse_entry(r.bytes(), key, value)) return false;
    std::vector<std::string_view>& list = out[key];
    list.clear();
    WireReader features(value);
    while (features.next()) {
      if (is_message(features, 1)) list.push_back(features.bytes());
    }
    if (!features.ok()) return false;
  }
  return r.ok();
}

float float_of(std::uint32_t bits) {
  float v;
  std::memcpy(&v, &bits, sizeof v);
  return v;
}

/// Appends the values of one BytesList, FloatList or Int64List.
bool parse_list(std::string_view bytes, FeatureValues& out) {
  WireReader r(bytes);
  while (r.next()) {
    if (r.field() != 1) continue;
    if (out.kind == FeatureValues::kBytes) {
      if (r.type() != WireReader::kBytes) return false;
      out.texts.push_back(r.bytes());
    } else if (r.type() == WireReader::kBytes) {  // packed
      WireReader packed(r.bytes());
      if (out.kind == FeatureValues::kFloat) {
        for (std::uint32_t v = 0; packed.next_fixed(v);) out.floats.push_back(float_of(v));
      } else {
        for (std::uint64_t v = 0; packed.next_varint(v);) {
          out.integers.push_back(std::int64_t(v));
        }
      }
      if (!packed.ok()) return false;
    } else if (out.kind == FeatureValues::kFloat) {
      if (r.type() != WireReader::kFixed32) return false;
      out.floats.push_back(float_of(std::uint32_t(r.number())));
    } else {
      if (r.type() != WireReader::kVarint) return false;
      out.integers.push_back(std::int64_t(r.number()));
    }
  }
  return r.ok();
}

}  // namespace

bool parse_example(std::string_view bytes, FeatureMap& features) {
  WireReader r(bytes);
  while (r.next()) {
    if (is_message(r, 1) && !parse_features(r.bytes(), features)) return false;
  }
  return r.ok();
}

bool parse_sequence_example(std::string_view bytes, FeatureMap& context, FeatureListMap& lists) {
  WireReader r(bytes);
  while (r.next()) {
    if (is_message(r, 1) && !parse_features(r.bytes(), context)) return false;
    if (is_message(r, 2) && !parse_feature_lists(r.bytes(), lists)) return false;
  }
  return r.ok();
}

bool parse_feature(std::string_view bytes, FeatureValues& values) {
  values = {};
  WireReader r(bytes);
  while (r.next()) {
    if (r.type() != WireReader::kBytes || r.field() < 1 || r.field() > 3) continue;
    const auto kind = FeatureValues::Kind(r.field());
    if (kind != values.kind) {  // of a oneof the last kind counts
      values = {};
      values.kind = kind;
    }
    if (!parse_list(r.bytes(), values)) return false;
  }
  return r.ok();
}

}  // namespace caudal
