// SPDX-License-Identifier: Apache-2.0
// Softmax, cross-entropies and what measures a classifier.
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

std::int64_t same_dim(std::int64_t a, std::int64_t b) {
  if (a >= 0 && b >= 0 && a != b) invalid("Dimensions must be equal, but are ", a, " and ", b);
  return a >= 0 ? a : b;
}

void softmax_shape(ShapeContext& c) {
  if (c.planning() && c.input(0).rank() == 0) invalid("logits must have >= 1 dimension, got []");
  c.set_output(0, c.with_rank_at_least(0, 1));
}

Output sum_of_rows(GradContext& g, Output v) {
  return g("Sum", {v, g.builder().ints({-1}, "Sum/reduction_indices")}, {{"keep_dims", true}});
}

void softmax_grad(GradContext& g) {
  const Output y = g.output(0), dy = g.dy();
  const Output along = sum_of_rows(g, g("Mul", {dy, y}, {}, "mul"));
  g.set(0, g("Mul", {g("Sub", {dy, along}, {}, "sub"), y}, {}, "mul_1"));
}

void log_softmax_grad(GradContext& g) {
  const Output dy = g.dy();
  const Output softmax = g("Exp", {g.output(0)});
  g.set(0, g("Sub", {dy, g("Mul", {sum_of_rows(g, dy), softmax}, {}, "mul")}, {}, "sub"));
}

void cross_entropy_shape(ShapeContext& c) {
  PartialShape both = PartialShape::unknown_of_rank(2);
  if (c.input(0).has_rank() && c.input(1).has_rank() && c.input(0).rank() == 2 &&
      c.input(1).rank() == 2) {
    for (int d = 0; c.planning() && d < 2; ++d) {
      const std::int64_t m = c.input(0)[d], n = c.input(1)[d];
      if (m != n && m != 1 && n != 1) {
        invalid("logits and labels must be broadcastable: logits_size=", c.input(0),
                " labels_size=", c.input(1));
      }
    }
    both = broadcast(c.input(0), c.input(1));
  } else {
    const PartialShape logits = c.with_rank(0, 2), labels = c.with_rank(1, 2);
    both.set_dim(0, logits[0] == 1 || labels[0] == 1 ? -1 : same_dim(logits[0], labels[0]));
    both.set_dim(1, logits[1] == 1 || labels[1] == 1 ? -1 : same_dim(logits[1], labels[1]));
  }
  c.set_output(0, {both[0]});
  c.set_output(1, both);
}

void check_sparse_cross_entropy(const PartialShape& logits, const PartialShape& labels) {
  if (logits.rank() != 2) invalid("logits must be 2-D, but got shape ", logits);
  if (labels.rank() != 1) invalid("labels must be 1-D, but got shape ", labels);
  if (logits[0] != labels[0]) {
    invalid("logits and labels must have the same first dimension, got logits shape ", logits,
            " and labels shape ", labels);
  }
  if (logits[1] == 0) invalid("Must have at least one class, but got logits shape ", logits);
}

void sparse_cross_entropy_shape(ShapeContext& c) {
  if (c.planning()) check_sparse_cross_entropy(c.input(0), c.input(1));
  PartialShape logits = c.with_rank(0, 2);
  const PartialShape labels = c.with_rank(1, 1);
  logits.set_dim(0, same_dim(logits[0], labels[0]));
  c.set_output(0, {logits[0]});
  c.set_output(1, logits);
}

Output column(GradContext& g, Output v) {
  return g("ExpandDims", {v, g.builder().scalar(std::int32_t(-1), "ExpandDims/dim")});
}

/// Gradient towards the logits, through the loss and, for second gradients, through `backprop`.
Output logits_grad(GradContext& g) {
  Output total;
  if (!g.raw_dy(0).none()) total = g("Mul", {column(g, g.dy(0)), g.output(1)}, {}, "mul");
  if (!g.raw_dy(1).none()) {
    const Output softmax = g("Softmax", {g.input(0)});
    const Output v = g.dy(1);
    auto matrices = [&](Output rows, std::int32_t axis) {
      return g("ExpandDims", {rows, g.builder().scalar(axis, "ExpandDims/dim")});
    };
    const Output products = g("BatchMatMulV2", {matrices(v, 1), matrices(softmax, 2)});
    const Output along = g("Squeeze", {products}, {{"squeeze_dims", std::vector<std::int64_t>{1}}});
    const Output centred = g("Sub", {v, along});
    const Output through = g("Mul", {centred, softmax});
    total = total ? g("AddV2", {total, through}, {}, "add") : through;
  }
  return total;
}

/// Towards the labels: through the loss, and through backprop = softmax - labels.
Output labels_grad(GradContext& g) {
  Output total;
  if (!g.raw_dy(0).none()) {
    const Output nll = g("Neg", {g("LogSoftmax", {g.input(0)})});
    total = g("Mul", {column(g, g.dy(0)), nll}, {}, "mul_1");
  }
  if (!g.raw_dy(1).none()) {
    total = total ? g("Sub", {total, g.dy(1)}, {}, "sub_1") : g("Neg", {g.dy(1)});
  }
  return total;
}

