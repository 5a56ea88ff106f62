// SPDX-License-Identifier: Apache-2.0
// Owns: Session, which runs parts of a graph through compiled plans and keeps the variables.
// Called by: users in C++ and language bindings.
// Must not know: how plans are made (runtime/) beyond its own pimpl.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "caudal/graph.h"
#include "caudal/tensor.h"

namespace caudal {

/// Makes ops and kernels known; a Session does it by itself. Throws Unavailable on processors below
/// x86-64-v2.
CAUDAL_API void initialise();
/// The x86-64 level whose kernels run here: "v2", "v3" or "v4".
CAUDAL_API std::string isa_level();

struct SessionOptions {
  int cpu_devices = 1;       ///< virtual CPU devices: /device:CPU:0 ... CPU:n-1
  int intra_op_threads = 0;  ///< 0: all cores
  bool allow_soft_placement = false;
  bool log_device_placement = false;
  bool optimize = true;       ///< fold, CSE and fuse; off for tests that compare
  bool poison_arena = false;  ///< fills fresh memory with NaN; for tests
};

/// Timing of one step, for RunMetadata.
/// A node computed within the step of another one has a duration of 0.
struct StepTiming {
  std::string node_name;
  std::string op;
  std::string device;
  std::string label;          ///< as "y = MatMul(x, w)"
  std::int64_t start_ns = 0;  ///< nanoseconds since the epoch
  std::int64_t duration_ns = 0;
  std::uint32_t thread = 0;  ///< differs between threads that run at the same time
  struct Made {
    DType dtype = DType::kInvalid;
    Shape shape;
  };
  std::vector<Made> outputs;
};

struct RunOptions {
  bool trace = false;
  std::int64_t timeout_ms = 0;  ///< 0: none; DeadlineExceeded after it
  /// Called now and then while running; returns true to cancel (Ctrl-C).
  std::function<bool()> poll;
};

struct RunMetadata {
  std::vector<StepTiming> steps;
};

/// What to compute, resolved once: Session::run with it skips all look-ups but the plan's.
struct RunSignature {
  std::vector<Output> feeds;
  std::vector<Output> fetches;
  std::vector<Node*> targets;
};

/// Thread-safe: runs may overlap, each with its own memory; variables are shared.
class CAUDAL_API Session {
 public:
  explicit Session(Graph& graph, SessionOptions options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Values of the fetches. Throws Error: InvalidArgument for bad or missing feeds,
  /// FailedPrecondition for uninitialised variables and closed sessions, Cancelled, and what ops
  /// throw.
  std::vector<Tensor> run(const std::vector<std::pair<Output, Tensor>>& feeds,
                          const std::vector<Output>& fetches,
                          const std::vector<Node*>& targets = {});

  /// An id for repeated runs of one signature.
  int prepare(RunSignature signature);
  void run_prepared(int id, const Tensor* feeds, std::vector<Tensor>& fetches,
                    const RunOptions* options = nullptr, RunMetadata* metadata = nullptr);

  /// Later runs throw; runs under way are cancelled.
  void close();
  bool closed() const;
  /// Names of the devices: "/job:localhost/replica:0/task:0/device:CPU:0".
  std::vector<std::string> devices() const;
  /// Text of the plan that the last run of this signature used: steps, fusions, arena bytes.
  std::string plan_text(const std::vector<std::pair<Output, Tensor>>& feeds,
                        const std::vector<Output>& fetches, const std::vector<Node*>& targets = {});
  /// Bytes of the largest arena so far, for tests and benchmarks.
  std::size_t peak_arena_bytes() const;
  /// Plans built so far.
  std::int64_t plans_built() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace caudal
