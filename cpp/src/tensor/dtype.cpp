// SPDX-License-Identifier: Apache-2.0
#include "caudal/dtype.h"

#include <string>

#include "caudal/tensor.h"

namespace caudal {
namespace {

struct Info {
  std::size_t size;
  std::string_view name;
  std::string_view signature;
};

constexpr Info kInfo[kNumDTypes] = {
    {0, "invalid", "invalid"},
    {4, "float32", "float"},
    {8, "float64", "double"},
    {4, "int32", "int32"},
    {1, "uint8", "uint8"},
    {2, "int16", "int16"},
    {1, "int8", "int8"},
    {sizeof(std::string), "string", "string"},
    {8, "complex64", "complex64"},
    {8, "int64", "int64"},
    {1, "bool", "bool"},
    {1, "qint8", "qint8"},
    {1, "quint8", "quint8"},
    {4, "qint32", "qint32"},
    {2, "bfloat16", "bfloat16"},
    {2, "qint16", "qint16"},
    {2, "quint16", "quint16"},
    {2, "uint16", "uint16"},
    {16, "complex128", "complex128"},
    {2, "float16", "half"},
    {sizeof(Variant), "resource", "resource"},
    {sizeof(Variant), "variant", "variant"},
    {4, "uint32", "uint32"},
    {8, "uint64", "uint64"},
};

const Info& info(DType t) {
  const auto i = static_cast<unsigned>(t);
  return kInfo[i < kNumDTypes ? i : 0];
}

}  // namespace

std::size_t dtype_size(DType t) { return info(t).size; }
std::string_view dtype_name(DType t) { return info(t).name; }
std::string_view dtype_signature_name(DType t) { return info(t).signature; }

DType dtype_from_name(std::string_view name) {
  for (int i = 1; i < kNumDTypes; ++i) {
    if (kInfo[i].name == name || kInfo[i].signature == name) return static_cast<DType>(i);
  }
  return DType::kInvalid;
}

}  // namespace caudal
