// SPDX-License-Identifier: Apache-2.0
#include "graph/foreign_ops.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/wire.h"
#include "caudal/error.h"
#include "graph/op_registry.h"

namespace caudal {
namespace {

void unknown_outputs(ShapeContext& c) {
  for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, PartialShape::unknown());
}

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '>';
  });
}

AttrDef read_attr(std::string_view bytes) {
  AttrDef attr;
  std::string_view default_value;
  bool has_default = false;
  WireReader r(bytes);
  while (r.next()) {
    if (r.is_bytes(1)) attr.name = r.bytes();
    if (r.is_bytes(2)) attr.type = r.bytes();
    if (r.is_bytes(3)) {
      default_value = r.bytes();
      has_default = true;
    }
  }
  if (has_default && !attr.type.ends_with("func") && !attr.type.ends_with("func)")) {
    attr.default_value = decode_attr(default_value, attr.type);
  }
  return attr;
}

bool is_function_type(const AttrDef& attr) {
  return attr.type == "func" || attr.type == "list(func)";
}

/// Every argument is of a fixed dtype or of attrs that there are, of the right kinds.
bool is_sound(const OpDef& op) {
  static constexpr std::string_view kTypes[] = {"string", "int",   "float", "bool",
                                                "type",   "shape", "tensor"};
  for (const AttrDef& a : op.attrs) {
    std::string_view type = a.type;
    if (type.starts_with("list(") && type.ends_with(")")) type = type.substr(5, type.size() - 6);
    if (!is_identifier(a.name) ||
        std::find(std::begin(kTypes), std::end(kTypes), type) == std::end(kTypes)) {
      return false;
    }
  }
  const auto is = [&](const std::string& name, std::string_view type) {
    const AttrDef* a = op.attr(name);
    return a != nullptr && a->type == type;
  };
  const auto sound = [&](const ArgDef& arg) {
    const int ways =
        (arg.type != DType::kInvalid) + !arg.type_attr.empty() + !arg.type_list_attr.empty();
    return is_identifier(arg.name) && ways == 1 &&
           (arg.type_attr.empty() || is(arg.type_attr, "type")) &&
           (arg.type_list_attr.empty() ||
            (is(arg.type_list_attr, "list(type)") && arg.number_attr.empty())) &&
           (arg.number_attr.empty() || is(arg.number_attr, "int"));
  };
  return is_identifier(op.name) && std::all_of(op.inputs.begin(), op.inputs.end(), sound) &&
         std::all_of(op.outputs.begin(), op.outputs.end(), sound);
}

std::unique_ptr<OpDef> read_op(std::string_view bytes) {
  auto op = std::make_unique<OpDef>();
  op->shape = unknown_outputs;
  op->traits = kDynamicShape;
  WireReader r(bytes);
  while (r.next()) {
    if (r.is_bytes(1)) op->name = r.bytes();
    if (r.is_bytes(2)) op->inputs.push_back(parse_arg_def(r.bytes()));
    if (r.is_bytes(3)) op->outputs.push_back(parse_arg_def(r.bytes()));
    if (r.is_bytes(4)) op->attrs.push_back(read_attr(r.bytes()));
    if (r.is_number(17) && r.number() != 0) op->traits |= kStateful;
  }
  std::erase_if(op->attrs, is_function_type);
  return r.ok() ? std::move(op) : nullptr;
}

/// The functions that a value names: one, or those of a list.
std::vector<std::string> names_in(std::string_view attr) {
  constexpr int kListFunc = 9, kFunc = 10;
  std::vector<std::string> out;
  const auto take = [&](std::string_view function) {
    WireReader r(function);
    while (r.next()) {
      if (r.is_bytes(1)) out.emplace_back(r.bytes());
    }
  };
  WireReader r(attr);
  while (r.next()) {
    if (r.is_bytes(kFunc)) take(r.bytes());
    if (!r.is_bytes(1)) continue;
    WireReader list(r.bytes());
    while (list.next()) {
      if (list.is_bytes(kListFunc)) take(list.bytes());
    }
  }
  return out;
}

}  // namespace

bool is_foreign(const OpDef& op) { return op.shape == &unknown_outputs; }

bool holds_function(std::string_view attr) { return !names_in(attr).empty(); }

void define_foreign_ops(std::string_view op_list, const std::set<std::string_view>& wanted) {
  WireReader r(op_list);
  while (r.next()) {
    if (!r.is_bytes(1)) continue;
    try {
      std::unique_ptr<OpDef> op = read_op(r.bytes());
      if (op != nullptr && wanted.contains(op->name) && is_sound(*op)) add_op(std::move(op));
    } catch (const Error&) {
      continue;  // a default that does not fit: nodes of the op are refused as unknown
    }
  }
}

std::string functions_of(const NodeDef& node, const GraphDef& file) {
  std::map<std::string_view, const FunctionDef*> library;
  for (const FunctionDef& f : file.functions) library.emplace(f.name, &f);
  GraphDef out;
  std::set<std::string> seen;
  std::vector<const NodeDef*> stack{&node};
  const auto add = [&](const std::string& name) {
    const auto f = library.find(name);
    if (f == library.end() || !seen.insert(name).second) return;
    out.functions.push_back(*f->second);
    for (const NodeDef& inner : f->second->nodes) stack.push_back(&inner);
  };
  while (!stack.empty()) {
    const NodeDef* next = stack.back();
    stack.pop_back();
    add(next->op);
    for (const auto& [name, value] : next->attrs) {
      for (const std::string& function : names_in(value)) add(function);
    }
  }
  return serialise(out);
}

}  // namespace caudal
