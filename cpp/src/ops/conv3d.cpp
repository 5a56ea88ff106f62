// SPDX-License-Identifier: Apache-2.0
// Convolutions of volumes, and their gradients as ops of their own.
#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/window.h"

namespace caudal::ops {
namespace {

void check_strides(const ShapeContext& c) {
  const AttrMap& attrs = c.attrs();
  const VolumeLayout at = VolumeLayout::of(attrs);
  for (const char* name : {"strides", "dilations"}) {
    const auto& v = window_list(attrs, name, 5);
    for (std::int64_t step : v) {
      if (step <= 0) {
        invalid(name[0] == 's' ? "Stride" : "Dilation rate", " must be > 0, but got ", step);
      }
    }
    if (c.planning() && (v[std::size_t(at.n)] != 1 || v[std::size_t(at.c)] != 1)) {
      invalid("Current implementation does not yet support ", name,
              " in the batch and depth dimensions.");
    }
  }
}

std::int64_t spatial_out(const AttrMap& attrs, std::int64_t in, std::int64_t filter, int dim) {
  Window w{in, filter, window_list(attrs, "strides", 5)[std::size_t(dim)],
           window_list(attrs, "dilations", 5)[std::size_t(dim)]};
  w.resolve(attrs.s("padding"));
  return w.out;
}

/// The shape of the forward convolution's result.
PartialShape convolved(const ShapeContext& c, const PartialShape& x, const PartialShape& filter) {
  const AttrMap& attrs = c.attrs();
  check_strides(c);
  const VolumeLayout at = VolumeLayout::of(attrs);
  PartialShape out = PartialShape::unknown_of_rank(5);
  if (x[at.c] >= 0 && filter[3] >= 0 && x[at.c] != filter[3]) {
    invalid("Dimensions must be equal, but are ", x[at.c], " and ", filter[3]);
  }
  out.set_dim(at.n, x[at.n]);
  out.set_dim(at.c, filter[4]);
  for (int i = 0; i < 3; ++i) {
    const int dim = at.spatial(i);
    out.set_dim(dim, spatial_out(attrs, x[dim], filter[i], dim));
  }
  return out;
}

void check_out_backprop(const PartialShape& dy, const PartialShape& forward) {
  for (int i = 0; i < 5; ++i) {
    if (dy[i] >= 0 && forward[i] >= 0 && dy[i] != forward[i]) {
      invalid("Size of out_backprop doesn't match computed: actual = ", dy[i],
              ", computed = ", forward[i], " in dimension ", i);
    }
  }
}

void conv3d_shape(ShapeContext& c) {
  c.set_output(0, convolved(c, c.with_rank(0, 5), c.with_rank(1, 5)));
}

PartialShape sizes_input(ShapeContext& c, int i, const char* what) {
  c.with_rank(i, 1);
  PartialShape sizes = c.constant_as_shape(i);
  if (!sizes.has_rank()) return PartialShape::unknown_of_rank(5);
  if (sizes.rank() != 5) invalid(what, " must contain 5 values, got: ", sizes.rank());
  return sizes;
}

void to_input_shape(ShapeContext& c) {
  const PartialShape filter = c.with_rank(1, 5), dy = c.with_rank(2, 5);
  PartialShape x = sizes_input(c, 0, "input_sizes");
  const int batch = VolumeLayout::of(c.attrs()).n;
  if (x[batch] < 0) x.set_dim(batch, dy[batch]);
  check_out_backprop(dy, convolved(c, x, filter));
  c.set_output(0, x);
}
void to_filter_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 5), dy = c.with_rank(2, 5);
  const PartialShape filter = sizes_input(c, 1, "filter_sizes");
  check_out_backprop(dy, convolved(c, x, filter));
  c.set_output(0, filter);
}

/// The old gradients take a tensor of the shape instead of the shape.
template <int kLike>
void by_example_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 5), filter = c.with_rank(1, 5);
  check_out_backprop(c.with_rank(2, 5), convolved(c, x, filter));
  c.set_output(0, kLike == 0 ? x : filter);
}

/// The attrs that a convolution shares with its gradients.
AttrList conv_attrs(const GradContext& g) {
  AttrList out;
  for (const char* name : {"strides", "padding", "data_format", "dilations"}) {
    out.emplace_back(name, g.attrs().at(name));
  }
  return out;
}

void conv3d_grad(GradContext& g) {
  const Output x = g.input(0), filter = g.input(1), dy = g.dy();
  Node* shapes = g.builder().node("ShapeN", {x, filter});
  if (g.needs(0)) {
    g.set(0, g("Conv3DBackpropInputV2", {shapes->output(0), filter, dy}, conv_attrs(g)));
  }
  if (g.needs(1)) {
    g.set(1, g("Conv3DBackpropFilterV2", {x, shapes->output(1), dy}, conv_attrs(g)));
  }
}

/// inputs: input_sizes, filter, out_backprop.
void to_input_grad(GradContext& g) {
  if (g.needs(1)) {
    g.set(1, g("Conv3DBackpropFilterV2", {g.dy(), g("Shape", {g.input(1)}), g.input(2)},
               conv_attrs(g)));
  }
  if (g.needs(2)) g.set(2, g("Conv3D", {g.dy(), g.input(1)}, conv_attrs(g)));
}

/// inputs: input, filter_sizes, out_backprop.
void to_filter_grad(GradContext& g) {
  if (g.needs(0)) {
    g.set(0, g("Conv3DBackpropInputV2", {g("Shape", {g.input(0)}), g.dy(), g.input(2)},
               conv_attrs(g)));
  }
  if (g.needs(2)) g.set(2, g("Conv3D", {g.input(0), g.dy()}, conv_attrs(g)));
}

#define CAUDAL_CONV3D_T "T:type{half,bfloat16,float,double}; "
#define CAUDAL_CONV3D_ATTRS                                \
  "strides:list(int)>=5; padding:string{'SAME','VALID'}; " \
  "data_format:string{'NDHWC','NCDHW'}='NDHWC'; dilations:list(int)=[1,1,1,1,1]"
#define CAUDAL_CONV3D_OLD_ATTRS                                                       \
  "T:type{half,float,double}; strides:list(int)>=5; padding:string{'SAME','VALID'}; " \
  "dilations:list(int)=[1,1,1,1,1]"

constexpr OpRow kRows[] = {
    {"Conv3D", "input:T filter:T -> output:T; " CAUDAL_CONV3D_T CAUDAL_CONV3D_ATTRS, conv3d_shape,
     conv3d_grad},
    {"Conv3DBackpropInputV2",
     "input_sizes:Tshape filter:T out_backprop:T -> output:T; " CAUDAL_CONV3D_T CAUDAL_CONV3D_ATTRS
     "; Tshape:type{int32,int64}=int32",
     to_input_shape, to_input_grad},
    {"Conv3DBackpropFilterV2",
     "input:T filter_sizes:int32 out_backprop:T -> output:T; " CAUDAL_CONV3D_T CAUDAL_CONV3D_ATTRS,
     to_filter_shape, to_filter_grad},
    {"Conv3DBackpropInput", "input:T filter:T out_backprop:T -> output:T; " CAUDAL_CONV3D_OLD_ATTRS,
     by_example_shape<0>, nullptr},
    {"Conv3DBackpropFilter",
     "input:T filter:T out_backprop:T -> output:T; " CAUDAL_CONV3D_OLD_ATTRS, by_example_shape<1>,
     nullptr},
};

}  // namespace

std::span<const OpRow> conv3d_ops() { return kRows; }

}  // namespace caudal::ops
