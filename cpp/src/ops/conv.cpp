// SPDX-License-Identifier: Apache-2.0
// Convolutions of images, and their gradients as ops of their own.
#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/window.h"

namespace caudal::ops {
namespace {

/// What a graph may hold but no run accepts is refused when a plan is made.
void check_strides(const ShapeContext& c) {
  const AttrMap& attrs = c.attrs();
  for (const char* name : {"strides", "dilations"}) {
    for (std::int64_t v : window_list(attrs, name)) {
      if (v <= 0) {
        invalid(name[0] == 's' ? "Stride must be > 0" : "Dilation rate must be >= 1", ", but got ",
                v);
      }
    }
    const auto& v = attrs.ints(name);
    const ImageLayout at = ImageLayout::of(attrs);
    if (c.planning() && (v[std::size_t(at.n)] != 1 || v[std::size_t(at.c)] != 1)) {
      invalid("Current implementation does not yet support ", name,
              " in the batch and depth dimensions.");
    }
  }
  const AttrValue* pads = attrs.find("explicit_paddings");
  if (pads != nullptr && attrs.s("padding") != "EXPLICIT" &&
      !pads->get<std::vector<std::int64_t>>().empty()) {
    invalid("explicit_paddings attribute must be empty if the padding attribute is not EXPLICIT");
  }
  const ImageLayout at = ImageLayout::of(attrs);
  Window batch, depth;
  explicit_padding(attrs, at.n, batch);
  explicit_padding(attrs, at.c, depth);
  if (batch.pad_before != 0 || batch.pad_after != 0 || depth.pad_before != 0 ||
      depth.pad_after != 0) {
    invalid("Nonzero explicit padding in the batch or depth dimensions is not supported");
  }
}

std::int64_t spatial_out(const AttrMap& attrs, std::int64_t in, std::int64_t filter, int dim) {
  Window w{in, filter, window_list(attrs, "strides")[std::size_t(dim)],
           window_list(attrs, "dilations")[std::size_t(dim)]};
  explicit_padding(attrs, dim, w);
  w.resolve(attrs.s("padding"));
  return w.out;
}

void conv_shape(ShapeContext& c, bool depthwise) {
  const AttrMap& attrs = c.attrs();
  const ImageLayout at = ImageLayout::of(attrs);
  check_strides(c);
  const PartialShape x = c.with_rank(0, 4), filter = c.with_rank(1, 4);
  PartialShape out = PartialShape::unknown_of_rank(4);
  const std::int64_t depth = x[at.c], filter_depth = filter[2];
  if (depthwise) {
    if (depth >= 0 && filter_depth >= 0 && depth != filter_depth) {
      invalid("Dimensions must be equal, but are ", depth, " and ", filter_depth);
    }
    const std::int64_t in = depth >= 0 ? depth : filter_depth;
    out.set_dim(at.c, in >= 0 && filter[3] >= 0 ? checked_mul(in, filter[3]) : -1);
  } else {
    if (depth >= 0 && filter_depth >= 0) {
      if (filter_depth == 0 ? depth != 0 : depth % filter_depth != 0) {
        invalid("Depth of input (", depth, ") is not a multiple of input depth of filter (",
                filter_depth, ")");
      }
      const std::int64_t groups = filter_depth == 0 ? 1 : depth / filter_depth;
      if (groups > 1 && filter[3] >= 0 && filter[3] % groups != 0) {
        invalid("Depth of output (", filter[3], ") is not a multiple of the number of groups (",
                groups, ")");
      }
    }
    out.set_dim(at.c, filter[3]);
  }
  out.set_dim(at.n, x[at.n]);
  out.set_dim(at.h, spatial_out(attrs, x[at.h], filter[0], at.h));
  out.set_dim(at.w, spatial_out(attrs, x[at.w], filter[1], at.w));
  c.set_output(0, out);
}
void conv2d_shape(ShapeContext& c) { conv_shape(c, false); }
void depthwise_shape(ShapeContext& c) { conv_shape(c, true); }

/// `forward` is the shape that the forward convolution would give; dy has to agree.
void check_out_backprop(ShapeContext& c, const PartialShape& x, const PartialShape& filter,
                        bool depthwise) {
  const AttrMap& attrs = c.attrs();
  const ImageLayout at = ImageLayout::of(attrs);
  const PartialShape dy = c.with_rank(2, 4);
  if (!x.has_rank() || !filter.has_rank()) return;
  auto agree = [&](int dim, std::int64_t expected) {
    if (dy[dim] >= 0 && expected >= 0 && dy[dim] != expected) {
      invalid("Size of out_backprop doesn't match computed: actual = ", dy[dim],
              ", computed = ", expected, " in dimension ", dim);
    }
  };
  agree(at.n, x[at.n]);
  agree(at.h, spatial_out(attrs, x[at.h], filter[0], at.h));
  agree(at.w, spatial_out(attrs, x[at.w], filter[1], at.w));
  const std::int64_t in = x[at.c] >= 0 ? x[at.c] : filter[2];
  if (depthwise) {
    agree(at.c, in >= 0 && filter[3] >= 0 ? checked_mul(in, filter[3]) : -1);
  } else {
    agree(at.c, filter[3]);
  }
  if (x[at.c] >= 0 && filter[2] >= 0) {
    const bool bad = depthwise ? x[at.c] != filter[2]
                               : (filter[2] == 0 ? x[at.c] != 0 : x[at.c] % filter[2] != 0);
    if (bad) {
      invalid("Depth of input (", x[at.c], ") is not a multiple of input depth of filter (",
              filter[2], ")");
    }
    const std::int64_t groups = depthwise || filter[2] == 0 ? 1 : x[at.c] / filter[2];
    if (groups > 1 && filter[3] >= 0 && filter[3] % groups != 0) {
      invalid("Depth of output (", filter[3], ") is not a multiple of the number of groups (",
              groups, ")");
    }
  }
}

PartialShape sizes_input(ShapeContext& c, int i, int rank, const char* what) {
  PartialShape sizes = c.constant_as_shape(i);
  if (!sizes.has_rank()) return PartialShape::unknown_of_rank(rank);
  if (sizes.rank() != rank) {
    invalid(what, " requires ", rank, " values, but got ", sizes.rank());
  }
  return sizes;
}

void backprop_input(ShapeContext& c, bool depthwise) {
  check_strides(c);
  c.with_rank(0, 1);
  const PartialShape filter = c.with_rank(1, 4);
  PartialShape sizes = c.constant_as_shape(0);
  const ImageLayout at = ImageLayout::of(c.attrs());
  if (sizes.has_rank() && sizes.rank() == 2) {
    // Height and width alone: batch and depth come from the other inputs.
    const PartialShape dy = c.with_rank(2, 4);
    PartialShape full = PartialShape::unknown_of_rank(4);
    full.set_dim(at.n, dy[at.n]);
    full.set_dim(at.h, sizes[0]);
    full.set_dim(at.w, sizes[1]);
    full.set_dim(at.c, filter[2]);
    sizes = full;
  }
  if (!sizes.has_rank()) sizes = PartialShape::unknown_of_rank(4);
  if (sizes.rank() != 4) {
    invalid("input_sizes must contain 4 values or 2 values, got: ", sizes.rank());
  }
  const PartialShape dy = c.with_rank(2, 4);
  if (sizes[at.n] < 0) sizes.set_dim(at.n, dy[at.n]);
  check_out_backprop(c, sizes, filter, depthwise);
  c.set_output(0, sizes);
}
void conv2d_backprop_input_shape(ShapeContext& c) { backprop_input(c, false); }
void depthwise_backprop_input_shape(ShapeContext& c) { backprop_input(c, true); }

void backprop_filter(ShapeContext& c, bool depthwise) {
  check_strides(c);
  c.with_rank(1, 1);
  const PartialShape x = c.with_rank(0, 4);
  const PartialShape filter = sizes_input(c, 1, 4, "filter_sizes");
  check_out_backprop(c, x, filter, depthwise);
  c.set_output(0, filter);
}
void conv2d_backprop_filter_shape(ShapeContext& c) { backprop_filter(c, false); }
void depthwise_backprop_filter_shape(ShapeContext& c) { backprop_filter(c, true); }

/// The attrs that a convolution shares with its gradients.
AttrList conv_attrs(const GradContext& g) {
  AttrList out;
  for (const auto& [name, value] : g.attrs().list()) {
    if (name != "T" && !name.starts_with("_")) out.emplace_back(name, value);
  }
  return out;
}

struct Names {
  const char* forward;
  const char* to_input;
  const char* to_filter;
};
constexpr Names kConv{"Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"};
constexpr Names kDepthwise{"DepthwiseConv2dNative", "DepthwiseConv2dNativeBackpropInput",
                           "DepthwiseConv2dNativeBackpropFilter"};

template <const Names& kNames>
void forward_grad(GradContext& g) {
  const Output x = g.input(0), filter = g.input(1), dy = g.dy();
  Node* shapes = g.builder().node("ShapeN", {x, filter});
  if (g.needs(0)) g.set(0, g(kNames.to_input, {shapes->output(0), filter, dy}, conv_attrs(g)));
  if (g.needs(1)) g.set(1, g(kNames.to_filter, {x, shapes->output(1), dy}, conv_attrs(g)));
}

/// inputs: input_sizes, filter, out_backprop.
template <const Names& kNames>
void to_input_grad(GradContext& g) {
  if (g.needs(1)) {
    g.set(1, g(kNames.to_filter, {g.dy(), g("Shape", {g.input(1)}), g.input(2)}, conv_attrs(g)));
  }
  if (g.needs(2)) g.set(2, g(kNames.forward, {g.dy(), g.input(1)}, conv_attrs(g)));
}

/// inputs: input, filter_sizes, out_backprop.
template <const Names& kNames>
void to_filter_grad(GradContext& g) {
  if (g.needs(0)) {
    g.set(0, g(kNames.to_input, {g("Shape", {g.input(0)}), g.dy(), g.input(2)}, conv_attrs(g)));
  }
  if (g.needs(2)) g.set(2, g(kNames.forward, {g.input(0), g.dy()}, conv_attrs(g)));
}

#define CAUDAL_CONV_ATTRS                                                               \
  "T:type{half,bfloat16,float,double}; strides:list(int); use_cudnn_on_gpu:bool=true; " \
  "padding:string{'SAME','VALID','EXPLICIT'}; explicit_paddings:list(int)=[]; "         \
  "data_format:string{'NHWC','NCHW'}='NHWC'; dilations:list(int)=[1,1,1,1]"
#define CAUDAL_DEPTHWISE_ATTRS                                                              \
  "T:type{half,bfloat16,float,double}; strides:list(int); padding:string{'SAME','VALID'}; " \
  "data_format:string{'NHWC','NCHW'}='NHWC'; dilations:list(int)=[1,1,1,1]"

constexpr OpRow kRows[] = {
    {"Conv2D", "input:T filter:T -> output:T; " CAUDAL_CONV_ATTRS, conv2d_shape,
     forward_grad<kConv>, kEpilogueHost},
    {"Conv2DBackpropInput",
     "input_sizes:int32 filter:T out_backprop:T -> output:T; " CAUDAL_CONV_ATTRS,
     conv2d_backprop_input_shape, to_input_grad<kConv>},
    {"Conv2DBackpropFilter",
     "input:T filter_sizes:int32 out_backprop:T -> output:T; " CAUDAL_CONV_ATTRS,
     conv2d_backprop_filter_shape, to_filter_grad<kConv>},
    {"DepthwiseConv2dNative", "input:T filter:T -> output:T; " CAUDAL_DEPTHWISE_ATTRS,
     depthwise_shape, forward_grad<kDepthwise>, kEpilogueHost},
    {"DepthwiseConv2dNativeBackpropInput",
     "input_sizes:int32 filter:T out_backprop:T -> output:T; " CAUDAL_DEPTHWISE_ATTRS,
     depthwise_backprop_input_shape, to_input_grad<kDepthwise>},
    {"DepthwiseConv2dNativeBackpropFilter",
     "input:T filter_sizes:int32 out_backprop:T -> output:T; " CAUDAL_DEPTHWISE_ATTRS,
     depthwise_backprop_filter_shape, to_filter_grad<kDepthwise>},
};

}  // namespace

std::span<const OpRow> conv_ops() { return kRows; }

}  // namespace caudal::ops
