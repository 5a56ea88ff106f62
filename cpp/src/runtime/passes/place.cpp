// SPDX-License-Identifier: Apache-2.0
#include "caudal/error.h"
#include "runtime/plan_graph.h"

namespace caudal {

int place(const PlanEnvironment& env, const Node& node) {
  if (node.device().empty()) return 0;
  const DeviceSpec spec = parse_device(node.device());
  if (spec.type.empty() && !spec.remote) return 0;
  for (std::size_t i = 0; i < env.devices.size() && !spec.remote; ++i) {
    const Device& d = env.devices[i];
    if (d.type == spec.type && (spec.index < 0 || d.index == spec.index)) return int(i);
  }
  if (!spec.remote && (env.options.allow_soft_placement || node.op().has(kHostOnly))) return 0;
  std::string available;
  for (const Device& d : env.devices) available += str(available.empty() ? "" : ", ", d.name);
  invalid("Cannot assign a device for operation ", node.name(),
          ": Operation was explicitly assigned to ", node.device(), " but available devices are [ ",
          available, " ]. Make sure the device specification refers to a valid device.");
}

void insert_device_copies(PlanGraph& g) {
  if (g.env->devices.size() == 1) return;
  std::vector<int> sequence;
  std::unordered_map<std::uint64_t, PlanRef> copies;  // (ref, device) -> copy
  const auto resident_anywhere = [&](const PlanNode& n) {
    return n.kind == PlanKind::kConstant || n.kind == PlanKind::kLiveIn ||
           n.kind == PlanKind::kVariable;
  };
  for (const int index : g.sequence) {
    const int device = g.nodes[std::size_t(index)].device;
    for (std::size_t i = 0; i < g.nodes[std::size_t(index)].inputs.size(); ++i) {
      const PlanRef in = g.nodes[std::size_t(index)].inputs[i];
      const PlanNode& from = g.nodes[std::size_t(in.node)];
      if (from.device == device || resident_anywhere(from) || g.at(in).is_ref ||
          is_object(g.at(in).dtype))
        continue;
      const std::uint64_t key =
          (std::uint64_t(in.node) << 24 | std::uint64_t(in.output) << 8) | unsigned(device);
      auto [it, added] = copies.try_emplace(key);
      if (added) {
        PlanNode copy;
        copy.node = from.node;
        copy.kind = PlanKind::kCopy;
        copy.device = device;
        copy.inputs = {in};
        copy.ref_storage = {-1};
        PlanOutput out;
        out.dtype = g.at(in).dtype;
        out.shape = g.at(in).shape;
        copy.outputs = {std::move(out)};
        it->second = {int(g.nodes.size()), 0};
        sequence.push_back(it->second.node);
        g.nodes.push_back(std::move(copy));
      }
      g.nodes[std::size_t(index)].inputs[i] = it->second;
    }
    sequence.push_back(index);
  }
  g.sequence = std::move(sequence);
}

}  // namespace caudal
