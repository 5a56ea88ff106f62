// SPDX-License-Identifier: Apache-2.0
#include "graph/raise_control_flow.h"

#include <algorithm>
#include <charconv>

#include "caudal/error.h"
#include "caudal/op_def.h"
#include "graph/raise_scope.h"

namespace caudal {
namespace raising {

Primitive primitive_of(std::string_view op) {
  if (op.starts_with("Ref")) op.remove_prefix(3);
  if (op == "Switch") return Primitive::kSwitch;
  if (op == "Merge") return Primitive::kMerge;
  if (op == "Enter") return Primitive::kEnter;
  if (op == "Exit") return Primitive::kExit;
  if (op == "NextIteration") return Primitive::kNextIteration;
  if (op == "LoopCond") return Primitive::kLoopCond;
  return Primitive::kNone;
}

DType type_attr(const NodeDef& def, std::string_view name) {
  const std::string* bytes = find_attr(def.attrs, name);
  if (bytes == nullptr) invalid("node '", def.name, "' has no attr '", name, "'");
  return decode_attr(*bytes, "type").get<DType>();
}

bool has_trait(const NodeDef& def, std::uint32_t trait) {
  const OpDef* op = find_op(def.op);
  return op != nullptr && (op->traits & trait) != 0;
}

bool has_effects(const NodeDef& def) {
  const OpDef* op = find_op(def.op);
  return op != nullptr && (op->traits & (kStateful | kWritesRef)) != 0 && !op->has(kVariable);
}

bool is_ref_variable(const NodeDef& def) {
  const OpDef* op = find_op(def.op);
  return op != nullptr && op->has(kVariable) && op->outputs.size() == 1 && op->outputs[0].is_ref;
}

std::string scope_of(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? "" : name.substr(0, slash + 1);
}

NodeDef make_node(std::string op, std::string name) {
  NodeDef def;
  def.op = std::move(op);
  def.name = std::move(name);
  return def;
}

int variable_behind(const Scope& scope, Edge edge, std::vector<int>& known) {
  known.resize(scope.nodes.size(), -2);
  std::vector<int> passed;
  int found = -1;
  for (int n = edge.node; n >= 0;) {
    if (known[std::size_t(n)] != -2) {
      found = known[std::size_t(n)];
      break;
    }
    passed.push_back(n);
    const ScopeNode& node = scope.nodes[std::size_t(n)];
    if (node.kind != ScopeNode::kNode) break;
    const OpDef* op = find_op(node.def.op);
    if (is_ref_variable(node.def)) {
      found = n;
      break;
    }
    const bool forwards = (op != nullptr && op->has(kRefForward)) || node.def.op == "RefIdentity" ||
                          (node.ref_form && (node.primitive == Primitive::kSwitch ||
                                             node.primitive == Primitive::kEnter ||
                                             node.primitive == Primitive::kMerge));
    n = forwards && !node.inputs.empty() ? node.inputs[0].node : -1;
  }
  for (const int n : passed) known[std::size_t(n)] = found;
  return found;
}

ScopeNode stand_in(const ScopeNode& variable) {
  ScopeNode made;
  made.def = variable.def;
  made.position = variable.position;
  if (text_attr(made.def.attrs, "shared_name").empty()) {
    put_attr(made.def.attrs, "shared_name", encode_attr(AttrValue(made.def.name)));
  }
  return made;
}

// ---- names and types ------------------------------------------------------------------------

Library::Library(const GraphDef& graph) {
  for (const NodeDef& node : graph.nodes) node_names_.insert(node.name);
  for (const FunctionDef& f : graph.functions) {
    function_names_.insert(f.name);
    for (const NodeDef& node : f.nodes) node_names_.insert(node.name);
    std::vector<DType> types;
    for (const ArgDef& out : f.outputs) types.push_back(out.type);
    function_outputs_.emplace(f.name, std::move(types));
  }
}

std::string Library::free_name(std::unordered_set<std::string>& taken, const std::string& wanted) {
  if (taken.insert(wanted).second) return wanted;
  for (int& k = next_[wanted];;) {
    std::string name = str(wanted, "_", ++k);
    if (taken.insert(name).second) return name;
  }
}

std::string Library::free_node_name(const std::string& wanted) {
  return free_name(node_names_, wanted);
}

std::string Library::free_function_name(const std::string& wanted) {
  std::string name = wanted;
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain) c = '_';
  }
  return free_name(function_names_, name);
}

