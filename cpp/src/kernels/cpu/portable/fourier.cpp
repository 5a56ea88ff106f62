// SPDX-License-Identifier: Apache-2.0
// Fourier transforms are done by a library of the host language, which registers itself under a
// fixed token; a program without one gets an error that says so.
#include <algorithm>
#include <cstring>

#include "caudal/error.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

/// Takes the input, the kind of transform ("FFT", "IRFFT2D", ... as a string scalar) and the number
/// of samples along each transformed axis (int64 vector); gives the result in the input's
/// precision.
constexpr const char* kToken = "caudal.fourier";

struct Params {
  std::string kind;
  DType in = DType::kInvalid, out = DType::kInvalid;
  Shape in_shape, out_shape;
  int axes = 1;
  bool real = false;  ///< one side is real: the second input holds the sizes
};

void run(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const auto& p = *static_cast<const Params*>(params);
  const std::size_t bytes = std::size_t(p.out_shape.num_elements()) * dtype_size(p.out);
  if (bytes == 0) return;
  if (p.in_shape.num_elements() == 0) {
    std::memset(out[0], 0, bytes);
    return;
  }
  HostFunction transform;
  try {
    transform = find_host_function(kToken);
  } catch (const Error&) {
    fail(Code::kUnimplemented,
         "Fourier transforms are computed by the host language (the Python package does it with "
         "NumPy): register a host function \"",
         kToken, "\"");
  }
  std::vector<std::int64_t> sizes;
  for (int i = p.axes; i > 0; --i) {
    sizes.push_back(p.real ? static_cast<const std::int32_t*>(in[1])[p.axes - i]
                           : p.out_shape.dim(-i));
  }
  const Tensor arguments[] = {
      Tensor(p.in, p.in_shape, in[0], nullptr),
      Tensor::string_scalar(p.kind),
      Tensor::vector(sizes),
  };
  const std::vector<Tensor> results = transform(arguments);
  if (results.size() != 1 || results[0].dtype() != p.out || results[0].shape() != p.out_shape) {
    fail(Code::kInternal, "the host function \"", kToken, "\" returned something else than ", p.out,
         p.out_shape);
  }
  std::memcpy(out[0], results[0].raw(), bytes);
}

Prepared prepare(const KernelRequest& r) {
  Prepared out;
  auto& p = *make_params<Params>(out);
  p.kind = std::string(r.op.starts_with("Batch") ? r.op.substr(5) : r.op);
  p.in = r.inputs[0].dtype;
  p.out = r.outputs[0].dtype;
  p.axes = p.kind.ends_with("3D") ? 3 : p.kind.ends_with("2D") ? 2 : 1;
  p.real = p.kind.find('R') != std::string::npos;
  const std::size_t in_size = dtype_size(p.in), out_size = dtype_size(p.out);
  if (p.real ? std::max(in_size, out_size) != 2 * std::min(in_size, out_size) : p.in != p.out) {
    fail(Code::kUnimplemented, r.op, " of ", p.in, " to ", p.out);
  }
  p.in_shape = r.inputs[0].shape;
  p.out_shape = r.outputs[0].shape;
  out.run = run;
  return out;
}

}  // namespace

std::span<const KernelRow> fourier_kernels() {
  constexpr DTypeSet kReal{DType::kFloat, DType::kDouble};
  constexpr DTypeSet kComplex{DType::kComplex64, DType::kComplex128};
  static const KernelRow rows[] = {
      {"FFT", "Tcomplex", kComplex, prepare},     {"FFT2D", "Tcomplex", kComplex, prepare},
      {"FFT3D", "Tcomplex", kComplex, prepare},   {"IFFT", "Tcomplex", kComplex, prepare},
      {"IFFT2D", "Tcomplex", kComplex, prepare},  {"IFFT3D", "Tcomplex", kComplex, prepare},
      {"RFFT", "Treal", kReal, prepare},          {"RFFT2D", "Treal", kReal, prepare},
      {"RFFT3D", "Treal", kReal, prepare},        {"IRFFT", "Tcomplex", kComplex, prepare},
      {"IRFFT2D", "Tcomplex", kComplex, prepare}, {"IRFFT3D", "Tcomplex", kComplex, prepare},
      {"BatchFFT", "", kComplex, prepare},        {"BatchFFT2D", "", kComplex, prepare},
      {"BatchFFT3D", "", kComplex, prepare},      {"BatchIFFT", "", kComplex, prepare},
      {"BatchIFFT2D", "", kComplex, prepare},     {"BatchIFFT3D", "", kComplex, prepare},
  };
  return rows;
}

}  // namespace caudal::cpu
