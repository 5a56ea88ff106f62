// SPDX-License-Identifier: Apache-2.0
// Programs: pruning, the cache of compiled segments, and the walk from segment to segment.
#include <algorithm>
#include <cstring>

#include "caudal/error.h"
#include "runtime/inline_if.h"
#include "runtime/runtime.h"

namespace caudal {
namespace {

constexpr std::size_t kMaxSegments = 64;
constexpr int kManySegments = 24;
constexpr std::size_t kMaxIdleBytes = std::size_t(512) << 20;
constexpr std::size_t kSegmentBytes = 4096;  // so that many small segments count too

std::uint64_t key_of(const Output& o) {
  return std::uint64_t(o.node->id()) << 16 | unsigned(o.index);
}

SegmentKey make_key(const Run& run, const std::vector<LiveIn>& live_ins,
                    const std::vector<Tensor>& values) {
  SegmentKey key;
  key.reserve(live_ins.size() * 3 + 2);
  key.push_back(run.runtime.variables.epoch());
  key.push_back(run.context.threads);  // kernels are prepared for a number of threads
  std::uint64_t known = 0;             // which values belong to the key, of the first 64
  for (std::size_t i = 0; i < live_ins.size() && i < 64; ++i)
    known |= std::uint64_t(live_ins[i].by_value) << i;
  key.push_back(std::int64_t(known));
  for (const LiveIn& in : live_ins) {
    const Tensor& t = values[std::size_t(in.value)];
    key.push_back(-1 - t.shape().rank());
    for (const std::int64_t d : t.shape().dims()) key.push_back(d);
    if (!in.by_value) continue;
    const std::size_t bytes = is_object(t.dtype()) ? 0 : t.num_bytes();
    for (std::size_t i = 0; i < bytes; i += sizeof(std::int64_t)) {
      std::int64_t word = 0;
      std::memcpy(&word, static_cast<const char*>(t.raw()) + i, std::min(bytes - i, sizeof word));
      key.push_back(word);
    }
  }
  return key;
}

/// One line per node, the first time that it is planned.
void log_placement(Runtime& runtime, const std::vector<Node*>& nodes,
                   std::vector<std::string>& log) {
  for (const Node* node : nodes) {
    if (!runtime.logged.insert(node).second) continue;
    const auto device = std::size_t(place(runtime.env, *node));
    log.push_back(
        str(node->name(), ": (", node->op().name, "): ", runtime.env.devices[device].name));
  }
}

/// Programs stay for as long as their session, arenas that have long been idle do not.
void free_idle_memory(Runtime& runtime) {
  std::vector<std::shared_ptr<Segment>> alive;
  for (const auto& weak : runtime.segments) {
    if (auto s = weak.lock()) alive.push_back(std::move(s));
  }
  runtime.segments.assign(alive.begin(), alive.end());
  runtime.bytes_built = 0;
  std::ranges::stable_sort(alive, std::ranges::greater(),
                           [](const auto& s) { return s->last_used.load(); });
  std::size_t total = 0;
  for (const auto& s : alive) {
    std::lock_guard lock(s->mutex);
    if (total > kMaxIdleBytes) s->idle.clear();
    for (const std::size_t bytes : s->arena_bytes) total += bytes * s->idle.size();
  }
}

bool same_live_in(const LiveIn& a, const LiveIn& b) {
  return a.output == b.output && a.by_value == b.by_value;
}

std::shared_ptr<Segment> build(Run& run, Program& program, const std::vector<Node*>& order,
                               const std::vector<LiveIn>& live_ins,
                               const std::vector<Tensor>& values, const Inlined* before,
                               std::vector<std::string>& log) {
  std::lock_guard lock(run.runtime.build_mutex);
  PlanGraph g = lower(run.runtime.env, program, order, live_ins, values, before);
  if (run.runtime.options.log_device_placement) {
    log_placement(run.runtime, order, log);
    log_placement(run.runtime, g.taken_in, log);
  }
  if (g.rest.size() >= order.size() && g.taken_in.empty() &&
      std::ranges::equal(g.next_live_ins, live_ins, same_live_in)) {
    fail(Code::kInternal, "nothing can be planned of the ", order.size(), " nodes from ",
         order[0]->name(), " on");
  }
  if (run.runtime.options.optimize) {
    drop_unread(g);
    fuse_epilogues(g);
    fuse_elementwise(g);
    open_sections(g);
  }
  insert_device_copies(g);
  insert_copies(g);
  if (run.runtime.options.optimize) {
    adopt_values(g);
    write_through(g);
  }
  auto segment = assemble(g);
  std::size_t bytes = 0;
  for (const std::size_t b : segment->arena_bytes) bytes += b;
  std::size_t peak = run.runtime.peak_arena.load();
  while (bytes > peak && !run.runtime.peak_arena.compare_exchange_weak(peak, bytes)) {
  }
  run.runtime.plans_built.fetch_add(1);
  run.runtime.segments.push_back(segment);
  run.runtime.bytes_built += bytes + kSegmentBytes;
  if (run.runtime.bytes_built > kMaxIdleBytes) free_idle_memory(run.runtime);
  return segment;
}

/// Tells the user once which feed keeps changing its shape: every new shape compiles a new plan.
void warn_about_shapes(Program& program, const SegmentCache& cache, std::vector<std::string>& log) {
  if (program.warned_about_shapes) return;
  program.warned_about_shapes = true;
  std::string names;
  if (cache.recent.size() > 1) {
    const SegmentKey &a = cache.recent.front().first, &b = std::next(cache.recent.begin())->first;
    std::size_t i = 3, k = 3;
    for (std::size_t n = 0; n < program.live_ins.size() && a[2] == b[2]; ++n) {
      const LiveIn& in = program.live_ins[n];
      if (i >= a.size() || k >= b.size()) break;
      const auto rank_a = std::size_t(-1 - a[i]), rank_b = std::size_t(-1 - b[k]);
      if (rank_a != rank_b ||
          !std::equal(a.begin() + long(i), a.begin() + long(i + rank_a + 1), b.begin() + long(k))) {
        names += str(names.empty() ? "" : ", ", in.output.name());
      }
      const bool known = n < 64 && (std::uint64_t(a[2]) >> n & 1);  // a scalar's value follows
      i += rank_a + 1 + known;
      k += rank_b + 1 + known;
    }
  }
  log.push_back(
      str("caudal: one session.run call has been compiled for ", cache.recent.size(),
          " different feed shapes",
          names.empty() ? std::string() : str("; the shape of ", names, " keeps changing"),
          ". Every new shape costs a compilation: pad or bucket the input."));
}

}  // namespace

int Program::value_index(const Output& output) {
  const auto [it, added] = value_of.try_emplace(output, int(value_of.size()));
  if (added) num_values.store(int(value_of.size()), std::memory_order_release);
  return it->second;
}

void Run::check() {
  if (runtime.cancelled.load(std::memory_order_relaxed) || stop.load(std::memory_order_relaxed)) {
    fail(Code::kCancelled, runtime.closed ? "Session has been closed." : "Step was cancelled");
  }
  if (options == nullptr || (options->timeout_ms <= 0 && !options->poll)) return;
  const auto now = std::chrono::steady_clock::now();
  if (options->timeout_ms > 0 &&
      (now - started) / std::chrono::milliseconds(1) > options->timeout_ms) {
    fail(Code::kDeadlineExceeded, "Timed out waiting for notification after ", options->timeout_ms,
         " ms");
  }
  if (options->poll && std::this_thread::get_id() == caller && now >= next_poll) {
    next_poll = now + std::chrono::milliseconds(50);
    if (options->poll()) fail(Code::kCancelled, "Step was cancelled");
  }
}

namespace {

/// The variable that an output shows without computing anything, or "".
std::string variable_shown(Output o, const std::unordered_map<std::uint64_t, char>& fed) {
  while (!fed.contains(key_of(o))) {
    const OpDef& op = o.node->op();
    if (op.has(kVariable)) return variable_key(*o.node);
    const bool forwards = o.is_ref() ? op.has(kRefForward) : op.has(kView);
    if (!forwards || o.index != 0) break;
    o = o.node->input(0);
  }
  return "";
}

/// After several segments: fetched variables show what the whole run left.
void refresh_variables(const Run& run, const Program& program, std::vector<Tensor>& values) {
  for (std::size_t i = 0; i < program.fetches.size(); ++i) {
    if (program.fetched_variables[i].empty()) continue;
    const Tensor now = run.runtime.variables.find(program.fetched_variables[i]);
    Tensor& value = values[std::size_t(program.fetch_values[i])];
    if (now.defined() && !is_object(now.dtype()) && now.num_elements() == value.num_elements()) {
      value = now.clone().reshaped(value.shape());
    }
  }
}

}  // namespace

void resolve(Program& program) {
  for (const Output& f : program.feeds) {
    program.live_ins.push_back({f, program.value_index(f), false});
  }
  for (const Output& f : program.fetches) program.fetch_values.push_back(program.value_index(f));

  std::unordered_map<std::uint64_t, char> fed;
  for (const Output& f : program.feeds) fed.emplace(key_of(f), 0);
  for (const Output& f : program.fetches) {
    program.fetched_variables.push_back(variable_shown(f, fed));
  }
  std::vector<char> needed(std::size_t(program.graph->num_nodes()), 0);
  std::vector<Node*> stack;
  const auto visit = [&](Node* node) {
    if (!needed[std::size_t(node->id())]) {
      needed[std::size_t(node->id())] = 1;
      stack.push_back(node);
      program.order.push_back(node);
    }
  };
  for (const Output& f : program.fetches) {
    if (!fed.contains(key_of(f))) visit(f.node);
  }
  for (Node* t : program.targets) visit(t);
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    bool all_fed = node->num_outputs() > 0;
    for (int i = 0; i < node->num_outputs() && all_fed; ++i)
      all_fed = fed.contains(key_of(node->output(i)));
    if (all_fed) continue;
    for (const Output& in : node->inputs()) {
      if (!fed.contains(key_of(in))) visit(in.node);
    }
    for (Node* c : node->control_inputs()) visit(c);
  }
  std::sort(program.order.begin(), program.order.end(),
            [](Node* a, Node* b) { return a->id() < b->id(); });
}

