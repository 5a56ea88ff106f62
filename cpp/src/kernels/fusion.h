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

/// Where an operand or a result lies in a larger tensor: along dimension `axis`, which is `whole`
/// long there, from `first` on. It is a tensor of its own when `whole` is 0.
struct Section {
  int axis = 0;
  std::int64_t whole = 0;
  std::int64_t first = 0;
  bool exists() const { return whole > 0; }
};

/// A result that leaves the group: of which node, in which output tensor, and where in it.
struct FusedResult {
  int node = 0;
  int output = 0;
  Section section;
};

/// A group of elementwise nodes in topological order. All results have the shape of the group or
/// broadcast to it; those that leave have it.
struct FusedRequest {
  Shape shape;
  std::span<const ValueInfo> inputs;  ///< with the shapes of their sections
  std::span<const Section> sections;  ///< of the inputs; empty: none has one
  std::span<const FusedNode> nodes;
  std::span<const FusedResult> results;
  int threads = 1;
};

/// What a device offers.
struct Fuser {
  /// Whether the op can be an instruction, given its attrs, operand dtypes and result dtype.
  bool (*can_fuse)(std::string_view op, const AttrMap& attrs, std::span<const DType> inputs,
                   DType output);
  /// Whether an operand of this shape may be broadcast inside a group of that shape.
  bool (*can_broadcast)(const Shape& operand, const Shape& group);
  /// Whether operands and results may be such sections of larger tensors.
  bool (*can_section)(const Shape& group, const Section& section);
  Prepared (*prepare)(const FusedRequest&);
};

void register_fuser(std::string_view device_type, Fuser fuser);
/// nullptr when the device has none.
const Fuser* find_fuser(std::string_view device_type);

}  // namespace caudal
