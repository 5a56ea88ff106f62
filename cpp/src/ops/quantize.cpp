// SPDX-License-Identifier: Apache-2.0
// Quantisation, and its simulation in floating point. Rounding passes gradients straight through.
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

AttrList fake_attrs(GradContext& g) {
  return {{"num_bits", g.attrs().i("num_bits")}, {"narrow_range", g.attrs().b("narrow_range")}};
}
void args_grad(GradContext& g) {
  AttrList attrs = fake_attrs(g);
  attrs.emplace_back("min", g.attrs().f("min"));
  attrs.emplace_back("max", g.attrs().f("max"));
  g.set(0, g("FakeQuantWithMinMaxArgsGradient", {g.dy(), g.input(0)}, attrs));
}

void vars_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  c.with_rank(2, 0);
  c.set_output(0, c.input(0));
}
void vars_gradient_shape(ShapeContext& c) {
  c.with_rank(2, 0);
  c.with_rank(3, 0);
  c.set_output(0, c.input(0).merge(c.input(1)));
  c.set_output(1, PartialShape::scalar());
  c.set_output(2, PartialShape::scalar());
}
void set_three(GradContext& g, const char* op) {
  Node* node = g.builder().node(op, {g.dy(), g.input(0), g.input(1), g.input(2)}, fake_attrs(g));
  for (int i = 0; i < 3; ++i) g.set(i, node->output(i));
}
void vars_grad(GradContext& g) { set_three(g, "FakeQuantWithMinMaxVarsGradient"); }

// min and max hold one entry for each entry of the last dimension.
PartialShape channels(ShapeContext& c, int input, int min, int max) {
  PartialShape x = c.with_rank_at_least(input, 1);
  PartialShape n = c.with_rank(min, 1).merge(c.with_rank(max, 1));
  if (x.has_rank()) {
    n.set_dim(0, ShapeContext::merge_dim(n[0], x.dim(-1)));
    x.set_dim(x.rank() - 1, n[0]);
  }
  return x;
}
void channel_shape(ShapeContext& c) { c.set_output(0, channels(c, 0, 1, 2)); }
void channel_gradient_shape(ShapeContext& c) {
  const PartialShape x = channels(c, 1, 2, 3).merge(c.input(0));
  if (x.has_rank() && x.rank() > 4) invalid("Shape must be at most rank 4 but is rank ", x.rank());
  c.set_output(0, x);
  const PartialShape n = c.input(2).merge(c.input(3));
  c.set_output(1, n);
  c.set_output(2, n);
}
void channel_grad(GradContext& g) { set_three(g, "FakeQuantWithMinMaxVarsPerChannelGradient"); }

void straight_through(GradContext& g) { g.set(0, g.raw_dy(0)); }
void round_trip_shape(ShapeContext& c) {
  for (int i = 1; i < c.num_inputs(); ++i) c.with_rank(i, 0);
  c.set_output(0, c.input(0));
}

void quantize_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  c.with_rank(2, 0);
  c.set_output(0, c.input(0));
  for (int i = 1; i < c.num_outputs(); ++i) c.set_output(i, PartialShape::scalar());
}
void requantize_shape(ShapeContext& c) {
  for (int i = 1; i < c.num_inputs(); ++i) c.with_rank(i, 0);
  c.set_output(0, c.input(0));
  for (int i = 1; i < c.num_outputs(); ++i) c.set_output(i, PartialShape::scalar());
}
void range_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  c.with_rank(2, 0);
  c.set_output(0, PartialShape::scalar());
  c.set_output(1, PartialShape::scalar());
}

// Values along an axis, then their ranges.
void concat_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  const int n = (c.num_inputs() - 1) / 3;
  PartialShape out;
  for (int i = 1; i <= n; ++i) {
    if (!c.input(i).has_rank()) continue;
    const PartialShape here = PartialShape::unknown_of_rank(c.input(i).rank());
    out = out.merge(here);
  }
  for (int i = n + 1; i < c.num_inputs(); ++i) c.with_rank(i, 0);
  const Tensor* axis_value = c.constant_input(0);
  if (out.has_rank() && axis_value != nullptr) {
    const int axis = normalize_axis(axis_value->as_int64s().at(0), out.rank());
    std::int64_t total = 0;
    for (int i = 1; i <= n; ++i) {
      PartialShape here = c.input(i);
      if (!here.has_rank() || here[axis] < 0) total = -1;
      if (!here.has_rank()) continue;
      if (total >= 0 && __builtin_add_overflow(total, here[axis], &total)) {
        invalid("the concatenated dimension does not fit");
      }
      here.set_dim(axis, -1);
      out = out.merge(here);
    }
    out.set_dim(axis, total);
  }
  c.set_output(0, out);
  c.set_output(1, PartialShape::scalar());
  c.set_output(2, PartialShape::scalar());
}

