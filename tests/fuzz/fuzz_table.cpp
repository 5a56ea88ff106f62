// SPDX-License-Identifier: Apache-2.0
// Sorted tables.
#include "fuzz.h"
#include "io/table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = fuzz::path("table");
  fuzz::write(path, {reinterpret_cast<const char*>(data), size});
  fuzz::attempt([&] {
    const caudal::io::TableReader table(path);
    std::string some, value;
    table.for_each([&](std::string_view key, std::string_view) {
      if (key.size() % 3 == 1) some = key;
    });
    table.find(some, value);
    table.find(some + "x", value);
  });
  return 0;
}
