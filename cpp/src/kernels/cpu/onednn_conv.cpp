// SPDX-License-Identifier: Apache-2.0
// Float convolutions. Images keep their layout; the small filters go to the layout that oneDNN
// prefers, which costs microseconds and gains up to eight times on the backward passes. With few
// channels its direct kernels are up to twice as fast as the batched products that it prefers.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernels/cpu/libraries.h"
#include "kernels/cpu/onednn_program.h"
#include "tensor/window.h"

namespace caudal::cpu {
namespace {

using dnnl::memory;

/// Geometry and descriptors that the three directions share.
struct ConvDescs {
  ConvGeometry g;
  DnnlDesc image, filter, filter_any, result;
  memory::dims strides, dilations, pad_l, pad_r;

  explicit ConvDescs(const ConvGeometry& geometry) : g(geometry) {
    const DnnlTag tag = g.nchw ? DnnlTag::nchw : DnnlTag::nhwc;
    image = DnnlDesc({g.n, g.ic, g.h.in, g.w.in}, DnnlType::f32, tag);
    result = DnnlDesc({g.n, g.oc, g.h.out, g.w.out}, DnnlType::f32, tag);
    const std::int64_t icg = g.ic / g.groups, ocg = g.oc / g.groups;
    const std::int64_t kh = g.h.filter, kw = g.w.filter, oc = g.oc;
    if (g.groups == 1) {
      const memory::dims dims{oc, icg, kh, kw};
      filter = DnnlDesc(dims, DnnlType::f32, DnnlTag::hwio);
      filter_any = DnnlDesc(dims, DnnlType::f32, DnnlTag::any);
    } else {
      const memory::dims dims{g.groups, ocg, icg, kh, kw};
      filter = DnnlDesc(dims, DnnlType::f32, memory::dims{ocg, 1, oc, kw * icg * oc, icg * oc});
      filter_any = DnnlDesc(dims, DnnlType::f32, DnnlTag::any);
    }
    strides = {g.h.stride, g.w.stride};
    dilations = {g.h.dilation - 1, g.w.dilation - 1};
    pad_l = {g.h.pad_before, g.w.pad_before};
    pad_r = {g.h.pad_after, g.w.pad_after};
  }

