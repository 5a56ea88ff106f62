// SPDX-License-Identifier: Apache-2.0
#include "graph/graph_def.h"

#include <algorithm>

#include "base/wire.h"
#include "caudal/error.h"

namespace caudal {
namespace {

[[noreturn]] void malformed(std::string_view what) {
  fail(Code::kDataLoss, "the bytes are no GraphDef: ", what, " is malformed");
}

/// Calls `take(reader)` for every field of a message.
template <class F>
void fields(std::string_view bytes, std::string_view what, F take) {
  if (!read_fields(bytes, take)) malformed(what);
}

/// An entry of a map from text to text or message.
std::pair<std::string, std::string> entry(std::string_view bytes, std::string_view what) {
  std::pair<std::string, std::string> out;
  fields(bytes, what, [&](const WireReader& r) {
    if (r.is_bytes(1)) out.first = r.bytes();
    if (r.is_bytes(2)) out.second = r.bytes();
  });
  return out;
}

/// Sorted by name; of equal names the last one counts.
void tidy(EncodedAttrs& attrs) {
  const auto by_name = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(attrs.begin(), attrs.end(), by_name);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < attrs.size(); ++i) {
    if (i + 1 < attrs.size() && attrs[i + 1].first == attrs[i].first) continue;
    if (kept != i) attrs[kept] = std::move(attrs[i]);
    ++kept;
  }
  attrs.resize(kept);
}

NodeDef read_node(std::string_view bytes) {
  NodeDef node;
  fields(bytes, "a node", [&](const WireReader& r) {
    if (r.type() != WireReader::kBytes) return;
    switch (r.field()) {
      case 1:
        node.name = r.bytes();
        break;
      case 2:
        node.op = r.bytes();
        break;
      case 3:
        node.inputs.emplace_back(r.bytes());
        break;
      case 4:
        node.device = r.bytes();
        break;
      case 5:
        node.attrs.push_back(entry(r.bytes(), "an attr"));
        break;
    }
  });
  tidy(node.attrs);
  return node;
}

void read_signature(std::string_view bytes, FunctionDef& function) {
  fields(bytes, "the signature of a function", [&](const WireReader& r) {
    if (r.is_bytes(1)) function.name = r.bytes();
    if (r.is_bytes(2)) function.inputs.push_back(parse_arg_def(r.bytes()));
    if (r.is_bytes(3)) function.outputs.push_back(parse_arg_def(r.bytes()));
    if (r.is_number(17)) function.stateful = r.number() != 0;
  });
}

FunctionDef read_function(std::string_view bytes) {
  FunctionDef function;
  fields(bytes, "a function", [&](const WireReader& r) {
    if (r.is_bytes(1)) read_signature(r.bytes(), function);
    if (r.is_bytes(3)) function.nodes.push_back(read_node(r.bytes()));
    if (r.is_bytes(4)) function.returns.push_back(entry(r.bytes(), "a return value"));
    if (r.is_bytes(5)) function.attrs.push_back(entry(r.bytes(), "an attr"));
    if (r.is_bytes(6)) function.control_returns.push_back(entry(r.bytes(), "a return value"));
  });
  tidy(function.attrs);
  return function;
}

void read_library(std::string_view bytes, GraphDef& graph) {
  fields(bytes, "the function library", [&](const WireReader& r) {
    if (r.is_bytes(1)) graph.functions.push_back(read_function(r.bytes()));
    if (r.is_bytes(2)) graph.gradients.push_back(entry(r.bytes(), "a gradient"));
  });
}

void write_entry(WireWriter& out, int field, std::string_view key, std::string_view value) {
  WireWriter entry;
  if (!key.empty()) entry.bytes(1, key);
  entry.bytes(2, value);
  out.bytes(field, entry.out);
}

std::string write_node(const NodeDef& node) {
  WireWriter out;
  out.bytes(1, node.name);
  out.bytes(2, node.op);
  for (const std::string& in : node.inputs) out.bytes(3, in);
  if (!node.device.empty()) out.bytes(4, node.device);
  for (const auto& [name, value] : node.attrs) write_entry(out, 5, name, value);
  return std::move(out.out);
}

std::string write_arg(const ArgDef& arg) {
  WireWriter out;
  out.bytes(1, arg.name);
  if (arg.type != DType::kInvalid) out.number(3, std::uint64_t(arg.type));
  if (!arg.type_attr.empty()) out.bytes(4, arg.type_attr);
  if (!arg.number_attr.empty()) out.bytes(5, arg.number_attr);
  if (!arg.type_list_attr.empty()) out.bytes(6, arg.type_list_attr);
  if (arg.is_ref) out.number(16, 1);
  return std::move(out.out);
}

std::string write_function(const FunctionDef& function) {
  WireWriter signature, out;
  signature.bytes(1, function.name);
  for (const ArgDef& arg : function.inputs) signature.bytes(2, write_arg(arg));
  for (const ArgDef& arg : function.outputs) signature.bytes(3, write_arg(arg));
  if (function.stateful) signature.number(17, 1);
  for (const auto& [label, node] : function.control_returns) signature.bytes(20, label);
  out.bytes(1, signature.out);
  for (const NodeDef& node : function.nodes) out.bytes(3, write_node(node));
  for (const auto& [name, value] : function.returns) write_entry(out, 4, name, value);
  for (const auto& [name, value] : function.attrs) write_entry(out, 5, name, value);
  for (const auto& [label, node] : function.control_returns) write_entry(out, 6, label, node);
  return std::move(out.out);
}

}  // namespace

