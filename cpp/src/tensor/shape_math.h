// SPDX-License-Identifier: Apache-2.0
// Owns: index arithmetic that a shape rule and the kernel of the same op must agree on.
// Called by: ops/slice.cpp, ops/array.cpp, kernels of the same families.
// Must not know: graphs, nodes, kernels.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "caudal/attr.h"
#include "caudal/shape.h"

namespace caudal {

/// The five masks of StridedSlice; bit k belongs to entry k of begin, end and strides.
struct SliceMasks {
  std::int64_t begin = 0, end = 0, ellipsis = 0, new_axis = 0, shrink_axis = 0;
  static SliceMasks from(const AttrMap& attrs);
};

/// What a strided slice selects of a tensor with known rank.
struct ResolvedSlice {
  struct Axis {
    std::int64_t begin = 0, stride = 1;
    std::int64_t size = -1;  ///< -1: not known
    bool full = false;       ///< covers the dimension whatever begin and end hold
  };
  std::vector<Axis> axes;  ///< one per input dimension
  PartialShape output;     ///< after new and shrunk axes
};

/// `begin` and `end` may be null: not known yet. Throws InvalidArgument for bad specifications.
ResolvedSlice resolve_slice(const PartialShape& input, const std::vector<std::int64_t>* begin,
                            const std::vector<std::int64_t>* end,
                            std::span<const std::int64_t> strides, const SliceMasks& masks);

/// The axes of the common broadcast shape over which gradients towards a and b are summed.
/// Throws InvalidArgument when a and b do not broadcast.
std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> broadcast_gradient_axes(
    std::span<const std::int64_t> a, std::span<const std::int64_t> b);

/// NumPy's broadcast of two shape vectors; throws InvalidArgument.
std::vector<std::int64_t> broadcast_dims(std::span<const std::int64_t> a,
                                         std::span<const std::int64_t> b);

}  // namespace caudal
