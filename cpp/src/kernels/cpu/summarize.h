// SPDX-License-Identifier: Apache-2.0
// Owns: tensors as short text, in the two styles of TensorFlow's printing ops.
// Called by: kernels/cpu/host.cpp.
// Must not know: ops.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "kernels/cpu/isa.h"

namespace caudal::cpu::CAUDAL_ISA {
namespace {

/// The shorter of two precisions that reads back as the same number.
inline std::string number_text(float v) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", double(v));
  if (v == v && std::strtof(text, nullptr) != v)
    std::snprintf(text, sizeof text, "%.9g", double(v));
  return v == v ? text : "nan";
}
inline std::string number_text(double v) {
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", v);
  if (v == v && std::strtod(text, nullptr) != v) std::snprintf(text, sizeof text, "%.17g", v);
  return v == v ? text : "nan";
}

/// As in a C literal; UTF-8 stays readable.
inline std::string escaped(const std::string& s) {
  std::string out;
  for (char c : s) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '"':
        out += "\\\"";
        break;
      case '\'':
        out += "\\'";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          char octal[8];
          std::snprintf(octal, sizeof octal, "\\%03o", unsigned(static_cast<unsigned char>(c)));
          out += octal;
        } else {
          out += c;
        }
    }
  }
  return out;
}

inline std::string element_text(DType dtype, const void* data, std::int64_t i, bool quoted) {
  switch (dtype) {
    case DType::kFloat:
      return number_text(static_cast<const float*>(data)[i]);
    case DType::kDouble:
      return number_text(static_cast<const double*>(data)[i]);
    case DType::kInt32:
      return std::to_string(static_cast<const std::int32_t*>(data)[i]);
    case DType::kInt64:
      return std::to_string(static_cast<const std::int64_t*>(data)[i]);
    case DType::kUint8:
      return std::to_string(static_cast<const std::uint8_t*>(data)[i]);
    case DType::kBool:
      return static_cast<const bool*>(data)[i] ? "1" : "0";
    case DType::kString: {
      const std::string text = escaped(static_cast<const std::string*>(data)[i]);
      return quoted ? "\"" + text + "\"" : text;
    }
    default:
      return "?";
  }
}

struct Summary {
  DType dtype;
  const Shape& shape;
  const void* data;
  std::int64_t limit;
  std::int64_t next = 0;
  std::string text = {};

  void nested(int d) {
    for (std::int64_t i = 0; i < shape[d]; ++i) {
      if (d < shape.rank() - 1) {
        if (next >= limit) return;
        text += "[";
        nested(d + 1);
        text += "]";
        continue;
      }
      if (next >= limit) {
        if (d != 0) text += "...";
        return;
      }
      if (i > 0) text += " ";
      text += element_text(dtype, data, next++, false);
    }
  }

  void edges(int d, std::int64_t first) {
    if (d == shape.rank()) {
      text += element_text(dtype, data, first, true);
      return;
    }
    std::int64_t stride = 1;
    for (int k = d + 1; k < shape.rank(); ++k) stride *= shape[k];
    const std::string separator =
        d == shape.rank() - 1 ? " " : "\n" + std::string(std::size_t(d) + 1, ' ');
    const bool cut = limit >= 0 && shape[d] > 2 * limit;
    text += "[";
    for (std::int64_t i = 0; i < shape[d]; ++i) {
      if (i > 0) text += separator;
      if (cut && i == limit) {
        text += "...";
        i = shape[d] - limit - 1;
        continue;
      }
      edges(d + 1, first + i * stride);
    }
    text += "]";
  }
};

/// The first `limit` elements (all if negative), rows in brackets: "[0 1 2][3...]...".
inline std::string summarize_nested(DType dtype, const Shape& shape, const void* data,
                                    std::int64_t limit) {
  const std::int64_t n = shape.num_elements();
  Summary s{dtype, shape, data, limit < 0 ? n : std::min(limit, n)};
  if (shape.rank() > 0) {
    s.nested(0);
  } else if (s.limit > 0) {
    s.text = element_text(dtype, data, 0, false);
  }
  if (n > s.limit) s.text += "...";
  return s.text;
}

/// As NumPy prints: `limit` elements at both ends of each dimension (all if negative).
inline std::string summarize_edges(DType dtype, const Shape& shape, const void* data,
                                   std::int64_t limit) {
  Summary s{dtype, shape, data, limit};
  s.edges(0, 0);
  return s.text;
}

}  // namespace
}  // namespace caudal::cpu::CAUDAL_ISA
