// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/dispatch.h"

#include <cstdlib>
#include <string_view>

#include "caudal/error.h"
#include "kernels/cpu/libraries.h"
#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/widened.h"

namespace caudal::cpu {

#define CAUDAL_DECLARE_ISA(isa) \
  namespace isa {               \
  void register_all();          \
  }
#ifdef CAUDAL_HAVE_v2
CAUDAL_DECLARE_ISA(v2)
#endif
#ifdef CAUDAL_HAVE_v3
CAUDAL_DECLARE_ISA(v3)
#endif
#ifdef CAUDAL_HAVE_v4
CAUDAL_DECLARE_ISA(v4)
#endif

namespace {

struct Level {
  std::string_view name;
  bool supported;
  void (*register_all)();
};

const Level& choose() {
  __builtin_cpu_init();
  static const Level levels[] = {
#ifdef CAUDAL_HAVE_v4
      {"v4", bool(__builtin_cpu_supports("x86-64-v4")), v4::register_all},
#endif
#ifdef CAUDAL_HAVE_v3
      {"v3", bool(__builtin_cpu_supports("x86-64-v3")), v3::register_all},
#endif
#ifdef CAUDAL_HAVE_v2
      {"v2", bool(__builtin_cpu_supports("x86-64-v2")), v2::register_all},
#endif
  };
  // CAUDAL_MAX_ISA=v2|v3|v4 lowers the level, so that each can be tested on one machine.
  const char* wanted = std::getenv("CAUDAL_MAX_ISA");
  bool reached = wanted == nullptr || *wanted == '\0';
  for (const Level& level : levels) {
    reached = reached || level.name == wanted;
    if (reached && level.supported) return level;
  }
  fail(Code::kUnavailable, "no kernels for this processor",
       wanted ? str(" under CAUDAL_MAX_ISA=", wanted) : std::string(),
       ": caudal needs x86-64-v2 and knows v2, v3, v4");
}

}  // namespace

std::string_view isa_level() {
  static const Level& level = choose();
  return level.name;
}

void register_cpu_kernels() {
  // Later rows win: kernels over those that convert, oneDNN and OpenBLAS over the plain ones.
  register_kernels("CPU", widened_kernels());
  choose().register_all();
  register_portable_kernels();
  register_library_kernels();
}

}  // namespace caudal::cpu
