// SPDX-License-Identifier: Apache-2.0
// Branches become functions: nodes move, values are handed in and out.
#include <algorithm>

#include "caudal/error.h"
#include "caudal/op_def.h"
#include "graph/raise_conditionals.h"

namespace caudal::raising {
namespace {

/// One branch of a batch, or the scope itself (number 0).
struct Place {
  Scope scope;
  int outer = -1;  ///< the place around
  int depth = 0;
  std::unordered_map<std::uint64_t, Edge> known;  ///< values of other places -> here
};

struct Made {
  int node = -1;  ///< the If, in the place around
  std::vector<DType> in, out;
  std::unordered_map<std::uint64_t, int> exported;
};

class Builder {
 public:
  Builder(Scope& scope, Library& library, Paths& paths, const Batches& batches)
      : scope_(scope), library_(library), paths_(paths), batches_(batches) {}

  void run() {
    make_places();
    move_nodes();
    connect();
    finish();
  }

 private:
  ScopeNode& at(int n) { return scope_.nodes[std::size_t(n)]; }
  Place& place(int p) { return places_[std::size_t(p)]; }
  static int place_of_branch(int batch, int branch) { return 1 + 2 * batch + branch; }
  static int batch_of(int p) { return (p - 1) / 2; }

  /// The place in which the If of a batch stands.
  int place_around(int batch) const {
    const Batch& b = batches_.list[std::size_t(batch)];
    if (b.outer < 0) return 0;
    const int path = paths_.groups[std::size_t(b.group)].path;
    return place_of_branch(b.outer, paths_.tree[std::size_t(path)].branch);
  }

  int place_of(int n) const {
    const int batch = batches_.of_node[std::size_t(n)];
    if (batch < 0) return 0;
    if (paths_.joins(n)) return place_around(batch);
    const int path = paths_.path[std::size_t(n)];
    return place_of_branch(batch, paths_.tree[std::size_t(path)].branch);
  }

  // ---- places and nodes ----

  void make_places() {
    const int count = int(batches_.list.size());
    places_.resize(std::size_t(1 + 2 * count));
    made_.resize(std::size_t(count));
    std::vector<int> first(std::size_t(count), -1);
    for (int n = 0; n < int(scope_.nodes.size()); ++n) {
      const int batch = batches_.of_node[std::size_t(n)];
      if (batch < 0) continue;
      int& f = first[std::size_t(batch)];
      // A Merge names the conditional best.
      if (f < 0 || (paths_.joins(n) && !paths_.joins(f))) f = n;
    }
    for (int k = count - 1; k >= 0; --k) {
      const int outer = batches_.list[std::size_t(k)].outer;
      if (outer >= 0 && first[std::size_t(outer)] < 0)
        first[std::size_t(outer)] = first[std::size_t(k)];
    }
    for (int k = 0; k < count; ++k) {
      for (int b = 0; b < 2; ++b) {
        Place& p = place(place_of_branch(k, b));
        p.outer = place_around(k);
        p.depth = place(p.outer).depth + 1;
      }
    }
    local_.resize(scope_.nodes.size());
    for (int n = 0; n < int(scope_.nodes.size()); ++n) {
      local_[std::size_t(n)] = place_of(n) == 0 ? n : -1;
    }
    for (int k = 0; k < count; ++k) {
      const int named = first[std::size_t(k)];
      ScopeNode node;
      const std::string scope = scope_of(at(named).def.name);
      node.def = make_node("If", library_.free_node_name(scope + "If"));
      node.position = at(named).position;
      made_[std::size_t(k)].node = scope_of_place(place_around(k)).add(std::move(node));
    }
  }

  Scope& scope_of_place(int p) { return p == 0 ? scope_ : place(p).scope; }

  void move_nodes() {
    // If nodes stand behind the others in the scope itself.
    for (int n = 0; n < int(local_.size()); ++n) {
      const int p = place_of(n);
      if (p == 0 || !paths_.needed[std::size_t(n)] || paths_.floats(n)) continue;
      ScopeNode moved;
      moved.def = at(n).def;  // the original serves for types and error texts
      moved.position = at(n).position;
      local_[std::size_t(n)] = place(p).scope.add(std::move(moved));
    }
  }

  // ---- values ----

