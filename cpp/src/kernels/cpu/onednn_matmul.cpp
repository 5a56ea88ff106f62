// SPDX-License-Identifier: Apache-2.0
// Float matrix products. Measured on AVX-512 with 2 cores: tiny products are fastest in plain
// loops; A^T B without epilogue (the gradient of a weight) in oneDNN's sgemm; the rest in its
// matmul.
#include "kernels/cpu/libraries.h"
#include "kernels/cpu/matmul.h"
#include "kernels/cpu/onednn_program.h"

namespace caudal::cpu {

PrepareFn plain_product = nullptr;

ProductShape ProductShape::of(const KernelRequest& r) {
  ProductShape p;
  const bool batched = r.op != "MatMul";
  p.transpose_a = r.attrs->b(batched ? "adj_x" : "transpose_a");
  p.transpose_b = r.attrs->b(batched ? "adj_y" : "transpose_b");
  const Shape& a = r.inputs[0].shape;
  const Shape& b = r.inputs[1].shape;
  const Shape& c = r.outputs[0].shape;
  p.m = c.dim(-2);
  p.n = c.dim(-1);
  p.k = a.dim(p.transpose_a ? -2 : -1);
  const int dims = c.rank() - 2;
  std::int64_t count = 1;
  for (int i = 0; i < dims; ++i) count *= c[i];
  if (count == 0 || p.m == 0 || p.n == 0) return p;
  p.a.resize(std::size_t(count));
  p.b.resize(std::size_t(count));
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i, at_a = 0, at_b = 0, step_a = 1, step_b = 1;
    for (int d = dims - 1; d >= 0; --d) {
      const std::int64_t index = rest % c[d];
      rest /= c[d];
      const int da = d - (c.rank() - a.rank()), db = d - (c.rank() - b.rank());
      if (da >= 0) {
        if (a[da] != 1) at_a += index * step_a;
        step_a *= a[da];
      }
      if (db >= 0) {
        if (b[db] != 1) at_b += index * step_b;
        step_b *= b[db];
      }
    }
    p.a[std::size_t(i)] = at_a * p.m * p.k;
    p.b[std::size_t(i)] = at_b * p.k * p.n;
  }
  p.b_shared = p.strided = true;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto u = std::size_t(i);
    p.b_shared = p.b_shared && p.b[u] == 0;
    p.strided = p.strided && p.a[u] == i * p.m * p.k && p.b[u] == i * p.k * p.n;
  }
  return p;
}

