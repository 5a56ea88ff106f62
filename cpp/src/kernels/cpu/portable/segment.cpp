// SPDX-License-Identifier: Apache-2.0
// Reductions over groups of rows. Sums over plain ids stand in gather_scatter.cpp.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

constexpr DTypeSet kWords{DType::kUint32, DType::kUint64};

template <bool complex, class F>
void with_any(DType dtype, F&& fn) {
  if (dtype == DType::kUint32) return fn(std::uint32_t{});
  if (dtype == DType::kUint64) return fn(std::uint64_t{});
  with_number<complex>(dtype, fn);
}

std::string index_text(const Shape& shape, std::int64_t i) {
  std::vector<std::int64_t> at(std::size_t(shape.rank()));
  for (int d = shape.rank() - 1; d >= 0; --d) {
    at[std::size_t(d)] = i % shape[d];
    i /= shape[d];
  }
  std::string out = "[";
  for (std::size_t d = 0; d < at.size(); ++d) out += str(d ? "," : "", at[d]);
  return out + "]";
}

struct Prod {
  static constexpr bool kComplex = true;
  template <class T>
  static T start() {
    return T(1);
  }
  template <class T>
  static T join(T a, T b) {
    return mul_numbers(a, b);
  }
};
struct Min {
  static constexpr bool kComplex = false;
  template <class T>
  static T start() {
    if constexpr (std::is_same_v<T, Half>) {
      return Half(65504.0f);
    } else if constexpr (std::is_same_v<T, Bfloat16>) {
      return std::bit_cast<Bfloat16>(std::uint16_t(0x7f7f));
    } else {
      return std::numeric_limits<T>::max();
    }
  }
  template <class T>
  static T join(T a, T b) {
    return less_numbers(b, a) ? b : a;
  }
};
struct Max {
  static constexpr bool kComplex = false;
  template <class T>
  static T start() {
    if constexpr (std::is_same_v<T, Half>) {
      return Half(-65504.0f);
    } else if constexpr (std::is_same_v<T, Bfloat16>) {
      return std::bit_cast<Bfloat16>(std::uint16_t(0xff7f));
    } else {
      return std::numeric_limits<T>::lowest();
    }
  }
  template <class T>
  static T join(T a, T b) {
    return less_numbers(a, b) ? b : a;
  }
};

/// Sorted ids as numbers; throws for ids that decrease or are negative.
std::vector<std::int64_t> sorted_ids(const Tensor& t) {
  std::vector<std::int64_t> ids = t.as_int64s();
  if (!ids.empty() && ids.back() < 0) invalid("segment ids must be >= 0");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i > 0 && ids[i] < ids[i - 1]) invalid("segment ids are not increasing");
    if (ids[i] < 0) {
      invalid("Segment id ", ids[i], " out of range [0, ", ids.back() + 1,
              "), possibly because 'segment_ids' input is not sorted.");
    }
  }
  return ids;
}

/// Allocates `segments` rows of what `data` has rows of.
Tensor rows_like(const Tensor& data, std::int64_t segments) {
  Shape shape{segments};
  for (int i = 1; i < data.shape().rank(); ++i) shape.append(data.shape()[i]);
  return Tensor(data.dtype(), shape);
}

std::vector<std::int64_t> checked_segments(Call& c) {
  const Tensor& data = c.in[0];
  if (c.in[1].shape().rank() != 1) invalid("segment_ids should be a vector.");
  if (data.shape().rank() < 1 || data.shape()[0] != c.in[1].num_elements()) {
    invalid("segment_ids should be the same size as dimension 0 of input.");
  }
  return sorted_ids(c.in[1]);
}

template <class Op>
void segment(Call& c) {
  const std::vector<std::int64_t> ids = checked_segments(c);
  const Tensor& data = c.in[0];
  c.out[0] = rows_like(data, ids.empty() ? 0 : ids.back() + 1);
  const std::int64_t inner = size_of(data.shape(), 1, data.shape().rank());
  with_any<Op::kComplex>(data.dtype(), [&]<class T>(T) {
    const T* x = data.data<T>();
    T* y = c.out[0].data<T>();
    // Segments without rows: 1 for products, else 0.
    std::fill_n(y, c.out[0].num_elements(), std::is_same_v<Op, Prod> ? T(1) : T(0));
    for (std::size_t i = 0; i < ids.size(); ++i, x += inner) {
      T* to = y + ids[i] * inner;
      if (i == 0 || ids[i] != ids[i - 1]) {
        std::copy_n(x, inner, to);
      } else {
        for (std::int64_t k = 0; k < inner; ++k) to[k] = Op::join(to[k], x[k]);
      }
    }
  });
}

