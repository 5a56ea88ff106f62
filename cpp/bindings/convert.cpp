// SPDX-License-Identifier: Apache-2.0
#include "convert.h"

#include <pybind11/stl.h>

#include <optional>

#include "caudal/error.h"

namespace caudal::python {

Output output_of(Graph& graph, std::int64_t key) {
  Node* node = node_of(graph, key >> 16);
  const int index = int(key & 0xffff);
  if (index >= node->num_outputs()) throw py::index_error("no such output");
  return {node, index};
}

Node* node_of(Graph& graph, std::int64_t id) {
  if (id < 0 || id >= graph.num_nodes()) throw py::index_error("no such node");
  return graph.node(int(id));
}

std::vector<Output> outputs_of(Graph& graph, const py::handle& keys) {
  std::vector<Output> out;
  for (const py::handle k : py::reinterpret_borrow<py::iterable>(keys)) {
    out.push_back(output_of(graph, k.cast<std::int64_t>()));
  }
  return out;
}

py::object shape_to_python(const PartialShape& shape) {
  if (!shape.has_rank()) return py::none();
  py::tuple out(shape.rank());
  for (int i = 0; i < shape.rank(); ++i) out[std::size_t(i)] = py::int_(shape[i]);
  return out;
}

PartialShape shape_from_python(const py::handle& shape) {
  if (shape.is_none()) return PartialShape::unknown();
  std::vector<std::int64_t> dims;
  for (const py::handle d : py::reinterpret_borrow<py::iterable>(shape)) {
    dims.push_back(d.is_none() ? -1 : d.cast<std::int64_t>());
  }
  return PartialShape(dims);
}

namespace {

/// NumPy knows bfloat16 by the package ml_dtypes, imported when the first such value is exchanged.
py::dtype bfloat16_dtype() {
  try {
    return py::dtype::from_args(py::module_::import("ml_dtypes").attr("bfloat16"));
  } catch (py::error_already_set& e) {
    if (!e.matches(PyExc_ImportError)) throw;
    type_error("bfloat16 has no NumPy type; install the package ml_dtypes to exchange such values");
  }
}

}  // namespace

py::dtype numpy_dtype(DType dtype) {
  switch (dtype) {
    case DType::kString:
    case DType::kResource:
    case DType::kVariant:
      return py::dtype("O");
    case DType::kBfloat16:
      return bfloat16_dtype();
    case DType::kQint16:
      return py::dtype("int16");
    case DType::kQuint16:
      return py::dtype("uint16");
    case DType::kQint8:
      return py::dtype("int8");
    case DType::kQuint8:
      return py::dtype("uint8");
    case DType::kQint32:
      return py::dtype("int32");
    default:
      return py::dtype(std::string(dtype_name(dtype)));
  }
}

namespace {

/// numpy.dtype objects by DType, made once: they are asked for in every run.
const py::dtype& cached_dtype(DType dtype) {
  static auto* const all = new std::optional<py::dtype>[kNumDTypes];
  std::optional<py::dtype>& made = all[int(dtype)];
  if (!made) made = numpy_dtype(dtype);
  return *made;
}

py::object strings_to_python(const Tensor& t, bool scalars) {
  const std::string* s = t.data<std::string>();
  if (t.shape().rank() == 0 && scalars) return py::bytes(*s);
  std::vector<py::ssize_t> dims(t.shape().dims().begin(), t.shape().dims().end());
  py::array out(py::dtype("O"), dims);
  auto** cells = static_cast<PyObject**>(out.mutable_data());
  for (std::int64_t i = 0; i < t.num_elements(); ++i) {
    PyObject* old = cells[i];
    cells[i] = py::bytes(s[i]).release().ptr();
    Py_XDECREF(old);
  }
  return out;
}

/// bfloat16, or a quantised dtype: a record of one integer that bears the dtype's name.
DType dtype_of_void(const py::dtype& d) {
  const py::object names = d.attr("names");
  std::string name;
  if (names.is_none()) {
    name = py::str(d.attr("name")).cast<std::string>();
    return name == "bfloat16" ? DType::kBfloat16 : DType::kInvalid;
  }
  if (py::len(names) != 1) return DType::kInvalid;
  name = py::str(names[py::int_(0)]).cast<std::string>();
  for (const DType t :
       {DType::kQint8, DType::kQuint8, DType::kQint16, DType::kQuint16, DType::kQint32}) {
    if (dtype_name(t) == name && std::size_t(d.itemsize()) == dtype_size(t)) return t;
  }
  return DType::kInvalid;
}

DType dtype_of_array(const py::array& a) {
  const py::dtype d = a.dtype();
  const char kind = d.kind();
  const auto size = d.itemsize();
  switch (kind) {
    case 'b':
      return DType::kBool;
    case 'f':
      return size == 4   ? DType::kFloat
             : size == 8 ? DType::kDouble
             : size == 2 ? DType::kHalf
                         : DType::kInvalid;
    case 'i':
      return size == 4   ? DType::kInt32
             : size == 8 ? DType::kInt64
             : size == 1 ? DType::kInt8
                         : DType::kInt16;
    case 'u':
      return size == 1   ? DType::kUint8
             : size == 2 ? DType::kUint16
             : size == 4 ? DType::kUint32
                         : DType::kUint64;
    case 'c':
      return size == 8 ? DType::kComplex64 : size == 16 ? DType::kComplex128 : DType::kInvalid;
    case 'O':
    case 'S':
    case 'U':
      return DType::kString;
    default:
      return dtype_of_void(d);
  }
}

std::string text_of(const py::handle& h) {
  if (PyUnicode_Check(h.ptr()) || PyBytes_Check(h.ptr())) return h.cast<std::string>();
  type_error("expected str or bytes, got ", std::string(Py_TYPE(h.ptr())->tp_name));
}

Shape shape_of_array(const py::array& a) {
  std::vector<std::int64_t> dims(a.shape(), a.shape() + a.ndim());
  return Shape(dims);
}

Tensor strings_from_python(const py::array& a) {
  const py::array objects = py::array::ensure(a.attr("astype")("O"), py::array::c_style);
  Tensor t(DType::kString, shape_of_array(objects));
  auto* const* cells = static_cast<PyObject* const*>(objects.data());
  for (std::int64_t i = 0; i < t.num_elements(); ++i) t.data<std::string>()[i] = text_of(cells[i]);
  return t;
}

bool usable(const py::array& a, DType dtype) {
  return (a.flags() & py::array::c_style) && dtype_of_array(a) == dtype &&
         reinterpret_cast<std::uintptr_t>(a.data()) % std::max<std::size_t>(1, dtype_size(dtype)) ==
             0 &&
         a.dtype().byteorder() != '>';
}

/// A copy of an array whose elements are those of `dtype` already.
Tensor bytes_of_array(const py::array& a, DType dtype) {
  const py::array c = py::array::ensure(a, py::array::c_style);
  if (!c) throw py::error_already_set();
  Tensor t(dtype, shape_of_array(a));
  if (t.num_bytes() > 0) std::memcpy(t.raw(), c.data(), t.num_bytes());
  return t;
}

Tensor copy_of_array(const py::array& a) {
  const DType dtype = dtype_of_array(a);
  if (dtype == DType::kString) return strings_from_python(a);
  if (dtype == DType::kInvalid) {
    type_error("arrays of dtype ", py::str(a.dtype()).cast<std::string>(), " have no tensor type");
  }
  return bytes_of_array(
      a.dtype().kind() == 'V' ? a : py::array(a.attr("astype")(cached_dtype(dtype))), dtype);
}

template <class T>
bool scalar_feed(const py::handle& v, Tensor& out) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!PyFloat_Check(v.ptr()) && !PyLong_Check(v.ptr())) return false;
    const double d = PyFloat_AsDouble(v.ptr());
    if (d == -1.0 && PyErr_Occurred()) throw py::error_already_set();
    out = Tensor::scalar(T(d));
  } else {
    if (!PyLong_Check(v.ptr())) return false;
    const long long i = PyLong_AsLongLong(v.ptr());
    if (i == -1 && PyErr_Occurred()) throw py::error_already_set();
    if (T(i) != i) type_error("the value ", std::int64_t(i), " does not fit into a ", dtype_of<T>);
    out = Tensor::scalar(T(i));
  }
  return true;
}

}  // namespace

