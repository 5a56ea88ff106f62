// SPDX-License-Identifier: Apache-2.0
#include "graph/shape_inference.h"

#include <algorithm>

#include "caudal/error.h"

namespace caudal {
namespace {

using Value = std::optional<std::int64_t>;
using Values = std::vector<Value>;

constexpr std::int64_t kMaxStaticElements = 1024;
constexpr int kMaxDepth = 64;

std::optional<Values> evaluate(Output output, int depth);

std::optional<Values> from_tensor(const Tensor& t) {
  if (t.dtype() != DType::kInt32 && t.dtype() != DType::kInt64) return std::nullopt;
  if (t.shape().rank() > 1 || t.num_elements() > kMaxStaticElements) return std::nullopt;
  Values out;
  for (const std::int64_t v : t.as_int64s()) out.push_back(v);
  return out;
}

std::optional<Values> combine(Output a, Output b, int depth,
                              Value (*f)(std::int64_t, std::int64_t)) {
  const auto x = evaluate(a, depth), y = evaluate(b, depth);
  if (!x || !y) return std::nullopt;
  const std::size_t n = x->size() == 1 ? y->size() : x->size();
  if ((x->size() != n && x->size() != 1) || (y->size() != n && y->size() != 1)) return std::nullopt;
  Values out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const Value u = (*x)[x->size() == 1 ? 0 : i], v = (*y)[y->size() == 1 ? 0 : i];
    if (u && v) out[i] = f(*u, *v);
  }
  return out;
}

Value add(std::int64_t a, std::int64_t b) {
  std::int64_t r;
  return __builtin_add_overflow(a, b, &r) ? Value() : Value(r);
}
Value sub(std::int64_t a, std::int64_t b) {
  std::int64_t r;
  return __builtin_sub_overflow(a, b, &r) ? Value() : Value(r);
}
Value mul(std::int64_t a, std::int64_t b) {
  std::int64_t r;
  return __builtin_mul_overflow(a, b, &r) ? Value() : Value(r);
}
Value floor_div(std::int64_t a, std::int64_t b) {
  if (b == 0 || (b == -1 && a == INT64_MIN)) return {};
  return a / b - ((a % b != 0) && ((a < 0) != (b < 0)));
}
Value floor_mod(std::int64_t a, std::int64_t b) {
  const Value q = floor_div(a, b);
  return q ? Value(a - *q * b) : Value();
}
Value larger(std::int64_t a, std::int64_t b) { return std::max(a, b); }
Value smaller(std::int64_t a, std::int64_t b) { return std::min(a, b); }

std::optional<Values> strided(const Node& node, int depth) {
  const auto x = evaluate(node.input(0), depth);
  const auto begin = evaluate(node.input(1), depth), end = evaluate(node.input(2), depth);
  const auto step = evaluate(node.input(3), depth);
  const AttrMap& a = node.attrs();
  if (!x || !begin || !end || !step || begin->size() != 1 || a.i("ellipsis_mask") != 0 ||
      a.i("new_axis_mask") != 0 || !(*step)[0] || node.input(0).shape().rank() != 1) {
    return std::nullopt;
  }
  const auto n = std::int64_t(x->size());
  const std::int64_t s = *(*step)[0];
  if (s == 0 || (!(*begin)[0] && !(a.i("begin_mask") & 1))) return std::nullopt;
  const auto clamp = [&](std::int64_t v) {
    if (v < 0) v += n;
    return std::min(std::max(v, s > 0 ? std::int64_t(0) : std::int64_t(-1)), s > 0 ? n : n - 1);
  };
  if (a.i("shrink_axis_mask") & 1) {
    std::int64_t i = *(*begin)[0];
    if (i < 0) i += n;
    if (i < 0 || i >= n) return std::nullopt;
    return Values{(*x)[std::size_t(i)]};
  }
  if (!(*end)[0] && !(a.i("end_mask") & 1)) return std::nullopt;
  const std::int64_t b = (a.i("begin_mask") & 1) ? (s > 0 ? 0 : n - 1) : clamp(*(*begin)[0]);
  const std::int64_t e = (a.i("end_mask") & 1) ? (s > 0 ? n : -1) : clamp(*(*end)[0]);
  Values out;
  for (std::int64_t i = b; s > 0 ? i < e : i > e; i += s) out.push_back((*x)[std::size_t(i)]);
  return out;
}

/// The largest of all elements of a constant.
std::optional<Values> maximum_of_all(const Node& node, int depth) {
  const Node& x = *node.input(0).node;
  const auto axes = evaluate(node.input(1), depth);
  if (!x.op().has(kConstant) || !axes || node.attrs().b("keep_dims")) return std::nullopt;
  const Tensor& t = x.attrs().tensor("value");
  if ((t.dtype() != DType::kInt32 && t.dtype() != DType::kInt64) || t.num_elements() == 0 ||
      t.num_elements() > kMaxStaticElements || std::int64_t(axes->size()) != t.shape().rank()) {
    return std::nullopt;
  }
  std::vector<char> seen(axes->size());
  for (const Value& axis : *axes) {
    const std::int64_t at = !axis ? -1 : *axis < 0 ? *axis + t.shape().rank() : *axis;
    if (at < 0 || at >= t.shape().rank() || seen[std::size_t(at)]) return std::nullopt;
    seen[std::size_t(at)] = 1;
  }
  const std::vector<std::int64_t> values = t.as_int64s();
  return Values{*std::max_element(values.begin(), values.end())};
}

using Rule = std::optional<Values> (*)(const Node&, int);

// The shape arithmetic that graph building sees through. At plan time everything folds by kernels.
const std::pair<std::string_view, Rule> kRules[] = {
    {"Shape",
     [](const Node& n, int) -> std::optional<Values> {
       const PartialShape& s = n.input(0).shape();
       if (!s.has_rank()) return std::nullopt;
       Values out;
       for (const std::int64_t d : s.dims()) out.push_back(d < 0 ? Value() : Value(d));
       return out;
     }},
    {"Rank",
     [](const Node& n, int) -> std::optional<Values> {
       const PartialShape& s = n.input(0).shape();
       if (!s.has_rank()) return std::nullopt;
       return Values{std::int64_t(s.rank())};
     }},
    {"Size",
     [](const Node& n, int) -> std::optional<Values> {
       const std::int64_t size = n.input(0).shape().num_elements();
       if (size < 0) return std::nullopt;
       return Values{size};
     }},
    {"Pack",
     [](const Node& n, int depth) -> std::optional<Values> {
       Values out;
       for (const Output& in : n.inputs()) {
         if (in.shape().rank() != 0) return std::nullopt;
         const auto v = evaluate(in, depth);
         out.push_back(v && v->size() == 1 ? (*v)[0] : Value());
       }
       return out;
     }},
    {"ConcatV2",
     [](const Node& n, int depth) -> std::optional<Values> {
       Values out;
       for (const Output& in : n.inputs().first(n.inputs().size() - 1)) {
         const auto v = evaluate(in, depth);
         if (in.shape().rank() != 1) return std::nullopt;
         if (v) {
           out.insert(out.end(), v->begin(), v->end());
         } else if (in.shape()[0] >= 0) {
           out.insert(out.end(), std::size_t(in.shape()[0]), Value());
         } else {
           return std::nullopt;
         }
       }
       return out;
     }},
    {"StridedSlice", strided},
    {"Cast",
     [](const Node& n, int depth) -> std::optional<Values> {
       const DType t = n.output_dtype(0);
       if (t != DType::kInt32 && t != DType::kInt64) return std::nullopt;
       return evaluate(n.input(0), depth);
     }},
    {"Identity", [](const Node& n, int depth) { return evaluate(n.input(0), depth); }},
    {"ExpandDims",
     [](const Node& n, int depth) -> std::optional<Values> {
       if (n.output_shape(0).rank() > 1) return std::nullopt;
       return evaluate(n.input(0), depth);
     }},
    {"Reshape",
     [](const Node& n, int depth) -> std::optional<Values> {
       if (!n.output_shape(0).has_rank() || n.output_shape(0).rank() > 1) return std::nullopt;
       return evaluate(n.input(0), depth);
     }},
    {"Prod",
     [](const Node& n, int depth) -> std::optional<Values> {
       const auto v = evaluate(n.input(0), depth);
       if (!v || n.input(0).shape().rank() != 1) return std::nullopt;
       Value product = 1;
       for (const Value& f : *v) product = f && product ? mul(*product, *f) : Value();
       return Values{product};
     }},
    {"Fill",
     [](const Node& n, int depth) -> std::optional<Values> {
       const auto size = evaluate(n.input(0), depth), value = evaluate(n.input(1), depth);
       if (!size || !value || size->size() > 1 || value->size() != 1) return std::nullopt;
       const Value count = size->empty() ? Value(1) : (*size)[0];
       if (!count || *count < 0 || *count > kMaxStaticElements) return std::nullopt;
       return Values(std::size_t(*count), (*value)[0]);
     }},
    {"Range",
     [](const Node& n, int depth) -> std::optional<Values> {
       const auto start = evaluate(n.input(0), depth), limit = evaluate(n.input(1), depth);
       const auto step = evaluate(n.input(2), depth);
       for (const auto* v : {&start, &limit, &step}) {
         if (!*v || (*v)->size() != 1 || !(**v)[0]) return std::nullopt;
       }
       const std::int64_t by = *(*step)[0], end = *(*limit)[0];
       Values out;
       for (Value v = (*start)[0]; v && by != 0 && (by > 0 ? *v < end : *v > end);
            v = add(*v, by)) {
         if (std::int64_t(out.size()) == kMaxStaticElements) return std::nullopt;
         out.push_back(v);
       }
       return by == 0 ? std::nullopt : std::optional(out);
     }},
    {"Maximum", [](const Node& n, int d) { return combine(n.input(0), n.input(1), d, larger); }},
    {"Minimum", [](const Node& n, int d) { return combine(n.input(0), n.input(1), d, smaller); }},
    {"FloorMod",
     [](const Node& n, int d) { return combine(n.input(0), n.input(1), d, floor_mod); }},
    {"Add", [](const Node& n, int d) { return combine(n.input(0), n.input(1), d, add); }},
    {"AddV2", [](const Node& n, int d) { return combine(n.input(0), n.input(1), d, add); }},
    {"Sub", [](const Node& n, int d) { return combine(n.input(0), n.input(1), d, sub); }},
    {"Mul", [](const Node& n, int d) { return combine(n.input(0), n.input(1), d, mul); }},
    {"Max", maximum_of_all},
    {"FloorDiv",
     [](const Node& n, int d) { return combine(n.input(0), n.input(1), d, floor_div); }},
};

std::optional<Values> evaluate(Output output, int depth) {
  if (depth > kMaxDepth || output.index != 0) return std::nullopt;
  const Node& node = *output.node;
  const DType t = node.output_dtype(0);
  if (t != DType::kInt32 && t != DType::kInt64) return std::nullopt;
  if (node.op().has(kConstant)) return from_tensor(node.attrs().tensor("value"));
  for (const auto& [name, rule] : kRules) {
    if (node.op().name == name) return rule(node, depth + 1);
  }
  return std::nullopt;
}

class StaticContext : public ShapeContext {
 public:
  StaticContext(const std::vector<Output>& inputs, const AttrMap& attrs, int num_outputs)
      : inputs_(inputs), attrs_(attrs), outputs_(std::size_t(num_outputs)) {}

