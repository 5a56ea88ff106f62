// SPDX-License-Identifier: Apache-2.0
// Bands of diagonals of matrices, and the oldest names of the ops on one diagonal.
#include <algorithm>

#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

// The diagonals [low, high] that the scalar or vector k names; false when not known yet.
bool read_band(ShapeContext& c, int input, std::int64_t& low, std::int64_t& high) {
  const PartialShape& shape = c.input(input);
  if (shape.rank() > 1)
    invalid("diag_index must be a scalar or vector, received tensor with shape: ", shape);
  const Tensor* k = c.constant_input(input);
  if (k == nullptr) return false;
  const std::vector<std::int64_t> v = k->as_int64s();
  if (v.empty() || v.size() > 2) {
    invalid("diag_index must have only one or two elements, received ", v.size(), " elements.");
  }
  low = v.front();
  high = v.back();
  if (low > high) invalid("lower_diag_index is greater than upper_diag_index");
  return true;
}
void check_band(std::int64_t low, std::int64_t high, std::int64_t rows, std::int64_t columns) {
  const auto ok = [&](std::int64_t k) {
    return k == 0 || ((rows < 0 || -k < rows) && (columns < 0 || k < columns));
  };
  if (!ok(low)) invalid("lower_diag_index is out of bound.");
  if (!ok(high)) invalid("upper_diag_index is out of bound.");
}
// The length of the longest of the diagonals; -1 when a size is not known.
std::int64_t longest(std::int64_t low, std::int64_t high, std::int64_t rows, std::int64_t columns) {
  if (rows < 0 || columns < 0) return -1;
  return std::max<std::int64_t>(0, std::min(rows + std::min<std::int64_t>(high, 0),
                                            columns - std::max<std::int64_t>(low, 0)));
}
// batch..., [diagonals if more than one], length
PartialShape band_of(const PartialShape& matrix, std::int64_t low, std::int64_t high) {
  PartialShape out(matrix.dims().first(std::size_t(matrix.rank() - 2)));
  if (low != high) out.append(high - low + 1);
  out.append(longest(low, high, matrix.dim(-2), matrix.dim(-1)));
  return out;
}

void diag_part_shape(ShapeContext& c) {
  const PartialShape in = c.with_rank_at_least(0, 2);
  c.with_rank(2, 0);
  std::int64_t low = 0, high = 0;
  if (!read_band(c, 1, low, high) || !in.has_rank()) {
    return c.set_output(0, PartialShape::unknown());
  }
  check_band(low, high, in.dim(-2), in.dim(-1));
  c.set_output(0, band_of(in, low, high));
}

std::int64_t size_input(ShapeContext& c, int i) {
  c.with_rank(i, 0);
  const Tensor* t = c.constant_input(i);
  return t == nullptr ? -2 : t->as_int64s().at(0);
}
void diag_shape(ShapeContext& c) {
  const PartialShape diagonal = c.with_rank_at_least(0, 1);
  std::int64_t low = 0, high = 0;
  const std::int64_t rows = size_input(c, 2), columns = size_input(c, 3);
  c.with_rank(4, 0);
  const bool known = read_band(c, 1, low, high);
  if (!known || !diagonal.has_rank() || rows == -2 || columns == -2) {
    return c.set_output(0, PartialShape::unknown());
  }
  const int batch = diagonal.rank() - (low == high ? 1 : 2);
  if (batch < 0)
    invalid("diagonal must have at least rank 2 for several diagonals, got ", diagonal);
  if (low != high && diagonal.dim(-2) >= 0 && diagonal.dim(-2) != high - low + 1) {
    invalid(
        "The number of rows of `diagonal` doesn't match the number of diagonals implied from "
        "`d_lower` and `d_upper`.\nnum_diags = ",
        high - low + 1, ", d_lower = ", low, ", d_upper = ", high,
        ", shape of diagonal: ", diagonal);
  }
  PartialShape out(diagonal.dims().first(std::size_t(batch)));
  const std::int64_t length = diagonal.dim(-1);
  std::int64_t out_rows = rows, out_columns = columns;
  if (length < 0) {
    out_rows = rows < 0 ? -1 : rows;
    out_columns = columns < 0 ? -1 : columns;
  } else {
    const std::int64_t least_rows = length - std::min<std::int64_t>(high, 0),
                       least_columns = length + std::max<std::int64_t>(low, 0);
    if (rows < 0 && columns < 0) {
      out_rows = out_columns = std::max(least_rows, least_columns);
    } else if (rows < 0) {
      out_rows = least_rows;
    } else if (columns < 0) {
      out_columns = least_columns;
    }
    if (out_rows < least_rows) invalid("num_rows is too small");
    if (out_columns < least_columns) invalid("num_cols is too small.");
    if (out_rows != least_rows && out_columns != least_columns) {
      invalid(
          "num_rows and num_cols are not consistent with lower_diag_index, upper_diag_index, "
          "and the length of the given diagonals.\nnum_rows = ",
          out_rows, " != min_num_rows = ", least_rows, ", num_cols = ", out_columns,
          " != min_num_cols = ", least_columns);
    }
  }
  out.append(out_rows);
  out.append(out_columns);
  c.set_output(0, out);
}

