// SPDX-License-Identifier: Apache-2.0
// Fourier transforms over the last one, two or three axes.
#include <algorithm>

#include "ops/families.h"
#include "ops/matrix_expressions.h"

namespace caudal::ops {
namespace {

/// How many axes an op transforms: "FFT" 1, "IRFFT2D" 2, ...
int axes_of(std::string_view op) { return op.ends_with("3D") ? 3 : op.ends_with("2D") ? 2 : 1; }

template <int kAxes>
void fft_shape(ShapeContext& c) {
  c.set_output(0, c.with_rank_at_least(0, kAxes));
}

/// RFFT keeps half of the last axis, IRFFT restores it.
template <int kAxes, bool kForward>
void rfft_shape(ShapeContext& c) {
  PartialShape out = c.with_rank_at_least(0, kAxes);
  const PartialShape length = c.with_rank(1, 1);
  if (length.has_rank() && length[0] >= 0 && length[0] != kAxes) {
    if (c.planning()) invalid("fft_length must have shape [", kAxes, "]");
    invalid("Dimension must be ", kAxes, " but is ", length[0]);
  }
  if (!out.has_rank()) return c.set_output(0, out);
  const Tensor* known = c.constant_input(1);
  if (known != nullptr && known->num_elements() != kAxes) known = nullptr;
  for (int i = 0; i < kAxes; ++i) {
    const int axis = out.rank() - kAxes + i;
    std::int64_t n = -1;
    if (known != nullptr) {
      n = known->as_int64s()[std::size_t(i)];
      if (n < 0 && c.planning()) invalid("fft_length[", i, "] must be >= 0, but got: ", n);
      n = std::max<std::int64_t>(n, -1);
      const bool last = i + 1 == kAxes;
      const std::int64_t needed = !kForward && last && n > 0 ? n / 2 + 1 : n;
      // Empty inputs are taken as zeros.
      const bool full = c.planning() && c.input(0).num_elements() > 0;
      if (full && c.input(0)[axis] < needed) {
        invalid("Input dimension ", axis, " must have length of at least ", needed,
                " but got: ", c.input(0)[axis]);
      }
      if (kForward && last && n > 0) n = n / 2 + 1;
    }
    out.set_dim(axis, n);
  }
  c.set_output(0, out);
}

/// The number of transformed elements, in the dtype of `like`.
Output size_of(GradContext& g, Output x, Output like_this, int axes) {
  const Builder& b = g.builder();
  const PartialShape& s = x.shape();
  double known = 1;
  for (int i = 1; i <= axes; ++i)
    known = s.has_rank() && s.dim(-i) >= 0 ? known * double(s.dim(-i)) : -1;
  if (known > 0) return like(g, like_this, known);
  const Output sizes =
      g("StridedSlice", {g("Shape", {x}), b.ints({-axes}), b.ints({0}), b.ints({1})},
        {{"end_mask", 1}});
  const Output count = g("Prod", {sizes, b.ints({0})});
  return g("Cast", {count}, {{"DstT", like_this.dtype()}});
}

// The adjoint of a transform is the other one, but for the factor 1/n.
void fft_grad(GradContext& g) {
  const std::string& op = g.node().op().name;
  const int axes = axes_of(op);
  const bool batch = op.starts_with("Batch");
  const std::string plain = batch ? op.substr(5) : op;
  const bool inverse = plain[0] == 'I';
  const std::string other = inverse ? plain.substr(1) : "I" + plain;
  const Output n = size_of(g, g.dy(), g.dy(), axes);
  const Output back = g(other, {g.dy()});
  g.set(0, inverse ? realdiv(g, back, n) : mul(g, back, n));
}

/// Element -1 (or `at`) of a vector.
Output last_of(GradContext& g, Output v, std::int32_t at = -1) {
  const Builder& b = g.builder();
  return g("StridedSlice", {v, b.ints({at}), b.ints({at == -1 ? 0 : at + 1}), b.ints({1})},
           {{"shrink_axis_mask", 1}, {"end_mask", at == -1 ? 1 : 0}});
}

Output as_complex(GradContext& g, Output x, DType type) { return g("Cast", {x}, {{"DstT", type}}); }

/// The output columns 0 and, for an even length, n/2 stand for one frequency, the others for two:
/// the weights [1, 2, ..., 2, (1)] of the last axis.
Output weights(GradContext& g, Output length, Output spectrum, DType real) {
  const Builder& b = g.builder();
  const Output columns = last_of(g, g("Shape", {spectrum}));
  const Output even =
      g("Sub", {b.scalar(std::int32_t(1)), g("FloorMod", {length, b.scalar(std::int32_t(2))})});
  const Output middle = g("Sub", {g("Sub", {columns, b.scalar(std::int32_t(1))}), even});
  const Output kept = g("Maximum", {middle, b.scalar(std::int32_t(0))});
  auto repeated = [&](double value, Output count) {
    return g("Fill", {g("Reshape", {count, b.ints({1})}), b.scalar_of(real, value)});
  };
  const Output one = b.scalar(std::int32_t(1));
  return g("ConcatV2",
           {repeated(1, one), repeated(2, kept), repeated(1, even), b.scalar(std::int32_t(0))}, {},
           "concat");
}

void check_gradient_rank(int axes) {
  if (axes == 3) {
    throw Error(Code::kNotFound, "gradients of real transforms exist for one and two axes",
                Error::Kind::kLookup);
  }
}

// A real input sees half of the spectrum; the gradient is the real part of the full adjoint, in
// which the frequencies that were left out count as zero.
void rfft_grad(GradContext& g) {
  const int axes = axes_of(g.node().op().name);
  check_gradient_rank(axes);
  const Output x = g.input(0), length = g.input(1), dy = g.dy();
  const DType complex = dy.dtype(), real = x.dtype();
  const Builder& b = g.builder();
  // Re(sum_k dy_k exp(+2 pi i k t / n)) is half of the inverse real transform of dy, in which inner
  // columns count twice: so they are halved, the outer ones are not.
  const Output w = g("RealDiv", {b.scalar_of(real, 1.0), weights(g, last_of(g, length), dy, real)});
  Output back = mul(g, dy, as_complex(g, w, complex));
  back =
      g(axes == 2 ? "IRFFT2D" : "IRFFT", {back, length}, {{"Treal", real}, {"Tcomplex", complex}});
  const Output n = g("Cast", {g("Prod", {length, b.ints({0})})}, {{"DstT", real}});
  back = mul(g, back, n);
  // Input beyond the length was cut off.
  const Output from = g("Shape", {back}), to = shape_of(g, x);
  const Output gap = g("Sub", {to, from});
  const Output zeros = g("ZerosLike", {gap});
  g.set(0, g("Pad", {back, g("Pack", {zeros, gap}, {{"axis", 1}})}));
}

void irfft_grad(GradContext& g) {
  const int axes = axes_of(g.node().op().name);
  check_gradient_rank(axes);
  const Output x = g.input(0), length = g.input(1), dy = g.dy();
  const DType complex = x.dtype(), real = dy.dtype();
  const Output spectrum =
      g(axes == 2 ? "RFFT2D" : "RFFT", {dy, length}, {{"Treal", real}, {"Tcomplex", complex}});
  Output w = weights(g, last_of(g, length), spectrum, real);
  const Output n = g("Cast", {g("Prod", {length, g.builder().ints({0})})}, {{"DstT", real}});
  w = as_complex(g, g("RealDiv", {w, n}), complex);
  const Output back = mul(g, spectrum, w);
  const Output from = g("Shape", {back}), to = shape_of(g, x);
  const Output gap = g("Sub", {to, from});
  g.set(0, g("Pad", {back, g("Pack", {g("ZerosLike", {gap}), gap}, {{"axis", 1}})}));
}

constexpr const char* kComplex =
    "input:Tcomplex -> output:Tcomplex; Tcomplex:type{complex64,complex128}=complex64";
constexpr const char* kToHalf =
    "input:Treal fft_length:int32 -> output:Tcomplex; Treal:type{float,double}=float; "
    "Tcomplex:type{complex64,complex128}=complex64";
constexpr const char* kFromHalf =
    "input:Tcomplex fft_length:int32 -> output:Treal; Treal:type{float,double}=float; "
    "Tcomplex:type{complex64,complex128}=complex64";
constexpr const char* kOld = "input:complex64 -> output:complex64";

}  // namespace

std::span<const OpRow> spectral_ops() {
  constexpr std::uint32_t kHost = kHostOnly;
  static const OpRow rows[] = {
      {"FFT", kComplex, fft_shape<1>, fft_grad, kHost},
      {"FFT2D", kComplex, fft_shape<2>, fft_grad, kHost},
      {"FFT3D", kComplex, fft_shape<3>, fft_grad, kHost},
      {"IFFT", kComplex, fft_shape<1>, fft_grad, kHost},
      {"IFFT2D", kComplex, fft_shape<2>, fft_grad, kHost},
      {"IFFT3D", kComplex, fft_shape<3>, fft_grad, kHost},
      {"RFFT", kToHalf, rfft_shape<1, true>, rfft_grad, kHost},
      {"RFFT2D", kToHalf, rfft_shape<2, true>, rfft_grad, kHost},
      {"RFFT3D", kToHalf, rfft_shape<3, true>, nullptr, kHost},
      {"IRFFT", kFromHalf, rfft_shape<1, false>, irfft_grad, kHost},
      {"IRFFT2D", kFromHalf, rfft_shape<2, false>, irfft_grad, kHost},
      {"IRFFT3D", kFromHalf, rfft_shape<3, false>, nullptr, kHost},
      // Names of old graphs.
      {"BatchFFT", kOld, fft_shape<1>, fft_grad, kHost},
      {"BatchFFT2D", kOld, fft_shape<2>, fft_grad, kHost},
      {"BatchFFT3D", kOld, fft_shape<3>, fft_grad, kHost},
      {"BatchIFFT", kOld, fft_shape<1>, fft_grad, kHost},
      {"BatchIFFT2D", kOld, fft_shape<2>, fft_grad, kHost},
      {"BatchIFFT3D", kOld, fft_shape<3>, fft_grad, kHost},
  };
  return rows;
}

}  // namespace caudal::ops
