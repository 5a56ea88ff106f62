// SPDX-License-Identifier: Apache-2.0
#include "ops/common_shapes.h"

#include <algorithm>
#include <limits>

namespace caudal::ops {

void same_shape(ShapeContext& c) { c.set_output(0, c.input(0)); }

void merged_shape(ShapeContext& c) {
  PartialShape shape = c.input(0);
  for (int i = 1; i < c.num_inputs(); ++i) shape = shape.merge(c.input(i));
  c.set_output(0, shape);
}

void broadcast_shape(ShapeContext& c) { c.set_output(0, broadcast(c.input(0), c.input(1))); }

void scalar_shape(ShapeContext& c) { c.set_output(0, PartialShape::scalar()); }

void unknown_shape(ShapeContext& c) {
  for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, PartialShape::unknown());
}

void no_outputs(ShapeContext&) {}

void ref_shape(ShapeContext& c) { c.set_output(0, c.input(0)); }

PartialShape broadcast(const PartialShape& a, const PartialShape& b) {
  if (!a.has_rank() || !b.has_rank()) return PartialShape::unknown();
  const int rank = std::max(a.rank(), b.rank());
  PartialShape out = PartialShape::unknown_of_rank(rank);
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank());
    const int ib = i - (rank - b.rank());
    const std::int64_t da = ia < 0 ? 1 : a[ia];
    const std::int64_t db = ib < 0 ? 1 : b[ib];
    if (da == db || db == 1) {
      out.set_dim(i, da);
    } else if (da == 1) {
      out.set_dim(i, db);
    } else if (da < 0 || db < 0) {
      out.set_dim(i, std::max(da, db));  // the unknown one is 1 or equal to the known one
    } else {
      invalid("Dimensions must be equal, but are ", da, " and ", db, ": Incompatible shapes: ", a,
              " vs. ", b);
    }
  }
  return out;
}

int normalize_axis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    invalid("Expected dimension in the range [", -rank, ", ", rank, "), but got ", axis);
  }
  return int(axis < 0 ? axis + rank : axis);
}

namespace {

// Which axes of the broadcast of `x` and `other` were spread over for `x`; false when that depends
// on values known only at run time.
bool broadcast_axes(const PartialShape& x, const PartialShape& other,
                    std::vector<std::int32_t>& axes, int& leading) {
  if (!x.has_rank() || !other.has_rank()) return false;
  const int rank = std::max(x.rank(), other.rank());
  leading = rank - x.rank();
  for (int i = 0; i < rank; ++i) {
    const int ix = i - leading;
    const int io = i - (rank - other.rank());
    const std::int64_t other_dim = io < 0 ? 1 : other[io];
    if (ix < 0) {
      axes.push_back(i);
    } else if (x[ix] == 1) {
      if (other_dim != 1) axes.push_back(i);
    } else if (x[ix] < 0 && other_dim != 1) {
      return false;
    }
  }
  return true;
}

// Sums over known axes, of which the first `leading` are dropped.
Output sum_axes(const GradContext& g, Output grad, Output target,
                const std::vector<std::int32_t>& axes, int leading) {
  if (axes.empty()) return grad;
  // Without a mix of dropped and kept axes, Sum alone makes the target's shape.
  const bool keep = leading == 0;
  const Output sum =
      g("Sum", {grad, g.builder().ints(axes, "Sum/reduction_indices")}, {{"keep_dims", keep}});
  if (keep || int(axes.size()) == leading) return sum;
  return g("Reshape", {sum, shape_of(g, target)});
}

}  // namespace

void set_broadcast_grads(GradContext& g, Output grad_x, Output grad_y) {
  const Output operands[2] = {g.input(0), g.input(1)};
  const Output grads[2] = {grad_x, grad_y};
  // Made on first use: the shapes of both operands and the node that compares them.
  Output shapes[2];
  Node* args = nullptr;
  for (int i = 0; i < 2; ++i) {
    if (!grads[i]) continue;
    std::vector<std::int32_t> axes;
    int leading = 0;
    if (broadcast_axes(operands[i].shape(), operands[1 - i].shape(), axes, leading)) {
      g.set(i, sum_axes(g, grads[i], operands[i], axes, leading));
      continue;
    }
    if (args == nullptr) {
      for (int k = 0; k < 2; ++k) shapes[k] = shape_of(g, operands[k]);
      args = g.builder().node("BroadcastGradientArgs", {shapes[0], shapes[1]});
    }
    const Output sum = g("Sum", {grads[i], args->output(i)});
    g.set(i, g("Reshape", {sum, shapes[i]}));
  }
}

Output sum_to(const GradContext& g, Output grad, Output target) {
  std::vector<std::int32_t> axes;
  int leading = 0;
  if (broadcast_axes(target.shape(), grad.shape(), axes, leading)) {
    return sum_axes(g, grad, target, axes, leading);
  }
  const Output shape = shape_of(g, target);
  Node* args = g.builder().node("BroadcastGradientArgs", {shape, shape_of(g, grad)});
  return g("Reshape", {g("Sum", {grad, args->output(0)}), shape});
}

Output shape_of(const GradContext& g, Output x) {
  const PartialShape shape = x.shape();
  if (shape.fully_defined()) {
    std::vector<std::int32_t> dims;
    for (std::int64_t d : shape.dims()) {
      if (d <= std::numeric_limits<std::int32_t>::max()) dims.push_back(std::int32_t(d));
    }
    if (int(dims.size()) == shape.rank()) return g.builder().ints(dims, "Shape");
  }
  return g("Shape", {x});
}

}  // namespace caudal::ops
