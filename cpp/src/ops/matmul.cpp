// SPDX-License-Identifier: Apache-2.0
// Matrix products and the bias that follows them.
#include "ops/arithmetic.h"
#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

std::int64_t same_dim(std::int64_t a, std::int64_t b) {
  if (a >= 0 && b >= 0 && a != b) invalid("Dimensions must be equal, but are ", a, " and ", b);
  return a >= 0 ? a : b;
}

void matmul_shape(ShapeContext& c) {
  const bool ta = c.attrs().b("transpose_a"), tb = c.attrs().b("transpose_b");
  const PartialShape a = c.with_rank(0, 2), b = c.with_rank(1, 2);
  same_dim(a[ta ? 0 : 1], b[tb ? 1 : 0]);
  c.set_output(0, {a[ta ? 1 : 0], b[tb ? 0 : 1]});
}

/// The gradients of a product, with the transposes folded into flags instead of Transpose nodes.
/// Flags that mean adjoints conjugate by themselves.
void product_grads(GradContext& g, const char* op, const char* flag_a, const char* flag_b,
                   bool adjoint, Output* da, Output* db) {
  const bool ta = g.attrs().b(flag_a), tb = g.attrs().b(flag_b);
  const Output dy = g.dy();
  const Output a = adjoint || !g.needs(1) ? g.input(0) : conj(g, g.input(0));
  const Output b = adjoint || !g.needs(0) ? g.input(1) : conj(g, g.input(1));
  auto product = [&](Output x, Output y, bool tx, bool ty) {
    return g(op, {x, y}, {{flag_a, tx}, {flag_b, ty}});
  };
  if (g.needs(0)) *da = ta ? product(b, dy, tb, true) : product(dy, b, false, !tb);
  if (g.needs(1)) *db = tb ? product(dy, a, true, ta) : product(a, dy, !ta, false);
}

void matmul_grad(GradContext& g) {
  Output da, db;
  product_grads(g, "MatMul", "transpose_a", "transpose_b", false, &da, &db);
  if (da) g.set(0, da);
  if (db) g.set(1, db);
}

PartialShape batch_part(const PartialShape& s) {
  return PartialShape(s.dims().first(std::size_t(s.rank() - 2)));
}

void batch_matmul(ShapeContext& c, bool broadcasting) {
  const bool ta = c.attrs().b("adj_x"), tb = c.attrs().b("adj_y");
  const PartialShape a = c.with_rank_at_least(0, 2), b = c.with_rank_at_least(1, 2);
  if (a.has_rank() && b.has_rank()) {
    same_dim(a.dim(ta ? -2 : -1), b.dim(tb ? -1 : -2));
    PartialShape out;
    if (broadcasting) {
      out = broadcast(batch_part(a), batch_part(b));
    } else {
      if (a.rank() != b.rank()) {
        invalid("Shapes must be equal rank, but are ", a.rank(), " and ", b.rank());
      }
      out = PartialShape::scalar();
      for (int i = 0; i + 2 < a.rank(); ++i) out.append(same_dim(a[i], b[i]));
    }
    if (!out.has_rank()) return c.set_output(0, out);
    out.append(a.dim(ta ? -1 : -2));
    out.append(b.dim(tb ? -2 : -1));
    return c.set_output(0, out);
  }
  c.set_output(0, PartialShape::unknown());
}
void batch_matmul_shape(ShapeContext& c) { batch_matmul(c, false); }
void batch_matmul_v2_shape(ShapeContext& c) { batch_matmul(c, true); }

void batch_matmul_grad(GradContext& g) {
  Output da, db;
  product_grads(g, "BatchMatMul", "adj_x", "adj_y", true, &da, &db);
  if (da) g.set(0, da);
  if (db) g.set(1, db);
}

/// Sums the batch dimensions that broadcasting repeated.
void batch_matmul_v2_grad(GradContext& g) {
  Output da, db;
  product_grads(g, "BatchMatMulV2", "adj_x", "adj_y", true, &da, &db);
  const PartialShape& a = g.input(0).shape();
  const PartialShape& b = g.input(1).shape();
  if (a.has_rank() && b.has_rank() && batch_part(a).fully_defined() &&
      batch_part(b).fully_defined()) {
    const int rank = std::max(a.rank(), b.rank());
    auto reduced = [&](Output grad, const PartialShape& shape, const PartialShape& other,
                       Output input) {
      std::vector<std::int32_t> axes;
      for (int i = 0; i < rank - 2; ++i) {
        const int own = i - (rank - shape.rank()), theirs = i - (rank - other.rank());
        const std::int64_t d = own < 0 ? 1 : shape[own], e = theirs < 0 ? 1 : other[theirs];
        if (own < 0 || (d == 1 && e != 1)) axes.push_back(i);
      }
      if (axes.empty()) return grad;
      const Output sum =
          g("Sum", {grad, g.builder().ints(axes, "reduction_indices")}, {{"keep_dims", false}});
      return g("Reshape", {sum, shape_of(g, input)});
    };
    if (da) g.set(0, reduced(da, a, b, g.input(0)));
    if (db) g.set(1, reduced(db, b, a, g.input(1)));
    return;
  }
  const Output sa = shape_of(g, g.input(0)), sb = shape_of(g, g.input(1));
  auto batch_of = [&](Output shape) {
    return g("StridedSlice",
             {shape, g.builder().ints({0}), g.builder().ints({-2}), g.builder().ints({1})},
             {{"begin_mask", 1}});
  };
  Node* args = g.builder().node("BroadcastGradientArgs", {batch_of(sa), batch_of(sb)});
  auto reduced = [&](Output grad, int which, Output shape) {
    const Output sum = g("Sum", {grad, args->output(which)}, {{"keep_dims", false}});
    return g("Reshape", {sum, shape});
  };
  if (da) g.set(0, reduced(da, 0, sa));
  if (db) g.set(1, reduced(db, 1, sb));
}

