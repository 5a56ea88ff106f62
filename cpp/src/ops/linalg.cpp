// SPDX-License-Identifier: Apache-2.0
// Linear equations, determinants and factors of square matrices. Gradients hold for complex numbers
// too: A^H stands where real formulas have a transpose.
#include <algorithm>

#include "ops/families.h"
#include "ops/matrix_expressions.h"

namespace caudal::ops {
namespace {

/// Input `i` of rank at least 2 whose last two dimensions agree.
PartialShape square(ShapeContext& c, int i) {
  PartialShape in = c.with_rank_at_least(i, 2);
  if (!in.has_rank()) return in;
  const std::int64_t rows = in.dim(-2), columns = in.dim(-1);
  if (rows >= 0 && columns >= 0 && rows != columns) {
    if (c.planning()) {
      invalid(c.num_inputs() > 1 ? "First input (lhs) must be a square matrix."
                                 : "Input matrix must be square.");
    }
    invalid("Dimensions must be equal, but are ", rows, " and ", columns);
  }
  const std::int64_t n = std::max(rows, columns);
  in.set_dim(in.rank() - 2, n);
  in.set_dim(in.rank() - 1, n);
  return in;
}

PartialShape batch_of(const PartialShape& s) {
  if (!s.has_rank()) return s;
  return PartialShape(s.dims().first(std::size_t(s.rank() - 2)));
}

PartialShape with(PartialShape batch, std::initializer_list<std::int64_t> dims) {
  if (!batch.has_rank()) return batch;
  for (std::int64_t d : dims) batch.append(d);
  return batch;
}

std::int64_t same_dim(std::int64_t a, std::int64_t b) {
  if (a >= 0 && b >= 0 && a != b) invalid("Dimensions must be equal, but are ", a, " and ", b);
  return a >= 0 ? a : b;
}

void square_shape(ShapeContext& c) { c.set_output(0, square(c, 0)); }

void cholesky_grad_shape(ShapeContext& c) { c.set_output(0, square(c, 0).merge(square(c, 1))); }

void determinant_shape(ShapeContext& c) { c.set_output(0, batch_of(square(c, 0))); }

void log_determinant_shape(ShapeContext& c) {
  const PartialShape batch = batch_of(square(c, 0));
  c.set_output(0, batch);
  c.set_output(1, batch);
}

void lu_shape(ShapeContext& c) {
  const PartialShape in = square(c, 0);
  c.set_output(0, in);
  c.set_output(1, in.has_rank() ? with(batch_of(in), {in.dim(-1)}) : in);
}

void solve(ShapeContext& c, bool must_be_square) {
  const PartialShape a = must_be_square ? square(c, 0) : c.with_rank_at_least(0, 2);
  const PartialShape b = c.with_rank_at_least(1, 2);
  if (!a.has_rank() || !b.has_rank()) return c.set_output(0, PartialShape::unknown());
  if (a.rank() != b.rank()) {
    invalid("Shapes must be equal rank, but are ", a.rank() - 2, " and ", b.rank() - 2);
  }
  if (c.planning() && a.dim(-2) >= 0 && b.dim(-2) >= 0 && a.dim(-2) != b.dim(-2)) {
    invalid("Input matrix and rhs are incompatible.");
  }
  const std::int64_t rows = same_dim(a.dim(-2), b.dim(-2));
  const PartialShape batch = batch_of(a).merge(batch_of(b));
  c.set_output(0, with(batch, {must_be_square ? rows : a.dim(-1), b.dim(-1)}));
}
void solve_shape(ShapeContext& c) { solve(c, true); }
void solve_ls_shape(ShapeContext& c) {
  c.with_rank(2, 0);
  solve(c, false);
}

void tridiagonal_solve_shape(ShapeContext& c) {
  const PartialShape a = c.with_rank_at_least(0, 2), b = c.with_rank_at_least(1, 2);
  if (!a.has_rank() || !b.has_rank()) return c.set_output(0, PartialShape::unknown());
  if (a.rank() != b.rank()) {
    invalid("Shapes must be equal rank, but are ", a.rank() - 2, " and ", b.rank() - 2);
  }
  if (a.dim(-2) >= 0 && a.dim(-2) != 3) invalid("Dimension must be 3 but is ", a.dim(-2));
  const std::int64_t n = same_dim(a.dim(-1), b.dim(-2));
  c.set_output(0, with(batch_of(a).merge(batch_of(b)), {n, b.dim(-1)}));
}

void tridiagonal_matmul_shape(ShapeContext& c) {
  PartialShape out = c.with_rank_at_least(3, 2);
  if (out.has_rank()) {
    PartialShape batch = batch_of(out);
    std::int64_t n = out.dim(-2);
    for (int i = 0; i < 3; ++i) {
      const PartialShape d = c.with_rank_at_least(i, 2);
      if (!d.has_rank()) continue;
      if (d.rank() != out.rank()) {
        invalid("Shapes must be equal rank, but are ", d.rank() - 2, " and ", out.rank() - 2);
      }
      if (d.dim(-2) >= 0 && d.dim(-2) != 1) invalid("Dimension must be 1 but is ", d.dim(-2));
      n = same_dim(d.dim(-1), n);
      batch = batch.merge(batch_of(d));
    }
    out = with(batch, {n, out.dim(-1)});
  }
  c.set_output(0, out);
}

// With S = L^-H phi(L^H dL) L^-1, where phi keeps the lower triangle and halves the diagonal, the
// gradient is (S + S^H) / 2.
void cholesky_grad(GradContext& g) {
  const Output l = g.output(0);
  Output middle = matmul(g, l, g.dy(), true, false);
  middle = set_diagonal(g, middle, scale(g, diagonal(g, middle), 0.5));
  middle = lower_part(g, middle);
  const Output left = triangular_solve(g, l, middle, true, true);
  const Output both = triangular_solve(g, l, adjoint(g, left), true, true);
  g.set(0, scale(g, add(g, both, adjoint(g, both)), 0.5));
}

void inverse_grad(GradContext& g) {
  const Output y = g.output(0);
  Output to_a = neg(g, matmul(g, matmul(g, y, g.dy(), true, false), y, false, true));
  if (g.attrs().b("adjoint")) to_a = adjoint(g, to_a);
  g.set(0, to_a);
}

/// `multiplier` (one number per matrix) times A^-H.
Output times_inverse(GradContext& g, Output multiplier) {
  const Output inverse = g("MatrixInverse", {g.input(0)}, {{"adjoint", true}});
  return mul(g, as_matrices(g, multiplier), inverse);
}
void determinant_grad(GradContext& g) {
  g.set(0, times_inverse(g, mul(g, g.dy(), conj(g, g.output(0)))));
}
// The sign is locally constant; of complex numbers its turning is not followed, as in TensorFlow.
void log_determinant_grad(GradContext& g) { g.set(0, times_inverse(g, g.dy(1))); }

void solve_grad(GradContext& g) {
  const bool turned = g.attrs().b("adjoint");
  const Output x = g.output(0);
  const Output to_b = g(g.node().op().name, {g.input(0), g.dy()}, {{"adjoint", !turned}});
  g.set(1, to_b);
  if (g.needs(0)) {
    g.set(0, neg(g, turned ? matmul(g, x, to_b, false, true) : matmul(g, to_b, x, false, true)));
  }
}

void triangular_solve_grad(GradContext& g) {
  const bool turned = g.attrs().b("adjoint"), lower = g.attrs().b("lower");
  const Output x = g.output(0);
  const Output to_b = triangular_solve(g, g.input(0), g.dy(), lower, !turned);
  g.set(1, to_b);
  if (g.needs(0)) {
    const Output to_a =
        neg(g, turned ? matmul(g, x, to_b, false, true) : matmul(g, to_b, x, false, true));
    g.set(0, lower ? lower_part(g, to_a) : upper_part(g, to_a));
  }
}

/// Solves with the matrix whose Cholesky factor is `l`.
Output cholesky_solve(GradContext& g, Output l, Output b) {
  return triangular_solve(g, l, triangular_solve(g, l, b, true, false), true, true);
}

// Of the two forms X = (A^H A + l)^-1 A^H B and X = A^H (A A^H + l)^-1 B the one with the smaller
// matrix is taken, as the kernel does.
void solve_ls_grad(GradContext& g) {
  if (!g.attrs().b("fast")) invalid("Gradient not defined for fast=False");
  const Output a = g.input(0), b = g.input(1), x = g.output(0), dy = g.dy();
  const PartialShape& shape = a.shape();
  if (!shape.has_rank() || shape.dim(-1) < 0 || shape.dim(-2) < 0) {
    fail(Code::kUnimplemented, "the gradient of least squares needs matrices of known size");
  }
  const bool tall = shape.dim(-2) >= shape.dim(-1);
  Output gram = tall ? matmul(g, a, a, true, false) : matmul(g, a, a, false, true);
  const Output l2 = g("Cast", {g.input(2)}, {{"DstT", a.dtype()}});
  gram = set_diagonal(g, gram, add(g, diagonal(g, gram), l2));
  const Output l = g("Cholesky", {gram});
  if (tall) {
    const Output z = cholesky_solve(g, l, dy);
    const Output xz = matmul(g, x, z, false, true);
    const Output to_a = sub(g, matmul(g, b, z, false, true),
                            matmul(g, a, add(g, xz, adjoint(g, xz)), false, false));
    g.set(0, to_a);
    g.set(1, matmul(g, a, z, false, false));
    return;
  }
  const Output to_b = cholesky_solve(g, l, matmul(g, a, dy, false, false));
  const Output z = cholesky_solve(g, l, b);
  const Output first = matmul(g, to_b, matmul(g, z, a, true, false), false, false);
  const Output rest = sub(g, dy, matmul(g, a, to_b, true, false));
  g.set(0, sub(g, matmul(g, z, rest, false, true), first));
  g.set(1, to_b);
}

/// The gradient of a root of matrices whose size is known in the run only.
Output square_root_grad_of_unknown_size(GradContext& g, Output x) {
  const Builder& b = g.builder();
  const Output dims = shape_of(g, x);
  const Output batch_rank = g("Sub", {g("Size", {dims}), b.scalar(std::int32_t(2))});
  const Output front = g("Slice", {dims, b.ints({0}), expand(g, batch_rank, 0)});
  const Output last = g("AddV2", {expand(g, batch_rank, 0), b.ints({1})});
  const Output n = g("Slice", {dims, last, b.ints({1})});
  const Output unit = diagonal_matrix(g, g("Fill", {n, like(g, x, 1)}));
  const Output n2 = g("Mul", {n, n});
  const auto with_front = [&](Output rows, Output columns) {
    return g("ConcatV2", {front, rows, columns, b.scalar(std::int32_t(0))}, {}, "concat");
  };
  const Output sum = add(g, kronecker(g, x, unit), kronecker(g, unit, transpose(g, x)));
  const Output system = g("Reshape", {sum, with_front(n2, n2)});
  const Output side = g("Reshape", {g.dy(), with_front(n2, b.ints({1}))});
  return g("Reshape", {g("MatrixSolve", {system, side}), dims});
}

// X dX + dX X = dA: the transposed equation X^H G + G X^H = dX for the gradient G is linear in the
// elements of G.
void square_root_grad(GradContext& g) {
  const Output x = adjoint(g, g.output(0));
  const PartialShape& shape = x.shape();
  if (!shape.has_rank() || shape.dim(-1) < 0) {
    return g.set(0, square_root_grad_of_unknown_size(g, x));
  }
  const std::int64_t n = shape.dim(-1);
  Tensor identity(
      x.dtype() == DType::kFloat || x.dtype() == DType::kComplex64 ? DType::kFloat : DType::kDouble,
      Shape{n, n});
  for (std::int64_t i = 0; i < n * n; ++i) {
    const double v = i % (n + 1) == 0 ? 1 : 0;
    if (identity.dtype() == DType::kFloat) {
      identity.data<float>()[i] = float(v);
    } else {
      identity.data<double>()[i] = v;
    }
  }
  Output unit = g.builder().constant(identity);
  if (unit.dtype() != x.dtype()) unit = g("Cast", {unit}, {{"DstT", x.dtype()}});
  // Row-major: element (i, j) of G meets element (k, l) of dX.
  const Output left = kronecker(g, x, unit), right = kronecker(g, unit, transpose(g, x));
  const Output system = reshape_tail(g, add(g, left, right), shape, {n * n, n * n});
  const Output side = reshape_tail(g, g.dy(), shape, {n * n, 1});
  g.set(0, g("Reshape", {g("MatrixSolve", {system, side}), shape_of(g, g.input(0))}));
}

// The three diagonals as rows of one tensor, of A^H instead of A: above and below change places and
// move by one.
Output shifted(GradContext& g, Output row, bool right) {
  const int rank = row.shape().rank();
  std::vector<std::int32_t> pads(std::size_t(2 * rank), 0);
  pads[pads.size() - (right ? 2 : 1)] = 1;
  const Tensor table = Tensor::of(pads, Shape{rank, 2});
  const Output padded = g("Pad", {row, g.builder().constant(table, "paddings")});
  std::vector<std::int32_t> begin(std::size_t(rank), 0), end(begin), step(std::size_t(rank), 1);
  (right ? end : begin).back() = right ? -1 : 1;
  const std::int64_t all = (std::int64_t(1) << rank) - 1, last = std::int64_t(1) << (rank - 1);
  return g("StridedSlice",
           {padded, g.builder().ints(begin), g.builder().ints(end), g.builder().ints(step)},
           {{"begin_mask", right ? all : all - last}, {"end_mask", right ? all - last : all}});
}

Output row_of(GradContext& g, Output diagonals, int which) {
  const int rank = diagonals.shape().rank();
  std::vector<std::int32_t> begin(std::size_t(rank), 0), size(std::size_t(rank), -1);
  begin[std::size_t(rank - 2)] = which;
  size[std::size_t(rank - 2)] = 1;
  return g("Slice", {diagonals, g.builder().ints(begin), g.builder().ints(size)});
}

/// sum_c x[i, c] conj(y[i, c]) as [..., 1, n].
Output row_products(GradContext& g, Output x, Output y) {
  const Output sum = g("Sum", {mul(g, x, conj(g, y)), g.builder().ints({-1})});
  return g("ExpandDims", {sum, g.builder().scalar(std::int32_t(-2))});
}

/// `x` moved by one row along axis -2, zeros coming in.
Output moved_rows(GradContext& g, Output x, bool down) {
  return adjoint(g, shifted(g, adjoint(g, x), down));
}

void need_rank(const GradContext& g, int i) {
  if (!g.input(i).shape().has_rank()) {
    fail(Code::kUnimplemented, "the gradient needs diagonals of known rank");
  }
}

void tridiagonal_solve_grad(GradContext& g) {
  need_rank(g, 0);
  const Output d = g.input(0), x = g.output(0);
  const int rank = d.shape().rank();
  const Output axis = g.builder().scalar(std::int32_t(rank - 2));
  const Output above = shifted(g, row_of(g, d, 2), false);
  const Output below = shifted(g, row_of(g, d, 0), true);
  const Output turned = conj(g, g("ConcatV2", {above, row_of(g, d, 1), below, axis}));
  const Output to_b = g("TridiagonalSolve", {turned, g.dy()},
                        {{"partial_pivoting", g.attrs().b("partial_pivoting")}});
  g.set(1, to_b);
  if (!g.needs(0)) return;
  const Output up = row_products(g, to_b, moved_rows(g, x, false));
  const Output on = row_products(g, to_b, x);
  const Output down = row_products(g, to_b, moved_rows(g, x, true));
  g.set(0, neg(g, g("ConcatV2", {up, on, down, axis})));
}

void tridiagonal_matmul_grad(GradContext& g) {
  need_rank(g, 0);
  const Output x = g.input(3), dy = g.dy();
  if (g.needs(0)) g.set(0, row_products(g, dy, moved_rows(g, x, false)));
  if (g.needs(1)) g.set(1, row_products(g, dy, x));
  if (g.needs(2)) g.set(2, row_products(g, dy, moved_rows(g, x, true)));
  if (g.needs(3)) {
    const Output above = conj(g, shifted(g, g.input(2), false));
    const Output below = conj(g, shifted(g, g.input(0), true));
    g.set(3, g("TridiagonalMatMul", {above, conj(g, g.input(1)), below, dy}));
  }
}

#define CAUDAL_T_ALL "T:type{double,float,half,complex64,complex128}"
#define CAUDAL_T_MATRIX "T:type{half,float,double,complex64,complex128}"
#define CAUDAL_T_REAL "T:type{double,float}"

}  // namespace

std::span<const OpRow> linalg_ops() {
  static const OpRow rows[] = {
      {"Cholesky", "input:T -> output:T; " CAUDAL_T_ALL, square_shape, cholesky_grad},
      {"CholeskyGrad", "l:T grad:T -> output:T; T:type{half,float,double}", cholesky_grad_shape,
       nullptr},
      {"MatrixInverse", "input:T -> output:T; adjoint:bool=false; " CAUDAL_T_ALL, square_shape,
       inverse_grad},
      {"MatrixDeterminant", "input:T -> output:T; " CAUDAL_T_MATRIX, determinant_shape,
       determinant_grad},
      {"LogMatrixDeterminant", "input:T -> sign:T log_abs_determinant:T; " CAUDAL_T_MATRIX,
       log_determinant_shape, log_determinant_grad},
      {"MatrixSolve", "matrix:T rhs:T -> output:T; adjoint:bool=false; " CAUDAL_T_ALL, solve_shape,
       solve_grad},
      {"MatrixTriangularSolve",
       "matrix:T rhs:T -> output:T; lower:bool=true; adjoint:bool=false; " CAUDAL_T_ALL,
       solve_shape, triangular_solve_grad},
      {"MatrixSolveLs",
       "matrix:T rhs:T l2_regularizer:double -> output:T; " CAUDAL_T_ALL "; fast:bool=true",
       solve_ls_shape, solve_ls_grad},
      {"Lu",
       "input:T -> lu:T p:output_idx_type; " CAUDAL_T_ALL
       "; output_idx_type:type{int32,int64}=int32",
       lu_shape, nullptr},
      {"MatrixExponential", "input:T -> output:T; " CAUDAL_T_ALL, square_shape, nullptr},
      {"MatrixLogarithm", "input:T -> output:T; T:type{complex64,complex128}", square_shape,
       nullptr},
      {"MatrixSquareRoot", "input:T -> output:T; " CAUDAL_T_ALL, square_shape, square_root_grad},
      {"TridiagonalSolve",
       "diagonals:T rhs:T -> output:T; partial_pivoting:bool=true; "
       "T:type{double,float,complex64,complex128}",
       tridiagonal_solve_shape, tridiagonal_solve_grad},
      {"TridiagonalMatMul",
       "superdiag:T maindiag:T subdiag:T rhs:T -> output:T; "
       "T:type{double,float,complex64,complex128}",
       tridiagonal_matmul_shape, tridiagonal_matmul_grad},
      // Names of old graphs.
      {"BatchCholesky", "input:T -> output:T; " CAUDAL_T_REAL, square_shape, cholesky_grad},
      {"BatchCholeskyGrad", "l:T grad:T -> output:T; T:type{float,double}", cholesky_grad_shape,
       nullptr},
      {"BatchMatrixInverse", "input:T -> output:T; adjoint:bool=false; " CAUDAL_T_REAL,
       square_shape, inverse_grad},
      {"BatchMatrixDeterminant", "input:T -> output:T; T:type{float,double,complex64,complex128}",
       determinant_shape, determinant_grad},
      {"BatchMatrixSolve", "matrix:T rhs:T -> output:T; adjoint:bool=false; " CAUDAL_T_REAL,
       solve_shape, solve_grad},
      {"BatchMatrixTriangularSolve",
       "matrix:T rhs:T -> output:T; lower:bool=true; adjoint:bool=false; " CAUDAL_T_REAL,
       solve_shape, triangular_solve_grad},
      {"BatchMatrixSolveLs",
       "matrix:T rhs:T l2_regularizer:double -> output:T; " CAUDAL_T_REAL "; fast:bool=true",
       solve_ls_shape, solve_ls_grad},
  };
  return rows;
}

}  // namespace caudal::ops
