// SPDX-License-Identifier: Apache-2.0
// Owns: the values that parametrise a node (attrs), as in TensorFlow's AttrValue.
// Called by: graph building, shape rules, gradients, kernels.
// Must not know: how nodes are stored or run.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "caudal/dtype.h"
#include "caudal/error.h"
#include "caudal/shape.h"
#include "caudal/tensor.h"

namespace caudal {

class Subgraph;
using SubgraphPtr = std::shared_ptr<Subgraph>;

/// One attr value. std::monostate means "not given".
class CAUDAL_API AttrValue {
 public:
  using Storage = std::variant<std::monostate, std::int64_t, float, bool, std::string, DType,
                               PartialShape, Tensor, SubgraphPtr, std::vector<std::int64_t>,
                               std::vector<float>, std::vector<bool>, std::vector<std::string>,
                               std::vector<DType>, std::vector<PartialShape>, std::vector<Tensor>>;
  AttrValue() = default;
  AttrValue(int v)
      : v_(std::int64_t(v)) {}  // NOLINT: implicit on purpose, so attrs read as literals
  AttrValue(std::int64_t v) : v_(v) {}
  AttrValue(float v) : v_(v) {}
  AttrValue(double v) : v_(float(v)) {}
  AttrValue(bool v) : v_(v) {}
  AttrValue(const char* v) : v_(std::string(v)) {}
  AttrValue(DType v) : v_(v) {}
  template <class T>
    requires(std::is_constructible_v<Storage, T&&> && std::is_class_v<std::remove_cvref_t<T>> &&
             !std::is_same_v<std::remove_cvref_t<T>, AttrValue>)
  AttrValue(T&& v) : v_(std::forward<T>(v)) {}

  bool given() const { return v_.index() != 0; }
  const Storage& storage() const { return v_; }
  template <class T>
  bool holds() const {
    return std::holds_alternative<T>(v_);
  }
  /// Throws Internal when another type is held: signatures have been checked by then.
  template <class T>
  const T& get() const {
    if (const T* p = std::get_if<T>(&v_)) return *p;
    wrong_type();
  }
  bool operator==(const AttrValue& o) const;
  std::string str() const;

 private:
  [[noreturn]] static void wrong_type();
  Storage v_;
};

/// Attrs by name, as given by a caller.
using AttrList = std::vector<std::pair<std::string, AttrValue>>;

/// Read access to the attrs of a node, shared by shape rules, gradients and kernels.
class CAUDAL_API AttrMap {
 public:
  AttrMap() = default;
  explicit AttrMap(AttrList list) : list_(std::move(list)) {}
  /// nullptr when absent.
  const AttrValue* find(std::string_view name) const;
  /// Throws Internal when absent.
  const AttrValue& at(std::string_view name) const;
  void set(std::string_view name, AttrValue value);
  const AttrList& list() const { return list_; }

  std::int64_t i(std::string_view n) const { return at(n).get<std::int64_t>(); }
  float f(std::string_view n) const { return at(n).get<float>(); }
  bool b(std::string_view n) const { return at(n).get<bool>(); }
  const std::string& s(std::string_view n) const { return at(n).get<std::string>(); }
  DType type(std::string_view n) const { return at(n).get<DType>(); }
  const PartialShape& shape(std::string_view n) const { return at(n).get<PartialShape>(); }
  const Tensor& tensor(std::string_view n) const { return at(n).get<Tensor>(); }
  const SubgraphPtr& func(std::string_view n) const { return at(n).get<SubgraphPtr>(); }
  const std::vector<std::int64_t>& ints(std::string_view n) const {
    return at(n).get<std::vector<std::int64_t>>();
  }
  const std::vector<DType>& types(std::string_view n) const {
    return at(n).get<std::vector<DType>>();
  }

 private:
  AttrList list_;
};

}  // namespace caudal
