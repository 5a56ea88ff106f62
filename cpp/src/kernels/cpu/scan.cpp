// SPDX-License-Identifier: Apache-2.0
// Kernels that walk along one axis: ArgMax, ArgMin, Cumsum, Cumprod. The tensor is seen as
// [outer, length, inner].
#include <algorithm>
#include <limits>
#include <type_traits>

#include "base/parallel_for.h"
#include "caudal/error.h"
#include "kernels/cpu/families.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

constexpr std::int64_t kColumns = 256;
constexpr std::int64_t kTask = 1 << 15;

struct Params {
  std::int64_t outer = 1;
  std::int64_t length = 1;
  std::int64_t inner = 1;
  std::int64_t column_blocks = 1;
  std::int64_t grain = 1;
  bool exclusive = false;
  bool reverse = false;
};

Params make_view(const Shape& shape, int axis) {
  Params p;
  if (shape.num_elements() == 0) {
    p.outer = 0;
    return p;
  }
  for (int i = 0; i < axis; ++i) p.outer *= shape[i];
  p.length = shape[axis];
  for (int i = axis + 1; i < shape.rank(); ++i) p.inner *= shape[i];
  p.column_blocks = (p.inner + kColumns - 1) / kColumns;
  p.grain = std::max<std::int64_t>(1, kTask / (p.length * std::min(p.inner, kColumns)));
  return p;
}

int checked_axis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    invalid("ScanOp: Expected scan axis in the range [", -rank, ", ", rank, "), but got ", axis);
  }
  return int(axis < 0 ? axis + rank : axis);
}

int known_axis(const KernelRequest& request) {
  if (request.inputs[1].constant == nullptr) {
    fail(Code::kUnimplemented, "the axis must be known when the step is planned");
  }
  return checked_axis(request.inputs[1].constant->as_int64s().at(0),
                      request.inputs[0].shape.rank());
}

// Calls fn(group, first column, columns) for all columns of all groups.
template <class F>
void for_columns(const Params& p, F&& fn) {
  parallel_for(p.outer * p.column_blocks, p.grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t column = i % p.column_blocks * kColumns;
      fn(i / p.column_blocks, column, std::min(kColumns, p.inner - column));
    }
  });
}

// The value below (above) which no element lies. NaN is never better, so it is never chosen unless
// there is nothing else.
template <class T, bool kMax>
constexpr T worst() {
  using Limits = std::numeric_limits<T>;
  if constexpr (Limits::has_infinity) return kMax ? -Limits::infinity() : Limits::infinity();
  return kMax ? Limits::lowest() : Limits::max();
}
template <bool kMax, class T>
bool better(T x, T than) {
  return kMax ? x > than : x < than;
}

template <class T, bool kMax>
std::int64_t best_of_run(const T* x, std::int64_t n) {
  T best = worst<T, kMax>();
  if constexpr (kMax) {
#pragma omp simd reduction(max : best)
    for (std::int64_t i = 0; i < n; ++i) best = x[i] > best ? x[i] : best;
  } else {
#pragma omp simd reduction(min : best)
    for (std::int64_t i = 0; i < n; ++i) best = x[i] < best ? x[i] : best;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    if (x[i] == best) return i;
  }
  return 0;
}

template <class T, class Index, bool kMax>
void run_arg(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const Params& p = *static_cast<const Params*>(params);
  const T* x = static_cast<const T*>(in[0]);
  Index* y = static_cast<Index*>(out[0]);
  if (p.inner == 1) {
    parallel_for(p.outer, p.grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        y[i] = Index(best_of_run<T, kMax>(x + i * p.length, p.length));
      }
    });
    return;
  }
  for_columns(p, [&](std::int64_t group, std::int64_t column, std::int64_t width) {
    T best[kColumns];
    Index index[kColumns];
    std::fill_n(best, width, worst<T, kMax>());
    std::fill_n(index, width, Index(0));
    const T* row = x + group * p.length * p.inner + column;
    for (std::int64_t i = 0; i < p.length; ++i, row += p.inner) {
#pragma omp simd
      for (std::int64_t c = 0; c < width; ++c) {
        const bool take = better<kMax>(row[c], best[c]);
        best[c] = take ? row[c] : best[c];
        index[c] = take ? Index(i) : index[c];
      }
    }
    std::copy_n(index, width, y + group * p.inner + column);
  });
}

template <class T, bool kMax>
Prepared prepare_arg_of(const KernelRequest& request, const Params& view) {
  Prepared prepared;
  *make_params<Params>(prepared) = view;
  const bool narrow = request.outputs[0].dtype == DType::kInt32;
  if (narrow && view.length > std::numeric_limits<std::int32_t>::max()) {
    invalid("an axis of ", view.length, " elements needs output_type int64");
  }
  prepared.run = narrow ? run_arg<T, std::int32_t, kMax> : run_arg<T, std::int64_t, kMax>;
  return prepared;
}

