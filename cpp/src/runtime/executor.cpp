// SPDX-License-Identifier: Apache-2.0
// Runs the steps of a segment with bound pointers.
#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <thread>

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

/// "y = MatMul(x, w:1, ^c)", as traces show a node.
std::string label_of(const Node& node) {
  std::string text = node.name() + " = " + node.op().name + "(";
  const char* separator = "";
  for (const Output& in : node.inputs()) {
    text += separator;
    text += in.node->name();
    if (in.index > 0) {
      text += ':';
      text += std::to_string(in.index);
    }
    separator = ", ";
  }
  for (const Node* control : node.control_inputs()) {
    text += separator;
    text += '^';
    text += control->name();
    separator = ", ";
  }
  return text + ")";
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
        if (--until_check == 0 || s.heavy) {
          until_check = kStepsBetweenChecks;
          run_.check();
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
      if (step != nullptr && step->node != nullptr && e.code() != Code::kCancelled)
        rethrow_with_frame(e, *step->node);
      throw;
    }
  }

 private:
  /// Runs a step; `made` receives what a dynamic one makes.
  void perform(const Step& s, RunContext& context, std::vector<StepTiming::Made>* made = nullptr) {
    void** arguments = state_.arguments.data();
    if (s.kind == StepKind::kKernel) {
      s.run(s.params, arguments + s.in, arguments + s.out,
            s.workspace < 0 ? nullptr : arguments[s.workspace], context);
      return;
    }
    const StepExtra& extra = segment_.extras[std::size_t(s.extra)];
    if (s.kind == StepKind::kPublish) {
      if (extra.adopted < 0) {
        run_.runtime.variables.publish(extra.variable, extra.storage);
      } else {
        const Tensor& value = values_[std::size_t(extra.adopted)];
        run_.runtime.variables.publish(extra.variable, value.unique() ? value : value.clone());
        run_.adopted = true;
      }
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
    if (made != nullptr) {
      made->clear();
      for (const Tensor& t : out) made->push_back({t.dtype(), t.shape()});
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      const ValueDesc& d = extra.outputs[i];
      if (d.argument >= 0) {
        if (!(out[i].shape() == d.shape)) {
          invalid("output ", i, " has shape ", out[i].shape(), ", expected ", d.shape);
        }
        if (out[i].num_bytes() > 0)
          std::memcpy(arguments[d.argument], out[i].raw(), out[i].num_bytes());
      } else if (d.value >= 0) {
        values_[std::size_t(d.value)] = out[i].owner() ? std::move(out[i]) : out[i].clone();
      }
    }
    for (const auto& [from, to] : extra.copies)
      values_[std::size_t(to)] = values_[std::size_t(from)].clone();
  }

  void timed(const Step& s, RunContext& context) {
    using std::chrono::steady_clock;
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    const auto begin = steady_clock::now();
    StepTiming t;
    const auto index = std::size_t(&s - segment_.steps.data());
    const auto next = index + 1;
    const std::size_t last = next < segment_.first_made.size()
                                 ? std::size_t(segment_.first_made[next])
                                 : segment_.made.size();
    t.outputs.assign(segment_.made.begin() + segment_.first_made[index],
                     segment_.made.begin() + std::ptrdiff_t(last));
    perform(s, context, &t.outputs);
    const auto elapsed = steady_clock::now() - begin;
    t.node_name = s.node->name();
    t.op = s.node->op().name;
    t.label = label_of(*s.node);
    t.device = run_.runtime.env.devices[s.device].name;
    t.start_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(wall).count();
    t.duration_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count();
    t.thread = std::uint32_t(std::hash<std::thread::id>()(std::this_thread::get_id()));
    const std::size_t last_companion = next < segment_.first_companion.size()
                                           ? std::size_t(segment_.first_companion[next])
                                           : segment_.companions.size();
    std::lock_guard lock(run_.metadata_mutex);
    for (auto i = std::size_t(segment_.first_companion[index]); i < last_companion; ++i) {
      // Computed within this step: no time of its own.
      const Segment::Companion& c = segment_.companions[i];
      StepTiming u = t;
      u.node_name = c.node->name();
      u.op = c.node->op().name;
      u.label = label_of(*c.node);
      u.duration_ns = 0;
      u.outputs.clear();
      if (c.made.dtype != DType::kInvalid) u.outputs.push_back(c.made);
      run_.metadata->steps.push_back(std::move(u));
    }
    run_.metadata->steps.push_back(std::move(t));
  }

  void wait(const Step& s) {
    for (int k = 0; k < s.num_waits; ++k) {
      auto& flag = (*done_)[std::size_t(segment_.waits[std::size_t(s.first_wait + k)])];
      if (run_.options != nullptr && std::this_thread::get_id() == run_.caller) watch(flag);
      int v;
      while ((v = flag.load(std::memory_order_acquire)) == 0) flag.wait(0);
      if (v < 0) run_.check();
      if (v < 0) fail(Code::kCancelled, "another device of this run failed");
    }
  }

  /// Waits as the thread that looks out for Ctrl-C and timeouts.
  void watch(const std::atomic<int>& flag) {
    using namespace std::chrono;
    const auto begin = steady_clock::now();
    for (int turn = 0; flag.load(std::memory_order_acquire) == 0; ++turn) {
      if (turn < 64) {
        std::this_thread::yield();
        continue;
      }
      run_.check();
      std::this_thread::sleep_for(
          std::min<nanoseconds>((steady_clock::now() - begin) / 8, milliseconds(2)));
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
  int running = int(segment.used_devices.size()) - 1;
  const auto failed = [&](int device) {
    if (!errors[std::size_t(device)]) errors[std::size_t(device)] = std::current_exception();
    run.stop = true;
    for (auto& flag : done) {
      int expected = 0;
      flag.compare_exchange_strong(expected, -1);
      flag.notify_all();
    }
  };
  const auto one = [&](int device) {
    try {
      set_intra_op_threads(run.context.threads);
      Loop(run, segment, state, values, &done)(device);
    } catch (...) {
      failed(device);
    }
  };
  const auto ended = [&] {
    std::lock_guard lock(mutex);
    --running;
    finished.notify_all();
  };
  const int mine = segment.used_devices[0];
  for (std::size_t d = 1; d < segment.used_devices.size(); ++d) {
    const int device = segment.used_devices[d];
    try {
      run.runtime.workers.submit([&, device] {
        one(device);
        ended();
      });
    } catch (...) {
      failed(device);
      ended();
    }
  }
  one(mine);
  std::unique_lock lock(mutex);
  while (!finished.wait_for(lock, std::chrono::milliseconds(50), [&] { return running == 0; })) {
    lock.unlock();
    try {
      run.check();
    } catch (...) {
      failed(mine);
    }
    lock.lock();
  }
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
  segment.last_used.store(run.context.step_id, std::memory_order_relaxed);
  Lease lease(segment);
  RunState& state = *lease;
  for (const PointerPatch& p : segment.live_in_patches) {
    state.arguments[std::size_t(p.argument)] =
        values[std::size_t(segment.live_ins[std::size_t(p.index)].value)].raw();
  }
  for (const LiveOut& o : segment.live_outs)
    values[std::size_t(o.value)] = Tensor(o.dtype, o.shape);
  for (const PointerPatch& p : segment.live_out_patches) {
    state.arguments[std::size_t(p.argument)] =
        values[std::size_t(segment.live_outs[std::size_t(p.index)].value)].raw();
  }
  if (run.runtime.options.poison_arena) {
    for (std::size_t d = 0; d < state.arenas.size(); ++d)
      std::memset(state.arenas[d].get(), 0xff, segment.arena_bytes[d]);
    for (const LiveOut& o : segment.live_outs) {
      const Tensor& t = values[std::size_t(o.value)];
      if (t.num_bytes() > 0) std::memset(t.raw(), 0xff, t.num_bytes());
    }
  }
  if (segment.used_devices.size() > 1) {
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
      auto made = std::make_unique<Worker>();
      worker = made.get();
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
      workers_.push_back(std::move(made));
    }
  }
  {
    std::lock_guard lock(worker->mutex);
    worker->task = std::move(task);
  }
  worker->wake.notify_all();
}

}  // namespace caudal
