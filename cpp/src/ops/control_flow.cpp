// SPDX-License-Identifier: Apache-2.0
// NoOp, If, While and what their gradients stand on. A gradient of control flow is control flow:
// its subgraphs hold the gradient of the forward subgraph and read forward intermediates from a
// tape.
#include "ops/control_flow.h"

#include <algorithm>
#include <unordered_map>

#include "caudal/error.h"
#include "caudal/gradients.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {

std::vector<Subgraph*> subgraphs(const Node& node) {
  std::vector<Subgraph*> out;
  for (const auto& [name, value] : node.attrs().list()) {
    if (value.holds<SubgraphPtr>()) out.push_back(value.get<SubgraphPtr>().get());
  }
  return out;
}

namespace {

int forward_count(const Subgraph& s) {
  return s.forward_nodes < 0 ? s.graph->num_nodes() : s.forward_nodes;
}

void collect_variables(const Subgraph& s, std::vector<std::string>& out) {
  for (int i = 0; i < forward_count(s); ++i) {
    const Node& n = *s.graph->node(i);
    if (n.op().has(kVariable))
      out.push_back(n.attrs().s(n.attrs().find("outer") ? "outer" : "shared_name"));
    if (n.op().has(kControlFlow)) {
      for (const Subgraph* inner : subgraphs(n)) collect_variables(*inner, out);
    }
  }
}

}  // namespace

std::vector<std::string> captured_variables(const Node& node) {
  std::vector<std::string> out;
  for (const Subgraph* s : subgraphs(node)) collect_variables(*s, out);
  return out;
}

bool has_effects(const Node& node) {
  for (const Subgraph* s : subgraphs(node)) {
    for (int i = 0; i < forward_count(*s); ++i) {
      const Node& n = *s->graph->node(i);
      if (n.op().has(kStateful) && !n.op().has(kRandom) && !n.op().has(kVariable)) return true;
      if (n.op().has(kWritesRef)) return true;
      if (n.op().has(kControlFlow) && has_effects(n)) return true;
    }
  }
  return false;
}

bool has_tape(const Node& node) { return node.attrs().find("_tape") != nullptr; }
bool is_loop(const Node& node) { return node.attrs().find("body") != nullptr; }

namespace {

bool trainable(DType t) { return is_floating(t) || is_complex(t); }

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
    PartialShape s;
    if (x.has_rank() && y.has_rank() && x.rank() == y.rank()) {
      s = PartialShape::unknown_of_rank(x.rank());
      for (int d = 0; d < x.rank(); ++d) s.set_dim(d, x[d] == y[d] ? x[d] : -1);
    }
    c.set_output(i, s);
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
  /// of output i. None where nothing flows.
  std::vector<Output> differentiate() {
    const Builder b(*forward_.graph);
    std::vector<Output> ys;
    GradientOptions options;
    options.source = source_;
    for (std::size_t i = 0; i < forward_.outputs.size(); ++i) {
      const Output& y = forward_.outputs[i];
      const bool handed_on = loop_ && y == forward_.inputs[i];
      if (!trainable(y.dtype()) || handed_on) {
        dys_.emplace_back();
        continue;
      }
      const Output dy = b("Placeholder", {}, {{"dtype", y.dtype()}, {"shape", y.shape()}}, "dy");
      dys_.push_back(dy);
      ys.push_back(y);
      options.grad_ys.push_back(dy);
    }
    std::vector<Output> xs, grads(forward_.inputs.size());
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < forward_.inputs.size(); ++i) {
      if (!trainable(forward_.inputs[i].dtype())) continue;
      xs.push_back(forward_.inputs[i]);
      which.push_back(i);
    }
    if (ys.empty() || xs.empty()) return grads;
    const auto found = gradients(*forward_.graph, ys, xs, options);
    for (std::size_t k = 0; k < found.size(); ++k) {
      if (!found[k].none()) grads[which[k]] = densify(b, found[k]);
    }
    return grads;
  }

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
  std::unordered_map<std::uint64_t, Output> map_;
};

