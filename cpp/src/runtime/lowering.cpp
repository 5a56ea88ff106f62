// SPDX-License-Identifier: Apache-2.0
// Turns graph nodes into plan nodes with full shapes; what cannot be known yet is left for the next
// segment.
#include <algorithm>
#include <deque>

#include "caudal/error.h"
#include "graph/subgraphs.h"
#include "runtime/inline_if.h"
#include "runtime/plan_graph.h"
#include "runtime/run_words.h"

namespace caudal {
namespace {

constexpr std::size_t kKnownBytes = 64;  // shapes and axes

/// Runs a shape rule with the shapes and values of one run.
class PlanShapes : public ShapeContext {
 public:
  PlanShapes(const Node& node, std::vector<ValueInfo>& inputs)
      : node_(node),
        values_(inputs),
        wanted_(inputs.size()),
        used_(inputs.size()),
        outputs_(std::size_t(node.num_outputs())) {
    for (const ValueInfo& v : inputs) shapes_.push_back(v.shape);
  }

  const AttrMap& attrs() const override { return node_.attrs(); }
  int num_inputs() const override { return int(values_.size()); }
  const PartialShape& input(int i) const override { return shapes_[std::size_t(i)]; }
  DType input_dtype(int i) const override { return values_[std::size_t(i)].dtype; }
  const Tensor* constant_input(int i) override {
    const Tensor* t = values_[std::size_t(i)].constant;
    (t == nullptr ? wanted_ : used_)[std::size_t(i)] = true;
    return t;
  }
  PartialShape constant_as_shape(int i) override {
    const Tensor* t = constant_input(i);
    if (t == nullptr || t->shape().rank() == 0) return PartialShape::unknown();
    return PartialShape(t->as_int64s());
  }
  int num_outputs() const override { return int(outputs_.size()); }
  void set_output(int i, const PartialShape& shape) override {
    if (std::size_t(i) >= outputs_.size())
      invalid("attributes speak of more outputs than there are");
    outputs_[std::size_t(i)] = shape;
  }
  bool planning() const override { return true; }

  PartialShape& declare(int i, const PartialShape& shape) {
    return shapes_[std::size_t(i)] = shape;
  }
  /// Inputs whose values the rule asked for and did not get; and those that it got.
  const std::vector<bool>& wanted() const { return wanted_; }
  const std::vector<bool>& used() const { return used_; }
  const std::vector<PartialShape>& outputs() const { return outputs_; }

 private:
  const Node& node_;
  std::vector<ValueInfo>& values_;
  std::vector<PartialShape> shapes_;
  std::vector<bool> wanted_, used_;
  std::vector<PartialShape> outputs_;
};

bool same_attrs(const AttrMap& a, const AttrMap& b) {
  if (a.list().size() != b.list().size()) return false;
  for (std::size_t i = 0; i < a.list().size(); ++i) {
    if (a.list()[i].first != b.list()[i].first || !(a.list()[i].second == b.list()[i].second))
      return false;
  }
  return true;
}

class Lowering {
 public:
  /// Conditionals in `general` are not taken in: their tapes are wanted.
  Lowering(const PlanEnvironment& env, Program& program, const std::vector<LiveIn>& live_ins,
           const std::vector<Tensor>& values, const Inlined* before,
           const std::unordered_set<const Node*>& general)
      : values_(values), general_(general) {
    g_.env = &env;
    g_.program = &program;
    g_.live_ins = live_ins;
    if (before != nullptr) inlined_ = *before;
    make_slots(*program.graph);
    for (const auto& [graph, owner] : inlined_.owners) make_slots(*graph);
    for (std::size_t i = 0; i < live_ins.size(); ++i) add_live_in(int(i));
  }

  PlanGraph run(const std::vector<Node*>& order) {
    for (const Node* node : order) note_tapes(node->inputs());
    note_tapes(g_.program->fetches);
    for (Node* node : order) visit(node);
    collect_live_outs();
    if (!inlined_.taken.empty()) g_.inlined = std::make_shared<const Inlined>(std::move(inlined_));
    return std::move(g_);
  }

