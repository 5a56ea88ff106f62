// SPDX-License-Identifier: Apache-2.0
// sources: graph/raise_control_flow.cpp graph/raise_loops.cpp graph/raise_paths.cpp
// sources: graph/raise_stages.cpp graph/raise_branches.cpp graph/raise_functions.cpp
// sources: graph/graph_def.cpp graph/attr_wire.cpp tensor/tensor_proto.cpp
#include <algorithm>
#include <random>

#include "graph/raise_control_flow.h"
#include "testing.h"

using namespace caudal;

namespace {

std::string number(std::string name, int k) { return name + std::to_string(k); }

void add(GraphDef& g, std::string op, std::string name, std::vector<std::string> inputs,
         std::string frame = "") {
  NodeDef node;
  node.op = std::move(op);
  node.name = std::move(name);
  node.inputs = std::move(inputs);
  put_attr(node.attrs, "T", encode_attr(AttrValue(DType::kFloat)));
  if (!frame.empty()) put_attr(node.attrs, "frame_name", encode_attr(AttrValue(frame)));
  g.nodes.push_back(std::move(node));
}

/// A conditional of `value` under predicate "p": Exp in one branch, Sin in the other.
void add_conditional(GraphDef& g, int k, const std::string& value) {
  const std::string s = number("s", k), a = number("a", k), b = number("b", k);
  add(g, "Switch", s, {value, "p"});
  add(g, "Exp", a, {s});
  add(g, "Sin", b, {s + ":1"});
  add(g, "Merge", number("m", k), {a, b});
}

GraphDef start() {
  GraphDef g;
  add(g, "Placeholder", "x", {});
  add(g, "Placeholder", "p", {});
  return g;
}

int count(const GraphDef& g, std::string_view op) {
  return int(
      std::count_if(g.nodes.begin(), g.nodes.end(), [&](const NodeDef& n) { return n.op == op; }));
}

const NodeDef& find(const GraphDef& g, std::string_view name) {
  return *std::find_if(g.nodes.begin(), g.nodes.end(),
                       [&](const NodeDef& n) { return n.name == name; });
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST(a_conditional_becomes_an_if) {
  GraphDef g = start();
  add_conditional(g, 0, "x");
  raise_control_flow(g);
  CHECK_EQ(g.nodes.size(), std::size_t(4));
  CHECK_EQ(g.functions.size(), std::size_t(2));
  CHECK_EQ(find(g, "m0").op, "Identity");
  CHECK_EQ(find(g, "If").inputs.size(), std::size_t(2));
}

TEST(conditionals_that_need_each_other_stay_apart) {
  GraphDef g = start();
  std::string value = "x";
  for (int k = 0; k < 2000; ++k) {
    add_conditional(g, k, value);
    value = number("m", k);
  }
  raise_control_flow(g);
  CHECK_EQ(count(g, "If"), 2000);
  CHECK_EQ(g.functions.size(), std::size_t(4000));
}

TEST(a_value_of_a_branch_is_handed_to_a_later_conditional) {
  // m1 needs m0, and its branch a value of the same branch of the first one.
  GraphDef g = start();
  add_conditional(g, 0, "x");
  add(g, "Switch", "t", {"m0", "p"});
  add(g, "Mul", "u", {"t:1", "b0"});
  add(g, "Merge", "m1", {"t", "u"});
  raise_control_flow(g);
  CHECK_EQ(count(g, "If"), 2);
  CHECK_EQ(find(g, "If_1").inputs.size() + find(g, "If").inputs.size(), std::size_t(5));
}

TEST(a_loop_becomes_a_while) {
  GraphDef g = start();
  add(g, "Enter", "e", {"x"}, "f");
  add(g, "Enter", "limit", {"x"}, "f");
  add(g, "Merge", "m", {"e", "n"});
  add(g, "Less", "l", {"m", "limit"});
  add(g, "LoopCond", "c", {"l"});
  add(g, "Switch", "s", {"m", "c"});
  add(g, "Exp", "b", {"s:1"});
  add(g, "NextIteration", "n", {"b"});
  add(g, "Exit", "out", {"s"});
  raise_control_flow(g);
  CHECK_EQ(find(g, "While").inputs.size(), std::size_t(2));
  CHECK_EQ(find(g, "out").op, "Identity");
  CHECK_EQ(g.functions.size(), std::size_t(2));
  CHECK_EQ(count(g, "Enter") + count(g, "Merge") + count(g, "Switch"), 0);
}

TEST(what_nests_too_deeply_is_refused) {
  GraphDef conditionals = start();
  std::string value = "x";
  for (int k = 0; k < 20000; ++k) {
    add(conditionals, "Placeholder", number("p", k), {});
    add(conditionals, "Switch", number("s", k), {value, number("p", k)});
    value = number("s", k) + ":1";
  }
  CHECK(contains(ERROR_OF(raise_control_flow(conditionals);), "nested too deeply"));
  GraphDef loops = start();
  value = "x";
  for (int k = 0; k < 20000; ++k) {
    add(loops, "Enter", number("e", k), {value}, number("f", k));
    value = number("e", k);
  }
  CHECK(contains(ERROR_OF(raise_control_flow(loops);), "nested too deeply"));
}

TEST(branches_that_cross_are_bounded) {
  GraphDef g = start();
  for (int k = 0; k < 100; ++k) {
    add(g, "Placeholder", number("p", k), {});
    add(g, "Switch", number("s", k), {"x", number("p", k)});
  }
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::string> inputs;
    for (int k = 0; k < 60; ++k) inputs.push_back(number("s", int(random() % 100)) + ":1");
    add(g, "AddN", number("n", i), inputs);
  }
  CHECK(contains(ERROR_OF(raise_control_flow(g);), "cross each other"));
}
