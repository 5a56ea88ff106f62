// SPDX-License-Identifier: Apache-2.0
// NoOp, If, While and what their gradients stand on. A gradient of control flow is control flow:
// its subgraphs hold the gradient of the forward subgraph and read forward intermediates from a
// tape.

#include <algorithm>
#include <unordered_map>

#include "caudal/error.h"
#include "caudal/gradients.h"
#include "graph/shape_inference.h"
#include "graph/subgraphs.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {

namespace {

/// A tape has a gradient as well: values that the backward pass reads from it depend on inputs.
bool trainable(DType t) { return is_floating(t) || is_complex(t) || t == DType::kVariant; }

Output zeros_like(const Builder& b, Output x) {
  return x.dtype() == DType::kVariant ? b("TapeEmpty", {}) : b("ZerosLike", {x});
}

Output add_up(const Builder& b, Output x, Output y) {
  if (x.dtype() == DType::kVariant) return b("TapeSum", {x, y});
  return b("AddV2", {x, y});
}

void if_shape(ShapeContext& c) {
  const Subgraph &a = *c.attrs().func("then_branch"), &b = *c.attrs().func("else_branch");
  if (a.outputs.size() != b.outputs.size() || int(a.outputs.size()) > c.num_outputs()) {
    invalid("the branches have ", a.outputs.size(), " and ", b.outputs.size(), " outputs");
  }
  if (int(a.inputs.size()) != c.num_inputs() - 1 || int(b.inputs.size()) != c.num_inputs() - 1) {
    invalid("the branches take ", a.inputs.size(), " and ", b.inputs.size(), " inputs, ",
            c.num_inputs() - 1, " are given");
  }
  for (int i = 0; i < int(a.outputs.size()); ++i) {
    const PartialShape &x = a.outputs[std::size_t(i)].shape(),
                       &y = b.outputs[std::size_t(i)].shape();
    if (a.outputs[std::size_t(i)].dtype() != b.outputs[std::size_t(i)].dtype()) {
      type_error("output ", i, " has dtype ", a.outputs[std::size_t(i)].dtype(),
                 " in one branch and ", b.outputs[std::size_t(i)].dtype(), " in the other");
    }
    c.set_output(i, common_shape(x, y));
  }
  if (c.num_outputs() > int(a.outputs.size()))
    c.set_output(c.num_outputs() - 1, PartialShape::scalar());
}

void while_shape(ShapeContext& c) {
  const Subgraph &condition = *c.attrs().func("cond"), &body = *c.attrs().func("body");
  if (int(body.inputs.size()) != c.num_inputs() || int(condition.inputs.size()) != c.num_inputs()) {
    invalid("condition and body take ", condition.inputs.size(), " and ", body.inputs.size(),
            " inputs, ", c.num_inputs(), " are given");
  }
  if (condition.outputs.size() != 1) invalid("the condition must have one output");
  if (int(body.outputs.size()) > c.num_inputs()) invalid("the body has more outputs than inputs");
  for (int i = 0; i < c.num_inputs(); ++i) {
    const bool varies = i < int(body.outputs.size());
    if (varies && body.outputs[std::size_t(i)].dtype() != c.input_dtype(i)) {
      type_error("loop variable ", i, " is ", c.input_dtype(i), " before and ",
                 body.outputs[std::size_t(i)].dtype(), " after an iteration");
    }
    const PartialShape& invariant = body.inputs[std::size_t(i)].shape();
    if (!invariant.compatible_with(c.input(i))) {
      invalid("loop variable ", i, " of shape ", c.input(i), " does not fit its invariant ",
              invariant);
    }
    c.set_output(i, varies ? invariant : c.input(i));
  }
  if (c.num_outputs() > c.num_inputs()) c.set_output(c.num_outputs() - 1, PartialShape::scalar());
}

/// Copies the gradient part of a forward subgraph into a subgraph of its own. Forward values become
/// constants, captured inputs or reads of the tape.
class GradientBody {
 public:
  GradientBody(Subgraph& forward, Graph& outer, const std::string& name, std::string source,
               bool loop)
      : forward_(forward),
        made_(std::make_shared<Subgraph>()),
        source_(std::move(source)),
        loop_(loop) {
    made_->name = name;
    made_->graph->set_outer(&outer);
    if (forward.forward_nodes < 0) forward.forward_nodes = forward.graph->num_nodes();
    mark_ = forward.graph->num_nodes();
  }

