// SPDX-License-Identifier: Apache-2.0
#include "caudal/tensor.h"

#include "caudal/error.h"
#include "tensor/allocator.h"

namespace caudal {

Tensor::Tensor(DType dtype, const Shape& shape) : dtype_(dtype), shape_(shape) {
  const std::int64_t n = shape.num_elements();
  if (dtype == DType::kString) {
    auto strings = std::shared_ptr<std::string[]>(new std::string[std::size_t(n)]);
    data_ = strings.get();
    owner_ = std::move(strings);
  } else if (is_object(dtype)) {
    auto objects = std::shared_ptr<Variant[]>(new Variant[std::size_t(n)]);
    data_ = objects.get();
    owner_ = std::move(objects);
  } else {
    owner_ = allocate(std::size_t(checked_mul(n, std::int64_t(dtype_size(dtype)))));
    data_ = owner_.get();
  }
}

Tensor::Tensor(DType dtype, const Shape& shape, void* data, std::shared_ptr<void> owner)
    : dtype_(dtype), shape_(shape), data_(data), owner_(std::move(owner)) {}

Tensor Tensor::reshaped(const Shape& shape) const {
  if (shape.num_elements() != num_elements()) {
    invalid("cannot reshape ", shape_, " to ", shape, ": the numbers of elements differ");
  }
  return Tensor(dtype_, shape, data_, owner_);
}

Tensor Tensor::clone() const {
  Tensor out(dtype_, shape_);
  const std::int64_t n = num_elements();
  if (dtype_ == DType::kString) {
    std::copy_n(data<std::string>(), n, out.data<std::string>());
  } else if (is_object(dtype_)) {
    std::copy_n(data<Variant>(), n, out.data<Variant>());
  } else if (n > 0) {
    std::memcpy(out.raw(), raw(), num_bytes());
  }
  return out;
}

Tensor Tensor::string_scalar(std::string value) {
  Tensor t(DType::kString, Shape{});
  *t.data<std::string>() = std::move(value);
  return t;
}

std::vector<std::int64_t> Tensor::as_int64s() const {
  const std::int64_t n = num_elements();
  if (dtype_ == DType::kInt32) return {data<std::int32_t>(), data<std::int32_t>() + n};
  if (dtype_ == DType::kInt64) return {data<std::int64_t>(), data<std::int64_t>() + n};
  invalid("expected an int32 or int64 tensor, got ", dtype_);
}

}  // namespace caudal
