// SPDX-License-Identifier: Apache-2.0
// Values of attrs as AttrValue messages.
#include <bit>
#include <optional>

#include "base/wire.h"
#include "caudal/error.h"
#include "caudal/graph.h"
#include "graph/graph_def.h"
#include "tensor/tensor_proto.h"

namespace caudal {
namespace {

/// Fields of AttrValue; those of its list begin at kText, too.
enum Field { kList = 1, kText, kInt, kFloat, kBool, kType, kShape, kTensor, kParameter, kFunc };
/// In a list, functions have the number that placeholders have outside.
constexpr int kListFunc = 9;

struct Kind {
  std::string_view name;
  int field;
};
constexpr Kind kKinds[] = {{"string", kText},  {"int", kInt},   {"float", kFloat},
                           {"bool", kBool},    {"type", kType}, {"shape", kShape},
                           {"tensor", kTensor}};

std::uint32_t float_bits(float v) { return std::bit_cast<std::uint32_t>(v); }

DType type_from(std::uint64_t number) {
  if (number > 100 && number < 100 + kNumDTypes) number -= 100;  // a reference
  if (number >= kNumDTypes) invalid("dtype ", number, " is not known");
  return DType(number);
}

/// Writes one value under a field number.
struct Writer {
  WireWriter& out;

  void operator()(std::monostate) const {}
  void operator()(std::int64_t v) const { out.number(kInt, std::uint64_t(v)); }
  void operator()(float v) const { out.fixed32(kFloat, float_bits(v)); }
  void operator()(bool v) const { out.number(kBool, v); }
  void operator()(const std::string& v) const { out.bytes(kText, v); }
  void operator()(DType v) const { out.number(kType, std::uint64_t(v)); }
  void operator()(const PartialShape& v) const { out.bytes(kShape, shape_to_proto(v)); }
  void operator()(const Tensor& v) const { out.bytes(kTensor, to_proto(v)); }
  void operator()(const SubgraphPtr& v) const { out.out += encode_function(v->name); }

  void operator()(const std::vector<std::int64_t>& v) const {
    packed(kInt, v, [](WireWriter& w, std::int64_t x) { w.varint(std::uint64_t(x)); });
  }
  void operator()(const std::vector<float>& v) const {
    packed(kFloat, v, [](WireWriter& w, float x) { w.raw32(float_bits(x)); });
  }
  void operator()(const std::vector<bool>& v) const {
    packed(kBool, v, [](WireWriter& w, bool x) { w.varint(x); });
  }
  void operator()(const std::vector<DType>& v) const {
    packed(kType, v, [](WireWriter& w, DType x) { w.varint(std::uint64_t(x)); });
  }
  template <class T>
  void operator()(const std::vector<T>& values) const {
    WireWriter list;
    for (const T& v : values) Writer{list}(v);
    out.bytes(kList, list.out);
  }

