// SPDX-License-Identifier: Apache-2.0
// Owns: adding the nodes of a file to a graph, a function's body or the top level alike.
// Called by: import_graph_def.
// Must not know: where the bytes come from; kernels.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "caudal/graph_def.h"
#include "caudal/op_def.h"
#include "graph/graph_def.h"
#include "graph/variable_reads.h"

namespace caudal {

/// What all bodies of one import share.
struct ImportContext {
  const GraphDef& file;
  const ImportOptions& options;
  std::unordered_map<std::string_view, const FunctionDef*> functions;
  /// Names of the file's variables whose state goes by the name of their node.
  std::unordered_map<std::string_view, bool> variables;
  std::int64_t nodes_left = 0;  ///< functions multiply: a bound on the nodes of one import
  std::int64_t bytes_left = 0;  ///< the same for constants written as one repeated value
  int depth = 0;                ///< of functions within functions
};

/// Adds nodes to one graph and knows them by their names in the file.
class ImportBody {
 public:
  /// `binding`: the attrs of the call that a function's body may refer to.
  ImportBody(ImportContext& context, Graph& graph, std::string prefix, bool in_function,
             const EncodedAttrs* binding);

  /// A name that stands for outputs that exist.
  void define(std::string_view name, std::vector<Output> outputs);
  /// Adds nodes in an order in which inputs come first, the file's order otherwise. `wanted`: which
  /// ones; all if empty.
  void add_all(const std::vector<NodeDef>& nodes, const std::vector<char>& wanted = {});
  /// Adds the nodes of the file itself, with the mapped inputs of the options.
  ImportResult add_top_level();
  /// What "name", "name:k" or "name:output:k" stands for.
  Output resolve(std::string_view text, std::string_view reader);

 private:
  struct Known {
    Node* node = nullptr;  ///< nullptr for arguments
    const FunctionDef* callee = nullptr;
    std::vector<Output> outputs;
  };

  /// An entry of the map of inputs.
  struct Mapped {
    Output output;
    Node* control = nullptr;
    bool used = false;
  };

  const Known* find(std::string_view name) const;
  Mapped* mapped(std::string_view name, int index);
  std::string full_name(const NodeDef& def) const;
  std::vector<Output> data_inputs(const NodeDef& def);
  std::vector<Node*> control_inputs(const NodeDef& def);
  AttrList attrs_of(const NodeDef& def, const OpDef& op);
  NodeSpec spec_for(const NodeDef& def, const OpDef& op);
  /// Adds the node with reads of variables behind the writes that it waits for.
  Node* add_node(const NodeDef& def, NodeSpec spec);
  void add(const NodeDef& def);
  void add_plain(const NodeDef& def, const OpDef& op);
  void add_variable_reference(const NodeDef& def, const OpDef& op);
  void add_if(const NodeDef& def, const OpDef& op);
  void add_while(const NodeDef& def, const OpDef& op);
  void add_call(const NodeDef& def, const FunctionDef& function);
  void apply_shape_hints(const NodeDef& def, Node* node);
  std::string outer_variable(const NodeDef& def) const;
  const FunctionDef& function_attr(const NodeDef& def, std::string_view attr) const;
  /// A branch or body whose arguments take `inputs`; a constant among `constants` is copied inside
  /// and is no argument.
  SubgraphPtr build(const FunctionDef& function, const std::vector<Output>& inputs,
                    const std::vector<PartialShape>& shapes, const std::vector<char>& constants,
                    const EncodedAttrs& binding);

  ImportContext& context_;
  Graph& graph_;
  std::string prefix_;
  bool in_function_;
  const EncodedAttrs* binding_;
  std::unordered_map<std::string, Known> known_;
  std::unordered_map<std::string_view, std::size_t> file_names_;
  VariableReads reads_;
  std::unordered_map<std::string, Mapped> mapped_;  ///< "name:k" or "^name"; top level only
};

/// Which nodes of a function have to be there: those that its results need, and side effects.
std::vector<char> needed_nodes(const FunctionDef& function);

}  // namespace caudal
