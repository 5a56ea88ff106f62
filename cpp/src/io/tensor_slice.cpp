// SPDX-License-Identifier: Apache-2.0
#include "io/tensor_slice.h"

#include <algorithm>
#include <charconv>

#include "base/wire.h"
#include "caudal/error.h"

namespace caudal::io {
namespace {

bool take_number(std::string_view& text, std::int64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return false;
  text.remove_prefix(std::size_t(end - text.data()));
  return true;
}

/// Start and end of a part along one dimension.
std::pair<std::int64_t, std::int64_t> range(const TensorSlice& s, int d, const Shape& full) {
  if (s.length[std::size_t(d)] == TensorSlice::kWhole) return {0, full[d]};
  const std::int64_t start = s.start[std::size_t(d)];
  return {start, start + s.length[std::size_t(d)]};
}

/// Numbers in bytes that sort as the numbers do: a byte count, then big-endian bytes.
void put_ordered_unsigned(std::string& out, std::uint64_t v) {
  std::string bytes;
  for (; v != 0; v >>= 8) bytes.insert(bytes.begin(), char(v & 0xFF));
  out += char(bytes.size());
  out += bytes;
}

/// Signed: as many leading one bits as bytes, zeros where the number is negative.
void put_ordered_signed(std::string& out, std::int64_t v) {
  const std::uint64_t magnitude = v < 0 ? ~std::uint64_t(v) : std::uint64_t(v);
  int length = 1;
  while (length < 10 && 7 * length - 1 < 64 && (magnitude >> (7 * length - 1)) != 0) ++length;
  unsigned char bytes[10];
  for (int i = 0; i < length; ++i) {
    const int shift = 8 * (length - 1 - i);
    bytes[i] = shift >= 64 ? (v < 0 ? 0xFF : 0) : static_cast<unsigned char>(v >> shift);
  }
  const unsigned head = ((1u << length) - 1) << (16 - length);
  bytes[0] ^= static_cast<unsigned char>(head >> 8);
  if (length > 1) bytes[1] ^= static_cast<unsigned char>(head & 0xFF);
  out.append(reinterpret_cast<const char*>(bytes), std::size_t(length));
}

/// Copies a box of `shape` between tensors with the given positions and strides, in elements.
template <class Copy>
void copy_box(int rank, const std::int64_t* shape, std::int64_t from,
              const std::int64_t* from_strides, std::int64_t to, const std::int64_t* to_strides,
              const Copy& copy) {
  if (rank <= 1) return copy(from, to, rank == 0 ? 1 : shape[0]);
  for (std::int64_t i = 0; i < shape[0]; ++i) {
    copy_box(rank - 1, shape + 1, from + i * from_strides[0], from_strides + 1,
             to + i * to_strides[0], to_strides + 1, copy);
  }
}

}  // namespace

TensorSlice TensorSlice::whole(int rank) {
  TensorSlice s;
  s.rank = rank;
  std::fill_n(s.length.begin(), rank, kWhole);
  return s;
}

bool TensorSlice::covers(const Shape& full) const {
  if (rank != full.rank()) return false;
  for (int d = 0; d < rank; ++d) {
    if (range(*this, d, full) != std::pair<std::int64_t, std::int64_t>(0, full[d])) return false;
  }
  return true;
}

Shape TensorSlice::shape_in(const Shape& full) const {
  if (rank != full.rank()) {
    invalid("a slice of rank ", rank, " cannot be one of a tensor of shape ", full);
  }
  Shape out;
  for (int d = 0; d < rank; ++d) {
    const std::int64_t n = length[std::size_t(d)], at = start[std::size_t(d)];
    if (n != kWhole && (at < 0 || n < 0 || n > full[d] || at > full[d] - n)) {
      invalid("Extent in dimension ", d, " out of bounds: shape ", full, ", slice ", text());
    }
    out.append(n == kWhole ? full[d] : n);
  }
  return out;
}

std::string TensorSlice::text() const {
  std::string out;
  for (std::size_t d = 0; d < std::size_t(rank); ++d) {
    if (d > 0) out += ':';
    if (length[d] == kWhole) {
      out += '-';
    } else {
      out += str(start[d], ",", length[d]);
    }
  }
  return out;
}

TensorSlice parse_slice(std::string_view text) {
  const std::string_view all = text;
  TensorSlice s;
  while (!text.empty()) {
    if (s.rank == kMaxRank) invalid("a slice of more than ", kMaxRank, " dimensions: ", all);
    std::int64_t &start = s.start[std::size_t(s.rank)], &length = s.length[std::size_t(s.rank)];
    if (text[0] == '-') {
      text.remove_prefix(1);
      length = TensorSlice::kWhole;
    } else {
      bool good = take_number(text, start) && text.starts_with(',');
      if (good) text.remove_prefix(1);
      good = good && take_number(text, length);
      if (!good || start < 0 || length <= 0) {
        invalid(
            "Expected non-negative start and positive length but got start and length of a "
            "slice as \"",
            all,
            "\": a pair of numbers \"start,length\" or \"-\" per "
            "dimension is expected");
      }
    }
    ++s.rank;
    if (text.empty()) break;
    if (text[0] != ':' || text.size() == 1) invalid("Expected ':' between dimensions, got ", all);
    text.remove_prefix(1);
  }
  return s;
}

SliceSpec parse_slice_spec(std::string_view text) {
  const std::string_view all = text;
  SliceSpec spec;
  const std::size_t space = text.rfind(' ');
  if (space == text.npos) {
    invalid("Need a full shape and a slice in shape_and_slice specification: ", all);
  }
  std::string_view dims = text.substr(0, space);
  while (true) {
    std::int64_t d = 0;
    if (!take_number(dims, d) || d < 0) {
      invalid("Non numerical dimension in shape_and_slice specification: ", all);
    }
    spec.full.append(d);
    if (dims.empty()) break;
    if (dims[0] != ' ') invalid("Non numerical dimension in shape_and_slice specification: ", all);
    dims.remove_prefix(1);
  }
  spec.full = Shape(spec.full.dims());  // refuses sizes that do not fit
  spec.slice = parse_slice(text.substr(space + 1));
  spec.shape = spec.slice.shape_in(spec.full);
  return spec;
}

std::string slice_key(std::string_view name, const TensorSlice& slice) {
  std::string out;
  put_ordered_unsigned(out, 0);
  for (const char c : name) {
    out += c;
    if (c == '\0') out += '\xFF';
    if (c == '\xFF') out += '\0';
  }
  out += '\0';
  out += '\1';
  put_ordered_unsigned(out, std::uint64_t(slice.rank));
  for (std::size_t d = 0; d < std::size_t(slice.rank); ++d) {
    put_ordered_signed(out, slice.start[d]);
    put_ordered_signed(out, slice.length[d]);
  }
  return out;
}

std::int64_t overlap(const Shape& full, const TensorSlice& a, const TensorSlice& b) {
  std::int64_t n = 1;
  for (int d = 0; d < full.rank(); ++d) {
    const auto [a0, a1] = range(a, d, full);
    const auto [b0, b1] = range(b, d, full);
    n *= std::max<std::int64_t>(0, std::min(a1, b1) - std::max(a0, b0));
  }
  return n;
}

std::int64_t copy_overlap(const Shape& full, const TensorSlice& from, const Tensor& source,
                          const TensorSlice& to, Tensor& target) {
  const std::int64_t n = overlap(full, from, to);
  if (n == 0) return 0;
  const int rank = full.rank();
  std::int64_t shape[kMaxRank], from_strides[kMaxRank], to_strides[kMaxRank];
  std::int64_t from_stride = 1, to_stride = 1, from_at = 0, to_at = 0;
  for (int d = rank - 1; d >= 0; --d) {
    const auto [a0, a1] = range(from, d, full);
    const auto [b0, b1] = range(to, d, full);
    const std::int64_t begin = std::max(a0, b0);
    shape[d] = std::min(a1, b1) - begin;
    from_strides[d] = from_stride;
    to_strides[d] = to_stride;
    from_at += (begin - a0) * from_stride;
    to_at += (begin - b0) * to_stride;
    from_stride *= a1 - a0;
    to_stride *= b1 - b0;
  }
  if (source.dtype() == DType::kString) {
    copy_box(rank, shape, from_at, from_strides, to_at, to_strides,
             [&](std::int64_t a, std::int64_t b, std::int64_t count) {
               std::copy_n(source.data<std::string>() + a, count, target.data<std::string>() + b);
             });
  } else {
    const std::size_t width = dtype_size(source.dtype());
    copy_box(rank, shape, from_at, from_strides, to_at, to_strides,
             [&](std::int64_t a, std::int64_t b, std::int64_t count) {
               std::memcpy(target.data<char>() + std::size_t(b) * width,
                           source.data<char>() + std::size_t(a) * width,
                           std::size_t(count) * width);
             });
  }
  return n;
}

std::string slice_to_proto(const TensorSlice& slice) {
  WireWriter out;
  for (std::size_t d = 0; d < std::size_t(slice.rank); ++d) {
    WireWriter extent;
    if (slice.length[d] != TensorSlice::kWhole) {
      if (slice.start[d] != 0) extent.number(1, std::uint64_t(slice.start[d]));
      extent.number(2, std::uint64_t(slice.length[d]));
    }
    out.bytes(1, extent.out);
  }
  return std::move(out.out);
}

TensorSlice slice_from_proto(std::string_view bytes) {
  TensorSlice s;
  WireReader r(bytes);
  while (r.next()) {
    if (r.field() != 1 || r.type() != WireReader::kBytes) continue;
    if (s.rank == kMaxRank) invalid("a slice of more than ", kMaxRank, " dimensions");
    const auto d = std::size_t(s.rank++);
    s.length[d] = TensorSlice::kWhole;
    WireReader extent(r.bytes());
    while (extent.next()) {
      if (extent.type() != WireReader::kVarint) continue;
      if (extent.field() == 1) s.start[d] = std::int64_t(extent.number());
      if (extent.field() == 2) s.length[d] = std::int64_t(extent.number());
    }
    if (!extent.ok() || s.start[d] < 0 || s.length[d] < TensorSlice::kWhole) {
      invalid("a slice is malformed");
    }
    if (s.length[d] == TensorSlice::kWhole) s.start[d] = 0;
  }
  if (!r.ok()) invalid("a slice is malformed");
  return s;
}

}  // namespace caudal::io
