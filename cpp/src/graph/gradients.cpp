// SPDX-License-Identifier: Apache-2.0
#include "caudal/gradients.h"

#include <algorithm>

#include "caudal/error.h"
#include "graph/shape_inference.h"

namespace caudal {
namespace {

GradientHook& hook() {
  static GradientHook& h = *new GradientHook;
  return h;
}

bool trainable(DType t) { return is_floating(t) || is_complex(t); }

/// One call of gradients(). Nodes are visited once, from the youngest y down: ids are a topological
/// order, so all consumers of a node have been visited before it.
class Backward {
 public:
  Backward(Graph& graph, const std::vector<Output>& ys, const std::vector<Output>& xs,
           const GradientOptions& options)
      : graph_(graph),
        ys_(ys),
        xs_(xs),
        options_(options),
        builder_(Builder(graph, scope_of(graph, options.scope)).with_origin(options.origin)),
        source_(options.source.empty() ? builder_.scope() : options.source) {}

  std::vector<Grad> run() {
    check_arguments();
    mark_between();
    seed();
    for (int id = last_; id >= first_; --id) {
      if (pending_[index(id)].empty()) continue;
      visit(*graph_.node(id));
    }
    std::vector<Grad> result;
    for (const Output& x : xs_) result.push_back(found_[&x - xs_.data()]);
    return result;
  }

 private:
  class Context;

  /// A scope that ends in '/' is open already and is used as it is.
  static std::string scope_of(Graph& graph, const std::string& scope) {
    if (scope.size() > 1 && scope.back() == '/') return scope.substr(0, scope.size() - 1);
    return graph.unique_name(scope);
  }

  std::size_t index(int id) const { return std::size_t(id - first_); }

  void check_arguments() const {
    if (!options_.grad_ys.empty() && options_.grad_ys.size() != ys_.size()) {
      invalid("gradients: ", options_.grad_ys.size(), " grad_ys for ", ys_.size(), " ys");
    }
    for (const auto* list : {&ys_, &xs_, &options_.stop_gradients}) {
      for (const Output& t : *list) {
        if (!t || &t.node->graph() != &graph_) invalid("gradients: a tensor is not of this graph");
      }
    }
    for (std::size_t i = 0; i < options_.grad_ys.size(); ++i) {
      const Grad& g = options_.grad_ys[i];
      if (g.none()) continue;
      if (g.values.dtype() != ys_[i].dtype()) {
        type_error("Gradient type ", g.values.dtype(), " generated for tensor ", ys_[i].name(),
                   " with type ", ys_[i].dtype(), " must match");
      }
      if (!g.is_slices() && !g.values.shape().compatible_with(ys_[i].shape())) {
        invalid("gradients: grad_ys[", i, "] of shape ", g.values.shape(),
                " does not fit a y of shape ", ys_[i].shape());
      }
    }
  }

  /// between_: reachable from an x going forward and from a y going back.
  void mark_between() {
    first_ = graph_.num_nodes();
    last_ = -1;
    for (std::size_t i = 0; i < xs_.size(); ++i) {
      first_ = std::min(first_, xs_[i].node->id());
      xs_at_.emplace(xs_[i].node->id(), i);
    }
    for (const Output& y : ys_) {
      first_ = std::min(first_, y.node->id());
      last_ = std::max(last_, y.node->id());
    }
    const std::size_t n = last_ < first_ ? 0 : std::size_t(last_ - first_) + 1;
    between_.assign(n, 0);
    pending_.resize(n);
    stopped_.assign(n, 0);
    for (const Output& s : options_.stop_gradients) {
      if (s.node->id() >= first_ && s.node->id() <= last_) stopped_[index(s.node->id())] = 1;
    }
    std::vector<char> leads_to_y(n, 0);
    for (const Output& y : ys_) leads_to_y[index(y.node->id())] = 1;
    for (int id = last_; id >= first_; --id) {
      if (!leads_to_y[index(id)]) continue;
      for (const Output& in : graph_.node(id)->inputs()) {
        if (in.node->id() >= first_) leads_to_y[index(in.node->id())] = 1;
      }
    }
    std::vector<char> from_x(n, 0);
    for (const Output& x : xs_) {
      if (x.node->id() <= last_) from_x[index(x.node->id())] = 1;
    }
    for (int id = first_; id <= last_; ++id) {
      if (!leads_to_y[index(id)]) continue;
      const Node& node = *graph_.node(id);
      if (!from_x[index(id)] && !node.op().has(kStopsGradient)) {
        for (const Output& in : node.inputs()) {
          const DType t = in.dtype();
          const bool carries = trainable(t) || is_object(t);
          if (carries && in.node->id() >= first_ && from_x[index(in.node->id())] &&
              !hidden(in.node->id())) {
            from_x[index(id)] = 1;
            break;
          }
        }
      }
      between_[index(id)] = from_x[index(id)];
    }
  }

