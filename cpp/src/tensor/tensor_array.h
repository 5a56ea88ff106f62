// SPDX-License-Identifier: Apache-2.0
// Owns: TensorArray, the write-once list of tensors that loops fill and read, and its gradients.
// Called by: the TensorArray kernels.
// Must not know: graphs, sessions.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "tensor/object.h"

namespace caudal {

/// As TensorFlow's: an element is written once and, with clear_after_read, read once. In the array
/// of gradients that belongs to an array, writes to one element add up and an element that nobody
/// wrote is zero.
class TensorArray : public Object {
 public:
  static constexpr std::string_view kKind = "TensorArray";
  std::string_view kind() const override { return kKind; }

  struct Options {
    std::string name;
    DType dtype = DType::kInvalid;
    PartialShape element_shape;
    bool dynamic_size = false;
    bool clear_after_read = true;
    bool identical_element_shapes = false;
  };

  /// Throws InvalidArgument for a negative size, ResourceExhausted for a huge one.
  TensorArray(Options options, std::int64_t size);

  DType dtype() const { return options_.dtype; }
  const std::string& name() const { return options_.name; }
  bool dynamic_size() const { return options_.dynamic_size; }
  bool is_gradient() const { return gradient_; }
  PartialShape element_shape() const;
  std::int64_t size() const;

  /// Takes `value` as it is: the caller has made sure that nobody else changes its memory.
  void write(std::int64_t index, Tensor value);
  Tensor read(std::int64_t index);
  /// Grows a dynamic array to `size`; throws InvalidArgument for one of fixed size.
  void require_size(std::int64_t size);
  void close();

  /// The array of gradients under the name `source`, made on the first call. Its elements have the
  /// shapes of this array's, behind `prepend`.
  std::shared_ptr<TensorArray> gradient(const std::string& source, const PartialShape& prepend);

 private:
  struct Element {
    Tensor value;
    Shape shape;  ///< of what was written, kept when the value is cleared
    bool shape_known = false, written = false, read = false, cleared = false;
  };

  void check_open() const;
  void grow(std::int64_t size);

  Options options_;
  bool gradient_ = false;
  bool closed_ = false;
  std::vector<Element> elements_;
  std::map<std::string, std::shared_ptr<TensorArray>> gradients_;
  mutable std::mutex mutex_;
};

/// Adds `value` to `sum`, of the same floating or complex dtype and shape.
void accumulate(Tensor& sum, const Tensor& value);

}  // namespace caudal