 private:
  /// A frame of slots for the nodes of a graph: of the program's, or of a branch that is taken in.
  void make_slots(const Graph& graph) {
    first_slot_.emplace(&graph, plan_of_.size());
    plan_of_.resize(plan_of_.size() + std::size_t(graph.num_nodes()), -1);
    after_effects_.resize(plan_of_.size());
    position_.resize(plan_of_.size());
  }
  std::size_t slot(const Node& node) const {
    const Graph& graph = node.graph();
    if (&graph == g_.program->graph) return std::size_t(node.id());
    return first_slot_.at(&graph) + std::size_t(node.id());
  }
  std::uint64_t key(const Output& o) const {
    return std::uint64_t(slot(*o.node)) << 16 | unsigned(o.index);
  }
  /// What an output is after conditionals were taken in.
  Output actual(Output o) const {
    if (inlined_.taken.empty()) return o;
    while (!live_in_of_.contains(key(o))) {
      const auto it = inlined_.stands_for.find(o);
      if (it == inlined_.stands_for.end()) break;
      o = it->second;
    }
    return o;
  }

  void note_tapes(std::span<const Output> values) {
    for (const Output& o : values) {
      if (o.dtype() == DType::kVariant) tapes_read_.insert(actual(o).node);
    }
  }

  void visit(Node* node) {
    position_[slot(*node)] = ++visited_;
    mark_effects(*node);
    try {
      if (inlined_.owners.contains(&node->graph()) &&
          (inlined_.stands_for.contains({node, 0}) || replace_tape(*node))) {
        return;
      }
      Subgraph* const branch = known_branch(*node);
      if (branch != nullptr) return take_in(*node, *branch);
      want_tapes(*node);
      if (must_wait(*node)) {
        defer(node);
      } else {
        lower_node(node);
      }
    } catch (Error& e) {
      rethrow_with_frame(e, *node);
    }
  }

  /// The branch of an If that is certain to run, when the plan can take it in.
  Subgraph* known_branch(const Node& node) const {
    if (!g_.env->options.optimize || !node.op().has(kControlFlow) || is_loop(node) ||
        depth_ >= kMaxInlineDepth || general_.contains(&node) || fully_fed(node)) {
      return nullptr;
    }
    const PlanRef predicate = find(node.input(0));
    if (predicate.node < 0) return nullptr;
    Subgraph* branch = branch_to_inline(node, g_.at(predicate).constant);
    if (branch == nullptr || first_slot_.contains(branch->graph.get())) return nullptr;
    const bool tape_leaves =
        std::any_of(g_.program->fetches.begin(), g_.program->fetches.end(),
                    [&](const Output& f) { return f.node == &node && is_tape(f); });
    return tape_leaves ? nullptr : branch;
  }
  static bool is_tape(const Output& o) {
    return has_tape(*o.node) && o.index == o.node->num_outputs() - 1;
  }

  /// Nodes of the branch become nodes of this plan, at the place where the If stands.
  void take_in(Node& node, Subgraph& branch) {
    place(*g_.env, node);
    const bool read = has_tape(node) && tapes_read_.contains(&node);
    const std::vector<Node*> order = nodes_of(branch, read);
    make_slots(*branch.graph);
    for (std::size_t i = 0; i < branch.inputs.size(); ++i)
      inlined_.stands_for.emplace(branch.inputs[i], node.input(int(i) + 1));
    for (std::size_t i = 0; i < branch.outputs.size(); ++i)
      inlined_.stands_for.emplace(node.output(int(i)), branch.outputs[i]);
    inlined_.owners.emplace(branch.graph.get(), &node);
    Inlined::Taken& taken = inlined_.taken[&node];
    taken.branch = &branch;
    for (const Output& o : branch.outputs) taken.waits.push_back(o.node);
    for (Node* n : order) {
      if (touches_state(*n)) taken.waits.push_back(n);
    }
    for (const Node* n : order) note_tapes(n->inputs());
    if (read) note_tapes(branch.saved);
    g_.taken_in.insert(g_.taken_in.end(), order.begin(), order.end());
    ++depth_;
    for (Node* n : order) visit(n);
    --depth_;
  }

