// SPDX-License-Identifier: Apache-2.0
// Loops: a frame becomes a While node, innermost frames first.
#include <algorithm>
#include <map>

#include "caudal/error.h"
#include "caudal/op_def.h"
#include "graph/raise_scope.h"

namespace caudal::raising {
namespace {

/// What runs between the Enter nodes of one frame name, reached from one outer frame.
struct Frame {
  std::string name;
  int outer = -1;
  int depth = 0;
  std::vector<int> nodes;  ///< inputs before readers
};

/// A value of the frame itself that the loop carries from one iteration to the next.
struct Variable {
  int merge = -1, enter = -1, next = -1;
};

/// The condition or the body while it is being made.
struct Part {
  Scope scope;
  std::unordered_map<int, int> local;  ///< node of the scope around -> node here
  std::vector<int> todo;               ///< nodes of the scope around whose inputs are missing here
};

class LoopRaiser {
 public:
  LoopRaiser(Scope& scope, Library& library) : scope_(scope), library_(library) {}

  void run() {
    order_ = topological_order(scope_);
    origin_ = origins(scope_, order_);
    find_frames();
    std::vector<int> by_depth;
    for (int f = 1; f < int(frames_.size()); ++f) by_depth.push_back(f);
    std::stable_sort(by_depth.begin(), by_depth.end(), [&](int a, int b) {
      return frames_[std::size_t(a)].depth > frames_[std::size_t(b)].depth;
    });
    for (const int f : by_depth) raise(f);
  }

 private:
  ScopeNode& at(int n) { return scope_.nodes[std::size_t(n)]; }
  int& frame(int n) { return frame_[std::size_t(n)]; }
  const std::string& name(int n) { return at(n).def.name; }

  // ---- which node runs in which frame ----

  bool within(int inner, int outer) const {
    while (inner != outer && inner != 0) inner = frames_[std::size_t(inner)].outer;
    return inner == outer;
  }

  /// The frame in which the outputs of a node are.
  int frame_of_outputs(int n) {
    if (at(n).primitive != Primitive::kExit) return frame(n);
    return frames_[std::size_t(frame(n))].outer;
  }

  void find_frames() {
    frames_.emplace_back();
    frame_.assign(scope_.nodes.size(), 0);
    std::map<std::pair<int, std::string>, int> known;
    for (const int n : order_) {
      int inner = 0;
      const auto join = [&](int from) {
        const int f = frame_of_outputs(from);
        if (within(f, inner)) {
          inner = f;
        } else if (!within(inner, f)) {
          invalid("node '", name(n), "' has inputs from different loops, '",
                  frames_[std::size_t(f)].name, "' and '", frames_[std::size_t(inner)].name, "'");
        }
      };
      ScopeNode& node = at(n);
      for (const Edge& e : node.inputs) {
        const bool back = node.primitive == Primitive::kMerge &&
                          at(e.node).primitive == Primitive::kNextIteration;
        if (!back) join(e.node);
      }
      for (const int c : node.controls) join(c);
      if (node.primitive == Primitive::kEnter) inner = enter(n, inner, known);
      const bool inside = node.primitive == Primitive::kExit ||
                          node.primitive == Primitive::kNextIteration ||
                          node.primitive == Primitive::kLoopCond;
      if (inside && inner == 0) {
        invalid("node '", name(n), "' (", node.def.op, ") is not part of a loop");
      }
      const bool one_input = inside || node.primitive == Primitive::kEnter;
      if (one_input && node.inputs.size() != 1) {
        invalid("node '", name(n), "' (", node.def.op, ") has ", node.inputs.size(),
                " inputs instead of one");
      }
      frame(n) = inner;
      frames_[std::size_t(inner)].nodes.push_back(n);
    }
    for (const int n : order_) {
      if (at(n).primitive != Primitive::kMerge) continue;
      for (const Edge& e : at(n).inputs) {
        if (at(e.node).primitive == Primitive::kNextIteration && frame(e.node) != frame(n)) {
          invalid("node '", name(n), "' and '", name(e.node), "' are in different loops");
        }
      }
    }
  }