  const AttrMap& attrs() const override { return attrs_; }
  int num_inputs() const override { return int(inputs_.size()); }
  const PartialShape& input(int i) const override { return inputs_[std::size_t(i)].shape(); }
  DType input_dtype(int i) const override { return inputs_[std::size_t(i)].dtype(); }
  const Tensor* constant_input(int i) override {
    kept_.push_back(static_value(inputs_[std::size_t(i)]));
    return kept_.back().defined() ? &kept_.back() : nullptr;
  }
  PartialShape constant_as_shape(int i) override {
    return static_value_as_shape(inputs_[std::size_t(i)]);
  }
  int num_outputs() const override { return int(outputs_.size()); }
  void set_output(int i, const PartialShape& shape) override {
    if (std::size_t(i) >= outputs_.size())
      invalid("attributes speak of more outputs than there are");
    outputs_[std::size_t(i)] = shape;
  }
  std::vector<PartialShape> take() { return std::move(outputs_); }
  const Node* producer(int i) const { return inputs_[std::size_t(i)].node; }

 private:
  const std::vector<Output>& inputs_;
  const AttrMap& attrs_;
  std::vector<PartialShape> outputs_;
  std::deque<Tensor> kept_;
};

}  // namespace

PartialShape common_shape(const PartialShape& a, const PartialShape& b) {
  if (!a.has_rank() || !b.has_rank() || a.rank() != b.rank()) return PartialShape::unknown();
  PartialShape out = PartialShape::unknown_of_rank(a.rank());
  for (int i = 0; i < a.rank(); ++i) out.set_dim(i, a[i] == b[i] ? a[i] : -1);
  return out;
}

