// SPDX-License-Identifier: Apache-2.0
// Sparse tensors, as triples of indices [n, rank], values [n] and dense shape [rank]; sets in their
// last dimension.
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

// ---- shapes
// --------------------------------------------------------------------------------------

/// Checks that inputs first .. first + 2 form a sparse tensor; gives its rank, -1 when unknown.
std::int64_t sparse_rank(ShapeContext& c, int first) {
  const PartialShape indices = c.with_rank(first, 2);
  const PartialShape values = c.with_rank(first + 1, 1);
  const PartialShape shape = c.with_rank(first + 2, 1);
  ShapeContext::merge_dim(indices[0], values[0]);
  return ShapeContext::merge_dim(indices[1], shape[0]);
}

void set_sparse(ShapeContext& c, int first, std::int64_t rank, std::int64_t count = -1) {
  c.set_output(first, PartialShape{count, rank});
  c.set_output(first + 1, PartialShape{count});
  c.set_output(first + 2, PartialShape{rank});
}

void sparse_reorder_shape(ShapeContext& c) {
  const std::int64_t rank = sparse_rank(c, 0);
  const PartialShape indices = c.with_rank(0, 2);
  c.set_output(0, PartialShape{indices[0], rank});
  c.set_output(1, c.with_rank(1, 1));
}

void sparse_reshape_shape(ShapeContext& c) {
  const PartialShape indices = c.with_rank(0, 2);
  c.with_rank(1, 1);
  const PartialShape wanted = c.with_rank(2, 1);
  c.set_output(0, PartialShape{indices[0], wanted[0]});
  c.set_output(1, wanted);
}

void sparse_concat_shape(ShapeContext& c) {
  const int n = c.num_inputs() / 3;
  std::int64_t rank = -1, count = 0;
  for (int i = 0; i < n; ++i) {
    const PartialShape indices = c.with_rank(i, 2);
    const PartialShape values = c.with_rank(n + i, 1), shape = c.with_rank(2 * n + i, 1);
    const std::int64_t rows = ShapeContext::merge_dim(indices[0], values[0]);
    count = count < 0 || rows < 0 ? -1 : count + rows;
    rank = ShapeContext::merge_dim(rank, ShapeContext::merge_dim(indices[1], shape[0]));
  }
  set_sparse(c, 0, rank, count);
}

void sparse_split_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  const std::int64_t rank = sparse_rank(c, 1);
  const int n = c.num_outputs() / 3;
  for (int i = 0; i < n; ++i) {
    c.set_output(i, PartialShape{-1, rank});
    c.set_output(n + i, PartialShape{-1});
    c.set_output(2 * n + i, PartialShape{rank});
  }
}

void sparse_slice_shape(ShapeContext& c) {
  std::int64_t rank = sparse_rank(c, 0);
  for (int i = 3; i < 5; ++i) rank = ShapeContext::merge_dim(rank, c.with_rank(i, 1)[0]);
  set_sparse(c, 0, rank);
}

void sparse_slice_grad_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  c.with_rank(2, 1);
  c.with_rank(3, 2);
  c.set_output(0, PartialShape{c.with_rank(1, 2)[0]});
}

void sparse_add_shape(ShapeContext& c) {
  const std::int64_t rank = ShapeContext::merge_dim(sparse_rank(c, 0), sparse_rank(c, 3));
  c.with_rank(6, 0);
  set_sparse(c, 0, rank);
}

void sparse_add_grad_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  c.with_rank(3, 2);
  c.set_output(0, PartialShape{c.with_rank(1, 2)[0]});
  c.set_output(1, PartialShape{c.with_rank(2, 2)[0]});
}

void sparse_pair_shape(ShapeContext& c) {
  const std::int64_t rank = ShapeContext::merge_dim(sparse_rank(c, 0), sparse_rank(c, 3));
  c.set_output(0, PartialShape{-1, rank});
  c.set_output(1, PartialShape{-1});
}

void sparse_values_shape(ShapeContext& c) {
  sparse_rank(c, 0);
  c.set_output(0, c.with_rank(1, 1));
}

