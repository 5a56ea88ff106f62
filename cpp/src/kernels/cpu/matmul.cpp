// SPDX-License-Identifier: Apache-2.0
// Matrix products without a library: tiny ones in floating point, all of them in integers.
// B is packed into panels of whole vectors, a tile of C stays in registers.
#include "kernels/cpu/matmul.h"

#include <algorithm>

#include "base/parallel_for.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/vector/vector_math.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

template <class T>
struct VectorOf {
  // May alias T and lie at any multiple of T.
  typedef T type __attribute__((vector_size(kVectorBytes), may_alias, aligned(alignof(T))));
};
template <class T>
using Vec = typename VectorOf<T>::type;
template <class T>
constexpr int kLanes = kVectorBytes / int(sizeof(T));
constexpr int kTileVectors = 2;

/// What an epilogue does to a row of results.
using RowFn = void (*)(float* row, std::int64_t n, float alpha);

template <class F>
void each(float* row, std::int64_t n, F f) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) row[i] = f(row[i]);
}
void relu_row(float* r, std::int64_t n, float) {
  each(r, n, [](float x) { return x > 0 || x != x ? x : 0.0f; });
}
void relu6_row(float* r, std::int64_t n, float) {
  each(r, n, [](float x) { return x < 0 ? 0.0f : x > 6 ? 6.0f : x; });
}
void sigmoid_row(float* r, std::int64_t n, float) {
  each(r, n, [](float x) { return vm::sigmoid(x); });
}
void tanh_row(float* r, std::int64_t n, float) {
  each(r, n, [](float x) { return vm::tanh(x); });
}
void elu_row(float* r, std::int64_t n, float) {
  each(r, n, [](float x) { return x < 0 ? vm::expm1(x) : x; });
}
void selu_row(float* r, std::int64_t n, float) {
  each(r, n, [](float x) {
    return 1.0507009873554805f * (x < 0 ? 1.6732632423543772f * vm::expm1(x) : x);
  });
}
void softplus_row(float* r, std::int64_t n, float) {
  each(r, n, [](float x) { return vm::softplus(x); });
}
void leaky_relu_row(float* r, std::int64_t n, float alpha) {
  each(r, n, [alpha](float x) { return x < 0 ? x * alpha : x; });
}

struct Activation {
  RowFn fn;
  float alpha;
};

struct Plan {
  ProductShape p;
  std::int64_t panel_bytes = 0;
  std::int64_t rows_per_block = 0;
  int bias = -1;
  std::vector<Activation> activations;
};

/// One tile: kRows rows of op(A) times a panel of `vectors` vectors.
template <class T, int kRows, int kVectors>
void tile(std::int64_t k, const T* a, std::int64_t a_row, std::int64_t a_col, const T* panel,
          std::int64_t panel_step, T* c, std::int64_t ldc, std::int64_t columns, const T* limit) {
  constexpr int lanes = kLanes<T>;
  Vec<T> sum[kRows][kVectors] = {};
  for (std::int64_t q = 0; q < k; ++q, panel += panel_step) {
    Vec<T> b[kVectors];
    for (int v = 0; v < kVectors; ++v) b[v] = *reinterpret_cast<const Vec<T>*>(panel + v * lanes);
    for (int r = 0; r < kRows; ++r) {
      const T x = a[r * a_row + q * a_col];
      for (int v = 0; v < kVectors; ++v) sum[r][v] += x * b[v];
    }
  }
  if (columns == kVectors * lanes) {
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        *reinterpret_cast<Vec<T>*>(c + r * ldc + v * lanes) = sum[r][v];
      }
    }
    return;
  }
  for (int r = 0; r < kRows; ++r) {
    if (limit - (c + r * ldc) >= kVectors * lanes) {
      // Runs over into rows that are written after this one.
      for (int v = 0; v < kVectors; ++v) {
        *reinterpret_cast<Vec<T>*>(c + r * ldc + v * lanes) = sum[r][v];
      }
      continue;
    }
    T row[kVectors * lanes];
    for (int v = 0; v < kVectors; ++v) *reinterpret_cast<Vec<T>*>(row + v * lanes) = sum[r][v];
    for (std::int64_t j = 0; j < columns; ++j) c[r * ldc + j] = row[j];
  }
}