  int enter(int n, int outer, std::map<std::pair<int, std::string>, int>& known) {
    const std::string* bytes = find_attr(at(n).def.attrs, "frame_name");
    if (bytes == nullptr) invalid("node '", name(n), "' has no attr 'frame_name'");
    Frame made;
    made.name = decode_attr(*bytes, "string").get<std::string>();
    made.outer = outer;
    made.depth = frames_[std::size_t(outer)].depth + 1;
    if (made.depth > kMaxNesting) invalid("loops are nested too deeply at node '", name(n), "'");
    const auto [found, is_new] = known.emplace(std::pair(outer, made.name), int(frames_.size()));
    if (is_new) frames_.push_back(std::move(made));
    return found->second;
  }

  // ---- one frame ----

  void raise(int f) {
    frame_now_ = f;
    condition_ = body_ = Part();
    variables_.clear();
    captured_.clear();
    captures_.clear();
    loop_ = ScopeNode();
    slot_.resize(scope_.nodes.size(), -1);
    alias_.resize(scope_.nodes.size());
    const std::vector<int> members = frames_[std::size_t(f)].nodes;
    find_condition(members);
    find_variables(members);
    for (const int n : members) {
      if (is_loop_switch(n)) alias_[std::size_t(n)] = through(at(n).inputs[0]);
    }
    make_parts(members);
    const int made = make_node_of_loop();
    place(made, frames_[std::size_t(f)].outer);
    make_exits(members, made);
    for (const int n : members) {
      if (frame(n) == f) at(n).alive = false;
    }
  }

  void find_condition(const std::vector<int>& members) {
    loop_cond_ = -1;
    for (const int n : members) {
      if (at(n).primitive != Primitive::kLoopCond) continue;
      if (loop_cond_ >= 0) {
        invalid("'", name(n), "' and '", name(loop_cond_), "' are conditions of one loop");
      }
      loop_cond_ = n;
    }
    if (loop_cond_ < 0) {
      invalid("the loop of node '", name(members.front()), "' (frame '",
              frames_[std::size_t(frame_now_)].name, "') has no LoopCond");
    }
  }

  void find_variables(const std::vector<int>& members) {
    for (const int n : members) {
      if (at(n).primitive != Primitive::kMerge) continue;
      const auto& in = at(n).inputs;
      Variable v;
      v.merge = n;
      for (const Edge& e : in) {
        if (at(e.node).primitive == Primitive::kNextIteration) v.next = e.node;
        if (at(e.node).primitive == Primitive::kEnter) v.enter = e.node;
      }
      if (v.next < 0) continue;  // of a conditional
      if (in.size() != 2 || v.enter < 0 || frame(v.enter) != frame_now_) {
        invalid("node '", name(n), "' (", at(n).def.op,
                ") of a loop must have one input from Enter and one from NextIteration");
      }
      slot_[std::size_t(n)] = int(variables_.size());
      variables_.push_back(v);
    }
    for (const Variable& v : variables_) {
      const DType type = type_attr(at(v.merge).def, "T");
      types_of_variables_.push_back(type);
      for (Part* p : {&condition_, &body_}) library_.add_argument(p->scope, type);
    }
  }

  bool is_loop_switch(int n) {
    const ScopeNode& node = at(n);
    if (node.primitive != Primitive::kSwitch || frame(n) != frame_now_) return false;
    if (node.inputs.size() != 2) invalid("node '", name(n), "' (Switch) must have two inputs");
    return origin_[std::size_t(node.inputs[1].node)].node == loop_cond_;
  }

  /// What a value is at the beginning of an iteration: Switch nodes of the loop hand it on.
  Edge through(Edge e) {
    if (!is_loop_switch(e.node)) return e;
    if (e.port != 1) {
      invalid("a value of '", name(e.node), "' from after the loop is used within");
    }
    return alias_[std::size_t(e.node)];
  }

  /// The argument for a value from outside, the same in condition and body.
  int capture(Edge source, DType type) {
    if (type == DType::kInvalid) {
      invalid("the type of '", name(source.node), "', which a loop uses, is not known");
    }
    const auto [found, is_new] = captured_.emplace(key_of(source), int(captures_.size()));
    if (is_new) {
      captures_.push_back(source);
      types_of_captures_.push_back(type);
      for (Part* p : {&condition_, &body_}) library_.add_argument(p->scope, type);
    }
    return int(variables_.size()) + found->second;
  }