  /// Nothing behind this node is asked for; an x has a partial derivative though it is stopped.
  bool hidden(int id) const { return stopped_[index(id)] && !xs_at_.contains(id); }

  void seed() {
    for (std::size_t i = 0; i < ys_.size(); ++i) {
      const Output& y = ys_[i];
      Grad g = options_.grad_ys.empty() ? Grad() : options_.grad_ys[i];
      if (g.none()) {
        if (!trainable(y.dtype())) continue;  // an integer y has no gradient
        const Builder b = builder_.with_device(options_.colocate ? y.node->device() : "");
        Output shape = y.shape().fully_defined()
                           ? b.constant(dims_of(y.shape().to_shape()), "Shape")
                           : b("Shape", {y});
        const Output one = b.scalar_of(y.dtype(), 1.0, str("grad_ys_", i));
        g = b("Fill", {shape, one});
      }
      add(y, g);
    }
  }

  static Tensor dims_of(const Shape& s) {
    std::vector<std::int32_t> dims;
    for (const std::int64_t d : s.dims()) dims.push_back(std::int32_t(d));
    return Tensor::vector(dims);
  }

  void add(const Output& t, const Grad& g) {
    if (t.node->id() < first_ || !between_[index(t.node->id())]) return;
    auto& list = pending_[index(t.node->id())];
    for (auto& [out, grads] : list) {
      if (out == t.index) {
        grads.push_back(g);
        return;
      }
    }
    list.push_back({t.index, {g}});
  }

  Grad sum(const Output& t, std::vector<Grad>& grads) {
    if (grads.size() == 1) return grads[0];
    const Builder b = builder_.with_device(options_.colocate ? t.node->device() : "");
    if (t.dtype() == DType::kVariant) {
      std::vector<Output> tapes;
      for (const Grad& g : grads) tapes.push_back(g.values);
      return b("TapeSum", tapes);
    }
    const bool all_slices =
        std::all_of(grads.begin(), grads.end(), [](const Grad& g) { return g.is_slices(); });
    if (all_slices) {
      std::vector<Output> values, indices;
      for (const Grad& g : grads) {
        values.push_back(g.values);
        indices.push_back(g.indices);
      }
      // Repeated indices mean a sum, so putting the lists one after the other adds them.
      for (Output& i : indices) {
        if (i.dtype() != indices[0].dtype()) i = b("Cast", {i}, {{"DstT", indices[0].dtype()}});
      }
      const Output axis = b.scalar(std::int32_t(0), "concat/axis");
      auto with_axis = [&](std::vector<Output> list) {
        list.push_back(axis);
        return b("ConcatV2", list, {}, "concat");
      };
      return Grad(with_axis(values), with_axis(indices), grads[0].dense_shape);
    }
    std::vector<Output> dense;
    for (const Grad& g : grads) dense.push_back(g.is_slices() ? densify(b, g) : g.values);
    return b("AddN", dense);
  }

  /// Identities of the gradients of one node that wait for all of them; one alone stays as it is.
  static void gate(const Builder& builder, std::vector<Grad>& grads) {
    std::vector<Node*> made;
    std::size_t count = 0;
    for (const Grad& g : grads) {
      if (g.none() || g.values.dtype() == DType::kVariant) continue;
      ++count;
      for (const Output& part : {g.values, g.indices, g.dense_shape}) {
        const bool known = !part || std::find(made.begin(), made.end(), part.node) != made.end();
        if (!known) made.push_back(part.node);
      }
    }
    if (count < 2) return;
    const Builder b = builder.with_scope(builder.scope() + "/tuple").with_device("");
    const Builder gated = b.with_control({b.with_control(made).node("NoOp", {}, {}, "group_deps")});
    const auto pass = [&](Output& part, std::string_view name) {
      if (!part) return;
      const AttrValue* group = part.node->attrs().find("_class");
      const AttrValue place =
          group != nullptr ? *group : std::vector<std::string>{"loc:@" + part.node->name()};
      part = gated("Identity", {part}, {{"_class", place}}, name);
    };
    for (Grad& g : grads) {
      if (g.none() || g.values.dtype() == DType::kVariant) continue;
      pass(g.values, "control_dependency");
      pass(g.indices, "indices");
      pass(g.dense_shape, "dense_shape");
    }
  }

  void visit(Node& node);

  Graph& graph_;
  const std::vector<Output>& ys_;
  const std::vector<Output>& xs_;
  const GradientOptions& options_;
  Builder builder_;
  std::string source_;
  int first_ = 0, last_ = -1;
  std::vector<char> between_, stopped_;
  std::vector<std::vector<std::pair<int, std::vector<Grad>>>> pending_;
  std::unordered_map<std::ptrdiff_t, Grad> found_;
  std::unordered_multimap<int, std::size_t> xs_at_;  ///< indices of xs by node
};

class Backward::Context : public GradContext {
 public:
  Context(Backward& b, Node* node, Builder builder, std::vector<Grad> dys)
      : GradContext(node, std::move(builder)), backward_(b), dys_(std::move(dys)) {}

