// SPDX-License-Identifier: Apache-2.0
#include "caudal/session.h"

#include <deque>
#include <shared_mutex>
#include <unordered_set>

#include <algorithm>
#include "base/load_watch.h"
#include "base/parallel_for.h"
#include "caudal/error.h"
#include "kernels/cpu/dispatch.h"

#include "runtime/inline_if.h"
#include "runtime/runtime.h"

namespace caudal {

void initialise() { start_up(); }

std::string isa_level() { return std::string(cpu::isa_level()); }

struct Session::Impl {
  Runtime runtime;
  std::shared_mutex mutex;
  std::deque<Program> programs;
  std::unordered_map<std::string, int> by_signature;

  Program& program(int id) {
    std::shared_lock lock(mutex);
    if (id < 0 || std::size_t(id) >= programs.size()) invalid("unknown signature ", id);
    return programs[std::size_t(id)];
  }

  void check_open() const {
    if (runtime.closed) fail(Code::kFailedPrecondition, "Attempted to use a closed Session.");
  }

  void check_feeds(const Program& program, const Tensor* feeds) const {
    for (std::size_t i = 0; i < program.feeds.size(); ++i) {
      const Output& o = program.feeds[i];
      if (feeds[i].dtype() != o.dtype()) {
        invalid("Cannot feed value of type ", feeds[i].dtype(), " for Tensor '", o.name(),
                "', which has type ", o.dtype());
      }
      if (!o.shape().compatible_with(feeds[i].shape())) {
        invalid("Cannot feed value of shape ", feeds[i].shape(), " for Tensor '", o.name(),
                "', which has shape ", o.shape());
      }
    }
  }

  int prepare(RunSignature s) {
    for (const auto* list : {&s.feeds, &s.fetches}) {
      for (const Output& o : *list) {
        if (!o || &o.node->graph() != runtime.graph)
          invalid("a feed or fetch is not an element of this graph");
      }
    }
    for (const Node* t : s.targets) {
      if (t == nullptr || &t->graph() != runtime.graph)
        invalid("a target is not an element of this graph");
    }
    std::unordered_set<std::uint64_t> fed;
    for (const Output& o : s.feeds) {
      if (!fed.insert(std::uint64_t(o.node->id()) << 16 | unsigned(o.index)).second)
        invalid("Endpoint \"", o.name(), "\" fed more than once.");
    }
    std::string key;
    for (const Output& o : s.feeds) key += str(o.node->id(), ":", o.index, ",");
    key += "|";
    for (const Output& o : s.fetches) key += str(o.node->id(), ":", o.index, ",");
    key += "|";
    for (const Node* t : s.targets) key += str(t->id(), ",");
    std::unique_lock lock(mutex);
    if (const auto it = by_signature.find(key); it != by_signature.end()) return it->second;
    Program& p = programs.emplace_back();
    p.graph = runtime.graph;
    p.feeds = std::move(s.feeds);
    p.fetches = std::move(s.fetches);
    p.targets = std::move(s.targets);
    resolve(p);
    if (runtime.options.optimize) find_deciders(p);
    const int id = int(programs.size()) - 1;
    by_signature.emplace(std::move(key), id);
    return id;
  }

  /// What the user asked for; else OpenMP's default (0), but one where others want the cores.
  int threads_now() const {
    const int asked = runtime.options.intra_op_threads;
    return asked == 0 && cores_are_wanted() ? 1 : asked;
  }

  /// Plans keep the memory that variables had when they were made: of a restored model, all of it.
  void drop_outdated_plans() {
    const std::int64_t epoch = runtime.variables.epoch();
    const auto sweep = [epoch](SegmentCache& cache) {
      std::lock_guard lock(cache.mutex);
      cache.recent.remove_if([&](const auto& entry) {
        if (entry.first[0] == epoch) return false;
        cache.by_key.erase(entry.first);
        return true;
      });
    };
    {
      std::shared_lock lock(mutex);
      for (Program& p : programs) sweep(p.cache);
    }
    std::lock_guard lock(runtime.programs_mutex);
    for (auto& [key, p] : runtime.subprograms) sweep(p->cache);
  }

