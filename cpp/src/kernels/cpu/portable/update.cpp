// SPDX-License-Identifier: Apache-2.0
// Copies with some rows or a slice replaced, assignments to slices, rotations, windows laid into
// the channels, sums over copies.
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"
#include "tensor/shape_math.h"

namespace caudal::cpu {
namespace {

template <class T>
void copy_all(const Tensor& from, const Tensor& to) {
  if (from.raw() != to.raw()) std::copy_n(from.data<T>(), from.num_elements(), to.data<T>());
}
void copy(Call& c) {
  with_movable(c.out[0].dtype(), [&]<class T>(T) { copy_all<T>(c.in[0], c.out[0]); });
}
void touch_nothing(Call&) {}

void empty(Call& c) {
  with_movable(c.out[0].dtype(),
               [&]<class T>(T) { std::fill_n(c.out[0].data<T>(), c.out[0].num_elements(), T()); });
}

enum class Join { kReplace, kAdd, kSub };

/// Rows named by i, counted modulo their number, are replaced or changed.
template <Join join>
void inplace(Call& c) {
  const Shape &shape = c.in[0].shape(), &v = c.in[2].shape();
  if (shape.rank() < 1) invalid("x should be at least a vector, got shape ", shape);
  if (c.in[1].shape().rank() != 1) invalid("i must be a vector. ", c.in[1].shape());
  const std::vector<std::int64_t> rows = c.in[1].as_int64s();
  const std::int64_t n = shape[0], inner = size_of(shape, 1, shape.rank());
  if (v.rank() != shape.rank()) {
    invalid("x and v shape doesn't match (ranks differ): ", shape, " vs. ", v);
  }
  for (int d = 1; d < shape.rank(); ++d) {
    if (v[d] != shape[d]) {
      invalid("x and v shape doesn't match at index ", d, " : ", shape, " vs. ", v);
    }
  }
  if (v[0] != std::int64_t(rows.size())) {
    invalid("i and x shape doesn't match at index 0: ", c.in[1].shape(), " vs. ", v);
  }
  if (n == 0 && !rows.empty()) invalid("x has no rows to update");
  const auto body = [&]<class T>(T) {
    copy_all<T>(c.in[0], c.out[0]);
    const T* from = c.in[2].data<T>();
    for (const std::int64_t row : rows) {
      T* to = c.out[0].data<T>() + ((row % n + n) % n) * inner;
      if constexpr (join == Join::kReplace) {
        std::copy_n(from, inner, to);
      } else {
        for (std::int64_t k = 0; k < inner; ++k) {
          to[k] = join == Join::kAdd ? T(wide_t<T>(to[k]) + wide_t<T>(from[k]))
                                     : T(wide_t<T>(to[k]) - wide_t<T>(from[k]));
        }
      }
      from += inner;
    }
  };
  if constexpr (join == Join::kReplace) {
    with_movable(c.out[0].dtype(), body);
  } else {
    with_number(c.out[0].dtype(), body);
  }
}

/// Writes input 4 to the slice of `whole` that inputs 1 to 3 select.
template <class T>
void write_slice(Call& c, const Shape& shape, T* whole) {
  const std::vector<std::int64_t> begin = c.in[1].as_int64s(), end = c.in[2].as_int64s(),
                                  strides = c.in[3].as_int64s();
  const ResolvedSlice slice =
      resolve_slice(shape, &begin, &end, strides, SliceMasks::from(c.attrs));
  const Shape wanted = slice.output.to_shape();
  // As in TensorFlow a scalar does not spread; other shapes must be equal.
  if (wanted != c.in[4].shape()) {
    fail(Code::kUnimplemented, "sliced l-value shape ", wanted, " does not match r-value shape ",
         c.in[4].shape(), ". Automatic broadcasting not yet implemented.");
  }
  const std::int64_t n = wanted.num_elements();
  if (n == 0) return;
  const int rank = shape.rank();
  std::array<std::int64_t, kMaxRank> step{}, at{};
  std::int64_t stride = 1, offset = 0;
  for (int d = rank - 1; d >= 0; --d) {
    const auto k = std::size_t(d);
    step[k] = slice.axes[k].size > 1 ? slice.axes[k].stride * stride : 0;
    offset += slice.axes[k].begin * stride;
    stride *= shape[d];
  }
  const T* from = c.in[4].data<T>();
  for (std::int64_t i = 0; i < n; ++i) {
    whole[offset] = from[i];
    for (int d = rank - 1; d >= 0; --d) {
      const auto k = std::size_t(d);
      offset += step[k];
      if (++at[k] < slice.axes[k].size) break;
      offset -= at[k] * step[k];
      at[k] = 0;
    }
  }
}
void strided_slice_assign(Call& c) {
  with_movable(c.in[0].dtype(),
               [&]<class T>(T) { write_slice<T>(c, c.in[0].shape(), c.in[0].data<T>()); });
}
void strided_slice_update(Call& c) {
  with_movable(c.out[0].dtype(), [&]<class T>(T) {
    copy_all<T>(c.in[0], c.out[0]);
    write_slice<T>(c, c.out[0].shape(), c.out[0].data<T>());
  });
}

/// Tuples of indices name slices to which updates are added.
void scatter_add(Call& c) {
  const Shape &shape = c.in[0].shape(), &ids = c.in[1].shape();
  if (ids.rank() < 1) invalid("Indices shape must have rank at least one. Found:", ids);
  const std::int64_t depth = ids.dim(-1), rows = size_of(ids, 0, ids.rank() - 1);
  if (depth > shape.rank()) invalid("index depth ", depth, " exceeds the rank of ", shape);
  const std::int64_t inner = size_of(shape, int(depth), shape.rank());
  if (c.in[2].num_elements() != checked_mul(rows, inner)) {
    invalid("Must have updates.shape = indices.shape[:-1] + input.shape[", depth, ":], got ",
            c.in[2].shape());
  }
  const std::vector<std::int64_t> indices = c.in[1].as_int64s();
  std::vector<std::int64_t> places;
  for (std::int64_t r = 0; r < rows; ++r) {
    std::int64_t place = 0;
    for (std::int64_t d = 0; d < depth; ++d) {
      const std::int64_t v = indices[std::size_t(r * depth + d)];
      if (v < 0 || v >= shape[int(d)]) {
        invalid("indices[", r, ",", d, "] = ", v, " is not in [0, ", shape[int(d)], ")");
      }
      place = place * shape[int(d)] + v;
    }
    places.push_back(place);
  }
  const auto body = [&]<class T>(T) {
    copy_all<T>(c.in[0], c.out[0]);
    const T* from = c.in[2].data<T>();
    for (const std::int64_t place : places) {
      T* to = c.out[0].data<T>() + place * inner;
      for (std::int64_t k = 0; k < inner; ++k, ++from) {
        if constexpr (std::is_same_v<T, bool>) {
          to[k] = to[k] || *from;
        } else {
          to[k] = add_numbers(to[k], *from);
        }
      }
    }
  };
  c.out[0].dtype() == DType::kBool ? body(false) : with_number(c.out[0].dtype(), body);
}

void roll(Call& c) {
  const Shape& shape = c.in[0].shape();
  const std::vector<std::int64_t> shifts = c.in[1].as_int64s(), axes = c.in[2].as_int64s();
  if (shape.rank() < 1) invalid("input must be 1-D or higher");
  if (c.in[1].shape() != c.in[2].shape()) invalid("shift and axis must have the same size");
  std::array<std::int64_t, kMaxRank> shift{};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t axis = axes[i] < 0 ? axes[i] + shape.rank() : axes[i];
    if (axis < 0 || axis >= shape.rank()) invalid("axis ", axes[i], " is out of range");
    const std::int64_t n = std::max<std::int64_t>(shape[int(axis)], 1);
    auto& s = shift[std::size_t(axis)];
    s = ((s + shifts[i] % n) % n + n) % n;
  }
  // The last axis moves in two runs; the others permute whole rows.
  const std::int64_t n = c.in[0].num_elements(), width = shape.dim(-1);
  if (n == 0) return;
  const std::int64_t turn = shift[std::size_t(shape.rank() - 1)];
  with_movable(c.out[0].dtype(), [&]<class T>(T) {
    const T* x = c.in[0].data<T>();
    T* y = c.out[0].data<T>();
    for (std::int64_t row = 0; row < n / width; ++row) {
      std::int64_t rest = row, place = 0, stride = 1;
      for (int d = shape.rank() - 2; d >= 0; --d) {
        const std::int64_t at = (rest % shape[d] + shift[std::size_t(d)]) % shape[d];
        rest /= shape[d];
        place += at * stride;
        stride *= shape[d];
      }
      const T* from = x + row * width;
      T* to = y + place * width;
      std::copy_n(from, width - turn, to + turn);
      std::copy_n(from + width - turn, turn, to);
    }
  });
}

/// Sums over the copies that Tile makes.
void tile_grad(Call& c) {
  const Shape &in = c.in[0].shape(), &out = c.out[0].shape();
  with_number(c.out[0].dtype(), [&]<class T>(T) {
    const T* x = c.in[0].data<T>();
    T* y = c.out[0].data<T>();
    std::fill_n(y, c.out[0].num_elements(), T(0));
    for (std::int64_t i = 0; i < c.in[0].num_elements(); ++i) {
      std::int64_t rest = i, place = 0, stride = 1;
      for (int d = in.rank() - 1; d >= 0; --d) {
        place += rest % in[d] % out[d] * stride;
        rest /= in[d];
        stride *= out[d];
      }
      y[place] = add_numbers(y[place], x[i]);
    }
  });
}

/// Windows of [batch, spatial..., channels], one after the other into the channels.
void extract_patches(Call& c) {
  const Shape &in = c.in[0].shape(), &out = c.out[0].shape();
  const int axes = in.rank() - 2;
  const auto &sizes = c.attrs.ints("ksizes"), &strides = c.attrs.ints("strides");
  const AttrValue* rates = c.attrs.find("rates");
  std::array<std::int64_t, 3> before{}, rate{1, 1, 1};
  for (int d = 0; d < axes; ++d) {
    const auto k = std::size_t(d);
    if (rates != nullptr) rate[k] = rates->get<std::vector<std::int64_t>>()[k + 1];
    if (c.attrs.s("padding") == "SAME") {
      const std::int64_t reach = (sizes[k + 1] - 1) * rate[k] + 1;
      const std::int64_t need = (out[d + 1] - 1) * strides[k + 1] + reach - in[d + 1];
      before[k] = std::max<std::int64_t>(need, 0) / 2;
    }
  }
  const std::int64_t n = c.out[0].num_elements(), channels = in.dim(-1);
  if (n == 0) return;
  with_movable(c.out[0].dtype(), [&]<class T>(T) {
    const T* x = c.in[0].data<T>();
    T* y = c.out[0].data<T>();
    parallel_for(n / channels, std::max<std::int64_t>(1, (1 << 13) / channels),
                 [&](std::int64_t begin, std::int64_t end) {
                   for (std::int64_t i = begin; i < end; ++i) {
                     std::int64_t rest = i, place = 0, stride = 1;
                     std::array<std::int64_t, 3> tap{};
                     for (int d = axes - 1; d >= 0; --d) {
                       tap[std::size_t(d)] = rest % sizes[std::size_t(d) + 1];
                       rest /= sizes[std::size_t(d) + 1];
                     }
                     bool inside = true;
                     for (int d = axes - 1; d >= 0; --d) {
                       const auto k = std::size_t(d);
                       const std::int64_t at =
                           rest % out[d + 1] * strides[k + 1] + tap[k] * rate[k] - before[k];
                       rest /= out[d + 1];
                       inside = inside && at >= 0 && at < in[d + 1];
                       place += at * stride;
                       stride *= in[d + 1];
                     }
                     place += rest * stride;
                     if (inside) {
                       std::copy_n(x + place * channels, channels, y + i * channels);
                     } else {
                       std::fill_n(y + i * channels, channels, T());
                     }
                   }
                 });
  });
}

constexpr DTypeSet kAny = DTypeSet::all();
constexpr char kIdentity[] = "Identity";

}  // namespace

