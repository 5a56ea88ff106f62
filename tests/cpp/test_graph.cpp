// SPDX-License-Identifier: Apache-2.0
#include "caudal/gradients.h"
#include "caudal/graph.h"
#include "caudal/op_def.h"
#include "testing.h"

using namespace caudal;

TEST(names_are_unique_without_regard_to_case) {
  Graph graph;
  const Builder b(graph);
  CHECK_EQ(b.scalar(1.0f, "a").node->name(), "a");
  CHECK_EQ(b.scalar(1.0f, "a").node->name(), "a_1");
  CHECK_EQ(b.scalar(1.0f, "A").node->name(), "A_2");
  CHECK_EQ(b.with_scope("s").scalar(1.0f, "a").node->name(), "s/a");
  CHECK(graph.find("a_1") != nullptr);
  CHECK(graph.find("missing") == nullptr);
}

TEST(shapes_and_dtypes_are_inferred) {
  Graph graph;
  const Builder b(graph);
  const Output x = b("Placeholder", {}, {{"dtype", DType::kFloat}, {"shape", PartialShape{-1, 3}}});
  const Output w = b.constant(Tensor::of<float>({1, 2, 3, 4, 5, 6}, {3, 2}));
  const Output y = b("MatMul", {x, w});
  CHECK(y.dtype() == DType::kFloat);
  CHECK_EQ(y.shape(), PartialShape({-1, 2}));
}

TEST(a_failed_add_leaves_the_graph_alone) {
  Graph graph;
  const Builder b(graph);
  const Output a = b.constant(Tensor::of<float>({1, 2}, {2, 1}));
  const Output d = b.scalar(1.0);
  const int before = graph.num_nodes();
  CHECK(!ERROR_OF(b("MatMul", {a, a})).empty());
  CHECK(!ERROR_OF(b("Mul", {a, d})).empty());
  CHECK(!ERROR_OF(b("NoSuchOp", {a})).empty());
  CHECK(!ERROR_OF(b("Mul", {a})).empty());
  CHECK(!ERROR_OF(b("MatMul", {a, a}, {{"no_such_attr", 1}})).empty());
  CHECK_EQ(graph.num_nodes(), before);
  CHECK_EQ(b("Mul", {a, a}).node->name(), "Mul");
}

TEST(cycles_are_refused) {
  Graph graph;
  const Builder b(graph);
  const Output a = b.scalar(1.0f), c = b("Neg", {a}), d = b("Neg", {c});
  graph.add_control_input(d.node, a.node);
  CHECK(!ERROR_OF(graph.add_control_input(a.node, d.node)).empty());
}

TEST(gradients_are_graphs) {
  Graph graph;
  const Builder b(graph);
  const AttrList attrs = {{"dtype", DType::kDouble}, {"shape", PartialShape{3}}};
  const Output x = b("Placeholder", {}, attrs), y = b("Placeholder", {}, attrs);
  const auto first = gradients(graph, {b("Mul", {x, b("Sin", {x})})}, {x, y});
  CHECK(!first[0].none());
  CHECK(first[1].none());
  CHECK_EQ(first[0].values.shape(), PartialShape({3}));
  const auto second = gradients(graph, {first[0].values}, {x});
  CHECK(!second[0].none());
  CHECK(first[0].values.node->name().starts_with("gradients/"));
}

TEST(signatures_parse) {
  for (const OpDef* def : all_ops()) {
    CHECK(!def->name.empty());
    CHECK(find_op(def->name) == def);
    CHECK(def->shape != nullptr);
  }
  const auto parse = [](const char* text) { parse_op_row({"Broken", text, nullptr, nullptr}); };
  for (const char* text :
       {"", "x", "x:T", "x:T -> ; ", "-> y:T; T:type{", "-> y:float; a:nothing=1", "x:N*T -> y:T",
        "x:float -> y:float; a:int=x", ";;;", "->"}) {
    ERROR_OF(parse(text); invalid("parsed"));  // either refuses or accepts; never crashes
  }
}
