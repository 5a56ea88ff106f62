// SPDX-License-Identifier: Apache-2.0
// Parts of tensors, and tensors with a border around them.
#include <algorithm>

#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/shape_math.h"

namespace caudal::ops {
namespace {

Output int_constant(const GradContext& g, DType dtype, const std::vector<std::int64_t>& values,
                    const Shape& shape) {
  Tensor t(dtype, shape);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (dtype == DType::kInt32) {
      t.data<std::int32_t>()[i] = std::int32_t(values[i]);
    } else {
      t.data<std::int64_t>()[i] = values[i];
    }
  }
  return g.builder().constant(t);
}

// The value of a Const node; empty when the node is another op.
std::vector<std::int64_t> const_values(Output x) {
  if (!x.node->op().has(kConstant)) return {};
  return x.node->attrs().tensor("value").as_int64s();
}

void slice_shape(ShapeContext& c) {
  const PartialShape begin_shape = c.with_rank(1, 1), size_shape = c.with_rank(2, 1);
  const std::int64_t n = ShapeContext::merge_dim(begin_shape[0], size_shape[0]);
  if (n < 0) {
    return c.set_output(0, c.input(0).has_rank() ? PartialShape::unknown_of_rank(c.input(0).rank())
                                                 : PartialShape::unknown());
  }
  if (n > kMaxRank) invalid("begin has ", n, " entries, tensors have at most ", kMaxRank, " axes");
  const PartialShape in = c.with_rank(0, int(n));
  const Tensor* size = c.constant_input(2);
  PartialShape out = PartialShape::unknown_of_rank(int(n));
  if (size == nullptr) {
    const PartialShape partial = c.constant_as_shape(2);
    return c.set_output(0, partial.rank() == n ? partial : out);
  }
  const std::vector<std::int64_t> sizes = size->as_int64s();
  const Tensor* begin = nullptr;
  if (std::ranges::count(sizes, -1) > 0) begin = c.constant_input(1);
  for (int i = 0; i < n; ++i) {
    const std::int64_t s = sizes[std::size_t(i)];
    if (s < -1) invalid("Expected size[", i, "] >= -1, but got ", s);
    out.set_dim(i, s);
    if (s == -1 && begin != nullptr && in[i] >= 0) {
      const std::int64_t b = begin->as_int64s()[std::size_t(i)];
      if (b < 0 || b > in[i]) {
        invalid("Expected begin[", i, "] in [0, ", in[i], "], but got ", b);
      }
      out.set_dim(i, in[i] - b);
    }
  }
  c.set_output(0, out);
}

// dx is dy with the borders that the slice cut away.
void slice_grad(GradContext& g) {
  const Output x = g.input(0), begin = g.input(1), dy = g.dy();
  const PartialShape &xs = x.shape(), &ys = g.output(0).shape();
  const std::vector<std::int64_t> first = const_values(begin);
  if (xs.fully_defined() && ys.fully_defined() && std::int64_t(first.size()) == xs.rank()) {
    std::vector<std::int64_t> paddings;
    for (int i = 0; i < xs.rank(); ++i) {
      paddings.push_back(first[std::size_t(i)]);
      paddings.push_back(xs[i] - ys[i] - first[std::size_t(i)]);
    }
    if (std::ranges::all_of(paddings, [](std::int64_t p) { return p >= 0; })) {
      return g.set(0,
                   g("Pad", {dy, int_constant(g, begin.dtype(), paddings, Shape{xs.rank(), 2})}));
    }
  }
  const AttrList type{{"out_type", begin.dtype()}};
  const Output after = g("Sub", {g("Sub", {g("Shape", {x}, type), g("Shape", {dy}, type)}), begin});
  g.set(0, g("Pad", {dy, g("Pack", {begin, after}, {{"axis", 1}}, "paddings")}));
}

void strided_slice_shape(ShapeContext& c) {
  std::int64_t n = -1;
  for (int i = 1; i < 4; ++i) n = ShapeContext::merge_dim(n, c.with_rank(i, 1)[0]);
  const PartialShape& in = c.input(0);
  const Tensor* strides = c.constant_input(3);
  if (!in.has_rank() || strides == nullptr) return c.set_output(0, PartialShape::unknown());
  const SliceMasks masks = SliceMasks::from(c.attrs());
  const std::vector<std::int64_t> steps = strides->as_int64s();
  // begin and end are asked for only when the shape depends on them: x[i] needs no i.
  const ResolvedSlice loose = resolve_slice(in, nullptr, nullptr, steps, masks);
  bool needs_bounds = false;
  for (const auto& axis : loose.axes) needs_bounds |= axis.size < 0 && !axis.full;
  if (!needs_bounds && c.planning()) return c.set_output(0, loose.output);
  const Tensor *begin = c.constant_input(1), *end = c.constant_input(2);
  if (begin == nullptr || end == nullptr) return c.set_output(0, loose.output);
  const std::vector<std::int64_t> first = begin->as_int64s(), last = end->as_int64s();
  c.set_output(0, resolve_slice(in, &first, &last, steps, masks).output);
}

AttrList mask_attrs(const AttrMap& attrs) {
  AttrList list;
  for (const char* name :
       {"begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"}) {
    list.emplace_back(name, attrs.at(name));
  }
  return list;
}

void strided_slice_grad(GradContext& g) {
  const Output x = g.input(0), begin = g.input(1);
  Output shape;
  if (begin.dtype() == DType::kInt32) {
    shape = shape_of(g, x);
  } else {
    shape = g("Shape", {x}, {{"out_type", begin.dtype()}});
  }
  g.set(0, g("StridedSliceGrad", {shape, begin, g.input(2), g.input(3), g.dy()},
             mask_attrs(g.attrs())));
}

void strided_slice_grad_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  c.set_output(0, c.constant_as_shape(0));
}
void strided_slice_grad_grad(GradContext& g) {
  g.set(4, g("StridedSlice", {g.dy(), g.input(1), g.input(2), g.input(3)}, mask_attrs(g.attrs())));
}

