// SPDX-License-Identifier: Apache-2.0
// Owns: Shape (all dimensions known) and PartialShape (rank or dimensions may be unknown).
// Called by: everything that has tensors.
// Must not know: dtypes, tensors, graphs.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#include "caudal/version.h"

namespace caudal {

constexpr int kMaxRank = 8;

/// Dimensions of a tensor in memory, row major. Rank 0 to 8; a value type without heap.
class CAUDAL_API Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  /// Throws InvalidArgument for rank > 8, a negative dimension or an element count beyond 2^63.
  explicit Shape(std::span<const std::int64_t> dims);

  int rank() const { return rank_; }
  std::int64_t operator[](int i) const { return dims_[i]; }
  /// Negative axes count from the end; the caller has range-checked.
  std::int64_t dim(int axis) const { return dims_[axis < 0 ? axis + rank_ : axis]; }
  std::span<const std::int64_t> dims() const { return {dims_.data(), std::size_t(rank_)}; }
  std::int64_t num_elements() const;
  void set_dim(int i, std::int64_t value) { dims_[i] = value; }
  /// Throws InvalidArgument beyond rank 8.
  void append(std::int64_t dim);
  bool operator==(const Shape& o) const;
  /// "[2,3]"; a scalar is "[]".
  std::string str() const;

 private:
  int rank_ = 0;
  std::array<std::int64_t, kMaxRank> dims_{};
};

/// A shape of which the rank, or some dimensions (-1), may be unknown.
class CAUDAL_API PartialShape {
 public:
  /// Unknown rank.
  PartialShape() = default;
  PartialShape(std::initializer_list<std::int64_t> dims)
      : PartialShape(std::span(dims.begin(), dims.size())) {}
  /// -1 marks an unknown dimension. Throws InvalidArgument for rank > 8 or a dimension below -1.
  explicit PartialShape(std::span<const std::int64_t> dims);
  PartialShape(const Shape& shape) : PartialShape(shape.dims()) {}  // NOLINT: implicit on purpose
  static PartialShape unknown() { return {}; }
  static PartialShape scalar() { return unknown_of_rank(0); }
  static PartialShape unknown_of_rank(int rank);

  bool has_rank() const { return rank_ >= 0; }
  int rank() const { return rank_; }  ///< -1 when unknown
  std::int64_t operator[](int i) const { return dims_[i]; }
  std::int64_t dim(int axis) const { return dims_[axis < 0 ? axis + rank_ : axis]; }
  std::span<const std::int64_t> dims() const {
    return {dims_.data(), std::size_t(rank_ < 0 ? 0 : rank_)};
  }
  void set_dim(int i, std::int64_t value) { dims_[i] = value; }
  void append(std::int64_t dim);
  bool fully_defined() const;
  /// -1 unless fully defined.
  std::int64_t num_elements() const;
  /// Throws Internal unless fully defined.
  Shape to_shape() const;
  bool compatible_with(const PartialShape& o) const;
  /// The more precise of both; throws InvalidArgument when they contradict.
  PartialShape merge(const PartialShape& o) const;
  bool operator==(const PartialShape& o) const;
  /// "[?,3]"; "<unknown>" without rank.
  std::string str() const;

 private:
  int rank_ = -1;
  std::array<std::int64_t, kMaxRank> dims_{};
};

/// a * b, throws InvalidArgument when the product does not fit; sizes are never negative.
CAUDAL_API std::int64_t checked_mul(std::int64_t a, std::int64_t b);

}  // namespace caudal
