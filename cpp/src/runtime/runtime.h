// SPDX-License-Identifier: Apache-2.0
// Owns: what a session keeps between runs (variables, node state, compiled programs), and running a
// program through its segments.
// Called by: session.cpp, control_flow.cpp.
// Must not know: the host language.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "caudal/session.h"
#include "runtime/plan.h"
#include "runtime/plan_graph.h"
#include "tensor/resource.h"

namespace caudal {

/// Threads for virtual devices. Grows on demand, so that runs never wait for one another's threads.
class WorkerPool {
 public:
  WorkerPool();
  ~WorkerPool();
  void submit(std::function<void()> task);

 private:
  struct Worker;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;
};

struct Runtime {
  Graph* graph = nullptr;
  SessionOptions options;
  VariableStore variables;
  std::unordered_map<const Node*, std::shared_ptr<void>> node_states;
  ResourceStore resources;
  PlanEnvironment env;
  std::atomic<bool> cancelled{false};
  std::atomic<bool> closed{false};
  std::atomic<std::size_t> peak_arena{0};
  std::atomic<std::int64_t> plans_built{0};
  std::atomic<std::int64_t> steps_run{0};
  std::mutex build_mutex;                        ///< one segment is built at a time
  std::vector<std::weak_ptr<Segment>> segments;  ///< those alive; under build_mutex
  std::size_t bytes_built = 0;             ///< arenas of segments since idle memory was looked at
  std::unordered_set<const Node*> logged;  ///< nodes whose device was logged; under build_mutex
  std::mutex programs_mutex;
  std::map<std::pair<const Subgraph*, std::size_t>, std::unique_ptr<Program>> subprograms;
  WorkerPool workers;
};

/// One call of Session::run, with all the sub-runs of its control flow.
struct Run {
  Runtime& runtime;
  RunContext context;
  const RunOptions* options = nullptr;
  RunMetadata* metadata = nullptr;
  std::mutex metadata_mutex;
  std::chrono::steady_clock::time_point started;
  std::chrono::steady_clock::time_point next_poll;
  std::atomic<bool> adopted{false};                     ///< variables have got other memory
  std::atomic<bool> stop{false};                        ///< another thread of this run has failed
  std::thread::id caller = std::this_thread::get_id();  ///< the one that polls

  /// Throws Cancelled or DeadlineExceeded when it is time to stop.
  void check();
};

/// Fills in order, live-ins and fetch values from feeds, fetches and targets.
void resolve(Program& program);

/// `values` holds the feeds in front; afterwards also the fetches at program.fetch_values.
void run_program(Run& run, Program& program, std::vector<Tensor>& values);

/// Runs one segment's steps.
void execute(Run& run, Segment& segment, std::vector<Tensor>& values);

/// Runs an If or While step. `outputs` come back with memory of their own.
void run_control(Run& run, const Node& node, std::vector<Tensor> inputs,
                 std::vector<Tensor>& outputs);

/// Whether a conditional takes its first branch. Throws InvalidArgument for what is no condition.
bool truth(const Tensor& t);

/// The first segment of a program for the values at hand, compiled when it is new.
std::shared_ptr<Segment> first_segment(Run& run, Program& program,
                                       const std::vector<Tensor>& values);

}  // namespace caudal
