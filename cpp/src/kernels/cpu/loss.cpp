// SPDX-License-Identifier: Apache-2.0
// Softmax, cross-entropies, L2Loss, and what measures a classifier. Rows are taken in groups that
// stay in L1, so that one vectorised pass of exp covers many short rows.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/vector/vector_math.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

struct Rows {
  std::int64_t rows = 0, classes = 0;

  static Rows of(const Shape& s) {
    Rows r;
    r.classes = s.dim(-1);
    r.rows = r.classes == 0 ? 0 : s.num_elements() / r.classes;
    return r;
  }
  /// Rows of one group.
  std::int64_t group() const {
    return std::max<std::int64_t>(1, 2048 / std::max<std::int64_t>(1, classes));
  }
};

template <class T>
T max_of(const T* x, std::int64_t n) {
  T m = -std::numeric_limits<T>::infinity();
#pragma omp simd reduction(max : m)
  for (std::int64_t i = 0; i < n; ++i) m = x[i] > m ? x[i] : m;
  return m;
}

template <class T>
T sum_of(const T* x, std::int64_t n) {
  T s = T(0);
#pragma omp simd reduction(+ : s)
  for (std::int64_t i = 0; i < n; ++i) s += x[i];
  return s;
}

template <class T>
void exp_of(const T* x, T* y, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] = vm::exp(x[i]);
}

/// y = x - max(x) for one row.
template <class T>
void shift_row(const T* x, T* y, std::int64_t n) {
  const T m = max_of(x, n);
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] - m;
}

/// Calls fn(first row, number of rows) for groups of rows, in parallel.
template <class F>
void each_group(const Rows& r, F&& fn) {
  const std::int64_t group = r.group();
  const std::int64_t grain =
      group * std::max<std::int64_t>(1, 4096 / std::max<std::int64_t>(1, group * r.classes));
  parallel_for(r.rows, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; i += group) fn(i, std::min(group, end - i));
  });
}

template <class T>
void run_softmax(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& r = *static_cast<const Rows*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out[0]);
  const std::int64_t n = r.classes;
  each_group(r, [&](std::int64_t first, std::int64_t count) {
    for (std::int64_t i = first; i < first + count; ++i) shift_row(x + i * n, y + i * n, n);
    exp_of(y + first * n, y + first * n, count * n);
    for (std::int64_t i = first; i < first + count; ++i) {
      T* row = y + i * n;
      const T scale = T(1) / sum_of(row, n);
#pragma omp simd
      for (std::int64_t j = 0; j < n; ++j) row[j] *= scale;
    }
  });
}

/// Elements of the stack buffer for exponentials that are only summed.
constexpr std::int64_t kBuffer = 2048;

template <class T>
void run_log_softmax(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& r = *static_cast<const Rows*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<T*>(out[0]);
  const std::int64_t n = r.classes;
  each_group(r, [&](std::int64_t first, std::int64_t count) {
    T buffer[kBuffer];
    for (std::int64_t i = first; i < first + count; ++i) shift_row(x + i * n, y + i * n, n);
    const bool short_rows = n <= kBuffer;
    if (short_rows) exp_of(y + first * n, buffer, count * n);
    for (std::int64_t i = 0; i < count; ++i) {
      T* row = y + (first + i) * n;
      T sum = T(0);
      if (short_rows) {
        sum = sum_of(buffer + i * n, n);
      } else {
        for (std::int64_t j = 0; j < n; j += kBuffer) {
          const std::int64_t part = std::min(kBuffer, n - j);
          exp_of(row + j, buffer, part);
          sum += sum_of(buffer, part);
        }
      }
      const T level = vm::log(sum);
#pragma omp simd
      for (std::int64_t j = 0; j < n; ++j) row[j] -= level;
    }
  });
}

struct CrossEntropy {
  Rows r;
  /// Steps of logits and labels along rows and classes: 0 where they are broadcast.
  std::int64_t logits_row = 0, logits_class = 1, labels_row = 0, labels_class = 1;
  bool sparse_int64 = false;
};

/// sum(a * b)
template <class T>
T dot_of(const T* a, const T* b, std::int64_t n) {
  T s = T(0);
#pragma omp simd reduction(+ : s)
  for (std::int64_t i = 0; i < n; ++i) s += a[i] * b[i];
  return s;
}

