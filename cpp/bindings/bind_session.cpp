// SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "caudal/error.h"
#include "caudal/session.h"
#include "convert.h"
#include "module.h"

namespace caudal::python {
namespace {

/// Once the interpreter ends, a thread that asks for the GIL is torn down, which C++ frames do not
/// survive. So runs of other threads end before it does, and their threads never come back.
class Ending {
 public:
  bool is_near() const { return near_.load() && std::this_thread::get_id() != ender_.load(); }

  /// Called without the GIL by a thread that will not use Python any more.
  [[noreturn]] void park() {
    runs_.fetch_sub(1);
    while (true) std::this_thread::sleep_for(std::chrono::hours(1));
  }

  /// Waits until no other thread is inside of a run, but not for ever.
  void begin() {
    ender_ = std::this_thread::get_id();
    near_ = true;
    const py::gil_scoped_release release;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (runs_.load() > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  /// Stands for a run from before the GIL is released until it is held again.
  class Mark {
   public:
    explicit Mark(Ending& ending) : ending_(ending) { ending_.runs_.fetch_add(1); }
    ~Mark() { ending_.runs_.fetch_sub(1); }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;

   private:
    Ending& ending_;
  };

 private:
  std::atomic<bool> near_{false};
  std::atomic<std::thread::id> ender_{};
  std::atomic<int> runs_{0};
};

Ending& ending() {
  static auto* const only = new Ending;  // parked threads outlive static objects
  return *only;
}

/// A session and, per signature, what the feeds must be.
class PySession {
 public:
  PySession(Graph& graph, const py::dict& options)
      : graph_(graph), session_(graph, read(options)) {}

  int prepare(const py::handle& feeds, const py::handle& fetches, const py::handle& targets) {
    RunSignature s;
    s.feeds = outputs_of(graph_, feeds);
    s.fetches = outputs_of(graph_, fetches);
    for (const py::handle t : py::reinterpret_borrow<py::iterable>(targets)) {
      s.targets.push_back(node_of(graph_, t.cast<std::int64_t>()));
    }
    std::vector<DType> types;
    for (const Output& o : s.feeds) types.push_back(o.dtype());
    const int id = session_.prepare(s);
    auto made = std::make_shared<const Signature>(std::move(types), std::move(s));
    std::lock_guard lock(mutex_);
    if (std::size_t(id) >= signatures_.size()) signatures_.resize(std::size_t(id) + 1);
    signatures_[std::size_t(id)] = std::move(made);
    return id;
  }

  py::object run(int id, const py::handle& feeds, bool trace, std::int64_t timeout_ms) {
    std::vector<py::object> kept;  // values may point into these
    const std::vector<Tensor> values = read_feeds(*signature(id), feeds, kept);
    std::vector<Tensor> fetched;
    RunOptions options;
    options.timeout_ms = timeout_ms;
    // Python delivers signals to the main thread only; elsewhere this finds nothing.
    options.poll = [] {
      if (ending().is_near()) return true;
      const py::gil_scoped_acquire gil;
      return PyErr_CheckSignals() != 0;
    };
    RunMetadata metadata;
    std::exception_ptr error;
    {
      const Ending::Mark mark(ending());
      const py::gil_scoped_release release;
      if (ending().is_near()) ending().park();
      try {
        session_.run_prepared(id, values.data(), fetched, &options, trace ? &metadata : nullptr);
      } catch (...) {
        error = std::current_exception();
      }
      if (ending().is_near()) ending().park();
    }
    if (error) {
      if (PyErr_Occurred()) throw py::error_already_set();  // KeyboardInterrupt
      std::rethrow_exception(error);
    }
    py::list out(fetched.size());
    for (std::size_t i = 0; i < fetched.size(); ++i) out[i] = tensor_to_python(fetched[i], true);
    if (!trace) return out;
    py::list steps;
    for (const StepTiming& t : metadata.steps) {
      py::list outputs;
      for (const StepTiming::Made& made : t.outputs) {
        const std::int64_t n = made.shape.num_elements();
        outputs.append(py::make_tuple(int(made.dtype), shape_to_python(made.shape),
                                      n * std::int64_t(dtype_size(made.dtype))));
      }
      steps.append(py::make_tuple(t.node_name, t.label, t.device, t.thread, t.start_ns,
                                  t.duration_ns, outputs));
    }
    return py::make_tuple(out, steps);
  }

  std::string plan_text(int id, const py::handle& feeds) {
    std::vector<py::object> kept;
    const auto known = signature(id);
    const std::vector<Tensor> values = read_feeds(*known, feeds, kept);
    const RunSignature& s = known->second;
    std::vector<std::pair<Output, Tensor>> fed;
    for (std::size_t i = 0; i < values.size(); ++i) fed.emplace_back(s.feeds[i], values[i]);
    const py::gil_scoped_release release;  // planning takes locks that threads without the GIL hold
    return session_.plan_text(fed, s.fetches, s.targets);
  }

  Session& session() { return session_; }

 private:
  static SessionOptions read(const py::dict& d) {
    SessionOptions o;
    for (const auto& [key, value] : d) {
      const auto name = key.cast<std::string>();
      if (name == "cpu_devices") {
        o.cpu_devices = value.cast<int>();
      } else if (name == "intra_op_threads") {
        o.intra_op_threads = value.cast<int>();
      } else if (name == "allow_soft_placement") {
        o.allow_soft_placement = value.cast<bool>();
      } else if (name == "log_device_placement") {
        o.log_device_placement = value.cast<bool>();
      } else if (name == "optimize") {
        o.optimize = value.cast<bool>();
      } else if (name == "poison_arena") {
        o.poison_arena = value.cast<bool>();
      } else {
        throw py::value_error("unknown session option '" + name + "'");
      }
    }
    return o;
  }

  using Signature = std::pair<std::vector<DType>, RunSignature>;

  std::shared_ptr<const Signature> signature(int id) {
    std::lock_guard lock(mutex_);
    if (id < 0 || std::size_t(id) >= signatures_.size() || !signatures_[std::size_t(id)]) {
      throw py::value_error("unknown signature");
    }
    return signatures_[std::size_t(id)];
  }

  /// No lock is held here: conversions run Python code and may wait for the GIL.
  static std::vector<Tensor> read_feeds(const Signature& signature, const py::handle& feeds,
                                        std::vector<py::object>& kept) {
    std::vector<Tensor> values;
    const std::vector<DType>& types = signature.first;
    values.reserve(types.size());
    kept.reserve(types.size());
    for (const py::handle f : py::reinterpret_borrow<py::iterable>(feeds)) {
      if (values.size() >= types.size()) throw py::value_error("too many feeds");
      kept.push_back(py::reinterpret_borrow<py::object>(f));
      values.push_back(feed_from_python(f, types[values.size()]));
    }
    if (values.size() != types.size()) throw py::value_error("too few feeds");
    return values;
  }

  Graph& graph_;
  Session session_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const Signature>> signatures_;
};

}  // namespace

void bind_session(py::module_& m) {
  py::class_<PySession>(m, "Session")
      .def(py::init<Graph&, const py::dict&>(), py::arg("graph"), py::arg("options") = py::dict(),
           py::keep_alive<1, 2>())
      .def("prepare", &PySession::prepare, py::arg("feeds"), py::arg("fetches"), py::arg("targets"))
      .def("run", &PySession::run, py::arg("signature"), py::arg("feeds"), py::arg("trace") = false,
           py::arg("timeout_ms") = 0)
      .def("plan_text", &PySession::plan_text, py::arg("signature"), py::arg("feeds"))
      .def("close", [](PySession& s) { s.session().close(); })
      .def("closed", [](PySession& s) { return s.session().closed(); })
      .def("devices", [](PySession& s) { return s.session().devices(); })
      .def("peak_arena_bytes", [](PySession& s) { return s.session().peak_arena_bytes(); })
      .def("plans_built", [](PySession& s) { return s.session().plans_built(); });
  py::module_::import("atexit").attr("register")(py::cpp_function([] { ending().begin(); }));
}

}  // namespace caudal::python
