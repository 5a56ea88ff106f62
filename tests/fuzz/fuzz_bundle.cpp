// SPDX-License-Identifier: Apache-2.0
// Checkpoints of version 2. Input: the size of the index in two bytes, the index, the tensors.
#include <algorithm>

#include "caudal/io.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t index = std::min(rest.size(), std::size_t(data[0]) | std::size_t(data[1]) << 8);
  static const std::string prefix = fuzz::path("bundle");
  fuzz::write(prefix + ".index", rest.substr(0, index));
  fuzz::write(prefix + ".data-00000-of-00001", rest.substr(index));
  fuzz::limit_tensors(64 * size + (1 << 16), true);
  fuzz::attempt([&] {
    const caudal::CheckpointReader reader(prefix);
    reader.debug_string();
    int count = 0;
    for (const std::string& name : reader.names()) {
      if (++count > 32) break;  // all may show the same bytes
      fuzz::attempt([&] {
        const caudal::Shape shape = reader.shape(name);
        reader.read(name);
        std::string part;
        for (const std::int64_t d : shape.dims()) part += caudal::str(d, " ");
        for (int d = 0; d < shape.rank(); ++d) part += d == 0 ? "0,1" : ":-";
        reader.read_slice(name, part);
      });
    }
  });
  return 0;
}
