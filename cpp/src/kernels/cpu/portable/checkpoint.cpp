// SPDX-License-Identifier: Apache-2.0
// Saving tensors to checkpoints and restoring them.
#include <algorithm>
#include <numeric>

#include "caudal/io.h"
#include "io/checkpoint_v1.h"
#include "kernels/cpu/portable/dynamic_call.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

const std::string& scalar(const Tensor& t, std::string_view what) {
  if (t.shape().rank() != 0) {
    invalid("Input 0 (", what, ") must be a string scalar; got a tensor of shape ", t.shape());
  }
  return *t.data<std::string>();
}

/// The strings of a vector with as many elements as there are tensors.
std::span<const std::string> strings(const Tensor& t, std::size_t n, std::string_view what) {
  if (t.shape().rank() != 1 || t.num_elements() != std::int64_t(n)) {
    invalid(what, " must be a vector of ", n, " strings, one per tensor; got shape ", t.shape());
  }
  return {t.data<std::string>(), n};
}

void check_cancelled(const Call& c) {
  if (c.context.cancelled != nullptr && c.context.cancelled->load(std::memory_order_relaxed)) {
    fail(Code::kCancelled, "the run was cancelled");
  }
}

void run_save_v2(Call& c) {
  const std::size_t n = c.in.size() - 3;
  const std::string& prefix = scalar(c.in[0], "prefix");
  const auto names = strings(c.in[1], n, "tensor_names");
  const auto slices = strings(c.in[2], n, "shape_and_slices");
  CheckpointWriter writer(prefix);
  for (std::size_t i = 0; i < n; ++i) {
    check_cancelled(c);
    writer.add_slice(names[i], slices[i], c.in[3 + i]);
  }
  writer.finish();
}

void save_old(Call& c, std::size_t first) {
  const std::size_t n = c.in.size() - first;
  const std::string& path = scalar(c.in[0], "filename");
  const auto names = strings(c.in[1], n, "tensor_names");
  const auto slices =
      first == 3 ? strings(c.in[2], n, "shapes_and_slices") : std::span<const std::string>();
  // The order of names, and that in which this sort leaves equal ones: TensorFlow's files have it.
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
  io::CheckpointV1Writer writer;
  for (const std::size_t i : order) {
    check_cancelled(c);
    const Tensor& value = c.in[first + i];
    if (slices.empty() || slices[i].empty()) {
      writer.add(names[i], value.shape(), io::TensorSlice::whole(value.shape().rank()), value);
      continue;
    }
    const io::SliceSpec spec = io::parse_slice_spec(slices[i]);
    if (!(spec.shape == value.shape())) {
      invalid(
          "Slice in shape_and_slice specification does not match the shape of the tensor to "
          "save: ",
          slices[i], ", tensor: ", value.shape());
    }
    writer.add(names[i], spec.full, spec.slice, value);
  }
  writer.write(path);
}

void run_save(Call& c) { save_old(c, 2); }
void run_save_slices(Call& c) { save_old(c, 3); }

Tensor restore_one(const CheckpointReader& reader, const std::string& name,
                   const std::string& slice, DType dtype) {
  const DType stored = reader.dtype(name);
  if (stored != dtype) {
    invalid("tensor_name = ", name, "; expected dtype ", dtype_signature_name(dtype),
            " does not equal original dtype ", dtype_signature_name(stored));
  }
  return reader.read_slice(name, slice);
}

void run_restore_v2(Call& c) {
  const std::size_t n = c.out.size();
  const std::string& prefix = scalar(c.in[0], "prefix");
  const auto names = strings(c.in[1], n, "tensor_names");
  const auto slices = strings(c.in[2], n, "shape_and_slices");
  const auto& dtypes = c.attrs.types("dtypes");
  const CheckpointReader reader(prefix);
  // From front to back of the files, whatever the order of the names.
  std::vector<std::pair<std::int64_t, std::size_t>> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = {reader.position(names[i]), i};
  std::ranges::sort(order);
  for (const auto& [position, i] : order) {
    check_cancelled(c);
    c.out[i] = restore_one(reader, names[i], slices[i], dtypes[i]);
  }
}

void restore_old(Call& c, const std::string& slice) {
  const std::string& pattern = scalar(c.in[0], "file_pattern");
  const std::string& name = scalar(c.in[1], "tensor_name");
  c.out[0] = restore_one(CheckpointReader(pattern), name, slice, c.attrs.type("dt"));
}

void run_restore(Call& c) { restore_old(c, ""); }
void run_restore_slice(Call& c) { restore_old(c, scalar(c.in[2], "shape_and_slice")); }

void run_merge(Call& c) {
  const Tensor& prefixes = c.in[0];
  if (prefixes.shape().rank() != 1) {
    invalid("Input checkpoint_prefixes should be an 1-D tensor, got ", prefixes.shape(),
            " instead.");
  }
  const auto* p = prefixes.data<std::string>();
  merge_checkpoints({p, p + prefixes.num_elements()}, scalar(c.in[1], "destination_prefix"),
                    c.attrs.b("delete_old_dirs"));
}

}  // namespace

std::span<const KernelRow> checkpoint_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"SaveV2", "", kAny, dynamic_kernel<run_save_v2>},
      {"RestoreV2", "", kAny, dynamic_kernel<run_restore_v2>},
      {"MergeV2Checkpoints", "", kAny, dynamic_kernel<run_merge>},
      {"Save", "", kAny, dynamic_kernel<run_save>},
      {"SaveSlices", "", kAny, dynamic_kernel<run_save_slices>},
      {"Restore", "", kAny, dynamic_kernel<run_restore>},
      {"RestoreSlice", "", kAny, dynamic_kernel<run_restore_slice>},
  };
  return rows;
}

}  // namespace caudal::cpu
