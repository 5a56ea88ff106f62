// SPDX-License-Identifier: Apache-2.0
// Bytes and text to numbers: raw values, CSV, serialised tensors; compressed and JSON text by the
// host language.
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "kernels/cpu/portable/families.h"
#include "kernels/cpu/portable/host_call.h"
#include "kernels/cpu/portable/sparse_view.h"
#include "tensor/tensor_proto.h"

namespace caudal::cpu {
namespace {

std::string_view trimmed(std::string_view s) {
  auto space = [](char ch) { return ch == ' ' || (ch >= '\t' && ch <= '\r'); };
  while (!s.empty() && space(s.front())) s.remove_prefix(1);
  while (!s.empty() && space(s.back())) s.remove_suffix(1);
  return s;
}

/// The number that all of the text stands for, spaces around it aside.
template <class T>
bool parse_number(std::string_view text, T& value) {
  text = trimmed(text);
  if constexpr (std::is_integral_v<T>) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
  } else {
    if (text.empty() || text.size() > 4096) return false;
    const std::string copy(text);
    // Of what strtod takes, nan(...), "infinity" and hexadecimal exponents are not ours.
    if (copy.find_first_of("()pPyY") != std::string::npos) return false;
    char* end = nullptr;
    if constexpr (std::is_same_v<T, float>) {
      value = std::strtof(copy.c_str(), &end);
    } else {
      value = std::strtod(copy.c_str(), &end);
    }
    return end == copy.c_str() + copy.size();
  }
}

template <class F>
void with_parsed(DType dtype, F&& fn) {
  switch (dtype) {
    case DType::kFloat:
      return fn(float{});
    case DType::kDouble:
      return fn(double{});
    case DType::kInt32:
      return fn(std::int32_t{});
    case DType::kInt64:
      return fn(std::int64_t{});
    default:
      fail(Code::kUnimplemented, "no numbers of ", dtype, " from text");
  }
}

void run_string_to_number(Call& c) {
  const Tensor& in = c.in[0];
  const DType dtype = c.attrs.type("out_type");
  c.out[0] = Tensor(dtype, in.shape());
  with_parsed(dtype, [&]<class T>(T) {
    for (std::int64_t i = 0; i < in.num_elements(); ++i) {
      const std::string& text = in.data<std::string>()[i];
      if (!parse_number(text, c.out[0].data<T>()[i])) {
        invalid("StringToNumberOp could not correctly convert string: ", text);
      }
    }
  });
}

/// Turns `n` words of `width` bytes around.
void swap_bytes(char* data, std::int64_t n, std::size_t width) {
  if (width < 2) return;
  for (std::int64_t i = 0; i < n; ++i, data += width) std::reverse(data, data + width);
}

/// Bytes of the parts that have an order: the two halves of a complex number on their own.
std::size_t word_size(DType t) { return dtype_size(t) / (is_complex(t) ? 2 : 1); }

void run_decode_raw(Call& c) {
  const Tensor& in = c.in[0];
  const DType dtype = c.attrs.type("out_type");
  const std::size_t width = dtype_size(dtype);
  Shape shape = in.shape();
  if (in.num_elements() == 0) {
    shape.append(0);
    c.out[0] = Tensor(dtype, shape);
    return;
  }
  const std::size_t length = in.data<std::string>()[0].size();
  for (std::int64_t i = 1; i < in.num_elements(); ++i) {
    const std::size_t other = in.data<std::string>()[i].size();
    if (other != length) {
      invalid("DecodeRaw requires input strings to all be the same size, but element ", i,
              " has size ", length, " != ", other);
    }
  }
  if (length % width != 0) {
    invalid("Input to DecodeRaw has length ", length, " that is not a multiple of ", width,
            ", the size of ", dtype_signature_name(dtype));
  }
  shape.append(std::int64_t(length / width));
  c.out[0] = Tensor(dtype, shape);
  auto* out = static_cast<char*>(c.out[0].raw());
  for (std::int64_t i = 0; i < in.num_elements() && length > 0; ++i) {
    char* at = out + std::size_t(i) * length;
    std::memcpy(at, in.data<std::string>()[i].data(), length);
    if (dtype == DType::kBool) {
      for (std::size_t k = 0; k < length; ++k) at[k] = at[k] != 0;
    }
  }
  if (!c.attrs.b("little_endian")) {
    const std::size_t word = word_size(dtype);
    swap_bytes(out, std::int64_t(c.out[0].num_bytes() / word), word);
  }
}

void run_decode_padded_raw(Call& c) {
  const Tensor& in = c.in[0];
  const DType dtype = c.attrs.type("out_type");
  const std::size_t width = dtype_size(dtype);
  check_rank(c.in[1], 0, "k");
  const std::int64_t length = c.in[1].as_int64s()[0];
  if (length <= 0) invalid("fixed_length (", length, ") must be greater than zero.");
  if (length % std::int64_t(width) != 0) {
    invalid("fixed_length (", length, ") must be a multiple of the size of out_type (", width, ")");
  }
  Shape shape = in.shape();
  shape.append(length / std::int64_t(width));
  c.out[0] = Tensor(dtype, Shape(shape.dims()));
  auto* out = static_cast<char*>(c.out[0].raw());
  for (std::int64_t i = 0; i < in.num_elements(); ++i) {
    const std::string& s = in.data<std::string>()[i];
    const std::size_t given = std::min(s.size(), std::size_t(length));
    char* at = out + i * length;
    std::memcpy(at, s.data(), given);
    std::memset(at + given, 0, std::size_t(length) - given);
  }
  if (!c.attrs.b("little_endian")) {
    swap_bytes(out, std::int64_t(c.out[0].num_bytes() / width), width);
  }
}

// ---- CSV
// -------------------------------------------------------------------------------------------

struct CsvFormat {
  char delimiter = ',';
  bool quotes = true;
  std::vector<std::int64_t> columns;  ///< empty: all

