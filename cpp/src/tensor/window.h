// SPDX-License-Identifier: Apache-2.0
// Owns: the arithmetic of sliding windows: output sizes and padding of convolutions and pools.
// Called by: ops/conv.cpp, ops/pool.cpp and their kernels.
// Must not know: ops, tensors' values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "caudal/attr.h"
#include "caudal/error.h"
#include "caudal/shape.h"

namespace caudal {

/// Positions of the batch, the channels and the two spatial dimensions.
struct ImageLayout {
  int n = 0, h = 1, w = 2, c = 3;
  static ImageLayout of(const AttrMap& attrs) {
    const AttrValue* format = attrs.find("data_format");
    if (format != nullptr && format->get<std::string>() == "NCHW") return {0, 2, 3, 1};
    return {};
  }
  bool nchw() const { return c == 1; }
};

/// One spatial dimension of a sliding window. Sizes of -1 are unknown.
struct Window {
  std::int64_t in = -1, filter = -1, stride = 1, dilation = 1;
  std::int64_t out = -1, pad_before = 0, pad_after = 0;

  /// Fills `out` and the padding. Explicit padding is given in pad_before and pad_after.
  void resolve(std::string_view padding) {
    if (in < 0 || (filter < 0 && padding != "SAME")) return;
    if (padding == "SAME") {
      pad_before = pad_after = 0;
      out = in / stride + (in % stride != 0);
      if (filter < 0) return;
      const std::int64_t reach = checked_mul(filter - 1, dilation) + 1;
      const std::int64_t need =
          std::max<std::int64_t>(0, checked_mul(std::max<std::int64_t>(out - 1, 0), stride) + reach - in);
      pad_before = need / 2;
      pad_after = need - pad_before;
      return;
    }
    const std::int64_t reach = filter == 0 ? 0 : checked_mul(filter - 1, dilation) + 1;
    const std::int64_t padded = in + pad_before + pad_after;
    if (padded < reach) {
      invalid("Negative dimension size caused by subtracting ", reach, " from ", padded);
    }
    out = (padded - reach) / stride + 1;
  }
};

/// A list(int) attr with one entry per dimension of an image.
inline const std::vector<std::int64_t>& window_list(const AttrMap& attrs, std::string_view name) {
  const auto& v = attrs.ints(name);
  if (v.size() != 4) {
    invalid("attr ", name, " must have 4 entries, one per dimension, but has ", v.size());
  }
  return v;
}

/// The explicit padding of dimension `dim`; zeros unless padding is EXPLICIT.
inline void explicit_padding(const AttrMap& attrs, int dim, Window& w) {
  if (attrs.s("padding") != "EXPLICIT") return;
  const auto& pads = attrs.ints("explicit_paddings");
  if (pads.size() != 8) {
    invalid("explicit_paddings must have 8 entries for an image, but has ", pads.size());
  }
  for (std::int64_t p : pads) {
    if (p < 0 || p > (std::int64_t{1} << 40)) invalid("explicit_paddings must be non-negative, got ", p);
  }
  w.pad_before = pads[std::size_t(2 * dim)];
  w.pad_after = pads[std::size_t(2 * dim + 1)];
}

/// All sizes of a 2-D convolution. Filters lie as [kh, kw, ic / groups, oc]; a depthwise filter
/// [kh, kw, c, m] is the same memory with groups = c.
struct ConvGeometry {
  std::int64_t n = 0, ic = 0, oc = 0, groups = 1;
  Window h, w;
  bool nchw = false;

  /// From known shapes; depthwise: filter [kh, kw, c, m].
  static ConvGeometry of(const AttrMap& attrs, const Shape& input, const Shape& filter,
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
  std::int64_t filter_elements() const {
    return groups == 0 ? 0 : h.filter * w.filter * (ic / groups) * oc;
  }
  /// Nothing to compute: an output is empty, or every output is zero.
  bool trivial() const {
    return n == 0 || ic == 0 || oc == 0 || groups == 0 || h.out == 0 || w.out == 0 || h.in == 0 ||
           w.in == 0 || h.filter == 0 || w.filter == 0;
  }
};

}  // namespace caudal
