// SPDX-License-Identifier: Apache-2.0
#include "tensor/tape.h"

#include <cstring>

#include "caudal/error.h"
#include "kernels/cpu/families.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

std::shared_ptr<Tape> tape_of(const Variant& v) { return object_of<Tape>(v); }

const Tensor& entry(const Tape& tape, std::int32_t index, std::int64_t k) {
  if (index < 0 || std::size_t(index) >= tape.entries.size()) {
    invalid("the tape has ", tape.entries.size(), " entries, not ", index);
  }
  const auto& row = tape.entries[std::size_t(index)];
  if (std::size_t(k) >= row.size())
    invalid("the tape was recorded before value ", k, " was asked for");
  return row[std::size_t(k)];
}

struct ReadParams {
  std::int64_t k;
  std::size_t bytes;
};

void read_static(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const ReadParams*>(params);
  const auto tape = tape_of(*static_cast<const Variant*>(in[0]));
  const Tensor& t = entry(*tape, *static_cast<const std::int32_t*>(in[1]), p.k);
  if (t.num_bytes() != p.bytes)
    invalid("the tape holds ", t.shape(), ", another shape was expected");
  if (p.bytes > 0) std::memcpy(out[0], t.raw(), p.bytes);
}

void read_dynamic(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                  RunContext&) {
  const auto& p = *static_cast<const ReadParams*>(params);
  out[0] = entry(*tape_of(*in[0].data<Variant>()), *in[1].data<std::int32_t>(), p.k);
}

Prepared prepare_read(const KernelRequest& r) {
  Prepared prepared;
  auto* p = make_params<ReadParams>(prepared);
  p->k = r.attrs->i("k");
  // What the shape rule has left open is shared.
  const bool fixed = r.attrs->shape("shape").fully_defined() &&
                     r.outputs[0].shape.num_elements() == r.attrs->shape("shape").num_elements() &&
                     !is_object(r.attrs->type("dtype"));
  p->bytes =
      fixed ? std::size_t(r.outputs[0].shape.num_elements()) * dtype_size(r.outputs[0].dtype) : 0;
  if (fixed) {
    prepared.run = read_static;
  } else {
    prepared.run_dynamic = read_dynamic;
  }
  return prepared;
}

void run_size(const void*, void* const* in, void* const* out, void*, RunContext&) {
  *static_cast<std::int32_t*>(out[0]) =
      std::int32_t(tape_of(*static_cast<const Variant*>(in[0]))->entries.size());
}

Prepared prepare_size(const KernelRequest&) {
  Prepared prepared;
  prepared.run = run_size;
  return prepared;
}

}  // namespace

std::span<const KernelRow> tape_kernels() {
  static const KernelRow rows[] = {
      {"TapeRead", "", DTypeSet::all(), prepare_read},
      {"TapeSize", "", DTypeSet::all(), prepare_size},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
