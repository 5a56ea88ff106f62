// SPDX-License-Identifier: Apache-2.0
// Variables behind handles. A handle is a Ref here: what differs from VariableV2 is that writes
// have no output, so that every read is a node of its own.
#include <string>
#include <string_view>
#include <vector>

#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void handle_shape(ShapeContext& c) { c.set_output(0, c.attrs().shape("shape")); }

void read_grad(GradContext& g) { g.set(0, g.raw_dy(0)); }

/// An assigned value may refine the shape of the variable, never contradict it.
void assign_shape(ShapeContext& c) {
  try {
    c.input(0).merge(c.input(1));
  } catch (const Error& e) {
    invalid("Shape of the value ", c.input(1), " does not fit the variable's ", c.input(0), ": ",
            e.message());
  }
}

PartialShape joined(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  PartialShape out = PartialShape::unknown_of_rank(0);
  for (std::int64_t d : a) out.append(d);
  for (std::int64_t d : b) out.append(d);
  return out;
}

void gather_shape(ShapeContext& c) {
  if (c.attrs().i("batch_dims") != 0) {
    fail(Code::kUnimplemented, "ResourceGather with batch_dims: read the variable and use gather");
  }
  const PartialShape params = c.with_rank_at_least(0, 1);
  const PartialShape& indices = c.input(1);
  if (!params.has_rank() || !indices.has_rank()) {
    c.set_output(0, PartialShape::unknown());
  } else {
    c.set_output(0, joined(indices.dims(), params.dims().subspan(1)));
  }
}

/// Rows of dy as slices of the variable.
void gather_grad(GradContext& g) {
  const Builder& b = g.builder();
  const Output shape = g("Shape", {g.input(0)});
  const Output count = g("ExpandDims", {g("Size", {g.input(1)}), b.scalar(std::int32_t{0})});
  const Output tail =
      g("StridedSlice", {shape, b.ints({1}), b.ints({0}), b.ints({1})}, {{"end_mask", 1}});
  const Output sizes = g("ConcatV2", {count, tail, b.scalar(std::int32_t{0})}, {}, "concat");
  g.set(0, {g("Reshape", {g.dy(), sizes}),
            g("Reshape", {g.input(1), b.ints({-1})}, {}, "Reshape_1"), shape});
}

/// updates: a scalar, or one row of the variable for each index.
void scatter_shape(ShapeContext& c) {
  const PartialShape params = c.with_rank_at_least(0, 1);
  const PartialShape &indices = c.input(1), &updates = c.input(2);
  if (!params.has_rank() || !indices.has_rank() || updates.rank() == 0) return;
  try {
    updates.merge(joined(indices.dims(), params.dims().subspan(1)));
  } catch (const Error& e) {
    invalid("Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], ",
            "got updates.shape ", updates, ", indices.shape ", indices, ", params.shape ", params,
            ": ", e.message());
  }
}

#define CAUDAL_NUMBERS                                                                        \
  "{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16,uint16," \
  "complex128,half,uint32,uint64}"

constexpr std::uint32_t kWrites = kStateful | kWritesRef;

constexpr OpRow kRows[] = {
    {"VarHandleOp",
     "- -> resource:Ref(dtype); container:string=''; shared_name:string=''; dtype:type; "
     "shape:shape",
     handle_shape, no_gradient, kVariable | kStateful},
    {"ReadVariableOp", "resource:Ref(dtype) -> value:dtype; dtype:type", same_shape, read_grad,
     kView},
    {"VarIsInitializedOp", "resource:Ref(dtype) -> is_initialized:bool; dtype:type", scalar_shape,
     no_gradient, kAllowUninitialised | kStateful},
    {"AssignVariableOp", "resource:Ref(dtype) value:dtype -> -; dtype:type", assign_shape,
     no_gradient, kWrites | kInitialisesRef},
    {"AssignAddVariableOp", "resource:Ref(dtype) value:dtype -> -; dtype:type" CAUDAL_NUMBERS,
     assign_shape, no_gradient, kWrites},
    {"AssignSubVariableOp", "resource:Ref(dtype) value:dtype -> -; dtype:type" CAUDAL_NUMBERS,
     assign_shape, no_gradient, kWrites},
    {"ResourceGather",
     "resource:Ref(dtype) indices:Tindices -> output:dtype; batch_dims:int=0; "
     "validate_indices:bool=true; dtype:type; Tindices:type{int32,int64}",
     gather_shape, gather_grad},
#define CAUDAL_SCATTER(name, types)                                            \
  {name,                                                                       \
   "resource:Ref(dtype) indices:Tindices updates:dtype -> -; dtype:type" types \
   "; Tindices:type{int32,int64}",                                             \
   scatter_shape, no_gradient, kWrites}
    CAUDAL_SCATTER("ResourceScatterUpdate", ""),
    CAUDAL_SCATTER("ResourceScatterAdd", CAUDAL_NUMBERS),
    CAUDAL_SCATTER("ResourceScatterSub", CAUDAL_NUMBERS),
    CAUDAL_SCATTER("ResourceScatterMul", CAUDAL_NUMBERS),
    CAUDAL_SCATTER("ResourceScatterDiv", CAUDAL_NUMBERS),
    CAUDAL_SCATTER("ResourceScatterMin", CAUDAL_NUMBERS),
    CAUDAL_SCATTER("ResourceScatterMax", CAUDAL_NUMBERS),
};

/// The update rules once more, without output: "Apply..." becomes "ResourceApply...".
struct Table {
  std::vector<std::string> texts;
  std::vector<OpRow> rows{std::begin(kRows), std::end(kRows)};

  Table() {
    const std::span<const OpRow> rules = training_ops();
    texts.reserve(2 * rules.size());
    for (const OpRow& rule : rules) {
      constexpr std::string_view kOutput = "-> out:Ref(T)";
      std::string signature = rule.signature;
      const std::size_t at = signature.find(kOutput);
      if (at == std::string::npos) continue;
      texts.push_back(std::string("Resource") + rule.name);
      texts.push_back(signature.replace(at, kOutput.size(), "-> -"));
      rows.push_back({texts[texts.size() - 2].c_str(), texts.back().c_str(), rule.shape,
                      no_gradient, kWrites});
    }
  }
};

}  // namespace

std::span<const OpRow> resource_variable_ops() {
  static const Table table;
  return table.rows;
}

}  // namespace caudal::ops