/// backprop first holds the shifted logits, then the softmax, then softmax - labels. The loss,
/// sum(labels * (log(sum of exp) - shifted)), is taken as two sums.
template <class T>
void run_cross_entropy(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const CrossEntropy*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  const auto* labels = static_cast<const T*>(in[1]);
  auto* loss = static_cast<T*>(out[0]);
  auto* back = static_cast<T*>(out[1]);
  const std::int64_t n = p.r.classes;
  const bool one_label = p.labels_class == 0;
  each_group(p.r, [&](std::int64_t first, std::int64_t count) {
    for (std::int64_t i = first; i < first + count; ++i) {
      T* row = back + i * n;
      const T* from = x + i * p.logits_row;
      if (p.logits_class == 1) {
        shift_row(from, row, n);
      } else {
        std::fill_n(row, n, *from - *from);
      }
      const T* label = labels + i * p.labels_row;
      loss[i] = one_label ? -(*label * sum_of(row, n)) : -dot_of(label, row, n);
    }
    exp_of(back + first * n, back + first * n, count * n);
    for (std::int64_t i = first; i < first + count; ++i) {
      T* row = back + i * n;
      const T* label = labels + i * p.labels_row;
      const T sum = sum_of(row, n), scale = T(1) / sum;
      const T total = one_label ? *label * T(n) : sum_of(label, n);
      loss[i] += total * vm::log(sum);
      if (one_label) {
        for (std::int64_t j = 0; j < n; ++j) row[j] = row[j] * scale - *label;
      } else {
#pragma omp simd
        for (std::int64_t j = 0; j < n; ++j) row[j] = row[j] * scale - label[j];
      }
    }
  });
}

template <class Label>
[[noreturn]] void bad_label(const Label* labels, std::int64_t rows, std::int64_t classes) {
  const auto [low, high] = std::minmax_element(labels, labels + rows);
  std::string all;
  for (std::int64_t i = 0; i < std::min<std::int64_t>(rows, 128); ++i) {
    append_text(all, i == 0 ? "" : " ");
    append_text(all, std::int64_t(labels[i]));
  }
  if (rows > 128) all += "...";
  invalid("Received a label value of ", std::int64_t(*low < 0 ? *low : *high),
          " which is outside the valid range of [0, ", classes, ").  Label values: ", all);
}

template <class T, class Label>
void sparse_cross_entropy(const CrossEntropy& p, const T* x, const Label* labels, T* loss,
                          T* back) {
  const std::int64_t n = p.r.classes;
  for (std::int64_t i = 0; i < p.r.rows; ++i) {
    if (labels[i] < 0 || std::int64_t(labels[i]) >= n) bad_label(labels, p.r.rows, n);
  }
  each_group(p.r, [&](std::int64_t first, std::int64_t count) {
    for (std::int64_t i = first; i < first + count; ++i) {
      shift_row(x + i * n, back + i * n, n);
      loss[i] = -back[i * n + labels[i]];
    }
    exp_of(back + first * n, back + first * n, count * n);
    for (std::int64_t i = first; i < first + count; ++i) {
      T* row = back + i * n;
      const T sum = sum_of(row, n), scale = T(1) / sum;
#pragma omp simd
      for (std::int64_t j = 0; j < n; ++j) row[j] *= scale;
      row[labels[i]] -= T(1);
      loss[i] += vm::log(sum);
    }
  });
}

template <class T>
void run_sparse_cross_entropy(const void* params, void* const* in, void* const* out, void*,
                              RunContext&) {
  const auto& p = *static_cast<const CrossEntropy*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  auto* loss = static_cast<T*>(out[0]);
  auto* back = static_cast<T*>(out[1]);
  if (p.r.classes == 0) {
    invalid("Must have at least one class, but got logits with 0 classes");
  }
  if (p.sparse_int64) {
    sparse_cross_entropy(p, x, static_cast<const std::int64_t*>(in[1]), loss, back);
  } else {
    sparse_cross_entropy(p, x, static_cast<const std::int32_t*>(in[1]), loss, back);
  }
}

bool wide(const KernelRequest& r) { return r.inputs[0].dtype == DType::kDouble; }

