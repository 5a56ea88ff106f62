// SPDX-License-Identifier: Apache-2.0
// Values, views and shapes: ops that make tensors or say something about them.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/shape_math.h"

namespace caudal::ops {
namespace {

void const_shape(ShapeContext& c) {
  const Tensor& value = c.attrs().tensor("value");
  if (value.dtype() != c.attrs().type("dtype")) {
    type_error("value has dtype ", value.dtype(), ", dtype says ", c.attrs().type("dtype"));
  }
  c.set_output(0, value.shape());
}

void placeholder_shape(ShapeContext& c) { c.set_output(0, c.attrs().shape("shape")); }

// While a graph is built only the promised shape holds, since any value of that shape may be fed.
void placeholder_with_default_shape(ShapeContext& c) {
  const PartialShape merged = c.input(0).merge(c.attrs().shape("shape"));
  c.set_output(0, c.planning() ? merged : c.attrs().shape("shape"));
}

void ensure_shape_shape(ShapeContext& c) {
  const PartialShape wanted = c.attrs().shape("shape");
  if (c.planning() && !wanted.compatible_with(c.input(0))) {
    invalid("Shape of tensor ", c.input(0), " is not compatible with expected shape ", wanted, ".");
  }
  c.set_output(0, wanted.merge(c.input(0)));
}

void pass_grad(GradContext& g) { g.set(0, g.raw_dy(0)); }

void identity_n_shape(ShapeContext& c) {
  for (int i = 0; i < c.num_inputs(); ++i) c.set_output(i, c.input(i));
}
void identity_n_grad(GradContext& g) {
  for (int i = 0; i < g.num_inputs(); ++i) g.set(i, g.raw_dy(i));
}

void prevent_gradient_grad(GradContext& g) {
  fail(Code::kNotFound, "Gradient explicitly disabled. Reason: ", g.attrs().s("message"));
}

void shape_shape(ShapeContext& c) {
  for (int i = 0; i < c.num_inputs(); ++i) {
    c.set_output(i, PartialShape{c.input(i).has_rank() ? c.input(i).rank() : -1});
  }
}

// The product of the dimensions above zero.
std::int64_t nonzero_product(std::span<const std::int64_t> dims) {
  std::int64_t n = 1;
  for (const std::int64_t d : dims) {
    if (d > 0) n = checked_mul(n, d);
  }
  return n;
}

// Fills in the one unknown dimension of `out` from the number of elements, and checks that number.
void reshape_shape(ShapeContext& c) {
  const PartialShape& in = c.input(0);
  c.with_rank(1, 1);
  if (const Tensor* sizes = c.planning() ? c.constant_input(1) : nullptr) {
    const std::vector<std::int64_t> values = sizes->as_int64s();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] < -1) invalid("Size ", i, " must be non-negative, not ", values[i]);
    }
  }
  PartialShape out = c.constant_as_shape(1);
  if (!out.has_rank()) return c.set_output(0, out);
  const std::int64_t elements = in.num_elements();
  std::int64_t known = 1;
  int missing = 0, unknown_at = 0;
  for (int i = 0; i < out.rank(); ++i) {
    if (out[i] < 0) {
      ++missing;
      unknown_at = i;
    } else {
      known = checked_mul(known, out[i]);
    }
  }
  if (missing > 1 && c.planning() && c.constant_input(1) != nullptr) {
    int first = 0;
    while (out[first] >= 0) ++first;
    int second = first + 1;
    while (out[second] >= 0) ++second;
    invalid("Only one input size may be -1, not both ", first, " and ", second);
  }
  if (elements >= 0 && missing == 0 && known != elements) {
    if (c.planning()) {
      invalid("Input to reshape is a tensor with ", elements,
              " values, but the requested shape has ", known);
    }
    invalid("Cannot reshape a tensor with ", elements, " elements to shape ", out, " (", known,
            " elements)");
  }
  if (elements >= 0 && missing == 1) {
    // Zeros on both sides cancel: [0, 3] as [0, -1] is [0, 3].
    std::int64_t divisor = known, size = elements;
    if (known == 0) {
      if (elements != 0) {
        invalid("Cannot reshape a tensor with ", elements, " elements to shape ", out,
                " (0 elements)");
      }
      divisor = nonzero_product(out.dims());
      size = nonzero_product(in.dims());
    }
    if (size % divisor == 0) {
      out.set_dim(unknown_at, size / divisor);
    } else if (known != 0 && c.planning()) {
      invalid("Input to reshape is a tensor with ", elements,
              " values, but the requested shape requires a multiple of ", known);
    } else if (known != 0) {
      invalid("Dimension size must be evenly divisible by ", known, " but is ", elements);
    } else if (c.planning()) {
      invalid(
          "reshape cannot infer the missing input size for an empty tensor unless all "
          "specified input sizes are non-zero");
    }
  }
  // One unknown dimension of the input must account for the rest of a known result.
  if (elements < 0 && in.has_rank() && missing == 0) {
    const std::int64_t rest = nonzero_product(in.dims());
    if (std::ranges::count(in.dims(), -1) == 1 && std::ranges::count(in.dims(), 0) == 0 &&
        known % rest != 0) {
      invalid("Dimension size must be evenly divisible by ", rest, " but is ", known);
    }
  }
  c.set_output(0, out);
}

