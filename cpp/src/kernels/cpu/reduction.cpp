// SPDX-License-Identifier: Apache-2.0
// Sum, Mean, Prod, Max, Min, EuclideanNorm, All, Any over any axes. Axes that lie next to each
// other and are treated alike become one; what remains is a loop over "runs" of reduced elements,
// either one behind the other (the innermost axis is reduced) or as rows of columns that are kept.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/parallel_for.h"
#include "caudal/error.h"
#include "kernels/cpu/families.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

constexpr std::int64_t kLanes = 64;         // elements that are accumulated side by side
constexpr std::int64_t kChunk = 64;         // rows per partial result in the narrow type
constexpr std::int64_t kColumns = 512;      // columns of one task
constexpr std::int64_t kSegment = 1 << 14;  // elements of a run taken at once
constexpr std::int64_t kTask = 1 << 15;     // elements that are worth a task

// Overflow wraps for integers, so they are added and multiplied as unsigned.
template <class T>
using Wrapping = typename std::conditional_t<std::is_integral_v<T>, std::make_unsigned<T>,
                                             std::type_identity<T>>::type;

// An operation: In accumulates a few elements, Acc everything. step(In, T) and merge(Acc, Acc).
template <class T>
struct Sum {
  using Type = T;
  using In = Wrapping<T>;
  using Acc = std::conditional_t<std::is_same_v<T, float>, double, In>;
  static constexpr In zero() { return In(0); }
  static In step(In a, T x) { return In(a + In(x)); }
  static Acc merge(Acc a, Acc b) { return Acc(a + b); }
  static In fold(In a, In b) { return In(a + b); }
};
template <class T>
struct SquareSum : Sum<T> {
  using In = typename Sum<T>::In;
  static In step(In a, T x) { return In(a + In(In(x) * In(x))); }
};
template <class T>
struct Prod {
  using Type = T;
  using In = Wrapping<T>;
  using Acc = In;
  static constexpr In zero() { return In(1); }
  static In step(In a, T x) { return In(a * In(x)); }
  static Acc merge(Acc a, Acc b) { return Acc(a * b); }
  static In fold(In a, In b) { return In(a * b); }
};
template <class T, bool kMax>
struct Extremum {
  using Type = T;
  using In = T;
  using Acc = T;
  using Limits = std::numeric_limits<T>;
  static constexpr T zero() {
    if constexpr (Limits::has_infinity) return kMax ? -Limits::infinity() : Limits::infinity();
    return kMax ? Limits::lowest() : Limits::max();
  }
  // NaN wins and stays.
  static T step(T a, T x) { return ((kMax ? x > a : x < a) || x != x) ? x : a; }
  static T merge(T a, T b) { return step(a, b); }
  static T fold(T a, T b) { return step(a, b); }
};
template <bool kAll>
struct Logical {
  using Type = std::uint8_t;  // bool's bytes, 0 or 1
  using In = std::uint8_t;
  using Acc = std::uint8_t;
  static constexpr In zero() { return kAll; }
  static In step(In a, In x) { return kAll ? (a & x) : (a | x); }
  static In merge(In a, In b) { return step(a, b); }
  static In fold(In a, In b) { return step(a, b); }
};

struct Axis {
  std::int64_t size = 1;
  std::int64_t stride = 0;
};

struct Axes {
  std::array<Axis, kMaxRank> axes;
  int count = 0;

  std::int64_t size() const {
    std::int64_t n = 1;
    for (int i = 0; i < count; ++i) n *= axes[std::size_t(i)].size;
    return n;
  }
  std::int64_t offset(std::int64_t index) const {
    if (count == 1) return index * axes[0].stride;
    std::int64_t sum = 0;
    for (int i = count - 1; i >= 0; --i) {
      sum += index % axes[std::size_t(i)].size * axes[std::size_t(i)].stride;
      index /= axes[std::size_t(i)].size;
    }
    return sum;
  }
};

enum class Finish { kPlain, kMean, kRoot };

