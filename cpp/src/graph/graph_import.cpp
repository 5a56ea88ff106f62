// SPDX-License-Identifier: Apache-2.0
#include "graph/graph_import.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <queue>

#include "caudal/error.h"
#include "graph/foreign_ops.h"
#include "graph/graph_transaction.h"
#include "graph/node_checks.h"
#include "graph/op_versions.h"
#include "graph/raise_control_flow.h"
#include "graph/subgraphs.h"

namespace caudal {
namespace {

constexpr std::int64_t kMostFilled = std::int64_t(1) << 28;  // bytes

/// A reference to an output, taken apart.
struct Reference {
  std::string_view node, output;
  int index = 0;
  bool control = false;
};

bool digits(std::string_view s) {
  return !s.empty() && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Reference reference(std::string_view text, std::string_view reader) {
  Reference r;
  const auto number = [&](std::string_view s) {
    const auto end = std::from_chars(s.data(), s.data() + s.size(), r.index);
    if (!digits(s) || end.ec != std::errc() || r.index > 65535) {
      invalid("input '", text, "' of node '", reader, "' is malformed");
    }
  };
  if (text.starts_with("^")) {
    r.control = true;
    r.node = text.substr(1);
    return r;
  }
  const auto first = text.find(':');
  r.node = text.substr(0, first);
  if (first == std::string_view::npos) return r;
  const std::string_view rest = text.substr(first + 1);
  const auto second = rest.find(':');
  if (second == std::string_view::npos) {
    if (digits(rest)) {
      number(rest);
    } else {
      r.output = rest;  // "node:output" stands for its first
    }
    return r;
  }
  r.output = rest.substr(0, second);
  number(rest.substr(second + 1));
  return r;
}

/// Where the outputs of a formal output begin; -1 when the op has none of that name.
int output_start(const Node& node, std::string_view output) {
  std::int64_t at = 0;
  for (const ArgDef& arg : node.op().outputs) {
    if (arg.name == output) return int(at);
    at += output_count(arg, node.attrs());
  }
  return -1;
}

bool is_call(std::string_view op) {
  return op == "PartitionedCall" || op == "StatefulPartitionedCall";
}

}  // namespace

ImportBody::ImportBody(ImportContext& context, Graph& graph, std::string prefix, bool in_function,
                       const EncodedAttrs* binding)
    : context_(context),
      graph_(graph),
      prefix_(std::move(prefix)),
      in_function_(in_function),
      binding_(binding) {}

void ImportBody::define(std::string_view name, std::vector<Output> outputs) {
  Known known;
  known.outputs = std::move(outputs);
  if (!known_.emplace(name, std::move(known)).second) {
    invalid("the name '", name, "' stands for two things");
  }
}

const ImportBody::Known* ImportBody::find(std::string_view name) const {
  const auto it = known_.find(std::string(name));
  return it == known_.end() ? nullptr : &it->second;
}

ImportBody::Mapped* ImportBody::mapped(std::string_view name, int index) {
  if (mapped_.empty()) return nullptr;
  const auto it = mapped_.find(index < 0 ? str("^", name) : str(name, ":", index));
  if (it == mapped_.end()) return nullptr;
  it->second.used = true;
  return &it->second;
}

Output ImportBody::resolve(std::string_view text, std::string_view reader) {
  const Reference r = reference(text, reader);
  if (const Mapped* m = r.control ? nullptr : mapped(r.node, r.index)) return m->output;
  const Known* known = r.control ? nullptr : find(r.node);
  if (known == nullptr) {
    invalid("Node '", reader, "': Unknown input node '", text, "'");
  }
  int index = r.index;
  if (!r.output.empty()) {
    int start = 0;
    if (known->callee != nullptr) {
      const auto& outputs = known->callee->outputs;
      const auto at = std::find_if(outputs.begin(), outputs.end(),
                                   [&](const ArgDef& a) { return a.name == r.output; });
      // Call ops have one list, "output"; functions called by their own name have named results.
      start = at != outputs.end() ? int(at - outputs.begin()) : r.output == "output" ? 0 : -1;
    } else if (known->node != nullptr) {
      start = output_start(*known->node, r.output);
    }
    if (start < 0) {
      invalid("input '", text, "' of node '", reader, "': there is no output '", r.output, "'");
    }
    index += start;
  }
  if (index >= int(known->outputs.size())) {
    invalid("Node '", reader, "': Connecting to invalid output ", index, " of source node ", r.node,
            " which has ", known->outputs.size(), " outputs.");
  }
  return known->outputs[std::size_t(index)];
}

std::string ImportBody::full_name(const NodeDef& def) const {
  return prefix_.empty() ? def.name : prefix_ + "/" + def.name;
}

std::vector<Output> ImportBody::data_inputs(const NodeDef& def) {
  std::vector<Output> out;
  for (const std::string& text : def.inputs) {
    if (!text.starts_with("^")) out.push_back(resolve(text, def.name));
  }
  return out;
}

std::vector<Node*> ImportBody::control_inputs(const NodeDef& def) {
  std::vector<Node*> out;
  for (const std::string& text : def.inputs) {
    if (!text.starts_with("^")) continue;
    const std::string_view name = std::string_view(text).substr(1);
    if (const Mapped* m = mapped(name, -1)) {
      out.push_back(m->control);
      continue;
    }
    const Known* known = find(name);
    if (known == nullptr) invalid("Node '", def.name, "': Unknown input node '", text, "'");
    // Arguments and constants that were copied are there from the start.
    if (known->node != nullptr) out.push_back(known->node);
  }
  return out;
}

AttrList ImportBody::attrs_of(const NodeDef& def, const OpDef& op) {
  AttrList out;
  bool foreign_functions = false;
  for (const auto& [name, bytes] : def.attrs) {
    if (name.empty() || name == "_output_shapes") continue;
    const AttrDef* wanted = op.attr(name);
    if (wanted == nullptr && name[0] != '_') {
      // Of a newer version; of a foreign op, for writing it again.
      if (is_foreign(op) && holds_function(bytes)) {
        out.emplace_back(str(kForeignFunction, name), bytes);
        foreign_functions = true;
      }
      continue;
    }
    if (wanted != nullptr && wanted->type == "func") continue;
    const std::string* value = &bytes;
    if (binding_ != nullptr) {
      if (const std::string parameter = attr_parameter(bytes); !parameter.empty()) {
        value = find_attr(*binding_, parameter);
        if (value == nullptr) {
          invalid("attr '", name, "' of node '", def.name, "' asks for '", parameter,
                  "', which the call of the function does not have");
        }
      }
    }
    AttrValue decoded;
    try {
      decoded = wanted != nullptr ? decode_attr(*value, wanted->type) : decode_attr(*value);
    } catch (Error& e) {
      throw Error(e.code(), str("attr '", name, "' of node '", def.name, "': ", e.message()));
    }
    if (decoded.holds<Tensor>()) {
      // One value may stand for many: what that adds to the file's size is bounded.
      const auto added =
          std::int64_t(decoded.get<Tensor>().num_bytes()) - std::int64_t(value->size());
      context_.bytes_left -= std::max<std::int64_t>(added, 0);
      if (context_.bytes_left < 0) {
        invalid("attr '", name, "' of node '", def.name,
                "': constants of the graph are far larger than its bytes");
      }
    }
    if (!decoded.given()) continue;
    if (name == "_class" && decoded.holds<std::vector<std::string>>() && !prefix_.empty()) {
      std::vector<std::string> classes = decoded.get<std::vector<std::string>>();
      for (std::string& c : classes) {
        if (c.starts_with("loc:@")) c = "loc:@" + prefix_ + "/" + c.substr(5);
      }
      decoded = std::move(classes);
    }
    out.emplace_back(name, std::move(decoded));
  }
  if (foreign_functions) {
    std::string functions = functions_of(def, context_.file);
    context_.bytes_left -= std::int64_t(functions.size());
    if (context_.bytes_left < 0) invalid("the functions of the graph are used too often");
    out.emplace_back(kForeignLibrary, std::move(functions));
  }
  return out;
}

NodeSpec ImportBody::spec_for(const NodeDef& def, const OpDef& op) {
  NodeSpec spec;
  spec.op = op.name;
  spec.name = full_name(def) + "/";  // exactly this name
  spec.attrs = attrs_of(def, op);
  if (!context_.options.clear_devices) spec.device = def.device;
  spec.control_inputs = control_inputs(def);
  spec.origin = context_.options.origin;
  return spec;
}

Node* ImportBody::add_node(const NodeDef& def, NodeSpec spec) {
  reads_.renew(graph_, spec, [&](const std::string& read) {
    const std::string base = def.name + "/" + read.substr(read.rfind('/') + 1);
    std::string name = base;
    const auto full = [&] { return prefix_.empty() ? name : prefix_ + "/" + name; };
    for (int i = 1; file_names_.contains(name) || graph_.find(full()) != nullptr; ++i) {
      name = str(base, "_", i);
    }
    return full() + "/";
  });
  Node* node = graph_.add(std::move(spec));
  reads_.note(*node);
  return node;
}

void ImportBody::apply_shape_hints(const NodeDef& def, Node* node) {
  const std::string* bytes = find_attr(def.attrs, "_output_shapes");
  if (bytes == nullptr) return;
  const AttrValue decoded = decode_attr(*bytes, "list(shape)");
  const auto& shapes = decoded.get<std::vector<PartialShape>>();
  const auto n = std::min<std::size_t>(shapes.size(), std::size_t(node->num_outputs()));
  for (std::size_t i = 0; i < n; ++i) {
    // Another engine's inference may differ; a hint that contradicts ours is left aside.
    if (node->output_shape(int(i)).compatible_with(shapes[i])) {
      graph_.set_shape(node->output(int(i)), shapes[i]);
    }
  }
}

/// The name under which the session keeps the variable that a function's body names.
std::string ImportBody::outer_variable(const NodeDef& def) const {
  std::string name = text_attr(def.attrs, "shared_name");
  if (name.empty()) name = def.name;
  const std::string container = text_attr(def.attrs, "container"),
                    &prefix = context_.options.prefix;
  if (!prefix.empty() && context_.variables.contains(name)) name = prefix + "/" + name;
  return container.empty() ? name : container + "|" + name;
}

void ImportBody::add_variable_reference(const NodeDef& def, const OpDef& op) {
  NodeSpec spec = spec_for(def, op);
  AttrList attrs{{"outer", outer_variable(def)}};
  for (auto& [name, value] : spec.attrs) {
    if (name == "dtype" || name == "shape") attrs.emplace_back(name, std::move(value));
  }
  spec.op = "CapturedRef";
  spec.attrs = std::move(attrs);
  Known known;
  known.node = graph_.add(std::move(spec));
  known.outputs = {known.node->output(0)};
  known_.emplace(def.name, std::move(known));
}

void ImportBody::add_plain(const NodeDef& def, const OpDef& op) {
  NodeSpec spec = spec_for(def, op);
  spec.inputs = data_inputs(def);
  if (op.has(kPlaceholder) && context_.file.producer < 24 && context_.file.producer > 0) {
    // Then an empty shape meant that nothing is known of it.
    for (auto& [name, value] : spec.attrs) {
      if (value.holds<PartialShape>() && value.get<PartialShape>() == PartialShape::scalar()) {
        value = PartialShape::unknown();
      }
    }
  }
  if (op.has(kVariable) && in_function_) {
    for (auto& [name, value] : spec.attrs) {
      if (name == "shared_name") value = outer_variable(def);
    }
  }
  Known known;
  known.node = add_node(def, std::move(spec));
  for (int i = 0; i < known.node->num_outputs(); ++i) {
    known.outputs.push_back(known.node->output(i));
  }
  apply_shape_hints(def, known.node);
  known_.emplace(def.name, std::move(known));
}

void ImportBody::add(const NodeDef& def) {
  if (--context_.nodes_left < 0) {
    invalid("the functions of the graph make far more nodes than its bytes hold");
  }
  if (def.name.empty()) invalid("a node without a name (op '", def.op, "')");
  if (!in_function_ && graph_.find(full_name(def)) != nullptr) {
    invalid("Node name '", full_name(def), "' already exists in the Graph");
  }
  if (is_call(def.op)) return add_call(def, function_attr(def, "f"));
  if (const auto f = context_.functions.find(def.op); f != context_.functions.end()) {
    return add_call(def, *f->second);
  }
  const OpDef* op = find_op(def.op);
  if (op == nullptr) {
    fail(Code::kNotFound, "Op type not registered '", def.op, "' (node '", def.name, "')");
  }
  if (op->has(kControlFlow)) {
    return op->attr("body") != nullptr ? add_while(def, *op) : add_if(def, *op);
  }
  const bool refers = in_function_ && op->has(kVariable) && op->outputs[0].is_ref;
  refers ? add_variable_reference(def, *op) : add_plain(def, *op);
}

void ImportBody::add_all(const std::vector<NodeDef>& nodes, const std::vector<char>& wanted) {
  const auto count = nodes.size();
  const auto left_out = [&](std::size_t i) { return !wanted.empty() && !wanted[i]; };
  auto& by_name = file_names_;
  for (std::size_t i = 0; i < count; ++i) {
    if (!by_name.emplace(nodes[i].name, i).second || known_.contains(nodes[i].name)) {
      invalid("Node '", nodes[i].name, "' is not unique");
    }
  }
  std::vector<int> waiting(count);
  std::vector<std::vector<std::size_t>> readers(count);
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
  std::size_t left = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (left_out(i)) continue;
    ++left;
    for (const std::string& text : nodes[i].inputs) {
      const auto at = by_name.find(reference(text, nodes[i].name).node);
      if (at == by_name.end()) continue;  // an argument, a mapped name, or an error later
      readers[at->second].push_back(i);
      ++waiting[i];
    }
    if (waiting[i] == 0) ready.push(i);
  }
  while (!ready.empty()) {
    const std::size_t i = ready.top();
    ready.pop();
    --left;
    add(nodes[i]);
    for (const std::size_t r : readers[i]) {
      if (--waiting[r] == 0) ready.push(r);
    }
  }
  for (std::size_t i = 0; left != 0 && i < count; ++i) {
    if (!left_out(i) && waiting[i] > 0) {
      invalid("node '", nodes[i].name, "' is part of a cycle or waits for one");
    }
  }
}

ImportResult ImportBody::add_top_level() {
  for (const auto& [key, output] : context_.options.input_map) {
    const Reference r = reference(key, "input_map");
    if (r.control) invalid("input_map: '", key, "' is a control input");
    mapped_[str(r.node, ":", r.index)].output = output;
  }
  for (const auto& [key, node] : context_.options.control_map) mapped_["^" + key].control = node;
  add_all(context_.file.nodes);
  ImportResult result;
  for (const auto& [key, output] : context_.options.input_map) {
    const Reference r = reference(key, "input_map");
    if (!mapped_[str(r.node, ":", r.index)].used) result.unused_inputs.push_back(key);
  }
  for (const auto& [key, node] : context_.options.control_map) {
    if (!mapped_["^" + key].used) result.unused_inputs.push_back("^" + key);
  }
  return result;
}

std::vector<char> needed_nodes(const FunctionDef& function) {
  std::unordered_map<std::string_view, std::size_t> by_name;
  for (std::size_t i = 0; i < function.nodes.size(); ++i) {
    by_name.emplace(function.nodes[i].name, i);
  }
  std::vector<char> needed(function.nodes.size());
  std::vector<std::size_t> stack;
  const auto want = [&](std::string_view name) {
    const auto at = by_name.find(name);
    if (at == by_name.end() || needed[at->second]) return;
    needed[at->second] = 1;
    stack.push_back(at->second);
  };
  for (const auto& [output, text] : function.returns) want(reference(text, function.name).node);
  for (const auto& [label, node] : function.control_returns) want(node);
  if (function.control_returns.empty()) {
    for (const NodeDef& node : function.nodes) {
      const OpDef* op = find_op(node.op);
      const bool effects = op == nullptr || op->has(kControlFlow) || has_effect(*op);
      if (effects) want(node.name);
    }
  }
  while (!stack.empty()) {
    const NodeDef& node = function.nodes[stack.back()];
    stack.pop_back();
    for (const std::string& text : node.inputs) want(reference(text, node.name).node);
  }
  return needed;
}

ImportResult import_graph_def(Graph& graph, std::string_view bytes, const ImportOptions& options) {
  GraphDef file = parse_graph_def(bytes);
  constexpr int kConsumer = 134;  // TensorFlow 1.15's version of the format
  if (file.min_consumer > kConsumer) {
    invalid("the graph asks for readers of version ", file.min_consumer, ", this is ", kConsumer);
  }
  use_known_ops(file);
  raise_control_flow(file);
  if (!options.op_list.empty()) {
    std::set<std::string_view> unknown;
    const auto collect = [&](const std::vector<NodeDef>& list) {
      for (const NodeDef& node : list) {
        if (find_op(node.op) == nullptr) unknown.insert(node.op);
      }
    };
    collect(file.nodes);
    for (const FunctionDef& f : file.functions) collect(f.nodes);
    if (!unknown.empty()) define_foreign_ops(options.op_list, unknown);
  }
  ImportContext context{file, options, {}, {}, 0, 0, 0};
  std::size_t nodes = file.nodes.size();
  for (const FunctionDef& f : file.functions) {
    if (!context.functions.emplace(f.name, &f).second) {
      invalid("the library has two functions '", f.name, "'");
    }
    nodes += f.nodes.size();
  }
  context.nodes_left = 100 * std::int64_t(nodes) + 10000;
  context.bytes_left = kMostFilled + 16 * std::int64_t(bytes.size());
  for (const NodeDef& node : file.nodes) {
    const OpDef* op = find_op(node.op);
    if (op == nullptr || !op->has(kVariable)) continue;
    if (text_attr(node.attrs, "shared_name").empty()) context.variables.emplace(node.name, true);
  }
  GraphTransaction transaction(graph);
  ImportBody body(context, graph, options.prefix, false, nullptr);
  ImportResult result = body.add_top_level();
  result.num_nodes = graph.num_nodes() - transaction.first_node();
  transaction.commit();
  return result;
}

}  // namespace caudal
