// SPDX-License-Identifier: Apache-2.0
// Owns: the contract between the fuse pass and a device's interpreter of elementwise groups.
// Called by: runtime/passes/fuse.cpp (asks and prepares), kernels/cpu/vector (implements).
// Must not know: graphs, plans.
#pragma once

#include <span>
#include <string_view>

#include "caudal/kernel.h"

namespace caudal {

/// One op inside a fused group. An operand k >= 0 is group input k, k < 0 is the result of node ~k.
struct FusedNode {
  std::string_view op;
  const AttrMap* attrs = nullptr;
  DType dtype = DType::kInvalid;  ///< of the result
  Shape shape;                    ///< of the result
  int num_inputs = 0;
  int inputs[4] = {};
};

/// A group of elementwise nodes in topological order. All results have the shape of the group's
/// outputs or broadcast to it; every output has the same shape.
struct FusedRequest {
  std::span<const ValueInfo> inputs;
  std::span<const ValueInfo> outputs;
  std::span<const FusedNode> nodes;
  std::span<const int> output_nodes;  ///< for each output, the node whose result it is
  int threads = 1;
};

/// What a device offers.
struct Fuser {
  /// Whether the op can be an instruction, given its attrs, operand dtypes and result dtype.
  bool (*can_fuse)(std::string_view op, const AttrMap& attrs, std::span<const DType> inputs,
                   DType output);
  /// Whether an operand of this shape may be broadcast inside a group of that shape.
  bool (*can_broadcast)(const Shape& operand, const Shape& group);
  Prepared (*prepare)(const FusedRequest&);
};

void register_fuser(std::string_view device_type, Fuser fuser);
/// nullptr when the device has none.
const Fuser* find_fuser(std::string_view device_type);

}  // namespace caudal
