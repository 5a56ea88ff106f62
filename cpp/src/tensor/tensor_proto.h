// SPDX-License-Identifier: Apache-2.0
// Owns: tensors as bytes of TensorProto messages.
// Called by: kernels that serialise; codecs of graphs.
// Must not know: graphs, files.
#pragma once

#include <string>
#include <string_view>

#include "caudal/tensor.h"

namespace caudal {

/// Throws Unimplemented for handles.
std::string to_proto(const Tensor& tensor);
/// Throws InvalidArgument for anything that is no tensor; safe for any bytes.
Tensor tensor_from_proto(std::string_view bytes);

}  // namespace caudal