void Library::add(FunctionDef function) { added_.push_back(std::move(function)); }

DType Library::output_type(const NodeDef& def, int port) const {
  if (const auto f = function_outputs_.find(def.op); f != function_outputs_.end()) {
    return port < int(f->second.size()) ? f->second[std::size_t(port)] : DType::kInvalid;
  }
  const OpDef* op = find_op(def.op);
  if (op == nullptr) {
    const bool primitive = primitive_of(def.op) != Primitive::kNone;
    if (!primitive) return DType::kInvalid;
    if (primitive_of(def.op) == Primitive::kMerge && port == 1) return DType::kInt32;
    return primitive_of(def.op) == Primitive::kLoopCond ? DType::kBool : type_attr(def, "T");
  }
  const auto attr = [&](const std::string& name) {
    if (const std::string* bytes = find_attr(def.attrs, name)) {
      return decode_attr(*bytes, op->attr(name)->type);
    }
    return op->attr(name)->default_value;
  };
  std::int64_t left = port;
  for (const ArgDef& out : op->outputs) {
    if (!out.type_list_attr.empty()) {
      const AttrValue types = attr(out.type_list_attr);
      if (!types.given()) return DType::kInvalid;
      const auto& list = types.get<std::vector<DType>>();
      if (left < std::int64_t(list.size())) return list[std::size_t(left)];
      left -= std::int64_t(list.size());
      continue;
    }
    std::int64_t count = 1;
    if (!out.number_attr.empty()) {
      const AttrValue n = attr(out.number_attr);
      count = n.given() ? n.get<std::int64_t>() : 0;
    }
    if (left < count) {
      if (out.type_attr.empty()) return out.type;
      const AttrValue type = attr(out.type_attr);
      return type.given() ? type.get<DType>() : DType::kInvalid;
    }
    left -= count;
  }
  return DType::kInvalid;
}

void Library::add_argument(Scope& scope, DType type) {
  ScopeNode node;
  node.kind = ScopeNode::kArgument;
  node.type = type;
  for (std::size_t k = scope.arguments.size();; ++k) {
    node.def.name = str("arg_", k);
    if (!node_names_.contains(node.def.name)) break;
    node.def.name = free_node_name(node.def.name);
    break;
  }
  scope.arguments.push_back(scope.add(std::move(node)));
}

// ---- reading and writing --------------------------------------------------------------------

Scope load_scope(std::vector<NodeDef> defs) {
  Scope scope;
  scope.nodes.resize(defs.size());
  std::unordered_map<std::string, int> by_name;
  for (std::size_t i = 0; i < defs.size(); ++i) {
    if (!by_name.emplace(defs[i].name, int(i)).second) {
      invalid("Node '", defs[i].name, "' is not unique");
    }
  }
  const auto find = [&](std::string_view name) {
    const auto [at, is_new] = by_name.emplace(std::string(name), int(scope.nodes.size()));
    if (is_new) {
      ScopeNode unknown;
      unknown.kind = ScopeNode::kUnknown;
      unknown.def.name = name;
      scope.nodes.push_back(std::move(unknown));
    }
    return at->second;
  };
  for (std::size_t i = 0; i < defs.size(); ++i) {
    const std::vector<std::string> texts = std::move(defs[i].inputs);
    std::vector<Edge> inputs;
    std::vector<int> controls;
    for (const std::string& text : texts) {
      if (text.starts_with("^")) {
        controls.push_back(find(std::string_view(text).substr(1)));
        continue;
      }
      Edge edge;
      const auto colon = text.rfind(':');
      if (colon != std::string::npos) {
        const char* end = text.data() + text.size();
        const auto parsed = std::from_chars(text.data() + colon + 1, end, edge.port);
        if (parsed.ec != std::errc() || parsed.ptr != end || edge.port < 0 || edge.port > 65535) {
          invalid("input '", text, "' of node '", defs[i].name, "' is malformed");
        }
      }
      edge.node = find(std::string_view(text).substr(0, colon));
      inputs.push_back(edge);
    }
    ScopeNode& node = scope.nodes[i];
    node.inputs = std::move(inputs);
    node.controls = std::move(controls);
    node.position = int(i);
    node.primitive = primitive_of(defs[i].op);
    node.ref_form = node.primitive != Primitive::kNone && defs[i].op.starts_with("Ref");
    node.def = std::move(defs[i]);
    node.def.inputs.clear();
  }
  return scope;
}

