// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "testing.h"

/// Runs all tests, or those whose name contains the argument.
int main(int argc, char** argv) {
  int ran = 0;
  for (const testing::Case& test : testing::cases()) {
    if (argc > 1 && !std::strstr(test.name, argv[1])) continue;
    const int before = testing::failures();
    try {
      test.body();
    } catch (const std::exception& e) {
      testing::fail(test.name, 0, std::string("unexpected exception: ") + e.what());
    }
    std::printf("%-50s %s\n", test.name, testing::failures() == before ? "ok" : "FAILED");
    ++ran;
  }
  std::printf("%d tests, %d failures\n", ran, testing::failures());
  return testing::failures() == 0 && ran > 0 ? 0 : 1;
}