void sparse_reduce_shape(ShapeContext& c) {
  sparse_rank(c, 0);
  const PartialShape shape = c.constant_as_shape(2);
  const Tensor* axes = c.constant_input(3);
  if (!shape.has_rank() || axes == nullptr) return c.set_output(0, PartialShape::unknown());
  const bool keep = c.attrs().b("keep_dims");
  std::uint32_t reduced = 0;
  for (const std::int64_t axis : axes->as_int64s()) {
    if (axis < -shape.rank() || axis >= shape.rank()) {  // the kernel complains
      return c.set_output(0, PartialShape::unknown());
    }
    reduced |= 1u << (axis < 0 ? axis + shape.rank() : axis);
  }
  PartialShape out = PartialShape::scalar();
  for (int i = 0; i < shape.rank(); ++i) {
    if (!(reduced >> i & 1)) {
      out.append(shape[i]);
    } else if (keep) {
      out.append(1);
    }
  }
  c.set_output(0, out);
}

void sparse_reduce_sparse_shape(ShapeContext& c) {
  sparse_rank(c, 0);
  set_sparse(c, 0, -1);
}

void sparse_dense_add_shape(ShapeContext& c) {
  sparse_rank(c, 0);
  c.set_output(0, c.input(3));
}

void sparse_matmul_shape(ShapeContext& c) {
  const PartialShape indices = c.with_rank(0, 2);
  const PartialShape values = c.with_rank(1, 1);
  ShapeContext::merge_dim(indices[0], values[0]);
  const PartialShape b = c.with_rank(3, 2);
  const PartialShape a = c.constant_as_shape(2);
  if (a.has_rank() && a.rank() != 2) invalid("Shape must be rank 2 but is rank ", a.rank());
  const bool adjoint_a = c.attrs().b("adjoint_a"), adjoint_b = c.attrs().b("adjoint_b");
  const std::int64_t inner = a.has_rank() ? a[adjoint_a ? 0 : 1] : -1;
  const std::int64_t outer = b[adjoint_b ? 1 : 0];
  if (c.planning() && inner >= 0 && outer >= 0 && inner != outer) {
    invalid("Cannot multiply A and B because inner dimension does not match: ", inner, " vs. ",
            outer, ".  Did you forget a transpose?  Dimensions of A: ", a,
            ".  Dimensions of B: ", b);
  }
  ShapeContext::merge_dim(inner, outer);
  c.set_output(0, PartialShape{a.has_rank() ? a[adjoint_a ? 1 : 0] : -1, b[adjoint_b ? 0 : 1]});
}

void sparse_to_dense_shape(ShapeContext& c) {
  c.with_rank(1, 1);
  c.set_output(0, c.constant_as_shape(1));
}

void fill_empty_rows_shape(ShapeContext& c) {
  const std::int64_t rank = sparse_rank(c, 0);
  c.with_rank(3, 0);
  const PartialShape shape = c.constant_as_shape(2);
  c.set_output(0, PartialShape{-1, rank});
  c.set_output(1, PartialShape{-1});
  c.set_output(2, PartialShape{shape.has_rank() && shape.rank() > 0 ? shape[0] : -1});
  c.set_output(3, PartialShape{c.with_rank(0, 2)[0]});
}

void fill_empty_rows_grad_shape(ShapeContext& c) {
  c.set_output(0, c.with_rank(0, 1));
  c.with_rank(1, 1);
  c.set_output(1, PartialShape::scalar());
}

void serialize_shape(ShapeContext& c) {
  sparse_rank(c, 0);
  c.set_output(0, PartialShape{3});
}
void serialize_many_shape(ShapeContext& c) {
  sparse_rank(c, 0);
  c.set_output(0, PartialShape{-1, 3});
}
void deserialize_shape(ShapeContext& c) {
  const PartialShape in = c.with_rank_at_least(0, 1);
  if (in.has_rank()) ShapeContext::merge_dim(in.dim(-1), 3);
  set_sparse(c, 0, -1);
}
void deserialize_many_shape(ShapeContext& c) {
  if (c.planning() && (c.input(0).rank() == 0 || c.input(0).dim(-1) != 3)) {
    invalid("Serialized sparse should have 3 as the last dimension ", c.input(0));
  }
  ShapeContext::merge_dim(c.with_rank(0, 2)[1], 3);
  set_sparse(c, 0, -1);
}
void add_to_map_shape(ShapeContext& c) {
  sparse_rank(c, 0);
  c.set_output(0, PartialShape::scalar());
}
void add_many_to_map_shape(ShapeContext& c) {
  sparse_rank(c, 0);
  c.set_output(0, PartialShape{-1});
}
void take_from_map_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  set_sparse(c, 0, -1);
}
void sparse_cross_shape(ShapeContext& c) { set_sparse(c, 0, 2); }

