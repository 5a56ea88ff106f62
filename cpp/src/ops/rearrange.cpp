// SPDX-License-Identifier: Apache-2.0
// Ops that move whole axes: transpose, concat, pack, split, tile, reverse.
#include <algorithm>
#include <numeric>

#include "ops/common_shapes.h"
#include "ops/families.h"

namespace caudal::ops {
namespace {

// The single value of a scalar Const node, when `x` is one.
std::optional<std::int64_t> const_scalar(Output x) {
  if (!x.node->op().has(kConstant)) return std::nullopt;
  const Tensor& t = x.node->attrs().tensor("value");
  if (t.num_elements() != 1) return std::nullopt;
  return t.as_int64s()[0];
}

std::vector<std::int32_t> range(int n) {
  std::vector<std::int32_t> v(std::size_t(std::max(n, 0)));
  std::iota(v.begin(), v.end(), 0);
  return v;
}

void transpose_shape(ShapeContext& c) {
  const PartialShape perm_shape = c.with_rank(1, 1);
  const PartialShape& in = c.input(0);
  const Tensor* perm = c.constant_input(1);
  int rank = in.rank();
  if (rank < 0) {
    if (perm_shape[0] > kMaxRank) invalid("perm has ", perm_shape[0], " entries");
    rank = int(perm_shape[0]);
  }
  if (rank < 0) return c.set_output(0, PartialShape::unknown());
  if (perm_shape[0] >= 0 && perm_shape[0] != rank) {
    if (c.planning()) {
      invalid("transpose expects a vector of size ", rank, ". But input(1) is a vector of size ",
              perm_shape[0]);
    }
    invalid("Dimension must be ", rank, " but is ", perm_shape[0]);
  }
  PartialShape out = PartialShape::unknown_of_rank(rank);
  if (perm == nullptr) {
    if (rank == 1) out = in;
    return c.set_output(0, out);
  }
  const std::vector<std::int64_t> order = perm->as_int64s();
  for (int i = 0; i < rank; ++i) {
    const std::int64_t from = order[std::size_t(i)];
    if (from >= rank || from < -rank) {
      invalid("perm dim ", from, " is out of range of input rank ", rank);
    }
    if (in.has_rank()) out.set_dim(i, in.dim(int(from)));
  }
  c.set_output(0, out);
}

void transpose_grad(GradContext& g) {
  const Output perm = g.input(1);
  Output inverse;
  if (perm.node->op().has(kConstant)) {
    const std::vector<std::int64_t> order = perm.node->attrs().tensor("value").as_int64s();
    const auto n = std::int64_t(order.size());
    std::vector<std::int32_t> inverted(order.size());
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t from = order[std::size_t(i)] + (order[std::size_t(i)] < 0 ? n : 0);
      if (from < 0 || from >= n) invalid("perm dim ", from, " is out of range of input rank ", n);
      inverted[std::size_t(from)] = std::int32_t(i);
    }
    inverse = g.builder().ints(inverted, "InvertPermutation");
  } else {
    inverse = g("InvertPermutation", {perm});
  }
  g.set(0, g(g.node().op().name, {g.dy(), inverse}));
}

void invert_permutation_shape(ShapeContext& c) { c.set_output(0, c.with_rank(0, 1)); }

// Concatenation of inputs [first, last) along `axis_input`.
void concat_values(ShapeContext& c, int first, int last, int axis_input) {
  c.with_rank(axis_input, 0);
  PartialShape common;
  for (int i = first; i < last; ++i) {
    if (!c.input(i).has_rank()) continue;
    if (common.has_rank() && common.rank() != c.input(i).rank()) {
      invalid("Shape must be rank ", common.rank(), " but is rank ", c.input(i).rank());
    }
    if (!common.has_rank()) common = PartialShape::unknown_of_rank(c.input(i).rank());
  }
  const Tensor* axis_value = c.constant_input(axis_input);
  if (!common.has_rank() || axis_value == nullptr) {
    if (common.rank() == 0) invalid("Can't concatenate scalars (use tf.stack instead)");
    return c.set_output(0, common);
  }
  const std::int64_t wanted = axis_value->as_int64s()[0];
  const std::int64_t needed = wanted < 0 ? -wanted : wanted + 1;
  if (common.rank() < needed) {
    invalid("Shape must be at least rank ", needed, " but is rank ", common.rank());
  }
  const int axis = normalize_axis(wanted, common.rank());
  std::int64_t total = 0;
  for (int i = first; i < last; ++i) {
    PartialShape s = c.input(i);
    if (!s.has_rank()) {
      total = -1;
      continue;
    }
    if (s[axis] < 0) total = -1;
    if (total >= 0 && __builtin_add_overflow(total, s[axis], &total)) {
      invalid("the concatenated dimension does not fit");
    }
    for (int k = 0; k < s.rank(); ++k) {
      if (k == axis) continue;
      if (s[k] >= 0 && common[k] >= 0 && s[k] != common[k]) {
        invalid("Dimension ", k, " in both shapes must be equal, but are ", common[k], " and ",
                s[k], ". Shapes are ", common, " and ", s, ".");
      }
      if (s[k] >= 0) common.set_dim(k, s[k]);
    }
  }
  common.set_dim(axis, total);
  c.set_output(0, common);
}

void concat_shape(ShapeContext& c) { concat_values(c, 1, c.num_inputs(), 0); }
void concat_v2_shape(ShapeContext& c) {
  concat_values(c, 0, c.num_inputs() - 1, c.num_inputs() - 1);
}

void concat_grads(GradContext& g, int first, int last, Output axis_input) {
  const Output dy = g.dy();
  const std::optional<std::int64_t> axis_value = const_scalar(axis_input);
  const int rank = g.output(0).shape().rank();
  bool known = axis_value && rank >= 0;
  const int axis = known ? int(*axis_value < 0 ? *axis_value + rank : *axis_value) : 0;
  for (int i = first; known && i < last; ++i) {
    known = g.input(i).shape().has_rank() && g.input(i).shape()[axis] >= 0;
  }
  if (known) {
    std::vector<std::int32_t> begin(std::size_t(rank), 0), size(std::size_t(rank), -1);
    for (int i = first; i < last; ++i) {
      size[std::size_t(axis)] = std::int32_t(g.input(i).shape()[axis]);
      if (g.needs(i)) {
        g.set(i, g("Slice", {dy, g.builder().ints(begin), g.builder().ints(size)}));
      }
      begin[std::size_t(axis)] += size[std::size_t(axis)];
    }
    return;
  }
  std::vector<Output> inputs;
  for (int i = first; i < last; ++i) inputs.push_back(g.input(i));
  const auto n = std::int64_t(inputs.size());
  if (axis_input.dtype() != DType::kInt32) {
    axis_input = g("Cast", {axis_input}, {{"DstT", DType::kInt32}});
  }
  const Output axis_mod = g("FloorMod", {axis_input, g("Rank", {inputs[0]})}, {}, "mod");
  Node* shapes = g.builder().node("ShapeN", inputs, {{"N", n}});
  std::vector<Output> args{axis_mod};
  for (int i = 0; i < n; ++i) args.push_back(shapes->output(i));
  Node* offsets = g.builder().node("ConcatOffset", args, {{"N", n}});
  for (int i = first; i < last; ++i) {
    if (!g.needs(i)) continue;
    g.set(i, g("Slice", {dy, offsets->output(i - first), shapes->output(i - first)}));
  }
}
void concat_grad(GradContext& g) { concat_grads(g, 1, g.num_inputs(), g.input(0)); }
void concat_v2_grad(GradContext& g) {
  concat_grads(g, 0, g.num_inputs() - 1, g.input(g.num_inputs() - 1));
}

void concat_offset_shape(ShapeContext& c) {
  c.with_rank(0, 0);
  for (int i = 1; i < c.num_inputs(); ++i) c.set_output(i - 1, c.with_rank(i, 1));
}

void parallel_concat_shape(ShapeContext& c) {
  const PartialShape& shape = c.attrs().shape("shape");
  if (!shape.fully_defined() || shape.rank() < 1) invalid("shape attr must be fully defined");
  if (shape[0] != c.num_inputs()) {
    invalid("All input shapes must be [1, ...] and add up to ", shape, ", got ", c.num_inputs(),
            " values");
  }
  PartialShape row = shape;
  row.set_dim(0, 1);
  for (int i = 0; i < c.num_inputs(); ++i) row.merge(c.input(i));
  c.set_output(0, shape);
}

PartialShape insert_dim(const PartialShape& s, int at, std::int64_t dim) {
  PartialShape out = PartialShape::scalar();
  for (int i = 0; i <= s.rank(); ++i) {
    if (i == at) out.append(dim);
    if (i < s.rank()) out.append(s[i]);
  }
  return out;
}

void pack_shape(ShapeContext& c) {
  PartialShape common;
  for (int i = 0; i < c.num_inputs(); ++i) {
    if (common.has_rank() && c.input(i).has_rank() && common.rank() != c.input(i).rank()) {
      invalid("Shapes must be equal rank, but are ", common.rank(), " and ", c.input(i).rank());
    }
    common = common.merge(c.input(i));
  }
  if (!common.has_rank()) return c.set_output(0, PartialShape::unknown());
  const std::int64_t axis = c.attrs().i("axis");
  const int rank = common.rank() + 1;
  if (axis < -rank || axis >= rank) {
    invalid("axis = ", axis, " not in [", -rank, ", ", rank, ")");
  }
  c.set_output(0, insert_dim(common, normalize_axis(axis, rank), c.num_inputs()));
}
void pack_grad(GradContext& g) {
  Node* parts = g.builder().node(
      "Unpack", {g.dy()}, {{"num", std::int64_t(g.num_inputs())}, {"axis", g.attrs().i("axis")}});
  for (int i = 0; i < g.num_inputs(); ++i) g.set(i, parts->output(i));
}

void unpack_shape(ShapeContext& c) {
  const PartialShape& in = c.input(0);
  const std::int64_t axis = c.attrs().i("axis"), num = c.attrs().i("num");
  PartialShape out;
  if (in.has_rank()) {
    if (axis < -in.rank() || axis >= in.rank()) {
      invalid("axis = ", axis, " not in [", -in.rank(), ", ", in.rank(), ")");
    }
    const int at = normalize_axis(axis, in.rank());
    if (in[at] >= 0 && in[at] != num) invalid("Dimension must be ", num, " but is ", in[at]);
    out = PartialShape::scalar();
    for (int i = 0; i < in.rank(); ++i) {
      if (i != at) out.append(in[i]);
    }
  }
  for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, out);
}
std::vector<Output> all_dys(GradContext& g) {
  std::vector<Output> dys;
  for (int i = 0; i < g.node().num_outputs(); ++i) dys.push_back(g.dy(i));
  return dys;
}
void unpack_grad(GradContext& g) {
  std::vector<Output> dys = all_dys(g);
  if (dys.empty()) return;
  const auto n = std::int64_t(dys.size());
  g.set(0, g("Pack", std::move(dys), {{"N", n}, {"axis", g.attrs().i("axis")}}, "stack"));
}

