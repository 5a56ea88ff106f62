// SPDX-License-Identifier: Apache-2.0
// Owns: writing a graph with its branches and loop bodies as nodes and functions of a file.
// Called by: export_graph_def.
// Must not know: files; kernels.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "caudal/graph_def.h"
#include "caudal/op_def.h"
#include "graph/graph_def.h"

namespace caudal {

/// What an If or While keeps for its gradient, as values that a file can hold: lists of what each
/// iteration keeps, behind their number; for an If the values of both branches.
struct TapeParts {
  const Node* source = nullptr;
  int branch = -1;  ///< which branch of an If reads; -1 outside of both
  std::vector<std::string> texts;
};

/// One of those values.
struct TapeSlot {
  DType dtype = DType::kInvalid;
  Output saved;  ///< what is kept
  int part = 0;  ///< of a tape that is kept: which of its values
};

/// Writes nodes of one graph: the top level or a function.
class GraphWriter {
 public:
  GraphWriter(GraphDef& file, std::set<std::string>& functions, const ExportOptions& options)
      : file_(file), functions_(functions), options_(options) {}

  void write_top_level(const Graph& graph);
  /// The node alone, inputs as they are called in its graph.
  NodeDef write_alone(const Node& node);

 private:
  /// A node's place in the function that is written.
  GraphWriter(const GraphWriter& outer, FunctionDef& function)
      : file_(outer.file_),
        functions_(outer.functions_),
        options_(outer.options_),
        function_(&function) {}

  std::vector<NodeDef>& nodes() { return function_ ? function_->nodes : file_.nodes; }
  const std::string& text(const Output& o) const;
  const TapeParts* tape(const Output& o) const;
  void set_texts(const Node& node);
  std::string output_text(std::string_view node, std::string_view output, int k) const;

  void write(const Node& node);
  void write_plain(const Node& node);
  void add_functions(const std::string& library);
  void write_captured(const Node& node);
  void write_if(const Node& node);
  void write_while(const Node& node);
  void write_tape_read(const Node& node);
  void write_tape_size(const Node& node);
  NodeDef start(const Node& node, std::string_view op = "");
  void add_controls(const Node& node, NodeDef& def) const;
  std::string add_constant(const std::string& name, const Tensor& value);
  /// A list without elements.
  std::string add_list(const std::string& name, DType element);
  /// Inputs from `from` on, with what a tape consists of; their dtypes.
  std::vector<std::string> inputs_of(const Node& node, int from, std::vector<DType>& dtypes) const;
  /// A branch, condition or body as a function of the library; its name. `own`: the node whose tape
  /// it has to fill, or nullptr.
  std::string write_function(const Subgraph& graph, const Node& caller, int from,
                             const std::vector<DType>& dtypes, std::string_view role,
                             const Node* own, int branch);
  void return_tape(const Subgraph& graph, const Node& own, int branch,
                   const std::vector<std::string>& arguments, std::vector<std::string>& results);

  GraphDef& file_;
  std::set<std::string>& functions_;
  const ExportOptions& options_;
  FunctionDef* function_ = nullptr;
  std::unordered_map<std::uint64_t, std::string> texts_;
  std::unordered_map<std::uint64_t, TapeParts> tapes_;
};

}  // namespace caudal
