// SPDX-License-Identifier: Apache-2.0
// Owns: the short form of kernels with outputs in the arena; loops over broadcast operands.
// Called by: kernels of this folder.
// Must not know: what they do.
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/portable/dynamic_call.h"

namespace caudal::cpu {

/// The prepare function of a kernel that is all in `fn`; its outputs have memory and shape already.
template <void (*fn)(Call&)>
Prepared bound_kernel(const KernelRequest& r) {
  struct Params {
    AttrMap attrs;
    std::vector<std::pair<DType, Shape>> in, out;
  };
  Prepared prepared;
  auto* p = make_params<Params>(prepared);
  if (r.attrs != nullptr) p->attrs = *r.attrs;
  for (const ValueInfo& v : r.inputs) p->in.emplace_back(v.dtype, v.shape);
  for (const ValueInfo& v : r.outputs) p->out.emplace_back(v.dtype, v.shape);
  prepared.run = [](const void* params, void* const* in, void* const* out, void*,
                    RunContext& context) {
    const auto& q = *static_cast<const Params*>(params);
    std::vector<Tensor> from(q.in.size()), to(q.out.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      from[i] = Tensor(q.in[i].first, q.in[i].second, in[i], nullptr);
    }
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = Tensor(q.out[i].first, q.out[i].second, out[i], nullptr);
    }
    Call call{q.attrs, from, to, context};
    fn(call);
  };
  return prepared;
}

/// As bound_kernel; outputs of strings are allocated in the run, with the shapes of the plan.
template <void (*fn)(Call&)>
Prepared movable_kernel(const KernelRequest& r) {
  if (!is_object(r.outputs[0].dtype)) return bound_kernel<fn>(r);
  struct Params {
    AttrMap attrs;
    std::vector<std::pair<DType, Shape>> out;
  };
  Prepared prepared;
  auto* p = make_params<Params>(prepared);
  if (r.attrs != nullptr) p->attrs = *r.attrs;
  for (const ValueInfo& v : r.outputs) p->out.emplace_back(v.dtype, v.shape);
  prepared.run_dynamic = [](const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                            RunContext& context) {
    const auto& q = *static_cast<const Params*>(params);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = Tensor(q.out[i].first, q.out[i].second);
    Call call{q.attrs, in, out, context};
    fn(call);
  };
  return prepared;
}

/// The kernel of another op with the same inputs, outputs and attrs.
template <const char* name>
Prepared same_as(const KernelRequest& r) {
  const KernelRow* row = find_kernel("CPU", name, *r.attrs);
  if (row == nullptr) fail(Code::kUnimplemented, "no kernel for ", r.outputs[0].dtype);
  KernelRequest request = r;
  request.op = name;
  return row->prepare(request);
}

/// The product of dimensions [first, last).
inline std::int64_t size_of(const Shape& s, int first, int last) {
  std::int64_t n = 1;
  for (int i = first; i < last; ++i) n = checked_mul(n, s[i]);
  return n;
}

/// The single value of an int32 or int64 scalar.
inline std::int64_t scalar_int(const Tensor& t) {
  const std::vector<std::int64_t> v = t.as_int64s();
  if (v.size() != 1) invalid("expected a scalar, got shape ", t.shape());
  return v[0];
}

/// Calls fn(i, positions) for every element i of `out`; positions are those of the operands, which
/// are broadcast to `out`.
template <std::size_t kOperands, class F>
void for_broadcast(const Shape& out, const std::array<Shape, kOperands>& operands, F&& fn) {
  const std::int64_t n = out.num_elements();
  if (n == 0) return;
  bool plain = true;
  std::array<std::array<std::int64_t, kMaxRank>, kOperands> steps{};
  for (std::size_t k = 0; k < kOperands; ++k) {
    const Shape& s = operands[k];
    plain = plain && (s == out || s.num_elements() == 1);
    std::int64_t stride = 1;
    for (int i = s.rank() - 1; i >= 0; --i) {
      steps[k][std::size_t(i + out.rank() - s.rank())] = s[i] == 1 ? 0 : stride;
      stride *= s[i];
    }
  }
  std::array<std::int64_t, kOperands> unit;
  for (std::size_t k = 0; k < kOperands; ++k) unit[k] = operands[k].num_elements() == 1 ? 0 : 1;
  parallel_for(n, 1 << 14, [&](std::int64_t begin, std::int64_t end) {
    std::array<std::int64_t, kOperands> at;
    for (std::int64_t i = begin; i < end; ++i) {
      if (plain) {
        for (std::size_t k = 0; k < kOperands; ++k) at[k] = i * unit[k];
      } else {
        at.fill(0);
        std::int64_t rest = i;
        for (int d = out.rank() - 1; d >= 0; --d) {
          const std::int64_t index = rest % out[d];
          rest /= out[d];
          for (std::size_t k = 0; k < kOperands; ++k) at[k] += index * steps[k][std::size_t(d)];
        }
      }
      fn(i, at);
    }
  });
}

}  // namespace caudal::cpu