// The split axis, or -1 when it is not known yet.
int split_axis(ShapeContext& c, int value, int axis_input) {
  c.with_rank(axis_input, 0);
  const Tensor* axis = c.constant_input(axis_input);
  const PartialShape& in = c.input(value);
  if (axis == nullptr || !in.has_rank()) {
    const PartialShape out =
        in.has_rank() ? PartialShape::unknown_of_rank(in.rank()) : PartialShape::unknown();
    for (int i = 0; i < c.num_outputs(); ++i) c.set_output(i, out);
    return -1;
  }
  const std::int64_t a = axis->as_int64s()[0];
  if (a < -in.rank() || a >= in.rank()) {
    invalid("Dimension size, given by scalar input ", a, " must be in range [", -in.rank(), ", ",
            in.rank(), ")");
  }
  return normalize_axis(a, in.rank());
}

void split_shape(ShapeContext& c) {
  const int axis = split_axis(c, 1, 0);
  if (axis < 0) return;
  PartialShape out = c.input(1);
  const std::int64_t n = c.num_outputs();
  if (out[axis] >= 0) {
    if (out[axis] % n != 0 && c.planning()) {
      invalid(
          "Number of ways to split should evenly divide the split dimension, but got split_dim ",
          axis, " (size = ", out[axis], ") and num_split ", n);
    }
    if (out[axis] % n != 0) {
      invalid("Dimension size must be evenly divisible by ", n, " but is ", out[axis]);
    }
    out.set_dim(axis, out[axis] / n);
  }
  for (int i = 0; i < n; ++i) c.set_output(i, out);
}

