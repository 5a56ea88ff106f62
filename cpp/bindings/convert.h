// SPDX-License-Identifier: Apache-2.0
// Owns: conversions between Python and engine values: keys, shapes, arrays, attrs.
// Called by: the bind_*.cpp files.
// Must not know: what the values are used for.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "caudal/graph.h"
#include "caudal/op_def.h"
#include "caudal/tensor.h"

namespace caudal::python {

namespace py = pybind11;

/// Python knows an output as one int: node id and output index.
inline std::int64_t key_of(const Output& o) { return std::int64_t(o.node->id()) << 16 | o.index; }
/// Throws IndexError for a key of no node.
Output output_of(Graph& graph, std::int64_t key);
Node* node_of(Graph& graph, std::int64_t id);
std::vector<Output> outputs_of(Graph& graph, const py::handle& keys);

py::object shape_to_python(const PartialShape& shape);
PartialShape shape_from_python(const py::handle& shape);

py::dtype numpy_dtype(DType dtype);
/// A NumPy array that owns a share of the tensor; rank 0 gives a NumPy scalar when `scalars`.
py::object tensor_to_python(const Tensor& tensor, bool scalars);
/// A copy of an array-like in the engine's memory; object and bytes arrays become strings.
Tensor tensor_from_python(const py::handle& value);
/// A view of `value` (kept alive by the caller) where its memory can be used as it is, else a copy.
Tensor feed_from_python(const py::handle& value, DType dtype);

AttrValue attr_from_python(const std::string& type, const py::handle& value);
/// For attrs outside of the signature: typed by the Python value.
AttrValue hidden_attr_from_python(const py::handle& value);
py::object attr_to_python(const AttrValue& value);

}  // namespace caudal::python
