// SPDX-License-Identifier: Apache-2.0
// Owns: the words for shapes that turn out not to fit at run time, where they differ from those of
//   graph building.
// Called by: lowering.
// Must not know: plans, kernels.
#pragma once

#include <string_view>

namespace caudal {

class Error;

/// Throws what a shape rule threw, with the words of a run in front if the op has its own.
[[noreturn]] void throw_in_run_words(std::string_view op, const Error& error);

}  // namespace caudal
