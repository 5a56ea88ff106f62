// SPDX-License-Identifier: Apache-2.0
// File formats of images are read and written by a library of the host language, which registers
// itself under a fixed token.
#include <cstring>
#include <string>
#include <vector>

#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

/// Takes the op's name, its inputs, and its attrs as names and values: every attr is an int64 or
/// float scalar or a string. Gives one tensor.
constexpr const char* kToken = "caudal.image";

struct Params {
  std::string op;
  std::vector<Tensor> attrs;
  DType out = DType::kInvalid;
  Shape out_shape;
};

Tensor call_host(const Params& p, std::span<const Tensor> in) {
  HostFunction function;
  try {
    function = find_host_function(kToken);
  } catch (const Error&) {
    fail(Code::kUnimplemented, p.op,
         " is done by the host language (the Python package does it with Pillow): register a host "
         "function \"",
         kToken, "\"");
  }
  std::vector<Tensor> arguments{Tensor::string_scalar(p.op)};
  for (const Tensor& t : in) {
    if (t.dtype() == DType::kString && t.num_elements() != 1) {
      invalid("contents must be scalar, got shape ", t.shape());
    }
    arguments.push_back(t);
  }
  arguments.insert(arguments.end(), p.attrs.begin(), p.attrs.end());
  std::vector<Tensor> results = function(arguments);
  if (results.size() != 1 || results[0].dtype() != p.out) {
    fail(Code::kInternal, "the host function \"", kToken, "\" returned something else than ",
         p.out);
  }
  return std::move(results[0]);
}

Prepared prepare(const KernelRequest& r) {
  Prepared out;
  auto& p = *make_params<Params>(out);
  p.op = std::string(r.op);
  p.out = r.outputs[0].dtype;
  p.out_shape = r.outputs[0].shape;
  for (const auto& [name, value] : r.attrs->list()) {
    Tensor t;
    if (value.holds<std::int64_t>()) {
      t = Tensor::scalar(value.get<std::int64_t>());
    } else if (value.holds<bool>()) {
      t = Tensor::scalar(std::int64_t(value.get<bool>()));
    } else if (value.holds<float>()) {
      t = Tensor::scalar(value.get<float>());
    } else if (value.holds<std::string>()) {
      t = Tensor::string_scalar(value.get<std::string>());
    } else if (value.holds<DType>()) {
      t = Tensor::string_scalar(std::string(dtype_name(value.get<DType>())));
    } else {
      continue;
    }
    p.attrs.push_back(Tensor::string_scalar(name));
    p.attrs.push_back(t);
  }
  if (r.op == "ExtractJpegShape") {
    out.run = [](const void* params, void* const* in, void* const* to, void*, RunContext&) {
      const auto& q = *static_cast<const Params*>(params);
      const Tensor contents(DType::kString, Shape{}, in[0], nullptr);
      const Tensor shape = call_host(q, {&contents, 1});
      if (shape.num_elements() != 3) fail(Code::kInternal, "expected three sizes");
      std::memcpy(to[0], shape.raw(), shape.num_bytes());
    };
  } else {
    out.run_dynamic = [](const void* params, std::span<const Tensor> in, std::span<Tensor> to,
                         RunContext&) {
      to[0] = call_host(*static_cast<const Params*>(params), in);
    };
  }
  return out;
}

const KernelRow kRows[] = {
    {"DecodePng", "dtype", DTypeSet{DType::kUint8, DType::kUint16}, prepare},
    {"DecodeJpeg", "", DTypeSet::all(), prepare},
    {"DecodeAndCropJpeg", "", DTypeSet::all(), prepare},
    {"DecodeBmp", "", DTypeSet::all(), prepare},
    {"DecodeGif", "", DTypeSet::all(), prepare},
    {"ExtractJpegShape", "output_type", DTypeSet{DType::kInt32, DType::kInt64}, prepare},
    {"EncodePng", "T", DTypeSet{DType::kUint8, DType::kUint16}, prepare},
    {"EncodeJpeg", "", DTypeSet::all(), prepare},
    {"EncodeJpegVariableQuality", "", DTypeSet::all(), prepare},
};

}  // namespace

std::span<const KernelRow> image_file_kernels() { return kRows; }

}  // namespace caudal::cpu