bool channels_first(const AttrMap& attrs) { return attrs.s("data_format") == "NCHW"; }

void bias_add_shape(ShapeContext& c) {
  const bool nchw = channels_first(c.attrs());
  PartialShape x = c.with_rank_at_least(0, nchw ? 3 : 2);
  const PartialShape bias = c.with_rank(1, 1);
  if (x.has_rank()) {
    const int channel = nchw ? 1 : x.rank() - 1;
    x.set_dim(channel, same_dim(x[channel], bias[0]));
  }
  c.set_output(0, x);
}

void bias_add_grad(GradContext& g) {
  if (g.needs(0)) g.set(0, g.dy());
  if (g.needs(1)) {
    g.set(1, g("BiasAddGrad", {g.dy()}, {{"data_format", g.attrs().at("data_format")}}));
  }
}

/// BiasAdd without formats: channels are last.
void bias_add_v1_shape(ShapeContext& c) {
  PartialShape x = c.with_rank_at_least(0, 2);
  const PartialShape bias = c.with_rank(1, 1);
  if (x.has_rank()) {
    x.set_dim(x.rank() - 1, ShapeContext::merge_dim(x.dim(-1), bias[0]));
  }
  c.set_output(0, x);
}
void bias_add_v1_grad(GradContext& g) {
  if (g.needs(0)) g.set(0, g.dy());
  if (g.needs(1)) g.set(1, g("BiasAddGrad", {g.dy()}, {{"data_format", "NHWC"}}));
}

void bias_add_grad_shape(ShapeContext& c) {
  const bool nchw = channels_first(c.attrs());
  const PartialShape dy = c.with_rank_at_least(0, nchw ? 3 : 2);
  if (!dy.has_rank()) return c.set_output(0, {-1});
  const int channel = nchw ? (dy.rank() >= 4 ? 1 : 0) : dy.rank() - 1;
  c.set_output(0, {dy[channel]});
}

/// Every position of a channel receives the channel's gradient.
void bias_add_grad_grad(GradContext& g) {
  const Output zeros = g("ZerosLike", {g.input(0)});
  g.set(0, g("BiasAdd", {zeros, g.dy()}, {{"data_format", g.attrs().at("data_format")}}));
}

#define CAUDAL_PRODUCT_TYPES "T:type{bfloat16,half,float,double,int32,int64,complex64,complex128}"
#define CAUDAL_BIAS_ATTRS                                                                    \
  "T:type{float,double,int32,uint8,int16,int8,complex64,int64,qint8,quint8,qint32,bfloat16," \
  "uint16,complex128,half,uint32,uint64}; data_format:string{'NHWC','NCHW'}='NHWC'"

constexpr OpRow kRows[] = {
    {"MatMul",
     "a:T b:T -> product:T; transpose_a:bool=false; transpose_b:bool=false; " CAUDAL_PRODUCT_TYPES,
     matmul_shape, matmul_grad, kEpilogueHost},
    {"BatchMatMul",
     "x:T y:T -> output:T; " CAUDAL_PRODUCT_TYPES "; adj_x:bool=false; adj_y:bool=false",
     batch_matmul_shape, batch_matmul_grad},
    {"BatchMatMulV2",
     "x:T y:T -> output:T; " CAUDAL_PRODUCT_TYPES "; adj_x:bool=false; adj_y:bool=false",
     batch_matmul_v2_shape, batch_matmul_v2_grad},
    {"BiasAdd", "value:T bias:T -> output:T; " CAUDAL_BIAS_ATTRS, bias_add_shape, bias_add_grad,
     kBias},
    {"BiasAddV1",
     "value:T bias:T -> output:T; T:type{float,double,int32,uint8,int16,int8,complex64,int64,qint8,"
     "quint8,qint32,bfloat16,uint16,complex128,half,uint32,uint64}",
     bias_add_v1_shape, bias_add_v1_grad},
    {"BiasAddGrad", "out_backprop:T -> output:T; " CAUDAL_BIAS_ATTRS, bias_add_grad_shape,
     bias_add_grad_grad},
};

}  // namespace

std::span<const OpRow> matmul_ops() { return kRows; }

}  // namespace caudal::ops
