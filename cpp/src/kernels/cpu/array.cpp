// SPDX-License-Identifier: Apache-2.0
// Values, views and shapes.
#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/moves.h"
#include "tensor/shape_math.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

// Constants and views: bytes that stay what they are. Plans alias most of them away.

struct ConstParams {
  Tensor value;
};
Prepared prepare_const(const KernelRequest& r) {
  Prepared prepared;
  make_params<ConstParams>(prepared)->value = r.attrs->tensor("value");
  if (is_object(r.outputs[0].dtype)) {
    prepared.run_dynamic = [](const void* params, std::span<const Tensor>, std::span<Tensor> out,
                              RunContext&) {
      out[0] = static_cast<const ConstParams*>(params)->value;
    };
  } else {
    prepared.run = [](const void* params, void* const*, void* const* out, void*, RunContext&) {
      const Tensor& value = static_cast<const ConstParams*>(params)->value;
      if (value.num_bytes() > 0) std::memcpy(out[0], value.raw(), value.num_bytes());
    };
  }
  return prepared;
}

struct ViewParams {
  std::vector<std::int64_t> bytes;
  std::vector<Shape> shapes;
};

void run_view(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const ViewParams*>(params);
  for (std::size_t i = 0; i < p.bytes.size(); ++i) {
    if (in[i] == out[i]) continue;
    const auto* from = static_cast<const char*>(in[i]);
    auto* to = static_cast<char*>(out[i]);
    parallel_for(p.bytes[i], 1 << 18, [&](std::int64_t begin, std::int64_t end) {
      std::memcpy(to + begin, from + begin, std::size_t(end - begin));
    });
  }
}
void share_view(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                RunContext&) {
  const auto& p = *static_cast<const ViewParams*>(params);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = in[i].reshaped(p.shapes[i]);
}

Prepared prepare_view(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<ViewParams>(prepared);
  bool objects = false;
  for (const ValueInfo& v : r.outputs) {
    objects = objects || is_object(v.dtype);
    p->bytes.push_back(v.shape.num_elements() * std::int64_t(dtype_size(v.dtype)));
    p->shapes.push_back(v.shape);
  }
  if (objects) {
    prepared.run_dynamic = share_view;
  } else {
    prepared.run = run_view;
    if (r.outputs.size() == 1) prepared.inplace_inputs = 1;
  }
  return prepared;
}

// Numbers that shapes determine.

struct ShapeParams {
  DType dtype = DType::kInt32;
  std::vector<std::vector<std::int64_t>> values;  ///< by output
};

template <class T>
void store_ints(const std::vector<std::int64_t>& values, void* out) {
  for (std::size_t i = 0; i < values.size(); ++i) static_cast<T*>(out)[i] = T(values[i]);
}
void store_ints(DType dtype, const std::vector<std::int64_t>& values, void* out) {
  if (dtype == DType::kInt32) {
    store_ints<std::int32_t>(values, out);
  } else {
    store_ints<std::int64_t>(values, out);
  }
}

void run_shape(const void* params, void* const*, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const ShapeParams*>(params);
  for (std::size_t i = 0; i < p.values.size(); ++i) store_ints(p.dtype, p.values[i], out[i]);
}

template <class Values>
Prepared shape_kernel(const KernelRequest& r, Values values) {
  Prepared prepared;
  auto* p = make_params<ShapeParams>(prepared);
  p->dtype = r.outputs[0].dtype;
  for (std::size_t i = 0; i < r.outputs.size(); ++i) {
    p->values.push_back(values(r.inputs[i].shape));
    for (const std::int64_t v : p->values.back()) {
      if (p->dtype == DType::kInt32 && v > INT32_MAX) {
        invalid("Shape output type is 32-bit but shape ", r.inputs[i].shape, " has ", v);
      }
    }
  }
  prepared.run = run_shape;
  return prepared;
}
Prepared prepare_shape(const KernelRequest& r) {
  return shape_kernel(r, [](const Shape& s) {
    return std::vector<std::int64_t>(s.dims().begin(), s.dims().end());
  });
}
Prepared prepare_size(const KernelRequest& r) {
  return shape_kernel(r,
                      [](const Shape& s) { return std::vector<std::int64_t>{s.num_elements()}; });
}
Prepared prepare_rank(const KernelRequest& r) {
  return shape_kernel(r, [](const Shape& s) { return std::vector<std::int64_t>{s.rank()}; });
}

// Values made from nothing.