void dense_sets_shape(ShapeContext& c) {
  const PartialShape a = c.with_rank_at_least(0, 2), b = c.with_rank_at_least(1, 2);
  std::int64_t rank = a.has_rank() ? a.rank() : b.has_rank() ? b.rank() : -1;
  if (a.has_rank() && b.has_rank()) {
    if (a.rank() != b.rank()) invalid("Shape must be rank ", a.rank(), " but is rank ", b.rank());
    for (int i = 0; i + 1 < a.rank(); ++i) ShapeContext::merge_dim(a[i], b[i]);
  }
  set_sparse(c, 0, rank);
}
void dense_to_sparse_sets_shape(ShapeContext& c) {
  const PartialShape a = c.with_rank_at_least(0, 2);
  const std::int64_t rank = sparse_rank(c, 1);
  if (a.has_rank() && rank >= 0 && a.rank() != rank) {
    invalid("Shape must be rank ", a.rank(), " but is rank ", rank);
  }
  set_sparse(c, 0, a.has_rank() ? a.rank() : rank);
}
void sparse_sets_shape(ShapeContext& c) {
  set_sparse(c, 0, ShapeContext::merge_dim(sparse_rank(c, 0), sparse_rank(c, 3)));
}
void set_size_shape(ShapeContext& c) {
  sparse_rank(c, 0);
  const PartialShape shape = c.constant_as_shape(2);
  if (!shape.has_rank() || shape.rank() == 0) return c.set_output(0, PartialShape::unknown());
  c.set_output(0, PartialShape(shape.dims().first(std::size_t(shape.rank() - 1))));
}

// ---- gradients
// -----------------------------------------------------------------------------------

Output long_range(const GradContext& g, Output values) {
  const Output size = g("Size", {values}, {{"out_type", DType::kInt64}});
  return g("Range",
           {g.builder().scalar(std::int64_t{0}), size, g.builder().scalar(std::int64_t{1})});
}
Output first_axis(const GradContext& g) { return g.builder().scalar(std::int32_t{0}); }

/// The same permutation moves the gradients back.
void sparse_reorder_grad(GradContext& g) {
  Node* order =
      g.builder().node("SparseReorder", {g.input(0), long_range(g, g.input(1)), g.input(2)});
  const Output back = g("InvertPermutation", {order->output(1)});
  g.set(1, g("GatherV2", {g.dy(1), back, first_axis(g)}));
}

void sparse_add_grad(GradContext& g) {
  Node* n = g.builder().node("SparseAddGrad", {g.dy(1), g.input(0), g.input(3), g.output(0)});
  g.set(1, n->output(0));
  g.set(4, n->output(1));
}

void sparse_dense_add_grad(GradContext& g) {
  if (g.needs(1)) g.set(1, g("GatherNd", {g.dy(), g.input(0)}));
  g.set(3, g.dy());
}

/// Every element receives the gradient of the sum that it went into.
void sparse_reduce_sum_grad(GradContext& g) {
  const Output indices = g.input(0), shape = g.input(2), axes = g.input(3);
  const Builder& b = g.builder();
  // Ones at the reduced axes of the shape.
  const Output rank = g("Size", {shape});
  const Output all = g("Range", {b.scalar(std::int32_t{0}), rank, b.scalar(std::int32_t{1})});
  const Output positive = g("FloorMod", {g("Add", {axes, rank}), rank});
  const Output none = g("Equal", {g("Size", {axes}), b.scalar(std::int32_t{0})});
  const Output hits = g("Equal", {g("ExpandDims", {all, b.scalar(std::int32_t{1})}),
                                  g("ExpandDims", {positive, b.scalar(std::int32_t{0})})});
  const Output reduced = g("LogicalOr", {none, g("Any", {hits, b.ints({1})})});
  const Output one = b.scalar(std::int64_t{1});
  const Output kept = g("SelectV2", {reduced, one, shape});
  const Output grad = g("Reshape", {g.dy(), kept});
  const Output at = g("SelectV2", {reduced, b.scalar(std::int64_t{0}), indices});
  g.set(1, g("GatherNd", {grad, at}));
}

