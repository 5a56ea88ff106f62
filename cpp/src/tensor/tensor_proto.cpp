// SPDX-License-Identifier: Apache-2.0
#include "tensor/tensor_proto.h"

#include <algorithm>
#include <vector>

#include "base/wire.h"
#include "caudal/error.h"

namespace caudal {
namespace {

enum Field {
  kDtype = 1,
  kShape = 2,
  kContent = 4,
  kFloats = 5,
  kDoubles = 6,
  kInts = 7,
  kStrings = 8,
  kComplex = 9,
  kLongs = 10,
  kBools = 11,
  kDoubleComplex = 12,
  kHalves = 13,
  kUnsigned = 16,
  kUnsignedLongs = 17,
};

[[noreturn]] void malformed() { invalid("Could not parse a tensor: the bytes are no TensorProto"); }

/// The field in which elements of a dtype travel one by one; 0: none.
int field_of(DType t) {
  switch (t) {
    case DType::kFloat:
      return kFloats;
    case DType::kDouble:
      return kDoubles;
    case DType::kInt32:
    case DType::kInt16:
    case DType::kInt8:
    case DType::kUint8:
    case DType::kUint16:
    case DType::kQint8:
    case DType::kQuint8:
    case DType::kQint16:
    case DType::kQuint16:
    case DType::kQint32:
      return kInts;
    case DType::kInt64:
      return kLongs;
    case DType::kBool:
      return kBools;
    case DType::kHalf:
    case DType::kBfloat16:
      return kHalves;
    case DType::kComplex64:
      return kComplex;
    case DType::kComplex128:
      return kDoubleComplex;
    case DType::kUint32:
      return kUnsigned;
    case DType::kUint64:
      return kUnsignedLongs;
    default:
      return 0;
  }
}

/// Elements as they come, as bytes of the tensor's memory.
class Elements {
 public:
  explicit Elements(DType dtype) : dtype_(dtype), field_(field_of(dtype)) {}

  void take(const WireReader& r) {
    if (r.field() != field_) return;
    const bool wide = field_ == kDoubles || field_ == kDoubleComplex;
    const bool real = wide || field_ == kFloats || field_ == kComplex;
    if (r.type() != WireReader::kBytes) return add(r.number(), real, wide);
    WireReader packed(r.bytes());
    if (wide) {
      for (std::uint64_t v = 0; packed.next_fixed(v);) add(v, real, wide);
    } else if (real) {
      for (std::uint32_t v = 0; packed.next_fixed(v);) add(v, real, wide);
    } else {
      for (std::uint64_t v = 0; packed.next_varint(v);) add(v, real, wide);
    }
    if (!packed.ok()) malformed();
  }

  std::string bytes;

 private:
  void add(std::uint64_t value, bool real, bool wide) {
    const std::size_t size = real ? (wide ? 8 : 4) : dtype_size(dtype_);
    if (dtype_ == DType::kBool) value = value != 0;
    bytes.append(reinterpret_cast<const char*>(&value), size);  // little-endian
  }

