// SPDX-License-Identifier: Apache-2.0
// Owns: the definition of an op: signature, shape rule, gradient, traits; and the registry of them.
// Called by: cpp/src/ops/* (rows), Graph::add, gradients, plan passes, language bindings.
// Must not know: kernels, sessions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "caudal/attr.h"
#include "caudal/graph.h"

namespace caudal {

/// What passes need to know of an op. Passes ask for traits, never for names.
enum Trait : std::uint32_t {
  kStateful = 1u
      << 0,  ///< has side effects or hidden state: never folded, merged or dropped when fetched
  kElementwise = 1u
      << 1,  ///< output element i depends on input elements i (after broadcasting) only
  kCommutative = 1u << 2,
  kShapeOnly = 1u << 3,  ///< value depends on the shapes of the inputs, not on their values
  kView = 1u << 4,       ///< output 0 is input 0's memory under another shape (Reshape, Identity)
  kWritesRef = 1u << 5,  ///< writes the variable behind input 0 (and other Ref inputs)
  kInitialisesRef = 1u << 6,  ///< its Ref input may be uninitialised (Assign)
  kRefForward = 1u << 7,      ///< output 0 is the Ref of input 0
  kDynamicShape = 1u << 8,    ///< output shapes depend on values: the kernel allocates
  kHostOnly = 1u << 9,        ///< runs on the host whatever device was asked for
  kConstant = 1u << 10,       ///< Const
  kPlaceholder = 1u << 11,    ///< must be fed
  kVariable = 1u << 12,       ///< its output is a Ref to state of the session
  kControlFlow = 1u << 13,    ///< owns subgraphs (If, While)
  kStopsGradient = 1u << 14,
  kEpilogueHost = 1u << 15,  ///< may absorb a following bias and activation (Conv2D, MatMul)
  kBias = 1u << 16,          ///< adds a vector along the channels (BiasAdd)
  kActivation = 1u << 17,    ///< elementwise unary that an epilogue host may absorb
  kReduction = 1u << 18,     ///< reduces input 0 over the constant axes of input 1
  kAllowUninitialised = 1u
      << 19,  ///< reads a Ref without requiring it initialised (IsVariableInitialized)
  kMaybeDynamic = 1u << 22,  ///< the kernel allocates when the shape is not known in time
  kAddition = 1u << 21,      ///< plain addition of two inputs: a following bias in disguise
  kOneIsItself = 1u << 24,   ///< reduces one element to itself
  kUnmergeable = 1u << 23,   ///< acts on the object behind a handle: equal nodes are not one
  kRandom = 1u << 20,        ///< draws from a stream that belongs to node and session
  kSplits = 1u << 25,        ///< its outputs lie in one input, one after the other along an axis
  kJoins = 1u << 26,         ///< its output is its inputs, one after the other along an axis
  kCuts = 1u << 27,          ///< its output is input 0 from the position input 1 on
  kReadsTape = 1u << 29,     ///< its value is the one that the tape of a conditional keeps at "k"
  kRestores = 1u << 28,      ///< makes values for variables, seldom: they may take over its memory
};

/// What a shape rule sees. Words as in TensorFlow's shape functions.
class CAUDAL_API ShapeContext {
 public:
  virtual ~ShapeContext() = default;
  virtual const AttrMap& attrs() const = 0;
  virtual int num_inputs() const = 0;
  virtual const PartialShape& input(int i) const = 0;
  virtual DType input_dtype(int i) const = 0;
  /// The value of input i when known, else nullptr. Asking tells the planner that shapes depend on
  /// it.
  virtual const Tensor* constant_input(int i) = 0;
  /// Input i (a shape vector or -1-able scalar list) as far as it is known; unknown rank if nothing
  /// is.
  virtual PartialShape constant_as_shape(int i) = 0;
  virtual int num_outputs() const = 0;
  virtual void set_output(int i, const PartialShape& shape) = 0;
  /// True when a plan asks with the shapes of one run, false while the graph is being built.
  virtual bool planning() const { return false; }

  /// Input i with its rank checked; unknown rank becomes that rank. Throws InvalidArgument.
  PartialShape with_rank(int i, int rank) const;
  /// Input i, throws when its known rank is smaller.
  PartialShape with_rank_at_least(int i, int rank) const;
  /// The common shape of two dimensions / shapes; throws InvalidArgument when they contradict.
  static std::int64_t merge_dim(std::int64_t a, std::int64_t b);
};

using ShapeRule = void (*)(ShapeContext&);

/// The gradient with respect to one tensor: none, dense, or slices (IndexedSlices).
struct Grad {
  Output values;       ///< the dense gradient, or the slices' values
  Output indices;      ///< set for slices only
  Output dense_shape;  ///< set for slices only; may be empty