  void run(Program& p, const Tensor* feeds, std::vector<Tensor>& fetches, const RunOptions* options,
           RunMetadata* metadata) {
    check_open();
    check_feeds(p, feeds);
    Run run{runtime, {}, options, metadata, {}, {}, {}};
    run.context.cancelled = &runtime.cancelled;
    run.context.threads = threads_now();
    set_intra_op_threads(run.context.threads);
    run.context.step_id = runtime.steps_run.fetch_add(1, std::memory_order_relaxed);
    const std::function<void()> check = [&run] { run.check(); };
    run.context.check = &check;
    if (options != nullptr) run.started = run.next_poll = std::chrono::steady_clock::now();
    std::vector<Tensor> values(feeds, feeds + p.feeds.size());
    run_program(run, p, values);
    if (run.adopted) drop_outdated_plans();
    fetches.clear();
    for (std::size_t i = 0; i < p.fetches.size(); ++i) {
      const Tensor& t = values[std::size_t(p.fetch_values[i])];
      // A fed tensor that is fetched belongs to the caller: hand out a copy.
      fetches.push_back(std::size_t(p.fetch_values[i]) < p.feeds.size() ? t.clone() : t);
    }
  }
};

Session::Session(Graph& graph, SessionOptions options) : impl_(std::make_unique<Impl>()) {
  start_up();
  constexpr int kMaxDevices = 255;
  if (options.cpu_devices > kMaxDevices)
    invalid("there are at most ", kMaxDevices, " CPU devices, not ", options.cpu_devices);
  Runtime& r = impl_->runtime;
  r.graph = &graph;
  r.options = options;
  r.env.options = options;
  r.env.devices = make_devices(options.cpu_devices);
  r.env.variables = &r.variables;
  r.env.node_states = &r.node_states;
  r.env.resources = &r.resources;
}

Session::~Session() = default;

std::vector<Tensor> Session::run(const std::vector<std::pair<Output, Tensor>>& feeds,
                                 const std::vector<Output>& fetches,
                                 const std::vector<Node*>& targets) {
  RunSignature s;
  std::vector<Tensor> values;
  for (const auto& [o, t] : feeds) {
    s.feeds.push_back(o);
    values.push_back(t);
  }
  s.fetches = fetches;
  s.targets = targets;
  std::vector<Tensor> out;
  run_prepared(prepare(std::move(s)), values.data(), out);
  return out;
}

int Session::prepare(RunSignature signature) {
  impl_->check_open();
  return impl_->prepare(std::move(signature));
}

void Session::run_prepared(int id, const Tensor* feeds, std::vector<Tensor>& fetches,
                           const RunOptions* options, RunMetadata* metadata) {
  impl_->run(impl_->program(id), feeds, fetches, options, metadata);
}

void Session::close() {
  impl_->runtime.closed = true;
  impl_->runtime.cancelled = true;
}
bool Session::closed() const { return impl_->runtime.closed; }

std::vector<std::string> Session::devices() const {
  std::vector<std::string> out;
  for (const Device& d : impl_->runtime.env.devices) out.push_back(d.name);
  return out;
}

namespace {

/// What has been planned behind a segment, by earlier runs.
void append_following(std::string& text, Segment& segment) {
  std::lock_guard lock(segment.next.mutex);
  for (const auto& [key, next] : segment.next.recent) {
    text += str("then, on the shapes of its values:\n", next->text);
    append_following(text, *next);
  }
}

/// The branches and loop bodies that have run in this session, by name.
void append_bodies(std::string& text, Runtime& runtime) {
  std::lock_guard lock(runtime.programs_mutex);
  std::vector<std::string> bodies;
  for (const auto& [key, program] : runtime.subprograms) {
    std::lock_guard cache_lock(program->cache.mutex);
    for (const auto& [shapes, segment] : program->cache.recent) {
      std::string body = str("in ", key.first->name, ":\n", segment->text);
      append_following(body, *segment);
      bodies.push_back(std::move(body));
    }
  }
  std::ranges::sort(bodies);
  for (const std::string& body : bodies) text += body;
}

}  // namespace

std::string Session::plan_text(const std::vector<std::pair<Output, Tensor>>& feeds,
                               const std::vector<Output>& fetches,
                               const std::vector<Node*>& targets) {
  RunSignature s;
  std::vector<Tensor> values;
  for (const auto& [o, t] : feeds) {
    s.feeds.push_back(o);
    values.push_back(t);
  }
  s.fetches = fetches;
  s.targets = targets;
  impl_->check_open();
  Program& p = impl_->program(impl_->prepare(std::move(s)));
  impl_->check_feeds(p, values.data());
  Run run{impl_->runtime, {}, nullptr, nullptr, {}, {}, {}};
  run.context.threads = impl_->runtime.options.intra_op_threads;
  set_intra_op_threads(run.context.threads);
  const auto first = first_segment(run, p, values);
  std::string text = first->text;
  append_following(text, *first);
  append_bodies(text, impl_->runtime);
  return text;
}

std::size_t Session::peak_arena_bytes() const { return impl_->runtime.peak_arena; }
std::int64_t Session::plans_built() const { return impl_->runtime.plans_built; }

}  // namespace caudal
