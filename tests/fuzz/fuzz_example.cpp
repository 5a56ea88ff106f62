// SPDX-License-Identifier: Apache-2.0
// Example and SequenceExample messages.
#include "base/example_wire.h"
#include "fuzz.h"

namespace {

void read_all(const caudal::FeatureMap& features) {
  for (const auto& [name, bytes] : features) {
    caudal::FeatureValues values;
    if (caudal::parse_feature(bytes, values) && values.size() > std::int64_t(bytes.size()))
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::attempt([&] {
    caudal::FeatureMap features, context;
    caudal::FeatureListMap lists;
    if (caudal::parse_example(bytes, features)) read_all(features);
    if (!caudal::parse_sequence_example(bytes, context, lists)) return;
    read_all(context);
    for (const auto& [name, list] : lists) {
      caudal::FeatureValues values;
      for (const std::string_view feature : list) caudal::parse_feature(feature, values);
    }
  });
  return 0;
}
