// SPDX-License-Identifier: Apache-2.0
// Writes to variables: whole ones, rows picked by indices, and slices picked by index vectors.
// All indices are checked before anything is written.
#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

constexpr DTypeSet kNumbers{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64,
                            DType::kUint8};
constexpr DTypeSet kOrdered{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64};
constexpr std::int64_t kGrain = 32768;

// Integers wrap around, as in NumPy.
template <class T, bool = std::is_integral_v<T>>
struct Arithmetic {
  using type = T;
};
template <class T>
struct Arithmetic<T, true> {
  using type = std::make_unsigned_t<T>;
};
template <class T>
using A = typename Arithmetic<T>::type;

struct Add {
  template <class T>
  static T apply(T a, T b) {
    return T(A<T>(a) + A<T>(b));
  }
};
struct Sub {
  template <class T>
  static T apply(T a, T b) {
    return T(A<T>(a) - A<T>(b));
  }
};
struct Mul {
  template <class T>
  static T apply(T a, T b) {
    return T(A<T>(a) * A<T>(b));
  }
};
struct Div {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) invalid("Integer division by zero");
      if constexpr (std::is_signed_v<T>) {
        if (b == T(-1)) return T(A<T>(0) - A<T>(a));
      }
    }
    return T(a / b);
  }
};
struct Min {
  template <class T>
  static T apply(T a, T b) {
    return b < a ? b : a;
  }
};
struct Max {
  template <class T>
  static T apply(T a, T b) {
    return a < b ? b : a;
  }
};
struct Replace {
  template <class T>
  static T apply(const T&, const T& b) {
    return b;
  }
};

/// Calls f(T{}) with the C++ type that moves or computes elements of `dtype`.
template <class F>
Prepared with_number(DType dtype, F f) {
  switch (dtype) {
    case DType::kFloat:
      return f(float{});
    case DType::kDouble:
      return f(double{});
    case DType::kInt32:
      return f(std::int32_t{});
    case DType::kInt64:
      return f(std::int64_t{});
    case DType::kUint8:
      return f(std::uint8_t{});
    default:
      fail(Code::kUnimplemented, "no kernel for ", dtype);
  }
}

struct CountParams {
  std::int64_t n = 0;
};

Prepared prepare_assign(const KernelRequest& r) {
  Prepared p;
  auto* params = make_params<CountParams>(p);
  const DType dtype = r.inputs[1].dtype;
  params->n = r.inputs[1].shape.num_elements();
  if (dtype == DType::kString) {
    p.run = [](const void* raw, void* const* in, void* const*, void*, RunContext&) {
      std::copy_n(static_cast<const std::string*>(in[1]), static_cast<const CountParams*>(raw)->n,
                  static_cast<std::string*>(in[0]));
    };
    return p;
  }
  params->n *= std::int64_t(dtype_size(dtype));
  p.run = [](const void* raw, void* const* in, void* const*, void*, RunContext&) {
    if (in[0] == in[1]) return;
    parallel_for(static_cast<const CountParams*>(raw)->n, 1 << 20,
                 [&](std::int64_t begin, std::int64_t end) {
                   std::memcpy(static_cast<char*>(in[0]) + begin,
                               static_cast<const char*>(in[1]) + begin, std::size_t(end - begin));
                 });
  };
  return p;
}

template <class Op, class T>
void run_update(const void* raw, void* const* in, void* const*, void*, RunContext&) {
  auto* ref = static_cast<T*>(in[0]);
  const auto* value = static_cast<const T*>(in[1]);
  parallel_for(static_cast<const CountParams*>(raw)->n, kGrain,
               [&](std::int64_t begin, std::int64_t end) {
#pragma omp simd
                 for (std::int64_t i = begin; i < end; ++i) ref[i] = Op::apply(ref[i], value[i]);
               });
}

template <class Op>
Prepared prepare_update(const KernelRequest& r) {
  return with_number(r.inputs[0].dtype, [&]<class T>(T) {
    Prepared p;
    make_params<CountParams>(p)->n = r.inputs[0].shape.num_elements();
    p.run = run_update<Op, T>;
    return p;
  });
}

struct ScatterParams {
  Shape ref, indices;
  bool wide = false;       ///< int64 indices
  bool vectors = false;    ///< the last dimension of indices holds an index vector
  bool scalar = false;     ///< one value for all
  std::int64_t count = 0;  ///< rows (slices) to write
  std::int64_t depth = 1;  ///< dimensions of ref that an index picks
  std::int64_t row = 0;    ///< elements of one row
};

