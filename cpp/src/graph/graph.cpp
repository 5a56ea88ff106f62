// SPDX-License-Identifier: Apache-2.0
#include "caudal/graph.h"

#include <algorithm>
#include <cctype>

#include "caudal/error.h"
#include "caudal/op_def.h"
#include "graph/graph_transaction.h"
#include "graph/node_checks.h"
#include "graph/shape_inference.h"

namespace caudal {
namespace {

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = char(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool valid_name(std::string_view name) {
  const auto ok = [](char c, bool first) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' ||
           (!first && (c == '_' || c == '-' || c == '/' || c == '\\'));
  };
  if (name.empty() || !ok(name[0], true)) return false;
  return std::all_of(name.begin() + 1, name.end(), [&](char c) { return ok(c, false); });
}

std::string place_of(const Origin& origin) {
  if (origin.file == nullptr) return "";
  return str(" (made at ", origin.file, ":", origin.line, ")");
}

}  // namespace

DType Output::dtype() const { return node->output_dtype(index); }
const PartialShape& Output::shape() const { return node->output_shape(index); }
bool Output::is_ref() const { return node->output_is_ref(index); }
std::string Output::name() const { return str(node->name(), ":", index); }

Graph::Graph() = default;
Graph::~Graph() = default;

Subgraph::Subgraph() : graph(std::make_unique<Graph>()) {}

Node* Graph::add(NodeSpec spec) {
  std::lock_guard lock(mutex_);
  const OpDef* op = find_op(spec.op);
  if (op == nullptr) {
    fail(Code::kNotFound, "Op type not registered '", spec.op, "'");
  }
  if (finalized_) fail(Code::kFailedPrecondition, "Graph is finalized and cannot be modified.");
  Node made;
  try {
    for (const Output& in : spec.inputs) {
      if (!in || &in.node->graph() != this || in.index < 0 || in.index >= in.node->num_outputs()) {
        invalid("an input does not belong to this graph");
      }
    }
    for (Node* control : spec.control_inputs) {
      if (control == nullptr || &control->graph() != this) {
        invalid("a control input does not belong to this graph");
      }
    }
    made.attrs_ = resolve_attrs(*op, spec.inputs, std::move(spec.attrs));
    for (const OutputType& t : output_types(*op, made.attrs_)) {
      made.outputs_.push_back({t.dtype, t.is_ref, PartialShape::unknown()});
    }
    const auto shapes = infer_shapes(*op, spec.inputs, made.attrs_, int(made.outputs_.size()));
    for (std::size_t i = 0; i < shapes.size(); ++i) made.outputs_[i].shape = shapes[i];
  } catch (Error& e) {
    std::string_view shown = spec.name.empty() ? spec.op : spec.name;
    if (shown.size() > 1 && shown.back() == '/') shown.remove_suffix(1);
    std::string frame = str(" for '", shown, "' (op: '", spec.op, "')");
    if (!spec.inputs.empty()) {
      frame += " with input shapes: ";
      for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
        const Output& in = spec.inputs[i];
        frame += str(i ? ", " : "", in && &in.node->graph() == this ? in.shape().str() : "?");
      }
    }
    frame += "." + place_of(spec.origin);
    throw e.with_node(spec.name, frame);
  }

  std::string name = spec.name.empty() ? std::string(spec.op) : std::move(spec.name);
  if (name.back() == '/') {
    name.pop_back();
    if (!valid_name(name)) invalid("'", name, "' is not a valid node name");
    if (by_name_.contains(name)) {
      invalid("Duplicate node name in graph: '", name, "'", place_of(spec.origin));
    }
    names_in_use_.try_emplace(lower(name), 1);
  } else {
    if (!valid_name(name)) invalid("'", name, "' is not a valid node name");
    name = unique_name(name);
  }

  made.id_ = int(nodes_.size());
  made.graph_ = this;
  made.op_ = op;
  made.name_ = std::move(name);
  made.inputs_ = std::move(spec.inputs);
  made.control_inputs_ = std::move(spec.control_inputs);
  made.device_ = std::move(spec.device);
  made.origin_ = spec.origin;
  nodes_.push_back(std::move(made));
  Node* node = &nodes_.back();
  by_name_.emplace(node->name_, node->id_);
  return node;
}

Node* Graph::find(std::string_view name) {
  std::lock_guard lock(mutex_);
  const auto it = by_name_.find(std::string(name));
  return it == by_name_.end() ? nullptr : &nodes_[std::size_t(it->second)];
}

std::string Graph::unique_name(std::string_view name, bool mark) {
  std::lock_guard lock(mutex_);
  std::string key = lower(name);
  const auto it = names_in_use_.find(key);
  if (it == names_in_use_.end()) {
    if (mark) names_in_use_.emplace(std::move(key), 1);
    return std::string(name);
  }
  int suffix = it->second;
  std::string candidate;
  do {
    candidate = str(key, "_", suffix++);
  } while (names_in_use_.contains(candidate));
  if (mark) {
    it->second = suffix;
    names_in_use_.emplace(candidate, 1);
  }
  return str(name, "_", suffix - 1);
}

