// SPDX-License-Identifier: Apache-2.0
// Owns: graphs as they stand in files: nodes and functions by name, and their wire format.
// Called by: import and export of graphs, raising of control flow.
// Must not know: Graph; what ops mean.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caudal/attr.h"
#include "caudal/dtype.h"
#include "caudal/op_def.h"

namespace caudal {

/// Attrs by name; a value stays the bytes of its AttrValue message until its type is known.
using EncodedAttrs = std::vector<std::pair<std::string, std::string>>;

/// nullptr when absent.
const std::string* find_attr(const EncodedAttrs& attrs, std::string_view name);
void put_attr(EncodedAttrs& attrs, std::string_view name, std::string value);

/// A node. An input is "node" (output 0), "node:k" or, after all of these, "^node". Inside of a
/// function it is "argument", "node:output:k", "^node" or, in functions that we make, "node:k".
struct NodeDef {
  std::string name, op, device;
  std::vector<std::string> inputs;
  EncodedAttrs attrs;
};

struct FunctionDef {
  std::string name;
  std::vector<ArgDef> inputs, outputs;
  std::vector<NodeDef> nodes;
  std::vector<std::pair<std::string, std::string>> returns;  ///< name of an output -> an input text
  std::vector<std::pair<std::string, std::string>> control_returns;  ///< label -> node
  EncodedAttrs attrs;
  bool stateful = false;
};

struct GraphDef {
  std::vector<NodeDef> nodes;
  std::vector<FunctionDef> functions;
  std::vector<std::pair<std::string, std::string>> gradients;  ///< function -> gradient function
  int producer = 0, min_consumer = 0;
};

/// A formal input or output from the bytes of an ArgDef message; throws DataLoss.
ArgDef parse_arg_def(std::string_view bytes);
/// Throws DataLoss for bytes that are no GraphDef. Memory stays a small multiple of the bytes.
GraphDef parse_graph_def(std::string_view bytes);
std::string serialise(const GraphDef& graph);
std::string serialise(const NodeDef& node);

/// The bytes of an AttrValue message. A subgraph becomes the function of its name.
std::string encode_attr(const AttrValue& value);
/// A function attr that names `function`.
std::string encode_function(std::string_view function);
/// The value of an attr of this signature type ("int", "list(type)", ...), not "func"; throws
/// InvalidArgument when the bytes hold another kind.
AttrValue decode_attr(std::string_view bytes, std::string_view type);
/// The value of an attr that no signature describes, typed by what it holds; not given when it
/// holds a function or nothing.
AttrValue decode_attr(std::string_view bytes);
/// The text that an attr holds; empty when absent.
std::string text_attr(const EncodedAttrs& attrs, std::string_view name);
/// The name of the attr of the call that this attr in a function's body takes its value from; empty
/// when it has a value of its own.
std::string attr_parameter(std::string_view bytes);
/// The name of the function that the attr holds; throws InvalidArgument for another kind.
std::string decode_function(std::string_view bytes);

}  // namespace caudal
