// SPDX-License-Identifier: Apache-2.0
// Windows of images and volumes laid into the channels.
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"
#include "tensor/window.h"

namespace caudal::ops {
namespace {

// The window along spatial dimension d of [batch, spatial..., channels].
Window window_along(const AttrMap& attrs, int d, std::int64_t size) {
  const auto k = std::size_t(d);
  const AttrValue* rates = attrs.find("rates");
  Window w;
  w.in = size;
  w.filter = attrs.ints("ksizes")[k];
  w.stride = attrs.ints("strides")[k];
  if (rates != nullptr) w.dilation = rates->get<std::vector<std::int64_t>>()[k];
  if (w.filter < 1 || w.stride < 1 || w.dilation < 1) {
    invalid("ksizes, strides and rates must be positive");
  }
  return w;
}

void patches_shape(ShapeContext& c, int rank) {
  const PartialShape in = c.with_rank(0, rank);
  PartialShape out = in;
  std::int64_t depth = in[rank - 1];
  for (const char* name : {"ksizes", "strides", "rates"}) {
    const AttrValue* list = c.attrs().find(name);
    if (list == nullptr) continue;
    const auto& v = list->get<std::vector<std::int64_t>>();
    if (std::int64_t(v.size()) != rank) {
      invalid(name, " requires a list with ", rank, " values, but got: ", v.size());
    }
    if (v[0] != 1 || v[std::size_t(rank - 1)] != 1) {
      invalid(name, ": windows over the batch or the channels are not supported");
    }
  }
  for (int d = 1; d + 1 < rank; ++d) {
    Window w = window_along(c.attrs(), d, in[d]);
    if (depth >= 0) depth = checked_mul(depth, w.filter);
    const std::int64_t reach = checked_mul(w.filter - 1, w.dilation) + 1;
    if (in[d] >= 0 && c.attrs().s("padding") == "VALID" && in[d] < reach) {
      // Up to one stride is missing in a result that is empty.
      if (const std::int64_t size = (in[d] - reach + w.stride) / w.stride; size < 0) {
        invalid("Computed output size would be negative: ", size, " [input_size: ", in[d],
                ", effective_filter_size: ", reach, ", stride: ", w.stride, "]");
      }
      out.set_dim(d, 0);
      continue;
    }
    w.resolve(c.attrs().s("padding"));
    out.set_dim(d, w.out);
  }
  out.set_dim(rank - 1, depth);
  c.set_output(0, out);
}
void image_shape(ShapeContext& c) { patches_shape(c, 4); }
void volume_shape(ShapeContext& c) { patches_shape(c, 5); }

// The patches of the position numbers tell where every element of a patch came from; position 0 is
// the border. dx sums over equal positions.
void patches_grad(GradContext& g, int rank) {
  const Builder& b = g.builder();
  const Output x = g.input(0), dy = g.dy();
  const Output shape = shape_of(g, x);
  const auto part = [&](int first, int last) {
    return g("StridedSlice", {shape, b.ints({first}), b.ints({last}), b.ints({1})});
  };
  const Output zero = b.scalar(std::int32_t{0}), one = b.scalar(std::int32_t{1});
  const Output spatial = part(1, rank - 1);
  const Output positions = g("Prod", {spatial, b.ints({0})});
  const Output numbers = g("Range", {one, add(g, positions, one), one});
  const Output unit = b.ints({1});
  const Output map =
      g("Reshape", {numbers, g("ConcatV2", {unit, spatial, unit, zero}, {}, "concat")});
  AttrList attrs;
  for (const char* name : {"ksizes", "strides", "rates", "padding"}) {
    if (const AttrValue* v = g.attrs().find(name)) attrs.emplace_back(name, *v);
  }
  const Output ids = sub(g, g("Reshape", {g(g.node().op().name, {map}, attrs), b.ints({-1})}), one);
  const Output batch = part(0, 1), channels = part(rank - 1, rank);
  const Output count = g("ExpandDims", {g("Size", {ids}), zero});
  const Output flat_shape = g("ConcatV2", {batch, count, channels, zero}, {}, "concat");
  const Output rows = g("Transpose", {g("Reshape", {dy, flat_shape}), b.ints({1, 0, 2})});
  const Output sums = g("UnsortedSegmentSum", {rows, ids, positions});
  g.set(0, g("Reshape", {g("Transpose", {sums, b.ints({1, 0, 2})}), shape}));
}
void image_grad(GradContext& g) { patches_grad(g, 4); }
void volume_grad(GradContext& g) { patches_grad(g, 5); }

#define CAUDAL_TYPES \
  "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}; "

constexpr OpRow kRows[] = {
    {"ExtractImagePatches",
     "images:T -> patches:T; ksizes:list(int)>=4; strides:list(int)>=4; "
     "rates:list(int)>=4; " CAUDAL_TYPES "padding:string{'SAME','VALID'}",
     image_shape, image_grad},
    {"ExtractVolumePatches",
     "input:T -> patches:T; ksizes:list(int)>=5; strides:list(int)>=5; " CAUDAL_TYPES
     "padding:string{'SAME','VALID'}",
     volume_shape, volume_grad},
};

}  // namespace

std::span<const OpRow> patches_ops() { return kRows; }

}  // namespace caudal::ops
