// SPDX-License-Identifier: Apache-2.0
// If, While and calls of functions, from a function library.
#include <algorithm>

#include "caudal/error.h"
#include "graph/graph_import.h"
#include "graph/shape_inference.h"
#include "graph/subgraphs.h"

namespace caudal {
namespace {

constexpr int kMaxDepth = 64;             // of functions within functions
constexpr int kMostAttempts = 8;          // to find shapes that a loop keeps
constexpr std::size_t kCopied = 1 << 16;  // bytes: larger constants stay outside

/// A function's own depth, for as long as it is being built.
class Deeper {
 public:
  Deeper(ImportContext& context, std::string_view function) : context_(context) {
    if (++context_.depth > kMaxDepth) {
      --context_.depth;
      invalid("functions are nested too deeply, or call themselves: '", function, "'");
    }
  }
  ~Deeper() { --context_.depth; }
  Deeper(const Deeper&) = delete;
  Deeper& operator=(const Deeper&) = delete;

 private:
  ImportContext& context_;
};

/// Constants inside a body let its shapes be known; outside they would be values like any other.
bool is_small_constant(const Output& o) {
  return o.node->op().has(kConstant) && o.node->attrs().tensor("value").num_bytes() <= kCopied;
}

std::vector<PartialShape> shapes_of(const std::vector<Output>& outputs) {
  std::vector<PartialShape> out;
  for (const Output& o : outputs) out.push_back(o.shape());
  return out;
}

/// The text that a function returns under an output's name.
const std::string& returned(const FunctionDef& f, const ArgDef& output) {
  for (const auto& [name, text] : f.returns) {
    if (name == output.name) return text;
  }
  invalid("function '", f.name, "' returns nothing for its output '", output.name, "'");
}

}  // namespace

const FunctionDef& ImportBody::function_attr(const NodeDef& def, std::string_view attr) const {
  const std::string* bytes = find_attr(def.attrs, attr);
  if (bytes == nullptr) invalid("node '", def.name, "' needs attr '", attr, "'");
  const std::string name = decode_function(*bytes);
  const auto f = context_.functions.find(name);
  if (f == context_.functions.end()) {
    fail(Code::kNotFound, "Function ", name, " is not defined (node '", def.name, "').");
  }
  return *f->second;
}

SubgraphPtr ImportBody::build(const FunctionDef& function, const std::vector<Output>& inputs,
                              const std::vector<PartialShape>& shapes,
                              const std::vector<char>& constants, const EncodedAttrs& binding) {
  const Deeper deeper(context_, function.name);
  if (function.inputs.size() != inputs.size()) {
    invalid("function '", function.name, "' takes ", function.inputs.size(), " arguments, ",
            inputs.size(), " are given");
  }
  auto made = std::make_shared<Subgraph>();
  made->name = function.name;
  made->graph->set_outer(&graph_);
  ImportBody body(context_, *made->graph, "", true, &binding);
  const Builder b = Builder(*made->graph).with_origin(context_.options.origin);
  // Placeholders have names of their own: a node of the body may be called like an argument.
  std::string scope = "arg/";
  while (std::any_of(function.nodes.begin(), function.nodes.end(),
                     [&](const NodeDef& n) { return n.name.starts_with(scope); })) {
    scope.insert(3, "_");
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string& name = function.inputs[i].name;
    const std::string unique = scope + name;
    if (constants[i]) {
      body.define(name, {b.constant(inputs[i].node->attrs().tensor("value"), unique)});
      continue;
    }
    const Output in =
        b("Placeholder", {}, {{"dtype", inputs[i].dtype()}, {"shape", shapes[i]}}, unique);
    made->inputs.push_back(in);
    body.define(name, {in});
  }
  body.add_all(function.nodes, needed_nodes(function));
  for (const ArgDef& output : function.outputs) {
    made->outputs.push_back(body.resolve(returned(function, output), function.name));
  }
  for (const auto& [label, name] : function.control_returns) {
    const Known* known = body.find(name);
    if (known == nullptr) {
      invalid("function '", function.name, "' returns the node '", name, "', which it lacks");
    }
    if (known->node != nullptr) made->targets.push_back(known->node);
  }
  return made;
}

void ImportBody::add_if(const NodeDef& def, const OpDef& op) {
  const FunctionDef &then_branch = function_attr(def, "then_branch"),
                    &else_branch = function_attr(def, "else_branch");
  NodeSpec spec = spec_for(def, op);
  std::vector<Output> all = data_inputs(def);
  if (all.empty()) invalid("node '", def.name, "' has no condition");
  const std::vector<Output> inputs(all.begin() + 1, all.end());
  std::vector<char> constants;
  for (const Output& in : inputs) constants.push_back(is_small_constant(in));
  const auto shapes = shapes_of(inputs);
  const SubgraphPtr a = build(then_branch, inputs, shapes, constants, def.attrs),
                    b = build(else_branch, inputs, shapes, constants, def.attrs);
  if (a->outputs.size() != b->outputs.size()) {
    invalid("the branches of '", def.name, "' return ", a->outputs.size(), " and ",
            b->outputs.size(), " values");
  }
  std::vector<DType> types;
  for (const Output& o : a->outputs) types.push_back(o.dtype());
  std::erase_if(spec.attrs, [](const auto& attr) {
    return attr.first == "Tin" || attr.first == "Tout" || attr.first == "output_shapes";
  });
  spec.attrs.emplace_back("Tout", types);
  spec.attrs.emplace_back("then_branch", a);
  spec.attrs.emplace_back("else_branch", b);
  spec.inputs = {all[0]};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!constants[i]) spec.inputs.push_back(inputs[i]);
  }
  Known known;
  known.node = add_node(def, std::move(spec));
  for (int i = 0; i < int(types.size()); ++i) known.outputs.push_back(known.node->output(i));
  apply_shape_hints(def, known.node);
  known_.emplace(def.name, std::move(known));
}

