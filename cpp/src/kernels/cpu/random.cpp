// SPDX-License-Identifier: Apache-2.0
// Random numbers from the stream of a node.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "base/parallel_for.h"
#include "kernels/cpu/element_types.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/random_fill.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

struct RandomParams {
  std::shared_ptr<RandomStream> stream;
  std::int64_t n = 0;  ///< outputs
};

template <class F>
Prepared prepare_fill(const KernelRequest& r) {
  Prepared p;
  auto* params = make_params<RandomParams>(p);
  params->stream = stream_of(r);
  params->n = r.outputs[0].shape.num_elements();
  checked_mul(params->n, kBlocksPerOutput);
  p.run = [](const void* raw, void* const*, void* const* out, void*, RunContext&) {
    const auto& q = *static_cast<const RandomParams*>(raw);
    const PhiloxPosition start = q.stream->reserve(std::uint64_t(q.n) * kBlocksPerOutput);
    fill(start, q.n, static_cast<typename F::Value*>(out[0]), F{});
  };
  return p;
}

template <template <class> class F>
Prepared prepare_floating(const KernelRequest& r) {
  return r.outputs[0].dtype == DType::kDouble ? prepare_fill<F<double>>(r)
                                              : prepare_fill<F<float>>(r);
}

Prepared prepare_uniform(const KernelRequest& r) {
  switch (r.outputs[0].dtype) {
    case DType::kHalf:
      return prepare_fill<UniformNarrow<Half, 0x3FF>>(r);
    case DType::kBfloat16:
      return prepare_fill<UniformNarrow<Bfloat16, 0x7F>>(r);
    default:
      return prepare_floating<Uniform>(r);
  }
}

template <class T>
void run_truncated(const void* raw, void* const*, void* const* out, void*, RunContext&) {
  const auto& q = *static_cast<const RandomParams*>(raw);
  const PhiloxPosition start = q.stream->reserve(std::uint64_t(q.n) * kBlocksPerOutput);
  truncated_normal(start, q.n, static_cast<T*>(out[0]));
}

Prepared prepare_truncated(const KernelRequest& r) {
  Prepared p;
  auto* params = make_params<RandomParams>(p);
  params->stream = stream_of(r);
  params->n = r.outputs[0].shape.num_elements();
  checked_mul(params->n, kBlocksPerOutput);
  p.run = r.outputs[0].dtype == DType::kDouble ? run_truncated<double> : run_truncated<float>;
  return p;
}

template <class T>
void run_uniform_int(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  const auto& q = *static_cast<const RandomParams*>(raw);
  if (q.n == 0) return;
  const T low = *static_cast<const T*>(in[1]), high = *static_cast<const T*>(in[2]);
  if (low >= high) invalid("Need minval < maxval, got ", low, " >= ", high);
  using U = std::make_unsigned_t<T>;
  const PhiloxPosition start = q.stream->reserve(std::uint64_t(q.n) * kBlocksPerOutput);
  fill(start, q.n, static_cast<T*>(out[0]), UniformInt<T>{low, U(U(high) - U(low))});
}

Prepared prepare_uniform_int(const KernelRequest& r) {
  Prepared p;
  auto* params = make_params<RandomParams>(p);
  params->stream = stream_of(r);
  params->n = r.outputs[0].shape.num_elements();
  checked_mul(params->n, kBlocksPerOutput);
  p.run = r.outputs[0].dtype == DType::kInt64 ? run_uniform_int<std::int64_t>
                                              : run_uniform_int<std::int32_t>;
  return p;
}

struct ShuffleParams {
  std::shared_ptr<RandomStream> stream;
  std::int64_t rows = 0;
  std::int64_t elements = 0;
  std::size_t row_size = 0;  ///< bytes, or strings
};

/// The permutation of the next run: output row i is input row result[i].
std::vector<std::int64_t> permutation(const ShuffleParams& q) {
  std::vector<std::int64_t> order(std::size_t(q.rows));
  std::iota(order.begin(), order.end(), 0);
  if (q.rows <= 1 || q.elements <= 1) return order;
  PhiloxWords words(q.stream->reserve(std::uint64_t(q.rows - 1 + 3) / 4));
  for (std::int64_t i = 0; i < q.rows - 1; ++i) {
    const auto left = std::uint32_t(q.rows - i);
    std::swap(order[std::size_t(i)], order[std::size_t(i + words.next() % left)]);
  }
  return order;
}

