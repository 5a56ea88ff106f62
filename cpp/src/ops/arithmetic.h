// SPDX-License-Identifier: Apache-2.0
// Owns: short spellings of arithmetic nodes, so that gradients read like formulas.
// Called by: gradients in ops/*.cpp.
// Must not know: shape rules, kernels.
#pragma once

#include "caudal/op_def.h"

namespace caudal::ops {

inline Output mul(const GradContext& g, Output a, Output b) { return g("Mul", {a, b}); }
inline Output add(const GradContext& g, Output a, Output b) {
  return g("AddV2", {a, b}, {}, "add");
}
inline Output sub(const GradContext& g, Output a, Output b) { return g("Sub", {a, b}); }
inline Output realdiv(const GradContext& g, Output a, Output b) { return g("RealDiv", {a, b}); }
inline Output neg(const GradContext& g, Output a) { return g("Neg", {a}); }
inline Output square(const GradContext& g, Output a) { return g("Square", {a}); }
inline Output reciprocal(const GradContext& g, Output a) { return g("Reciprocal", {a}); }
/// The complex conjugate; a real `a` passes. The gradient towards a complex input is the upstream
/// one times the conjugate of the derivative, as in TensorFlow.
inline Output conj(const GradContext& g, Output a) {
  return is_complex(a.dtype()) ? g("Conj", {a}) : a;
}
inline Output zeros_like(const GradContext& g, Output a) {
  return g("ZerosLike", {a}, {}, "zeros");
}
/// A scalar constant of a's dtype: broadcasting makes it fit.
inline Output like(const GradContext& g, Output a, double value) {
  return g.builder().scalar_of(a.dtype(), value);
}
inline Output scale(const GradContext& g, Output a, double factor) {
  return mul(g, like(g, a, factor), a);
}
/// `a` where `mask`, zero elsewhere; the mask may broadcast.
inline Output keep_where(const GradContext& g, Output mask, Output a) {
  return g("SelectV2", {mask, a, like(g, a, 0)}, {}, "Select");
}
inline Output zero_where(const GradContext& g, Output mask, Output a) {
  return g("SelectV2", {mask, like(g, a, 0), a}, {}, "Select");
}

}  // namespace caudal::ops