void build_fill(const MoveSource&, Moves& m) {
  m.fill = Moves::Fill::kScalarInput;
  m.fill_input = 1;
}
void build_zeros(const MoveSource&, Moves& m) { m.fill = Moves::Fill::kZero; }

struct SizeParams {
  std::int64_t n = 0;
};

struct OnesParams {
  std::int64_t n = 0;
  Words one{};  ///< the first bytes are an element
};

/// The bytes of the number 1.
Words one_of(DType dtype) {
  Words words{};
  const auto store = [&](auto one) { std::memcpy(&words, &one, sizeof(one)); };
  switch (dtype) {
    case DType::kHalf:
      store(Half(1.0f));
      break;
    case DType::kBfloat16:
      store(Bfloat16(1.0f));
      break;
    case DType::kFloat:
    case DType::kComplex64:
      store(1.0f);
      break;
    case DType::kDouble:
    case DType::kComplex128:
      store(1.0);
      break;
    default:
      store(std::uint64_t{1});  // integers and booleans: the first bytes are the low ones
      break;
  }
  return words;
}

template <class E>
void run_ones(const void* params, void* const*, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const OnesParams*>(params);
  auto* y = static_cast<E*>(out[0]);
  E one;
  std::memcpy(&one, &p.one, sizeof(E));
  parallel_for(p.n, 2 * kCopyGrain,
               [&](std::int64_t b, std::int64_t e) { std::fill(y + b, y + e, one); });
}

template <class T>
void run_range(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const T start = *static_cast<const T*>(in[0]), delta = *static_cast<const T*>(in[2]);
  auto* y = static_cast<T*>(out[0]);
  parallel_for(static_cast<const SizeParams*>(params)->n, kCopyGrain,
               [&](std::int64_t b, std::int64_t e) {
                 for (std::int64_t i = b; i < e; ++i) y[i] = T(start + T(i) * delta);
               });
}

Prepared prepare_ones(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<OnesParams>(prepared);
  p->n = r.outputs[0].shape.num_elements();
  p->one = one_of(r.outputs[0].dtype);
  with_element(r.outputs[0].dtype, [&]<class E>(E) {
    if constexpr (!std::is_same_v<E, std::string>) prepared.run = run_ones<E>;
  });
  return prepared;
}
Prepared prepare_range(const KernelRequest& r) {
  Prepared prepared;
  make_params<SizeParams>(prepared)->n = r.outputs[0].shape.num_elements();
  with_type(r.outputs[0].dtype, [&]<class T>(T) {
    if constexpr (!std::is_same_v<T, bool>) prepared.run = run_range<T>;
  });
  return prepared;
}

void build_broadcast_to(const MoveSource& s, Moves& m) {
  const Shape &in = s.in(), &out = s.out();
  const auto from = strides_of(in), to = strides_of(out);
  const int missing = out.rank() - in.rank();
  StridedCopy copy;
  for (int i = 0; i < out.rank(); ++i) {
    const int k = i - missing;
    const bool spread = k < 0 || in[k] == 1;
    copy.add(out[i], spread ? 0 : from[std::size_t(k)], to[std::size_t(i)]);
  }
  m.add(copy);
}

// Arithmetic on shape vectors.

struct VectorParams {
  std::vector<DType> dtypes;
  std::vector<Shape> shapes;
  std::vector<std::int64_t> out_sizes;

  std::vector<std::int64_t> read(void* const* in, std::size_t i) const {
    return Tensor(dtypes[i], shapes[i], in[i], nullptr).as_int64s();
  }
};

Prepared prepare_vectors(const KernelRequest& r, RunFn run) {
  Prepared prepared;
  auto* p = make_params<VectorParams>(prepared);
  for (const ValueInfo& v : r.inputs) {
    p->dtypes.push_back(v.dtype);
    p->shapes.push_back(v.shape);
  }
  for (const ValueInfo& v : r.outputs) p->out_sizes.push_back(v.shape.num_elements());
  prepared.run = run;
  return prepared;
}
template <RunFn run>
Prepared vector_kernel(const KernelRequest& r) {
  return prepare_vectors(r, run);
}

void run_broadcast_args(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const VectorParams*>(params);
  store_ints(p.dtypes[0], broadcast_dims(p.read(in, 0), p.read(in, 1)), out[0]);
}

