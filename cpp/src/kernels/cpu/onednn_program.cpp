// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/onednn_program.h"

#include <omp.h>

#include "base/parallel_for.h"

namespace caudal::cpu {

const dnnl::engine& dnnl_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

void rethrow_dnnl(const dnnl::error& e, std::string_view what) {
  const bool memory = e.status == dnnl_out_of_memory;
  fail(memory ? Code::kResourceExhausted : Code::kUnimplemented, what, ": oneDNN says \"", e.what(),
       "\"");
}

ThreadScope::ThreadScope(bool serial) : before_(omp_get_max_threads()) {
  const int wanted = serial ? 1 : loop_threads();
  if (wanted == before_) {
    before_ = 0;
  } else {
    omp_set_num_threads(wanted);
  }
}

ThreadScope::~ThreadScope() {
  if (before_ != 0) omp_set_num_threads(before_);
}

struct Program::State {
  dnnl::stream stream{dnnl_engine()};
  std::vector<dnnl::memory> memories;      // of all steps, one after the other
  std::vector<dnnl_exec_arg_t> arguments;  // parallel to memories
};

Program::State* Program::make_state() const {
  auto state = std::make_unique<State>();
  for (const Step& step : steps_) {
    for (const Argument& a : step.args) {
      state->memories.emplace_back(a.desc, dnnl_engine(), nullptr);
      state->arguments.push_back({a.name, state->memories.back().get()});
    }
  }
  return state.release();
}

Program::~Program() { delete spare_.load(); }

Program::Place Program::reserve(const DnnlDesc& desc) {
  const Place place{Place::kWorkspace, workspace_};
  workspace_ += (desc.get_size() + 63) / 64 * 64;
  return place;
}

void Program::step(dnnl::primitive primitive, std::vector<Argument> args) {
  steps_.push_back({std::move(primitive), std::move(args)});
}

Program::Place Program::reordered(Place place, const DnnlDesc& have, const DnnlDesc& want) {
  if (have == want) return place;
  const Place there = reserve(want);
  deliver(place, have, there, want);
  return there;
}

void Program::deliver(Place from, const DnnlDesc& have, Place place, const DnnlDesc& want) {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::reorder::primitive_desc desc(dnnl_engine(), have, dnnl_engine(), want, attr);
  step(dnnl::reorder(desc), desc, {{DNNL_ARG_FROM, have, from}, {DNNL_ARG_TO, want, place}});
}

void Program::run(void* const* in, void* const* out, void* workspace) const {
  std::unique_ptr<State> state(spare_.exchange(nullptr, std::memory_order_acquire));
  if (!state) state.reset(make_state());
  const ThreadScope threads(serial_);
  std::size_t k = 0;
  for (const Step& step : steps_) {
    const std::size_t first = k;
    for (const Argument& a : step.args) {
      void* p = a.place.kind == Place::kInput ? static_cast<char*>(in[a.place.at]) + a.place.offset
                : a.place.kind == Place::kOutput ? out[a.place.at]
                                                 : static_cast<char*>(workspace) + a.place.at;
      dnnl_memory_set_data_handle(state->arguments[k++].memory, p);
    }
    const dnnl_status_t status =
        dnnl_primitive_execute(step.primitive.get(), state->stream.get(), int(step.args.size()),
                               state->arguments.data() + first);
    if (status != dnnl_success) fail(Code::kInternal, "oneDNN could not run, status ", int(status));
  }
  State* expected = nullptr;
  if (spare_.compare_exchange_strong(expected, state.get(), std::memory_order_release)) {
    state.release();
  }
}

void run_program(const void* params, void* const* in, void* const* out, void* workspace,
                 RunContext&) {
  static_cast<const Program*>(params)->run(in, out, workspace);
}

Prepared prepared(std::shared_ptr<Program> program) {
  Prepared p;
  p.run = run_program;
  p.workspace = program->workspace();
  p.params = std::move(program);
  return p;
}

int epilogue_bias(const KernelRequest& request) {
  if (request.epilogue.empty() || request.epilogue[0].input_index < 0) return -1;
  return request.epilogue[0].input_index;
}

dnnl::primitive_attr epilogue_attr(const KernelRequest& request) {
  struct Known {
    std::string_view op;
    dnnl::algorithm algorithm;
    float alpha, beta;
  };
  static constexpr float kSeluScale = 1.0507009873554804934193349852946f;
  static constexpr float kSeluAlpha = 1.6732632423543772848170429916717f;
  static const Known known[] = {
      {"Relu", dnnl::algorithm::eltwise_relu, 0, 0},
      {"Relu6", dnnl::algorithm::eltwise_clip, 0, 6},
      {"Sigmoid", dnnl::algorithm::eltwise_logistic, 0, 0},
      {"Tanh", dnnl::algorithm::eltwise_tanh, 0, 0},
      {"Elu", dnnl::algorithm::eltwise_elu, 1, 0},
      {"Softplus", dnnl::algorithm::eltwise_soft_relu, 1, 0},
      {"Exp", dnnl::algorithm::eltwise_exp, 0, 0},
      {"Abs", dnnl::algorithm::eltwise_abs, 0, 0},
      {"Square", dnnl::algorithm::eltwise_square, 0, 0},
      {"Sqrt", dnnl::algorithm::eltwise_sqrt, 0, 0},
      {"Neg", dnnl::algorithm::eltwise_linear, -1, 0},
  };
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops post;
  for (std::size_t i = 0; i < request.epilogue.size(); ++i) {
    const Epilogue& e = request.epilogue[i];
    const std::string_view op = e.op;
    if (e.input_index >= 0) {
      if (i != 0) fail(Code::kUnimplemented, "a bias must come before the activations");
      continue;
    }
    if (op == "LeakyRelu") {
      post.append_eltwise(dnnl::algorithm::eltwise_relu, e.attrs->f("alpha"), 0);
      continue;
    }
    if (op == "Selu") {
      post.append_eltwise(dnnl::algorithm::eltwise_elu, kSeluAlpha, 0);
      post.append_eltwise(dnnl::algorithm::eltwise_linear, kSeluScale, 0);
      continue;
    }
    bool found = false;
    for (const Known& k : known) {
      if (k.op != op) continue;
      post.append_eltwise(k.algorithm, k.alpha, k.beta);
      found = true;
      break;
    }
    if (!found) fail(Code::kUnimplemented, "no fused activation ", op);
  }
  attr.set_post_ops(post);
  return attr;
}

}  // namespace caudal::cpu
