// SPDX-License-Identifier: Apache-2.0
// Matrix decompositions. Their gradients are infinite where eigenvalues or singular values meet.
#include <algorithm>

#include "ops/families.h"
#include "ops/matrix_expressions.h"

namespace caudal::ops {
namespace {

void qr_shape(ShapeContext& c) {
  const PartialShape in = c.with_rank_at_least(0, 2);
  if (!in.has_rank()) return;
  const std::int64_t rows = in.dim(-2), columns = in.dim(-1);
  const bool full = c.attrs().b("full_matrices");
  const std::int64_t inner = full ? rows : rows < 0 || columns < 0 ? -1 : std::min(rows, columns);
  PartialShape q = in, r = in;
  q.set_dim(in.rank() - 1, inner);
  r.set_dim(in.rank() - 2, inner);
  c.set_output(0, q);
  c.set_output(1, r);
}

PartialShape square_input(ShapeContext& c) {
  PartialShape in = c.with_rank_at_least(0, 2);
  if (!in.has_rank()) return in;
  const std::int64_t rows = in.dim(-2), columns = in.dim(-1);
  if (rows >= 0 && columns >= 0 && rows != columns) {
    if (c.planning()) invalid("Input matrix must be square.");
    invalid("Dimensions must be equal, but are ", rows, " and ", columns);
  }
  in.set_dim(in.rank() - 2, std::max(rows, columns));
  in.set_dim(in.rank() - 1, std::max(rows, columns));
  return in;
}

PartialShape vector_of(const PartialShape& in, std::int64_t n) {
  if (!in.has_rank()) return in;
  PartialShape out(in.dims().first(std::size_t(in.rank() - 2)));
  out.append(n);
  return out;
}

void eig_shape(ShapeContext& c) {
  const PartialShape in = square_input(c);
  c.set_output(0, in.has_rank() ? vector_of(in, in.dim(-1)) : in);
  c.set_output(1, c.attrs().b("compute_v") ? in : PartialShape{0});
}

void eig_in_one_shape(ShapeContext& c) {
  PartialShape in = square_input(c);
  if (in.has_rank() && in.dim(-1) >= 0) in.set_dim(in.rank() - 2, in.dim(-1) + 1);
  c.set_output(0, in);
}

void svd_shape(ShapeContext& c) {
  const PartialShape in = c.with_rank_at_least(0, 2);
  const bool vectors = c.attrs().b("compute_uv"), full = c.attrs().b("full_matrices");
  if (!in.has_rank()) {
    for (int i = 0; i < 3; ++i) {
      c.set_output(i, i > 0 && !vectors ? PartialShape{0} : PartialShape::unknown());
    }
    return;
  }
  const std::int64_t m = in.dim(-2), n = in.dim(-1);
  const std::int64_t k = m < 0 || n < 0 ? -1 : std::min(m, n);
  c.set_output(0, vector_of(in, k));
  if (!vectors) {
    c.set_output(1, PartialShape{0});
    c.set_output(2, PartialShape{0});
    return;
  }
  PartialShape u = in, v = in;
  u.set_dim(in.rank() - 1, full ? m : k);
  v.set_dim(in.rank() - 2, n);
  v.set_dim(in.rank() - 1, full ? n : k);
  c.set_output(1, u);
  c.set_output(2, v);
}

/// 1 / x, and 0 where x is 0.
Output safe_reciprocal(GradContext& g, Output x) { return g("DivNoNan", {like(g, x, 1), x}); }

/// 1 / (v_j - v_i) at [i, j], zero on the diagonal.
Output inverse_gaps(GradContext& g, Output v) {
  const Output gaps = sub(g, expand(g, v, -2), expand(g, v, -1));
  return set_diagonal(g, safe_reciprocal(g, gaps), zeros_like(g, v));
}

// Only the lower triangle of the input counts, so the gradient lies there.
void eig_grad(GradContext& g) {
  const bool vectors = g.attrs().b("compute_v");
  Output v = g.output(1);
  if (!vectors) v = g.builder().node("SelfAdjointEigV2", {g.input(0)})->output(1);
  Output middle = diagonal_matrix(g, g.dy(0));
  if (vectors && !g.raw_dy(1).none()) {
    const Output turn = matmul(g, v, g.dy(1), true, false);
    middle = add(g, middle, mul(g, inverse_gaps(g, g.output(0)), turn));
  }
  const Output whole = matmul(g, v, matmul(g, middle, v, false, true), false, false);
  const Output lower = lower_part(g, add(g, whole, adjoint(g, whole)));
  g.set(0, set_diagonal(g, lower, scale(g, diagonal(g, lower), 0.5)));
}

/// Columns [begin, begin + count) of matrices.
Output columns(GradContext& g, Output a, std::int64_t begin, std::int64_t count) {
  const int rank = a.shape().rank();
  std::vector<std::int32_t> from(std::size_t(rank), 0), size(std::size_t(rank), -1);
  from.back() = std::int32_t(begin);
  size.back() = std::int32_t(count);
  return g("Slice", {a, g.builder().ints(from), g.builder().ints(size)});
}

// With A = U S V^H, m <= n (else for A^H): U [dS + (F * U^H dU + h.c.) S + S (F * V^H dV + h.c.)]
// V^H, and what dV holds beyond the columns of V.
void svd_grad(GradContext& g) {
  const Output a = g.input(0);
  if (!g.attrs().b("compute_uv")) {
    Node* full = g.builder().node("Svd", {a});
    const Output middle = matmul(g, diagonal_matrix(g, g.dy(0)), full->output(2), false, true);
    g.set(0, matmul(g, full->output(1), middle, false, false));
    return;
  }
  const PartialShape& shape = a.shape();
  if (!shape.has_rank() || shape.dim(-1) < 0 || shape.dim(-2) < 0) {
    fail(Code::kUnimplemented,
         "SVD gradient has not been implemented for input with unknown inner matrix shape.");
  }
  std::int64_t m = shape.dim(-2), n = shape.dim(-1);
  const bool full = g.attrs().b("full_matrices");
  if (full && std::abs(m - n) > 1) {
    fail(Code::kUnimplemented,
         "svd gradient is not implemented for abs(m - n) > 1 when full_matrices is True");
  }
  const bool turned = m > n;
  Output u = g.output(1), v = g.output(2), du = g.dy(1), dv = g.dy(2);
  if (turned) {
    std::swap(m, n);
    std::swap(u, v);
    std::swap(du, dv);
  }
  const Output s = g.output(0);
  const Output s_matrix = diagonal_matrix(g, s);
  const Output f = inverse_gaps(g, square(g, s));
  const Output v1 = full && m != n ? columns(g, v, 0, m) : v;
  const Output dv1 = full && m != n ? columns(g, dv, 0, m) : dv;
  const Output turn_u = matmul(g, u, du, true, false);
  const Output turn_v = matmul(g, v1, dv1, true, false);
  const Output fu = mul(g, f, turn_u), fv = mul(g, f, turn_v);
  Output middle = diagonal_matrix(g, g.dy(0));
  middle = add(g, middle, matmul(g, add(g, fu, adjoint(g, fu)), s_matrix, false, false));
  middle = add(g, middle, matmul(g, s_matrix, add(g, fv, adjoint(g, fv)), false, false));
  const Output inverse_s = diagonal_matrix(g, safe_reciprocal(g, s));
  if (is_complex(a.dtype())) {
    // The phases of the vectors are free.
    const Output d = diagonal_matrix(g, diagonal(g, turn_v));
    middle =
        add(g, middle, scale(g, matmul(g, inverse_s, sub(g, adjoint(g, d), d), false, false), 0.5));
  }
  Output grad = matmul(g, u, matmul(g, middle, v1, false, true), false, false);
  if (m != n) {
    // (I - V V^H) dV, as rows.
    Output rest =
        sub(g, adjoint(g, dv1), matmul(g, matmul(g, dv1, v1, true, false), v1, false, true));
    if (full) {
      const Output v2 = columns(g, v, m, n - m), dv2 = columns(g, dv, m, n - m);
      rest = sub(g, rest, matmul(g, matmul(g, v1, dv2, true, false), v2, false, true));
    }
    const Output scaled = matmul(g, u, inverse_s, false, false);
    grad = add(g, grad, matmul(g, scaled, rest, false, false));
  }
  g.set(0, turned ? adjoint(g, grad) : grad);
}

/// x R^-H.
Output times_inverse(GradContext& g, Output x, Output r) {
  return adjoint(g, triangular_solve(g, r, adjoint(g, x), false, false));
}

void qr_grad(GradContext& g) {
  const Output q = g.output(0), r = g.output(1);
  const PartialShape& shape = r.shape();
  if (is_complex(q.dtype())) {
    fail(Code::kUnimplemented, "QrGrad not implemented for dtype: ", q.dtype());
  }
  if (!shape.has_rank() || shape.dim(-1) < 0 || shape.dim(-2) < 0) {
    fail(Code::kUnimplemented, "QrGrad not implemented with dynamic shapes.");
  }
  if (shape.dim(-2) != shape.dim(-1)) {
    fail(Code::kUnimplemented,
         "QrGrad not implemented when ncols > nrows or full_matrices is true and ncols != nrows.");
  }
  const Output dq = g.dy(0), dr = g.dy(1);
  const Output turn = matmul(g, q, dq, true, false);
  const Output by_r = matmul(g, r, dr, false, true);
  const Output lower =
      band_part(g, add(g, sub(g, turn, adjoint(g, turn)), sub(g, by_r, adjoint(g, by_r))), -1, 0);
  const Output along = matmul(g, q, add(g, dr, times_inverse(g, lower, r)), false, false);
  const Output across = times_inverse(g, sub(g, dq, matmul(g, q, turn, false, false)), r);
  g.set(0, add(g, along, across));
}

}  // namespace

std::span<const OpRow> decompose_ops() {
  static const OpRow rows[] = {
      {"Qr",
       "input:T -> q:T r:T; full_matrices:bool=false; "
       "T:type{double,float,half,complex64,complex128}",
       qr_shape, qr_grad},
      {"Svd",
       "input:T -> s:T u:T v:T; compute_uv:bool=true; full_matrices:bool=false; "
       "T:type{double,float,half,complex64,complex128}",
       svd_shape, svd_grad},
      {"SelfAdjointEigV2",
       "input:T -> e:T v:T; compute_v:bool=true; T:type{double,float,half,complex64,complex128}",
       eig_shape, eig_grad},
      {"SelfAdjointEig", "input:T -> output:T; T:type{double,float,half}", eig_in_one_shape,
       nullptr},
      // Names of old graphs.
      {"BatchSvd",
       "input:T -> s:T u:T v:T; compute_uv:bool=true; full_matrices:bool=false; "
       "T:type{double,float,complex64,complex128}",
       svd_shape, svd_grad},
      {"BatchSelfAdjointEigV2", "input:T -> e:T v:T; compute_v:bool=true; T:type{double,float}",
       eig_shape, eig_grad},
      {"BatchSelfAdjointEig", "input:T -> output:T; T:type{double,float}", eig_in_one_shape,
       nullptr},
  };
  return rows;
}

}  // namespace caudal::ops
