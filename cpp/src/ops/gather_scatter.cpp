// SPDX-License-Identifier: Apache-2.0
// Rows picked by index, and rows put in place by index.
#include <algorithm>

#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

// a without its first `skip` dimensions appended to `out`; unknown rank when either is.
PartialShape append_tail(PartialShape out, const PartialShape& a, int skip) {
  if (!out.has_rank() || !a.has_rank()) return PartialShape::unknown();
  for (int i = skip; i < a.rank(); ++i) out.append(a[i]);
  return out;
}
PartialShape head(const PartialShape& a, int count) {
  return PartialShape(a.dims().first(std::size_t(count)));
}

void gather_along(ShapeContext& c, std::int64_t wanted, std::int64_t batch) {
  const PartialShape &params = c.input(0), &indices = c.input(1);
  const std::int64_t needed = wanted < 0 ? -wanted : wanted + 1;
  if (params.has_rank() && params.rank() < needed) {
    invalid("Shape must be at least rank ", needed, " but is rank ", params.rank());
  }
  if (indices.has_rank()) {
    if (batch < -indices.rank() || batch > indices.rank()) {
      invalid("Expected batch_dims in the range [", -indices.rank(), ", ", indices.rank(),
              "], but got ", batch);
    }
    if (batch < 0) batch += indices.rank();
  }
  if (!params.has_rank() || !indices.has_rank()) return c.set_output(0, PartialShape::unknown());
  const int axis = normalize_axis(wanted, params.rank());
  if (batch > axis)
    invalid("batch_dims (", batch, ") must be less than or equal to axis (", axis, ")");
  PartialShape out = head(params, axis);
  for (int i = 0; i < batch; ++i) {
    out.set_dim(i, ShapeContext::merge_dim(params[i], indices[i]));
  }
  out = append_tail(out, indices, int(batch));
  c.set_output(0, append_tail(out, params, axis + 1));
}

void gather_shape(ShapeContext& c) {
  c.with_rank_at_least(0, 1);
  gather_along(c, 0, 0);
}

void gather_v2_shape(ShapeContext& c) {
  c.with_rank(2, 0);
  const std::int64_t batch = c.attrs().i("batch_dims");
  if (const Tensor* axis = c.constant_input(2)) {
    return gather_along(c, axis->as_int64s()[0], batch);
  }
  const PartialShape &params = c.input(0), &indices = c.input(1);
  if (!params.has_rank() || !indices.has_rank()) return c.set_output(0, PartialShape::unknown());
  const std::int64_t shared = batch < 0 ? batch + indices.rank() : batch;
  const std::int64_t rank = params.rank() + indices.rank() - 1 - shared;
  if (rank < 0 || rank > kMaxRank) invalid("the result would have rank ", rank);
  c.set_output(0, PartialShape::unknown_of_rank(int(rank)));
}

// Rows of dy that belong to rows of params: slices, so that an embedding's gradient stays small.
Grad gather_slices(GradContext& g, Output params, Output indices) {
  const Builder& b = g.builder();
  const PartialShape& ps = params.shape();
  const Output shape = shape_of(g, params);
  std::vector<std::int32_t> rows{-1};
  bool known = ps.has_rank();
  for (int i = 1; known && i < ps.rank(); ++i) {
    known = ps[i] > 0 && ps[i] <= INT32_MAX;
    rows.push_back(std::int32_t(ps[i]));
  }
  Output values_shape;
  if (known) {
    values_shape = b.ints(rows);
  } else {
    const Output count = g("ExpandDims", {g("Size", {indices}), b.scalar(std::int32_t{0})});
    const Output tail =
        g("StridedSlice", {shape, b.ints({1}), b.ints({0}), b.ints({1})}, {{"end_mask", 1}});
    values_shape = g("ConcatV2", {count, tail, b.scalar(std::int32_t{0})}, {}, "concat");
  }
  return {g("Reshape", {g.dy(), values_shape}),
          g("Reshape", {indices, b.ints({-1})}, {}, "Reshape_1"), shape};
}

// A size inside a gradient: a number when shapes are known, else an int32 scalar of the graph.
struct Extent {
  std::int64_t known = -1;
  Output value;
};

