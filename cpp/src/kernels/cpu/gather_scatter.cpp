// SPDX-License-Identifier: Apache-2.0
// Rows picked by index, rows put in place by index, and sums over groups of rows. Sums run in the
// order of the input whatever the number of threads.
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/strided_copy.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

constexpr DTypeSet kSummable{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64,
                             DType::kUint8};

std::int64_t product(const Shape& s, int first, int last) {
  std::int64_t n = 1;
  for (int i = first; i < last; ++i) n *= s[i];
  return n;
}

// "[1,2]" for element i of a tensor of this shape; nothing for a scalar.
std::string position(const Shape& s, std::int64_t i) {
  if (s.rank() == 0) return "";
  std::string out = "]";
  for (int d = s.rank(); d-- > 0;) {
    out = str(d == 0 ? "[" : ",", i % s[d]) + out;
    i /= s[d];
  }
  return out;
}

// Gather: params[batch, outer, limit, inner], indices[batch, n] -> [batch, outer, n, inner].

struct GatherParams {
  std::int64_t batch = 1, outer = 1, limit = 1, inner = 1, n = 1;
  Shape indices;
  Shape out_shape;
};

template <class E, class I>
void gather(const GatherParams& p, const E* x, const I* indices, E* y) {
  const std::int64_t count = p.batch * p.n;
  for (std::int64_t i = 0; i < count; ++i) {
    if (indices[i] < 0 || indices[i] >= p.limit) {
      invalid("indices", position(p.indices, i), " = ", std::int64_t(indices[i]), " is not in [0, ",
              p.limit, ")");
    }
  }
  if (p.inner == 0) return;
  const std::int64_t rows = p.batch * p.outer * p.n;
  parallel_for(rows, std::max<std::int64_t>(1, kCopyGrain / p.inner),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t r = begin; r < end;) {
                   const std::int64_t group = r / p.n, k = r % p.n;
                   const std::int64_t stop = std::min(end, r + p.n - k);
                   const I* at = indices + group / p.outer * p.n + k;
                   const E* from = x + group * p.limit * p.inner;
                   E* to = y + r * p.inner;
                   if (p.inner == 1) {
                     for (; r < stop; ++r) *to++ = from[*at++];
                   } else {
                     for (; r < stop; ++r, to += p.inner) {
                       copy_run(from + std::int64_t(*at++) * p.inner, to, p.inner);
                     }
                   }
                 }
               });
}

template <class E, class I>
void run_gather(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  gather(*static_cast<const GatherParams*>(params), static_cast<const E*>(in[0]),
         static_cast<const I*>(in[1]), static_cast<E*>(out[0]));
}
template <class I>
void run_gather_strings(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                        RunContext&) {
  const auto& p = *static_cast<const GatherParams*>(params);
  out[0] = Tensor(DType::kString, p.out_shape);
  gather(p, in[0].data<std::string>(), in[1].data<I>(), out[0].data<std::string>());
}

Prepared prepare_gather(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<GatherParams>(prepared);
  const Shape &x = r.inputs[0].shape, &indices = r.inputs[1].shape;
  std::int64_t axis = 0, batch = 0;
  if (r.inputs.size() > 2) {
    batch = r.attrs->i("batch_dims");
    if (r.inputs[2].constant != nullptr) {
      axis = r.inputs[2].constant->as_int64s()[0];
    } else if (x.rank() != 1) {
      fail(Code::kUnimplemented, "gather along an axis that is computed");
    }
  }
  if (axis < 0) axis += x.rank();
  if (batch < 0) batch += indices.rank();
  if (axis < 0 || axis >= x.rank() || batch < 0 || batch > axis) {
    invalid("axis ", axis, " and batch_dims ", batch, " do not fit params of rank ", x.rank());
  }
  p->batch = product(x, 0, int(batch));
  p->outer = product(x, int(batch), int(axis));
  p->limit = x[int(axis)];
  p->inner = product(x, int(axis) + 1, x.rank());
  p->n = product(indices, int(batch), indices.rank());
  p->indices = indices;
  p->out_shape = r.outputs[0].shape;
  with_index(r.inputs[1].dtype, [&]<class I>(I) {
    with_element(r.inputs[0].dtype, [&]<class E>(E) {
      if constexpr (std::is_same_v<E, std::string>) {
        prepared.run_dynamic = run_gather_strings<I>;
      } else {
        prepared.run = run_gather<E, I>;
      }
    });
  });
  return prepared;
}

// GatherNd and the scatters: a row of `depth` indices names a slice of `slice` elements.

