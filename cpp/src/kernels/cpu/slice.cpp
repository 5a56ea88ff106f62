// SPDX-License-Identifier: Apache-2.0
// Parts of tensors, and tensors with a border around them.
#include <complex>

#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/moves.h"
#include "tensor/shape_math.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

void build_slice(const MoveSource& s, Moves& m) {
  const Shape &in = s.in(), &out = s.out();
  const auto from = strides_of(in), to = strides_of(out);
  const std::vector<std::int64_t> begin = s.ints(1);
  if (int(begin.size()) != in.rank())
    invalid("begin has ", begin.size(), " entries for rank ", in.rank());
  StridedCopy copy;
  for (int i = 0; i < in.rank(); ++i) {
    const auto k = std::size_t(i);
    if (begin[k] < 0 || begin[k] > in[i]) {
      invalid("Expected begin[", i, "] in [0, ", in[i], "], but got ", begin[k]);
    }
    if (out[i] > in[i] - begin[k]) {
      invalid("Expected size[", i, "] in [0, ", in[i] - begin[k], "], but got ", out[i]);
    }
    copy.src_offset += begin[k] * from[k];
    copy.add(out[i], from[k], to[k]);
  }
  m.add(copy);
}

// The selected elements of a tensor of shape `whole`, as source or as destination of a copy whose
// other side is packed.
StridedCopy selection(const MoveSource& s, const Shape& whole, const Shape& packed, int first_input,
                      bool is_source) {
  const std::vector<std::int64_t> begin = s.ints(first_input), end = s.ints(first_input + 1),
                                  strides = s.ints(first_input + 2);
  const ResolvedSlice slice =
      resolve_slice(whole, &begin, &end, strides, SliceMasks::from(s.attrs));
  if (slice.output != PartialShape(packed)) {
    invalid("the slice has shape ", slice.output, ", expected ", packed);
  }
  const auto steps = strides_of(whole);
  StridedCopy copy;
  std::int64_t offset = 0;
  std::int64_t packed_stride = packed.num_elements();
  for (int i = 0; i < whole.rank(); ++i) {
    const ResolvedSlice::Axis& axis = slice.axes[std::size_t(i)];
    if (axis.size == 0) packed_stride = 0;
    if (axis.size > 0) packed_stride /= axis.size;
    offset += axis.begin * steps[std::size_t(i)];
    // A single element needs no stride, and a huge one would not fit after the product.
    const std::int64_t stride = axis.size > 1 ? axis.stride * steps[std::size_t(i)] : 0;
    copy.add(axis.size, is_source ? stride : packed_stride, is_source ? packed_stride : stride);
  }
  (is_source ? copy.src_offset : copy.dst_offset) = offset;
  return copy;
}

void build_strided_slice(const MoveSource& s, Moves& m) {
  m.add(selection(s, s.in(), s.out(), 1, true));
}
void build_strided_slice_grad(const MoveSource& s, Moves& m) {
  m.fill = Moves::Fill::kZero;
  m.add(selection(s, s.out(), s.in(4), 1, false), 4);
}

StridedCopy inside_border(const MoveSource& s) {
  const Shape &in = s.in(), &out = s.out();
  const auto from = strides_of(in), to = strides_of(out);
  const std::vector<std::int64_t> paddings = s.ints(1);
  StridedCopy copy;
  for (int i = 0; i < in.rank(); ++i) {
    const auto k = std::size_t(i);
    const std::int64_t before = paddings[2 * k];
    if (before < 0 || before > out[i] - in[i]) invalid("paddings must be non-negative");
    copy.dst_offset += before * to[k];
    copy.add(in[i], from[k], to[k]);
  }
  return copy;
}
void build_pad(const MoveSource& s, Moves& m) {
  const bool grown = s.in() != s.out();
  if (grown) m.fill = Moves::Fill::kZero;
  m.add(inside_border(s));
}
void build_pad_v2(const MoveSource& s, Moves& m) {
  if (s.in() != s.out()) {
    m.fill = Moves::Fill::kScalarInput;
    m.fill_input = 2;
  }
  m.add(inside_border(s));
}

// Mirrored borders. For every output index of an axis, the input index that it shows.

struct MirrorParams {
  Shape small, large;       ///< without and with the border
  std::int64_t offset = 0;  ///< 1: the edge itself is not repeated (REFLECT), 0: SYMMETRIC
  DType paddings_dtype = DType::kInt32;
  std::size_t element = 4;
};

using MirrorTable = std::vector<std::vector<std::int64_t>>;

MirrorTable mirror_table(const MirrorParams& p, const void* paddings) {
  const Tensor t(p.paddings_dtype, Shape{p.small.rank(), 2}, const_cast<void*>(paddings), nullptr);
  const std::vector<std::int64_t> values = t.as_int64s();
  MirrorTable table;
  for (int i = 0; i < p.small.rank(); ++i) {
    const std::int64_t before = values[std::size_t(2 * i)], after = values[std::size_t(2 * i + 1)];
    const std::int64_t n = p.small[i];
    if (before < 0 || after < 0) invalid("paddings must be non-negative: ", before, " ", after);
    if (p.offset == 1 && (before >= n || after >= n) && (before > 0 || after > 0)) {
      invalid("paddings must be less than the dimension size: ", before, ", ", after,
              " not less than ", n);
    }
    if (p.offset == 0 && (before > n || after > n)) {
      invalid("paddings must be no greater than the dimension size: ", before, ", ", after,
              " greater than ", n);
    }
    std::vector<std::int64_t>& axis = table.emplace_back();
    for (std::int64_t o = 0; o < p.large[i]; ++o) {
      std::int64_t k = o - before;
      if (k < 0) k = -k - 1 + p.offset;
      if (k >= n) k = 2 * n - 1 - k - p.offset;
      if (k < 0 || k >= n) invalid("the border does not fit the dimension ", i);
      axis.push_back(k);
    }
  }
  return table;
}

