// SPDX-License-Identifier: Apache-2.0
// Owns: the exception of the engine, TensorFlow's error codes, and text building for messages.
// Called by: everything.
// Must not know: graphs, sessions. Callers that know them add a frame to the message.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

#include "caudal/dtype.h"
#include "caudal/shape.h"

namespace caudal {

enum class Code {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

/// What every function of the engine throws.
class CAUDAL_API Error : public std::exception {
 public:
  /// What kind of Python exception a graph-building error becomes.
  enum class Kind { kValue, kType, kLookup };

  Error(Code code, std::string message, Kind kind = Kind::kValue);
  const char* what() const noexcept override { return message_.c_str(); }
  Code code() const { return code_; }
  Kind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  /// Name of the node that failed; empty when none is known.
  const std::string& node_name() const { return node_name_; }
  /// Adds "[[node ...]]" once; a second call changes nothing.
  Error& with_node(std::string_view name, std::string_view frame);

 private:
  Code code_;
  Kind kind_;
  std::string message_;
  std::string node_name_;
};

/// Converts one argument of str() to text.
CAUDAL_API void append_text(std::string& out, std::string_view v);
CAUDAL_API void append_text(std::string& out, std::int64_t v);
CAUDAL_API void append_text(std::string& out, double v);
inline void append_text(std::string& out, const std::string& v) { out += v; }
inline void append_text(std::string& out, const char* v) { out += v; }
inline void append_text(std::string& out, bool v) { out += v ? "true" : "false"; }
inline void append_text(std::string& out, char v) { out += v; }
inline void append_text(std::string& out, float v) { append_text(out, double(v)); }
inline void append_text(std::string& out, DType v) { out += dtype_name(v); }
inline void append_text(std::string& out, const Shape& v) { out += v.str(); }
inline void append_text(std::string& out, const PartialShape& v) { out += v.str(); }
template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>)
inline void append_text(std::string& out, T v) {
  append_text(out, static_cast<std::int64_t>(v));
}

/// str("expected rank ", 2, ", got shape ", shape).
template <class... Args>
std::string str(const Args&... args) {
  std::string out;
  (append_text(out, args), ...);
  return out;
}

template <class... Args>
[[noreturn]] void fail(Code code, const Args&... args) {
  throw Error(code, str(args...));
}
/// InvalidArgument, the most common: a local truth such as "inner dimensions differ: 3 and 4".
template <class... Args>
[[noreturn]] void invalid(const Args&... args) {
  throw Error(Code::kInvalidArgument, str(args...));
}
/// A wrong type: becomes Python's TypeError while a graph is being built.
template <class... Args>
[[noreturn]] void type_error(const Args&... args) {
  throw Error(Code::kInvalidArgument, str(args...), Error::Kind::kType);
}

}  // namespace caudal
