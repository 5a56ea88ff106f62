// SPDX-License-Identifier: Apache-2.0
// What the interpreter takes, and the interpreter as the fuse pass sees it.
#include <algorithm>
#include <utility>

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

/// Rows of a section must be worth a loop each.
bool can_section(const Shape& group, const Section& section) {
  constexpr std::int64_t kShortestRow = 64;
  std::int64_t row = 1;
  for (int i = section.axis; i < group.rank(); ++i) row *= group[i];
  return row >= kShortestRow;
}

Prepared prepare(const FusedRequest& request) {
  std::vector<GroupNode> nodes;
  nodes.reserve(request.nodes.size());
  for (const FusedNode& node : request.nodes) {
    nodes.push_back(
        {node.op, node.attrs, node.dtype, node.shape, {node.inputs, std::size_t(node.num_inputs)}});
  }
  std::uint32_t inplace_inputs = 0;
  auto program = lower({request.shape, request.inputs, request.sections, nodes, request.results},
                       inplace_inputs);
  return make_kernel(std::move(program), inplace_inputs);
}

/// FusedNode has room for four operands.
bool can_fuse(std::string_view op, const AttrMap& attrs, std::span<const DType> inputs,
              DType output) {
  return inputs.size() <= 4 && can_lower(op, attrs, inputs, output);
}

}  // namespace

Special special(std::string_view op) {
  static constexpr std::pair<std::string_view, Special> kSpecial[] = {
      {"AddN", Special::kSum},         {"AccumulateNV2", Special::kSum},
      {"BiasAdd", Special::kBias},     {"BiasAddV1", Special::kBias},
      {"ClipByValue", Special::kClip}, {"Select", Special::kSelect},
      {"SelectV2", Special::kSelect},  {"Cast", Special::kCast}};
  for (const auto& [name, kind] : kSpecial) {
    if (name == op) return kind;
  }
  return Special::kNone;
}

bool can_lower(std::string_view op, const AttrMap&, std::span<const DType> inputs, DType output) {
  if (inputs.empty()) return false;
  const int type = loop_type_index(inputs[0]);
  const bool alike =
      std::all_of(inputs.begin(), inputs.end(), [&](DType t) { return t == inputs[0]; });
  auto computes = [&](const char* name) {
    const LoopRow* row = find_loop(name);
    return type >= 0 && alike && row->variants[std::size_t(type)];
  };
  switch (special(op)) {
    case Special::kSum:
    case Special::kBias:
      return computes("Add");
    case Special::kClip:
      return inputs.size() == 3 && computes("Maximum");
    case Special::kSelect:
      return inputs.size() == 3 && inputs[0] == DType::kBool && inputs[1] == inputs[2] &&
             !is_object(inputs[1]);
    case Special::kCast:
      return cast_loop(inputs[0], output) != nullptr;
    case Special::kNone:
      break;
  }
  const LoopRow* row = find_loop(op);
  return row && row->arity == int(inputs.size()) && type >= 0 && alike &&
         row->variants[std::size_t(type)];
}

Fuser elementwise_fuser() { return {can_fuse, can_broadcast, can_section, prepare}; }

}  // namespace caudal::cpu::CAUDAL_ISA
