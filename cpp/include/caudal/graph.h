// SPDX-License-Identifier: Apache-2.0
// Owns: Graph, Node and Output: the append-only op graph, the only one there is.
// Called by: graph builders (C++ and Python), gradients, sessions (read only).
// Must not know: kernels, plans, devices beyond their names.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "caudal/attr.h"
#include "caudal/dtype.h"
#include "caudal/shape.h"
#include "caudal/tensor.h"

namespace caudal {

struct OpDef;
class Graph;
class Node;

/// One output of a node: an edge of the graph. A null node means "no value".
struct CAUDAL_API Output {
  Node* node = nullptr;
  int index = 0;

  explicit operator bool() const { return node != nullptr; }
  bool operator==(const Output&) const = default;
  DType dtype() const;
  const PartialShape& shape() const;
  bool is_ref() const;
  /// "name:index".
  std::string name() const;
};

/// Where in the user's program a node was made; `file` is interned by the graph.
struct Origin {
  const char* file = nullptr;
  int line = 0;
  const char* function = nullptr;
};

/// One operation. Immutable after it was added, except for refined output shapes, added control
/// inputs and hidden attrs; owned by its graph.
class CAUDAL_API Node {
 public:
  int id() const { return id_; }
  Graph& graph() const { return *graph_; }
  const std::string& name() const { return name_; }
  const OpDef& op() const { return *op_; }
  std::span<const Output> inputs() const { return inputs_; }
  const Output& input(int i) const { return inputs_[std::size_t(i)]; }
  std::span<Node* const> control_inputs() const { return control_inputs_; }
  int num_outputs() const { return int(outputs_.size()); }
  Output output(int i) { return {this, i}; }
  DType output_dtype(int i) const { return outputs_[std::size_t(i)].dtype; }
  bool output_is_ref(int i) const { return outputs_[std::size_t(i)].is_ref; }
  const PartialShape& output_shape(int i) const { return outputs_[std::size_t(i)].shape; }
  const AttrMap& attrs() const { return attrs_; }
  const std::string& device() const { return device_; }
  const Origin& origin() const { return origin_; }

 private:
  friend class Graph;
  struct OutputInfo {
    DType dtype;
    bool is_ref;
    PartialShape shape;
  };
  int id_ = 0;
  Graph* graph_ = nullptr;
  const OpDef* op_ = nullptr;
  std::string name_;
  std::vector<Output> inputs_;
  std::vector<Node*> control_inputs_;
  std::vector<OutputInfo> outputs_;
  AttrMap attrs_;
  std::string device_;
  Origin origin_;
};

/// What Graph::add needs. Attrs that the inputs determine (T, N, ...) may be left out; attrs with a
/// default too. Names of attrs that begin with '_' are kept without a check.
struct NodeSpec {
  std::string_view op;
  std::string name;            ///< wanted name, made unique; empty: the op's name
  std::vector<Output> inputs;  ///< flat; lists of inputs one after the other
  AttrList attrs;
  std::string device;
  std::vector<Node*> control_inputs;
  Origin origin;
};

/// An append-only graph. Building is guarded by one mutex; reading nodes that exist needs none.
class CAUDAL_API Graph {
 public:
  Graph();
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /// Adds a node: checks the signature, infers types and shapes. Throws Error with the op's frame;
  /// kind kType for wrong dtypes. Strong guarantee: a failed add leaves the graph as it was.
  Node* add(NodeSpec spec);

  int num_nodes() const { return int(nodes_.size()); }
  Node* node(int id) { return &nodes_[std::size_t(id)]; }
  const Node* node(int id) const { return &nodes_[std::size_t(id)]; }
  /// nullptr when there is none.
  Node* find(std::string_view name);

  /// A free name, "name", "name_1", ...: unique without regard to case. `mark` reserves it.
  std::string unique_name(std::string_view name, bool mark = true);
  /// Interns text for Origin.
  const char* intern(std::string_view text);