const std::string* find_attr(const EncodedAttrs& attrs, std::string_view name) {
  for (const auto& [key, value] : attrs) {
    if (key == name) return &value;
  }
  return nullptr;
}

void put_attr(EncodedAttrs& attrs, std::string_view name, std::string value) {
  for (auto& [key, old] : attrs) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  attrs.emplace_back(name, std::move(value));
}

ArgDef parse_arg_def(std::string_view bytes) {
  ArgDef arg;
  fields(bytes, "an argument of a function", [&](const WireReader& r) {
    if (r.is_bytes(1)) arg.name = r.bytes();
    if (r.is_number(3) && r.number() < kNumDTypes) arg.type = DType(r.number());
    if (r.is_bytes(4)) arg.type_attr = r.bytes();
    if (r.is_bytes(5)) arg.number_attr = r.bytes();
    if (r.is_bytes(6)) arg.type_list_attr = r.bytes();
    if (r.is_number(16)) arg.is_ref = r.number() != 0;
  });
  return arg;
}

GraphDef parse_graph_def(std::string_view bytes) {
  GraphDef graph;
  fields(bytes, "the graph", [&](const WireReader& r) {
    if (r.is_bytes(1)) graph.nodes.push_back(read_node(r.bytes()));
    if (r.is_bytes(2)) read_library(r.bytes(), graph);
    if (r.is_bytes(4)) {
      fields(r.bytes(), "the version", [&](const WireReader& v) {
        if (v.is_number(1)) graph.producer = int(v.number());
        if (v.is_number(2)) graph.min_consumer = int(v.number());
      });
    }
  });
  return graph;
}

std::string serialise(const NodeDef& node) { return write_node(node); }

std::string serialise(const GraphDef& graph) {
  WireWriter out, library, versions;
  for (const NodeDef& node : graph.nodes) out.bytes(1, write_node(node));
  for (const FunctionDef& f : graph.functions) library.bytes(1, write_function(f));
  for (const auto& [name, gradient] : graph.gradients) {
    WireWriter pair;
    pair.bytes(1, name);
    pair.bytes(2, gradient);
    library.bytes(2, pair.out);
  }
  if (graph.producer != 0) versions.number(1, std::uint64_t(graph.producer));
  if (graph.min_consumer != 0) versions.number(2, std::uint64_t(graph.min_consumer));
  if (!library.out.empty()) out.bytes(2, library.out);
  if (!versions.out.empty()) out.bytes(4, versions.out);
  return std::move(out.out);
}

}  // namespace caudal
