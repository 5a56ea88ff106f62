// SPDX-License-Identifier: Apache-2.0
// Owns: ops that the engine does not have, defined by the file that uses them.
// Called by: import and export of graphs.
// Must not know: kernels.
#pragma once

#include <set>
#include <string_view>

#include "caudal/op_def.h"
#include "graph/graph_def.h"

namespace caudal {

/// Makes the ops of an OpList message that `wanted` names, and that are not known, known: nodes of
/// them can be in graphs, fed, and written again; running one is an error, as there is no kernel.
/// Definitions that make no sense are left out.
void define_foreign_ops(std::string_view op_list, const std::set<std::string_view>& wanted);
bool is_foreign(const OpDef& op);

/// Attrs of nodes of foreign ops that hold functions stand in hidden attrs of these names, as
/// bytes; the functions themselves as bytes of a GraphDef.
inline constexpr std::string_view kForeignFunction = "_function:";
inline constexpr std::string_view kForeignLibrary = "_library";

/// The functions that attrs of a node name, and those that these need, as a GraphDef's bytes.
std::string functions_of(const NodeDef& node, const GraphDef& file);
/// Whether the value is a function or a list of functions.
bool holds_function(std::string_view attr);

}  // namespace caudal