// The paddings as known values after checking shapes; sets a shape of unknown dimensions if not.
bool read_paddings(ShapeContext& c, PartialShape& in, std::vector<std::int64_t>& values) {
  const PartialShape p = c.with_rank(1, 2);
  ShapeContext::merge_dim(p[1], 2);
  in = c.input(0);
  if (p[0] > kMaxRank)
    invalid("paddings has ", p[0], " rows, tensors have at most ", kMaxRank, " axes");
  if (p[0] >= 0) in = c.with_rank(0, int(p[0]));
  const Tensor* paddings = c.constant_input(1);
  if (!in.has_rank() || paddings == nullptr) {
    c.set_output(0, in.has_rank() ? PartialShape::unknown_of_rank(in.rank()) : in);
    return false;
  }
  values = paddings->as_int64s();
  if (std::int64_t(values.size()) != 2 * in.rank()) {
    invalid("paddings must have a row for each of ", in.rank(), " axes, got shape ", p);
  }
  for (const std::int64_t v : values) {
    if (v < 0) invalid("paddings must be non-negative, got ", v);
  }
  return true;
}

void pad_shape(ShapeContext& c) {
  PartialShape out;
  std::vector<std::int64_t> p;
  if (c.num_inputs() == 3) c.with_rank(2, 0);
  if (!read_paddings(c, out, p)) return;
  for (int i = 0; i < out.rank(); ++i) {
    std::int64_t size = out[i];
    if (size < 0) continue;
    for (int k = 0; k < 2; ++k) {
      if (__builtin_add_overflow(size, p[std::size_t(2 * i + k)], &size)) {
        invalid("the padded dimension ", i, " does not fit");
      }
    }
    out.set_dim(i, size);
  }
  c.set_output(0, out);
}

