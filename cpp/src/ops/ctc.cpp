// SPDX-License-Identifier: Apache-2.0
// Connectionist temporal classification: the loss of unaligned label sequences, and decoders.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

/// inputs [time, batch, classes] with sequence_length [batch] at input `lengths`.
PartialShape sequences(ShapeContext& c, int lengths) {
  PartialShape x = c.with_rank(0, 3);
  x.set_dim(1, ShapeContext::merge_dim(x[1], c.with_rank(lengths, 1)[0]));
  return x;
}

void loss_shape(ShapeContext& c) {
  const PartialShape x = sequences(c, 3);
  const PartialShape indices = c.with_rank(1, 2), values = c.with_rank(2, 1);
  (void)ShapeContext::merge_dim(indices[0], values[0]);
  if (indices[1] >= 0 && indices[1] != 2) {
    invalid("labels_indices must have 2 columns, but has ", indices[1]);
  }
  c.set_output(0, {x[1]});
  c.set_output(1, x);
}

/// The kernel has computed the gradient with the loss; what comes back scales it per sequence.
void loss_grad(GradContext& g) {
  if (!g.needs(0)) return;
  const Output computed = g("PreventGradient", {g.output(1)},
                            {{"message",
                              "Currently there is no way to take the second derivative of ctc_loss "
                              "because its gradient is computed together with the loss"}});
  const Output column = g("ExpandDims", {g.dy(0), g.builder().scalar(std::int32_t(-1))});
  g.set(0, g("Mul", {column, computed}, {}, "mul"));
}

void greedy_shape(ShapeContext& c) {
  const PartialShape x = sequences(c, 1);
  c.set_output(0, {-1, 2});
  c.set_output(1, {-1});
  c.set_output(2, {2});
  c.set_output(3, {x[1], 1});
}

void beam_shape(ShapeContext& c) {
  const PartialShape x = sequences(c, 1);
  const auto paths = int(c.attrs().i("top_paths"));
  for (int i = 0; i < paths; ++i) {
    c.set_output(i, {-1, 2});
    c.set_output(paths + i, {-1});
    c.set_output(2 * paths + i, {2});
  }
  c.set_output(3 * paths, {x[1], paths});
}

constexpr OpRow kRows[] = {
    {"CTCLoss",
     "inputs:T labels_indices:int64 labels_values:int32 sequence_length:int32 -> loss:T "
     "gradient:T; preprocess_collapse_repeated:bool=false; ctc_merge_repeated:bool=true; "
     "ignore_longer_outputs_than_inputs:bool=false; T:type{float,double}=float",
     loss_shape, loss_grad},
    {"CTCGreedyDecoder",
     "inputs:T sequence_length:int32 -> decoded_indices:int64 decoded_values:int64 "
     "decoded_shape:int64 log_probability:T; merge_repeated:bool=false; T:type{float,double}=float",
     greedy_shape, no_gradient, kDynamicShape},
    {"CTCBeamSearchDecoder",
     "inputs:T sequence_length:int32 -> decoded_indices:top_paths*int64 "
     "decoded_values:top_paths*int64 decoded_shape:top_paths*int64 log_probability:T; "
     "beam_width:int>=1; top_paths:int>=1; merge_repeated:bool=true; T:type{float,double}=float",
     beam_shape, no_gradient, kDynamicShape},
};

}  // namespace

std::span<const OpRow> ctc_ops() { return kRows; }

}  // namespace caudal::ops
