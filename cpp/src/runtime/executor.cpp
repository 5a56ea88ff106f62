// SPDX-License-Identifier: Apache-2.0
// Runs the steps of a segment with bound pointers.
#include <condition_variable>
#include <cstring>

#include "base/parallel_for.h"
#include "caudal/error.h"
#include "runtime/runtime.h"
#include "tensor/allocator.h"

namespace caudal {
namespace {

constexpr int kStepsBetweenChecks = 64;

std::unique_ptr<RunState> make_state(const Segment& segment) {
  auto state = std::make_unique<RunState>();
  for (const std::size_t bytes : segment.arena_bytes) state->arenas.push_back(allocate(bytes));
  state->arguments = segment.arguments;
  for (const auto& p : segment.arena_patches) {
    state->arguments[std::size_t(p.argument)] =
        static_cast<char*>(state->arenas[std::size_t(p.device)].get()) + p.offset;
  }
  return state;
}

/// A RunState taken from the segment's idle ones, given back at the end.
class Lease {
 public:
  explicit Lease(Segment& segment) : segment_(segment) {
    {
      std::lock_guard lock(segment.mutex);
      if (!segment.idle.empty()) {
        state_ = std::move(segment.idle.back());
        segment.idle.pop_back();
      }
    }
    if (!state_) state_ = make_state(segment);
  }
  ~Lease() {
    std::lock_guard lock(segment_.mutex);
    segment_.idle.push_back(std::move(state_));
  }
  RunState& operator*() { return *state_; }

 private:
  Segment& segment_;
  std::unique_ptr<RunState> state_;
};

Tensor tensor_of(const ValueDesc& d, const RunState& state, const std::vector<Tensor>& values) {
  if (d.value >= 0) {
    const Tensor& t = values[std::size_t(d.value)];
    return Tensor(t.dtype(), d.shape, t.raw(), t.owner());
  }
  return Tensor(d.dtype, d.shape, state.arguments[std::size_t(d.argument)], nullptr);
}

/// Steps of one device, in order.
class Loop {
 public:
  Loop(Run& run, Segment& segment, RunState& state, std::vector<Tensor>& values,
       std::vector<std::atomic<int>>* done)
      : run_(run), segment_(segment), state_(state), values_(values), done_(done) {}

  void operator()(int device) {
    const Step* step = nullptr;
    RunContext context = run_.context;
    const bool trace = run_.metadata != nullptr;
    int until_check = kStepsBetweenChecks;
    try {
      for (const Step& s : segment_.steps) {
        if (done_ != nullptr && s.device != device) continue;
        step = &s;
        if (--until_check == 0) {
          until_check = kStepsBetweenChecks;
          if (device == 0) run_.check();
        }
        if (s.num_waits > 0) wait(s);
        if (trace) {
          timed(s, context);
        } else {
          perform(s, context);
        }
        if (done_ != nullptr) {
          auto& flag = (*done_)[std::size_t(&s - segment_.steps.data())];
          flag.store(1, std::memory_order_release);
          flag.notify_all();
        }
      }
    } catch (Error& e) {
      if (step != nullptr && step->node != nullptr && e.code() != Code::kCancelled) rethrow_with_frame(e, *step->node);
      throw;
    }
  }

 private:
  void perform(const Step& s, RunContext& context) {
    void** arguments = state_.arguments.data();
    if (s.kind == StepKind::kKernel) {
      s.run(s.params, arguments + s.in, arguments + s.out, s.workspace < 0 ? nullptr : arguments[s.workspace], context);
      return;
    }
    const StepExtra& extra = segment_.extras[std::size_t(s.extra)];
    if (s.kind == StepKind::kPublish) {
      run_.runtime.variables.publish(extra.variable, extra.storage);
      return;
    }
    std::vector<Tensor> in, out(extra.outputs.size());
    in.reserve(extra.inputs.size());
    for (const ValueDesc& d : extra.inputs) in.push_back(tensor_of(d, state_, values_));
    if (s.kind == StepKind::kControl) {
      run_control(run_, *s.node, std::move(in), out);
    } else {
      extra.run_dynamic(s.params, in, out, context);
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      const ValueDesc& d = extra.outputs[i];
      if (d.argument >= 0) {
        if (!(out[i].shape() == d.shape)) {
          invalid("output ", i, " has shape ", out[i].shape(), ", expected ", d.shape);
        }
        if (out[i].num_bytes() > 0) std::memcpy(arguments[d.argument], out[i].raw(), out[i].num_bytes());
      } else if (d.value >= 0) {
        values_[std::size_t(d.value)] = out[i].owner() ? std::move(out[i]) : out[i].clone();
      }
    }
  }

  void timed(const Step& s, RunContext& context) {
    using std::chrono::steady_clock;
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto begin = steady_clock::now();
    perform(s, context);
    const auto elapsed = steady_clock::now() - begin;
    StepTiming t;
    t.node_name = s.node->name();
    t.op = s.node->op().name;
    t.device = run_.runtime.env.devices[s.device].name;
    t.start_us = std::chrono::duration_cast<std::chrono::microseconds>(wall).count();
    t.duration_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count();
    for (int i = 0; i < s.node->num_outputs(); ++i) {
      const std::int64_t n = s.node->output_shape(i).num_elements();
      if (n > 0) t.output_bytes += n * std::int64_t(dtype_size(s.node->output_dtype(i)));
    }
    std::lock_guard lock(run_.metadata_mutex);
    run_.metadata->steps.push_back(std::move(t));
  }