struct NdParams {
  Shape shape;  ///< of the indexed tensor
  Shape indices;
  std::int64_t count = 0, depth = 0, slice = 1, total = 0;
  std::int64_t strides[kMaxRank] = {};
  const char* what = "";

  void set(const Shape& indexed, const Shape& index_shape, const char* text) {
    shape = indexed;
    indices = index_shape;
    what = text;
    depth = index_shape.dim(-1);
    count = product(index_shape, 0, index_shape.rank() - 1);
    if (depth > indexed.rank()) {
      invalid("indices.shape[-1] must be <= the rank, but saw indices shape: ", index_shape,
              " and shape: ", indexed);
    }
    slice = product(indexed, int(depth), indexed.rank());
    total = indexed.num_elements();
    const auto all = strides_of(indexed);
    for (int i = 0; i < depth; ++i) strides[i] = all[std::size_t(i)];
  }

  // Offset of the slice of index row i; range-checked.
  template <class I>
  std::int64_t offset(const I* indices_data, std::int64_t i) const {
    std::int64_t at = 0;
    const I* row = indices_data + i * depth;
    for (std::int64_t k = 0; k < depth; ++k) {
      if (row[k] < 0 || row[k] >= shape[int(k)]) bad_index(row, i);
      at += std::int64_t(row[k]) * strides[k];
    }
    return at;
  }
  template <class I>
  [[noreturn]] void bad_index(const I* row, std::int64_t i) const {
    if (shape.num_elements() == 0) {
      invalid("Requested more than 0 entries, but params is empty. Params shape: ", shape);
    }
    std::string text;
    for (std::int64_t k = 0; k < depth; ++k) text += str(k ? ", " : "", std::int64_t(row[k]));
    Shape outer(indices.dims().first(std::size_t(indices.rank() - 1)));
    invalid("indices", position(outer, i), " = [", text, "] does not index into ", what, " ",
            shape);
  }
};

template <class E, class I>
void run_gather_nd(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const NdParams*>(params);
  const auto* x = static_cast<const E*>(in[0]);
  const auto* indices = static_cast<const I*>(in[1]);
  auto* y = static_cast<E*>(out[0]);
  const std::int64_t grain =
      std::max<std::int64_t>(1, kCopyGrain / std::max<std::int64_t>(p.slice, 4));
  parallel_for(p.count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = p.offset(indices, i);
      copy_run(x + at, y + i * p.slice, p.total == 0 ? 0 : p.slice);
    }
  });
}

Prepared prepare_gather_nd(const KernelRequest& r) {
  Prepared prepared;
  make_params<NdParams>(prepared)->set(r.inputs[0].shape, r.inputs[1].shape, "param shape");
  with_index(r.inputs[1].dtype, [&]<class I>(I) {
    with_element(r.inputs[0].dtype, [&]<class E>(E) { prepared.run = run_gather_nd<E, I>; });
  });
  return for_objects_too(r, std::move(prepared));
}

enum class Combine { kAssign, kAdd, kSub };

// The updates in order; wide slices are shared among threads by column.
template <Combine combine, class T, class I>
void scatter(const NdParams& p, const I* indices, const T* updates, T* y) {
  std::vector<std::int64_t> offsets(std::size_t(p.count));
  for (std::int64_t i = 0; i < p.count; ++i) offsets[std::size_t(i)] = p.offset(indices, i);
  if (p.total == 0 || p.count == 0) return;
  const std::int64_t grain = std::max<std::int64_t>(64, kCopyGrain / p.count);
  parallel_for(p.slice, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < p.count; ++i) {
      const T* from = updates + i * p.slice;
      T* to = y + offsets[std::size_t(i)];
      for (std::int64_t k = begin; k < end; ++k) {
        if constexpr (combine == Combine::kAssign) to[k] = from[k];
        if constexpr (combine == Combine::kAdd) to[k] = T(to[k] + from[k]);
        if constexpr (combine == Combine::kSub) to[k] = T(to[k] - from[k]);
      }
    }
  });
}