void if_gradient(GradContext& g) {
  Node& node = g.node();
  const Output tape = g.builder().graph().add_tape_output(&node);
  const auto branches = subgraphs(node);
  std::vector<Output> inputs{node.input(0)};
  std::vector<int> wanted;
  for (int i = 1; i < g.num_inputs(); ++i) {
    if (trainable(node.input(i).dtype()) && g.needs(i)) wanted.push_back(i);
  }
  if (wanted.empty()) return;
  std::vector<std::size_t> flowing;
  for (std::size_t k = 0; k < branches[0]->outputs.size(); ++k) {
    if (!trainable(branches[0]->outputs[k].dtype())) continue;
    flowing.push_back(k);
    inputs.push_back(g.dy(int(k)));
  }
  inputs.push_back(tape);
  for (int i = 1; i < g.num_inputs(); ++i) inputs.push_back(node.input(i));

  std::vector<SubgraphPtr> made;
  for (Subgraph* branch : branches) {
    GradientBody body(*branch, node.graph(), branch->name + "_grad", g.source(), false);
    const auto grads = body.differentiate();
    for (const std::size_t k : flowing) {
      const Output dy = body.add_input(branch->outputs[k].dtype(), node.output_shape(int(k)), "dy");
      body.stand_for(body.dys()[k], dy);
    }
    const Output tape_in = body.add_input(DType::kVariant, PartialShape::scalar(), "tape");
    body.set_tape(tape_in, body.builder().scalar(std::int32_t(0)));
    std::vector<Output> captured;
    for (const Output& x : branch->inputs) {
      captured.push_back(body.add_input(x.dtype(), x.shape(), "x"));
      body.stand_for(x, captured.back());
    }
    for (const int i : wanted) {
      const Output grad = grads[std::size_t(i) - 1];
      body.made().outputs.push_back(
          grad ? body.copy(grad) : body.builder()("ZerosLike", {captured[std::size_t(i) - 1]}));
    }
    made.push_back(body.take());
  }
  std::vector<DType> types;
  for (const Output& o : made[0]->outputs) types.push_back(o.dtype());
  Node* grad =
      g.builder().node(node.op().name, inputs,
                       {{"Tout", types}, {"then_branch", made[0]}, {"else_branch", made[1]}}, "If");
  for (std::size_t k = 0; k < wanted.size(); ++k) g.set(wanted[k], grad->output(int(k)));
}

void while_gradient(GradContext& g) {
  Node& node = g.node();
  const auto parts = subgraphs(node);
  Subgraph& forward = *parts[1];
  const std::size_t total = forward.inputs.size();
  const Output tape = g.builder().graph().add_tape_output(&node);
  GradientBody body(forward, node.graph(), forward.name + "_grad", g.source(), true);
  const auto grads = body.differentiate();

  // Loop variables of the backward loop: index, gradients of loop variables, sums for what the loop
  // only reads. A body hands on what it captures: that does not vary either.
  const auto varies = [&](std::size_t i) {
    return i < forward.outputs.size() && !(forward.outputs[i] == forward.inputs[i]);
  };
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
      const Output d = body.add_input(x.dtype(), x.shape(), "dy");
      body.stand_for(body.dys()[i], d);
      start.push_back(g.dy(int(i)));
      here.push_back(d);
      target.push_back(int(i));
    } else if (g.needs(int(i))) {
      const bool passes = i < forward.outputs.size() && !g.raw_dy(int(i)).none();
      if (!grads[i]) {
        if (passes) g.set(int(i), g.raw_dy(int(i)));
        continue;
      }
      here.push_back(body.add_input(x.dtype(), node.input(int(i)).shape(), "sum"));
      start.push_back(passes ? g.dy(int(i)) : g("ZerosLike", {node.input(int(i))}));
      target.push_back(int(i));
    }
  }
  std::vector<Output> invariant{tape};
  body.set_tape(body.add_input(DType::kVariant, PartialShape::scalar(), "tape"), index);
  for (std::size_t i = 0; i < total; ++i) {
    if (varies(i)) continue;
    const Output& x = forward.inputs[i];
    body.stand_for(x, body.add_input(x.dtype(), node.input(int(i)).shape(), "x"));
    invariant.push_back(node.input(int(i)));
  }
  for (std::size_t k = 0; k < target.size(); ++k) {
    const auto i = std::size_t(target[k]);
    const Output grad = grads[i] ? body.copy(grads[i]) : Output{};
    if (varies(i)) {
      next.push_back(grad ? grad : body.builder()("ZerosLike", {here[k]}));
    } else {
      next.push_back(body.builder()("AddV2", {here[k], grad}));
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

void second_order(GradContext& g) {
  fail(Code::kUnimplemented, "second-order gradients through control flow are not supported (",
       g.node().name(), ")");
}

constexpr OpRow kRows[] = {
    {"NoOp", "- -> -", no_outputs, nullptr, 0},
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
     tape_read_shape, second_order, kMaybeDynamic},
    {"TapeSize", "tape:variant -> size:int32", scalar_shape, no_gradient, 0},
    // Inside a subgraph: the variable `outer` of the graph around it.
    {"CapturedRef", "- -> ref:Ref(dtype); dtype:type; shape:shape=unknown; outer:string",
     captured_ref_shape, no_gradient, kVariable | kStateful},
};

}  // namespace

std::span<const OpRow> control_flow_ops() { return kRows; }

}  // namespace caudal::ops