  /// Gradients of the forward outputs with respect to its inputs; `dys_[i]` stands for the gradient
  /// of output i, where it `flows`. With `from_tape` also gradients of what the tape keeps. None
  /// where nothing flows.
  std::vector<Grad> differentiate(const std::vector<char>& flows, bool from_tape) {
    const Builder b(*forward_.graph);
    std::vector<Output> ys;
    GradientOptions options;
    options.source = source_;
    const auto seed = [&](const Output& y) {
      const Output dy = b("Placeholder", {}, {{"dtype", y.dtype()}, {"shape", y.shape()}}, "dy");
      ys.push_back(y);
      options.grad_ys.push_back(dy);
      return dy;
    };
    for (std::size_t i = 0; i < forward_.outputs.size(); ++i) {
      dys_.push_back(flows[i] ? seed(forward_.outputs[i]) : Output{});
    }
    for (std::size_t k = 0; from_tape && k < forward_.saved.size(); ++k) {
      if (trainable(forward_.saved[k].dtype())) tape_dys_.emplace_back(k, seed(forward_.saved[k]));
    }
    std::vector<Output> xs;
    std::vector<Grad> grads(forward_.inputs.size());
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < forward_.inputs.size(); ++i) {
      if (!trainable(forward_.inputs[i].dtype())) continue;
      xs.push_back(forward_.inputs[i]);
      which.push_back(i);
    }
    if (ys.empty() || xs.empty()) return grads;
    const auto found = gradients(*forward_.graph, ys, xs, options);
    for (std::size_t k = 0; k < found.size(); ++k) grads[which[k]] = found[k];
    return grads;
  }
  Output dense(const Grad& grad) const { return densify(Builder(*forward_.graph), grad); }

  const std::vector<Output>& dys() const { return dys_; }
  Subgraph& made() { return *made_; }
  SubgraphPtr take() { return std::move(made_); }
  Builder builder() const { return Builder(*made_->graph); }

  Output add_input(DType dtype, const PartialShape& shape, const char* name) {
    const Output in = builder()("Placeholder", {}, {{"dtype", dtype}, {"shape", shape}}, name);
    made_->inputs.push_back(in);
    return in;
  }
  /// From now on `forward` is `here` in the copy.
  void stand_for(const Output& forward, const Output& here) { map_.emplace(key(forward), here); }
  void set_tape(Output tape, Output index) {
    tape_ = tape;
    index_ = index;
  }
  /// `gradient` holds gradients of what the tape keeps.
  void set_tape_gradient(Output gradient) {
    for (const auto& [k, dy] : tape_dys_) {
      stand_for(dy, builder()("TapeEntryRead", {gradient, index_, find(forward_.saved[k])},
                              {{"k", std::int64_t(k)}}));
    }
  }

  Output copy(const Output& wanted) {
    std::vector<Node*> order, stack{wanted.node};
    std::unordered_map<int, char> seen{{wanted.node->id(), 0}};
    while (!stack.empty()) {
      Node* n = stack.back();
      stack.pop_back();
      if (n->id() < mark_) continue;  // forward values are looked up, not copied
      order.push_back(n);
      for (const Output& in : n->inputs()) {
        if (seen.emplace(in.node->id(), 0).second) stack.push_back(in.node);
      }
      for (Node* c : n->control_inputs()) {
        if (c->id() >= mark_ && seen.emplace(c->id(), 0).second) stack.push_back(c);
      }
    }
    std::sort(order.begin(), order.end(), [](Node* a, Node* b) { return a->id() < b->id(); });
    for (Node* n : order) {
      if (n->num_outputs() > 0 && map_.contains(key(n->output(0)))) continue;
      copy_node(*n);
    }
    return find(wanted);
  }

 private:
  static std::uint64_t key(const Output& o) {
    return std::uint64_t(o.node->id()) << 16 | unsigned(o.index);
  }