struct Plan {
  Axes kept;                // without the columns
  Axes reduced;             // without the last one
  std::int64_t groups = 1;  // positions in `kept`
  std::int64_t columns =
      1;  // kept elements that lie side by side; 1 when the innermost axis is reduced
  std::int64_t last = 1;  // length of the innermost reduced axis
  std::int64_t last_stride = 1;
  std::int64_t segment = 1;   // a run is cut into segments of so many steps
  std::int64_t segments = 1;  // per run
  std::int64_t runs = 1;      // segments in all, for one group
  std::int64_t runs_per_block = 1;
  std::int64_t blocks = 1;  // independent partial results; 1: none
  std::int64_t column_blocks = 1;
  std::int64_t count = 1;  // elements per output
  Finish finish = Finish::kPlain;
};

// Rows [0, n) of `width` elements into acc, in the narrow type.
template <class Op>
void add_rows(typename Op::In* acc, const typename Op::Type* p, std::int64_t n, std::int64_t stride,
              std::int64_t width) {
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4, p += 4 * stride) {
#pragma omp simd
    for (std::int64_t c = 0; c < width; ++c) {
      acc[c] =
          Op::step(Op::step(Op::step(Op::step(acc[c], p[c]), p[c + stride]), p[c + 2 * stride]),
                   p[c + 3 * stride]);
    }
  }
  for (; i < n; ++i, p += stride) {
#pragma omp simd
    for (std::int64_t c = 0; c < width; ++c) acc[c] = Op::step(acc[c], p[c]);
  }
}

// Rows of `width` elements into acc, through partial results of kChunk rows.
template <class Op>
[[gnu::noinline]] void add_columns(typename Op::Acc* acc, const typename Op::Type* p,
                                   std::int64_t n, std::int64_t stride, std::int64_t width) {
  alignas(64) typename Op::In part[kColumns];
  for (std::int64_t i = 0; i < n; i += kChunk) {
    std::fill_n(part, width, Op::zero());
    add_rows<Op>(part, p + i * stride, std::min(kChunk, n - i), stride, width);
#pragma omp simd
    for (std::int64_t c = 0; c < width; ++c) {
      acc[c] = Op::merge(acc[c], typename Op::Acc(part[c]));
    }
  }
}

// n elements one behind the other.
template <class Op>
[[gnu::noinline]] typename Op::Acc add_run(const typename Op::Type* p, std::int64_t n) {
  using In = typename Op::In;
  using Acc = typename Op::Acc;
  Acc acc = Acc(Op::zero());
  while (n >= kLanes) {
    const std::int64_t rows = std::min(n / kLanes, kChunk);
    alignas(64) In part[kLanes];
    std::fill_n(part, kLanes, Op::zero());
    add_rows<Op>(part, p, rows, kLanes, kLanes);
    for (std::int64_t half = kLanes / 2; half > 0; half /= 2) {
      for (std::int64_t c = 0; c < half; ++c) part[c] = Op::fold(part[c], part[c + half]);
    }
    acc = Op::merge(acc, Acc(part[0]));
    p += rows * kLanes;
    n -= rows * kLanes;
  }
  In rest[4] = {Op::zero(), Op::zero(), Op::zero(), Op::zero()};
  std::int64_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (int k = 0; k < 4; ++k) rest[k] = Op::step(rest[k], p[i + k]);
  }
  for (; i < n; ++i) rest[0] = Op::step(rest[0], p[i]);
  return Op::merge(acc, Acc(Op::fold(Op::fold(rest[0], rest[1]), Op::fold(rest[2], rest[3]))));
}

// Few columns, rows without gaps: several rows side by side fill the vector units.
template <class Op>
[[gnu::noinline]] void add_narrow(typename Op::Acc* acc, const typename Op::Type* p, std::int64_t n,
                                  std::int64_t width) {
  const std::int64_t together = kLanes / width;
  const std::int64_t wide = together * width;
  const std::int64_t rows = n / together;
  alignas(64) typename Op::Acc wide_acc[kLanes];
  std::fill_n(wide_acc, wide, typename Op::Acc(Op::zero()));
  add_columns<Op>(wide_acc, p, rows, wide, wide);
  for (std::int64_t i = 0; i < wide; ++i) {
    acc[i % width] = Op::merge(acc[i % width], wide_acc[i]);
  }
  add_columns<Op>(acc, p + rows * wide, n - rows * together, width, width);
}