  dnnl::convolution_forward::primitive_desc forward(const dnnl::primitive_attr& attr,
                                                    const DnnlDesc& bias) const {
    return {dnnl_engine(),
            dnnl::prop_kind::forward_training,
            dnnl::algorithm::convolution_direct,
            image,
            filter_any,
            bias,
            result,
            strides,
            dilations,
            pad_l,
            pad_r,
            attr};
  }
};

void zero_outputs(const void* params, void* const*, void* const* out, void*, RunContext&) {
  std::memset(out[0], 0, *static_cast<const std::size_t*>(params));
}

/// Sums over nothing.
Prepared zeros(const KernelRequest& r) {
  Prepared p;
  p.run = zero_outputs;
  *make_params<std::size_t>(p) = std::size_t(r.outputs[0].shape.num_elements()) * sizeof(float);
  return p;
}

dnnl::primitive_attr plain_attr() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

/// Whether the convolution is too small for more than one thread.
bool small(const ConvGeometry& g) {
  const double work = double(g.n) * double(g.h.out * g.w.out) * double(g.oc) *
                      double(g.ic / g.groups) * double(g.h.filter * g.w.filter);
  return work < 1e9 && too_small_to_share(std::int64_t(work));
}

std::shared_ptr<Program> make_program(const ConvGeometry& g) {
  auto program = std::make_shared<Program>();
  program->set_serial(small(g));
  return program;
}

/// The implementation to use: make() gives a fresh descriptor, of oneDNN's first choice.
template <class Make>
auto chosen(const ConvGeometry& g, Make make) {
  constexpr std::int64_t kFewChannels = 48;
  if (g.groups == 1 && std::min(g.ic, g.oc) < kFewChannels) {
    auto desc = make();
    do {
      if (std::string_view(desc.impl_info_str()) == "jit:avx512_core") return desc;
    } while (desc.next_impl());
  }
  return make();
}

template <bool kDepthwise>
Prepared prepare_forward(const KernelRequest& r) {
  const ConvDescs d(ConvGeometry::of(*r.attrs, r.inputs[0].shape, r.inputs[1].shape, kDepthwise));
  if (d.g.trivial()) {
    if (r.outputs[0].shape.num_elements() != 0 && !r.epilogue.empty()) {
      fail(Code::kUnimplemented, "no epilogue behind an empty convolution");
    }
    return zeros(r);
  }
  const int bias_at = epilogue_bias(r);
  const dnnl::primitive_attr attr = epilogue_attr(r);
  const DnnlDesc bias = bias_at < 0 ? DnnlDesc() : DnnlDesc({d.g.oc}, DnnlType::f32, DnnlTag::a);
  const ThreadScope threads(small(d.g));
  try {
    const auto desc = chosen(d.g, [&] { return d.forward(attr, bias); });
    auto program = make_program(d.g);
    const auto filter = program->reordered(Program::input(1), d.filter, desc.weights_desc());
    std::vector<Program::Argument> args{{DNNL_ARG_SRC, d.image, Program::input(0)},
                                        {DNNL_ARG_WEIGHTS, desc.weights_desc(), filter},
                                        {DNNL_ARG_DST, d.result, Program::output(0)}};
    if (bias_at >= 0) args.push_back({DNNL_ARG_BIAS, bias, Program::input(bias_at)});
    program->step(dnnl::convolution_forward(desc), desc, std::move(args));
    return prepared(std::move(program));
  } catch (const dnnl::error& e) {
    rethrow_dnnl(e, "convolution");
  }
}

/// inputs: input_sizes, filter, out_backprop.
template <bool kDepthwise>
Prepared prepare_to_input(const KernelRequest& r) {
  const ConvDescs d(ConvGeometry::of(*r.attrs, r.outputs[0].shape, r.inputs[1].shape, kDepthwise));
  if (d.g.trivial()) return zeros(r);
  const ThreadScope threads(small(d.g));
  try {
    const auto hint = d.forward(plain_attr(), DnnlDesc());
    const auto desc = chosen(d.g, [&] {
      return dnnl::convolution_backward_data::primitive_desc(
          dnnl_engine(), dnnl::algorithm::convolution_direct, d.image, d.filter_any, d.result,
          d.strides, d.dilations, d.pad_l, d.pad_r, hint, plain_attr());
    });
    auto program = make_program(d.g);
    const auto filter = program->reordered(Program::input(1), d.filter, desc.weights_desc());
    program->step(dnnl::convolution_backward_data(desc), desc,
                  {{DNNL_ARG_DIFF_SRC, d.image, Program::output(0)},
                   {DNNL_ARG_WEIGHTS, desc.weights_desc(), filter},
                   {DNNL_ARG_DIFF_DST, d.result, Program::input(2)}});
    return prepared(std::move(program));
  } catch (const dnnl::error& e) {
    rethrow_dnnl(e, "convolution towards its input");
  }
}

/// inputs: input, filter_sizes, out_backprop.
template <bool kDepthwise>
Prepared prepare_to_filter(const KernelRequest& r) {
  const ConvDescs d(ConvGeometry::of(*r.attrs, r.inputs[0].shape, r.outputs[0].shape, kDepthwise));
  if (d.g.trivial()) return zeros(r);
  const ThreadScope threads(small(d.g));
  try {
    const auto hint = d.forward(plain_attr(), DnnlDesc());
    const dnnl::convolution_backward_weights::primitive_desc desc(
        dnnl_engine(), dnnl::algorithm::convolution_direct, d.image, d.filter_any, d.result,
        d.strides, d.dilations, d.pad_l, d.pad_r, hint, plain_attr());
    auto program = make_program(d.g);
    const DnnlDesc have = desc.diff_weights_desc();
    const bool direct = have == d.filter;
    const auto filter = direct ? Program::output(0) : program->reserve(have);
    program->step(dnnl::convolution_backward_weights(desc), desc,
                  {{DNNL_ARG_SRC, d.image, Program::input(0)},
                   {DNNL_ARG_DIFF_WEIGHTS, have, filter},
                   {DNNL_ARG_DIFF_DST, d.result, Program::input(2)}});
    if (!direct) program->deliver(filter, have, Program::output(0), d.filter);
    return prepared(std::move(program));
  } catch (const dnnl::error& e) {
    rethrow_dnnl(e, "convolution towards its filter");
  }
}

const KernelRow kRows[] = {
    {"Conv2D", "T", {DType::kFloat}, prepare_forward<false>},
    {"Conv2DBackpropInput", "T", {DType::kFloat}, prepare_to_input<false>},
    {"Conv2DBackpropFilter", "T", {DType::kFloat}, prepare_to_filter<false>},
    {"DepthwiseConv2dNative", "T", {DType::kFloat}, prepare_forward<true>},
    {"DepthwiseConv2dNativeBackpropInput", "T", {DType::kFloat}, prepare_to_input<true>},
    {"DepthwiseConv2dNativeBackpropFilter", "T", {DType::kFloat}, prepare_to_filter<true>},
};

}  // namespace

std::span<const KernelRow> onednn_conv_kernels() { return kRows; }

}  // namespace caudal::cpu