const char* Graph::intern(std::string_view text) {
  std::lock_guard lock(mutex_);
  auto [it, added] = interned_.try_emplace(std::string(text));
  if (added) it->second = std::make_unique<std::string>(text);
  return it->second->c_str();
}

void Graph::set_shape(Output output, const PartialShape& shape) {
  std::lock_guard lock(mutex_);
  PartialShape& current = output.node->outputs_[std::size_t(output.index)].shape;
  current = current.merge(shape);
}

void Graph::add_control_input(Node* node, Node* control) {
  std::lock_guard lock(mutex_);
  if (control->graph_ != this || node->graph_ != this)
    invalid("a control input does not belong to this graph");
  if (control->id_ >= node->id_) {
    // Runs follow the order of ids, so an edge may only point backwards.
    invalid("a control input must be an older node than '", node->name_, "', but '", control->name_,
            "' is not");
  }
  auto& list = node->control_inputs_;
  if (std::find(list.begin(), list.end(), control) == list.end()) list.push_back(control);
}

void Graph::set_attr(Node* node, std::string_view name, AttrValue value) {
  std::lock_guard lock(mutex_);
  if (const AttrDef* def = node->op_->attr(name)) {
    // Dtypes, shapes and numbers of outputs follow from the others, and were fixed with the node.
    const bool plain =
        def->type == "string" || def->type == "bool" || def->type == "float" || def->type == "int";
    const AttrValue* old = node->attrs_.find(name);
    if (!plain || old == nullptr || old->storage().index() != value.storage().index()) {
      invalid("attr '", name, "' of '", node->name_, "' cannot be changed");
    }
    const auto counts = [&](const ArgDef& arg) { return arg.number_attr == name; };
    if (std::ranges::any_of(node->op_->inputs, counts) ||
        std::ranges::any_of(node->op_->outputs, counts)) {
      invalid("attr '", name, "' of '", node->name_, "' cannot be changed");
    }
  }
  node->attrs_.set(name, std::move(value));
}

Output Graph::add_tape_output(Node* node) {
  std::lock_guard lock(mutex_);
  for (int i = 0; i < node->num_outputs(); ++i) {
    if (node->outputs_[std::size_t(i)].dtype == DType::kVariant && i == node->num_outputs() - 1 &&
        node->attrs_.find("_tape") != nullptr) {
      return {node, i};
    }
  }
  node->outputs_.push_back({DType::kVariant, false, PartialShape::scalar()});
  node->attrs_.set("_tape", true);
  return {node, node->num_outputs() - 1};
}

GraphTransaction::~GraphTransaction() {
  std::lock_guard lock(graph_.mutex_);
  while (graph_.num_nodes() > first_) {
    const std::string& name = graph_.nodes_.back().name();
    graph_.by_name_.erase(name);
    graph_.names_in_use_.erase(lower(name));
    graph_.nodes_.pop_back();
  }
}

Node* Builder::node(std::string_view op, std::vector<Output> inputs, AttrList attrs,
                    std::string_view name) const {
  NodeSpec spec;
  spec.op = op;
  spec.name = scope_.empty() ? std::string(name.empty() ? op : name)
                             : str(scope_, "/", name.empty() ? op : name);
  spec.inputs = std::move(inputs);
  spec.attrs = std::move(attrs);
  spec.device = device_;
  spec.control_inputs = control_;
  spec.origin = origin_;
  return graph_->add(std::move(spec));
}

Output Builder::constant(const Tensor& value, std::string_view name) const {
  return (*this)("Const", {}, {{"value", value}, {"dtype", value.dtype()}}, name);
}

Output Builder::scalar_of(DType dtype, double value, std::string_view name) const {
  Tensor t(dtype, Shape{});
  switch (dtype) {
    case DType::kFloat:
      *t.data<float>() = float(value);
      break;
    case DType::kDouble:
      *t.data<double>() = value;
      break;
    case DType::kInt32:
      *t.data<std::int32_t>() = std::int32_t(value);
      break;
    case DType::kInt64:
      *t.data<std::int64_t>() = std::int64_t(value);
      break;
    case DType::kUint8:
      *t.data<std::uint8_t>() = std::uint8_t(value);
      break;
    case DType::kBool:
      *t.data<bool>() = value != 0;
      break;
    case DType::kComplex64:
      *t.data<std::complex<float>>() = float(value);
      break;
    case DType::kComplex128:
      *t.data<std::complex<double>>() = value;
      break;
    default:
      return (*this)("Cast", {scalar(value, name)}, {{"DstT", dtype}});
  }
  return constant(t, name);
}

Output Builder::ints(const std::vector<std::int32_t>& values, std::string_view name) const {
  return constant(Tensor::vector(values), name);
}

Builder Builder::with_scope(std::string scope) const {
  Builder b = *this;
  b.scope_ = std::move(scope);
  return b;
}
Builder Builder::with_device(std::string device) const {
  Builder b = *this;
  b.device_ = std::move(device);
  return b;
}
Builder Builder::with_origin(Origin origin) const {
  Builder b = *this;
  b.origin_ = origin;
  return b;
}
Builder Builder::with_control(std::vector<Node*> control) const {
  Builder b = *this;
  b.control_ = std::move(control);
  return b;
}

}  // namespace caudal