  /// What is read from the tape of a conditional that was taken in is a value of this plan.
  bool replace_tape(Node& node) {
    if (!node.op().has(kReadsTape)) return false;
    const Output tape = actual(node.input(0));
    if (!inlined_.is_virtual_tape(tape)) return false;
    const auto& saved = inlined_.taken.at(tape.node).branch->saved;
    const auto k = std::size_t(node.attrs().i("k"));
    if (k >= saved.size()) fail(Code::kInternal, "value ", k, " is not on the tape");
    inlined_.stands_for.emplace(node.output(0), saved[k]);
    return true;
  }

  /// Other readers of such a tape need one: the plan is made anew without taking that If in.
  void want_tapes(const Node& node) const {
    if (inlined_.taken.empty()) return;
    for (const Output& in : node.inputs()) {
      const Output o = actual(in);
      if (inlined_.is_virtual_tape(o)) throw TapeWanted{o.node};
    }
  }

  void add_live_in(int i) {
    const LiveIn& in = g_.live_ins[std::size_t(i)];
    const Tensor& value = values_[std::size_t(in.value)];
    PlanNode n;
    n.node = in.output.node;
    n.kind = PlanKind::kLiveIn;
    n.live_in = i;
    PlanOutput out;
    out.dtype = value.dtype();
    out.shape = value.shape();
    if (in.by_value) out.constant = value;
    n.outputs.push_back(std::move(out));
    live_in_of_.emplace(key(in.output), int(g_.nodes.size()));
    g_.nodes.push_back(std::move(n));
  }

  /// The plan value of a graph output; node -1 when it is not available in this segment.
  PlanRef find(Output o) const {
    o = actual(o);
    if (!live_in_of_.empty()) {
      if (const auto it = live_in_of_.find(key(o)); it != live_in_of_.end()) return {it->second, 0};
    }
    // A Ref forwarded by a write of an earlier segment is the variable itself by now.
    while (o.is_ref() && plan_of_[slot(*o.node)] < 0 && o.node->op().has(kRefForward) &&
           !deferred_.contains(o.node)) {
      o = o.node->input(0);
    }
    const int p = plan_of_[slot(*o.node)];
    return p <= kAlias ? aliases_[std::size_t(kAlias - p)] : PlanRef{p, o.index};
  }

  /// Notes whether the node, or anything that it waits for, can be noticed otherwise than by
  /// values.
  void mark_effects(const Node& node) {
    bool found = has_effect(node);
    for (const Output& in : node.inputs()) found = found || after_effects_[slot(*actual(in).node)];
    for (const Node* c : inlined_.controls_of(node)) found = found || after_effects_[slot(*c)];
    after_effects_[slot(node)] = found;
  }

  bool must_wait(const Node& node) const {
    if (deferred_.empty()) return false;
    if (state_deferred_ && touches_state(node)) return true;
    for (const Output& in : node.inputs()) {
      const PlanRef r = find(in);
      if (r.node < 0) return true;
      const PlanNode& p = g_.nodes[std::size_t(r.node)];
      if (p.kind == PlanKind::kDynamic) return true;
    }
    for (const Node* c : inlined_.controls_of(node)) {
      if (deferred_.contains(c)) return true;
    }
    return false;
  }

  void defer(Node* node) {
    deferred_.insert(node);
    state_deferred_ = state_deferred_ || touches_state(*node);
    g_.rest.push_back(node);
  }

  bool fully_fed(const Node& node) const {
    if (node.num_outputs() == 0 || live_in_of_.empty()) return false;
    for (int i = 0; i < node.num_outputs(); ++i) {
      if (!live_in_of_.contains(key({const_cast<Node*>(&node), i}))) return false;
    }
    return true;
  }

