// SPDX-License-Identifier: Apache-2.0
#include <pybind11/stl.h>

#include "caudal/error.h"
#include "caudal/gradients.h"
#include "caudal/graph_def.h"
#include "convert.h"
#include "module.h"

namespace caudal::python {
namespace {

Origin origin_from(Graph& graph, const py::handle& origin) {
  if (origin.is_none()) return {};
  const auto t = origin.cast<py::tuple>();
  return {graph.intern(t[0].cast<std::string_view>()), t[1].cast<int>(),
          graph.intern(t[2].cast<std::string_view>())};
}

AttrList attrs_from(std::string_view op_name, const py::handle& attrs) {
  AttrList out;
  if (attrs.is_none()) return out;
  const OpDef* op = find_op(op_name);
  for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(attrs)) {
    const auto name = key.cast<std::string>();
    if (name.empty()) type_error("an attr must have a name");
    if (name[0] == '_') {
      out.emplace_back(name, hidden_attr_from_python(value));
      continue;
    }
    const AttrDef* def = op == nullptr ? nullptr : op->attr(name);
    if (def == nullptr) {
      type_error("op ", op_name, " has no attr '", name, "'");
    }
    try {
      out.emplace_back(name, attr_from_python(def->type, value));
    } catch (Error& e) {
      throw Error(e.code(), str("attr '", name, "' of op ", op_name, ": ", e.message()), e.kind());
    }
  }
  return out;
}

int add(Graph& g, std::string_view op, std::string name, const py::handle& inputs,
        const py::handle& attrs, std::string device, const py::handle& controls,
        const py::handle& origin) {
  NodeSpec spec;
  spec.op = op;
  spec.name = std::move(name);
  spec.inputs = outputs_of(g, inputs);
  spec.attrs = attrs_from(op, attrs);
  spec.device = std::move(device);
  if (!controls.is_none()) {
    for (const py::handle c : py::reinterpret_borrow<py::iterable>(controls)) {
      spec.control_inputs.push_back(node_of(g, c.cast<std::int64_t>()));
    }
  }
  spec.origin = origin_from(g, origin);
  return g.add(std::move(spec))->id();
}

/// None, a key, or (values, indices, dense_shape or -1).
Grad grad_from(Graph& g, const py::handle& h) {
  if (h.is_none()) return {};
  if (py::isinstance<py::tuple>(h)) {
    const auto t = py::reinterpret_borrow<py::tuple>(h);
    const auto shape = t[2].cast<std::int64_t>();
    return Grad(output_of(g, t[0].cast<std::int64_t>()), output_of(g, t[1].cast<std::int64_t>()),
                shape < 0 ? Output() : output_of(g, shape));
  }
  return Grad(output_of(g, h.cast<std::int64_t>()));
}

py::object grad_to(const Grad& grad) {
  if (grad.none()) return py::none();
  if (!grad.is_slices()) return py::int_(key_of(grad.values));
  return py::make_tuple(key_of(grad.values), key_of(grad.indices),
                        grad.dense_shape ? key_of(grad.dense_shape) : std::int64_t(-1));
}

py::list run_gradients(Graph& g, const py::handle& ys, const py::handle& xs,
                       const py::handle& grad_ys, const py::handle& stop, std::string scope,
                       bool colocate, bool gate, const py::handle& origin) {
  GradientOptions options;
  if (!grad_ys.is_none()) {
    for (const py::handle h : py::reinterpret_borrow<py::iterable>(grad_ys))
      options.grad_ys.push_back(grad_from(g, h));
  }
  options.stop_gradients = outputs_of(g, stop);
  if (!scope.empty()) options.scope = std::move(scope);
  options.colocate = colocate;
  options.gate = gate;
  options.origin = origin_from(g, origin);
  py::list out;
  for (const Grad& grad : gradients(g, outputs_of(g, ys), outputs_of(g, xs), options))
    out.append(grad_to(grad));
  return out;
}

void set_hook(const py::object& function) {
  if (function.is_none()) {
    set_gradient_hook({});
    return;
  }
  // Leaked on purpose: the interpreter may be gone when static destructors run.
  auto* f = new py::object(function);
  set_gradient_hook([f](const std::string& name, GradContext& context) {
    const py::gil_scoped_acquire gil;
    Graph& graph = context.node().graph();
    py::list dys, needs;
    for (int i = 0; i < context.node().num_outputs(); ++i) dys.append(grad_to(context.raw_dy(i)));
    for (int i = 0; i < context.num_inputs(); ++i) needs.append(context.needs(i));
    const py::object result = (*f)(name, py::cast(&graph, py::return_value_policy::reference),
                                   context.node().id(), dys, context.builder().scope(), needs);
    if (result.is_none()) return false;
    int i = 0;
    for (const py::handle h : py::reinterpret_borrow<py::iterable>(result)) {
      if (i >= context.num_inputs()) break;
      context.set(i++, grad_from(graph, h));
    }
    return true;
  });
}

py::list arguments(const std::vector<ArgDef>& args) {
  py::list out;
  for (const ArgDef& a : args) {
    py::dict d;
    d["name"] = a.name;
    d["type"] = int(a.type);
    d["type_attr"] = a.type_attr;
    d["type_list_attr"] = a.type_list_attr;
    d["number_attr"] = a.number_attr;
    d["is_ref"] = a.is_ref;
    out.append(d);
  }
  return out;
}

py::object op_def(const std::string& name) {
  const OpDef* op = find_op(name);
  if (op == nullptr) return py::none();
  py::dict out;
  out["name"] = op->name;
  out["inputs"] = arguments(op->inputs);
  out["outputs"] = arguments(op->outputs);
  py::list attrs;
  for (const AttrDef& a : op->attrs) {
    py::dict d;
    d["name"] = a.name;
    d["type"] = a.type;
    if (a.default_value.given()) d["default"] = attr_to_python(a.default_value);
    d["allowed_types"] = py::none();
    if (a.type == "type" || a.type == "list(type)") {
      py::list types;
      for (int t = 1; t < kNumDTypes; ++t) {
        if (a.allowed_types.contains(DType(t))) types.append(t);
      }
      if (types.size() < kNumDTypes - 1) d["allowed_types"] = types;
    }
    d["allowed_strings"] = py::cast(a.allowed_strings);
    d["minimum"] = a.minimum ? py::object(py::int_(*a.minimum)) : py::none();
    attrs.append(d);
  }
  out["attrs"] = attrs;
  out["signature"] = op->signature;
  out["stateful"] = op->has(kStateful);
  out["control_flow"] = op->has(kControlFlow);
  out["differentiable"] = op->gradient != nullptr && op->gradient != &no_gradient;
  return out;
}

/// Maps are dicts from names to keys of outputs, or ids of nodes. Returns (first id, unused keys).
py::tuple import_bytes(Graph& g, const py::bytes& bytes, std::string prefix, const py::dict& inputs,
                       const py::dict& controls, const py::bytes& op_list,
                       const py::handle& origin) {
  ImportOptions options;
  options.op_list = std::string_view(op_list);
  options.prefix = std::move(prefix);
  options.origin = origin_from(g, origin);
  for (const auto& [name, key] : inputs) {
    options.input_map.emplace_back(name.cast<std::string>(),
                                   output_of(g, key.cast<std::int64_t>()));
  }
  for (const auto& [name, id] : controls) {
    options.control_map.emplace_back(name.cast<std::string>(), node_of(g, id.cast<std::int64_t>()));
  }
  const auto text = std::string_view(bytes);
  const int first = g.num_nodes();
  ImportResult result;
  {
    const py::gil_scoped_release release;
    result = import_graph_def(g, text, options);
  }
  return py::make_tuple(first, py::cast(result.unused_inputs));
}

}  // namespace

