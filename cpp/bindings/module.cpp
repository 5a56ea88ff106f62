// SPDX-License-Identifier: Apache-2.0
#include "module.h"

#include <pybind11/pybind11.h>

#include "caudal/error.h"

namespace py = pybind11;

namespace {

const char* kind_name(caudal::Error::Kind kind) {
  switch (kind) {
    case caudal::Error::Kind::kType:
      return "type";
    case caudal::Error::Kind::kLookup:
      return "lookup";
    default:
      return "value";
  }
}

}  // namespace

PYBIND11_MODULE(_core, m) {
  m.doc() = "The C++ engine of caudal.";
  // Leaked on purpose: translators may run until the interpreter is gone.
  static auto* error_type = new py::object(py::reinterpret_steal<py::object>(
      PyErr_NewException("caudal._core.Error", nullptr, nullptr)));
  m.attr("Error") = *error_type;
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const caudal::Error& e) {
      // Names in damaged files are not always text.
      const auto message = py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
          e.message().data(), py::ssize_t(e.message().size()), "backslashreplace"));
      py::object instance = (*error_type)(message);
      instance.attr("message") = message;
      instance.attr("code") = int(e.code());
      instance.attr("node_name") = e.node_name();
      instance.attr("kind") = kind_name(e.kind());
      PyErr_SetObject(error_type->ptr(), instance.ptr());
    }
  });
  caudal::python::bind_graph(m);
  caudal::python::bind_session(m);
  caudal::python::bind_host(m);
  caudal::python::bind_io(m);
}
