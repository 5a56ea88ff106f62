// SPDX-License-Identifier: Apache-2.0
// Owns: the step from a dtype known at run time to a C++ type.
// Called by: kernels.
// Must not know: ops.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "caudal/error.h"
#include "kernels/cpu/isa.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// What with_type takes; kernels of the other dtypes convert to these (portable/widened.cpp).
constexpr DTypeSet kPlain{DType::kFloat, DType::kDouble, DType::kInt32,
                          DType::kInt64, DType::kBool,   DType::kUint8};
/// Elements that are bytes, as opposed to C++ objects.
constexpr DTypeSet kBytes =
    kPlain | DTypeSet{DType::kHalf,   DType::kBfloat16,  DType::kInt8,   DType::kInt16,
                      DType::kUint16, DType::kUint32,    DType::kUint64, DType::kComplex64,
                      DType::kQint8,  DType::kQuint8,    DType::kQint16, DType::kQuint16,
                      DType::kQint32, DType::kComplex128};
/// What ops that only move elements take.
constexpr DTypeSet kMovable = kBytes | DTypeSet{DType::kString};

/// Calls fn with a value of the C++ type of a plain dtype.
template <class F>
void with_type(DType dtype, F&& fn) {
  switch (dtype) {
    case DType::kFloat:
      return fn(float{});
    case DType::kDouble:
      return fn(double{});
    case DType::kInt32:
      return fn(std::int32_t{});
    case DType::kInt64:
      return fn(std::int64_t{});
    case DType::kUint8:
      return fn(std::uint8_t{});
    case DType::kBool:
      return fn(false);
    default:
      fail(Code::kUnimplemented, "no kernel for ", dtype);
  }
}

/// An element of 16 bytes (complex128), moved as two words.
struct Words {
  std::uint64_t low, high;
  bool operator==(const Words&) const = default;
};

/// Calls fn with a value as large as an element, to be moved without a look at it, or a string.
template <class F>
void with_element(DType dtype, F&& fn) {
  if (dtype == DType::kString) return fn(std::string());
  switch (dtype_size(dtype)) {
    case 1:
      return fn(std::uint8_t{});
    case 2:
      return fn(std::uint16_t{});
    case 4:
      return fn(std::uint32_t{});
    case 8:
      if (is_object(dtype)) break;
      return fn(std::uint64_t{});
    case 16:
      if (is_object(dtype)) break;
      return fn(Words{});
    default:
      break;
  }
  fail(Code::kUnimplemented, "no kernel for ", dtype);
}

/// Makes a kernel of strings, which allocates its outputs, of a function that fills outputs.
struct AllocatingParams {
  RunFn run = nullptr;
  std::shared_ptr<const void> params;
  std::vector<std::pair<DType, Shape>> outputs;
};
inline void run_allocating(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                           RunContext& ctx) {
  const auto& p = *static_cast<const AllocatingParams*>(params);
  std::vector<void*> from, to;
  for (const Tensor& t : in) from.push_back(t.raw());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = Tensor(p.outputs[i].first, p.outputs[i].second);
    to.push_back(out[i].raw());
  }
  p.run(p.params.get(), from.data(), to.data(), nullptr, ctx);
}
inline Prepared allocating(const KernelRequest& r, Prepared inner) {
  Prepared prepared;
  auto* p = make_params<AllocatingParams>(prepared);
  p->run = inner.run;
  p->params = std::move(inner.params);
  for (const ValueInfo& v : r.outputs) p->outputs.emplace_back(v.dtype, v.shape);
  prepared.run_dynamic = run_allocating;
  return prepared;
}
/// `inner` as it is for plain bytes; allocating for strings.
inline Prepared for_objects_too(const KernelRequest& r, Prepared inner) {
  return is_object(r.outputs[0].dtype) ? allocating(r, std::move(inner)) : inner;
}

/// Calls fn with a value of an index type.
template <class F>
void with_index(DType dtype, F&& fn) {
  if (dtype == DType::kInt32) return fn(std::int32_t{});
  if (dtype == DType::kInt64) return fn(std::int64_t{});
  fail(Code::kUnimplemented, "indices of dtype ", dtype);
}

}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
