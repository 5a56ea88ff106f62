// SPDX-License-Identifier: Apache-2.0
// Select and SelectV2: programs of one instruction, and strings.
#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/strided_copy.h"
#include "kernels/cpu/vector/program.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// Strides of condition, then and else along the dimensions of the result; 0 where one is
/// broadcast.
struct StringSelectParams {
  Shape shape;
  std::array<std::array<std::int64_t, kMaxRank>, 3> strides{};
};

void run_select_strings(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const StringSelectParams*>(params);
  const auto* condition = static_cast<const std::uint8_t*>(in[0]);
  auto* y = static_cast<std::string*>(out[0]);
  for (std::int64_t i = 0; i < p.shape.num_elements(); ++i) {
    std::int64_t rest = i, at[3] = {};
    for (int d = p.shape.rank(); d-- > 0;) {
      for (std::size_t k = 0; k < 3; ++k) at[k] += rest % p.shape[d] * p.strides[k][std::size_t(d)];
      rest /= p.shape[d];
    }
    const std::size_t chosen = condition[at[0]] != 0 ? 1 : 2;
    y[i] = static_cast<const std::string*>(in[chosen])[at[chosen]];
  }
}

Prepared prepare_select(const KernelRequest& r) {
  if (r.outputs[0].dtype != DType::kString) return prepare_elementwise(r);
  Prepared prepared;
  auto* p = make_params<StringSelectParams>(prepared);
  p->shape = r.outputs[0].shape;
  for (std::size_t k = 0; k < 3; ++k) {
    const Shape& operand = r.inputs[k].shape;
    // Select takes a vector of conditions for whole rows.
    const bool rows = r.op == "Select" && k == 0 && operand.rank() == 1;
    const int missing = rows ? 0 : p->shape.rank() - operand.rank();
    const auto own = strides_of(operand);
    for (int d = 0; d < operand.rank(); ++d) {
      if (operand[d] != 1) p->strides[k][std::size_t(missing + d)] = own[std::size_t(d)];
    }
  }
  prepared.run = run_select_strings;
  return allocating(r, std::move(prepared));
}

}  // namespace

std::span<const KernelRow> select_kernels() {
  static const KernelRow rows[] = {
      {"Select", "T", kMovable, prepare_select},
      {"SelectV2", "T", kMovable, prepare_select},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
