// SPDX-License-Identifier: Apache-2.0
// Snappy blocks.
#include "fuzz.h"
#include "io/snappy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string out;
  caudal::io::snappy_inflate({reinterpret_cast<const char*>(data), size}, out);
  if (out.capacity() > 24 * size + 64) std::abort();
  return 0;
}