  DType type_of(const Edge& e) {
    const auto found = paths_.types.find(key_of({e.node, e.port, false}));
    if (found != paths_.types.end()) return found->second;
    const ScopeNode& from = at(e.node);
    const DType type =
        from.kind == ScopeNode::kArgument ? from.type : library_.output_type(from.def, e.port);
    if (type == DType::kInvalid) {
      invalid("the type of '", from.def.name, "', which a conditional uses, is not known");
    }
    return type;
  }

  int count(int p) {
    if (--left_ < 0) invalid("conditionals hand far more values in and out than the graph holds");
    return p;
  }

  /// `e` of the scope, as seen from place `p`.
  Edge value(Edge e, int p) {
    const int home = place_of(e.node);
    if (home == p && !paths_.floats(e.node)) return {local_[std::size_t(e.node)], e.port, e.by_ref};
    const auto found = place(p).known.find(key_of(e));
    if (found != place(p).known.end()) return found->second;
    count(p);
    const Edge made = paths_.floats(e.node) ? copy_here(at(e.node), e, p)
                      : e.by_ref            ? reference(e, p)
                                            : fetch(e, home, p);
    place(p).known.emplace(key_of(e), made);
    return made;
  }

  Edge copy_here(const ScopeNode& original, const Edge& e, int p) {
    ScopeNode copy;
    copy.def = original.def;
    copy.position = original.position;
    return {scope_of_place(p).add(std::move(copy)), e.port};
  }

  Edge reference(const Edge& e, int p) {
    const int variable = variable_behind(scope_, e, variable_);
    if (variable < 0) {
      invalid("node '", at(e.node).def.name,
              "' hands a reference that is of no variable to a conditional");
    }
    const Edge key{variable, 0, true};
    if (place_of(variable) == p) return {local_[std::size_t(variable)], 0};
    const auto found = place(p).known.find(key_of(key));
    if (found != place(p).known.end()) return found->second;
    ScopeNode node = stand_in(at(variable));
    const Edge made{scope_of_place(p).add(std::move(node)), 0};
    place(p).known.emplace(key_of(key), made);
    return made;
  }

  /// Whether `p` is `outer` or within.
  bool within(int p, int outer) {
    while (place(p).depth > place(outer).depth) p = place(p).outer;
    return p == outer;
  }

  Edge fetch(const Edge& e, int home, int p) {
    // Out of the places that p is not in ...
    Edge here{local_[std::size_t(e.node)], e.port};
    while (!within(p, home)) {
      here = exported(e, here, home);
      home = place(home).outer;
      count(p);
    }
    // ... and into those around p.
    std::vector<int> path;
    for (int q = p; q != home; q = place(q).outer) path.push_back(q);
    for (auto q = path.rbegin(); q != path.rend(); ++q) {
      const auto found = place(*q).known.find(key_of(e));
      if (found != place(*q).known.end()) {
        here = found->second;
        continue;
      }
      here = argument(e, here, *q);
    }
    return here;
  }

  /// A new argument of both branches.
  Edge argument(const Edge& e, const Edge& outside, int p) {
    count(p);
    const int batch = batch_of(p);
    Made& made = made_[std::size_t(batch)];
    const DType type = type_of(e);
    made.in.push_back(type);
    scope_of_place(place_around(batch)).nodes[std::size_t(made.node)].inputs.push_back(outside);
    for (int b = 0; b < 2; ++b) {
      const int q = place_of_branch(batch, b);
      library_.add_argument(place(q).scope, type);
      place(q).known.emplace(key_of(e), Edge{place(q).scope.arguments.back(), 0});
    }
    return {place(p).scope.arguments.back(), 0};
  }

  /// An output of the If around place `p` for a value of this branch; the other one gives a zero.
  Edge exported(const Edge& e, const Edge& here, int p) {
    const int batch = batch_of(p), branch = (p - 1) % 2;
    Made& made = made_[std::size_t(batch)];
    const auto [found, is_new] = made.exported.emplace(key_of(e), int(made.out.size()));
    if (is_new) {
      const DType type = type_of(e);
      const int other = place_of_branch(batch, 1 - branch);
      made.out.push_back(type);
      place(p).scope.returns.push_back(here);
      place(other).scope.returns.push_back(nothing(type, other, at(e.node).def.name));
    }
    return {made.node, found->second};
  }

  Edge constant(const Tensor& tensor, const std::string& wanted, Scope& scope) {
    ScopeNode node;
    node.def = make_node("Const", library_.free_node_name(wanted));
    put_attr(node.def.attrs, "dtype", encode_attr(AttrValue(tensor.dtype())));
    put_attr(node.def.attrs, "value", encode_attr(AttrValue(tensor)));
    return {scope.add(std::move(node)), 0};
  }