std::vector<PartialShape> infer_shapes(const OpDef& op, const std::vector<Output>& inputs,
                                       const AttrMap& attrs, int num_outputs) {
  StaticContext context(inputs, attrs, num_outputs);
  if (op.shape != nullptr) op.shape(context);
  return context.take();
}

const Node* static_producer(const ShapeContext& context, int i) {
  const auto* known = dynamic_cast<const StaticContext*>(&context);
  return known != nullptr ? known->producer(i) : nullptr;
}

Tensor static_value(Output output) {
  const Node& node = *output.node;
  if (node.op().has(kConstant)) return node.attrs().tensor("value");
  const auto values = evaluate(output, 0);
  if (!values || !output.shape().has_rank() || output.shape().rank() > 1) return {};
  for (const Value& v : *values) {
    if (!v) return {};
  }
  const auto n = std::int64_t(values->size());
  if (output.shape().rank() == 0 && n != 1) return {};
  Tensor t(output.dtype(), output.shape().rank() == 0 ? Shape{} : Shape{n});
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t v = *(*values)[std::size_t(i)];
    if (t.dtype() == DType::kInt32) {
      t.data<std::int32_t>()[i] = std::int32_t(v);
    } else {
      t.data<std::int64_t>()[i] = v;
    }
  }
  return t;
}

