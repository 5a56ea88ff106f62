// SPDX-License-Identifier: Apache-2.0
#include "graph/graph_export.h"

#include <algorithm>

#include "caudal/error.h"
#include "graph/foreign_ops.h"
#include "graph/node_checks.h"
#include "graph/subgraphs.h"

namespace caudal {
namespace {

constexpr int kProducer = 134;  // TensorFlow 1.15's version of the format

std::uint64_t key(const Output& o) { return std::uint64_t(o.node->id()) << 16 | unsigned(o.index); }

bool is_tape(const Output& o) { return has_tape(*o.node) && o.index == o.node->num_outputs() - 1; }
/// The nodes of a function in order: what its results need, and effects.
std::vector<const Node*> needed(const Subgraph& s, bool with_saved) {
  std::vector<char> seen(std::size_t(s.graph->num_nodes()));
  std::vector<const Node*> stack;
  const auto want = [&](const Node* node) {
    if (seen[std::size_t(node->id())]) return;
    seen[std::size_t(node->id())] = 1;
    stack.push_back(node);
  };
  for (const Output& o : s.outputs) want(o.node);
  for (const Node* target : s.targets) want(target);
  for (std::size_t i = 0; with_saved && i < s.saved.size(); ++i) want(s.saved[i].node);
  for (int i = 0; i < forward_count(s); ++i) {
    if (has_effect(*s.graph->node(i))) want(s.graph->node(i));
  }
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    for (const Output& in : node->inputs()) want(in.node);
    for (const Node* c : node->control_inputs()) want(c);
  }
  std::vector<const Node*> out;
  for (int i = 0; i < s.graph->num_nodes(); ++i) {
    if (seen[std::size_t(i)]) out.push_back(s.graph->node(i));
  }
  return out;
}

/// The values that the tape of an If or While consists of; those of value `k` only when k >= 0.
std::vector<TapeSlot> slots_of(const Node& node) {
  std::vector<TapeSlot> out;
  if (is_loop(node)) out.push_back({DType::kInt32, {}, 0});
  for (const char* part : {"body", "then_branch", "else_branch"}) {
    const AttrValue* value = node.attrs().find(part);
    if (value == nullptr) continue;
    for (const Output& saved : value->get<SubgraphPtr>()->saved) {
      if (!is_tape(saved)) {
        out.push_back({saved.dtype(), saved, 0});
        continue;
      }
      int part_of = 0;
      for (const TapeSlot& inner : slots_of(*saved.node)) {
        const bool listed = is_loop(*saved.node) && part_of > 0;
        out.push_back({listed ? DType::kVariant : inner.dtype, saved, part_of++});
      }
    }
  }
  return out;
}

/// dtype of a slot's value where the node stands: a loop has lists.
DType stored_dtype(const Node& node, std::size_t slot, const TapeSlot& s) {
  return is_loop(node) && slot > 0 ? DType::kVariant : s.dtype;
}

AttrValue int_vector(const PartialShape& shape) {
  if (!shape.has_rank()) return Tensor::scalar(std::int32_t(-1));
  std::vector<std::int32_t> dims;
  for (int i = 0; i < shape.rank(); ++i) dims.push_back(std::int32_t(shape[i]));
  return Tensor::vector(dims);
}

void put(NodeDef& def, std::string_view name, const AttrValue& value) {
  put_attr(def.attrs, name, encode_attr(value));
}

/// Attrs that TensorFlow 1.15 does not have; it refuses nodes with attrs that it does not know.
bool is_ours(std::string_view op, std::string_view attr, const AttrValue& value) {
  if (op == "VarIsInitializedOp") return attr == "dtype";
  if (op == "TileGrad") return attr == "Tmultiples";
  if (!op.ends_with("RFFT") && !op.ends_with("RFFT2D") && !op.ends_with("RFFT3D")) return false;
  return (attr == "Treal" && value.get<DType>() == DType::kFloat) ||
         (attr == "Tcomplex" && value.get<DType>() == DType::kComplex64);
}

}  // namespace

const std::string& GraphWriter::text(const Output& o) const {
  const auto at = texts_.find(key(o));
  if (at == texts_.end()) {
    fail(Code::kUnimplemented, "'", o.name(),
         "' carries the tape of a loop in a way that a GraphDef cannot express");
  }
  return at->second;
}

const TapeParts* GraphWriter::tape(const Output& o) const {
  const auto at = tapes_.find(key(o));
  return at == tapes_.end() ? nullptr : &at->second;
}

std::string GraphWriter::output_text(std::string_view node, std::string_view output, int k) const {
  if (function_ != nullptr) return str(node, ":", output, ":", k);
  return k == 0 ? std::string(node) : str(node, ":", k);
}