#define CAUDAL_BITS "num_bits:int=8; narrow_range:bool=false"
#define CAUDAL_QUANTIZED "{qint8,quint8,qint32,qint16,quint16}"
#define CAUDAL_FLOATS "T:type{bfloat16,half,float,double}"
#define CAUDAL_MODE "mode:string{'MIN_COMBINED','MIN_FIRST','SCALED'}='MIN_COMBINED'"

constexpr OpRow kRows[] = {
    {"FakeQuantWithMinMaxArgs",
     "inputs:float -> outputs:float; min:float=-6; max:float=6; " CAUDAL_BITS, merged_shape,
     args_grad},
    {"FakeQuantWithMinMaxArgsGradient",
     "gradients:float inputs:float -> backprops:float; min:float=-6; max:float=6; " CAUDAL_BITS,
     merged_shape, nullptr},
    {"FakeQuantWithMinMaxVars", "inputs:float min:float max:float -> outputs:float; " CAUDAL_BITS,
     vars_shape, vars_grad},
    {"FakeQuantWithMinMaxVarsGradient",
     "gradients:float inputs:float min:float max:float -> backprops_wrt_input:float "
     "backprop_wrt_min:float backprop_wrt_max:float; " CAUDAL_BITS,
     vars_gradient_shape, nullptr},
    {"FakeQuantWithMinMaxVarsPerChannel",
     "inputs:float min:float max:float -> outputs:float; " CAUDAL_BITS, channel_shape,
     channel_grad},
    {"FakeQuantWithMinMaxVarsPerChannelGradient",
     "gradients:float inputs:float min:float max:float -> backprops_wrt_input:float "
     "backprop_wrt_min:float backprop_wrt_max:float; " CAUDAL_BITS,
     channel_gradient_shape, nullptr},
    {"QuantizeAndDequantize",
     "input:T -> output:T; signed_input:bool=true; num_bits:int=8; range_given:bool=false; "
     "input_min:float=0; input_max:float=0; " CAUDAL_FLOATS,
     same_shape, straight_through},
    {"QuantizeAndDequantizeV2",
     "input:T input_min:T input_max:T -> output:T; signed_input:bool=true; num_bits:int=8; "
     "range_given:bool=false; " CAUDAL_FLOATS
     "; round_mode:string{'HALF_TO_EVEN','HALF_UP'}='HALF_TO_EVEN'; narrow_range:bool=false",
     round_trip_shape, straight_through},
    {"QuantizeAndDequantizeV3",
     "input:T input_min:T input_max:T num_bits:int32 -> output:T; signed_input:bool=true; "
     "range_given:bool=true; " CAUDAL_FLOATS "; narrow_range:bool=false",
     round_trip_shape, straight_through},
    {"QuantizeV2",
     "input:float min_range:float max_range:float -> output:T output_min:float output_max:float; "
     "T:type" CAUDAL_QUANTIZED "; " CAUDAL_MODE
     "; round_mode:string{'HALF_AWAY_FROM_ZERO','HALF_TO_EVEN'}='HALF_AWAY_FROM_ZERO'",
     quantize_shape, nullptr},
    {"Dequantize",
     "input:T min_range:float max_range:float -> output:float; T:type" CAUDAL_QUANTIZED
     "; " CAUDAL_MODE,
     quantize_shape, nullptr},
    {"RequantizationRange",
     "input:Tinput input_min:float input_max:float -> output_min:float output_max:float; "
     "Tinput:type" CAUDAL_QUANTIZED,
     range_shape, nullptr},
    {"Requantize",
     "input:Tinput input_min:float input_max:float requested_output_min:float "
     "requested_output_max:float -> output:out_type output_min:float output_max:float; "
     "Tinput:type" CAUDAL_QUANTIZED "; out_type:type" CAUDAL_QUANTIZED,
     requantize_shape, nullptr},
    {"QuantizedConcat",
     "concat_dim:int32 values:N*T input_mins:N*float input_maxes:N*float -> output:T "
     "output_min:float output_max:float; N:int>=2; T:type",
     concat_shape, nullptr},
    {"QuantizeDownAndShrinkRange",
     "input:Tinput input_min:float input_max:float -> output:out_type output_min:float "
     "output_max:float; Tinput:type" CAUDAL_QUANTIZED "; out_type:type" CAUDAL_QUANTIZED,
     requantize_shape, nullptr},
};

}  // namespace

std::span<const OpRow> quantize_ops() { return kRows; }

}  // namespace caudal::ops
