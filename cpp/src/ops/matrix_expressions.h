// SPDX-License-Identifier: Apache-2.0
// Owns: short spellings of nodes on the matrices in the last two axes.
// Called by: gradients in ops/linalg.cpp and ops/decompose.cpp.
// Must not know: shape rules, kernels.
#pragma once

#include "ops/arithmetic.h"
#include "ops/common_shapes.h"

namespace caudal::ops {

/// op(a) op(b), where a flag takes the conjugate transpose first.
inline Output matmul(const GradContext& g, Output a, Output b, bool adjoint_a, bool adjoint_b) {
  return g("BatchMatMulV2", {a, b}, {{"adj_x", adjoint_a}, {"adj_y", adjoint_b}}, "MatMul");
}

/// The last two axes change places.
inline Output swapped(const GradContext& g, Output a, const char* op) {
  const int rank = a.shape().rank();
  Output perm;
  if (rank >= 2) {
    std::vector<std::int32_t> order;
    for (int i = 0; i < rank; ++i) order.push_back(i);
    std::swap(order[std::size_t(rank - 2)], order[std::size_t(rank - 1)]);
    perm = g.builder().ints(order, "perm");
  } else {
    const Builder& b = g.builder();
    const Output count = g("Rank", {a});
    const Output rest = g("Sub", {count, b.scalar(std::int32_t(2))});
    const Output front =
        g("Range", {b.scalar(std::int32_t(0)), rest, b.scalar(std::int32_t(1))}, {}, "range");
    const Output last = g("AddV2", {rest, b.ints({1, 0})});
    perm = g("ConcatV2", {front, last, b.scalar(std::int32_t(0))}, {}, "concat");
  }
  return g(op, {a, perm});
}
inline Output transpose(const GradContext& g, Output a) { return swapped(g, a, "Transpose"); }
inline Output adjoint(const GradContext& g, Output a) {
  return swapped(g, a, is_complex(a.dtype()) ? "ConjugateTranspose" : "Transpose");
}

inline Output triangular_solve(const GradContext& g, Output a, Output b, bool lower,
                               bool adjoint_a) {
  return g("MatrixTriangularSolve", {a, b}, {{"lower", lower}, {"adjoint", adjoint_a}});
}

inline Output diagonal(const GradContext& g, Output a) { return g("MatrixDiagPart", {a}); }
inline Output set_diagonal(const GradContext& g, Output a, Output d) {
  return g("MatrixSetDiag", {a, d});
}
inline Output diagonal_matrix(const GradContext& g, Output d) { return g("MatrixDiag", {d}); }
inline Output band_part(const GradContext& g, Output a, std::int64_t below, std::int64_t above) {
  return g("MatrixBandPart", {a, g.builder().scalar(below), g.builder().scalar(above)});
}
inline Output lower_part(const GradContext& g, Output a) { return band_part(g, a, -1, 0); }
inline Output upper_part(const GradContext& g, Output a) { return band_part(g, a, 0, -1); }

inline Output expand(const GradContext& g, Output a, std::int32_t axis) {
  return g("ExpandDims", {a, g.builder().scalar(axis)});
}
/// One number per matrix, so that it multiplies matrices.
inline Output as_matrices(const GradContext& g, Output a) {
  return expand(g, expand(g, a, -1), -1);
}

/// a[i, k] b[j, l] at [i, j, k, l], by batch.
inline Output kronecker(const GradContext& g, Output a, Output b) {
  return mul(g, expand(g, expand(g, a, -1), -3), expand(g, expand(g, b, -3), -2));
}

/// `x` reshaped to the batch dimensions of `like` (a shape of rank at least 2) and `tail`.
inline Output reshape_tail(const GradContext& g, Output x, const PartialShape& like,
                           std::initializer_list<std::int64_t> tail) {
  const Builder& b = g.builder();
  std::vector<std::int32_t> end;
  for (std::int64_t d : tail) end.push_back(std::int32_t(d));
  std::vector<std::int32_t> dims;
  bool known = true;
  for (int i = 0; i + 2 < like.rank(); ++i) {
    dims.push_back(std::int32_t(like[i]));
    known = known && like[i] >= 0;
  }
  if (known) {
    dims.insert(dims.end(), end.begin(), end.end());
    return g("Reshape", {x, b.ints(dims)});
  }
  const Output front =
      g("Slice", {g("Shape", {x}), b.ints({0}), b.ints({std::int32_t(like.rank() - 2)})});
  return g("Reshape",
           {x, g("ConcatV2", {front, b.ints(end), b.scalar(std::int32_t(0))}, {}, "concat")});
}

}  // namespace caudal::ops
