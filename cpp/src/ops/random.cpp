// SPDX-License-Identifier: Apache-2.0
// Ops that draw from a stream which belongs to node and session.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

/// Output 0 has the shape that is the value of input 0.
void shape_from_input(ShapeContext& c) {
  c.with_rank(0, 1);
  if (const Tensor* value = c.constant_input(0)) {
    for (std::int64_t d : value->as_int64s()) {
      if (d < -1) invalid("Invalid value in tensor used for shape: ", d);
    }
  }
  c.set_output(0, c.constant_as_shape(0));
}

void uniform_int_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  c.with_rank(2, 0);
  shape_from_input(c);
}

void multinomial_shape(ShapeContext& c) {
  if (c.planning()) {
    if (c.input(0).rank() != 2) invalid("logits should be a matrix, got shape ", c.input(0));
    if (c.input(1).rank() != 0) invalid("num_samples should be a scalar, got shape ", c.input(1));
  }
  PartialShape logits = c.with_rank(0, 2);
  c.with_rank(1, 0);
  std::int64_t samples = -1;
  if (const Tensor* value = c.constant_input(1)) {
    samples = value->as_int64s().at(0);
    if (samples < 0) {
      invalid("Dimension size, given by scalar input 1, must be non-negative but is ", samples);
    }
  }
  c.set_output(0, {logits[0], samples});
}

constexpr std::uint32_t kDraws = kStateful | kRandom;

constexpr OpRow kRows[] = {
    {"RandomUniform",
     "shape:T -> output:dtype; seed:int=0; seed2:int=0; dtype:type{half,bfloat16,float,double}; "
     "T:type{int32,int64}",
     shape_from_input, no_gradient, kDraws},
    {"RandomStandardNormal",
     "shape:T -> output:dtype; seed:int=0; seed2:int=0; dtype:type{half,bfloat16,float,double}; "
     "T:type{int32,int64}",
     shape_from_input, no_gradient, kDraws},
    {"TruncatedNormal",
     "shape:T -> output:dtype; seed:int=0; seed2:int=0; dtype:type{half,bfloat16,float,double}; "
     "T:type{int32,int64}",
     shape_from_input, no_gradient, kDraws},
    {"RandomUniformInt",
     "shape:T minval:Tout maxval:Tout -> output:Tout; seed:int=0; seed2:int=0; "
     "Tout:type{int32,int64}; T:type{int32,int64}",
     uniform_int_shape, no_gradient, kDraws},
    {"RandomShuffle", "value:T -> output:T; seed:int=0; seed2:int=0; T:type", same_shape, nullptr,
     kDraws},
    {"Multinomial",
     "logits:T num_samples:int32 -> output:output_dtype; seed:int=0; seed2:int=0; "
     "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}; "
     "output_dtype:type{int32,int64}=int64",
     multinomial_shape, no_gradient, kDraws},
};

}  // namespace

std::span<const OpRow> random_ops() { return kRows; }

}  // namespace caudal::ops
