// SPDX-License-Identifier: Apache-2.0
// Optionals; zeros and sums of what variants hold.
#include <cstring>

#include "kernels/cpu/portable/families.h"
#include "tensor/resource.h"
#include "tensor/tensor_array.h"
#include "tensor/tensor_list.h"

namespace caudal::cpu {
namespace {

struct Optional : Object {
  static constexpr std::string_view kKind = "Optional";
  std::string_view kind() const override { return kKind; }

  bool has_value = false;
  std::vector<Tensor> components;
};

void from_value(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  auto made = std::make_shared<Optional>();
  made->has_value = true;
  for (const Tensor& t : in) made->components.push_back(kept(t));
  out[0] = object_tensor(DType::kVariant, std::move(made));
}

void none(const void*, std::span<const Tensor>, std::span<Tensor> out, RunContext&) {
  out[0] = object_tensor(DType::kVariant, std::make_shared<Optional>());
}

void has_value(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  out[0] = Tensor::scalar(resource_of<Optional>(in[0])->has_value);
}

struct ValueParams {
  std::vector<DType> types;
  std::vector<PartialShape> shapes;
};

void get_value(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const auto& p = *static_cast<const ValueParams*>(params);
  const auto optional = resource_of<Optional>(in[0]);
  if (!optional->has_value) invalid("The given optional does not have a value.");
  if (optional->components.size() != p.types.size()) {
    invalid("The given optional has ", optional->components.size(), " components, expected ",
            p.types.size());
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Tensor& t = optional->components[i];
    if (t.dtype() != p.types[i]) {
      invalid("The given optional does not match the expected type for component ", i,
              ". Expected: ", p.types[i], ". Actual: ", t.dtype(), ".");
    }
    if (!p.shapes[i].compatible_with(t.shape())) {
      invalid("The given optional does not match the expected shape for component ", i,
              ". Expected: ", p.shapes[i], ". Actual: ", t.shape(), ".");
    }
    out[i] = t;
  }
}

constexpr int kMaxDepth = 64;  // of variants within variants

Tensor zeros_of(const Tensor& value, int depth);

Variant zeros_of(const Variant& v, int depth) {
  if (depth > kMaxDepth) invalid("variants are nested too deeply");
  const auto object = std::static_pointer_cast<Object>(v);
  if (const auto list = std::dynamic_pointer_cast<TensorList>(object)) {
    auto made = std::make_shared<TensorList>(list->dtype(), list->element_shape(), list->most());
    made->resize(list->size());
    for (std::int64_t i = 0; i < list->size(); ++i) {
      if (list->at(i).defined()) made->set(i, zeros_of(list->at(i), depth + 1));
    }
    return to_variant(std::move(made));
  }
  if (const auto optional = std::dynamic_pointer_cast<Optional>(object)) {
    auto made = std::make_shared<Optional>();
    made->has_value = optional->has_value;
    for (const Tensor& t : optional->components) made->components.push_back(zeros_of(t, depth + 1));
    return to_variant(std::move(made));
  }
  invalid("there are no zeros like a ", object == nullptr ? "missing value" : object->kind());
}

Tensor zeros_of(const Tensor& value, int depth) {
  Tensor made(value.dtype(), value.shape());
  if (value.dtype() == DType::kVariant) {
    for (std::int64_t i = 0; i < value.num_elements(); ++i) {
      made.data<Variant>()[i] = zeros_of(value.data<Variant>()[i], depth);
    }
  } else if (!is_object(value.dtype())) {
    if (made.num_bytes() > 0) std::memset(made.raw(), 0, made.num_bytes());
  } else if (value.dtype() == DType::kResource) {
    invalid("there are no zeros like a handle");
  }
  return made;
}

Variant sum_of(const Variant& a, const Variant& b, int depth) {
  if (depth > kMaxDepth) invalid("variants are nested too deeply");
  const auto x = std::static_pointer_cast<Object>(a), y = std::static_pointer_cast<Object>(b);
  const auto lists =
      std::pair(std::dynamic_pointer_cast<TensorList>(x), std::dynamic_pointer_cast<TensorList>(y));
  if (lists.first != nullptr && lists.second != nullptr) {
    auto made = std::make_shared<TensorList>(*lists.first);
    made->add(*lists.second);
    return to_variant(std::move(made));
  }
  const auto optionals =
      std::pair(std::dynamic_pointer_cast<Optional>(x), std::dynamic_pointer_cast<Optional>(y));
  if (optionals.first == nullptr || optionals.second == nullptr) {
    invalid("a ", x == nullptr ? "missing value" : x->kind(), " and a ",
            y == nullptr ? "missing value" : y->kind(), " have no sum");
  }
  if (!optionals.first->has_value) return b;
  if (!optionals.second->has_value) return a;
  const auto& p = optionals.first->components;
  const auto& q = optionals.second->components;
  if (p.size() != q.size()) invalid("Cannot add optionals because they have different structure.");
  auto made = std::make_shared<Optional>();
  made->has_value = true;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i].dtype() != q[i].dtype() || !(p[i].shape() == q[i].shape())) {
      invalid("Cannot add optionals because they have different structure.");
    }
    Tensor sum = p[i].clone();
    if (sum.dtype() == DType::kVariant) {
      for (std::int64_t k = 0; k < sum.num_elements(); ++k) {
        sum.data<Variant>()[k] =
            sum_of(p[i].data<Variant>()[k], q[i].data<Variant>()[k], depth + 1);
      }
    } else if (is_floating(sum.dtype()) || is_complex(sum.dtype())) {
      accumulate(sum, q[i]);
    } else {
      invalid("optionals of ", sum.dtype(), " have no sum");
    }
    made->components.push_back(std::move(sum));
  }
  return to_variant(std::move(made));
}

void zeros_like(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  out[0] = zeros_of(in[0], 0);
}

void add_n(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  Tensor sum = in[0].clone();
  for (const Tensor& next : in.subspan(1)) {
    if (!(next.shape() == sum.shape())) {
      invalid("AddN of variants of shapes ", sum.shape(), " and ", next.shape());
    }
    for (std::int64_t k = 0; k < sum.num_elements(); ++k) {
      sum.data<Variant>()[k] = sum_of(sum.data<Variant>()[k], next.data<Variant>()[k], 0);
    }
  }
  out[0] = std::move(sum);
}

template <DynamicRunFn run>
Prepared prepare(const KernelRequest&) {
  Prepared prepared;
  prepared.run_dynamic = run;
  return prepared;
}

Prepared prepare_get(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<ValueParams>(prepared);
  p->types = r.attrs->types("output_types");
  p->shapes = r.attrs->at("output_shapes").get<std::vector<PartialShape>>();
  prepared.run_dynamic = get_value;
  return prepared;
}

}  // namespace

std::span<const KernelRow> optional_kernels() {
  static const KernelRow rows[] = {
      {"OptionalFromValue", "", DTypeSet::all(), prepare<from_value>},
      {"OptionalNone", "", DTypeSet::all(), prepare<none>},
      {"OptionalHasValue", "", DTypeSet::all(), prepare<has_value>},
      {"OptionalGetValue", "", DTypeSet::all(), prepare_get},
      {"ZerosLike", "T", {DType::kVariant}, prepare<zeros_like>},
      {"AddN", "T", {DType::kVariant}, prepare<add_n>},
  };
  return rows;
}

}  // namespace caudal::cpu
