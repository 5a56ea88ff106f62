// SPDX-License-Identifier: Apache-2.0
// Owns: which ops are computed in a wider dtype for which narrow ones.
// Called by: widened.cpp.
// Must not know: how that is done.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "caudal/dtype.h"

namespace caudal::cpu {

/// half and bfloat16 are computed in float32, small integers in int32, uint32 in int64; uint64
/// borrows the bits of int64. Results are rounded to nearest even.
enum class How {
  kWraps,    ///< results of integers keep their low bits, as arithmetic modulo a power of two does
  kOrdered,  ///< only compares: the order among uint64 holds, and extremes become extremes
};

struct WidenedOp {
  std::string name;
  DTypeSet types;
  How how = How::kWraps;
  int variables = 0;  ///< leading inputs that are variables to be written
  const char* type_attr = "T";
};

std::span<const WidenedOp> widened_ops();
/// nullptr when there is none.
const WidenedOp* find_widened(std::string_view op);

}  // namespace caudal::cpu