/// "[2,1]": the position of element i of an array with these dimensions; empty for a scalar.
std::string position(std::span<const std::int64_t> dims, std::int64_t i) {
  if (dims.empty()) return "";
  std::string text;
  for (std::size_t d = dims.size(); d-- > 0;) {
    text = std::to_string(i % dims[d]) + (text.empty() ? "" : "," + text);
    i /= dims[d];
  }
  return "[" + text + "]";
}

[[noreturn]] void bad_index(const ScatterParams& q, std::int64_t i, const std::int64_t* index) {
  if (!q.vectors) {
    invalid("indices", position(q.indices.dims(), i), " = ", index[0], " is not in [0, ", q.ref[0],
            ")");
  }
  std::string text;
  for (std::int64_t d = 0; d < q.depth; ++d) {
    text += (d == 0 ? "" : ", ") + std::to_string(index[d]);
  }
  invalid("indices", position(q.indices.dims().first(std::size_t(q.indices.rank() - 1)), i), " = [",
          text, "] does not index into shape ", q.ref);
}

/// The row number that each index picks.
const std::vector<std::int64_t>& targets(const ScatterParams& q, const void* indices) {
  thread_local std::vector<std::int64_t> rows;
  rows.resize(std::size_t(q.count));
  auto at = [&](std::int64_t i) {
    return q.wide ? static_cast<const std::int64_t*>(indices)[i]
                  : static_cast<const std::int32_t*>(indices)[i];
  };
  for (std::int64_t i = 0; i < q.count; ++i) {
    std::int64_t row = 0;
    for (std::int64_t d = 0; d < q.depth; ++d) {
      const std::int64_t index = at(i * q.depth + d);
      if (index < 0 || index >= q.ref[int(d)]) {
        std::int64_t all[kMaxRank];
        for (std::int64_t k = 0; k < q.depth; ++k) all[k] = at(i * q.depth + k);
        bad_index(q, i, all);
      }
      row = row * q.ref[int(d)] + index;
    }
    rows[std::size_t(i)] = row;
  }
  return rows;
}

/// Duplicates are applied in the order of the indices, whatever the number of threads: threads
/// share out the columns of long rows, or the rows of the variable.
template <class Op, class T>
void run_scatter(const void* raw, void* const* in, void* const*, void*, RunContext&) {
  const auto& q = *static_cast<const ScatterParams*>(raw);
  auto* ref = static_cast<T*>(in[0]);
  const auto* updates = static_cast<const T*>(in[2]);
  const std::vector<std::int64_t>& rows = targets(q, in[1]);
  auto apply = [&](std::int64_t i, std::int64_t begin, std::int64_t end) {
    T* to = ref + rows[std::size_t(i)] * q.row;
    if (q.scalar) {
      for (std::int64_t k = begin; k < end; ++k) to[k] = Op::apply(to[k], updates[0]);
    } else {
      const T* from = updates + i * q.row;
      for (std::int64_t k = begin; k < end; ++k) to[k] = Op::apply(to[k], from[k]);
    }
  };
  if (q.row >= 4096 || q.count * q.row <= 2 * kGrain || std::is_same_v<T, std::string>) {
    const std::int64_t per_column = std::max<std::int64_t>(q.count, 1);
    parallel_for(q.row, std::max<std::int64_t>(1024, 2 * kGrain / per_column),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = 0; i < q.count; ++i) apply(i, begin, end);
                 });
    return;
  }
  std::int64_t total = 1;
  for (std::int64_t d = 0; d < q.depth; ++d) total *= q.ref[int(d)];
  parallel_for(total, (total + 7) / 8, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t i = 0; i < q.count; ++i) {
      const std::int64_t row = rows[std::size_t(i)];
      if (row >= first && row < last) apply(i, 0, q.row);
    }
  });
}