PartialShape static_value_as_shape(Output output) {
  const auto values = evaluate(output, 0);
  const PartialShape& s = output.shape();
  if (!values) {
    if (s.rank() == 1 && s[0] >= 0 && s[0] <= kMaxRank) {
      return PartialShape::unknown_of_rank(int(s[0]));
    }
    return PartialShape::unknown();
  }
  // A scalar -1 means "no shape known" in ops that take shapes of any rank.
  if (s.rank() == 0) return PartialShape::unknown();
  PartialShape out = PartialShape::scalar();
  for (const Value& v : *values) {
    if (v && *v < -1) invalid("Dimension ", *v, " must be >= 0");
    out.append(v ? *v : -1);
  }
  return out;
}

PartialShape ShapeContext::with_rank(int i, int rank) const {
  const PartialShape& s = input(i);
  if (!s.has_rank()) return PartialShape::unknown_of_rank(rank);
  if (s.rank() != rank) {
    invalid("Shape must be rank ", rank, " but is rank ", s.rank(), ": input ", i, " has shape ",
            s);
  }
  return s;
}

PartialShape ShapeContext::with_rank_at_least(int i, int rank) const {
  const PartialShape& s = input(i);
  if (s.has_rank() && s.rank() < rank) {
    invalid("Shape must be at least rank ", rank, " but is rank ", s.rank(), ": input ", i,
            " has shape ", s);
  }
  return s;
}

std::int64_t ShapeContext::merge_dim(std::int64_t a, std::int64_t b) {
  if (a < 0) return b;
  if (b >= 0 && a != b) invalid("Dimensions must be equal, but are ", a, " and ", b);
  return a;
}

}  // namespace caudal
