// SPDX-License-Identifier: Apache-2.0
// Checkpoints of version 1.
#include "caudal/io.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = fuzz::path("v1");
  fuzz::write(path, {reinterpret_cast<const char*>(data), size});
  fuzz::limit_tensors(16 * 22 * size + (1 << 16), true);
  fuzz::attempt([&] {
    const caudal::CheckpointReader reader(path);
    reader.debug_string();
    int count = 0;
    for (const std::string& name : reader.names()) {
      if (++count > 32) break;
      fuzz::attempt([&] { reader.read(name); });
    }
  });
  return 0;
}
