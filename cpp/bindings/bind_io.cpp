// SPDX-License-Identifier: Apache-2.0
// Files. Bytes go in and come out as they are; paths are str.
//   CheckpointReader(prefix)  .names() .has(n) .dtype(n) .shape(n) .read(n) .read_slice(n, spec)
//                             .slices(n) (as such specs) .shapes() .dtypes() (dicts) .version()
//                             .debug_string()
//   CheckpointWriter(prefix)  .add(n, array) .add_slice(n, spec, array) .finish()
//   RecordReader(path, offset=0)   iterates over records as bytes; .next() -> bytes or None;
//   .offset() RecordWriter(path, append=False)  .write(bytes) .flush(sync=False) .close()
//   RecordParser(source, offset=0)    .feed(bytes) .next() -> bytes or None .finish() .offset()
//   record_frame(bytes)       the record with what stands around it, for compressed streams
//   EventWriter(folder, suffix="")    .open() .write(event bytes) .flush() .close() .reopen()
//   .path()
#include <pybind11/stl.h>

#include <mutex>

#include "caudal/error.h"
#include "caudal/io.h"
#include "convert.h"
#include "module.h"

namespace caudal::python {
namespace {

using Unlocked = py::call_guard<py::gil_scoped_release>;

std::string_view view(const py::bytes& b) {
  char* p = nullptr;
  py::ssize_t n = 0;
  if (PyBytes_AsStringAndSize(b.ptr(), &p, &n) != 0) throw py::error_already_set();
  return {p, std::size_t(n)};
}

/// Names are UTF-8, but what a file holds may be anything.
py::object text(const std::string& s) {
  return py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(s.data(), py::ssize_t(s.size()), "backslashreplace"));
}

py::object record_or_none(bool found, const std::string& record) {
  return found ? py::object(py::bytes(record)) : py::none();
}

py::object next_record(RecordReader& r) {
  std::string record;
  bool found = false;
  {
    const py::gil_scoped_release release;
    found = r.next(record);
  }
  return record_or_none(found, record);
}

py::object read(const CheckpointReader& r, const std::string& name, const std::string& slice) {
  Tensor t;
  {
    const py::gil_scoped_release release;
    t = r.read_slice(name, slice);
  }
  return tensor_to_python(t, false);
}

void add_to(CheckpointWriter& w, const std::string& name, const std::string& slice,
            const py::object& value) {
  const Tensor t = tensor_from_python(value);
  const py::gil_scoped_release release;
  w.add_slice(name, slice, t);
}

/// The engine's writers are for one thread at a time.
template <class Writer>
struct Shared {
  template <class... Args>
  explicit Shared(Args&&... args) : writer(std::forward<Args>(args)...) {}
  template <class F>
  auto with(F&& f) {
    const py::gil_scoped_release release;
    const std::lock_guard lock(mutex);
    return f(writer);
  }
  std::mutex mutex;
  Writer writer;
};

void bind_checkpoints(py::module_& m) {
  py::class_<CheckpointReader>(m, "CheckpointReader")
      .def(py::init<const std::string&>(), py::arg("prefix"), Unlocked())
      .def("names",
           [](const CheckpointReader& r) {
             py::list out;
             for (const std::string& n : r.names()) out.append(text(n));
             return out;
           })
      .def("has", &CheckpointReader::has, py::arg("name"))
      .def("dtype", [](const CheckpointReader& r, const std::string& n) { return int(r.dtype(n)); })
      .def("shape", [](const CheckpointReader& r,
                       const std::string& n) { return shape_to_python(r.shape(n)); })
      .def("shapes",
           [](const CheckpointReader& r) {
             py::dict out;
             for (const std::string& n : r.names()) out[text(n)] = shape_to_python(r.shape(n));
             return out;
           })
      .def("dtypes",
           [](const CheckpointReader& r) {
             py::dict out;
             for (const std::string& n : r.names()) out[text(n)] = int(r.dtype(n));
             return out;
           })
      .def("read", [](const CheckpointReader& r, const std::string& n) { return read(r, n, ""); })
      .def("slices", &CheckpointReader::slices, py::arg("name"))
      .def("read_slice", &read, py::arg("name"), py::arg("shape_and_slice"))
      .def("version", &CheckpointReader::version)
      .def("debug_string", [](const CheckpointReader& r) { return text(r.debug_string()); });
  py::class_<CheckpointWriter>(m, "CheckpointWriter")
      .def(py::init<const std::string&>(), py::arg("prefix"), Unlocked())
      .def("add", [](CheckpointWriter& w, const std::string& n,
                     const py::object& v) { add_to(w, n, "", v); })
      .def("add_slice", &add_to, py::arg("name"), py::arg("shape_and_slice"), py::arg("value"))
      .def("finish", &CheckpointWriter::finish, Unlocked());
  m.def("merge_checkpoints", &merge_checkpoints, py::arg("prefixes"), py::arg("destination"),
        py::arg("delete_old") = true, Unlocked());
}

void bind_records(py::module_& m) {
  py::class_<RecordReader>(m, "RecordReader")
      .def(py::init<const std::string&, std::uint64_t>(), py::arg("path"), py::arg("offset") = 0,
           Unlocked())
      .def("next", &next_record)
      .def("offset", &RecordReader::offset)
      .def("__iter__", [](const py::object& self) { return self; })
      .def("__next__", [](RecordReader& r) {
        py::object record = next_record(r);
        if (record.is_none()) throw py::stop_iteration();
        return record;
      });
  py::class_<RecordParser>(m, "RecordParser")
      .def(py::init<std::string, std::uint64_t>(), py::arg("source"), py::arg("offset") = 0)
      .def("feed", [](RecordParser& p, const py::bytes& bytes) { p.feed(view(bytes)); })
      .def("next",
           [](RecordParser& p) {
             std::string record;
             return record_or_none(p.next(record), record);
           })
      .def("finish", &RecordParser::finish)
      .def("offset", &RecordParser::offset);
  m.def("record_frame", [](const py::bytes& bytes) {
    const std::string_view v = view(bytes);
    std::string out = record_header(v);
    out.reserve(v.size() + 16);
    out += v;
    return py::bytes(out + record_footer(v));
  });
  using Records = Shared<RecordWriter>;
  py::class_<Records>(m, "RecordWriter")
      .def(py::init<const std::string&, bool>(), py::arg("path"), py::arg("append") = false)
      .def("write",
           [](Records& w, const py::bytes& record) {
             const std::string_view v = view(record);
             w.with([&](RecordWriter& r) { r.write(v); });
           })
      .def(
          "flush", [](Records& w, bool sync) { w.with([&](RecordWriter& r) { r.flush(sync); }); },
          py::arg("sync") = false)
      .def("close", [](Records& w) { w.with([](RecordWriter& r) { r.close(); }); });
  using Events = Shared<EventWriter>;
  py::class_<Events>(m, "EventWriter")
      .def(py::init<const std::string&, const std::string&>(), py::arg("folder"),
           py::arg("suffix") = "")
      .def("open", [](Events& w) { w.with([](EventWriter& e) { e.open(); }); })
      .def("write",
           [](Events& w, const py::bytes& event) {
             const std::string_view v = view(event);
             w.with([&](EventWriter& e) { e.write(v); });
           })
      .def("flush", [](Events& w) { w.with([](EventWriter& e) { e.flush(); }); })
      .def("close", [](Events& w) { w.with([](EventWriter& e) { e.close(); }); })
      .def("reopen", [](Events& w) { w.with([](EventWriter& e) { e.reopen(); }); })
      .def("path", [](Events& w) { return w.with([](EventWriter& e) { return e.path(); }); });
}

}  // namespace

void bind_io(py::module_& m) {
  bind_checkpoints(m);
  bind_records(m);
  m.def("crc32c", [](const py::bytes& b) { return checksum(view(b)); });
  m.def("masked_crc32c", [](const py::bytes& b) { return masked_checksum(view(b)); });
  m.def("write_file_atomically", [](const std::string& path, const py::bytes& bytes) {
    const std::string_view v = view(bytes);
    const py::gil_scoped_release release;
    write_file_atomically(path, v);
  });
}

}  // namespace caudal::python
