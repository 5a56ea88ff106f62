// SPDX-License-Identifier: Apache-2.0
// Unary and binary ops, comparisons and activations: every row of the interpreter's table is a
// kernel by itself, a program of one instruction.
#include <vector>

#include "kernels/cpu/families.h"
#include "kernels/cpu/vector/program.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

DTypeSet types_of(const LoopRow& row) {
  DTypeSet types;
  for (std::size_t i = 0; i < kLoopTypes.size(); ++i) {
    if (row.variants[i]) types.insert(kLoopTypes[i]);
  }
  return types;
}

std::vector<KernelRow> make_rows() {
  std::vector<KernelRow> rows;
  for (const LoopRow* row : all_loops()) {
    const DTypeSet types = types_of(*row);
    // Logical ops have no type attr.
    const bool logical = types.contains(DType::kBool) && !types.contains(DType::kFloat);
    rows.push_back(
        {row->op, logical ? "" : "T", logical ? DTypeSet::all() : types, prepare_elementwise});
  }
  const DTypeSet numbers = types_of(*find_loop("Add"));
  for (const char* op : {"AddN", "AccumulateNV2", "ClipByValue"}) {
    rows.push_back({op, "T", numbers, prepare_elementwise});
  }
  return rows;
}

}  // namespace

std::span<const KernelRow> elementwise_kernels() {
  static const std::vector<KernelRow> rows = make_rows();
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