// ScatterNd(indices, updates, shape): sums into zeros; booleans are or-ed, strings joined.
template <class T, class I>
void run_scatter_nd(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const NdParams*>(params);
  auto* y = static_cast<T*>(out[0]);
  parallel_for(p.total, 2 * kCopyGrain,
               [&](std::int64_t b, std::int64_t e) { std::fill(y + b, y + e, T{}); });
  scatter<Combine::kAdd>(p, static_cast<const I*>(in[0]), static_cast<const T*>(in[1]), y);
}
Prepared prepare_scatter_nd(const KernelRequest& r) {
  Prepared prepared;
  make_params<NdParams>(prepared)->set(r.outputs[0].shape, r.inputs[0].shape, "shape");
  with_index(r.inputs[0].dtype, [&]<class I>(I) {
    if (r.outputs[0].dtype == DType::kString) {
      prepared.run = run_scatter_nd<std::string, I>;
    } else {
      with_type(r.outputs[0].dtype, [&]<class T>(T) { prepared.run = run_scatter_nd<T, I>; });
    }
  });
  return for_objects_too(r, std::move(prepared));
}

// TensorScatter*(tensor, indices, updates).
template <Combine combine, class T, class I>
void run_tensor_scatter(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const NdParams*>(params);
  if (in[0] != out[0] && p.total > 0) {
    copy_run(static_cast<const T*>(in[0]), static_cast<T*>(out[0]), p.total);
  }
  scatter<combine>(p, static_cast<const I*>(in[1]), static_cast<const T*>(in[2]),
                   static_cast<T*>(out[0]));
}
template <Combine combine>
Prepared prepare_tensor_scatter(const KernelRequest& r) {
  Prepared prepared;
  make_params<NdParams>(prepared)->set(r.outputs[0].shape, r.inputs[1].shape, "shape");
  prepared.inplace_inputs = 1;
  with_index(r.inputs[1].dtype, [&]<class I>(I) {
    if constexpr (combine == Combine::kAssign) {
      with_element(r.outputs[0].dtype,
                   [&]<class E>(E) { prepared.run = run_tensor_scatter<combine, E, I>; });
    } else {
      with_type(r.outputs[0].dtype, [&]<class T>(T) {
        if constexpr (!std::is_same_v<T, bool>) prepared.run = run_tensor_scatter<combine, T, I>;
      });
    }
  });
  return for_objects_too(r, std::move(prepared));
}

// OneHot: indices[prefix, suffix] -> [prefix, depth, suffix].

struct OneHotParams {
  std::int64_t prefix = 1, depth = 0, suffix = 1;
};

template <class E, class I>
void run_one_hot(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const OneHotParams*>(params);
  const auto* indices = static_cast<const I*>(in[0]);
  const E on = *static_cast<const E*>(in[2]), off = *static_cast<const E*>(in[3]);
  auto* y = static_cast<E*>(out[0]);
  const std::int64_t block = p.depth * p.suffix;
  if (block == 0) return;
  parallel_for(p.prefix, std::max<std::int64_t>(1, kCopyGrain / block),
               [&](std::int64_t begin, std::int64_t end) {
                 std::fill(y + begin * block, y + end * block, off);
                 for (std::int64_t i = begin; i < end; ++i) {
                   for (std::int64_t k = 0; k < p.suffix; ++k) {
                     const auto d = std::int64_t(indices[i * p.suffix + k]);
                     if (d >= 0 && d < p.depth) y[i * block + d * p.suffix + k] = on;
                   }
                 }
               });
}

Prepared prepare_one_hot(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<OneHotParams>(prepared);
  const Shape& out = r.outputs[0].shape;
  const std::int64_t axis = r.attrs->i("axis");
  const int at = axis < 0 ? out.rank() - 1 : int(axis);
  p->prefix = product(out, 0, at);
  p->depth = out[at];
  p->suffix = product(out, at + 1, out.rank());
  with_element(r.outputs[0].dtype, [&]<class E>(E) {
    if (r.inputs[0].dtype == DType::kUint8) {
      prepared.run = run_one_hot<E, std::uint8_t>;
    } else {
      with_index(r.inputs[0].dtype, [&]<class I>(I) { prepared.run = run_one_hot<E, I>; });
    }
  });
  return for_objects_too(r, std::move(prepared));
}

// Segment sums: data[n, inner] -> [segments, inner].

struct SegmentParams {
  std::int64_t n = 0, inner = 1, segments = 0;
  Shape ids;
};

template <class T, class I>
void sum_rows(const SegmentParams& p, const T* x, const I* ids, T* y) {
  // Every range owns its segments and scans all ids: the order of a sum never changes.
  const std::int64_t work = std::max<std::int64_t>(1, p.n * p.inner);
  const std::int64_t blocks = std::clamp<std::int64_t>(work / (2 * kCopyGrain), 1, 16);
  parallel_for(p.segments, std::max<std::int64_t>(1, (p.segments + blocks - 1) / blocks),
               [&](std::int64_t begin, std::int64_t end) {
                 std::fill(y + begin * p.inner, y + end * p.inner, T(0));
                 for (std::int64_t i = 0; i < p.n; ++i) {
                   if (ids[i] < begin || ids[i] >= end) continue;
                   const T* from = x + i * p.inner;
                   T* to = y + std::int64_t(ids[i]) * p.inner;
                   for (std::int64_t k = 0; k < p.inner; ++k) to[k] = T(to[k] + from[k]);
                 }
               });
}