// Runs [begin, end) of one group and columns [column, column + width) into acc.
template <class Op>
[[gnu::noinline]] void reduce_runs(const Plan& plan, const typename Op::Type* in,
                                   std::int64_t group, std::int64_t column, std::int64_t width,
                                   std::int64_t begin, std::int64_t end, typename Op::Acc* acc) {
  std::fill_n(acc, width, typename Op::Acc(Op::zero()));
  const auto* base = in + plan.kept.offset(group) + column;
  for (std::int64_t run = begin; run < end; ++run) {
    const std::int64_t whole = plan.segments == 1 ? run : run / plan.segments;
    const std::int64_t first = (run - whole * plan.segments) * plan.segment;
    const std::int64_t n = std::min(plan.segment, plan.last - first);
    const auto* p = base + plan.reduced.offset(whole) + first * plan.last_stride;
    if (plan.columns == 1 && plan.last_stride == 1) {
      acc[0] = Op::merge(acc[0], add_run<Op>(p, n));
    } else if (width * 2 <= kLanes && width == plan.last_stride && n * width >= 2 * kLanes) {
      add_narrow<Op>(acc, p, n, width);
    } else {
      add_columns<Op>(acc, p, n, plan.last_stride, width);
    }
  }
}

template <class Op>
void finish(const Plan& plan, const typename Op::Acc* acc, std::int64_t n, typename Op::Type* out) {
  using T = typename Op::Type;
  if (plan.finish == Finish::kPlain) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = T(acc[i]);
  } else if (plan.finish == Finish::kRoot) {
    for (std::int64_t i = 0; i < n; ++i) {
      if constexpr (std::is_floating_point_v<T>) {
        out[i] = T(std::sqrt(acc[i]));
      } else {
        const T sum = T(acc[i]);  // negative after an overflow
        out[i] = sum > 0 ? T(std::sqrt(double(sum))) : T(0);
      }
    }
  } else if constexpr (std::is_floating_point_v<T>) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = T(acc[i] / typename Op::Acc(plan.count));
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      out[i] = plan.count == 0 ? T(0) : T(std::int64_t(T(acc[i])) / plan.count);
    }
  }
}

// Many short runs one behind the other: as many side by side as there are lanes.
template <class Op>
void reduce_short_runs(const Plan& plan, const typename Op::Type* x, typename Op::Type* y) {
  const int n = int(plan.last);
  parallel_for(plan.groups, std::max<std::int64_t>(kLanes, kTask / n),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; i += kLanes) {
                   const int width = int(std::min(kLanes, end - i));
                   const auto* p = x + i * n;
                   alignas(64) typename Op::In part[kLanes];
                   std::fill_n(part, width, Op::zero());
                   for (int k = 0; k < n; ++k) {
#pragma omp simd
                     for (int c = 0; c < width; ++c) part[c] = Op::step(part[c], p[c * n + k]);
                   }
                   alignas(64) typename Op::Acc acc[kLanes];
                   for (int c = 0; c < width; ++c) acc[c] = typename Op::Acc(part[c]);
                   finish<Op>(plan, acc, width, y + i);
                 }
               });
}