namespace {

std::shared_ptr<Segment> find_or_build(Run& run, Program& program, SegmentCache& cache,
                                       const std::vector<Node*>& order,
                                       const std::vector<LiveIn>& live_ins,
                                       const std::vector<Tensor>& values, const Inlined* before,
                                       std::vector<std::string>& log) {
  const SegmentKey key = make_key(run, live_ins, values);
  std::lock_guard lock(cache.mutex);
  if (!cache.recent.empty() && cache.recent.front().first == key)
    return cache.recent.front().second;
  if (const auto it = cache.by_key.find(key); it != cache.by_key.end()) {
    cache.recent.splice(cache.recent.begin(), cache.recent, it->second);
    return it->second->second;
  }
  // Plans of an older epoch hold memory of variables that are gone.
  for (auto it = cache.recent.begin(); it != cache.recent.end();) {
    if (it->first[0] != key[0]) {
      cache.by_key.erase(it->first);
      it = cache.recent.erase(it);
    } else {
      ++it;
    }
  }
  auto segment = build(run, program, order, live_ins, values, before, log);
  cache.recent.emplace_front(key, segment);
  cache.by_key.emplace(key, cache.recent.begin());
  if (cache.recent.size() > kMaxSegments) {
    cache.by_key.erase(cache.recent.back().first);
    cache.recent.pop_back();
  }
  // Fed flags have plans of their own: those are no new shapes.
  const std::size_t many =
      std::size_t(program.deciders.empty() ? kManySegments : 2 * kManySegments);
  if (&cache == &program.cache && cache.recent.size() >= many)
    warn_about_shapes(program, cache, log);
  return segment;
}

/// The segment for the values at hand, compiled when it is new.
std::shared_ptr<Segment> find_segment(Run& run, Program& program, SegmentCache& cache,
                                      const std::vector<Node*>& order,
                                      const std::vector<LiveIn>& live_ins,
                                      const std::vector<Tensor>& values, const Inlined* before) {
  std::vector<std::string> log;  // written when no lock is held: the sink may call anything
  auto segment = find_or_build(run, program, cache, order, live_ins, values, before, log);
  for (const std::string& line : log) log_line(line);
  return segment;
}

}  // namespace

std::shared_ptr<Segment> first_segment(Run& run, Program& program,
                                       const std::vector<Tensor>& values) {
  if (program.deciders.empty()) {
    return find_segment(run, program, program.cache, program.order, program.live_ins, values,
                        nullptr);
  }
  return find_segment(run, program, program.cache, program.order, feeds_of(program, values), values,
                      nullptr);
}

void run_program(Run& run, Program& program, std::vector<Tensor>& values) {
  std::shared_ptr<Segment> segment = first_segment(run, program, values);
  for (int count = 1;; ++count) {
    values.resize(std::size_t(program.num_values.load(std::memory_order_acquire)));
    execute(run, *segment, values);
    if (segment->rest.empty()) {
      if (count > 1) refresh_variables(run, program, values);
      return;
    }
    auto next = find_segment(run, program, segment->next, segment->rest, segment->next_live_ins,
                             values, segment->inlined.get());
    segment = std::move(next);
  }
}

}  // namespace caudal