  /// `e`, an edge inside of the frame or into it, as an edge inside of `part`.
  Edge local(Part& part, Edge e) {
    e = through(e);
    const auto argument = [&](int k) { return Edge{part.scope.arguments[std::size_t(k)], 0}; };
    const ScopeNode& node = at(e.node);
    if (frame_of_outputs(e.node) != frame_now_) {
      return argument(capture(e, library_.output_type(node.def, e.port)));
    }
    if (node.primitive == Primitive::kMerge && slot_[std::size_t(e.node)] >= 0) {
      if (e.port != 0) invalid("the index of '", name(e.node), "' (Merge of a loop) is used");
      return argument(slot_[std::size_t(e.node)]);
    }
    if (node.primitive == Primitive::kEnter) {
      loop_.controls.insert(loop_.controls.end(), node.controls.begin(), node.controls.end());
      const DType type = type_attr(node.def, "T");
      if (node.ref_form || type == DType::kResource) {
        const int variable = variable_behind(scope_, node.inputs[0], variable_);
        if (variable >= 0) return Edge{stand_in_here(part, variable, node.inputs[0]), 0};
        if (node.ref_form) {
          invalid("node '", name(e.node),
                  "' (RefEnter) hands on a reference that is of no variable");
        }
      }
      return argument(capture(node.inputs[0], type));
    }
    if (node.primitive == Primitive::kNextIteration || node.primitive == Primitive::kExit) {
      invalid("the value of '", name(e.node), "' (", node.def.op, ") is used within its loop");
    }
    return Edge{copy(part, e.node), e.port, e.by_ref};
  }

  int stand_in_here(Part& part, int variable, const Edge& source) {
    loop_.refs.push_back({source.node, source.port, true});
    const auto [found, is_new] = part.local.emplace(variable, int(part.scope.nodes.size()));
    if (is_new) part.scope.add(stand_in(at(variable)));
    return found->second;
  }

  int copy(Part& part, int n) {
    const auto [found, is_new] = part.local.emplace(n, int(part.scope.nodes.size()));
    if (is_new) {
      ScopeNode made;
      made.position = at(n).position;
      made.primitive = at(n).primitive;
      made.ref_form = at(n).ref_form;
      part.scope.add(std::move(made));
      part.todo.push_back(n);
    }
    return found->second;
  }

  /// The node here that `control` of the frame stands for, -1 if there is nothing to wait for.
  int local_control(Part& part, int control) {
    const ScopeNode& node = at(control);
    if (frame_of_outputs(control) != frame_now_) {
      loop_.controls.push_back(control);
      return -1;
    }
    const bool argument = node.primitive == Primitive::kEnter ||
                          node.primitive == Primitive::kLoopCond ||
                          slot_[std::size_t(control)] >= 0 || is_loop_switch(control);
    return argument ? -1 : copy(part, control);
  }

  void finish(Part& part) {
    while (!part.todo.empty()) {
      const int n = part.todo.back();
      part.todo.pop_back();
      const int here = part.local.at(n);
      std::vector<Edge> inputs, refs;
      std::vector<int> controls;
      for (const Edge& e : at(n).inputs) inputs.push_back(local(part, e));
      for (const Edge& e : at(n).refs) {
        const int variable = variable_behind(scope_, e, variable_);
        if (variable >= 0) refs.push_back({stand_in_here(part, variable, e), 0, true});
      }
      for (const int c : at(n).controls) {
        const int control = local_control(part, c);
        if (control >= 0) controls.push_back(control);
      }
      ScopeNode& made = part.scope.nodes[std::size_t(here)];
      const bool last_use =
          &part == &body_ && at(n).primitive == Primitive::kNone && !condition_.local.contains(n);
      made.def = last_use ? std::move(at(n).def) : at(n).def;
      if (at(n).primitive == Primitive::kNextIteration || at(n).primitive == Primitive::kLoopCond) {
        made.primitive = Primitive::kNone;
        made.ref_form = false;
        become_identity(made.def, type_of_one(n));
      }
      made.inputs = std::move(inputs);
      made.refs = std::move(refs);
      made.controls = std::move(controls);
    }
  }