  void copy_node(Node& n) {
    NodeSpec spec;
    spec.op = n.op().name;
    spec.name = n.name();
    spec.attrs = n.attrs().list();
    spec.device = n.device();
    spec.origin = n.origin();
    for (const Output& in : n.inputs()) spec.inputs.push_back(find(in));
    Node* made = made_->graph->add(std::move(spec));
    for (int i = 0; i < n.num_outputs(); ++i) {
      if (i == made->num_outputs()) made_->graph->add_tape_output(made);
      if (n.output_shape(i).has_rank()) made_->graph->set_shape(made->output(i), n.output_shape(i));
      map_.emplace(key(n.output(i)), made->output(i));
    }
  }

  Output find(const Output& o) {
    if (const auto it = map_.find(key(o)); it != map_.end()) return it->second;
    if (o.node->id() >= mark_)
      fail(Code::kInternal, "gradient node ", o.node->name(), " was not copied");
    if (o.node->op().has(kConstant)) {
      const Output c = builder().constant(o.node->attrs().tensor("value"), o.node->name());
      map_.emplace(key(o), c);
      return c;
    }
    if (o.is_ref()) {
      fail(Code::kUnimplemented, "the gradient of control flow cannot reach the variable ",
           o.node->name(), " that is read inside; read it outside");
    }
    auto& saved = forward_.saved;
    auto at = std::find(saved.begin(), saved.end(), o);
    if (at == saved.end()) at = saved.insert(saved.end(), o);
    const Output value = builder()(
        "TapeRead", {tape_, index_},
        {{"k", std::int64_t(at - saved.begin())}, {"dtype", o.dtype()}, {"shape", o.shape()}});
    map_.emplace(key(o), value);
    return value;
  }

  Subgraph& forward_;
  SubgraphPtr made_;
  std::string source_;
  bool loop_;
  int mark_ = 0;
  Output tape_, index_;
  std::vector<Output> dys_;
  std::vector<std::pair<std::size_t, Output>> tape_dys_;
  std::unordered_map<std::uint64_t, Output> map_;
};

/// The gradient of the tape that a node already has; none if nothing was read from it.
Output tape_gradient(const GradContext& g) {
  const Node& node = g.node();
  return has_tape(node) ? g.raw_dy(node.num_outputs() - 1).values : Output{};
}

bool any_slices(const std::vector<std::vector<Grad>>& grads, std::size_t i) {
  return std::any_of(grads.begin(), grads.end(),
                     [&](const auto& branch) { return branch[i].is_slices(); });
}

void if_gradient(GradContext& g) {
  Node& node = g.node();
  const Output tape_dy = tape_gradient(g);
  const auto branches = subgraphs(node);
  std::vector<std::size_t> flowing;
  std::vector<char> flows(branches[0]->outputs.size());
  for (std::size_t k = 0; k < flows.size(); ++k) {
    flows[k] = trainable(branches[0]->outputs[k].dtype()) && !g.raw_dy(int(k)).none();
    if (flows[k]) flowing.push_back(k);
  }
  std::vector<GradientBody> bodies;
  std::vector<std::vector<Grad>> grads;
  for (Subgraph* branch : branches) {
    bodies.emplace_back(*branch, node.graph(), branch->name + "_grad", g.source(), false);
    grads.push_back(bodies.back().differentiate(flows, bool(tape_dy)));
  }
  std::vector<int> wanted;
  for (int i = 1; i < g.num_inputs(); ++i) {
    const auto x = std::size_t(i) - 1;
    const bool reached = !grads[0][x].none() || !grads[1][x].none();
    if (trainable(node.input(i).dtype()) && g.needs(i) && reached) wanted.push_back(i);
  }
  if (wanted.empty()) return;

  std::vector<Output> inputs{node.input(0)};
  for (const std::size_t k : flowing) inputs.push_back(g.dy(int(k)));
  if (tape_dy) inputs.push_back(tape_dy);
  inputs.push_back(g.builder().graph().add_tape_output(&node));
  for (int i = 1; i < g.num_inputs(); ++i) inputs.push_back(node.input(i));
  std::vector<SubgraphPtr> made;
  for (std::size_t which = 0; which < branches.size(); ++which) {
    const Subgraph& branch = *branches[which];
    GradientBody& body = bodies[which];
    for (const std::size_t k : flowing) {
      const Output dy = body.add_input(branch.outputs[k].dtype(), node.output_shape(int(k)), "dy");
      body.stand_for(body.dys()[k], dy);
    }
    Output tape_dy_in;
    if (tape_dy) tape_dy_in = body.add_input(DType::kVariant, PartialShape::scalar(), "tape_dy");
    const Output tape_in = body.add_input(DType::kVariant, PartialShape::scalar(), "tape");
    body.set_tape(tape_in, body.builder().scalar(std::int32_t(0)));
    std::vector<Output> captured;
    for (const Output& x : branch.inputs) {
      captured.push_back(body.add_input(x.dtype(), x.shape(), "x"));
      body.stand_for(x, captured.back());
    }
    if (tape_dy) body.set_tape_gradient(tape_dy_in);
    for (const int i : wanted) {
      const auto x = std::size_t(i) - 1;
      const Grad& grad = grads[which][x];
      body.made().outputs.push_back(grad.none() ? zeros_like(body.builder(), captured[x])
                                                : body.copy(body.dense(grad)));
    }
    made.push_back(body.take());
  }
  std::vector<DType> types;
  for (const Output& o : made[0]->outputs) types.push_back(o.dtype());
  Node* grad =
      g.builder().node(node.op().name, inputs,
                       {{"Tout", types}, {"then_branch", made[0]}, {"else_branch", made[1]}}, "If");
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    const Output values = grad->output(int(k));
    if (!any_slices(grads, std::size_t(wanted[k]) - 1)) {
      g.set(wanted[k], values);
      continue;
    }
    // As in TensorFlow slices of all rows: those that the branch did not touch are zero.
    const Output shape = g("Shape", {node.input(wanted[k])}), zero = g.builder().ints({0}),
                 one = g.builder().ints({1});
    const Output rows = g("StridedSlice", {shape, zero, one, one}, {{"shrink_axis_mask", 1}});
    const Output indices = g(
        "Range", {g.builder().scalar(std::int32_t(0)), rows, g.builder().scalar(std::int32_t(1))});
    g.set(wanted[k], Grad(values, indices, shape));
  }
}

