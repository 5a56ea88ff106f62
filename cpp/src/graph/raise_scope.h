// SPDX-License-Identifier: Apache-2.0
// Owns: the form in which raising of control flow works: nodes that know their inputs by number.
// Called by: raise_*.cpp.
// Must not know: Graph; sessions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "graph/graph_def.h"

namespace caudal::raising {

/// Loops and branches within one another; what real programs nest stays far below.
constexpr int kMaxNesting = 200;

/// TensorFlow 1's ops of control flow, Ref forms included.
enum class Primitive : std::uint8_t {
  kNone,
  kSwitch,
  kMerge,
  kEnter,
  kExit,
  kNextIteration,
  kLoopCond
};
Primitive primitive_of(std::string_view op);

/// An output of a node of the same scope.
struct Edge {
  int node = -1;
  int port = 0;
  bool by_ref = false;  ///< came through a Ref form: stands for the variable, not for its value

  bool operator==(const Edge&) const = default;
};
inline std::uint64_t key_of(const Edge& e) {
  return std::uint64_t(unsigned(e.node)) << 17 | unsigned(e.port) << 1 | unsigned(e.by_ref);
}

struct ScopeNode {
  enum Kind : std::uint8_t { kNode, kArgument, kUnknown };  ///< unknown: named, but not there

  NodeDef def;  ///< its list of inputs stays empty
  std::vector<Edge> inputs;
  std::vector<int> controls;
  std::vector<Edge> refs;  ///< variables that the node's functions use: inputs that are not written
  int position = 0;        ///< place in the file
  DType type = DType::kInvalid;  ///< of an argument
  Kind kind = kNode;
  Primitive primitive = Primitive::kNone;
  bool ref_form = false;
  bool alive = true;
};

/// A graph, or the body of a function that is being made.
struct Scope {
  std::vector<ScopeNode> nodes;
  std::vector<int> arguments;
  std::vector<Edge> returns;
  std::vector<DType> return_types;
  std::vector<int> must_run;
  bool top = false;

  int add(ScopeNode node) {
    nodes.push_back(std::move(node));
    return int(nodes.size()) - 1;
  }
};

/// Names that are taken, and the functions of the file.
class Library {
 public:
  explicit Library(const GraphDef& graph);

  std::string free_node_name(const std::string& wanted);
  std::string free_function_name(const std::string& wanted);
  void add(FunctionDef function);
  /// Functions that were added; they are to be put into the file at the end.
  std::vector<FunctionDef> take_added() { return std::move(added_); }
  /// kInvalid when the op is not known or has no such output.
  DType output_type(const NodeDef& def, int port) const;
  void add_argument(Scope& scope, DType type);

 private:
  std::string free_name(std::unordered_set<std::string>& taken, const std::string& wanted);

  std::vector<FunctionDef> added_;
  std::unordered_set<std::string> node_names_, function_names_;
  std::unordered_map<std::string, int> next_;
  std::unordered_map<std::string, std::vector<DType>> function_outputs_;
};

DType type_attr(const NodeDef& def, std::string_view name);
bool has_trait(const NodeDef& def, std::uint32_t trait);
bool has_effects(const NodeDef& def);
bool is_ref_variable(const NodeDef& def);
/// "a/b/" of "a/b/c".
std::string scope_of(const std::string& name);
NodeDef make_node(std::string op, std::string name);
/// The variable behind a reference, -1 if it is none. `known` keeps answers (-2: not asked yet).
int variable_behind(const Scope& scope, Edge edge, std::vector<int>& known);
/// A node for a function's body that stands for `variable` of the graph around it.
ScopeNode stand_in(const ScopeNode& variable);
/// Inputs before readers; edges from NextIteration to Merge are left out. Throws for a cycle.
std::vector<int> topological_order(const Scope& scope);
/// Edges behind Identity nodes, for every node; `order` is topological.
std::vector<Edge> origins(const Scope& scope, const std::vector<int>& order);

Scope load_scope(std::vector<NodeDef> nodes);
/// The nodes that are alive, with their inputs as text.
std::vector<NodeDef> take_nodes(Scope& scope);
FunctionDef take_function(Scope& scope, std::string name, bool stateful);

/// The same for a function of the file; `functions` is its library.
void raise_function(FunctionDef& function, Library& library,
                    const std::unordered_map<std::string_view, const FunctionDef*>& functions);
/// Makes While nodes of all loops.
void raise_loops(Scope& scope, Library& library);
/// Makes If nodes of all pairs of Switch and Merge; there are no loops left.
void raise_conditionals(Scope& scope, Library& library);

}  // namespace caudal::raising
