// SPDX-License-Identifier: Apache-2.0
#include "caudal/session.h"

#include <atomic>
#include <thread>

#include "caudal/gradients.h"
#include "testing.h"

using namespace caudal;

namespace {

Output placeholder(const Builder& b, const char* name, DType dtype = DType::kFloat) {
  return b("Placeholder", {}, {{"dtype", dtype}}, name);
}

}  // namespace

TEST(a_session_computes) {
  Graph graph;
  const Builder b(graph);
  const Output x = placeholder(b, "x"), y = b("MatMul", {x, x});
  Session session(graph);
  for (int n : {1, 2, 5, 2}) {
    const std::vector<float> ones(std::size_t(n) * n, 1.0f);
    const Tensor out = session.run({{x, Tensor::of<float>(ones, {n, n})}}, {y})[0];
    CHECK_EQ(out.shape(), Shape({n, n}));
    CHECK_EQ(out.data<float>()[0], float(n));
  }
  CHECK(session.plans_built() <= 4);
}

TEST(missing_and_wrong_feeds_are_errors) {
  Graph graph, other;
  const Builder b(graph);
  const Output x = placeholder(b, "x"), y = b("Neg", {x});
  Session session(graph);
  CHECK(ERROR_OF(session.run({}, {y})).find("x") != std::string::npos);
  CHECK(!ERROR_OF(session.run({{x, Tensor::scalar(1.0)}}, {y})).empty());
  CHECK(!ERROR_OF(session.run({}, {Builder(other).scalar(1.0f)})).empty());
  session.close();
  CHECK(!ERROR_OF(session.run({{x, Tensor::scalar(1.0f)}}, {y})).empty());
  CHECK(session.closed());
}

TEST(variables_live_in_the_session) {
  Graph graph;
  const Builder b(graph);
  const Output v = b("VariableV2", {}, {{"dtype", DType::kFloat}, {"shape", PartialShape{2}}}, "v");
  Node* init = b.node("Assign", {v, b.constant(Tensor::vector<float>({1, 2}))});
  Node* add = b.node("AssignAdd", {v, b.constant(Tensor::vector<float>({10, 20}))});
  const Output read = b("Identity", {v});
  Session first(graph), second(graph);
  CHECK(!ERROR_OF(first.run({}, {read})).empty());
  first.run({}, {}, {init});
  first.run({}, {}, {add});
  second.run({}, {}, {init});
  CHECK_EQ(first.run({}, {read})[0].data<float>()[1], 22.0f);
  CHECK_EQ(second.run({}, {read})[0].data<float>()[1], 2.0f);
}

TEST(sessions_run_from_many_threads) {
  Graph graph;
  const Builder b(graph);
  const Output x = placeholder(b, "x");
  Output y = x;
  for (int i = 0; i < 5; ++i) y = b("Tanh", {b("Add", {y, x})});
  Session session(graph);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::vector<float> values(std::size_t(100 + t), float(t));
      const Tensor feed = Tensor::vector(values);
      const Tensor expected = session.run({{x, feed}}, {y})[0];
      for (int i = 0; i < 50; ++i) {
        const Tensor out = session.run({{x, feed}}, {y})[0];
        if (std::memcmp(out.raw(), expected.raw(), out.num_bytes()) != 0) ++wrong;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK_EQ(wrong.load(), 0);
}

TEST(a_line_is_learnt) {
  Graph graph;
  const Builder b(graph);
  const Output x = placeholder(b, "x"), y = placeholder(b, "y");
  const Output w =
      b("VariableV2", {}, {{"dtype", DType::kFloat}, {"shape", PartialShape::scalar()}});
  Node* init = b.node("Assign", {w, b.scalar(0.0f)});
  const Output loss = b("Mean", {b("SquaredDifference", {b("Mul", {x, w}), y}), b.ints({0})});
  const Grad grad = gradients(graph, {loss}, {w})[0];
  Node* step = b.node("ApplyGradientDescent", {w, b.scalar(0.05f), grad.values});
  Session session(graph);
  session.run({}, {}, {init});
  const std::vector<std::pair<Output, Tensor>> feeds = {{x, Tensor::vector<float>({1, 2, 3})},
                                                        {y, Tensor::vector<float>({2, 4, 6})}};
  for (int i = 0; i < 100; ++i) session.run(feeds, {}, {step});
  const float learnt = session.run({}, {b("Identity", {w})})[0].data<float>()[0];
  CHECK(learnt > 1.99f && learnt < 2.01f);
}

TEST(run_time_errors_have_codes) {
  Graph graph;
  const Builder b(graph);
  const Output x = placeholder(b, "x", DType::kInt32);
  const Output y = b("FloorDiv", {x, b.scalar<std::int32_t>(0)}, {}, "quotient");
  Session session(graph);
  try {
    session.run({{x, Tensor::scalar<std::int32_t>(1)}}, {y});
    CHECK(false);
  } catch (const Error& e) {
    CHECK(e.code() == Code::kInvalidArgument);
    CHECK(e.message().find("ivision by zero") != std::string::npos);
    CHECK_EQ(e.node_name(), "quotient");
  }
}