/// What reads the outputs of a node calls them.
void GraphWriter::set_texts(const Node& node) {
  int index = 0;
  for (const ArgDef& arg : node.op().outputs) {
    const int count = int(output_count(arg, node.attrs()));
    for (int k = 0; k < count; ++k, ++index) {
      texts_[key({const_cast<Node*>(&node), index})] = function_ != nullptr
                                                           ? output_text(node.name(), arg.name, k)
                                                           : output_text(node.name(), "", index);
    }
  }
}

void GraphWriter::add_controls(const Node& node, NodeDef& def) const {
  for (const Node* c : node.control_inputs()) {
    if (function_ != nullptr && c->op().has(kPlaceholder)) continue;  // an argument
    def.inputs.push_back("^" + c->name());
  }
}

NodeDef GraphWriter::start(const Node& node, std::string_view op) {
  NodeDef def;
  def.name = node.name();
  def.op = op.empty() ? node.op().name : std::string(op);
  def.device = node.device();
  return def;
}

std::string GraphWriter::add_constant(const std::string& name, const Tensor& value) {
  NodeDef def;
  def.name = name;
  def.op = "Const";
  put(def, "dtype", value.dtype());
  put(def, "value", value);
  nodes().push_back(std::move(def));
  return output_text(name, "output", 0);
}

std::string GraphWriter::add_list(const std::string& name, DType element) {
  NodeDef def;
  def.name = name;
  def.op = "EmptyTensorList";
  def.inputs = {add_constant(name + "/element_shape", Tensor::scalar(std::int32_t(-1))),
                add_constant(name + "/max_num_elements", Tensor::scalar(std::int32_t(-1)))};
  put(def, "element_dtype", element);
  put(def, "shape_type", DType::kInt32);
  nodes().push_back(std::move(def));
  return output_text(name, "handle", 0);
}

void GraphWriter::write_plain(const Node& node) {
  NodeDef def = start(node);
  for (const Output& in : node.inputs()) def.inputs.push_back(text(in));
  add_controls(node, def);
  for (const auto& [name, value] : node.attrs().list()) {
    if (!value.given() || is_ours(node.op().name, name, value)) continue;
    if (name == "_class") {
      // A function's nodes go where the function goes; a node that is left out cannot be a place.
      if (function_ != nullptr || !value.holds<std::vector<std::string>>()) continue;
      std::vector<std::string> places;
      for (const std::string& place : value.get<std::vector<std::string>>()) {
        const bool is_node = place.starts_with("loc:@");
        const Node* at = is_node ? node.graph().find(place.substr(5)) : nullptr;
        if (!is_node || (at != nullptr && at->id() >= options_.from_node)) places.push_back(place);
      }
      if (!places.empty()) put(def, name, places);
      continue;
    }
    if (is_foreign(node.op()) && value.holds<std::string>()) {
      if (name == kForeignLibrary) {
        add_functions(value.get<std::string>());
        continue;
      }
      if (name.starts_with(kForeignFunction)) {
        put_attr(def.attrs, name.substr(kForeignFunction.size()), value.get<std::string>());
        continue;
      }
    }
    put(def, name, value);
  }
  if (options_.add_shapes && function_ == nullptr) {
    std::vector<PartialShape> shapes;
    for (int i = 0; i < node.num_outputs(); ++i) shapes.push_back(node.output_shape(i));
    put(def, "_output_shapes", shapes);
  }
  nodes().push_back(std::move(def));
  set_texts(node);
}

/// Functions that a foreign op came with, once each.
void GraphWriter::add_functions(const std::string& library) {
  for (FunctionDef& f : parse_graph_def(library).functions) {
    if (functions_.insert(f.name).second) file_.functions.push_back(std::move(f));
  }
}

/// In TensorFlow's functions, too, a variable of the same shared name is the same variable.
void GraphWriter::write_captured(const Node& node) {
  const std::string& outer = node.attrs().s("outer");
  const auto bar = outer.find('|');
  NodeDef def = start(node, "VariableV2");
  put(def, "dtype", node.attrs().type("dtype"));
  put(def, "shape", node.attrs().shape("shape"));
  put(def, "container", bar == std::string::npos ? std::string() : outer.substr(0, bar));
  put(def, "shared_name", bar == std::string::npos ? outer : outer.substr(bar + 1));
  nodes().push_back(std::move(def));
  texts_[key({const_cast<Node*>(&node), 0})] = output_text(node.name(), "ref", 0);
}