template <class Op>
void run_reduction(const void* params, void* const* in, void* const* out, void* workspace,
                   RunContext&) {
  using T = typename Op::Type;
  using Acc = typename Op::Acc;
  const Plan& plan = *static_cast<const Plan*>(params);
  const T* x = static_cast<const T*>(in[0]);
  T* y = static_cast<T*>(out[0]);
  const std::int64_t places = plan.groups * plan.column_blocks;
  if (plan.runs == 1 && plan.columns == 1 && plan.last < kLanes && plan.groups >= kLanes / 4 &&
      plan.kept.count == 1) {
    reduce_short_runs<Op>(plan, x, y);
    return;
  }
  if (plan.blocks == 1) {
    const std::int64_t work =
        std::max<std::int64_t>(plan.count, 1) * std::clamp<std::int64_t>(plan.columns, 1, kColumns);
    parallel_for(places, std::max<std::int64_t>(1, kTask / work),
                 [&](std::int64_t begin, std::int64_t end) {
                   alignas(64) Acc acc[kColumns];
                   for (std::int64_t i = begin; i < end; ++i) {
                     const std::int64_t group = i / plan.column_blocks;
                     const std::int64_t column = i % plan.column_blocks * kColumns;
                     const std::int64_t width = std::min(kColumns, plan.columns - column);
                     reduce_runs<Op>(plan, x, group, column, width, 0, plan.runs, acc);
                     finish<Op>(plan, acc, width, y + group * plan.columns + column);
                   }
                 });
    return;
  }
  Acc* parts = static_cast<Acc*>(workspace);
  const std::int64_t outputs = plan.groups * plan.columns;
  parallel_for(places * plan.blocks, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t block = i / places;
      const std::int64_t group = i % places / plan.column_blocks;
      const std::int64_t column = i % plan.column_blocks * kColumns;
      const std::int64_t width = std::min(kColumns, plan.columns - column);
      const std::int64_t first = block * plan.runs_per_block;
      reduce_runs<Op>(plan, x, group, column, width, first,
                      std::min(plan.runs, first + plan.runs_per_block),
                      parts + block * outputs + group * plan.columns + column);
    }
  });
  for (std::int64_t block = 1; block < plan.blocks; ++block) {
    const Acc* part = parts + block * outputs;
#pragma omp simd
    for (std::int64_t i = 0; i < outputs; ++i) parts[i] = Op::merge(parts[i], part[i]);
  }
  finish<Op>(plan, parts, outputs, y);
}

Plan make_plan(const Shape& shape, const std::vector<std::int64_t>& axes, std::int64_t outputs) {
  std::array<bool, kMaxRank> is_reduced{};
  for (std::int64_t axis : axes) {
    if (axis < -shape.rank() || axis >= shape.rank()) {
      invalid("Invalid reduction dimension ", axis, " for input with ", shape.rank(),
              " dimensions.");
    }
    is_reduced[std::size_t(axis < 0 ? axis + shape.rank() : axis)] = true;
  }
  Plan plan;
  if (shape.num_elements() == 0) {
    // What is left of an empty input is the value of an empty reduction, or nothing.
    plan.columns = outputs;
    plan.column_blocks = (outputs + kColumns - 1) / kColumns;
    plan.count = plan.runs = 0;
    return plan;
  }
  // From the inside out: neighbours of one kind merge, axes of size 1 vanish.
  std::array<Axis, kMaxRank> merged;
  std::array<bool, kMaxRank> kind{};
  int n = 0;
  std::int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    const bool reduced = is_reduced[std::size_t(i)];
    if (reduced) plan.count *= shape[i];
    if (shape[i] != 1) {
      if (n > 0 && kind[std::size_t(n - 1)] == reduced) {
        merged[std::size_t(n - 1)].size *= shape[i];
      } else {
        kind[std::size_t(n)] = reduced;
        merged[std::size_t(n++)] = {shape[i], stride};
      }
    }
    stride *= shape[i];
  }
  int next = 0;
  if (n > 0 && !kind[0]) plan.columns = merged[std::size_t(next++)].size;
  if (next < n) {
    plan.last = merged[std::size_t(next)].size;
    plan.last_stride = merged[std::size_t(next++)].stride;
  } else {
    plan.last_stride = plan.columns;
  }
  for (int i = n - 1; i >= next; --i) {
    Axes& list = kind[std::size_t(i)] ? plan.reduced : plan.kept;
    list.axes[std::size_t(list.count++)] = merged[std::size_t(i)];
  }
  plan.groups = plan.kept.size();
  plan.column_blocks = (plan.columns + kColumns - 1) / kColumns;
  const std::int64_t width = std::min(plan.columns, kColumns);
  plan.segment = std::max<std::int64_t>(kSegment / width, kChunk);
  plan.segments = (plan.last - 1) / plan.segment + 1;
  plan.runs = plan.reduced.size() * plan.segments;
  // Few outputs, many elements: the runs are divided too.
  const std::int64_t places = plan.groups * plan.column_blocks;
  const std::int64_t total = plan.count * plan.groups * plan.columns;
  if (places < 16 && total > 2 * kTask) {
    const std::int64_t run_size = std::min(plan.last, plan.segment) * width;
    plan.runs_per_block = std::max<std::int64_t>(1, kTask / run_size);
    // At most 64 blocks: their number bounds the workspace.
    plan.runs_per_block = std::max(plan.runs_per_block, (plan.runs + 63) / 64);
    plan.blocks = (plan.runs + plan.runs_per_block - 1) / plan.runs_per_block;
  }
  return plan;
}

