// SPDX-License-Identifier: Apache-2.0
// Owns: the list of CPU kernel families.
// Called by: all_kernels.cpp (once per x86-64 level), the family files.
// Must not know: what is in them.
#pragma once

#include "kernels/cpu/isa.h"

namespace caudal::cpu::CAUDAL_ISA {

// One function per file of this folder, returning its rows.
std::span<const KernelRow>
elementwise_kernels();  // unary, binary, comparison, activation: one-instruction programs
std::span<const KernelRow> select_kernels();
std::span<const KernelRow> cast_kernels();
std::span<const KernelRow> reduction_kernels();
std::span<const KernelRow> scan_kernels();  // ArgMax, Cumsum: along one axis
std::span<const KernelRow> math_kernels();  // LinSpace, special functions
std::span<const KernelRow> array_kernels();
std::span<const KernelRow> rearrange_kernels();
std::span<const KernelRow> slice_kernels();
std::span<const KernelRow> space_kernels();
std::span<const KernelRow> gather_scatter_kernels();
std::span<const KernelRow> dynamic_kernels();
std::span<const KernelRow> matmul_kernels();  // tiny and integer products
std::span<const KernelRow> pool_kernels();
std::span<const KernelRow> norm_kernels();
std::span<const KernelRow> loss_kernels();
std::span<const KernelRow>
nn_kernels();  // BiasAdd, BiasAddGrad, L2Loss, Softmax of small shapes, LRN
std::span<const KernelRow> random_kernels();
std::span<const KernelRow> sampling_kernels();  // gamma, Poisson, seeded draws
std::span<const KernelRow> state_kernels();
std::span<const KernelRow> training_kernels();
std::span<const KernelRow> linalg_kernels();
std::span<const KernelRow> tape_kernels();  // TapeRead, TapeSize: gradients of control flow
std::span<const KernelRow> host_kernels();  // Print, Assert, CheckNumerics, PyFunc
Fuser elementwise_fuser();                  // vector/

}  // namespace caudal::cpu::CAUDAL_ISA