void GraphWriter::write_tape_size(const Node& node) {
  const TapeParts* parts = tape(node.input(0));
  if (parts == nullptr || !is_loop(*parts->source)) {
    fail(Code::kUnimplemented, "'", node.name(), "' asks for the size of no loop's tape");
  }
  texts_[key({const_cast<Node*>(&node), 0})] = parts->texts[0];
}

void GraphWriter::write_tape_read(const Node& node) {
  const TapeParts* parts = tape(node.input(0));
  if (parts == nullptr) {
    fail(Code::kUnimplemented, "'", node.name(), "' reads the tape of no loop or branch");
  }
  const Node& source = *parts->source;
  const bool loop = is_loop(source);
  const char* branch = loop ? "body" : parts->branch == 0 ? "then_branch" : "else_branch";
  if (!loop && parts->branch < 0) {
    fail(Code::kUnimplemented, "'", node.name(), "' reads what a branch keeps outside of branches");
  }
  const Subgraph& forward = *source.attrs().func(branch);
  const auto k = std::size_t(node.attrs().i("k"));
  const Output wanted = forward.saved.at(k);
  const auto slots = slots_of(source);
  TapeParts inner;
  inner.source = wanted.node;
  Output made{const_cast<Node*>(&node), 0};
  int part = 0;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].saved || !(slots[i].saved == wanted) ||
        &slots[i].saved.node->graph() != forward.graph.get()) {
      continue;
    }
    std::string read = parts->texts[i];
    if (loop) {
      NodeDef def = start(node, "TensorListGetItem");
      if (part > 0) def.name += str("_part_", part);
      // Of a nested loop there are a count and lists, of a branch values of any shape.
      PartialShape shape;
      if (!is_tape(wanted)) shape = node.attrs().shape("shape");
      if (is_tape(wanted) && is_loop(*wanted.node)) shape = PartialShape::scalar();
      const Tensor dims = int_vector(shape).get<Tensor>();
      def.inputs = {parts->texts[i], text(node.input(1)),
                    add_constant(def.name + "/element_shape", dims)};
      put(def, "element_dtype", slots[i].dtype);
      read = output_text(def.name, "item", 0);
      nodes().push_back(std::move(def));
    }
    inner.texts.push_back(read);
    ++part;
  }
  if (is_tape(wanted)) {
    tapes_[key(made)] = std::move(inner);
  } else {
    texts_[key(made)] = inner.texts.at(0);
  }
}

std::vector<std::string> GraphWriter::inputs_of(const Node& node, int from,
                                                std::vector<DType>& dtypes) const {
  std::vector<std::string> out;
  for (int i = from; i < int(node.inputs().size()); ++i) {
    const Output& in = node.input(i);
    const TapeParts* parts = tape(in);
    if (parts == nullptr) {
      out.push_back(text(in));
      dtypes.push_back(in.dtype());
      continue;
    }
    const auto slots = slots_of(*parts->source);
    for (std::size_t k = 0; k < slots.size(); ++k) {
      out.push_back(parts->texts[k]);
      dtypes.push_back(stored_dtype(*parts->source, k, slots[k]));
    }
  }
  return out;
}

void GraphWriter::return_tape(const Subgraph& graph, const Node& own, int branch,
                              const std::vector<std::string>& arguments,
                              std::vector<std::string>& results) {
  const auto slots = slots_of(own);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const TapeSlot& slot = slots[i];
    const std::string name = str("tape_", i);
    if (is_loop(own) && i == 0) {
      NodeDef count;
      count.name = name;
      count.op = "AddV2";
      count.inputs = {arguments[i], add_constant(name + "/one", Tensor::scalar(std::int32_t(1)))};
      put(count, "T", DType::kInt32);
      nodes().push_back(std::move(count));
      results.push_back(output_text(name, "z", 0));
      continue;
    }
    std::string value;
    if (&slot.saved.node->graph() == graph.graph.get()) {
      const TapeParts* parts = tape(slot.saved);
      value = parts != nullptr ? parts->texts[std::size_t(slot.part)] : text(slot.saved);
    } else if (slot.dtype == DType::kVariant) {
      value = add_list(name, DType::kFloat);  // of the branch not taken: nobody reads it
    } else if (slot.dtype == DType::kResource) {
      fail(Code::kUnimplemented, "the gradient of '", own.name(), "' needs a handle of one branch");
    } else {
      value = add_constant(name, Tensor(slot.dtype, Shape({0})));
    }
    if (!is_loop(own)) {
      results.push_back(value);
      continue;
    }
    NodeDef push;
    push.name = name;
    push.op = "TensorListPushBack";
    push.inputs = {arguments[i], value};
    put(push, "element_dtype", slot.dtype);
    nodes().push_back(std::move(push));
    results.push_back(output_text(name, "output_handle", 0));
  }
}