void sparse_matmul_grad(GradContext& g) {
  const Output indices = g.input(0), values = g.input(1), shape = g.input(2), b = g.input(3);
  const bool adjoint_a = g.attrs().b("adjoint_a"), adjoint_b = g.attrs().b("adjoint_b");
  const Output swap = g.builder().ints({1, 0});
  const Output dy = g.dy();
  if (g.needs(3)) {
    const Output db = g("SparseTensorDenseMatMul", {indices, values, shape, dy},
                        {{"adjoint_a", !adjoint_a}, {"adjoint_b", false}});
    g.set(3, !adjoint_b                   ? db
             : is_complex(values.dtype()) ? g("ConjugateTranspose", {db, swap})
                                          : g("Transpose", {db, swap}));
  }
  if (!g.needs(1)) return;
  Output right = b;
  if (adjoint_b) right = g("Transpose", {b, swap});
  if (is_complex(values.dtype()) && !adjoint_b) right = g("Conj", {right});
  Node* columns = g.builder().node("Unpack", {indices}, {{"num", 2}, {"axis", 1}});
  const Output row = columns->output(adjoint_a ? 1 : 0),
               column = columns->output(adjoint_a ? 0 : 1);
  const Output parts = mul(g, g("GatherV2", {dy, row, first_axis(g)}),
                           g("GatherV2", {right, column, first_axis(g)}));
  Output sum = g("Sum", {parts, g.builder().ints({1})});
  if (is_complex(values.dtype()) && adjoint_a) sum = g("Conj", {sum});
  g.set(1, sum);
}

/// Where in the dense operand each element of the sparse one finds its partner.
Output partner_indices(const GradContext& g) {
  const Output dense = g.input(3);
  const Builder& b = g.builder();
  const Output sizes = g("Shape", {dense}, {{"out_type", DType::kInt64}});
  const Output missing = g("Sub", {g("Size", {g.input(2)}), g("Rank", {dense})});
  const Output begin = g("Pack", {b.scalar(std::int32_t{0}), missing});
  const Output tail = g("Slice", {g.input(0), begin, b.ints({-1, -1})});
  const Output spread = g("Equal", {sizes, b.scalar(std::int64_t{1})});
  return g("SelectV2", {spread, b.scalar(std::int64_t{0}), tail});
}

void sparse_dense_mul_div_grad(GradContext& g, bool divide) {
  const Output at = partner_indices(g), values = g.input(1), dense = g.input(3), dy = g.dy();
  const Output partner = g("GatherNd", {dense, at});
  if (g.needs(1)) g.set(1, divide ? realdiv(g, dy, partner) : mul(g, dy, partner));
  if (!g.needs(3)) return;
  const Output slope = divide ? realdiv(g, neg(g, values), square(g, partner)) : values;
  const Output shape = g("Shape", {dense}, {{"out_type", DType::kInt64}});
  g.set(3, g("ScatterNd", {at, mul(g, dy, slope), shape}));
}
void sparse_dense_cwise_add_grad(GradContext& g) {
  g.set(1, g.dy());
  if (!g.needs(3)) return;
  const Output shape = g("Shape", {g.input(3)}, {{"out_type", DType::kInt64}});
  g.set(3, g("ScatterNd", {partner_indices(g), g.dy(), shape}));
}
void sparse_dense_mul_grad(GradContext& g) { sparse_dense_mul_div_grad(g, false); }
void sparse_dense_div_grad(GradContext& g) { sparse_dense_mul_div_grad(g, true); }

void sparse_softmax_grad(GradContext& g) {
  const Output indices = g.input(0), shape = g.input(2), y = g.output(0), dy = g.dy();
  const Output sum = g("SparseReduceSum", {indices, mul(g, y, dy), shape, g.builder().ints({-1})},
                       {{"keep_dims", true}});
  const Output centred = g("SparseDenseCwiseAdd", {indices, dy, shape, neg(g, sum)});
  g.set(1, mul(g, centred, y));
}