  Output dy(int i) override {
    Grad& g = dys_[std::size_t(i)];
    if (g.none() && node_->output_dtype(i) == DType::kVariant) {
      g = backward_.builder_("TapeEmpty", {});
    } else if (g.none()) {
      g = backward_.builder_("ZerosLike", {node_->output(i)}, {}, "zeros_like");
    } else if (g.is_slices()) {
      g = densify(backward_.builder_, g);
    }
    return g.values;
  }
  const std::string& source() const override { return backward_.source_; }
  const Grad& raw_dy(int i) const override { return dys_[std::size_t(i)]; }
  bool needs(int i) const override {
    const Output in = input(i);
    return in.node->id() >= backward_.first_ &&
           backward_.between_[backward_.index(in.node->id())] &&
           (trainable(in.dtype()) || is_object(in.dtype()));
  }

 private:
  Backward& backward_;
  std::vector<Grad> dys_;
};

void Backward::visit(Node& node) {
  std::vector<Grad> dys(std::size_t(node.num_outputs()));
  bool any = false;
  for (auto& [out, grads] : pending_[index(node.id())]) {
    dys[std::size_t(out)] = sum(node.output(out), grads);
    any = any || !dys[std::size_t(out)].none();
  }
  pending_[index(node.id())].clear();
  const auto [begin, end] = xs_at_.equal_range(node.id());
  for (auto it = begin; it != end; ++it) {
    found_[std::ptrdiff_t(it->second)] = dys[std::size_t(xs_[it->second].index)];
  }
  if (!any || stopped_[index(node.id())] || node.op().has(kStopsGradient)) return;
  bool wanted = false;
  for (const Output& in : node.inputs()) {
    wanted = wanted || (in.node->id() >= first_ && between_[index(in.node->id())] &&
                        !hidden(in.node->id()) && (trainable(in.dtype()) || is_object(in.dtype())));
  }
  if (!wanted) return;

  const Builder b =
      builder_.with_scope(graph_.unique_name(str(builder_.scope(), "/", node.name(), "_grad")))
          .with_device(options_.colocate ? node.device() : "");
  Context context(*this, &node, b, std::move(dys));
  const AttrValue* override_name = node.attrs().find("_gradient_op_type");
  const std::string name = override_name && override_name->holds<std::string>()
                               ? override_name->get<std::string>()
                               : node.op().name;
  if (!(hook() && hook()(name, context))) {
    if (override_name != nullptr || node.op().gradient == nullptr) {
      throw Error(
          Code::kNotFound,
          str("No gradient defined for operation '", node.name(), "' (op type: ", name, ")"),
          Error::Kind::kLookup);
    }
    try {
      node.op().gradient(context);
    } catch (Error& e) {
      throw e.with_node(
          node.name(), str(" in the gradient of '", node.name(), "' (op: '", node.op().name, "')"));
    }
  }
  std::vector<Grad> grads = context.grads();
  if (options_.gate) gate(b, grads);
  for (int i = 0; i < context.num_inputs(); ++i) {
    const Grad& g = grads[std::size_t(i)];
    if (g.none()) continue;
    const Output in = node.input(i);
    if (!g.is_slices() && !in.is_ref()) {
      try {
        graph_.set_shape(g.values, in.shape());
      } catch (Error&) {
        invalid(
            "Incompatible shapes between op input and calculated input gradient. Forward "
            "operation: ",
            node.name(), ". Input index: ", i, ". Original input shape: ", in.shape(),
            ". Calculated input gradient shape: ", g.values.shape());
      }
    }
    add(in, g);
  }
}

}  // namespace

std::vector<Grad> gradients(Graph& graph, const std::vector<Output>& ys,
                            const std::vector<Output>& xs, const GradientOptions& options) {
  return Backward(graph, ys, xs, options).run();
}

void set_gradient_hook(GradientHook h) { hook() = std::move(h); }

Output densify(const Builder& b, const Grad& g) {
  if (!g.is_slices()) return g.values;
  if (!g.dense_shape) invalid("slices without dense_shape cannot become a dense tensor");
  const PartialShape shape = static_value_as_shape(g.dense_shape);
  Output rows;
  if (shape.has_rank() && shape.rank() > 0 && shape[0] >= 0) {
    rows = b.scalar(std::int32_t(shape[0]), "num_segments");
  } else {
    rows = b("StridedSlice",
             {g.dense_shape, b.ints({0}, "strided_slice/stack"),
              b.ints({1}, "strided_slice/stack_1"), b.ints({1}, "strided_slice/stack_2")},
             {{"shrink_axis_mask", 1}}, "strided_slice");
  }
  return b("UnsortedSegmentSum", {g.values, g.indices, rows});
}

}  // namespace caudal