/// Rows of a tile: enough sums to hide the latency of an addition, few enough for the registers.
template <int kVectors>
constexpr int kTileRows = kVectors == 1 || kVectorBytes == 64 ? 8 : 4;

/// `limit`: results that are written later reach up to here.
template <class T, int kVectors>
void tile_rows(std::int64_t rows, std::int64_t k, const T* a, std::int64_t a_row,
               std::int64_t a_col, const T* panel, std::int64_t step, T* c, std::int64_t ldc,
               std::int64_t columns, const T* limit) {
  std::int64_t i = 0;
  auto take = [&](auto count) {
    for (; i + count <= rows; i += count) {
      tile<T, count, kVectors>(k, a + i * a_row, a_row, a_col, panel, step, c + i * ldc, ldc,
                               columns, limit);
    }
  };
  take(std::integral_constant<int, kTileRows<kVectors>>());
  if constexpr (kTileRows<kVectors> > 4) take(std::integral_constant<int, 4>());
  take(std::integral_constant<int, 2>());
  take(std::integral_constant<int, 1>());
}

/// Columns of one panel.
template <class T>
constexpr std::int64_t kPanel = kTileVectors * kLanes<T>;

/// Writes op(B) as panels of kPanel columns, the last one filled up with zeros.
template <class T>
void pack(const ProductShape& p, const T* b, T* out) {
  for (std::int64_t j = 0; j < p.n; j += kPanel<T>) {
    const std::int64_t columns = std::min(kPanel<T>, p.n - j);
    for (std::int64_t q = 0; q < p.k; ++q, out += kPanel<T>) {
      if (p.transpose_b) {
        for (std::int64_t t = 0; t < columns; ++t) out[t] = b[(j + t) * p.k + q];
      } else {
        for (std::int64_t t = 0; t < columns; ++t) out[t] = b[q * p.n + j + t];
      }
      for (std::int64_t t = columns; t < kPanel<T>; ++t) out[t] = T(0);
    }
  }
}

/// Rows [begin, end) of one product.
template <class T>
void multiply(const Plan& plan, const T* a, const T* panels, bool packed, T* c, const T* bias,
              std::int64_t begin, std::int64_t end) {
  const ProductShape& p = plan.p;
  const std::int64_t a_row = p.transpose_a ? 1 : p.k, a_col = p.transpose_a ? p.m : 1;
  for (std::int64_t j = 0; j < p.n; j += kPanel<T>) {
    const std::int64_t columns = std::min(kPanel<T>, p.n - j);
    const T* panel = packed ? panels + j * p.k : panels + j;
    const std::int64_t step = packed ? kPanel<T> : p.n;
    T* to = c + begin * p.n + j;
    const T* limit = p.n <= kPanel<T> ? c + end * p.n : to;
    if (columns <= kLanes<T>) {
      tile_rows<T, 1>(end - begin, p.k, a + begin * a_row, a_row, a_col, panel, step, to, p.n,
                      columns, limit);
    } else {
      tile_rows<T, kTileVectors>(end - begin, p.k, a + begin * a_row, a_row, a_col, panel, step, to,
                                 p.n, columns, limit);
    }
  }
  if constexpr (std::is_same_v<T, float>) {
    if (bias == nullptr && plan.activations.empty()) return;
    for (std::int64_t i = begin; i < end; ++i) {
      float* row = c + i * p.n;
      if (bias != nullptr) {
        for (std::int64_t j = 0; j < p.n; ++j) row[j] += bias[j];
      }
    }
    for (const Activation& f : plan.activations) {
      f.fn(c + begin * p.n, (end - begin) * p.n, f.alpha);
    }
  }
}