py::object tensor_to_python(const Tensor& t, bool scalars) {
  if (t.dtype() == DType::kString) return strings_to_python(t, scalars);
  if (is_object(t.dtype())) type_error("a ", t.dtype(), " cannot be fetched");
  py::ssize_t dims[kMaxRank];
  const int rank = t.shape().rank();
  for (int i = 0; i < rank; ++i) dims[i] = t.shape()[i];
  if (rank == 0 && scalars) {
    const py::array a(cached_dtype(t.dtype()), std::vector<py::ssize_t>(), t.raw());
    return py::reinterpret_steal<py::object>(PyObject_GetItem(a.ptr(), py::tuple().ptr()));
  }
  auto* kept = new Tensor(t);
  const py::capsule owner(kept, [](void* p) { delete static_cast<Tensor*>(p); });
  return py::array(cached_dtype(t.dtype()), std::vector<py::ssize_t>(dims, dims + rank), t.raw(),
                   owner);
}

Tensor tensor_from_python(const py::handle& value) {
  const py::array a = py::array::ensure(value);
  if (!a) throw py::error_already_set();
  return copy_of_array(a);
}

Tensor feed_from_python(const py::handle& value, DType dtype) {
  if (py::isinstance<py::array>(value)) {
    const auto a = py::reinterpret_borrow<py::array>(value);
    if (usable(a, dtype) && dtype != DType::kString) {
      return Tensor(dtype, shape_of_array(a), const_cast<void*>(a.data()), nullptr);
    }
  } else {
    Tensor t;
    if (dtype == DType::kFloat && scalar_feed<float>(value, t)) return t;
    if (dtype == DType::kDouble && scalar_feed<double>(value, t)) return t;
    if (dtype == DType::kInt32 && scalar_feed<std::int32_t>(value, t)) return t;
    if (dtype == DType::kInt64 && scalar_feed<std::int64_t>(value, t)) return t;
    if (dtype == DType::kBool && PyBool_Check(value.ptr()))
      return Tensor::scalar(value.ptr() == Py_True);
  }
  const py::array a = py::array::ensure(value);
  if (!a) throw py::error_already_set();
  if (dtype_of_array(a) == dtype) return copy_of_array(a);
  if (dtype == DType::kString) return strings_from_python(a);
  return bytes_of_array(py::array(a.attr("astype")(cached_dtype(dtype))), dtype);
}

