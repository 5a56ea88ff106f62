// SPDX-License-Identifier: Apache-2.0
// Trains XOR with two layers in C++: builds the graph, differentiates it, runs a session.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "caudal/error.h"
#include "caudal/gradients.h"
#include "caudal/graph.h"
#include "caudal/session.h"

using caudal::AttrList;
using caudal::Builder;
using caudal::DType;
using caudal::Output;
using caudal::Shape;
using caudal::Tensor;

namespace {

/// A variable and the node that gives it its first value.
struct Variable {
  Output ref;
  caudal::Node* initializer;
};

Variable variable(const Builder& b, const std::string& name, const Tensor& start) {
  const AttrList attrs = {{"shape", caudal::PartialShape(start.shape())}, {"dtype", start.dtype()}};
  const Output ref = b("VariableV2", {}, attrs, name);
  return {ref, b.node("Assign", {ref, b.constant(start)}, {}, name + "/Assign")};
}

int train() {
  caudal::Graph graph;
  const Builder b(graph);
  const AttrList float_attr = {{"dtype", DType::kFloat}};

  const Output x = b("Placeholder", {}, float_attr, "x");
  const Output y = b("Placeholder", {}, float_attr, "y");
  const std::vector<Variable> variables = {
      variable(b, "w1",
               Tensor::of<float>({0.8f, -1.1f, 0.6f, 0.9f, -0.7f, 1.2f, 0.5f, -0.9f}, {2, 4})),
      variable(b, "b1", Tensor::of<float>({0.1f, -0.1f, 0.2f, -0.2f}, {4})),
      variable(b, "w2", Tensor::of<float>({0.7f, -0.6f, 0.9f, -0.8f}, {4, 1})),
      variable(b, "b2", Tensor::of<float>({0.0f}, {1})),
  };
  const Output hidden =
      b("Tanh", {b("Add", {b("MatMul", {x, variables[0].ref}), variables[1].ref})});
  const Output output =
      b("Sigmoid", {b("Add", {b("MatMul", {hidden, variables[2].ref}), variables[3].ref})});
  const Output loss = b("Mean", {b("SquaredDifference", {output, y}), b.ints({0, 1})}, {}, "loss");

  std::vector<Output> refs;
  std::vector<caudal::Node*> initializers, steps;
  for (const Variable& v : variables) {
    refs.push_back(v.ref);
    initializers.push_back(v.initializer);
  }
  const std::vector<caudal::Grad> grads = caudal::gradients(graph, {loss}, refs);
  for (std::size_t i = 0; i < refs.size(); ++i) {
    steps.push_back(
        b.node("ApplyGradientDescent", {refs[i], b.scalar(1.0f, "rate"), grads[i].values}));
  }

  const Tensor xs = Tensor::of<float>({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const Tensor ys = Tensor::of<float>({0, 1, 1, 0}, {4, 1});
  const std::vector<std::pair<Output, Tensor>> feeds = {{x, xs}, {y, ys}};

  caudal::Session session(graph);
  session.run({}, {}, initializers);
  for (int step = 0; step <= 3000; ++step) {
    const std::vector<Tensor> out = session.run(feeds, {loss}, steps);
    if (step % 500 == 0) std::printf("step %4d  loss %.5f\n", step, out[0].data<float>()[0]);
  }
  const Tensor result = session.run({{x, xs}}, {output})[0];
  bool learnt = true;
  for (int i = 0; i < 4; ++i) {
    const float* in = xs.data<float>() + 2 * i;
    const float value = result.data<float>()[i];
    std::printf("%.0f xor %.0f = %.3f\n", in[0], in[1], value);
    learnt = learnt && (value > 0.5f) == (ys.data<float>()[i] > 0.5f);
  }
  return learnt ? 0 : 1;
}

}  // namespace

int main() {
  try {
    return train();
  } catch (const caudal::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