Extent extent_of(const GradContext& g, Output x, int first, int last) {
  Extent e{1, {}};
  for (int i = first; i < last; ++i) {
    if (x.shape()[i] < 0) {
      const Builder& b = g.builder();
      const Output part =
          g("StridedSlice", {shape_of(g, x), b.ints({first}), b.ints({last}), b.ints({1})});
      return {-1, g("Prod", {part, b.ints({0})})};
    }
    e.known = checked_mul(e.known, x.shape()[i]);
  }
  if (e.known > INT32_MAX) fail(Code::kUnimplemented, "gradient of gather beyond 2^31 elements");
  return e;
}
Output to_output(const GradContext& g, const Extent& e) {
  return e.known >= 0 ? g.builder().scalar(std::int32_t(e.known)) : e.value;
}
Extent times(const GradContext& g, const Extent& a, const Extent& b) {
  if (a.known >= 0 && b.known >= 0) return {checked_mul(a.known, b.known), {}};
  if (a.known == 1) return b;
  if (b.known == 1) return a;
  return {-1, mul(g, to_output(g, a), to_output(g, b))};
}
Output pack(const GradContext& g, const std::vector<Extent>& sizes) {
  std::vector<std::int32_t> values;
  std::vector<Output> outputs;
  bool known = true;
  for (const Extent& e : sizes) {
    known = known && e.known >= 0;
    values.push_back(std::int32_t(e.known));
  }
  if (known) return g.builder().ints(values);
  for (const Extent& e : sizes) outputs.push_back(to_output(g, e));
  return g("Pack", std::move(outputs));
}

// Seen as params[batch, outer, axis, inner], indices[batch, n], dy[batch, outer, n, inner].
void gather_dense_grad(GradContext& g, int axis, int batch) {
  const Builder& b = g.builder();
  const Output params = g.input(0), indices = g.input(1);
  const int rank = params.shape().rank(), indices_rank = indices.shape().rank();
  const Extent batches = extent_of(g, params, 0, batch), outer = extent_of(g, params, batch, axis),
               size = extent_of(g, params, axis, axis + 1),
               inner = extent_of(g, params, axis + 1, rank),
               n = extent_of(g, indices, batch, indices_rank);
  Output rows = g("Reshape", {g.dy(), pack(g, {batches, outer, n, inner})});
  if (outer.known != 1) rows = g("Transpose", {rows, b.ints({0, 2, 1, 3})});
  rows = g("Reshape", {rows, pack(g, {times(g, batches, n), times(g, outer, inner)})});
  Output ids = indices;
  if (batch > 0) {
    const Output range =
        g("Range", {b.scalar(std::int32_t{0}), to_output(g, batches), b.scalar(std::int32_t{1})});
    Output offsets =
        g("ExpandDims", {mul(g, range, to_output(g, size)), b.scalar(std::int32_t{1})});
    if (ids.dtype() != DType::kInt32) offsets = g("Cast", {offsets}, {{"DstT", ids.dtype()}});
    ids = add(g, g("Reshape", {ids, pack(g, {batches, n})}), offsets);
  }
  ids = g("Reshape", {ids, b.ints({-1})});
  Output sum = g("UnsortedSegmentSum", {rows, ids, to_output(g, times(g, batches, size))});
  if (outer.known != 1) {
    sum = g("Transpose",
            {g("Reshape", {sum, pack(g, {batches, size, outer, inner})}), b.ints({0, 2, 1, 3})});
  }
  g.set(0, g("Reshape", {sum, shape_of(g, params)}));
}

// As above where ranks or the axis are known only in the run: all sizes come from shape vectors.
void gather_run_time_grad(GradContext& g, std::int64_t batch) {
  const Builder& b = g.builder();
  const Output params = g.input(0), indices = g.input(1);
  const Output zero = b.scalar(std::int32_t{0}), one = b.scalar(std::int32_t{1});
  const Output shape = shape_of(g, params), indices_shape = shape_of(g, indices);
  const auto vector = [&](Output scalar) { return g("ExpandDims", {scalar, zero}); };
  const auto sizes = [&](Output of, Output first, Output last) {
    const Output part = g("StridedSlice", {of, vector(first), vector(last), b.ints({1})});
    return g("Prod", {part, b.ints({0})});
  };
  Output axis = g.input(2);
  if (axis.dtype() != DType::kInt32) axis = g("Cast", {axis}, {{"DstT", DType::kInt32}});
  const Output rank = g("Rank", {params}), indices_rank = g("Rank", {indices});
  axis = g("FloorMod", {axis, rank});
  Output first = b.scalar(std::int32_t(batch));
  if (batch < 0) first = add(g, first, indices_rank);
  const Output batches = sizes(shape, zero, first), outer = sizes(shape, first, axis),
               size = sizes(shape, axis, add(g, axis, one)),
               inner = sizes(shape, add(g, axis, one), rank),
               n = sizes(indices_shape, first, indices_rank);
  Output rows = g("Reshape", {g.dy(), g("Pack", {batches, outer, n, inner})});
  rows = g("Transpose", {rows, b.ints({0, 2, 1, 3})});
  rows = g("Reshape", {rows, g("Pack", {mul(g, batches, n), outer, inner})});
  const Output range = g("Range", {zero, batches, one});
  Output offsets = g("ExpandDims", {mul(g, range, size), one});
  if (indices.dtype() != DType::kInt32) {
    offsets = g("Cast", {offsets}, {{"DstT", indices.dtype()}});
  }
  Output ids = add(g, g("Reshape", {indices, g("Pack", {batches, n})}), offsets);
  ids = g("Reshape", {ids, b.ints({-1})});
  Output sum = g("UnsortedSegmentSum", {rows, ids, mul(g, batches, size)});
  sum = g("Reshape", {sum, g("Pack", {batches, size, outer, inner})});
  sum = g("Transpose", {sum, b.ints({0, 2, 1, 3})});
  g.set(0, g("Reshape", {sum, shape}));
}