  void lower_node(Node* node) {
    const OpDef& op = node->op();
    if (fully_fed(*node)) return;
    if (node->num_outputs() == 0 && !after_effects_[slot(*node)]) return;  // orders values only
    if (op.has(kPlaceholder)) {
      invalid("You must feed a value for placeholder tensor '", node->name(), "' with dtype ",
              dtype_signature_name(node->output_dtype(0)),
              node->output_shape(0).has_rank() ? str(" and shape ", node->output_shape(0))
                                               : std::string());
    }
    PlanNode n;
    n.node = node;
    n.device = place(*g_.env, *node);
    for (const Output& in : node->inputs()) {
      n.inputs.push_back(find(in));
      if (n.inputs.back().node < 0) fail(Code::kInternal, "input ", in.name(), " was not planned");
      // A dynamic result of this segment has no shape yet.
      if (g_.nodes[std::size_t(n.inputs.back().node)].kind == PlanKind::kDynamic)
        return defer(node);
    }
    for (const Node* c : inlined_.controls_of(*node)) {
      const int p = plan_of_[slot(*c)];
      if (p >= 0) add_control(n, p);
      if (p <= kAlias) add_control(n, aliases_[std::size_t(kAlias - p)].node);
    }
    // A constant is no step: whoever reads it waits for what it waited for.
    for (const PlanRef& r : n.inputs) {
      if (is_no_step(r.node)) add_control(n, r.node);
    }
    if (op.has(kConstant)) return add_constant(n, node->attrs().tensor("value"));
    if (op.has(kVariable)) return add_variable(n);

    std::vector<ValueInfo> inputs(n.inputs.size());
    std::deque<Tensor> kept;
    n.ref_storage.assign(n.inputs.size(), -1);
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const PlanOutput& in = g_.at(n.inputs[i]);
      inputs[i].dtype = in.dtype;
      inputs[i].shape = in.shape;
      if (in.constant.defined()) inputs[i].constant = &in.constant;
      if (in.variable >= 0) n.ref_storage[i] = read_storage(op, n, i, in.variable, inputs[i]);
    }

    PlanShapes shapes(*node, inputs);
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const PlanOutput& in = g_.at(n.inputs[i]);
      // What is behind a handle may change its shape as far as the handle's allows it.
      const bool may_change =
          i == 0 && op.has(kInitialisesRef) && node->attrs().find("validate_shape") == nullptr;
      if (in.variable >= 0 && (n.ref_storage[i] < 0 || may_change)) {
        shapes.declare(int(i), g_.variables[std::size_t(in.variable)].declared);
      }
    }
    try {
      if (op.shape != nullptr) op.shape(shapes);
    } catch (const Error& error) {
      throw_in_run_words(op.name, error);
    }

    // A tape that no gradient of this run reads is not recorded.
    const int num_outputs = node->num_outputs() - (op.has(kControlFlow) && has_tape(*node) &&
                                                   !tapes_read_.contains(node));
    bool objects = false, known = true;
    for (int i = 0; i < num_outputs; ++i) {
      objects = objects || (is_object(node->output_dtype(i)) && !node->output_is_ref(i));
      known = known && shapes.outputs()[std::size_t(i)].fully_defined();
    }
    if (op.has(kWritesRef) && op.has(kInitialisesRef)) initialise(n, inputs);
    const bool sizes_itself = op.has(kDynamicShape) || (op.has(kMaybeDynamic) && !known);
    const bool dynamic = sizes_itself || (objects && !op.has(kView));
    // Kernels of strings allocate too, but rely on shapes that follow from values.
    const bool waits = !known && !sizes_itself && std::ranges::count(shapes.wanted(), true) > 0;
    if (waits || (!known && !dynamic)) return defer_for_values(node, n, shapes);
    for (int i = 0; i < num_outputs; ++i) {
      PlanOutput out;
      out.dtype = node->output_dtype(i);
      out.is_ref = node->output_is_ref(i);
      if (shapes.outputs()[std::size_t(i)].fully_defined()) {
        out.shape = shapes.outputs()[std::size_t(i)].to_shape();
      }
      if (out.is_ref && op.has(kRefForward)) out.variable = g_.at(n.inputs[0]).variable;
      n.outputs.push_back(std::move(out));
    }
    if (op.has(kControlFlow)) {
      n.kind = dynamic ? PlanKind::kDynamic : PlanKind::kControl;
      for (const std::string& name : captured_variables(*node)) {
        for (std::size_t s = 0; s < g_.storages.size(); ++s) {
          if (g_.storages[s].name == name) n.touched.push_back(int(s));
        }
      }
      return add(std::move(n));
    }
    if (dynamic) {
      n.kind = PlanKind::kDynamic;
      return add(std::move(n));
    }
    if (op.has(kAllowUninitialised)) {
      const PlanOutput& in = g_.at(n.inputs[0]);
      const bool ready = in.variable < 0 || g_.variables[std::size_t(in.variable)].storage >= 0;
      return add_constant(n, Tensor::scalar(ready));
    }
    const bool pure =
        !op.has(kStateful) && !op.has(kUnmergeable) &&
        std::all_of(n.ref_storage.begin(), n.ref_storage.end(), [](int s) { return s < 0; });
    if (pure && g_.env->options.optimize && !n.outputs.empty()) {
      if (try_fold(n, inputs) || try_alias(n) || try_merge(n)) return;
    }
    add(std::move(n));
  }

