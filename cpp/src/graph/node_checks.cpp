// SPDX-License-Identifier: Apache-2.0
#include "graph/node_checks.h"

#include <algorithm>

#include "caudal/error.h"

namespace caudal {
namespace {

std::string names_of(DTypeSet types) {
  std::string out;
  for (int i = 1; i < kNumDTypes; ++i) {
    if (types.contains(DType(i))) out += str(out.empty() ? "" : ", ", DType(i));
  }
  return out;
}

template <class T>
std::int64_t list_size(const AttrValue& v) {
  return std::int64_t(v.get<std::vector<T>>().size());
}

/// Turns what callers naturally write into what the signature says (an int for a float, an empty
/// list of any kind), and checks type, range and allowed values.
AttrValue checked(const OpDef& op, const AttrDef& def, AttrValue value) {
  const auto wrong = [&]() {
    type_error("attr '", def.name, "' of op ", op.name, " must be a ", def.type, ", not ",
               value.str());
  };
  const std::string& t = def.type;
  std::int64_t length = -1;
  if (t == "int") {
    if (!value.holds<std::int64_t>()) wrong();
    const std::int64_t v = value.get<std::int64_t>();
    if (def.minimum && v < *def.minimum) {
      invalid("attr '", def.name, "' of op ", op.name, " must be at least ", *def.minimum, ", not ",
              v);
    }
  } else if (t == "float") {
    if (value.holds<std::int64_t>()) value = float(value.get<std::int64_t>());
    if (!value.holds<float>()) wrong();
  } else if (t == "bool") {
    if (!value.holds<bool>()) wrong();
  } else if (t == "string") {
    if (!value.holds<std::string>()) wrong();
    const auto& ok = def.allowed_strings;
    const std::string& v = value.get<std::string>();
    if (!ok.empty() && std::find(ok.begin(), ok.end(), v) == ok.end()) {
      std::string list;
      for (const std::string& s : ok) list += str(list.empty() ? "\"" : ", \"", s, "\"");
      invalid("attr '", def.name, "' of op ", op.name, " must be one of ", list, ", not \"", v,
              "\"");
    }
  } else if (t == "type") {
    if (!value.holds<DType>()) wrong();
    if (!def.allowed_types.contains(value.get<DType>())) {
      type_error("Value passed to attr '", def.name, "' of op ", op.name, " has DataType ",
                 value.get<DType>(),
                 " not in list of allowed values: ", names_of(def.allowed_types));
    }
  } else if (t == "shape") {
    if (!value.holds<PartialShape>()) wrong();
  } else if (t == "tensor") {
    if (!value.holds<Tensor>() || !value.get<Tensor>().defined()) wrong();
  } else if (t == "func") {
    if (!value.holds<SubgraphPtr>() || !value.get<SubgraphPtr>()) wrong();
  } else if (t == "list(int)") {
    if (!value.holds<std::vector<std::int64_t>>()) wrong();
    length = list_size<std::int64_t>(value);
  } else if (t == "list(float)") {
    if (!value.holds<std::vector<float>>()) wrong();
    length = list_size<float>(value);
  } else if (t == "list(bool)") {
    if (!value.holds<std::vector<bool>>()) wrong();
    length = list_size<bool>(value);
  } else if (t == "list(string)") {
    if (!value.holds<std::vector<std::string>>()) wrong();
    length = list_size<std::string>(value);
  } else if (t == "list(type)") {
    if (!value.holds<std::vector<DType>>()) wrong();
    length = list_size<DType>(value);
    for (const DType d : value.get<std::vector<DType>>()) {
      if (!def.allowed_types.contains(d)) {
        type_error("dtype ", d, " is not allowed in attr '", def.name, "' of op ", op.name, ": ",
                   names_of(def.allowed_types));
      }
    }
  } else if (t == "list(shape)") {
    if (!value.holds<std::vector<PartialShape>>()) wrong();
    length = list_size<PartialShape>(value);
  }
  if (length >= 0 && def.minimum && length < *def.minimum) {
    invalid("attr '", def.name, "' of op ", op.name, " must have at least ", *def.minimum,
            " elements, not ", length);
  }
  return value;
}

/// How many inputs each formal argument takes.
std::vector<std::int64_t> argument_counts(const OpDef& op, std::size_t num_inputs,
                                          const AttrMap& given) {
  std::vector<std::int64_t> counts;
  std::string open;  // the one attr that the number of inputs determines
  std::int64_t fixed = 0, times = 0;
  for (const ArgDef& arg : op.inputs) {
    std::int64_t count = 1;
    const std::string& attr = !arg.number_attr.empty() ? arg.number_attr : arg.type_list_attr;
    if (!attr.empty()) {
      const AttrValue* v = given.find(attr);
      if (v == nullptr) {
        if (!open.empty() && open != attr) {
          invalid("op ", op.name, " needs attr '", open, "' or '", attr, "' to split its inputs");
        }
        open = attr;
        ++times;
        count = -1;
      } else if (v->holds<std::int64_t>()) {
        count = v->get<std::int64_t>();
      } else if (v->holds<std::vector<DType>>()) {
        count = list_size<DType>(*v);
      } else {
        type_error("attr '", attr, "' of op ", op.name, " has the wrong type: ", v->str());
      }
      if (count < -1) invalid("attr '", attr, "' of op ", op.name, " must not be negative");
    }
    if (count >= 0) fixed += count;
    counts.push_back(count);
  }
  const std::int64_t rest = std::int64_t(num_inputs) - fixed;
  if (rest < 0 || (times == 0 && rest != 0) || (times > 0 && rest % times != 0)) {
    invalid("op ", op.name, " takes ", fixed, times ? " or more" : "", " inputs, got ", num_inputs);
  }
  for (std::int64_t& c : counts) {
    if (c < 0) c = rest / times;
  }
  return counts;
}

void infer(const OpDef& op, const ArgDef& arg, const std::string& attr, AttrValue value,
           AttrMap& attrs) {
  const AttrValue* known = attrs.find(attr);
  if (known == nullptr) {
    attrs.set(attr, std::move(value));
  } else if (!(*known == value)) {
    type_error("Input '", arg.name, "' of '", op.name, "' Op has type ", value.str(),
               " that does not match type ", known->str(), " of argument '", attr, "'");
  }
}

}  // namespace

AttrMap resolve_attrs(const OpDef& op, const std::vector<Output>& inputs, AttrList given_list) {
  AttrMap given(std::move(given_list));
  for (const auto& [name, value] : given.list()) {
    if (name[0] != '_' && op.attr(name) == nullptr) {
      type_error("op ", op.name, " has no attr '", name, "'");
    }
  }
  AttrMap attrs = given;
  const auto counts = argument_counts(op, inputs.size(), given);
  std::size_t next = 0;
  for (std::size_t a = 0; a < op.inputs.size(); ++a) {
    const ArgDef& arg = op.inputs[a];
    std::vector<DType> types;
    for (std::int64_t k = 0; k < counts[a]; ++k) {
      const Output& in = inputs[next++];
      if (arg.is_ref && !in.is_ref()) {
        type_error("Input '", arg.name, "' of '", op.name,
                   "' Op requires l-value input: a variable, not '", in.name(), "'");
      }
      if (arg.type != DType::kInvalid && in.dtype() != arg.type) {
        type_error("Input '", arg.name, "' of '", op.name, "' Op has type ", in.dtype(),
                   " that does not match expected type of ", arg.type);
      }
      types.push_back(in.dtype());
    }
    if (!arg.number_attr.empty()) infer(op, arg, arg.number_attr, counts[a], attrs);
    if (!arg.type_attr.empty()) {
      for (const DType t : types) infer(op, arg, arg.type_attr, t, attrs);
    }
    if (!arg.type_list_attr.empty()) infer(op, arg, arg.type_list_attr, types, attrs);
  }
  AttrList ordered;
  for (const AttrDef& def : op.attrs) {
    const AttrValue* v = attrs.find(def.name);
    if (v == nullptr && !def.default_value.given()) {
      invalid("op ", op.name, " needs attr '", def.name, "' of type ", def.type);
    }
    ordered.emplace_back(def.name, v ? checked(op, def, *v) : def.default_value);
  }
  for (const auto& [name, value] : given.list()) {
    if (name[0] == '_') ordered.emplace_back(name, value);
  }
  return AttrMap(std::move(ordered));
}

std::int64_t output_count(const ArgDef& arg, const AttrMap& attrs) {
  if (!arg.type_list_attr.empty()) return std::int64_t(attrs.types(arg.type_list_attr).size());
  return arg.number_attr.empty() ? 1 : attrs.i(arg.number_attr);
}

std::vector<OutputType> output_types(const OpDef& op, const AttrMap& attrs) {
  std::vector<OutputType> out;
  for (const ArgDef& arg : op.outputs) {
    if (!arg.type_list_attr.empty()) {
      for (const DType t : attrs.types(arg.type_list_attr)) out.push_back({t, arg.is_ref});
      continue;
    }
    const DType t = arg.type != DType::kInvalid ? arg.type : attrs.type(arg.type_attr);
    const std::int64_t n = output_count(arg, attrs);
    constexpr std::int64_t kMaxOutputs = 65535;
    if (n > kMaxOutputs) invalid("op ", op.name, " cannot have ", n, " outputs");
    for (std::int64_t k = 0; k < n; ++k) out.push_back({t, arg.is_ref});
  }
  return out;
}

}  // namespace caudal
