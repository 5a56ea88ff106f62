// SPDX-License-Identifier: Apache-2.0
// Control flow in the functions of a file's library.
#include <charconv>

#include "caudal/error.h"
#include "caudal/op_def.h"
#include "graph/raise_scope.h"

namespace caudal::raising {
namespace {

/// How many outputs stand before `output` of the node; -1 when it has none of that name.
int outputs_before(const NodeDef& def, std::string_view output,
                   const std::unordered_map<std::string_view, const FunctionDef*>& functions) {
  if (primitive_of(def.op) != Primitive::kNone) {
    return output == "output_true" || output == "value_index" ? 1 : 0;
  }
  if (const auto f = functions.find(def.op); f != functions.end()) {
    const auto& outputs = f->second->outputs;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].name == output) return int(i);
    }
    return output == "output" ? 0 : -1;
  }
  const OpDef* op = find_op(def.op);
  if (op == nullptr) return -1;
  std::int64_t before = 0;
  for (const ArgDef& out : op->outputs) {
    if (out.name == output) return before <= 65535 ? int(before) : -1;
    const std::string& counted = out.number_attr.empty() ? out.type_list_attr : out.number_attr;
    if (counted.empty()) {
      ++before;
      continue;
    }
    const std::string* bytes = find_attr(def.attrs, counted);
    if (bytes == nullptr) return -1;
    const AttrValue value = decode_attr(*bytes, out.number_attr.empty() ? "list(type)" : "int");
    before += out.number_attr.empty() ? std::int64_t(value.get<std::vector<DType>>().size())
                                      : value.get<std::int64_t>();
  }
  return -1;
}

class FunctionRaiser {
 public:
  FunctionRaiser(FunctionDef& function, Library& library,
                 const std::unordered_map<std::string_view, const FunctionDef*>& functions)
      : function_(function), library_(library), functions_(functions) {}

  void run() {
    load();
    raise_loops(scope_, library_);
    raise_conditionals(scope_, library_);
    for (std::size_t i = 0; i < function_.returns.size(); ++i) {
      const Edge& e = scope_.returns[i];
      const ScopeNode& from = scope_.nodes[std::size_t(e.node)];
      function_.returns[i].second =
          from.kind == ScopeNode::kArgument ? from.def.name : str(from.def.name, ":", e.port);
    }
    for (std::size_t i = 0; i < function_.control_returns.size(); ++i) {
      function_.control_returns[i].second = scope_.nodes[std::size_t(scope_.must_run[i])].def.name;
    }
    function_.nodes = take_nodes(scope_);
  }

 private:
  void load() {
    for (const ArgDef& arg : function_.inputs) {
      ScopeNode node;
      node.kind = ScopeNode::kArgument;
      node.def.name = arg.name;
      node.type = arg.type;
      define(arg.name, scope_.add(std::move(node)));
      scope_.arguments.push_back(int(scope_.nodes.size()) - 1);
    }
    const int first = int(scope_.nodes.size());
    std::vector<std::vector<std::string>> texts;
    for (NodeDef& def : function_.nodes) {
      ScopeNode node;
      node.position = int(scope_.nodes.size());
      node.primitive = primitive_of(def.op);
      node.ref_form = node.primitive != Primitive::kNone && def.op.starts_with("Ref");
      texts.push_back(std::move(def.inputs));
      node.def = std::move(def);
      node.def.inputs.clear();
      const std::string name = node.def.name;
      define(name, scope_.add(std::move(node)));
    }
    for (std::size_t i = 0; i < texts.size(); ++i) {
      ScopeNode& node = scope_.nodes[std::size_t(first) + i];
      for (const std::string& text : texts[i]) {
        if (text.starts_with("^")) {
          node.controls.push_back(find(std::string_view(text).substr(1), node.def.name));
        } else {
          node.inputs.push_back(edge(text, node.def.name));
        }
      }
    }
    for (const auto& [output, text] : function_.returns) {
      scope_.returns.push_back(edge(text, function_.name));
    }
    for (const auto& [label, node] : function_.control_returns) {
      scope_.must_run.push_back(find(node, function_.name));
    }
    for (int n = first; n < int(scope_.nodes.size()); ++n) {
      if (has_effects(scope_.nodes[std::size_t(n)].def)) scope_.must_run.push_back(n);
    }
  }

  void define(const std::string& name, int node) {
    if (!by_name_.emplace(name, node).second) {
      invalid("the name '", name, "' stands for two things in function '", function_.name, "'");
    }
  }

  int find(std::string_view name, const std::string& reader) {
    const auto found = by_name_.find(std::string(name));
    if (found == by_name_.end()) {
      invalid("Node '", reader, "': Unknown input node '", name, "' in function '", function_.name,
              "'");
    }
    return found->second;
  }

  Edge edge(std::string_view text, const std::string& reader) {
    const auto first = text.find(':'), last = text.rfind(':');
    Edge e;
    e.node = find(text.substr(0, first), reader);
    if (first == std::string_view::npos) return e;
    const auto number = [&](std::string_view digits) {
      const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), e.port);
      return parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size() &&
             e.port >= 0 && e.port <= 65535;
    };
    if (first == last && number(text.substr(first + 1))) return e;
    e.port = 0;
    const std::string_view output =
        first == last ? text.substr(first + 1) : text.substr(first + 1, last - first - 1);
    const int before = outputs_before(scope_.nodes[std::size_t(e.node)].def, output, functions_);
    if (before < 0 || (first != last && !number(text.substr(last + 1)))) {
      invalid("input '", text, "' of node '", reader, "' is malformed, or there is no such output");
    }
    e.port += before;
    return e;
  }

  FunctionDef& function_;
  Library& library_;
  const std::unordered_map<std::string_view, const FunctionDef*>& functions_;
  Scope scope_;
  std::unordered_map<std::string, int> by_name_;
};

}  // namespace

void raise_function(FunctionDef& function, Library& library,
                    const std::unordered_map<std::string_view, const FunctionDef*>& functions) {
  FunctionRaiser(function, library, functions).run();
}

}  // namespace caudal::raising