void split_v_shape(ShapeContext& c) {
  const PartialShape sizes_shape = c.with_rank(1, 1);
  const std::int64_t n = c.num_outputs();
  ShapeContext::merge_dim(sizes_shape[0], n);
  const int axis = split_axis(c, 0, 2);
  if (axis < 0) return;
  PartialShape out = c.input(0);
  const std::int64_t whole = out[axis];
  const Tensor* sizes = c.constant_input(1);
  if (sizes == nullptr) {
    out.set_dim(axis, n == 1 ? whole : -1);
    for (int i = 0; i < n; ++i) c.set_output(i, out);
    return;
  }
  std::vector<std::int64_t> parts = sizes->as_int64s();
  std::int64_t total = 0;
  int missing = -1;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i] == -1 && missing >= 0) invalid("size_splits can only have one -1");
    if (parts[i] < -1) {
      invalid("Split size at index ", i, " must be >= 0, or -1 once. Got: ", parts[i]);
    }
    if (parts[i] == -1) {
      missing = int(i);
    } else if (__builtin_add_overflow(total, parts[i], &total)) {
      invalid("the sum of split sizes does not fit");
    }
  }
  if (whole >= 0 && (missing < 0 ? total != whole : total > whole)) {
    if (c.planning()) {
      invalid(
          "Determined shape must either match input shape along split_dim exactly if fully "
          "specified, or be less than the size of the input along split_dim if not fully "
          "specified.  Got: ",
          total);
    }
    std::string text;
    for (const std::int64_t p : parts) text += str(text.empty() ? "" : ",", p);
    invalid("can't split axis of size ", whole, " into pieces of size [", text, "]");
  }
  for (int i = 0; i < n; ++i) {
    const bool rest = i == missing;
    out.set_dim(axis, rest ? (whole < 0 ? -1 : whole - total) : parts[std::size_t(i)]);
    c.set_output(i, out);
  }
}