void run_broadcast_gradient_args(const void* params, void* const* in, void* const* out, void*,
                                 RunContext&) {
  const auto& p = *static_cast<const VectorParams*>(params);
  const auto [a, b] = broadcast_gradient_axes(p.read(in, 0), p.read(in, 1));
  if (std::int64_t(a.size()) != p.out_sizes[0] || std::int64_t(b.size()) != p.out_sizes[1]) {
    fail(Code::kInternal, "the reduced axes changed after planning");
  }
  store_ints(p.dtypes[0], a, out[0]);
  store_ints(p.dtypes[0], b, out[1]);
}

void run_invert_permutation(const void* params, void* const* in, void* const* out, void*,
                            RunContext&) {
  const auto& p = *static_cast<const VectorParams*>(params);
  const std::vector<std::int64_t> perm = p.read(in, 0);
  const auto n = std::int64_t(perm.size());
  std::vector<std::int64_t> inverse(perm.size(), -1);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t at = perm[std::size_t(i)];
    if (at < 0 || at >= n) invalid(at, " is not between 0 and ", n);
    if (inverse[std::size_t(at)] != -1) invalid(at, " is duplicated in the input.");
    inverse[std::size_t(at)] = i;
  }
  store_ints(p.dtypes[0], inverse, out[0]);
}

/// "[2 3 5]".
std::string spaced(const std::vector<std::int64_t>& values) {
  std::string text = "[";
  for (const std::int64_t v : values) text += str(text.size() > 1 ? " " : "", v);
  return text + "]";
}

void run_concat_offset(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const VectorParams*>(params);
  const std::int64_t wanted = p.read(in, 0)[0];
  const std::vector<std::int64_t> first = p.read(in, 1);
  const auto rank = std::int64_t(first.size());
  if (wanted < -rank || wanted >= rank) {
    invalid("Concat dim is out of range: ", wanted, " vs. ", rank);
  }
  const auto axis = std::size_t(wanted < 0 ? wanted + rank : wanted);
  std::vector<std::int64_t> offset(first.size(), 0);
  for (std::size_t i = 1; i < p.dtypes.size(); ++i) {
    const std::vector<std::int64_t> shape = p.read(in, i);
    if (shape.size() != first.size()) {
      invalid("input ", i - 1, " should contain ", rank, " elements, but got ", shape.size());
    }
    for (std::size_t k = 0; k < shape.size(); ++k) {
      if (k != axis && shape[k] != first[k]) {
        invalid("All dimensions except ", axis, " must match. Input ", i - 1, " has shape ",
                spaced(shape), " and doesn't match input 0 with shape ", spaced(first), ".");
      }
    }
    store_ints(p.dtypes[i], offset, out[i - 1]);
    offset[axis] += shape[axis];
  }
}

}  // namespace

std::span<const KernelRow> array_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  constexpr DTypeSet kInts{DType::kInt32, DType::kInt64};
  constexpr DTypeSet kRange = kInts | DTypeSet{DType::kFloat, DType::kDouble};
  static const KernelRow rows[] = {
      {"Const", "dtype", kAny, prepare_const},
      {"PlaceholderWithDefault", "dtype", kAny, prepare_view},
      {"Identity", "T", kAny, prepare_view},
      {"ReadVariableOp", "dtype", kAny, prepare_view},
      {"IdentityN", "", kAny, prepare_view},
      {"Snapshot", "T", kAny, prepare_view},
      {"EnsureShape", "T", kAny, prepare_view},
      {"StopGradient", "T", kAny, prepare_view},
      {"PreventGradient", "T", kAny, prepare_view},
      {"Reshape", "T", kAny, prepare_view},
      {"ExpandDims", "T", kAny, prepare_view},
      {"Squeeze", "T", kAny, prepare_view},
      {"Bitcast", "T", kBytes, prepare_view},
      {"Shape", "", kAny, prepare_shape},
      {"ShapeN", "", kAny, prepare_shape},
      {"Size", "", kAny, prepare_size},
      {"Rank", "", kAny, prepare_rank},
      {"Fill", "T", kMovable, move_kernel<build_fill>},
      {"ZerosLike", "T", kMovable, move_kernel<build_zeros>},
      {"OnesLike", "T", kBytes, prepare_ones},
      {"Range", "Tidx", kRange, prepare_range},
      {"BroadcastTo", "T", kMovable, move_kernel<build_broadcast_to>},
      {"BroadcastArgs", "T", kInts, vector_kernel<run_broadcast_args>},
      {"BroadcastGradientArgs", "T", kInts, vector_kernel<run_broadcast_gradient_args>},
      {"InvertPermutation", "T", kInts, vector_kernel<run_invert_permutation>},
      {"ConcatOffset", "", kAny, vector_kernel<run_concat_offset>},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
