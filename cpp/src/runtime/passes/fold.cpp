// SPDX-License-Identifier: Apache-2.0
#include <deque>

#include "caudal/error.h"
#include "runtime/plan_graph.h"

namespace caudal {
namespace {

// Larger results would keep memory busy for no saved time worth speaking of.
constexpr std::size_t kMaxFoldedBytes = 64 << 10;

}  // namespace

std::vector<Tensor> fold(const Node& node, const std::vector<ValueInfo>& inputs,
                         const std::vector<PlanOutput>& outputs) {
  std::vector<ValueInfo> out_info;
  std::size_t bytes = 0;
  for (const PlanOutput& o : outputs) {
    if (is_object(o.dtype)) return {};
    const std::int64_t elements = o.shape.num_elements();
    if (elements > std::int64_t(kMaxFoldedBytes)) return {};
    bytes += std::size_t(elements) * dtype_size(o.dtype);
    ValueInfo v;
    v.dtype = o.dtype;
    v.shape = o.shape;
    out_info.push_back(v);
  }
  if (bytes > kMaxFoldedBytes) return {};
  for (const ValueInfo& v : inputs) {
    if (is_object(v.dtype)) return {};
  }
  const KernelRow* row = find_kernel("CPU", node.op().name, node.attrs());
  if (row == nullptr) return {};
  KernelRequest request;
  request.op = node.op().name;
  request.attrs = &node.attrs();
  request.inputs = inputs;
  request.outputs = out_info;
  std::shared_ptr<void> state;
  request.node_state = &state;
  const Prepared prepared = row->prepare(request);
  if (prepared.run == nullptr) return {};
  std::vector<Tensor> results;
  std::vector<void*> in, out;
  for (const ValueInfo& v : inputs) in.push_back(v.constant ? v.constant->raw() : nullptr);
  for (const PlanOutput& o : outputs) {
    results.emplace_back(o.dtype, o.shape);
    out.push_back(results.back().raw());
  }
  const Tensor workspace(DType::kUint8, Shape{std::int64_t(prepared.workspace)});
  RunContext context;
  prepared.run(prepared.params.get(), in.data(), out.data(), workspace.raw(), context);
  return results;
}

}  // namespace caudal
