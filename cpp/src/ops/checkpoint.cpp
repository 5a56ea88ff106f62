// SPDX-License-Identifier: Apache-2.0
// Saving tensors to checkpoints and restoring them.
#include <charconv>

#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void require_scalar(ShapeContext& c, int i) { c.with_rank(i, 0); }

/// The shape that "10 4 0,4:-" stands for; unknown where the text is not of that form: the kernel
/// says what is wrong with it.
PartialShape shape_of_slice(std::string_view text) {
  const std::size_t space = text.rfind(' ');
  if (space == text.npos) return PartialShape::unknown();
  std::string_view dims = text.substr(0, space), slice = text.substr(space + 1);
  PartialShape out = PartialShape::unknown_of_rank(0);
  const auto number = [](std::string_view& from, std::int64_t& value) {
    const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), value);
    from.remove_prefix(std::size_t(end - from.data()));
    return error == std::errc() && value >= 0;
  };
  while (!dims.empty()) {
    std::int64_t full = 0, start = 0, length = 0;
    if (!number(dims, full) || out.rank() == kMaxRank) return PartialShape::unknown();
    if (dims.starts_with(' ')) dims.remove_prefix(1);
    if (slice.starts_with('-')) {
      slice.remove_prefix(1);
      length = full;
    } else {
      if (!number(slice, start) || !slice.starts_with(',')) return PartialShape::unknown();
      slice.remove_prefix(1);
      if (!number(slice, length)) return PartialShape::unknown();
    }
    if (slice.starts_with(':')) slice.remove_prefix(1);
    out.append(length);
  }
  return slice.empty() ? out : PartialShape::unknown();
}

void save_shape(ShapeContext& c) {
  require_scalar(c, 0);
  const PartialShape names = c.with_rank(1, 1);
  if (names[0] >= 0 && names[0] != c.num_inputs() - 2) {
    invalid("Dimension must be ", c.num_inputs() - 2, " but is ", names[0],
            ": one name per tensor is needed");
  }
}

void save_parts_shape(ShapeContext& c) {
  require_scalar(c, 0);
  const PartialShape names = c.with_rank(1, 1).merge(c.with_rank(2, 1));
  if (names[0] >= 0 && names[0] != c.num_inputs() - 3) {
    invalid("Dimension must be ", c.num_inputs() - 3, " but is ", names[0],
            ": one name per tensor is needed");
  }
}

void restore_all_shape(ShapeContext& c) {
  require_scalar(c, 0);
  c.with_rank(1, 1).merge(c.with_rank(2, 1));
  const Tensor* slices = c.constant_input(2);
  for (int i = 0; i < c.num_outputs(); ++i) {
    const bool known = slices != nullptr && slices->num_elements() == c.num_outputs() &&
                       !slices->data<std::string>()[i].empty();
    c.set_output(i,
                 known ? shape_of_slice(slices->data<std::string>()[i]) : PartialShape::unknown());
  }
}

void restore_shape(ShapeContext& c) {
  require_scalar(c, 0);
  require_scalar(c, 1);
  c.set_output(0, PartialShape::unknown());
}

void restore_slice_shape(ShapeContext& c) {
  for (int i = 0; i < 3; ++i) require_scalar(c, i);
  const Tensor* slice = c.constant_input(2);
  const bool known = slice != nullptr && !slice->data<std::string>()->empty();
  c.set_output(0, known ? shape_of_slice(*slice->data<std::string>()) : PartialShape::unknown());
}

void merge_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  require_scalar(c, 1);
}

constexpr std::uint32_t kFiles = kDynamicShape | kHostOnly | kStateful;
constexpr std::uint32_t kRestoring = kFiles | kRestores;

constexpr OpRow kRows[] = {
    {"SaveV2",
     "prefix:string tensor_names:string shape_and_slices:string tensors:[dtypes] -> -; "
     "dtypes:list(type)>=1",
     save_parts_shape, no_gradient, kFiles},
    {"RestoreV2",
     "prefix:string tensor_names:string shape_and_slices:string -> tensors:[dtypes]; "
     "dtypes:list(type)>=1",
     restore_all_shape, no_gradient, kRestoring},
    {"MergeV2Checkpoints",
     "checkpoint_prefixes:string destination_prefix:string -> -; delete_old_dirs:bool=true",
     merge_shape, no_gradient, kFiles},
    {"Save", "filename:string tensor_names:string data:[T] -> -; T:list(type)>=1", save_shape,
     no_gradient, kFiles},
    {"SaveSlices",
     "filename:string tensor_names:string shapes_and_slices:string data:[T] -> -; "
     "T:list(type)>=1",
     save_parts_shape, no_gradient, kFiles},
    {"Restore",
     "file_pattern:string tensor_name:string -> tensor:dt; dt:type; preferred_shard:int=-1",
     restore_shape, no_gradient, kRestoring},
    {"RestoreSlice",
     "file_pattern:string tensor_name:string shape_and_slice:string -> tensor:dt; dt:type; "
     "preferred_shard:int=-1",
     restore_slice_shape, no_gradient, kRestoring},
};

}  // namespace

std::span<const OpRow> checkpoint_ops() { return kRows; }

}  // namespace caudal::ops