/// What sums are kept in: 16-bit floats in float.
template <class T>
using sum_t = std::conditional_t<std::is_same_v<T, Half> || std::is_same_v<T, Bfloat16>, float, T>;

void segment_mean(Call& c) {
  const std::vector<std::int64_t> ids = checked_segments(c);
  const Tensor& data = c.in[0];
  c.out[0] = rows_like(data, ids.empty() ? 0 : ids.back() + 1);
  const std::int64_t inner = size_of(data.shape(), 1, data.shape().rank());
  with_any<true>(data.dtype(), [&]<class T>(T) {
    using S = sum_t<T>;
    const T* x = data.data<T>();
    T* y = c.out[0].data<T>();
    std::fill_n(y, c.out[0].num_elements(), T(0));
    std::vector<S> sum;
    for (std::size_t i = 0, end = 0; i < ids.size(); i = end) {
      sum.assign(std::size_t(inner), S(0));
      for (end = i; end < ids.size() && ids[end] == ids[i]; ++end) {
        const T* row = x + std::int64_t(end) * inner;
        for (std::int64_t k = 0; k < inner; ++k) {
          S& s = sum[std::size_t(k)];
          if constexpr (std::is_integral_v<T>) {
            s = add_numbers(s, row[k]);
          } else {
            s += S(row[k]);
          }
        }
      }
      T* to = y + ids[i] * inner;
      for (std::int64_t k = 0; k < inner; ++k) {
        if constexpr (std::is_integral_v<T>) {
          to[k] = end - i == 1 ? sum[std::size_t(k)]
                               : T(__int128(sum[std::size_t(k)]) / __int128(end - i));
        } else {
          to[k] = T(sum[std::size_t(k)] / S(float(end - i)));
        }
      }
    }
  });
}

template <class Op>
void unsorted_segment(Call& c) {
  const Tensor& data = c.in[0];
  const std::vector<std::int64_t> ids = c.in[1].as_int64s();
  const Shape& shape = data.shape();
  const std::int64_t segments = c.out[0].shape()[0];
  const std::int64_t inner = size_of(shape, c.in[1].shape().rank(), shape.rank());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= segments) {
      invalid("segment_ids", index_text(c.in[1].shape(), std::int64_t(i)), " = ", ids[i],
              " is out of range [0, ", segments, ")");
    }
  }
  with_any<Op::kComplex>(data.dtype(), [&]<class T>(T) {
    const T* x = data.data<T>();
    T* y = c.out[0].data<T>();
    std::fill_n(y, c.out[0].num_elements(), Op::template start<T>());
    for (const std::int64_t id : ids) {
      if (id >= 0) {
        T* to = y + id * inner;
        for (std::int64_t k = 0; k < inner; ++k) to[k] = Op::join(to[k], x[k]);
      }
      x += inner;
    }
  });
}

enum class Scale { kNone, kMean, kSqrtN };

double weight(Scale scale, std::int64_t count) {
  if (scale == Scale::kMean) return 1.0 / double(count);
  return scale == Scale::kSqrtN ? 1.0 / std::sqrt(double(count)) : 1.0;
}

template <Scale scale, bool has_count>
void sparse_segment(Call& c) {
  const Tensor& data = c.in[0];
  if (c.in[1].shape().rank() != 1) invalid("indices should be a vector.");
  if (c.in[2].shape().rank() != 1) invalid("segment_ids should be a vector.");
  const std::vector<std::int64_t> indices = c.in[1].as_int64s(), ids = sorted_ids(c.in[2]);
  if (indices.size() != ids.size()) invalid("segment_ids and indices should have same size.");
  if (data.shape().rank() < 1) invalid("data must have at least one dimension");
  std::int64_t segments = ids.empty() ? 0 : ids.back() + 1;
  if constexpr (has_count) {
    const std::int64_t given = scalar_int(c.in[3]);
    if (given < 0) invalid("segment ids must be >= 0");
    if (segments > given) invalid("segment ids must be < num_segments");
    segments = given;
  }
  const std::int64_t rows = data.shape()[0];
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (indices[i] < 0 || indices[i] >= rows) {
      invalid("Bad: indices[", i, "] == ", indices[i], " out of range [0, ", rows, ")");
    }
  }
  const std::int64_t inner = size_of(data.shape(), 1, data.shape().rank());
  if (!has_count) c.out[0] = rows_like(data, segments);
  with_any<false>(data.dtype(), [&]<class T>(T) {
    using S = sum_t<T>;
    const T* x = data.data<T>();
    T* y = c.out[0].data<T>();
    std::fill_n(y, c.out[0].num_elements(), T(0));
    std::vector<S> sum;
    for (std::size_t i = 0, end = 0; i < ids.size(); i = end) {
      sum.assign(std::size_t(inner), S(0));
      for (end = i; end < ids.size() && ids[end] == ids[i]; ++end) {
        const T* row = x + indices[end] * inner;
        for (std::int64_t k = 0; k < inner; ++k) {
          sum[std::size_t(k)] = add_numbers(sum[std::size_t(k)], S(row[k]));
        }
      }
      T* to = y + ids[i] * inner;
      for (std::int64_t k = 0; k < inner; ++k) {
        S v = sum[std::size_t(k)];
        if constexpr (scale != Scale::kNone && !std::is_integral_v<T>) {
          v *= S(weight(scale, std::int64_t(end - i)));
        }
        to[k] = T(v);
      }
    }
  });
}

