// SPDX-License-Identifier: Apache-2.0
// Counts, bins, searches in sorted rows, distinct slices, and small numerical ops on whole rows.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

template <class F>
void with_four(DType dtype, F&& fn) {
  if (dtype == DType::kFloat) return fn(float{});
  if (dtype == DType::kDouble) return fn(double{});
  if (dtype == DType::kInt64) return fn(std::int64_t{});
  fn(std::int32_t{});
}

void bincount(Call& c) {
  const std::int64_t size = scalar_int(c.in[1]), n = c.in[0].num_elements();
  if (size < 0) invalid("size (", size, ") must be non-negative");
  const std::int64_t weights = c.in[2].num_elements();
  if (weights != 0 && c.in[2].shape() != c.in[0].shape()) {
    invalid("Shape of weights ", c.in[2].shape(), " must be empty or that of arr, ",
            c.in[0].shape());
  }
  const auto* x = c.in[0].data<std::int32_t>();
  if (std::any_of(x, x + n, [](std::int32_t v) { return v < 0; })) {
    invalid("Input arr must be non-negative!");
  }
  with_four(c.out[0].dtype(), [&]<class T>(T) {
    T* y = c.out[0].data<T>();
    const T* w = c.in[2].data<T>();
    std::fill_n(y, size, T(0));
    for (std::int64_t i = 0; i < n; ++i) {
      if (x[i] < size) y[x[i]] = add_numbers(y[x[i]], weights == 0 ? T(1) : w[i]);
    }
  });
}

void histogram(Call& c) {
  const std::int64_t bins = scalar_int(c.in[2]), n = c.in[0].num_elements();
  if (bins <= 0) invalid("nbins should be a positive number, but got '", bins, "'");
  if (c.in[1].num_elements() != 2) {
    invalid("value_range should be a vector of 2 elements, got shape ", c.in[1].shape());
  }
  std::vector<std::int64_t> counts(std::size_t(bins), 0);
  with_four(c.in[0].dtype(), [&]<class T>(T) {
    const T *x = c.in[0].data<T>(), low = c.in[1].data<T>()[0], high = c.in[1].data<T>()[1];
    if (!(low < high)) {
      invalid("value_range should satisfy value_range[0] < value_range[1], but got '[", low, ", ",
              high, "]'");
    }
    const double step = (double(high) - double(low)) / double(bins);
    for (std::int64_t i = 0; i < n; ++i) {
      const double place = (double(std::max(x[i], low)) - double(low)) / step;
      // Also what is not a number goes somewhere: into the first bin.
      const std::int64_t bin = place >= double(bins) ? bins - 1
                               : place > 0           ? std::int64_t(place)
                                                     : 0;
      ++counts[std::size_t(bin)];
    }
  });
  with_index(c.out[0].dtype(), [&]<class I>(I) {
    std::transform(counts.begin(), counts.end(), c.out[0].data<I>(),
                   [](std::int64_t v) { return I(v); });
  });
}

void bucketize(Call& c) {
  const auto& bounds = c.attrs.at("boundaries").get<std::vector<float>>();
  auto* y = c.out[0].data<std::int32_t>();
  with_four(c.in[0].dtype(), [&]<class T>(T) {
    const T* x = c.in[0].data<T>();
    parallel_for(c.in[0].num_elements(), 1 << 13, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        y[i] = std::int32_t(std::upper_bound(bounds.begin(), bounds.end(), x[i],
                                             [](T v, float b) { return v < b; }) -
                            bounds.begin());
      }
    });
  });
}

void compare_and_bitpack(Call& c) {
  const std::int64_t n = c.out[0].num_elements();
  auto* y = c.out[0].data<std::uint8_t>();
  const auto body = [&]<class T>(T) {
    const T *x = c.in[0].data<T>(), threshold = *c.in[1].data<T>();
    for (std::int64_t i = 0; i < n; ++i) {
      unsigned byte = 0;
      for (int k = 0; k < 8; ++k) byte = 2 * byte + less_numbers(threshold, x[8 * i + k]);
      y[i] = std::uint8_t(byte);
    }
  };
  c.in[0].dtype() == DType::kBool ? body(false) : with_number<false>(c.in[0].dtype(), body);
}