void ImportBody::add_while(const NodeDef& def, const OpDef& op) {
  const FunctionDef &condition = function_attr(def, "cond"), &body = function_attr(def, "body");
  NodeSpec spec = spec_for(def, op);
  const std::vector<Output> inputs = data_inputs(def);
  const std::size_t count = inputs.size();
  if (body.outputs.size() != count || body.inputs.size() != count ||
      condition.inputs.size() != count) {
    invalid("the loop '", def.name, "' has ", count, " variables, its functions take ",
            condition.inputs.size(), " and ", body.inputs.size(), " and return ",
            body.outputs.size());
  }
  std::vector<char> constants(count);
  for (std::size_t i = 0; i < count; ++i) {
    const bool unchanged = returned(body, body.outputs[i]) == body.inputs[i].name;
    constants[i] = unchanged && is_small_constant(inputs[i]);
  }
  // The shapes that a variable keeps over the iterations: what is known before the first one, less
  // what an iteration changes.
  std::vector<PartialShape> shapes = shapes_of(inputs);
  SubgraphPtr made;
  for (int attempt = 0;; ++attempt) {
    made = build(body, inputs, shapes, constants, def.attrs);
    bool changed = false;
    for (std::size_t i = 0; i < count; ++i) {
      PartialShape kept = common_shape(shapes[i], made->outputs[i].shape());
      if (attempt + 2 >= kMostAttempts && !(kept == shapes[i])) kept = PartialShape::unknown();
      changed = changed || !(kept == shapes[i]);
      shapes[i] = kept;
    }
    if (!changed || attempt == kMostAttempts) break;
  }
  const SubgraphPtr cond = build(condition, inputs, shapes, constants, def.attrs);
  std::vector<Output> outputs;
  for (std::size_t i = 0; i < count; ++i) {
    if (!constants[i]) outputs.push_back(made->outputs[i]);
  }
  made->outputs = std::move(outputs);
  std::erase_if(spec.attrs, [](const auto& attr) {
    return attr.first == "T" || attr.first == "output_shapes";
  });
  spec.attrs.emplace_back("cond", cond);
  spec.attrs.emplace_back("body", made);
  for (std::size_t i = 0; i < count; ++i) {
    if (!constants[i]) spec.inputs.push_back(inputs[i]);
  }
  Known known;
  known.node = add_node(def, std::move(spec));
  for (std::size_t i = 0, k = 0; i < count; ++i) {
    known.outputs.push_back(constants[i] ? inputs[i] : known.node->output(int(k++)));
  }
  known_.emplace(def.name, std::move(known));
}

/// The nodes of the function under the call's name; the call itself stays as a node that hands on
/// the results and waits for what the function has to do.
void ImportBody::add_call(const NodeDef& def, const FunctionDef& function) {
  const Deeper deeper(context_, function.name);
  const std::vector<Output> inputs = data_inputs(def);
  if (function.inputs.size() != inputs.size()) {
    invalid("function '", function.name, "' takes ", function.inputs.size(), " arguments, '",
            def.name, "' gives ", inputs.size());
  }
  ImportBody body(context_, graph_, full_name(def), true, &def.attrs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    body.define(function.inputs[i].name, {inputs[i]});
  }
  const std::vector<Node*> before = control_inputs(def);
  const int first = graph_.num_nodes();
  body.add_all(function.nodes, needed_nodes(function));
  const int last = graph_.num_nodes();
  for (int i = first; i < last; ++i) {
    for (Node* c : before) graph_.add_control_input(graph_.node(i), c);
  }
  NodeSpec spec;
  spec.name = full_name(def) + "/";
  spec.origin = context_.options.origin;
  spec.control_inputs = before;
  for (int i = first; i < last; ++i) {
    Node* node = graph_.node(i);
    if (has_effect(*node)) spec.control_inputs.push_back(node);
  }
  for (const ArgDef& output : function.outputs) {
    spec.inputs.push_back(body.resolve(returned(function, output), function.name));
  }
  spec.op = spec.inputs.empty() ? "NoOp" : spec.inputs.size() == 1 ? "Identity" : "IdentityN";
  Known known;
  known.node = add_node(def, std::move(spec));
  known.callee = &function;
  for (int i = 0; i < known.node->num_outputs(); ++i) {
    known.outputs.push_back(known.node->output(i));
  }
  apply_shape_hints(def, known.node);
  known_.emplace(def.name, std::move(known));
}

}  // namespace caudal