  /// What nobody looks at.
  Edge nothing(DType type, int p, const std::string& name) {
    Scope& scope = place(p).scope;
    const std::string wanted = name + "/absent";
    if (type == DType::kResource || type == DType::kVariant) {
      const bool list = type == DType::kVariant;
      const Edge none = constant(Tensor::scalar(std::int32_t(0)), wanted, scope);
      ScopeNode node;
      node.def =
          make_node(list ? "EmptyTensorList" : "TensorArrayV3", library_.free_node_name(wanted));
      put_attr(node.def.attrs, list ? "element_dtype" : "dtype",
               encode_attr(AttrValue(DType::kFloat)));
      if (list) put_attr(node.def.attrs, "shape_type", encode_attr(AttrValue(DType::kInt32)));
      node.inputs.assign(list ? 2 : 1, none);
      return {scope.add(std::move(node)), 0};
    }
    Tensor zero(type, Shape{});
    if (!is_object(type)) std::memset(zero.raw(), 0, zero.num_bytes());
    return constant(zero, wanted, scope);
  }

  // ---- edges ----

  void connect() {
    left_ = 50 * std::int64_t(scope_.nodes.size()) + 1000000;
    const int count = int(local_.size());
    for (int k = 0; k < int(batches_.list.size()); ++k) {
      const int group = batches_.list[std::size_t(k)].group;
      const int predicate = paths_.groups[std::size_t(group)].predicate;
      const Edge asked = value(paths_.predicates[std::size_t(predicate)], place_around(k));
      auto& inputs = node_of(k).inputs;
      inputs.insert(inputs.begin(), asked);
    }
    for (int n = 0; n < count; ++n) {
      if (!paths_.needed[std::size_t(n)] || paths_.floats(n) || at(n).kind != ScopeNode::kNode) {
        continue;
      }
      const int p = place_of(n);
      if (at(n).primitive == Primitive::kMerge) {
        connect_merge(n, p);
      } else {
        std::vector<Edge> inputs = at(n).inputs, refs = at(n).refs;
        for (Edge& e : inputs) e = value(e, p);
        for (Edge& e : refs) e = value({e.node, e.port, true}, p);
        ScopeNode& here = scope_of_place(p).nodes[std::size_t(local_[std::size_t(n)])];
        here.inputs = std::move(inputs);
        here.refs = std::move(refs);
      }
    }
    for (int n = 0; n < count; ++n) {
      if (!paths_.needed[std::size_t(n)] || paths_.floats(n) || at(n).kind != ScopeNode::kNode) {
        continue;
      }
      const std::vector<int> controls = std::move(at(n).controls);
      at(n).controls.clear();
      for (const int c : controls) wait_for(n, c);
    }
    for (Edge& e : scope_.returns) e = value(e, 0);
    for (int& m : scope_.must_run) m = outermost(m);
  }

  ScopeNode& node_of(int batch) {
    return scope_of_place(place_around(batch)).nodes[std::size_t(made_[std::size_t(batch)].node)];
  }

  /// The node of the scope itself that runs `n`.
  int outermost(int n) {
    int p = place_of(n), here = local_[std::size_t(n)];
    while (p != 0) {
      here = made_[std::size_t(batch_of(p))].node;
      p = place(p).outer;
    }
    return here;
  }

  void connect_merge(int n, int p) {
    const MergeInfo info = paths_.merge[std::size_t(n)];
    const std::vector<Edge> inputs = at(n).inputs;
    const DType type = type_attr(at(n).def, "T");
    Edge chosen, index;
    const auto index_of = [&](int i, Scope& scope) {
      return constant(Tensor::scalar(std::int32_t(i)), at(n).def.name + "/index", scope);
    };
    if (info.group < 0) {
      chosen = value(inputs[std::size_t(info.inputs[0])], p);
      if (info.index_used) index = index_of(info.inputs[0], scope_of_place(p));
    } else {
      const int batch = batches_.of_node[std::size_t(n)];
      Made& made = made_[std::size_t(batch)];
      for (int b = 0; b < 2; ++b) {
        const int q = place_of_branch(batch, b);
        const Edge& e = inputs[std::size_t(info.inputs[std::size_t(b)])];
        const Edge result = value(e, q);
        place(q).scope.returns.push_back(plain(result, e, type, q));
        if (info.index_used) {
          const Edge which = index_of(info.inputs[std::size_t(b)], place(q).scope);
          place(q).scope.returns.push_back(which);
        }
      }
      chosen = {made.node, int(made.out.size())};
      made.out.push_back(type);
      if (info.index_used) {
        index = {made.node, int(made.out.size())};
        made.out.push_back(DType::kInt32);
      }
    }
    ScopeNode& here = scope_of_place(p).nodes[std::size_t(local_[std::size_t(n)])];
    here.def.op = info.index_used ? "IdentityN" : "Identity";
    here.def.attrs.clear();
    here.inputs = {chosen};
    if (info.index_used) here.inputs.push_back(index);
    const AttrValue types =
        info.index_used ? AttrValue(std::vector<DType>{type, DType::kInt32}) : AttrValue(type);
    put_attr(here.def.attrs, "T", encode_attr(types));
    here.primitive = Primitive::kNone;
  }

