// SPDX-License-Identifier: Apache-2.0
// Owns: tensors as rows of other tensors, for every dtype.
// Called by: kernels of TensorArrays and lists.
// Must not know: what the rows are kept in.
#pragma once

#include <algorithm>
#include <cstring>

#include "caudal/error.h"
#include "caudal/tensor.h"

namespace caudal::cpu {

/// Puts all elements of `from` into `to`, from element `offset` on.
inline void copy_elements(const Tensor& from, Tensor& to, std::int64_t offset) {
  const std::int64_t n = from.num_elements();
  if (n == 0) return;
  if (from.dtype() == DType::kString) {
    std::copy_n(from.data<std::string>(), n, to.data<std::string>() + offset);
  } else if (is_object(from.dtype())) {
    std::copy_n(from.data<Variant>(), n, to.data<Variant>() + offset);
  } else {
    const std::size_t size = dtype_size(from.dtype());
    std::memcpy(static_cast<char*>(to.raw()) + std::size_t(offset) * size, from.raw(),
                std::size_t(n) * size);
  }
}

/// `first` and the dimensions of `rest` from `skip` on; throws when that has too many elements.
inline Shape behind(std::int64_t first, const Shape& rest, int skip) {
  Shape out{first};
  for (int i = skip; i < rest.rank(); ++i) out.append(rest[i]);
  checked_mul(1, out.num_elements());
  return Shape(out.dims());
}

/// What begins with row `begin` of a value and has this shape, sharing its memory.
inline Tensor rows_of(const Tensor& value, std::int64_t begin, const Shape& shape) {
  const std::int64_t row = value.shape()[0] == 0 ? 0 : value.num_elements() / value.shape()[0];
  char* data = static_cast<char*>(value.raw());
  if (data != nullptr) data += std::size_t(begin * row) * dtype_size(value.dtype());
  return Tensor(value.dtype(), shape, data, value.owner());
}

}  // namespace caudal::cpu
