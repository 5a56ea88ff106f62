// SPDX-License-Identifier: Apache-2.0
// Reductions and scans over complex numbers, the conjugate transpose, ones.
#include <algorithm>
#include <array>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/portable/complex_math.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

constexpr std::int64_t kGrain = 8192;

/// Some dimensions of a tensor as one loop nest.
struct Loops {
  int rank = 0;
  std::array<std::int64_t, kMaxRank> dims{}, strides{};

  void add(std::int64_t dim, std::int64_t stride) {
    dims[std::size_t(rank)] = dim;
    strides[std::size_t(rank)] = stride;
    ++rank;
  }
  std::int64_t size() const {
    std::int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= dims[std::size_t(i)];
    return n;
  }
  std::int64_t offset(std::int64_t index) const {
    std::int64_t sum = 0;
    for (int i = rank; i-- > 0;) {
      sum += index % dims[std::size_t(i)] * strides[std::size_t(i)];
      index /= dims[std::size_t(i)];
    }
    return sum;
  }
};

std::array<std::int64_t, kMaxRank> strides_of(const Shape& s) {
  std::array<std::int64_t, kMaxRank> out{};
  std::int64_t stride = 1;
  for (int i = s.rank(); i-- > 0;) {
    out[std::size_t(i)] = stride;
    stride *= s[i];
  }
  return out;
}

struct ReduceParams {
  Loops kept, reduced;
  std::int64_t outputs = 0, count = 0;
};

enum class Reduction { kSum, kMean, kProd, kNorm };

// Sums of complex64 are kept in double.
template <class C, Reduction kKind>
void run_reduce(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  using Wide = std::complex<double>;
  const auto& p = *static_cast<const ReduceParams*>(params);
  const auto* x = static_cast<const C*>(in[0]);
  auto* y = static_cast<C*>(out[0]);
  const std::int64_t grain = std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(1, p.count));
  parallel_for(p.outputs, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const C* from = x + p.kept.offset(i);
      Wide acc(kKind == Reduction::kProd ? 1 : 0);
      for (std::int64_t k = 0; k < p.count; ++k) {
        const Wide v(from[p.reduced.offset(k)]);
        if constexpr (kKind == Reduction::kProd) {
          acc *= v;
        } else if constexpr (kKind == Reduction::kNorm) {
          acc += std::norm(v);
        } else {
          acc += v;
        }
      }
      if constexpr (kKind == Reduction::kMean) acc /= double(p.count);
      if constexpr (kKind == Reduction::kNorm) acc = std::sqrt(acc.real());
      y[i] = C(acc);
    }
  });
}

template <Reduction kKind>
Prepared prepare_reduce(const KernelRequest& r) {
  if (r.inputs[1].constant == nullptr) {
    fail(Code::kUnimplemented, "the axes of a reduction must be known when it is planned");
  }
  Prepared out;
  auto& p = *make_params<ReduceParams>(out);
  const Shape& s = r.inputs[0].shape;
  std::array<bool, kMaxRank> over{};
  for (std::int64_t axis : r.inputs[1].constant->as_int64s()) {
    if (axis < -s.rank() || axis >= s.rank()) {
      invalid("Invalid reduction dimension ", axis, " for input with ", s.rank(), " dimensions.");
    }
    over[std::size_t(axis < 0 ? axis + s.rank() : axis)] = true;
  }
  const auto strides = strides_of(s);
  for (int i = 0; i < s.rank(); ++i) {
    (over[std::size_t(i)] ? p.reduced : p.kept).add(s[i], strides[std::size_t(i)]);
  }
  p.outputs = p.kept.size();
  p.count = p.reduced.size();
  with_complex(r.inputs[0].dtype, [&](auto zero) { out.run = run_reduce<decltype(zero), kKind>; });
  return out;
}

struct ScanParams {
  Shape shape;
  DType axis_type = DType::kInt32;
  bool exclusive = false, reverse = false;
};

template <class C, bool kProduct>
void run_scan(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const ScanParams*>(params);
  const std::int64_t given = p.axis_type == DType::kInt32
                                 ? *static_cast<const std::int32_t*>(in[1])
                                 : *static_cast<const std::int64_t*>(in[1]);
  const int rank = p.shape.rank();
  if (given < -rank || given >= rank) {
    invalid("ScanOp: Expected scan axis in the range [", -rank, ", ", rank, "), but got ", given);
  }
  const auto axis = int(given < 0 ? given + rank : given);
  const std::int64_t n = p.shape.num_elements(), length = p.shape[axis];
  if (n == 0) return;
  const std::int64_t stride = strides_of(p.shape)[std::size_t(axis)];
  const auto* x = static_cast<const C*>(in[0]);
  auto* y = static_cast<C*>(out[0]);
  parallel_for(n / length, std::max<std::int64_t>(1, kGrain / length),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   std::int64_t at = i / stride * stride * length + i % stride;
                   if (p.reverse) at += (length - 1) * stride;
                   const std::int64_t step = p.reverse ? -stride : stride;
                   C acc(kProduct ? 1 : 0);
                   for (std::int64_t k = 0; k < length; ++k, at += step) {
                     const C next = kProduct ? acc * x[at] : acc + x[at];
                     y[at] = p.exclusive ? acc : next;
                     acc = next;
                   }
                 }
               });
}