// For every op that only renames the dimensions of input 0.
void reshape_back_grad(GradContext& g) {
  g.set(0, g("Reshape", {g.dy(), shape_of(g, g.input(0))}));
}

void expand_dims_shape(ShapeContext& c) {
  const PartialShape& in = c.input(0);
  const Tensor* dim = c.constant_input(1);
  if (dim != nullptr && dim->num_elements() != 1) {
    invalid("dim must be a tensor with a single value, got shape ", dim->shape());
  }
  if (!in.has_rank()) return c.set_output(0, PartialShape::unknown());
  if (dim == nullptr) return c.set_output(0, PartialShape::unknown_of_rank(in.rank() + 1));
  std::int64_t at = dim->as_int64s()[0];
  if (at < -1 - in.rank() || at > in.rank()) {
    invalid("dim ", at, " not in the interval [", -1 - in.rank(), ", ", in.rank(), "].");
  }
  if (at < 0) at += in.rank() + 1;
  PartialShape out = PartialShape::scalar();
  for (int i = 0; i <= in.rank(); ++i) {
    if (i == at) out.append(1);
    if (i < in.rank()) out.append(in[i]);
  }
  c.set_output(0, out);
}

void squeeze_shape(ShapeContext& c) {
  const PartialShape& in = c.input(0);
  if (!in.has_rank()) return c.set_output(0, PartialShape::unknown());
  std::vector<bool> drop(std::size_t(in.rank()), false);
  const auto& dims = c.attrs().ints("squeeze_dims");
  for (const std::int64_t d : dims) {
    if (d < -in.rank() || d >= in.rank()) {
      invalid("squeeze_dims[", d, "] not in [", -in.rank(), ",", in.rank(), ").");
    }
    drop[std::size_t(d < 0 ? d + in.rank() : d)] = true;
  }
  PartialShape out = PartialShape::scalar();
  for (int i = 0; i < in.rank(); ++i) {
    if (dims.empty()) {
      if (in[i] < 0) return c.set_output(0, PartialShape::unknown());
      if (in[i] == 1) continue;
    } else if (drop[std::size_t(i)]) {
      if (in[i] >= 0 && in[i] != 1) {
        invalid("Can not squeeze dim[", i, "], expected a dimension of 1, got ", in[i]);
      }
      continue;
    }
    out.append(in[i]);
  }
  c.set_output(0, out);
}

void fill_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  c.with_rank(1, 0);
  if (const Tensor* dims = c.constant_input(0)) {
    for (const std::int64_t d : dims->as_int64s()) {
      if (d < 0) invalid("Fill dimensions must be >= 0");
    }
  }
  c.set_output(0, c.constant_as_shape(0));
}
void fill_grad(GradContext& g) {
  if (!g.needs(1)) return;
  const Output dy = g.dy();
  if (!dy.shape().has_rank()) {
    const Output axes = g("Range", {g.builder().scalar(std::int32_t{0}), g("Rank", {dy}),
                                    g.builder().scalar(std::int32_t{1})});
    return g.set(1, g("Sum", {dy, axes}));
  }
  std::vector<std::int32_t> axes;
  for (int i = 0; i < dy.shape().rank(); ++i) axes.push_back(i);
  g.set(1, g("Sum", {dy, g.builder().ints(axes)}));
}