  Grad() = default;
  Grad(Output dense) : values(dense) {}  // NOLINT: implicit on purpose
  Grad(Output v, Output i, Output s) : values(v), indices(i), dense_shape(s) {}
  bool none() const { return !values; }
  bool is_slices() const { return bool(indices); }
};

/// What a gradient function sees: a forward node, the gradients of its outputs, and a builder.
class CAUDAL_API GradContext {
 public:
  virtual ~GradContext() = default;
  Node& node() const { return *node_; }
  const AttrMap& attrs() const { return node_->attrs(); }
  int num_inputs() const { return int(node_->inputs().size()); }
  Output input(int i) const { return node_->input(i); }
  Output output(int i) const { return node_->output(i); }
  /// Gradient of output i as dense tensor; zeros when there is none.
  virtual Output dy(int i = 0) = 0;
  /// Gradient of output i as it came: may be none or slices.
  virtual const Grad& raw_dy(int i) const = 0;
  /// Whether anyone asks for the gradient towards input i: skip work otherwise.
  virtual bool needs(int i) const = 0;
  /// Gradient towards input i; what is not set is "none".
  void set(int i, Grad grad) { grads_[std::size_t(i)] = grad; }
  /// g("Mul", {g.dy(), g.input(1)}): a new node under gradients/<node>_grad/.
  Output operator()(std::string_view op, std::vector<Output> inputs, AttrList attrs = {},
                    std::string_view name = "") const {
    return builder_(op, std::move(inputs), std::move(attrs), name);
  }
  const Builder& builder() const { return builder_; }
  /// Names this call of gradients(): the same in the bodies of control flow.
  virtual const std::string& source() const = 0;
  const std::vector<Grad>& grads() const { return grads_; }

 protected:
  GradContext(Node* node, Builder builder)
      : node_(node), builder_(std::move(builder)), grads_(node->inputs().size()) {}
  Node* node_;
  Builder builder_;
  std::vector<Grad> grads_;
};

using GradientFn = void (*)(GradContext&);
/// The op is known not to be differentiable: the gradient stops silently, as tf.NotDifferentiable.
CAUDAL_API void no_gradient(GradContext&);

/// One row of an op family.
struct OpRow {
  const char* name;
  /// "a:T b:T -> product:T; transpose_a:bool=false; T:type{float,double}", as in TensorFlow's
  /// registry.
  const char* signature;
  ShapeRule shape;
  /// nullptr: asking for a gradient raises LookupError, as in TensorFlow.
  GradientFn gradient;
  std::uint32_t traits = 0;
};

/// A formal input or output.
struct ArgDef {
  std::string name;
  DType type = DType::kInvalid;  ///< fixed dtype, or
  std::string type_attr;         ///< attr that holds it ("T"), or
  std::string type_list_attr;    ///< attr that holds a list of dtypes ("Tin")
  std::string number_attr;       ///< attr that holds the count of a homogeneous list ("N")
  bool is_ref = false;
};

struct AttrDef {
  std::string name;
  /// "int", "float", "bool", "string", "type", "shape", "tensor", "func", or "list(...)" of these.
  std::string type;
  AttrValue default_value;              ///< not given: required
  std::optional<std::int64_t> minimum;  ///< of an int, or of a list's length
  DTypeSet allowed_types = DTypeSet::all();
  std::vector<std::string> allowed_strings;
};

/// A parsed row.
struct CAUDAL_API OpDef {
  std::string name;
  std::vector<ArgDef> inputs, outputs;
  std::vector<AttrDef> attrs;
  ShapeRule shape = nullptr;
  GradientFn gradient = nullptr;
  std::uint32_t traits = 0;
  std::string signature;

  bool has(Trait t) const { return (traits & t) != 0; }
  const AttrDef* attr(std::string_view name) const;
};

/// Throws InvalidArgument with the position of a mistake.
CAUDAL_API OpDef parse_op_row(const OpRow& row);

/// nullptr when unknown.
CAUDAL_API const OpDef* find_op(std::string_view name);
/// All ops, by name.
CAUDAL_API std::vector<const OpDef*> all_ops();
/// Adds ops from outside the library; throws AlreadyExists for a known name.
CAUDAL_API void register_ops(std::span<const OpRow> rows);

}  // namespace caudal
