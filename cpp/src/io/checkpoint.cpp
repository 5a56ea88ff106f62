// SPDX-License-Identifier: Apache-2.0
// Checkpoints of either version behind one interface.
#include <algorithm>
#include <cctype>

#include "base/crc32c.h"
#include "caudal/error.h"
#include "caudal/io.h"
#include "io/bundle.h"
#include "io/bundle_format.h"
#include "io/checkpoint_v1.h"

namespace caudal {

struct CheckpointReader::Impl {
  std::unique_ptr<io::BundleReader> bundle;
  std::unique_ptr<io::CheckpointV1> old;
};

CheckpointReader::CheckpointReader(const std::string& prefix) : impl_(std::make_unique<Impl>()) {
  const std::string index = io::index_path(prefix);
  if (io::file_exists(index) || io::file_exists(index + std::string(io::kCommitted))) {
    impl_->bundle = std::make_unique<io::BundleReader>(prefix);
    return;
  }
  const std::vector<std::string> files = io::matching_files(prefix);
  if (files.empty()) {
    fail(Code::kNotFound,
         "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for ",
         prefix);
  }
  impl_->old = std::make_unique<io::CheckpointV1>(files);
}

CheckpointReader::~CheckpointReader() = default;
CheckpointReader::CheckpointReader(CheckpointReader&&) noexcept = default;
CheckpointReader& CheckpointReader::operator=(CheckpointReader&&) noexcept = default;

int CheckpointReader::version() const { return impl_->bundle ? 2 : 1; }

std::vector<std::string> CheckpointReader::names() const {
  if (!impl_->bundle) return impl_->old->names();
  std::vector<std::string> out;
  out.reserve(impl_->bundle->entries().size());
  for (const auto& [name, entry] : impl_->bundle->entries()) out.push_back(name);
  return out;
}

bool CheckpointReader::has(const std::string& name) const {
  if (name.empty() || name[0] == '\0') return false;
  return impl_->bundle ? impl_->bundle->find(name) != nullptr : impl_->old->has(name);
}

namespace {

[[noreturn]] void absent(const std::string& name) {
  fail(Code::kNotFound, "Key ", name, " not found in checkpoint");
}

}  // namespace

DType CheckpointReader::dtype(const std::string& name) const {
  if (!has(name)) absent(name);
  return impl_->bundle ? impl_->bundle->find(name)->dtype : impl_->old->dtype(name);
}

Shape CheckpointReader::shape(const std::string& name) const {
  if (!has(name)) absent(name);
  return impl_->bundle ? impl_->bundle->find(name)->shape : impl_->old->shape(name);
}

Tensor CheckpointReader::read(const std::string& name) const { return read_slice(name, ""); }

Tensor CheckpointReader::read_slice(const std::string& name, const std::string& text) const {
  if (!has(name)) absent(name);
  const Shape full = shape(name);
  io::TensorSlice slice = io::TensorSlice::whole(full.rank());
  if (!text.empty()) {
    const io::SliceSpec spec = io::parse_slice_spec(text);
    if (!(spec.full == full)) {
      invalid("tensor_name = ", name, "; shape in shape_and_slice spec ", spec.full,
              " does not match the shape stored in checkpoint: ", full);
    }
    if (!spec.slice.covers(full)) slice = spec.slice;
  }
  if (!impl_->bundle) return impl_->old->read_slice(name, slice);
  return slice.covers(full) ? impl_->bundle->read(name) : impl_->bundle->read_slice(name, slice);
}

std::vector<std::string> CheckpointReader::slices(const std::string& name) const {
  const Shape full = shape(name);
  std::string dims;
  for (const std::int64_t d : full.dims()) dims += str(d, " ");
  std::vector<std::string> out;
  for (const io::TensorSlice& s :
       impl_->bundle ? impl_->bundle->find(name)->slices : impl_->old->slices(name)) {
    if (!s.covers(full)) out.push_back(dims + s.text());
  }
  return out;
}

std::int64_t CheckpointReader::position(const std::string& name) const {
  if (!impl_->bundle) return 0;
  const io::BundleEntry* e = impl_->bundle->find(name);
  return e == nullptr ? 0 : (e->shard << 44) + e->offset;
}

std::string CheckpointReader::debug_string() const {
  std::string out;
  for (const std::string& name : names()) {
    std::string type(dtype_signature_name(dtype(name)));
    std::ranges::transform(type, type.begin(), [](unsigned char c) { return std::toupper(c); });
    const std::size_t parts = slices(name).size();
    out += str(name, " (DT_", type, ") ", shape(name));
    if (parts > 1) out += str(", ", parts, " slices");
    out += '\n';
  }
  return out;
}

struct CheckpointWriter::Impl {
  io::BundleWriter bundle;
};

CheckpointWriter::CheckpointWriter(const std::string& prefix)
    : impl_(new Impl{io::BundleWriter(prefix)}) {}
CheckpointWriter::~CheckpointWriter() = default;
CheckpointWriter::CheckpointWriter(CheckpointWriter&&) noexcept = default;
CheckpointWriter& CheckpointWriter::operator=(CheckpointWriter&&) noexcept = default;

void CheckpointWriter::add(const std::string& name, const Tensor& value) {
  impl_->bundle.add(name, value);
}

void CheckpointWriter::add_slice(const std::string& name, const std::string& text,
                                 const Tensor& value) {
  if (text.empty()) return add(name, value);
  const io::SliceSpec spec = io::parse_slice_spec(text);
  if (!(spec.shape == value.shape())) {
    invalid(
        "Slice in shape_and_slice specification does not match the shape of the tensor to save: ",
        text, ", tensor: ", value.shape());
  }
  impl_->bundle.add_slice(name, spec.full, spec.slice, value);
}

void CheckpointWriter::finish() { impl_->bundle.finish(); }

void merge_checkpoints(const std::vector<std::string>& prefixes, const std::string& destination,
                       bool delete_folders) {
  io::merge_bundles(prefixes, destination, delete_folders);
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
  io::remove_stale_temporaries(path);
  io::AtomicFile file(path);
  file.out().append(bytes);
  file.commit();
}

std::uint32_t checksum(std::string_view bytes, std::uint32_t before) {
  return crc32c(bytes, before);
}
std::uint32_t masked_checksum(std::string_view bytes) { return crc32c_masked(crc32c(bytes)); }

}  // namespace caudal
