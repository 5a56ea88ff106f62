// SPDX-License-Identifier: Apache-2.0
#include "tensor/shape_math.h"

#include <algorithm>

#include "caudal/error.h"

namespace caudal {

namespace {

bool bit(std::int64_t mask, std::size_t i) { return i < 63 && ((mask >> i) & 1) != 0; }

// Elements selected by begin:end:stride, the bounds already clamped to the dimension.
std::int64_t range_size(std::int64_t begin, std::int64_t end, std::int64_t stride) {
  if (stride > 0) return begin >= end ? 0 : (end - begin - 1) / stride + 1;
  if (begin <= end) return 0;
  // -(stride + 1) + 1 would overflow for the smallest int64; the quotient is 0 there.
  const std::int64_t length = begin - end;
  return stride < -length ? 1 : (length - 1) / -stride + 1;
}

}  // namespace

SliceMasks SliceMasks::from(const AttrMap& attrs) {
  return {attrs.i("begin_mask"), attrs.i("end_mask"), attrs.i("ellipsis_mask"),
          attrs.i("new_axis_mask"), attrs.i("shrink_axis_mask")};
}

ResolvedSlice resolve_slice(const PartialShape& input, const std::vector<std::int64_t>* begin,
                            const std::vector<std::int64_t>* end,
                            std::span<const std::int64_t> strides, const SliceMasks& masks) {
  const std::size_t n = strides.size();
  const int rank = input.rank();
  if (n > 32) invalid("a strided slice takes at most 32 entries, got ", n);
  if ((begin && begin->size() != n) || (end && end->size() != n)) {
    invalid("Expected begin, end, and strides to be 1D equal size tensors, but got lengths ",
            begin ? begin->size() : n, ", ", end ? end->size() : n, " and ", n);
  }
  int consumed = 0;
  bool seen_ellipsis = false;
  for (std::size_t i = 0; i < n; ++i) {
    if (bit(masks.ellipsis, i)) {
      if (seen_ellipsis) invalid("Multiple ellipses in slice spec not allowed");
      seen_ellipsis = true;
    } else if (!bit(masks.new_axis, i)) {
      ++consumed;
    }
  }
  if (consumed > rank) {
    invalid("Index out of range using input dim ", rank, "; input has only ", rank, " dims");
  }

  ResolvedSlice out;
  out.output = PartialShape::scalar();
  const auto whole = [&](int count) {
    for (; count > 0; --count) {
      const std::int64_t dim = input[int(out.axes.size())];
      out.axes.push_back({0, 1, dim, true});
      out.output.append(dim);
    }
  };
  for (std::size_t i = 0; i < n; ++i) {
    if (bit(masks.ellipsis, i)) {
      whole(rank - consumed);
      continue;
    }
    if (bit(masks.new_axis, i)) {
      out.output.append(1);
      continue;
    }
    const int axis = int(out.axes.size());
    const std::int64_t dim = input[axis];
    const std::int64_t stride = strides[i];
    if (stride == 0) invalid("strides[", i, "] must be non-zero");
    ResolvedSlice::Axis a{0, stride, -1, false};
    if (bit(masks.shrink_axis, i)) {
      if (stride < 0) invalid("only stride 1 allowed on non-range indexing.");
      a.stride = 1;
      a.size = 1;
      if (begin) {
        const std::int64_t index = (*begin)[i];
        if (dim >= 0) {
          a.begin = index < 0 ? index + dim : index;
          if (a.begin < 0 || a.begin >= dim) {
            invalid("slice index ", index, " of dimension ", axis, " out of bounds.");
          }
        }
      }
      out.axes.push_back(a);
      continue;
    }
    a.full = bit(masks.begin, i) && bit(masks.end, i);
    if (dim >= 0 && (a.full || (begin && end))) {
      const std::int64_t low = stride > 0 ? 0 : -1;
      const std::int64_t high = stride > 0 ? dim : dim - 1;
      const auto clamp = [&](std::int64_t v) { return std::clamp(v < 0 ? v + dim : v, low, high); };
      a.begin = bit(masks.begin, i) ? (stride > 0 ? low : high) : clamp((*begin)[i]);
      const std::int64_t stop = bit(masks.end, i) ? (stride > 0 ? high : low) : clamp((*end)[i]);
      a.size = range_size(a.begin, stop, stride);
      if (a.size == 0) a.begin = 0;
    }
    out.axes.push_back(a);
    out.output.append(a.size);
  }
  if (!seen_ellipsis) whole(rank - consumed);
  return out;
}

std::vector<std::int64_t> broadcast_dims(std::span<const std::int64_t> a,
                                         std::span<const std::int64_t> b) {
  std::vector<std::int64_t> out(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) {
      invalid("Incompatible shapes for broadcasting: dimensions ", x, " and ", y);
    }
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> broadcast_gradient_axes(
    std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>> out;
  if (std::ranges::equal(a, b)) return out;
  const std::vector<std::int64_t> common = broadcast_dims(a, b);
  // An axis where both are 1 is listed for both, as TensorFlow does; summing it changes nothing.
  const auto axes = [&](std::span<const std::int64_t> s) {
    std::vector<std::int64_t> list;
    const std::size_t missing = common.size() - s.size();
    for (std::size_t i = 0; i < common.size(); ++i) {
      if (i < missing || s[i - missing] == 1) list.push_back(std::int64_t(i));
    }
    return list;
  };
  out.first = axes(a);
  out.second = axes(b);
  return out;
}

}  // namespace caudal
