// SPDX-License-Identifier: Apache-2.0
// Ops that only move and add rows: a complex tensor is a real one with one more dimension of size
// 2, so the kernels of real numbers do the work.
#include <vector>

#include "kernels/cpu/portable/complex_math.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

DType real_type(DType t) {
  return t == DType::kComplex64 ? DType::kFloat : t == DType::kComplex128 ? DType::kDouble : t;
}

Shape real_shape(const Shape& s, DType t) {
  Shape out = s;
  if (is_complex(t)) out.append(2);
  return out;
}

/// A kernel that allocates its outputs, behind a change of view.
struct Reviewed {
  Prepared real;
  std::vector<DType> outputs;
};

void run_reviewed(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                  RunContext& ctx) {
  const auto& p = *static_cast<const Reviewed*>(params);
  std::vector<Tensor> from, to(out.size());
  for (const Tensor& t : in) {
    from.emplace_back(real_type(t.dtype()), real_shape(t.shape(), t.dtype()), t.raw(), t.owner());
  }
  p.real.run_dynamic(p.real.params.get(), from, to, ctx);
  for (std::size_t i = 0; i < to.size(); ++i) {
    Shape shape = to[i].shape();
    if (is_complex(p.outputs[i])) shape = Shape(shape.dims().first(std::size_t(shape.rank() - 1)));
    out[i] = Tensor(p.outputs[i], shape, to[i].raw(), to[i].owner());
  }
}

Prepared prepare(const KernelRequest& r) {
  // A single number for all rows would become a row of two.
  if (r.op.starts_with("Scatter") && r.inputs[2].shape.rank() == 0 &&
      is_complex(r.inputs[2].dtype)) {
    fail(Code::kUnimplemented, "a scalar update of complex rows");
  }
  AttrMap attrs = *r.attrs;
  attrs.set("T", real_type(attrs.type("T")));
  const KernelRow* row = find_kernel("CPU", r.op, attrs);
  if (row == nullptr) fail(Code::kUnimplemented, "no kernel for ", attrs.type("T"));
  auto views = [](std::span<const ValueInfo> values) {
    std::vector<ValueInfo> out(values.begin(), values.end());
    for (ValueInfo& v : out) {
      v.shape = real_shape(v.shape, v.dtype);
      if (is_complex(v.dtype)) v.constant = nullptr;
      v.dtype = real_type(v.dtype);
    }
    return out;
  };
  const std::vector<ValueInfo> inputs = views(r.inputs), outputs = views(r.outputs);
  KernelRequest request = r;
  request.attrs = &attrs;
  request.inputs = inputs;
  request.outputs = outputs;
  Prepared real = row->prepare(request);
  if (real.run_dynamic == nullptr) return real;
  Prepared out;
  auto& p = *make_params<Reviewed>(out);
  for (const ValueInfo& v : r.outputs) p.outputs.push_back(v.dtype);
  p.real = std::move(real);
  out.run_dynamic = run_reviewed;
  return out;
}

}  // namespace

std::span<const KernelRow> complex_sum_kernels() {
  static const KernelRow rows[] = {
      {"ScatterNd", "T", kComplexTypes, prepare},
      {"TensorScatterAdd", "T", kComplexTypes, prepare},
      {"TensorScatterSub", "T", kComplexTypes, prepare},
      {"UnsortedSegmentSum", "T", kComplexTypes, prepare},
      {"SegmentSum", "T", kComplexTypes, prepare},
      {"SegmentMean", "T", kComplexTypes, prepare},
      {"ScatterAdd", "T", kComplexTypes, prepare},
      {"ScatterSub", "T", kComplexTypes, prepare},
      {"ScatterNdAdd", "T", kComplexTypes, prepare},
      {"ScatterNdSub", "T", kComplexTypes, prepare},
  };
  return rows;
}

}  // namespace caudal::cpu
