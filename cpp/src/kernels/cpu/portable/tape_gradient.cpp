// SPDX-License-Identifier: Apache-2.0
// Gradients of tapes: what second and higher derivatives of control flow hand back to the forward
// pass.
#include <cstring>

#include "kernels/cpu/portable/families.h"
#include "tensor/resource.h"
#include "tensor/tape.h"
#include "tensor/tensor_array.h"
#include "tensor/tensor_list.h"

namespace caudal::cpu {
namespace {

const TapeGradient& gradient_of(const Tensor& t) {
  return *object_of<TapeGradient>(*t.data<Variant>());
}

Tensor make(std::shared_ptr<TapeGradient> gradient) {
  return object_tensor(DType::kVariant, std::move(gradient));
}

void add_to(TapeGradient& sum, const TapeGradient& other) {
  for (const auto& [where, value] : other.entries) {
    const auto [it, fresh] = sum.entries.emplace(where, value);
    if (fresh) continue;
    Tensor& total = it->second;
    if (total.dtype() != value.dtype()) invalid("gradients of a tape differ in dtype");
    if (value.dtype() == DType::kVariant) {
      auto both = std::make_shared<TapeGradient>(gradient_of(total));
      add_to(*both, gradient_of(value));
      total = make(std::move(both));
      continue;
    }
    if (!(total.shape() == value.shape())) {
      invalid("gradients of a tape have shapes ", total.shape(), " and ", value.shape());
    }
    total = total.clone();
    accumulate(total, value);
  }
}

void run_empty(const void*, std::span<const Tensor>, std::span<Tensor> out, RunContext&) {
  out[0] = make(std::make_shared<TapeGradient>());
}

void run_entry(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const std::int64_t k = *static_cast<const std::int64_t*>(params);
  auto gradient = std::make_shared<TapeGradient>();
  // A view ends with the step, the gradient does not.
  gradient->entries.emplace(std::pair(*in[0].data<std::int32_t>(), k), kept(in[1]));
  out[0] = make(std::move(gradient));
}

void run_read(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const std::int64_t k = *static_cast<const std::int64_t*>(params);
  const TapeGradient& gradient = gradient_of(in[0]);
  const Tensor& like = in[2];
  const auto it = gradient.entries.find({*in[1].data<std::int32_t>(), k});
  if (it != gradient.entries.end()) {
    if (it->second.dtype() != like.dtype() || !(it->second.shape() == like.shape())) {
      invalid("the gradient of a tape is a ", it->second.dtype(), it->second.shape(), ", not a ",
              like.dtype(), like.shape());
    }
    out[0] = it->second;
  } else if (like.dtype() == DType::kVariant) {
    out[0] = make(std::make_shared<TapeGradient>());
  } else {
    out[0] = Tensor(like.dtype(), like.shape());
    if (!is_object(like.dtype()) && out[0].num_bytes() > 0)
      std::memset(out[0].raw(), 0, out[0].num_bytes());
  }
}

bool is_list(const Tensor& t) {
  const Variant& v = *t.data<Variant>();
  return v && std::static_pointer_cast<Object>(v)->kind() == TensorList::kKind;
}

void run_sum(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  if (!in.empty() && is_list(in[0])) {
    auto lists = std::make_shared<TensorList>(*resource_of<TensorList>(in[0]));
    for (const Tensor& t : in.subspan(1)) lists->add(*resource_of<TensorList>(t));
    out[0] = object_tensor(DType::kVariant, std::move(lists));
    return;
  }
  auto sum = std::make_shared<TapeGradient>();
  for (const Tensor& t : in) add_to(*sum, gradient_of(t));
  out[0] = make(std::move(sum));
}

Prepared prepare(DynamicRunFn run) {
  Prepared prepared;
  prepared.run_dynamic = run;
  return prepared;
}
void require_index(const KernelRequest& r, int i) {
  if (r.inputs[std::size_t(i)].shape.num_elements() != 1) invalid("the index must be a scalar");
}
Prepared prepare_empty(const KernelRequest&) { return prepare(run_empty); }
Prepared prepare_sum(const KernelRequest&) { return prepare(run_sum); }
Prepared prepare_entry(const KernelRequest& r) {
  require_index(r, 0);
  Prepared prepared = prepare(run_entry);
  *make_params<std::int64_t>(prepared) = r.attrs->i("k");
  return prepared;
}
Prepared prepare_read(const KernelRequest& r) {
  require_index(r, 1);
  Prepared prepared = prepare(run_read);
  *make_params<std::int64_t>(prepared) = r.attrs->i("k");
  return prepared;
}

}  // namespace

std::span<const KernelRow> tape_gradient_kernels() {
  static const KernelRow rows[] = {
      {"TapeEmpty", "", DTypeSet::all(), prepare_empty},
      {"TapeEntry", "", DTypeSet::all(), prepare_entry},
      {"TapeEntryRead", "", DTypeSet::all(), prepare_read},
      {"TapeSum", "", DTypeSet::all(), prepare_sum},
  };
  return rows;
}

}  // namespace caudal::cpu