template <bool kVectors>
std::shared_ptr<ScatterParams> scatter_params(const KernelRequest& r) {
  auto q = std::make_shared<ScatterParams>();
  q->ref = r.inputs[0].shape;
  q->indices = r.inputs[1].shape;
  q->wide = r.inputs[1].dtype == DType::kInt64;
  q->vectors = kVectors;
  q->scalar = !kVectors && r.inputs[2].shape.rank() == 0;
  q->depth = kVectors ? q->indices.dim(-1) : 1;
  q->count = 1;
  for (int d = 0; d < q->indices.rank() - (kVectors ? 1 : 0); ++d) q->count *= q->indices[d];
  q->row = 1;
  for (int d = int(q->depth); d < q->ref.rank(); ++d) q->row *= q->ref[d];
  return q;
}

template <class Op, bool kVectors>
Prepared prepare_scatter(const KernelRequest& r) {
  Prepared p = with_number(r.inputs[0].dtype, []<class T>(T) {
    Prepared typed;
    typed.run = run_scatter<Op, T>;
    return typed;
  });
  p.params = scatter_params<kVectors>(r);
  return p;
}

template <bool kVectors>
Prepared prepare_scatter_update(const KernelRequest& r) {
  Prepared p;
  with_element(r.inputs[0].dtype, [&]<class E>(E) { p.run = run_scatter<Replace, E>; });
  p.params = scatter_params<kVectors>(r);
  return p;
}

struct CountUpToParams {
  std::int64_t limit = 0;
};

template <class T>
void run_count_up_to(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  const std::int64_t limit = static_cast<const CountUpToParams*>(raw)->limit;
  T& counter = *static_cast<T*>(in[0]);
  if (std::int64_t(counter) >= limit) fail(Code::kOutOfRange, "Reached limit of ", limit);
  *static_cast<T*>(out[0]) = counter;
  ++counter;
}

Prepared prepare_count_up_to(const KernelRequest& r) {
  Prepared p;
  make_params<CountUpToParams>(p)->limit = r.attrs->i("limit");
  const bool wide = r.inputs[0].dtype == DType::kInt64;
  // The counter itself must fit behind its last value.
  if (!wide && r.attrs->i("limit") > 0x7FFFFFFF) invalid("limit does not fit the counter's type");
  p.run = wide ? run_count_up_to<std::int64_t> : run_count_up_to<std::int32_t>;
  return p;
}

}  // namespace

std::span<const KernelRow> state_kernels() {
  static const KernelRow rows[] = {
      {"Assign", "T", kMovable, prepare_assign},
      {"AssignAdd", "T", kNumbers, prepare_update<Add>},
      {"AssignSub", "T", kNumbers, prepare_update<Sub>},
      {"ScatterUpdate", "T", kMovable, prepare_scatter_update<false>},
      {"ScatterAdd", "T", kNumbers, prepare_scatter<Add, false>},
      {"ScatterSub", "T", kNumbers, prepare_scatter<Sub, false>},
      {"ScatterMul", "T", kNumbers, prepare_scatter<Mul, false>},
      {"ScatterDiv", "T", kNumbers, prepare_scatter<Div, false>},
      {"ScatterMin", "T", kOrdered, prepare_scatter<Min, false>},
      {"ScatterMax", "T", kOrdered, prepare_scatter<Max, false>},
      {"ScatterNdUpdate", "T", kMovable, prepare_scatter_update<true>},
      {"ScatterNdAdd", "T", kNumbers, prepare_scatter<Add, true>},
      {"ScatterNdSub", "T", kNumbers, prepare_scatter<Sub, true>},
      {"AssignVariableOp", "dtype", kMovable, prepare_assign},
      {"AssignAddVariableOp", "dtype", kNumbers, prepare_update<Add>},
      {"AssignSubVariableOp", "dtype", kNumbers, prepare_update<Sub>},
      {"ResourceScatterUpdate", "dtype", kMovable, prepare_scatter_update<false>},
      {"ResourceScatterAdd", "dtype", kNumbers, prepare_scatter<Add, false>},
      {"ResourceScatterSub", "dtype", kNumbers, prepare_scatter<Sub, false>},
      {"ResourceScatterMul", "dtype", kNumbers, prepare_scatter<Mul, false>},
      {"ResourceScatterDiv", "dtype", kNumbers, prepare_scatter<Div, false>},
      {"ResourceScatterMin", "dtype", kOrdered, prepare_scatter<Min, false>},
      {"ResourceScatterMax", "dtype", kOrdered, prepare_scatter<Max, false>},
      {"CountUpTo", "T", {DType::kInt32, DType::kInt64}, prepare_count_up_to},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
