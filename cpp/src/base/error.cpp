// SPDX-License-Identifier: Apache-2.0
#include "caudal/error.h"

#include <charconv>

namespace caudal {

Error::Error(Code code, std::string message, Kind kind)
    : code_(code), kind_(kind), message_(std::move(message)) {}

Error& Error::with_node(std::string_view name, std::string_view frame) {
  if (node_name_.empty()) {
    node_name_ = name;
    message_ += frame;
  }
  return *this;
}

void append_text(std::string& out, std::string_view v) { out.append(v); }

void append_text(std::string& out, std::int64_t v) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v);
  out.append(buffer, end.ptr);
}

void append_text(std::string& out, double v) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v);
  out.append(buffer, end.ptr);
}

}  // namespace caudal