/// Adds to `flows` the loop variables on which, over the iterations, those with a gradient depend,
/// in ways that gradients take or, `through_stops`, in any.
void spread(const Subgraph& body, bool from_tape, bool through_stops, std::vector<char>& flows) {
  std::vector<char> marked(std::size_t(body.graph->num_nodes()));
  std::vector<const Node*> stack;
  const auto visit = [&](const Output& o) {
    if (!marked[std::size_t(o.node->id())]) {
      marked[std::size_t(o.node->id())] = 1;
      stack.push_back(o.node);
    }
  };
  for (std::size_t i = 0; i < flows.size(); ++i) {
    if (flows[i]) visit(body.outputs[i]);
  }
  for (const Output& kept : body.saved) {
    if (from_tape && trainable(kept.dtype())) visit(kept);
  }
  for (bool more = true; more;) {
    while (!stack.empty()) {
      const Node& n = *stack.back();
      stack.pop_back();
      if (n.op().has(kStopsGradient) && !through_stops) continue;
      for (const Output& in : n.inputs()) {
        if (trainable(in.dtype()) || is_object(in.dtype())) visit(in);
      }
    }
    more = false;
    for (std::size_t i = 0; i < flows.size(); ++i) {
      const Output& x = body.inputs[i];
      if (flows[i] || body.outputs[i] == x || !trainable(x.dtype()) ||
          !marked[std::size_t(x.node->id())])
        continue;
      flows[i] = 1;
      more = true;
      visit(body.outputs[i]);
    }
  }
}

/// Whether a tensor only orders the uses of a TensorArray.
bool is_flow(Output x) { return x.node->op().name.starts_with("TensorArray"); }