  /// A result by value.
  Edge plain(const Edge& here, const Edge& e, DType type, int p) {
    const OpDef* op = find_op(at(e.node).def.op);
    const bool ref = e.by_ref || (at(e.node).kind == ScopeNode::kNode && op != nullptr &&
                                  e.port == 0 && !op->outputs.empty() && op->outputs[0].is_ref);
    if (!ref) return here;
    ScopeNode node;
    node.def = make_node("Identity", library_.free_node_name(at(e.node).def.name + "/value"));
    put_attr(node.def.attrs, "T", encode_attr(AttrValue(type)));
    node.inputs = {here};
    node.position = at(e.node).position;
    return {place(p).scope.add(std::move(node)), 0};
  }

  /// A control edge, between the If nodes around both ends where they are in different places.
  void wait_for(int n, int c) {
    int p = place_of(n), q = place_of(c);
    int reader = local_[std::size_t(n)], waited = local_[std::size_t(c)];
    const auto outside = [&](int& of, int& node) {
      node = made_[std::size_t(batch_of(of))].node;
      of = place(of).outer;
    };
    while (p != q) {
      place(p).depth >= place(q).depth ? outside(p, reader) : outside(q, waited);
    }
    if (reader != waited) {
      scope_of_place(p).nodes[std::size_t(reader)].controls.push_back(waited);
    }
  }

  // ---- the end ----

  void finish() {
    for (int k = int(batches_.list.size()) - 1; k >= 0; --k) {
      ScopeNode& node = node_of(k);
      Made& made = made_[std::size_t(k)];
      put_attr(node.def.attrs, "Tcond", encode_attr(AttrValue(DType::kBool)));
      put_attr(node.def.attrs, "Tin", encode_attr(AttrValue(made.in)));
      put_attr(node.def.attrs, "Tout", encode_attr(AttrValue(made.out)));
      for (int b = 1; b >= 0; --b) {
        Scope& branch = place(place_of_branch(k, b)).scope;
        branch.return_types = made.out;
        for (int n = 0; n < int(branch.nodes.size()); ++n) branch.must_run.push_back(n);
        const std::string name =
            library_.free_function_name(node.def.name + (b == 1 ? "_then" : "_else"));
        library_.add(take_function(branch, name, true));
        put_attr(node.def.attrs, b == 1 ? "then_branch" : "else_branch", encode_function(name));
        branch = Scope();
      }
    }
    for (int n = 0; n < int(local_.size()); ++n) {
      const bool stays = place_of(n) == 0 && !paths_.floats(n) &&
                         at(n).primitive != Primitive::kSwitch && paths_.needed[std::size_t(n)];
      if (!stays) at(n).alive = false;
    }
  }

  Scope& scope_;
  Library& library_;
  Paths& paths_;
  const Batches& batches_;
  std::vector<Place> places_;
  std::vector<Made> made_;
  std::vector<int> local_;     ///< node of the scope -> node of its place
  std::vector<int> variable_;  ///< answers of variable_behind
  std::int64_t left_ = 0;
};

}  // namespace

void build_branches(Scope& scope, Library& library, Paths& paths, const Batches& batches) {
  Builder(scope, library, paths, batches).run();
}

void raise_conditionals(Scope& scope, Library& library) {
  const bool any = std::any_of(scope.nodes.begin(), scope.nodes.end(), [](const ScopeNode& n) {
    return n.alive && n.primitive != Primitive::kNone;
  });
  if (!any) return;
  Paths paths(scope, library);
  build_branches(scope, library, paths, form_batches(scope, paths));
}

}  // namespace caudal::raising
