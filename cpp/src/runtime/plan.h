// SPDX-License-Identifier: Apache-2.0
// Owns: what a run executes: Program (what to compute), Segment (compiled steps for given shapes),
// Step, RunState (memory of one run).
// Called by: plan builder (fills), executor (reads), session (caches).
// Must not know: how segments are made.
#pragma once

#include <atomic>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "caudal/graph.h"
#include "caudal/kernel.h"
#include "caudal/session.h"
#include "caudal/tensor.h"

namespace caudal {

struct Segment;
struct Inlined;

struct OutputHash {
  std::size_t operator()(const Output& o) const {
    return std::hash<const void*>()(o.node) * 31 + std::size_t(o.index);
  }
};

/// Dimensions, and small integer values, that a segment was specialised on; -1 terminates a shape.
using SegmentKey = std::vector<std::int64_t>;
struct SegmentKeyHash {
  std::size_t operator()(const SegmentKey& key) const {
    std::size_t h = 1469598103934665603ull;
    for (const std::int64_t v : key) h = (h ^ std::size_t(v)) * 1099511628211ull;
    return h;
  }
};

/// Compiled segments by key, least recently used dropped first. Guarded by its mutex.
struct SegmentCache {
  std::mutex mutex;
  std::list<std::pair<SegmentKey, std::shared_ptr<Segment>>> recent;
  std::unordered_map<SegmentKey, decltype(recent)::iterator, SegmentKeyHash> by_key;
  int built = 0;
};

/// A value that enters a segment from outside: a feed, or the result of an earlier segment.
struct LiveIn {
  Output output;
  int value = -1;         ///< index into the run's values
  bool by_value = false;  ///< its (small integer) value is part of the segment's key
};

/// Fed scalars that alone decide a conditional: their values are part of the plan's key.
struct Decider {
  std::vector<int> feeds;
  bool counted = false;                         ///< may take many values: after some it is given up
  std::vector<std::vector<std::int64_t>> seen;  ///< values so far; under the cache's mutex
  std::atomic<bool> given_up{false};
};

/// A fetch set resolved against a graph: which nodes, in which order. Independent of shapes.
struct Program {
  Graph* graph = nullptr;
  std::vector<Output> feeds;
  std::vector<Output> fetches;
  std::vector<Node*> targets;
  std::vector<Node*> order;                              ///< pruned, ascending ids
  std::unordered_map<Output, int, OutputHash> value_of;  ///< index into values
  std::vector<LiveIn> live_ins;                          ///< the feeds
  std::deque<Decider> deciders;
  std::vector<int> fetch_values;
  std::vector<std::string> fetched_variables;  ///< per fetch: the variable that it shows, or ""
  SegmentCache cache;
  bool warned_about_shapes = false;
  std::atomic<int> num_values{0};  ///< size of value_of, readable while segments are built

  int value_index(const Output& output);
};

/// Where a pointer of a step comes from.
struct PointerPatch {
  int argument;  ///< index into RunState::arguments
  int index;     ///< live-in or live-out number
};

enum class StepKind : std::uint8_t { kKernel, kDynamic, kControl, kPublish };

/// An input of a dynamic or control step: enough to make a Tensor of an argument pointer.
struct ValueDesc {
  DType dtype = DType::kInvalid;
  Shape shape;
  int argument = -1;  ///< pointer in RunState::arguments
  int value = -1;     ///< or: index into the run's values (strings, dynamic results)
};

/// What a step needs beside pointers when it is not a plain kernel.
struct StepExtra {
  DynamicRunFn run_dynamic = nullptr;
  std::vector<ValueDesc> inputs;
  std::vector<ValueDesc> outputs;
  std::vector<std::pair<int, int>> copies;  ///< of results: (value, another value that it also is)
  std::string variable;                     ///< publish
  Tensor storage;                           ///< publish: the new memory of the variable, or
  int adopted = -1;                         ///< the run's value whose memory it is
};

struct Step {
  RunFn run = nullptr;
  const void* params = nullptr;
  int in = 0, out = 0;  ///< first pointer in RunState::arguments
  int workspace = -1;   ///< pointer in RunState::arguments
  StepKind kind = StepKind::kKernel;
  std::uint8_t device = 0;
  bool heavy = false;          ///< may take long: cancellation is looked at before it
  std::int16_t num_waits = 0;  ///< steps of other devices to wait for; in Segment::waits
  int first_wait = 0;
  int extra = -1;
  Node* node = nullptr;  ///< for errors and timings: the last of a fused group
};

/// Memory of one run of one segment, reused by later runs.
struct RunState {
  std::vector<std::shared_ptr<void>> arenas;  ///< one per device
  std::vector<void*> arguments;
};

struct LiveOut {
  int value;  ///< index into the run's values
  DType dtype;
  Shape shape;
};

/// Immutable once built (apart from the caches), shared between runs.
struct Segment {
  std::vector<Step> steps;
  std::vector<StepExtra> extras;
  std::vector<int> waits;
  int num_devices = 1;
  std::vector<int> used_devices;  ///< those with steps, ascending
  std::vector<std::size_t> arena_bytes;
  /// Initial arguments: constants and variables are bound; arena entries hold offsets.
  std::vector<void*> arguments;
  struct ArenaPatch {
    int argument;
    int device;
    std::size_t offset;
  };
  std::vector<ArenaPatch> arena_patches;
  std::vector<PointerPatch> live_in_patches;
  std::vector<PointerPatch> live_out_patches;
  std::vector<LiveOut> live_outs;
  std::vector<LiveIn> live_ins;                    ///< what the patches of live-ins number
  std::vector<std::shared_ptr<const void>> owned;  ///< kernel params
  std::vector<Tensor> held;                        ///< constants and variable memory

  /// What this segment could not plan: the nodes left and the values that the next one depends on.
  std::vector<Node*> rest;
  std::vector<LiveIn> next_live_ins;
  std::shared_ptr<const Inlined> inlined;  ///< conditionals taken in so far
  SegmentCache next;

  /// What the steps make, and the nodes that they compute along with their own, for traces: of step
  /// s they begin at first_made[s] and first_companion[s].
  std::vector<StepTiming::Made> made;
  std::vector<int> first_made;
  struct Companion {
    const Node* node;
    StepTiming::Made made;
  };
  std::vector<Companion> companions;
  std::vector<int> first_companion;

  std::mutex mutex;
  std::vector<std::unique_ptr<RunState>> idle;
  std::atomic<std::int64_t> last_used{0};  ///< number of the run
  std::string text;                        ///< one line per step, for plan_text
};

}  // namespace caudal
