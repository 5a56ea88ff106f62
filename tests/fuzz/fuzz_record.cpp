// SPDX-License-Identifier: Apache-2.0
// Records, which event files consist of too: from a file, and in pieces whose size the first byte
// tells.
#include "caudal/io.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  static const std::string path = fuzz::path("records");
  fuzz::write(path, bytes);
  std::size_t from_file = 0, from_pieces = 0;
  std::string record;
  fuzz::attempt([&] {
    caudal::RecordReader reader(path);
    while (reader.next(record)) ++from_file;
  });
  fuzz::attempt([&] {
    caudal::RecordParser parser("pieces");
    const std::size_t piece = std::size_t(data[0]) + 1;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      parser.feed(bytes.substr(at, piece));
      while (parser.next(record)) ++from_pieces;
    }
    parser.finish();
  });
  if (from_file != from_pieces) std::abort();
  return 0;
}
