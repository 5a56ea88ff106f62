// SPDX-License-Identifier: Apache-2.0
// Runs If and While: their subgraphs are programs of their own, planned and cached like any other.
#include "graph/subgraphs.h"

#include "caudal/error.h"
#include "runtime/runtime.h"
#include "tensor/tape.h"

namespace caudal {
namespace {

Program& program_of(Run& run, Subgraph& subgraph, bool with_saved) {
  const std::size_t saved = with_saved ? subgraph.saved.size() : 0;
  std::lock_guard lock(run.runtime.programs_mutex);
  auto& slot = run.runtime.subprograms[{&subgraph, saved * 2 + (with_saved ? 1 : 0)}];
  if (!slot) {
    slot = std::make_unique<Program>();
    slot->graph = subgraph.graph.get();
    slot->feeds = subgraph.inputs;
    slot->fetches = subgraph.outputs;
    slot->targets = subgraph.targets;
    if (with_saved)
      slot->fetches.insert(slot->fetches.end(), subgraph.saved.begin(), subgraph.saved.end());
    resolve(*slot);
  }
  return *slot;
}

/// Runs a subgraph; returns its outputs, and appends the saved values to the tape.
std::vector<Tensor> call(Run& run, Subgraph& subgraph, const std::vector<Tensor>& inputs,
                         Tape* tape) {
  if (inputs.size() < subgraph.inputs.size()) {
    fail(Code::kInternal, subgraph.name, " takes ", subgraph.inputs.size(), " inputs, got ",
         inputs.size());
  }
  Program& program = program_of(run, subgraph, tape != nullptr);
  std::vector<Tensor> values(inputs.begin(), inputs.begin() + long(subgraph.inputs.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].dtype() != subgraph.inputs[i].dtype())
      fail(Code::kInternal, "wrong dtype into ", subgraph.name);
  }
  run_program(run, program, values);
  std::vector<Tensor> out;
  const std::size_t n = subgraph.outputs.size();
  for (std::size_t i = 0; i < n; ++i) out.push_back(values[std::size_t(program.fetch_values[i])]);
  if (tape != nullptr) {
    std::vector<Tensor> entry;
    for (std::size_t i = n; i < program.fetch_values.size(); ++i) {
      entry.push_back(kept(values[std::size_t(program.fetch_values[i])]));
    }
    tape->entries.push_back(std::move(entry));
  }
  return out;
}

}  // namespace

bool truth(const Tensor& t) {
  const std::int64_t n = t.num_elements();
  if (t.shape().rank() > 0 && t.dtype() == DType::kBool) {
    invalid("The second input must be a scalar, but it has shape ", t.shape());
  }
  if (t.shape().rank() > 0) return n > 0;
  switch (t.dtype()) {
    case DType::kBool:
      return *t.data<bool>();
    case DType::kFloat:
      return *t.data<float>() != 0;
    case DType::kDouble:
      return *t.data<double>() != 0;
    case DType::kInt32:
      return *t.data<std::int32_t>() != 0;
    case DType::kInt64:
      return *t.data<std::int64_t>() != 0;
    case DType::kUint8:
      return *t.data<std::uint8_t>() != 0;
    case DType::kString:
      return !t.data<std::string>()->empty();
    default:
      invalid("a ", t.dtype(), " cannot be a condition");
  }
}

void run_control(Run& run, const Node& node, std::vector<Tensor> inputs,
                 std::vector<Tensor>& outputs) {
  const auto graphs = subgraphs(node);
  const std::size_t plain = std::size_t(node.num_outputs()) - (has_tape(node) ? 1 : 0);
  auto tape = outputs.size() > plain ? std::make_shared<Tape>() : nullptr;
  std::vector<Tensor> results;
  if (is_loop(node)) {
    Subgraph &condition = *graphs[0], &body = *graphs[1];
    const std::int64_t limit =
        node.attrs().find("_maximum_iterations") ? node.attrs().i("_maximum_iterations") : -1;
    for (std::int64_t iteration = 0; limit < 0 || iteration < limit; ++iteration) {
      run.check();
      const auto go_on = call(run, condition, inputs, nullptr);
      if (!truth(go_on.at(0))) break;
      auto next = call(run, body, inputs, tape.get());
      if (next.size() > inputs.size())
        fail(Code::kInternal, "the body has more outputs than inputs");
      for (std::size_t i = 0; i < next.size(); ++i) {
        const PartialShape& invariant = body.inputs[i].shape();
        if (!invariant.compatible_with(next[i].shape())) {
          invalid("loop variable ", i, " has shape ", next[i].shape(),
                  " after an iteration, its invariant is ", invariant);
        }
        inputs[i] = std::move(next[i]);
      }
    }
    results = std::move(inputs);
  } else {
    Subgraph& taken = truth(inputs.at(0)) ? *graphs[0] : *graphs[1];
    inputs.erase(inputs.begin());
    results = call(run, taken, inputs, tape.get());
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    outputs[i] = i < plain ? std::move(results.at(i)) : object_tensor(DType::kVariant, tape);
  }
}

}  // namespace caudal