void join_grad(GradContext& g, int value, Output axis) {
  std::vector<Output> args = all_dys(g);
  const auto n = std::int64_t(args.size());
  if (n == 1) return g.set(value, args[0]);
  args.push_back(axis);
  g.set(value, g("ConcatV2", std::move(args), {{"N", n}}, "concat"));
}
void split_grad(GradContext& g) { join_grad(g, 1, g.input(0)); }
void split_v_grad(GradContext& g) { join_grad(g, 0, g.input(2)); }

void tile_shape(ShapeContext& c) {
  const PartialShape m = c.with_rank(1, 1);
  if (m[0] > kMaxRank) invalid("multiples has ", m[0], " entries");
  const PartialShape in = m[0] >= 0 ? c.with_rank(0, int(m[0])) : c.input(0);
  if (!in.has_rank()) return c.set_output(0, in);
  PartialShape multiples = PartialShape::unknown_of_rank(in.rank());
  if (const Tensor* value = c.constant_input(1)) {
    const std::vector<std::int64_t> list = value->as_int64s();
    if (int(list.size()) != in.rank())
      invalid("Expected ", in.rank(), " multiples, got ", list.size());
    for (int i = 0; i < in.rank(); ++i) {
      const std::int64_t times = list[std::size_t(i)];
      if (times < 0 && c.planning()) invalid("Expected multiples[", i, "] >= 0, but got ", times);
      multiples.set_dim(i, std::max<std::int64_t>(times, -1));
    }
  } else {
    multiples = multiples.merge(c.constant_as_shape(1));
  }
  PartialShape out = in;
  for (int i = 0; i < in.rank(); ++i) {
    out.set_dim(i, in[i] < 0 || multiples[i] < 0 ? -1 : checked_mul(in[i], multiples[i]));
  }
  c.set_output(0, out);
}