  AttrValue type_of_one(int n) {
    return at(n).primitive == Primitive::kLoopCond ? AttrValue(DType::kBool)
                                                   : AttrValue(type_attr(at(n).def, "T"));
  }

  static void become_identity(NodeDef& def, const AttrValue& type) {
    def.op = "Identity";
    def.attrs.clear();
    put_attr(def.attrs, "T", encode_attr(type));
  }

  void make_parts(const std::vector<int>& members) {
    condition_.scope.returns = {local(condition_, at(loop_cond_).inputs[0])};
    condition_.scope.return_types = {DType::kBool};
    for (const int c : at(loop_cond_).controls) wait_for(condition_, c);
    finish(condition_);
    for (const Variable& v : variables_) {
      // A NextIteration that waits for something stays as Identity.
      const Edge unchanged = unchanged_value(v);
      const Edge next = unchanged.node >= 0           ? unchanged
                        : at(v.next).controls.empty() ? at(v.next).inputs[0]
                                                      : Edge{-1, 0};
      body_.scope.returns.push_back(next.node >= 0 ? local(body_, next)
                                                   : Edge{copy(body_, v.next), 0});
      for (const int c : at(v.enter).controls) loop_.controls.push_back(c);
      for (const int c : at(v.merge).controls) {
        if (frame_of_outputs(c) != frame_now_) loop_.controls.push_back(c);
      }
    }
    for (const int n : members) {
      if (is_loop_switch(n)) {
        for (const int c : at(n).controls) wait_for(body_, c);
      }
    }
    finish(body_);
    body_.scope.return_types = types_of_variables_;
    for (std::size_t k = 0; k < captures_.size(); ++k) {
      const int argument = body_.scope.arguments[variables_.size() + k];
      body_.scope.returns.push_back({argument, 0});
      body_.scope.return_types.push_back(types_of_captures_[k]);
    }
    for (const auto& [n, here] : condition_.local) {
      if (body_.local.contains(n) && has_effects(at(n).def)) {
        invalid("node '", name(n), "' (", at(n).def.op,
                ") has effects, is part of the condition of a loop and used in its body");
      }
    }
  }

  void wait_for(Part& part, int control) {
    const int here = local_control(part, control);
    if (here >= 0) part.scope.must_run.push_back(here);
  }

  /// The variable's own Merge if an iteration leaves it as it is.
  Edge unchanged_value(const Variable& v) {
    if (!at(v.next).controls.empty()) return {};
    const Edge& from = at(v.next).inputs[0];
    const Edge origin = from.port == 0 ? origin_[std::size_t(from.node)] : from;
    if (!is_loop_switch(origin.node) || origin.port != 1) return {};
    const Edge value = alias_[std::size_t(origin.node)];
    return value.node == v.merge ? value : Edge{};
  }

  int make_node_of_loop() {
    const std::string scope = scope_of(name(loop_cond_));
    const std::string made = library_.free_node_name(scope + "While");
    loop_.def = make_node("While", made);
    loop_.position = at(loop_cond_).position;
    std::vector<DType> types = types_of_variables_;
    types.insert(types.end(), types_of_captures_.begin(), types_of_captures_.end());
    put_attr(loop_.def.attrs, "T", encode_attr(AttrValue(types)));
    for (const Variable& v : variables_) loop_.inputs.push_back(at(v.enter).inputs[0]);
    loop_.inputs.insert(loop_.inputs.end(), captures_.begin(), captures_.end());
    if (!variables_.empty()) {
      const std::string* parallel =
          find_attr(at(variables_[0].enter).def.attrs, "parallel_iterations");
      if (parallel != nullptr) put_attr(loop_.def.attrs, "parallel_iterations", *parallel);
    }
    for (const auto& [attr, part] : {std::pair("cond", &condition_), std::pair("body", &body_)}) {
      raise_conditionals(part->scope, library_);
      const std::string function = library_.free_function_name(made + "_" + attr);
      library_.add(take_function(part->scope, function, true));
      put_attr(loop_.def.attrs, attr, encode_function(function));
    }
    types_of_variables_.clear();
    types_of_captures_.clear();
    return scope_.add(std::move(loop_));
  }

