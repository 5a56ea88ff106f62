#!/bin/bash
# Builds caudal with AddressSanitizer and UBSan and runs the C++ and property tests under it.
# Usage: tests/sanitize.sh [build folder] [pytest arguments]; needs the packages of CONTRIBUTING.md.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/sanitize}
shift || true
python=${PYTHON:-python3}
if [ ! -f "$build/build.ninja" ]; then
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 \
    -DCAUDAL_SANITIZE=ON -DCAUDAL_TESTS=ON -DCAUDAL_ISAS="${CAUDAL_ISAS:-v3}" \
    -DPython3_EXECUTABLE="$(command -v "$python")" -DPython_EXECUTABLE="$(command -v "$python")" \
    -DCMAKE_PREFIX_PATH="$("$python" -c 'import sys; print(sys.prefix)')" \
    -Dpybind11_DIR="$("$python" -m pybind11 --cmakedir)"
fi
cmake --build "$build"

export UBSAN_OPTIONS=print_stacktrace=1
# The sanitizers' dlopen does not see libcaudal's rpath, by which OpenBLAS is found otherwise.
openblas=$("$python" -c 'import scipy_openblas32; print(scipy_openblas32.get_lib_dir())')
export LD_LIBRARY_PATH=$openblas${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# Libraries that keep thread pools until the process ends are listed in lsan.supp.
ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=tests/lsan.supp "$build/caudal_tests"

# The property tests run in Python, which must load the sanitizers' libraries first.
package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
cp -r python/caudal "$package/caudal"
rm -f "$package"/caudal/_core*.so
cp "$build"/_core*.so "$package/caudal/"
# Hostile sizes must meet std::bad_alloc, which the sanitizer's operator new does not throw.
cat > "$package/new.cpp" <<'EOF'
#include <cstdlib>
#include <new>
void* operator new(std::size_t n) {
  if (void* p = std::malloc(n > 0 ? n : 1)) return p;
  throw std::bad_alloc();
}
void* operator new[](std::size_t n) { return operator new(n); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
EOF
g++ -O1 -shared -fPIC -o "$package/new.so" "$package/new.cpp"
preload=$package/new.so
for library in libasan libubsan libstdc++; do
  preload=$preload:$(g++ -print-file-name=$library.so)
done
options=detect_leaks=0:alloc_dealloc_mismatch=0:verify_asan_link_order=0
options=$options:allocator_may_return_null=1:max_allocation_size_mb=2047
ASAN_OPTIONS=$options LD_PRELOAD=$preload PYTHONPATH=$package \
  PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest -q -x tests/property "$@"
echo "clean"