void cross(Call& c) {
  with_number<false>(c.in[0].dtype(), [&]<class T>(T) {
    using W = wide_t<T>;
    const T *a = c.in[0].data<T>(), *b = c.in[1].data<T>();
    T* y = c.out[0].data<T>();
    for (std::int64_t i = 0; i + 2 < c.out[0].num_elements(); i += 3) {
      const auto minor = [&](std::int64_t p, std::int64_t q) {
        return T(W(W(a[i + p]) * W(b[i + q])) - W(W(a[i + q]) * W(b[i + p])));
      };
      y[i] = minor(1, 2);
      y[i + 1] = minor(2, 0);
      y[i + 2] = minor(0, 1);
    }
  });
}

void nth_element(Call& c) {
  const Shape& shape = c.in[0].shape();
  std::int64_t n = scalar_int(c.in[1]);
  const std::int64_t columns = shape.dim(-1), rows = c.out[0].num_elements();
  if (n < 0) invalid("n must be non-negative, got ", n);
  if (columns <= n) invalid("Input must have at least n+1 columns, got ", columns);
  if (c.attrs.b("reverse")) n = columns - 1 - n;
  with_number<false>(c.in[0].dtype(), [&]<class T>(T) {
    std::vector<T> row;
    for (std::int64_t i = 0; i < rows; ++i) {
      const T* x = c.in[0].data<T>() + i * columns;
      row.assign(x, x + columns);
      // NaN counts as largest, so that the order stays one.
      std::nth_element(row.begin(), row.begin() + n, row.end(), [](T a, T b) {
        if constexpr (std::is_floating_point_v<T>) {
          if (std::isnan(a)) return false;
          if (std::isnan(b)) return true;
        }
        return less_numbers(a, b);
      });
      c.out[0].data<T>()[i] = row[std::size_t(n)];
    }
  });
}

template <bool kUpper>
void search_sorted(Call& c) {
  const Shape &sorted = c.in[0].shape(), &values = c.in[1].shape();
  if (sorted.rank() != 2 || values.rank() != 2) invalid("sorted input and values must be matrices");
  if (sorted[0] != values[0]) {
    invalid("Leading dim_size of both tensors must match.");
  }
  const std::int64_t n = sorted[1], m = values[1];
  if (n >= INT32_MAX && c.out[0].dtype() == DType::kInt32) {
    invalid("trailing dim_size must less than INT_MAX for int32 output type, was ", n);
  }
  with_number<false>(c.in[0].dtype(), [&]<class T>(T) {
    with_index(c.out[0].dtype(), [&]<class I>(I) {
      const T *s = c.in[0].data<T>(), *v = c.in[1].data<T>();
      I* y = c.out[0].data<I>();
      parallel_for(values[0] * m, 1 << 12, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const T* row = s + i / m * n;
          const auto less = [](T a, T b) { return less_numbers(a, b); };
          const T* at = kUpper ? std::upper_bound(row, row + n, v[i], less)
                               : std::lower_bound(row, row + n, v[i], less);
          y[i] = I(at - row);
        }
      });
    });
  });
}

void unravel_index(Call& c) {
  with_index(c.in[0].dtype(), [&]<class I>(I) {
    const I *x = c.in[0].data<I>(), *dims = c.in[1].data<I>();
    const std::int64_t n = c.in[0].num_elements(), rank = c.in[1].num_elements();
    std::int64_t size = 1;
    for (std::int64_t d = 0; d < rank; ++d) {
      if (dims[d] == 0)
        invalid("Input dims cannot contain a dim of zero, but dims contains zero at index ", d);
      if (dims[d] < 0) invalid("Input dims cannot be negative, got ", dims[d]);
      size = checked_mul(size, dims[d]);
    }
    I* y = c.out[0].data<I>();
    for (std::int64_t i = 0; i < n; ++i) {
      if (x[i] < 0 || x[i] >= size) invalid("index is out of bound as with dims");
      std::int64_t rest = x[i];
      for (std::int64_t d = rank; d-- > 0; rest /= dims[d]) y[d * n + i] = I(rest % dims[d]);
    }
  });
}