  DType dtype_;
  int field_;
};

}  // namespace

std::string shape_to_proto(const PartialShape& shape) {
  WireWriter out;
  if (!shape.has_rank()) {
    out.number(3, 1);
    return std::move(out.out);
  }
  for (const std::int64_t d : shape.dims()) {
    WireWriter dim;
    if (d != 0) dim.number(1, std::uint64_t(d));
    out.bytes(2, dim.out);
  }
  return std::move(out.out);
}

PartialShape shape_from_proto(std::string_view bytes) {
  constexpr std::size_t kMaxRank = 254;
  std::vector<std::int64_t> dims;
  bool unknown = false;
  const bool ok = read_fields(bytes, [&](const WireReader& r) {
    if (r.is_number(3)) unknown = r.number() != 0;
    if (!r.is_bytes(2)) return;
    std::int64_t size = 0;
    const bool dim_ok = read_fields(r.bytes(), [&](const WireReader& dim) {
      if (dim.is_number(1)) size = std::int64_t(dim.number());
    });
    if (!dim_ok) invalid("a shape is malformed");
    if (size < -1) invalid("a shape has a dimension of ", size);
    if (dims.size() == kMaxRank) invalid("a shape has more than ", kMaxRank, " dimensions");
    dims.push_back(size);
  });
  if (!ok) invalid("a shape is malformed");
  return unknown ? PartialShape::unknown() : PartialShape(dims);
}

Shape full_shape_from_proto(std::string_view bytes) {
  const PartialShape shape = shape_from_proto(bytes);
  if (!shape.fully_defined()) invalid("a tensor must have a known shape, not ", shape);
  return shape.to_shape();
}

std::string to_proto(const Tensor& tensor) {
  if (is_object(tensor.dtype()) && tensor.dtype() != DType::kString) {
    fail(Code::kUnimplemented, "tensors of dtype ", tensor.dtype(), " cannot be serialised");
  }
  WireWriter out;
  out.number(kDtype, std::uint64_t(tensor.dtype()));
  out.bytes(kShape, shape_to_proto(PartialShape(tensor.shape())));
  if (tensor.dtype() == DType::kString) {
    for (std::int64_t i = 0; i < tensor.num_elements(); ++i) {
      out.bytes(kStrings, tensor.data<std::string>()[i]);
    }
  } else if (tensor.num_bytes() > 0) {
    out.bytes(kContent, {static_cast<const char*>(tensor.raw()), tensor.num_bytes()});
  }
  return std::move(out.out);
}

Tensor tensor_from_proto(std::string_view bytes) {
  std::uint64_t dtype_number = 0;
  Shape shape;
  std::string_view content;
  bool has_content = false;
  std::vector<std::string_view> strings;
  WireReader r(bytes);
  while (r.next()) {
    if (r.field() == kDtype && r.type() == WireReader::kVarint) dtype_number = r.number();
    if (r.type() != WireReader::kBytes) continue;
    if (r.field() == kShape) shape = full_shape_from_proto(r.bytes());
    if (r.field() == kStrings) strings.push_back(r.bytes());
    if (r.field() == kContent) {
      content = r.bytes();
      has_content = !content.empty();
    }
  }
  if (!r.ok()) malformed();
  const auto dtype = dtype_number < kNumDTypes ? DType(dtype_number) : DType::kInvalid;
  if (dtype == DType::kInvalid || (is_object(dtype) && dtype != DType::kString)) {
    invalid("Could not parse a tensor: element type ", dtype_number, " is not one of values");
  }
  const std::int64_t n = shape.num_elements();
  if (dtype == DType::kString) {
    if (n > 0 && strings.empty() && !has_content && n > (1 << 20)) {
      invalid("a tensor of ", n, " strings came without values");
    }
    Tensor t(dtype, shape);
    for (std::int64_t i = 0; i < n && !strings.empty(); ++i) {
      const std::size_t at = std::min(std::size_t(i), strings.size() - 1);
      t.data<std::string>()[i] = std::string(strings[at]);
    }
    return t;
  }
  std::string values;
  if (!has_content) {
    Elements elements(dtype);
    WireReader again(bytes);
    while (again.next()) elements.take(again);
    values = std::move(elements.bytes);
    content = values;
  }
  const std::size_t width = dtype_size(dtype);
  const auto wanted = std::size_t(checked_mul(n, std::int64_t(width)));
  if (content.size() > wanted || content.size() % width != 0 ||
      (has_content && content.size() != wanted)) {
    invalid("Could not parse a tensor: ", std::int64_t(content.size()),
            " bytes of values for shape ", shape, " of ", dtype);
  }
  constexpr std::size_t kMostFilled = std::size_t(1) << 31;  // a few bytes must not ask for more
  if (content.size() != wanted && wanted > kMostFilled) {
    invalid("Could not parse a tensor: too few values for shape ", shape);
  }
  Tensor t(dtype, shape);
  auto* out = static_cast<char*>(t.raw());
  if (!content.empty()) std::memcpy(out, content.data(), content.size());
  // The last value given stands for all that follow; zero when there is none.
  for (std::size_t at = content.size(); at < wanted; at += width) {
    if (content.empty()) {
      std::memset(out + at, 0, width);
    } else {
      std::memcpy(out + at, out + content.size() - width, width);
    }
  }
  return t;
}

}  // namespace caudal
