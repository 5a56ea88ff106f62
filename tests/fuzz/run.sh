#!/bin/bash
# Builds the fuzz targets with clang (AddressSanitizer, UBSan, libFuzzer) and runs them.
# Usage: tests/fuzz/run.sh SECONDS [TARGET ...]
# Builds in $FUZZ_BUILD (build/fuzz), where corpora stay for the next time; runs $FUZZ_JOBS (2)
# targets at a time. With CAUDAL_FIXTURES, checkpoints below that folder are seeds too.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=$1
shift
build=${FUZZ_BUILD:-build/fuzz}
targets=("$@")
[ $# -gt 0 ] || for f in tests/fuzz/fuzz_*.cpp; do f=${f##*/fuzz_}; targets+=("${f%.cpp}"); done
mkdir -p "$build"

flags=(-std=c++20 -g -O1 -msse4.2 -Icpp/include -Icpp/src -Itests/fuzz -Wno-unknown-pragmas
  -Itests/fuzz/serial -fsanitize=address,undefined -fno-sanitize-recover=all)
objects=()
for f in tests/fuzz/stubs.cpp cpp/src/base/{error,example_wire,parallel_for}.cpp cpp/src/io/*.cpp \
  cpp/src/tensor/{dtype,shape,tensor,tensor_proto}.cpp; do
  o=$build/$(basename "$f" .cpp).o
  objects+=("$o")
  clang++ "${flags[@]}" -fsanitize=fuzzer-no-link -c "$f" -o "$o"
done
clang++ "${flags[@]}" tests/fuzz/make_seeds.cpp "${objects[@]}" -o "$build/make_seeds"
rm -rf "$build/seeds"
"$build/make_seeds" "$build/seeds" ${CAUDAL_FIXTURES:+"$CAUDAL_FIXTURES"}
# Graphs need the definitions of all ops; these are kept from one build to the next.
graph_objects=()
if [[ " ${targets[*]} " == *" graph_def "* ]]; then
  for f in cpp/src/{graph,ops}/*.cpp cpp/src/tensor/*.cpp cpp/src/base/text_hash.cpp \
    cpp/src/model/meta_graph.cpp; do
    o=$build/$(basename "$(dirname "$f")")_$(basename "$f" .cpp).o
    [[ " ${objects[*]} " == *"/$(basename "$f" .cpp).o "* && $f == cpp/src/tensor/* ]] && continue
    [ $f = cpp/src/tensor/allocator.cpp ] && continue
    graph_objects+=("$o")
    [ "$o" -nt "$f" ] && [ -z "$(find cpp -name '*.h' -newer "$o" -print -quit)" ] || clang++ "${flags[@]}" -fsanitize=fuzzer-no-link -c "$f" -o "$o"
  done
fi
# Graphs of real TensorFlow.
mkdir -p "$build/seeds/graph_def" "$build/tensorflow"
tar -xJf tests/data/tensorflow_files.tar.xz -C "$build/tensorflow"
for f in "$build"/tensorflow/checkpoints*/*/*.meta tests/data/*/*.pb; do
  [ ! -f "$f" ] || cp "$f" "$build/seeds/graph_def/$(echo "$f" | tr / _)"
done
for t in "${targets[@]}"; do
  extra=()
  [ "$t" = graph_def ] && extra=("${graph_objects[@]}")
  clang++ "${flags[@]}" -fsanitize=fuzzer "tests/fuzz/fuzz_$t.cpp" "${objects[@]}" \
    "${extra[@]}" -o "$build/fuzz_$t"
done

run_one() {
  mkdir -p "$build/corpus/$1" "$build/seeds/$1"
  local log=$build/$1.log status=clean longest=65536 words=()
  [ ! -f "tests/fuzz/$1.dict" ] || words=("-dict=tests/fuzz/$1.dict")
  [ "$1" != graph_def ] || longest=262144
  "$build/fuzz_$1" -max_total_time="$seconds" -max_len="$longest" "${words[@]}" -rss_limit_mb=1024 -malloc_limit_mb=80 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="$build/$1-" "$build/corpus/$1" "$build/seeds/$1" \
    > "$log" 2>&1 || status=FAILED
  echo "$1: $status, $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") executions," \
    "$(grep -o 'cov: [0-9]*' "$log" | tail -1), log $log"
  [ $status = clean ]
}
export -f run_one
export build seconds
printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-2}" -I{} bash -c 'run_one {}'
