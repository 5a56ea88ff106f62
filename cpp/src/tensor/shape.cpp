// SPDX-License-Identifier: Apache-2.0
#include "caudal/shape.h"

#include <algorithm>

#include "caudal/error.h"

namespace caudal {
namespace {

void append_dims(std::string& out, std::span<const std::int64_t> dims) {
  out += '[';
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (i) out += ',';
    if (dims[i] < 0) {
      out += '?';
    } else {
      append_text(out, dims[i]);
    }
  }
  out += ']';
}

void check_rank(std::size_t rank) {
  if (rank > kMaxRank) {
    invalid("tensors have at most ", kMaxRank, " dimensions, not ", rank);
  }
}

}  // namespace

std::int64_t checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) {
    invalid("the product of the sizes ", a, " and ", b, " does not fit into 64 bits");
  }
  return product;
}

Shape::Shape(std::span<const std::int64_t> dims) {
  check_rank(dims.size());
  std::int64_t elements = 1;
  bool empty = false;
  for (const std::int64_t d : dims) {
    if (d < 0) invalid("Dimension ", d, " must be >= 0");
    if (d == 0) empty = true;
    dims_[std::size_t(rank_++)] = d;
  }
  // An empty tensor may have other dimensions whose product is out of range.
  if (!empty) {
    for (const std::int64_t d : dims) elements = checked_mul(elements, d);
  }
}

std::int64_t Shape::num_elements() const {
  std::int64_t n = 1;
  for (int i = 0; i < rank_; ++i) {
    if (dims_[std::size_t(i)] == 0) return 0;
  }
  for (int i = 0; i < rank_; ++i) n = checked_mul(n, dims_[std::size_t(i)]);
  return n;
}

void Shape::append(std::int64_t dim) {
  check_rank(std::size_t(rank_) + 1);
  dims_[std::size_t(rank_++)] = dim;
}

bool Shape::operator==(const Shape& o) const {
  return rank_ == o.rank_ && std::equal(dims_.begin(), dims_.begin() + rank_, o.dims_.begin());
}

std::string Shape::str() const {
  std::string out;
  append_dims(out, dims());
  return out;
}

PartialShape::PartialShape(std::span<const std::int64_t> dims) : rank_(0) {
  check_rank(dims.size());
  for (const std::int64_t d : dims) {
    if (d < -1) invalid("Dimension ", d, " must be >= 0");
    dims_[std::size_t(rank_++)] = d;
  }
}

PartialShape PartialShape::unknown_of_rank(int rank) {
  check_rank(std::size_t(std::max(rank, 0)));
  PartialShape s;
  s.rank_ = rank;
  s.dims_.fill(-1);
  return s;
}

void PartialShape::append(std::int64_t dim) {
  if (rank_ < 0) return;
  check_rank(std::size_t(rank_) + 1);
  dims_[std::size_t(rank_++)] = dim;
}

bool PartialShape::fully_defined() const {
  return rank_ >= 0 &&
         std::all_of(dims_.begin(), dims_.begin() + rank_, [](std::int64_t d) { return d >= 0; });
}

std::int64_t PartialShape::num_elements() const {
  return fully_defined() ? to_shape().num_elements() : -1;
}

Shape PartialShape::to_shape() const {
  if (!fully_defined()) fail(Code::kInternal, "shape ", str(), " is not fully defined");
  return Shape(dims());
}

bool PartialShape::compatible_with(const PartialShape& o) const {
  if (rank_ < 0 || o.rank_ < 0) return true;
  if (rank_ != o.rank_) return false;
  for (int i = 0; i < rank_; ++i) {
    if ((*this)[i] >= 0 && o[i] >= 0 && (*this)[i] != o[i]) return false;
  }
  return true;
}

PartialShape PartialShape::merge(const PartialShape& o) const {
  if (rank_ < 0) return o;
  if (o.rank_ < 0) return *this;
  if (rank_ != o.rank_) invalid("Shapes must be equal rank, but are ", rank_, " and ", o.rank_);
  PartialShape out = *this;
  for (int i = 0; i < rank_; ++i) {
    if (out[i] >= 0 && o[i] >= 0 && out[i] != o[i]) {
      invalid("Dimension ", i, " in both shapes must be equal, but are ", out[i], " and ", o[i],
              ". Shapes are ", *this, " and ", o, ".");
    }
    if (out[i] < 0) out.set_dim(i, o[i]);
  }
  return out;
}

bool PartialShape::operator==(const PartialShape& o) const {
  return rank_ == o.rank_ &&
         (rank_ < 0 || std::equal(dims_.begin(), dims_.begin() + rank_, o.dims_.begin()));
}

std::string PartialShape::str() const {
  if (rank_ < 0) return "<unknown>";
  std::string out;
  append_dims(out, dims());
  return out;
}

}  // namespace caudal