std::vector<NodeDef> take_nodes(Scope& scope) {
  std::vector<int> order;
  for (int i = 0; i < int(scope.nodes.size()); ++i) {
    const ScopeNode& n = scope.nodes[std::size_t(i)];
    if (n.alive && n.kind == ScopeNode::kNode) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return scope.nodes[std::size_t(a)].position < scope.nodes[std::size_t(b)].position;
  });
  // Names are read by the readers: they move last.
  for (const int i : order) {
    ScopeNode& n = scope.nodes[std::size_t(i)];
    for (const Edge& e : n.inputs) {
      const ScopeNode& from = scope.nodes[std::size_t(e.node)];
      const bool plain = from.kind == ScopeNode::kArgument || (scope.top && e.port == 0);
      n.def.inputs.push_back(plain ? from.def.name : str(from.def.name, ":", e.port));
    }
    std::vector<int> controls = n.controls;
    std::sort(controls.begin(), controls.end());
    controls.erase(std::unique(controls.begin(), controls.end()), controls.end());
    for (const int c : controls) {
      const ScopeNode& from = scope.nodes[std::size_t(c)];
      if (from.kind != ScopeNode::kArgument) n.def.inputs.push_back("^" + from.def.name);
    }
  }
  std::vector<NodeDef> out;
  out.reserve(order.size());
  for (const int i : order) out.push_back(std::move(scope.nodes[std::size_t(i)].def));
  return out;
}

FunctionDef take_function(Scope& scope, std::string name, bool stateful) {
  FunctionDef f;
  f.name = std::move(name);
  f.stateful = stateful;
  for (const int a : scope.arguments) {
    ArgDef arg;
    arg.name = scope.nodes[std::size_t(a)].def.name;
    arg.type = scope.nodes[std::size_t(a)].type;
    f.inputs.push_back(std::move(arg));
  }
  for (std::size_t i = 0; i < scope.returns.size(); ++i) {
    ArgDef out;
    out.name = str("out_", i);
    out.type = scope.return_types[i];
    const Edge& e = scope.returns[i];
    const ScopeNode& from = scope.nodes[std::size_t(e.node)];
    f.returns.emplace_back(out.name, from.kind == ScopeNode::kArgument
                                         ? from.def.name
                                         : str(from.def.name, ":", e.port));
    f.outputs.push_back(std::move(out));
  }
  // What nothing else in the body waits for has to be asked for by name.
  std::vector<char> read(scope.nodes.size());
  for (const Edge& e : scope.returns) read[std::size_t(e.node)] = 1;
  for (const ScopeNode& n : scope.nodes) {
    if (!n.alive) continue;
    for (const Edge& e : n.inputs) read[std::size_t(e.node)] = 1;
    for (const Edge& e : n.refs) read[std::size_t(e.node)] = 1;
    for (const int c : n.controls) read[std::size_t(c)] = 1;
  }
  for (const int m : scope.must_run) {
    ScopeNode& n = scope.nodes[std::size_t(m)];
    if (read[std::size_t(m)] || n.kind != ScopeNode::kNode) continue;
    read[std::size_t(m)] = 1;
    f.control_returns.emplace_back(n.def.name, n.def.name);
  }
  for (ScopeNode& n : scope.nodes) {
    std::erase_if(n.def.attrs, [](const auto& attr) { return attr.first == "_class"; });
  }
  f.nodes = take_nodes(scope);
  return f;
}

