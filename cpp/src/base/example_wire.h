// SPDX-License-Identifier: Apache-2.0
// Owns: reading Example and SequenceExample messages; safe for any bytes, memory bounded by them.
// Called by: kernels that parse examples.
// Must not know: tensors.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace caudal {

/// Features by name, as bytes of Feature messages inside of the parsed text.
using FeatureMap = std::unordered_map<std::string_view, std::string_view>;
/// Feature lists by name: the bytes of each of their features.
using FeatureListMap = std::unordered_map<std::string_view, std::vector<std::string_view>>;

/// The values of one feature; exactly one list is used.
struct FeatureValues {
  enum Kind { kNone, kBytes, kFloat, kInt64 } kind = kNone;
  std::vector<std::string_view> texts;
  std::vector<float> floats;
  std::vector<std::int64_t> integers;

  std::int64_t size() const { return std::int64_t(texts.size() + floats.size() + integers.size()); }
};

/// False for malformed bytes.
bool parse_example(std::string_view bytes, FeatureMap& features);
bool parse_sequence_example(std::string_view bytes, FeatureMap& context, FeatureListMap& lists);
bool parse_feature(std::string_view bytes, FeatureValues& values);

}  // namespace caudal
