// SPDX-License-Identifier: Apache-2.0
// Draws whose distribution is an input, and draws that depend on nothing but a given seed.
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

// Output 0: the shape in input 0, then the shape of the parameters in input 1.
void per_parameter_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  const PartialShape draws = c.constant_as_shape(0), &parameters = c.input(1);
  if (!draws.has_rank() || !parameters.has_rank()) {
    return c.set_output(0, PartialShape::unknown());
  }
  PartialShape out = draws;
  for (const std::int64_t d : parameters.dims()) out.append(d);
  c.set_output(0, out);
}

// Samples move with alpha along their quantiles; the draws of one alpha add up.
void gamma_grad(GradContext& g) {
  const Builder& b = g.builder();
  const Output shape = g.input(0), alpha = g.input(1), sample = g.output(0);
  const Output count = g("Size", {shape});
  const Output slope = g("RandomGammaGrad", {alpha, sample});
  const Output axes = g("Range", {b.scalar(std::int32_t{0}), count, b.scalar(std::int32_t{1})});
  g.set(1, g("Sum", {mul(g, g.dy(), slope), axes}));
}

void shape_input(ShapeContext& c) {
  c.with_rank(0, 1);
  if (const Tensor* value = c.constant_input(0)) {
    for (const std::int64_t d : value->as_int64s()) {
      if (d < -1) invalid("Invalid value in tensor used for shape: ", d);
    }
  }
  c.set_output(0, c.constant_as_shape(0));
}
void truncated_shape(ShapeContext& c) {
  for (int i = 1; i < 5; ++i) {
    if (c.input(i).rank() > 1) {
      invalid("Shape must be at most rank 1 but is rank ", c.input(i).rank());
    }
  }
  shape_input(c);
}

void check_seed(ShapeContext& c, int input) {
  ShapeContext::merge_dim(c.with_rank(input, 1)[0], 2);
}
void stateless_shape(ShapeContext& c) {
  check_seed(c, 1);
  for (int i = 2; i < c.num_inputs(); ++i) c.with_rank(i, 0);
  shape_input(c);
}
void stateless_multinomial_shape(ShapeContext& c) {
  const PartialShape logits = c.with_rank(0, 2);
  c.with_rank(1, 0);
  check_seed(c, 2);
  std::int64_t samples = -1;
  if (const Tensor* value = c.constant_input(1)) {
    samples = value->as_int64s().at(0);
    if (samples < 0) {
      invalid("Dimension size, given by scalar input 1, must be non-negative but is ", samples);
    }
  }
  c.set_output(0, PartialShape{logits[0], samples});
}

constexpr std::uint32_t kDraws = kStateful | kRandom;

#define CAUDAL_STATELESS                                                               \
  "shape:T seed:Tseed -> output:dtype; dtype:type{half,bfloat16,float,double}=float; " \
  "T:type{int32,int64}=int32; Tseed:type{int32,int64}=int64"

constexpr OpRow kRows[] = {
    {"RandomGamma",
     "shape:S alpha:T -> output:T; seed:int=0; seed2:int=0; S:type{int32,int64}; "
     "T:type{half,float,double}",
     per_parameter_shape, gamma_grad, kDraws},
    {"RandomPoisson",
     "shape:S rate:dtype -> output:dtype; seed:int=0; seed2:int=0; S:type{int32,int64}; "
     "dtype:type{half,float,double}",
     per_parameter_shape, nullptr, kDraws},
    {"RandomPoissonV2",
     "shape:S rate:R -> output:dtype; seed:int=0; seed2:int=0; S:type{int32,int64}; "
     "R:type{half,float,double,int32,int64}=double; "
     "dtype:type{half,float,double,int32,int64}=int64",
     per_parameter_shape, nullptr, kDraws},
    {"ParameterizedTruncatedNormal",
     "shape:T means:dtype stdevs:dtype minvals:dtype maxvals:dtype -> output:dtype; seed:int=0; "
     "seed2:int=0; dtype:type{half,bfloat16,float,double}; T:type{int32,int64}",
     truncated_shape, no_gradient, kDraws},
    {"StatelessRandomUniform", CAUDAL_STATELESS, stateless_shape, no_gradient},
    {"StatelessRandomNormal", CAUDAL_STATELESS, stateless_shape, no_gradient},
    {"StatelessTruncatedNormal", CAUDAL_STATELESS, stateless_shape, no_gradient},
    {"StatelessRandomUniformInt",
     "shape:T seed:Tseed minval:dtype maxval:dtype -> output:dtype; dtype:type{int32,int64}; "
     "T:type{int32,int64}; Tseed:type{int32,int64}=int64",
     stateless_shape, no_gradient},
    {"StatelessMultinomial",
     "logits:T num_samples:int32 seed:Tseed -> output:output_dtype; "
     "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}; "
     "Tseed:type{int32,int64}=int64; output_dtype:type{int32,int64}=int64",
     stateless_multinomial_shape, no_gradient},
};

}  // namespace

std::span<const OpRow> sampling_ops() { return kRows; }

}  // namespace caudal::ops
