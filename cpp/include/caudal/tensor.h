// SPDX-License-Identifier: Apache-2.0
// Owns: Tensor, a typed block of memory with a shape, shared by reference.
// Called by: everything that holds values.
// Must not know: graphs, sessions, kernels.
#pragma once

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "caudal/dtype.h"
#include "caudal/shape.h"

namespace caudal {

/// An opaque object carried by tensors of dtype variant or resource.
using Variant = std::shared_ptr<void>;

/// A row-major value in host memory, 64-byte aligned when allocated here. Copying shares the
/// memory.
class CAUDAL_API Tensor {
 public:
  Tensor() = default;  ///< no value: defined() is false
  /// Allocates; plain elements are uninitialised, objects are default constructed.
  /// Throws ResourceExhausted when there is no memory.
  Tensor(DType dtype, const Shape& shape);
  /// Wraps memory of another owner, which `owner` keeps alive (may be null for a view).
  Tensor(DType dtype, const Shape& shape, void* data, std::shared_ptr<void> owner);

  bool defined() const { return dtype_ != DType::kInvalid; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  std::int64_t num_elements() const { return shape_.num_elements(); }
  std::size_t num_bytes() const { return std::size_t(num_elements()) * dtype_size(dtype_); }
  void* raw() const { return data_; }
  const std::shared_ptr<void>& owner() const { return owner_; }
  template <class T>
  T* data() const {
    return static_cast<T*>(data_);
  }
  /// The same memory under another shape with as many elements.
  Tensor reshaped(const Shape& shape) const;
  /// A deep copy.
  Tensor clone() const;
  /// True when nobody else shares the memory.
  bool unique() const { return owner_ && owner_.use_count() == 1; }

  template <class T>
  static Tensor scalar(T value) {
    Tensor t(dtype_of<T>, Shape{});
    *t.data<T>() = value;
    return t;
  }
  static Tensor string_scalar(std::string value);
  /// Rank 1.
  template <class T>
  static Tensor vector(const std::vector<T>& values) {
    Tensor t(dtype_of<T>, Shape{std::int64_t(values.size())});
    if (!values.empty()) std::memcpy(t.raw(), values.data(), values.size() * sizeof(T));
    return t;
  }
  template <class T>
  static Tensor of(const std::vector<T>& values, const Shape& shape) {
    return vector(values).reshaped(shape);
  }
  /// Integer tensor (int32 or int64) read as int64 values; throws InvalidArgument otherwise.
  std::vector<std::int64_t> as_int64s() const;

 private:
  DType dtype_ = DType::kInvalid;
  Shape shape_;
  void* data_ = nullptr;
  std::shared_ptr<void> owner_;
};

}  // namespace caudal