// Visits every row of the large tensor: fn(offset of the row in large, in small).
template <class F>
void for_each_row(const MirrorParams& p, const MirrorTable& table, F&& fn) {
  const int outer = p.large.rank() - 1;
  const auto large = strides_of(p.large), small = strides_of(p.small);
  std::vector<std::int64_t> index(std::size_t(std::max(outer, 0)), 0);
  if (p.large.num_elements() == 0) return;
  const std::int64_t rows = outer < 0 ? 1 : p.large.num_elements() / p.large.dim(-1);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::int64_t a = 0, b = 0;
    for (std::size_t i = 0; i < index.size(); ++i) {
      a += index[i] * large[i];
      b += table[i][std::size_t(index[i])] * small[i];
    }
    fn(a, b);
    for (std::size_t i = index.size(); i-- > 0;) {
      if (++index[i] < p.large[int(i)]) break;
      index[i] = 0;
    }
  }
}

template <class E>
void run_mirror_pad(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const MirrorParams*>(params);
  const auto* x = static_cast<const E*>(in[0]);
  auto* y = static_cast<E*>(out[0]);
  if (p.large.rank() == 0) {
    *y = *x;
    return;
  }
  const MirrorTable table = mirror_table(p, in[1]);
  const std::vector<std::int64_t>& last = table.back();
  for_each_row(p, table, [&](std::int64_t a, std::int64_t b) {
    for (std::size_t k = 0; k < last.size(); ++k) y[a + std::int64_t(k)] = x[b + last[k]];
  });
}

template <class E>
void run_mirror_pad_grad(const void* params, void* const* in, void* const* out, void*,
                         RunContext&) {
  const auto& p = *static_cast<const MirrorParams*>(params);
  const auto* dy = static_cast<const E*>(in[0]);
  auto* dx = static_cast<E*>(out[0]);
  if (p.large.rank() == 0) {
    *dx = *dy;
    return;
  }
  const MirrorTable table = mirror_table(p, in[1]);
  const std::vector<std::int64_t>& last = table.back();
  std::fill_n(dx, p.small.num_elements(), E(0));
  for_each_row(p, table, [&](std::int64_t a, std::int64_t b) {
    for (std::size_t k = 0; k < last.size(); ++k) dx[b + last[k]] += dy[a + std::int64_t(k)];
  });
}

Prepared prepare_mirror(const KernelRequest& r, bool grad) {
  Prepared prepared;
  auto* p = make_params<MirrorParams>(prepared);
  p->small = grad ? r.outputs[0].shape : r.inputs[0].shape;
  p->large = grad ? r.inputs[0].shape : r.outputs[0].shape;
  p->offset = r.attrs->s("mode") == "REFLECT" ? 1 : 0;
  p->paddings_dtype = r.inputs[1].dtype;
  if (r.inputs[1].constant != nullptr) mirror_table(*p, r.inputs[1].constant->raw());
  return prepared;
}
Prepared prepare_mirror_pad(const KernelRequest& r) {
  Prepared prepared = prepare_mirror(r, false);
  with_element(r.outputs[0].dtype, [&]<class E>(E) { prepared.run = run_mirror_pad<E>; });
  return for_objects_too(r, std::move(prepared));
}
Prepared prepare_mirror_pad_grad(const KernelRequest& r) {
  Prepared prepared = prepare_mirror(r, true);
  if (r.outputs[0].dtype == DType::kComplex64) {
    prepared.run = run_mirror_pad_grad<std::complex<float>>;
    return prepared;
  }
  if (r.outputs[0].dtype == DType::kComplex128) {
    prepared.run = run_mirror_pad_grad<std::complex<double>>;
    return prepared;
  }
  with_type(r.outputs[0].dtype, [&]<class T>(T) {
    if constexpr (sizeof(T) >= 4) prepared.run = run_mirror_pad_grad<T>;
  });
  return prepared;
}

}  // namespace

std::span<const KernelRow> slice_kernels() {
  constexpr DTypeSet kSummable{DType::kFloat, DType::kDouble,    DType::kInt32,
                               DType::kInt64, DType::kComplex64, DType::kComplex128};
  static const KernelRow rows[] = {
      {"Slice", "T", kMovable, move_kernel<build_slice, 2>},
      {"StridedSlice", "T", kMovable, move_kernel<build_strided_slice, 14>},
      {"StridedSliceGrad", "T", kMovable, move_kernel<build_strided_slice_grad, 14>},
      {"Pad", "T", kMovable, move_kernel<build_pad, 2>},
      {"PadV2", "T", kMovable, move_kernel<build_pad_v2, 2>},
      {"MirrorPad", "T", kMovable, prepare_mirror_pad},
      {"MirrorPadGrad", "T", kSummable, prepare_mirror_pad_grad},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
