// SPDX-License-Identifier: Apache-2.0
// Owns: TensorList, a list of tensors whose copies share elements.
// Called by: the kernels of lists.
// Must not know: graphs, sessions.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tensor/object.h"

namespace caudal {

/// An undefined Tensor is an element that was reserved and not set. Elements lie in chunks, so that
/// a change copies little.
class TensorList : public Object {
 public:
  static constexpr std::string_view kKind = "TensorList";
  std::string_view kind() const override { return kKind; }

  TensorList(DType dtype, PartialShape element_shape, std::int64_t most = -1)
      : dtype_(dtype), element_shape_(element_shape), most_(most) {}

  DType dtype() const { return dtype_; }
  const PartialShape& element_shape() const { return element_shape_; }
  /// The number of elements that it may have; -1 for any.
  std::int64_t most() const { return most_; }
  std::int64_t size() const { return size_; }
  const Tensor& at(std::int64_t i) const;

  /// These change this list, which nobody else may hold yet.
  void set(std::int64_t i, Tensor value);
  void push(Tensor value);
  /// Cuts off elements, or adds ones that are not set. Throws ResourceExhausted for huge sizes.
  void resize(std::int64_t size);
  /// Adds the elements of a list of the same length to these; one that is not set is zero.
  void add(const TensorList& other);

 private:
  static constexpr std::int64_t kChunk = 32;
  using Chunk = std::vector<Tensor>;
  Chunk& own_chunk(std::int64_t i);

  DType dtype_;
  PartialShape element_shape_;
  std::int64_t most_;
  std::int64_t size_ = 0;
  std::vector<std::shared_ptr<Chunk>> chunks_;  ///< null where nothing is set
};

}  // namespace caudal
