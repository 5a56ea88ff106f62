// SPDX-License-Identifier: Apache-2.0
// The library starts its threads as soon as it is loaded, and most programs do without it.
#include "kernels/cpu/blas_library.h"

#include <cblas.h>
#include <dlfcn.h>

#include <string>

#include "caudal/error.h"

#define CAUDAL_TEXT_(x) #x
#define CAUDAL_TEXT(x) CAUDAL_TEXT_(x)

namespace caudal::cpu {
namespace {

void* library() {
#ifdef CAUDAL_BLAS_LIBRARY
  static void* const handle = dlopen(CAUDAL_BLAS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
#else
  // Linked with: found by the address of one of its functions.
  static void* const handle = [] {
    Dl_info info;
    const bool known = dladdr(reinterpret_cast<void*>(&CAUDAL_BLAS(cblas_dgemm)), &info) != 0;
    return known ? dlopen(info.dli_fname, RTLD_NOW | RTLD_LOCAL) : nullptr;
  }();
#endif
  return handle;
}

}  // namespace

void* blas_symbol(const char* name) {
  void* handle = library();
  const std::string full = std::string(CAUDAL_TEXT(CAUDAL_BLAS_PREFIX)) + name;
  void* symbol = handle ? dlsym(handle, full.c_str()) : nullptr;
  if (symbol == nullptr) {
    const char* reason = dlerror();
    fail(Code::kUnavailable, "OpenBLAS cannot be loaded: ", reason ? reason : full.c_str());
  }
  return symbol;
}

}  // namespace caudal::cpu