template <class T, class I>
void run_unsorted_segment_sum(const void* params, void* const* in, void* const* out, void*,
                              RunContext&) {
  const auto& p = *static_cast<const SegmentParams*>(params);
  const auto* ids = static_cast<const I*>(in[1]);
  for (std::int64_t i = 0; i < p.n; ++i) {
    if (ids[i] >= p.segments) {
      invalid("segment_ids", position(p.ids, i), " = ", std::int64_t(ids[i]),
              " is out of range [0, ", p.segments, ")");
    }
  }
  sum_rows(p, static_cast<const T*>(in[0]), ids, static_cast<T*>(out[0]));
}
Prepared prepare_unsorted_segment_sum(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<SegmentParams>(prepared);
  const Shape &x = r.inputs[0].shape, &ids = r.inputs[1].shape;
  p->n = ids.num_elements();
  p->inner = product(x, ids.rank(), x.rank());
  p->segments = r.outputs[0].shape[0];
  p->ids = ids;
  with_index(r.inputs[1].dtype, [&]<class I>(I) {
    with_type(r.inputs[0].dtype, [&]<class T>(T) {
      if constexpr (!std::is_same_v<T, bool>) prepared.run = run_unsorted_segment_sum<T, I>;
    });
  });
  return prepared;
}

template <class T, class I>
void run_segment_sum(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const Shape& shape = in[0].shape();
  SegmentParams p;
  p.ids = in[1].shape();
  p.n = in[1].num_elements();
  if (shape.rank() < 1 || shape[0] != p.n) {
    invalid("segment_ids should be the same size as dimension 0 of input.");
  }
  p.inner = product(shape, 1, shape.rank());
  const I* ids = in[1].data<I>();
  if (p.n > 0 && ids[p.n - 1] < 0) invalid("segment ids must be >= 0");
  for (std::int64_t i = 0; i < p.n; ++i) {
    if (i > 0 && ids[i] < ids[i - 1]) invalid("segment ids are not increasing");
    if (ids[i] < 0) {
      invalid("Segment id ", ids[i], " out of range [0, ", std::int64_t(ids[p.n - 1]) + 1,
              "), possibly because 'segment_ids' input is not sorted.");
    }
  }
  p.segments = p.n == 0 ? 0 : std::int64_t(ids[p.n - 1]) + 1;
  Shape rows = shape;
  rows.set_dim(0, p.segments);
  out[0] = Tensor(in[0].dtype(), Shape(rows.dims()));
  sum_rows(p, in[0].data<T>(), ids, out[0].data<T>());
}
Prepared prepare_segment_sum(const KernelRequest& r) {
  Prepared prepared;
  with_index(r.inputs[1].dtype, [&]<class I>(I) {
    with_type(r.inputs[0].dtype, [&]<class T>(T) {
      if constexpr (!std::is_same_v<T, bool>) prepared.run_dynamic = run_segment_sum<T, I>;
    });
  });
  return prepared;
}

}  // namespace

std::span<const KernelRow> gather_scatter_kernels() {
  static const KernelRow rows[] = {
      {"Gather", "Tparams", kMovable, prepare_gather},
      {"GatherV2", "Tparams", kMovable, prepare_gather},
      {"ResourceGather", "dtype", kMovable, prepare_gather},
      {"GatherNd", "Tparams", kMovable, prepare_gather_nd},
      {"ScatterNd", "T", kSummable | DTypeSet{DType::kBool, DType::kString}, prepare_scatter_nd},
      {"TensorScatterUpdate", "T", kMovable, prepare_tensor_scatter<Combine::kAssign>},
      {"TensorScatterAdd", "T", kSummable, prepare_tensor_scatter<Combine::kAdd>},
      {"TensorScatterSub", "T", kSummable, prepare_tensor_scatter<Combine::kSub>},
      {"OneHot", "T", kMovable, prepare_one_hot},
      {"UnsortedSegmentSum", "T", kSummable, prepare_unsorted_segment_sum},
      {"SegmentSum", "T", kSummable, prepare_segment_sum},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
