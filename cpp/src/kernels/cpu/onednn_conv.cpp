// SPDX-License-Identifier: Apache-2.0
// Float convolutions. Images and volumes keep their layout; the small filters go to the layout that
// oneDNN prefers, which costs microseconds and gains up to eight times on the backward passes. With
// few channels its direct kernels are up to twice as fast as the batched products that it prefers.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "kernels/cpu/libraries.h"
#include "kernels/cpu/onednn_program.h"
#include "tensor/window.h"

namespace caudal::cpu {
namespace {

using dnnl::memory;

/// Sizes and descriptors that the three directions share.
struct ConvDescs {
  std::int64_t ic = 0, oc = 0, groups = 1;
  bool trivial = false;
  double multiplications = 0;
  DnnlDesc image, filter, filter_any, result;
  memory::dims strides, dilations, pad_l, pad_r;

  explicit ConvDescs(const ConvGeometry& g) : ic(g.ic), oc(g.oc), groups(g.groups) {
    trivial = g.trivial();
    set_windows({g.h, g.w});
    if (trivial) return;
    const DnnlTag tag = g.nchw ? DnnlTag::nchw : DnnlTag::nhwc;
    image = DnnlDesc({g.n, g.ic, g.h.in, g.w.in}, DnnlType::f32, tag);
    result = DnnlDesc({g.n, g.oc, g.h.out, g.w.out}, DnnlType::f32, tag);
    const std::int64_t icg = g.ic / g.groups, ocg = g.oc / g.groups;
    const std::int64_t kh = g.h.filter, kw = g.w.filter;
    if (g.groups == 1) {
      const memory::dims dims{oc, icg, kh, kw};
      filter = DnnlDesc(dims, DnnlType::f32, DnnlTag::hwio);
      filter_any = DnnlDesc(dims, DnnlType::f32, DnnlTag::any);
    } else {
      const memory::dims dims{g.groups, ocg, icg, kh, kw};
      filter = DnnlDesc(dims, DnnlType::f32, memory::dims{ocg, 1, oc, kw * icg * oc, icg * oc});
      filter_any = DnnlDesc(dims, DnnlType::f32, DnnlTag::any);
    }
    multiplications =
        double(g.n) * double(g.h.out * g.w.out) * double(oc) * double(icg) * double(kh * kw);
  }

  explicit ConvDescs(const Conv3dGeometry& g) : ic(g.ic), oc(g.oc) {
    trivial = g.trivial();
    set_windows({g.at[0], g.at[1], g.at[2]});
    if (trivial) return;
    const DnnlTag tag = g.channels_first ? DnnlTag::ncdhw : DnnlTag::ndhwc;
    const auto& [d, h, w] = g.at;
    image = DnnlDesc({g.n, ic, d.in, h.in, w.in}, DnnlType::f32, tag);
    result = DnnlDesc({g.n, oc, d.out, h.out, w.out}, DnnlType::f32, tag);
    const memory::dims dims{oc, ic, d.filter, h.filter, w.filter};
    filter = DnnlDesc(dims, DnnlType::f32, DnnlTag::dhwio);
    filter_any = DnnlDesc(dims, DnnlType::f32, DnnlTag::any);
    multiplications = double(g.n) * double(g.out_pixels()) * double(oc) * double(ic) *
                      double(d.filter * h.filter * w.filter);
  }

  void set_windows(std::initializer_list<Window> windows) {
    for (const Window& w : windows) {
      strides.push_back(w.stride);
      dilations.push_back(w.dilation - 1);
      pad_l.push_back(w.pad_before);
      pad_r.push_back(w.pad_after);
    }
  }