  void wait(const Step& s) {
    for (int k = 0; k < s.num_waits; ++k) {
      auto& flag = (*done_)[std::size_t(segment_.waits[std::size_t(s.first_wait + k)])];
      int v;
      while ((v = flag.load(std::memory_order_acquire)) == 0) flag.wait(0);
      if (v < 0) fail(Code::kCancelled, "another device of this run failed");
    }
  }

  Run& run_;
  Segment& segment_;
  RunState& state_;
  std::vector<Tensor>& values_;
  std::vector<std::atomic<int>>* done_;
};

/// One thread per device; the first real error wins over the cancellations that it causes.
void run_devices(Run& run, Segment& segment, RunState& state, std::vector<Tensor>& values) {
  std::vector<std::atomic<int>> done(segment.steps.size());
  std::vector<std::exception_ptr> errors(std::size_t(segment.num_devices));
  std::mutex mutex;
  std::condition_variable finished;
  int running = segment.num_devices - 1;
  const auto one = [&](int device) {
    try {
      set_intra_op_threads(run.context.threads);
      Loop(run, segment, state, values, &done)(device);
    } catch (...) {
      errors[std::size_t(device)] = std::current_exception();
      for (auto& flag : done) {
        int expected = 0;
        flag.compare_exchange_strong(expected, -1);
        flag.notify_all();
      }
    }
  };
  for (int device = 1; device < segment.num_devices; ++device) {
    run.runtime.workers.submit([&, device] {
      one(device);
      std::lock_guard lock(mutex);
      --running;
      finished.notify_all();
    });
  }
  one(0);
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return running == 0; });
  std::exception_ptr first;
  for (const std::exception_ptr& e : errors) {
    if (!e) continue;
    try {
      std::rethrow_exception(e);
    } catch (const Error& error) {
      if (!first || error.code() != Code::kCancelled) first = e;
      if (error.code() != Code::kCancelled) break;
    } catch (...) {
      first = e;
      break;
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace

void execute(Run& run, Segment& segment, std::vector<Tensor>& values) {
  Lease lease(segment);
  RunState& state = *lease;
  for (const PointerPatch& p : segment.live_in_patches) {
    state.arguments[std::size_t(p.argument)] = values[std::size_t(segment.live_ins[std::size_t(p.index)].value)].raw();
  }
  for (const LiveOut& o : segment.live_outs) values[std::size_t(o.value)] = Tensor(o.dtype, o.shape);
  for (const PointerPatch& p : segment.live_out_patches) {
    state.arguments[std::size_t(p.argument)] = values[std::size_t(segment.live_outs[std::size_t(p.index)].value)].raw();
  }
  if (run.runtime.options.poison_arena) {
    for (std::size_t d = 0; d < state.arenas.size(); ++d) std::memset(state.arenas[d].get(), 0xff, segment.arena_bytes[d]);
    for (const LiveOut& o : segment.live_outs) {
      const Tensor& t = values[std::size_t(o.value)];
      if (t.num_bytes() > 0) std::memset(t.raw(), 0xff, t.num_bytes());
    }
  }
  bool several = false;
  for (const Step& s : segment.steps) {
    if (segment.num_devices == 1) break;
    if (s.device != 0) {
      several = true;
      break;
    }
  }
  if (several) {
    run_devices(run, segment, state, values);
  } else {
    Loop(run, segment, state, values, nullptr)(0);
  }
}

struct WorkerPool::Worker {
  std::mutex mutex;
  std::condition_variable wake;
  std::function<void()> task;
  bool quit = false;
  std::thread thread;
};

WorkerPool::WorkerPool() = default;

WorkerPool::~WorkerPool() {
  for (auto& w : workers_) {
    {
      std::lock_guard lock(w->mutex);
      w->quit = true;
    }
    w->wake.notify_all();
    w->thread.join();
  }
}

void WorkerPool::submit(std::function<void()> task) {
  Worker* worker = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      worker = idle_.back();
      idle_.pop_back();
    } else {
      workers_.push_back(std::make_unique<Worker>());
      worker = workers_.back().get();
      worker->thread = std::thread([this, worker] {
        std::unique_lock own(worker->mutex);
        while (true) {
          worker->wake.wait(own, [&] { return worker->quit || worker->task; });
          if (!worker->task) return;
          auto run = std::move(worker->task);
          worker->task = nullptr;
          own.unlock();
          run();
          {
            std::lock_guard pool(mutex_);
            idle_.push_back(worker);
          }
          own.lock();
        }
      });
    }
  }
  {
    std::lock_guard lock(worker->mutex);
    worker->task = std::move(task);
  }
  worker->wake.notify_all();
}

}  // namespace caudal
