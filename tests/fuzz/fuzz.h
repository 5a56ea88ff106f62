// SPDX-License-Identifier: Apache-2.0
// Owns: what all fuzz targets need: files from bytes, and a bound on memory.
// Called by: fuzz_*.cpp, make_seeds.cpp.
// Must not know: formats.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "caudal/error.h"

namespace fuzz {

/// The next tensor of more bytes than this is refused, or ends the process if `strict`.
void limit_tensors(std::size_t bytes, bool strict);

/// A path in memory that no other process uses.
inline std::string path(const char* name) {
  struct Folder {
    std::string path = "/dev/shm/caudal-fuzz-" + std::to_string(::getpid());
    Folder() { ::mkdir(path.c_str(), 0700); }
    ~Folder() {
      std::error_code error;
      std::filesystem::remove_all(path, error);
    }
  };
  static const Folder folder;
  return folder.path + "/" + name;
}

inline void write(const std::string& path, std::string_view bytes) {
  std::FILE* f = std::fopen(path.c_str(), "wb");
  if (f == nullptr || std::fwrite(bytes.data(), 1, bytes.size(), f) != bytes.size()) std::abort();
  std::fclose(f);
}

/// Runs a parser that may refuse its input, with an error that is meant for damaged files.
template <class F>
void attempt(F&& parse) {
  try {
    parse();
  } catch (const caudal::Error& e) {
    if (e.code() == caudal::Code::kInternal || e.code() == caudal::Code::kUnknown) std::abort();
  }
}

}  // namespace fuzz