void fill_empty_rows_grad(GradContext& g) {
  Node* n = g.builder().node("SparseFillEmptyRowsGrad", {g.output(3), g.dy(1)});
  g.set(1, n->output(0));
  g.set(3, n->output(1));
}

void sparse_slice_grad(GradContext& g) {
  g.set(1, g("SparseSliceGrad", {g.dy(1), g.input(0), g.input(3), g.output(0)}));
}

void sparse_to_dense_grad(GradContext& g) {
  Output at = g.input(0);
  if (at.shape().has_rank() && at.shape().rank() < 2) {  // each entry is an index of its own
    at = g("Reshape", {at, g.builder().ints({-1, 1})});
  }
  const Output picked = g("GatherNd", {g.dy(), at});
  Output at_values = picked;
  if (g.input(2).shape().rank() == 0) at_values = g("Sum", {picked, g.builder().ints({0})});
  g.set(2, at_values);
  if (!g.needs(3)) return;
  const Output axes =
      g("Range", {first_axis(g), g("Rank", {g.dy()}), g.builder().scalar(std::int32_t{1})});
  const Output inner =
      g("Range", {first_axis(g), g("Rank", {picked}), g.builder().scalar(std::int32_t{1})});
  g.set(3, sub(g, g("Sum", {g.dy(), axes}), g("Sum", {picked, inner})));
}

#define CAUDAL_NUMBERS                                                                 \
  "{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16," \
  "uint16,complex128,half,uint32,uint64}"
#define CAUDAL_REALS \
  "{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}"

