// SPDX-License-Identifier: Apache-2.0
// Owns: a test framework in one page: TEST bodies register themselves, CHECK counts failures.
// Called by: tests/cpp/test_*.cpp, main.cpp.
// Must not know: what is tested.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "caudal/error.h"

namespace testing {

struct Case {
  const char* name;
  void (*body)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

inline int& failures() {
  static int count = 0;
  return count;
}

struct Registrar {
  Registrar(const char* name, void (*body)()) { cases().push_back({name, body}); }
};

inline void fail(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  ++failures();
}

/// The message of the caudal::Error that `body` throws; a failure when it throws none.
template <class F>
std::string error_of(const char* file, int line, F&& body) {
  try {
    body();
  } catch (const caudal::Error& e) {
    return e.message();
  }
  fail(file, line, "no caudal::Error was thrown");
  return {};
}

}  // namespace testing

#define TEST(name)                                               \
  static void name();                                            \
  static const testing::Registrar registrar_##name(#name, name); \
  static void name()
#define CHECK(condition) \
  ((condition) ? void() : testing::fail(__FILE__, __LINE__, "not true: " #condition))
#define CHECK_EQ(a, b) \
  ((a) == (b) ? void() : testing::fail(__FILE__, __LINE__, "not equal: " #a " and " #b))
/// Evaluates `statement`, which must throw a caudal::Error; its message is the value.
#define ERROR_OF(...) testing::error_of(__FILE__, __LINE__, [&] { __VA_ARGS__; })