void mirror_pad_grad_shape(ShapeContext& c) {
  PartialShape out;
  std::vector<std::int64_t> p;
  if (!read_paddings(c, out, p)) return;
  for (int i = 0; i < out.rank(); ++i) {
    if (out[i] < 0) continue;
    const std::int64_t a = p[std::size_t(2 * i)], b = p[std::size_t(2 * i + 1)];
    if (a > out[i] || b > out[i] - a) {
      invalid("Negative dimension size caused by subtracting paddings ", a, ", ", b, " from ",
              out[i]);
    }
    out.set_dim(i, out[i] - a - b);
  }
  c.set_output(0, out);
}

// dx is the part of dy that holds x.
void pad_grad(GradContext& g) {
  const Output x = g.input(0), paddings = g.input(1);
  const PartialShape& xs = x.shape();
  const std::vector<std::int64_t> known = const_values(paddings);
  if (xs.has_rank() && std::int64_t(known.size()) == 2 * xs.rank() && xs.fully_defined()) {
    std::vector<std::int64_t> begin;
    for (int i = 0; i < xs.rank(); ++i) begin.push_back(known[std::size_t(2 * i)]);
    const std::vector<std::int64_t> size(xs.dims().begin(), xs.dims().end());
    const Shape vector{xs.rank()};
    return g.set(0, g("Slice", {g.dy(), int_constant(g, paddings.dtype(), begin, vector),
                                int_constant(g, paddings.dtype(), size, vector)}));
  }
  const Builder& b = g.builder();
  const Output column =
      g("StridedSlice", {paddings, b.ints({0, 0}), b.ints({0, 1}), b.ints({1, 1})},
        {{"begin_mask", 1}, {"end_mask", 1}, {"shrink_axis_mask", 2}});
  g.set(0, g("Slice", {g.dy(), column, g("Shape", {x}, {{"out_type", paddings.dtype()}})}));
}

void mirror_pad_grad(GradContext& g) {
  g.set(0, g("MirrorPadGrad", {g.dy(), g.input(1)}, {{"mode", g.attrs().at("mode")}}));
}
void mirror_pad_grad_grad(GradContext& g) {
  g.set(0, g("MirrorPad", {g.dy(), g.input(1)}, {{"mode", g.attrs().at("mode")}}));
}

constexpr OpRow kRows[] = {
    {"Slice", "input:T begin:Index size:Index -> output:T; T:type; Index:type{int32,int64}",
     slice_shape, slice_grad, kCuts},
    {"StridedSlice",
     "input:T begin:Index end:Index strides:Index -> output:T; T:type; "
     "Index:type{int32,int64}; begin_mask:int=0; end_mask:int=0; ellipsis_mask:int=0; "
     "new_axis_mask:int=0; shrink_axis_mask:int=0",
     strided_slice_shape, strided_slice_grad},
    {"StridedSliceGrad",
     "shape:Index begin:Index end:Index strides:Index dy:T -> output:T; T:type; "
     "Index:type{int32,int64}; begin_mask:int=0; end_mask:int=0; ellipsis_mask:int=0; "
     "new_axis_mask:int=0; shrink_axis_mask:int=0",
     strided_slice_grad_shape, strided_slice_grad_grad},
    {"Pad", "input:T paddings:Tpaddings -> output:T; T:type; Tpaddings:type{int32,int64}=int32",
     pad_shape, pad_grad},
    {"PadV2",
     "input:T paddings:Tpaddings constant_values:T -> output:T; T:type; "
     "Tpaddings:type{int32,int64}=int32",
     pad_shape, pad_grad},
    {"MirrorPad",
     "input:T paddings:Tpaddings -> output:T; T:type; Tpaddings:type{int32,int64}=int32; "
     "mode:string{'REFLECT','SYMMETRIC'}",
     pad_shape, mirror_pad_grad},
    {"MirrorPadGrad",
     "input:T paddings:Tpaddings -> output:T; T:type; Tpaddings:type{int32,int64}=int32; "
     "mode:string{'REFLECT','SYMMETRIC'}",
     mirror_pad_grad_shape, mirror_pad_grad_grad},
};

}  // namespace

std::span<const OpRow> slice_ops() { return kRows; }

}  // namespace caudal::ops
