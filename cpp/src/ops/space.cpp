// SPDX-License-Identifier: Apache-2.0
// Diagonals and bands of matrices; exchanges of space with depth and with the batch.
#include <algorithm>

#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void matrix_diag_shape(ShapeContext& c) {
  PartialShape out = c.with_rank_at_least(0, 1);
  if (out.has_rank()) out.append(out.dim(-1));
  c.set_output(0, out);
}
void matrix_diag_grad(GradContext& g) { g.set(0, g("MatrixDiagPart", {g.dy()})); }

// The shape of the main diagonals of matrices of shape `in`.
PartialShape diagonals(const PartialShape& in) {
  if (!in.has_rank()) return in;
  PartialShape out(in.dims().first(std::size_t(in.rank() - 2)));
  const std::int64_t rows = in.dim(-2), columns = in.dim(-1);
  out.append(rows < 0 || columns < 0 ? (rows == 0 || columns == 0 ? 0 : -1)
                                     : std::min(rows, columns));
  return out;
}

void matrix_diag_part_shape(ShapeContext& c) {
  c.set_output(0, diagonals(c.with_rank_at_least(0, 2)));
}
void matrix_diag_part_grad(GradContext& g) {
  const PartialShape& s = g.input(0).shape();
  if (s.has_rank() && s.dim(-1) >= 0 && s.dim(-1) == s.dim(-2)) {
    return g.set(0, g("MatrixDiag", {g.dy()}));
  }
  g.set(0, g("MatrixSetDiag", {g("ZerosLike", {g.input(0)}), g.dy()}));
}

void matrix_set_diag_shape(ShapeContext& c) {
  const PartialShape in = c.with_rank_at_least(0, 2);
  diagonals(in).merge(c.with_rank_at_least(1, 1));
  c.set_output(0, in);
}
void matrix_set_diag_grad(GradContext& g) {
  if (g.needs(0)) g.set(0, g("MatrixSetDiag", {g.dy(), g("ZerosLike", {g.input(1)})}));
  if (g.needs(1)) g.set(1, g("MatrixDiagPart", {g.dy()}));
}

void matrix_band_part_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  c.with_rank(2, 0);
  c.set_output(0, c.with_rank_at_least(0, 2));
}
void matrix_band_part_grad(GradContext& g) {
  g.set(0, g("MatrixBandPart", {g.dy(), g.input(1), g.input(2)}));
}

void diag_shape(ShapeContext& c) {
  PartialShape out = c.with_rank_at_least(0, 1);
  if (out.has_rank()) {
    if (2 * out.rank() > kMaxRank) invalid("Expected at most 4 dimensions, got shape ", out);
    for (int i = 0, n = out.rank(); i < n; ++i) out.append(out[i]);
  }
  c.set_output(0, out);
}
void diag_grad(GradContext& g) { g.set(0, g("DiagPart", {g.dy()})); }

void diag_part_shape(ShapeContext& c) {
  const PartialShape& in = c.input(0);
  if (!in.has_rank()) return c.set_output(0, in);
  if (in.rank() % 2 != 0 || in.rank() == 0) {
    invalid("Input must have even and non-zero rank, input rank is ", in.rank());
  }
  PartialShape out = PartialShape::scalar();
  for (int i = 0; i < in.rank() / 2; ++i) {
    const std::int64_t a = in[i], b = in[i + in.rank() / 2];
    if (a >= 0 && b >= 0 && a != b) invalid("Dimensions must be equal, but are ", a, " and ", b);
    out.append(std::max(a, b));
  }
  c.set_output(0, out);
}
void diag_part_grad(GradContext& g) { g.set(0, g("Diag", {g.dy()})); }

std::int64_t divided(std::int64_t size, std::int64_t by) {
  if (size < 0) return size;
  if (size % by != 0) invalid("Dimension size must be evenly divisible by ", by, " but is ", size);
  return size / by;
}
std::int64_t multiplied(std::int64_t size, std::int64_t by) {
  return size < 0 ? size : checked_mul(size, by);
}

struct SpatialAxes {
  int height, width, depth;
};
SpatialAxes spatial_axes(const AttrMap& attrs) {
  const std::string& format = attrs.s("data_format");
  if (format == "NHWC") return {1, 2, 3};
  if (format == "NCHW") return {2, 3, 1};
  fail(Code::kUnimplemented, "data_format ", format, ": only NHWC and NCHW are supported");
}