// Sums over the copies that Tile makes.
void tile_grad_shape(ShapeContext& c) {
  const PartialShape count = c.with_rank(1, 1);
  PartialShape out = c.input(0);
  if (out.has_rank()) ShapeContext::merge_dim(count[0], out.rank());
  const Tensor* multiples = c.constant_input(1);
  if (!out.has_rank() || multiples == nullptr) {
    return c.set_output(0, out.has_rank() ? PartialShape::unknown_of_rank(out.rank()) : out);
  }
  const std::vector<std::int64_t> times = multiples->as_int64s();
  for (int i = 0; i < out.rank(); ++i) {
    const std::int64_t m = times[std::size_t(i)];
    // Nothing tells the size behind no copies at all.
    if (m < 1) invalid("Expected multiples[", i, "] >= 1, but got ", m);
    if (out[i] < 0) continue;
    if (out[i] % m != 0) {
      invalid("Dimension size must be evenly divisible by ", m, " but is ", out[i]);
    }
    out.set_dim(i, out[i] / m);
  }
  c.set_output(0, out);
}
void tile_grad_grad(GradContext& g) { g.set(0, g("Tile", {g.dy(), g.input(1)})); }

// dx sums dy over the copies: one axis of copies before each tiled axis.
void tile_grad(GradContext& g) {
  const Output x = g.input(0), dy = g.dy(), multiples = g.input(1);
  const PartialShape &xs = x.shape(), &ys = g.output(0).shape();
  if ((!xs.fully_defined() || !ys.fully_defined()) && (xs.rank() < 0 || xs.rank() > kMaxRank / 2)) {
    // Twice the rank may be too much for a tensor.
    return g.set(0, g("TileGrad", {dy, multiples}));
  }
  if (!xs.fully_defined() || !ys.fully_defined()) {
    const Output shape = g("Shape", {x}, {{"out_type", multiples.dtype()}});
    const Output pairs = g(
        "Reshape", {g("Pack", {multiples, shape}, {{"axis", 1}}, "stack"), g.builder().ints({-1})});
    const Builder& b = g.builder();
    const Output axes =
        g("Range", {b.scalar(std::int32_t{0}), g("Size", {pairs}), b.scalar(std::int32_t{2})});
    return g.set(0, g("Sum", {g("Reshape", {dy, pairs}), axes}));
  }
  // One axis at a time, so that the rank never grows beyond 3.
  const Builder& b = g.builder();
  Output grad = dy;
  std::int64_t before = 1, after = ys.num_elements();
  bool summed = false;
  for (int i = 0; i < xs.rank(); ++i) {
    if (ys[i] == 0) return g.set(0, g("ZerosLike", {x}));
    after /= ys[i];
    if (xs[i] != ys[i]) {
      const std::int64_t inner = checked_mul(xs[i], after);
      const auto fit = [](std::int64_t v) { return std::int32_t(v); };
      if (std::max({before, ys[i] / xs[i], inner}) > INT32_MAX) {
        fail(Code::kUnimplemented, "gradient of tile beyond 2^31 elements per axis");
      }
      grad = g("Reshape", {grad, b.ints({fit(before), fit(ys[i] / xs[i]), fit(inner)})});
      grad = g("Sum", {grad, b.ints({1})});
      summed = true;
    }
    before *= xs[i];
  }
  g.set(0, summed ? g("Reshape", {grad, shape_of(g, x)}) : grad);
}

void reverse_shape(ShapeContext& c) {
  const PartialShape dims = c.with_rank(1, 1);
  if (dims[0] > kMaxRank) invalid("reverse does not work on tensors with more than 8 dimensions");
  c.set_output(0, dims[0] >= 0 ? c.with_rank(0, int(dims[0])) : c.input(0));
}
void reverse_v2_shape(ShapeContext& c) {
  c.with_rank(1, 1);
  const PartialShape& in = c.input(0);
  const Tensor* axes = in.has_rank() ? c.constant_input(1) : nullptr;
  if (axes != nullptr) {
    std::vector<bool> seen(std::size_t(in.rank()));
    const std::vector<std::int64_t> list = axes->as_int64s();
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i] < -in.rank() || list[i] >= in.rank()) {
        invalid("'axis'[", i, "] = ", list[i], " is out of valid range [", 0, ", ", in.rank() - 1);
      }
      const auto axis = std::size_t(list[i] < 0 ? list[i] + in.rank() : list[i]);
      if (seen[axis]) invalid("axis ", axis, " specified more than once.");
      seen[axis] = true;
    }
  }
  c.set_output(0, in);
}
void reverse_grad(GradContext& g) { g.set(0, g(g.node().op().name, {g.dy(), g.input(1)})); }

