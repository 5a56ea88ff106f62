// SPDX-License-Identifier: Apache-2.0
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

#define CAUDAL_T_REALS \
  "; T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64"
#define CAUDAL_T_FLOATS "; T:type{half,bfloat16,float,double}"
#define CAUDAL_T_COMPLEX "; T:type{bfloat16,half,float,double,complex64,complex128}"

namespace caudal::ops {
namespace {

constexpr const char* kFloats = "features:T -> activations:T" CAUDAL_T_FLOATS;
constexpr const char* kByFeatures = "gradients:T features:T -> backprops:T" CAUDAL_T_FLOATS;
constexpr const char* kByOutputs = "gradients:T outputs:T -> backprops:T" CAUDAL_T_FLOATS;
constexpr const char* kRealsGrad = "gradients:T features:T -> backprops:T" CAUDAL_T_REALS "}";
constexpr const char* kComplex = "x:T -> y:T" CAUDAL_T_COMPLEX;
constexpr const char* kComplexGrad = "y:T dy:T -> z:T" CAUDAL_T_COMPLEX;

void relu_grad(GradContext& g) { g.set(0, g("ReluGrad", {g.dy(), g.output(0)})); }
void relu6_grad(GradContext& g) { g.set(0, g("Relu6Grad", {g.dy(), g.output(0)})); }
void elu_grad(GradContext& g) { g.set(0, g("EluGrad", {g.dy(), g.output(0)})); }
void selu_grad(GradContext& g) { g.set(0, g("SeluGrad", {g.dy(), g.output(0)})); }
void softplus_grad(GradContext& g) { g.set(0, g("SoftplusGrad", {g.dy(), g.input(0)})); }
void softsign_grad(GradContext& g) { g.set(0, g("SoftsignGrad", {g.dy(), g.input(0)})); }
void leaky_relu_grad(GradContext& g) {
  g.set(0, g("LeakyReluGrad", {g.dy(), g.input(0)}, {{"alpha", g.attrs().at("alpha")}}));
}
void sigmoid_grad(GradContext& g) { g.set(0, g("SigmoidGrad", {conj(g, g.output(0)), g.dy()})); }
void tanh_grad(GradContext& g) { g.set(0, g("TanhGrad", {conj(g, g.output(0)), g.dy()})); }

// Linear in the first input, piecewise constant in the second.
void gate_grad_grad(GradContext& g) {
  AttrList attrs;
  if (const AttrValue* alpha = g.attrs().find("alpha")) attrs.emplace_back("alpha", *alpha);
  if (g.needs(0)) g.set(0, g(g.node().op().name, {g.dy(), g.input(1)}, std::move(attrs)));
  if (g.needs(1)) g.set(1, zeros_like(g, g.input(1)));
}
// dy * (y + c) where y < 0, else dy times a constant.
void elu_grad_grad(GradContext& g) {
  const Output y = g.input(1);
  if (g.needs(0)) g.set(0, g(g.node().op().name, {g.dy(), y}));
  if (g.needs(1)) {
    g.set(1, keep_where(g, g("Less", {y, like(g, y, 0)}), mul(g, g.dy(), g.input(0))));
  }
}
// dy * s(x) with s' = 1 / (exp(-x) + 2 + exp(x)).
void softplus_grad_grad(GradContext& g) {
  const Output x = g.input(1);
  if (g.needs(0)) g.set(0, g("SoftplusGrad", {g.dy(), x}));
  if (g.needs(1)) {
    const Output both = add(g, add(g, g("Exp", {neg(g, x)}), like(g, x, 2)), g("Exp", {x}));
    g.set(1, realdiv(g, mul(g, g.dy(), g.input(0)), both));
  }
}
// dy / (1 + |x|)^2
void softsign_grad_grad(GradContext& g) {
  const Output x = g.input(1);
  if (g.needs(0)) g.set(0, g("SoftsignGrad", {g.dy(), x}));
  if (g.needs(1)) {
    const Output width = add(g, like(g, x, 1), g("Abs", {x}));
    const Output slope = realdiv(g, scale(g, g("Sign", {x}), -2), mul(g, width, square(g, width)));
    g.set(1, mul(g, mul(g, g.dy(), g.input(0)), slope));
  }
}
// dy y (1 - y)
void sigmoid_grad_grad(GradContext& g) {
  const Output y = conj(g, g.input(0));
  if (g.needs(0)) {
    const Output both = mul(g, g.dy(), conj(g, g.input(1)));
    g.set(0, sub(g, both, mul(g, scale(g, both, 2), y)));
  }
  if (g.needs(1)) g.set(1, g("SigmoidGrad", {y, g.dy()}));
}
// dy (1 - y^2)
void tanh_grad_grad(GradContext& g) {
  const Output y = conj(g, g.input(0));
  if (g.needs(0)) g.set(0, mul(g, mul(g, scale(g, g.dy(), -2), conj(g, g.input(1))), y));
  if (g.needs(1)) g.set(1, g("TanhGrad", {y, g.dy()}));
}

constexpr std::uint32_t kMap = kElementwise;
constexpr std::uint32_t kAbsorbable = kElementwise | kActivation;

}  // namespace

std::span<const OpRow> activation_ops() {
  static const OpRow rows[] = {
      {"Relu", "features:T -> activations:T" CAUDAL_T_REALS ",qint8}", same_shape, relu_grad,
       kAbsorbable},
      {"Relu6", "features:T -> activations:T" CAUDAL_T_REALS "}", same_shape, relu6_grad,
       kAbsorbable},
      {"Elu", kFloats, same_shape, elu_grad, kAbsorbable},
      {"Selu", kFloats, same_shape, selu_grad, kMap},
      {"LeakyRelu",
       "features:T -> activations:T; alpha:float=0.200000003; "
       "T:type{half,bfloat16,float,double}=float",
       same_shape, leaky_relu_grad, kMap},
      {"Softplus", kFloats, same_shape, softplus_grad, kAbsorbable},
      {"Softsign", kFloats, same_shape, softsign_grad, kMap},
      {"Sigmoid", kComplex, same_shape, sigmoid_grad, kAbsorbable},
      {"Tanh", kComplex, same_shape, tanh_grad, kAbsorbable},
      {"ReluGrad", kRealsGrad, merged_shape, gate_grad_grad, kMap},
      {"Relu6Grad", kRealsGrad, merged_shape, gate_grad_grad, kMap},
      {"EluGrad", kByOutputs, merged_shape, elu_grad_grad, kMap},
      {"SeluGrad", kByOutputs, merged_shape, elu_grad_grad, kMap},
      {"LeakyReluGrad",
       "gradients:T features:T -> backprops:T; alpha:float=0.200000003; "
       "T:type{half,bfloat16,float,double}=float",
       merged_shape, gate_grad_grad, kMap},
      {"SoftplusGrad", kByFeatures, merged_shape, softplus_grad_grad, kMap},
      {"SoftsignGrad", kByFeatures, merged_shape, softsign_grad_grad, kMap},
      {"SigmoidGrad", kComplexGrad, merged_shape, sigmoid_grad_grad, kMap},
      {"TanhGrad", kComplexGrad, merged_shape, tanh_grad_grad, kMap},
  };
  return rows;
}

}  // namespace caudal::ops
