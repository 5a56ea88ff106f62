// SPDX-License-Identifier: Apache-2.0
// Reductions over groups of rows: sorted ids, unsorted ids, and rows picked by index first.
#include <algorithm>

#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

// `first` rows in front of the dimensions of `data` from `skip` on.
PartialShape rows_of(std::int64_t first, const PartialShape& data, int skip) {
  if (!data.has_rank()) return PartialShape::unknown();
  PartialShape out{first};
  for (int i = skip; i < data.rank(); ++i) out.append(data[i]);
  return out;
}

std::int64_t count_input(ShapeContext& c, int i, const char* counted = nullptr) {
  c.with_rank(i, 0);
  const Tensor* value = c.constant_input(i);
  if (value == nullptr) return -1;
  const std::int64_t n = value->as_int64s().at(0);
  if (n < 0 && counted != nullptr) invalid(counted);
  if (n < 0 && c.planning()) invalid("Input num_segments == ", n, " must not be negative.");
  if (n < 0) {
    invalid("Dimension size, given by scalar input ", i, ", must be non-negative but is ", n);
  }
  return n;
}

void segment_shape(ShapeContext& c) {
  if (c.planning() && c.input(1).has_rank() && c.input(1).rank() != 1) {
    invalid("segment_ids should be a vector.");
  }
  const PartialShape data = c.with_rank_at_least(0, 1);
  c.with_rank(1, 1);
  c.set_output(0, rows_of(-1, data, 1));
}

void unsorted_shape(ShapeContext& c) {
  const PartialShape &data = c.input(0), &ids = c.input(1);
  const std::int64_t n = count_input(c, 2);
  if (!data.has_rank() || !ids.has_rank()) return c.set_output(0, PartialShape::unknown());
  if (ids.rank() > data.rank()) {
    invalid("data.shape = ", data, " does not start with segment_ids.shape = ", ids);
  }
  PartialShape start(data.dims().first(std::size_t(ids.rank())));
  if (c.planning() && !start.compatible_with(ids)) {
    invalid("data.shape = ", data, " does not start with segment_ids.shape = ", ids);
  }
  for (int i = 0; i < ids.rank(); ++i) (void)ShapeContext::merge_dim(start[i], ids[i]);
  c.set_output(0, rows_of(n, data, ids.rank()));
}

void sparse_shape(ShapeContext& c) {
  const PartialShape data = c.with_rank_at_least(0, 1);
  if (c.planning() && c.input(1).rank() == 1 && c.input(2).rank() == 1 &&
      !c.input(1).compatible_with(c.input(2))) {
    invalid("segment_ids and indices should have same size.");
  }
  c.with_rank(1, 1).merge(c.with_rank(2, 1));
  const char* const negative = "Cannot specify a negative value for num_segments";
  c.set_output(0, rows_of(c.num_inputs() > 3 ? count_input(c, 3, negative) : -1, data, 1));
}
void sparse_grad_shape(ShapeContext& c) {
  const PartialShape grad = c.with_rank_at_least(0, 1);
  c.with_rank(1, 1).merge(c.with_rank(2, 1));
  c.set_output(0, rows_of(count_input(c, 3), grad, 1));
}

Output gather(const GradContext& g, Output rows, Output ids) {
  return g("GatherV2", {rows, ids, g.builder().scalar(std::int32_t{0})});
}
Output cast(const GradContext& g, Output x, DType dtype) {
  return x.dtype() == dtype ? x : g("Cast", {x}, {{"DstT", dtype}});
}

// `ids` with axes of 1 appended, until it has the rank of `data`.
Output expand_like(const GradContext& g, Output ids, Output data) {
  const Builder& b = g.builder();
  if (ids.shape().has_rank() && data.shape().has_rank()) {
    for (int i = ids.shape().rank(); i < data.shape().rank(); ++i) {
      ids = g("ExpandDims", {ids, b.scalar(std::int32_t{-1})});
    }
    return ids;
  }
  const Output missing = sub(g, g("Rank", {data}), g("Rank", {ids}));
  const Output ones =
      g("Fill", {g("ExpandDims", {missing, b.scalar(std::int32_t{0})}), b.scalar(std::int32_t{1})});
  return g("Reshape", {ids, g("ConcatV2", {g("Shape", {ids}), ones, b.scalar(std::int32_t{0})}, {},
                              "concat")});
}

void segment_sum_grad(GradContext& g) { g.set(0, gather(g, g.dy(), g.input(1))); }

