// SPDX-License-Identifier: Apache-2.0
// Owns: what a tensor of dtype resource or variant holds: an object that knows its kind.
// Called by: kernels and the runtime, wherever a handle is made or read.
// Must not know: the kinds there are.
#pragma once

#include <memory>
#include <string_view>

#include "caudal/error.h"
#include "caudal/tensor.h"

namespace caudal {

/// Base of everything behind a handle. A Variant always points to an Object.
struct Object {
  virtual ~Object() = default;
  virtual std::string_view kind() const = 0;  ///< "TensorArray", for error texts
};

inline Variant to_variant(std::shared_ptr<Object> object) { return object; }

inline Tensor object_tensor(DType dtype, std::shared_ptr<Object> object) {
  Tensor t(dtype, Shape{});
  *t.data<Variant>() = to_variant(std::move(object));
  return t;
}

/// The value in memory that does not end with the step.
inline Tensor kept(const Tensor& value) { return value.owner() ? value : value.clone(); }

/// The object of kind T (with T::kKind) behind a handle; throws InvalidArgument for another kind.
template <class T>
std::shared_ptr<T> object_of(const Variant& v) {
  if (!v) invalid("the handle of a ", T::kKind, " is empty");
  const auto object = std::static_pointer_cast<Object>(v);
  auto typed = std::dynamic_pointer_cast<T>(object);
  if (!typed) invalid("a handle of a ", T::kKind, " was expected, got one of a ", object->kind());
  return typed;
}

}  // namespace caudal
