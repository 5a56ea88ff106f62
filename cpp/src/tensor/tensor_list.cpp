// SPDX-License-Identifier: Apache-2.0
#include "tensor/tensor_list.h"

#include "caudal/error.h"
#include "tensor/tensor_array.h"

namespace caudal {
namespace {

constexpr std::int64_t kMaxElements = std::int64_t{1} << 26;

}  // namespace

TensorList::Chunk& TensorList::own_chunk(std::int64_t i) {
  auto& chunk = chunks_[std::size_t(i / kChunk)];
  if (!chunk) {
    chunk = std::make_shared<Chunk>(std::size_t(kChunk));
  } else if (chunk.use_count() != 1) {
    chunk = std::make_shared<Chunk>(*chunk);
  }
  return *chunk;
}

const Tensor& TensorList::at(std::int64_t i) const {
  static const Tensor none;
  const auto& chunk = chunks_[std::size_t(i / kChunk)];
  return chunk ? (*chunk)[std::size_t(i % kChunk)] : none;
}

void TensorList::set(std::int64_t i, Tensor value) {
  own_chunk(i)[std::size_t(i % kChunk)] = std::move(value);
}

void TensorList::push(Tensor value) {
  resize(size_ + 1);
  set(size_ - 1, std::move(value));
}

void TensorList::resize(std::int64_t size) {
  if (size > kMaxElements) {
    fail(Code::kResourceExhausted, "a list of ", size, " elements is too long");
  }
  // Chunks have full length; what is behind the end is never looked at.
  const auto chunks = std::size_t((size + kChunk - 1) / kChunk);
  for (std::int64_t i = size_; i < size && i % kChunk != 0; ++i) {
    if (at(i).defined()) set(i, Tensor());
  }
  chunks_.resize(chunks);
  size_ = size;
}

void TensorList::add(const TensorList& other) {
  if (other.size() != size_ || other.dtype() != dtype_) {
    invalid("Trying to add two lists of tensors, of ", size_, " ", dtype_, " and of ", other.size(),
            " ", other.dtype());
  }
  for (std::int64_t i = 0; i < size_; ++i) {
    const Tensor& more = other.at(i);
    if (!more.defined()) continue;
    if (!at(i).defined()) {
      set(i, more);
      continue;
    }
    if (!(at(i).shape() == more.shape())) {
      invalid("Trying to add elements ", i, " of two lists, of shapes ", at(i).shape(), " and ",
              more.shape());
    }
    Tensor sum = at(i).clone();
    accumulate(sum, more);
    set(i, std::move(sum));
  }
}

}  // namespace caudal