// Every row gets its segment's gradient over the number of rows in it.
void segment_mean_grad(GradContext& g) {
  const Output ids = g.input(1), dy = g.dy();
  const Output one = like(g, dy, 1);
  const Output ones = g("Fill", {shape_of(g, ids), one});
  const Output sizes = g("SegmentSum", {ones, ids});
  g.set(0, gather(g, realdiv(g, dy, expand_like(g, sizes, dy)), ids));
}

// The rows that hold the extremum share the gradient.
void segment_extremum_grad(GradContext& g) {
  const Output x = g.input(0), ids = g.input(1), dy = g.dy();
  const Output chosen = g("Equal", {x, gather(g, g.output(0), ids)});
  const Output count = g("SegmentSum", {cast(g, chosen, dy.dtype()), ids});
  g.set(0, keep_where(g, chosen, gather(g, realdiv(g, dy, count), ids)));
}

// What `rows` hold for each id; `used` is false for rows of a negative id, which take part in
// nothing.
struct Dropped {
  Output ids, used;
  Dropped(const GradContext& g, Output data, Output given) {
    const Output zero = g.builder().scalar_of(given.dtype(), 0);
    ids = g("Maximum", {given, zero});
    used = expand_like(g, g("GreaterEqual", {given, zero}), data);
  }
};

void unsorted_sum_grad(GradContext& g) {
  const Output data = g.input(0), ids = g.input(1);
  if (ids.node->op().has(kConstant)) {
    const std::vector<std::int64_t> values = ids.node->attrs().tensor("value").as_int64s();
    if (std::ranges::all_of(values, [](std::int64_t v) { return v >= 0; })) {
      return g.set(0, gather(g, g.dy(), ids));
    }
  }
  const Dropped d(g, data, ids);
  g.set(0, keep_where(g, d.used, gather(g, g.dy(), d.ids)));
}

void unsorted_extremum_grad(GradContext& g) {
  const Output x = g.input(0), ids = g.input(1), dy = g.dy();
  const Dropped d(g, x, ids);
  const Output equal = g("Equal", {x, gather(g, g.output(0), d.ids)});
  const Output chosen = g("LogicalAnd", {equal, d.used});
  const Output count = g("UnsortedSegmentSum", {cast(g, chosen, dy.dtype()), ids, g.input(2)});
  g.set(0, keep_where(g, chosen, gather(g, realdiv(g, dy, count), d.ids)));
}

// The product of the others: the product over the element, but without dividing by zeros.
void unsorted_prod_grad(GradContext& g) {
  const Output x = g.input(0), ids = g.input(1), n = g.input(2);
  const Dropped d(g, x, ids);
  const Output zero = g("Equal", {x, like(g, x, 0)});
  const Output zeros = g("UnsortedSegmentSum", {cast(g, zero, DType::kInt32), ids, n});
  const Output many = g("Greater", {zeros, g.builder().scalar(std::int32_t{1})});
  const Output dy = zero_where(g, many, g.dy());
  const Output filled = g("SelectV2", {zero, like(g, x, 1), x}, {}, "Select");
  const Output rest = gather(g, g("UnsortedSegmentProd", {filled, ids, n}), d.ids);
  const Output quotient = realdiv(g, gather(g, g.output(0), d.ids), filled);
  const Output others = g("SelectV2", {zero, rest, quotient}, {}, "Select");
  g.set(0, mul(g, keep_where(g, d.used, gather(g, dy, d.ids)), conj(g, others)));
}

// The number of rows of `x` as a scalar.
Output row_count(const GradContext& g, Output x) {
  const Builder& b = g.builder();
  if (x.shape().has_rank() && x.shape()[0] >= 0 && x.shape()[0] <= INT32_MAX) {
    return b.scalar(std::int32_t(x.shape()[0]));
  }
  return g("StridedSlice", {g("Shape", {x}), b.ints({0}), b.ints({1}), b.ints({1})},
           {{"shrink_axis_mask", 1}});
}
void sparse_sum_grad(GradContext& g) {
  const Output rows = gather(g, g.dy(), g.input(2));
  g.set(0, g("UnsortedSegmentSum", {rows, g.input(1), row_count(g, g.input(0))}));
}
void sparse_mean_grad(GradContext& g) {
  g.set(0, g("SparseSegmentMeanGrad", {g.dy(), g.input(1), g.input(2), row_count(g, g.input(0))}));
}
void sparse_sqrt_n_grad(GradContext& g) {
  g.set(0, g("SparseSegmentSqrtNGrad", {g.dy(), g.input(1), g.input(2), row_count(g, g.input(0))}));
}
// Linear in the gradient that it scatters: the way back is the forward op.
void sparse_mean_grad_grad(GradContext& g) {
  g.set(0, g("SparseSegmentMeanWithNumSegments",
             {g.dy(), g.input(1), g.input(2), row_count(g, g.input(0))}));
}
void sparse_sqrt_n_grad_grad(GradContext& g) {
  g.set(0, g("SparseSegmentSqrtNWithNumSegments",
             {g.dy(), g.input(1), g.input(2), row_count(g, g.input(0))}));
}