void reverse_sequence_shape(ShapeContext& c) {
  const PartialShape lengths = c.with_rank(1, 1);
  const std::int64_t batch = c.attrs().i("batch_dim"), seq = c.attrs().i("seq_dim");
  PartialShape in = c.input(0);
  if (in.has_rank()) {
    if (batch >= in.rank() || batch < -in.rank()) {
      invalid("batch_dim must be < input rank: ", batch, " vs. ", in.rank());
    }
    if (seq >= in.rank() || seq < -in.rank()) {
      invalid("seq_dim must be < input rank: ", seq, " vs. ", in.rank());
    }
    const int at = normalize_axis(batch, in.rank());
    if (at == normalize_axis(seq, in.rank())) invalid("batch_dim == seq_dim == ", at);
    in.set_dim(at, ShapeContext::merge_dim(in[at], lengths[0]));
  }
  c.set_output(0, in);
}
void reverse_sequence_grad(GradContext& g) {
  g.set(0, g("ReverseSequence", {g.dy(), g.input(1)},
             {{"seq_dim", g.attrs().i("seq_dim")}, {"batch_dim", g.attrs().i("batch_dim")}}));
}

constexpr OpRow kRows[] = {
    {"Transpose", "x:T perm:Tperm -> y:T; T:type; Tperm:type{int32,int64}=int32", transpose_shape,
     transpose_grad},
    {"ConjugateTranspose", "x:T perm:Tperm -> y:T; T:type; Tperm:type{int32,int64}=int32",
     transpose_shape, transpose_grad},
    {"InvertPermutation", "x:T -> y:T; T:type{int32,int64}=int32", invert_permutation_shape,
     no_gradient},
    {"Concat", "concat_dim:int32 values:N*T -> output:T; N:int>=2; T:type", concat_shape,
     concat_grad},
    {"ConcatV2", "values:N*T axis:Tidx -> output:T; N:int>=2; T:type; Tidx:type{int32,int64}=int32",
     concat_v2_shape, concat_v2_grad, kJoins},
    {"ConcatOffset", "concat_dim:int32 shape:N*int32 -> offset:N*int32; N:int>=2",
     concat_offset_shape, no_gradient},
    {"ParallelConcat", "values:N*T -> output:T; N:int>=1; T:type; shape:shape",
     parallel_concat_shape, nullptr},
    {"Pack", "values:N*T -> output:T; N:int>=1; T:type; axis:int=0", pack_shape, pack_grad},
    {"Unpack", "value:T -> output:num*T; num:int>=0; T:type; axis:int=0", unpack_shape,
     unpack_grad},
    {"Split", "split_dim:int32 value:T -> output:num_split*T; num_split:int>=1; T:type",
     split_shape, split_grad, kSplits},
    {"SplitV",
     "value:T size_splits:Tlen split_dim:int32 -> output:num_split*T; num_split:int>=1; "
     "T:type; Tlen:type{int32,int64}=int64",
     split_v_shape, split_v_grad, kSplits},
    {"Tile", "input:T multiples:Tmultiples -> output:T; T:type; Tmultiples:type{int32,int64}=int32",
     tile_shape, tile_grad},
    {"TileGrad",
     "input:T multiples:Tmultiples -> output:T; T:type; Tmultiples:type{int32,int64}=int32",
     tile_grad_shape, tile_grad_grad},
    {"Reverse",
     "tensor:T dims:bool -> output:T; "
     "T:type{uint8,int8,uint16,int16,int32,int64,bool,half,float,double,complex64,"
     "complex128,string}",
     reverse_shape, reverse_grad},
    {"ReverseV2",
     "tensor:T axis:Tidx -> output:T; Tidx:type{int32,int64}=int32; "
     "T:type{uint8,int8,uint16,int16,int32,int64,bool,bfloat16,half,float,double,"
     "complex64,complex128,string}",
     reverse_v2_shape, reverse_grad},
    {"ReverseSequence",
     "input:T seq_lengths:Tlen -> output:T; seq_dim:int; batch_dim:int=0; T:type; "
     "Tlen:type{int32,int64}=int64",
     reverse_sequence_shape, reverse_sequence_grad},
};

}  // namespace

std::span<const OpRow> rearrange_ops() { return kRows; }

}  // namespace caudal::ops