void while_gradient(GradContext& g) {
  Node& node = g.node();
  const auto parts = subgraphs(node);
  Subgraph& forward = *parts[1];
  const std::size_t total = forward.inputs.size();
  const Output tape_dy = tape_gradient(g);
  // A body hands on what it captures: that does not vary.
  const auto varies = [&](std::size_t i) {
    return i < forward.outputs.size() && !(forward.outputs[i] == forward.inputs[i]);
  };
  std::vector<char> flows(forward.outputs.size());
  for (std::size_t i = 0; i < flows.size(); ++i) {
    flows[i] = varies(i) && trainable(forward.outputs[i].dtype()) && !g.raw_dy(int(i)).none();
  }
  std::vector<char> depends = flows;
  spread(forward, bool(tape_dy), false, flows);
  spread(forward, bool(tape_dy), true, depends);
  const Output tape = g.builder().graph().add_tape_output(&node);
  GradientBody body(forward, node.graph(), forward.name + "_grad", g.source(), true);
  const auto grads = body.differentiate(flows, bool(tape_dy));

  // Loop variables of the backward loop: index, gradients of loop variables, sums for what the loop
  // only reads.
  std::vector<Output> start{
      g("Sub", {g("TapeSize", {tape}), g.builder().scalar(std::int32_t(1))}, {}, "last")};
  const Output index = body.add_input(DType::kInt32, PartialShape::scalar(), "index");
  std::vector<Output> next{body.builder()("Sub", {index, body.builder().scalar(std::int32_t(1))})};
  std::vector<int> target;
  std::vector<Output> here;
  for (std::size_t i = 0; i < total; ++i) {
    const Output& x = forward.inputs[i];
    if (!trainable(x.dtype())) continue;
    if (varies(i)) {
      if (!flows[i]) {
        // As in TensorFlow: what reaches the results through tf.stop_gradient has a gradient of 0.
        if (depends[i] && g.needs(int(i)) && !is_flow(node.input(int(i)))) {
          g.set(int(i), zeros_like(g.builder(), node.input(int(i))));
        }
        continue;
      }
      const Output d = body.add_input(x.dtype(), x.shape(), "dy");
      body.stand_for(body.dys()[i], d);
      start.push_back(g.dy(int(i)));
      here.push_back(d);
      target.push_back(int(i));
    } else if (g.needs(int(i))) {
      const bool passes = i < forward.outputs.size() && !g.raw_dy(int(i)).none();
      if (grads[i].none()) {
        if (passes) g.set(int(i), g.raw_dy(int(i)));
        continue;
      }
      here.push_back(body.add_input(x.dtype(), node.input(int(i)).shape(), "sum"));
      start.push_back(passes ? g.dy(int(i)) : zeros_like(g.builder(), node.input(int(i))));
      target.push_back(int(i));
    }
  }
  if (target.empty()) return;
  std::vector<Output> invariant{tape};
  body.set_tape(body.add_input(DType::kVariant, PartialShape::scalar(), "tape"), index);
  Output tape_dy_in;
  if (tape_dy) {
    invariant.push_back(tape_dy);
    tape_dy_in = body.add_input(DType::kVariant, PartialShape::scalar(), "tape_dy");
  }
  for (std::size_t i = 0; i < total; ++i) {
    if (varies(i)) continue;
    const Output& x = forward.inputs[i];
    body.stand_for(x, body.add_input(x.dtype(), node.input(int(i)).shape(), "x"));
    invariant.push_back(node.input(int(i)));
  }
  if (tape_dy) body.set_tape_gradient(tape_dy_in);
  for (std::size_t k = 0; k < target.size(); ++k) {
    const Grad& grad = grads[std::size_t(target[k])];
    const Output value = grad.none() ? Output{} : body.copy(body.dense(grad));
    if (varies(std::size_t(target[k]))) {
      next.push_back(value ? value : zeros_like(body.builder(), here[k]));
    } else {
      next.push_back(add_up(body.builder(), here[k], value));
    }
  }
  body.made().outputs = std::move(next);

  auto condition = std::make_shared<Subgraph>();
  condition->name = forward.name + "_grad_cond";
  condition->graph->set_outer(&node.graph());
  const Builder cb(*condition->graph);
  for (const Output& in : body.made().inputs) {
    condition->inputs.push_back(
        cb("Placeholder", {}, {{"dtype", in.dtype()}, {"shape", in.shape()}}, "x"));
  }
  condition->outputs = {cb("GreaterEqual", {condition->inputs[0], cb.scalar(std::int32_t(0))})};

  start.insert(start.end(), invariant.begin(), invariant.end());
  Node* loop = g.builder().node(node.op().name, start, {{"cond", condition}, {"body", body.take()}},
                                "While");
  for (std::size_t k = 0; k < target.size(); ++k) g.set(target[k], loop->output(int(k) + 1));
}

