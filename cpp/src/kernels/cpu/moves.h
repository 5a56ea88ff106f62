// SPDX-License-Identifier: Apache-2.0
// Owns: kernels that are lists of strided copies: what an op moves, worked out in prepare when the
//       values that it depends on are known, else at run time.
// Called by: array, rearrange, slice, space kernels.
// Must not know: single ops.
#pragma once

#include <string>
#include <vector>

#include "caudal/error.h"
#include "kernels/cpu/element_types.h"
#include "kernels/cpu/strided_copy.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// Copies from inputs to outputs, after output 0 was filled if it needs to be.
struct Moves {
  struct Part {
    StridedCopy copy;
    int input = 0, output = 0;
  };
  enum class Fill { kNone, kZero, kScalarInput };
  std::vector<Part> parts;
  Fill fill = Fill::kNone;
  int fill_input = 0;

  void add(StridedCopy copy, int input = 0, int output = 0) {
    if (copy.count() == 0) return;
    copy.simplify();
    parts.push_back({copy, input, output});
  }
};

/// What a builder of moves may look at.
struct MoveSource {
  std::vector<Shape> inputs, outputs;
  AttrMap attrs;
  std::vector<Tensor> values;  ///< by input; undefined where not needed

  std::vector<std::int64_t> ints(int input) const { return values[std::size_t(input)].as_int64s(); }
  const Shape& in(int i = 0) const { return inputs[std::size_t(i)]; }
  const Shape& out(int i = 0) const { return outputs[std::size_t(i)]; }
};

using MoveBuilder = void (*)(const MoveSource&, Moves&);

/// Bit of `value_inputs` for the last input, wherever it is.
constexpr std::uint64_t kLastInput = 1ull << 63;
inline bool reads_value(std::uint64_t value_inputs, std::size_t i, std::size_t n) {
  return (i < 63 && ((value_inputs >> i) & 1)) || ((value_inputs & kLastInput) && i + 1 == n);
}

struct MoveParams {
  MoveSource source;
  Moves moves;
  MoveBuilder builder = nullptr;  ///< set when the moves must be worked out in every run
  std::uint64_t value_inputs = 0;
  std::vector<DType> dtypes;  ///< of the inputs
  DType output_dtype = DType::kInvalid;
};

template <class E>
void run_moves(const Moves& m, const MoveSource& s, const void* const* in, void* const* out) {
  if (m.fill != Moves::Fill::kNone) {
    auto* dst = static_cast<E*>(out[0]);
    const E value = m.fill == Moves::Fill::kZero ? E{} : *static_cast<const E*>(in[m.fill_input]);
    parallel_for(s.out().num_elements(), 2 * kCopyGrain,
                 [&](std::int64_t b, std::int64_t e) { std::fill(dst + b, dst + e, value); });
  }
  for (const Moves::Part& p : m.parts) {
    const auto* src = static_cast<const E*>(in[p.input]);
    auto* dst = static_cast<E*>(out[p.output]);
    if (src == dst && p.copy.contiguous() && p.copy.src_offset == p.copy.dst_offset) continue;
    run_copy(p.copy, src, dst);
  }
}

template <class Pointer>
Moves build_at_run(const MoveParams& p, Pointer pointer) {
  MoveSource source = p.source;
  for (std::size_t i = 0; i < source.inputs.size(); ++i) {
    if (reads_value(p.value_inputs, i, source.inputs.size()) && !source.values[i].defined()) {
      source.values[i] = Tensor(p.dtypes[i], source.inputs[i], pointer(i), nullptr);
    }
  }
  Moves moves;
  p.builder(source, moves);
  return moves;
}

template <class E>
void run_static(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const MoveParams*>(params);
  if (p.builder == nullptr) return run_moves<E>(p.moves, p.source, in, out);
  run_moves<E>(build_at_run(p, [&](std::size_t i) { return in[i]; }), p.source, in, out);
}

inline void run_strings(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                        RunContext&) {
  const auto& p = *static_cast<const MoveParams*>(params);
  std::vector<const void*> from;
  std::vector<void*> to;
  for (const Tensor& t : in) from.push_back(t.raw());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = Tensor(p.output_dtype, p.source.outputs[i]);
    to.push_back(out[i].raw());
  }
  if (p.builder == nullptr) {
    return run_moves<std::string>(p.moves, p.source, from.data(), to.data());
  }
  const Moves moves = build_at_run(p, [&](std::size_t i) { return in[i].raw(); });
  run_moves<std::string>(moves, p.source, from.data(), to.data());
}

/// Prepares a kernel of moves. `value_inputs`: bit i for each input whose value the builder reads.
inline Prepared prepare_moves(const KernelRequest& r, MoveBuilder builder,
                              std::uint64_t value_inputs) {
  Prepared prepared;
  auto* p = make_params<MoveParams>(prepared);
  if (r.attrs != nullptr) p->source.attrs = *r.attrs;
  bool known = true;
  for (std::size_t i = 0; i < r.inputs.size(); ++i) {
    p->source.inputs.push_back(r.inputs[i].shape);
    p->dtypes.push_back(r.inputs[i].dtype);
    const bool wanted = reads_value(value_inputs, i, r.inputs.size());
    const Tensor* constant = wanted ? r.inputs[i].constant : nullptr;
    p->source.values.push_back(constant != nullptr ? *constant : Tensor());
    known = known && (!wanted || constant != nullptr);
  }
  for (const ValueInfo& v : r.outputs) p->source.outputs.push_back(v.shape);
  p->output_dtype = r.outputs.empty() ? DType::kInvalid : r.outputs[0].dtype;
  p->value_inputs = value_inputs;
  if (known) {
    builder(p->source, p->moves);
  } else {
    p->builder = builder;
  }
  if (p->output_dtype == DType::kString) {
    prepared.run_dynamic = run_strings;
    return prepared;
  }
  with_element(p->output_dtype, [&]<class E>(E) {
    if constexpr (!std::is_same_v<E, std::string>) prepared.run = run_static<E>;
  });
  return prepared;
}

/// The prepare function of a kernel row.
template <MoveBuilder builder, std::uint64_t value_inputs = 0>
Prepared move_kernel(const KernelRequest& r) {
  return prepare_moves(r, builder, value_inputs);
}

}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
