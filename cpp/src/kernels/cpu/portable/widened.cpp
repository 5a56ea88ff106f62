// SPDX-License-Identifier: Apache-2.0
// How a kernel of a wide dtype serves a narrow one. Which ops that is for: widened_table.cpp.
#include "kernels/cpu/portable/widened.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "base/parallel_for.h"
#include "caudal/error.h"
#include "kernels/cpu/portable/convert.h"
#include "kernels/cpu/portable/widened_table.h"

namespace caudal::cpu {
namespace {

/// The dtype in which a narrow one is computed.
DType wide_of(DType narrow) {
  switch (narrow) {
    case DType::kHalf:
    case DType::kBfloat16:
      return DType::kFloat;
    case DType::kInt8:
    case DType::kInt16:
    case DType::kUint16:
    case DType::kUint8:
      return DType::kInt32;
    default:
      return DType::kInt64;
  }
}

/// There and back. Both null: the same bits serve as either dtype.
struct Conversion {
  ConvertFn widen = nullptr, narrow = nullptr;
  bool none() const { return widen == nullptr; }
};

/// Order among uint64 is that among int64 with the first bit flipped.
void flip(const void* src, void* dst, std::int64_t n) {
  const auto* x = static_cast<const std::uint64_t*>(src);
  auto* y = static_cast<std::uint64_t*>(dst);
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] ^ (std::uint64_t{1} << 63);
}

/// The wide dtype's extremes become the narrow one's: what a maximum over nothing gives.
template <class Wide, class Narrow>
void narrow_ordered(const void* src, void* dst, std::int64_t n) {
  const auto* x = static_cast<const Wide*>(src);
  auto* y = static_cast<Narrow*>(dst);
  if constexpr (std::is_integral_v<Narrow>) {
    constexpr auto kLow = Wide(std::numeric_limits<Narrow>::min());
    constexpr auto kHigh = Wide(std::numeric_limits<Narrow>::max());
    for (std::int64_t i = 0; i < n; ++i) y[i] = Narrow(std::clamp(x[i], kLow, kHigh));
  } else {
    constexpr float kMost = std::numeric_limits<float>::max();
    const float top = std::is_same_v<Narrow, Half> ? 65504.0f : 0x1.FEp127f;
    for (std::int64_t i = 0; i < n; ++i) {
      y[i] = Narrow(x[i] == kMost ? top : x[i] == -kMost ? -top : x[i]);
    }
  }
}

Conversion conversion_of(DType narrow, How how) {
  if (narrow == DType::kUint64) {
    return how == How::kOrdered ? Conversion{flip, flip} : Conversion{};
  }
  const DType wide = wide_of(narrow);
  Conversion c{find_conversion(narrow, wide), find_conversion(wide, narrow)};
  if (how != How::kOrdered) return c;
  switch (narrow) {
    case DType::kHalf:
      c.narrow = narrow_ordered<float, Half>;
      break;
    case DType::kBfloat16:
      c.narrow = narrow_ordered<float, Bfloat16>;
      break;
    case DType::kInt8:
      c.narrow = narrow_ordered<std::int32_t, std::int8_t>;
      break;
    case DType::kInt16:
      c.narrow = narrow_ordered<std::int32_t, std::int16_t>;
      break;
    case DType::kUint8:
      c.narrow = narrow_ordered<std::int32_t, std::uint8_t>;
      break;
    case DType::kUint16:
      c.narrow = narrow_ordered<std::int32_t, std::uint16_t>;
      break;
    case DType::kUint32:
      c.narrow = narrow_ordered<std::int64_t, std::uint32_t>;
      break;
    default:
      break;
  }
  return c;
}

constexpr std::size_t round_up(std::size_t n) { return (n + 63) / 64 * 64; }

/// An input or output of the narrow dtype: its wide form stands in the workspace at `offset`, or
/// is a constant.
struct Port {
  std::size_t index = 0;
  std::int64_t n = 0;
  std::size_t offset = 0;
  void* fixed = nullptr;
  bool written = false;  ///< a variable that the op updates
};

struct WidenedParams {
  Prepared inner;
  DType narrow, wide;
  Conversion conversion;
  std::vector<Port> inputs, outputs;
  std::size_t num_inputs = 0, num_outputs = 0;
  std::size_t inner_workspace = 0;  ///< offset
  std::deque<Tensor> constants;     ///< wide; the inner kernel may point to them
};

void widen(const WidenedParams& p, const void* src, void* dst, std::int64_t n) {
  convert_elements(p.conversion.widen, p.narrow, p.wide, src, dst, n);
}
void narrow(const WidenedParams& p, const void* src, void* dst, std::int64_t n) {
  convert_elements(p.conversion.narrow, p.wide, p.narrow, src, dst, n);
}

/// The workspace holds the pointers for the inner kernel, then the wide values.
void run_widened(const void* params, void* const* in, void* const* out, void* workspace,
                 RunContext& ctx) {
  const auto& p = *static_cast<const WidenedParams*>(params);
  auto* bytes = static_cast<char*>(workspace);
  auto** inner_in = static_cast<void**>(workspace);
  void** inner_out = inner_in + p.num_inputs;
  std::copy_n(in, p.num_inputs, inner_in);
  std::copy_n(out, p.num_outputs, inner_out);
  for (const Port& port : p.inputs) {
    inner_in[port.index] = port.fixed != nullptr ? port.fixed : bytes + port.offset;
    if (port.fixed == nullptr && in[port.index] != nullptr) {
      widen(p, in[port.index], bytes + port.offset, port.n);
    }
  }
  for (const Port& port : p.outputs) inner_out[port.index] = bytes + port.offset;
  p.inner.run(p.inner.params.get(), inner_in, inner_out, bytes + p.inner_workspace, ctx);
  for (const Port& port : p.inputs) {
    if (port.written) narrow(p, bytes + port.offset, in[port.index], port.n);
  }
  for (const Port& port : p.outputs) narrow(p, bytes + port.offset, out[port.index], port.n);
}

void run_widened_dynamic(const void* params, std::span<const Tensor> in, std::span<Tensor> out,
                         RunContext& ctx) {
  const auto& p = *static_cast<const WidenedParams*>(params);
  std::vector<Tensor> wide_in(in.begin(), in.end()), wide_out(out.size());
  for (Tensor& t : wide_in) {
    if (t.dtype() != p.narrow) continue;
    const Tensor source = std::move(t);
    if (p.conversion.none()) {
      t = Tensor(p.wide, source.shape(), source.raw(), source.owner());
    } else {
      t = Tensor(p.wide, source.shape());
      widen(p, source.raw(), t.raw(), source.num_elements());
    }
  }
  p.inner.run_dynamic(p.inner.params.get(), wide_in, wide_out, ctx);
  for (std::size_t i = 0; i < out.size(); ++i) {
    Tensor& t = wide_out[i];
    if (t.dtype() != p.wide || !p.outputs[i].written) {
      out[i] = std::move(t);
    } else if (p.conversion.none()) {
      out[i] = Tensor(p.narrow, t.shape(), t.raw(), t.owner());
    } else {
      out[i] = Tensor(p.narrow, t.shape());
      narrow(p, t.raw(), out[i].raw(), t.num_elements());
    }
  }
}

Prepared prepare_widened(const KernelRequest& r) {
  const WidenedOp* entry = find_widened(r.op);
  if (entry == nullptr) fail(Code::kInternal, r.op, " is not in the table of widened ops");
  if (!r.epilogue.empty()) fail(Code::kUnimplemented, "a rounded result takes no epilogue");
  Prepared prepared;
  auto* p = make_params<WidenedParams>(prepared);
  p->narrow = r.attrs->type(entry->type_attr);
  p->wide = wide_of(p->narrow);
  p->conversion = conversion_of(p->narrow, entry->how);
  p->num_inputs = r.inputs.size();
  p->num_outputs = r.outputs.size();

  AttrMap attrs = *r.attrs;
  for (const auto& [name, value] : r.attrs->list()) {
    if (value.holds<DType>() && value.get<DType>() == p->narrow) attrs.set(name, p->wide);
  }
  const KernelRow* row = find_kernel("CPU", r.op, attrs);
  if (row == nullptr) fail(Code::kUnimplemented, "there is no kernel for ", p->wide, " to run");

  std::size_t size = round_up((p->num_inputs + p->num_outputs) * sizeof(void*));
  const auto reserve = [&](std::int64_t n) {
    const std::size_t offset = size;
    const std::int64_t bytes = checked_mul(n, std::int64_t(dtype_size(p->wide)));
    size = round_up(std::size_t(checked_mul(1, std::int64_t(size) + bytes)));
    return offset;
  };
  std::vector<ValueInfo> inputs(r.inputs.begin(), r.inputs.end());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ValueInfo& info = inputs[i];
    if (info.dtype != p->narrow) continue;
    info.dtype = p->wide;
    Port port{i, info.shape.num_elements()};
    port.written = i < std::size_t(entry->variables);
    if (info.constant != nullptr) {
      const Tensor source = *info.constant;
      if (p->conversion.none()) {
        p->constants.emplace_back(p->wide, source.shape(), source.raw(), source.owner());
      } else {
        Tensor& made = p->constants.emplace_back(p->wide, source.shape());
        widen(*p, source.raw(), made.raw(), source.num_elements());
      }
      info.constant = &p->constants.back();
      port.fixed = p->constants.back().raw();
    }
    if (p->conversion.none()) continue;
    if (port.fixed == nullptr) port.offset = reserve(port.n);
    p->inputs.push_back(port);
  }
  std::vector<ValueInfo> outputs(r.outputs.begin(), r.outputs.end());
  std::vector<Port> by_output(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].dtype != p->narrow) continue;
    outputs[i].dtype = p->wide;
    by_output[i].written = true;
    // Ops on variables give the variable itself.
    if (p->conversion.none() || entry->variables > 0) continue;
    Port port{i, outputs[i].shape.num_elements()};
    port.offset = reserve(port.n);
    p->outputs.push_back(port);
  }

  KernelRequest inner = r;
  inner.attrs = &attrs;
  inner.inputs = inputs;
  inner.outputs = outputs;
  p->inner = row->prepare(inner);
  if (p->inner.run == nullptr) {
    p->outputs = std::move(by_output);
    prepared.run_dynamic = run_widened_dynamic;
    return prepared;
  }
  p->inner_workspace = size;
  prepared.workspace = size + p->inner.workspace;
  prepared.run = run_widened;
  // Results are stored after everything was read, or inputs are copies by the time that the inner
  // kernel stores them.
  const bool stored_last = !p->outputs.empty() && p->outputs[0].index == 0;
  prepared.inplace_inputs = p->inner.inplace_inputs;
  for (std::size_t i = 0; i < r.inputs.size() && i < 32; ++i) {
    const bool copied = r.inputs[i].dtype == p->narrow && !p->conversion.none();
    if (stored_last || copied) prepared.inplace_inputs |= std::uint32_t{1} << i;
  }
  return prepared;
}

std::vector<KernelRow> make_rows() {
  std::vector<KernelRow> rows;
  for (const WidenedOp& op : widened_ops()) {
    rows.push_back({op.name.c_str(), op.type_attr, op.types, prepare_widened});
  }
  return rows;
}

}  // namespace

std::span<const KernelRow> widened_kernels() {
  static const std::vector<KernelRow>& rows = *new std::vector<KernelRow>(make_rows());
  return rows;
}

}  // namespace caudal::cpu