Tensor index_vector(DType dtype, const std::vector<std::int64_t>& values) {
  Tensor t(dtype, Shape{std::int64_t(values.size())});
  with_index(dtype, [&]<class I>(I) {
    std::transform(values.begin(), values.end(), t.data<I>(), [](std::int64_t v) { return I(v); });
  });
  return t;
}

/// Distinct slices along an axis, in the order of their first appearance.
void unique_slices(Call& c) {
  const Tensor& x = c.in[0];
  const Shape& shape = x.shape();
  if (c.in[1].shape().rank() != 1) invalid("axis expects a 1D vector.");
  const std::vector<std::int64_t> axes = c.in[1].as_int64s();
  if (axes.size() > 1) invalid("axis does not support input tensors larger than 1 elements");
  std::int64_t axis = 0;
  if (axes.empty()) {
    if (shape.rank() != 1) invalid("unique expects a 1D vector.");
  } else {
    axis = axes[0] < 0 ? axes[0] + shape.rank() : axes[0];
    if (axis < 0 || axis >= shape.rank()) {
      invalid("axis has to be between [0, ", shape.rank(), ")");
    }
  }
  const std::int64_t n = shape[int(axis)], outer = size_of(shape, 0, int(axis)),
                     inner = size_of(shape, int(axis) + 1, shape.rank());
  const auto body = [&]<class T>(T) {
    const T* data = x.data<T>();
    const auto compare = [&](std::int64_t a, std::int64_t b) {
      for (std::int64_t o = 0; o < outer; ++o) {
        for (std::int64_t k = 0; k < inner; ++k) {
          const T &u = data[(o * n + a) * inner + k], &v = data[(o * n + b) * inner + k];
          if (u == v) continue;
          return u < v ? -1 : 1;
        }
      }
      return 0;
    };
    std::vector<std::int64_t> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      const int k = compare(a, b);
      return k < 0 || (k == 0 && a < b);
    });
    // The first of each run of equals stands for it; then number them by position.
    std::vector<std::int64_t> leader(std::size_t(n), 0), number(std::size_t(n), 0), first, counts;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const bool same = i > 0 && compare(order[i - 1], order[i]) == 0;
      leader[std::size_t(order[i])] = same ? leader[std::size_t(order[i - 1])] : order[i];
    }
    for (std::int64_t i = 0; i < n; ++i) {
      const auto at = std::size_t(leader[std::size_t(i)]);
      if (std::int64_t(at) == i) {
        number[at] = std::int64_t(first.size());
        first.push_back(i);
        counts.push_back(0);
      }
      number[std::size_t(i)] = number[at];
      ++counts[std::size_t(number[at])];
    }
    Shape out = shape;
    out.set_dim(int(axis), std::int64_t(first.size()));
    c.out[0] = Tensor(x.dtype(), Shape(out.dims()));
    T* y = c.out[0].template data<T>();
    for (std::int64_t o = 0; o < outer; ++o) {
      for (const std::int64_t from : first) {
        y = std::copy_n(data + (o * n + from) * inner, inner, y);
      }
    }
    c.out[1] = index_vector(c.attrs.type("out_idx"), number);
    if (c.out.size() > 2) c.out[2] = index_vector(c.attrs.type("out_idx"), counts);
  };
  // Only equality counts: elements of equal size compare as bits, but for floats 0 is -0.
  switch (x.dtype()) {
    case DType::kString:
      return body(std::string());
    case DType::kFloat:
      return body(float{});
    case DType::kDouble:
      return body(double{});
    default:
      break;
  }
  switch (dtype_size(x.dtype())) {
    case 1:
      return body(std::uint8_t{});
    case 2:
      return body(std::uint16_t{});
    case 4:
      return body(std::uint32_t{});
    default:
      return body(std::uint64_t{});
  }
}

