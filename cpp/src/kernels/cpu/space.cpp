// SPDX-License-Identifier: Apache-2.0
// Diagonals and bands of matrices; exchanges of space with depth and with the batch.
#include "kernels/cpu/families.h"
#include "kernels/cpu/moves.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

// The diagonals of a stack of matrices and a packed copy of them.
StridedCopy diagonal(const Shape& matrices, const Shape& packed, bool is_source) {
  const std::int64_t n = packed.dim(-1);
  const std::int64_t columns = matrices.dim(-1), size = matrices.dim(-2) * columns;
  const std::int64_t count = n == 0 ? 0 : packed.num_elements() / n;
  StridedCopy copy;
  copy.add(count, is_source ? size : n, is_source ? n : size);
  copy.add(n, is_source ? columns + 1 : 1, is_source ? 1 : columns + 1);
  return copy;
}

void build_matrix_diag(const MoveSource& s, Moves& m) {
  m.fill = Moves::Fill::kZero;
  m.add(diagonal(s.out(), s.in(), false));
}
void build_matrix_diag_part(const MoveSource& s, Moves& m) {
  m.add(diagonal(s.in(), s.out(), true));
}
void build_matrix_set_diag(const MoveSource& s, Moves& m) {
  StridedCopy all;
  all.add(s.in().num_elements(), 1, 1);
  m.add(all);
  m.add(diagonal(s.out(), s.in(1), false), 1);
}

void build_diag(const MoveSource& s, Moves& m) {
  const std::int64_t n = s.in().num_elements();
  m.fill = Moves::Fill::kZero;
  StridedCopy copy;
  copy.add(n, 1, n + 1);
  m.add(copy);
}
void build_diag_part(const MoveSource& s, Moves& m) {
  const std::int64_t n = s.out().num_elements();
  StridedCopy copy;
  copy.add(n, n + 1, 1);
  m.add(copy);
}

struct BandParams {
  std::int64_t rows = 0, columns = 0, total_rows = 0;
  DType index = DType::kInt64;
};

std::int64_t read_index(DType dtype, const void* p) {
  return dtype == DType::kInt32 ? *static_cast<const std::int32_t*>(p)
                                : *static_cast<const std::int64_t*>(p);
}

template <class E>
void run_band(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const BandParams*>(params);
  const std::int64_t lower = read_index(p.index, in[1]), upper = read_index(p.index, in[2]);
  if (lower > p.rows) {
    invalid("num_lower must be negative or less or equal to number of rows (", p.rows,
            ") got: ", lower);
  }
  if (upper > p.columns) {
    invalid("num_upper must be negative or less or equal to number of columns (", p.columns,
            ") got: ", upper);
  }
  if (p.columns == 0) return;
  const auto* x = static_cast<const E*>(in[0]);
  auto* y = static_cast<E*>(out[0]);
  parallel_for(p.total_rows, std::max<std::int64_t>(1, kCopyGrain / p.columns),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t r = begin; r < end; ++r) {
                   const std::int64_t i = r % p.rows;
                   const std::int64_t first =
                       lower < 0 ? 0 : std::clamp<std::int64_t>(i - lower, 0, p.columns);
                   const std::int64_t last =
                       upper < 0 ? p.columns
                                 : std::clamp<std::int64_t>(i + upper + 1, first, p.columns);
                   const E* from = x + r * p.columns;
                   E* to = y + r * p.columns;
                   std::fill(to, to + first, E(0));
                   if (from != to) std::copy(from + first, from + last, to + first);
                   std::fill(to + last, to + p.columns, E(0));
                 }
               });
}

Prepared prepare_band(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<BandParams>(prepared);
  const Shape& s = r.inputs[0].shape;
  p->rows = s.dim(-2);
  p->columns = s.dim(-1);
  p->total_rows = p->columns == 0 ? 0 : s.num_elements() / p->columns;
  p->index = r.inputs[1].dtype;
  prepared.inplace_inputs = 1;
  with_element(r.inputs[0].dtype, [&]<class E>(E) {
    if constexpr (!std::is_same_v<E, std::string>) prepared.run = run_band<E>;
  });
  return prepared;
}

// Space and depth. `space` is the larger picture, `depth` the one with more channels.
void exchange_depth(const MoveSource& s, Moves& m, bool to_depth) {
  const bool nchw = s.attrs.s("data_format") == "NCHW";
  const std::int64_t block = s.attrs.i("block_size");
  const Shape &space = to_depth ? s.in() : s.out(), &depth = to_depth ? s.out() : s.in();
  const auto from = strides_of(space), to = strides_of(depth);
  const std::size_t h = nchw ? 2 : 1, w = h + 1, c = nchw ? 1 : 3;
  const std::int64_t channels = space[int(c)];
  StridedCopy copy;
  const auto add = [&](std::int64_t dim, std::int64_t in_space, std::int64_t in_depth) {
    copy.add(dim, to_depth ? in_space : in_depth, to_depth ? in_depth : in_space);
  };
  const auto rows = [&] { add(depth[int(h)], block * from[h], to[h]); };
  const auto columns = [&] { add(depth[int(w)], block * from[w], to[w]); };
  const auto block_row = [&] { add(block, from[h], block * channels * to[c]); };
  const auto block_column = [&] { add(block, from[w], channels * to[c]); };
  const auto channel = [&] { add(channels, from[c], to[c]); };
  add(space[0], from[0], to[0]);
  // The order of the loops follows the destination.
  if (to_depth && nchw) {
    block_row(), block_column(), channel(), rows(), columns();
  } else if (to_depth) {
    rows(), columns(), block_row(), block_column(), channel();
  } else if (nchw) {
    channel(), rows(), block_row(), columns(), block_column();
  } else {
    rows(), block_row(), columns(), block_column(), channel();
  }
  m.add(copy);
}
void build_space_to_depth(const MoveSource& s, Moves& m) { exchange_depth(s, m, true); }
void build_depth_to_space(const MoveSource& s, Moves& m) { exchange_depth(s, m, false); }

