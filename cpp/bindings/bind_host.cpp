// SPDX-License-Identifier: Apache-2.0
#include "caudal/error.h"
#include "caudal/kernel.h"
#include "caudal/session.h"
#include "convert.h"
#include "module.h"

namespace caudal::python {
namespace {

/// A Python object that may be dropped by any thread.
std::shared_ptr<py::object> guarded(const py::object& object) {
  return {new py::object(object), [](py::object* p) {
            if (!Py_IsInitialized()) return;  // leaks at exit, where nothing can be done with it
            const py::gil_scoped_acquire gil;
            delete p;
          }};
}

/// The tf.errors code that stands for a Python exception raised inside a function.
Code code_of(const py::error_already_set& e) {
  if (e.matches(PyExc_ValueError) || e.matches(PyExc_TypeError)) return Code::kInvalidArgument;
  if (e.matches(PyExc_StopIteration)) return Code::kOutOfRange;
  if (e.matches(PyExc_MemoryError)) return Code::kResourceExhausted;
  if (e.matches(PyExc_NotImplementedError)) return Code::kUnimplemented;
  return Code::kUnknown;
}

void register_function(const std::string& token, const py::object& function) {
  // Functions of the package say all in their messages; of others the class is told as well.
  const bool own = token.starts_with("caudal.");
  register_host_function(token, [f = guarded(function), own](std::span<const Tensor> in) {
    const py::gil_scoped_acquire gil;
    std::vector<Tensor> out;
    try {
      py::list arguments;
      for (const Tensor& t : in) arguments.append(tensor_to_python(t.clone(), false));
      const py::object result = (*f)(arguments);
      for (const py::handle h : py::reinterpret_borrow<py::iterable>(result))
        out.push_back(tensor_from_python(h));
    } catch (const py::error_already_set& e) {
      fail(code_of(e), own ? std::string(py::str(e.value())) : std::string(e.what()));
    }
    return out;
  });
}

void set_sink(const py::object& function) {
  if (function.is_none()) {
    set_log_sink({});
    return;
  }
  set_log_sink([f = guarded(function)](std::string_view text) {
    const py::gil_scoped_acquire gil;
    try {
      (*f)(py::str(text.data(), text.size()));
    } catch (py::error_already_set& e) {
      e.discard_as_unraisable("caudal log sink");
    }
  });
}

py::list types_of(const std::string& device, const std::string& op) {
  initialise();
  py::list out;
  const DTypeSet types = kernel_types(device, op);
  for (int t = 1; t < kNumDTypes; ++t) {
    if (types.contains(DType(t))) out.append(t);
  }
  return out;
}

}  // namespace

void bind_host(py::module_& m) {
  m.def("register_host_function", &register_function);
  m.def("unregister_host_function",
        [](const std::string& token) { unregister_host_function(token); });
  m.def("set_log_sink", &set_sink);
  m.def("kernel_types", &types_of);
  m.def("has_kernel", [](const std::string& device, const std::string& op) {
    initialise();
    return has_kernel(device, op);
  });
  m.def("isa_level", &isa_level);
  m.def("version", [] { return CAUDAL_VERSION; });
}

}  // namespace caudal::python
