// SPDX-License-Identifier: Apache-2.0
// Stacks: a push copies, as the value's memory ends with the step.
#include <mutex>
#include <vector>

#include "kernels/cpu/portable/families.h"
#include "tensor/resource.h"

namespace caudal::cpu {
namespace {

class Stack : public Object {
 public:
  static constexpr std::string_view kKind = "Stack";
  std::string_view kind() const override { return kKind; }

  Stack(std::string name, DType type, std::int64_t most)
      : name_(std::move(name)), type_(type), most_(most) {}

  void push(Tensor value) {
    std::lock_guard lock(mutex_);
    check_open();
    if (value.dtype() != type_) {
      invalid("Must have type ", type_, " but got ", value.dtype());
    }
    if (most_ >= 0 && std::int64_t(values_.size()) >= most_) {
      invalid("Stack[", name_, "] overflowed its max_size (", most_, ")");
    }
    values_.push_back(std::move(value));
  }

  Tensor pop(DType type) {
    std::lock_guard lock(mutex_);
    check_open();
    if (values_.empty()) invalid("Stack[", name_, "] is empty when calling Pop().");
    if (type != type_) invalid("Must have type ", type_, " but got ", type);
    Tensor value = std::move(values_.back());
    values_.pop_back();
    return value;
  }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    values_.clear();
  }

 private:
  void check_open() const {
    if (closed_) invalid("Stack[", name_, "] has already been closed.");
  }

  std::mutex mutex_;
  std::string name_;
  DType type_;
  std::int64_t most_;
  bool closed_ = false;
  std::vector<Tensor> values_;
};

struct StackParams {
  std::string name;
  DType type;
};

void make(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  const auto& p = *static_cast<const StackParams*>(params);
  if (in[0].num_elements() != 1) invalid("Stack size must be a scalar, got ", in[0].shape());
  const auto most = std::int64_t(*in[0].data<std::int32_t>());
  out[0] = object_tensor(DType::kResource, std::make_shared<Stack>(p.name, p.type, most));
}

Prepared prepare_make(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<StackParams>(prepared);
  p->name = r.attrs->s("stack_name");
  if (p->name.empty()) p->name = std::string(r.node_name);
  p->type = r.attrs->type("elem_type");
  prepared.run_dynamic = make;
  return prepared;
}

void push(const void*, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  out[0] = in[1].clone();
  resource_of<Stack>(in[0])->push(out[0]);
}

void pop(const void* params, std::span<const Tensor> in, std::span<Tensor> out, RunContext&) {
  out[0] = resource_of<Stack>(in[0])->pop(*static_cast<const DType*>(params));
}

Prepared prepare_push(const KernelRequest&) {
  Prepared prepared;
  prepared.run_dynamic = push;
  return prepared;
}

Prepared prepare_pop(const KernelRequest& r) {
  Prepared prepared;
  *make_params<DType>(prepared) = r.attrs->type("elem_type");
  prepared.run_dynamic = pop;
  return prepared;
}

void close(const void*, void* const* in, void* const*, void*, RunContext&) {
  object_of<Stack>(*static_cast<const Variant*>(in[0]))->close();
}

Prepared prepare_close(const KernelRequest& r) {
  if (r.inputs[0].shape.num_elements() != 1) invalid("the handle of a Stack must be a scalar");
  Prepared prepared;
  prepared.run = close;
  return prepared;
}

}  // namespace

std::span<const KernelRow> stack_kernels() {
  static const KernelRow rows[] = {
      {"StackV2", "", DTypeSet::all(), prepare_make},
      {"StackPushV2", "", DTypeSet::all(), prepare_push},
      {"StackPopV2", "", DTypeSet::all(), prepare_pop},
      {"StackCloseV2", "", DTypeSet::all(), prepare_close},
  };
  return rows;
}

}  // namespace caudal::cpu
