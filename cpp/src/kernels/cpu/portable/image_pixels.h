// SPDX-License-Identifier: Apache-2.0
// Owns: pixels of any dtype as float32 and back.
// Called by: the image kernels of this folder.
// Must not know: ops.
#pragma once

#include "caudal/error.h"
#include "caudal/tensor.h"
#include "kernels/cpu/portable/convert.h"

namespace caudal::cpu {

/// The tensor itself when it is float32.
inline Tensor as_floats(const Tensor& t) {
  if (t.dtype() == DType::kFloat) return t;
  Tensor out(DType::kFloat, t.shape());
  const ConvertFn convert = find_conversion(t.dtype(), DType::kFloat);
  if (convert == nullptr) fail(Code::kUnimplemented, "pixels of dtype ", t.dtype());
  convert_elements(convert, t.dtype(), DType::kFloat, t.raw(), out.raw(), t.num_elements());
  return out;
}
/// Numbers as float32 into memory of another dtype; integers are cut off.
inline void from_floats(const Tensor& from, const Tensor& to) {
  const ConvertFn convert = find_conversion(DType::kFloat, to.dtype());
  if (convert == nullptr) fail(Code::kUnimplemented, "pixels of dtype ", to.dtype());
  convert_elements(convert, DType::kFloat, to.dtype(), from.raw(), to.raw(), to.num_elements());
}

}  // namespace caudal::cpu