template <class T>
std::int64_t distance(const T* a, std::int64_t n, const T* b, std::int64_t m) {
  std::vector<std::int64_t> row(std::size_t(m) + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t corner = row[0]++;
    for (std::int64_t j = 0; j < m; ++j) {
      const auto k = std::size_t(j) + 1;
      const std::int64_t here =
          std::min({row[k] + 1, row[k - 1] + 1, corner + (a[i] == b[j] ? 0 : 1)});
      corner = row[k];
      row[k] = here;
    }
  }
  return row.back();
}

/// Where the sequences of a sparse tensor begin: sequence i is [starts[g], starts[g + 1]), at
/// the flat position places[g].
struct Sequences {
  std::vector<std::int64_t> places, starts;

  Sequences(const Tensor& indices, const Tensor& values, const std::vector<std::int64_t>& shape,
            const Shape& out, const char* what) {
    const std::int64_t n = values.num_elements();
    const auto rank = std::int64_t(shape.size());
    if (indices.shape().rank() != 2)
      invalid(what, "_indices should be a matrix, but got shape: ", indices.shape());
    if (values.shape().rank() != 1)
      invalid(what, "_values should be a vector, but got shape: ", values.shape());
    if (indices.shape()[0] != n) invalid(what, "_indices and ", what, "_values differ in length");
    if (indices.shape()[1] != rank)
      invalid(what, "_shape should have ", indices.shape()[1], " entries");
    const auto* at = indices.data<std::int64_t>();
    for (std::int64_t i = 0; i < n; ++i, at += rank) {
      std::int64_t place = 0;
      for (std::int64_t d = 0; d < rank; ++d) {
        if (at[d] < 0 || at[d] >= shape[std::size_t(d)]) {
          invalid(what, "_indices[", i, ",", d, "] = ", at[d], " is out of range");
        }
        if (d + 1 < rank) place = place * out[int(d)] + at[d];
      }
      if (!places.empty() && place < places.back()) invalid(what, " indices are not sorted");
      if (places.empty() || place != places.back()) {
        places.push_back(place);
        starts.push_back(i);
      }
    }
    starts.push_back(n);
  }
};

void edit_distance(Call& c) {
  const std::vector<std::int64_t> hs = c.in[2].as_int64s(), ts = c.in[5].as_int64s();
  if (hs.size() != ts.size()) invalid("hypothesis_shape and truth_shape should have equal length");
  if (hs.empty()) invalid("hypothesis_shape must not be empty");
  Shape shape;
  for (std::size_t i = 0; i + 1 < hs.size(); ++i) {
    if (hs[i] < 0 || ts[i] < 0) invalid("shapes must not be negative");
    shape.append(std::max(hs[i], ts[i]));
  }
  const Sequences h(c.in[0], c.in[1], hs, shape, "hypothesis"),
      t(c.in[3], c.in[4], ts, shape, "truth");
  c.out[0] = Tensor(DType::kFloat, shape);
  auto* y = c.out[0].data<float>();
  std::fill_n(y, c.out[0].num_elements(), 0.0f);
  const bool normalize = c.attrs.b("normalize");
  const auto body = [&]<class T>(T) {
    const T *a = c.in[1].data<T>(), *b = c.in[4].data<T>();
    std::size_t i = 0, j = 0;
    while (i < h.places.size() || j < t.places.size()) {
      const bool has_h =
          i < h.places.size() && (j >= t.places.size() || h.places[i] <= t.places[j]);
      const bool has_t =
          j < t.places.size() && (i >= h.places.size() || t.places[j] <= h.places[i]);
      const std::int64_t place = has_h ? h.places[i] : t.places[j];
      const std::int64_t n = has_h ? h.starts[i + 1] - h.starts[i] : 0;
      const std::int64_t m = has_t ? t.starts[j + 1] - t.starts[j] : 0;
      const T *first = has_h ? a + h.starts[i] : a, *second = has_t ? b + t.starts[j] : b;
      const float d = float(distance(first, n, second, m));
      y[place] = normalize ? d / float(m) : d;  // infinite without a truth
      i += has_h;
      j += has_t;
    }
  };
  if (c.in[1].dtype() == DType::kString) return body(std::string());
  with_number<false>(c.in[1].dtype(), [&]<class T>(T) {
    if constexpr (std::is_arithmetic_v<T>) body(T{});
  });
}

