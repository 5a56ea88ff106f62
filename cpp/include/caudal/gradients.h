// SPDX-License-Identifier: Apache-2.0
// Owns: reverse-mode differentiation of graphs into graphs.
// Called by: users, tf.gradients, control-flow gradients.
// Must not know: sessions, kernels.
#pragma once

#include <functional>
#include <vector>

#include "caudal/graph.h"
#include "caudal/op_def.h"

namespace caudal {

struct GradientOptions {
  std::vector<Grad> grad_ys;           ///< empty, or one per y; none entries mean ones
  std::vector<Output> stop_gradients;  ///< treated as constants
  std::string scope = "gradients";     ///< made unique, unless it ends in '/'
  std::string source;                  ///< names this call for TensorArrays; empty: the scope
  bool colocate = false;               ///< place gradient nodes on their forward node's device
  /// Whoever reads a gradient of a node waits for all gradients of that node: where variables are
  /// updated in place, as TensorFlow does, none of them may see a new value.
  bool gate = false;
  Origin origin;
};

/// d(sum of ys)/dx for each x; none where no path leads from x to a y.
/// Throws InvalidArgument (kind kType for dtypes without gradient), NotFound for an op without one.
CAUDAL_API std::vector<Grad> gradients(Graph& graph, const std::vector<Output>& ys,
                                       const std::vector<Output>& xs,
                                       const GradientOptions& options = {});

/// Asked first for every node on the way: `name` is the node's _gradient_op_type, or its op.
/// Returns true when it has set the gradients. One hook per process (the language binding's).
using GradientHook = std::function<bool(const std::string& name, GradContext&)>;
CAUDAL_API void set_gradient_hook(GradientHook hook);

/// A dense tensor out of slices.
CAUDAL_API Output densify(const Builder& builder, const Grad& grad);

}  // namespace caudal