void run_copy(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  if (in[0] != out[0]) std::memcpy(out[0], in[0], *static_cast<const std::size_t*>(params));
}

template <class Op, Finish kFinish = Finish::kPlain>
Prepared prepare(const KernelRequest& request) {
  if (request.inputs[1].constant == nullptr) {
    fail(Code::kUnimplemented, "the axes of a reduction must be known when it is planned");
  }
  const Shape& shape = request.inputs[0].shape;
  Plan plan = make_plan(shape, request.inputs[1].constant->as_int64s(),
                        request.outputs[0].shape.num_elements());
  plan.finish = kFinish;
  Prepared prepared;
  if (kFinish != Finish::kRoot && plan.count == 1) {
    *make_params<std::size_t>(prepared) =
        std::size_t(shape.num_elements()) * sizeof(typename Op::Type);
    prepared.run = run_copy;
    prepared.inplace_inputs = 1;
    return prepared;
  }
  if (plan.blocks > 1) {
    const std::int64_t outputs = plan.groups * plan.columns;
    prepared.workspace = std::size_t(plan.blocks * outputs) * sizeof(typename Op::Acc);
  }
  *make_params<Plan>(prepared) = plan;
  prepared.run = run_reduction<Op>;
  return prepared;
}

template <template <class> class Op, Finish kFinish = Finish::kPlain>
Prepared prepare_any(const KernelRequest& request) {
  switch (request.inputs[0].dtype) {
    case DType::kFloat:
      return prepare<Op<float>, kFinish>(request);
    case DType::kDouble:
      return prepare<Op<double>, kFinish>(request);
    case DType::kInt32:
      return prepare<Op<std::int32_t>, kFinish>(request);
    case DType::kInt64:
      return prepare<Op<std::int64_t>, kFinish>(request);
    case DType::kUint8:
      return prepare<Op<std::uint8_t>, kFinish>(request);
    default:
      fail(Code::kUnimplemented, "reductions take float32, float64, int32, int64, uint8");
  }
}

template <class T>
using Max = Extremum<T, true>;
template <class T>
using Min = Extremum<T, false>;

constexpr DTypeSet kNumbers = {DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64,
                               DType::kUint8};

}  // namespace

std::span<const KernelRow> reduction_kernels() {
  static const KernelRow rows[] = {
      {"Sum", "T", kNumbers, prepare_any<Sum>},
      {"Mean", "T", kNumbers, prepare_any<Sum, Finish::kMean>},
      {"Prod", "T", kNumbers, prepare_any<Prod>},
      {"Max", "T", kNumbers, prepare_any<Max>},
      {"Min", "T", kNumbers, prepare_any<Min>},
      {"EuclideanNorm", "T", kNumbers, prepare_any<SquareSum, Finish::kRoot>},
      {"All", "", DTypeSet::all(), prepare<Logical<true>>},
      {"Any", "", DTypeSet::all(), prepare<Logical<false>>},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
