// SPDX-License-Identifier: Apache-2.0
// Bands of diagonals: diagonal k of a matrix is [k + i < columns][i]; shorter diagonals are padded
// behind their end.
#include <algorithm>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

struct Band {
  std::int64_t low = 0, high = 0, batch = 1, rows = 0, columns = 0, length = 0;

  Band(const Tensor& k, const Shape& matrix) {
    const std::vector<std::int64_t> v = k.as_int64s();
    if (v.empty() || v.size() > 2) {
      invalid("diag_index must have only one or two elements, received ", v.size(), " elements.");
    }
    low = v.front();
    high = v.back();
    if (low > high) {
      invalid("lower_diag_index must not be larger than upper_diag_index: ", low, " > ", high);
    }
    rows = matrix.dim(-2);
    columns = matrix.dim(-1);
    batch = size_of(matrix, 0, matrix.rank() - 2);
    for (const std::int64_t d : v) {
      if (d != 0 && (d <= -rows || d >= columns)) {
        invalid("diag_index is out of bound: ", d, " for matrices of shape [", rows, ",", columns,
                "]");
      }
    }
    length = std::max<std::int64_t>(0, std::min(rows + std::min<std::int64_t>(high, 0),
                                                columns - std::max<std::int64_t>(low, 0)));
  }
  /// Throws unless `diagonal` holds as many elements as the band.
  void check(const Shape& diagonal) const {
    if (diagonal.num_elements() != checked_mul(batch, checked_mul(high - low + 1, length))) {
      invalid(
          "Either first dimensions of diagonal don't match input.shape[:-2], or "
          "diagonal.shape[:-1] is not equal to the longests diagonal in range "
          "[lower_diag_index:upper_diag_index].\nInput shape: [",
          rows, ",", columns, "]\nDiagonal shape: ", diagonal);
    }
  }
  /// Calls fn(position in the band, position in the matrix, or -1 where the diagonal has ended).
  template <class F>
  void each(F&& fn) const {
    std::int64_t at = 0;
    for (std::int64_t b = 0; b < batch; ++b) {
      for (std::int64_t d = high; d >= low; --d) {
        const std::int64_t row = d < 0 ? -d : 0, column = d > 0 ? d : 0;
        for (std::int64_t i = 0; i < length; ++i, ++at) {
          const bool inside = row + i < rows && column + i < columns;
          fn(at, inside ? (b * rows + row + i) * columns + column + i : -1);
        }
      }
    }
  }
};

void diag(Call& c) {
  const Band band(c.in[1], c.out[0].shape());
  band.check(c.in[0].shape());
  with_movable(c.out[0].dtype(), [&]<class T>(T) {
    const T* x = c.in[0].data<T>();
    T* y = c.out[0].data<T>();
    std::fill_n(y, c.out[0].num_elements(), *c.in[4].data<T>());
    band.each([&](std::int64_t from, std::int64_t to) {
      if (to >= 0) y[to] = x[from];
    });
  });
}
void diag_part(Call& c) {
  const Band band(c.in[1], c.in[0].shape());
  band.check(c.out[0].shape());
  with_movable(c.out[0].dtype(), [&]<class T>(T) {
    const T *x = c.in[0].data<T>(), *padding = c.in[2].data<T>();
    T* y = c.out[0].data<T>();
    band.each([&](std::int64_t to, std::int64_t from) { y[to] = from >= 0 ? x[from] : *padding; });
  });
}
void set_diag(Call& c) {
  const Band band(c.in[2], c.in[0].shape());
  band.check(c.in[1].shape());
  with_movable(c.out[0].dtype(), [&]<class T>(T) {
    const T *x = c.in[0].data<T>(), *d = c.in[1].data<T>();
    T* y = c.out[0].data<T>();
    if (x != y) std::copy_n(x, c.out[0].num_elements(), y);
    band.each([&](std::int64_t from, std::int64_t to) {
      if (to >= 0) y[to] = d[from];
    });
  });
}

constexpr DTypeSet kAny = DTypeSet::all();
constexpr char kDiag[] = "MatrixDiag", kDiagPart[] = "MatrixDiagPart", kSetDiag[] = "MatrixSetDiag",
               kBandPart[] = "MatrixBandPart";

}  // namespace

std::span<const KernelRow> diagonals_kernels() {
  static const KernelRow rows[] = {
      {"MatrixDiagV2", "T", kAny, movable_kernel<diag>},
      {"MatrixDiagPartV2", "T", kAny, movable_kernel<diag_part>},
      {"MatrixSetDiagV2", "T", kAny, movable_kernel<set_diag>},
      {"BatchMatrixDiag", "T", kAny, same_as<kDiag>},
      {"BatchMatrixDiagPart", "T", kAny, same_as<kDiagPart>},
      {"BatchMatrixSetDiag", "T", kAny, same_as<kSetDiag>},
      {"BatchMatrixBandPart", "T", kAny, same_as<kBandPart>},
  };
  return rows;
}

}  // namespace caudal::cpu