  bool is_no_step(int p) const {
    const PlanKind kind = g_.nodes[std::size_t(p)].kind;
    return kind == PlanKind::kConstant || kind == PlanKind::kVariable;
  }

  void add_control(PlanNode& n, int p) {
    if (!is_no_step(p)) {
      n.controls.push_back(p);
      return;
    }
    const std::vector<int>& inherited = g_.nodes[std::size_t(p)].controls;
    n.controls.insert(n.controls.end(), inherited.begin(), inherited.end());
  }

  /// The storage of a Ref input, checked to be initialised where the op needs that.
  int read_storage(const OpDef& op, const PlanNode& n, std::size_t i, int variable,
                   ValueInfo& info) {
    const PlanVariable& v = g_.variables[std::size_t(variable)];
    if (v.storage >= 0) {
      info.shape = g_.storages[std::size_t(v.storage)].value.shape();
      return v.storage;
    }
    const bool may_be_new = i == 0 && (op.has(kInitialisesRef) || op.has(kAllowUninitialised));
    if (!may_be_new) {
      if (op.name.find("Resource") != op.name.npos || op.name.starts_with("ReadVariable")) {
        fail(Code::kFailedPrecondition, "Error while reading resource variable ", v.name,
             " from Container: localhost. This could mean that the variable was uninitialized. "
             "Not found: Resource localhost/",
             v.name, "/Var does not exist. Attempting to use uninitialized value ", v.name);
      }
      fail(Code::kFailedPrecondition, "Attempting to use uninitialized value ", v.name);
    }
    return -1;
  }

  /// Assign to a variable without value, or of another shape: new memory, published after the step.
  void initialise(PlanNode& n, const std::vector<ValueInfo>& inputs) {
    PlanVariable& v = g_.variables[std::size_t(g_.at(n.inputs[0]).variable)];
    if (v.storage >= 0 && g_.storages[std::size_t(v.storage)].value.shape() == inputs[1].shape)
      return;
    v.storage = int(g_.storages.size());
    g_.storages.push_back({v.name, Tensor(v.dtype, inputs[1].shape), true});
    n.ref_storage[0] = v.storage;
    n.fresh_storage = v.storage;
  }

