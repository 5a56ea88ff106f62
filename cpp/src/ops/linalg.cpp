// SPDX-License-Identifier: Apache-2.0
// Matrix decompositions.
#include <algorithm>

#include "ops/common_shapes.h"
#include "ops/families.h"

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

constexpr OpRow kRows[] = {
    {"Qr",
     "input:T -> q:T r:T; full_matrices:bool=false; "
     "T:type{double,float,half,complex64,complex128}",
     qr_shape, nullptr, 0},
};

}  // namespace

std::span<const OpRow> linalg_ops() { return kRows; }

}  // namespace caudal::ops
