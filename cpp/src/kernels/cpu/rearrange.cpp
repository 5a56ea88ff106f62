// SPDX-License-Identifier: Apache-2.0
// Transpose, concat, pack, split, tile, reverse.
#include "kernels/cpu/families.h"
#include "kernels/cpu/moves.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

int checked_axis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    invalid("axis ", axis, " is out of valid range [", -rank, ", ", rank - 1, "]");
  }
  return int(axis < 0 ? axis + rank : axis);
}

// Walks a tensor of shape `walked` that lies inside two larger ones.
StridedCopy walk(const Shape& walked, const Shape& from, const Shape& to) {
  const auto src = strides_of(from), dst = strides_of(to);
  StridedCopy copy;
  for (int i = 0; i < walked.rank(); ++i) {
    copy.add(walked[i], src[std::size_t(i)], dst[std::size_t(i)]);
  }
  return copy;
}

void build_transpose(const MoveSource& s, Moves& m) {
  const std::vector<std::int64_t> perm = s.ints(1);
  const auto from = strides_of(s.in()), to = strides_of(s.out());
  const int rank = s.in().rank();
  if (int(perm.size()) != rank) invalid("perm has ", perm.size(), " entries for rank ", rank);
  std::vector<bool> seen(perm.size(), false);
  std::string text;
  for (const std::int64_t p : perm) {
    seen[std::size_t(checked_axis(p, rank))] = true;
    text += str(text.empty() ? "" : ",", p);
  }
  for (int i = 0; i < rank; ++i) {
    if (!seen[std::size_t(i)]) invalid(i, " is missing from {", text, "}.");
  }
  StridedCopy copy;
  for (int i = 0; i < rank; ++i) {
    const auto k = std::size_t(checked_axis(perm[std::size_t(i)], rank));
    copy.add(s.in()[int(k)], from[k], to[std::size_t(i)]);
  }
  m.add(copy);
}

// Inputs [first, last) side by side along `axis` of output 0.
void concat_parts(const MoveSource& s, Moves& m, std::size_t first, std::size_t last,
                  std::int64_t wanted) {
  const int axis = checked_axis(wanted, s.out().rank());
  const std::int64_t stride = strides_of(s.out())[std::size_t(axis)];
  std::int64_t offset = 0;
  for (std::size_t i = first; i < last; ++i) {
    const Shape& in = s.inputs[i];
    StridedCopy copy = walk(in, in, s.out());
    copy.dst_offset = offset;
    offset += in[axis] * stride;
    m.add(copy, int(i));
  }
}
void build_concat(const MoveSource& s, Moves& m) {
  concat_parts(s, m, 1, s.inputs.size(), s.ints(0)[0]);
}
void build_concat_v2(const MoveSource& s, Moves& m) {
  const std::size_t n = s.inputs.size() - 1;
  concat_parts(s, m, 0, n, s.ints(int(n))[0]);
}
void build_parallel_concat(const MoveSource& s, Moves& m) {
  concat_parts(s, m, 0, s.inputs.size(), 0);
}

// A tensor of one dimension less, seen as one with a dimension of 1 at `axis`.
Shape with_unit(const Shape& s, int axis) {
  Shape out;
  for (int i = 0; i <= s.rank(); ++i) {
    if (i == axis) out.append(1);
    if (i < s.rank()) out.append(s[i]);
  }
  return out;
}

void build_pack(const MoveSource& s, Moves& m) {
  const int axis = checked_axis(s.attrs.i("axis"), s.out().rank());
  const std::int64_t stride = strides_of(s.out())[std::size_t(axis)];
  for (std::size_t i = 0; i < s.inputs.size(); ++i) {
    const Shape in = with_unit(s.inputs[i], axis);
    StridedCopy copy = walk(in, in, s.out());
    copy.dst_offset = std::int64_t(i) * stride;
    m.add(copy, int(i));
  }
}

void build_unpack(const MoveSource& s, Moves& m) {
  const int axis = checked_axis(s.attrs.i("axis"), s.in().rank());
  const std::int64_t stride = strides_of(s.in())[std::size_t(axis)];
  for (std::size_t i = 0; i < s.outputs.size(); ++i) {
    const Shape out = with_unit(s.outputs[i], axis);
    StridedCopy copy = walk(out, s.in(), out);
    copy.src_offset = std::int64_t(i) * stride;
    m.add(copy, 0, int(i));
  }
}

void split_parts(const MoveSource& s, Moves& m, int value, std::int64_t wanted) {
  const Shape& in = s.in(value);
  const int axis = checked_axis(wanted, in.rank());
  const std::int64_t stride = strides_of(in)[std::size_t(axis)];
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < s.outputs.size(); ++i) {
    StridedCopy copy = walk(s.outputs[i], in, s.outputs[i]);
    copy.src_offset = offset;
    offset += s.outputs[i][axis] * stride;
    m.add(copy, value, int(i));
  }
}
void build_split(const MoveSource& s, Moves& m) { split_parts(s, m, 1, s.ints(0)[0]); }
void build_split_v(const MoveSource& s, Moves& m) { split_parts(s, m, 0, s.ints(2)[0]); }