template <class T>
void run_product(const void* params, void* const* in, void* const* out, void* workspace,
                 RunContext&) {
  const Plan& plan = *static_cast<const Plan*>(params);
  const ProductShape& p = plan.p;
  const auto* a = static_cast<const T*>(in[0]);
  const auto* b = static_cast<const T*>(in[1]);
  auto* c = static_cast<T*>(out[0]);
  const T* bias = plan.bias < 0 ? nullptr : static_cast<const T*>(in[plan.bias]);
  const bool packed = plan.panel_bytes != 0;
  const std::int64_t panel = plan.panel_bytes / std::int64_t(sizeof(T));
  auto* panels = static_cast<T*>(workspace);
  const std::int64_t batch = p.batch();
  const std::int64_t each_size = std::max<std::int64_t>(1, p.m * p.n * p.k);
  const std::int64_t stride = p.b_shared ? 0 : panel;
  const std::int64_t together = std::max<std::int64_t>(1, 200'000 / each_size);
  if (packed) {
    if (p.b_shared) {
      pack(p, b, panels);
    } else {
      parallel_for(batch, together, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          pack(p, b + p.b[std::size_t(i)], panels + i * stride);
        }
      });
    }
  }
  auto source = [&](std::int64_t i) -> const T* {
    return packed ? panels + i * stride : b + p.b[std::size_t(i)];
  };
  if (batch == 1) {
    parallel_for(p.m, plan.rows_per_block, [&](std::int64_t begin, std::int64_t end) {
      multiply(plan, a + p.a[0], source(0), packed, c, bias, begin, end);
    });
    return;
  }
  parallel_for(batch, together, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      multiply(plan, a + p.a[std::size_t(i)], source(i), packed, c + i * p.m * p.n, bias, 0, p.m);
    }
  });
}

void take_epilogue(const KernelRequest& r, Plan& plan) {
  struct Known {
    std::string_view op;
    RowFn fn;
  };
  static const Known known[] = {{"Relu", relu_row},         {"Relu6", relu6_row},
                                {"Sigmoid", sigmoid_row},   {"Tanh", tanh_row},
                                {"Elu", elu_row},           {"Selu", selu_row},
                                {"Softplus", softplus_row}, {"LeakyRelu", leaky_relu_row}};
  for (std::size_t i = 0; i < r.epilogue.size(); ++i) {
    const Epilogue& e = r.epilogue[i];
    if (e.input_index >= 0) {
      if (i != 0) fail(Code::kUnimplemented, "a bias must come before the activations");
      plan.bias = e.input_index;
      continue;
    }
    const std::string_view op = e.op;
    RowFn fn = nullptr;
    for (const Known& k : known) {
      if (k.op == op) fn = k.fn;
    }
    if (fn == nullptr) fail(Code::kUnimplemented, "no fused activation ", op);
    plan.activations.push_back({fn, op == "LeakyRelu" ? e.attrs->f("alpha") : 0.0f});
  }
}

template <class T>
Prepared prepare_for(const KernelRequest& r) {
  if (!std::is_same_v<T, float> && !r.epilogue.empty()) {
    fail(Code::kUnimplemented, "an epilogue needs float32");
  }
  Plan plan;
  plan.p = ProductShape::of(r);
  const ProductShape& p = plan.p;
  take_epilogue(r, plan);
  plan.rows_per_block =
      4 * std::max<std::int64_t>(1, 50'000 / std::max<std::int64_t>(1, p.n * p.k));
  Prepared out;
  out.run = run_product<T>;
  if (p.transpose_b || p.n % kLanes<T> != 0) {
    const std::int64_t columns = (p.n + kPanel<T> - 1) / kPanel<T> * kPanel<T>;
    plan.panel_bytes = checked_mul(checked_mul(columns, p.k), std::int64_t(sizeof(T)));
    out.workspace = std::size_t(checked_mul(plan.panel_bytes, p.b_shared ? 1 : p.batch()));
  }
  *make_params<Plan>(out) = std::move(plan);
  return out;
}

Prepared prepare(const KernelRequest& r) {
  switch (r.inputs[0].dtype) {
    case DType::kFloat:
      return prepare_for<float>(r);
    case DType::kDouble:
      return prepare_for<double>(r);
    case DType::kInt32:
      return prepare_for<std::uint32_t>(r);  // wraps around on overflow
    default:
      return prepare_for<std::uint64_t>(r);
  }
}

constexpr DTypeSet kTypes{DType::kFloat, DType::kDouble, DType::kInt32, DType::kInt64};
const KernelRow kRows[] = {
    {"MatMul", "T", kTypes, prepare},
    {"BatchMatMul", "T", kTypes, prepare},
    {"BatchMatMulV2", "T", kTypes, prepare},
};

}  // namespace

std::span<const KernelRow> matmul_kernels() {
  plain_product = prepare;
  return kRows;
}

}  // namespace caudal::cpu::CAUDAL_ISA