namespace {

template <class T, class F>
std::vector<T> list_from(const py::handle& value, F f) {
  std::vector<T> out;
  for (const py::handle h : py::reinterpret_borrow<py::iterable>(value)) out.push_back(f(h));
  return out;
}

DType type_from(const py::handle& h) {
  const int v = h.cast<int>() % 100;
  if (v <= 0 || v >= kNumDTypes) type_error("unknown dtype number ", v);
  return DType(v);
}

}  // namespace

AttrValue attr_from_python(const std::string& type, const py::handle& v) {
  try {
    if (type == "int") return v.cast<std::int64_t>();
    if (type == "float") return v.cast<float>();
    if (type == "bool") return v.cast<bool>();
    if (type == "string") return text_of(v);
    if (type == "type") return type_from(v);
    if (type == "shape") return shape_from_python(v);
    if (type == "tensor") return tensor_from_python(v);
    if (type == "func") return v.cast<SubgraphPtr>();
    if (type == "list(int)")
      return list_from<std::int64_t>(v, [](py::handle h) { return h.cast<std::int64_t>(); });
    if (type == "list(float)")
      return list_from<float>(v, [](py::handle h) { return h.cast<float>(); });
    if (type == "list(bool)")
      return list_from<bool>(v, [](py::handle h) { return h.cast<bool>(); });
    if (type == "list(string)") return list_from<std::string>(v, text_of);
    if (type == "list(type)") return list_from<DType>(v, type_from);
    if (type == "list(shape)") return list_from<PartialShape>(v, shape_from_python);
  } catch (const py::cast_error&) {
    type_error("expected ", type, ", got ", py::repr(v).cast<std::string>());
  }
  type_error("attrs of type ", type, " cannot be given");
}

AttrValue hidden_attr_from_python(const py::handle& v) {
  PyObject* p = v.ptr();
  if (PyBool_Check(p)) return p == Py_True;
  if (PyLong_Check(p)) return v.cast<std::int64_t>();
  if (PyFloat_Check(p)) return v.cast<float>();
  if (PyUnicode_Check(p) || PyBytes_Check(p)) return text_of(v);
  if (PyList_Check(p) || PyTuple_Check(p)) {
    py::ssize_t n = PySequence_Size(p);
    if (n > 0 && PyLong_Check(py::reinterpret_steal<py::object>(PySequence_GetItem(p, 0)).ptr())) {
      return list_from<std::int64_t>(v, [](py::handle h) { return h.cast<std::int64_t>(); });
    }
    return list_from<std::string>(v, text_of);
  }
  type_error("an attr cannot hold ", py::repr(v).cast<std::string>());
}

namespace {

struct ToPython {
  py::object operator()(std::monostate) const { return py::none(); }
  py::object operator()(std::int64_t v) const { return py::int_(v); }
  py::object operator()(float v) const { return py::float_(v); }
  py::object operator()(bool v) const { return py::bool_(v); }
  py::object operator()(const std::string& v) const { return py::bytes(v); }
  py::object operator()(DType v) const { return py::int_(int(v)); }
  py::object operator()(const PartialShape& v) const { return shape_to_python(v); }
  py::object operator()(const Tensor& v) const { return tensor_to_python(v, false); }
  py::object operator()(const SubgraphPtr& v) const { return py::cast(v); }
  template <class T>
  py::object operator()(const std::vector<T>& v) const {
    py::list out;
    for (std::size_t i = 0; i < v.size(); ++i) out.append((*this)(T(v[i])));
    return out;
  }
};

}  // namespace

py::object attr_to_python(const AttrValue& value) {
  return std::visit(ToPython(), value.storage());
}

}  // namespace caudal::python
