// SPDX-License-Identifier: Apache-2.0
// Positions in sorted rows and in flattened tensors, distinct slices, distances of sequences.
#include <algorithm>

#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void search_shape(ShapeContext& c) {
  const PartialShape sorted = c.with_rank(0, 2), values = c.with_rank(1, 2);
  ShapeContext::merge_dim(sorted[0], values[0]);
  c.set_output(0, values);
}

void unravel_index_shape(ShapeContext& c) {
  const PartialShape &indices = c.input(0), dims = c.with_rank(1, 1);
  if (indices.has_rank() && indices.rank() > 1) {
    invalid("The indices can only be scalar or vector.");
  }
  if (!indices.has_rank()) return c.set_output(0, indices);
  if (indices.rank() == 0) return c.set_output(0, PartialShape{dims[0]});
  c.set_output(0, PartialShape{dims[0], indices[0]});
}

void unique_slices_shape(ShapeContext& c) {
  const PartialShape& x = c.input(0);
  c.set_output(0, x.has_rank() ? PartialShape::unknown_of_rank(x.rank()) : x);
  c.set_output(1, PartialShape{-1});
  if (c.num_outputs() == 3) c.set_output(2, PartialShape{-1});
}

void edit_distance_shape(ShapeContext& c) {
  for (const int i : {0, 3}) {
    c.with_rank(i, 2);
    c.with_rank(i + 1, 1);
    c.with_rank(i + 2, 1);
  }
  const Tensor *h = c.constant_input(2), *t = c.constant_input(5);
  if (h == nullptr || t == nullptr) return c.set_output(0, PartialShape::unknown());
  const std::vector<std::int64_t> hs = h->as_int64s(), ts = t->as_int64s();
  if (hs.size() != ts.size()) {
    invalid("Num elements of hypothesis_shape does not match truth_shape: ", hs.size(), " vs. ",
            ts.size());
  }
  PartialShape out = PartialShape::scalar();
  for (std::size_t i = 0; i + 1 < hs.size(); ++i) out.append(std::max(hs[i], ts[i]));
  c.set_output(0, out);
}

void fingerprint_shape(ShapeContext& c) {
  const PartialShape data = c.with_rank_at_least(0, 1);
  c.with_rank(1, 0);
  c.set_output(0, PartialShape{data.has_rank() ? data[0] : -1, 8});
}

#define CAUDAL_SEARCH                                     \
  "sorted_inputs:T values:T -> output:out_type; T:type; " \
  "out_type:type{int32,int64}=int32"
#define CAUDAL_UNIQUE_TYPES \
  "; T:type; Taxis:type{int32,int64}=int64; out_idx:type{int32,int64}=int32"

constexpr OpRow kRows[] = {
    {"LowerBound", CAUDAL_SEARCH, search_shape, nullptr},
    {"UpperBound", CAUDAL_SEARCH, search_shape, nullptr},
    {"UnravelIndex", "indices:Tidx dims:Tidx -> output:Tidx; Tidx:type{int32,int64}=int32",
     unravel_index_shape, nullptr},
    {"UniqueV2", "x:T axis:Taxis -> y:T idx:out_idx" CAUDAL_UNIQUE_TYPES, unique_slices_shape,
     nullptr, kDynamicShape},
    {"UniqueWithCountsV2", "x:T axis:Taxis -> y:T idx:out_idx count:out_idx" CAUDAL_UNIQUE_TYPES,
     unique_slices_shape, nullptr, kDynamicShape},
    {"EditDistance",
     "hypothesis_indices:int64 hypothesis_values:T hypothesis_shape:int64 truth_indices:int64 "
     "truth_values:T truth_shape:int64 -> output:float; normalize:bool=true; T:type",
     edit_distance_shape, no_gradient, kDynamicShape},
    {"Fingerprint", "data:T method:string -> fingerprint:uint8; T:type", fingerprint_shape,
     nullptr},
};

}  // namespace

std::span<const OpRow> search_ops() { return kRows; }

}  // namespace caudal::ops