constexpr OpRow kRows[] = {
    {"SparseReorder",
     "input_indices:int64 input_values:T input_shape:int64 -> output_indices:int64 "
     "output_values:T; T:type",
     sparse_reorder_shape, sparse_reorder_grad, kDynamicShape | kHostOnly},
    {"SparseReshape",
     "input_indices:int64 input_shape:int64 new_shape:int64 -> output_indices:int64 "
     "output_shape:int64",
     sparse_reshape_shape, no_gradient, kDynamicShape | kHostOnly},
    {"SparseConcat",
     "indices:N*int64 values:N*T shapes:N*int64 -> output_indices:int64 output_values:T "
     "output_shape:int64; concat_dim:int; N:int>=2; T:type",
     sparse_concat_shape, no_gradient, kDynamicShape | kHostOnly},
    {"SparseSplit",
     "split_dim:int64 indices:int64 values:T shape:int64 -> output_indices:num_split*int64 "
     "output_values:num_split*T output_shape:num_split*int64; num_split:int>=1; T:type",
     sparse_split_shape, nullptr, kDynamicShape | kHostOnly},
    {"SparseSlice",
     "indices:int64 values:T shape:int64 start:int64 size:int64 -> output_indices:int64 "
     "output_values:T output_shape:int64; T:type",
     sparse_slice_shape, sparse_slice_grad, kDynamicShape | kHostOnly},
    {"SparseSliceGrad",
     "backprop_val_grad:T input_indices:int64 input_start:int64 output_indices:int64 -> "
     "val_grad:T; T:type" CAUDAL_NUMBERS,
     sparse_slice_grad_shape, nullptr, kDynamicShape | kHostOnly},
    {"SparseAdd",
     "a_indices:int64 a_values:T a_shape:int64 b_indices:int64 b_values:T b_shape:int64 "
     "thresh:Treal -> sum_indices:int64 sum_values:T sum_shape:int64; T:type" CAUDAL_NUMBERS
     "; Treal:type" CAUDAL_REALS,
     sparse_add_shape, sparse_add_grad, kDynamicShape | kHostOnly},
    {"SparseAddGrad",
     "backprop_val_grad:T a_indices:int64 b_indices:int64 sum_indices:int64 -> a_val_grad:T "
     "b_val_grad:T; T:type" CAUDAL_NUMBERS,
     sparse_add_grad_shape, no_gradient, kDynamicShape | kHostOnly},
    {"SparseSparseMaximum",
     "a_indices:int64 a_values:T a_shape:int64 b_indices:int64 b_values:T b_shape:int64 -> "
     "output_indices:int64 output_values:T; T:type" CAUDAL_REALS,
     sparse_pair_shape, nullptr, kDynamicShape | kHostOnly},
    {"SparseSparseMinimum",
     "a_indices:int64 a_values:T a_shape:int64 b_indices:int64 b_values:T b_shape:int64 -> "
     "output_indices:int64 output_values:T; T:type" CAUDAL_NUMBERS,
     sparse_pair_shape, nullptr, kDynamicShape | kHostOnly},
    {"SparseSoftmax",
     "sp_indices:int64 sp_values:T sp_shape:int64 -> output:T; T:type{float,double}",
     sparse_values_shape, sparse_softmax_grad, kDynamicShape | kHostOnly},
    {"SparseDenseCwiseAdd",
     "sp_indices:int64 sp_values:T sp_shape:int64 dense:T -> output:T; T:type" CAUDAL_NUMBERS,
     sparse_values_shape, sparse_dense_cwise_add_grad, kDynamicShape | kHostOnly},
    {"SparseDenseCwiseMul",
     "sp_indices:int64 sp_values:T sp_shape:int64 dense:T -> output:T; T:type" CAUDAL_NUMBERS,
     sparse_values_shape, sparse_dense_mul_grad, kDynamicShape | kHostOnly},
    {"SparseDenseCwiseDiv",
     "sp_indices:int64 sp_values:T sp_shape:int64 dense:T -> output:T; T:type" CAUDAL_NUMBERS,
     sparse_values_shape, sparse_dense_div_grad, kDynamicShape | kHostOnly},
    {"SparseReduceSum",
     "input_indices:int64 input_values:T input_shape:int64 reduction_axes:int32 -> output:T;"
     " keep_dims:bool=false; T:type" CAUDAL_NUMBERS,
     sparse_reduce_shape, sparse_reduce_sum_grad, kDynamicShape | kHostOnly},
    {"SparseReduceMax",
     "input_indices:int64 input_values:T input_shape:int64 reduction_axes:int32 -> output:T;"
     " keep_dims:bool=false; T:type" CAUDAL_REALS,
     sparse_reduce_shape, nullptr, kDynamicShape | kHostOnly},
    {"SparseReduceSumSparse",
     "input_indices:int64 input_values:T input_shape:int64 reduction_axes:int32 -> "
     "output_indices:int64 output_values:T output_shape:int64; keep_dims:bool=false; "
     "T:type" CAUDAL_NUMBERS,
     sparse_reduce_sparse_shape, nullptr, kDynamicShape | kHostOnly},
    {"SparseReduceMaxSparse",
     "input_indices:int64 input_values:T input_shape:int64 reduction_axes:int32 -> "
     "output_indices:int64 output_values:T output_shape:int64; keep_dims:bool=false; "
     "T:type" CAUDAL_REALS,
     sparse_reduce_sparse_shape, nullptr, kDynamicShape | kHostOnly},
    {"SparseTensorDenseAdd",
     "a_indices:Tindices a_values:T a_shape:Tindices b:T -> output:T; T:type" CAUDAL_NUMBERS
     "; Tindices:type{int32,int64}",
     sparse_dense_add_shape, sparse_dense_add_grad, kDynamicShape | kHostOnly},
    {"SparseTensorDenseMatMul",
     "a_indices:Tindices a_values:T a_shape:int64 b:T -> product:T; T:type; "
     "Tindices:type{int32,int64}=int64; adjoint_a:bool=false; adjoint_b:bool=false",
     sparse_matmul_shape, sparse_matmul_grad, kDynamicShape | kHostOnly},
    {"SparseToDense",
     "sparse_indices:Tindices output_shape:Tindices sparse_values:T default_value:T -> "
     "dense:T; validate_indices:bool=true; T:type; Tindices:type{int32,int64}",
     sparse_to_dense_shape, sparse_to_dense_grad, kDynamicShape | kHostOnly},
    {"SparseFillEmptyRows",
     "indices:int64 values:T dense_shape:int64 default_value:T -> output_indices:int64 "
     "output_values:T empty_row_indicator:bool reverse_index_map:int64; T:type",
     fill_empty_rows_shape, fill_empty_rows_grad, kDynamicShape | kHostOnly},
    {"SparseFillEmptyRowsGrad",
     "reverse_index_map:int64 grad_values:T -> d_values:T d_default_value:T; T:type",
     fill_empty_rows_grad_shape, nullptr, kDynamicShape | kHostOnly},
    {"SerializeSparse",
     "sparse_indices:int64 sparse_values:T sparse_shape:int64 -> serialized_sparse:out_type;"
     " T:type; out_type:type{string,variant}=string",
     serialize_shape, no_gradient, kDynamicShape | kHostOnly},
    {"SerializeManySparse",
     "sparse_indices:int64 sparse_values:T sparse_shape:int64 -> serialized_sparse:out_type;"
     " T:type; out_type:type{string,variant}=string",
     serialize_many_shape, no_gradient, kDynamicShape | kHostOnly},
    {"DeserializeSparse",
     "serialized_sparse:Tserialized -> sparse_indices:int64 sparse_values:dtype "
     "sparse_shape:int64; dtype:type; Tserialized:type{string,variant}=string",
     deserialize_shape, no_gradient, kDynamicShape | kHostOnly},
    {"DeserializeManySparse",
     "serialized_sparse:string -> sparse_indices:int64 sparse_values:dtype "
     "sparse_shape:int64; dtype:type",
     deserialize_many_shape, no_gradient, kDynamicShape | kHostOnly},
    {"AddSparseToTensorsMap",
     "sparse_indices:int64 sparse_values:T sparse_shape:int64 -> sparse_handle:int64; "
     "T:type; container:string=''; shared_name:string=''",
     add_to_map_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"AddManySparseToTensorsMap",
     "sparse_indices:int64 sparse_values:T sparse_shape:int64 -> sparse_handles:int64; "
     "T:type; container:string=''; shared_name:string=''",
     add_many_to_map_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"TakeManySparseFromTensorsMap",
     "sparse_handles:int64 -> sparse_indices:int64 sparse_values:dtype sparse_shape:int64; "
     "dtype:type; container:string=''; shared_name:string=''",
     take_from_map_shape, no_gradient, kDynamicShape | kHostOnly | kStateful},
    {"SparseCross",
     "indices:N*int64 values:[sparse_types] shapes:N*int64 dense_inputs:[dense_types] -> "
     "output_indices:int64 output_values:out_type output_shape:int64; N:int>=0; "
     "hashed_output:bool; num_buckets:int>=0; hash_key:int; "
     "sparse_types:list(type){int64,string}>=0; dense_types:list(type){int64,string}>=0; "
     "out_type:type{int64,string}; internal_type:type{int64,string}",
     sparse_cross_shape, no_gradient, kDynamicShape | kHostOnly},
    {"DenseToDenseSetOperation",
     "set1:T set2:T -> result_indices:int64 result_values:T result_shape:int64; "
     "set_operation:string; validate_indices:bool=true; "
     "T:type{int8,int16,int32,int64,uint8,uint16,string}",
     dense_sets_shape, no_gradient, kDynamicShape | kHostOnly},
    {"DenseToSparseSetOperation",
     "set1:T set2_indices:int64 set2_values:T set2_shape:int64 -> result_indices:int64 "
     "result_values:T result_shape:int64; set_operation:string; validate_indices:bool=true; "
     "T:type{int8,int16,int32,int64,uint8,uint16,string}",
     dense_to_sparse_sets_shape, no_gradient, kDynamicShape | kHostOnly},
    {"SparseToSparseSetOperation",
     "set1_indices:int64 set1_values:T set1_shape:int64 set2_indices:int64 set2_values:T "
     "set2_shape:int64 -> result_indices:int64 result_values:T result_shape:int64; "
     "set_operation:string; validate_indices:bool=true; "
     "T:type{int8,int16,int32,int64,uint8,uint16,string}",
     sparse_sets_shape, no_gradient, kDynamicShape | kHostOnly},
    {"SetSize",
     "set_indices:int64 set_values:T set_shape:int64 -> size:int32; "
     "validate_indices:bool=true; T:type{int8,int16,int32,int64,uint8,uint16,string}",
     set_size_shape, no_gradient, kDynamicShape | kHostOnly},
};

}  // namespace

std::span<const OpRow> sparse_ops() { return kRows; }

}  // namespace caudal::ops
