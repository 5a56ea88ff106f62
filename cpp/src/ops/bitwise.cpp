// SPDX-License-Identifier: Apache-2.0
// Operations on the bits of integers.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

#define CAUDAL_INTEGERS "; T:type{int8,int16,int32,int64,uint8,uint16,uint32,uint64}"
constexpr const char* kTwo = "x:T y:T -> z:T" CAUDAL_INTEGERS;
constexpr std::uint32_t kSwap = kElementwise | kCommutative;

constexpr OpRow kRows[] = {
    {"BitwiseAnd", kTwo, broadcast_shape, no_gradient, kSwap},
    {"BitwiseOr", kTwo, broadcast_shape, no_gradient, kSwap},
    {"BitwiseXor", kTwo, broadcast_shape, no_gradient, kSwap},
    {"LeftShift", kTwo, broadcast_shape, no_gradient, kElementwise},
    {"RightShift", kTwo, broadcast_shape, no_gradient, kElementwise},
    {"Invert", "x:T -> y:T" CAUDAL_INTEGERS, same_shape, no_gradient, kElementwise},
    {"PopulationCount", "x:T -> y:uint8" CAUDAL_INTEGERS, same_shape, no_gradient, kElementwise},
};

}  // namespace

std::span<const OpRow> bitwise_ops() { return kRows; }

}  // namespace caudal::ops