template <bool kProduct>
Prepared prepare_scan(const KernelRequest& r) {
  Prepared out;
  auto& p = *make_params<ScanParams>(out);
  p.shape = r.inputs[0].shape;
  p.axis_type = r.inputs[1].dtype;
  p.exclusive = r.attrs->b("exclusive");
  p.reverse = r.attrs->b("reverse");
  with_complex(r.inputs[0].dtype, [&](auto zero) { out.run = run_scan<decltype(zero), kProduct>; });
  out.inplace_inputs = 1;
  return out;
}

struct TransposeParams {
  Loops from;  // strides of the input in the order of the output
  Shape shape;
  DType perm_type = DType::kInt32;
};

template <class C>
void run_transpose(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const TransposeParams*>(params);
  const auto* x = static_cast<const C*>(in[0]);
  auto* y = static_cast<C*>(out[0]);
  const int rank = p.shape.rank();
  const auto strides = strides_of(p.shape);
  Loops from;
  std::array<bool, kMaxRank> seen{};
  for (int i = 0; i < rank; ++i) {
    std::int64_t axis = p.perm_type == DType::kInt32 ? static_cast<const std::int32_t*>(in[1])[i]
                                                     : static_cast<const std::int64_t*>(in[1])[i];
    if (axis < -rank || axis >= rank) {
      invalid("perm dim ", axis, " is out of range of input rank ", rank);
    }
    if (axis < 0) axis += rank;
    if (seen[std::size_t(axis)]) invalid(axis, " is missing from {", axis, "}.");
    seen[std::size_t(axis)] = true;
    from.add(p.shape[int(axis)], strides[std::size_t(axis)]);
  }
  parallel_for(p.shape.num_elements(), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) y[i] = std::conj(x[from.offset(i)]);
  });
}

Prepared prepare_transpose(const KernelRequest& r) {
  Prepared out;
  auto& p = *make_params<TransposeParams>(out);
  p.shape = r.inputs[0].shape;
  p.perm_type = r.inputs[1].dtype;
  if (r.inputs[1].shape.num_elements() != p.shape.rank()) {
    invalid("transpose expects a vector of size ", p.shape.rank(),
            ". But input(1) is a vector of size ", r.inputs[1].shape.num_elements());
  }
  with_complex(r.inputs[0].dtype, [&](auto zero) { out.run = run_transpose<decltype(zero)>; });
  return out;
}

template <class C>
void run_ones(const void* params, void* const*, void* const* out, void*, RunContext&) {
  std::fill_n(static_cast<C*>(out[0]), *static_cast<const std::int64_t*>(params), C(1));
}

Prepared prepare_ones(const KernelRequest& r) {
  Prepared p;
  *make_params<std::int64_t>(p) = r.outputs[0].shape.num_elements();
  with_complex(r.inputs[0].dtype, [&](auto zero) { p.run = run_ones<decltype(zero)>; });
  return p;
}

enum class Update { kAdd, kSub };

template <class C, Update kUpdate>
void run_update(const void* params, void* const* in, void* const*, void*, RunContext&) {
  auto* variable = static_cast<C*>(in[0]);
  const auto* value = static_cast<const C*>(in[1]);
  parallel_for(*static_cast<const std::int64_t*>(params), kGrain,
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   variable[i] += kUpdate == Update::kAdd ? value[i] : -value[i];
                 }
               });
}

template <Update kUpdate>
Prepared prepare_update(const KernelRequest& r) {
  Prepared p;
  *make_params<std::int64_t>(p) = r.inputs[1].shape.num_elements();
  with_complex(r.inputs[1].dtype, [&](auto zero) { p.run = run_update<decltype(zero), kUpdate>; });
  return p;
}

}  // namespace

std::span<const KernelRow> complex_reduce_kernels() {
  static const KernelRow rows[] = {
      {"Sum", "T", kComplexTypes, prepare_reduce<Reduction::kSum>},
      {"Mean", "T", kComplexTypes, prepare_reduce<Reduction::kMean>},
      {"Prod", "T", kComplexTypes, prepare_reduce<Reduction::kProd>},
      {"EuclideanNorm", "T", kComplexTypes, prepare_reduce<Reduction::kNorm>},
      {"Cumsum", "T", kComplexTypes, prepare_scan<false>},
      {"Cumprod", "T", kComplexTypes, prepare_scan<true>},
      {"ConjugateTranspose", "T", kComplexTypes, prepare_transpose},
      {"OnesLike", "T", kComplexTypes, prepare_ones},
      {"AssignAdd", "T", kComplexTypes, prepare_update<Update::kAdd>},
      {"AssignSub", "T", kComplexTypes, prepare_update<Update::kSub>},
  };
  return rows;
}

}  // namespace caudal::cpu