 private:
  template <class T, class F>
  void packed(int field, const std::vector<T>& values, F write) const {
    WireWriter list, items;
    for (const T v : values) write(items, v);
    if (!items.out.empty()) list.bytes(field, items.out);
    out.bytes(kList, list.out);
  }
};

bool single(const WireReader& r, int field) {
  if (r.field() != field) return false;
  switch (field) {
    case kInt:
    case kBool:
    case kType:
      return r.type() == WireReader::kVarint;
    case kFloat:
      return r.type() == WireReader::kFixed32;
    default:
      return r.type() == WireReader::kBytes;
  }
}

AttrValue value_of(const WireReader& r, int field) {
  switch (field) {
    case kText:
      return std::string(r.bytes());
    case kInt:
      return std::int64_t(r.number());
    case kFloat:
      return std::bit_cast<float>(std::uint32_t(r.number()));
    case kBool:
      return r.number() != 0;
    case kType:
      return type_from(r.number());
    case kShape:
      return shape_from_proto(r.bytes());
    default:
      return tensor_from_proto(r.bytes());
  }
}

/// The values of a list; scalars may be packed or not.
template <class T, class F>
std::vector<T> items(std::string_view bytes, int field, F convert) {
  std::vector<T> out;
  WireReader r(bytes);
  while (r.next()) {
    if (r.field() != field) continue;
    if (r.type() == WireReader::kVarint || r.type() == WireReader::kFixed32) {
      out.push_back(convert(r.number()));
    } else if (r.type() == WireReader::kBytes) {
      WireReader packed(r.bytes());
      if (field == kFloat) {
        for (std::uint32_t v = 0; packed.next_fixed(v);) out.push_back(convert(v));
      } else {
        for (std::uint64_t v = 0; packed.next_varint(v);) out.push_back(convert(v));
      }
      if (!packed.ok()) invalid("a list of numbers is malformed");
    }
  }
  if (!r.ok()) invalid("a list is malformed");
  return out;
}

template <class T, class F>
std::vector<T> texts(std::string_view bytes, int field, F convert) {
  std::vector<T> out;
  WireReader r(bytes);
  while (r.next()) {
    if (r.field() == field && r.type() == WireReader::kBytes) out.push_back(convert(r.bytes()));
  }
  if (!r.ok()) invalid("a list is malformed");
  return out;
}

AttrValue list_of(std::string_view bytes, int field) {
  switch (field) {
    case kText:
      return texts<std::string>(bytes, field, [](std::string_view s) { return std::string(s); });
    case kInt:
      return items<std::int64_t>(bytes, field, [](std::uint64_t v) { return std::int64_t(v); });
    case kFloat:
      return items<float>(bytes, field,
                          [](std::uint64_t v) { return std::bit_cast<float>(std::uint32_t(v)); });
    case kBool:
      return items<bool>(bytes, field, [](std::uint64_t v) { return v != 0; });
    case kType:
      return items<DType>(bytes, field, type_from);
    case kShape:
      return texts<PartialShape>(bytes, field, shape_from_proto);
    default:
      return texts<Tensor>(bytes, field, tensor_from_proto);
  }
}

/// The field of a list that has values; kText for an empty one.
int kind_of_list(std::string_view bytes) {
  WireReader r(bytes);
  while (r.next()) {
    if (r.field() == kListFunc) return kFunc;
    if (r.field() >= kText && r.field() <= kTensor) return r.field();
  }
  return kText;
}

/// The member of the oneof that stands last, as it wins.
struct Member {
  int field = 0;
  WireReader reader{""};
};

Member member_of(std::string_view bytes) {
  Member last;
  WireReader r(bytes);
  while (r.next()) {
    if (r.field() >= kList && r.field() <= kFunc) last = {r.field(), r};
  }
  if (!r.ok()) invalid("the value of an attr is malformed");
  return last;
}

}  // namespace

std::string encode_attr(const AttrValue& value) {
  WireWriter out;
  std::visit(Writer{out}, value.storage());
  return std::move(out.out);
}

std::string encode_function(std::string_view function) {
  WireWriter name, out;
  name.bytes(1, function);
  out.bytes(kFunc, name.out);
  return std::move(out.out);
}

AttrValue decode_attr(std::string_view bytes, std::string_view type) {
  const Member member = member_of(bytes);
  const bool is_list = type.starts_with("list(");
  const std::string_view item = is_list ? type.substr(5, type.size() - 6) : type;
  for (const Kind& kind : kKinds) {
    if (kind.name != item) continue;
    if (is_list) {
      if (member.field == kList && member.reader.type() == WireReader::kBytes) {
        return list_of(member.reader.bytes(), kind.field);
      }
    } else if (single(member.reader, kind.field)) {
      return value_of(member.reader, kind.field);
    }
    invalid("a value of type ", type, " was expected");
  }
  fail(Code::kUnimplemented, "attrs of type ", type, " cannot be read");
}

AttrValue decode_attr(std::string_view bytes) {
  const Member member = member_of(bytes);
  if (member.field == kList && member.reader.type() == WireReader::kBytes) {
    const int field = kind_of_list(member.reader.bytes());
    return field == kFunc ? AttrValue() : list_of(member.reader.bytes(), field);
  }
  if (member.field < kText || member.field > kTensor) return {};
  if (!single(member.reader, member.field)) invalid("the value of an attr is malformed");
  return value_of(member.reader, member.field);
}

std::string text_attr(const EncodedAttrs& attrs, std::string_view name) {
  const std::string* bytes = find_attr(attrs, name);
  return bytes == nullptr ? std::string() : decode_attr(*bytes, "string").get<std::string>();
}

std::string attr_parameter(std::string_view bytes) {
  const Member member = member_of(bytes);
  const bool has = member.field == kParameter && member.reader.type() == WireReader::kBytes;
  return has ? std::string(member.reader.bytes()) : std::string();
}

std::string decode_function(std::string_view bytes) {
  const Member member = member_of(bytes);
  if (member.field != kFunc || member.reader.type() != WireReader::kBytes) {
    invalid("a function was expected");
  }
  std::string name;
  WireReader r(member.reader.bytes());
  while (r.next()) {
    if (r.field() == 1 && r.type() == WireReader::kBytes) name = r.bytes();
  }
  if (!r.ok() || name.empty()) invalid("the name of a function is malformed");
  return name;
}

}  // namespace caudal