void build_tile(const MoveSource& s, Moves& m) {
  const Shape &in = s.in(), &out = s.out();
  const auto from = strides_of(in), to = strides_of(out);
  StridedCopy copy;
  for (int i = 0; i < in.rank(); ++i) {
    const auto k = std::size_t(i);
    copy.add(in[i] == 0 ? 0 : out[i] / in[i], 0, in[i] * to[k]);
    copy.add(in[i], from[k], to[k]);
  }
  m.add(copy);
}

void reverse_axes(const MoveSource& s, Moves& m, const std::vector<bool>& reversed) {
  const auto strides = strides_of(s.in());
  StridedCopy copy;
  for (int i = 0; i < s.in().rank(); ++i) {
    const auto k = std::size_t(i);
    const bool back = reversed[k];
    if (back) copy.src_offset += (s.in()[i] - 1) * strides[k];
    copy.add(s.in()[i], back ? -strides[k] : strides[k], strides[k]);
  }
  m.add(copy);
}
void build_reverse(const MoveSource& s, Moves& m) {
  const auto* dims = s.values[1].data<bool>();
  const auto n = s.in(1).num_elements();
  if (n != s.in().rank()) invalid("dims has ", n, " entries for rank ", s.in().rank());
  reverse_axes(s, m, std::vector<bool>(dims, dims + n));
}
void build_reverse_v2(const MoveSource& s, Moves& m) {
  std::vector<bool> reversed(std::size_t(s.in().rank()), false);
  for (const std::int64_t axis : s.ints(1)) {
    const auto at = std::size_t(checked_axis(axis, s.in().rank()));
    if (reversed[at]) invalid("axis ", at, " specified more than once.");
    reversed[at] = true;
  }
  reverse_axes(s, m, reversed);
}

// Two parts for each batch entry: the reversed beginning and the rest.
void build_reverse_sequence(const MoveSource& s, Moves& m) {
  const Shape& in = s.in();
  const auto strides = strides_of(in);
  const int batch = checked_axis(s.attrs.i("batch_dim"), in.rank());
  const int seq = checked_axis(s.attrs.i("seq_dim"), in.rank());
  const std::vector<std::int64_t> lengths = s.ints(1);
  if (std::int64_t(lengths.size()) != in[batch]) {
    invalid("Length of seq_lens != input.dims(", batch, "), (", lengths.size(), " vs. ", in[batch],
            ")");
  }
  const std::int64_t seq_stride = strides[std::size_t(seq)];
  for (std::size_t b = 0; b < lengths.size(); ++b) {
    if (lengths[b] < 0) invalid("seq_lens(", b, ") < 0");
    if (lengths[b] > in[seq]) invalid("seq_lens(", b, ") > input.dims(", seq, ")");
    for (const bool back : {true, false}) {
      const std::int64_t length = back ? lengths[b] : in[seq] - lengths[b];
      const std::int64_t base = std::int64_t(b) * strides[std::size_t(batch)];
      StridedCopy copy;
      copy.dst_offset = base + (back ? 0 : lengths[b] * seq_stride);
      copy.src_offset = base + (back ? length - 1 : lengths[b]) * seq_stride;
      for (int i = 0; i < in.rank(); ++i) {
        const std::int64_t stride = strides[std::size_t(i)];
        const std::int64_t dim = i == batch ? 1 : i == seq ? length : in[i];
        copy.add(dim, i == seq && back ? -stride : stride, stride);
      }
      m.add(copy);
    }
  }
}

}  // namespace

std::span<const KernelRow> rearrange_kernels() {
  static const KernelRow rows[] = {
      {"Transpose", "T", kMovable, move_kernel<build_transpose, 2>},
      {"ConjugateTranspose", "T", kMovable, move_kernel<build_transpose, 2>},
      {"Concat", "T", kMovable, move_kernel<build_concat, 1>},
      {"ConcatV2", "T", kMovable, move_kernel<build_concat_v2, kLastInput>},
      {"ParallelConcat", "T", kMovable, move_kernel<build_parallel_concat>},
      {"Pack", "T", kMovable, move_kernel<build_pack>},
      {"Unpack", "T", kMovable, move_kernel<build_unpack>},
      {"Split", "T", kMovable, move_kernel<build_split, 1>},
      {"SplitV", "T", kMovable, move_kernel<build_split_v, 4>},
      {"Tile", "T", kMovable, move_kernel<build_tile>},
      {"Reverse", "T", kMovable, move_kernel<build_reverse, 2>},
      {"ReverseV2", "T", kMovable, move_kernel<build_reverse_v2, 2>},
      {"ReverseSequence", "T", kMovable, move_kernel<build_reverse_sequence, 2>},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