  void defer_for_values(Node* node, const PlanNode& n, const PlanShapes& shapes) {
    bool any = false;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      // What was known here stays known in the next segment, or the two would wait in turns.
      if (!shapes.wanted()[i] && !shapes.used()[i]) continue;
      any = any || shapes.wanted()[i];
      if (shapes.wanted()[i] && n.ref_storage[i] >= 0) {
        fail(Code::kUnimplemented, "a shape cannot be taken from the variable behind ",
             node->input(int(i)).name(), " directly: read it with tf.identity");
      }
      by_value_.emplace(key(actual(node->input(int(i)))), 0);
    }
    if (!any) {
      fail(Code::kUnimplemented, "the shape of an output of ", node->op().name,
           " cannot be determined before it runs");
    }
    defer(node);
  }

  void add(PlanNode n) {
    const int index = int(g_.nodes.size());
    plan_of_[slot(*n.node)] = index;
    g_.nodes.push_back(std::move(n));
    g_.sequence.push_back(index);
  }

  void add_constant(PlanNode& n, const Tensor& value) {
    n.kind = PlanKind::kConstant;
    n.inputs.clear();
    n.ref_storage.clear();
    PlanOutput out;
    out.dtype = value.dtype();
    out.shape = value.shape();
    out.constant = value;
    n.outputs = {std::move(out)};
    if (g_.env->options.optimize && value.dtype() != DType::kString && value.num_bytes() <= 256 &&
        n.controls.empty()) {
      std::size_t h = std::size_t(value.dtype()) * 31 + std::size_t(value.num_elements());
      const auto* bytes = static_cast<const unsigned char*>(value.raw());
      for (std::size_t i = 0; i < value.num_bytes(); ++i) h = h * 1099511628211ull + bytes[i];
      auto [begin, end] = constants_.equal_range(h);
      for (auto it = begin; it != end; ++it) {
        const PlanNode& other = g_.nodes[std::size_t(it->second)];
        if (other.device == n.device && AttrValue(other.outputs[0].constant) == AttrValue(value)) {
          plan_of_[slot(*n.node)] = it->second;
          return;
        }
      }
      constants_.emplace(h, int(g_.nodes.size()));
    }
    plan_of_[slot(*n.node)] = int(g_.nodes.size());
    g_.nodes.push_back(std::move(n));
  }

  void add_variable(PlanNode& n) {
    const std::string name = variable_key(*n.node);
    const auto known = variable_index_.find(name);
    int variable = known == variable_index_.end() ? -1 : known->second;
    if (variable < 0) {
      variable = int(g_.variables.size());
      PlanVariable v{name, n.node->output_dtype(0), n.node->output_shape(0), -1};
      const Tensor value = g_.env->variables->find(name);
      if (value.defined()) {
        if (value.dtype() != v.dtype) {
          invalid("variable '", name, "' holds ", value.dtype(), ", not ", v.dtype);
        }
        v.storage = int(g_.storages.size());
        g_.storages.push_back({name, value, false});
      }
      g_.variables.push_back(std::move(v));
      variable_index_.emplace(name, variable);
    }
    n.kind = PlanKind::kVariable;
    PlanOutput out;
    out.dtype = n.node->output_dtype(0);
    out.is_ref = true;
    out.variable = variable;
    const int storage = g_.variables[std::size_t(variable)].storage;
    if (storage >= 0) out.shape = g_.storages[std::size_t(storage)].value.shape();
    n.outputs = {std::move(out)};
    plan_of_[slot(*n.node)] = int(g_.nodes.size());
    g_.nodes.push_back(std::move(n));
  }

  bool try_fold(PlanNode& n, const std::vector<ValueInfo>& inputs) {
    const OpDef& op = n.node->op();
    const bool constant = std::all_of(inputs.begin(), inputs.end(),
                                      [](const ValueInfo& v) { return v.constant != nullptr; });
    if (!constant && !op.has(kShapeOnly)) return false;
    const auto results = fold(*n.node, inputs, n.outputs);
    if (results.empty()) return false;
    if (results.size() == 1) {
      add_constant(n, results[0]);
      return true;
    }
    for (std::size_t i = 0; i < results.size(); ++i) n.outputs[i].constant = results[i];
    n.kind = PlanKind::kConstant;
    n.inputs.clear();
    n.ref_storage.clear();
    plan_of_[slot(*n.node)] = int(g_.nodes.size());
    g_.nodes.push_back(std::move(n));
    return true;
  }

  /// A node that hands on its input is that input: a view of the same shape, a sum over nothing.
  bool try_alias(PlanNode& n) {
    if (n.inputs.empty() || n.outputs.size() != 1) return false;
    const PlanOutput &in = g_.at(n.inputs[0]), &out = n.outputs[0];
    const bool same = in.dtype == out.dtype && !in.is_ref && in.variable < 0 && !out.is_ref &&
                      g_.nodes[std::size_t(n.inputs[0].node)].device == n.device;
    const bool reduces_nothing =
        n.has(kOneIsItself) && in.shape.num_elements() == out.shape.num_elements();
    if (!same || !(n.has(kView) || reduces_nothing)) return false;
    // When a value is computed does not matter; what has effects keeps its place.
    const bool waits = std::any_of(n.controls.begin(), n.controls.end(), [&](int c) {
      const Node* from = g_.nodes[std::size_t(c)].node;
      return from == nullptr || after_effects_[slot(*from)];
    });
    if (!(in.shape == out.shape) || waits) {
      n.view = reduces_nothing;
      return false;
    }
    plan_of_[slot(*n.node)] = kAlias - int(aliases_.size());
    aliases_.push_back(n.inputs[0]);
    return true;
  }

  /// Common subexpressions: an equal node with equal inputs has the same value.
  bool try_merge(PlanNode& n) {
    if (!n.controls.empty()) return false;
    std::size_t h = std::hash<const void*>()(&n.node->op());
    for (const PlanRef& r : n.inputs)
      h = (h ^ (std::size_t(r.node) << 8 | unsigned(r.output))) * 1099511628211ull;
    auto [begin, end] = merged_.equal_range(h);
    for (auto it = begin; it != end; ++it) {
      const PlanNode& other = g_.nodes[std::size_t(it->second)];
      if (&other.node->op() == &n.node->op() && other.inputs == n.inputs &&
          other.device == n.device && same_attrs(other.node->attrs(), n.node->attrs())) {
        plan_of_[slot(*n.node)] = it->second;
        return true;
      }
    }
    merged_.emplace(h, int(g_.nodes.size()));
    return false;
  }

  /// Whether a value is, perhaps through views, the result of a conditional that was taken in.
  bool comes_from_branch(Output o) const {
    while (!inlined_.taken.empty() && !live_in_of_.contains(key(o)) && o.index == 0) {
      if (inlined_.stands_for.contains(o)) return true;
      const OpDef& op = o.node->op();
      if (!op.has(kView) && !op.has(kOneIsItself)) return false;
      o = o.node->input(0);
    }
    return inlined_.stands_for.contains(o) && !live_in_of_.contains(key(o));
  }

  void collect_live_outs() {
    std::unordered_map<std::uint64_t, int> done;
    const auto leave = [&](const Output& o) {
      const PlanRef r = find(o);
      if (r.node < 0 || live_in_of_.contains(key(o)) || !done.emplace(key(o), 0).second) return;
      const int value = g_.program->value_index(o);
      if (std::size_t(value) < g_.program->feeds.size()) return;  // fed, and not read here
      g_.live_outs.emplace_back(r, value);
    };
    for (const Output& f : g_.program->fetches) {
      const Output shown = actual(f);
      if (deferred_.contains(shown.node)) continue;
      // What an earlier segment made stays, even where a write since then shows through its Ref.
      const auto value = std::size_t(g_.program->value_index(f));
      if (value < values_.size() && values_[value].defined()) continue;
      if (comes_from_branch(f)) g_.snapshots.insert(int(value));
      const PlanRef r = find(f);
      const int variable = r.node < 0 ? -1 : g_.at(r).variable;
      if (f.is_ref() && variable >= 0 && g_.variables[std::size_t(variable)].storage < 0) {
        if (state_deferred_) continue;  // a write to come may initialise it
        fail(Code::kFailedPrecondition, "Attempting to use uninitialized value ",
             g_.variables[std::size_t(variable)].name);
      }
      leave(f);
    }
    if (g_.rest.empty()) return;
    std::unordered_map<std::uint64_t, int> seen;
    for (Node* node : g_.rest) {
      for (const Output& input : node->inputs()) {
        const Output in = actual(input);
        if (deferred_.contains(in.node) && !live_in_of_.contains(key(in))) continue;
        if (in.is_ref() || !seen.emplace(key(in), 0).second) continue;
        // Constants and variables are cheap to plan again where they are needed.
        if (in.node->op().has(kConstant) && !live_in_of_.contains(key(in))) continue;
        leave(in);
        // What one segment had to know stays known: the next may wait for another value only.
        const auto before = live_in_of_.find(key(in));
        bool known =
            before != live_in_of_.end() &&
            g_.live_ins[std::size_t(g_.nodes[std::size_t(before->second)].live_in)].by_value;
        // So does a small value that this segment has worked out: it follows from the same key.
        if (const PlanRef r = find(in); r.node >= 0) {
          const Tensor& value = g_.at(r).constant;
          known = known || (value.defined() && !is_object(value.dtype()) &&
                            value.num_bytes() <= kKnownBytes);
        }
        LiveIn next{in, g_.program->value_index(in), known || by_value_.contains(key(in))};
        g_.next_live_ins.push_back(next);
      }
    }
    std::vector<Node*> again;
    std::unordered_set<const Node*> added;
    const auto need = [&](Node* node) {
      if (added.insert(node).second) again.push_back(node);
    };
    for (Node* node : g_.rest) {
      for (const Output& input : node->inputs()) {
        const Output in = actual(input);
        if (deferred_.contains(in.node)) continue;
        if (in.node->op().has(kConstant) && !live_in_of_.contains(key(in))) need(in.node);
        for (Node* ref = in.node; in.is_ref() && !deferred_.contains(ref);
             ref = ref->input(0).node) {
          // Follow forwarded Refs to the variable itself: the write has happened in this segment.
          if (ref->op().has(kVariable)) {
            need(ref);
            break;
          }
        }
      }
    }
    again.insert(again.end(), g_.rest.begin(), g_.rest.end());
    std::stable_sort(again.begin(), again.end(),
                     [&](Node* a, Node* b) { return position_[slot(*a)] < position_[slot(*b)]; });
    g_.rest = std::move(again);
  }

  PlanGraph g_;
  const std::vector<Tensor>& values_;
  static constexpr int kAlias = -2;  ///< and below: entries of aliases_; -1: not planned
  std::vector<int> plan_of_;         ///< by slot, like the next two
  std::vector<char> after_effects_;
  std::vector<int> position_;  ///< in the order of visits
  int visited_ = 0;
  int depth_ = 0;  ///< of the branch whose nodes are visited
  std::unordered_map<const Graph*, std::size_t> first_slot_;
  Inlined inlined_;
  const std::unordered_set<const Node*>& general_;
  std::vector<PlanRef> aliases_;
  std::unordered_map<std::uint64_t, int> live_in_of_;
  std::unordered_set<const Node*> deferred_;
  std::unordered_set<const Node*> tapes_read_;
  bool state_deferred_ = false;
  std::unordered_map<std::uint64_t, char> by_value_;
  std::unordered_map<std::string, int> variable_index_;
  std::unordered_multimap<std::size_t, int> constants_, merged_;
};

}  // namespace