template <class T>
std::int64_t range_size(T start, T limit, T delta) {
  if (delta == T(0)) invalid("Requires delta != 0");
  if (delta > T(0) ? start > limit : start < limit) {
    invalid("Requires start ", delta > T(0) ? "<=" : ">=", " limit when delta ",
            delta > T(0) ? ">" : "<", " 0: ", start, "/", limit);
  }
  if constexpr (std::is_floating_point_v<T>) {
    const double size = std::ceil(std::abs((limit - start) / delta));
    if (!(size < 9.2e18)) invalid("Requires ((limit - start) / delta) <= 2^63");
    return std::int64_t(size);
  } else {
    // Unsigned, because limit - start need not fit.
    const std::uint64_t distance = delta > 0 ? std::uint64_t(limit) - std::uint64_t(start)
                                             : std::uint64_t(start) - std::uint64_t(limit);
    const std::uint64_t step = delta > 0 ? std::uint64_t(delta) : 0 - std::uint64_t(delta);
    const std::uint64_t size = distance / step + (distance % step != 0);
    if (size > std::uint64_t(std::numeric_limits<std::int64_t>::max())) {
      invalid("Requires ((limit - start) / delta) <= 2^63");
    }
    return std::int64_t(size);
  }
}

void range_shape(ShapeContext& c) {
  for (int i = 0; i < 3; ++i) c.with_rank(i, 0);
  const Tensor *start = c.constant_input(0), *limit = c.constant_input(1),
               *delta = c.constant_input(2);
  if (!start || !limit || !delta) return c.set_output(0, PartialShape{-1});
  const auto size = [&]<class T>(T) {
    return range_size(*start->data<T>(), *limit->data<T>(), *delta->data<T>());
  };
  switch (c.attrs().type("Tidx")) {
    case DType::kInt32:
      return c.set_output(0, PartialShape{size(std::int32_t{})});
    case DType::kInt64:
      return c.set_output(0, PartialShape{size(std::int64_t{})});
    case DType::kFloat:
      return c.set_output(0, PartialShape{size(float{})});
    case DType::kDouble:
      return c.set_output(0, PartialShape{size(double{})});
    case DType::kHalf:
    case DType::kBfloat16: {
      const auto read = [&](const Tensor& t) {
        return t.dtype() == DType::kHalf ? float(*t.data<Half>()) : float(*t.data<Bfloat16>());
      };
      return c.set_output(0, PartialShape{range_size(read(*start), read(*limit), read(*delta))});
    }
    default:
      return c.set_output(0, PartialShape{-1});
  }
}

void broadcast_to_shape(ShapeContext& c) {
  c.with_rank(1, 1);
  const PartialShape& in = c.input(0);
  const PartialShape out = c.constant_as_shape(1);
  if (in.has_rank() && out.has_rank()) {
    if (in.rank() > out.rank()) {
      invalid("Shape must be at most rank ", out.rank(), " but is rank ", in.rank());
    }
    for (int i = 1; i <= in.rank(); ++i) {
      const std::int64_t from = in.dim(-i), to = out.dim(-i);
      if (from >= 0 && to >= 0 && from != 1 && from != to) {
        invalid("Dimensions must be equal, but are ", from, " and ", to);
      }
    }
  }
  c.set_output(0, out);
}
void broadcast_to_grad(GradContext& g) { g.set(0, sum_to(g, g.dy(), g.input(0))); }

void broadcast_args_shape(ShapeContext& c) {
  const PartialShape a = c.with_rank(0, 1), b = c.with_rank(1, 1);
  c.set_output(0, PartialShape{a[0] < 0 || b[0] < 0 ? -1 : std::max(a[0], b[0])});
}

void broadcast_gradient_args_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  c.with_rank(1, 1);
  const Tensor *a = c.constant_input(0), *b = c.constant_input(1);
  if (a == nullptr || b == nullptr) {
    c.set_output(0, PartialShape{-1});
    return c.set_output(1, PartialShape{-1});
  }
  const auto [first, second] = broadcast_gradient_axes(a->as_int64s(), b->as_int64s());
  c.set_output(0, PartialShape{std::int64_t(first.size())});
  c.set_output(1, PartialShape{std::int64_t(second.size())});
}

void bitcast_shape(ShapeContext& c) {
  PartialShape out = c.input(0);
  const auto from = std::int64_t(dtype_size(c.attrs().type("T")));
  const auto to = std::int64_t(dtype_size(c.attrs().type("type")));
  if (!out.has_rank() || from == to) return c.set_output(0, out);
  if (from > to) {
    out.append(from / to);
    return c.set_output(0, out);
  }
  const std::int64_t last = out.rank() == 0 ? 1 : out.dim(-1);
  if (out.rank() == 0 || (last >= 0 && last != to / from)) {
    invalid("Cannot bitcast due to shape. ", last, " is not divisible by ", to / from, ".");
  }
  c.set_output(0, PartialShape(out.dims().first(std::size_t(out.rank() - 1))));
}