std::span<const KernelRow> update_kernels() {
  static const KernelRow rows[] = {
      {"InplaceUpdate", "T", kAny, movable_kernel<inplace<Join::kReplace>>},
      {"InplaceAdd", "T", kNumberTypes, bound_kernel<inplace<Join::kAdd>>},
      {"InplaceSub", "T", kNumberTypes, bound_kernel<inplace<Join::kSub>>},
      {"DeepCopy", "T", kAny, movable_kernel<copy>},
      {"GuaranteeConst", "T", kAny, same_as<kIdentity>},
      {"DebugGradientIdentity", "T", kAny, same_as<kIdentity>},
      {"Empty", "dtype", kAny, movable_kernel<empty>},
      {"Roll", "T", kAny, movable_kernel<roll>},
      {"TileGrad", "T", kNumberTypes, bound_kernel<tile_grad>},
      {"StridedSliceAssign", "T", kAny, bound_kernel<strided_slice_assign>},
      {"ResourceStridedSliceAssign", "T", kAny, bound_kernel<strided_slice_assign>},
      {"TensorStridedSliceUpdate", "T", kAny, movable_kernel<strided_slice_update>},
      {"ScatterNdNonAliasingAdd", "T", kNumberTypes | DTypeSet{DType::kBool},
       bound_kernel<scatter_add>},
      {"RefIdentity", "T", kAny, bound_kernel<touch_nothing>},
      {"DebugGradientRefIdentity", "T", kAny, bound_kernel<touch_nothing>},
      {"DestroyTemporaryVariable", "T", kAny, movable_kernel<copy>},
      {"ExtractImagePatches", "T", kRealTypes, bound_kernel<extract_patches>},
      {"ExtractVolumePatches", "T", kRealTypes, bound_kernel<extract_patches>},
  };
  return rows;
}

}  // namespace caudal::cpu
