// SPDX-License-Identifier: Apache-2.0
// Owns: rectangular parts of tensors: their text in shape_and_slices, their keys in files, copying.
// Called by: bundle, checkpoint_v1, kernels that save and restore.
// Must not know: files.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "caudal/shape.h"
#include "caudal/tensor.h"

namespace caudal::io {

struct TensorSlice {
  static constexpr std::int64_t kWhole = -1;  ///< length of a dimension taken as a whole
  int rank = 0;
  std::array<std::int64_t, kMaxRank> start{}, length{};

  static TensorSlice whole(int rank);
  /// Covers all of a tensor of this shape.
  bool covers(const Shape& full) const;
  /// Shape of the part; throws InvalidArgument where the part leaves the tensor.
  Shape shape_in(const Shape& full) const;
  /// "0,4:-"
  std::string text() const;
  bool operator==(const TensorSlice& o) const = default;
};

/// "10 4 0,4:-": a tensor of shape [10,4] and a part of it.
struct SliceSpec {
  Shape full;
  TensorSlice slice;
  Shape shape;  ///< of the part
};
/// Throws InvalidArgument.
SliceSpec parse_slice_spec(std::string_view text);
/// "0,4:-" alone.
TensorSlice parse_slice(std::string_view text);

/// The key under which a part is stored.
std::string slice_key(std::string_view name, const TensorSlice& slice);

/// Copies from a tensor that holds the part `from` of a tensor of shape `full` into one that holds
/// the part `to`, as far as they overlap; returns how many elements that were.
std::int64_t copy_overlap(const Shape& full, const TensorSlice& from, const Tensor& source,
                          const TensorSlice& to, Tensor& target);
/// The number of elements that two parts have in common.
std::int64_t overlap(const Shape& full, const TensorSlice& a, const TensorSlice& b);

/// Extents as protocol-buffer bytes, and back. The reader throws InvalidArgument.
std::string slice_to_proto(const TensorSlice& slice);
TensorSlice slice_from_proto(std::string_view bytes);

}  // namespace caudal::io