// Space and batch: entry j of the small picture is entry j * block + offset - edge of the large
// one, one part for each offset inside a block.
void exchange_batch(const MoveSource& s, Moves& m, const std::vector<std::int64_t>& blocks,
                    const std::vector<std::int64_t>& edges, bool to_batch) {
  const Shape &large = to_batch ? s.in() : s.out(), &small = to_batch ? s.out() : s.in();
  const auto from = strides_of(large), to = strides_of(small);
  const std::size_t n = blocks.size();
  std::int64_t parts = 1;
  for (const std::int64_t b : blocks) parts = checked_mul(parts, b);
  if (parts > (1 << 20)) fail(Code::kUnimplemented, "blocks of ", parts, " elements");
  if (to_batch && std::ranges::any_of(edges, [](std::int64_t e) { return e != 0; })) {
    m.fill = Moves::Fill::kZero;
  }
  for (std::int64_t part = 0; part < parts; ++part) {
    StridedCopy copy;
    std::int64_t in_large = 0, in_small = part * large[0] * to[0];
    const auto add = [&](std::int64_t dim, std::int64_t a, std::int64_t b) {
      copy.add(dim, to_batch ? a : b, to_batch ? b : a);
    };
    add(large[0], from[0], to[0]);
    std::vector<std::int64_t> offsets(n);
    for (std::size_t i = n, rest = std::size_t(part); i-- > 0;) {
      offsets[i] = std::int64_t(rest) % blocks[i];
      rest /= std::size_t(blocks[i]);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const std::int64_t block = blocks[i], shift = edges[2 * i] - offsets[i];
      const std::int64_t size = large[int(i) + 1], limit = size - 1 + shift;
      const std::int64_t first = shift > 0 ? (shift - 1) / block + 1 : 0;
      const std::int64_t last = limit < 0 ? 0 : std::min(limit / block + 1, small[int(i) + 1]);
      in_large += (first * block - shift) * from[i + 1];
      in_small += first * to[i + 1];
      add(std::max<std::int64_t>(last - first, 0), block * from[i + 1], to[i + 1]);
    }
    for (std::size_t i = n + 1; i < std::size_t(large.rank()); ++i) {
      add(large[int(i)], from[i], to[i]);
    }
    copy.src_offset = to_batch ? in_large : in_small;
    copy.dst_offset = to_batch ? in_small : in_large;
    m.add(copy);
  }
}

void build_space_to_batch_nd(const MoveSource& s, Moves& m) {
  exchange_batch(s, m, s.ints(1), s.ints(2), true);
}
void build_batch_to_space_nd(const MoveSource& s, Moves& m) {
  exchange_batch(s, m, s.ints(1), s.ints(2), false);
}
void build_space_to_batch(const MoveSource& s, Moves& m) {
  const std::int64_t block = s.attrs.i("block_size");
  exchange_batch(s, m, {block, block}, s.ints(1), true);
}
void build_batch_to_space(const MoveSource& s, Moves& m) {
  const std::int64_t block = s.attrs.i("block_size");
  exchange_batch(s, m, {block, block}, s.ints(1), false);
}

}  // namespace

std::span<const KernelRow> space_kernels() {
  static const KernelRow rows[] = {
      {"MatrixDiag", "T", kMovable, move_kernel<build_matrix_diag>},
      {"MatrixDiagPart", "T", kMovable, move_kernel<build_matrix_diag_part>},
      {"MatrixSetDiag", "T", kMovable, move_kernel<build_matrix_set_diag>},
      {"MatrixBandPart", "T", kBytes, prepare_band},
      {"Diag", "T", kBytes, move_kernel<build_diag>},
      {"DiagPart", "T", kBytes, move_kernel<build_diag_part>},
      {"SpaceToDepth", "T", kMovable, move_kernel<build_space_to_depth>},
      {"DepthToSpace", "T", kMovable, move_kernel<build_depth_to_space>},
      {"SpaceToBatchND", "T", kMovable, move_kernel<build_space_to_batch_nd, 6>},
      {"BatchToSpaceND", "T", kMovable, move_kernel<build_batch_to_space_nd, 6>},
      {"SpaceToBatch", "T", kMovable, move_kernel<build_space_to_batch, 2>},
      {"BatchToSpace", "T", kMovable, move_kernel<build_batch_to_space, 2>},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
