// SPDX-License-Identifier: Apache-2.0
#include "runtime/run_words.h"

#include <string>

#include "caudal/error.h"

namespace caudal {
namespace {

struct Words {
  std::string_view op, marker, words;
};

// A marker is part of what the shape rule says.
constexpr Words kWords[] = {
    {"Concat", "Shape must be rank", "ConcatOp : Ranks of all input tensors should match"},
    {"ConcatV2", "Shape must be rank", "ConcatOp : Ranks of all input tensors should match"},
    {"Concat", "in both shapes", "ConcatOp : Dimensions of inputs should match"},
    {"ConcatV2", "in both shapes", "ConcatOp : Dimensions of inputs should match"},
    {"DynamicPartition", "in both shapes",
     "data.shape must start with partitions.shape; partitions.shape does not start data.shape"},
    {"GatherV2", "at least rank", "Expected axis in the range of the rank of params"},
    {"InTopK", "must be equal", "First dimension of predictions must match length of targets"},
    {"InTopKV2", "must be equal", "First dimension of predictions must match length of targets"},
    {"ListDiff", "input 0", "x should be a 1D vector."},
    {"ListDiff", "input 1", "y should be a 1D vector."},
    {"MatrixDiag", "at least rank 1", "input must be at least 1-dim"},
    {"MatrixDiagPart", "at least rank 2", "input must be at least 2-dim"},
    {"MatrixSetDiag", "input 0", "input must be at least 2-dim"},
    {"MatrixSetDiag", "input 1", "diagonal must be at least 1-dim"},
    {"OneHot", "input 1", "depth must be a scalar"},
    {"Reshape", "input 1", "sizes input must be 1-D, not a tensor of another rank"},
    {"TensorArraySplitV3", "input 2", "Expected lengths to be a vector, received shape: []"},
    {"Tile", "input 0", "Expected multiples argument to be a vector of length of the input's rank"},
    {"Unique", "rank 1", "unique expects a 1D vector."},
    {"UniqueWithCounts", "rank 1", "unique expects a 1D vector."},
};

}  // namespace

void throw_in_run_words(std::string_view op, const Error& error) {
  for (const Words& w : kWords) {
    if (w.op == op && error.message().find(w.marker) != std::string::npos) {
      throw Error(error.code(), str(w.words, ": ", error.message()), error.kind());
    }
  }
  throw error;
}

}  // namespace caudal