// A small value is copied into the plan's memory; a large one is shared, so its step hands over a
// tensor and the plan goes on behind it.
constexpr std::int64_t kCopiedElements = 256;

void tape_read_shape(ShapeContext& c) {
  const PartialShape& shape = c.attrs().shape("shape");
  const bool shared = c.planning() && shape.num_elements() > kCopiedElements;
  c.set_output(0, shared ? PartialShape::unknown() : shape);
}

void captured_ref_shape(ShapeContext& c) { c.set_output(0, c.attrs().shape("shape")); }

void tape_read_grad(GradContext& g) {
  g.set(0, g("TapeEntry", {g.input(1), g.dy()}, {{"k", g.attrs().i("k")}}));
}

void tape_entry_grad(GradContext& g) {
  g.set(1, g("TapeEntryRead", {g.dy(), g.input(0), g.input(1)}, {{"k", g.attrs().i("k")}}));
}

void entry_read_shape(ShapeContext& c) { c.set_output(0, c.input(2)); }

void entry_read_grad(GradContext& g) {
  g.set(0, g("TapeEntry", {g.input(1), g.dy()}, {{"k", g.attrs().i("k")}}));
}

void tape_sum_grad(GradContext& g) {
  for (int i = 0; i < g.num_inputs(); ++i) g.set(i, g.raw_dy(0));
}

constexpr OpRow kRows[] = {
    {"NoOp", "- -> -", no_outputs, nullptr, 0},
    {"ControlTrigger", "- -> -", no_outputs, nullptr, 0},
    {"Abort", "- -> -; error_msg:string=''; exit_without_error:bool=false", no_outputs, nullptr,
     kStateful},
    {"If",
     "cond:Tcond input:[Tin] -> output:[Tout]; Tcond:type; Tin:list(type)>=0; Tout:list(type)>=0; "
     "then_branch:func; else_branch:func; output_shapes:list(shape)=[]",
     if_shape, if_gradient, kControlFlow | kMaybeDynamic},
    {"StatelessIf",
     "cond:Tcond input:[Tin] -> output:[Tout]; Tcond:type; Tin:list(type)>=0; Tout:list(type)>=0; "
     "then_branch:func; else_branch:func; output_shapes:list(shape)=[]",
     if_shape, if_gradient, kControlFlow | kMaybeDynamic},
    {"While",
     "input:[T] -> output:[T]; T:list(type)>=0; cond:func; body:func; "
     "output_shapes:list(shape)=[]; "
     "parallel_iterations:int=10",
     while_shape, while_gradient, kControlFlow | kMaybeDynamic},
    {"StatelessWhile",
     "input:[T] -> output:[T]; T:list(type)>=0; cond:func; body:func; "
     "output_shapes:list(shape)=[]; "
     "parallel_iterations:int=10",
     while_shape, while_gradient, kControlFlow | kMaybeDynamic},
    // Reads intermediate k of iteration `index` from the tape of a While (or of an If, index 0).
    {"TapeRead",
     "tape:variant index:int32 -> value:dtype; k:int>=0; dtype:type; shape:shape=unknown",
     tape_read_shape, tape_read_grad, kMaybeDynamic | kReadsTape},
    {"TapeSize", "tape:variant -> size:int32", scalar_shape, no_gradient, 0},
    // The gradient of a tape maps (index, k) to the gradient of that value; what it lacks is zero.
    {"TapeEntry", "index:int32 value:T -> gradient:variant; k:int>=0; T:type", scalar_shape,
     tape_entry_grad, kDynamicShape},
    {"TapeEntryRead", "gradient:variant index:int32 like:T -> value:T; k:int>=0; T:type",
     entry_read_shape, entry_read_grad, kDynamicShape},
    {"TapeSum", "gradients:N*variant -> sum:variant; N:int>=1", scalar_shape, tape_sum_grad,
     kDynamicShape},
    {"TapeEmpty", "- -> gradient:variant", scalar_shape, no_gradient, kDynamicShape},
    // Inside a subgraph: the variable `outer` of the graph around it.
    {"CapturedRef", "- -> ref:Ref(dtype); dtype:type; shape:shape=unknown; outer:string",
     captured_ref_shape, no_gradient, kVariable | kStateful},
};

}  // namespace

std::span<const OpRow> control_flow_ops() { return kRows; }

}  // namespace caudal::ops