void bind_graph(py::module_& m) {
  py::class_<Graph>(m, "Graph")
      .def(py::init<>())
      .def("add", &add, py::arg("op"), py::arg("name"), py::arg("inputs"),
           py::arg("attrs") = py::none(), py::arg("device") = "",
           py::arg("control_inputs") = py::none(), py::arg("origin") = py::none())
      .def("num_nodes", &Graph::num_nodes)
      .def("find",
           [](Graph& g, const std::string& name) {
             Node* n = g.find(name);
             return n ? n->id() : -1;
           })
      .def(
          "unique_name",
          [](Graph& g, const std::string& name, bool mark) { return g.unique_name(name, mark); },
          py::arg("name"), py::arg("mark") = true)
      .def("node_name", [](Graph& g, std::int64_t id) { return node_of(g, id)->name(); })
      .def("node_op", [](Graph& g, std::int64_t id) { return node_of(g, id)->op().name; })
      .def("node_device", [](Graph& g, std::int64_t id) { return node_of(g, id)->device(); })
      .def("node_inputs",
           [](Graph& g, std::int64_t id) {
             py::list out;
             for (const Output& o : node_of(g, id)->inputs()) out.append(key_of(o));
             return out;
           })
      .def("node_control_inputs",
           [](Graph& g, std::int64_t id) {
             py::list out;
             for (const Node* n : node_of(g, id)->control_inputs()) out.append(n->id());
             return out;
           })
      .def("node_origin",
           [](Graph& g, std::int64_t id) -> py::object {
             const Origin& o = node_of(g, id)->origin();
             if (o.file == nullptr) return py::none();
             return py::make_tuple(o.file, o.line, o.function ? o.function : "");
           })
      .def("num_outputs", [](Graph& g, std::int64_t id) { return node_of(g, id)->num_outputs(); })
      .def("output_dtype",
           [](Graph& g, std::int64_t key) {
             const Output o = output_of(g, key);
             return int(o.dtype()) + (o.is_ref() ? 100 : 0);
           })
      .def("output_shape",
           [](Graph& g, std::int64_t key) { return shape_to_python(output_of(g, key).shape()); })
      .def("get_attr",
           [](Graph& g, std::int64_t id, const std::string& name) {
             const AttrValue* v = node_of(g, id)->attrs().find(name);
             if (v == nullptr)
               throw py::value_error("operation '" + node_of(g, id)->name() + "' has no attr '" +
                                     name + "'");
             return attr_to_python(*v);
           })
      .def("attr_names",
           [](Graph& g, std::int64_t id) {
             py::list out;
             for (const auto& [name, value] : node_of(g, id)->attrs().list()) out.append(name);
             return out;
           })
      .def("set_shape",
           [](Graph& g, std::int64_t key, const py::object& s) {
             g.set_shape(output_of(g, key), shape_from_python(s));
           })
      .def("add_control_input",
           [](Graph& g, std::int64_t id, std::int64_t c) {
             g.add_control_input(node_of(g, id), node_of(g, c));
           })
      .def("set_attr",
           [](Graph& g, std::int64_t id, const std::string& name, const py::object& v) {
             Node* n = node_of(g, id);
             const AttrDef* def = n->op().attr(name);
             g.set_attr(n, name, def ? attr_from_python(def->type, v) : hidden_attr_from_python(v));
           })
      .def("set_device", [](Graph& g, std::int64_t id,
                            std::string d) { g.set_device(node_of(g, id), std::move(d)); })
      .def("finalize", &Graph::finalize)
      .def("unfinalize", &Graph::unfinalize)
      .def("finalized", &Graph::finalized)
      .def("consumers",
           [](Graph& g, std::int64_t key) {
             const Output wanted = output_of(g, key);
             py::list out;
             for (int i = wanted.node->id() + 1; i < g.num_nodes(); ++i) {
               for (const Output& in : g.node(i)->inputs()) {
                 if (in == wanted) {
                   out.append(i);
                   break;
                 }
               }
             }
             return out;
           })
      .def("constant_value",
           [](Graph& g, std::int64_t key) -> py::object {
             const Tensor t = static_value(output_of(g, key));
             return t.defined() ? tensor_to_python(t.clone(), false) : py::none();
           })
      .def("constant_value_as_shape",
           [](Graph& g, std::int64_t key) {
             return shape_to_python(static_value_as_shape(output_of(g, key)));
           })
      .def("gradients", &run_gradients, py::arg("ys"), py::arg("xs"), py::arg("grad_ys"),
           py::arg("stop_gradients"), py::arg("scope") = "gradients", py::arg("colocate") = false,
           py::arg("gate") = false, py::arg("origin") = py::none())
      .def(
          "to_graph_def",
          [](Graph& g, int from_node, bool add_shapes) {
            return py::bytes(export_graph_def(g, {from_node, add_shapes}));
          },
          py::arg("from_node") = 0, py::arg("add_shapes") = false)
      .def("node_def",
           [](Graph& g, std::int64_t id) { return py::bytes(export_node_def(*node_of(g, id))); })
      .def("import_graph_def", &import_bytes, py::arg("bytes"), py::arg("prefix") = "",
           py::arg("input_map") = py::dict(), py::arg("control_map") = py::dict(),
           py::arg("op_list") = py::bytes(), py::arg("origin") = py::none())
      .def("version", &Graph::num_nodes);

  py::class_<Subgraph, SubgraphPtr>(m, "Subgraph")
      .def(py::init([](std::string name) {
             auto s = std::make_shared<Subgraph>();
             s->name = std::move(name);
             return s;
           }),
           py::arg("name") = "")
      .def_readonly("name", &Subgraph::name)
      .def_property_readonly(
          "graph", [](Subgraph& s) { return s.graph.get(); },
          py::return_value_policy::reference_internal)
      .def("set_inputs",
           [](Subgraph& s, const py::object& keys) { s.inputs = outputs_of(*s.graph, keys); })
      .def("set_outputs",
           [](Subgraph& s, const py::object& keys) { s.outputs = outputs_of(*s.graph, keys); })
      .def("inputs",
           [](Subgraph& s) {
             py::list l;
             for (const Output& o : s.inputs) l.append(key_of(o));
             return l;
           })
      .def("outputs", [](Subgraph& s) {
        py::list l;
        for (const Output& o : s.outputs) l.append(key_of(o));
        return l;
      });

  m.def("set_gradient_hook", &set_hook);
  m.def("op_def", &op_def);
  m.def("all_ops", [] {
    py::list out;
    for (const OpDef* op : all_ops()) out.append(op->name);
    return out;
  });
}

}  // namespace caudal::python