  /// Whether the convolution is too small for more than one thread.
  bool small() const {
    return multiplications < 1e9 && too_small_to_share(std::int64_t(multiplications));
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

std::shared_ptr<Program> make_program(const ConvDescs& d) {
  auto program = std::make_shared<Program>();
  program->set_serial(d.small());
  return program;
}

enum Kind { kImages, kDepthwise, kVolumes };

template <Kind kKind>
ConvDescs descs(const KernelRequest& r, const Shape& image, const Shape& filter) {
  if constexpr (kKind == kVolumes) {
    return ConvDescs(Conv3dGeometry::of(*r.attrs, image, filter));
  } else {
    return ConvDescs(ConvGeometry::of(*r.attrs, image, filter, kKind == kDepthwise));
  }
}

/// The implementation to use: make() gives a fresh descriptor, of oneDNN's first choice.
template <class Make>
auto chosen(const ConvDescs& d, Make make) {
  constexpr std::int64_t kFewChannels = 48;
  if (d.groups == 1 && std::min(d.ic, d.oc) < kFewChannels) {
    auto desc = make();
    do {
      if (std::string_view(desc.impl_info_str()) == "jit:avx512_core") return desc;
    } while (desc.next_impl());
  }
  return make();
}

template <Kind kKind>
Prepared prepare_forward(const KernelRequest& r) {
  const ConvDescs d = descs<kKind>(r, r.inputs[0].shape, r.inputs[1].shape);
  if (d.trivial) {
    if (r.outputs[0].shape.num_elements() != 0 && !r.epilogue.empty()) {
      fail(Code::kUnimplemented, "no epilogue behind an empty convolution");
    }
    return zeros(r);
  }
  const int bias_at = epilogue_bias(r);
  const dnnl::primitive_attr attr = epilogue_attr(r);
  const DnnlDesc bias = bias_at < 0 ? DnnlDesc() : DnnlDesc({d.oc}, DnnlType::f32, DnnlTag::a);
  const ThreadScope threads(d.small());
  try {
    const auto desc = chosen(d, [&] { return d.forward(attr, bias); });
    auto program = make_program(d);
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
template <Kind kKind>
Prepared prepare_to_input(const KernelRequest& r) {
  const ConvDescs d = descs<kKind>(r, r.outputs[0].shape, r.inputs[1].shape);
  if (d.trivial) return zeros(r);
  const ThreadScope threads(d.small());
  try {
    const auto hint = d.forward(plain_attr(), DnnlDesc());
    const auto desc = chosen(d, [&] {
      return dnnl::convolution_backward_data::primitive_desc(
          dnnl_engine(), dnnl::algorithm::convolution_direct, d.image, d.filter_any, d.result,
          d.strides, d.dilations, d.pad_l, d.pad_r, hint, plain_attr());
    });
    auto program = make_program(d);
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
template <Kind kKind>
Prepared prepare_to_filter(const KernelRequest& r) {
  const ConvDescs d = descs<kKind>(r, r.inputs[0].shape, r.outputs[0].shape);
  if (d.trivial) return zeros(r);
  const ThreadScope threads(d.small());
  try {
    const auto hint = d.forward(plain_attr(), DnnlDesc());
    const dnnl::convolution_backward_weights::primitive_desc desc(
        dnnl_engine(), dnnl::algorithm::convolution_direct, d.image, d.filter_any, d.result,
        d.strides, d.dilations, d.pad_l, d.pad_r, hint, plain_attr());
    auto program = make_program(d);
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
    {"Conv2D", "T", {DType::kFloat}, prepare_forward<kImages>},
    {"Conv2DBackpropInput", "T", {DType::kFloat}, prepare_to_input<kImages>},
    {"Conv2DBackpropFilter", "T", {DType::kFloat}, prepare_to_filter<kImages>},
    {"DepthwiseConv2dNative", "T", {DType::kFloat}, prepare_forward<kDepthwise>},
    {"DepthwiseConv2dNativeBackpropInput", "T", {DType::kFloat}, prepare_to_input<kDepthwise>},
    {"DepthwiseConv2dNativeBackpropFilter", "T", {DType::kFloat}, prepare_to_filter<kDepthwise>},
    {"Conv3D", "T", {DType::kFloat}, prepare_forward<kVolumes>},
    {"Conv3DBackpropInput", "T", {DType::kFloat}, prepare_to_input<kVolumes>},
    {"Conv3DBackpropInputV2", "T", {DType::kFloat}, prepare_to_input<kVolumes>},
    {"Conv3DBackpropFilter", "T", {DType::kFloat}, prepare_to_filter<kVolumes>},
    {"Conv3DBackpropFilterV2", "T", {DType::kFloat}, prepare_to_filter<kVolumes>},
};

}  // namespace

std::span<const KernelRow> onednn_conv_kernels() { return kRows; }

}  // namespace caudal::cpu
