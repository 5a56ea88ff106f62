// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <limits>

#include "caudal/tensor.h"
#include "testing.h"

using namespace caudal;

TEST(shape_counts_elements) {
  CHECK_EQ(Shape({2, 3, 4}).num_elements(), 24);
  CHECK_EQ(Shape({}).num_elements(), 1);
  CHECK_EQ(Shape({3, 0, 5}).num_elements(), 0);
  CHECK_EQ(Shape({2, 3}).str(), "[2,3]");
}

TEST(shape_refuses_what_does_not_fit) {
  const std::int64_t big = std::numeric_limits<std::int64_t>::max() / 2;
  CHECK(!ERROR_OF(Shape({big, 3})).empty());
  CHECK(!ERROR_OF(Shape({2, -1})).empty());
  CHECK(!ERROR_OF(Shape({1, 1, 1, 1, 1, 1, 1, 1, 1})).empty());
  CHECK(!ERROR_OF(checked_mul(big, 4)).empty());
  CHECK_EQ(checked_mul(big, 2), big * 2);
}

TEST(partial_shapes_merge) {
  const PartialShape a{-1, 3}, b{2, -1};
  CHECK_EQ(a.merge(b), PartialShape({2, 3}));
  CHECK_EQ(PartialShape().merge(a), a);
  CHECK(a.compatible_with(b));
  CHECK(!a.compatible_with(PartialShape({2, 4})));
  CHECK(!ERROR_OF(a.merge(PartialShape({2, 4}))).empty());
  CHECK(!PartialShape().has_rank());
  CHECK_EQ(a.num_elements(), -1);
}

TEST(tensors_share_and_clone) {
  const Tensor a = Tensor::of<float>({1, 2, 3, 4}, {2, 2});
  const Tensor shared = a;
  const Tensor copy = a.clone();
  CHECK_EQ(shared.raw(), a.raw());
  CHECK(copy.raw() != a.raw());
  CHECK_EQ(copy.data<float>()[3], 4.0f);
  CHECK_EQ(a.reshaped({4}).raw(), a.raw());
  CHECK(!ERROR_OF(a.reshaped({3})).empty());
  CHECK_EQ(a.num_bytes(), std::size_t{16});
}

TEST(tensors_hold_strings) {
  const Tensor s = Tensor::string_scalar("caudal");
  CHECK(s.dtype() == DType::kString);
  CHECK_EQ(*s.data<std::string>(), "caudal");
  CHECK_EQ(*s.clone().data<std::string>(), "caudal");
}

TEST(dtypes_have_both_names) {
  CHECK_EQ(dtype_name(DType::kFloat), "float32");
  CHECK_EQ(dtype_signature_name(DType::kFloat), "float");
  CHECK(dtype_from_name("int64") == DType::kInt64);
  CHECK(dtype_from_name("double") == DType::kDouble);
  CHECK(dtype_from_name("nonsense") == DType::kInvalid);
  CHECK_EQ(dtype_size(DType::kDouble), std::size_t{8});
}