#define CAUDAL_ALL                                                                           \
  "T:type{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16," \
  "uint16,complex128,half,uint32,uint64}; Tindices:type{int32,int64}"
#define CAUDAL_REAL                                                                        \
  "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}; " \
  "Tindices:type{int32,int64}"
#define CAUDAL_SORTED "data:T segment_ids:Tindices -> output:T; "
#define CAUDAL_UNSORTED(types)                                                \
  "data:T segment_ids:Tindices num_segments:Tnumsegments -> output:T; " types \
  "; Tnumsegments:type{int32,int64}=int32"
#define CAUDAL_SPARSE(types)                                        \
  "data:T indices:Tidx segment_ids:int32 -> output:T; T:type" types \
  "; "                                                              \
  "Tidx:type{int32,int64}=int32"
#define CAUDAL_SPARSE_N(types)                                                                \
  "data:T indices:Tidx segment_ids:int32 num_segments:Tnumsegments -> output:T; T:type" types \
  "; Tidx:type{int32,int64}=int32; Tnumsegments:type{int32,int64}=int32"
#define CAUDAL_SPARSE_GRAD                                                \
  "grad:T indices:Tidx segment_ids:int32 output_dim0:int32 -> output:T; " \
  "T:type{float,double}; Tidx:type{int32,int64}=int32"
#define CAUDAL_SUMMED \
  "{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}"

constexpr OpRow kRows[] = {
    {"SegmentSum", CAUDAL_SORTED CAUDAL_ALL, segment_shape, segment_sum_grad, kDynamicShape},
    {"SegmentMean", CAUDAL_SORTED CAUDAL_ALL, segment_shape, segment_mean_grad, kDynamicShape},
    {"SegmentProd", CAUDAL_SORTED CAUDAL_ALL, segment_shape, nullptr, kDynamicShape},
    {"SegmentMin", CAUDAL_SORTED CAUDAL_REAL, segment_shape, segment_extremum_grad, kDynamicShape},
    {"SegmentMax", CAUDAL_SORTED CAUDAL_REAL, segment_shape, segment_extremum_grad, kDynamicShape},
    {"UnsortedSegmentSum", CAUDAL_UNSORTED(CAUDAL_ALL), unsorted_shape, unsorted_sum_grad},
    {"UnsortedSegmentProd", CAUDAL_UNSORTED(CAUDAL_ALL), unsorted_shape, unsorted_prod_grad},
    {"UnsortedSegmentMin", CAUDAL_UNSORTED(CAUDAL_REAL), unsorted_shape, unsorted_extremum_grad},
    {"UnsortedSegmentMax", CAUDAL_UNSORTED(CAUDAL_REAL), unsorted_shape, unsorted_extremum_grad},
    {"SparseSegmentSum", CAUDAL_SPARSE(CAUDAL_SUMMED), sparse_shape, sparse_sum_grad,
     kDynamicShape},
    {"SparseSegmentMean", CAUDAL_SPARSE("{float,double}"), sparse_shape, sparse_mean_grad,
     kDynamicShape},
    {"SparseSegmentSqrtN", CAUDAL_SPARSE("{float,double}"), sparse_shape, sparse_sqrt_n_grad,
     kDynamicShape},
    {"SparseSegmentSumWithNumSegments", CAUDAL_SPARSE_N(CAUDAL_SUMMED), sparse_shape,
     sparse_sum_grad},
    {"SparseSegmentMeanWithNumSegments", CAUDAL_SPARSE_N("{float,double}"), sparse_shape,
     sparse_mean_grad},
    {"SparseSegmentSqrtNWithNumSegments", CAUDAL_SPARSE_N("{float,double}"), sparse_shape,
     sparse_sqrt_n_grad},
    {"SparseSegmentMeanGrad", CAUDAL_SPARSE_GRAD, sparse_grad_shape, sparse_mean_grad_grad},
    {"SparseSegmentSqrtNGrad", CAUDAL_SPARSE_GRAD, sparse_grad_shape, sparse_sqrt_n_grad_grad},
};

}  // namespace

std::span<const OpRow> segment_ops() { return kRows; }

}  // namespace caudal::ops