template <bool kMax>
Prepared prepare_arg(const KernelRequest& request) {
  const Shape& shape = request.inputs[0].shape;
  const int axis = known_axis(request);
  if (shape[axis] == 0) invalid("Reduction axis ", axis, " is empty in shape ", shape);
  const Params view = make_view(shape, axis);
  switch (request.inputs[0].dtype) {
    case DType::kFloat:
      return prepare_arg_of<float, kMax>(request, view);
    case DType::kDouble:
      return prepare_arg_of<double, kMax>(request, view);
    case DType::kInt32:
      return prepare_arg_of<std::int32_t, kMax>(request, view);
    case DType::kInt64:
      return prepare_arg_of<std::int64_t, kMax>(request, view);
    case DType::kUint8:
      return prepare_arg_of<std::uint8_t, kMax>(request, view);
    default:
      fail(Code::kUnimplemented, "takes float32, float64, int32, int64, uint8");
  }
}

// Integers wrap.
template <class T>
using Wrapping = typename std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>,
                                             std::type_identity<T>>::type;

// The axis does not change the output's shape, so it may become known as late as in the run.
struct ScanParams {
  Params view;
  Shape shape;
  DType late_axis = DType::kInvalid;  // dtype of an axis that is read in the run

  Params at(const void* axis) const {
    if (late_axis == DType::kInvalid) return view;
    const std::int64_t given = late_axis == DType::kInt32 ? *static_cast<const std::int32_t*>(axis)
                                                          : *static_cast<const std::int64_t*>(axis);
    Params p = make_view(shape, checked_axis(given, shape.rank()));
    p.exclusive = view.exclusive;
    p.reverse = view.reverse;
    return p;
  }
};

template <class T, bool kProduct>
void run_scan(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const Params p = static_cast<const ScanParams*>(params)->at(in[1]);
  const T* x = static_cast<const T*>(in[0]);
  T* y = static_cast<T*>(out[0]);
  const auto combine = [](auto a, auto b) { return decltype(a)(kProduct ? a * b : a + b); };
  const std::int64_t step = p.reverse ? -p.inner : p.inner;
  const std::int64_t start = p.reverse ? (p.length - 1) * p.inner : 0;
  if (p.inner == 1) {
    using Acc = std::conditional_t<std::is_same_v<T, float>, double, Wrapping<T>>;
    parallel_for(p.outer, p.grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t group = begin; group < end; ++group) {
        Acc acc = Acc(kProduct);
        std::int64_t at = group * p.length + start;
        for (std::int64_t i = 0; i < p.length; ++i, at += step) {
          const Acc next = combine(acc, Acc(x[at]));
          y[at] = T(p.exclusive ? acc : next);
          acc = next;
        }
      }
    });
    return;
  }
  using Acc = Wrapping<T>;
  for_columns(p, [&](std::int64_t group, std::int64_t column, std::int64_t width) {
    Acc acc[kColumns];
    std::fill_n(acc, width, Acc(kProduct));
    std::int64_t at = group * p.length * p.inner + start + column;
    for (std::int64_t i = 0; i < p.length; ++i, at += step) {
      const T* from = x + at;
      T* to = y + at;
      // x and y may be the same memory: every element is read before it is written.
      if (p.exclusive) {
#pragma omp simd
        for (std::int64_t c = 0; c < width; ++c) {
          const Acc next = combine(acc[c], Acc(from[c]));
          to[c] = T(acc[c]);
          acc[c] = next;
        }
      } else {
#pragma omp simd
        for (std::int64_t c = 0; c < width; ++c) {
          acc[c] = combine(acc[c], Acc(from[c]));
          to[c] = T(acc[c]);
        }
      }
    }
  });
}

template <bool kProduct>
Prepared prepare_scan(const KernelRequest& request) {
  Prepared prepared;
  ScanParams& p = *make_params<ScanParams>(prepared);
  p.shape = request.inputs[0].shape;
  if (request.inputs[1].constant != nullptr) {
    p.view = make_view(p.shape, known_axis(request));
  } else {
    p.late_axis = request.inputs[1].dtype;
  }
  p.view.exclusive = request.attrs->b("exclusive");
  p.view.reverse = request.attrs->b("reverse");
  prepared.inplace_inputs = 1;
  switch (request.inputs[0].dtype) {
    case DType::kFloat:
      prepared.run = run_scan<float, kProduct>;
      break;
    case DType::kDouble:
      prepared.run = run_scan<double, kProduct>;
      break;
    case DType::kInt32:
      prepared.run = run_scan<std::int32_t, kProduct>;
      break;
    case DType::kInt64:
      prepared.run = run_scan<std::int64_t, kProduct>;
      break;
    case DType::kUint8:
      prepared.run = run_scan<std::uint8_t, kProduct>;
      break;
    default:
      fail(Code::kUnimplemented, "takes float32, float64, int32, int64, uint8");
  }
  return prepared;
}

constexpr DTypeSet kNumbers = {DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64,
                               DType::kUint8};

}  // namespace

std::span<const KernelRow> scan_kernels() {
  static const KernelRow rows[] = {
      {"ArgMax", "T", kNumbers, prepare_arg<true>},
      {"ArgMin", "T", kNumbers, prepare_arg<false>},
      {"Cumsum", "T", kNumbers, prepare_scan<false>},
      {"Cumprod", "T", kNumbers, prepare_scan<true>},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