void space_to_depth_shape(ShapeContext& c) {
  PartialShape s = c.with_rank(0, 4);
  const SpatialAxes a = spatial_axes(c.attrs());
  const std::int64_t block = c.attrs().i("block_size");
  s.set_dim(a.height, divided(s[a.height], block));
  s.set_dim(a.width, divided(s[a.width], block));
  s.set_dim(a.depth, multiplied(s[a.depth], checked_mul(block, block)));
  c.set_output(0, s);
}
void depth_to_space_shape(ShapeContext& c) {
  PartialShape s = c.with_rank(0, 4);
  const SpatialAxes a = spatial_axes(c.attrs());
  const std::int64_t block = c.attrs().i("block_size");
  s.set_dim(a.height, multiplied(s[a.height], block));
  s.set_dim(a.width, multiplied(s[a.width], block));
  s.set_dim(a.depth, divided(s[a.depth], checked_mul(block, block)));
  c.set_output(0, s);
}
AttrList depth_attrs(GradContext& g) {
  return {{"block_size", g.attrs().i("block_size")}, {"data_format", g.attrs().at("data_format")}};
}
void space_to_depth_grad(GradContext& g) { g.set(0, g("DepthToSpace", {g.dy()}, depth_attrs(g))); }
void depth_to_space_grad(GradContext& g) { g.set(0, g("SpaceToDepth", {g.dy()}, depth_attrs(g))); }

// Shared by the four ops: `blocks` one entry per spatial axis, `edges` two (paddings or crops).
void exchange_batch(ShapeContext& c, PartialShape s, const std::vector<std::int64_t>& blocks,
                    const std::vector<std::int64_t>& edges, bool to_batch) {
  if (edges.size() != 2 * blocks.size()) {
    invalid(to_batch ? "paddings" : "crops", " should have the shape [", blocks.size(), ", 2]");
  }
  std::int64_t product = 1;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::int64_t block = blocks[i], a = edges[2 * i], b = edges[2 * i + 1];
    if (block < 1) invalid("block_shape[", i, "] must be positive, got ", block);
    if (a < 0 || b < 0) invalid(to_batch ? "paddings" : "crops", " cannot be negative");
    product = checked_mul(product, block);
    const int axis = int(i) + 1;
    if (s[axis] < 0) continue;
    std::int64_t edge;
    if (__builtin_add_overflow(a, b, &edge)) invalid("paddings do not fit");
    if (to_batch) {
      std::int64_t padded;
      if (__builtin_add_overflow(s[axis], edge, &padded)) invalid("paddings do not fit");
      s.set_dim(axis, divided(padded, block));
    } else {
      const std::int64_t size = multiplied(s[axis], block);
      if (edge > size) {
        invalid("cropped_shape[", i, "]=", size - edge, " must be non-negative");
      }
      s.set_dim(axis, size - edge);
    }
  }
  s.set_dim(0, to_batch ? multiplied(s[0], product) : divided(s[0], product));
  c.set_output(0, s);
}

void exchange_batch_nd(ShapeContext& c, bool to_batch) {
  const PartialShape block_shape = c.with_rank(1, 1), edge_shape = c.with_rank(2, 2);
  ShapeContext::merge_dim(edge_shape[1], 2);
  const std::int64_t n = ShapeContext::merge_dim(block_shape[0], edge_shape[0]);
  if (n + 1 > kMaxRank) invalid("block_shape has ", n, " entries");
  const PartialShape in = c.with_rank_at_least(0, int(std::max<std::int64_t>(n, 0)) + 1);
  const Tensor *blocks = c.constant_input(1), *edges = c.constant_input(2);
  if (!in.has_rank()) return c.set_output(0, in);
  if (blocks == nullptr || edges == nullptr) {
    PartialShape out = in;
    for (int i = 0; i < out.rank(); ++i) {
      if (n < 0 || i <= n) out.set_dim(i, -1);
    }
    return c.set_output(0, out);
  }
  exchange_batch(c, in, blocks->as_int64s(), edges->as_int64s(), to_batch);
}
void space_to_batch_nd_shape(ShapeContext& c) { exchange_batch_nd(c, true); }
void batch_to_space_nd_shape(ShapeContext& c) { exchange_batch_nd(c, false); }

