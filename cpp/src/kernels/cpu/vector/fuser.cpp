// SPDX-License-Identifier: Apache-2.0
// The interpreter as the fuse pass sees it.
#include "kernels/cpu/families.h"
#include "kernels/cpu/vector/program.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

bool can_broadcast(const Shape& operand, const Shape& group) {
  const int first = group.rank() - operand.rank();
  if (first < 0) return false;
  for (int i = 0; i < operand.rank(); ++i) {
    if (operand[i] != 1 && operand[i] != group[first + i]) return false;
  }
  return true;
}

Prepared prepare(const FusedRequest& request) {
  std::vector<GroupNode> nodes;
  nodes.reserve(request.nodes.size());
  for (const FusedNode& node : request.nodes) {
    nodes.push_back({node.op, node.attrs, node.dtype, node.shape,
                     {node.inputs, std::size_t(node.num_inputs)}});
  }
  std::uint32_t inplace_inputs = 0;
  auto program =
      lower({request.inputs, request.outputs, nodes, request.output_nodes}, inplace_inputs);
  return make_kernel(std::move(program), inplace_inputs);
}

/// FusedNode has room for four operands.
bool can_fuse(std::string_view op, const AttrMap& attrs, std::span<const DType> inputs,
              DType output) {
  return inputs.size() <= 4 && can_lower(op, attrs, inputs, output);
}

}  // namespace

Fuser elementwise_fuser() { return {can_fuse, can_broadcast, prepare}; }

}  // namespace caudal::cpu::CAUDAL_ISA
