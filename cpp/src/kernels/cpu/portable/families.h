// SPDX-License-Identifier: Apache-2.0
// Owns: the list of kernel families that are compiled once, for every machine.
// Called by: dispatch.cpp, the family files of this folder.
// Must not know: what is in them.
#pragma once

#include <span>

#include "caudal/kernel.h"

namespace caudal::cpu {

// Here stands what gains nothing from wider vectors: strings, tables, sparse indices, searches,
// LAPACK calls. One function per file of this folder, returning its rows.
std::span<const KernelRow> tensor_array_kernels();
std::span<const KernelRow> stack_kernels();
std::span<const KernelRow> tensor_list_kernels();
std::span<const KernelRow> optional_kernels();
std::span<const KernelRow> bitwise_kernels();
std::span<const KernelRow> segment_kernels();
std::span<const KernelRow> special_kernels();
std::span<const KernelRow> counting_kernels();
std::span<const KernelRow> update_kernels();
std::span<const KernelRow> diagonals_kernels();
std::span<const KernelRow> quantize_kernels();
std::span<const KernelRow> fingerprint_kernels();
std::span<const KernelRow> complex_unary_kernels();
std::span<const KernelRow> complex_binary_kernels();
std::span<const KernelRow> complex_reduce_kernels();
std::span<const KernelRow> complex_sum_kernels();  // scatter and segment sums
std::span<const KernelRow> tridiagonal_kernels();
std::span<const KernelRow> fourier_kernels();
std::span<const KernelRow> sparse_kernels();
std::span<const KernelRow> string_kernels();
std::span<const KernelRow> sparse_math_kernels();
std::span<const KernelRow> sparse_store_kernels();  // serialised, crossed
std::span<const KernelRow> set_kernels();
std::span<const KernelRow> unicode_kernels();
std::span<const KernelRow> file_kernels();
std::span<const KernelRow> parsing_kernels();
std::span<const KernelRow> parse_example_kernels();
std::span<const KernelRow> lookup_kernels();
std::span<const KernelRow> conv3d_kernels();
std::span<const KernelRow> pool3d_kernels();
std::span<const KernelRow> candidate_sampling_kernels();
std::span<const KernelRow> ctc_loss_kernels();
std::span<const KernelRow> ctc_decoder_kernels();
std::span<const KernelRow> pool_choice_kernels();
std::span<const KernelRow> dilation_kernels();
std::span<const KernelRow> global_norm_kernels();
std::span<const KernelRow> abort_kernels();
std::span<const KernelRow> tape_gradient_kernels();  // of control flow, second derivatives
std::span<const KernelRow> sequence_kernels();
std::span<const KernelRow> clustering_kernels();
std::span<const KernelRow> image_resize_kernels();  // and crops of boxes, projections
std::span<const KernelRow> image_colour_kernels();  // and random windows
std::span<const KernelRow> image_box_kernels();     // and drawing
std::span<const KernelRow> image_file_kernels();
std::span<const KernelRow> checkpoint_kernels();
std::span<const KernelRow> summary_kernels();
std::span<const KernelRow> queue_kernels();
std::span<const KernelRow> reader_kernels();

inline void register_portable_kernels() {
  for (auto rows : {
           tensor_array_kernels(),   stack_kernels(),          tensor_list_kernels(),
           optional_kernels(),       clustering_kernels(),     image_resize_kernels(),
           image_colour_kernels(),   image_box_kernels(),      image_file_kernels(),
           bitwise_kernels(),        segment_kernels(),        special_kernels(),
           counting_kernels(),       update_kernels(),         diagonals_kernels(),
           quantize_kernels(),       fingerprint_kernels(),    complex_unary_kernels(),
           complex_binary_kernels(), complex_reduce_kernels(), complex_sum_kernels(),
           tridiagonal_kernels(),    fourier_kernels(),        sparse_kernels(),
           sparse_math_kernels(),    sparse_store_kernels(),   set_kernels(),
           string_kernels(),         unicode_kernels(),        file_kernels(),
           parsing_kernels(),        parse_example_kernels(),  lookup_kernels(),
           conv3d_kernels(),         pool3d_kernels(),         candidate_sampling_kernels(),
           ctc_loss_kernels(),       ctc_decoder_kernels(),    pool_choice_kernels(),
           dilation_kernels(),       global_norm_kernels(),    sequence_kernels(),
           tape_gradient_kernels(),  abort_kernels(),          checkpoint_kernels(),
           summary_kernels(),        queue_kernels(),          reader_kernels(),
       }) {
    register_kernels("CPU", rows);
  }
}

}  // namespace caudal::cpu