PlanGraph lower(const PlanEnvironment& env, Program& program, const std::vector<Node*>& order,
                const std::vector<LiveIn>& live_ins, const std::vector<Tensor>& values,
                const Inlined* before) {
  std::unordered_set<const Node*> general;
  while (true) {
    try {
      return Lowering(env, program, live_ins, values, before, general).run(order);
    } catch (const TapeWanted& wanted) {
      if (!general.insert(wanted.conditional).second) {
        fail(Code::kInternal, "the tape of ", wanted.conditional->name(), " was not recorded");
      }
    }
  }
}

PlanRef root_of(const PlanGraph& g, PlanRef r) {
  while (r.output == 0 && g.nodes[std::size_t(r.node)].is_view())
    r = g.nodes[std::size_t(r.node)].inputs[0];
  return r;
}

std::string variable_key(const Node& node) {
  if (const AttrValue* outer = node.attrs().find("outer")) return outer->get<std::string>();
  const auto text = [&](std::string_view attr) {
    const AttrValue* value = node.attrs().find(attr);
    return value != nullptr ? value->get<std::string>() : std::string();
  };
  const std::string shared = text("shared_name"), container = text("container");
  const std::string& name = shared.empty() ? node.name() : shared;
  return container.empty() ? name : str(container, "|", name);
}

}  // namespace caudal
