// SPDX-License-Identifier: Apache-2.0
// Grayscale dilation of images, and permutations that turn one data format into another.
#include <algorithm>
#include <string>

#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/window.h"

namespace caudal::ops {
namespace {

/// Sizes of the result; filter [height, width, depth].
PartialShape dilated(const AttrMap& attrs, const PartialShape& x, const PartialShape& filter) {
  const auto& strides = window_list(attrs, "strides");
  const auto& rates = window_list(attrs, "rates");
  for (std::size_t i = 0; i < 4; ++i) {
    if (strides[i] <= 0) invalid("Stride must be > 0, but got ", strides[i]);
    if (rates[i] <= 0) invalid("Dilation rate must be > 0, but got ", rates[i]);
  }
  if (strides[0] != 1 || strides[3] != 1) {
    fail(Code::kUnimplemented, "Stride is only supported across spatial dimensions.");
  }
  if (rates[0] != 1 || rates[3] != 1) {
    fail(Code::kUnimplemented, "Rate is only supported across spatial dimensions.");
  }
  PartialShape out = x;
  out.set_dim(3, ShapeContext::merge_dim(x[3], filter[2]));
  for (int i = 0; i < 2; ++i) {
    Window w{x[i + 1], filter[i], strides[std::size_t(i + 1)], rates[std::size_t(i + 1)]};
    w.resolve(attrs.s("padding"));
    out.set_dim(i + 1, w.out);
  }
  return out;
}

void dilation_shape(ShapeContext& c) {
  c.set_output(0, dilated(c.attrs(), c.with_rank(0, 4), c.with_rank(1, 3)));
}
template <int kInput>
void dilation_grad_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 4), filter = c.with_rank(1, 3);
  (void)dilated(c.attrs(), x, filter).merge(c.with_rank(2, 4));
  c.set_output(0, kInput == 0 ? x : filter);
}

void dilation_grad(GradContext& g) {
  AttrList attrs;
  for (const char* name : {"strides", "rates", "padding"}) {
    attrs.emplace_back(name, g.attrs().at(name));
  }
  const char* ops[] = {"Dilation2DBackpropInput", "Dilation2DBackpropFilter"};
  for (int i = 0; i < 2; ++i) {
    if (g.needs(i)) g.set(i, g(ops[i], {g.input(0), g.input(1), g.dy()}, attrs));
  }
}

void check_formats(const AttrMap& attrs) {
  const std::string &from = attrs.s("src_format"), &to = attrs.s("dst_format");
  std::string a = from, b = to;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  if (a != b || std::adjacent_find(a.begin(), a.end()) != a.end()) {
    invalid("Destination and source format must determine a permutation, got ", from, " and ", to);
  }
}
void dim_map_shape(ShapeContext& c) {
  check_formats(c.attrs());
  same_shape(c);
}
void vec_permute_shape(ShapeContext& c) {
  check_formats(c.attrs());
  const PartialShape& x = c.input(0);
  const auto rank = std::int64_t(c.attrs().s("src_format").size());
  if (x.has_rank()) {
    if (x.rank() != 1 && x.rank() != 2) {
      invalid("input must be a vector or 2D tensor, but got shape ", x);
    }
    if (x[0] >= 0 && x[0] != rank) {
      invalid(x.rank(), "D input must be of size ", rank, ", but got shape ", x);
    }
    if (x.rank() == 2 && x[1] >= 0 && x[1] != 2) {
      invalid("Second dimension of 2D input must be of size 2, but got shape ", x);
    }
  }
  same_shape(c);
}

#define CAUDAL_DILATION                                                                    \
  "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}; " \
  "strides:list(int)>=4; rates:list(int)>=4; padding:string{'SAME','VALID'}"
#define CAUDAL_FORMATS \
  "T:type{int32,int64}=int32; src_format:string='NHWC'; dst_format:string='NCHW'"

constexpr OpRow kRows[] = {
    {"Dilation2D", "input:T filter:T -> output:T; " CAUDAL_DILATION, dilation_shape, dilation_grad},
    {"Dilation2DBackpropInput",
     "input:T filter:T out_backprop:T -> in_backprop:T; " CAUDAL_DILATION, dilation_grad_shape<0>,
     nullptr},
    {"Dilation2DBackpropFilter",
     "input:T filter:T out_backprop:T -> filter_backprop:T; " CAUDAL_DILATION,
     dilation_grad_shape<1>, nullptr},
    {"DataFormatDimMap", "x:T -> y:T; " CAUDAL_FORMATS, dim_map_shape, no_gradient},
    {"DataFormatVecPermute", "x:T -> y:T; " CAUDAL_FORMATS, vec_permute_shape, no_gradient},
};

}  // namespace

std::span<const OpRow> dilation_ops() { return kRows; }

}  // namespace caudal::ops
