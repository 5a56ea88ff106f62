// SPDX-License-Identifier: Apache-2.0
// Owns: matching a node's inputs and attrs against its op's signature.
// Called by: Graph::add.
// Must not know: shapes, names, scopes.
#pragma once

#include <vector>

#include "caudal/graph.h"
#include "caudal/op_def.h"

namespace caudal {

struct OutputType {
  DType dtype;
  bool is_ref;
};

/// All attrs of the signature: given ones checked, those that inputs determine inferred, defaults
/// filled in. Throws Error (kind kType for wrong dtypes).
AttrMap resolve_attrs(const OpDef& op, const std::vector<Output>& inputs, AttrList given);

/// How many outputs a formal output stands for; `attrs` are resolved.
std::int64_t output_count(const ArgDef& arg, const AttrMap& attrs);

/// Dtypes of the outputs; `attrs` are resolved.
std::vector<OutputType> output_types(const OpDef& op, const AttrMap& attrs);

}  // namespace caudal
