// SPDX-License-Identifier: Apache-2.0
// Owns: the list of op families.
// Called by: all_ops.cpp, the family files.
// Must not know: what is in them.
#pragma once

#include <span>

#include "caudal/op_def.h"

namespace caudal::ops {

// One function per file of this folder, returning its constexpr rows.
std::span<const OpRow> unary_ops();
std::span<const OpRow> binary_ops();     // arithmetic, comparison, logical, Select
std::span<const OpRow> reduction_ops();  // Sum ... ArgMax
std::span<const OpRow> matmul_ops();
std::span<const OpRow> linalg_ops();          // solve, inverse, determinant, Cholesky, LU
std::span<const OpRow> decompose_ops();       // Qr, Svd, SelfAdjointEig
std::span<const OpRow> complex_ops();         // Complex, Real, Imag, Conj
std::span<const OpRow> spectral_ops();        // FFT, RFFT
std::span<const OpRow> array_ops();           // Const, Placeholder, Identity, Shape, Reshape
std::span<const OpRow> rearrange_ops();       // Transpose, Concat, Pack, Split, Tile, Reverse
std::span<const OpRow> slice_ops();           // Slice, StridedSlice, Pad, MirrorPad
std::span<const OpRow> space_ops();           // diagonals, SpaceToDepth, SpaceToBatch
std::span<const OpRow> gather_scatter_ops();  // Gather, Scatter, OneHot, segment sums
std::span<const OpRow> dynamic_ops();         // Where, Unique, ListDiff, DynamicPartition
std::span<const OpRow> activation_ops();
std::span<const OpRow> conv_ops();
std::span<const OpRow> conv3d_ops();
std::span<const OpRow> pool_ops();
std::span<const OpRow> pool3d_ops();
std::span<const OpRow> pool_choice_ops();  // WithArgmax, fractional
std::span<const OpRow> dilation_ops();     // and data formats
std::span<const OpRow> ctc_ops();
std::span<const OpRow> candidate_sampling_ops();
std::span<const OpRow> norm_ops();  // FusedBatchNorm, LRN
std::span<const OpRow> loss_ops();  // cross-entropies, L2Loss
std::span<const OpRow> bitwise_ops();
std::span<const OpRow> segment_ops();    // sums, means, extrema over groups of rows
std::span<const OpRow> special_ops();    // Igamma, Betainc, Bincount, Cross
std::span<const OpRow> search_ops();     // LowerBound, UnravelIndex, UniqueV2, EditDistance
std::span<const OpRow> update_ops();     // InplaceUpdate, StridedSliceAssign, Roll
std::span<const OpRow> patches_ops();    // ExtractImagePatches
std::span<const OpRow> image_ops();      // resizing, colours, boxes, file formats
std::span<const OpRow> diagonals_ops();  // MatrixDiagV2
std::span<const OpRow> quantize_ops();   // FakeQuant*, QuantizeAndDequantize
std::span<const OpRow> sampling_ops();   // RandomGamma, StatelessRandom*
std::span<const OpRow> random_ops();
std::span<const OpRow> clustering_ops();         // NearestNeighbors, KmeansPlusPlusInitialization
std::span<const OpRow> resource_variable_ops();  // VarHandleOp, ReadVariableOp, Resource*
std::span<const OpRow> state_ops();              // VariableV2, Assign*, Scatter*
std::span<const OpRow> training_ops();           // Apply*
std::span<const OpRow> control_flow_ops();       // NoOp, If, While, TapeRead
std::span<const OpRow> tensor_array_ops();
std::span<const OpRow> stack_ops();
std::span<const OpRow> tensor_list_ops();
std::span<const OpRow> optional_ops();
std::span<const OpRow> host_ops();      // Print, Assert, CheckNumerics, PyFunc
std::span<const OpRow> sparse_ops();    // SparseTensor, sets
std::span<const OpRow> string_ops();    // text, regular expressions, Unicode, files
std::span<const OpRow> parsing_ops();   // DecodeRaw, DecodeCSV, ParseExample
std::span<const OpRow> lookup_ops();    // hash tables
std::span<const OpRow> sequence_ops();  // GatherTree
std::span<const OpRow> checkpoint_ops();
std::span<const OpRow> summary_ops();    // values for TensorBoard
std::span<const OpRow> data_flow_ops();  // queues, readers

}  // namespace caudal::ops
