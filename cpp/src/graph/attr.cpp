// SPDX-License-Identifier: Apache-2.0
#include "caudal/attr.h"

#include <cstring>

#include "caudal/graph.h"

namespace caudal {
namespace {

bool same(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || !(a.shape() == b.shape())) return false;
  if (a.raw() == b.raw()) return true;
  if (a.dtype() == DType::kString) {
    return std::equal(a.data<std::string>(), a.data<std::string>() + a.num_elements(),
                      b.data<std::string>());
  }
  return !is_object(a.dtype()) &&
         (a.num_bytes() == 0 || std::memcmp(a.raw(), b.raw(), a.num_bytes()) == 0);
}

std::string text(std::monostate) { return "none"; }
std::string text(std::int64_t v) { return str(v); }
std::string text(float v) { return str(v); }
std::string text(bool v) { return str(v); }
std::string text(const std::string& v) { return str("\"", v, "\""); }
std::string text(DType v) { return str(v); }
std::string text(const PartialShape& v) { return v.str(); }
std::string text(const Tensor& v) { return str("tensor ", v.dtype(), v.shape()); }
std::string text(const SubgraphPtr& v) { return v ? str("function ", v->name) : "function"; }
template <class T>
std::string text(const std::vector<T>& v) {
  std::string out = "[";
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (i) out += ", ";
    out += text(T(v[i]));
  }
  return out + "]";
}

}  // namespace

bool AttrValue::operator==(const AttrValue& o) const {
  if (v_.index() != o.v_.index()) return false;
  return std::visit(
      [&](const auto& a) {
        using T = std::decay_t<decltype(a)>;
        const T& b = std::get<T>(o.v_);
        if constexpr (std::is_same_v<T, Tensor>) {
          return same(a, b);
        } else if constexpr (std::is_same_v<T, std::vector<Tensor>>) {
          return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same);
        } else {
          return a == b;
        }
      },
      v_);
}

std::string AttrValue::str() const {
  return std::visit([](const auto& v) { return text(v); }, v_);
}

void AttrValue::wrong_type() { fail(Code::kInternal, "an attr holds another type than expected"); }

const AttrValue* AttrMap::find(std::string_view name) const {
  for (const auto& [key, value] : list_) {
    if (key == name) return &value;
  }
  return nullptr;
}

const AttrValue& AttrMap::at(std::string_view name) const {
  if (const AttrValue* v = find(name)) return *v;
  fail(Code::kInternal, "there is no attr '", name, "'");
}

void AttrMap::set(std::string_view name, AttrValue value) {
  for (auto& [key, old] : list_) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  list_.emplace_back(std::string(name), std::move(value));
}

}  // namespace caudal
