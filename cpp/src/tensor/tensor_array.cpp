// SPDX-License-Identifier: Apache-2.0
#include "tensor/tensor_array.h"

#include <complex>

namespace caudal {
namespace {

// More elements than this are a mistake: each costs bookkeeping before anything is written.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;

template <class T>
void add_into(Tensor& sum, const Tensor& value) {
  T* a = sum.data<T>();
  const T* b = value.data<T>();
  const std::int64_t n = sum.num_elements();
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<T, Half> || std::is_same_v<T, Bfloat16>) {
      a[i] = T(float(a[i]) + float(b[i]));
    } else {
      a[i] = T(a[i] + b[i]);
    }
  }
}

}  // namespace

void accumulate(Tensor& sum, const Tensor& value) {
  switch (sum.dtype()) {
    case DType::kFloat:
      return add_into<float>(sum, value);
    case DType::kDouble:
      return add_into<double>(sum, value);
    case DType::kHalf:
      return add_into<Half>(sum, value);
    case DType::kBfloat16:
      return add_into<Bfloat16>(sum, value);
    case DType::kInt32:
      return add_into<std::int32_t>(sum, value);
    case DType::kInt64:
      return add_into<std::int64_t>(sum, value);
    case DType::kComplex64:
      return add_into<std::complex<float>>(sum, value);
    case DType::kComplex128:
      return add_into<std::complex<double>>(sum, value);
    default:
      fail(Code::kUnimplemented, "gradients of dtype ", sum.dtype(), " cannot be added up");
  }
}

namespace {

Tensor zeros(DType dtype, const Shape& shape) {
  Tensor t(dtype, shape);
  if (!is_object(dtype) && t.num_bytes() > 0) std::memset(t.raw(), 0, t.num_bytes());
  return t;
}

PartialShape concatenate(const PartialShape& a, const PartialShape& b) {
  if (!a.has_rank() || !b.has_rank()) return {};
  PartialShape out = a;
  for (const std::int64_t d : b.dims()) out.append(d);
  return out;
}

}  // namespace

TensorArray::TensorArray(Options options, std::int64_t size) : options_(std::move(options)) {
  if (size < 0) invalid("Size should be >= 0.");
  grow(size);
}

void TensorArray::grow(std::int64_t size) {
  if (size > kMaxElements)
    fail(Code::kResourceExhausted, "TensorArray ", options_.name, ": ", size,
         " elements are too many");
  elements_.resize(std::size_t(size));
}

void TensorArray::check_open() const {
  if (closed_) invalid("TensorArray ", options_.name, " has already been closed.");
}

PartialShape TensorArray::element_shape() const {
  std::lock_guard lock(mutex_);
  return options_.element_shape;
}

std::int64_t TensorArray::size() const {
  std::lock_guard lock(mutex_);
  check_open();
  return std::int64_t(elements_.size());
}

void TensorArray::write(std::int64_t index, Tensor value) {
  std::lock_guard lock(mutex_);
  check_open();
  if (value.dtype() != options_.dtype) {
    invalid("TensorArray dtype is ", dtype_signature_name(options_.dtype),
            " but Op is trying to write dtype ", dtype_signature_name(value.dtype()), ".");
  }
  const auto count = std::int64_t(elements_.size());
  if (index < 0 || (index >= count && !options_.dynamic_size)) {
    invalid("TensorArray ", options_.name, ": Tried to write to index ", index,
            " but array is not resizeable and size is: ", count);
  }
  if (index >= count) grow(index + 1);
  if (!options_.element_shape.compatible_with(value.shape())) {
    invalid("TensorArray ", options_.name, ": Could not write to TensorArray index ", index,
            " because the value shape is ", value.shape(),
            " which is incompatible with the TensorArray's inferred element shape: ",
            options_.element_shape, " (consider setting infer_shape=False).");
  }
  Element& e = elements_[std::size_t(index)];
  if (e.read) {
    invalid("TensorArray ", options_.name, ": Could not write to TensorArray index ", index,
            " because it has already been read.");
  }
  if (e.written && !gradient_) {
    invalid("TensorArray ", options_.name, ": Could not write to TensorArray index ", index,
            " because it has already been written to.");
  }
  if (e.written) {
    if (e.value.shape() != value.shape()) {
      invalid("TensorArray ", options_.name, ": Could not aggregate to TensorArray index ", index,
              " because the existing shape is ", e.value.shape(), " but the new input shape is ",
              value.shape(), ".");
    }
    if (!e.value.unique()) e.value = e.value.clone();
    accumulate(e.value, value);
    return;
  }
  if (options_.identical_element_shapes && !options_.element_shape.fully_defined()) {
    options_.element_shape = value.shape();
  }
  e.shape = value.shape();
  e.shape_known = e.written = true;
  e.value = std::move(value);
}

Tensor TensorArray::read(std::int64_t index) {
  std::lock_guard lock(mutex_);
  check_open();
  if (index < 0 || index >= std::int64_t(elements_.size())) {
    invalid("Tried to read from index ", index, " but array size is: ", elements_.size());
  }
  Element& e = elements_[std::size_t(index)];
  if (e.cleared) {
    invalid("TensorArray ", options_.name, ": Could not read index ", index,
            " twice because it was cleared after a previous read (perhaps try setting "
            "clear_after_read = false?).");
  }
  e.read = true;
  if (!e.written) {
    if (!e.shape_known && !options_.element_shape.fully_defined()) {
      invalid(
          "TensorArray ", options_.name, ": Could not read from TensorArray index ", index,
          ".  Furthermore, the element shape is not fully defined: ", options_.element_shape,
          ".  It is possible you are working with a resizeable TensorArray and nothing was written "
          "there; with the full element_shape it reads as zeros.");
    }
    e.shape = e.shape_known ? e.shape : options_.element_shape.to_shape();
    e.shape_known = e.written = true;
    e.value = zeros(options_.dtype, e.shape);
  }
  if (!options_.clear_after_read) return e.value;
  e.cleared = true;
  return std::move(e.value);
}

void TensorArray::require_size(std::int64_t size) {
  std::lock_guard lock(mutex_);
  check_open();
  if (size > std::int64_t(elements_.size())) grow(size);
}

void TensorArray::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  elements_.clear();
}

std::shared_ptr<TensorArray> TensorArray::gradient(const std::string& source,
                                                   const PartialShape& prepend) {
  std::lock_guard lock(mutex_);
  check_open();
  auto& slot = gradients_[source];
  if (!slot) {
    Options options = options_;
    options.name = options_.name + "@" + source;
    options.element_shape = concatenate(prepend, options_.element_shape);
    options.identical_element_shapes = false;
    // The gradient of an element may be asked for by several readers of the forward array.
    options.clear_after_read = false;
    slot = std::make_shared<TensorArray>(std::move(options), std::int64_t(elements_.size()));
    slot->gradient_ = true;
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      if (!elements_[i].shape_known || !prepend.fully_defined()) continue;
      slot->elements_[i].shape = concatenate(prepend, PartialShape(elements_[i].shape)).to_shape();
      slot->elements_[i].shape_known = true;
    }
  }
  return slot;
}

}  // namespace caudal