void exchange_batch_2d(ShapeContext& c, bool to_batch) {
  const PartialShape in = c.with_rank(0, 4), edge_shape = c.with_rank(1, 2);
  ShapeContext::merge_dim(edge_shape[0], 2);
  ShapeContext::merge_dim(edge_shape[1], 2);
  const std::int64_t block = c.attrs().i("block_size");
  const Tensor* edges = c.constant_input(1);
  if (edges == nullptr) return c.set_output(0, PartialShape{-1, -1, -1, in[3]});
  exchange_batch(c, in, {block, block}, edges->as_int64s(), to_batch);
}
void space_to_batch_shape(ShapeContext& c) { exchange_batch_2d(c, true); }
void batch_to_space_shape(ShapeContext& c) { exchange_batch_2d(c, false); }

void space_to_batch_nd_grad(GradContext& g) {
  g.set(0, g("BatchToSpaceND", {g.dy(), g.input(1), g.input(2)}));
}
void batch_to_space_nd_grad(GradContext& g) {
  g.set(0, g("SpaceToBatchND", {g.dy(), g.input(1), g.input(2)}));
}
void space_to_batch_grad(GradContext& g) {
  g.set(0, g("BatchToSpace", {g.dy(), g.input(1)}, {{"block_size", g.attrs().i("block_size")}}));
}
void batch_to_space_grad(GradContext& g) {
  g.set(0, g("SpaceToBatch", {g.dy(), g.input(1)}, {{"block_size", g.attrs().i("block_size")}}));
}

constexpr OpRow kRows[] = {
    {"MatrixDiag", "diagonal:T -> output:T; T:type", matrix_diag_shape, matrix_diag_grad},
    {"MatrixDiagPart", "input:T -> diagonal:T; T:type", matrix_diag_part_shape,
     matrix_diag_part_grad},
    {"MatrixSetDiag", "input:T diagonal:T -> output:T; T:type", matrix_set_diag_shape,
     matrix_set_diag_grad},
    {"MatrixBandPart",
     "input:T num_lower:Tindex num_upper:Tindex -> band:T; T:type; "
     "Tindex:type{int32,int64}=int64",
     matrix_band_part_shape, matrix_band_part_grad},
    {"Diag",
     "diagonal:T -> output:T; "
     "T:type{bfloat16,half,float,double,int32,int64,complex64,complex128}",
     diag_shape, diag_grad},
    {"DiagPart",
     "input:T -> diagonal:T; "
     "T:type{bfloat16,half,float,double,int32,int64,complex64,complex128}",
     diag_part_shape, diag_part_grad},
    {"SpaceToDepth",
     "input:T -> output:T; T:type; block_size:int>=2; "
     "data_format:string{'NHWC','NCHW','NCHW_VECT_C'}='NHWC'",
     space_to_depth_shape, space_to_depth_grad},
    {"DepthToSpace",
     "input:T -> output:T; T:type; block_size:int>=2; "
     "data_format:string{'NHWC','NCHW','NCHW_VECT_C'}='NHWC'",
     depth_to_space_shape, depth_to_space_grad},
    {"SpaceToBatchND",
     "input:T block_shape:Tblock_shape paddings:Tpaddings -> output:T; T:type; "
     "Tblock_shape:type{int32,int64}=int32; Tpaddings:type{int32,int64}=int32",
     space_to_batch_nd_shape, space_to_batch_nd_grad},
    {"BatchToSpaceND",
     "input:T block_shape:Tblock_shape crops:Tcrops -> output:T; T:type; "
     "Tblock_shape:type{int32,int64}=int32; Tcrops:type{int32,int64}=int32",
     batch_to_space_nd_shape, batch_to_space_nd_grad},
    {"SpaceToBatch",
     "input:T paddings:Tpaddings -> output:T; T:type; Tpaddings:type{int32,int64}=int32; "
     "block_size:int>=2",
     space_to_batch_shape, space_to_batch_grad},
    {"BatchToSpace",
     "input:T crops:Tidx -> output:T; T:type; block_size:int>=2; "
     "Tidx:type{int32,int64}=int32",
     batch_to_space_shape, batch_to_space_grad},
};

}  // namespace

std::span<const OpRow> space_ops() { return kRows; }

}  // namespace caudal::ops