Prepared prepare_shuffle(const KernelRequest& r) {
  const Shape& shape = r.inputs[0].shape;
  Prepared p;
  auto* params = make_params<ShuffleParams>(p);
  params->stream = stream_of(r);
  params->elements = shape.num_elements();
  params->rows = shape.rank() == 0 ? 1 : shape[0];
  if (params->rows > std::numeric_limits<std::uint32_t>::max()) {
    invalid("cannot shuffle ", params->rows, " rows");
  }
  const std::int64_t per_row = params->rows == 0 ? 0 : params->elements / params->rows;
  if (r.inputs[0].dtype == DType::kString) {
    params->row_size = std::size_t(per_row);
    p.run_dynamic = [](const void* raw, std::span<const Tensor> in, std::span<Tensor> out,
                       RunContext&) {
      const auto& q = *static_cast<const ShuffleParams*>(raw);
      out[0] = Tensor(in[0].dtype(), in[0].shape());
      const auto* from = in[0].data<std::string>();
      auto* to = out[0].data<std::string>();
      for (std::int64_t row : permutation(q)) {
        to = std::copy_n(from + std::size_t(row) * q.row_size, q.row_size, to);
      }
    };
    return p;
  }
  params->row_size = std::size_t(per_row) * dtype_size(r.inputs[0].dtype);
  p.run = [](const void* raw, void* const* in, void* const* out, void*, RunContext&) {
    const auto& q = *static_cast<const ShuffleParams*>(raw);
    const auto* from = static_cast<const char*>(in[0]);
    auto* to = static_cast<char*>(out[0]);
    const std::vector<std::int64_t> order = permutation(q);
    if (q.row_size == 0) return;
    const auto grain = std::int64_t(1 + 65536 / q.row_size);
    parallel_for(q.rows, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        std::memcpy(to + std::size_t(i) * q.row_size,
                    from + std::size_t(order[std::size_t(i)]) * q.row_size, q.row_size);
      }
    });
  };
  return p;
}

struct MultinomialParams {
  std::shared_ptr<RandomStream> stream;
  std::int64_t rows = 0, classes = 0, samples = 0;
};

template <class T, class Out>
void run_multinomial(const void* raw, void* const* in, void* const* out, void*, RunContext&) {
  const auto& q = *static_cast<const MultinomialParams*>(raw);
  if (q.rows == 0 || q.samples == 0) return;
  const std::uint64_t padded = (std::uint64_t(q.samples) + 3) / 4 * 4;
  PhiloxWords words(q.stream->reserve(std::uint64_t(q.rows) * padded * 2 * kBlocksPerOutput));
  draw_classes(words, q.rows, q.classes, q.samples, static_cast<const T*>(in[0]),
               static_cast<Out*>(out[0]));
}

Prepared prepare_multinomial(const KernelRequest& r) {
  Prepared p;
  auto* params = make_params<MultinomialParams>(p);
  params->stream = stream_of(r);
  params->rows = r.inputs[0].shape[0];
  params->classes = r.inputs[0].shape[1];
  params->samples = r.outputs[0].shape[1];
  checked_mul(checked_mul(params->rows, params->samples + 3), 2 * std::int64_t(kBlocksPerOutput));
  if (params->classes == 0 && params->rows > 0 && params->samples > 0) {
    invalid("num_classes should be positive, got 0");
  }
  const bool wide = r.outputs[0].dtype == DType::kInt64;
  with_type(r.inputs[0].dtype, [&]<class T>(T) {
    if constexpr (sizeof(T) >= 4) {
      p.run = wide ? run_multinomial<T, std::int64_t> : run_multinomial<T, std::int32_t>;
    }
  });
  return p;
}

constexpr DTypeSet kReal{DType::kFloat, DType::kDouble};
constexpr DTypeSet kIndex{DType::kInt32, DType::kInt64};

}  // namespace

std::span<const KernelRow> random_kernels() {
  static const KernelRow rows[] = {
      {"RandomUniform", "dtype", kReal | DTypeSet{DType::kHalf, DType::kBfloat16}, prepare_uniform},
      {"RandomStandardNormal", "dtype", kReal, prepare_floating<Normal>},
      {"TruncatedNormal", "dtype", kReal, prepare_truncated},
      {"RandomUniformInt", "Tout", kIndex, prepare_uniform_int},
      {"RandomShuffle", "T", kMovable, prepare_shuffle},
      {"Multinomial", "T", kReal | kIndex, prepare_multinomial},
  };
  return rows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
