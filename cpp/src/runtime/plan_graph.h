// SPDX-License-Identifier: Apache-2.0
// Owns: the planner's working form of a segment: nodes with full shapes, before they become steps.
// Called by: lowering, passes/*, step assembly.
// Must not know: how steps run.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "caudal/op_def.h"
#include "caudal/session.h"
#include "kernels/fusion.h"
#include "runtime/device.h"
#include "runtime/plan.h"
#include "runtime/variable_store.h"

namespace caudal {

/// An output of a plan node.
struct PlanRef {
  int node = -1;
  int output = 0;
  bool operator==(const PlanRef&) const = default;
};

enum class PlanKind : std::uint8_t {
  kLiveIn,    ///< enters from outside
  kConstant,  ///< value known now
  kVariable,  ///< a Ref to session state
  kOp,        ///< runs a kernel (or is a view)
  kFused,     ///< runs a group of elementwise ops
  kCopy,      ///< copies its input
  kControl,   ///< runs subgraphs
  kDynamic,   ///< kernel that allocates its outputs
  kRemoved,   ///< absorbed into another node
};

struct PlanOutput {
  DType dtype = DType::kInvalid;
  bool is_ref = false;
  Shape shape;
  Tensor constant;
  int variable = -1;  ///< of Refs: index into PlanGraph::variables
};

/// A member of a fused group; operands below zero are results of earlier members (~index).
struct FusedMember {
  const Node* node;
  Shape shape;
  DType dtype;
  std::vector<int> operands;
};

struct AbsorbedOp {
  const Node* node;
  int input_index = -1;    ///< of the bias among the host's inputs
  std::int64_t first = 0;  ///< of a cut
};

struct PlanNode {
  Node* node = nullptr;
  PlanKind kind = PlanKind::kOp;
  int device = 0;
  std::vector<PlanRef> inputs;
  std::vector<int>
      ref_storage;  ///< per input: variable storage that a Ref input reads or writes, else -1
  std::vector<int> controls;
  std::vector<PlanOutput> outputs;
  std::vector<FusedMember> members;
  std::vector<FusedResult> results;  ///< of members
  Shape group_shape;                 ///< of the members
  std::vector<Section> sections;     ///< of the inputs; empty: none has one
  std::vector<int> targets;          ///< storages that outputs are written to, or -1; empty: none
  std::vector<AbsorbedOp> absorbed;
  bool view = false;  ///< output 0 is input 0's memory for these shapes
  int live_in = -1;
  int fresh_storage = -1;    ///< storage that this node initialises and publishes
  std::vector<int> touched;  ///< storages that a control-flow node may write
  int adopted = -1;          ///< index of the run's value whose memory becomes that of the variable

  bool has(Trait t) const { return node != nullptr && node->op().has(t); }
  /// The storage that an output is written to, or -1.
  int target(std::size_t output) const { return output < targets.size() ? targets[output] : -1; }
  /// Output 0 is input 0's memory.
  bool is_view() const { return kind == PlanKind::kOp && (view || has(kView)) && absorbed.empty(); }
};

/// One piece of variable memory. A variable that changes shape within a plan has two.
struct VariableStorage {
  std::string name;
  Tensor value;
  bool fresh = false;  ///< made by this plan
};

struct PlanVariable {
  std::string name;
  DType dtype;
  PartialShape declared;
  int storage = -1;  ///< the current one while lowering; -1: not initialised
};

/// What all plans of a session share.
struct PlanEnvironment {
  SessionOptions options;
  std::vector<Device> devices;
  VariableStore* variables = nullptr;
  /// State of random and other stateful kernels, by node.
  std::unordered_map<const Node*, std::shared_ptr<void>>* node_states = nullptr;
  ResourceStore* resources = nullptr;
};

struct PlanGraph {
  const PlanEnvironment* env = nullptr;
  Program* program = nullptr;
  std::vector<PlanNode> nodes;
  std::vector<int> sequence;  ///< indices of nodes in execution order
  std::vector<VariableStorage> storages;
  std::vector<PlanVariable> variables;
  std::vector<LiveIn> live_ins;
  /// Values that leave the segment.
  std::vector<std::pair<PlanRef, int>> live_outs;  ///< (ref, index into the run's values)
  std::vector<Node*> rest;                         ///< nodes that could not be planned yet
  std::vector<LiveIn> next_live_ins;
  std::shared_ptr<const Inlined> inlined;  ///< conditionals taken in, here and before
  std::vector<Node*> taken_in;             ///< nodes of branches that this segment took in
  /// Indices of run values that are results of such a conditional: they show what was there then.
  std::unordered_set<int> snapshots;

  const PlanOutput& at(PlanRef r) const {
    return nodes[std::size_t(r.node)].outputs[std::size_t(r.output)];
  }
};

/// Adds "[[node ...]]" with op, shapes, device and the user's line to an error of a node, and
/// rethrows it.
[[noreturn]] void rethrow_with_frame(Error& error, const Node& node);

/// The memory behind a value after views are followed; never a view itself.
PlanRef root_of(const PlanGraph& g, PlanRef r);

/// What a node has absorbed, as its kernel is told; valid as long as the graph.
std::vector<Epilogue> epilogue_of(const PlanNode& host);

/// Name under which a variable node's state is kept.
std::string variable_key(const Node& node);

/// Fills nodes, sequence (in order), rest and live-outs. Folds constants and merges equal nodes on
/// the way, and takes in conditionals whose predicate is known; `before` are those of earlier
/// segments. Throws Error with a frame.
PlanGraph lower(const PlanEnvironment& env, Program& program, const std::vector<Node*>& order,
                const std::vector<LiveIn>& live_ins, const std::vector<Tensor>& values,
                const Inlined* before);

/// Passes: functions over the plan graph that keep `sequence` a valid order.
void fuse_epilogues(PlanGraph& g);
void fuse_elementwise(PlanGraph& g);
/// Lets fused groups read parts of split tensors, and write parts of joined ones, where they lie.
void open_sections(PlanGraph& g);
void insert_device_copies(PlanGraph& g);
void insert_copies(PlanGraph& g);
/// Lets variables take over restored values that nobody else needs.
void adopt_values(PlanGraph& g);
/// Lets fused groups write the new values of variables where they lie.
void write_through(PlanGraph& g);

/// Prepares kernels, plans memory and makes the steps.
std::shared_ptr<Segment> assemble(PlanGraph& g);

/// Evaluates a node whose inputs are constants (or whose value depends on shapes only); undefined
/// tensors when that is not possible or not worth it.
std::vector<Tensor> fold(const Node& node, const std::vector<ValueInfo>& inputs,
                         const std::vector<PlanOutput>& outputs);

/// Index of the device on which a node runs. Throws InvalidArgument when there is none.
int place(const PlanEnvironment& env, const Node& node);

}  // namespace caudal