void gather_grad(GradContext& g) { g.set(0, gather_slices(g, g.input(0), g.input(1))); }

void gather_v2_grad(GradContext& g) {
  const Output params = g.input(0), indices = g.input(1);
  const Tensor known_axis = static_value(g.input(2));
  std::int64_t batch = g.attrs().i("batch_dims");
  if (!known_axis.defined()) return gather_run_time_grad(g, batch);
  std::int64_t axis = known_axis.as_int64s().at(0);
  if (axis == 0 && batch == 0) return g.set(0, gather_slices(g, params, indices));
  if (!params.shape().has_rank() || !indices.shape().has_rank()) {
    return gather_run_time_grad(g, batch);
  }
  axis = normalize_axis(axis, params.shape().rank());
  if (batch < 0) batch += indices.shape().rank();
  if (axis == 0 && batch == 0) return g.set(0, gather_slices(g, params, indices));
  gather_dense_grad(g, int(axis), int(batch));
}

// indices[..., k] picks along the first k dimensions of a tensor of shape `params`.
void gather_nd_shape(ShapeContext& c) {
  const PartialShape& params = c.input(0);
  const PartialShape indices = c.with_rank_at_least(1, 1);
  if (!params.has_rank() || !indices.has_rank() || indices.dim(-1) < 0) {
    return c.set_output(0, PartialShape::unknown());
  }
  const std::int64_t depth = indices.dim(-1);
  if (depth > params.rank()) {
    if (c.planning()) {
      invalid("index innermost dimension length must be <= params rank; saw: ", depth, " vs. ",
              params.rank());
    }
    invalid("indices.shape[-1] must be <= params.rank, but saw indices shape: ", indices,
            " and params shape: ", params);
  }
  c.set_output(0, append_tail(head(indices, indices.rank() - 1), params, int(depth)));
}

Output shape_as(const GradContext& g, Output x, DType dtype) {
  return dtype == DType::kInt32 ? shape_of(g, x) : g("Shape", {x}, {{"out_type", dtype}});
}

void gather_nd_grad(GradContext& g) {
  const Output params = g.input(0), indices = g.input(1);
  const Output shape = shape_as(g, params, indices.dtype());
  const PartialShape& s = indices.shape();
  if (s.rank() == 2 && s[1] == 1) {
    const Output flat = g("Squeeze", {indices}, {{"squeeze_dims", std::vector<std::int64_t>{-1}}});
    return g.set(0, Grad(g.dy(), flat, shape));
  }
  g.set(0, g("ScatterNd", {indices, g.dy(), shape}));
}

void check_scatter(const PartialShape& indices, const PartialShape& updates,
                   const PartialShape& out) {
  if (!indices.has_rank() || !updates.has_rank()) return;
  const int outer = indices.rank() - 1;
  if (updates.rank() < outer) {
    invalid("Dimensions [0,", outer, ") of indices[shape=", indices,
            "] must match those of updates[shape=", updates, "]");
  }
  for (int i = 0; i < outer; ++i) {
    if (indices[i] >= 0 && updates[i] >= 0 && indices[i] != updates[i]) {
      invalid("The outer ", outer, " dimensions of indices.shape=", indices,
              " must match the outer ", outer, " dimensions of updates.shape=", updates,
              ": Dimension ", i, " in both shapes must be equal, but are ", indices[i], " and ",
              updates[i]);
    }
  }
  const std::int64_t depth = indices.dim(-1);
  if (depth < 0 || !out.has_rank()) return;
  if (depth > out.rank() || updates.rank() - outer != out.rank() - depth) {
    invalid("The inner ", out.rank() - depth, " dimensions of output.shape=", out,
            " must match the inner ", updates.rank() - outer,
            " dimensions of updates.shape=", updates);
  }
  for (int i = int(depth); i < out.rank(); ++i) {
    const std::int64_t u = updates[outer + i - int(depth)];
    if (u >= 0 && out[i] >= 0 && u != out[i]) {
      invalid("The inner ", out.rank() - depth, " dimensions of output.shape=", out,
              " must match the inner ", out.rank() - depth,
              " dimensions of updates.shape=", updates, ": Dimension ", i,
              " in both shapes must be equal, but are ", out[i], " and ", u);
    }
  }
}

