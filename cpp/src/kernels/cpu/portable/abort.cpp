// SPDX-License-Identifier: Apache-2.0
#include "caudal/error.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

/// Ends the run, not the process.
void run_abort(const void* params, void* const*, void* const*, void*, RunContext&) {
  const auto& message = *static_cast<const std::string*>(params);
  fail(Code::kAborted, message.empty() ? std::string("Abort was run") : message);
}

Prepared prepare_abort(const KernelRequest& r) {
  Prepared prepared;
  *make_params<std::string>(prepared) = r.attrs->s("error_msg");
  prepared.run = run_abort;
  return prepared;
}

}  // namespace

std::span<const KernelRow> abort_kernels() {
  static const KernelRow rows[] = {{"Abort", "", DTypeSet::all(), prepare_abort}};
  return rows;
}

}  // namespace caudal::cpu
