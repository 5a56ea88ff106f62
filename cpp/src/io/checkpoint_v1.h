// SPDX-License-Identifier: Apache-2.0
// Owns: checkpoints in the form of version 1: tables that hold the tensors themselves.
// Called by: checkpoint, kernels of the old ops.
// Must not know: sessions, who saves.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/table.h"
#include "io/tensor_slice.h"

namespace caudal::io {

/// One checkpoint in one or several files. Reads tensors on demand; may be used from several
/// threads.
class CheckpointV1 {
 public:
  explicit CheckpointV1(const std::vector<std::string>& paths);

  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return tensors_.contains(name); }
  // The caller has checked that there is such a name.
  DType dtype(const std::string& name) const { return tensors_.at(name).dtype; }
  const Shape& shape(const std::string& name) const { return tensors_.at(name).shape; }
  std::vector<TensorSlice> slices(const std::string& name) const;
  Tensor read_slice(const std::string& name, const TensorSlice& slice) const;

 private:
  struct Part {
    TensorSlice slice;
    std::size_t file;
  };
  struct Stored {
    DType dtype = DType::kInvalid;
    Shape shape;
    std::vector<Part> parts;
  };
  void add_meta(std::size_t file, std::string_view bytes);
  Tensor read_part(const std::string& name, const Stored& stored, const Part& part) const;

  std::vector<std::unique_ptr<TableReader>> files_;
  std::map<std::string, Stored> tensors_;
};

/// Writes such a file, as a whole or not at all.
class CheckpointV1Writer {
 public:
  /// Throws InvalidArgument for a part that was added before.
  void add(const std::string& name, const Shape& full, const TensorSlice& slice,
           const Tensor& value);
  void write(const std::string& path) const;

 private:
  struct Meta {
    DType dtype;
    Shape shape;
    std::string slices;  ///< fields of the message
  };
  std::vector<std::pair<std::string, Meta>> metas_;  ///< in the order of the first parts
  std::map<std::string, std::size_t> meta_of_;       ///< name -> index
  std::map<std::string, std::string> entries_;
};

}  // namespace caudal::io
