// SPDX-License-Identifier: Apache-2.0
// Fingerprints of rows: 64 bits of every row, little end first.
#include <string>
#include <string_view>
#include <vector>

#include "base/text_hash.h"
#include "kernels/cpu/portable/bound_call.h"
#include "kernels/cpu/portable/families.h"

namespace caudal::cpu {
namespace {

void put(std::uint64_t v, std::uint8_t* to) {
  for (int i = 0; i < 8; ++i) to[i] = std::uint8_t(v >> (8 * i));
}

void fingerprint(Call& c) {
  const Shape& shape = c.in[0].shape();
  if (shape.rank() < 1) invalid("`data` should have at least one dimension.");
  const auto* method = c.in[1].data<std::string>();
  if (c.in[1].shape().rank() != 0) invalid("`method` should be a scalar, got ", c.in[1].shape());
  if (*method != "farmhash64") invalid("Unsupported fingerprint method: ", *method);
  const std::int64_t rows = shape[0], width = size_of(shape, 1, shape.rank());
  auto* y = c.out[0].data<std::uint8_t>();
  if (c.in[0].dtype() != DType::kString) {
    const auto* x = c.in[0].data<char>();
    const std::size_t bytes = std::size_t(width) * dtype_size(c.in[0].dtype());
    for (std::int64_t i = 0; i < rows; ++i) {
      put(fingerprint64(std::string_view(x + std::size_t(i) * bytes, bytes)), y + 8 * i);
    }
    return;
  }
  const auto* x = c.in[0].data<std::string>();
  std::vector<std::uint8_t> prints(std::size_t(width) * 8);
  for (std::int64_t i = 0; i < rows; ++i) {
    if (shape.rank() == 1) {
      put(fingerprint64(x[i]), y + 8 * i);
      continue;
    }
    // Rows of strings: the fingerprint of their fingerprints, so that borders count.
    for (std::int64_t k = 0; k < width; ++k) {
      put(fingerprint64(x[i * width + k]), prints.data() + 8 * k);
    }
    const auto* text = reinterpret_cast<const char*>(prints.data());
    put(fingerprint64(std::string_view(text, prints.size())), y + 8 * i);
  }
}

}  // namespace

std::span<const KernelRow> fingerprint_kernels() {
  static const KernelRow rows[] = {
      {"Fingerprint", "T", DTypeSet::all(), bound_kernel<fingerprint>},
  };
  return rows;
}

}  // namespace caudal::cpu
