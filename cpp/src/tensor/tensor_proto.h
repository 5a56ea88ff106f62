// SPDX-License-Identifier: Apache-2.0
// Owns: tensors and shapes as bytes of TensorProto and TensorShapeProto messages.
// Called by: kernels that serialise; codecs of graphs and checkpoints.
// Must not know: graphs, files.
#pragma once

#include <string>
#include <string_view>

#include "caudal/tensor.h"

namespace caudal {

std::string shape_to_proto(const PartialShape& shape);
/// Throws InvalidArgument for anything that is no shape, sizes below -1 included.
PartialShape shape_from_proto(std::string_view bytes);
/// The same, also throws when something of it is not known.
Shape full_shape_from_proto(std::string_view bytes);

/// Throws Unimplemented for handles.
std::string to_proto(const Tensor& tensor);
/// Throws InvalidArgument for anything that is no tensor; safe for any bytes.
Tensor tensor_from_proto(std::string_view bytes);

}  // namespace caudal