template <Scale scale>
void sparse_segment_grad(Call& c) {
  const Tensor& grad = c.in[0];
  const std::vector<std::int64_t> indices = c.in[1].as_int64s(), ids = c.in[2].as_int64s();
  if (indices.size() != ids.size()) invalid("segment_ids and indices should have same size.");
  const std::int64_t segments = grad.shape()[0], rows = c.out[0].shape()[0];
  const std::int64_t inner = size_of(grad.shape(), 1, grad.shape().rank());
  std::vector<std::int64_t> counts(std::size_t(segments), 0);
  if (!ids.empty() && ids.back() >= segments) invalid("Invalid number of segments");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= segments) {
      invalid("Segment id ", ids[i], " out of range [0, ", segments, ").");
    }
    if (indices[i] < 0 || indices[i] >= rows) {
      invalid("Index ", indices[i], " out of range [0, ", rows, ").");
    }
    ++counts[std::size_t(ids[i])];
  }
  const auto body = [&]<class T>(T) {
    const T* dy = grad.data<T>();
    T* dx = c.out[0].data<T>();
    std::fill_n(dx, c.out[0].num_elements(), T(0));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const T w = T(weight(scale, counts[std::size_t(ids[i])]));
      const T* from = dy + ids[i] * inner;
      T* to = dx + indices[i] * inner;
      for (std::int64_t k = 0; k < inner; ++k) to[k] += w * from[k];
    }
  };
  grad.dtype() == DType::kFloat ? body(float{}) : body(double{});
}

constexpr DTypeSet kFloats{DType::kFloat, DType::kDouble};
constexpr DTypeSet kReal = kRealTypes | kWords, kAny = kNumberTypes | kWords;

}  // namespace

std::span<const KernelRow> segment_kernels() {
  static const KernelRow rows[] = {
      {"SegmentMean", "T", kAny, dynamic_kernel<segment_mean>},
      {"SegmentProd", "T", kAny, dynamic_kernel<segment<Prod>>},
      {"SegmentMin", "T", kReal, dynamic_kernel<segment<Min>>},
      {"SegmentMax", "T", kReal, dynamic_kernel<segment<Max>>},
      {"UnsortedSegmentProd", "T", kAny, bound_kernel<unsorted_segment<Prod>>},
      {"UnsortedSegmentMin", "T", kReal, bound_kernel<unsorted_segment<Min>>},
      {"UnsortedSegmentMax", "T", kReal, bound_kernel<unsorted_segment<Max>>},
      {"SparseSegmentSum", "T", kReal, dynamic_kernel<sparse_segment<Scale::kNone, false>>},
      {"SparseSegmentMean", "T", kFloats, dynamic_kernel<sparse_segment<Scale::kMean, false>>},
      {"SparseSegmentSqrtN", "T", kFloats, dynamic_kernel<sparse_segment<Scale::kSqrtN, false>>},
      {"SparseSegmentSumWithNumSegments", "T", kReal,
       bound_kernel<sparse_segment<Scale::kNone, true>>},
      {"SparseSegmentMeanWithNumSegments", "T", kFloats,
       bound_kernel<sparse_segment<Scale::kMean, true>>},
      {"SparseSegmentSqrtNWithNumSegments", "T", kFloats,
       bound_kernel<sparse_segment<Scale::kSqrtN, true>>},
      {"SparseSegmentMeanGrad", "T", kFloats, bound_kernel<sparse_segment_grad<Scale::kMean>>},
      {"SparseSegmentSqrtNGrad", "T", kFloats, bound_kernel<sparse_segment_grad<Scale::kSqrtN>>},
  };
  return rows;
}

}  // namespace caudal::cpu