void scatter_nd_shape(ShapeContext& c) {
  const PartialShape indices = c.with_rank_at_least(0, 1);
  c.with_rank(2, 1);
  const PartialShape out = c.constant_as_shape(2);
  check_scatter(indices, c.input(1), out);
  c.set_output(0, out);
}
void scatter_nd_grad(GradContext& g) { g.set(1, g("GatherNd", {g.dy(), g.input(0)})); }

void tensor_scatter_shape(ShapeContext& c) {
  const PartialShape out = c.with_rank_at_least(0, 1);
  check_scatter(c.with_rank_at_least(1, 1), c.input(2), out);
  c.set_output(0, out);
}
void tensor_scatter_update_grad(GradContext& g) {
  const Output indices = g.input(1);
  if (g.needs(0)) {
    g.set(0, g("TensorScatterUpdate", {g.dy(), indices, zeros_like(g, g.input(2))}));
  }
  if (g.needs(2)) g.set(2, g("GatherNd", {g.dy(), indices}));
}
void tensor_scatter_add_grad(GradContext& g) {
  g.set(0, g.dy());
  if (g.needs(2)) g.set(2, g("GatherNd", {g.dy(), g.input(1)}));
}
void tensor_scatter_sub_grad(GradContext& g) {
  g.set(0, g.dy());
  if (g.needs(2)) g.set(2, neg(g, g("GatherNd", {g.dy(), g.input(1)})));
}

void one_hot_shape(ShapeContext& c) {
  for (int i = 1; i < 4; ++i) c.with_rank(i, 0);
  const PartialShape& indices = c.input(0);
  const std::int64_t axis = c.attrs().i("axis");
  if (axis < -1) invalid("axis must be >= -1");
  if (!indices.has_rank()) return c.set_output(0, indices);
  if (axis > indices.rank()) {
    invalid("Expected axis to be -1 or between [0, ", indices.rank() + 1,
            ").  But received: ", axis);
  }
  std::int64_t depth = -1;
  if (const Tensor* value = c.constant_input(1)) {
    depth = value->as_int64s()[0];
    if (depth < 0 && c.planning()) invalid("depth must be non-negative, got: ", depth);
    if (depth < 0) {
      invalid("Dimension size, given by scalar input 1, must be non-negative but is ", depth);
    }
  }
  const int at = axis < 0 ? indices.rank() : int(axis);
  PartialShape out = head(indices, at);
  out.append(depth);
  c.set_output(0, append_tail(out, indices, at));
}

constexpr OpRow kRows[] = {
    {"Gather",
     "params:Tparams indices:Tindices -> output:Tparams; validate_indices:bool=true; "
     "Tparams:type; Tindices:type{int32,int64}",
     gather_shape, gather_grad},
    {"GatherV2",
     "params:Tparams indices:Tindices axis:Taxis -> output:Tparams; batch_dims:int=0; "
     "Tparams:type; Tindices:type{int32,int64}; Taxis:type{int32,int64}",
     gather_v2_shape, gather_v2_grad},
    {"GatherNd",
     "params:Tparams indices:Tindices -> output:Tparams; Tparams:type; "
     "Tindices:type{int32,int64}",
     gather_nd_shape, gather_nd_grad},
    {"ScatterNd",
     "indices:Tindices updates:T shape:Tindices -> output:T; T:type; "
     "Tindices:type{int32,int64}",
     scatter_nd_shape, scatter_nd_grad},
    {"TensorScatterUpdate",
     "tensor:T indices:Tindices updates:T -> output:T; T:type; Tindices:type{int32,int64}",
     tensor_scatter_shape, tensor_scatter_update_grad},
    {"TensorScatterAdd",
     "tensor:T indices:Tindices updates:T -> output:T; T:type; Tindices:type{int32,int64}",
     tensor_scatter_shape, tensor_scatter_add_grad},
    {"TensorScatterSub",
     "tensor:T indices:Tindices updates:T -> output:T; T:type; Tindices:type{int32,int64}",
     tensor_scatter_shape, tensor_scatter_sub_grad},
    {"ScatterNdNonAliasingAdd",
     "input:T indices:Tindices updates:T -> output:T; "
     "T:type{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16,"
     "uint16,complex128,half,uint32,uint64,bool}; Tindices:type{int32,int64}",
     tensor_scatter_shape, tensor_scatter_add_grad},
    {"OneHot",
     "indices:TI depth:int32 on_value:T off_value:T -> output:T; axis:int=-1; T:type; "
     "TI:type{uint8,int32,int64}=int64",
     one_hot_shape, no_gradient},
};

}  // namespace

std::span<const OpRow> gather_scatter_ops() { return kRows; }

}  // namespace caudal::ops