namespace {

using dnnl::memory;

struct Sgemm {
  ProductShape p;
};

void run_sgemm(const void* params, void* const* in, void* const* out, void*, RunContext&) {
  const ProductShape& p = static_cast<const Sgemm*>(params)->p;
  const auto* a = static_cast<const float*>(in[0]);
  const auto* b = static_cast<const float*>(in[1]);
  auto* c = static_cast<float*>(out[0]);
  for (std::size_t i = 0; i < p.a.size(); ++i) {
    const dnnl_status_t status =
        dnnl_sgemm(p.transpose_a ? 'T' : 'N', p.transpose_b ? 'T' : 'N', p.m, p.n, p.k, 1.0f,
                   a + p.a[i], p.transpose_a ? p.m : p.k, b + p.b[i], p.transpose_b ? p.k : p.n,
                   0.0f, c + std::int64_t(i) * p.m * p.n, p.n);
    if (status != dnnl_success) fail(Code::kInternal, "oneDNN sgemm failed, status ", int(status));
  }
}

/// Rows lie `pitch` elements apart; columns, where the matrix lies transposed.
DnnlDesc matrix(std::int64_t batch, std::int64_t rows, std::int64_t columns, bool transposed,
                std::int64_t pitch) {
  const memory::dims dims{batch, rows, columns};
  return {
      dims, DnnlType::f32,
      transposed ? memory::dims{columns * pitch, 1, pitch} : memory::dims{rows * pitch, pitch, 1}};
}
DnnlDesc matrix(std::int64_t batch, std::int64_t rows, std::int64_t columns, bool transposed) {
  return matrix(batch, rows, columns, transposed, transposed ? rows : columns);
}

Prepared prepare_product(const KernelRequest& r) {
  ProductShape p = ProductShape::of(r);
  const std::int64_t batch = p.batch();
  const std::int64_t each = checked_mul(checked_mul(p.m, p.n), p.k);
  if (batch == 0 || each <= kPlainProductLimit) return plain_product(r);
  // Some columns of a product are the product with some columns of B.
  const bool cut = !r.epilogue.empty() && std::string_view(r.epilogue[0].op) == "Slice";
  if (cut && (batch != 1 || r.op != "MatMul" || r.epilogue.size() != 1)) {
    fail(Code::kUnimplemented, "a cut behind a batch of products");
  }
  if (p.b_shared && batch > 1 && p.strided == false && !p.transpose_a) {
    // One B for all: the batch is only more rows.
    bool rows = true;
    for (std::int64_t i = 0; i < batch; ++i) {
      rows = rows && p.a[std::size_t(i)] == i * p.m * p.k;
    }
    if (rows) {
      p.m = checked_mul(p.m, batch);
      p.a.assign(1, 0);
      p.b.assign(1, 0);
      p.strided = true;
    }
  }
  if (r.epilogue.empty() && (!p.strided || (p.transpose_a && !p.transpose_b && p.batch() == 1))) {
    Prepared out;
    out.run = run_sgemm;
    make_params<Sgemm>(out)->p = std::move(p);
    return out;
  }
  const int bias_at = epilogue_bias(r);
  KernelRequest uncut = r;
  if (cut) uncut.epilogue = {};
  const dnnl::primitive_attr attr = epilogue_attr(uncut);
  const bool serial = p.batch() == 1 && too_small_to_share(each);
  const ThreadScope threads(serial);
  try {
    const DnnlDesc a = matrix(p.batch(), p.m, p.k, p.transpose_a);
    const std::int64_t columns = r.inputs[1].shape.dim(p.transpose_b ? -2 : -1);
    const DnnlDesc b = matrix(p.batch(), p.k, p.n, p.transpose_b, p.transpose_b ? p.k : columns);
    const std::int64_t first = cut ? r.epilogue[0].first * (p.transpose_b ? p.k : 1) : 0;
    const DnnlDesc c = matrix(p.batch(), p.m, p.n, false);
    const DnnlDesc bias = bias_at < 0 ? DnnlDesc() : matrix(1, 1, p.n, false);
    const auto desc = bias_at < 0
                          ? dnnl::matmul::primitive_desc(dnnl_engine(), a, b, c, attr)
                          : dnnl::matmul::primitive_desc(dnnl_engine(), a, b, bias, c, attr);
    auto program = std::make_shared<Program>();
    program->set_serial(serial);
    std::vector<Program::Argument> args{
        {DNNL_ARG_SRC, a, Program::input(0)},
        {DNNL_ARG_WEIGHTS, b, Program::input(1, std::size_t(first) * sizeof(float))},
        {DNNL_ARG_DST, c, Program::output(0)}};
    if (bias_at >= 0) args.push_back({DNNL_ARG_BIAS, bias, Program::input(bias_at)});
    program->step(dnnl::matmul(desc), desc, std::move(args));
    return prepared(std::move(program));
  } catch (const dnnl::error& e) {
    rethrow_dnnl(e, "matrix product");
  }
}

const KernelRow kRows[] = {
    {"MatMul", "T", {DType::kFloat}, prepare_product},
    {"BatchMatMul", "T", {DType::kFloat}, prepare_product},
    {"BatchMatMulV2", "T", {DType::kFloat}, prepare_product},
};

}  // namespace

std::span<const KernelRow> onednn_matmul_kernels() { return kRows; }

}  // namespace caudal::cpu
