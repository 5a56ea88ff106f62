// SPDX-License-Identifier: Apache-2.0
// Owns: calls of functions that the host language's library lends to kernels: regular expressions,
// Unicode tables, codecs.
// Called by: kernels of this folder.
// Must not know: which language it is.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "caudal/error.h"
#include "caudal/kernel.h"

namespace caudal::cpu {

/// Calls `name` of the text library; throws Unimplemented when no host language has lent one.
inline std::vector<Tensor> call_host(const std::string& name, std::vector<Tensor> arguments) {
  HostFunction function;
  try {
    function = find_host_function("caudal.text");
  } catch (const Error&) {
    fail(Code::kUnimplemented, name,
         " is computed by the host language's library, and there is none");
  }
  arguments.insert(arguments.begin(), Tensor::string_scalar(name));
  return function(arguments);
}

/// The single result, checked to be of the dtype and shape promised.
inline Tensor call_host_for(const std::string& name, std::vector<Tensor> arguments, DType dtype,
                            const Shape& shape) {
  std::vector<Tensor> results = call_host(name, std::move(arguments));
  if (results.size() != 1 || results[0].dtype() != dtype || !(results[0].shape() == shape)) {
    fail(Code::kInternal, name, " returned something else than ", dtype, " of shape ", shape);
  }
  return std::move(results[0]);
}

}  // namespace caudal::cpu