  /// The wanted fields of one record.
  std::vector<std::string> fields(std::string_view record) const {
    std::vector<std::string> out;
    std::size_t at = 0;
    std::int64_t number = 0;
    auto keep = [&](std::string field) {
      const bool wanted =
          columns.empty() || (out.size() < columns.size() && columns[out.size()] == number);
      if (wanted) out.push_back(std::move(field));
      ++number;
    };
    auto done = [&] { return !columns.empty() && out.size() == columns.size(); };
    while (at < record.size() && !done()) {
      const char ch = record[at];
      if (ch == '\n' || ch == '\r') {
        ++at;
        continue;
      }
      keep(quotes && ch == '"' ? quoted(record, at) : plain(record, at));
    }
    if (!record.empty() && record.back() == delimiter && !done()) keep("");
    return out;
  }

 private:
  std::string plain(std::string_view record, std::size_t& at) const {
    std::string out;
    for (; at < record.size() && record[at] != delimiter; ++at) {
      const char ch = record[at];
      if ((quotes && ch == '"') || ch == '\n' || ch == '\r') {
        invalid("Unquoted fields cannot have quotes/CRLFs inside");
      }
      out += ch;
    }
    ++at;
    return out;
  }
  /// A quote ends the field where the delimiter or the end of the record follows.
  std::string quoted(std::string_view record, std::size_t& at) const {
    std::string out;
    ++at;
    while (at + 1 < record.size() && (record[at] != '"' || record[at + 1] != delimiter)) {
      if (record[at] != '"') {
        out += record[at++];
        continue;
      }
      if (record[at + 1] != '"') {
        invalid("Quote inside a string has to be escaped by another quote");
      }
      out += '"';
      at += 2;
    }
    if (at >= record.size() || record[at] != '"') {
      invalid("Quoted field has to end with quote followed by delim or end");
    }
    at += 2;
    return out;
  }
};

void run_decode_csv(Call& c) {
  const Tensor& records = c.in[0];
  const std::vector<DType>& types = c.attrs.types("OUT_TYPE");
  const std::string& delimiter = c.attrs.s("field_delim");
  const std::string& na = c.attrs.s("na_value");
  if (delimiter.size() != 1) invalid("field_delim should be only 1 char");
  CsvFormat format{delimiter[0], c.attrs.b("use_quote_delim"), c.attrs.ints("select_cols")};
  for (std::size_t i = 0; i < format.columns.size(); ++i) {
    if (format.columns[i] < 0 || (i > 0 && format.columns[i] <= format.columns[i - 1])) {
      invalid("select_cols should be strictly increasing indices");
    }
  }
  if (!format.columns.empty() && format.columns.size() != types.size()) {
    invalid("select_cols should match output size");
  }
  for (std::size_t f = 0; f < types.size(); ++f) {
    const Tensor& given = c.in[f + 1];
    if (given.num_elements() > 1) {
      invalid("There should only be 1 default per field but field ", f, " has ",
              given.num_elements());
    }
    c.out[f] = Tensor(types[f], records.shape());
  }
  for (std::int64_t i = 0; i < records.num_elements(); ++i) {
    const std::vector<std::string> fields = format.fields(records.data<std::string>()[i]);
    if (fields.size() != types.size()) {
      invalid("Expect ", std::int64_t(types.size()), " fields but have ",
              std::int64_t(fields.size()), " in record ", i);
    }
    for (std::size_t f = 0; f < types.size(); ++f) {
      const Tensor& given = c.in[f + 1];
      const bool missing = fields[f].empty() || fields[f] == na;
      if (missing && given.num_elements() != 1) {
        invalid("Field ", f, " is required but missing in record ", i, "!");
      }
      if (types[f] == DType::kString) {
        c.out[f].data<std::string>()[i] = missing ? *given.data<std::string>() : fields[f];
        continue;
      }
      with_parsed(types[f], [&]<class T>(T) {
        T& out = c.out[f].data<T>()[i];
        if (missing) {
          out = *given.data<T>();
        } else if (!parse_number(fields[f], out)) {
          invalid("Field ", f, " in record ", i, " is not a valid ", dtype_signature_name(types[f]),
                  ": ", fields[f]);
        }
      });
    }
  }
}

// ---- messages
// --------------------------------------------------------------------------------------

void run_serialize_tensor(Call& c) { c.out[0] = Tensor::string_scalar(to_proto(c.in[0])); }

void run_parse_tensor(Call& c) {
  check_rank(c.in[0], 0, "serialized");
  const DType wanted = c.attrs.type("out_type");
  const std::string& bytes = *c.in[0].data<std::string>();
  try {
    c.out[0] = tensor_from_proto(bytes);
  } catch (const Error& e) {
    if (e.code() != Code::kInvalidArgument) throw;
    constexpr std::size_t kShown = 200;
    std::string text;
    for (const char ch : bytes.substr(0, kShown)) text += ch >= ' ' && ch < 127 ? ch : '?';
    invalid("Could not parse `serialized` as TensorProto: '", text, "' (", e.what(), ")");
  }
  if (c.out[0].dtype() != wanted) {
    invalid("Type mismatch between parsed tensor (", dtype_signature_name(c.out[0].dtype()),
            ") and dtype (", dtype_signature_name(wanted), ")");
  }
}

void run_decode_compressed(Call& c) {
  const std::string& type = c.attrs.s("compression_type");
  if (type.empty()) {
    c.out[0] = c.in[0];
  } else if (type == "ZLIB" || type == "GZIP") {
    c.out[0] = call_host_for("decompress", {c.in[0], Tensor::string_scalar(type)}, DType::kString,
                             c.in[0].shape());
  } else {
    invalid("Only ZLIB, GZIP or NONE are supported compressions");
  }
}

void run_decode_json_example(Call& c) {
  c.out[0] = call_host_for("json_example", {c.in[0]}, DType::kString, c.in[0].shape());
}

}  // namespace

std::span<const KernelRow> parsing_kernels() {
  constexpr DTypeSet kAny = DTypeSet::all();
  static const KernelRow rows[] = {
      {"StringToNumber", "", kAny, dynamic_kernel<run_string_to_number>},
      {"DecodeRaw", "", kAny, dynamic_kernel<run_decode_raw>},
      {"DecodePaddedRaw", "", kAny, dynamic_kernel<run_decode_padded_raw>},
      {"DecodeCSV", "", kAny, dynamic_kernel<run_decode_csv>},
      {"SerializeTensor", "", kAny, dynamic_kernel<run_serialize_tensor>},
      {"ParseTensor", "", kAny, dynamic_kernel<run_parse_tensor>},
      {"DecodeCompressed", "", kAny, dynamic_kernel<run_decode_compressed>},
      {"DecodeJSONExample", "", kAny, dynamic_kernel<run_decode_json_example>},
  };
  return rows;
}

}  // namespace caudal::cpu
