// SPDX-License-Identifier: Apache-2.0
// Owns: the list of binding files.
// Called by: module.cpp.
// Must not know: what they bind.
#pragma once

#include <pybind11/pybind11.h>

namespace caudal::python {

void bind_graph(pybind11::module_& m);
void bind_session(pybind11::module_& m);
void bind_host(pybind11::module_& m);
void bind_io(pybind11::module_& m);

}  // namespace caudal::python
