// SPDX-License-Identifier: Apache-2.0
// Owns: graphs as bytes of TensorFlow's GraphDef messages, into a Graph and out of it.
// Called by: users in C++ and language bindings.
// Must not know: files, sessions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caudal/graph.h"

namespace caudal {

struct ImportOptions {
  std::string prefix;  ///< names become "prefix/name"; empty: as they are
  /// "name", "name:k" of the bytes -> what nodes read instead.
  std::vector<std::pair<std::string, Output>> input_map;
  /// Control inputs "^name" of the bytes, here without '^', -> what nodes wait for instead.
  std::vector<std::pair<std::string, Node*>> control_map;
  /// Bytes of an OpList with definitions of ops that the engine may lack, as meta graphs carry it.
  /// Nodes of such ops can be fed; running one is an error. Without it they are refused.
  std::string_view op_list;
  bool clear_devices = false;
  Origin origin;  ///< of all nodes
};

struct ImportResult {
  /// Keys of the input map that nothing in the bytes was read by.
  std::vector<std::string> unused_inputs;
  int num_nodes = 0;
};

/// Adds the nodes of a GraphDef. Its functions become branches and loop bodies; calls of functions
/// are laid open; TensorFlow 1's Switch, Merge, Enter and so on become If and While, with their
/// Exit and Merge nodes kept by name. Attrs that the engine does not know are left out. On an error
/// the graph stays as it was.
///
/// Throws DataLoss for bytes that are no GraphDef, NotFound for ops that are not known,
/// InvalidArgument for everything else, with the node's name.
CAUDAL_API ImportResult import_graph_def(Graph& graph, std::string_view bytes,
                                         const ImportOptions& options = {});

struct ExportOptions {
  int from_node = 0;        ///< nodes before this id are left out
  bool add_shapes = false;  ///< writes `_output_shapes`
};

/// The graph as GraphDef, with ops and attrs of TensorFlow 1.15 only: If and While with functions
/// in the library. Throws Unimplemented for what TensorFlow cannot express (second derivatives
/// through loops).
CAUDAL_API std::string export_graph_def(const Graph& graph, const ExportOptions& options = {});

/// One node as NodeDef. Branches and bodies of If and While go by names.
CAUDAL_API std::string export_node_def(const Node& node);

}  // namespace caudal