template <bool kLog>
Prepared prepare_softmax(const KernelRequest& r) {
  Prepared out;
  *make_params<Rows>(out) = Rows::of(r.inputs[0].shape);
  if (kLog) {
    out.run = wide(r) ? run_log_softmax<double> : run_log_softmax<float>;
  } else {
    out.run = wide(r) ? run_softmax<double> : run_softmax<float>;
  }
  out.inplace_inputs = 1;
  return out;
}

void run_zero_loss(const void* params, void* const*, void* const* out, void*, RunContext&) {
  std::memset(out[0], 0, *static_cast<const std::size_t*>(params));
}

Prepared prepare_cross_entropy(const KernelRequest& r) {
  Prepared out;
  const Shape& both = r.outputs[1].shape;
  if (both[1] == 0) {
    out.run = run_zero_loss;
    *make_params<std::size_t>(out) =
        std::size_t(r.outputs[0].shape.num_elements()) * dtype_size(r.outputs[0].dtype);
    return out;
  }
  auto* p = make_params<CrossEntropy>(out);
  p->r = Rows::of(both);
  auto steps = [](const Shape& s, std::int64_t& row, std::int64_t& cls) {
    row = s[0] == 1 ? 0 : s[1];
    cls = s[1] == 1 ? 0 : 1;
  };
  steps(r.inputs[0].shape, p->logits_row, p->logits_class);
  steps(r.inputs[1].shape, p->labels_row, p->labels_class);
  if (both[1] == 1) p->logits_class = 1;
  out.run = wide(r) ? run_cross_entropy<double> : run_cross_entropy<float>;
  return out;
}

Prepared prepare_sparse_cross_entropy(const KernelRequest& r) {
  Prepared out;
  auto* p = make_params<CrossEntropy>(out);
  p->r = Rows::of(r.inputs[0].shape);
  p->sparse_int64 = r.inputs[1].dtype == DType::kInt64;
  out.run = wide(r) ? run_sparse_cross_entropy<double> : run_sparse_cross_entropy<float>;
  return out;
}

constexpr std::int64_t kSumGrain = 1 << 15;

template <class T>
void run_l2_loss(const void* params, void* const* in, void* const* out, void* workspace,
                 RunContext&) {
  const std::int64_t n = *static_cast<const std::int64_t*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  auto* partials = static_cast<T*>(workspace);
  parallel_for(n, kSumGrain, [&](std::int64_t begin, std::int64_t end) {
    partials[begin / kSumGrain] = dot_of(x + begin, x + begin, end - begin);
  });
  T total = T(0);
  for (std::int64_t i = 0; i * kSumGrain < n; ++i) total += partials[i];
  *static_cast<T*>(out[0]) = total / 2;
}

Prepared prepare_l2_loss(const KernelRequest& r) {
  Prepared out;
  const std::int64_t n = r.inputs[0].shape.num_elements();
  *make_params<std::int64_t>(out) = n;
  out.workspace = std::size_t(n / kSumGrain + 1) * sizeof(double);
  out.run = wide(r) ? run_l2_loss<double> : run_l2_loss<float>;
  return out;
}

struct InTopK {
  Rows r;
  std::int64_t k = 0;
  bool k_is_input = false;
};

template <class Target>
void run_in_top_k(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const InTopK*>(params);
  const auto* predictions = static_cast<const float*>(in[0]);
  const auto* targets = static_cast<const Target*>(in[1]);
  auto* hit = static_cast<bool*>(out[0]);
  const std::int64_t k = p.k_is_input ? std::int64_t(*static_cast<const Target*>(in[2])) : p.k;
  const std::int64_t n = p.r.classes;
  for (std::int64_t i = 0; i < p.r.rows; ++i) {
    const auto target = std::int64_t(targets[i]);
    const float* row = predictions + i * n;
    bool known = target >= 0 && target < n && std::isfinite(row[target]);
    std::int64_t above = 0;
    for (std::int64_t j = 0; known && j < n; ++j) {
      if (!std::isfinite(row[j])) {
        known = false;
      } else if (row[j] > row[target] && ++above > k) {
        break;
      }
    }
    hit[i] = known && above < k;
  }
}

Prepared prepare_in_top_k(const KernelRequest& r) {
  Prepared out;
  auto* p = make_params<InTopK>(out);
  p->r.classes = r.inputs[0].shape[1];
  p->r.rows = r.inputs[0].shape[0];
  p->k_is_input = r.inputs.size() > 2;
  if (!p->k_is_input) p->k = r.attrs->i("k");
  out.run =
      r.inputs[1].dtype == DType::kInt64 ? run_in_top_k<std::int64_t> : run_in_top_k<std::int32_t>;
  return out;
}