void cross_entropy_grad(GradContext& g) {
  const Output logits = g.needs(0) ? logits_grad(g) : Output();
  const Output labels = g.needs(1) ? labels_grad(g) : Output();
  bool broadcasts = false;
  for (int i = 0; i < 2; ++i) {
    const PartialShape &a = g.input(0).shape(), &b = g.input(1).shape();
    broadcasts = broadcasts || (a.has_rank() && b.has_rank() && (a[i] == 1) != (b[i] == 1));
  }
  if (broadcasts) return set_broadcast_grads(g, logits, labels);
  if (logits) g.set(0, logits);
  if (labels) g.set(1, labels);
}

void sparse_cross_entropy_grad(GradContext& g) {
  if (!g.needs(0)) return;
  if (const Output d = logits_grad(g)) g.set(0, d);
}

void l2_loss_grad(GradContext& g) { g.set(0, g("Mul", {g.input(0), g.dy()}, {}, "mul")); }

void in_top_k_shape(ShapeContext& c) {
  const PartialShape predictions = c.with_rank(0, 2), targets = c.with_rank(1, 1);
  if (c.num_inputs() > 2) c.with_rank(2, 0);
  c.set_output(0, {same_dim(predictions[0], targets[0])});
}

void top_k(ShapeContext& c, std::int64_t k) {
  PartialShape out = c.with_rank_at_least(0, 1);
  if (out.has_rank()) {
    const int last = out.rank() - 1;
    if (k >= 0 && out[last] >= 0 && out[last] < k) {
      if (c.planning()) {
        invalid("input must have at least k columns. Had ", out[last], ", needed ", k);
      }
      invalid("input must have last dimension >= k = ", k, " but is ", out[last]);
    }
    out.set_dim(last, k);
  }
  c.set_output(0, out);
  c.set_output(1, out);
}

void top_k_shape(ShapeContext& c) { top_k(c, c.attrs().i("k")); }

void top_k_v2_shape(ShapeContext& c) {
  c.with_rank(1, 0);
  std::int64_t k = -1;
  if (const Tensor* value = c.constant_input(1)) {
    k = value->as_int64s()[0];
    if (k < 0) {
      if (c.planning()) invalid("Need k >= 0, got ", k);
      invalid("Dimension size, given by scalar input 1, must be non-negative but is ", k);
    }
  }
  top_k(c, k);
}

/// Puts the gradients back where the values were taken from; rows never overlap.
void top_k_grad(GradContext& g) {
  if (!g.needs(0)) return;
  const Builder& b = g.builder();
  const Output shape = g("Shape", {g.input(0)});
  const Output minus_one = b.ints({-1});
  const Output last = g("Size", {shape});
  auto last_dim = [&](Output dims) {
    return g("GatherV2",
             {dims, g("Sub", {last, b.scalar(std::int32_t(1))}), b.scalar(std::int32_t(0))});
  };
  const Output width = last_dim(shape);
  const Output size = g("Prod", {shape, b.ints({0})}, {{"keep_dims", false}});
  const Output starts = g("Range", {b.scalar(std::int32_t(0)), size, width});
  const Output k = last_dim(g("Shape", {g.output(1)}));
  const Output rows = g("Reshape", {g.output(1), g("Pack", {g("Size", {starts}), k})});
  const Output flat = g("Reshape", {g("AddV2", {rows, column(g, starts)}), minus_one});
  const Output scattered =
      g("ScatterNd", {column(g, flat), g("Reshape", {g.dy(0), minus_one}), g("Pack", {size})});
  g.set(0, g("Reshape", {scattered, shape}));
}

#define CAUDAL_TOP_K_TYPES \
  "T:type{float,double,int32,uint8,int16,int8,int64,bfloat16,uint16,half,uint32,uint64}"

constexpr OpRow kRows[] = {
    {"Softmax", "logits:T -> softmax:T; T:type{half,bfloat16,float,double}", softmax_shape,
     softmax_grad},
    {"LogSoftmax", "logits:T -> logsoftmax:T; T:type{half,bfloat16,float,double}", softmax_shape,
     log_softmax_grad},
    {"SoftmaxCrossEntropyWithLogits",
     "features:T labels:T -> loss:T backprop:T; T:type{half,bfloat16,float,double}",
     cross_entropy_shape, cross_entropy_grad},
    {"SparseSoftmaxCrossEntropyWithLogits",
     "features:T labels:Tlabels -> loss:T backprop:T; T:type{half,bfloat16,float,double}; "
     "Tlabels:type{int32,int64}=int64",
     sparse_cross_entropy_shape, sparse_cross_entropy_grad},
    {"L2Loss", "t:T -> output:T; T:type{half,bfloat16,float,double}", scalar_shape, l2_loss_grad},
    {"InTopK", "predictions:float targets:T -> precision:bool; k:int; T:type{int32,int64}=int32",
     in_top_k_shape, no_gradient},
    {"InTopKV2", "predictions:float targets:T k:T -> precision:bool; T:type{int32,int64}=int32",
     in_top_k_shape, no_gradient},
    {"TopK", "input:T -> values:T indices:int32; k:int>=0; sorted:bool=true; " CAUDAL_TOP_K_TYPES,
     top_k_shape, top_k_grad},
    {"TopKV2", "input:T k:int32 -> values:T indices:int32; sorted:bool=true; " CAUDAL_TOP_K_TYPES,
     top_k_v2_shape, top_k_grad},
};

}  // namespace

std::span<const OpRow> loss_ops() { return kRows; }

}  // namespace caudal::ops