// ---- order ----------------------------------------------------------------------------------

std::vector<int> topological_order(const Scope& scope) {
  const auto count = scope.nodes.size();
  const auto for_each_input = [&](std::size_t i, const auto& f) {
    const ScopeNode& n = scope.nodes[i];
    if (!n.alive) return;
    for (const Edge& e : n.inputs) {
      const bool back = n.primitive == Primitive::kMerge &&
                        scope.nodes[std::size_t(e.node)].primitive == Primitive::kNextIteration;
      if (!back) f(std::size_t(e.node));
    }
    for (const Edge& e : n.refs) f(std::size_t(e.node));
    for (const int c : n.controls) f(std::size_t(c));
  };
  std::vector<int> waiting(count), starts(count + 1);
  for (std::size_t i = 0; i < count; ++i) {
    for_each_input(i, [&](std::size_t from) {
      ++waiting[i];
      ++starts[from + 1];
    });
  }
  for (std::size_t i = 0; i < count; ++i) starts[i + 1] += starts[i];
  std::vector<int> next(starts.begin(), starts.end() - 1);
  std::vector<int> readers(next.size() + static_cast<std::size_t>(starts.back()));
  for (std::size_t i = 0; i < count; ++i) {
    for_each_input(i, [&](std::size_t from) { readers[std::size_t(next[from]++)] = int(i); });
  }
  std::vector<int> order;
  order.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (waiting[i] == 0 && scope.nodes[i].alive) order.push_back(int(i));
  }
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto n = std::size_t(order[k]);
    for (int r = starts[n]; r < starts[n + 1]; ++r) {
      if (--waiting[std::size_t(readers[std::size_t(r)])] == 0) {
        order.push_back(readers[std::size_t(r)]);
      }
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (waiting[i] > 0) {
      invalid("node '", scope.nodes[i].def.name, "' is part of a cycle or waits for one");
    }
  }
  return order;
}

std::vector<Edge> origins(const Scope& scope, const std::vector<int>& order) {
  std::vector<Edge> out(scope.nodes.size());
  for (const int i : order) {
    const ScopeNode& n = scope.nodes[std::size_t(i)];
    Edge& origin = out[std::size_t(i)];
    origin = {i, 0, false};
    if (n.def.op != "Identity" || n.inputs.size() != 1) continue;
    const Edge& from = n.inputs[0];
    origin = from.port == 0 ? out[std::size_t(from.node)] : Edge{from.node, from.port, false};
  }
  return out;
}

namespace {

bool has_primitives(const std::vector<NodeDef>& nodes) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [](const NodeDef& n) { return primitive_of(n.op) != Primitive::kNone; });
}

}  // namespace
}  // namespace raising

void raise_control_flow(GraphDef& graph) {
  using namespace raising;
  std::vector<std::size_t> functions;
  for (std::size_t i = 0; i < graph.functions.size(); ++i) {
    if (has_primitives(graph.functions[i].nodes)) functions.push_back(i);
  }
  const bool top = has_primitives(graph.nodes);
  if (!top && functions.empty()) return;
  Library library(graph);
  std::unordered_map<std::string_view, const FunctionDef*> known;
  for (const FunctionDef& f : graph.functions) known.emplace(f.name, &f);
  for (const std::size_t i : functions) raise_function(graph.functions[i], library, known);
  if (top) {
    Scope scope = load_scope(std::move(graph.nodes));
    scope.top = true;
    raise_loops(scope, library);
    raise_conditionals(scope, library);
    graph.nodes = take_nodes(scope);
  }
  for (FunctionDef& f : library.take_added()) graph.functions.push_back(std::move(f));
}

}  // namespace caudal
