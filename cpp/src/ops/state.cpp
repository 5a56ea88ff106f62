// SPDX-License-Identifier: Apache-2.0
// Variables and the ops that write them. A Ref input is the variable's memory.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

#define CAUDAL_NUMBERS                                                                        \
  "{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16,uint16," \
  "complex128,half,uint32,uint64}"
#define CAUDAL_SCATTER_ARGS "ref:Ref(T) indices:Tindices updates:T -> output_ref:Ref(T); "

void variable_shape(ShapeContext& c) { c.set_output(0, c.attrs().shape("shape")); }

/// The older op cannot tell a scalar from an unknown shape.
void old_variable_shape(ShapeContext& c) {
  const PartialShape& shape = c.attrs().shape("shape");
  c.set_output(0, shape.rank() == 0 ? PartialShape::unknown() : shape);
}

void assign_shape(ShapeContext& c) {
  if (!c.attrs().b("validate_shape")) {
    c.set_output(0, c.input(1));
    return;
  }
  try {
    c.set_output(0, c.input(0).merge(c.input(1)));
  } catch (const Error& e) {
    invalid("Assign requires shapes of both tensors to match. lhs shape= ", c.input(0),
            " rhs shape= ", c.input(1), ": ", e.message());
  }
}

void update_shape(ShapeContext& c) { c.set_output(0, c.input(0).merge(c.input(1))); }

PartialShape concat(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  PartialShape out = PartialShape::unknown_of_rank(0);
  for (std::int64_t d : a) out.append(d);
  for (std::int64_t d : b) out.append(d);
  return out;
}

/// updates: a scalar, or one row of the variable for each index.
void scatter_shape(ShapeContext& c) {
  PartialShape ref = c.with_rank_at_least(0, 1);
  const PartialShape& indices = c.input(1);
  const PartialShape& updates = c.input(2);
  if (ref.has_rank() && indices.has_rank() && updates.rank() != 0) {
    try {
      updates.merge(concat(indices.dims(), ref.dims().subspan(1)));
    } catch (const Error& e) {
      invalid("Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], ",
              "got updates.shape ", updates, ", indices.shape ", indices, ", params.shape ", ref,
              ": ", e.message());
    }
  }
  c.set_output(0, c.input(0));
}

/// indices [..., k]; updates: indices.shape[:-1] + ref.shape[k:].
void scatter_nd_shape(ShapeContext& c) {
  const PartialShape& ref = c.input(0);
  PartialShape indices = c.with_rank_at_least(1, 1);
  const PartialShape& updates = c.input(2);
  c.set_output(0, ref);
  if (!ref.has_rank() || !indices.has_rank()) return;
  const auto batch = indices.dims().first(std::size_t(indices.rank() - 1));
  const std::int64_t depth = indices.dim(-1);
  if (depth < 0) return;
  if (depth > ref.rank()) {
    invalid("Must have updates.shape = indices.shape[:batch_dim] + params_shape[slice_dim:], ",
            "got updates.shape: ", updates, ", indices.shape: ", indices, ", params_shape: ", ref,
            ", slice_dim: ", depth, ", and batch_dim: ", std::int64_t(batch.size()));
  }
  try {
    updates.merge(concat(batch, ref.dims().subspan(std::size_t(depth))));
  } catch (const Error& e) {
    invalid("The outer ", std::int64_t(batch.size()), " dimensions of indices.shape=", indices,
            " must match those of updates.shape=", updates, ", and its inner ", ref.rank() - depth,
            " dimensions those of params.shape=", ref, ": ", e.message());
  }
}

void count_up_to_shape(ShapeContext& c) { c.set_output(0, c.with_rank(0, 0)); }

constexpr std::uint32_t kWrites = kStateful | kWritesRef | kRefForward;

constexpr OpRow kRows[] = {
    {"VariableV2",
     "- -> ref:Ref(dtype); shape:shape; dtype:type; container:string=''; shared_name:string=''",
     variable_shape, no_gradient, kVariable | kStateful},
    {"Variable",
     "- -> ref:Ref(dtype); shape:shape; dtype:type; container:string=''; shared_name:string=''",
     old_variable_shape, no_gradient, kVariable | kStateful},
    {"IsVariableInitialized", "ref:Ref(dtype) -> is_initialized:bool; dtype:type", scalar_shape,
     no_gradient, kAllowUninitialised | kStateful},
    {"Assign",
     "ref:Ref(T) value:T -> output_ref:Ref(T); T:type; validate_shape:bool=true; "
     "use_locking:bool=true",
     assign_shape, no_gradient, kWrites | kInitialisesRef},
    {"AssignAdd",
     "ref:Ref(T) value:T -> output_ref:Ref(T); T:type" CAUDAL_NUMBERS "; use_locking:bool=false",
     update_shape, no_gradient, kWrites},
    {"AssignSub",
     "ref:Ref(T) value:T -> output_ref:Ref(T); T:type" CAUDAL_NUMBERS "; use_locking:bool=false",
     update_shape, no_gradient, kWrites},
    {"ScatterUpdate",
     CAUDAL_SCATTER_ARGS "T:type; Tindices:type{int32,int64}; use_locking:bool=true", scatter_shape,
     no_gradient, kWrites},
#define CAUDAL_SCATTER(name, types, shape)                                                    \
  {name,                                                                                      \
   CAUDAL_SCATTER_ARGS "T:type" types "; Tindices:type{int32,int64}; use_locking:bool=false", \
   shape, no_gradient, kWrites}
    CAUDAL_SCATTER("ScatterAdd", CAUDAL_NUMBERS, scatter_shape),
    CAUDAL_SCATTER("ScatterSub", CAUDAL_NUMBERS, scatter_shape),
    CAUDAL_SCATTER("ScatterMul", CAUDAL_NUMBERS, scatter_shape),
    CAUDAL_SCATTER("ScatterDiv", CAUDAL_NUMBERS, scatter_shape),
    CAUDAL_SCATTER("ScatterMin", "{half,bfloat16,float,double,int32,int64}", scatter_shape),
    CAUDAL_SCATTER("ScatterMax", "{half,bfloat16,float,double,int32,int64}", scatter_shape),
    {"ScatterNdUpdate",
     CAUDAL_SCATTER_ARGS "T:type; Tindices:type{int32,int64}; use_locking:bool=true",
     scatter_nd_shape, no_gradient, kWrites},
    CAUDAL_SCATTER("ScatterNdAdd", CAUDAL_NUMBERS, scatter_nd_shape),
    CAUDAL_SCATTER("ScatterNdSub", CAUDAL_NUMBERS, scatter_nd_shape),
    {"CountUpTo", "ref:Ref(T) -> output:T; limit:int; T:type{int32,int64}", count_up_to_shape,
     no_gradient, kStateful | kWritesRef},
};

}  // namespace

std::span<const OpRow> state_ops() { return kRows; }

}  // namespace caudal::ops
