// SPDX-License-Identifier: Apache-2.0
// Ops that talk to the outside: printing, assertions, functions of the host language, strings,
// time.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

/// The op only looks at its first input: the gradient passes through.
void pass_gradient(GradContext& g) { g.set(0, g.raw_dy(0)); }

/// The gradient is watched too, under a message of its own.
void check_numerics_gradient(GradContext& g) {
  const std::string message =
      "Not a number (NaN) or infinity (Inf) values detected in gradient. " + g.attrs().s("message");
  g.set(0, g("CheckNumerics", {g.dy()}, {{"message", message}}));
}

void assert_shape(ShapeContext& c) { c.with_rank(0, 0); }

void print_v2_shape(ShapeContext& c) { c.with_rank(0, 0); }

/// Inputs have one shape, scalars aside.
void string_join_shape(ShapeContext& c) {
  PartialShape out = PartialShape::scalar();
  for (int i = 0; i < c.num_inputs(); ++i) {
    if (!c.input(i).has_rank()) {
      out = PartialShape::unknown();
      break;
    }
    if (c.planning() && c.input(i).rank() != 0 && out.rank() != 0 &&
        !out.compatible_with(c.input(i))) {
      invalid("Input shapes do not match: ", out, " vs. ", c.input(i));
    }
    if (c.input(i).rank() != 0) out = out.rank() == 0 ? c.input(i) : out.merge(c.input(i));
  }
  c.set_output(0, out);
}

constexpr OpRow kRows[] = {
    {"Print",
     "input:T data:[U] -> output:T; T:type; U:list(type)>=0; message:string=''; first_n:int=-1; "
     "summarize:int=3",
     same_shape, pass_gradient, kStateful | kHostOnly},
    {"PrintV2", "input:string -> -; output_stream:string='stderr'; end:string='\\n'",
     print_v2_shape, no_gradient, kStateful | kHostOnly},
    {"Assert", "condition:bool data:[T] -> -; T:list(type)>=1; summarize:int=3", assert_shape,
     no_gradient, kStateful | kHostOnly},
    {"CheckNumerics", "tensor:T -> output:T; T:type{bfloat16,half,float,double}; message:string",
     same_shape, check_numerics_gradient, kStateful},
    {"PyFunc", "input:[Tin] -> output:[Tout]; token:string; Tin:list(type)>=0; Tout:list(type)>=0",
     unknown_shape, no_gradient, kStateful | kHostOnly | kDynamicShape},
    {"PyFuncStateless",
     "input:[Tin] -> output:[Tout]; token:string; Tin:list(type)>=0; Tout:list(type)>=0",
     unknown_shape, no_gradient, kHostOnly | kDynamicShape},
    {"StringJoin", "inputs:N*string -> output:string; N:int>=1; separator:string=''",
     string_join_shape, no_gradient, kHostOnly},
    {"AsString",
     "input:T -> output:string; "
     "T:type{int8,int16,int32,int64,complex64,complex128,float,double,bool}; precision:int=-1; "
     "scientific:bool=false; shortest:bool=false; width:int=-1; fill:string=''",
     same_shape, no_gradient, kHostOnly},
    {"StringFormat",
     "inputs:[T] -> output:string; T:list(type)>=0; template:string='%s'; "
     "placeholder:string='%s'; summarize:int=3",
     scalar_shape, no_gradient, kHostOnly},
    {"Timestamp", "- -> ts:double", scalar_shape, no_gradient, kStateful | kHostOnly},
};

}  // namespace

std::span<const OpRow> host_ops() { return kRows; }

}  // namespace caudal::ops