  /// Refines an output's static shape; throws InvalidArgument when it contradicts.
  void set_shape(Output output, const PartialShape& shape);
  /// Adds an edge after the fact; refused (InvalidArgument) when it would close a cycle.
  void add_control_input(Node* node, Node* control);
  void set_attr(Node* node, std::string_view name, AttrValue value);
  void set_device(Node* node, std::string device) { node->device_ = std::move(device); }
  /// Hidden output of dtype variant through which control flow hands saved values to its gradient.
  Output add_tape_output(Node* node);

  void finalize() { finalized_ = true; }
  bool finalized() const { return finalized_; }
  void unfinalize() { finalized_ = false; }

  /// Graph-level seed, op-level seeds and collections live with the language binding.
  /// The graph whose node owns this one as a branch or body; nullptr at the top.
  Graph* outer() const { return outer_; }
  void set_outer(Graph* outer) { outer_ = outer; }

 private:
  friend class GraphTransaction;
  std::deque<Node> nodes_;
  std::unordered_map<std::string, int> by_name_;
  std::unordered_map<std::string, int> names_in_use_;  ///< lower case -> next suffix
  std::unordered_map<std::string, std::unique_ptr<std::string>> interned_;
  std::recursive_mutex mutex_;
  bool finalized_ = false;
  Graph* outer_ = nullptr;
};

/// A branch of If, or the condition or body of While: a graph with formal inputs and outputs.
class CAUDAL_API Subgraph {
 public:
  Subgraph();
  std::string name;
  std::unique_ptr<Graph> graph;
  std::vector<Output> inputs;  ///< outputs of Placeholder nodes in `graph`
  std::vector<Output> outputs;
  std::vector<Node*> targets;  ///< run as well, though no output needs them
  std::vector<Output> saved;   ///< intermediates that the gradient asks the run to keep
  int forward_nodes = -1;      ///< nodes before gradients were added; -1: all
};

/// The value of an output when static knowledge suffices: constants, and integer arithmetic over
/// shapes that are known; an undefined Tensor otherwise.
CAUDAL_API Tensor static_value(Output output);

/// A rank-1 integer output read as a shape, -1 where unknown.
CAUDAL_API PartialShape static_value_as_shape(Output output);

/// Adds nodes with a common scope, device, control inputs and origin. A cheap value.
class CAUDAL_API Builder {
 public:
  explicit Builder(Graph& graph, std::string scope = "")
      : graph_(&graph), scope_(std::move(scope)) {}

  Graph& graph() const { return *graph_; }
  const std::string& scope() const { return scope_; }
  /// The first output of a new node named scope/op, or scope/name.
  Output operator()(std::string_view op, std::vector<Output> inputs, AttrList attrs = {},
                    std::string_view name = "") const {
    return node(op, std::move(inputs), std::move(attrs), name)->output(0);
  }
  Node* node(std::string_view op, std::vector<Output> inputs, AttrList attrs = {},
             std::string_view name = "") const;
  Output constant(const Tensor& value, std::string_view name = "Const") const;
  template <class T>
    requires std::is_arithmetic_v<T>
  Output scalar(T value, std::string_view name = "Const") const {
    return constant(Tensor::scalar(value), name);
  }
  /// A scalar of a dtype known at run time, converted from a double.
  Output scalar_of(DType dtype, double value, std::string_view name = "Const") const;
  /// int32 vector.
  Output ints(const std::vector<std::int32_t>& values, std::string_view name = "Const") const;

  Builder with_scope(std::string scope) const;
  Builder with_device(std::string device) const;
  Builder with_origin(Origin origin) const;
  Builder with_control(std::vector<Node*> control) const;

 private:
  Graph* graph_;
  std::string scope_;
  std::string device_;
  Origin origin_;
  std::vector<Node*> control_;
};

}  // namespace caudal