constexpr OpRow kRows[] = {
    {"Const", "- -> output:dtype; value:tensor; dtype:type", const_shape, no_gradient, kConstant},
    {"Placeholder", "- -> output:dtype; dtype:type; shape:shape=unknown", placeholder_shape,
     nullptr, kPlaceholder},
    {"PlaceholderV2", "- -> output:dtype; dtype:type; shape:shape", placeholder_shape, nullptr,
     kPlaceholder},
    {"PlaceholderWithDefault", "input:dtype -> output:dtype; dtype:type; shape:shape",
     placeholder_with_default_shape, pass_grad, kView},
    {"Identity", "input:T -> output:T; T:type", same_shape, pass_grad, kView},
    {"IdentityN", "input:[T] -> output:[T]; T:list(type)>=1", identity_n_shape, identity_n_grad},
    {"Snapshot", "input:T -> output:T; T:type", same_shape, pass_grad, kView},
    {"EnsureShape", "input:T -> output:T; shape:shape; T:type", ensure_shape_shape, pass_grad,
     kView},
    {"StopGradient", "input:T -> output:T; T:type", same_shape, no_gradient,
     kView | kStopsGradient},
    {"PreventGradient", "input:T -> output:T; T:type; message:string=''", same_shape,
     prevent_gradient_grad, kView},
    {"Shape", "input:T -> output:out_type; T:type; out_type:type{int32,int64}=int32", shape_shape,
     no_gradient, kShapeOnly},
    {"ShapeN", "input:N*T -> output:N*out_type; N:int>=1; T:type; out_type:type{int32,int64}=int32",
     shape_shape, no_gradient, kShapeOnly},
    {"Size", "input:T -> output:out_type; T:type; out_type:type{int32,int64}=int32", scalar_shape,
     no_gradient, kShapeOnly},
    {"Rank", "input:T -> output:int32; T:type", scalar_shape, no_gradient, kShapeOnly},
    {"Reshape", "tensor:T shape:Tshape -> output:T; T:type; Tshape:type{int32,int64}=int32",
     reshape_shape, reshape_back_grad, kView},
    {"ExpandDims", "input:T dim:Tdim -> output:T; T:type; Tdim:type{int32,int64}=int32",
     expand_dims_shape, reshape_back_grad, kView},
    {"Squeeze", "input:T -> output:T; T:type; squeeze_dims:list(int)>=0=[]", squeeze_shape,
     reshape_back_grad, kView},
    {"Fill", "dims:index_type value:T -> output:T; T:type; index_type:type{int32,int64}=int32",
     fill_shape, fill_grad},
    {"ZerosLike", "x:T -> y:T; T:type", same_shape, no_gradient, kShapeOnly},
    {"OnesLike",
     "x:T -> y:T; "
     "T:type{bfloat16,half,float,double,int8,uint8,int16,uint16,int32,int64,complex64,"
     "complex128,bool}",
     same_shape, no_gradient, kShapeOnly},
    {"Range",
     "start:Tidx limit:Tidx delta:Tidx -> output:Tidx; "
     "Tidx:type{bfloat16,float,double,int32,int64}=int32",
     range_shape, no_gradient},
    {"BroadcastTo", "input:T shape:Tidx -> output:T; T:type; Tidx:type{int32,int64}=int32",
     broadcast_to_shape, broadcast_to_grad},
    {"BroadcastArgs", "s0:T s1:T -> r0:T; T:type{int32,int64}=int32", broadcast_args_shape,
     nullptr},
    {"BroadcastGradientArgs", "s0:T s1:T -> r0:T r1:T; T:type{int32,int64}=int32",
     broadcast_gradient_args_shape, no_gradient},
    {"Bitcast",
     "input:T -> output:type; "
     "T:type{bfloat16,half,float,double,int64,int32,uint8,uint16,uint32,uint64,int8,int16,"
     "complex64,complex128,qint8,quint8,qint16,quint16,qint32}; "
     "type:type{bfloat16,half,float,double,int64,int32,uint8,uint16,uint32,uint64,int8,"
     "int16,complex64,complex128,qint8,quint8,qint16,quint16,qint32}",
     bitcast_shape, nullptr},
};

}  // namespace

std::span<const OpRow> array_ops() { return kRows; }

}  // namespace caudal::ops