struct TopK {
  Rows r;
  std::int64_t k = 0;
};

/// Larger first, the lower index first among equals; a NaN counts as larger than all numbers.
template <class T>
struct Before {
  const T* row;
  bool operator()(std::int32_t a, std::int32_t b) const {
    const T x = row[a], y = row[b];
    if (x > y) return true;
    if (x < y) return false;
    if (x == y) return a < b;
    const bool nan_x = x != x, nan_y = y != y;
    return nan_x == nan_y ? a < b : nan_x;
  }
};

template <class T>
void run_top_k(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const TopK*>(params);
  const auto* x = static_cast<const T*>(in[0]);
  auto* values = static_cast<T*>(out[0]);
  auto* indices = static_cast<std::int32_t*>(out[1]);
  const std::int64_t n = p.r.classes, k = p.k;
  const std::int64_t grain = std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(1, n));
  parallel_for(p.r.rows, grain, [&](std::int64_t begin, std::int64_t end) {
    thread_local std::vector<std::int32_t> order;
    for (std::int64_t i = begin; i < end; ++i) {
      const T* row = x + i * n;
      const Before<T> before{row};
      if (k == 1) {
        std::int32_t best = 0;
        for (std::int32_t j = 1; j < n; ++j) {
          if (before(j, best)) best = j;
        }
        indices[i] = best;
        values[i] = row[best];
        continue;
      }
      order.resize(std::size_t(n));
      for (std::int64_t j = 0; j < n; ++j) order[std::size_t(j)] = std::int32_t(j);
      if (k < n) std::nth_element(order.begin(), order.begin() + k, order.end(), before);
      std::sort(order.begin(), order.begin() + k, before);
      for (std::int64_t j = 0; j < k; ++j) {
        indices[i * k + j] = order[std::size_t(j)];
        values[i * k + j] = row[order[std::size_t(j)]];
      }
    }
  });
}

Prepared prepare_top_k(const KernelRequest& r) {
  Prepared out;
  auto* p = make_params<TopK>(out);
  p->r = Rows::of(r.inputs[0].shape);
  p->k = r.outputs[0].shape.dim(-1);
  if (p->r.classes > std::numeric_limits<std::int32_t>::max()) {
    fail(Code::kUnimplemented, "top_k over more than 2^31 elements");
  }
  if (p->k > p->r.classes) {
    invalid("input must have at least k columns. Had ", p->r.classes, ", needed ", p->k);
  }
  if (p->k == 0) p->r.rows = 0;
  switch (r.inputs[0].dtype) {
    case DType::kFloat:
      out.run = run_top_k<float>;
      break;
    case DType::kDouble:
      out.run = run_top_k<double>;
      break;
    case DType::kInt32:
      out.run = run_top_k<std::int32_t>;
      break;
    case DType::kInt64:
      out.run = run_top_k<std::int64_t>;
      break;
    default:
      out.run = run_top_k<std::uint8_t>;
      break;
  }
  return out;
}

constexpr DTypeSet kReals{DType::kFloat, DType::kDouble};
constexpr DTypeSet kNumbers{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64,
                            DType::kUint8};
constexpr DTypeSet kIndices{DType::kInt32, DType::kInt64};
const KernelRow kRows[] = {
    {"Softmax", "T", kReals, prepare_softmax<false>},
    {"LogSoftmax", "T", kReals, prepare_softmax<true>},
    {"SoftmaxCrossEntropyWithLogits", "T", kReals, prepare_cross_entropy},
    {"SparseSoftmaxCrossEntropyWithLogits", "T", kReals, prepare_sparse_cross_entropy},
    {"L2Loss", "T", kReals, prepare_l2_loss},
    {"InTopK", "T", kIndices, prepare_in_top_k},
    {"InTopKV2", "T", kIndices, prepare_in_top_k},
    {"TopK", "T", kNumbers, prepare_top_k},
    {"TopKV2", "T", kNumbers, prepare_top_k},
};

}  // namespace

std::span<const KernelRow> loss_kernels() { return kRows; }

}  // namespace caudal::cpu::CAUDAL_ISA