/// A float32 product of float32 or bfloat16 matrices.
void sparse_mat_mul(Call& c) {
  const bool ta = c.attrs.b("transpose_a"), tb = c.attrs.b("transpose_b");
  const auto widened = [](const Tensor& t) {
    std::vector<float> v(std::size_t(t.num_elements()));
    if (t.dtype() == DType::kBfloat16) {
      std::transform(t.data<Bfloat16>(), t.data<Bfloat16>() + t.num_elements(), v.begin(),
                     [](Bfloat16 x) { return float(x); });
    } else {
      std::copy_n(t.data<float>(), t.num_elements(), v.begin());
    }
    return v;
  };
  const std::vector<float> a = widened(c.in[0]), b = widened(c.in[1]);
  const Shape &as = c.in[0].shape(), &bs = c.in[1].shape();
  const std::int64_t m = as[ta ? 1 : 0], k = as[ta ? 0 : 1], n = bs[tb ? 0 : 1];
  float* y = c.out[0].data<float>();
  parallel_for(m, 1 + (1 << 16) / std::max<std::int64_t>(1, n * std::max<std::int64_t>(k, 1)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   std::fill_n(y + i * n, n, 0.0f);
                   for (std::int64_t p = 0; p < k; ++p) {
                     const float v = a[std::size_t(ta ? p * m + i : i * k + p)];
                     if (v == 0) continue;  // what sparse means here
                     for (std::int64_t j = 0; j < n; ++j) {
                       y[i * n + j] += v * b[std::size_t(tb ? j * k + p : p * n + j)];
                     }
                   }
                 }
               });
}

constexpr DTypeSet kFour{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64};
constexpr DTypeSet kIndex{DType::kInt32, DType::kInt64};
constexpr DTypeSet kComparable =
    kRealTypes | DTypeSet{DType::kUint32, DType::kUint64, DType::kBool, DType::kString};
constexpr DTypeSet kEditable{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64,
                             DType::kInt8,  DType::kInt16,  DType::kUint8, DType::kString};
constexpr DTypeSet kPacked{DType::kBool, DType::kHalf,  DType::kFloat, DType::kDouble,
                           DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64};

}  // namespace

std::span<const KernelRow> counting_kernels() {
  static const KernelRow rows[] = {
      {"Bincount", "T", kFour, bound_kernel<bincount>},
      {"HistogramFixedWidth", "T", kFour, bound_kernel<histogram>},
      {"Bucketize", "T", kFour, bound_kernel<bucketize>},
      {"CompareAndBitpack", "T", kPacked, bound_kernel<compare_and_bitpack>},
      {"Cross", "T", kRealTypes, bound_kernel<cross>},
      {"NthElement", "T", kRealTypes, bound_kernel<nth_element>},
      {"LowerBound", "T", kRealTypes, bound_kernel<search_sorted<false>>},
      {"UpperBound", "T", kRealTypes, bound_kernel<search_sorted<true>>},
      {"UnravelIndex", "Tidx", kIndex, bound_kernel<unravel_index>},
      {"UniqueV2", "T", kComparable, dynamic_kernel<unique_slices>},
      {"UniqueWithCountsV2", "T", kComparable, dynamic_kernel<unique_slices>},
      {"EditDistance", "T", kEditable, dynamic_kernel<edit_distance>},
      {"SparseMatMul", "", DTypeSet::all(), bound_kernel<sparse_mat_mul>},
  };
  return rows;
}

}  // namespace caudal::cpu
