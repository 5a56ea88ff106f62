// SPDX-License-Identifier: Apache-2.0
// Owns: a prepared sequence of oneDNN primitives and the binding of their memories at run time.
// Called by: onednn_*.cpp.
// Must not know: ops, plans.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <atomic>
#include <initializer_list>
#include <memory>
#include <vector>

#include "caudal/kernel.h"

namespace caudal::cpu {

using DnnlDesc = dnnl::memory::desc;
using DnnlTag = dnnl::memory::format_tag;
using DnnlType = dnnl::memory::data_type;

const dnnl::engine& dnnl_engine();
/// Turns dnnl::error into caudal::Error.
[[noreturn]] void rethrow_dnnl(const dnnl::error& e, std::string_view what);

/// Primitives and where their arguments lie. Immutable after prepare; runs may be concurrent.
class Program {
 public:
  /// Where an argument's bytes are found when the kernel runs.
  struct Place {
    enum Kind : std::uint8_t { kInput, kOutput, kWorkspace } kind;
    std::size_t at;
    std::size_t offset = 0;  ///< of an input, in bytes
  };
  struct Argument {
    int name;  ///< DNNL_ARG_*
    DnnlDesc desc;
    Place place;
  };
  static Place input(int i, std::size_t offset = 0) {
    return {Place::kInput, std::size_t(i), offset};
  }
  static Place output(int i) { return {Place::kOutput, std::size_t(i)}; }

  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  /// Reserves workspace for a memory.
  Place reserve(const DnnlDesc& desc);
  void step(dnnl::primitive primitive, std::vector<Argument> args);
  /// The primitive with its scratchpad in the workspace.
  template <class Desc>
  void step(const dnnl::primitive& primitive, const Desc& desc, std::vector<Argument> args) {
    if (desc.scratchpad_desc().get_size() != 0) {
      args.push_back(
          {DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc(), reserve(desc.scratchpad_desc())});
    }
    step(primitive, std::move(args));
  }
  /// Brings `place`, laid out as `have`, into the layout `want` and returns where it then is.
  Place reordered(Place place, const DnnlDesc& have, const DnnlDesc& want);
  /// Where to put a result wanted as `want` at `place`; finish with deliver() when it is elsewhere.
  void deliver(Place from, const DnnlDesc& have, Place place, const DnnlDesc& want);

  std::size_t workspace() const { return workspace_; }
  /// Runs on the calling thread alone.
  void set_serial(bool serial) { serial_ = serial; }
  void run(void* const* in, void* const* out, void* workspace) const;

 private:
  struct Step {
    dnnl::primitive primitive;
    std::vector<Argument> args;
  };
  /// The mutable part of a run: memory objects whose handles are swapped.
  struct State;
  State* make_state() const;

  std::vector<Step> steps_;
  std::size_t workspace_ = 0;
  bool serial_ = false;
  mutable std::atomic<State*> spare_{nullptr};
};

/// The RunFn of kernels whose params are a Program.
void run_program(const void* params, void* const* in, void* const* out, void* workspace,
                 RunContext& ctx);
Prepared prepared(std::shared_ptr<Program> program);

/// Whether so many multiplications take less time than waking other threads is worth.
constexpr bool too_small_to_share(std::int64_t multiplications) {
  return multiplications < 300'000;
}

/// While it lives, oneDNN plans for and uses as many threads as this kernel may: its OpenMP setting
/// is the calling thread's.
class ThreadScope {
 public:
  explicit ThreadScope(bool serial);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int before_;
};

/// Attributes with the request's epilogue (activations only) and the scratchpad given by us.
/// Throws Unimplemented for an activation that oneDNN lacks.
dnnl::primitive_attr epilogue_attr(const KernelRequest& request);
/// The input that holds the bias of the epilogue, or -1. A bias has to come first.
int epilogue_bias(const KernelRequest& request);

}  // namespace caudal::cpu
