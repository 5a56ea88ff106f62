// SPDX-License-Identifier: Apache-2.0
#include "tensor/window.h"

#include <algorithm>

#include "caudal/error.h"

namespace caudal {

ImageLayout ImageLayout::of(const AttrMap& attrs) {
  const AttrValue* format = attrs.find("data_format");
  if (format == nullptr) return {};
  const std::string& name = format->get<std::string>();
  if (name == "NCHW") return {0, 2, 3, 1};
  if (name != "NHWC") fail(Code::kUnimplemented, "data_format ", name, ": NHWC or NCHW expected");
  return {};
}

void Window::resolve(std::string_view padding) {
  const bool same = padding == "SAME";
  if (in < 0 || (filter < 0 && !same)) return;
  if (same) {
    pad_before = pad_after = 0;
    out = in / stride + (in % stride != 0);
    if (filter <= 0) return;
    const std::int64_t reach = checked_mul(filter - 1, dilation) + 1;
    const std::int64_t covered = std::max<std::int64_t>(out - 1, 0) * stride;
    const std::int64_t need = std::max<std::int64_t>(0, covered - in + reach);
    pad_before = need / 2;
    pad_after = need - pad_before;
    return;
  }
  const std::int64_t reach = filter == 0 ? 0 : checked_mul(filter - 1, dilation) + 1;
  const std::int64_t padded = in + pad_before + pad_after;
  // Single elements keep the size, zero too: a batch without images has pools.
  if (padded < reach && !(filter == 1 && stride == 1)) {
    invalid("Negative dimension size caused by subtracting ", reach, " from ", padded);
  }
  out = (padded - reach) / stride + 1;
}

const std::vector<std::int64_t>& window_list(const AttrMap& attrs, std::string_view name,
                                             std::size_t rank) {
  const auto& v = attrs.ints(name);
  if (v.size() != rank) {
    invalid("attr ", name, " must have ", rank, " entries, one per dimension, but has ", v.size());
  }
  return v;
}

void explicit_padding(const AttrMap& attrs, int dim, Window& w) {
  if (attrs.s("padding") != "EXPLICIT") return;
  const auto& pads = attrs.ints("explicit_paddings");
  if (pads.size() != 8) {
    invalid("explicit_paddings attribute must contain 8 values, but got: ", pads.size());
  }
  for (std::int64_t p : pads) {
    if (p < 0 || p > (std::int64_t{1} << 40)) {
      invalid("All elements of explicit_paddings must be nonnegative, but got ", p);
    }
  }
  w.pad_before = pads[std::size_t(2 * dim)];
  w.pad_after = pads[std::size_t(2 * dim + 1)];
}

ConvGeometry ConvGeometry::of(const AttrMap& attrs, const Shape& input, const Shape& filter,
                              bool depthwise) {
  const ImageLayout at = ImageLayout::of(attrs);
  const auto& strides = window_list(attrs, "strides");
  const auto& dilations = window_list(attrs, "dilations");
  ConvGeometry g;
  g.nchw = at.nchw();
  g.n = input[at.n];
  g.ic = input[at.c];
  if (depthwise) {
    g.groups = filter[2];
    g.oc = checked_mul(filter[2], filter[3]);
  } else {
    g.groups = filter[2] == 0 ? 1 : g.ic / filter[2];
    g.oc = filter[3];
  }
  g.h = {input[at.h], filter[0], strides[std::size_t(at.h)], dilations[std::size_t(at.h)]};
  g.w = {input[at.w], filter[1], strides[std::size_t(at.w)], dilations[std::size_t(at.w)]};
  explicit_padding(attrs, at.h, g.h);
  explicit_padding(attrs, at.w, g.w);
  g.h.resolve(attrs.s("padding"));
  g.w.resolve(attrs.s("padding"));
  return g;
}

bool ConvGeometry::trivial() const {
  return n == 0 || ic == 0 || oc == 0 || groups == 0 || h.out == 0 || w.out == 0 || h.in == 0 ||
         w.in == 0 || h.filter == 0 || w.filter == 0;
}

VolumeLayout VolumeLayout::of(const AttrMap& attrs) {
  const AttrValue* format = attrs.find("data_format");
  if (format != nullptr && format->get<std::string>() == "NCDHW") return {0, 2, 3, 4, 1};
  return {};
}

Conv3dGeometry Conv3dGeometry::of(const AttrMap& attrs, const Shape& input, const Shape& filter) {
  const VolumeLayout layout = VolumeLayout::of(attrs);
  const auto& strides = window_list(attrs, "strides", 5);
  const auto& dilations = window_list(attrs, "dilations", 5);
  Conv3dGeometry g;
  g.channels_first = layout.channels_first();
  g.n = input[layout.n];
  g.ic = input[layout.c];
  g.oc = filter[4];
  for (int i = 0; i < 3; ++i) {
    const int dim = layout.spatial(i);
    g.at[i] = {input[dim], filter[i], strides[std::size_t(dim)], dilations[std::size_t(dim)]};
    g.at[i].resolve(attrs.s("padding"));
  }
  return g;
}

bool Conv3dGeometry::trivial() const {
  bool empty = n == 0 || ic == 0 || oc == 0;
  for (const Window& w : at) empty = empty || w.in == 0 || w.out == 0 || w.filter == 0;
  return empty;
}

PoolGeometry PoolGeometry::of(const AttrMap& attrs, const Shape& input) {
  const ImageLayout at = ImageLayout::of(attrs);
  const auto& ksize = window_list(attrs, "ksize");
  const auto& strides = window_list(attrs, "strides");
  PoolGeometry g;
  g.nchw = at.nchw();
  g.n = input[at.n];
  auto window = [&](int dim) {
    Window w{input[dim], ksize[std::size_t(dim)], strides[std::size_t(dim)]};
    w.resolve(attrs.s("padding"));
    return w;
  };
  g.h = window(at.h);
  g.w = window(at.w);
  g.c = window(at.c);
  return g;
}

}  // namespace caudal