void set_diag_shape(ShapeContext& c) {
  const PartialShape in = c.with_rank_at_least(0, 2), diagonal = c.with_rank_at_least(1, 1);
  std::int64_t low = 0, high = 0;
  if (read_band(c, 2, low, high) && in.has_rank()) {
    check_band(low, high, in.dim(-2), in.dim(-1));
    band_of(in, low, high).merge(diagonal);
  }
  c.set_output(0, in);
}

Output diag_part(GradContext& g, Output x, Output k) {
  return g("MatrixDiagPartV2", {x, k, like(g, x, 0)});
}
void diag_grad(GradContext& g) { g.set(0, diag_part(g, g.dy(), g.input(1))); }
void diag_part_grad(GradContext& g) {
  g.set(0, g("MatrixSetDiagV2", {zeros_like(g, g.input(0)), g.dy(), g.input(1)}));
}
void set_diag_grad(GradContext& g) {
  const Output k = g.input(2);
  if (g.needs(0)) g.set(0, g("MatrixSetDiagV2", {g.dy(), zeros_like(g, g.input(1)), k}));
  if (g.needs(1)) g.set(1, diag_part(g, g.dy(), k));
}

// The old names check nothing that the new ones do not.
void old_diag_shape(ShapeContext& c) {
  PartialShape out = c.with_rank_at_least(0, 1);
  if (out.has_rank()) out.append(out.dim(-1));
  c.set_output(0, out);
}
void old_diag_part_shape(ShapeContext& c) {
  const PartialShape in = c.with_rank_at_least(0, 2);
  c.set_output(0, in.has_rank() ? band_of(in, 0, 0) : in);
}
void old_set_diag_shape(ShapeContext& c) {
  const PartialShape in = c.with_rank_at_least(0, 2), diagonal = c.with_rank_at_least(1, 1);
  if (in.has_rank()) band_of(in, 0, 0).merge(diagonal);
  c.set_output(0, in);
}
void old_band_part_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  c.with_rank(2, 0);
  c.set_output(0, c.with_rank_at_least(0, 2));
}

constexpr OpRow kRows[] = {
    {"MatrixDiagV2",
     "diagonal:T k:int32 num_rows:int32 num_cols:int32 padding_value:T -> output:T; T:type",
     diag_shape, diag_grad},
    {"MatrixDiagPartV2", "input:T k:int32 padding_value:T -> diagonal:T; T:type", diag_part_shape,
     diag_part_grad},
    {"MatrixSetDiagV2", "input:T diagonal:T k:int32 -> output:T; T:type", set_diag_shape,
     set_diag_grad},
    {"BatchMatrixDiag", "diagonal:T -> output:T; T:type", old_diag_shape, nullptr},
    {"BatchMatrixDiagPart", "input:T -> diagonal:T; T:type", old_diag_part_shape, nullptr},
    {"BatchMatrixSetDiag", "input:T diagonal:T -> output:T; T:type", old_set_diag_shape, nullptr},
    {"BatchMatrixBandPart", "input:T num_lower:int64 num_upper:int64 -> band:T; T:type",
     old_band_part_shape, nullptr},
};

}  // namespace

std::span<const OpRow> diagonals_ops() { return kRows; }

}  // namespace caudal::ops