  void place(int n, int f) {
    frame_.resize(scope_.nodes.size());
    slot_.resize(scope_.nodes.size(), -1);
    alias_.resize(scope_.nodes.size());
    for (int k = int(origin_.size()); k < int(scope_.nodes.size()); ++k) {
      origin_.push_back({k, 0, false});
    }
    frame(n) = f;
    frames_[std::size_t(f)].nodes.push_back(n);
  }

  // ---- what comes out of a loop ----

  /// Exit nodes become Identity nodes behind the loop, and so does what stands between the last
  /// Switch and them.
  void make_exits(const std::vector<int>& members, int loop) {
    const int outer = frames_[std::size_t(frame_now_)].outer;
    std::vector<int> stack;
    for (const int n : members) {
      if (at(n).primitive == Primitive::kExit) stack.push_back(n);
    }
    std::vector<int> lifted = stack;
    for (const int n : stack) frame(n) = outer;
    while (!stack.empty()) {
      const int n = stack.back();
      stack.pop_back();
      for (Edge& e : at(n).inputs) e = behind(e, n, loop, outer, stack, lifted);
      std::vector<int> controls;
      for (const int c : at(n).controls) {
        if (frame_of_outputs(c) != frame_now_) controls.push_back(c);
      }
      controls.push_back(loop);
      at(n).controls = std::move(controls);
    }
    for (const int n : lifted) {
      if (at(n).primitive == Primitive::kExit) {
        const AttrValue type(type_attr(at(n).def, "T"));
        at(n).primitive = Primitive::kNone;
        at(n).ref_form = false;
        become_identity(at(n).def, type);
      }
      // The value itself is wait enough.
      for (const Edge& e : at(n).inputs) {
        if (e.node == loop) std::erase(at(n).controls, loop);
      }
    }
    // Inputs come first: what was found last stands in front.
    for (auto n = lifted.rbegin(); n != lifted.rend(); ++n) {
      frames_[std::size_t(outer)].nodes.push_back(*n);
    }
  }

  Edge behind(Edge e, int reader, int loop, int outer, std::vector<int>& stack,
              std::vector<int>& lifted) {
    if (frame_of_outputs(e.node) != frame_now_) return e;
    const ScopeNode& node = at(e.node);
    if (is_loop_switch(e.node)) {
      const Edge value = e.port == 0 ? alias_[std::size_t(e.node)] : Edge{};
      if (value.node >= 0 && slot_[std::size_t(value.node)] >= 0) {
        return {loop, slot_[std::size_t(value.node)]};
      }
      if (value.node >= 0 && at(value.node).primitive == Primitive::kEnter) {
        return at(value.node).inputs[0];
      }
    } else if (node.primitive == Primitive::kEnter) {
      return node.inputs[0];
    } else if (node.primitive == Primitive::kNone) {
      frame(e.node) = outer;
      stack.push_back(e.node);
      lifted.push_back(e.node);
      return e;
    }
    invalid("node '", name(reader), "' leaves a loop with a value of '", name(e.node), "' (",
            node.def.op, ") that is not one of after the last iteration");
  }

  Scope& scope_;
  Library& library_;
  std::vector<int> order_, frame_;
  std::vector<Edge> origin_;
  std::vector<Frame> frames_;
  std::vector<int> variable_;  ///< answers of variable_behind
  // Of the frame that is being raised, by node of the scope:
  std::vector<int> slot_;    ///< Merge -> variable
  std::vector<Edge> alias_;  ///< Switch of the loop -> what it hands on
  // ... and as a whole:
  int frame_now_ = 0, loop_cond_ = -1;
  std::vector<Variable> variables_;
  std::unordered_map<std::uint64_t, int> captured_;
  std::vector<Edge> captures_;
  std::vector<DType> types_of_variables_, types_of_captures_;
  Part condition_, body_;
  ScopeNode loop_;
};

}  // namespace

void raise_loops(Scope& scope, Library& library) { LoopRaiser(scope, library).run(); }

}  // namespace caudal::raising
