// SPDX-License-Identifier: Apache-2.0
// Ops whose output shapes depend on values: the kernels allocate.
#include <algorithm>

#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

void where_shape(ShapeContext& c) {
  c.set_output(0, PartialShape{-1, c.input(0).has_rank() ? c.input(0).rank() : -1});
}

void unique_shape(ShapeContext& c) {
  const PartialShape x = c.with_rank(0, 1);
  c.set_output(0, PartialShape{-1});
  c.set_output(1, x);
  if (c.num_outputs() == 3) c.set_output(2, PartialShape{-1});
}

void list_diff_shape(ShapeContext& c) {
  c.with_rank(0, 1);
  c.with_rank(1, 1);
  c.set_output(0, PartialShape{-1});
  c.set_output(1, PartialShape{-1});
}

// `shape` without its first `skip` dimensions, behind one of the given size.
PartialShape rows_of(std::int64_t rows, const PartialShape& shape, int skip) {
  PartialShape out{rows};
  for (int i = skip; i < shape.rank(); ++i) out.append(shape[i]);
  return out;
}

void dynamic_partition_shape(ShapeContext& c) {
  const PartialShape &data = c.input(0), &partitions = c.input(1);
  PartialShape out;
  if (data.has_rank() && partitions.has_rank()) {
    if (partitions.rank() > data.rank()) {
      invalid("data.shape must start with partitions.shape, got data.shape = ", data,
              ", partitions.shape = ", partitions);
    }
    PartialShape(data.dims().first(std::size_t(partitions.rank()))).merge(partitions);
    out = rows_of(-1, data, partitions.rank());
  }
  for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, out);
}

// Partitions the row numbers in the same way and stitches the gradients back by them.
void dynamic_partition_grad(GradContext& g) {
  const Output data = g.input(0), partitions = g.input(1);
  const Builder& b = g.builder();
  const auto n = std::int64_t(g.node().num_outputs());
  const Output range =
      g("Range", {b.scalar(std::int32_t{0}), g("Size", {partitions}), b.scalar(std::int32_t{1})});
  const Output rows = g("Reshape", {range, shape_of(g, partitions)});
  Node* parts = b.node("DynamicPartition", {rows, partitions}, {{"num_partitions", n}});
  std::vector<Output> args;
  for (int i = 0; i < n; ++i) args.push_back(parts->output(i));
  for (int i = 0; i < n; ++i) args.push_back(g.dy(i));
  g.set(0, g("Reshape", {g("DynamicStitch", std::move(args), {{"N", n}}), shape_of(g, data)}));
}

void dynamic_stitch_shape(ShapeContext& c) {
  const int n = c.num_inputs() / 2;
  PartialShape tail;
  std::int64_t largest = -1;
  bool known = true;
  for (int i = 0; i < n; ++i) {
    const PartialShape &indices = c.input(i), &data = c.input(n + i);
    if (const Tensor* value = c.constant_input(i)) {
      for (const std::int64_t v : value->as_int64s()) largest = std::max(largest, v);
    } else {
      known = false;
    }
    if (!indices.has_rank() || !data.has_rank()) continue;
    if (data.rank() < indices.rank()) {
      invalid("data[", i, "].shape = ", data, " does not start with indices[", i,
              "].shape = ", indices);
    }
    PartialShape(data.dims().first(std::size_t(indices.rank()))).merge(indices);
    tail = tail.merge(PartialShape(data.dims().subspan(std::size_t(indices.rank()))));
  }
  if (!tail.has_rank()) return c.set_output(0, PartialShape::unknown());
  c.set_output(0, rows_of(known ? largest + 1 : -1, tail, 0));
}
void dynamic_stitch_grad(GradContext& g) {
  const int n = g.num_inputs() / 2;
  for (int i = 0; i < n; ++i) {
    if (!g.needs(n + i)) continue;
    g.set(n + i, g("GatherV2", {g.dy(), g.input(i), g.builder().scalar(std::int32_t{0})}));
  }
}

constexpr OpRow kRows[] = {
    {"Where",
     "input:T -> index:int64; "
     "T:type{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,"
     "bfloat16,uint16,complex128,half,uint32,uint64,bool}=bool",
     where_shape, nullptr, kDynamicShape},
    {"Unique", "x:T -> y:T idx:out_idx; T:type; out_idx:type{int32,int64}=int32", unique_shape,
     nullptr, kDynamicShape},
    {"UniqueWithCounts",
     "x:T -> y:T idx:out_idx count:out_idx; T:type; out_idx:type{int32,int64}=int32", unique_shape,
     nullptr, kDynamicShape},
    {"ListDiff", "x:T y:T -> out:T idx:out_idx; T:type; out_idx:type{int32,int64}=int32",
     list_diff_shape, nullptr, kDynamicShape},
    {"DynamicPartition",
     "data:T partitions:int32 -> outputs:num_partitions*T; num_partitions:int>=1; T:type",
     dynamic_partition_shape, dynamic_partition_grad, kDynamicShape},
    {"DynamicStitch", "indices:N*int32 data:N*T -> merged:T; N:int>=1; T:type",
     dynamic_stitch_shape, dynamic_stitch_grad, kDynamicShape},
    {"ParallelDynamicStitch", "indices:N*int32 data:N*T -> merged:T; N:int>=1; T:type",
     dynamic_stitch_shape, dynamic_stitch_grad, kDynamicShape},
};

}  // namespace

std::span<const OpRow> dynamic_ops() { return kRows; }

}  // namespace caudal::ops
