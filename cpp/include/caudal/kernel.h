// SPDX-License-Identifier: Apache-2.0
// Owns: what a kernel is (prepare, then run) and the table that finds one.
// Called by: cpp/src/kernels/* (rows), plan builder (lookup).
// Must not know: graphs, sessions. Kernels see shapes, attrs and buffers only.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "caudal/attr.h"
#include "caudal/dtype.h"
#include "caudal/shape.h"
#include "caudal/tensor.h"

namespace caudal {

class ResourceStore;

/// An input or output as prepare sees it.
struct ValueInfo {
  DType dtype = DType::kInvalid;
  Shape shape;
  /// The value when the plan knows it (constants, folded shape arithmetic), else nullptr.
  const Tensor* constant = nullptr;
};

/// A step absorbed behind the main op: bias (input_index is the bias among the inputs), activation,
/// or a cut that leaves a range of the last dimension.
struct Epilogue {
  const char* op;  ///< "BiasAdd", "Relu", ..., "Slice"
  int input_index = -1;
  const AttrMap* attrs = nullptr;
  std::int64_t first = 0;  ///< of "Slice": where the range starts; the output says how long it is
};

struct KernelRequest {
  std::string_view op;
  std::string_view node_name;  ///< resources without a shared name go by it
  const AttrMap* attrs = nullptr;
  std::span<const ValueInfo> inputs;
  std::span<const ValueInfo> outputs;  ///< shapes are meaningless for dynamic kernels
  std::span<const Epilogue> epilogue;
  int threads = 1;
  /// State of this node in this session, shared by all plans: null at first, the kernel creates it.
  std::shared_ptr<void>* node_state = nullptr;
  /// Resources that nodes of this session share by name; null while folding.
  ResourceStore* resources = nullptr;
};

/// Given to every run.
struct RunContext {
  const std::atomic<bool>* cancelled = nullptr;
  std::int64_t step_id = 0;
  int threads = 1;
  /// Throws when the run has to end; for kernels that wait.
  const std::function<void()>* check = nullptr;
};

/// Runs with bound pointers. `in` and `out` follow the request's order; a Ref input's pointer is
/// the variable's memory. Must not allocate beyond its workspace (except for thread-local scratch).
/// Throws Error for bad values (index out of range, division by zero).
using RunFn = void (*)(const void* params, void* const* in, void* const* out, void* workspace,
                       RunContext& ctx);
/// For ops whose outputs' shapes depend on values, and for strings: allocates its outputs.
using DynamicRunFn = void (*)(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                              RunContext& ctx);

/// What prepare returns: exactly one of run and run_dynamic is set.
struct Prepared {
  RunFn run = nullptr;
  DynamicRunFn run_dynamic = nullptr;
  std::shared_ptr<const void> params;
  std::size_t workspace = 0;  ///< bytes, 64-byte aligned
  /// Inputs whose memory output 0 may take over: run must be right when they are equal pointers.
  std::uint32_t inplace_inputs = 0;  ///< bit i: input i
};

using PrepareFn = Prepared (*)(const KernelRequest&);

/// One row of a kernel family: the op, which attr selects the dtype ("" for none) and which it
/// takes.
struct KernelRow {
  const char* op;
  const char* type_attr;
  DTypeSet types;
  /// May throw Unimplemented to refuse a combination; says what it would have taken.
  PrepareFn prepare;
};

/// Adds rows for a device type ("CPU"). Later rows of the same op and type win over earlier ones.
CAUDAL_API void register_kernels(std::string_view device_type, std::span<const KernelRow> rows);

/// nullptr when there is none.
CAUDAL_API const KernelRow* find_kernel(std::string_view device_type, std::string_view op,
                                        const AttrMap& attrs);
/// The dtypes that an op has kernels for, for error texts and the support table.
CAUDAL_API DTypeSet kernel_types(std::string_view device_type, std::string_view op);
CAUDAL_API bool has_kernel(std::string_view device_type, std::string_view op);

/// Makes params of type P owned by the Prepared: `auto* p = make_params<P>(prepared);`.
template <class P>
P* make_params(Prepared& prepared) {
  auto p = std::make_shared<P>();
  P* raw = p.get();
  prepared.params = std::move(p);
  return raw;
}

/// Functions of the host language, called by PyFunc nodes by token.
using HostFunction = std::function<std::vector<Tensor>(std::span<const Tensor>)>;
CAUDAL_API void register_host_function(const std::string& token, HostFunction function);
CAUDAL_API void unregister_host_function(const std::string& token);
/// Throws NotFound.
CAUDAL_API HostFunction find_host_function(const std::string& token);

/// Where Print and the log write; the default is standard error.
using LogSink = std::function<void(std::string_view)>;
CAUDAL_API void set_log_sink(LogSink sink);
CAUDAL_API void log_line(std::string_view text);

}  // namespace caudal
