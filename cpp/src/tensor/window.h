// SPDX-License-Identifier: Apache-2.0
// Owns: the arithmetic of sliding windows: output sizes and padding of convolutions and pools.
// Called by: ops/conv.cpp, ops/pool.cpp and their kernels.
// Must not know: ops, tensors' values.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "caudal/attr.h"
#include "caudal/shape.h"

namespace caudal {

/// Positions of the batch, the channels and the two spatial dimensions.
struct ImageLayout {
  int n = 0, h = 1, w = 2, c = 3;
  static ImageLayout of(const AttrMap& attrs);
  bool nchw() const { return c == 1; }
};

/// One spatial dimension of a sliding window. Sizes of -1 are unknown.
struct Window {
  std::int64_t in = -1, filter = -1, stride = 1, dilation = 1;
  std::int64_t out = -1, pad_before = 0, pad_after = 0;

  /// Fills `out` and the padding. Explicit padding is given in pad_before and pad_after.
  /// Throws InvalidArgument when the window is larger than the padded input.
  void resolve(std::string_view padding);
};

/// A list(int) attr with one entry per dimension of an image, or of `rank` dimensions.
const std::vector<std::int64_t>& window_list(const AttrMap& attrs, std::string_view name,
                                             std::size_t rank = 4);

/// The explicit padding of dimension `dim`; zeros unless padding is EXPLICIT.
void explicit_padding(const AttrMap& attrs, int dim, Window& w);

/// All sizes of a 2-D convolution. Filters lie as [kh, kw, ic / groups, oc]; a depthwise filter
/// [kh, kw, c, m] is the same memory with groups = c.
struct ConvGeometry {
  std::int64_t n = 0, ic = 0, oc = 0, groups = 1;
  Window h, w;
  bool nchw = false;

  /// From known shapes; depthwise: filter [kh, kw, c, m].
  static ConvGeometry of(const AttrMap& attrs, const Shape& input, const Shape& filter,
                         bool depthwise);
  /// Nothing to compute: an output is empty, or every output is zero.
  bool trivial() const;
};

/// Positions of the batch, the channels and the three spatial dimensions of a volume.
struct VolumeLayout {
  int n = 0, d = 1, h = 2, w = 3, c = 4;
  static VolumeLayout of(const AttrMap& attrs);
  bool channels_first() const { return c == 1; }
  /// Spatial dimension i of 0, 1, 2.
  int spatial(int i) const { return d + i; }
};

/// All sizes of a 3-D convolution. Filters lie as [kd, kh, kw, ic, oc].
struct Conv3dGeometry {
  std::int64_t n = 0, ic = 0, oc = 0;
  Window at[3];  ///< depth, height, width
  bool channels_first = false;

  static Conv3dGeometry of(const AttrMap& attrs, const Shape& input, const Shape& filter);
  /// Nothing to compute: an output is empty, or every output is zero.
  bool trivial() const;
  std::int64_t in_pixels() const { return at[0].in * at[1].in * at[2].in; }
  std::int64_t out_pixels() const { return at[0].out * at[1].out * at[2].out; }
};

/// All sizes of a pool.
struct PoolGeometry {
  std::int64_t n = 0;
  Window h, w, c;
  bool nchw = false;
  static PoolGeometry of(const AttrMap& attrs, const Shape& input);
};

}  // namespace caudal