std::string GraphWriter::write_function(const Subgraph& graph, const Node& caller, int from,
                                        const std::vector<DType>& dtypes, std::string_view role,
                                        const Node* own, int branch) {
  std::string base = caller.name();
  std::replace_if(
      base.begin(), base.end(),
      [](char c) { return !std::isalnum(static_cast<unsigned char>(c)) && c != '_'; }, '_');
  FunctionDef function;
  for (int n = 0;; ++n) {
    function.name = n == 0 ? str(base, "_", role) : str(base, "_", role, "_", n);
    if (find_op(function.name) == nullptr && functions_.insert(function.name).second) break;
  }
  const auto order = needed(graph, own != nullptr);
  // Arguments share one space of names with the nodes.
  std::string prefix = "arg_";
  const auto taken = [&](const Node* node) { return node->name().starts_with(prefix); };
  while (std::any_of(order.begin(), order.end(), taken)) prefix = "x" + prefix;
  std::vector<std::string> arguments;
  for (std::size_t i = 0; i < dtypes.size(); ++i) {
    ArgDef arg;
    arg.name = str(prefix, i);
    arg.type = dtypes[i];
    arguments.push_back(arg.name);
    function.inputs.push_back(std::move(arg));
  }
  GraphWriter inner(*this, function);
  std::vector<std::vector<std::string>> by_input;  // what each input of the subgraph consists of
  std::size_t next = 0;
  for (std::size_t i = 0; i < graph.inputs.size(); ++i) {
    const Output& formal = graph.inputs[i];
    const TapeParts* parts = tape(caller.input(from + int(i)));
    if (parts == nullptr) {
      inner.texts_[key(formal)] = arguments[next];
      by_input.push_back({arguments[next++]});
      continue;
    }
    TapeParts here{parts->source, parts->branch < 0 ? branch : parts->branch, {}};
    for (std::size_t k = 0; k < parts->texts.size(); ++k) here.texts.push_back(arguments[next++]);
    by_input.push_back(here.texts);
    inner.tapes_[key(formal)] = std::move(here);
  }
  std::vector<char> formal(std::size_t(graph.graph->num_nodes()));
  for (const Output& in : graph.inputs) formal[std::size_t(in.node->id())] = 1;
  for (const Node* node : order) {
    if (formal[std::size_t(node->id())]) continue;
    inner.write(*node);
    const bool effect = node->id() < forward_count(graph) && has_effect(*node);
    const bool asked =
        std::find(graph.targets.begin(), graph.targets.end(), node) != graph.targets.end();
    if (effect) function.stateful = true;
    if (effect || asked) function.control_returns.emplace_back(node->name(), node->name());
  }
  std::vector<std::string> results;
  for (const Output& o : graph.outputs) results.push_back(inner.text(o));
  if (role == "body") {
    for (std::size_t i = graph.outputs.size(); i < by_input.size(); ++i) {
      results.insert(results.end(), by_input[i].begin(), by_input[i].end());
    }
  }
  if (own != nullptr) {
    const std::vector<std::string> tail(arguments.begin() + std::ptrdiff_t(next), arguments.end());
    inner.return_tape(graph, *own, branch, tail, results);
  }
  std::vector<DType> result_types;
  if (role == "body") {
    result_types = dtypes;
  } else {
    for (const Output& o : graph.outputs) result_types.push_back(o.dtype());
    if (own != nullptr) {
      for (const TapeSlot& slot : slots_of(*own)) result_types.push_back(slot.dtype);
    }
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    ArgDef out;
    out.name = str("result_", i);
    out.type = result_types.at(i);
    function.returns.emplace_back(out.name, results[i]);
    function.outputs.push_back(std::move(out));
  }
  const std::string name = function.name;
  file_.functions.push_back(std::move(function));
  return name;
}

void GraphWriter::write_if(const Node& node) {
  const Node* own = has_tape(node) ? &node : nullptr;
  NodeDef def = start(node);
  std::vector<DType> in;
  def.inputs = inputs_of(node, 1, in);
  def.inputs.insert(def.inputs.begin(), text(node.input(0)));
  add_controls(node, def);
  std::vector<DType> out;
  const int plain = node.num_outputs() - (own != nullptr);
  for (int i = 0; i < plain; ++i) out.push_back(node.output_dtype(i));
  const auto slots = own != nullptr ? slots_of(node) : std::vector<TapeSlot>();
  for (const TapeSlot& slot : slots) out.push_back(slot.dtype);
  put(def, "Tcond", node.input(0).dtype());
  put(def, "Tin", in);
  put(def, "Tout", out);
  put(def, "output_shapes", std::vector<PartialShape>());
  int branch = 0;
  for (const char* attr : {"then_branch", "else_branch"}) {
    const Subgraph& s = *node.attrs().func(attr);
    const std::string name =
        write_function(s, node, 1, in, branch == 0 ? "true" : "false", own, branch);
    put_attr(def.attrs, attr, encode_function(name));
    ++branch;
  }
  nodes().push_back(std::move(def));
  for (int i = 0; i < plain; ++i) {
    texts_[key({const_cast<Node*>(&node), i})] = output_text(node.name(), "output", i);
  }
  if (own == nullptr) return;
  TapeParts parts{&node, -1, {}};
  for (std::size_t k = 0; k < slots.size(); ++k) {
    parts.texts.push_back(output_text(node.name(), "output", plain + int(k)));
  }
  tapes_[key({const_cast<Node*>(&node), plain})] = std::move(parts);
}

void GraphWriter::write_while(const Node& node) {
  const Node* own = has_tape(node) ? &node : nullptr;
  NodeDef def = start(node);
  std::vector<DType> dtypes;
  def.inputs = inputs_of(node, 0, dtypes);
  const std::size_t before = dtypes.size();
  if (own != nullptr) {
    const auto slots = slots_of(node);
    for (std::size_t k = 0; k < slots.size(); ++k) {
      const std::string name = str(node.name(), "/tape_", k);
      def.inputs.push_back(k == 0 ? add_constant(name, Tensor::scalar(std::int32_t(0)))
                                  : add_list(name, slots[k].dtype));
      dtypes.push_back(stored_dtype(node, k, slots[k]));
    }
  }
  add_controls(node, def);
  put(def, "T", dtypes);
  put(def, "output_shapes", std::vector<PartialShape>());
  put(def, "parallel_iterations", node.attrs().i("parallel_iterations"));
  const std::string cond =
      write_function(*node.attrs().func("cond"), node, 0, dtypes, "cond", nullptr, -1);
  const std::string body =
      write_function(*node.attrs().func("body"), node, 0, dtypes, "body", own, -1);
  put_attr(def.attrs, "cond", encode_function(cond));
  put_attr(def.attrs, "body", encode_function(body));
  nodes().push_back(std::move(def));
  int at = 0;
  for (int i = 0; i < int(node.inputs().size()); ++i) {
    const TapeParts* parts = tape(node.input(i));
    const int count = parts == nullptr ? 1 : int(parts->texts.size());
    if (parts == nullptr) {
      texts_[key({const_cast<Node*>(&node), i})] = output_text(node.name(), "output", at);
    }
    at += count;
  }
  if (own == nullptr) return;
  TapeParts parts{&node, -1, {}};
  for (std::size_t k = before; k < dtypes.size(); ++k) {
    parts.texts.push_back(output_text(node.name(), "output", int(k)));
  }
  tapes_[key({const_cast<Node*>(&node), node.num_outputs() - 1})] = std::move(parts);
}

void GraphWriter::write(const Node& node) {
  const std::string& op = node.op().name;
  if (node.op().has(kControlFlow)) {
    is_loop(node) ? write_while(node) : write_if(node);
  } else if (op == "CapturedRef") {
    write_captured(node);
  } else if (op == "TapeRead") {
    write_tape_read(node);
  } else if (op == "TapeSize") {
    write_tape_size(node);
  } else if (op.starts_with("Tape")) {
    fail(Code::kUnimplemented, "'", node.name(),
         "' belongs to a second derivative through a loop, which a GraphDef cannot express");
  } else {
    write_plain(node);
  }
}

void GraphWriter::write_top_level(const Graph& graph) {
  for (int i = 0; i < graph.num_nodes(); ++i) {
    const Node& node = *graph.node(i);
    if (i < options_.from_node) {
      set_texts(node);
    } else {
      write(node);
    }
  }
}

NodeDef GraphWriter::write_alone(const Node& node) {
  for (const Output& in : node.inputs()) {
    texts_[key(in)] = in.index == 0 ? in.node->name() : in.name();
  }
  write_plain(node);
  return std::move(nodes().back());
}

std::string export_node_def(const Node& node) {
  GraphDef file;
  std::set<std::string> functions;
  return serialise(GraphWriter(file, functions, {}).write_alone(node));
}

std::string export_graph_def(const Graph& graph, const ExportOptions& options) {
  GraphDef file;
  file.producer = kProducer;
  std::set<std::string> functions;
  GraphWriter(file, functions, options).write_top_level(graph);
  return serialise(file);
}

}  // namespace caudal
